import type { CoreEvent, Effects, Input, PersistEffect } from '../core/effects.js'
import { BalsaError, invariant } from '../errors.js'
import type { Storage } from '../log/storage.js'
import type { Clock, Random, Timer } from '../ports/clock.js'
import type { StateMachine } from '../ports/state-machine.js'
import type { Transport } from '../ports/transport.js'
import type { LogIndex, MemberId, SnapshotMeta, Term } from '../types.js'
import { decodeMessage, encodeMessage, laneOf } from '../wire/message-codec.js'
import { ApplyLoop, type Place } from './apply-loop.js'
import { AutomaticTransfer } from './automatic-transfer.js'
import { CallGuards } from './calls.js'
import { ChangeTable } from './changes.js'
import type { ConsensusCore } from './consensus-core.js'
import { DurableEnd } from './durable-end.js'
import { EventHub } from './events.js'
import { Gather } from './gather.js'
import type { ResolvedReplicaOptions } from './options.js'
import { ProposalTable } from './proposals.js'
import { ReadTable } from './reads.js'
import { SnapshotTaker } from './snapshot-taking.js'
import { SnapshotReceiver, SnapshotSender } from './snapshot-transfer.js'
import { StateSharing } from './state-sharing.js'
import { TransferTable } from './transfers.js'

/** Rounds of one turn; what is still to do then waits for the next one, so that the event loop lives. */
const MAX_ROUNDS = 16

/** A round for reads needs no disk, so it is worth a shorter wait than one for commands. */
const READ_SHARE = 3

export interface DriverCounters {
  /** Messages of peers that could not be decoded, or were not for this member. */
  droppedMessages: number
  turns: number
}

/**
 * Joins the pure core with the world. One loop: everything that arrived is stepped, then the effects are taken once and carried out.
 * So commands that arrive together are written, sent and applied together, by load and without a timer (group commit). Every `await` of the
 * replica is out here at the edge; what it brings comes back to the core as an input, and the core's state is read anew.
 */
export class Driver<Result> {
  readonly core: ConsensusCore
  readonly events: EventHub
  readonly guards: CallGuards
  readonly proposals: ProposalTable<Result>
  readonly reads: ReadTable
  readonly transfers: TransferTable
  readonly changes: ChangeTable
  readonly applyLoop: ApplyLoop<Result>
  readonly taker: SnapshotTaker<Result>
  readonly counters: DriverCounters = { droppedMessages: 0, turns: 0 }
  readonly #clock: Clock
  readonly #storage: Storage
  readonly #transport: Transport
  readonly #sender: SnapshotSender
  /** For a state machine whose state must not run ahead of the log. */
  readonly #durableEnd: DurableEnd | null
  readonly #receiver: SnapshotReceiver
  readonly #automatic: AutomaticTransfer | null
  /** Called after every turn: for conditions that somebody waits for. */
  readonly watchers = new Set<() => void>()

  readonly #gather: Gather
  readonly #readGather: Gather
  #inbox: Input[] = []
  /** Transfers of leadership and changes of membership. */
  #requests: Input[] = []
  #scheduled = false
  /** What comes now is seen before the turn ends. */
  #stepping = false
  #pumpScheduled = false
  #running = true
  #timer: Timer | null = null
  #timerAtMs = Infinity
  #lastTerm: Term
  /** The transport still knows members that an uncommitted change leaves out. */
  #changeUndecided = false
  /** Work under way that a clean stop waits for. */
  #underWay = 0
  #waitingForIdle: (() => void)[] = []
  readonly #onFailure: (error: BalsaError) => void

