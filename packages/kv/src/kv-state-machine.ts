import { type AppliedCommand, BalsaError, type Clock, type DurableState, invariant, type StateMachine } from '@balsa/raft'
import type { Backend, WriteBatch } from './backend/backend.js'
import { keyToString } from './backend/byte-string.js'
import { MemoryBackend } from './backend/memory-backend.js'
import { type Command, decodeCommand, refusalOf, type TxnCommand, type WriteCommand, type WriteStamp } from './command.js'
import { durableState } from './durable-state.js'
import { type HashMark, HashMarks } from './hash-marks.js'
import type {
  GetAnswer,
  GetQuery,
  KvAnswer,
  KvQuery,
  KvStats,
  LeaseAnswer,
  LeaseQuery,
  LeasesAnswer,
  LeasesQuery,
  RangeAnswer,
  RangeQuery,
  ScanAnswer,
  ScanQuery,
  StatsQuery,
  TxnAnswer,
  TxnQuery,
  TxnReading,
} from './kv-queries.js'
import { MAX_HISTORY_REVISIONS } from './limits.js'
import { loadMachine, type MachineState, saveMachine, saveSessions } from './machine-tables.js'
import type { RaisedAlarm } from './mvcc/alarms.js'
import { pageOfLeaseKeys, pageOfLeases } from './mvcc/lease-pages.js'
import { livingLease } from './mvcc/leases.js'
import { MvccStore, type StoreWrites } from './mvcc/mvcc-store.js'
import { isRanged, STEP_KEYS, type TxnOutcome } from './mvcc/execute-txn.js'
import { type RangeRequest, RangeScan } from './mvcc/range.js'
import { readTxn } from './mvcc/read-txn.js'
import { VersionReader } from './mvcc/reader.js'
import { type Txn, txnRefusal } from './mvcc/txn.js'
import { Pacing } from './pacing.js'
import { type CommandResult, hashResult, keptResult, type RefusalCode } from './result.js'
import { SessionTable } from './sessions.js'
import type { Steps } from './steps.js'
import { decodeSnapshot, encodeSnapshot } from './snapshot-codec.js'
import { StateHash } from './state-hash.js'
import { EventJournal } from './watch/events.js'
import { WatchHub, type WatchLimits } from './watch/hub.js'

/** How a command about very many keys is spread over turns of the event loop. What it does and answers does not depend on it. */
export interface LongCommands {
  /** A command about more keys than that is long. Default 1024: some ms. */
  readonly keys?: number
  /** Keys between two places where it may be interrupted, about. Default 256. */
  readonly stepKeys?: number
  /** Asked there: whether it is the turn of others. Default: by the clock. For simulations, in which a turn takes no time. */
  readonly isTurnOver?: () => boolean
}

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
  /**
   * A read that is sorted by something else than keys, and has to hold more than that in memory, is refused with TOO_LARGE: keys, values (unless it wants keys only, and sorts by something else) and
   * 160 bytes each. With a limit, up to twice as many entries and 4096 more are held; without one all. Default 512 MiB.
   */
  readonly maxSortBytes?: number
  /** Only with a clock; else every command is done in one turn. */
  readonly longCommands?: LongCommands
}

/** At least that is given to a long command: all other writes wait for it. */
const LONG_COMMAND_SLICE_MS = 4
const LONG_COMMAND_KEYS = 1024
const MAX_SORT_BYTES = 512 * 1024 * 1024
/** Keys that a scan looks at before it asks how long it has been at it. */
const SCAN_STEP_KEYS = 512

const refused = (code: RefusalCode): CommandResult => ({ type: 'refused', code })

/** What the state shows of sessions and time while a long command is under way, which moves both before its end. */
interface Held {
  readonly timeMs: number
  readonly sessions: number
  readonly sessionResults: number
}

/** The replicated key/value store: data, revisions and sessions, changed by commands from the log alone. */
export class KvStateMachine implements StateMachine<CommandResult, KvQuery, KvAnswer> {
  readonly #clock: Clock | null
  readonly #pacing: Pacing
  readonly #snapshotAfterBytes: number
  readonly #backend: Backend
  readonly #maxHistoryRevisions: number
  readonly #maxSortBytes: number
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
  readonly #longCommands: LongCommands
  /** A long command is under way: the state is shown as it was before. */
  #held: Held | null = null
  #timeSeenAtMs = 0

