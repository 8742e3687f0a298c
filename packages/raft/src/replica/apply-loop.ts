import type { Storage } from '../log/storage.js'
import { BalsaError, invariant } from '../errors.js'
import type { Clock } from '../ports/clock.js'
import type { AppliedCommand, StateMachine } from '../ports/state-machine.js'
import type { Entry, LogIndex, SnapshotMeta, Term } from '../types.js'
import { asIndex, EntryType, ZERO_INDEX, ZERO_TERM } from '../types.js'
import { ApplyPace } from './apply-pace.js'
import type { ConsensusCore } from './consensus-core.js'
import type { ProposalTable } from './proposals.js'

export interface ApplyLimits {
  /** Entries in one call of `apply`. */
  readonly maxApplyEntries: number
  /** Payload bytes in one call of `apply`; a larger single command comes alone. */
  readonly maxApplyBytes: number
  /** How long one call of `apply` should keep the event loop, in ms: it gets fewer entries while it takes longer. Infinity: however long it takes. */
  readonly maxApplyMs: number
}

/** A place in the log. */
export interface Place {
  readonly index: LogIndex
  readonly term: Term
  readonly timeMs: number
}

/** Exactly where the state machine stands: what a snapshot of it must say about itself. */
export interface Cut extends Place {
  /** The entry before that one, when it is known. */
  readonly before: Place | null
}

export const START: Place = { index: ZERO_INDEX, term: ZERO_TERM, timeMs: 0 }

export interface ApplyHooks {
  /** One more batch is in the state machine, which is at rest now. */
  applied(index: LogIndex, bytes: number): void
  restored(meta: SnapshotMeta): void
  /** The node must stop. */
  failed(error: unknown): void
  /** Work that a clean stop has to wait for. */
  track(work: Promise<unknown>): void
}

/** Per entry, beside its payload, when the growth of the log is estimated. */
const ENTRY_OVERHEAD_BYTES = 32

interface PendingRestore {
  readonly meta: SnapshotMeta
  /** Resolves when storage has installed the file. */
  readonly installed: Promise<unknown>
}

/**
 * The one ordered stream into the state machine: committed entries and snapshots, each exactly once per start, in
 * bounded batches. Nothing else ever calls `apply` or `restore`. While a batch is under way the loop is busy; all other moments are
 * cuts, at which a snapshot may be taken and reads may run. A slow state machine slows the loop and nothing else: entries wait in the log.
 */
export class ApplyLoop<Result> {
  readonly #core: ConsensusCore
  readonly #storage: Storage
  readonly #machine: StateMachine<Result>
  readonly #clock: Clock
  readonly #proposals: ProposalTable<Result>
  readonly #limits: ApplyLimits
  readonly #pace: ApplyPace
  readonly #hooks: ApplyHooks

  #place: Place
  /** The entry before it. */
  #before: Place | null = null
  /** Applied when this life began: consensus may not know yet that so much is committed. */
  readonly #startIndex: LogIndex
  #commitIndex: LogIndex
  #restore: PendingRestore | null = null
  /** The state machine is at work, or about to be: no cut. */
  #atWork = false
  /** Another step is on its way (a batch, a disk read, the next turn). */
  #busy = false
  #restoring = false
  #stopped = false
  /** Commands were left out, as a witness does. */
  #skipped = false
  #atCut: ((cut: Cut) => void)[] = []

  constructor(options: {
    readonly core: ConsensusCore
    readonly storage: Storage
    readonly machine: StateMachine<Result>
    readonly clock: Clock
    readonly proposals: ProposalTable<Result>
    readonly limits: ApplyLimits
    readonly hooks: ApplyHooks
    /** Where the state machine begins: all of it up to there is in it. */
    readonly start: Place
  }) {
    this.#core = options.core
    this.#storage = options.storage
    this.#machine = options.machine
    this.#clock = options.clock
    this.#proposals = options.proposals
    this.#limits = options.limits
    this.#pace = new ApplyPace(options.limits.maxApplyEntries, options.limits.maxApplyMs)
    this.#hooks = options.hooks
    this.#place = options.start
    this.#startIndex = options.start.index
    this.#commitIndex = options.start.index
  }

  get appliedIndex(): LogIndex {
    return this.#place.index
  }

  /** False while the state is replaced by a snapshot: there is nothing to read then. */
  get readable(): boolean {
    return !this.#restoring
  }

  /** True when the state machine is at rest and holds exactly everything up to `appliedIndex`. */
  get atRest(): boolean {
    return !this.#atWork
  }

  get commitIndex(): LogIndex {
    return this.#commitIndex
  }

