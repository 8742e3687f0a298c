import type { SeededRandom } from '@balsa/raft'
import { invariantsOf } from '../invariants/index.js'
import type { Life, Service, SimMember } from '../world/sim-member.js'
import { World } from '../world/world.js'

const UNBOUNDED = { maxPendingProposals: Infinity, maxPendingReads: Infinity, maxUncommittedBytes: Infinity, maxCommandBytes: Infinity }

/** Three members with clocks that began at different times and run at different speeds: the cluster's time moves on from one leader's to the next one's. */
export function openWorld(seed: number, maxLogBytes: number, service: (life: Life) => Service): World {
  const world = new World({
    seed,
    size: 3,
    clusterId: 1,
    core: { electionTimeoutMs: 400, heartbeatIntervalMs: 50 },
    snapshots: { maxLogBytes, trailingEntries: 5 },
    limits: {},
    storage: { segmentBytes: 64 * 1024 },
    network: {},
    disk: {},
    crashStyle: { lost: 0.4, prefix: 0.2, subset: 0.2, torn: 0.2 },
    killShare: 0.3,
    clock: (_member, random) => ({ offsetMs: random.int(1_000_000), rate: 0.98 + random.next() * 0.04, turnMs: 0 }),
    service,
    observers: invariantsOf(UNBOUNDED).all,
  })
  for (const member of world.members) member.start()
  return world
}

const ALWAYS = { alive: true, paused: false, hold: () => undefined }

/** One member after the other is crashed, paused or cut off, for a while: any of them, the leader, or a favourite. */
export function disturb(world: World, random: SeededRandom, favourite: () => SimMember | undefined): void {
  const leader = world.members.find(({ life }) => life?.core?.role === 'leader')
  const member = [leader, favourite(), undefined][random.int(3)] ?? world.members[random.int(world.members.length)]
  const lastsMs = 50 + random.next() ** 2 * 4000
  if (member !== undefined) {
    const chosen = random.int(3)
    if (chosen === 0) world.crash(member, 'test')
    else if (chosen === 1) world.pause(member)
    else for (const other of world.members) cut(world, member.id, other.id)
    world.scheduler.after(lastsMs, ALWAYS, () => {
      world.network.heal()
      if (chosen === 0) member.start()
      else world.resume(member)
    })
  }
  world.scheduler.after(lastsMs + 300 + random.next() * 1500, ALWAYS, () => disturb(world, random, favourite))
}

function cut(world: World, from: number, to: number): void {
  if (from === to) return
  world.network.link(from, to).cuts.add('test')
  world.network.link(to, from).cuts.add('test')
}

/** Time goes on; `check` looks every few ms. */
export async function passTime(world: World, untilMs: number, everyMs: number, check: () => void = () => undefined): Promise<void> {
  while (world.nowMs < untilMs) {
    world.scheduler.unsettled = true
    await world.run(world.nowMs + everyMs)
    check()
  }
}
