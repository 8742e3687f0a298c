import type { Configuration, MemberId } from '@balsa/raft'
import type { SimMember } from '../world/sim-member.js'
import type { World } from '../world/world.js'

/**
 * Which members may be lost for ever, and which configurations may come, so that the cluster can always recover: in every configuration
 * that may still be in force one day, the voters that are left must be able to elect one of them, and must hold everything committed.
 */
export class Survival {
  readonly #world: World
  /** The newest committed configuration, and all that stand above it in any log. */
  readonly #possible: () => readonly Configuration[]
  /** Asked for, and perhaps in no log yet. */
  readonly planned = new Set<Configuration>()

  constructor(world: World, possible: () => readonly Configuration[]) {
    this.#world = world
    this.#possible = possible
  }

  /** May this one be damaged, or never come back? */
  mayLose(victim: SimMember): boolean {
    if (victim.lost) return true
    const isLost = (id: MemberId): boolean => id === victim.id || this.#isLost(id)
    return [...this.#possible(), ...this.planned].every((configuration) => survives(configuration, isLost))
  }

  /** May this configuration come, with those that are lost already? */
  allows(configuration: Configuration): boolean {
    return survives(configuration, (id) => this.#isLost(id))
  }

  #isLost(id: MemberId): boolean {
    return this.#world.find(id)?.lost ?? false
  }
}

function survives(configuration: Configuration, isLost: (id: MemberId) => boolean): boolean {
  const isWitness = (id: MemberId): boolean => configuration.witnesses.includes(id)
  return voterSets(configuration).every((voters) => setSurvives(voters, isLost, isWitness))
}

/** Both halves, and what the members that are joining may make of them: whoever keeps up comes in, and whom it replaces goes out. */
function voterSets({ voters, votersOutgoing, joining }: Configuration): (readonly MemberId[])[] {
  let sets: (readonly MemberId[])[] = [voters]
  for (const { id, replaces } of joining) sets = [...sets, ...sets.map((set) => [...set.filter((other) => other !== replaces), id])]
  return votersOutgoing.length === 0 ? sets : [...sets, votersOutgoing]
}

function setSurvives(voters: readonly MemberId[], isLost: (id: MemberId) => boolean, isWitness: (id: MemberId) => boolean): boolean {
  const lost = voters.filter(isLost)
  if (voters.length > 0 && lost.length * 2 >= voters.length) return false
  const lostData = lost.filter((id) => !isWitness(id)).length
  const data = voters.filter((id) => !isWitness(id)).length
  // What only a lost member and witnesses hold is gone, and witnesses that have heard of it vote for nobody who lacks it.
  return data === voters.length || lostData === 0 || (data - lostData) * 2 > voters.length
}
