import { type AppliedCommand, BalsaError, type Clock, type DurableState, invariant, type StateMachine } from '@balsa/raft'
import type { Backend, WriteBatch } from './backend/backend.js'
import { type ByteString, keyToString } from './backend/byte-string.js'
import { MemoryBackend } from './backend/memory-backend.js'
import { type Command, decodeCommand, refusalOf, type WriteCommand } from './command.js'
import { type HashMark, HashMarks } from './hash-marks.js'
import { MAX_HISTORY_REVISIONS } from './limits.js'
import { loadMachine, type MachineState, saveChanges } from './machine-tables.js'
import type { RaisedAlarm } from './mvcc/alarms.js'
import { pageOfLeaseKeys, pageOfLeases } from './mvcc/lease-pages.js'
import { livingLease } from './mvcc/leases.js'
import { MvccStore, type StoreWrites } from './mvcc/mvcc-store.js'
import type { TxnOutcome } from './mvcc/execute-txn.js'
import { type RangeRequest, type RangeResult, RangeScan } from './mvcc/range.js'
import { planReading, readPath } from './mvcc/read-txn.js'
import { VersionReader } from './mvcc/reader.js'
import type { KeyRecord } from './mvcc/record.js'
import { type Txn, txnRefusal } from './mvcc/txn.js'
import { type CommandResult, hashResult, keptResult, type RefusalCode } from './result.js'
import { SessionTable } from './sessions.js'
import { decodeSnapshot, encodeReference, encodeSnapshot } from './snapshot-codec.js'
import { StateHash } from './state-hash.js'
import { EventJournal } from './watch/events.js'
import { WatchHub, type WatchLimits } from './watch/hub.js'

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
  /** The answer is cut, with `more`, behind the entry that brings it to so many bytes; not when it is sorted by something else than keys. */
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
  /** COMPACTED or FUTURE_REVISION: why there is no result. */
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

export interface KvStateMachineOptions {
  /** Lets the event loop breathe while a snapshot is streamed or restored. Without it only the other side of the stream decides the pace. */
  readonly clock?: Clock
  /** Used by nobody else. One that survives the process is gone on with where it is. Default: in memory. */
  readonly backend?: Backend
  /**
   * Superseded revisions that are kept until they are compacted anyway; 0 = none, so that the state is the living keys alone. The same on all members:
   * it decides what commands do. Default 100,000.
   */
  readonly maxHistoryRevisions?: number
  /** Asks for a snapshot after this many bytes of commands; never when absent. */
  readonly snapshotAfterBytes?: number
  readonly watch?: WatchLimits
}

/**
 * Work on a snapshot before other work gets its turn: a share of the time that the others took since the last time, so that it comes to an end also when they never rest; within these
 * bounds.
 */
const SLICE_SHARE = 0.3
const SHORTEST_SLICE_MS = 2
const LONGEST_SLICE_MS = 8
/** Keys that a scan looks at before it asks how long it has been at it. */
const SCAN_STEP_KEYS = 512

const refused = (code: RefusalCode): CommandResult => ({ type: 'refused', code })

/** The replicated key/value store: data, revisions and sessions, changed by commands from the log alone. */
export class KvStateMachine implements StateMachine<CommandResult, KvQuery, KvAnswer> {
  readonly #clock: Clock | null
  readonly #snapshotAfterBytes: number
  readonly #backend: Backend
  readonly #maxHistoryRevisions: number
  /** Watches on the applied state of this member. */
  readonly watches: WatchHub
  /** Null when the backend ends with the process. */
  readonly durable: DurableState | null
  readonly #journal = new EventJournal()
  #store: MvccStore
  #sessions = new SessionTable()
  #stateHash = new StateHash()
  readonly #hashMarks = new HashMarks()
  #appliedIndex = 0
  #bytesSinceSnapshot = 0
  /** Work in slices that waits for a turn. */
  readonly #paused: (() => void)[] = []
  #timeSeenAtMs = 0

  constructor(options: KvStateMachineOptions = {}) {
    this.#clock = options.clock ?? null
    this.#backend = options.backend ?? new MemoryBackend()
    this.#maxHistoryRevisions = options.maxHistoryRevisions ?? MAX_HISTORY_REVISIONS
    this.#store = this.#newStore()
    this.#take(loadMachine(this.#backend))
    this.durable = this.#backend.persistent ? durableState(this.#backend) : null
    this.watches = this.#newHub(options.watch ?? {})
    this.#snapshotAfterBytes = options.snapshotAfterBytes ?? Number.POSITIVE_INFINITY
  }

