import type { Configuration, Input, LogIndex, RaftCore } from '@balsa/raft'
import type { Before, Observer } from '../world/observer.js'
import type { Life, SimMember } from '../world/sim-member.js'
import type { World } from '../world/world.js'
import type { Ledger } from './ledger.js'
import { violate } from './violate.js'

/**
 * A commit index rises only over entries that stand on the disks of a quorum of the configuration in force, both halves of a joint one (Raft
 * paper, section 5.3 and 6), by an entry of the leader's own term (section 5.4.2). Afterwards a quorum of disks always
 * holds them. Reads the platters, never what members believe; crashed members count. Followers commit only what a leader has.
 */
export class DurableCommit implements Observer {
  readonly name = 'durable-commit'
  readonly #ledger: Ledger
  /** In force when something was last committed. */
  #configuration: Configuration | null = null

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  moved(life: Life, core: RaftCore, _input: Input, before: Before): void {
    const index = core.commitIndex
    const { world, id } = life.member
    if (index === before.commitIndex) return
    if (index < before.commitIndex)
      violate(world, 'commit-monotonic', `the commit index of member ${id} went from ${before.commitIndex} to ${index}`)
    const known = this.#ledger.committedIndex
    if (index > known) {
      if (core.role !== 'leader' && before.role !== 'leader')
        violate(world, this.name, `follower ${id} committed ${index}, no leader has committed more than ${known}`)
      this.#leaderCommits(life, core, known, index)
    }
    const term = core.termAt(index)
    if (term !== null && term !== this.#ledger.committed[index]) {
      violate(
        world,
        this.name,
        `member ${id} committed entry ${index} of term ${term}; the cluster committed term ${this.#ledger.committed[index]} there`,
      )
    }
  }

  #leaderCommits(life: Life, core: RaftCore, known: number, index: LogIndex): void {
    const { world, id } = life.member
    const term = core.termAt(index)
    if (term !== core.term)
      violate(world, this.name, `leader ${id} of term ${core.term} committed entry ${index} of term ${term} by counting`)
    this.#configuration = core.configuration
    this.#requireQuorum(world, core.configuration, index, term, `leader ${id} committed entry ${index} of term ${term}`)
    for (let each = known + 1; each <= index; each++) {
      const entryTerm = core.termAt(each as LogIndex)
      if (entryTerm === null) violate(world, this.name, `leader ${id} committed ${index} but does not hold entry ${each}`)
      if (entryTerm !== core.term) world.coverage.hit('commit of an older term through a newer one')
      this.#ledger.committed.push(entryTerm)
      this.#ledger.committedIn.push(core.term)
      this.#ledger.committedMs.push(world.nowMs)
    }
  }

  #requireQuorum(world: World, configuration: Configuration, index: number, term: number, what: string): void {
    for (const voters of [configuration.voters, configuration.votersOutgoing]) {
      if (voters.length === 0) continue
      const holders = voters.filter((voter) => {
        const member = world.member(voter)
        // What was damaged after it was acknowledged still counted when it was.
        return member.damaged || member.disk.durableLog().holds(index, term)
      })
      // Witnesses hold no bytes: without somebody who does, what is committed could be lost with one disk.
      const data = holders.some((voter) => !configuration.witnesses.includes(voter))
      if (holders.length * 2 > voters.length && data) continue
      const disks = world.members.map((member) => `m${member.id}: ${member.disk.durableLog().describe()}`).join('; ')
      violate(world, this.name, `${what}, on the disks of ${holders.length} of ${voters.length} voters (${disks})`)
    }
  }

  synced(member: SimMember): void {
    const log = member.disk.durableLog()
    for (const { index, term } of log.cut.splice(0)) {
      // What was cut and written again in one go was never gone.
      if (this.#ledger.committed[index] !== term || member.damaged || log.holds(index, term)) continue
      const what = `the disk of member ${member.id} lost the committed entry ${index} of term ${term}: it was cut off`
      // By a leader that came before the one that committed it, whom this member hears late: it had the entry, but nobody has counted it.
      const isLate = (log.termAt(index) ?? Infinity) < (this.#ledger.committedIn[index] ?? 0)
      if (!isLate || this.#configuration === null) violate(member.world, this.name, what)
      this.#requireQuorum(member.world, this.#configuration, index, term, what)
    }
  }
}
