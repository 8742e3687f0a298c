import type { Proposal, ProposalOutcome } from '../core/effects.js'
import type { ErrorCode } from '../errors.js'
import { BalsaError, invariant } from '../errors.js'
import { NumberMap } from '../number-map.js'
import type { EntryType, LogIndex, MemberId, Term } from '../types.js'
import { ZERO_INDEX, ZERO_TERM } from '../types.js'
import type { CallGuards, CallOptions, Cancellable, CancelReason, Guard } from './calls.js'
import { cancelled, cancelledUnknown, stopped } from './calls.js'

/** Where a command ended up and what the state machine answered. */
export interface Proposed<Result> {
  readonly index: LogIndex
  readonly term: Term
  readonly result: Result
}

/** Answer of `start`: where the command will stand if it is committed. */
export interface Started {
  /** 0 when this member is not the leader. */
  readonly index: LogIndex
  readonly term: Term
  readonly isLeader: boolean
}

export interface ProposalLimits {
  /** Bytes of one command. */
  readonly maxCommandBytes: number
  /** Commands that wait for their result. */
  readonly maxPendingProposals: number
}

/** queued -> handed (to the core) -> accepted (has an index) -> done. */
type Stage = 'queued' | 'handed' | 'accepted' | 'done'

class PendingProposal<Result> implements Proposal, Cancellable {
  ref = 0
  readonly type: EntryType
  readonly payload: Uint8Array
  stage: Stage = 'queued'
  index: LogIndex = ZERO_INDEX
  term: Term = ZERO_TERM
  guard: Guard | null = null
  readonly #table: ProposalTable<Result>
  readonly resolve: (proposed: Proposed<Result>) => void
  readonly reject: (error: unknown) => void
  /** Wants to hear of its index as soon as it has one, and nothing later. */
  readonly started: ((started: Started) => void) | null

  constructor(
    table: ProposalTable<Result>,
    type: EntryType,
    payload: Uint8Array,
    resolve: (proposed: Proposed<Result>) => void,
    reject: (error: unknown) => void,
    started: ((started: Started) => void) | null,
  ) {
    this.#table = table
    this.type = type
    this.payload = payload
    this.resolve = resolve
    this.reject = reject
    this.started = started
  }

  cancel(reason: CancelReason, cause: unknown): void {
    this.#table.cancel(this, reason, cause)
  }
}

const ignore = (): void => undefined

/**
 * Commands that wait for their result, each with a promise of its own. An accepted one is known by index and term together:
 * another term at its index means that it lost its place for ever.
 */
export class ProposalTable<Result> {
  readonly #limits: ProposalLimits
  readonly #guards: CallGuards
  #queue: PendingProposal<Result>[] = []
  #queued = 0
  /** Handed to the core and not yet answered; refs are consecutive from `#handedBase`. */
  #handed: PendingProposal<Result>[] = []
  #handedBase = 0
  #unanswered = 0
  #nextRef = 1
  readonly #accepted = new NumberMap<PendingProposal<Result>>()

  constructor(limits: ProposalLimits, guards: CallGuards) {
    this.#limits = limits
    this.#guards = guards
  }

  /** Commands whose outcome somebody waits for. */
  get pending(): number {
    return this.#queued + this.#unanswered + this.#accepted.size
  }

  get hasQueued(): boolean {
    return this.#queue.length > 0
  }

  /** True when a waiter could stand at some index: the apply loop need not look otherwise. */
  get hasAccepted(): boolean {
    return this.#accepted.size > 0
  }

  add(type: EntryType, payload: Uint8Array, options: CallOptions): Promise<Proposed<Result>> {
    const refusal = this.#refusal(payload, options)
    if (refusal !== null) return Promise.reject(refusal)
    return new Promise((resolve, reject) => {
      this.#enqueue(new PendingProposal<Result>(this, type, payload, resolve, reject, null), options)
    })
  }

