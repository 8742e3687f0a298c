import type { Configuration, MemberId } from '../types.js'

/**
 * The arithmetic of majorities, with no knowledge of Raft. Checked against brute force in the test: a clever structure here has
 * lost data in a real system.
 */

/** The largest value that a majority of `ids` has reached: the median of the sorted values. Infinity for nobody. */
export function majorityValue(ids: readonly MemberId[], valueOf: (id: MemberId) => number): number {
  if (ids.length === 0) return Infinity
  const values = descending(ids, valueOf)
  return values[Math.floor(values.length / 2)] ?? -Infinity
}

/** Asked for at every turn of a leader, and always short: an insertion into one array beats a new one and a general sort. */
function descending(ids: readonly MemberId[], valueOf: (id: MemberId) => number): readonly number[] {
  const values = scratch
  values.length = ids.length
  let count = 0
  for (const id of ids) {
    const value = valueOf(id)
    let at = count++
    for (; at > 0 && (values[at - 1] ?? 0) < value; at--) values[at] = values[at - 1] ?? 0
    values[at] = value
  }
  return values
}

/** Shared by all calls: each is over before the next begins. */
const scratch: number[] = []

/** The largest value that a quorum of the configuration has reached: a majority of each half when joint (paper, section 6). */
export function quorumValue(configuration: Configuration, valueOf: (id: MemberId) => number): number {
  return Math.min(majorityValue(configuration.voters, valueOf), majorityValue(configuration.votersOutgoing, valueOf))
}

export type VoteResult = 'won' | 'lost' | 'pending'

/** Counts each voter once, and nobody else. */
export function voteResult(configuration: Configuration, votes: ReadonlyMap<MemberId, boolean>): VoteResult {
  const incoming = majorityVote(configuration.voters, votes)
  if (configuration.votersOutgoing.length === 0) return incoming
  const outgoing = majorityVote(configuration.votersOutgoing, votes)
  if (incoming === 'lost' || outgoing === 'lost') return 'lost'
  return incoming === 'won' && outgoing === 'won' ? 'won' : 'pending'
}

function majorityVote(voters: readonly MemberId[], votes: ReadonlyMap<MemberId, boolean>): VoteResult {
  const needed = Math.floor(voters.length / 2) + 1
  let granted = 0
  let refused = 0
  for (const id of voters) {
    const vote = votes.get(id)
    if (vote === true) granted++
    if (vote === false) refused++
  }
  if (voters.length > 0 && granted >= needed) return 'won'
  return voters.length - refused < needed ? 'lost' : 'pending'
}

export function isVoter(configuration: Configuration, id: MemberId): boolean {
  return configuration.voters.includes(id) || configuration.votersOutgoing.includes(id)
}
