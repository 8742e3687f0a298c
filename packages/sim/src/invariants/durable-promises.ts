import type { LogIndex, Message, RaftCore } from '@balsa/raft'
import type { Observer } from '../world/observer.js'
import type { Life } from '../world/sim-member.js'
import { violate } from './violate.js'

/** How long after a promise a crash is likelier: the moments that matter. */
const FRESH_MS = 50

/**
 * Nothing leaves a member that its disk does not hold: the term of every message, a granted vote, and the entries that an answer says it has
 * (Raft paper, figure 2: "updated on stable storage before responding"); and those entries are the leader's.
 */
export class DurablePromises implements Observer {
  readonly name = 'durable-promises'

  sends(life: Life, core: RaftCore, messages: readonly Message[]): void {
    for (const message of messages) {
      this.#check(life, message)
      if (message.type === 'appendEntriesResponse' && message.rejected === null) this.#agrees(life, core, message)
    }
  }

  /** An acknowledgement says that the logs agree up to there, not only that something is on the disk. */
  #agrees({ member }: Life, core: RaftCore, { to, term, matchIndex }: Extract<Message, { type: 'appendEntriesResponse' }>): void {
    const leader = member.world.member(to).life?.core?.inner
    if (leader === undefined || leader.role !== 'leader' || leader.term !== term || core.term !== term) return
    const own = core.termAt(matchIndex)
    const theirs = leader.termAt(matchIndex)
    if (matchIndex <= leader.lastIndex && (own === null || theirs === null || own === theirs)) return
    violate(
      member.world,
      this.name,
      `member ${member.id} acknowledges entry ${matchIndex} of term ${own} to leader ${to}, whose log has term ${theirs} there and ends at ${leader.lastIndex}`,
    )
  }

  #check(life: Life, message: Message): void {
    const { member } = life
    const { world } = member
    const binds = !(
      (message.type === 'requestVote' && message.preVote) ||
      (message.type === 'requestVoteResponse' && message.preVote && message.granted)
    )
    if (!binds) return
    const log = member.disk.durableLog()
    const { term, votedFor } = log.hardState
    if (message.term > term)
      violate(world, this.name, `member ${member.id} sends ${message.type} of term ${message.term}, its disk says ${log.describe()}`)
    if (message.term < term) return
    if (message.type === 'requestVote' && votedFor !== member.id) {
      violate(world, this.name, `candidate ${member.id} asks for votes in term ${term} before its own is durable: ${log.describe()}`)
    }
    if (message.type === 'requestVoteResponse' && message.granted) {
      member.promisedUntilMs = world.nowMs + FRESH_MS
      if (votedFor !== message.to)
        violate(world, this.name, `member ${member.id} grants ${message.to} a vote in term ${term}, its disk says ${log.describe()}`)
    }
    if (message.type === 'appendEntriesResponse' && message.rejected === null) {
      member.promisedUntilMs = world.nowMs + FRESH_MS
      if (message.matchIndex > Math.max(log.lastIndex, log.snapshotIndex)) {
        violate(world, this.name, `member ${member.id} acknowledges entries up to ${message.matchIndex}, its disk holds ${log.describe()}`)
      }
    }
    if (message.type === 'installSnapshotResponse' && message.installed) {
      member.promisedUntilMs = world.nowMs + FRESH_MS
      const held = Math.max(log.lastIndex, log.snapshotIndex) as LogIndex
      if (message.snapshotIndex > held)
        violate(
          world,
          this.name,
          `member ${member.id} says that snapshot ${message.snapshotIndex} is installed, its disk holds ${log.describe()}`,
        )
    }
  }
}
