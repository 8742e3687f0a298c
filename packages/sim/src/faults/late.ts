import type { MessageType } from '@balsa/raft'
import type { MessageFilter } from '../network/sim-network.js'
import type { SimMember } from '../world/sim-member.js'
import { memberOf } from '../world/world.js'
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

/** Compaction leaves snapshots that only refer to the state: what a peer needs is written when it needs it. */
const refersToState = ({ plan }: Arena): boolean => plan.durableState && plan.snapshots.maxLogBytes >= 0

/** A member is given nothing until the leader has nothing but a snapshot for it; `then` runs when it is given that. It hears the leader all the time. */
function fallBehind(arena: Arena, leader: SimMember, victim: SimMember, then: () => void): void {
  const { random } = arena
  const { network } = arena.world
  // Then it compacts by itself, and a snapshot that is asked for would be one that can be sent at once.
  const refers = refersToState(arena)
  const nothing = (['appendEntries', 'installSnapshot'] as const).map((type) => ({ from: 0, to: victim.id, type, rate: 1 }))
  network.filters = [...network.filters, ...nothing]
  const mend = (): void => {
    network.filters = network.filters.filter((other) => !nothing.some((each) => each === other))
  }
  const isBehind = (): boolean => {
    const now = leader.life?.core
    if (victim.life === null || now?.role !== 'leader') return true
    const last = victim.life.core?.lastIndex ?? 0
    // Others keep their logs: one of them may lead next, and need no snapshot.
    if (!refers && now.commitIndex > last + 1 && random.bool(0.2)) snapshotNow(arena, leader)
    return now.firstIndex > last + 1
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

/** Filters messages of these kinds for a while: lost, or `lateMs` late. */
function filtered(arena: Arena, forMs: number, filters: readonly MessageFilter[]): void {
  const { network } = arena.world
  network.filters = [...network.filters, ...filters]
  arena.later(forMs, () => {
    network.filters = network.filters.filter((other) => !filters.includes(other))
  })
}

/** It hears of no leader and of no follower; perhaps nobody answers when it campaigns, so that it goes on campaigning. */
function silence({ random }: Arena, to: number): MessageFilter[] {
  const types: MessageType[] = ['heartbeat', 'heartbeatResponse', 'appendEntries', 'appendEntriesResponse']
  if (random.bool()) types.push('requestVoteResponse')
  return types.map((type) => ({ from: 0, to, type, rate: 1 }))
}

/**
 * A member falls behind until it needs a snapshot, and takes very long to store it. Meanwhile it is cut off again and campaigns; or another
 * leads that still has the log, brings it up to date with appends and hands over to it.
 */
export const lateChunk: Fault = (arena) => {
  const { world, random, plan } = arena
  const leader = leaderOf(arena)
  const voters = leader?.life?.core?.configuration.voters ?? []
  const others = random.shuffle(running(arena).filter((member) => member !== leader && voters.includes(member.id)))
  const [victim, helper] = others
  if (leader === undefined || victim === undefined || helper === undefined) return
  const { electionTimeoutMs } = plan.core
  world.coverage.hit('fault lateChunk')
  world.trace.add(world.nowMs, victim.id, 'fault lateChunk', leader.id)
  Object.assign(victim.diskConditions, { slowReceiptMs: electionTimeoutMs * (2 + 6 * random.next()), slowAtEnd: random.bool() })
  arena.later(20 * electionTimeoutMs + 6000, () => Object.assign(victim.diskConditions, { slowReceiptMs: 0, slowAtEnd: false }))
  const stores = (): boolean => victim.life === null || victim.life.port.receiving > 0
  const alone = random.bool(plan.core.preVote === false ? 0.7 : 0.3)
  fallBehind(arena, leader, victim, () => {
    when(arena, stores, 200, () => {
      if (alone) {
        arena.later(8 * electionTimeoutMs, cutOff(arena, victim, `stores alone ${world.trace.count}`))
        return
      }
      handOverTo(arena, helper, victim)
    })
  })
}

/** First `helper` leads, who still has the log that `victim` lacks; then `victim`. */
function handOverTo(arena: Arena, helper: SimMember, victim: SimMember): void {
  askFor(arena, helper.id)
  const caughtUp = (): boolean => {
    const now = leaderOf(arena)
    return now === helper && (victim.life?.core?.lastIndex ?? -1) >= (now.life?.core?.lastIndex ?? 0)
  }
  when(arena, caughtUp, Math.ceil((6 * arena.plan.core.electionTimeoutMs) / ASK_EVERY_MS), () => askFor(arena, victim.id))
}

/** Pieces of a snapshot, or what is answered to them, come when their receiver does not follow any more, or does not lead any more. */
export const lateSnapshot: Fault = (arena) => {
  const { world, random, plan } = arena
  const leader = leaderOf(arena)
  const voters = leader?.life?.core?.configuration.voters ?? []
  const [victim, helper] = random.shuffle(running(arena).filter((member) => member !== leader && voters.includes(member.id)))
  if (leader === undefined || victim === undefined) return
  const { electionTimeoutMs } = plan.core
  const pieces = random.bool()
  // A leader that hears nobody leads for one more time-out, follows for up to two, and campaigns only then.
  const lateMs = electionTimeoutMs * (pieces ? 1 + 2.5 * random.next() : 1.5 + 3 * random.next())
  world.coverage.hit('fault lateSnapshot')
  world.trace.add(world.nowMs, victim.id, 'fault lateSnapshot', leader.id, Math.round(lateMs))
  fallBehind(arena, leader, victim, () => {
    const late = pieces
      ? { from: leader.id, to: victim.id, type: 'installSnapshot' as const, rate: 1, lateMs }
      : { from: victim.id, to: leader.id, type: 'installSnapshotResponse' as const, rate: 1, lateMs }
    filtered(arena, 8 * electionTimeoutMs, [late])
    const sends = (): boolean => leader.life?.core?.inner.peers().some(({ state }) => state === 'snapshot') ?? true
    when(arena, sends, 100, () => {
      if (pieces && helper !== undefined && random.bool()) {
        handOverTo(arena, helper, victim)
        return
      }
      arena.later(random.next() * 20, () =>
        filtered(arena, (pieces ? 3 : 6) * electionTimeoutMs, silence(arena, pieces ? victim.id : leader.id)),
      )
    })
  })
}

/**
 * A leader that sends a snapshot gets slow and loses its leadership, while newer snapshots take the place of the one it sends; or it is its disk
 * that is slow, and what was read for others comes when it does not lead any more.
 */
export const slowSender: Fault = (arena) => {
  const { world, random, plan } = arena
  const leader = leaderOf(arena)
  const victim = random.shuffle(running(arena).filter((member) => member !== leader))[0]
  if (leader === undefined || victim === undefined) return
  const { electionTimeoutMs } = plan.core
  world.coverage.hit('fault slowSender')
  world.trace.add(world.nowMs, leader.id, 'fault slowSender', victim.id)
  if (random.bool(0.4)) {
    slowLoader(arena, leader, victim)
    return
  }
  const slowDisk = refersToState(arena) || random.bool()
  const sends = (): boolean => leader.life?.core?.inner.peers().some(({ state }) => state === 'snapshot') ?? true
  fallBehind(arena, leader, victim, () => {
    if (slowDisk) readSlowly(arena, leader)
    when(arena, sends, 100, () => {
      if (slowDisk) {
        silenceLater(arena, leader)
        return
      }
      const slowMs = electionTimeoutMs * (0.3 + 2.7 * random.next())
      leader.clockShape.turnMs = slowMs
      for (let times = 0; times < 20; times++) arena.later((times / 2) * slowMs * random.next(), () => snapshotNow(arena, leader))
      arena.later(10 * slowMs, () => {
        leader.clockShape.turnMs = plan.turnMs
      })
    })
  })
}

/**
 * The leader hears nobody from now on, while its disk works on what it was asked for. Or only from the moment on when its log has gone past what it
 * shares and is compacted: then there is nothing to send any more, which it finds out when it is somebody else.
 */
function silenceLater(arena: Arena, leader: SimMember): void {
  const { random, plan } = arena
  const silenced = (): void => filtered(arena, 8 * plan.core.electionTimeoutMs, silence(arena, leader.id))
  if (!refersToState(arena) || random.bool(0.3)) {
    arena.later(random.next() * 10, silenced)
    return
  }
  const shared = leader.life?.core?.commitIndex ?? 0
  const isPast = (): boolean => (leader.life?.core?.firstIndex ?? Infinity) > shared + 1
  const goOn = (times: number): void => {
    if (isPast() || times === 0) {
      silenced()
      return
    }
    snapshotNow(arena, leader)
    arena.later(ASK_EVERY_MS, () => goOn(times - 1))
  }
  // What it writes itself is not slow: the log must go on.
  leader.diskConditions.slowSnapshotMs = 0
  goOn(40)
}

function readSlowly(arena: Arena, member: SimMember): void {
  const { electionTimeoutMs } = arena.plan.core
  member.diskConditions.slowReadMs = electionTimeoutMs * (3 + 5 * arena.random.next())
  // Long enough that it leads no more when what it writes for others is there; what it is by then depends on how long that took.
  member.diskConditions.slowSnapshotMs = electionTimeoutMs * (1 + 5 * arena.random.next())
  arena.later(10 * electionTimeoutMs, () => {
    Object.assign(member.diskConditions, { slowReadMs: 0, slowSnapshotMs: 0 })
  })
}

/** A follower lacks some entries; the leader reads them, slowly, and hears nobody meanwhile. */
function slowLoader(arena: Arena, leader: SimMember, victim: SimMember): void {
  const { electionTimeoutMs } = arena.plan.core
  const mend = cutOff(arena, victim, `lacks entries ${arena.world.trace.count}`)
  arena.later(electionTimeoutMs * (0.5 + 2 * arena.random.next()), () => {
    readSlowly(arena, leader)
    mend()
    const reads = (): boolean => (leader.life?.port.reading ?? 1) > 0
    when(arena, reads, 60, () => filtered(arena, 9 * electionTimeoutMs, silence(arena, leader.id)))
  })
}

/** Somebody who campaigns just now is asked for what only a leader can do. */
export const askCandidate: Fault = (arena) => {
  const { world, random } = arena
  const roles = random.bool() ? ['candidate'] : ['preCandidate', 'candidate']
  const campaigns = (): SimMember | undefined => running(arena).find(({ life }) => roles.includes(life?.core?.role ?? ''))
  world.coverage.hit('fault askCandidate')
  const watch = (times: number): void => {
    const asked = campaigns()
    const replica = asked?.life?.replica
    if (asked === undefined || replica === undefined || replica === null) {
      if (times > 0) arena.later(0.2, () => watch(times - 1))
      return
    }
    world.scheduler.unsettled = true
    replica.transferLeadership(null, { timeoutMs: 1000 }).catch(() => undefined)
    replica.changeMembership([{ type: 'update', member: memberOf(asked.id) }], { timeoutMs: 1000 }).catch(() => undefined)
  }
  watch(2000)
}
