import type { Effects, Input, RaftCore } from '@balsa/raft'
import type { Observer } from '../world/observer.js'
import type { Life } from '../world/sim-member.js'
import { violate } from './violate.js'

/**
 * The log is cut at its beginning only below a snapshot that the disk holds, name and bytes; and a snapshot is of the state at its index, not
 * of a later one (Raft paper, section 7).
 */
export class CompactionCovered implements Observer {
  readonly name = 'compaction-covered'
  /** Per life: index of the newest command in each state that is being written, one after the other. */
  readonly #cuts = new WeakMap<Life, number[]>()

  snapshotBegun(life: Life, index: number, fingerprint: string | null): void {
    const { member } = life
    if (fingerprint === null && member.tables.appliedIndex < index)
      violate(
        member.world,
        this.name,
        `a snapshot of member ${member.id} refers to its state at ${index}, which is durable up to ${member.tables.appliedIndex} only`,
      )
    const cuts = this.#cuts.get(life)
    if (cuts === undefined) this.#cuts.set(life, [index])
    else cuts.push(index)
  }

  stepped(life: Life, _core: RaftCore, input: Exclude<Input, { type: 'message' }>): void {
    if (input.type !== 'snapshotTaken') return
    const index = this.#cuts.get(life)?.shift() ?? 0
    if (index <= input.meta.index) return
    violate(
      life.member.world,
      this.name,
      `member ${life.member.id} calls a snapshot ${input.meta.index}, the state in it has applied entry ${index}`,
    )
  }

  effects({ member }: Life, _core: RaftCore, { persist }: Effects): void {
    if (persist === null || persist.compactBelow === null) return
    const { snapshotIndex } = member.disk.durableLog()
    if (persist.compactBelow <= snapshotIndex + 1 || member.damaged) return
    violate(
      member.world,
      this.name,
      `member ${member.id} drops its log below ${persist.compactBelow}, the newest snapshot on its disk ends at ${snapshotIndex}`,
    )
  }
}
