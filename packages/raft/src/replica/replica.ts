import type { Role } from '../core/effects.js'
import type { MembershipChange } from '../core/membership-change.js'
import { RaftCore } from '../core/core.js'
import { BalsaError } from '../errors.js'
import type { Storage } from '../log/storage.js'
import type { Clock, Random } from '../ports/clock.js'
import type { StateMachine } from '../ports/state-machine.js'
import type { Transport } from '../ports/transport.js'
import type { Configuration, LogIndex, MemberId, SnapshotMeta, Term } from '../types.js'
import { EntryType, ZERO_INDEX } from '../types.js'
import type { Place } from './apply-loop.js'
import type { CallOptions } from './calls.js'
import { stopped } from './calls.js'
import type { MembershipChanged } from './changes.js'
import type { ConsensusCore, PeerProgress } from './consensus-core.js'
import { Driver } from './driver.js'
import type { EventOf, EventStreamOptions, ReplicaEvent, ReplicaEventType } from './events.js'
import type { ReplicaOptions, ResolvedReplicaOptions } from './options.js'
import { resolveReplicaOptions } from './options.js'
import type { Proposed, Started } from './proposals.js'
import { startMachine } from './start-place.js'
import { type AgedAnswer, type ReadOptions, requireReadOptions, tooStale } from './read-options.js'

export interface PeerReplication extends PeerProgress {
  /** Entries that this peer is not known to have on disk. */
  readonly lag: number
}

/** How this member sees itself and the cluster, at one moment. */
export interface ReplicaStatus {
  readonly state: 'running' | 'closing' | 'closed' | 'failed'
  readonly id: MemberId
  readonly role: Role
  readonly term: Term
  readonly leaderId: MemberId | null
  readonly commitIndex: LogIndex
  /** Everything up to here is in the state machine. */
  readonly appliedIndex: LogIndex
  readonly firstIndex: LogIndex
  readonly lastIndex: LogIndex
  /** 0 when there is no snapshot. */
  readonly snapshotIndex: LogIndex
  readonly configuration: Configuration
  /** Empty unless this member leads. */
  readonly peers: readonly PeerReplication[]
  /** Bytes of log that a snapshot taken now would free. */
  readonly logBytes: number
  readonly pendingProposals: number
  readonly pendingReads: number
  /** Messages of peers that were malformed or not for this member, since the start. */
  readonly droppedMessages: number
}

export interface CloseOptions {
  /** Hand leadership to another voter first, if this member leads; takes at most one election time-out, and is not an error when it fails. */
  readonly transferLeadership?: boolean
}

export interface ChangeOptions extends CallOptions {
  /** Change also when a majority of the new voters does not seem to be alive. */
  readonly force?: boolean
}

export type WaitCondition = 'leader-known' | 'is-leader' | 'caught-up'

interface Ports<Result, Query, Answer> {
  readonly clock: Clock
  readonly random: Random
  readonly storage: Storage
  readonly transport: Transport
  readonly machine: StateMachine<Result, Query, Answer>
}

/**
 * One member of a replicated state machine: consensus, log, network and state machine joined. Every call ends: with its answer, at its
 * deadline, by its signal, or with STOPPED when the replica stops.
 */
export class Replica<Result = unknown, Query = unknown, Answer = unknown> implements AsyncDisposable {
  /**
   * Resolves when this replica has stopped for whatever reason and holds nothing any more: with null after `close()`, with the error that
   * stopped it otherwise. Never rejects.
   */
  readonly closed: Promise<BalsaError | null>
  readonly #ports: Ports<Result, Query, Answer>
  readonly #driver: Driver<Result>
  readonly #electionTimeoutMs: number
  readonly #leaseReads: boolean
  #state: ReplicaStatus['state'] = 'running'
  #closing: Promise<void> | null = null
  #failure: BalsaError | null = null
  #resolveClosed: (error: BalsaError | null) => void = () => undefined

