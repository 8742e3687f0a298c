import type { Input } from '../core/effects.js'
import { BalsaError } from '../errors.js'
import type { Storage } from '../log/storage.js'
import type { DurableState, StateMachine } from '../ports/state-machine.js'
import type { LogIndex, SnapshotMeta } from '../types.js'
import { asIndex, ZERO_INDEX } from '../types.js'
import type { ApplyLoop, Cut } from './apply-loop.js'
import { machineFailure } from './apply-loop.js'
import { stopped } from './calls.js'
import type { ConsensusCore } from './consensus-core.js'

/** When the replica takes snapshots by itself; the service may ask for one at any time. */
export interface SnapshotPolicy {
  /** Bytes of log that a snapshot would free, above which one is taken. -1: never. */
  readonly maxLogBytes: number
  /** Entries kept below a snapshot, so that a follower that is a little behind needs no snapshot. */
  readonly trailingEntries: number
}

export interface TakingHooks {
  input(input: Input): void
  taken(meta: SnapshotMeta): void
  failed(error: unknown): void
  track(work: Promise<unknown>): void
}

/** While a peer is being sent a snapshot, the log may grow to this multiple of its limit before the next one is taken. */
const TRANSFER_PATIENCE = 3

interface Waiter {
  /** The snapshot must cover at least this. */
  readonly index: LogIndex
  readonly resolve: (meta: SnapshotMeta) => void
  readonly reject: (error: unknown) => void
}

/** Nothing but the word that the state is where it was; or the state itself. */
type Kind = 'reference' | 'whole'

/**
 * Takes local snapshots, one at a time. The cut is made synchronously between two batches, at exactly the applied index; the
 * bytes are streamed to storage while newer commands are applied. The log is compacted only when the file is durable.
 *
 * With a durable state, compaction copies nothing: the state is flushed, and the snapshot refers to it. The state itself goes into a file only for somebody else: a peer that
 * needs a snapshot, or the service. A reference lies one entry below what is applied, so that there is always room for a whole one above it.
 */
export class SnapshotTaker<Result> {
  readonly #core: ConsensusCore
  readonly #storage: Storage
  readonly #machine: StateMachine<Result>
  readonly #applyLoop: ApplyLoop<Result>
  readonly #policy: SnapshotPolicy
  readonly #hooks: TakingHooks
  #waiters: Waiter[] = []
  #cutRequested: Kind | null = null
  #writing = false
  #stopped = false
  /** Index of the newest snapshot, taken or installed. */
  #snapshotIndex: LogIndex
  /** Estimate of what was applied since then: without progress no new snapshot, however long the tail behind it is. */
  #bytesSince = 0
  /** Snapshots of this life that hold the state. Of older ones that is not known. */
  readonly #whole = new Set<LogIndex>()

  constructor(options: {
    readonly core: ConsensusCore
    readonly storage: Storage
    readonly machine: StateMachine<Result>
    readonly applyLoop: ApplyLoop<Result>
    readonly policy: SnapshotPolicy
    readonly hooks: TakingHooks
  }) {
    this.#core = options.core
    this.#storage = options.storage
    this.#machine = options.machine
    this.#applyLoop = options.applyLoop
    this.#policy = options.policy
    this.#hooks = options.hooks
    this.#snapshotIndex = options.storage.snapshots.latest?.index ?? ZERO_INDEX
  }

  /** A batch was applied: is it time? */
  applied(bytes: number): void {
    this.#bytesSince += bytes
    if (this.#writing || this.#cutRequested !== null || this.#applyLoop.appliedIndex <= this.#snapshotIndex) return
    if (!this.#describable(this.#applyLoop.appliedIndex)) return
    if (this.#logTooLong() || (!this.#core.isWitness && this.#machine.wantsSnapshot?.() === true)) {
      this.#request(this.#refers ? 'reference' : 'whole')
    }
  }

  get #refers(): boolean {
    return !this.#core.isWitness && this.#durable !== null
  }

  get #durable(): DurableState | null {
    return this.#machine.durable ?? null
  }

  /** Null when this snapshot holds the state; otherwise resolves when there is a newer one that does. Rejects as `take`. */
  wholeInsteadOf(meta: SnapshotMeta): Promise<unknown> | null {
    return this.#durable === null || this.#whole.has(meta.index) ? null : this.take()
  }

  /** The leader's snapshot replaced the state. */
  restored(meta: SnapshotMeta): void {
    this.#covered(meta, meta.form === 'state' ? 'reference' : 'whole')
    this.#bytesSince = 0
  }

