import type { LogIndex, MemberId } from '../types.js'
import { quorumValue } from './quorum.js'
import type { CoreState, Leadership } from './state.js'

/**
 * What the rounds of a leader prove when a quorum has answered them: that nobody had elected another leader when they began. Reads rest on it
 * (read-index.ts), leases do, and what members know about the age of their state (freshness.ts).
 *
 * Leases (thesis, section 6.4.1), only with the option `leaseReads`. The argument:
 * - A round begins at S by the leader's clock. Whoever answers it heard it after S, and promises from then on to help nobody else to be
 *   elected for one election time-out by its own clock: it grants no vote and no pre-vote (`isSticky`), whatever term it has moved to meanwhile,
 *   and its own campaign begins later still. Any quorum that elects shares a member with any quorum that answered, also in a joint
 *   configuration, where both halves count each time. So nobody else is elected before S + election time-out.
 * - Clocks may run differently: when none advances by more than the factor 1 + maxClockDrift of another's, an election time-out of any follower
 *   lasts at least electionTimeoutMs / (1 + maxClockDrift) of the leader's clock. That is the lease.
 * - A restarted member has forgotten its promise: it keeps still for one election time-out after its start.
 * - A transfer of leadership breaks promises on purpose. There is no lease while one runs, and after it failed only from rounds
 *   whose numbers lie above everything that the transfer allowed: whoever has heard one of those ignores what is left of the transfer.
 * - The last leader itself may be voted for: the lease was its own, and ended with its leadership.
 * All members need the same `electionTimeoutMs`, check-quorum and `leaseReads`.
 */

/** What a leader remembers of a round. */
export interface RoundRecord {
  readonly number: number
  readonly startedMs: number
  /** Its commit index when the round began; null before an entry of its own term was committed. */
  readonly index: LogIndex | null
  /** The newest mark of time that each peer had sent by then. */
  readonly stamps: readonly { readonly id: MemberId; readonly stamp: number }[]
}

/** Rounds that nobody has confirmed; then no more are begun until somebody does. */
const MAX_ROUNDS = 64

/** Before a message to a peer leaves: begins a round if the last one is half a heart-beat old. No message is sent on account of that. */
export function beat(state: CoreState): void {
  const { leadership } = state
  if (leadership === null) return
  const lastMs = leadership.rounds[leadership.rounds.length - 1]?.startedMs ?? leadership.electedAtMs
  if (leadership.rounds.length >= MAX_ROUNDS || state.nowMs - lastMs < state.options.heartbeatIntervalMs / 2) return
  state.reads.beat()
  noteRound(state, leadership)
}

/** A round has begun just now. */
export function noteRound(state: CoreState, leadership: Leadership): void {
  const stamps: { readonly id: MemberId; readonly stamp: number }[] = []
  for (const { id, stamp } of leadership.peers) if (stamp !== 0) stamps.push({ id, stamp })
  const index = state.log.termAt(state.commitIndex) === state.term ? state.commitIndex : null
  leadership.rounds.push({ number: state.reads.currentRound, startedMs: state.nowMs, index, stamps })
}

/** The newest round that a quorum of the configuration in force has confirmed. */
export function confirmedRound(state: CoreState, leadership: Leadership): number {
  const own = state.reads.currentRound
  return quorumValue(state.configuration, (id) => (id === state.id ? own : (leadership.progress.get(id)?.confirmedRound ?? -1)))
}

/** Perhaps a later round than before is confirmed: what it proves is kept, and told to the peers with the next message to each. */
export function learnFromRounds(state: CoreState, leadership: Leadership, round: number): void {
  const { rounds } = leadership
  let at = rounds.length - 1
  while (at >= 0 && (rounds[at]?.number ?? 0) > round) at--
  const record = rounds[at]
  if (record === undefined || record === leadership.provenRound) return
  if (at > 0) rounds.splice(0, at)
  leadership.provenRound = record
  if (record.index === null) return
  state.freshness.prove(record.startedMs, record.index, state.appliedIndex)
  for (const { id, stamp } of record.stamps) {
    const progress = leadership.progress.get(id)
    if (progress !== undefined) progress.fresh = { stamp, index: record.index }
  }
}

/** May reads be answered now without asking anybody? Asked anew for every read: a changed configuration changes the answer. */
export function leaseHolds(state: CoreState, leadership: Leadership, nowMs: number): boolean {
  const { leaseReads, electionTimeoutMs } = state.options
  if (leaseReads === null || leadership.transfer !== null || leadership.retiresAtMs !== null) return false
  if (state.log.termAt(state.commitIndex) !== state.term) return false
  const round = confirmedRound(state, leadership)
  const record = leadership.rounds.findLast(({ number }) => number <= round)
  if (record === undefined || record.number <= leadership.leaseAboveRound) return false
  return nowMs < record.startedMs + electionTimeoutMs / (1 + leaseReads.maxClockDrift)
}

/** The latest moment of which it is known that a state with everything up to `applied` holds all that was committed then; or -Infinity. */
export function freshAsOfMs(state: CoreState, applied: LogIndex, nowMs: number): number {
  const { leadership } = state
  if (leadership !== null && applied >= state.commitIndex) {
    const alone = quorumValue(state.configuration, (id) => (id === state.id ? 1 : 0)) === 1
    if (alone && state.log.termAt(state.commitIndex) === state.term) return nowMs
    if (leaseHolds(state, leadership, nowMs)) return nowMs
  }
  return state.freshness.asOfMs(applied)
}
