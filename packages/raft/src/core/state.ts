import { invariant } from '../errors.js'
import type { Random } from '../ports/clock.js'
import type { Configuration, HardState, LogIndex, MemberId, SnapshotMeta, Term } from '../types.js'
import { asIndex, ZERO_INDEX, ZERO_TERM } from '../types.js'
import type { ChangeOutcome, CoreEvent, Effects, ProposalOutcome, ReadOutcome, RecoveredState, Role, TransferOutcome } from './effects.js'
import { LogView } from './log-view.js'
import { Membership } from './membership.js'
import type { Health, Message } from './messages.js'
import type { ResolvedCoreOptions } from './options.js'
import type { Progress } from './progress.js'
import { isVoter } from './quorum.js'
import { FreshnessLog } from './freshness.js'
import type { RoundRecord } from './lease.js'
import { Reads } from './reads.js'
import { isStateless, isWitness } from './witness.js'

/** What only a leader has; made anew at every election, so that nothing of an earlier leadership can be counted. */
export interface Leadership {
  readonly progress: Map<MemberId, Progress>
  /** The same, for those who go through all of them at every turn. */
  peers: readonly Progress[]
  /** First index that this leader may append at: its no-op. Reads wait until the commit index reaches it. */
  readonly termStartIndex: LogIndex
  /** Cluster time = base + monotonic time since the election. */
  readonly timeBaseMs: number
  readonly electedAtMs: number
  /** Appended and not yet committed by this leader: last index and payload bytes of each proposal batch. */
  uncommitted: { readonly lastIndex: LogIndex; readonly bytes: number }[]
  uncommittedBytes: number
  /** A change of membership that a caller waits for. */
  change: { readonly ref: number } | null
  /** It is no longer a voter: when it stops to lead at the latest. Null while it is one. */
  retiresAtMs: number | null
  /** Whoever has heard a round above `untilRound` knows that the transfer is over. */
  transfer: { readonly ref: number; readonly target: MemberId; readonly deadlineMs: number; readonly untilRound: number } | null
  /** The newest round that is confirmed, and those behind it that are not yet. */
  readonly rounds: RoundRecord[]
  /** The last one that something was learned from. */
  provenRound: RoundRecord | null
  /** Only rounds above this one give a lease: below it, a transfer that failed may still take effect. */
  leaseAboveRound: number
  /** A quorum was heard so lately that check-quorum need not be asked again before this. */
  quorumUntilMs: number
}

/** Not frozen, though nobody may write to it: engines go through frozen arrays the slow way, and every turn goes through several of these. */
const NOTHING: readonly never[] = []

/** Messages that rely on a write that is under way. */
interface HeldMessage {
  readonly sequence: number
  readonly message: Message
}

/**
 * All memory of one member's core. The rooms of the core (election, leader, follower, reads, snapshot, transfer) are functions over
 * it; nothing here decides anything about the protocol.
 */
export class CoreState {
  readonly options: ResolvedCoreOptions
  readonly id: MemberId
  readonly random: Random
  nowMs: number

  role: Role = 'follower'
  term: Term
  votedFor: MemberId | null
  leaderId: MemberId | null = null
  readonly log: LogView
  readonly membership: Membership
  commitIndex: LogIndex
  appliedIndex: LogIndex
  snapshotMeta: SnapshotMeta | null
  /** First entry of the log that stands for a command that is not here; null when there is none. */
  strippedFrom: LogIndex | null
  /** The newest local snapshot lets the log below go. */
  compactTo: LogIndex = ZERO_INDEX
  /** Highest cluster time seen in any entry. */
  timeMs: number

  /** What the driver has measured of the own disk and event loop. */
  health: Health = 'unknown'

  electionDeadlineMs = Infinity
  /** When voters that have not answered are asked again; Infinity when none are. */
  voteRetryAtMs = Infinity
  voteRetries = 0
  /** Campaigns in a row that nobody has answered: then this member is cut off, and asking more often helps nobody. */
  unansweredCampaigns = 0
  /**
   * Leader stickiness (thesis, section 4.2.3): until then this member helps nobody but `promisedTo`, the leader that it heard last, to be elected,
   * whatever term it moves to meanwhile.
   */
  promisedUntilMs = -Infinity
  promisedTo: MemberId | null = null
  /** The highest round heard of a leader, and its term: a transfer of that term which began before is over. */
  heardTerm: Term = ZERO_TERM
  heardRound = 0
  readonly startedMs: number
  votes = new Map<MemberId, boolean>()
  leadership: Leadership | null = null
  readonly reads: Reads
  readonly freshness: FreshnessLog
  /** A transfer that this member gave its leadership up for, until it knows who leads. */
  handedOver: { readonly ref: number; readonly target: MemberId; readonly deadlineMs: number } | null = null

  #hardStateDirty = false
  #durableTerm: Term
  #sequence = 0
  #persistedSequence = 0
  #held: HeldMessage[] = []
  /** Terms on their way to the disk. */
  readonly #hardStates: { readonly sequence: number; readonly term: Term }[] = []
  #installing: SnapshotMeta | null = null
  #compactBelow: LogIndex | null = null
  #announcedCommit: LogIndex

