import { MESSAGE_TYPES } from '../network/sim-network.js'
import { type Arena, duration, type Fault, leaderOf } from './fault.js'

/** Cuts each of these directions for a while. */
function cut(arena: Arena, reason: string, pairs: readonly (readonly [number, number])[], forMs: number): void {
  const { world } = arena
  const id = `${reason} ${world.trace.count}`
  world.coverage.hit(`fault ${reason}`)
  world.trace.add(
    world.nowMs,
    0,
    `fault ${reason}`,
    0,
    pairs.length,
    Math.round(forMs),
    pairs.map(([from, to]) => `${from}>${to}`).join(' '),
  )
  for (const [from, to] of pairs) world.network.link(from, to).cuts.add(id)
  arena.later(forMs, () => {
    for (const [from, to] of pairs) world.network.link(from, to).cuts.delete(id)
    world.trace.add(world.nowMs, 0, `end ${reason}`)
  })
}

const idsOf = (arena: Arena): number[] => arena.world.members.map(({ id }) => id)

function acrossGroups(left: readonly number[], right: readonly number[]): [number, number][] {
  return left.flatMap((a) =>
    right.flatMap((b): [number, number][] => [
      [a, b],
      [b, a],
    ]),
  )
}

/** One member, a minority or a half against the rest; often the leader is on the smaller side. */
export const partition: Fault = (arena) => {
  const ids = arena.random.shuffle(idsOf(arena))
  if (ids.length < 2) return
  const leader = leaderOf(arena)?.id
  if (leader !== undefined && arena.random.bool()) ids.sort((a, b) => Number(b === leader) - Number(a === leader))
  const size = arena.random.bool(0.4) ? 1 : 1 + arena.random.int(Math.floor(ids.length / 2))
  cut(arena, 'partition', acrossGroups(ids.slice(0, size), ids.slice(size)), duration(arena))
}

/** A member that can send but not hear, or hear but not send. */
export const oneWay: Fault = (arena) => {
  const ids = idsOf(arena)
  if (ids.length < 2) return
  const victim = arena.random.bool() ? (leaderOf(arena)?.id ?? arena.random.pick(ids)) : arena.random.pick(ids)
  const others = ids.filter((id) => id !== victim && arena.random.bool(0.7))
  const deaf = arena.random.bool()
  cut(
    arena,
    'oneWay',
    others.map((id): [number, number] => (deaf ? [id, victim] : [victim, id])),
    duration(arena),
  )
}

/** Two groups that only one member sees both of. */
export const bridge: Fault = (arena) => {
  const ids = arena.random.shuffle(idsOf(arena))
  if (ids.length < 3) return
  const half = 1 + Math.floor((ids.length - 1) / 2)
  cut(arena, 'bridge', acrossGroups(ids.slice(1, half), ids.slice(half)), duration(arena))
}

/** Everybody sees a majority, and no two see the same one. */
export const ring: Fault = (arena) => {
  const ids = arena.random.shuffle(idsOf(arena))
  if (ids.length < 4) return
  const reach = Math.floor(ids.length / 4)
  const pairs = ids.flatMap((a, i) =>
    ids.flatMap((b, j): [number, number][] => {
      const distance = Math.min((i - j + ids.length) % ids.length, (j - i + ids.length) % ids.length)
      return distance > Math.max(1, reach) ? [[a, b]] : []
    }),
  )
  cut(arena, 'ring', pairs, duration(arena))
}

/** Nothing passes for a while, then everything arrives. */
export const clog: Fault = (arena) => {
  const ids = idsOf(arena)
  if (ids.length < 2) return
  const [from = 1, to = 1] = arena.random.shuffle(ids)
  clogLink(arena, from, to, 100 * 50 ** arena.random.next())
}

function clogLink(arena: Arena, from: number, to: number, forMs: number): void {
  const { world } = arena
  const link = world.network.link(from, to)
  link.cloggedUntilMs = Math.max(link.cloggedUntilMs, world.nowMs + forMs)
  world.coverage.hit('fault clog')
  world.trace.add(world.nowMs, from, 'fault clog', to, Math.round(forMs))
}