  /** Log index of the newest applied command. */
  get appliedIndex(): number {
    return this.#appliedIndex
  }

  /** 16 hexadecimal digits; see {@link KvStats.stateHash}. */
  get stateHash(): string {
    return this.#stateHash.text
  }

  /** Hashes at places that all members have in common, and the present one; empty when nothing was applied. */
  get hashMarks(): readonly HashMark[] {
    if (this.#appliedIndex === 0) return []
    const older = this.#hashMarks.all.filter(({ index }) => index < this.#appliedIndex)
    return [...older, { index: this.#appliedIndex, hash: this.#stateHash.text }]
  }

  get revision(): number {
    return this.#store.revision
  }

  /** What the state takes where it lives: pages of a file, or about so much memory. */
  get usedBytes(): number {
    return this.#backend.usedBytes
  }

  /** See {@link KvStats.noSpace}. */
  get noSpace(): boolean {
    return this.#store.counters.noSpace
  }

  get alarms(): readonly RaisedAlarm[] {
    return this.#store.counters.alarms
  }

  /** Cluster time of the newest command. */
  get timeMs(): number {
    return this.#sessions.timeMs
  }

  /** When that was, by the clock that was given; 0 without one. */
  get timeSeenAtMs(): number {
    return this.#timeSeenAtMs
  }

  /** When an `advance` has something to do though nobody else writes, in cluster time; 0 = now, null = never. See {@link Upkeep}. */
  get advanceAtMs(): number | null {
    const [store, sessions] = [this.#store.advanceAtMs, this.#sessions.sweepAtMs]
    return store === null || sessions === null ? (store ?? sessions) : Math.min(store, sessions)
  }

  /** Throws STATE_MACHINE_FAILED (fatal) for a command of a newer format. */
  apply(batch: readonly AppliedCommand[]): readonly CommandResult[] {
    const last = batch.at(-1)
    if (last === undefined) return []
    const results = this.#store.batch(
      last.index,
      (writes) => batch.map((entry) => this.#applyOne(writes, entry)),
      (tables) => this.#save(tables),
    )
    this.watches.applied()
    this.#timeSeenAtMs = this.#clock?.now() ?? 0
    return results
  }

  query(query: GetQuery): GetAnswer
  query(query: StatsQuery): KvStats
  query(query: RangeQuery): RangeAnswer
  query(query: ScanQuery): ScanAnswer
  query(query: TxnQuery): TxnAnswer
  query(query: LeaseQuery): LeaseAnswer
  query(query: LeasesQuery): LeasesAnswer
  query(query: KvQuery): KvAnswer
  query(query: KvQuery): KvAnswer {
    switch (query.type) {
      case 'get':
        return { type: 'get', revision: this.#store.revision, record: this.#store.get(query.key) ?? null }
      case 'range':
        return this.#range(query)
      case 'scan':
        return { type: 'scan', answer: this.scan(query) }
      case 'txn':
        return { type: 'txn', answer: this.#readTxn(query.txn) }
      case 'lease':
        return this.#lease(query)
      case 'leases':
        return { type: 'leases', revision: this.#store.revision, ...pageOfLeases(this.#backend, query.from) }
      case 'stats':
        return this.#stats()
    }
  }

  #range({ request, maxBytes }: RangeQuery): RangeAnswer {
    const { revision, reader } = this.#store
    const refusal = this.#store.revisionRefusal(request.revision)
    if (refusal !== null) return { type: 'range', revision, refusal, result: null }
    const result = new RangeScan(reader, request, request.revision === 0 ? null : request.revision, maxBytes).run()
    return { type: 'range', revision, refusal, result }
  }

  /** As the query, for ranges of any size: works in slices on a snapshot, so that nobody else has to wait. */
  async scan({ request, maxBytes }: RangeQuery | ScanQuery): Promise<RangeAnswer> {
    const { revision } = this.#store
    const refusal = this.#store.revisionRefusal(request.revision)
    if (refusal !== null) return { type: 'range', revision, refusal, result: null }
    const snapshot = this.#backend.snapshot()
    try {
      const scan = new RangeScan(new VersionReader(snapshot), request, request.revision === 0 ? null : request.revision, maxBytes)
      const pause = this.#pacer()
      while (!scan.step(SCAN_STEP_KEYS)) {
        const pausing = pause()
        if (pausing !== null) await pausing
      }
      return { type: 'range', revision, refusal, result: scan.result() }
    } finally {
      snapshot.close()
    }
  }

  /** Which branches are taken is decided at once; a first slice is often all of it, and then no snapshot is needed. */
  async #readTxn(txn: Txn): Promise<TxnReading> {
    const { revision, counters, reader } = this.#store
    const path = txnRefusal(txn)?.code ?? planReading(reader, counters, txn)
    if (typeof path === 'string') return { revision, refusal: path, outcome: null }
    const first = readPath(reader, path, SCAN_STEP_KEYS).next()
    if (first.done === true) return { revision, refusal: null, outcome: first.value }
    const snapshot = this.#backend.snapshot()
    try {
      const work = readPath(new VersionReader(snapshot), path, SCAN_STEP_KEYS)
      const pause = this.#pacer()
      for (let next = work.next(); ; next = work.next()) {
        if (next.done === true) return { revision, refusal: null, outcome: next.value }
        const pausing = pause()
        if (pausing !== null) await pausing
      }
    } finally {
      snapshot.close()
    }
  }

  #lease({ lease: id, withKeys, keysFrom }: LeaseQuery): LeaseAnswer {
    const { timeMs } = this.#sessions
    const found = livingLease(this.#backend, id, timeMs)
    if (found === undefined) return { type: 'lease', revision: this.#store.revision, lease: null }
    const page = withKeys ? pageOfLeaseKeys(this.#backend, id, keysFrom) : { keys: [], more: false }
    return { type: 'lease', revision: this.#store.revision, lease: { ttlMs: found.ttlMs, remainingMs: found.deadlineMs - timeMs, ...page } }
  }

  #stats(): KvStats {
    const { keys, dataBytes, compactedRevision, historyBytes, noSpace, alarms } = this.#store.counters
    return {
      type: 'stats',
      appliedIndex: this.#appliedIndex,
      revision: this.#store.revision,
      keys,
      dataBytes,
      compactedRevision,
      historyBytes,
      noSpace,
      alarms,
      sessions: this.#sessions.size,
      sessionResults: this.#sessions.results,
      stateHash: this.#stateHash.text,
    }
  }

  snapshot(): AsyncIterable<Uint8Array> {
    this.#bytesSinceSnapshot = 0
    const chunks = encodeSnapshot({
      appliedIndex: this.#appliedIndex,
      stateHash: this.#stateHash.clone(),
      tables: this.#backend.snapshot(),
      sessions: this.#sessions.cut(),
    })
    return paced(chunks, this.#pacer())
  }

  async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    this.watches.replacing()
    try {
      const restored = await decodeSnapshot(chunks, this.#backend, this.#pacer())
      if (restored === null) return
      this.#store = this.#newStore()
      this.#take(restored)
      this.#hashMarks.clear()
      this.#bytesSinceSnapshot = 0
    } finally {
      this.watches.restored()
    }
  }

  #take({ appliedIndex, stateHash, sessions }: MachineState): void {
    this.#sessions = sessions
    this.#stateHash = stateHash
    this.#appliedIndex = appliedIndex
  }

  /** With a batch goes what else it has changed. */
  #save(batch: WriteBatch): void {
    const state = { appliedIndex: this.#appliedIndex, stateHash: this.#stateHash, sessions: this.#sessions }
    if (this.#backend.persistent) saveChanges(batch, state)
    else this.#sessions.takeChanges()
  }

  #newStore(): MvccStore {
    return new MvccStore(this.#backend, this.#maxHistoryRevisions, this.#journal)
  }

  #newHub(limits: WatchLimits): WatchHub {
    const clock = this.#clock
    const source = {
      tables: this.#backend,
      revision: () => this.#store.revision,
      compactedRevision: () => this.#store.compactedRevision,
    }
    return new WatchHub(source, { ...limits, journal: this.#journal, defer: clock === null ? null : (callback) => clock.defer(callback) })
  }

  wantsSnapshot(): boolean {
    return this.#bytesSinceSnapshot >= this.#snapshotAfterBytes
  }

  #applyOne(writes: StoreWrites, entry: AppliedCommand): CommandResult {
    invariant(entry.index > this.#appliedIndex, 'commands are applied in log order, each once', {
      index: entry.index,
      appliedIndex: this.#appliedIndex,
    })
    const command = decodeOrStop(entry)
    this.#sessions.advance(entry.timeMs)
    writes.prepare(this.#sessions.timeMs)
    const result = command === null ? refused('INVALID') : this.#execute(writes, command, entry.index)
    const previousIndex = this.#appliedIndex
    this.#appliedIndex = entry.index
    this.#bytesSinceSnapshot += entry.command.length
    this.#stateHash.number(entry.index)
    this.#stateHash.number(entry.timeMs)
    this.#stateHash.bytes(entry.command)
    this.#stateHash.number(this.#store.revision)
    hashResult(this.#stateHash, result)
    this.#hashMarks.applied(previousIndex, entry.index, () => this.#stateHash.text)
    return result
  }

  #execute(writes: StoreWrites, command: Command, index: number): CommandResult {
    switch (command.type) {
      case 'openSession':
        return this.#sessions.open(index, command.ttlMs, keyToString(command.clientNonce))
      case 'closeSession':
        return this.#sessions.close(command.session)
      case 'keepAlive':
        return this.#sessions.keepAlive(command.session)
      case 'advance':
      case 'space':
      case 'alarm':
        return writes.execute(command, index, this.#sessions.timeMs)
      default:
        return this.#write(writes, command, index)
    }
  }

  #write(writes: StoreWrites, command: WriteCommand, index: number): CommandResult {
    const { stamp } = command
    if (stamp === null) return this.#executeChecked(writes, command, index)
    const check = this.#sessions.check(stamp)
    if (check !== 'execute') return 'answer' in check ? check.answer : refused(check.refused)
    const result = this.#executeChecked(writes, command, index)
    this.#sessions.record(stamp, keptResult(result))
    return result
  }

  #executeChecked(writes: StoreWrites, command: WriteCommand, index: number): CommandResult {
    const refusal = refusalOf(command)
    return refusal === null ? writes.execute(command, index, this.#sessions.timeMs) : refused(refusal.code)
  }

  /** Answers a promise to wait for whenever a slice of work is over. */
  #pacer(): () => Promise<void> | null {
    const clock = this.#clock
    if (clock === null) return () => null
    let sliceStartMs = clock.now()
    let sliceMs = SHORTEST_SLICE_MS
    return () => {
      const nowMs = clock.now()
      if (nowMs - sliceStartMs < sliceMs) return null
      return new Promise((resolve) => {
        this.#paused.push(() => {
          sliceStartMs = clock.now()
          sliceMs = Math.min(LONGEST_SLICE_MS, Math.max(SHORTEST_SLICE_MS, SLICE_SHARE * (sliceStartMs - nowMs)))
          resolve()
        })
        if (this.#paused.length === 1) clock.defer(() => this.#resume(clock))
      })
    }
  }

  /** One slice in each turn, however much is under way. */
  #resume(clock: Clock): void {
    this.#paused[0]?.()
    this.#paused.shift()
    if (this.#paused.length > 0) clock.defer(() => this.#resume(clock))
  }
}

function durableState(backend: Backend): DurableState {
  const { transfer } = backend
  return {
    ...(transfer === undefined ? {} : { transfer }),
    get appliedIndex() {
      return backend.appliedIndex
    },
    ready: () => backend.ready(),
    logDurable: (index) => backend.limitDurability(index),
    flush: (index) => {
      // What is applied up to there and is no command leaves no trace in the tables.
      if (index > backend.appliedIndex) backend.write(index, () => undefined)
      return backend.flush()
    },
    reference: (index) => once(encodeReference(index)),
  }
}

async function* once(chunk: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield chunk
}

/** Null when the bytes are no command: every member of this version sees that in the same way, so it may be answered. */
function decodeOrStop(entry: AppliedCommand): Command | null {
  try {
    return decodeCommand(entry.command)
  } catch (error) {
    if (error instanceof BalsaError && error.code === 'MALFORMED') return null
    throw new BalsaError('STATE_MACHINE_FAILED', `command at index ${entry.index} cannot be applied by this version`, {
      cause: error,
      hint: 'The cluster has written commands of a newer version. Upgrade this member; its data is intact.',
    })
  }
}

async function* paced(chunks: Iterable<Uint8Array>, pause: () => Promise<void> | null): AsyncGenerator<Uint8Array, void, undefined> {
  for (const chunk of chunks) {
    yield chunk
    const pausing = pause()
    if (pausing !== null) await pausing
  }
}
