import type { Link } from '../network/sim-network.js'
import type { Life, SimMember } from '../world/sim-member.js'
import { type Arena, type Fault, leaderOf, running } from './fault.js'

const ASK_EVERY_MS = 0.5
const READS = 20

/** The leader, who will take its place, and the others. */
interface Scene {
  readonly old: SimMember
  readonly life: Life
  readonly next: SimMember
  readonly others: readonly SimMember[]
  readonly name: string
}

/**
 * Elections at the earliest moment at which there may be one, or a little before, while the old leader still answers (thesis, section 6.4.1): a
 * follower has heard nothing for so long that it is about to campaign, and changes places with the leader. Perhaps all others have just been
 * started again and remember nothing; or their last answers reach the leader very late; or a transfer of leadership has failed
 * and takes effect all the same.
 */
export const usurp: Fault = (arena) => {
  const { world, random } = arena
  const old = leaderOf(arena)
  const life = old?.life
  const voters = life?.core?.configuration.voters ?? []
  const candidates = running(arena).filter((member) => member !== old && voters.includes(member.id))
  if (old === undefined || life === undefined || life === null || candidates.length < 2) return
  const next = random.pick(candidates)
  const others = world.members.filter((member) => member !== old && member !== next)
  const scene = { old, life, next, others, name: `usurp ${world.trace.count}` }
  world.coverage.hit('fault usurp')
  world.trace.add(world.nowMs, old.id, 'fault usurp', next.id)
  if (random.bool(0.2)) failedTransfer(arena, scene)
  else silence(arena, scene)
}

const between = ({ world }: Arena, a: readonly SimMember[], b: readonly SimMember[]): Link[] =>
  a.flatMap((one) => b.flatMap((other) => [world.network.link(one.id, other.id), world.network.link(other.id, one.id)]))

const cut = (links: readonly Link[], name: string): void => {
  for (const { cuts } of links) cuts.add(name)
}

const mend = (links: readonly Link[], name: string): void => {
  for (const { cuts } of links) cuts.delete(name)
}

/** How the change of places goes. */
interface Manner {
  /** All others are started again with it. */
  readonly restarts: boolean
  /** The others' answers of one heart-beat before it take this much longer. */
  readonly lateMs: number
  /** So long before the follower's election time-out ends. */
  readonly aheadMs: number
}

function drawManner({ random, plan }: Arena): Manner {
  const { electionTimeoutMs, heartbeatIntervalMs } = plan.core
  if (random.bool(0.3)) return { restarts: true, lateMs: 0, aheadMs: 2 + random.next() * 30 }
  if (random.bool(0.3)) {
    const aheadMs = heartbeatIntervalMs + electionTimeoutMs * (0.9 + 0.3 * random.next())
    return { restarts: false, lateMs: electionTimeoutMs * (0.4 + 0.6 * random.next()), aheadMs }
  }
  return { restarts: false, lateMs: 0, aheadMs: random.bool() ? 1 + random.next() * 4 : electionTimeoutMs * (0.8 + 0.3 * random.next()) }
}

/** The follower hears nobody, until its election time-out is near. */
function silence(arena: Arena, scene: Scene): void {
  const { plan } = arena
  const { life, next, others, old, name } = scene
  const links = between(arena, [next], [old, ...others])
  const manner = drawManner(arena)
  cut(links, name)
  const watch = (times: number): void => {
    const core = next.life?.core
    if (core === undefined || core === null || times === 0 || old.life !== life || life.core?.role !== 'leader') {
      mend(links, name)
      return
    }
    const leftMs = core.deadlineMs() - (next.life?.clock.now() ?? 0)
    if (core.role === 'follower' && leftMs > manner.aheadMs) arena.later(ASK_EVERY_MS, () => watch(times - 1))
    else take(arena, scene, manner, links)
  }
  watch(Math.ceil((2.2 * plan.core.electionTimeoutMs) / ASK_EVERY_MS))
}

function take(arena: Arena, scene: Scene, { restarts, lateMs }: Manner, links: readonly Link[]): void {
  const { world, random, plan } = arena
  const { next, others, old, name } = scene
  if (lateMs > 0) for (const member of others) world.network.link(member.id, old.id).cloggedUntilMs = world.nowMs + lateMs
  arena.later(lateMs > 0 ? plan.core.heartbeatIntervalMs : 0, () => {
    mend(links, name)
    for (const member of restarts ? others : []) {
      if (member.life === null) continue
      world.crash(member, 'usurp')
      arena.restartLater(member, random.next())
    }
    // Answers that are late already still arrive.
    const away = between(arena, [old], [next, ...others]).filter(({ from, to }) => lateMs === 0 || from === old.id || to !== old.id)
    replace(arena, scene, away)
  })
}

/** The leader's request to take over arrives when the leader has just given up on it. */
function failedTransfer(arena: Arena, scene: Scene): void {
  const { world, random, plan } = arena
  const { old, life, next, others, name } = scene
  const forMs = plan.core.electionTimeoutMs * (0.2 + 0.5 * random.next())
  const request = world.network.link(old.id, next.id)
  request.cloggedUntilMs = world.nowMs + forMs + random.next()
  world.scheduler.unsettled = true
  life.replica?.transferLeadership(next.id, { timeoutMs: forMs * old.clockShape.rate }).catch(() => undefined)
  arena.later(forMs, () => {
    replace(arena, scene, [...between(arena, [old], others), world.network.link(next.id, old.id)])
    arena.later(1 + plan.network.delayMs + plan.network.tailMs, () => {
      cut([request], name)
      arena.later(plan.core.electionTimeoutMs, () => mend([request], name))
    })
  })
}

/** From here on nobody hears the old leader, and it is asked again and again. */
function replace(arena: Arena, { old, life, name }: Scene, links: readonly Link[]): void {
  const { world, plan, random } = arena
  const { electionTimeoutMs } = plan.core
  cut(links, name)
  for (let read = 1; read <= READS; read++) {
    arena.later((2.2 * electionTimeoutMs * read) / READS, () => {
      if (old.life !== life || life.replica === null) return
      world.scheduler.unsettled = true
      life.replica.readIndex({ timeoutMs: 1000 }).catch(() => undefined)
    })
  }
  arena.later(electionTimeoutMs * (2.5 + 5 * random.next()), () => {
    mend(links, name)
    world.trace.add(world.nowMs, old.id, 'end usurp')
  })
}