  #messages: Message[] = []
  #selfMessages: Message[] = []
  #restore: SnapshotMeta | null = null
  #loads: Effects['loads'][number][] = []
  #snapshotReads: Effects['snapshotReads'][number][] = []
  #snapshotChunks: Effects['snapshotChunks'][number][] = []
  #proposals: ProposalOutcome[] = []
  #readOutcomes: ReadOutcome[] = []
  #transfers: TransferOutcome[] = []
  #changes: ChangeOutcome[] = []
  #events: CoreEvent[] = []

  constructor(options: ResolvedCoreOptions, recovered: RecoveredState, nowMs: number) {
    this.options = options
    this.id = options.id
    this.random = options.random
    const start = Math.floor(options.random.next() * 2 ** 48)
    this.reads = new Reads(start)
    this.freshness = new FreshnessLog(start)
    this.nowMs = nowMs
    this.startedMs = nowMs
    // What it promised in its last life is forgotten, and leases rely on it: better to keep still until that must have ended.
    if (options.leaseReads !== null) this.promisedUntilMs = nowMs + options.electionTimeoutMs
    const { hardState, snapshot } = recovered
    // A snapshot has a file of its own, and may be durable before the term of its last entry is. No vote of that term was shown to anybody.
    const isBehind = snapshot !== null && snapshot.term > hardState.term
    this.term = isBehind ? snapshot.term : hardState.term
    this.#durableTerm = this.term
    this.votedFor = isBehind ? null : hardState.votedFor
    this.log = new LogView(recovered)
    this.snapshotMeta = recovered.snapshot
    this.strippedFrom = recovered.strippedFrom ?? null
    const snapshotIndex = recovered.snapshot?.index ?? ZERO_INDEX
    // What is applied was committed. Without that, a snapshot could be taken above the commit index, and an older one of a leader would replace both.
    const applied = asIndex(Math.max(snapshotIndex, recovered.appliedIndex ?? ZERO_INDEX))
    this.commitIndex = applied
    this.appliedIndex = applied
    this.#announcedCommit = applied
    this.membership = new Membership(recovered.baseConfiguration, asIndex(recovered.firstIndex - 1), recovered.configurations)
    this.timeMs = recovered.timeMs
    invariant(recovered.firstIndex <= snapshotIndex + 1, 'the log connects to the snapshot', { first: recovered.firstIndex, snapshotIndex })
    invariant(recovered.lastIndex >= snapshotIndex, 'the log reaches the snapshot', { last: recovered.lastIndex, snapshotIndex })
    invariant(applied <= recovered.lastIndex, 'what is applied is in the log', { applied, last: recovered.lastIndex })
    invariant(this.log.lastTerm <= this.term, 'no entry is newer than the persisted term', { lastTerm: this.log.lastTerm, term: this.term })
  }

  get configuration(): Configuration {
    return this.membership.active
  }

  /** False for a member that was sent a log or a snapshot without commands: for ever. */
  get holdsData(): boolean {
    return this.strippedFrom === null && (this.snapshotMeta === null || !isStateless(this.snapshotMeta))
  }

  get isWitness(): boolean {
    return !this.holdsData || isWitness(this.configuration, this.id)
  }

  /**
   * May this member campaign? Learners and strangers never do. A voter that an uncommitted configuration leaves out still does: the only
   * complete logs may be with those that leave, and without one of them as a leader that configuration could never be committed
   * (thesis, section 4.2.2). It does not count itself then.
   */
  get promotable(): boolean {
    if (this.isWitness) return false
    if (isVoter(this.configuration, this.id)) return true
    const { membership, commitIndex } = this
    return membership.activeIndex > commitIndex && isVoter(membership.at(commitIndex), this.id)
  }

  setTerm(term: Term, votedFor: MemberId | null): void {
    invariant(
      term > this.term || (term === this.term && (this.votedFor === null || this.votedFor === votedFor)),
      'one vote per term, and terms never go back',
      {
        term,
        current: this.term,
        votedFor,
        before: this.votedFor,
      },
    )
    this.term = term
    this.votedFor = votedFor
    this.#hardStateDirty = true
  }

  commitTo(index: LogIndex): void {
    if (index <= this.commitIndex) return
    invariant(index <= this.log.lastIndex, 'only entries that are here are committed', { index, lastIndex: this.log.lastIndex })
    this.commitIndex = index
  }

  /** Sends; held back until the term it carries is durable, so that nobody acts on a term that a crash could take back. */
  send(message: Message): void {
    const promisesTerm =
      !(message.type === 'requestVote' && message.preVote) && message.term > this.#durableTerm && message.term <= this.term
    if (promisesTerm) this.sendAfterPersist(message)
    else this.#push(message)
  }

