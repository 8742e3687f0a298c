/** What can be asked of the state machine, and what it answers. */
import type { ByteString } from './backend/byte-string.js'
import type { RaisedAlarm } from './mvcc/alarms.js'
import type { TxnOutcome } from './mvcc/execute-txn.js'
import type { RangeRequest, RangeResult } from './mvcc/range.js'
import type { KeyRecord } from './mvcc/record.js'
import type { Txn } from './mvcc/txn.js'
import type { RefusalCode } from './result.js'

export interface GetQuery {
  readonly type: 'get'
  readonly key: Uint8Array
}

export interface StatsQuery {
  readonly type: 'stats'
}

export interface RangeQuery {
  readonly type: 'range'
  readonly request: RangeRequest
  /** The answer is cut, with `more`, behind the entry that brings it to so many bytes; refused when it is sorted by something else than keys, and longer. */
  readonly maxBytes: number
}

/** As `range`, but answered in slices on the state of the moment when it is asked: for ranges of any size. */
export interface ScanQuery {
  readonly type: 'scan'
  readonly request: RangeRequest
  readonly maxBytes: number
}

/** A transaction that writes nothing, on the state of the moment when it is asked; large ones are answered in slices. */
export interface TxnQuery {
  readonly type: 'txn'
  readonly txn: Txn
}

export interface LeaseQuery {
  readonly type: 'lease'
  readonly lease: bigint
  readonly withKeys: boolean
  /** Keys from here on; empty = from the first one. */
  readonly keysFrom: ByteString
}

/** Ids from this one on, in the order of their unsigned bits; 0 = all. */
export interface LeasesQuery {
  readonly type: 'leases'
  readonly from: bigint
}

export interface RangeAnswer {
  readonly type: 'range'
  /** Revision of the store when it was read; the one of the request may be older. */
  readonly revision: number
  /** COMPACTED, FUTURE_REVISION, or TOO_LARGE when it is sorted by something else than keys: why there is no result. */
  readonly refusal: RefusalCode | null
  /** Values belong to the store: copy them before they leave the process or reach a user. */
  readonly result: RangeResult | null
}

export interface TxnAnswer {
  readonly type: 'txn'
  readonly answer: Promise<TxnReading>
}

export interface TxnReading {
  /** Revision of the store when it was read. */
  readonly revision: number
  /** Why there is no outcome. */
  readonly refusal: RefusalCode | null
  /** Values belong to the store. */
  readonly outcome: TxnOutcome | null
}

export interface ScanAnswer {
  readonly type: 'scan'
  readonly answer: Promise<RangeAnswer>
}

export interface LeaseAnswer {
  readonly type: 'lease'
  readonly revision: number
  /** Null = there is no such lease (any more). */
  readonly lease: {
    readonly ttlMs: number
    /** Cluster time that is left as far as the log tells: a lease never ends before that. */
    readonly remainingMs: number
    /** Empty unless asked for. At most {@link MAX_LEASE_PAGE}, and about {@link MAX_PAGE_BYTES}. */
    readonly keys: readonly ByteString[]
    /** There are others behind them. */
    readonly more: boolean
  } | null
}

export interface LeasesAnswer {
  readonly type: 'leases'
  readonly revision: number
  /** At most {@link MAX_LEASE_PAGE}. */
  readonly leases: readonly bigint[]
  /** There are others behind them. */
  readonly more: boolean
}

export interface GetAnswer {
  readonly type: 'get'
  /** Revision of the store when the key was read. */
  readonly revision: number
  /** Null when the key is absent. The value belongs to the store: copy it before it leaves the process or reaches a user. */
  readonly record: KeyRecord | null
}

export interface KvStats {
  readonly type: 'stats'
  /** Log index of the newest applied command (not of no-ops and configurations). */
  readonly appliedIndex: number
  readonly revision: number
  readonly keys: number
  /** Bytes of all keys and values, without any overhead. */
  readonly dataBytes: number
  /** Revisions below it have been compacted; 0 = none has. */
  readonly compactedRevision: number
  /** Bytes of superseded versions and of events, roughly. */
  readonly historyBytes: number
  /** The quota is used up: what would add is refused with NO_SPACE, on every member. */
  readonly noSpace: boolean
  /** Raised by hand. */
  readonly alarms: readonly RaisedAlarm[]
  readonly sessions: number
  /** Answers kept for repeated requests, in all sessions. */
  readonly sessionResults: number
  /** Chain over all commands and results up to appliedIndex: equal on every member at an equal appliedIndex, or they have diverged. */
  readonly stateHash: string
}

export type KvQuery = GetQuery | StatsQuery | RangeQuery | ScanQuery | TxnQuery | LeaseQuery | LeasesQuery
export type KvAnswer = GetAnswer | KvStats | RangeAnswer | ScanAnswer | TxnAnswer | LeaseAnswer | LeasesAnswer
/** What a query is answered with. */
export type AnswerOf<Query extends KvQuery> = Extract<KvAnswer, { readonly type: Query['type'] }>