  /** Resolves when the core has taken the command or refused it for want of leadership; promises nothing. */
  addStart(type: EntryType, payload: Uint8Array): Promise<Started> {
    const refusal = this.#refusal(payload, {})
    if (refusal !== null) return Promise.reject(refusal)
    return new Promise((resolve, reject) => {
      this.#enqueue(new PendingProposal<Result>(this, type, payload, ignore, reject, resolve), {})
    })
  }

  #refusal(payload: Uint8Array, options: CallOptions): BalsaError | null {
    const { maxCommandBytes, maxPendingProposals } = this.#limits
    if (payload.length > maxCommandBytes) {
      return new BalsaError('TOO_LARGE', `a command of ${payload.length} bytes exceeds the limit of ${maxCommandBytes}`)
    }
    if (this.pending >= maxPendingProposals) return overloaded(`${maxPendingProposals} commands wait already`)
    return this.#guards.refusal(options)
  }

  #enqueue(proposal: PendingProposal<Result>, options: CallOptions): void {
    proposal.guard = this.#guards.guard(proposal, options)
    this.#queue.push(proposal)
    this.#queued++
  }

  /** Everything that arrived since the last call, for one `propose` input. */
  take(): readonly Proposal[] {
    const batch = this.#queue.length === this.#queued ? this.#queue : this.#queue.filter((proposal) => proposal.stage === 'queued')
    this.#queue = []
    this.#queued = 0
    if (this.#unanswered === 0) {
      this.#handed = batch
      this.#handedBase = this.#nextRef
    } else {
      this.#handed.push(...batch)
    }
    for (const proposal of batch) {
      proposal.ref = this.#nextRef++
      proposal.stage = 'handed'
    }
    this.#unanswered += batch.length
    return batch
  }

  /** The core has taken or refused these. `leaderAddress` is asked only for a refusal. */
  outcomes(outcomes: readonly ProposalOutcome[], term: Term, leaderAddress: (id: MemberId) => string): void {
    for (const outcome of outcomes) {
      const proposal = this.#handed[outcome.ref - this.#handedBase]
      invariant(proposal !== undefined, 'the core answers proposals that it was given', { ref: outcome.ref })
      this.#unanswered--
      if (proposal.stage === 'done') continue
      invariant(proposal.stage === 'handed', 'a proposal is answered once', { ref: outcome.ref, stage: proposal.stage })
      if ('refused' in outcome) this.#refuse(proposal, outcome.refused, outcome.leaderId, term, leaderAddress)
      else this.#accept(proposal, outcome.index, outcome.term)
    }
    if (this.#unanswered === 0) this.#handed = []
  }

  #accept(proposal: PendingProposal<Result>, index: LogIndex, term: Term): void {
    if (proposal.started !== null) {
      this.#finish(proposal)
      proposal.started({ index, term, isLeader: true })
      return
    }
    const before = this.#accepted.get(index)
    // The earlier leadership's entry at this index is gone, or this one could not stand there.
    if (before !== undefined) this.#reject(before, superseded(index))
    proposal.stage = 'accepted'
    proposal.index = index
    proposal.term = term
    this.#accepted.set(index, proposal)
  }

  #refuse(
    proposal: PendingProposal<Result>,
    code: ErrorCode,
    leaderId: MemberId | null,
    term: Term,
    leaderAddress: (id: MemberId) => string,
  ): void {
    if (proposal.started !== null && (code === 'NOT_LEADER' || code === 'NO_LEADER')) {
      this.#finish(proposal)
      proposal.started({ index: ZERO_INDEX, term, isLeader: false })
      return
    }
    this.#reject(proposal, refusalError(code, leaderId, leaderAddress))
  }

  /** The entry at `index` was applied with this result (undefined for an entry that is not a command). */
  settle(index: LogIndex, term: Term, result: Result): void {
    const proposal = this.#accepted.get(index)
    if (proposal === undefined) return
    if (proposal.term === term) {
      this.#accepted.delete(index)
      this.#finish(proposal)
      proposal.resolve({ index, term, result })
    } else {
      this.#reject(proposal, superseded(index))
    }
  }

  /**
   * Ends every waiter whose leadership is over (`leaderTerm` is the term in which this member leads now, or null). Those at or below the
   * commit index are decided: the apply loop reaches them, and says exactly what happened.
   */
  leadershipEnded(leaderTerm: Term | null, commitIndex: LogIndex): void {
    let error: BalsaError | null = null
    for (const proposal of this.#accepted.values()) {
      if (proposal.index <= commitIndex || proposal.term === leaderTerm) continue
      error ??= new BalsaError(
        'LEADERSHIP_LOST',
        'this member lost its leadership before the command was committed: it may still be applied',
        {
          hint: 'Read the state before repeating it, or use a session, which makes repeating safe.',
        },
      )
      this.#reject(proposal, error)
    }
  }

  /** A snapshot took the place of the log up to `index`: nobody can tell any more which commands are in it. */
  replacedBySnapshot(index: LogIndex): void {
    for (const proposal of this.#accepted.values()) {
      if (proposal.index > index) continue
      this.#reject(proposal, new BalsaError('OUTCOME_UNKNOWN', `a snapshot replaced the log up to ${index}: the command may be part of it`))
    }
  }

  cancel(proposal: PendingProposal<Result>, reason: CancelReason, cause: unknown): void {
    if (proposal.stage === 'done') return
    this.#reject(proposal, proposal.stage === 'queued' ? cancelled(reason, cause) : cancelledUnknown(reason, cause))
  }

  /** The node stops. What the core never saw is refused; the rest may still be applied by others. */
  stop(cause?: unknown): void {
    const refused = stopped(cause)
    const unknown = new BalsaError(
      'OUTCOME_UNKNOWN',
      'this replica stopped while the command was being replicated: it may still be applied',
      {
        ...(cause === undefined ? {} : { cause }),
      },
    )
    for (const proposal of this.#queue) if (proposal.stage === 'queued') this.#reject(proposal, refused)
    for (const proposal of this.#handed) if (proposal.stage === 'handed') this.#reject(proposal, unknown)
    for (const proposal of this.#accepted.values()) this.#reject(proposal, unknown)
    this.#queue = []
    this.#handed = []
    this.#unanswered = 0
  }

  #reject(proposal: PendingProposal<Result>, error: BalsaError): void {
    if (proposal.stage === 'queued') this.#queued--
    if (proposal.stage === 'accepted') this.#accepted.delete(proposal.index)
    this.#finish(proposal)
    proposal.reject(error)
  }

  #finish(proposal: PendingProposal<Result>): void {
    proposal.stage = 'done'
    proposal.guard?.release()
    proposal.guard = null
  }
}

