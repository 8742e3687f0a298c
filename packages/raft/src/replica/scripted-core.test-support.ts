import type { Effects, Input, Role } from '../core/effects.js'
import type { Health } from '../core/messages.js'
import type { Configuration, Entry, LogIndex, MemberId, SnapshotMeta, Term } from '../types.js'
import { asIndex, asMemberId, asTerm, EntryType, ZERO_INDEX } from '../types.js'
import type { ConsensusCore, PeerProgress } from './consensus-core.js'
import { configurationOf } from './configuration.test-support.js'

const NOTHING: Effects = {
  messages: [],
  persist: null,
  commitIndex: null,
  restore: null,
  loads: [],
  snapshotReads: [],
  snapshotChunks: [],
  proposals: [],
  reads: [],
  transfers: [],
  changes: [],
  events: [],
}

export const effectsWith = (effects: Partial<Effects>): Effects => ({ ...NOTHING, ...effects })

export const entryOf = (index: number, text: string, term = 1): Entry => ({
  index: asIndex(index),
  term: asTerm(term),
  type: EntryType.command,
  timeMs: index * 10,
  payload: new TextEncoder().encode(text),
})

export const metaOf = (index: number, term = 1): SnapshotMeta => ({
  index: asIndex(index),
  term: asTerm(term),
  timeMs: index * 10,
  configuration: configurationOf(3),
  sizeBytes: 10,
  checksum: index,
})

/** A core that does nothing of its own: it records what it is told, and its effects are written by the test. */
export class ScriptedCore implements ConsensusCore {
  readonly id: MemberId = asMemberId(1)
  role: Role = 'leader'
  term: Term = asTerm(1)
  leaderId: MemberId | null = asMemberId(1)
  commitIndex: LogIndex = ZERO_INDEX
  firstIndex: LogIndex = asIndex(1)
  snapshotMeta: SnapshotMeta | null = null
  configuration: Configuration = configurationOf(3)
  isWitness = false
  deadline = Infinity
  /** What is in memory, by index. Null in `entries` when the first one wanted is not here. */
  memory: Entry[] = []
  progress: PeerProgress[] = []
  readonly inputs: Input[] = []
  readonly times: number[] = []
  /** Effects for the next calls of `takeEffects`; nothing when it is empty. */
  readonly script: Partial<Effects>[] = []
  /** Called for every input; may push to `script`, or throw. */
  onStep: (input: Input) => void = () => undefined

  step(input: Input, nowMs: number): void {
    this.inputs.push(input)
    this.times.push(nowMs)
    if (input.type === 'tick') this.deadline = Infinity
    this.onStep(input)
  }

  takeEffects(): Effects {
    return effectsWith(this.script.shift() ?? {})
  }

  deadlineMs(): number {
    return this.deadline
  }

  get lastIndex(): LogIndex {
    return this.memory[this.memory.length - 1]?.index ?? ZERO_INDEX
  }

  /** The newest configuration that is known to be committed; null: the one in force. */
  committedConfiguration: Configuration | null = null

  configurationAt(): Configuration {
    return this.committedConfiguration ?? this.configuration
  }

  entries(from: LogIndex, to: LogIndex): readonly Entry[] | null {
    if (!this.memory.some((entry) => entry.index === from)) return null
    return this.memory.filter((entry) => entry.index >= from && entry.index <= to)
  }

  /** What is known of the age of every state. */
  fresh = -Infinity

  health: Health = 'unknown'

  reportHealth(health: Health): void {
    this.health = health
  }

  freshAsOfMs(): number {
    return this.fresh
  }

  peers(): readonly PeerProgress[] {
    return this.progress
  }
}
