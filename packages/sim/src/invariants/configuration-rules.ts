import {
  type Configuration,
  decodeConfiguration,
  type Effects,
  encodeConfiguration,
  EntryType,
  type Input,
  type LogIndex,
  type MemberId,
  type RaftCore,
} from '@balsa/raft'
import type { Observer } from '../world/observer.js'
import type { Life, SimMember } from '../world/sim-member.js'
import type { Ledger } from './ledger.js'
import { violate } from './violate.js'

/** A change that somebody once wrote. */
interface Change {
  readonly index: number
  readonly term: number
  readonly bytes: Uint8Array
}

/** What every leader of that term and of later ones knows. */
type Known<Fact> = Fact & { readonly committedIn: number }

/**
 * A leader appends no change before the one before it is committed, nor before an entry of its own term is; the configuration in force is the
 * newest in the log, or the one in the snapshot below it, and a snapshot carries the one at its index (thesis, section 4.1; the single-server
 * bug of 2015). What stands where is known from all that was ever written, never from the member that is asked.
 */
export class ConfigurationRules implements Observer {
  readonly name = 'configuration-rules'
  readonly #ledger: Ledger
  readonly #changes: Change[] = []
  readonly #founding = new Map<Configuration, Uint8Array>()
  /** Of members of committed configurations. */
  readonly #kinds = new Map<MemberId, Known<{ readonly isWitness: boolean }>>()
  readonly #removed = new Map<MemberId, Known<object>>()
  #settledUpTo = 0

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  started(life: Life, core: RaftCore): void {
    this.#follows(life, core)
  }

  stepped(life: Life, core: RaftCore, input: Exclude<Input, { type: 'message' }>): void {
    if (input.type !== 'snapshotTaken') return
    const { index, configuration } = input.meta
    if (equal(encodeConfiguration(configuration), this.#truth(life.member, core, index))) return
    violate(life.member.world, this.name, `the snapshot of member ${life.member.id} at ${index} carries another configuration than its log`)
  }

  effects(life: Life, core: RaftCore, { persist, events, restore }: Effects): void {
    let changed = restore !== null
    for (const event of events) {
      if (event.type === 'configuration') life.member.world.coverage.hit('configuration adopted')
      if (event.type === 'configuration' || event.type === 'truncated') changed = true
    }
    for (const entry of persist?.entries ?? []) {
      if (entry.type !== EntryType.configuration) continue
      changed = true
      const bytes = encodeConfiguration(decodeConfiguration(entry.payload))
      if (core.role === 'leader' && entry.term === core.term) {
        this.#mayChange(life, core, entry.index)
        this.#mayFollow(life, core, entry.index, decodeConfiguration(entry.payload))
      }
      if (!this.#changes.some(({ index, term }) => index === entry.index && term === entry.term))
        this.#changes.push({ index: entry.index, term: entry.term, bytes })
    }
    if (changed) this.#follows(life, core)
  }

  #mayChange({ member: { world, id } }: Life, core: RaftCore, index: number): void {
    if (core.termAt(core.commitIndex) !== core.term)
      violate(world, this.name, `leader ${id} changes the configuration at ${index} before an entry of its term ${core.term} is committed`)
    const open = this.#changes.find(
      (change) => change.index > core.commitIndex && change.index < index && core.termAt(change.index as LogIndex) === change.term,
    )
    if (open !== undefined)
      violate(world, this.name, `leader ${id} changes the configuration at ${index}, the change at ${open.index} is not committed`)
  }

  #follows({ member }: Life, core: RaftCore): void {
    const { world, id } = member
    if (equal(encodeConfiguration(core.configuration), this.#truth(member, core, core.lastIndex))) return
    violate(world, this.name, `member ${id} does not follow the newest configuration of its log, which ends at ${core.lastIndex}`)
  }

  #foundingOf(configuration: Configuration): Uint8Array {
    let bytes = this.#founding.get(configuration)
    if (bytes === undefined) {
      bytes = encodeConfiguration(configuration)
      this.#founding.set(configuration, bytes)
    }
    return bytes
  }

  /** Quorums of the one and the next must meet; nobody comes back; nobody turns from or into a witness (thesis, section 4.1; paper, section 6). */
  #mayFollow({ member }: Life, core: RaftCore, index: number, next: Configuration): void {
    this.#settle()
    const { world, id } = member
    const active = decodeConfiguration(this.#truth(member, core, index - 1))
    const meets =
      active.votersOutgoing.length > 0
        ? next.votersOutgoing.length === 0 && sameIds(next.voters, active.voters)
        : sameIds(next.votersOutgoing.length > 0 ? next.votersOutgoing : next.voters, active.voters)
    if (!meets)
      violate(world, this.name, `leader ${id} changes the configuration at ${index}: voters ${active.voters} become ${next.voters} at once`)
    // A leader of an earlier term cannot know it: what that one appends is never committed.
    const knows = <Fact>(known: Known<Fact> | undefined): known is Known<Fact> => known !== undefined && known.committedIn <= core.term
    for (const { id: each } of next.members) {
      if (knows(this.#removed.get(each))) violate(world, this.name, `leader ${id} admits member ${each} at ${index}, which was removed`)
      const kind = this.#kinds.get(each)
      if (knows(kind) && kind.isWitness !== next.witnesses.includes(each))
        violate(world, this.name, `leader ${id} turns member ${each} from or into a witness at ${index}`)
    }
  }

  /** Takes in what was committed since. */
  #settle(): void {
    const { committed, committedIn, committedIndex } = this.#ledger
    for (const { index, term, bytes } of this.#changes) {
      if (index <= this.#settledUpTo || committed[index] !== term) continue
      const { members, witnesses, removed } = decodeConfiguration(bytes)
      const known = { committedIn: committedIn[index] ?? term }
      for (const { id } of members) if (!this.#kinds.has(id)) this.#kinds.set(id, { ...known, isWitness: witnesses.includes(id) })
      for (const id of removed) if (!this.#removed.has(id)) this.#removed.set(id, known)
    }
    this.#settledUpTo = committedIndex
  }

  /** The newest committed configuration, and every one that stands above it in some log. */
  possible(founding: Configuration): Configuration[] {
    const { committed, committedIndex } = this.#ledger
    let newest: Change | null = null
    const open: Change[] = []
    for (const change of this.#changes) {
      if (change.index > committedIndex) open.push(change)
      else if (committed[change.index] === change.term && change.index > (newest?.index ?? 0)) newest = change
    }
    return [newest === null ? founding : decodeConfiguration(newest.bytes), ...open.map(({ bytes }) => decodeConfiguration(bytes))]
  }

  /** The newest change up to `index` in the log of this member; what it no longer holds is committed. */
  #truth(member: SimMember, core: RaftCore, index: number): Uint8Array {
    let newest: Change | null = null
    for (const change of this.#changes) {
      if (change.index > index || (newest !== null && change.index < newest.index)) continue
      const term = change.index < core.firstIndex ? this.#ledger.committed[change.index] : core.termAt(change.index as LogIndex)
      if (term === change.term) newest = change
    }
    if (newest !== null) return newest.bytes
    // A member that came later knows nothing of the founding, but a snapshot may tell it; one of another newcomer tells it nothing.
    const ofSnapshot = core.snapshotMeta?.configuration.members.length ?? 0
    return this.#foundingOf(ofSnapshot > 0 ? member.world.founding : member.initialConfiguration)
  }
}

const equal = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, at) => byte === b[at])

const sameIds = (a: readonly MemberId[], b: readonly MemberId[]): boolean => a.length === b.length && a.every((id) => b.includes(id))
