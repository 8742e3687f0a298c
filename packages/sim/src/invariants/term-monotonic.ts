import type { Input, RaftCore } from '@balsa/raft'
import type { Before, Observer } from '../world/observer.js'
import type { Life, SimMember } from '../world/sim-member.js'
import { violate } from './violate.js'

/** Terms never go back, neither in memory nor on the platter nor across restarts, and no entry is newer than the term (Raft paper, figure 2). */
export class TermMonotonic implements Observer {
  readonly name = 'term-monotonic'
  readonly #durable = new Map<number, number>()

  started(life: Life, core: RaftCore): void {
    const durable = this.#durable.get(life.member.id) ?? 0
    if (core.term < durable && !life.member.damaged) {
      violate(life.member.world, this.name, `member ${life.member.id} starts in term ${core.term}, its disk had term ${durable}`)
    }
  }

  moved(life: Life, core: RaftCore, _input: Input, before: Before): void {
    const { world, id } = life.member
    if (core.term < before.term) violate(world, this.name, `member ${id} went from term ${before.term} to ${core.term}`)
    if (core.lastTerm > core.term) violate(world, this.name, `member ${id} in term ${core.term} holds an entry of term ${core.lastTerm}`)
  }

  synced(member: SimMember): void {
    const { term } = member.disk.durableLog().hardState
    const durable = this.#durable.get(member.id) ?? 0
    if (term < durable && !member.damaged)
      violate(member.world, this.name, `the disk of member ${member.id} went from term ${durable} to ${term}`)
    if (term > durable) this.#durable.set(member.id, term)
  }

  crashed(member: SimMember): void {
    this.synced(member)
  }
}
