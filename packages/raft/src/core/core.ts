import { invariant } from '../errors.js'
import type { Configuration, Entry, LogIndex, MemberId, SnapshotMeta, Term } from '../types.js'
import type { Effects, Input, RecoveredState, Role } from './effects.js'
import { becomeFollower, campaign, isSticky, refuseVote, resetElectionTimer } from './election.js'
import { leaderDeadlineMs } from './leader.js'
import { freshAsOfMs } from './lease.js'
import type { Health, Message } from './messages.js'
import type { CoreOptions } from './options.js'
import { resolveCoreOptions } from './options.js'
import type { PeerRole, PeerState } from './progress.js'
import { isVoter } from './quorum.js'
import { CoreState } from './state.js'
import { dispatchInput, dispatchMessage } from './tables.js'
import { expireTransfer } from './transfer.js'
import { isWitness, requireData } from './witness.js'

export interface PeerStatus {
  readonly id: MemberId
  readonly role: PeerRole
  readonly state: PeerState
  readonly matchIndex: LogIndex
  readonly nextIndex: LogIndex
  readonly lastContactMs: number
  /** What it said last of its own disk and event loop. */
  readonly health: Health
  /** For a learner that joins: rounds of catching up that it has ended (thesis, section 4.2.1); null for everybody else. */
  readonly rounds: number | null
}

/**
 * One member of a Raft cluster as a pure function with memory: inputs go in by `step`, effects come out by `takeEffects`. No clock, no
 * random of its own, no I/O, no callbacks, nothing asynchronous: a protocol decision can not be interrupted.
 *
 * A broken invariant throws INVARIANT, evidence of lost durable data throws CORRUPT (both fatal): the core must not be used afterwards.
 */
export class RaftCore {
  readonly #state: CoreState
  /** Null when a step may have moved it: it is asked for several times in a turn. */
  #deadlineMs: number | null = null

