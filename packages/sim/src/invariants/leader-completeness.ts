import type { Effects, Input, LogIndex, RaftCore } from '@balsa/raft'
import type { Before, Observer } from '../world/observer.js'
import type { Life } from '../world/sim-member.js'
import type { Ledger } from './ledger.js'
import { violate } from './violate.js'

/**
 * A new leader holds everything that leaders of earlier terms have committed, and a leader never cuts its log (Raft paper, figure 3: Leader
 * Completeness, Leader Append-Only).
 */
export class LeaderCompleteness implements Observer {
  readonly name = 'leader-completeness'
  readonly #ledger: Ledger

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  moved(life: Life, core: RaftCore, _input: Input, before: Before): void {
    if (core.role !== 'leader' || (before.role === 'leader' && before.term === core.term)) return
    const { world, id } = life.member
    world.coverage.hit('elections won')
    if (core.isWitness) violate(world, this.name, `witness ${id} leads term ${core.term}`)
    // A member that was frozen may learn late that it was elected, while a later leader commits already.
    const index = this.#ledger.committedBelow(core.term)
    if (index === 0 || index < core.firstIndex - 1) return
    const term = core.termAt(index as LogIndex)
    const expected = this.#ledger.committed[index]
    if (term !== expected) {
      violate(
        world,
        this.name,
        `member ${id} leads term ${core.term} without the committed entry ${index} of term ${expected}: it has ${term ?? 'nothing'} there (last index ${core.lastIndex})`,
      )
    }
  }

  effects(life: Life, core: RaftCore, effects: Effects): void {
    for (const event of effects.events) {
      if (event.type !== 'truncated') continue
      const { world, id } = life.member
      world.coverage.hit('log cut')
      if (event.lastIndex - event.fromIndex >= 9) world.coverage.hit('log cut of 10 entries or more')
      if (core.role === 'leader') violate(world, 'leader-append-only', `member ${id} cut its log at ${event.fromIndex} and leads`)
    }
  }
}
