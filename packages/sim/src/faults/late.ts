import type { MessageType } from '@balsa/raft'
import type { MessageFilter } from '../network/sim-network.js'
import type { SimMember } from '../world/sim-member.js'
import { type Arena, type Fault, leaderOf, running } from './fault.js'

/** What somebody was asked for long ago comes when he is somebody else. */

const ASK_EVERY_MS = 5

/** Looks every few ms whether `ready` holds, `times` at most; then goes on. */
function when(arena: Arena, ready: () => boolean, times: number, then: () => void): void {
  if (ready()) then()
  else if (times > 0) arena.later(ASK_EVERY_MS, () => when(arena, ready, times - 1, then))
}

function cutOff(arena: Arena, victim: SimMember, reason: string): () => void {
  const { network, members } = arena.world
  const links = members.flatMap(({ id }) => (id === victim.id ? [] : [network.link(id, victim.id), network.link(victim.id, id)]))
  for (const { cuts } of links) cuts.add(reason)
  return () => {
    for (const { cuts } of links) cuts.delete(reason)
  }
}

function askFor(arena: Arena, target: SimMember['id']): void {
  arena.world.scheduler.unsettled = true
  leaderOf(arena)
    ?.life?.replica?.transferLeadership(target, { timeoutMs: 5000 })
    .catch(() => undefined)
}

/** A TimeoutNow that comes when its receiver campaigns by itself: it hears nothing else of the leader. */
export const lateHandover: Fault = (arena) => {
  const { world, random, plan } = arena
  const leader = leaderOf(arena)
  const others = running(arena).filter((member) => member !== leader)
  if (leader === undefined || others.length === 0) return
  const target = random.pick(others)
  const { electionTimeoutMs } = plan.core
  world.coverage.hit('fault lateHandover')
  world.trace.add(world.nowMs, leader.id, 'fault lateHandover', target.id)
  const filter = (type: MessageType, more: Partial<MessageFilter>): MessageFilter => ({
    from: leader.id,
    to: target.id,
    type,
    rate: 1,
    ...more,
  })
  const late = filter('timeoutNow', { lateMs: electionTimeoutMs * (0.8 + 2 * random.next()) })
  const silent = [filter('heartbeat', {}), filter('appendEntries', {}), filter('installSnapshot', {})]
  world.network.filters = [...world.network.filters, late]
  askFor(arena, target.id)
  // The leader must hear of the target until it has sent the TimeoutNow; the target must not hear of the leader after that.
  arena.later(random.next() * 0.5 * electionTimeoutMs, () => {
    world.network.filters = [...world.network.filters, ...silent]
  })
  arena.later(4 * electionTimeoutMs, () => {
    world.network.filters = world.network.filters.filter((other) => other !== late && !silent.includes(other))
  })
}

/** Cuts a member off until the leader has nothing but a snapshot for it; `then` runs when it can be reached again. */
function fallBehind(arena: Arena, leader: SimMember, victim: SimMember, then: () => void): void {
  const { world, random } = arena
  const mend = cutOff(arena, victim, `falls behind ${world.trace.count}`)
  const isBehind = (): boolean => {
    if (victim.life === null || leader.life?.core?.role !== 'leader') return true
    if (random.bool(0.1)) snapshotNow(arena, leader)
    return leader.life.core.firstIndex > (victim.life.core?.lastIndex ?? 0) + 1
  }
  when(arena, isBehind, 1000, () => {
    mend()
    then()
  })
}

function snapshotNow(arena: Arena, member: SimMember): void {
  arena.world.scheduler.unsettled = true
  member.life?.replica?.takeSnapshot().catch(() => undefined)
}

/**
 * A member falls behind until it needs a snapshot, and takes very long to store it. Meanwhile it is cut off again and campaigns; or another
 * leads that still has the log, brings it up to date with appends and hands over to it.
 */
export const lateChunk: Fault = (arena) => {
  const { world, random, plan } = arena
  const leader = leaderOf(arena)
  const others = random.shuffle(running(arena).filter((member) => member !== leader))
  const [victim, helper] = others
  if (leader === undefined || victim === undefined || helper === undefined) return
  const { electionTimeoutMs } = plan.core
  world.coverage.hit('fault lateChunk')
  world.trace.add(world.nowMs, victim.id, 'fault lateChunk', leader.id)
  victim.diskConditions.slowReceiptMs = electionTimeoutMs * (2 + 6 * random.next())
  arena.later(20 * electionTimeoutMs + 6000, () => {
    victim.diskConditions.slowReceiptMs = 0
  })
  const stores = (): boolean => victim.life === null || victim.life.port.receiving > 0
  const alone = random.bool(plan.core.preVote === false ? 0.7 : 0.3)
  fallBehind(arena, leader, victim, () => {
    when(arena, stores, 200, () => {
      if (alone) {
        arena.later(8 * electionTimeoutMs, cutOff(arena, victim, `stores alone ${world.trace.count}`))
        return
      }
      askFor(arena, helper.id)
      const caughtUp = (): boolean => {
        const now = leaderOf(arena)
        return now === helper && (victim.life?.core?.lastIndex ?? -1) >= (now.life?.core?.lastIndex ?? 0)
      }
      when(arena, caughtUp, Math.ceil((6 * electionTimeoutMs) / ASK_EVERY_MS), () => askFor(arena, victim.id))
    })
  })
}

/** A leader that sends a snapshot gets slow and loses its leadership, while newer snapshots take the place of the one it sends. */
export const slowSender: Fault = (arena) => {
  const { world, random, plan } = arena
  const leader = leaderOf(arena)
  const victim = random.shuffle(running(arena).filter((member) => member !== leader))[0]
  if (leader === undefined || victim === undefined) return
  world.coverage.hit('fault slowSender')
  world.trace.add(world.nowMs, leader.id, 'fault slowSender', victim.id)
  const sends = (): boolean => leader.life?.core?.inner.peers().some(({ state }) => state === 'snapshot') ?? true
  fallBehind(arena, leader, victim, () => {
    when(arena, sends, 100, () => {
      const slowMs = plan.core.electionTimeoutMs * (0.3 + 1.5 * random.next())
      leader.clockShape.turnMs = slowMs
      for (let times = 0; times < 20; times++) arena.later((times / 2) * slowMs * random.next(), () => snapshotNow(arena, leader))
      arena.later(10 * slowMs, () => {
        leader.clockShape.turnMs = plan.turnMs
      })
    })
  })
}

/** Somebody who campaigns just now is asked to hand over what it does not have. */
export const askCandidate: Fault = (arena) => {
  const { world } = arena
  const campaigns = (): SimMember | undefined => running(arena).find(({ life }) => life?.core?.role === 'candidate')
  world.coverage.hit('fault askCandidate')
  const watch = (times: number): void => {
    const replica = campaigns()?.life?.replica
    if (replica === undefined || replica === null) {
      if (times > 0) arena.later(0.2, () => watch(times - 1))
      return
    }
    world.scheduler.unsettled = true
    replica.transferLeadership(null, { timeoutMs: 1000 }).catch(() => undefined)
  }
  watch(2000)
}
