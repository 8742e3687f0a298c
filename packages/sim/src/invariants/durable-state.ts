import type { SimMember } from '../world/sim-member.js'
import { violate } from './violate.js'

/**
 * A state on a disk of its own never runs ahead of the log on that disk: one that does could not be told from one whose log was exchanged (see
 * DurableState of the engine). Asked at each commit of the state.
 */
export function checkBehindLog(member: SimMember, appliedIndex: number): void {
  const { lastIndex, snapshotIndex } = member.disk.durableLog()
  if (appliedIndex <= Math.max(lastIndex, snapshotIndex) || member.damaged) return
  violate(
    member.world,
    'durable-state',
    `the state on the disk of member ${member.id} holds entry ${appliedIndex}, its log ends at ${lastIndex}, its snapshot at ${snapshotIndex}`,
  )
}