  constructor(options: CoreOptions, recovered: RecoveredState, nowMs: number) {
    this.#state = new CoreState(resolveCoreOptions(options), recovered, nowMs)
    requireData(this.#state)
    // Alone, there is nobody to wait for.
    if (this.#isOnlyVoter) this.#state.electionDeadlineMs = nowMs
    else resetElectionTimer(this.#state)
  }

  get #isOnlyVoter(): boolean {
    const { voters, votersOutgoing } = this.#state.configuration
    return votersOutgoing.length === 0 && voters.length === 1 && voters[0] === this.#state.id
  }

  step(input: Input, nowMs: number): void {
    const state = this.#state
    // Asked twice: the details of an invariant are made also when it holds, and this is every step.
    if (!(nowMs >= state.nowMs)) invariant(false, 'the monotonic clock never goes back', { nowMs, before: state.nowMs })
    state.nowMs = nowMs
    this.#deadlineMs = null
    if (input.type === 'message') {
      receive(state, input.message)
    } else {
      if (input.type === 'tick') expireTransfer(state)
      dispatchInput(state, input)
    }
    for (let own = state.takeSelfMessage(); own !== undefined; own = state.takeSelfMessage()) receive(state, own)
    invariant(state.commitIndex <= state.log.lastIndex, 'commit never passes the end of the log')
  }

  /** Everything that has to happen since the last call. Take it once per turn: what came together is written and sent together. */
  takeEffects(): Effects {
    return this.#state.takeEffects()
  }

  /** When the next tick matters, on the scale of `nowMs`; Infinity when time alone changes nothing. */
  deadlineMs(): number {
    this.#deadlineMs ??= this.#nextDeadlineMs()
    return this.#deadlineMs
  }

  #nextDeadlineMs(): number {
    const state = this.#state
    if (state.leadership !== null) return leaderDeadlineMs(state, state.leadership)
    const election = state.promotable ? state.electionDeadlineMs : Infinity
    const handover = state.handedOver?.deadlineMs ?? Infinity
    return Math.min(election, handover, state.voteRetryAtMs, state.reads.retryAtMs(state.options.electionTimeoutMs))
  }

  /** Campaigns now, as if the election time-out had passed. For tests and tools. */
  campaign(nowMs: number): void {
    this.#state.nowMs = nowMs
    this.#deadlineMs = null
    if (this.#state.role !== 'leader') campaign(this.#state, 'told to campaign')
    for (let own = this.#state.takeSelfMessage(); own !== undefined; own = this.#state.takeSelfMessage()) receive(this.#state, own)
  }

  /** Entries of the log that are still in memory, about `maxBytes` of payload, at least one; null when storage must be asked for `from`. */
  entries(from: LogIndex, to: LogIndex, maxBytes: number): readonly Entry[] | null {
    if (from < this.#state.log.firstIndex) return null
    return this.#state.log.slice(from, to, maxBytes, Infinity)
  }

  /**
   * The latest moment, on the scale of `nowMs`, of which it is known that a state with everything up to `applied` applied holds all that was
   * committed anywhere by then; -Infinity when nothing is known.
   */
  freshAsOfMs(applied: LogIndex, nowMs: number): number {
    return freshAsOfMs(this.#state, applied, nowMs)
  }

  /** What this member finds of its own disk and event loop; told to the leader, which decides by it whom it would rather see lead. */
  reportHealth(health: Health): void {
    this.#state.health = health
  }

  termAt(index: LogIndex): Term | null {
    return this.#state.log.termAt(index)
  }

  /** The configuration in force right after the entry at `index`: what a snapshot up to there must carry. */
  configurationAt(index: LogIndex): Configuration {
    return this.#state.membership.at(index)
  }

  get id(): MemberId {
    return this.#state.id
  }

  get role(): Role {
    return this.#state.role
  }

  get term(): Term {
    return this.#state.term
  }

  get votedFor(): MemberId | null {
    return this.#state.votedFor
  }

  get leaderId(): MemberId | null {
    return this.#state.leaderId
  }

  get commitIndex(): LogIndex {
    return this.#state.commitIndex
  }

  get appliedIndex(): LogIndex {
    return this.#state.appliedIndex
  }

  get firstIndex(): LogIndex {
    return this.#state.log.firstIndex
  }

  get lastIndex(): LogIndex {
    return this.#state.log.lastIndex
  }

  get lastTerm(): Term {
    return this.#state.log.lastTerm
  }

  get stableIndex(): LogIndex {
    return this.#state.log.stableIndex
  }

  get snapshotMeta(): SnapshotMeta | null {
    return this.#state.snapshotMeta
  }

  get configuration(): Configuration {
    return this.#state.configuration
  }

  /** Does this member hold the log without its commands? Then there is nothing to apply, to query or to lead with. */
  get isWitness(): boolean {
    return this.#state.isWitness
  }

  get uncommittedBytes(): number {
    return this.#state.leadership?.uncommittedBytes ?? 0
  }

  /** What the leader knows about its peers; empty on everybody else. */
  peers(): readonly PeerStatus[] {
    const { configuration, leadership } = this.#state
    const joining = new Set(configuration.joining.map(({ id }) => id))
    return [...(leadership?.progress.values() ?? [])].map(({ id, state, matchIndex, nextIndex, lastContactMs, health, rounds }) => ({
      id,
      role: peerRole(configuration, id),
      state,
      matchIndex,
      nextIndex,
      lastContactMs,
      health,
      rounds: joining.has(id) ? rounds : null,
    }))
  }
}

function peerRole(configuration: Configuration, id: MemberId): PeerRole {
  if (isWitness(configuration, id)) return 'witness'
  return isVoter(configuration, id) ? 'voter' : 'learner'
}

/** What a message's term means comes before what it says (paper, section 5.1). */
function receive(state: CoreState, message: Message): void {
  if (message.to !== state.id) invariant(false, 'messages reach whom they are meant for', { to: message.to, id: state.id })
  if (message.type === 'requestVote' && message.term > state.term && isSticky(state, message)) {
    // A real request is not even answered: answering would mean to take up its term and depose a leader that is alive (thesis, section 4.2.3).
    if (message.preVote) refuseVote(state, message)
    return
  }
  if (message.term < state.term) {
    answerOldTerm(state, message)
    return
  }
  const binds = !isPreVoteTraffic(message)
  if (message.term > state.term && binds) {
    becomeFollower(state, message.term, null, `${message.from} is in term ${message.term}`)
  }
  dispatchMessage(state, message)
}

/** A pre-vote and its grant carry a term that nobody is in yet: they move nobody. */
function isPreVoteTraffic(message: Message): boolean {
  return (
    (message.type === 'requestVote' && message.preVote) || (message.type === 'requestVoteResponse' && message.preVote && message.granted)
  )
}

/**
 * A sender that is behind is told this member's term: an old leader steps down, a candidate catches up. Silence would leave it stuck.
 * Answers of old terms say nothing that could be counted.
 */
function answerOldTerm(state: CoreState, message: Message): void {
  switch (message.type) {
    case 'requestVote':
      refuseVote(state, message)
      return
    case 'appendEntries':
    case 'heartbeat':
    case 'installSnapshot':
      state.send({ type: 'heartbeatResponse', from: state.id, to: message.from, term: state.term, round: 0, stamp: 0, health: 'unknown' })
      return
    case 'readIndexRequest':
      state.send({
        type: 'readIndexResponse',
        from: state.id,
        to: message.from,
        term: state.term,
        request: message.request,
        index: 'NOT_LEADER',
      })
      return
    default:
      return
  }
}