  /**
   * The service's own decision. Resolves to a durable snapshot of everything that is applied now (or more); the one that exists when
   * nothing was applied since. INVALID (refused) when nothing was ever applied.
   */
  take(): Promise<SnapshotMeta> {
    const index = this.#applyLoop.appliedIndex
    const latest = this.#storage.snapshots.latest
    if (latest !== null && latest.index >= index) {
      // References lie below what is applied: this one holds the state.
      this.#whole.add(latest.index)
      return Promise.resolve(latest)
    }
    if (index === ZERO_INDEX) return Promise.reject(new BalsaError('INVALID', 'nothing is applied yet: there is nothing to snapshot'))
    if (!this.#describable(index)) {
      return Promise.reject(new BalsaError('UNAVAILABLE', 'this member has not come to a configuration of its cluster yet'))
    }
    return new Promise((resolve, reject) => {
      this.#waiters.push({ index, resolve, reject })
      if (!this.#writing) this.#request('whole')
    })
  }

  stop(cause?: unknown): void {
    this.#stopped = true
    for (const waiter of this.#waiters) waiter.reject(stopped(cause))
    this.#waiters = []
  }

  /**
   * A member that joins starts without a configuration, and below the first one in the log there is none: a snapshot from there would make
   * a cluster without members.
   */
  #describable(index: LogIndex): boolean {
    return this.#core.configurationAt(index).voters.length > 0
  }

  #logTooLong(): boolean {
    const { maxLogBytes } = this.#policy
    if (maxLogBytes < 0) return false
    const { logBytes } = this.#storage
    // What is kept for slow followers, or not committed yet, stays whatever is done: only half a limit of progress makes a new one worth it.
    if (logBytes <= maxLogBytes || this.#bytesSince < maxLogBytes / 2) return false
    const sending = this.#core.peers().some((peer) => peer.state === 'snapshot')
    return !sending || logBytes > TRANSFER_PATIENCE * maxLogBytes
  }

  #request(kind: Kind): void {
    if (this.#stopped) return
    if (this.#cutRequested !== null) {
      // The one that is on its way may as well hold the state.
      if (kind === 'whole') this.#cutRequested = kind
      return
    }
    this.#cutRequested = kind
    this.#applyLoop.whenAtRest((cut) => {
      const requested = this.#cutRequested
      this.#cutRequested = null
      if (requested === 'reference' && this.#durable !== null) this.#refer(cut, this.#durable)
      else this.#write(cut)
    })
  }

  #refer({ index, before }: Cut, durable: DurableState): void {
    if (this.#stopped || before === null || before.index <= this.#snapshotIndex || !this.#describable(before.index)) return
    this.#writing = true
    this.#bytesSince = 0
    const description = { ...before, configuration: this.#core.configurationAt(before.index) }
    // Nobody who closes waits for the flush: when the log has failed, what makes the state durable may never come.
    durable.flush(index).then(
      () => {
        if (!this.#stopped) this.#finish('reference', this.#storage.snapshots.write(description, durable.reference(before.index)))
      },
      (error: unknown) => this.#failed(error),
    )
  }

  #write({ index, term, timeMs }: Cut): void {
    if (this.#stopped || index <= this.#snapshotIndex) return
    this.#writing = true
    this.#bytesSince = 0
    const configuration = this.#core.configurationAt(index)
    let chunks: AsyncIterable<Uint8Array> | null
    try {
      chunks = this.#core.isWitness ? null : this.#chunksOfNow()
    } catch (error) {
      this.#hooks.failed(machineFailure('snapshot', error))
      return
    }
    this.#finish('whole', this.#storage.snapshots.write({ index, term, timeMs, configuration }, chunks))
  }

  #finish(kind: Kind, writing: Promise<SnapshotMeta>): void {
    const written = writing.then(
      (meta) => this.#written(meta, kind),
      (error: unknown) => this.#failed(error),
    )
    this.#hooks.track(written)
  }

  #failed(error: unknown): void {
    this.#writing = false
    if (!this.#stopped) this.#hooks.failed(error)
  }

  /**
   * The first chunk is asked for here and now: the body of a generator function runs only then, and its cut would otherwise be made
   * after the next batch.
   */
  #chunksOfNow(): AsyncIterable<Uint8Array> {
    const isStopped = (): boolean => this.#stopped
    const iterator = this.#machine.snapshot()[Symbol.asyncIterator]()
    const first = iterator.next()
    // Whoever reads the chunks hears of a failure; until then it must not count as unhandled.
    first.catch(() => undefined)
    async function* chunks(): AsyncGenerator<Uint8Array> {
      let exhausted = false
      try {
        for (let result = await first; ; result = await iterator.next()) {
          exhausted = result.done === true
          if (result.done === true) return
          if (isStopped()) throw stopped()
          yield result.value
        }
      } catch (error) {
        throw isStopped() ? error : machineFailure('snapshot', error)
      } finally {
        if (!exhausted) await iterator.return?.()
      }
    }
    return chunks()
  }

  #written(meta: SnapshotMeta, kind: Kind): void {
    this.#writing = false
    if (this.#stopped) return
    this.#covered(meta, kind)
    const firstIndexToKeep = asIndex(Math.max(1, meta.index + 1 - this.#policy.trailingEntries))
    this.#hooks.input({ type: 'snapshotTaken', meta, firstIndexToKeep })
    this.#hooks.taken(meta)
    if (this.#waiters.length > 0) this.#request('whole')
  }

  #covered(meta: SnapshotMeta, kind: Kind): void {
    if (meta.index > this.#snapshotIndex) this.#snapshotIndex = meta.index
    if (kind === 'reference') return
    this.#whole.add(meta.index)
    const served = this.#waiters.filter((waiter) => waiter.index <= meta.index)
    if (served.length === 0) return
    this.#waiters = this.#waiters.filter((waiter) => waiter.index > meta.index)
    for (const waiter of served) waiter.resolve(meta)
  }
}
