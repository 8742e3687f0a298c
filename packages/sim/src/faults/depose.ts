import { type Arena, leaderOf, running } from './fault.js'

/** How often the leader's peers are asked whether another leads, and how many times. */
const ASK_EVERY_MS = 2
const ASK_TIMES = 400

/**
 * The leader is cut off, perhaps with one follower, while clients still reach it; as soon as another leads, that one dies and the old one is back.
 * So long tails of an old term meet short logs of a new one, again and again (paper, figure 8).
 */
export function depose(arena: Arena): void {
  const { world, random } = arena
  const old = leaderOf(arena)
  const term = old?.life?.core?.term
  if (old === undefined || term === undefined) return
  const others = random.shuffle(world.members.filter((member) => member !== old))
  const companion = others.length > 2 && random.bool() ? others.pop() : undefined
  const left = companion === undefined ? [old] : [old, companion]
  const name = `depose ${world.trace.count}`
  const links = left.flatMap((a) => others.flatMap((b) => [world.network.link(a.id, b.id), world.network.link(b.id, a.id)]))
  for (const { cuts } of links) cuts.add(name)
  world.coverage.hit('fault depose')
  world.trace.add(world.nowMs, old.id, 'fault depose')
  const mend = (): void => {
    for (const { cuts } of links) cuts.delete(name)
    world.trace.add(world.nowMs, old.id, 'end depose')
  }
  const watch = (times: number): void => {
    const next = running(arena).find((member) => member !== old && member.life?.core?.role === 'leader' && member.life.core.term > term)
    if (next === undefined) {
      if (times === 0) mend()
      else arena.later(ASK_EVERY_MS, () => watch(times - 1))
      return
    }
    arena.later(random.next() * random.next() * 30, () => {
      if (next.life !== null && random.bool(0.8)) {
        world.crash(next, 'deposed')
        arena.restartLater(next, random.next() * 10 * arena.plan.core.electionTimeoutMs)
      }
      mend()
    })
  }
  watch(ASK_TIMES)
}
