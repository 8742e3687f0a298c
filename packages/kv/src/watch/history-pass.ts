import type { TableReader } from '../backend/backend.js'
import { walkHistory } from '../mvcc/history.js'
import { RangeIndex } from './range-index.js'
import type { WatcherState } from './watcher-state.js'

const PAGE_EVENTS = 128

/** Where the history can be read. */
export interface HistoryBounds {
  readonly tables: TableReader
  readonly compactedRevision: number
  /** Through this revision. */
  readonly revision: number
}

export interface SliceOutcome {
  /** Watchers with something to pull, or compacted ones. */
  readonly ready: readonly WatcherState[]
  /** Watchers that have seen everything up to the present. */
  readonly caughtUp: readonly WatcherState[]
}

/**
 * One pass through the history for all watchers that lag, from the oldest of their positions to the present: each event is read once, and looked up in an
 * index of them. Who comes later and wants what has gone by already waits for the next pass. Works in slices of so many events.
 */
export class HistoryPass {
  readonly #index = new RangeIndex<WatcherState>()
  readonly #members = new Set<WatcherState>()
  readonly #waiting = new Set<WatcherState>()
  /** Told about their events when the revision is complete. */
  readonly #touched = new Set<WatcherState>()
  #revision = 0
  #place = 0

  get isEmpty(): boolean {
    return this.#members.size === 0 && this.#waiting.size === 0
  }

  add(state: WatcherState): void {
    const { nextRevision } = state
    const isAhead = nextRevision > this.#revision || (nextRevision === this.#revision && this.#place === 0)
    if (this.#members.size > 0 && isAhead) this.#join(state)
    else {
      state.standing = 'waiting'
      this.#waiting.add(state)
    }
  }

  remove(state: WatcherState): void {
    this.#waiting.delete(state)
    this.#touched.delete(state)
    if (this.#members.delete(state)) this.#index.remove(state.bounds, state)
  }

  clear(): void {
    this.#waiting.clear()
    this.#touched.clear()
    this.#members.clear()
    this.#index.clear()
  }

  /** Everything of a revision below it has been matched. */
  completeBelow(state: WatcherState): number {
    return state.standing === 'behind' ? this.#revision : Number.POSITIVE_INFINITY
  }

  /** Everything up to this revision has been matched, or is none of the watcher's business. */
  positionOf(state: WatcherState): number {
    return (state.standing === 'behind' ? Math.max(state.nextRevision, this.#revision) : state.nextRevision) - 1
  }

  /** Looks at so many events. */
  slice(history: HistoryBounds, most: number): SliceOutcome {
    if (this.#members.size === 0) this.#begin()
    const ready: WatcherState[] = []
    if (this.#revision < history.compactedRevision) this.#skipCompacted(history.compactedRevision, ready)
    let finished = false
    // Nobody may be left before the end: when all have as much pending as they may.
    for (let left = most; left > 0 && !finished && this.#members.size > 0; left -= PAGE_EVENTS)
      finished = this.#page(history, Math.min(left, PAGE_EVENTS))
    this.#tell(ready)
    if (!finished) return { ready, caughtUp: [] }
    const caughtUp = [...this.#members]
    this.#members.clear()
    this.#index.clear()
    return { ready, caughtUp }
  }

  /** True = that was all. */
  #page(history: HistoryBounds, most: number): boolean {
    let left = most
    walkHistory(history.tables, this.#revision, this.#place, ({ revision, place, name }) => {
      if (revision > history.revision) return false
      this.#match(revision, place, name)
      this.#revision = revision
      this.#place = place + 1
      left -= 1
      return left > 0
    })
    const finished = left > 0
    if (finished) {
      this.#revision = history.revision + 1
      this.#place = 0
    }
    return finished
  }

  #begin(): void {
    this.#revision = Number.POSITIVE_INFINITY
    this.#place = 0
    for (const state of this.#waiting) if (state.nextRevision < this.#revision) this.#revision = state.nextRevision
    for (const state of this.#waiting) this.#join(state)
    this.#waiting.clear()
  }

  #join(state: WatcherState): void {
    state.standing = 'behind'
    this.#members.add(state)
    this.#index.add(state.bounds, state)
  }

  #skipCompacted(compactedRevision: number, ready: WatcherState[]): void {
    for (const state of [...this.#members]) {
      if (state.nextRevision >= compactedRevision) continue
      this.remove(state)
      state.standing = 'compacted'
      ready.push(state)
    }
    this.#revision = compactedRevision
    this.#place = 0
  }

  #match(revision: number, place: number, name: string): void {
    for (const state of this.#index.find(name)) {
      if (!state.note(revision, place)) {
        this.remove(state)
        state.standing = 'stalled'
        this.#touched.add(state)
      } else if (state.pending.length > 0) this.#touched.add(state)
    }
  }

  #tell(ready: WatcherState[]): void {
    for (const state of this.#touched) {
      const isComplete = (revision: number | undefined): boolean =>
        state.standing !== 'behind' || revision === undefined || revision < this.#revision
      if (isComplete(state.pending[0]?.revision)) ready.push(state)
      // The rest of an incomplete revision may hold nothing for it: it has to be told all the same.
      if (isComplete(state.pending.at(-1)?.revision)) this.#touched.delete(state)
    }
  }
}
