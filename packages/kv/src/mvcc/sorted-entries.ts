import type { KeyEntry } from './record.js'

/** Entries that are sorted at once: some ten microseconds. */
const RUN_ENTRIES = 256
/** Beyond a limit, twice as many entries are kept, and so many more, before they are sorted. */
const SLACK_ENTRIES = 4096
/** What an entry takes in memory beside key and value, about. */
export const HELD_ENTRY_BYTES = 160

interface Run {
  entries: KeyEntry[]
  /** Of memory. */
  bytes: number
}

interface Merge {
  readonly a: Run
  readonly b: Run
  readonly into: Run
  atA: number
  atB: number
}

const bytesOf = ({ key, value }: KeyEntry): number => key.length + value.length + HELD_ENTRY_BYTES

/**
 * Entries that come in any order, put into another one in steps of bounded work: few of them are sorted as they come, and what was sorted is merged, two by two. With a limit no more are kept than may be
 * among the first ones. No two are equal, so where the steps end makes no difference.
 */
export class SortedEntries {
  readonly #compare: (a: KeyEntry, b: KeyEntry) => number
  readonly #limit: number
  #newest: Run = { entries: [], bytes: 0 }
  #runs: Run[] = []
  #merge: Merge | null = null
  #kept = 0
  #isFull = false
  #heldBytes = 0
  /** As many as are wanted are before it. */
  #bound: KeyEntry | null = null
  #cutOff = false

  /** `limit`: the first so many are wanted; Infinity = all. */
  constructor(compare: (a: KeyEntry, b: KeyEntry) => number, limit: number) {
    this.#compare = compare
    this.#limit = limit
  }

  /** Of memory, about. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  /** Nothing may be added before `order` has come to its end. */
  get isFull(): boolean {
    return this.#isFull
  }

  /** There were more than are wanted. */
  get isCut(): boolean {
    return this.#cutOff
  }

  /** The wanted ones in their order, when `order` has come to its end. */
  get entries(): KeyEntry[] {
    return this.#runs[0]?.entries ?? []
  }

  add(entry: KeyEntry): void {
    if (this.#bound !== null && this.#compare(entry, this.#bound) > 0) {
      this.#cutOff = true
      return
    }
    const bytes = bytesOf(entry)
    this.#newest.entries.push(entry)
    this.#newest.bytes += bytes
    this.#kept += 1
    this.#heldBytes += bytes
    if (this.#newest.entries.length === RUN_ENTRIES) this.#endRun()
    this.#isFull = this.#kept >= 2 * this.#limit + SLACK_ENTRIES
  }

  /** Moves so many entries at most. Answers how many it were: 0 = all are in order. */
  order(most: number): number {
    if (this.#newest.entries.length > 0) this.#endRun()
    let moved = 0
    while (moved < most) {
      this.#merge ??= this.#beginMerge()
      if (this.#merge === null) {
        this.#isFull = false
        return moved
      }
      moved += this.#moveSome(this.#merge, most - moved)
    }
    return moved
  }

  #endRun(): void {
    const run = this.#newest
    this.#newest = { entries: [], bytes: 0 }
    run.entries.sort(this.#compare)
    if (run.entries.length > this.#limit) {
      for (const entry of run.entries.splice(this.#limit)) {
        run.bytes -= bytesOf(entry)
        this.#heldBytes -= bytesOf(entry)
        this.#kept -= 1
      }
      this.#cutOff = true
    }
    this.#add(run)
  }

  #add(run: Run): void {
    this.#runs.push(run)
    const last = run.entries.at(-1)
    if (last === undefined || run.entries.length < this.#limit) return
    if (this.#bound === null || this.#compare(last, this.#bound) < 0) this.#bound = last
  }

  #beginMerge(): Merge | null {
    if (this.#runs.length < 2) return null
    const [a, b] = this.#runs.splice(0, 2) as [Run, Run]
    return { a, b, into: { entries: [], bytes: 0 }, atA: 0, atB: 0 }
  }

  #moveSome(merge: Merge, most: number): number {
    const { a, b, into } = merge
    const all = a.entries.length + b.entries.length
    const wanted = Math.min(all, this.#limit)
    const until = Math.min(wanted, into.entries.length + most)
    const moved = until - into.entries.length
    while (into.entries.length < until) {
      const entry = this.#next(merge)
      into.entries.push(entry)
      into.bytes += bytesOf(entry)
    }
    if (until < wanted) return moved
    this.#merge = null
    this.#kept -= all - wanted
    this.#heldBytes -= a.bytes + b.bytes - into.bytes
    if (all > wanted) this.#cutOff = true
    this.#add(into)
    return Math.max(1, moved)
  }

  #next(merge: Merge): KeyEntry {
    const a = merge.a.entries[merge.atA]
    const b = merge.b.entries[merge.atB]
    if (b === undefined || (a !== undefined && this.#compare(a, b) < 0)) {
      merge.atA += 1
      return a as KeyEntry
    }
    merge.atB += 1
    return b
  }
}
