import { invariant } from '../errors.js'
import type { MemberId, Term } from '../types.js'
import { asTerm } from '../types.js'
import type { Role } from './effects.js'
import { lead, stopLeading } from './leader.js'
import type { RequestVote, RequestVoteResponse } from './messages.js'
import { replicationTargets } from './membership.js'
import { nextRetryMs } from './retry.js'
import { isVoter, voteResult } from './quorum.js'
import type { CoreState } from './state.js'
import { settleHandover } from './transfer.js'

/** Roles, terms and votes: paper, section 5.2 and 5.4.1; pre-vote and stickiness: thesis, sections 9.6 and 4.2.3. */

/**
 * Called only for a granted vote, a message of the current leader, an election of its own, and when a leader steps down: any other reset
 * lets a server that can not win keep those that could from trying.
 */
export function resetElectionTimer(state: CoreState): void {
  const { electionTimeoutMs } = state.options
  state.electionDeadlineMs = state.nowMs + electionTimeoutMs + state.random.next() * electionTimeoutMs
}

/** A message of the current leader was heard. */
export function followLeader(state: CoreState, leaderId: MemberId): void {
  invariant(state.role !== 'leader' || leaderId === state.id, 'one leader per term', { term: state.term, other: leaderId })
  if (state.role !== 'follower' || state.leaderId !== leaderId) {
    changeRole(state, 'follower', leaderId, `follows ${leaderId}`)
  }
  state.promisedTo = leaderId
  state.promisedUntilMs = state.nowMs + state.options.electionTimeoutMs
  resetElectionTimer(state)
}

/**
 * The connections to `peer` have broken. If it leads, its process is likely to be gone, and nobody needs to wait for the time-out: after more than
 * a heart-beat without a word of it (it may have connected again) this member asks whether it would be elected, and from now on it helps others
 * who ask. That is safe, as every campaign begins with a pre-vote: nothing comes of it unless a majority has lost the leader as well. Only leases
 * rest on promises that must be kept to their end.
 */
export function leaderMayBeGone(state: CoreState, peer: MemberId): void {
  const { preVote, checkQuorum, leaseReads, heartbeatIntervalMs } = state.options
  if (state.leaderId !== peer || !preVote || !checkQuorum) return
  if (leaseReads === null) state.promisedUntilMs = -Infinity
  const earliestMs = Math.max(state.nowMs, state.promisedUntilMs)
  const waitMs = heartbeatIntervalMs * (1 + state.random.next())
  state.electionDeadlineMs = Math.min(state.electionDeadlineMs, earliestMs + waitMs)
}

export function becomeFollower(state: CoreState, term: Term, leaderId: MemberId | null, reason: string): void {
  // The vote is forgotten only when the term moves: otherwise this member could vote twice in one term.
  if (term > state.term) state.setTerm(term, null)
  changeRole(state, 'follower', leaderId, reason)
}

function changeRole(state: CoreState, role: Role, leaderId: MemberId | null, reason: string): void {
  const wasLeader = state.role === 'leader'
  if (leaderId !== state.leaderId || role === 'leader') refuseForwardedReads(state)
  state.role = role
  state.leaderId = leaderId
  state.votes = new Map()
  state.voteRetryAtMs = Infinity
  if (wasLeader) {
    stopLeading(state)
    resetElectionTimer(state)
  }
  settleHandover(state)
  state.event({ type: 'role', role, term: state.term, leaderId, reason })
}

function refuseForwardedReads(state: CoreState): void {
  for (const ref of state.reads.clearForwarded()) state.readOutcome({ ref, refused: 'NO_LEADER', leaderId: null })
}

/** The election time-out has passed without a leader. */
export function campaign(state: CoreState, reason: string): void {
  if (!state.promotable) return
  resetElectionTimer(state)
  if (state.options.preVote) preCampaign(state, reason)
  else campaignForReal(state, null, reason)
}

function preCampaign(state: CoreState, reason: string): void {
  changeRole(state, 'preCandidate', null, reason)
  // A pre-vote binds nobody, so the own one needs no disk.
  state.votes.set(state.id, true)
  requestVotes(state, true, null)
  countVotes(state)
}

/** `transfer`: what the old leader's TimeoutNow allowed, or null. */
export function campaignForReal(state: CoreState, transfer: number | null, reason: string): void {
  state.setTerm(asTerm(state.term + 1), state.id)
  changeRole(state, 'candidate', null, reason)
  resetElectionTimer(state)
  // The own vote counts when it is durable, like everybody's: it comes back as a message to itself.
  state.sendAfterPersist({ type: 'requestVoteResponse', from: state.id, to: state.id, term: state.term, preVote: false, granted: true })
  requestVotes(state, false, transfer)
}

