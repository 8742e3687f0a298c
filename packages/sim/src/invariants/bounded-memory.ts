import type { Observer } from '../world/observer.js'
import type { SimMember } from '../world/sim-member.js'
import { violate } from './violate.js'

export interface MemoryBounds {
  readonly maxPendingProposals: number
  readonly maxPendingReads: number
  readonly maxUncommittedBytes: number
  /** Largest command: one may be taken when nothing else waits. */
  readonly maxCommandBytes: number
}

/** Every queue stays below its limit, whatever happens. Looked at every now and then. */
export class BoundedMemory implements Observer {
  readonly name = 'bounded-memory'
  readonly #bounds: MemoryBounds

  constructor(bounds: MemoryBounds) {
    this.#bounds = bounds
  }

  surveyed(members: readonly SimMember[]): void {
    for (const { life, world, id } of members) {
      if (life?.replica === undefined || life.replica === null || life.core === null) continue
      const { pendingProposals, pendingReads } = life.replica
      const { uncommittedBytes } = life.core.inner
      const bounds = this.#bounds
      const fits =
        pendingProposals <= bounds.maxPendingProposals &&
        pendingReads <= bounds.maxPendingReads &&
        uncommittedBytes <= bounds.maxUncommittedBytes + bounds.maxCommandBytes
      if (!fits)
        violate(
          world,
          this.name,
          `member ${id}: ${pendingProposals} proposals, ${pendingReads} reads, ${uncommittedBytes} uncommitted bytes`,
        )
    }
  }
}