  private constructor(ports: Ports<Result, Query, Answer>, start: Place, core: ConsensusCore, options: ResolvedReplicaOptions) {
    this.#ports = ports
    this.#electionTimeoutMs = options.core.electionTimeoutMs
    this.#leaseReads = options.core.leaseReads !== null
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve
    })
    this.#driver = new Driver<Result>({ ...ports, start }, core, options, (error) => this.#failed(error))
  }

  /**
   * Starts a member: its newest snapshot goes into the state machine first (unless that has all of it), then the log behind it as it is known to be committed
   *. Takes over `storage` and `transport`, and closes them when it fails.
   * Errors (fatal): CONFIG, IDENTITY_MISMATCH, CORRUPT, STATE_MACHINE_FAILED, and whatever the transport's start says.
   */
  static async open<Result, Query, Answer>(options: ReplicaOptions<Result, Query, Answer>): Promise<Replica<Result, Query, Answer>> {
    const { clock, random, storage, transport, stateMachine: machine } = options
    try {
      const resolved = resolveReplicaOptions(options)
      const start = await startMachine(machine, storage)
      const create = options.createCore ?? ((core, recovered, nowMs) => new RaftCore(core, recovered, nowMs))
      const recovered = { ...storage.recovered, tail: storage.takeTail(), appliedIndex: start.index }
      const core = create(resolved.core, recovered, clock.now())
      const replica = new Replica<Result, Query, Answer>({ clock, random, storage, transport, machine }, start, core, resolved)
      await replica.#driver.start()
      return replica
    } catch (error) {
      // The reason for the failure matters; closing is only tidying up after it.
      await Promise.allSettled([transport.close(), storage.close()])
      throw error
    }
  }

  get id(): MemberId {
    return this.#driver.core.id
  }

  /**
   * Replicates a command and applies it. The answer is the state machine's. The bytes must not be changed any more.
   *
   * Refused (never applied): NOT_LEADER (with the leader's id and client address), NO_LEADER, OVERLOADED, TOO_LARGE, TRANSFER_IN_PROGRESS,
   * STOPPED, ABORTED, DEADLINE, SUPERSEDED. Unknown (may be applied): LEADERSHIP_LOST, OUTCOME_UNKNOWN.
   */
  propose(command: Uint8Array, options: CallOptions = {}): Promise<Proposed<Result>> {
    if (this.#state !== 'running') return Promise.reject(stopped())
    const proposed = this.#driver.proposals.add(EntryType.command, command, options)
    this.#driver.schedule()
    return proposed
  }

  /**
   * Hands a command to consensus and tells where it will stand if it is committed, without waiting for that and without any promise
   *. Not being the leader is an answer here, not an error.
   */
  start(command: Uint8Array): Promise<Started> {
    if (this.#state !== 'running') return Promise.reject(stopped())
    const started = this.#driver.proposals.addStart(EntryType.command, command)
    this.#driver.schedule()
    return started
  }

  /**
   * Resolves when this member has applied everything that was committed anywhere before the call; a `query` in the same turn is then
   * linearizable (thesis, section 6.4). Works on every member; costs no log write.
   * Refused: NO_LEADER, NOT_LEADER (leadership changed), OVERLOADED, STOPPED, ABORTED, DEADLINE.
   */
  readIndex(options: CallOptions = {}): Promise<LogIndex> {
    return this.#read(options, (index) => index)
  }

  /**
   * A query, linearizable unless told otherwise: {@link readIndex}, then the query in the same synchronous step, so that nothing can come
   * in between. Where lease reads are on, the leader answers without asking anybody while its lease holds; `lease` demands that they are on.
   * A `stale` one is answered at once from what this member has applied; with `maxStaleMs` only when that is known to be young enough.
   * Refused: as `readIndex`, and LEASES_OFF (lease), TOO_STALE, UNAVAILABLE (stale: a snapshot replaces the state), INVALID.
   */
  async read(query: Query, options: ReadOptions = {}): Promise<Answer> {
    return (await this.readWithAge(query, options)).answer
  }

  /** As {@link read}, and says how old the answer can be at most. */
  readWithAge(query: Query, options: ReadOptions = {}): Promise<AgedAnswer<Answer>> {
    const { consistency, maxStaleMs, ...call } = options
    const refusal = requireReadOptions(options, this.#leaseReads)
    if (refusal !== null) return Promise.reject(refusal)
    if (consistency === 'stale') return this.#readStale(query, maxStaleMs ?? Infinity)
    return this.#read(call, () => {
      this.#requireData()
      return { answer: this.#ports.machine.query(query), ageMs: 0 }
    })
  }

  /** Nothing is waited for, no disk and no other member: asynchronous only so that every read looks alike. */
  async #readStale(query: Query, maxStaleMs: number): Promise<AgedAnswer<Answer>> {
    const { ageMs } = this
    if (maxStaleMs < Infinity && !(ageMs <= maxStaleMs)) throw tooStale(ageMs, maxStaleMs)
    return { answer: this.query(query), ageMs }
  }

  /**
   * How old the state of this member can be at most, in ms: it holds everything that was committed anywhere so long ago. Infinity when
   * that is not known, for example on a member that no leader has been heard on since its start.
   */
  get ageMs(): number {
    const { core, applyLoop } = this.#driver
    const nowMs = this.#ports.clock.now()
    return nowMs - core.freshAsOfMs(applyLoop.appliedIndex, nowMs)
  }

  #read<T>(options: CallOptions, ready: (index: LogIndex) => T): Promise<T> {
    if (this.#state !== 'running') return Promise.reject(stopped())
    const read = this.#driver.reads.add(options, ready)
    this.#driver.schedule()
    return read
  }

  /**
   * What this member has applied, which may be behind others (stale). Throws UNAVAILABLE (refused) while a snapshot replaces the state,
   * STOPPED (refused) once the replica stopped.
   */
  query(query: Query): Answer {
    if (this.#state === 'closed' || this.#state === 'failed') throw stopped()
    if (!this.#driver.applyLoop.readable) {
      throw new BalsaError('UNAVAILABLE', 'the state is being replaced by a snapshot', { hint: 'Use read(), which waits.' })
    }
    this.#requireData()
    return this.#ports.machine.query(query)
  }

  #requireData(): void {
    if (!this.#driver.core.isWitness) return
    throw new BalsaError('UNAVAILABLE', 'this member is a witness: it holds no data', { hint: 'Ask another member.' })
  }

  /**
   * Makes `target` (or the voter that is furthest, without one) the leader; resolves to its id when it is known to lead.
   * Refused: NOT_LEADER, INVALID (not a voter), TRANSFER_IN_PROGRESS, TRANSFER_FAILED, STOPPED. Unknown: OUTCOME_UNKNOWN (gave up waiting).
   */
  transferLeadership(target: MemberId | null = null, options: CallOptions = {}): Promise<MemberId> {
    if (this.#state !== 'running') return Promise.reject(stopped())
    return this.#transfer(target, options)
  }

  #transfer(target: MemberId | null, options: CallOptions): Promise<MemberId> {
    return this.#driver.transfers.add(options, (ref) => this.#driver.request({ type: 'transfer', ref, target }))
  }

  /**
   * Changes who belongs to the cluster; resolves when the whole change is committed, a joint configuration left included. Learners that were
   * added with `promote`, or that replace somebody, become voters later by themselves: `status().configuration` and the event `membership`
   * show it. `force` leaves out the check that a majority of the new voters is alive.
   * Refused: NOT_LEADER, NO_LEADER, UNAVAILABLE (the leader is too new, or a learner to promote does not keep up), MEMBERSHIP_PENDING,
   * MEMBER_EXISTS, MEMBER_UNKNOWN, MEMBER_REMOVED, QUORUM_AT_RISK, TRANSFER_IN_PROGRESS, INVALID, STOPPED, ABORTED, DEADLINE.
   * Unknown: LEADERSHIP_LOST, OUTCOME_UNKNOWN.
   */
  changeMembership(changes: readonly MembershipChange[], options: ChangeOptions = {}): Promise<MembershipChanged> {
    if (this.#state !== 'running') return Promise.reject(stopped())
    const { force = false, ...call } = options
    return this.#driver.changes.add(call, (ref) => this.#driver.request({ type: 'change', ref, changes, force }))
  }

  /** Bytes of log that a snapshot taken now would free: for a service that decides by itself when to call {@link takeSnapshot}. */
  get logBytes(): number {
    return this.#ports.storage.logBytes
  }

  /**
   * Takes a snapshot of everything that is applied now; resolves when it is durable. Resolves to the newest one when nothing was applied
   * since. INVALID (refused) when nothing was ever applied.
   */
  takeSnapshot(): Promise<SnapshotMeta> {
    return this.#state === 'running' ? this.#driver.taker.take() : Promise.reject(stopped())
  }

  /** As `status()` says it, at no cost. */
  get role(): Role {
    return this.#driver.core.role
  }

  /** As `status()` says it, at no cost. */
  get term(): Term {
    return this.#driver.core.term
  }

  /** As `status()` says it, at no cost. */
  get pendingProposals(): number {
    return this.#driver.proposals.pending
  }

  /** As `status()` says it, at no cost. */
  get pendingReads(): number {
    return this.#driver.reads.pending
  }

  /** As `status()` says it, at no cost. */
  get leaderId(): MemberId | null {
    return this.#driver.core.leaderId
  }

  status(): ReplicaStatus {
    const { core, applyLoop, proposals, reads, counters } = this.#driver
    const { lastIndex } = core
    return {
      state: this.#state,
      id: core.id,
      role: core.role,
      term: core.term,
      leaderId: core.leaderId,
      commitIndex: core.commitIndex,
      appliedIndex: applyLoop.appliedIndex,
      firstIndex: core.firstIndex,
      lastIndex,
      snapshotIndex: core.snapshotMeta?.index ?? ZERO_INDEX,
      configuration: core.configuration,
      peers: core.peers().map((peer) => ({ ...peer, lag: Math.max(0, lastIndex - peer.matchIndex) })),
      logBytes: this.#ports.storage.logBytes,
      pendingProposals: proposals.pending,
      pendingReads: reads.pending,
      droppedMessages: counters.droppedMessages,
    }
  }

  /** Calls `listener` for every event of this type, until disposed. It runs inside of the replica's turn: keep it short. */
  on<T extends ReplicaEventType>(type: T, listener: (event: EventOf<T>) => void): Disposable {
    return this.#driver.events.on(type, listener)
  }

  /**
   * All events from the moment when the iteration begins, until the replica stops, the signal is aborted or the loop is left. A reader
   * that is too slow gets an `overflow` event in place of what it missed.
   */
  events(options: EventStreamOptions = {}): AsyncIterable<ReplicaEvent> {
    return this.#driver.events.stream(options)
  }

  /**
   * - `leader-known`: this member knows who leads its term.
   * - `is-leader`: it leads.
   * - `caught-up`: it has applied everything that was committed when it asked a leader that a majority confirmed: it is ready to serve.
   * Refused: STOPPED, ABORTED, DEADLINE.
   */
  async waitFor(condition: WaitCondition, options: CallOptions = {}): Promise<void> {
    const { core } = this.#driver
    switch (condition) {
      case 'leader-known':
        return this.#until(() => core.leaderId !== null, options)
      case 'is-leader':
        return this.#until(() => core.role === 'leader', options)
      case 'caught-up':
        return this.#untilCaughtUp(this.#absolute(options))
    }
  }

  async #untilCaughtUp(options: CallOptions): Promise<void> {
    for (;;) {
      await this.waitFor('leader-known', options)
      try {
        await this.readIndex(options)
        return
      } catch (error) {
        const temporary = error instanceof BalsaError && ['NO_LEADER', 'NOT_LEADER', 'OVERLOADED'].includes(error.code)
        if (!temporary) throw error
      }
      // Something must have happened before it is worth another try.
      let turns = 0
      await this.#until(() => turns++ > 0, options)
    }
  }

  /** A time-out that spans several steps counts from the first. */
  #absolute({ timeoutMs, ...options }: CallOptions): CallOptions {
    if (timeoutMs === undefined) return options
    return { ...options, deadlineMs: Math.min(options.deadlineMs ?? Infinity, this.#ports.clock.now() + timeoutMs) }
  }

  /** Asks `condition` now and after every turn. */
  #until(condition: () => boolean, options: CallOptions): Promise<void> {
    const { guards, watchers } = this.#driver
    if (this.#state !== 'running') return Promise.reject(stopped())
    if (condition()) return Promise.resolve()
    const refusal = guards.refusal(options)
    if (refusal !== null) return Promise.reject(refusal)
    return new Promise((resolve, reject) => {
      const end = (finish: () => void): void => {
        watchers.delete(watch)
        guard?.release()
        finish()
      }
      const watch = (): void => {
        if (!this.#driver.running) end(() => reject(stopped()))
        else if (condition()) end(resolve)
      }
      const guard = guards.guard(
        {
          cancel: (code) => end(() => reject(new BalsaError(code, 'the condition did not come true in time'))),
        },
        options,
      )
      watchers.add(watch)
    })
  }

  /**
   * Stops: accepts nothing more, ends all waiting calls, and resolves when nothing of this replica runs any more (a state machine that is in
   * the middle of `apply` or `restore` is waited for). Safe at any moment and any number of times.
   */
  close(options: CloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(options)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close({ transferLeadership = false }: CloseOptions): Promise<void> {
    this.#state = 'closing'
    if (transferLeadership && this.#driver.core.role === 'leader') {
      // A courtesy to the cluster: when nobody takes over in time, an election will find a leader.
      await this.#transfer(null, { timeoutMs: this.#electionTimeoutMs }).catch(() => undefined)
    }
    this.#driver.stop()
    await this.#release()
  }

  #failed(error: BalsaError): void {
    this.#state = 'failed'
    this.#failure = error
    // What goes wrong while closing after a fatal error is a consequence of that error.
    this.#closing ??= this.#release().catch(() => undefined)
  }

  async #release(): Promise<void> {
    const { transport, storage } = this.#ports
    const results = await Promise.allSettled([transport.close(), this.#driver.idle()])
    results.push(...(await Promise.allSettled([storage.close()])))
    this.#driver.events.close()
    if (this.#state !== 'failed') this.#state = 'closed'
    this.#resolveClosed(this.#failure)
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }
}
