import type { SimMember } from '../world/sim-member.js'
import { type Arena, duration, type Fault, leaderOf, running } from './fault.js'

const alive = (arena: Arena): SimMember[] => arena.world.members.filter(({ life }) => life !== null)

/** Ten times likelier while a write is under way or a promise has just left: the moments that matter (TigerBeetle, FoundationDB). */
export const crash: Fault = (arena) => {
  const { random, world } = arena
  const candidates = alive(arena)
  if (candidates.length === 0) return
  const busy = candidates.filter((member) => (member.life?.port.busy ?? 0) > 0 || member.promisedUntilMs > world.nowMs)
  const leader = leaderOf(arena)
  const victim =
    busy.length > 0 && random.bool(0.7) ? random.pick(busy) : leader !== undefined && random.bool(0.4) ? leader : random.pick(candidates)
  if (!busy.includes(victim) && busy.length === 0 && random.bool(0.5)) {
    // Wait for a write and strike then.
    strikeWhenBusy(arena, victim, 40)
    return
  }
  strike(arena, victim)
}

function strike(arena: Arena, victim: SimMember): void {
  const { random, world } = arena
  if (victim.life === null) return
  if (!victim.running) world.coverage.hit('crash during recovery')
  if (victim.life.core?.role === 'leader') world.coverage.hit('crash of the leader')
  world.crash(victim, 'fault')
  arena.restartLater(
    victim,
    random.bool(0.3) ? random.next() * 20 : random.next() * random.next() * Math.min(6000, 30 * arena.plan.core.electionTimeoutMs),
  )
}

function strikeWhenBusy(arena: Arena, victim: SimMember, attempts: number): void {
  if (attempts === 0 || (victim.life?.port.busy ?? 0) > 0) strike(arena, victim)
  else arena.later(1, () => strikeWhenBusy(arena, victim, attempts - 1))
}

/** The power fails for everybody, within 50 ms; all lose what was not synced. */
export const clusterCrash: Fault = (arena) => {
  const { random, world } = arena
  world.coverage.hit('fault clusterCrash')
  const spreadMs = random.bool() ? 0 : random.next() * 50
  const unsynced = alive(arena).filter(({ disk }) => disk.hasUnsynced).length
  if (unsynced === world.members.length) world.coverage.hit('total crash with unsynced writes on all')
  const downMs = random.next() * 2000
  for (const member of alive(arena)) {
    arena.later(random.next() * spreadMs, () => {
      if (member.life === null) return
      world.crash(member, 'cluster')
      arena.restartLater(member, downMs + random.next() * 500)
    })
  }
}

/** A member goes and does not come back. */
export const stayDown: Fault = (arena) => {
  const candidates = alive(arena).filter((member) => arena.survival.mayLose(member))
  if (candidates.length === 0) return
  const victim = arena.random.pick(candidates)
  arena.world.coverage.hit('fault stayDown')
  victim.out = true
  arena.world.crash(victim, 'for ever')
}

/** SIGSTOP, a frozen machine, a long collection: time passes, no code runs; then everything that was due happens at once. */
export const pause: Fault = (arena) => {
  const { random, world } = arena
  const candidates = running(arena)
  if (candidates.length === 0) return
  const leader = leaderOf(arena)
  const victim = leader !== undefined && random.bool() ? leader : random.pick(candidates)
  const { life } = victim
  if (life === null || life.paused) return
  if (life.core?.role === 'leader') world.coverage.hit('pause of the leader')
  world.pause(victim)
  arena.later(10 * arena.plan.core.electionTimeoutMs ** random.next(), () => {
    if (victim.life === life) world.resume(victim)
  })
}

/** Each turn of its event loop takes long. */
export const slowNode: Fault = (arena) => {
  const { random, world } = arena
  const victim = random.pick(world.members)
  world.coverage.hit('fault slowNode')
  victim.clockShape.turnMs = 1 + random.next() * 50
  world.trace.add(world.nowMs, victim.id, 'fault slowNode', 0, Math.round(victim.clockShape.turnMs))
  arena.later(duration(arena), () => {
    victim.clockShape.turnMs = arena.plan.turnMs
  })
}

export const transfer: Fault = (arena) => {
  const { random, world } = arena
  // Sometimes a member is asked that does not lead.
  const leader = random.bool(0.15) ? running(arena)[0] : leaderOf(arena)
  const replica = leader?.life?.replica
  if (leader === undefined || replica === undefined || replica === null) return
  const target = random.bool(0.3) ? null : random.pick(world.members).id
  world.coverage.hit('fault transfer')
  world.trace.add(world.nowMs, leader.id, 'transfer', target ?? 0)
  world.scheduler.unsettled = true
  replica.transferLeadership(target, { timeoutMs: 5000 }).then(
    () => world.coverage.hit('transfer done'),
    (error: unknown) => world.coverage.hit(`transfer ${(error as { code?: string }).code ?? 'failed'}`),
  )
}

export const takeSnapshot: Fault = (arena) => {
  const { world, random } = arena
  const candidates = running(arena)
  if (candidates.length === 0) return
  const replica = random.pick(candidates).life?.replica
  world.coverage.hit('fault takeSnapshot')
  world.scheduler.unsettled = true
  replica?.takeSnapshot().then(
    () => world.coverage.hit('snapshot on demand'),
    () => undefined,
  )
}
