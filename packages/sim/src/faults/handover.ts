import { duration, type Fault, leaderOf, running } from './fault.js'

const ASK_EVERY_MS = 0.5
const ASK_TIMES = 400

/**
 * Leadership is handed over, and as soon as the target campaigns the old leader hears nobody any more, or stands still: what it goes on to
 * answer, it answers as if it led. A transfer is the one election that does not wait for an election time-out (thesis, section 3.10).
 */
export const handover: Fault = (arena) => {
  const { world, random, plan } = arena
  const old = leaderOf(arena)
  const { life } = old ?? {}
  const term = life?.core?.term
  if (old === undefined || life === undefined || life === null || life.replica === null || term === undefined) return
  const target = random.pick(world.members).id
  world.coverage.hit('fault handover')
  world.trace.add(world.nowMs, old.id, 'fault handover', target)
  life.replica.transferLeadership(target, { timeoutMs: 5000 }).catch(() => undefined)
  const left = (): void => {
    if (random.bool(0.3)) {
      world.pause(old)
      arena.later(random.next() * 2 * plan.core.electionTimeoutMs, () => {
        if (old.life === life) world.resume(old)
      })
      return
    }
    const name = `handover ${world.trace.count}`
    const links = world.members.flatMap(({ id }) => (id === old.id ? [] : [world.network.link(id, old.id), world.network.link(old.id, id)]))
    for (const { cuts } of links) cuts.add(name)
    arena.later(duration(arena), () => {
      for (const { cuts } of links) cuts.delete(name)
    })
  }
  const watch = (times: number): void => {
    if (times === 0 || old.life !== life || life.core?.role !== 'leader') return
    const campaigns = running(arena).some((member) => member !== old && (member.life?.core?.term ?? 0) > term)
    if (!campaigns) {
      arena.later(ASK_EVERY_MS, () => watch(times - 1))
      return
    }
    left()
    // Whoever asks it now must not be told what was true before.
    for (let read = 1; read <= 10; read++) {
      arena.later((read / 10) * plan.core.electionTimeoutMs, () => {
        if (old.life !== life || life.replica === null) return
        world.scheduler.unsettled = true
        life.replica.readIndex({ timeoutMs: 1000 }).catch(() => undefined)
      })
    }
  }
  watch(ASK_TIMES)
}
