import { BalsaError } from '@balsa/raft'
import type { Coordination } from './coordination/types.js'
import type { SortTarget } from './mvcc/range.js'
import type { Consistency } from './protocol/read-mode.js'
import type { KeyMetadata } from './result.js'

/** Bytes, or a text that stands for its UTF-8. A lone surrogate has no UTF-8 and is refused with INVALID. */
export type BytesLike = string | Uint8Array

export interface CallOptions {
  /** Ends the call early: ABORTED (refused) when it was certainly not applied, else OUTCOME_UNKNOWN (unknown). */
  readonly signal?: AbortSignal
  /** Most ms that the call may take, retries included; Infinity = no limit. Then DEADLINE (refused) or OUTCOME_UNKNOWN (unknown). */
  readonly deadlineMs?: number
}

/** One key, or those that begin with `prefix` ('' = every key), or from <= key < to (to null = to the end). Never an empty range. */
export type Selection = BytesLike | { readonly prefix: BytesLike } | { readonly from: BytesLike; readonly to: BytesLike | null }

export interface ReadOptions extends CallOptions {
  /** Default `linearizable`. */
  readonly consistency?: Consistency
  /** For `stale` only: greatest age of the answer in whole ms. Members whose state may be older refuse: TOO_STALE. Default: any age. */
  readonly maxStaleMs?: number
}

export interface GetOptions extends ReadOptions {
  /** As the key was after this revision. Refused: COMPACTED, FUTURE_REVISION. Default: now. */
  readonly revision?: number
}

export type SortOrder = 'ascending' | 'descending'

/** What part of a selection is wanted. */
export interface Cut {
  readonly revision?: number
  /** Default `ascending`. */
  readonly order?: SortOrder
  /** Entries without values. */
  readonly keysOnly?: boolean
  /** Only keys whose revisions lie in these bounds, both included. */
  readonly minModRevision?: number
  readonly maxModRevision?: number
  readonly minCreateRevision?: number
  readonly maxCreateRevision?: number
}

export interface RangeSelection extends Cut {
  /** Most entries; the count is not affected. */
  readonly limit?: number
  /** Default `key`. Equal ones are in the order of their keys. */
  readonly sortBy?: SortTarget
  /** Only the count: no entries. */
  readonly countOnly?: boolean
}

export interface RangeOptions extends RangeSelection, ReadOptions {}

export interface EntriesOptions extends Cut, ReadOptions {
  /** Default: all. */
  readonly limit?: number
}

export interface RangePage {
  readonly entries: readonly KeyValue[]
  /** True = a limit, or about 1 MiB of entries, has cut something off. */
  readonly more: boolean
  /** Keys in the selection at that revision, before bounds of revisions and limit. */
  readonly count: number
  /** Of the store, when it was read. */
  readonly revision: number
}

/** A lock or leadership is a key that its holder created: writes with a fence happen only while it is that very key. Else FENCED (refused). */
export interface Fence {
  readonly key: Uint8Array
  /** Grows with every holder of the same key. */
  readonly createRevision: number
}

export interface WriteOptions extends CallOptions {
  readonly fence?: Fence
}

export interface PutOptions extends WriteOptions {
  /** The key vanishes when this lease ends. LEASE_NOT_FOUND (refused) when there is no such lease. Default: none, also when the key had one. */
  readonly lease?: bigint
  /** The key stays with the lease that it has. KEY_NOT_FOUND (refused) when it is absent. */
  readonly keepLease?: boolean
  /** COMPARE_FAILED (refused) when the key is there already. */
  readonly ifAbsent?: boolean
  /** COMPARE_FAILED (refused) when the key's last write is of another revision; 0 = when it is there. */
  readonly ifModRevision?: number
  /** Answer also the value that was replaced. */
  readonly previous?: boolean
}

export interface DeleteOptions extends WriteOptions {
  /** Answer also what was deleted; TOO_LARGE (refused) when that is more than 1.5 MiB. */
  readonly previous?: boolean
}

