import { invariant } from '../errors.js'
import type { Configuration, LogIndex, MemberId } from '../types.js'
import { ZERO_INDEX } from '../types.js'

export interface IndexedConfiguration {
  readonly index: LogIndex
  readonly configuration: Configuration
}

/**
 * Which configuration is in force. A configuration holds from the moment its entry is in the log, committed or not, and is rolled
 * back when the entry is cut off (thesis, section 4.1). There is one source of truth: the log and the snapshot below it.
 */
export class Membership {
  /** Ascending by index; the first one is the base: the snapshot's or the initial configuration. Never empty. */
  #stack: IndexedConfiguration[]

  constructor(base: Configuration, baseIndex: LogIndex, later: readonly IndexedConfiguration[]) {
    this.#stack = [{ index: baseIndex, configuration: base }, ...later.filter((entry) => entry.index > baseIndex)]
  }

  get active(): Configuration {
    return this.#newest.configuration
  }

  get activeIndex(): LogIndex {
    return this.#newest.index
  }

  /** The configuration in force right after the entry at `index`. */
  at(index: LogIndex): Configuration {
    for (let i = this.#stack.length - 1; i > 0; i--) {
      const candidate = this.#stack[i]
      if (candidate !== undefined && candidate.index <= index) return candidate.configuration
    }
    return this.#base.configuration
  }

  append(index: LogIndex, configuration: Configuration): void {
    invariant(index > this.activeIndex, 'a configuration is appended above the newest one', { index, activeIndex: this.activeIndex })
    this.#stack.push({ index, configuration })
  }

  /** The log was cut: entries from `index` on are gone, and their configurations with them. Returns whether the active one changed. */
  truncateFrom(index: LogIndex): boolean {
    const before = this.#stack.length
    invariant(this.#base.index < index || this.#base.index === ZERO_INDEX, 'the base configuration is never cut off', { index })
    this.#stack = this.#stack.filter((entry, position) => position === 0 || entry.index < index)
    return this.#stack.length !== before
  }

  /** Everything up to `index` is in a snapshot: the configuration in force there becomes the base. */
  compact(index: LogIndex): void {
    const configuration = this.at(index)
    this.#stack = [{ index, configuration }, ...this.#stack.filter((entry) => entry.index > index)]
  }

  /** A snapshot replaces the whole log. */
  reset(index: LogIndex, configuration: Configuration): void {
    this.#stack = [{ index, configuration }]
  }

  get #newest(): IndexedConfiguration {
    const newest = this.#stack[this.#stack.length - 1]
    invariant(newest !== undefined, 'there is always a base configuration')
    return newest
  }

  get #base(): IndexedConfiguration {
    const base = this.#stack[0]
    invariant(base !== undefined, 'there is always a base configuration')
    return base
  }
}

export const isJoint = (configuration: Configuration): boolean => configuration.votersOutgoing.length > 0

/** The configuration that ends a joint one: the outgoing half leaves (paper, section 6), and who is nothing else is removed for ever. */
export function leaveJoint(configuration: Configuration): Configuration {
  const staying = new Set<MemberId>([...configuration.voters, ...configuration.learners])
  const leaving = configuration.members.map(({ id }) => id).filter((id) => !staying.has(id))
  return {
    ...configuration,
    members: configuration.members.filter((member) => staying.has(member.id)),
    votersOutgoing: [],
    joining: configuration.joining.map(({ id, replaces }) => ({
      id,
      replaces: replaces !== null && staying.has(replaces) ? replaces : null,
    })),
    witnesses: configuration.witnesses.filter((id) => staying.has(id)),
    removed: [...configuration.removed, ...leaving].sort((a, b) => a - b),
  }
}

/** Everybody who receives the log: voters of both halves and learners, each once, ascending. */
export function replicationTargets(configuration: Configuration): readonly MemberId[] {
  const ids = new Set<MemberId>([...configuration.voters, ...configuration.votersOutgoing, ...configuration.learners])
  return [...ids].sort((a, b) => a - b)
}

/**
 * May `next` come right after `active`? Every quorum of the one must share a member with every quorum of the other: the voters stay, one comes or
 * goes (thesis, section 4.1), or one of the two is joint and holds the other's voters as one of its halves (paper, section 6). And nobody who
 * holds no data may become one who is counted on for it.
 */
export function mayFollow(active: Configuration, next: Configuration): boolean {
  const isWitness = new Set(next.witnesses)
  const turns = next.members.some(({ id }) => isMember(active, id) && isWitness.has(id) !== active.witnesses.includes(id))
  if (turns || next.voters.length === 0) return false
  if (isJoint(active)) return !isJoint(next) && difference(active.voters, next.voters) === 0
  if (isJoint(next)) return difference(active.voters, next.votersOutgoing) === 0
  return difference(active.voters, next.voters) <= 1
}

const isMember = (configuration: Configuration, id: MemberId): boolean => configuration.members.some((member) => member.id === id)

/** How many ids are in one of the two lists only. */
function difference(a: readonly MemberId[], b: readonly MemberId[]): number {
  return a.filter((id) => !b.includes(id)).length + b.filter((id) => !a.includes(id)).length
}
