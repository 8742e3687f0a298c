import { asMemberId, BalsaError, type Configuration, type Member, type MemberId, type MembershipChange } from '@balsa/raft'
import type { SimMember } from '../world/sim-member.js'
import { memberOf } from '../world/world.js'
import { type Arena, type Fault, leaderOf, running } from './fault.js'
import { partition } from './network-faults.js'
import { crash, pause } from './process-faults.js'

/** Members that ever exist in one run, the removed ones included. */
const MOST_MEMBERS = 14
const MOST_AT_ONCE = 7

/** What an operator does: any mixture of additions, promotions, demotions, removals, replacements and new addresses, with or without force. */
export const change: Fault = (arena) => {
  const { world, random } = arena
  // Sometimes a member is asked that does not lead.
  const asked = random.bool(0.1) ? running(arena)[0] : leaderOf(arena)
  const core = asked?.life?.core
  const replica = asked?.life?.replica
  if (asked === undefined || core === undefined || core === null || replica === undefined || replica === null) return
  // A newcomer knows of nobody yet.
  if (core.configuration.members.length === 0) return
  const drawn = draw(arena, core.configuration)
  if (drawn === null) return
  const { changes, after } = drawn
  const force = random.bool(0.2)
  world.coverage.hit('fault change')
  if (changes.length > 1) world.coverage.hit('several changes at once')
  for (const { type } of changes) world.coverage.hit(`change ${type}`)
  if (!after.voters.includes(asked.id)) world.coverage.hit('change removes the leader')
  world.trace.add(world.nowMs, asked.id, 'change', 0, changes.length, force ? 1 : 0, changes.map(textOf).join(', '))
  world.scheduler.unsettled = true
  arena.survival.planned.add(after)
  const ended = (mark: string): void => {
    arena.survival.planned.delete(after)
    world.coverage.hit(mark)
  }
  replica.changeMembership(changes, { force, timeoutMs: 5000 }).then(
    () => ended('change done'),
    (error: unknown) => ended(`change ${error instanceof BalsaError ? error.code : 'failed'}`),
  )
  // Another one before the first can be committed: it must be refused.
  if (random.bool(0.2)) arena.later(random.next() * 3, () => change(arena))
  disturb(arena)
}

/** A change is only dangerous while something else goes wrong. */
function disturb(arena: Arena): void {
  const trouble = arena.random.pick([null, partition, partition, crash, pause])
  if (trouble !== null)
    arena.later(arena.random.next() * arena.random.next() * arena.plan.core.heartbeatIntervalMs * 2, () => trouble(arena))
}

function textOf(change: MembershipChange): string {
  if (change.type === 'add') return `add ${change.member.id}${change.witness ? ' witness' : ''}${change.promote ? '' : ' learner'}`
  if (change.type === 'replace') return `replace ${change.id} by ${change.member.id}`
  return `${change.type} ${change.type === 'update' ? change.member.id : change.id}`
}

interface Drawn {
  readonly changes: readonly MembershipChange[]
  /** What they make of the configuration, as far as quorums go. */
  readonly after: Configuration
}

function draw(arena: Arena, now: Configuration): Drawn | null {
  const { random } = arena
  for (let attempt = 0; attempt < 20; attempt++) {
    const taken = new Set<number>()
    const count = random.bool(0.6) ? 1 : 2 + random.int(2)
    const changes = Array.from({ length: count }, () => one(arena, now, taken)).filter((each) => each !== null)
    const after = changes.reduce(outcome, now)
    if (changes.length === 0 || !arena.survival.allows(after)) continue
    for (const each of changes) if (each.type === 'add' || each.type === 'replace') ensureStarted(arena, each.member.id)
    return { changes, after }
  }
  return null
}

function one(arena: Arena, now: Configuration, taken: Set<number>): MembershipChange | null {
  const { random } = arena
  const pick = (ids: readonly MemberId[]): MemberId | null => (ids.length === 0 ? null : random.pick(ids))
  const kind = random.int(14)
  if (kind < 4) return addition(arena, now, taken)
  if (kind < 7) return replacement(arena, now, taken, pick(now.voters))
  if (kind === 7) return { type: 'update', member: { ...memberOf(random.pick(now.members).id), name: `renamed${random.int(1000)}` } }
  // Somebody who was removed, or never was there: it must be refused.
  if (kind === 8 && random.bool(0.6)) return refusable(arena, now)
  const from = kind <= 9 ? now.learners : kind <= 11 || now.learners.length === 0 ? now.voters : now.learners
  const id = pick(from)
  if (id === null || taken.has(id)) return null
  taken.add(id)
  return { type: kind <= 9 ? 'promote' : kind === 10 ? 'demote' : 'remove', id }
}

