import type { LogIndex } from '../types.js'
import type { CoreState, Leadership } from './state.js'
import { sendHeartbeats } from './leader.js'
import { confirmedRound, learnFromRounds, leaseHolds, noteRound } from './lease.js'
import type { ReadIndexRequest, ReadIndexResponse } from './messages.js'
import type { Progress } from './progress.js'
import type { ReadOrigin } from './reads.js'

/** Linearizable reads without a log write: thesis, section 6.4. Never waits for a disk. */

/** A read on the leader, its own or a follower's. */
export function readOnLeader(state: CoreState, leadership: Leadership, origin: ReadOrigin): void {
  if (leaseHolds(state, leadership, state.nowMs)) {
    give(state, origin, state.commitIndex)
    return
  }
  if (state.reads.pending >= state.options.maxPendingReads) {
    refuseRead(state, origin, 'OVERLOADED')
    return
  }
  state.reads.add(origin)
  startRound(state, leadership)
}

/** A read on a follower: the leader is asked for the index; the state is read here. */
export function readOnFollower(state: CoreState, ref: number): void {
  if (state.leaderId === null) {
    state.readOutcome({ ref, refused: 'NO_LEADER', leaderId: null })
  } else if (state.reads.pending >= state.options.maxPendingReads) {
    state.readOutcome({ ref, refused: 'OVERLOADED', leaderId: state.leaderId })
  } else {
    state.reads.addForwarded(ref)
    askLeader(state)
  }
}

export function askLeader(state: CoreState): void {
  if (state.leaderId === null) return
  const request = state.reads.nextQuestion(state.nowMs, state.options.electionTimeoutMs)
  if (request === null) return
  state.send({ type: 'readIndexRequest', from: state.id, to: state.leaderId, term: state.term, request })
}

/**
 * Begins a round if reads wait, none is under way, and an entry of this leader's term is committed: before that it does not know which
 * entries of its predecessors are committed.
 */
export function startRound(state: CoreState, leadership: Leadership): void {
  if (!state.reads.hasWaiting || state.reads.hasActiveRound) return
  if (state.log.termAt(state.commitIndex) !== state.term) return
  state.reads.startRound(state.commitIndex)
  noteRound(state, leadership)
  sendHeartbeats(state, leadership)
  confirmReads(state, leadership)
}

/** A peer has answered a message that carried this round. */
export function confirmRound(
  state: CoreState,
  leadership: Leadership,
  progress: Progress,
  { round, stamp }: { readonly round: number; readonly stamp: number },
): void {
  if (stamp !== 0) progress.stamp = stamp
  if (round <= progress.confirmedRound || round > state.reads.currentRound) return
  progress.confirmedRound = round
  confirmReads(state, leadership)
}

/** Gives out the reads of the round under way if a quorum has confirmed it. */
export function confirmReads(state: CoreState, leadership: Leadership): void {
  const round = confirmedRound(state, leadership)
  learnFromRounds(state, leadership, round)
  const confirmed = state.reads.confirm(round)
  if (confirmed === null) return
  for (const origin of confirmed.origins) give(state, origin, confirmed.index)
  startRound(state, leadership)
}

function give(state: CoreState, origin: ReadOrigin, index: LogIndex): void {
  if (origin.kind === 'local') state.readOutcome({ ref: origin.ref, index })
  else answer(state, origin, index)
}

function answer(state: CoreState, origin: Extract<ReadOrigin, { kind: 'remote' }>, index: ReadIndexResponse['index']): void {
  state.send({ type: 'readIndexResponse', from: state.id, to: origin.from, term: state.term, request: origin.request, index })
}

function refuseRead(state: CoreState, origin: ReadOrigin, code: 'OVERLOADED' | 'NOT_LEADER'): void {
  if (origin.kind === 'local') state.readOutcome({ ref: origin.ref, refused: code, leaderId: state.leaderId })
  else answer(state, origin, code)
}

/** Leadership ended: nothing that waits can be confirmed any more. */
export function refuseAllReads(state: CoreState): void {
  for (const origin of state.reads.clear()) refuseRead(state, origin, 'NOT_LEADER')
}

export function handleReadIndexRequest(state: CoreState, leadership: Leadership, message: ReadIndexRequest): void {
  readOnLeader(state, leadership, { kind: 'remote', from: message.from, request: message.request })
}

/** Counts only from the leader of the current term, and only for the question that is open. */
export function handleReadIndexResponse(state: CoreState, message: ReadIndexResponse): void {
  if (message.from !== state.leaderId) return
  const asked = state.reads.answered(message.request)
  if (asked === null) return
  const { index } = message
  if (typeof index === 'number') state.freshness.prove(asked.askedMs, index, state.appliedIndex)
  for (const ref of asked.refs) {
    if (typeof index === 'number') state.readOutcome({ ref, index })
    else state.readOutcome({ ref, refused: index, leaderId: state.leaderId })
  }
  askLeader(state)
}
