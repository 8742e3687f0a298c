import type { Input, RaftCore } from '@balsa/raft'
import type { Before, Observer } from '../world/observer.js'
import type { Life } from '../world/sim-member.js'
import { violate } from './violate.js'

/** At most one leader per term, over the whole history and across restarts (Raft paper, figure 3: Election Safety). */
export class ElectionSafety implements Observer {
  readonly name = 'election-safety'
  readonly #leaders = new Map<number, { readonly member: number; readonly life: number }>()

  get terms(): number {
    return this.#leaders.size
  }

  leaderOf(term: number): number | undefined {
    return this.#leaders.get(term)?.member
  }

  moved(life: Life, core: RaftCore, _input: Input, before: Before): void {
    if (core.role !== 'leader' || (before.role === 'leader' && before.term === core.term)) return
    const { member, number } = life
    const earlier = this.#leaders.get(core.term)
    if (earlier !== undefined && (earlier.member !== member.id || earlier.life !== number)) {
      violate(
        member.world,
        this.name,
        `members ${earlier.member} (life ${earlier.life}) and ${member.id} (life ${number}) both lead term ${core.term}`,
      )
    }
    this.#leaders.set(core.term, { member: member.id, life: number })
  }
}