function requestVotes(state: CoreState, preVote: boolean, transfer: number | null): void {
  state.voteRetries = 0
  state.voteRetryAtMs = ++state.unansweredCampaigns > 1 ? Infinity : nextRetryMs(state.options.retryMs, 0, state.nowMs)
  askVoters(state, preVote, transfer)
}

/** A vote request or its answer may have been lost: those that have said nothing are asked once more, in the same term. */
export function askVotersAgain(state: CoreState): void {
  state.voteRetryAtMs = nextRetryMs(state.options.retryMs, ++state.voteRetries, state.nowMs)
  // What a transfer allowed, it allowed once.
  askVoters(state, state.role === 'preCandidate', null)
}

function askVoters(state: CoreState, preVote: boolean, transfer: number | null): void {
  for (const to of replicationTargets(state.configuration)) {
    if (to === state.id || state.votes.has(to) || !isVoter(state.configuration, to)) continue
    state.send({
      type: 'requestVote',
      from: state.id,
      to,
      term: asTerm(preVote ? state.term + 1 : state.term),
      preVote,
      transfer,
      lastLogIndex: state.log.lastIndex,
      lastLogTerm: state.log.lastTerm,
    })
  }
}

/** Heard of a live leader too recently to help to depose it (thesis, section 4.2.3)? A leader's own lease is its check-quorum. */
export function isSticky(state: CoreState, message: RequestVote): boolean {
  if (!state.options.checkQuorum) return false
  if (message.transfer !== null && permitsTransfer(state, message.term - 1, message.transfer)) return false
  if (state.role === 'leader') return true
  // The last leader itself may ask: it has lost its leadership and can be elected again.
  if (state.promisedTo === message.from) return false
  return state.nowMs < state.promisedUntilMs
}

/**
 * A transfer that the leader of `leaderTerm` began is over for whoever has heard a later round of it. A restarted member may have heard
 * one and forgotten it.
 */
export function permitsTransfer(state: CoreState, leaderTerm: number, untilRound: number): boolean {
  const { leaseReads, electionTimeoutMs } = state.options
  if (leaseReads !== null && state.nowMs < state.startedMs + electionTimeoutMs) return false
  return state.heardTerm !== leaderTerm || state.heardRound <= untilRound
}

/** Paper, section 5.4.1: the later term wins, then the longer log. Counts what a snapshot replaced. */
function isUpToDate(state: CoreState, message: RequestVote): boolean {
  const { lastTerm, lastIndex } = state.log
  return message.lastLogTerm > lastTerm || (message.lastLogTerm === lastTerm && message.lastLogIndex >= lastIndex)
}

/** A vote request of this member's own term, or a pre-vote request for a later one. */
export function handleRequestVote(state: CoreState, message: RequestVote): void {
  const mayVote = message.preVote
    ? message.term > state.term
    : message.term === state.term && (state.votedFor === null || state.votedFor === message.from)
  // Also of a term that it is in already: another's message may have moved it there before its promise ended.
  const promised = !message.preVote && state.votedFor === null && isSticky(state, message)
  if (!mayVote || promised || !isUpToDate(state, message)) {
    refuseVote(state, message)
    return
  }
  if (message.preVote) {
    state.send({ type: 'requestVoteResponse', from: state.id, to: message.from, term: message.term, preVote: true, granted: true })
    return
  }
  if (state.votedFor === null) state.setTerm(state.term, message.from)
  if (state.role !== 'follower') becomeFollower(state, state.term, null, `voted for ${message.from}`)
  resetElectionTimer(state)
  state.sendAfterPersist({ type: 'requestVoteResponse', from: state.id, to: message.from, term: state.term, preVote: false, granted: true })
}

/** Answers with this member's own term, so that one that is behind catches up instead of asking for ever. */
export function refuseVote(state: CoreState, message: RequestVote): void {
  state.send({ type: 'requestVoteResponse', from: state.id, to: message.from, term: state.term, preVote: message.preVote, granted: false })
}

export function handleVoteResponse(state: CoreState, message: RequestVoteResponse): void {
  state.unansweredCampaigns = 0
  const expected = state.role === (message.preVote ? 'preCandidate' : 'candidate')
  const term = message.preVote && message.granted ? state.term + 1 : state.term
  if (!expected || message.term !== term) return
  // A set of voters, never a counter: a duplicated answer is one vote. Strangers are not counted by voteResult.
  if (!state.votes.has(message.from)) state.votes.set(message.from, message.granted)
  countVotes(state)
}

function countVotes(state: CoreState): void {
  const result = voteResult(state.configuration, state.votes)
  if (result === 'pending') return
  if (result === 'lost') {
    becomeFollower(state, state.term, null, 'a majority refused')
  } else if (state.role === 'preCandidate') {
    campaignForReal(state, null, 'a majority would vote for it')
  } else {
    changeRole(state, 'leader', state.id, 'won the election')
    lead(state)
  }
}
