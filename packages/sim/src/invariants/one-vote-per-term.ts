import type { Message, RaftCore } from '@balsa/raft'
import type { Observer } from '../world/observer.js'
import type { Life, SimMember } from '../world/sim-member.js'
import { violate } from './violate.js'

/**
 * A member votes for one candidate in a term, across restarts; and the vote is on its disk before anybody hears of it (Raft paper, figure 2 and
 * section 5.2). Reads the platter, and the votes that leave.
 */
export class OneVotePerTerm implements Observer {
  readonly name = 'one-vote-per-term'
  /** Per member: whom it voted for in each term, as anybody could have learned. */
  readonly #votes = new Map<number, Map<number, number>>()

  sends(life: Life, core: RaftCore, messages: readonly Message[]): void {
    for (const message of messages) {
      if (message.type === 'requestVoteResponse' && message.granted && !message.preVote) this.#vote(life.member, message.term, message.to)
      else if (message.type === 'requestVote' && !message.preVote) this.#vote(life.member, message.term, core.id)
    }
  }

  synced(member: SimMember): void {
    const { term, votedFor } = member.disk.durableLog().hardState
    if (votedFor !== null) this.#vote(member, term, votedFor)
  }

  #vote(member: SimMember, term: number, candidate: number): void {
    // It has forgotten its votes, and nobody may count new ones.
    if (member.wiped) return
    let votes = this.#votes.get(member.id)
    if (votes === undefined) {
      votes = new Map()
      this.#votes.set(member.id, votes)
    }
    const earlier = votes.get(term)
    if (earlier !== undefined && earlier !== candidate) {
      violate(member.world, this.name, `member ${member.id} voted for ${earlier} and for ${candidate} in term ${term}`)
    }
    votes.set(term, candidate)
  }
}