  constructor(options: KvStateMachineOptions = {}) {
    this.#clock = options.clock ?? null
    this.#pacing = new Pacing(this.#clock)
    this.#backend = options.backend ?? new MemoryBackend()
    this.#maxHistoryRevisions = options.maxHistoryRevisions ?? MAX_HISTORY_REVISIONS
    this.#maxSortBytes = options.maxSortBytes ?? MAX_SORT_BYTES
    this.#longCommands = options.longCommands ?? {}
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
    return this.#held?.timeMs ?? this.#sessions.timeMs
  }

  /** When that was, by the clock that was given; 0 without one. */
  get timeSeenAtMs(): number {
    return this.#timeSeenAtMs
  }

  /** When an `advance` has something to do though nobody else writes, in cluster time; 0 = now, null = never. See {@link Upkeep}. */
  get advanceAtMs(): number | null {
    if (this.#held !== null) return null
    const [store, sessions] = [this.#store.advanceAtMs, this.#sessions.sweepAtMs]
    return store === null || sessions === null ? (store ?? sessions) : Math.min(store, sessions)
  }

  /**
   * A promise when a command is about very many keys, and there is a clock: it is done in several turns of the event loop, and until its end everybody sees the state as it was before.
   * Throws STATE_MACHINE_FAILED (fatal) for a command of a newer format.
   */
  apply(batch: readonly AppliedCommand[]): readonly CommandResult[] | Promise<readonly CommandResult[]> {
    this.#demandRest()
    const commands = batch.map(decodeOrStop)
    const results: CommandResult[] = []
    const at = this.#applyUntilLong(batch, commands, 0, results)
    return at === batch.length ? results : this.#applyInTurns(batch, commands, at, results)
  }

  /** As `apply`, all of it in this turn. */
  applyAtOnce(batch: readonly AppliedCommand[]): readonly CommandResult[] {
    this.#demandRest()
    const commands = batch.map(decodeOrStop)
    const results: CommandResult[] = []
    for (let at = 0; at < batch.length; ) at = this.#applyShort(batch, commands, at, results)
    return results
  }

  /** From a long command on. */
  async #applyInTurns(
    batch: readonly AppliedCommand[],
    commands: readonly (Command | null)[],
    from: number,
    results: CommandResult[],
  ): Promise<readonly CommandResult[]> {
    const pause = this.#pacerOfCommands()
    for (let at = from; at < batch.length; at = this.#applyUntilLong(batch, commands, at + 1, results))
      results.push(await this.#applyLong(batch[at] as AppliedCommand, commands[at] ?? null, pause))
    return results
  }

  /** Commands up to the next one that is long. Answers where that is. */
  #applyUntilLong(batch: readonly AppliedCommand[], commands: readonly (Command | null)[], from: number, results: CommandResult[]): number {
    let at = from
    while (at < batch.length && !this.#isLong(batch[at] as AppliedCommand, commands[at] ?? null))
      at = this.#applyShort(batch, commands, at, results)
    return at
  }

  /** Commands up to the next one that may be long, as one batch of the tables. Answers where that is. */
  #applyShort(batch: readonly AppliedCommand[], commands: readonly (Command | null)[], from: number, results: CommandResult[]): number {
    let to = from + 1
    while (to < batch.length && !this.#mayBeLong(batch[to] as AppliedCommand, commands[to] ?? null)) to += 1
    const { index } = batch[to - 1] as AppliedCommand
    this.#store.batch(
      index,
      (writes) => {
        for (let at = from; at < to; at++) results.push(this.#applyOne(writes, batch[at] as AppliedCommand, commands[at] ?? null))
      },
      (tables) => this.#save(tables),
    )
    this.watches.applied()
    this.#timeSeenAtMs = this.#clock?.now() ?? 0
    return to
  }

  /** What is there is decided by the state at the time of the command: so nothing else is in one batch with it. */
  #mayBeLong({ timeMs }: AppliedCommand, command: Command | null): boolean {
    return this.#clock !== null && ((command?.type === 'txn' && isRanged(command.txn)) || this.#sessions.sweepsAt(timeMs))
  }

  /** By itself, or because very many sessions end with it. */
  #isLong(entry: AppliedCommand, command: Command | null): boolean {
    if (!this.#mayBeLong(entry, command)) return false
    return this.#isLongTxn(command) || this.#sessions.endsMoreThan(this.#mostKeys, entry.timeMs)
  }

  #isLongTxn(command: Command | null): command is TxnCommand {
    return command?.type === 'txn' && refusalOf(command) === null && this.#store.concernsMoreThan(command.txn, this.#mostKeys)
  }

  get #mostKeys(): number {
    return this.#longCommands.keys ?? LONG_COMMAND_KEYS
  }