export interface PutResult extends KeyMetadata {
  /** Revision that this write took; equal to modRevision. */
  readonly revision: number
  /** The key before the write; null when it was absent. */
  readonly previous: KeyMetadata | null
}

export interface PutResultWithPrevious extends PutResult {
  readonly previous: KeyValue | null
}

export interface AppendResult extends PutResult {
  /** Length of the whole value now, in bytes. */
  readonly valueBytes: number
}

export interface DeleteResult {
  /** False when there was nothing to delete; then no revision was taken. */
  readonly deleted: boolean
  /** Keys that were deleted. */
  readonly count: number
  /** Revision of the store after the call. */
  readonly revision: number
  /** The key, when one key was to be deleted; null when it was absent, and for ranges. */
  readonly previous: KeyMetadata | null
  /** Keys and values as they were, when asked for. */
  readonly entries: readonly KeyValue[]
}

export type CompareAndPutResult = ComparedAndPut | CompareFailed

export interface ComparedAndPut extends PutResult {
  readonly succeeded: true
}

export interface CompareFailed {
  readonly succeeded: false
  /** Revision of the store when it was compared. */
  readonly revision: number
  /** The key as it is; null when it is absent. */
  readonly actual: KeyMetadata | null
}

/** What must hold for a compareAndPut to write; at least one, both when both are given. */
export interface CompareOptions {
  /** Revision of the key's last write; 0 = the key must be absent. */
  readonly modRevision?: number
  /** The present value; an absent key never matches. */
  readonly value?: BytesLike
}

export type CompareOperator = '=' | '!=' | '<' | '>'

/**
 * Holds when it does for every key of the selection. An absent key, and an empty range, has version, revisions and lease 0, and a value that
 * equals nothing: `{ key, createRevision: 0 }` demands that the key is absent.
 */
export type Condition = { readonly key: Selection /** Default `=`. */; readonly is?: CompareOperator } & (
  | { readonly version: number }
  | { readonly createRevision: number }
  | { readonly modRevision: number }
  | { readonly lease: bigint }
  | { readonly value: BytesLike }
)

export type Operation =
  | ({ readonly type: 'range'; readonly key: Selection } & RangeSelection)
  /** Value or lease `keep`: stays as it is; KEY_NOT_FOUND (refused) when the key is absent. */
  | {
      readonly type: 'put'
      readonly key: BytesLike
      readonly value: BytesLike | { readonly keep: true }
      readonly lease?: bigint | 'keep'
      readonly previous?: boolean
    }
  | { readonly type: 'append'; readonly key: BytesLike; readonly value: BytesLike }
  | { readonly type: 'delete'; readonly key: Selection; readonly previous?: boolean }
  | ({ readonly type: 'transaction' } & Transaction)

/** When all conditions hold, `success` is done, else `failure`: in order, at one revision, wholly or not at all. No key may be written twice. */
export interface Transaction {
  readonly compare?: readonly Condition[]
  readonly success?: readonly Operation[]
  readonly failure?: readonly Operation[]
}

export interface TransactionOutcome {
  readonly succeeded: boolean
  /** Of the operations that were done, in their order. */
  readonly results: readonly OperationResult[]
}

export interface TransactionResult extends TransactionOutcome {
  /** Of the store after the transaction; its own when it wrote anything. */
  readonly revision: number
}

export type OperationResult =
  | ({ readonly type: 'range' } & Omit<RangePage, 'revision'>)
  | ({ readonly type: 'put'; readonly lease: bigint; readonly valueBytes: number; readonly previous: KeyValue | null } & KeyMetadata)
  | { readonly type: 'delete'; readonly count: number; readonly entries: readonly KeyValue[] }
  | ({ readonly type: 'transaction' } & TransactionOutcome)

export interface CompactResult {
  /** Of the store; compaction takes none. */
  readonly revision: number
}

export interface GrantOptions extends CallOptions {
  /** Default: the store chooses. LEASE_EXISTS (refused) when it is taken. */
  readonly id?: bigint
}

