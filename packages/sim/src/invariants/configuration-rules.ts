import { decodeConfiguration, type Effects, encodeConfiguration, EntryType, type Input, type LogIndex, type RaftCore } from '@balsa/raft'
import type { Before, Observer } from '../world/observer.js'
import type { Life } from '../world/sim-member.js'
import type { World } from '../world/world.js'
import type { Ledger } from './ledger.js'
import { violate } from './violate.js'

/** A change that somebody once wrote. */
interface Change {
  readonly index: number
  readonly term: number
  readonly bytes: Uint8Array
}

/**
 * A leader appends no change before the one before it is committed, nor before an entry of its own term is; the configuration in force is the
 * newest in the log, or the one in the snapshot below it, and a snapshot carries the one at its index (thesis, section 4.1; the single-server
 * bug of 2015). What stands where is known from all that was ever written, never from the member that is asked.
 */
export class ConfigurationRules implements Observer {
  readonly name = 'configuration-rules'
  readonly #ledger: Ledger
  readonly #changes: Change[] = []
  #founding: Uint8Array | null = null

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  started(life: Life, core: RaftCore): void {
    this.#follows(life, core)
  }

  stepped(life: Life, core: RaftCore, input: Input, _before: Before): void {
    if (input.type !== 'snapshotTaken') return
    const { index, configuration } = input.meta
    if (equal(encodeConfiguration(configuration), this.#truth(life.member.world, core, index))) return
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
      if (core.role === 'leader' && entry.term === core.term) this.#mayChange(life, core, entry.index)
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

  #follows({ member: { world, id } }: Life, core: RaftCore): void {
    if (equal(encodeConfiguration(core.configuration), this.#truth(world, core, core.lastIndex))) return
    violate(world, this.name, `member ${id} does not follow the newest configuration of its log, which ends at ${core.lastIndex}`)
  }

  /** The newest change up to `index` in the log of this member; what it no longer holds is committed. */
  #truth(world: World, core: RaftCore, index: number): Uint8Array {
    let newest: Change | null = null
    for (const change of this.#changes) {
      if (change.index > index || (newest !== null && change.index < newest.index)) continue
      const term = change.index < core.firstIndex ? this.#ledger.committed[change.index] : core.termAt(change.index as LogIndex)
      if (term === change.term) newest = change
    }
    this.#founding ??= encodeConfiguration(world.founding)
    return newest?.bytes ?? this.#founding
  }
}

const equal = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, at) => byte === b[at])