  async #applyLong(entry: AppliedCommand, command: Command | null, pause: () => Promise<void> | null): Promise<CommandResult> {
    this.#held = { timeMs: this.#sessions.timeMs, sessions: this.#sessions.size, sessionResults: this.#sessions.results }
    const { batch, writes, commit } = this.#store.begin(entry.index)
    const steps = this.#applySteps(batch, writes, entry, command)
    let next = steps.next()
    for (; next.done !== true; next = steps.next()) {
      const pausing = pause()
      if (pausing !== null) await pausing
    }
    this.#finish(entry, next.value, writes.revision)
    commit((tables) => this.#save(tables))
    this.#held = null
    this.watches.appliedUnwritten()
    this.#timeSeenAtMs = this.#clock?.now() ?? 0
    return next.value
  }

  /** No long command is under way, and none has failed. */
  #demandRest(): void {
    invariant(this.#held === null, 'one command after the other, and nothing else meanwhile')
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
    const scan = this.#scanOf(reader, request, maxBytes)
    while (!scan.step(SCAN_STEP_KEYS)) continue
    return rangeAnswer(revision, scan)
  }

  #scanOf(reader: VersionReader, request: RangeRequest, maxBytes: number): RangeScan {
    return new RangeScan(reader, request, request.revision === 0 ? null : request.revision, maxBytes, this.#maxSortBytes)
  }

  /** As the query, for ranges of any size: works in slices on a snapshot, so that nobody else has to wait. */
  async scan({ request, maxBytes }: RangeQuery | ScanQuery): Promise<RangeAnswer> {
    const { revision } = this.#store
    const refusal = this.#store.revisionRefusal(request.revision)
    if (refusal !== null) return { type: 'range', revision, refusal, result: null }
    const snapshot = this.#backend.snapshot()
    try {
      const scan = this.#scanOf(new VersionReader(snapshot), request, maxBytes)
      const pause = this.#pacing.pacer()
      while (!scan.step(SCAN_STEP_KEYS)) {
        const pausing = pause()
        if (pausing !== null) await pausing
      }
      return rangeAnswer(revision, scan)
    } finally {
      snapshot.close()
    }
  }