export interface GrantedLease {
  readonly id: bigint
  /** As granted: a second at least. */
  readonly ttlMs: number
  readonly revision: number
}

export interface RevokedLease {
  /** Keys that went with it at once. When it had more than 256, the rest goes with the writes that follow. */
  readonly count: number
  readonly revision: number
}

export interface LeaseInfoOptions extends ReadOptions {
  /** With the keys that are attached to it. */
  readonly keys?: boolean
}

export interface LeaseInfo {
  readonly id: bigint
  readonly ttlMs: number
  /** It does not end before so much time has passed. */
  readonly remainingMs: number
  readonly keys: readonly Uint8Array[]
  readonly revision: number
}

export interface WatchOptions {
  /**
   * First revision whose events are wanted, also an old one that is not compacted, or one to come. Default: what happens from now on. To read keys
   * and then miss nothing of what happens to them, watch from the revision behind that of the answer.
   */
  readonly fromRevision?: number
  /** With the key as it was before each change. */
  readonly previous?: boolean
  readonly only?: 'puts' | 'deletes'
  /** Now and then an event that tells how far it is, though nothing happened to these keys. */
  readonly progress?: boolean
  /** Ends the watch: ABORTED (refused). */
  readonly signal?: AbortSignal
}

export type WatchEvent =
  | {
      readonly type: 'put'
      readonly key: Uint8Array
      readonly entry: KeyValue
      /** Null when the key was absent, when it was not asked for, and when it is compacted. */
      readonly previous: KeyValue | null
      readonly revision: number
      /** True = more events of the same revision follow: one transaction wrote them. */
      readonly more: boolean
    }
  | {
      readonly type: 'delete'
      readonly key: Uint8Array
      readonly previous: KeyValue | null
      readonly revision: number
      readonly more: boolean
    }
  /** All events up to this revision have been given. */
  | { readonly type: 'progress'; readonly revision: number }

const textDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A key with its value, as it was read. The bytes belong to the caller. */
export class KeyValue implements KeyMetadata {
  readonly key: Uint8Array
  readonly value: Uint8Array
  readonly createRevision: number
  readonly modRevision: number
  readonly version: number
  /** Revision of the store when it was read: nothing newer than it was seen. */
  readonly revision: number
  /** How old it may have been when it was read, in ms: 0 for all but stale reads; null when the member did not know. */
  readonly ageMs: number | null
  /** The lease that it vanishes with; 0n = none. */
  readonly lease: bigint

  constructor(
    key: Uint8Array,
    value: Uint8Array,
    metadata: KeyMetadata & { readonly lease?: bigint },
    revision: number,
    ageMs: number | null = 0,
  ) {
    this.key = key
    this.value = value
    this.createRevision = metadata.createRevision
    this.modRevision = metadata.modRevision
    this.version = metadata.version
    this.revision = revision
    this.ageMs = ageMs
    this.lease = metadata.lease ?? 0n
  }

  /** The value as UTF-8 text. INVALID (refused) when it is none. */
  text(): string {
    try {
      return textDecoder.decode(this.value)
    } catch (cause) {
      throw new BalsaError('INVALID', 'the value is not valid UTF-8', { cause, hint: 'Read the bytes from `value`.' })
    }
  }

  /** The value parsed as JSON; its shape is not checked. INVALID (refused) when it is none. */
  json<T = unknown>(): T {
    const text = this.text()
    try {
      return JSON.parse(text) as T
    } catch (cause) {
      throw new BalsaError('INVALID', 'the value is not JSON', { cause, hint: 'Read the bytes from `value`.' })
    }
  }
}

/**
 * The key/value store, the same over a network (`connect`) and inside a process (`openStore`).
 *
 * Writes happen exactly once, whatever retries it takes, and each resolves only when it is durable on a majority. A rejection is a
 * BalsaError; its family says what is certain: `refused` = it never happened and never will, `unknown` = it may have happened. Calls
 * that do not wait for each other have no order; awaited ones do.
 *
 * Every call may reject with INVALID, TOO_LARGE, OVERLOADED, DEADLINE, ABORTED, STOPPED (all refused); writes also with SESSION_LIMIT
 * (refused) and OUTCOME_UNKNOWN (unknown); stale reads with TOO_STALE, lease reads with LEASES_OFF (both refused).
 */
