import type { Input, RaftCore } from '@balsa/raft'
import type { Before, Observer } from '../world/observer.js'
import type { Life } from '../world/sim-member.js'
import { violate } from './violate.js'

/** purged <= snapshot <= committed <= last and applied <= committed, on every member after every step (Raft paper, section 7). */
export class IndexOrder implements Observer {
  readonly name = 'index-order'

  started(life: Life, core: RaftCore): void {
    this.#check(life, core)
  }

  moved(life: Life, core: RaftCore, _input: Input, _before: Before): void {
    this.#check(life, core)
  }

  #check(life: Life, core: RaftCore): void {
    const purged = core.firstIndex - 1
    const snapshot = core.snapshotMeta?.index ?? 0
    const { commitIndex, lastIndex, appliedIndex } = core
    if (
      purged <= snapshot &&
      snapshot <= commitIndex &&
      commitIndex <= lastIndex &&
      appliedIndex <= commitIndex &&
      life.appliedIndex <= commitIndex
    )
      return
    violate(
      life.member.world,
      this.name,
      `member ${life.member.id}: purged ${purged} <= snapshot ${snapshot} <= committed ${commitIndex} <= last ${lastIndex}, applied ${appliedIndex} (machine ${life.appliedIndex})`,
    )
  }
}
