import type { Configuration, Entry, HardState, LogIndex, SnapshotMeta, Term } from '../types.js'
import { asIndex, asTerm, EntryType, foundingConfiguration, ZERO_INDEX, ZERO_TERM } from '../types.js'
import { decodeConfiguration } from '../log/configuration-codec.js'
import type { PersistEffect, RecoveredState } from './effects.js'

export const emptyConfiguration: Configuration = foundingConfiguration([])

/** One step of a write. A crash keeps a prefix of these steps, as a log of checksummed records does. */
type WriteStep =
  /** The received file gets its final name. */
  | { readonly kind: 'renameSnapshot'; readonly meta: SnapshotMeta }
  /** The log notes that it starts behind the snapshot. */
  | { readonly kind: 'baseRecord'; readonly meta: SnapshotMeta }
  | { readonly kind: 'hardState'; readonly hardState: HardState }
  | { readonly kind: 'entry'; readonly entry: Entry }
  | { readonly kind: 'compact'; readonly below: LogIndex }

const stepsOf = (effect: PersistEffect): readonly WriteStep[] => {
  const steps: WriteStep[] = []
  if (effect.installSnapshot !== null) {
    steps.push({ kind: 'renameSnapshot', meta: effect.installSnapshot }, { kind: 'baseRecord', meta: effect.installSnapshot })
  }
  if (effect.hardState !== null) steps.push({ kind: 'hardState', hardState: effect.hardState })
  for (const entry of effect.entries) steps.push({ kind: 'entry', entry })
  if (effect.compactBelow !== null) steps.push({ kind: 'compact', below: effect.compactBelow })
  return steps
}

/** A log as storage sees it: entries behind a boundary. */
export class StoredLog {
  firstIndex = 1
  previousTerm: Term = ZERO_TERM
  entries: Entry[] = []

  get lastIndex(): number {
    return this.firstIndex + this.entries.length - 1
  }

  at(index: number): Entry | undefined {
    return this.entries[index - this.firstIndex]
  }

  termAt(index: number): Term | null {
    return index === this.firstIndex - 1 ? this.previousTerm : (this.at(index)?.term ?? null)
  }

  put(entry: Entry): void {
    if (entry.index < this.firstIndex || entry.index > this.lastIndex + 1) throw new Error(`entry ${entry.index} does not connect`)
    this.entries.length = entry.index - this.firstIndex
    this.entries.push(entry)
  }

  compactBelow(index: number): void {
    if (index <= this.firstIndex) return
    this.previousTerm = this.termAt(index - 1) ?? this.previousTerm
    this.entries.splice(0, index - this.firstIndex)
    this.firstIndex = index
  }

  startBehind(meta: SnapshotMeta): void {
    this.firstIndex = meta.index + 1
    this.previousTerm = meta.term
    this.entries = []
  }

  clone(): StoredLog {
    const copy = new StoredLog()
    copy.firstIndex = this.firstIndex
    copy.previousTerm = this.previousTerm
    copy.entries = [...this.entries]
    return copy
  }
}

/** What a member's disk holds, and what is still on its way there: the test's stand-in for storage. */
export class TestDisk {
  readonly base: Configuration
  hardState: HardState = { term: ZERO_TERM, votedFor: null }
  snapshot: SnapshotMeta | null = null
  /** Durable. */
  log = new StoredLog()
  /** With everything that is pending: what a read of the storage gives. */
  view = new StoredLog()
  pending: PersistEffect[] = []

  constructor(base: Configuration) {
    this.base = base
  }

  get entries(): readonly Entry[] {
    return this.log.entries
  }

  get firstIndex(): number {
    return this.log.firstIndex
  }

  get lastIndex(): number {
    return Math.max(this.log.lastIndex, this.snapshot?.index ?? 0)
  }

  issue(effect: PersistEffect): void {
    this.pending.push(effect)
    for (const step of stepsOf(effect)) applyToLog(this.view, step)
  }

  /** Completes the oldest pending write; returns its sequence. */
  complete(): number | null {
    const effect = this.pending.shift()
    if (effect === undefined) return null
    for (const step of stepsOf(effect)) this.#apply(step)
    return effect.sequence
  }

  /** Power fails: of all pending writes the first `steps` steps have reached the disk. */
  crash(steps = 0): void {
    const all = this.pending.flatMap(stepsOf)
    for (const step of all.slice(0, steps)) this.#apply(step)
    this.pending = []
    this.#discardDisagreeingLog()
    this.view = this.log.clone()
  }

  get pendingSteps(): number {
    return this.pending.reduce((sum, effect) => sum + stepsOf(effect).length, 0)
  }

  /** A snapshot of the own state is written to its own file, whatever the log's writes are doing. */
  writeSnapshot(meta: SnapshotMeta): void {
    if (this.snapshot === null || meta.index > this.snapshot.index) this.snapshot = meta
  }

  /** Is the entry (index, term) durable here, in the log or below the snapshot? */
  holds(index: number, term: number): boolean {
    return index <= (this.snapshot?.index ?? 0) || this.log.termAt(index) === term
  }

  #apply(step: WriteStep): void {
    if (step.kind === 'renameSnapshot') this.writeSnapshot(step.meta)
    else if (step.kind === 'hardState') this.hardState = step.hardState
    else applyToLog(this.log, step)
  }

  /** A log that does not hold the snapshot's last entry is older than the snapshot, or differs from it. */
  #discardDisagreeingLog(): void {
    const { snapshot } = this
    if (snapshot !== null && this.log.firstIndex <= snapshot.index && this.log.termAt(snapshot.index) !== snapshot.term) {
      this.log.startBehind(snapshot)
    }
  }

  recover(): RecoveredState {
    this.crash()
    const { log } = this
    const termRuns: { term: Term; firstIndex: LogIndex }[] = []
    for (const entry of log.entries) {
      if (termRuns[termRuns.length - 1]?.term !== entry.term) termRuns.push({ term: entry.term, firstIndex: entry.index })
    }
    const configurations = log.entries
      .filter((entry) => entry.type === EntryType.configuration)
      .map((entry) => ({ index: entry.index, configuration: decodeConfiguration(entry.payload) }))
    return {
      hardState: this.hardState,
      snapshot: this.snapshot,
      firstIndex: asIndex(log.firstIndex),
      lastIndex: asIndex(log.lastIndex),
      previousTerm: asTerm(log.previousTerm),
      termRuns,
      configurations,
      baseConfiguration: this.snapshot?.configuration ?? this.base,
      timeMs: Math.max(this.snapshot?.timeMs ?? 0, ...log.entries.map((entry) => entry.timeMs)),
      strippedFrom: log.entries.find(({ type }) => type === EntryType.stripped)?.index ?? null,
      tail: log.entries.slice(),
    }
  }
}

function applyToLog(log: StoredLog, step: WriteStep): void {
  if (step.kind === 'baseRecord') log.startBehind(step.meta)
  else if (step.kind === 'entry') log.put(step.entry)
  else if (step.kind === 'compact') log.compactBelow(step.below)
}

/** A member that was just created: it knows the configuration and nothing else. */
export const emptyState = (configuration: Configuration): RecoveredState => ({
  hardState: { term: ZERO_TERM, votedFor: null },
  snapshot: null,
  firstIndex: asIndex(1),
  lastIndex: ZERO_INDEX,
  previousTerm: ZERO_TERM,
  termRuns: [],
  configurations: [],
  baseConfiguration: configuration,
  timeMs: 0,
  tail: [],
})
