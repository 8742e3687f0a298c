import type { SeededRandom } from '@balsa/raft'
import type { SimStreams } from '../network/sim-streams.js'
import type { FaultName, Plan } from '../swarm/plan.js'
import type { SimMember } from '../world/sim-member.js'
import type { World } from '../world/world.js'
import type { Survival } from './survival.js'

/** What faults work with. */
export interface Arena {
  readonly world: World
  readonly streams: SimStreams
  readonly plan: Plan
  readonly random: SeededRandom
  /** Who may be damaged or stay down for ever: never so many that no quorum is left. */
  readonly survival: Survival
  /** Grows when everything is healed: what a fault meant to end later has ended already. */
  healed: number
  /** Runs later, unless everything was healed meanwhile. */
  later(delayMs: number, run: () => void): void
  /** Starts the member again after a while. */
  restartLater(member: SimMember, delayMs: number): void
}

/** Begins one fault; its end is planned with it. */
export type Fault = (arena: Arena) => void
export type FaultTable = Readonly<Record<FaultName, Fault>>

/** From half an election time-out to twenty. */
export function duration(arena: Arena): number {
  const { electionTimeoutMs } = arena.plan.core
  return electionTimeoutMs * 0.5 * 40 ** arena.random.next()
}

export const running = (arena: Arena): SimMember[] => arena.world.members.filter((member) => member.running)

export function leaderOf(arena: Arena): SimMember | undefined {
  return running(arena).find(({ life }) => life?.core?.role === 'leader')
}