  constructor(
    ports: {
      readonly clock: Clock
      readonly random: Random
      readonly storage: Storage
      readonly transport: Transport
      readonly machine: StateMachine<Result>
      /** Where the state machine stands. */
      readonly start: Place
    },
    core: ConsensusCore,
    { limits, snapshots: policy, slowness, gatherMs }: ResolvedReplicaOptions,
    onFailure: (error: BalsaError) => void,
  ) {
    const { clock, storage, machine } = ports
    this.core = core
    this.#clock = clock
    this.#storage = storage
    this.#transport = ports.transport
    this.#lastTerm = core.term
    const state = machine.durable ?? null
    this.#durableEnd = state === null ? null : new DurableEnd(storage.recovered.lastIndex, (index) => state.logDurable(index))
    this.#onFailure = onFailure
    this.events = new EventHub(clock)
    this.guards = new CallGuards(clock)
    this.proposals = new ProposalTable(limits, this.guards)
    this.#gather = new Gather(gatherMs)
    this.#readGather = new Gather(gatherMs / READ_SHARE)
    this.reads = new ReadTable(limits.maxPendingReads, this.guards)
    this.transfers = new TransferTable(this.guards)
    this.changes = new ChangeTable(this.guards)
    const hooks = {
      input: (input: Input): void => this.input(input),
      failed: (error: unknown): void => this.fail(error),
      track: (work: Promise<unknown>): void => this.track(work),
    }
    this.applyLoop = new ApplyLoop({
      core,
      storage,
      machine,
      clock,
      limits,
      proposals: this.proposals,
      hooks: {
        ...hooks,
        applied: (index, bytes) => this.#applied(index, bytes),
        restored: (meta) => this.#restored(meta),
      },
      start: ports.start,
    })
    const taken = (meta: SnapshotMeta): void => this.events.emit({ type: 'snapshot', meta })
    this.taker = new SnapshotTaker({ core, storage, machine, policy, applyLoop: this.applyLoop, hooks: { ...hooks, taken } })
    const sharing =
      state?.transfer === undefined ? null : new StateSharing({ transfer: state.transfer, core, storage, clock, random: ports.random })
    const sending = { ...hooks, wholeInsteadOf: (meta: SnapshotMeta): Promise<unknown> | null => this.taker.wholeInsteadOf(meta) }
    this.#sender = new SnapshotSender(storage, clock, limits.snapshotBytesPerSecond, sending, sharing)
    this.#receiver = new SnapshotReceiver(storage, hooks, state)
    const request = (ref: number, target: MemberId): void => this.request({ type: 'transfer', ref, target })
    const parts = { core, clock, events: this.events, transfers: this.transfers, request }
    this.#automatic = slowness === null ? null : new AutomaticTransfer(parts, slowness)
  }

  get running(): boolean {
    return this.#running
  }