const superseded = (index: LogIndex): BalsaError =>
  new BalsaError('SUPERSEDED', `another leader's entry stands at index ${index}: the command will never be applied`)

const overloaded = (why: string): BalsaError =>
  new BalsaError('OVERLOADED', `too much is waiting: ${why}`, { hint: 'Wait a little, then try again.' })

/** What the core refused, as an error for the caller, with the leader to ask instead. */
export function refusalError(code: ErrorCode, leaderId: MemberId | null, leaderAddress: (id: MemberId) => string): BalsaError {
  switch (code) {
    case 'NOT_LEADER':
    case 'NO_LEADER': {
      if (leaderId === null)
        return new BalsaError('NO_LEADER', 'no leader is known', { hint: 'An election may be under way: try again soon.' })
      const address = leaderAddress(leaderId)
      return new BalsaError('NOT_LEADER', `member ${leaderId} is the leader`, {
        leaderId,
        ...(address === '' ? {} : { leaderAddress: address }),
      })
    }
    case 'OVERLOADED':
      return overloaded('the limit of the log or of pending reads is reached')
    case 'TRANSFER_IN_PROGRESS':
      return new BalsaError(code, 'leadership is being transferred', { hint: 'Try again soon.' })
    case 'TRANSFER_FAILED':
      return new BalsaError(code, 'the target did not take over in time')
    default:
      return new BalsaError(code, `refused by consensus: ${code}`)
  }
}
