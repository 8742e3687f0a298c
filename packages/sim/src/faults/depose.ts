import type { SimMember } from '../world/sim-member.js'
import { type Arena, leaderOf, running } from './fault.js'
import { change } from './membership.js'
import { takeSnapshot } from './process-faults.js'

/** How often the leader's peers are asked whether another leads, and how many times. */
const ASK_EVERY_MS = 2
const ASK_TIMES = 400

/**
 * The leader is cut off, perhaps with one follower, while clients still reach it; as soon as another leads, that one dies and the old one is back.
 * So long tails of an old term meet short logs of a new one, again and again (paper, figure 8). Sometimes the old one is not cut off but stands
 * still; sometimes its tail holds a change of the configuration; sometimes it leads again soon, while answers to its earlier term are still on
 * the way.
 */
export function depose(arena: Arena): void {
  const { world, random, plan } = arena
  const old = leaderOf(arena)
  const term = old?.life?.core?.term
  if (old === undefined || term === undefined) return
  const others = random.shuffle(world.members.filter((member) => member !== old))
  const companion = others.length > 2 && random.bool() ? others.pop() : undefined
  const left = companion === undefined ? [old] : [old, companion]
  const name = `depose ${world.trace.count}`
  const { life } = old
  const stands = random.bool(0.2)
  const changes = plan.rates.change > 0 && random.bool(0.5)
  const links = left.flatMap((a) => others.flatMap((b) => [world.network.link(a.id, b.id), world.network.link(b.id, a.id)]))
  if (stands) world.pause(old)
  else for (const { cuts } of links) cuts.add(name)
  if (changes) change(arena)
  world.coverage.hit('fault depose')
  world.trace.add(world.nowMs, old.id, 'fault depose')
  const mend = (): void => {
    for (const { cuts } of links) cuts.delete(name)
    if (old.life === life) world.resume(old)
    world.trace.add(world.nowMs, old.id, 'end depose')
    if (random.bool(0.3)) arena.later(random.next() * plan.core.electionTimeoutMs, () => giveBack(arena, old.id))
  }
  const watch = (times: number): void => {
    const next = running(arena).find((member) => member !== old && member.life?.core?.role === 'leader' && member.life.core.term > term)
    if (next === undefined) {
      if (times === 0) mend()
      else arena.later(ASK_EVERY_MS, () => watch(times - 1))
      return
    }
    // Time for the new leader to write, and to drop what it wrote from its log.
    const longer = changes && random.bool()
    if (longer) for (let times = 1; times <= 3; times++) arena.later(30 * times, () => takeSnapshot(arena))
    arena.later(random.next() * random.next() * 30 + (longer ? 150 : 0), () => {
      if (next.life !== null && random.bool(longer ? 0.3 : 0.8)) {
        world.crash(next, 'deposed')
        arena.restartLater(next, random.next() * 10 * plan.core.electionTimeoutMs)
      }
      mend()
    })
  }
  watch(ASK_TIMES)
}

function giveBack(arena: Arena, target: SimMember['id']): void {
  arena.world.scheduler.unsettled = true
  leaderOf(arena)
    ?.life?.replica?.transferLeadership(target, { timeoutMs: 5000 })
    .catch(() => undefined)
}
