import { violate } from '../invariants/violate.js'
import type { SimMember } from '../world/sim-member.js'
import type { World } from '../world/world.js'

/** Members that may be expected to come along: they run, and the leader's configuration has them. */
function expected(world: World): { readonly leader: SimMember | null; readonly members: readonly SimMember[] } {
  let leader: SimMember | null = null
  for (const member of world.members) {
    const core = member.life?.core
    if (core?.role === 'leader' && core.term >= (leader?.life?.core?.term ?? 0)) leader = member
  }
  const configuration = leader?.life?.core?.configuration
  const listed = new Set([...(configuration?.voters ?? []), ...(configuration?.votersOutgoing ?? []), ...(configuration?.learners ?? [])])
  return { leader, members: world.members.filter(({ id, out }) => listed.has(id) && !out) }
}

/** One leader that everybody follows, equal logs, everything committed and applied. */
export function converged(world: World, ofRunning = false): boolean {
  const { leader, members } = expected(world)
  const core = leader?.life?.core
  if (leader === null || core === undefined || core === null || core.configuration.votersOutgoing.length > 0) return false
  // One that was removed leads until a successor is found.
  if (!core.configuration.voters.includes(leader.id)) return false
  // Whoever is joining comes in by itself, and may replace the leader. A witness never does, and may have to wait for another member with data.
  const { joining, witnesses } = core.configuration
  if (joining.some(({ id }) => !witnesses.includes(id) && world.find(id)?.lost === false)) return false
  const { term, lastIndex } = core
  return members.every(({ life, id }) => {
    if (ofRunning && life === null) return true
    const own = life?.core
    if (own === undefined || own === null || life?.replica === null) return false
    return (
      own.term === term &&
      own.leaderId === leader.id &&
      own.commitIndex === lastIndex &&
      own.lastIndex === lastIndex &&
      own.inner.appliedIndex === lastIndex &&
      id > 0
    )
  })
}

/** How every member stands, for people. */
export function describeMembers(world: World): string {
  const lines = world.members.map((member) => {
    const { life, id, out, lastError } = member
    const core = life?.core
    const why = lastError === null ? '' : ` (${lastError.code}: ${lastError.message})`
    if (core === undefined || core === null) return `m${id} ${out ? 'out' : life === null ? 'down' : 'starting'}${why}`
    return `m${id} ${core.role} term ${core.term} leader ${core.leaderId ?? '-'} commit ${core.commitIndex} last ${core.lastIndex} applied ${core.inner.appliedIndex}`
  })
  return lines.join('; ')
}

export function checkConverged(world: World): void {
  if (converged(world)) return
  violate(world, 'converges-after-healing', `not every member agrees long after everything was mended: ${describeMembers(world)}`)
}
