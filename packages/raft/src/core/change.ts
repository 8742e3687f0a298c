import type { MemberId } from '../types.js'
import type { Input } from './effects.js'
import { becomeFollower } from './election.js'
import { appendConfiguration, sendHeartbeats } from './leader.js'
import { isJoint } from './membership.js'
import { type ChangeRefusal, type NextConfiguration, nextConfiguration } from './membership-change.js'
import { isVoter } from './quorum.js'
import type { CoreState, Leadership } from './state.js'
import { bestSuccessor, handOver } from './transfer.js'

/** Changes of membership as a leader makes them: thesis, chapter 4. */

/** Asked for by a caller, who hears when the whole change is committed. */
export function change(state: CoreState, leadership: Leadership, input: Extract<Input, { type: 'change' }>): void {
  const { ref, changes, force } = input
  const next = notNow(state, leadership) ?? permitted(state, leadership, nextConfiguration(state.configuration, changes), force)
  if ('refused' in next) {
    state.changeOutcome({ ref, ...next, leaderId: state.id })
    return
  }
  leadership.change = { ref }
  appendConfiguration(state, leadership, next.configuration)
}

/** Why no change at all can be made at this moment. */
function notNow(state: CoreState, leadership: Leadership): ChangeRefusal | null {
  if (leadership.transfer !== null || leadership.retiresAtMs !== null) {
    return { refused: 'TRANSFER_IN_PROGRESS', reason: 'leadership is being transferred' }
  }
  // Two leaders' changes could otherwise both pass, and have no member in common.
  if (state.log.termAt(state.commitIndex) !== state.term) {
    return { refused: 'UNAVAILABLE', reason: 'the leader is new: it does not know yet what is committed' }
  }
  if (state.membership.activeIndex > state.commitIndex || isJoint(state.configuration)) {
    return { refused: 'MEMBERSHIP_PENDING', reason: 'the change before this one is not finished' }
  }
  return null
}

/** May these vote? Who comes in must keep up, and a majority must be able to go on without a pause. */
function permitted(state: CoreState, leadership: Leadership, next: NextConfiguration, force: boolean): NextConfiguration {
  if ('refused' in next || !isJoint(next.configuration)) return next
  const { voters } = next.configuration
  for (const id of voters.filter((one) => !isVoter(state.configuration, one))) {
    if (keepsUp(state, leadership, id)) continue
    const lag = state.log.lastIndex - (leadership.progress.get(id)?.matchIndex ?? 0)
    return { refused: 'UNAVAILABLE', reason: `member ${id} does not keep up with the log: it lacks ${lag} entries` }
  }
  const live = voters.filter((id) => keepsUp(state, leadership, id))
  if (force || live.length * 2 > voters.length) return next
  const missing = voters.filter((id) => !live.includes(id))
  // Not yet heard is not the same as silent: the next answers may change everything.
  if (state.nowMs - leadership.electedAtMs < state.options.electionTimeoutMs) {
    return { refused: 'UNAVAILABLE', reason: `the leader is new: it does not know yet whether ${missing.join(', ')} can be counted on` }
  }
  return {
    refused: 'QUORUM_AT_RISK',
    reason: `only ${live.length} of the ${voters.length} voters would be alive and up to date, not ${missing.join(', ')}`,
  }
}

/** Heard within an election time-out, and not more than one behind with the log. */
function keepsUp(state: CoreState, leadership: Leadership, id: MemberId): boolean {
  if (id === state.id) return true
  const progress = leadership.progress.get(id)
  const { electionTimeoutMs } = state.options
  if (progress === undefined || state.nowMs - progress.lastContactMs >= electionTimeoutMs) return false
  return progress.keepsUp(state.log.lastIndex, state.nowMs, electionTimeoutMs)
}

/**
 * Learners that keep up become voters, all that are ready in one step, and whom they replace goes out in the same one (thesis, section 4.2.1).
 * One that never keeps up stays a learner and slows nobody down.
 */
export function promoteJoining(state: CoreState, leadership: Leadership): void {
  const { joining } = state.configuration
  if (joining.length === 0 || notNow(state, leadership) !== null) return
  const ready = joining.filter(({ id }) => keepsUp(state, leadership, id))
  // Together when that is possible, otherwise the first that is possible alone.
  for (const group of [ready, ...ready.map((one) => [one])]) {
    const changes = group.map(({ id }) => ({ type: 'promote' as const, id }))
    const next = permitted(state, leadership, nextConfiguration(state.configuration, changes), false)
    if ('refused' in next) continue
    appendConfiguration(state, leadership, next.configuration)
    return
  }
}

/** The newest configuration is committed and not joint: whoever asked for it may know. */
export function changeCommitted(state: CoreState, leadership: Leadership): void {
  const { change: pending } = leadership
  if (pending === null) return
  leadership.change = null
  state.changeOutcome({ ref: pending.ref, index: state.membership.activeIndex, configuration: state.configuration })
}

/** Leadership ended: a successor may finish the change, or never hear of it. */
export function leaveWithChange(state: CoreState, leadership: Leadership): void {
  if (leadership.change === null) return
  const reason = 'this member lost its leadership before the change was committed: it may still be made'
  state.changeOutcome({ ref: leadership.change.ref, refused: 'LEADERSHIP_LOST', reason, leaderId: state.leaderId })
  leadership.change = null
}

/**
 * A leader that is not in the committed configuration steps down (thesis, section 4.2.2). Before that it lets what it took in be committed and
 * names its successor, for one election time-out at the most: it takes nothing new in, and it does not count itself.
 */
export function retire(state: CoreState, leadership: Leadership): void {
  if (leadership.retiresAtMs === null) {
    leadership.retiresAtMs = state.nowMs + state.options.electionTimeoutMs
    // Who receives nothing more from now on should know why: the commit index tells.
    sendHeartbeats(state, leadership)
  }
  const successor = bestSuccessor(state, leadership)
  const complete = successor !== null && leadership.progress.get(successor)?.matchIndex === state.log.lastIndex
  const ready = complete && state.commitIndex === state.log.lastIndex
  if (!ready && state.nowMs < leadership.retiresAtMs) return
  if (successor !== null && complete) handOver(state, successor)
  becomeFollower(state, state.term, null, 'it is no longer a voter')
}
