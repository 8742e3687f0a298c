import {
  type Configuration,
  type ConsensusCore,
  type Effects,
  type Entry,
  type Health,
  type Input,
  type LogIndex,
  type MemberId,
  type PeerProgress,
  type RaftCore,
  type Role,
  type SnapshotMeta,
  type Term,
} from '@balsa/raft'
import type { Before } from './observer.js'
import type { Life } from './sim-member.js'

/** What observers of `moved` look at. */
type Place = {
  -readonly [Key in
    | 'role'
    | 'term'
    | 'leaderId'
    | 'commitIndex'
    | 'appliedIndex'
    | 'firstIndex'
    | 'lastIndex'
    | 'lastTerm'
    | 'snapshotMeta']: RaftCore[Key]
}

const placeOf = ({ role, term, leaderId, commitIndex, appliedIndex, firstIndex, lastIndex, lastTerm, snapshotMeta }: RaftCore): Place => ({
  role,
  term,
  leaderId,
  commitIndex,
  appliedIndex,
  firstIndex,
  lastIndex,
  lastTerm,
  snapshotMeta,
})

function hasMoved(place: Place, core: RaftCore): boolean {
  if (
    place.role === core.role &&
    place.term === core.term &&
    place.leaderId === core.leaderId &&
    place.commitIndex === core.commitIndex &&
    place.appliedIndex === core.appliedIndex &&
    place.firstIndex === core.firstIndex &&
    place.lastIndex === core.lastIndex &&
    place.lastTerm === core.lastTerm &&
    place.snapshotMeta === core.snapshotMeta
  )
    return false
  place.role = core.role
  place.term = core.term
  place.leaderId = core.leaderId
  place.commitIndex = core.commitIndex
  place.appliedIndex = core.appliedIndex
  place.firstIndex = core.firstIndex
  place.lastIndex = core.lastIndex
  place.lastTerm = core.lastTerm
  place.snapshotMeta = core.snapshotMeta
  return true
}

/** The production core, with the world looking on: nothing is added to its steps and nothing taken away. */
export class ObservedCore implements ConsensusCore {
  readonly inner: RaftCore
  readonly #life: Life
  readonly #before: Before = { role: 'follower', term: 0, commitIndex: 0 }
  readonly #place: Place

  constructor(inner: RaftCore, life: Life) {
    this.inner = inner
    this.#life = life
    this.#place = placeOf(inner)
  }

  step(input: Input, nowMs: number): void {
    const life = this.#life
    const { inner } = this
    if (!life.alive) return
    const { world } = life.member
    const before = this.#before
    before.role = inner.role
    before.term = inner.term
    before.commitIndex = inner.commitIndex
    world.scheduler.quietTurn = true
    world.tables.stepped(before.role, input)
    this.#trace(input)
    inner.step(input, nowMs)
    if (inner.role !== before.role || inner.term !== before.term)
      world.trace.add(world.nowMs, inner.id, inner.role, inner.leaderId ?? 0, inner.term, inner.lastIndex)
    const { observers } = world
    if (input.type === 'message') for (const observer of observers.heard) observer.heard(life, inner, input.message, before)
    else for (const observer of observers.stepped) observer.stepped(life, inner, input)
    if (hasMoved(this.#place, inner)) for (const observer of observers.moved) observer.moved(life, inner, input, before)
  }

  #trace(input: Input): void {
    const { world } = this.#life.member
    if (input.type !== 'message') {
      if (input.type !== 'applied' && input.type !== 'tick')
        world.trace.add(world.nowMs, this.inner.id, input.type, 0, 'sequence' in input ? input.sequence : 0)
      return
    }
    const { message } = input
    let first = 0
    let second = 0
    // Asked for once: every message has a shape of its own, so that each look at one costs.
    const { type } = message
    if (type === 'heartbeat') first = message.commit
    else if (type === 'appendEntries') {
      first = message.prevLogIndex
      second = message.entries.length
    } else if (type === 'appendEntriesResponse') {
      first = message.matchIndex
      second = message.rejected === null ? 0 : -1
    } else if (type === 'requestVoteResponse') first = message.granted ? 1 : 0
    else if (type === 'requestVote') first = message.lastLogIndex
    world.trace.add(world.nowMs, this.inner.id, type, message.from, first, second, message.term)
  }

  takeEffects(): Effects {
    const life = this.#life
    const effects = this.inner.takeEffects()
    if (!life.alive) return effects
    const { world } = life.member
    const quiet =
      effects.persist === null &&
      effects.commitIndex === null &&
      effects.proposals.length + effects.reads.length + effects.transfers.length + effects.loads.length === 0 &&
      effects.snapshotReads.length + effects.snapshotChunks.length + effects.events.length === 0
    if (!quiet) {
      world.scheduler.activity++
      world.scheduler.unsettled = true
    }
    const { observers } = world
    if (effects.messages.length > 0) for (const observer of observers.sends) observer.sends(life, this.inner, effects.messages)
    if (!quiet) for (const observer of observers.effects) observer.effects(life, this.inner, effects)
    return effects
  }

  deadlineMs(): number {
    return this.inner.deadlineMs()
  }

  get id(): MemberId {
    return this.inner.id
  }

  get role(): Role {
    return this.inner.role
  }

  get term(): Term {
    return this.inner.term
  }

  get leaderId(): MemberId | null {
    return this.inner.leaderId
  }

  get commitIndex(): LogIndex {
    return this.inner.commitIndex
  }

  get lastIndex(): LogIndex {
    return this.inner.lastIndex
  }

  get firstIndex(): LogIndex {
    return this.inner.firstIndex
  }

  get snapshotMeta(): SnapshotMeta | null {
    return this.inner.snapshotMeta
  }

  get isWitness(): boolean {
    return this.inner.isWitness
  }

  get configuration(): Configuration {
    return this.inner.configuration
  }

  configurationAt(index: LogIndex): Configuration {
    return this.inner.configurationAt(index)
  }

  entries(from: LogIndex, to: LogIndex, maxBytes: number): readonly Entry[] | null {
    return this.inner.entries(from, to, maxBytes)
  }

  reportHealth(health: Health): void {
    this.inner.reportHealth(health)
  }

  freshAsOfMs(applied: LogIndex, nowMs: number): number {
    return this.inner.freshAsOfMs(applied, nowMs)
  }

  peers(): readonly PeerProgress[] {
    return this.inner.peers()
  }
}