  /** Everything up to `index` may be applied. */
  commit(index: LogIndex): void {
    if (index <= this.#startIndex) return
    invariant(index >= this.#commitIndex, 'the commit index never goes back', { index, commitIndex: this.#commitIndex })
    this.#commitIndex = index
  }

  /** A snapshot replaced the log: it comes next, and commands that it covers are skipped. */
  restore(meta: SnapshotMeta, installed: Promise<unknown>): void {
    this.#restore = { meta, installed }
    if (meta.index > this.#commitIndex) this.#commitIndex = meta.index
  }

  /** Runs `callback` synchronously at the next moment between two batches; now, when that is the case. Never while a restore waits. */
  whenAtRest(callback: (cut: Cut) => void): void {
    if (this.#atWork || this.#restore !== null) this.#atCut.push(callback)
    else callback(this.#cut)
  }

  get #cut(): Cut {
    return { ...this.#place, before: this.#before }
  }

  stop(): void {
    this.#stopped = true
    this.#atCut = []
  }

  /** `pump` would begin something. */
  get hasWork(): boolean {
    return !this.#busy && !this.#stopped && (this.#restore !== null || this.#place.index < this.#commitIndex)
  }

  /** Goes on if there is anything to do and nothing is under way. Applies at most one batch before it returns. */
  pump(): void {
    if (!this.hasWork) return
    if (this.#restore !== null) this.#beginRestore(this.#restore)
    else this.#nextBatch()
  }

  #nextBatch(): void {
    const ready = this.#machine.durable?.ready?.() ?? null
    if (ready !== null) {
      this.#busy = true
      // Nobody who closes waits for this: when the log has failed, what makes the state durable may never come.
      void this.#goOnWith(ready, () => {
        this.#busy = false
        this.pump()
      })
      return
    }
    const from = asIndex(this.#place.index + 1)
    const to = asIndex(Math.min(this.#commitIndex, this.#place.index + this.#pace.entries))
    const entries = this.#core.entries(from, to, this.#limits.maxApplyBytes)
    if (entries === null) this.#readBatch(from, to)
    else this.#apply(entries)
  }

  #readBatch(from: LogIndex, to: LogIndex): void {
    this.#busy = true
    const read = this.#storage.readEntries(from, to, this.#limits.maxApplyBytes)
    this.#await(read, (entries) => {
      this.#busy = false
      // A snapshot that arrived meanwhile covers what was asked for.
      if (this.#restore === null) {
        invariant(entries.length > 0, 'committed entries that are not applied yet are in the log', { from, to })
        this.#apply(entries)
      } else {
        this.pump()
      }
    })
  }

  #apply(entries: readonly Entry[]): void {
    const commands = this.#commandsOf(entries)
    this.#busy = true
    this.#atWork = true
    const { isWitness } = this.#core
    if (isWitness) this.#skipped ||= commands.length > 0
    else this.#requireAll(entries)
    if (isWitness || commands.length === 0) {
      this.#applied(entries, [])
      return
    }
    const startMs = this.#clock.now()
    const results = this.#callMachine(commands)
    this.#pace.took(entries.length, this.#clock.now() - startMs)
    if (isPromise(results)) {
      const guarded = results.catch((error: unknown) => {
        throw machineFailure('apply', error)
      })
      this.#await(guarded, (answers) => this.#answered(entries, commands, answers))
    } else {
      this.#answered(entries, commands, results)
    }
  }

  #answered(entries: readonly Entry[], { length }: readonly AppliedCommand[], results: readonly Result[]): void {
    if (length !== results.length) {
      throw new BalsaError('STATE_MACHINE_FAILED', `the state machine answered ${length} commands with ${results.length} results`)
    }
    this.#applied(entries, results)
  }

  /** What a witness leaves out is missing for ever, also when the change that made it one is undone. */
  #requireAll(entries: readonly Entry[]): void {
    const gone = entries.find((entry) => entry.type === EntryType.stripped)
    if (!this.#skipped && gone === undefined) return
    throw new BalsaError('CORRUPT', 'this member was a witness: commands are missing below what it is to apply now', {
      hint: 'Start it again. If that does not help, remove it, and add it under a new id with an empty data directory.',
    })
  }

  /** Checks that the batch continues exactly where the last one ended: never twice, never with a gap. */
  #commandsOf(entries: readonly Entry[]): AppliedCommand[] {
    const commands: AppliedCommand[] = []
    let index: number = this.#place.index
    for (const entry of entries) {
      index++
      invariant(entry.index === index, 'entries are applied in order, without a gap', { index: entry.index, expected: index })
      if (entry.type === EntryType.command) {
        commands.push({ index: entry.index, term: entry.term, timeMs: entry.timeMs, command: entry.payload })
      }
    }
    invariant(index <= this.#commitIndex, 'only committed entries are applied', { index, commitIndex: this.#commitIndex })
    return commands
  }

  #callMachine(commands: readonly AppliedCommand[]): readonly Result[] | Promise<readonly Result[]> {
    try {
      return this.#machine.apply(commands)
    } catch (error) {
      throw machineFailure('apply', error)
    }
  }