  /** A first slice is often all of it, and then no snapshot is needed. */
  async #readTxn(txn: Txn): Promise<TxnReading> {
    const { revision, compactedRevision, reader } = this.#store
    const answer = (outcome: TxnOutcome | RefusalCode): TxnReading =>
      typeof outcome === 'string' ? { revision, refusal: outcome, outcome: null } : { revision, refusal: null, outcome }
    const refusal = txnRefusal(txn)
    if (refusal !== null) return answer(refusal.code)
    const first = readTxn(reader, { revision, compactedRevision }, txn, SCAN_STEP_KEYS, this.#maxSortBytes).next()
    if (first.done === true) return answer(first.value)
    const snapshot = this.#backend.snapshot()
    try {
      const work = readTxn(new VersionReader(snapshot), { revision, compactedRevision }, txn, SCAN_STEP_KEYS, this.#maxSortBytes)
      const pause = this.#pacing.pacer()
      for (let next = work.next(); ; next = work.next()) {
        if (next.done === true) return answer(next.value)
        const pausing = pause()
        if (pausing !== null) await pausing
      }
    } finally {
      snapshot.close()
    }
  }

  #lease({ lease: id, withKeys, keysFrom }: LeaseQuery): LeaseAnswer {
    const { timeMs } = this
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
      sessions: this.#held?.sessions ?? this.#sessions.size,
      sessionResults: this.#held?.sessionResults ?? this.#sessions.results,
      stateHash: this.#stateHash.text,
    }
  }

  snapshot(): AsyncIterable<Uint8Array> {
    this.#demandRest()
    this.#bytesSinceSnapshot = 0
    const chunks = encodeSnapshot({
      appliedIndex: this.#appliedIndex,
      stateHash: this.#stateHash.clone(),
      tables: this.#backend.snapshot(),
      sessions: this.#sessions.cut(),
    })
    return paced(chunks, this.#pacing.pacer())
  }

  async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    this.#demandRest()
    this.watches.replacing()
    try {
      const restored = await decodeSnapshot(chunks, this.#backend, this.#pacing.pacer())
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
    this.#saveSessions(batch)
    if (!this.#backend.persistent) return
    saveMachine(batch, { appliedIndex: this.#appliedIndex, stateHash: this.#stateHash, sessions: this.#sessions })
  }

  #saveSessions(batch: WriteBatch): void {
    if (this.#backend.persistent) saveSessions(batch, this.#sessions)
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

  #applyOne(writes: StoreWrites, entry: AppliedCommand, command: Command | null): CommandResult {
    this.#prepare(writes, entry)
    const result = command === null ? refused('INVALID') : this.#execute(writes, command, entry.index)
    this.#finish(entry, result, writes.revision)
    return result
  }

  /** As `#applyOne`, without what comes last, in steps. */
  *#applySteps(batch: WriteBatch, writes: StoreWrites, entry: AppliedCommand, command: Command | null): Steps<CommandResult> {
    const stepKeys = this.#longCommands.stepKeys ?? STEP_KEYS
    this.#demandNext(entry)
    const sweeping = this.#sessions.advanceInSteps(entry.timeMs, stepKeys)
    while (sweeping.next().done !== true) {
      this.#saveSessions(batch)
      yield
    }
    writes.prepare(this.#sessions.timeMs)
    if (command === null) return refused('INVALID')
    if (!this.#isLongTxn(command)) return this.#execute(writes, command, entry.index)
    const { stamp, txn } = command
    const answered = this.#answered(stamp)
    if (answered !== null) return answered
    const result = yield* writes.executeTxn(txn, this.#sessions.timeMs, stepKeys)
    if (stamp !== null) this.#sessions.record(stamp, keptResult(result))
    return result
  }

  #prepare(writes: StoreWrites, entry: AppliedCommand): void {
    this.#demandNext(entry)
    this.#sessions.advance(entry.timeMs)
    writes.prepare(this.#sessions.timeMs)
  }

  #demandNext({ index }: AppliedCommand): void {
    const appliedIndex = this.#appliedIndex
    invariant(index > appliedIndex, 'commands are applied in log order, each once', { index, appliedIndex })
  }

  #finish(entry: AppliedCommand, result: CommandResult, revision: number): void {
    const previousIndex = this.#appliedIndex
    this.#appliedIndex = entry.index
    this.#bytesSinceSnapshot += entry.command.length
    this.#stateHash.number(entry.index)
    this.#stateHash.number(entry.timeMs)
    this.#stateHash.bytes(entry.command)
    this.#stateHash.number(revision)
    hashResult(this.#stateHash, result)
    this.#hashMarks.applied(previousIndex, entry.index, () => this.#stateHash.text)
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
    const answered = this.#answered(stamp)
    if (answered !== null) return answered
    const result = this.#executeChecked(writes, command, index)
    if (stamp !== null) this.#sessions.record(stamp, keptResult(result))
    return result
  }

  /** Null when it is to be executed. */
  #answered(stamp: WriteStamp | null): CommandResult | null {
    const check = stamp === null ? 'execute' : this.#sessions.check(stamp)
    if (check === 'execute') return null
    return 'answer' in check ? check.answer : refused(check.refused)
  }

  #executeChecked(writes: StoreWrites, command: WriteCommand, index: number): CommandResult {
    const refusal = refusalOf(command)
    return refusal === null ? writes.execute(command, index, this.#sessions.timeMs) : refused(refusal.code)
  }

  #pacerOfCommands(): () => Promise<void> | null {
    const { isTurnOver } = this.#longCommands
    const clock = this.#clock
    if (isTurnOver === undefined || clock === null) return this.#pacing.pacer(LONG_COMMAND_SLICE_MS)
    return () => (isTurnOver() ? new Promise((resolve) => clock.defer(resolve)) : null)
  }
}

const rangeAnswer = (revision: number, scan: RangeScan): RangeAnswer =>
  scan.isTooLarge
    ? { type: 'range', revision, refusal: 'TOO_LARGE', result: null }
    : { type: 'range', revision, refusal: null, result: scan.result() }

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