  /** Peers may be heard from here on. */
  async start(): Promise<void> {
    this.#tellPeers()
    await this.#transport.start({
      onMessage: (from, message) => this.#receive(from, message),
      onPeerState: (id, up) => {
        if (!this.#running) return
        if (!up) this.input({ type: 'peerLost', peer: id })
        this.events.emit({ type: 'peer', id, up })
      },
    })
    this.schedule()
  }

  input(input: Input): void {
    if (!this.#running) return
    // Most turns begin with one input: an array that is made with it is a tenth of one that grows by `push`.
    if (this.#inbox.length === 0) this.#inbox = [input]
    else this.#inbox.push(input)
    this.schedule()
  }

  /** Asks the core to hand over leadership or to change the membership; not before the commands that arrived earlier in the same turn. */
  request(request: Extract<Input, { type: 'transfer' | 'change' }>): void {
    this.#requests.push(request)
    this.schedule()
  }

  /** Makes sure that a turn comes soon: after all input that has already arrived was delivered. */
  schedule(): void {
    if (this.#scheduled || this.#stepping || !this.#running) return
    this.#scheduled = true
    this.#clock.defer(this.#turn)
  }

  track(work: Promise<unknown>): void {
    // Whoever began the work deals with its failure; here only its end counts.
    this.#underWay++
    work.then(this.#workEnded, this.#workEnded)
  }

  readonly #workEnded = (): void => {
    if (--this.#underWay > 0) return
    const waiting = this.#waitingForIdle
    this.#waitingForIdle = []
    for (const resolve of waiting) resolve()
  }

  leaderAddress = (id: MemberId): string => this.core.configuration.members.find((member) => member.id === id)?.clientAddress ?? ''

  /** Something that cannot be survived: stops at once, so that nothing is sent or answered on a broken base. */
  fail(error: unknown): void {
    if (!this.#running) return
    const fatal = error instanceof BalsaError ? error : new BalsaError('INVARIANT', `unexpected error: ${String(error)}`, { cause: error })
    this.events.emit({ type: 'fatal', error: fatal })
    this.stop(fatal)
    this.#onFailure(fatal)
  }

  /** No more turns; everybody who waits is told. */
  stop(cause?: BalsaError): void {
    if (!this.#running) return
    this.#running = false
    this.#timer?.cancel()
    this.#timer = null
    this.#inbox = []
    this.#requests = []
    this.applyLoop.stop()
    this.taker.stop(cause)
    this.#sender.stop()
    this.#receiver.stop()
    this.proposals.stop(cause)
    this.reads.stop(cause)
    this.transfers.stop(cause)
    this.changes.stop(cause)
    this.guards.stop()
    for (const watcher of [...this.watchers]) watcher()
    this.watchers.clear()
  }

  /** Resolves when nothing that was begun is under way any more. */
  async idle(): Promise<void> {
    while (this.#underWay > 0) await new Promise<void>((resolve) => this.#waitingForIdle.push(resolve))
  }

  #receive(from: MemberId, bytes: Uint8Array): void {
    if (!this.#running) return
    try {
      const message = decodeMessage(bytes)
      if (message.from === from && message.to === this.core.id) this.input({ type: 'message', message })
      else this.counters.droppedMessages++
    } catch (error) {
      // A peer's broken bytes are the peer's trouble: they are counted, and the protocol repeats what matters.
      if (error instanceof BalsaError && error.family === 'refused') this.counters.droppedMessages++
      else this.fail(error)
    }
  }

  readonly #turn = (): void => {
    this.#scheduled = false
    if (!this.#running) return
    this.counters.turns++
    try {
      let rounds = 0
      this.#stepping = true
      while (this.#running && rounds < MAX_ROUNDS && this.#step()) {
        rounds++
        this.#dispatch(this.core.takeEffects())
      }
      this.#stepping = false
      if (!this.#running) return
      const isHolding = (this.#gather.isHolding && this.proposals.hasQueued) || (this.#readGather.isHolding && this.reads.hasQueued)
      if (isHolding) this.schedule()
      this.#automatic?.turned(this.#clock.now())
      if (rounds === MAX_ROUNDS) this.schedule()
      this.#armTimer()
      if (this.watchers.size > 0) for (const watcher of [...this.watchers]) watcher()
    } catch (error) {
      this.fail(error)
    }
  }

  /** Gives the core everything that has arrived; the clock comes last, so that after a pause a waiting message is heard before a timer fires. */
  #step(): boolean {
    const { core } = this
    const nowMs = this.#clock.now()
    const inbox = this.#inbox
    let stepped = inbox.length > 0
    if (stepped) {
      this.#inbox = []
      for (const input of inbox) core.step(input, nowMs)
    }
    if (this.proposals.hasQueued && !this.#gather.holds(this.proposals.pending, nowMs)) {
      const proposals = this.proposals.take()
      if (proposals.length > 0) {
        core.step({ type: 'propose', proposals }, nowMs)
        stepped = true
      }
    }
    if (this.reads.hasQueued && !this.#readGather.holds(this.reads.pending, nowMs)) {
      const ref = this.reads.take()
      if (ref !== null) {
        core.step({ type: 'read', ref }, nowMs)
        stepped = true
      }
    }
    if (this.#requests.length > 0) {
      for (const request of this.#requests.splice(0)) core.step(request, nowMs)
      stepped = true
    }
    if (nowMs >= core.deadlineMs()) {
      core.step({ type: 'tick' }, nowMs)
      stepped = true
    }
    return stepped
  }

  #dispatch(effects: Effects): void {
    for (const event of effects.events) this.#coreEvent(event)
    // Messages that may leave at once leave before the disk is asked: the leader replicates while its own disk works.
    for (const message of effects.messages) this.#transport.send(message.to, laneOf(message), encodeMessage(message))
    const persisted = effects.persist === null ? null : this.#persist(effects.persist)
    this.#answerCallers(effects)
    if (effects.restore !== null) {
      invariant(persisted !== null, 'a snapshot is installed by a persist effect')
      this.proposals.replacedBySnapshot(effects.restore.index)
      this.applyLoop.restore(effects.restore, persisted)
    }
    for (const load of effects.loads) this.#load(load)
    for (const read of effects.snapshotReads) this.#sender.read(read)
    for (const chunk of effects.snapshotChunks) this.#receiver.store(chunk)
    if (effects.commitIndex !== null) {
      this.applyLoop.commit(effects.commitIndex)
      if (this.#changeUndecided) this.#tellPeers()
      if (this.events.wants('commit')) this.events.emit({ type: 'commit', index: effects.commitIndex })
    }
    if (effects.reads.length > 0) this.#readsReady()
    if (effects.messages.length === 0 && persisted === null) this.applyLoop.pump()
    else if (this.applyLoop.hasWork) this.#pumpSoon()
  }

  /** Others wait for what was sent and for what goes to the disk: it leaves first, because applying takes long. */
  #pumpSoon(): void {
    if (this.#pumpScheduled) return
    this.#pumpScheduled = true
    this.#clock.defer(this.#pump)
  }

  readonly #pump = (): void => {
    this.#pumpScheduled = false
    try {
      this.applyLoop.pump()
    } catch (error) {
      this.fail(error)
    }
  }

  /**
   * Everybody in the configuration in force, and in the committed one as long as they differ: a change that may never be decided must not keep
   * this member from answering a leader that the change leaves out.
   */
  #tellPeers(): void {
    const { core } = this
    const { members } = core.configuration
    const committed = core.configurationAt(core.commitIndex)
    const leaving = committed.members.filter(({ id }) => members.every((member) => member.id !== id))
    this.#changeUndecided = leaving.length > 0 || committed.removed.length !== core.configuration.removed.length
    // Only a committed removal is told to the removed: it ends them for good.
    this.#transport.setPeers([...members, ...leaving], committed.removed)
  }

  #answerCallers(effects: Effects): void {
    const { core, proposals } = this
    if (effects.proposals.length > 0) proposals.outcomes(effects.proposals, core.term, this.leaderAddress)
    if (effects.transfers.length > 0) this.transfers.outcomes(effects.transfers, core.leaderId, this.leaderAddress)
    if (effects.changes.length > 0) this.changes.outcomes(effects.changes, this.leaderAddress)
    if (effects.reads.length > 0) this.reads.outcomes(effects.reads, this.leaderAddress)
    const leads = core.role === 'leader'
    if (proposals.hasAccepted && (!leads || core.term !== this.#lastTerm)) {
      proposals.leadershipEnded(leads ? core.term : null, core.commitIndex)
    }
    this.#lastTerm = core.term
  }

  #persist(effect: PersistEffect): Promise<void> {
    const durable = this.#storage.persist(effect)
    this.#durableEnd?.begun(effect)
    this.#automatic?.writing(durable)
    const { sequence } = effect
    this.track(
      durable.then(
        () => {
          this.#durableEnd?.ended()
          this.input({ type: 'persisted', sequence })
        },
        (error: unknown) => this.fail(error),
      ),
    )
    return durable
  }

  #load({ peer, from, to, maxBytes }: Effects['loads'][number]): void {
    this.track(
      this.#storage.readEntries(from, to, maxBytes).then(
        (entries) => this.input({ type: 'loaded', peer, from, entries }),
        (error: unknown) => this.fail(error),
      ),
    )
  }

  #coreEvent(event: CoreEvent): void {
    switch (event.type) {
      case 'configuration':
        this.#tellPeers()
        this.events.emit({ type: 'membership', index: event.index, configuration: event.configuration })
        return
      case 'role':
        if (event.role !== 'leader') this.#sender.releaseAll()
        this.events.emit(event)
        return
      case 'truncated':
        this.events.emit(event)
        return
      case 'peerState':
        // Shown by `status()`; it changes too often to be told.
        if (event.state !== 'snapshot') this.#sender.release(event.peer)
        return
    }
  }

  #applied(index: LogIndex, bytes: number): void {
    this.input({ type: 'applied', index })
    this.#readsReady()
    this.taker.applied(bytes)
  }

  #restored(meta: SnapshotMeta): void {
    this.taker.restored(meta)
    this.#receiver.restored()
    this.events.emit({ type: 'restored', meta })
    this.input({ type: 'applied', index: meta.index })
    this.#readsReady()
  }

  /** Reads run only while the state machine is at rest: between two batches, never in the middle of one. */
  #readsReady(): void {
    if (this.applyLoop.atRest) this.reads.applied(this.applyLoop.appliedIndex)
  }

  #armTimer(): void {
    const deadlineMs = this.core.deadlineMs()
    // A timer that fires too early costs one empty turn; setting it anew for every message costs more.
    if (this.#timerAtMs <= deadlineMs) return
    this.#timer?.cancel()
    this.#timerAtMs = deadlineMs
    this.#timer = this.#clock.setTimer(Math.max(0, deadlineMs - this.#clock.now()), this.#timerFired)
  }

  readonly #timerFired = (): void => {
    this.#automatic?.timerFired(this.#clock.now() - this.#timerAtMs)
    this.#timer = null
    this.#timerAtMs = Infinity
    // Most messages move the deadline: then there is nothing to do yet.
    if (this.#clock.now() < this.core.deadlineMs()) this.#armTimer()
    // Not here and now: messages that arrived during a pause of the process come first.
    else this.schedule()
  }
}