  /** Sends once everything that stands in memory now is durable. */
  sendAfterPersist(message: Message): void {
    const sequence = this.#isDirty ? this.#sequence + 1 : this.#sequence
    if (sequence > this.#persistedSequence) this.#held.push({ sequence, message })
    else this.#release(message)
  }

  #release(message: Message): void {
    if (message.to === this.id) this.#selfMessages.push(message)
    else this.#push(message)
  }

  /** Most turns send one message: an array that is made with it is a tenth of one that grows by `push`. */
  #push(message: Message): void {
    if (this.#messages.length === 0) this.#messages = [message]
    else this.#messages.push(message)
  }

  get #isDirty(): boolean {
    return this.#hardStateDirty || this.log.hasUnpersisted || this.#installing !== null || this.#compactBelow !== null
  }

  /** Storage has completed every write up to `sequence`: what was held back for it may leave. */
  persisted(sequence: number): void {
    invariant(sequence > this.#persistedSequence && sequence <= this.#sequence, 'writes complete in order', {
      sequence,
      persisted: this.#persistedSequence,
      issued: this.#sequence,
    })
    this.#persistedSequence = sequence
    this.log.persisted(sequence)
    while (this.#hardStates.length > 0 && (this.#hardStates[0]?.sequence ?? Infinity) <= sequence) {
      this.#durableTerm = this.#hardStates.shift()?.term ?? this.#durableTerm
    }
    let released = 0
    for (const { sequence: needed, message } of this.#held) {
      if (needed > sequence) break
      released++
      // What was promised in a term that has passed is of no use to anybody.
      if (message.term >= this.term) this.#release(message)
    }
    this.#held.splice(0, released)
  }

  /** A message to itself that became due: the member's own vote is counted like everybody's. */
  takeSelfMessage(): Message | undefined {
    return this.#selfMessages.shift()
  }

  installSnapshot(meta: SnapshotMeta): void {
    this.#installing = meta
    this.#restore = meta
  }

  compactBelow(index: LogIndex): void {
    this.#compactBelow = index
  }

  load(request: Effects['loads'][number]): void {
    this.#loads.push(request)
  }

  readSnapshot(request: Effects['snapshotReads'][number]): void {
    this.#snapshotReads.push(request)
  }

  storeChunk(chunk: Effects['snapshotChunks'][number]): void {
    this.#snapshotChunks.push(chunk)
  }

  proposalOutcome(outcome: ProposalOutcome): void {
    this.#proposals.push(outcome)
  }

  readOutcome(outcome: ReadOutcome): void {
    this.#readOutcomes.push(outcome)
  }

  transferOutcome(outcome: TransferOutcome): void {
    this.#transfers.push(outcome)
  }

  changeOutcome(outcome: ChangeOutcome): void {
    this.#changes.push(outcome)
  }

  event(event: CoreEvent): void {
    this.#events.push(event)
  }

  /** Most turns fill one or two of the lists: an empty one stays here, and the same nothing is given instead. */
  takeEffects(): Effects {
    const effects: Effects = {
      messages: this.#messages.length === 0 ? NOTHING : this.#messages,
      persist: this.#takePersist(),
      commitIndex: this.commitIndex > this.#announcedCommit ? this.commitIndex : null,
      restore: this.#restore,
      loads: this.#loads.length === 0 ? NOTHING : this.#loads,
      snapshotReads: this.#snapshotReads.length === 0 ? NOTHING : this.#snapshotReads,
      snapshotChunks: this.#snapshotChunks.length === 0 ? NOTHING : this.#snapshotChunks,
      proposals: this.#proposals.length === 0 ? NOTHING : this.#proposals,
      reads: this.#readOutcomes.length === 0 ? NOTHING : this.#readOutcomes,
      transfers: this.#transfers.length === 0 ? NOTHING : this.#transfers,
      changes: this.#changes.length === 0 ? NOTHING : this.#changes,
      events: this.#events.length === 0 ? NOTHING : this.#events,
    }
    this.#announcedCommit = this.commitIndex
    this.#restore = null
    if (this.#messages.length > 0) this.#messages = []
    if (this.#loads.length > 0) this.#loads = []
    if (this.#snapshotReads.length > 0) this.#snapshotReads = []
    if (this.#snapshotChunks.length > 0) this.#snapshotChunks = []
    if (this.#proposals.length > 0) this.#proposals = []
    if (this.#readOutcomes.length > 0) this.#readOutcomes = []
    if (this.#transfers.length > 0) this.#transfers = []
    if (this.#changes.length > 0) this.#changes = []
    if (this.#events.length > 0) this.#events = []
    return effects
  }

  #takePersist(): Effects['persist'] {
    if (!this.#isDirty) return null
    const sequence = ++this.#sequence
    const hardState: HardState | null = this.#hardStateDirty ? { term: this.term, votedFor: this.votedFor } : null
    if (hardState !== null) this.#hardStates.push({ sequence, term: hardState.term })
    const persist = {
      sequence,
      hardState,
      entries: this.log.takeUnpersisted(sequence),
      installSnapshot: this.#installing,
      compactBelow: this.#compactBelow,
    }
    this.#hardStateDirty = false
    this.#installing = null
    this.#compactBelow = null
    return persist
  }
}