function refusable({ random, world }: Arena, now: Configuration): MembershipChange {
  const removed = now.removed[0]
  if (removed !== undefined) return { type: 'add', member: memberOf(removed), promote: true, witness: false }
  return random.bool() ? { type: 'remove', id: asMemberId(1000) } : { type: 'promote', id: world.members[0]?.id ?? asMemberId(1) }
}

function addition(arena: Arena, now: Configuration, taken: Set<number>): MembershipChange | null {
  const { random } = arena
  if (now.members.length >= MOST_AT_ONCE) return null
  const member = spare(arena, now, taken, random.bool(arena.plan.witnessShare))
  return member === null ? null : { type: 'add', member: memberOf(member.id), promote: random.bool(0.8), witness: member.isWitness }
}

function replacement(arena: Arena, now: Configuration, taken: Set<number>, replaced: MemberId | null): MembershipChange | null {
  if (replaced === null || taken.has(replaced)) return null
  const member = spare(arena, now, taken, now.witnesses.includes(replaced))
  if (member === null) return null
  taken.add(replaced)
  const { address, clientAddress, name }: Member = memberOf(arena.random.bool(0.3) ? replaced : member.id)
  // It may take the name and the address of whom it replaces; clients find it by its own.
  return {
    type: 'replace',
    id: replaced,
    member: { id: member.id, address, name, clientAddress: name === `m${member.id}` ? clientAddress : '' },
  }
}

/** Somebody of this kind who waits to be admitted, or a new one: with an empty disk, and knowing nothing of the cluster. */
function spare({ world }: Arena, now: Configuration, taken: Set<number>, witness: boolean): SimMember | null {
  const used = (id: number): boolean =>
    taken.has(id) || now.removed.includes(asMemberId(id)) || now.members.some((member) => member.id === id)
  const waits = (member: SimMember): boolean => member.isJoiner && member.isWitness === witness && !member.lost && !used(member.id)
  const waiting = world.members.find(waits)
  if (waiting === undefined && world.members.length >= MOST_MEMBERS) return null
  const member = waiting ?? world.join(witness)
  taken.add(member.id)
  return member
}

function ensureStarted(arena: Arena, id: MemberId): void {
  const { random } = arena
  const member = arena.world.member(id)
  if (member.life !== null || member.lives > 0) return
  // Operators start it before or after they add it.
  if (random.bool(0.7)) member.start()
  else arena.later(random.next() * 1000, () => member.start())
}

/** Voters and learners only: what quorums are made of. Refused changes are taken as if they were made. */
function outcome(now: Configuration, change: MembershipChange): Configuration {
  const without = (ids: readonly MemberId[], id: MemberId): MemberId[] => ids.filter((other) => other !== id)
  switch (change.type) {
    case 'add': {
      const joins = { id: change.member.id, replaces: null }
      const witnesses = change.witness ? [...now.witnesses, change.member.id] : now.witnesses
      return { ...now, witnesses, joining: change.promote ? [...now.joining, joins] : now.joining }
    }
    case 'replace': {
      const joins = { id: change.member.id, replaces: change.id }
      const witnesses = now.witnesses.includes(change.id) ? [...now.witnesses, change.member.id] : now.witnesses
      return { ...now, witnesses, joining: [...now.joining, joins] }
    }
    case 'promote': {
      const replaces = now.joining.find(({ id }) => id === change.id)?.replaces ?? null
      const staying = replaces === null ? now.voters : without(now.voters, replaces)
      return { ...now, voters: [...without(staying, change.id), change.id], joining: now.joining.filter(({ id }) => id !== change.id) }
    }
    case 'demote':
    case 'remove':
      return { ...now, voters: without(now.voters, change.id), joining: now.joining.filter(({ id }) => id !== change.id) }
    case 'update':
      return now
  }
}

/**
 * A member loses its disk and comes back with an empty one under its old id: whoever met it before must refuse it, and it must stop. Only where
 * everybody has met it: a stranger cannot know.
 */
export const wipe: Fault = (arena) => {
  const { world, random } = arena
  const metByAll = (victim: SimMember): boolean =>
    world.members.every(
      (other) => other === victim || other.lost || world.network.station(other.id)?.hasMet(victim.id, victim.incarnation) === true,
    )
  const candidates = world.members.filter(
    (member) => !member.lost && member.lives > 0 && metByAll(member) && arena.survival.mayLose(member),
  )
  if (candidates.length === 0 || world.members.length === 1) return
  const victim = random.pick(candidates)
  if (victim.life !== null) world.crash(victim, 'loses its disk')
  world.coverage.hit('fault wipe')
  world.trace.add(world.nowMs, victim.id, 'fault wipe')
  victim.wipe()
  arena.restartLater(victim, random.next() * 1000)
}
