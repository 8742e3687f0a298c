import { invariant } from '../errors.js'
import type { MemberId } from '../types.js'
import { retire } from './change.js'
import { campaignForReal, permitsTransfer } from './election.js'
import type { Input } from './effects.js'
import { replicate } from './replication.js'
import type { TimeoutNow } from './messages.js'
import type { Progress } from './progress.js'
import { isVoter } from './quorum.js'
import type { CoreState, Leadership } from './state.js'
import { isWitness } from './witness.js'

/** More rounds than any leader can make in one election time-out: later ones tell that a transfer is over. */
const ROUNDS_OF_TRANSFER = 2 ** 32

/** Leadership transfer: thesis, section 3.10. While it runs no proposal is accepted; it ends within one election time-out. */
export function startTransfer(state: CoreState, leadership: Leadership, input: Extract<Input, { type: 'transfer' }>): void {
  if (leadership.transfer !== null || leadership.retiresAtMs !== null) {
    state.transferOutcome({ ref: input.ref, refused: 'TRANSFER_IN_PROGRESS' })
    return
  }
  const target = input.target ?? bestSuccessor(state, leadership)
  if (target === state.id) {
    state.transferOutcome({ ref: input.ref, target })
    return
  }
  const progress = target === null ? undefined : leadership.progress.get(target)
  if (target === null || progress === undefined || !mayLead(state, target)) {
    state.transferOutcome({ ref: input.ref, refused: 'INVALID' })
    return
  }
  const deadlineMs = state.nowMs + state.options.electionTimeoutMs
  leadership.transfer = { ref: input.ref, target, deadlineMs, untilRound: state.reads.currentRound + ROUNDS_OF_TRANSFER }
  replicate(state, progress, false)
  advanceTransfer(state, leadership)
}

/** The live voter with data that is furthest, rather one that does not find itself slow; null when there is none. */
export function bestSuccessor(state: CoreState, leadership: Leadership): MemberId | null {
  let best: Progress | null = null
  for (const progress of leadership.progress.values()) {
    const alive = state.nowMs - progress.lastContactMs < state.options.electionTimeoutMs
    if (alive && mayLead(state, progress.id) && (best === null || isBetter(progress, best))) best = progress
  }
  return best?.id ?? null
}

const isBetter = (one: Progress, other: Progress): boolean =>
  (one.health === 'slow') === (other.health === 'slow') ? one.matchIndex > other.matchIndex : other.health === 'slow'

/** A witness votes, but has nothing to lead with. */
const mayLead = ({ configuration }: CoreState, id: MemberId): boolean => isVoter(configuration, id) && !isWitness(configuration, id)

/** Asks a member that has the whole log to campaign, by a leader that makes no more rounds. */
export function handOver(state: CoreState, target: MemberId): void {
  state.send({ type: 'timeoutNow', from: state.id, to: target, term: state.term, untilRound: state.reads.currentRound })
}

/** Tells the target to campaign as soon as it has the whole log. Repeated by every later answer of the target: the message may be lost. */
export function advanceTransfer(state: CoreState, leadership: Leadership): void {
  if (leadership.retiresAtMs !== null) retire(state, leadership)
  if (state.leadership !== leadership) return
  if (leadership.transfer === null) return
  const { target, untilRound } = leadership.transfer
  if (leadership.progress.get(target)?.matchIndex !== state.log.lastIndex) return
  state.send({ type: 'timeoutNow', from: state.id, to: target, term: state.term, untilRound })
}

/** The old leader goes on when the target did not take over in time. */
export function expireTransfer(state: CoreState): void {
  const transfer = state.leadership?.transfer
  if (state.leadership !== null && transfer !== null && transfer !== undefined && state.nowMs >= transfer.deadlineMs) {
    state.leadership.transfer = null
    // Whoever hears of the next round ignores what is left of the transfer; until a quorum has, there is no lease.
    state.reads.skipTo(transfer.untilRound)
    state.leadership.leaseAboveRound = transfer.untilRound
    state.transferOutcome({ ref: transfer.ref, refused: 'TRANSFER_FAILED' })
  }
  if (state.handedOver !== null && state.nowMs >= state.handedOver.deadlineMs) {
    state.transferOutcome({ ref: state.handedOver.ref, refused: 'TRANSFER_FAILED' })
    state.handedOver = null
  }
}

/** Leadership ended while a transfer was under way: whether it went to the target shows when a leader is known. */
export function leaveWithTransfer(state: CoreState, leadership: Leadership): void {
  if (leadership.transfer === null) return
  invariant(state.handedOver === null, 'one transfer at a time')
  state.handedOver = { ...leadership.transfer, deadlineMs: state.nowMs + 2 * state.options.electionTimeoutMs }
}

export function settleHandover(state: CoreState): void {
  const handedOver = state.handedOver
  if (handedOver === null || state.leaderId === null) return
  state.handedOver = null
  if (state.leaderId === handedOver.target) state.transferOutcome({ ref: handedOver.ref, target: handedOver.target })
  else state.transferOutcome({ ref: handedOver.ref, refused: 'TRANSFER_FAILED' })
}

/** The leader asks this member to take over. Of the current term only: an old one would start an election that nobody wants. */
export function handleTimeoutNow(state: CoreState, message: TimeoutNow): void {
  if (!state.promotable || state.leaderId !== message.from) return
  if (!permitsTransfer(state, message.term, message.untilRound)) return
  campaignForReal(state, message.untilRound, `${message.from} hands over its leadership`)
}