  #applied(entries: readonly Entry[], results: readonly Result[]): void {
    let bytes = 0
    for (const entry of entries) bytes += entry.payload.length + ENTRY_OVERHEAD_BYTES
    this.#settle(entries, results)
    const last = entries[entries.length - 1]
    invariant(last !== undefined, 'a batch is never empty')
    this.#before = placeOf(entries[entries.length - 2]) ?? this.#place
    this.#place = { index: last.index, term: last.term, timeMs: last.timeMs }
    this.#endOfWork(() => this.#hooks.applied(last.index, bytes))
  }

  /** Tells those who wait for these entries. Most members have nobody who waits. */
  #settle(entries: readonly Entry[], results: readonly Result[]): void {
    if (!this.#proposals.hasAccepted) return
    let position = 0
    for (const entry of entries) {
      // Entries that are not commands have no result; who waits for a configuration wants to know only that it is committed.
      const result = entry.type === EntryType.command ? results[position++] : undefined
      this.#proposals.settle(entry.index, entry.term, result as Result)
    }
  }

  /** The state machine is at rest again. The next batch begins in another turn, so that the event loop lives. */
  #endOfWork(report: () => void): void {
    this.#atWork = false
    if (this.#stopped) return
    report()
    this.#runAtCut()
    if (this.#restore === null && this.#place.index >= this.#commitIndex) {
      this.#busy = false
      return
    }
    this.#clock.defer(() => {
      this.#busy = false
      this.#guard(() => this.pump())
    })
  }

  #runAtCut(): void {
    if (this.#atCut.length === 0 || this.#restore !== null) return
    const callbacks = this.#atCut
    this.#atCut = []
    for (const callback of callbacks) callback(this.#cut)
  }

  #beginRestore(pending: PendingRestore): void {
    this.#busy = true
    this.#await(pending.installed, () => {
      // An even newer one may have come meanwhile: that one replaces this.
      if (this.#restore !== pending) {
        this.#busy = false
        this.pump()
        return
      }
      this.#restore = null
      if (pending.meta.index <= this.#place.index) this.#endOfWork(() => undefined)
      else this.#await(this.#replaceState(pending.meta), () => this.#restored(pending.meta))
    })
  }

  async #replaceState(meta: SnapshotMeta): Promise<void> {
    this.#atWork = true
    this.#restoring = true
    await restoreMachine(this.#machine, this.#storage, meta, () => this.#stopped)
  }

  #restored(meta: SnapshotMeta): void {
    this.#restoring = false
    this.#before = null
    this.#place = { index: meta.index, term: meta.term, timeMs: meta.timeMs }
    this.#endOfWork(() => this.#hooks.restored(meta))
  }

  /** Work of this node, which does not close before its end. */
  #await<T>(work: Promise<T>, next: (value: T) => void): void {
    this.#hooks.track(this.#goOnWith(work, next))
  }

  /** Goes on with what the promise gives, unless the node stopped meanwhile. */
  #goOnWith<T>(work: Promise<T>, next: (value: T) => void): Promise<void> {
    return work.then(
      (value) => {
        if (!this.#stopped) this.#guard(() => next(value))
      },
      (error: unknown) => {
        if (!this.#stopped) this.#hooks.failed(error)
      },
    )
  }

  /** What runs outside of a turn reports its failures itself. */
  #guard(step: () => void): void {
    try {
      step()
    } catch (error) {
      this.#hooks.failed(error)
    }
  }
}

const DISK_CODES: ReadonlySet<string> = new Set(['CORRUPT', 'DISK_FULL', 'IO_ERROR'])

function placeOf(entry: Entry | undefined): Place | null {
  return entry === undefined ? null : { index: entry.index, term: entry.term, timeMs: entry.timeMs }
}

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as { readonly then?: unknown }).then === 'function'
}

/** What the state machine threw, as the fatal error that it is. It may say better than anybody else what is wrong with its disk. */
export function machineFailure(step: 'apply' | 'restore' | 'snapshot', error: unknown): BalsaError {
  if (error instanceof BalsaError && DISK_CODES.has(error.code)) return error
  const text = error instanceof Error ? error.message : String(error)
  return new BalsaError('STATE_MACHINE_FAILED', `the state machine failed in ${step}: ${text}`, {
    hint: 'The state of this member is no longer known to equal the others. Mend the state machine and start again.',
    cause: error,
  })
}

async function* empty(): AsyncGenerator<Uint8Array> {}

/** Replaces the machine's whole state by the snapshot, or by the empty state. Errors: STATE_MACHINE_FAILED, CORRUPT (fatal). */
export async function restoreMachine(
  machine: StateMachine,
  storage: Storage,
  meta: SnapshotMeta | null,
  isStopped: () => boolean,
): Promise<void> {
  const chunks = meta === null ? empty() : storage.snapshots.readState(meta)
  let broken: unknown = null
  async function* checked(): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of chunks) {
        if (isStopped()) throw new BalsaError('STOPPED', 'the replica stops')
        yield chunk
      }
    } catch (error) {
      broken = error
      throw error
    }
  }
  try {
    await machine.restore(checked())
  } catch (error) {
    // What the storage found out says more than how the machine reacted to it.
    throw broken instanceof BalsaError ? broken : machineFailure('restore', error)
  }
  // A machine that swallowed the error of its input holds half a state.
  if (broken !== null) throw broken instanceof BalsaError ? broken : machineFailure('restore', broken)
  if (meta !== null) await machine.durable?.flush(meta.index)
}