export interface KeyValueStore extends Coordination, AsyncDisposable {
  /** The key's value, or null when it is absent. Linearizable unless asked to be stale. */
  get(key: BytesLike, options?: GetOptions): Promise<KeyValue | null>
  /**
   * A part of the keys, in order, at one revision: about 1 MiB at most, then `more`; {@link KeyValueStore.entries} goes on from there. Linearizable unless
   * asked to be stale. Refused: COMPACTED, FUTURE_REVISION; TOO_LARGE when it is sorted by something else than keys and longer than that.
   */
  range(selection: Selection, options?: RangeOptions): Promise<RangePage>
  /** All entries at one revision, read page by page as they are consumed. COMPACTED (refused) when that revision is compacted on the way. */
  entries(selection: Selection, options?: EntriesOptions): AsyncIterable<KeyValue>
  put(key: BytesLike, value: BytesLike, options: PutOptions & { readonly previous: true }): Promise<PutResultWithPrevious>
  put(key: BytesLike, value: BytesLike, options?: PutOptions): Promise<PutResult>
  /** Adds to the end of the value; creates the key when it is absent. */
  append(key: BytesLike, value: BytesLike, options?: WriteOptions): Promise<AppendResult>
  delete(selection: Selection, options?: DeleteOptions): Promise<DeleteResult>
  /** Puts only when the key is as expected. A failed compare is a result, not an error. */
  compareAndPut(key: BytesLike, expected: CompareOptions, value: BytesLike, options?: CallOptions): Promise<CompareAndPutResult>
  /**
   * All of one branch at one moment, or nothing. One that can write nothing is a linearizable read: it does not go through the log, and its outcome is never unknown.
   *
   * Refused: TOO_MANY_OPERATIONS, DUPLICATE_KEY, KEY_NOT_FOUND, LEASE_NOT_FOUND, COMPACTED, FUTURE_REVISION; TOO_LARGE also when the answer might be above 1.5 MiB. OUTCOME_UNKNOWN also when the answer to
   * the first of several attempts was lost and too long to be kept: the transaction was done then.
   */
  transaction(transaction: Transaction, options?: CallOptions): Promise<TransactionResult>
  /** Forgets what was superseded before this revision: reads at older ones are refused with COMPACTED. COMPACTED, FUTURE_REVISION (refused). */
  compact(revision: number, options?: CallOptions): Promise<CompactResult>
  /** A lease ends after `ttlMs` of cluster time without renewal, never earlier; its keys vanish with it. */
  grantLease(ttlMs: number, options?: GrantOptions): Promise<GrantedLease>
  /** Ends it now, with its keys. LEASE_NOT_FOUND (refused). */
  revokeLease(id: bigint, options?: CallOptions): Promise<RevokedLease>
  /** Its time begins anew. LEASE_NOT_FOUND (refused). */
  keepLeaseAlive(id: bigint, options?: CallOptions): Promise<GrantedLease>
  /** Null = there is no such lease (any more). */
  leaseInfo(id: bigint, options?: LeaseInfoOptions): Promise<LeaseInfo | null>
  leases(options?: ReadOptions): Promise<readonly bigint[]>
  /**
   * What happens to the keys: in the order of revisions, each event once, none left out, over reconnects and changes of the leader. It begins when it is
   * iterated over, ends when the loop is left, and a slow reader costs nobody anything. Refused: COMPACTED when what comes next is not in the history any
   * more (read the keys anew then), ABORTED, STOPPED, INVALID.
   */
  watch(selection: Selection, options?: WatchOptions): AsyncIterable<WatchEvent>
  /** Ends waiting calls (STOPPED or OUTCOME_UNKNOWN) and frees everything. May be called again. */
  close(): Promise<void>
}