/** FoundationDB's: links of a random subset stop one by one and come back in another order. */
export const swizzle: Fault = (arena) => {
  const victims = arena.random.shuffle(idsOf(arena).filter(() => arena.random.bool(0.6)))
  const everybody = idsOf(arena)
  const spreadMs = 1000 + arena.random.next() * 4000
  arena.world.coverage.hit('fault swizzle')
  const release = arena.random.shuffle(victims)
  victims.forEach((victim, position) => {
    const stopMs = (spreadMs * position) / victims.length
    const backMs = spreadMs + (spreadMs * (release.indexOf(victim) + 1)) / victims.length
    arena.later(stopMs, () =>
      cut(
        arena,
        'swizzle',
        acrossGroups(
          [victim],
          everybody.filter((id) => id !== victim),
        ),
        backMs - stopMs,
      ),
    )
  })
}

/** A link that goes up and down. */
export const flap: Fault = (arena) => {
  const ids = arena.random.shuffle(idsOf(arena))
  const [one, other] = ids
  if (one === undefined || other === undefined) return
  const periodMs = 100 * 20 ** arena.random.next()
  const times = 2 + arena.random.int(10)
  for (let time = 0; time < times; time++) {
    arena.later(2 * time * periodMs, () =>
      cut(
        arena,
        'flap',
        [
          [one, other],
          [other, one],
        ],
        periodMs,
      ),
    )
  }
}

export const slowLink: Fault = (arena) => {
  const { world, random } = arena
  const ids = random.shuffle(idsOf(arena))
  const [from, to] = ids
  if (from === undefined || to === undefined) return
  const link = world.network.link(from, to)
  link.bytesPerSecond = 1000 * 100 ** random.next()
  world.coverage.hit('fault slowLink')
  world.trace.add(world.nowMs, from, 'fault slowLink', to, Math.round(link.bytesPerSecond))
  arena.later(duration(arena), () => {
    link.bytesPerSecond = Infinity
  })
}

/** One kind of message is lost, or comes very late, from somebody or everybody. */
export const filter: Fault = (arena) => {
  const { world, random } = arena
  const type = random.pick(MESSAGE_TYPES.slice(1))
  if (type === null) return
  const ids = idsOf(arena)
  const each = {
    from: random.bool() ? 0 : random.pick(ids),
    to: random.bool() ? 0 : random.pick(ids),
    type,
    rate: random.pick([0.3, 0.7, 1]),
    ...(random.bool(0.3) ? { lateMs: arena.plan.core.electionTimeoutMs * (0.5 + 3 * random.next()) } : {}),
  }
  world.network.filters = [...world.network.filters, each]
  world.coverage.hit('fault filter')
  world.trace.add(world.nowMs, each.from, 'fault filter', each.to, 0, 0, type)
  arena.later(duration(arena), () => {
    world.network.filters = world.network.filters.filter((other) => other !== each)
  })
}

/** A client and a member do not reach each other; nobody tells them. */
export const clientCut: Fault = (arena) => {
  const { world, random, streams } = arena
  const member = random.pick(world.members)
  const routes = Array.from({ length: arena.plan.workload.clients }, (_, at) => `${at + 1} m${member.id}:client`).filter(() =>
    random.bool(),
  )
  world.coverage.hit('fault clientCut')
  for (const route of routes) streams.silenced.add(route)
  arena.later(duration(arena), () => {
    for (const route of routes) streams.silenced.delete(route)
  })
}

/**
 * A client hears no answers any more, then reaches nobody until its session has expired, then everybody again: what it repeats then may have been
 * done long ago.
 */
export const maroon: Fault = (arena) => {
  const { world, random, streams, plan } = arena
  const { clients, sessionTtlMs, attemptTimeoutMs } = plan.workload
  if (sessionTtlMs > 5000) return
  const client = 1 + random.int(clients)
  const routes = world.members.map(({ id }) => `${client} m${id}:client`)
  world.coverage.hit('fault maroon')
  world.trace.add(world.nowMs, 0, 'fault maroon', 0, client)
  for (const route of routes) streams.deafened.add(route)
  arena.later(attemptTimeoutMs * (0.2 + random.next()), () => {
    for (const route of routes) streams.silenced.add(route)
    arena.later(sessionTtlMs * (1.1 + 0.3 * random.next()), () => {
      for (const route of routes) {
        streams.silenced.delete(route)
        streams.deafened.delete(route)
      }
    })
  })
}
