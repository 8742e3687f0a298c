import { invariant } from '../errors.js'
import type { Entry, LogIndex, Term } from '../types.js'
import { asIndex } from '../types.js'
import type { RecoveredState } from './effects.js'

interface TermRun {
  readonly term: Term
  readonly firstIndex: LogIndex
}

/**
 * The core's view of the log: which terms stand where, the newest entries themselves, and how far storage has come.
 *
 *     firstIndex            cacheFirst        stableIndex        lastIndex
 *     |--- on disk only ----|--- in memory ---|--- being written --|
 *
 * Terms of the whole log are held as runs, so that a log of any length costs memory only for its newest entries.
 * Invariants: firstIndex <= cacheFirst <= stableIndex + 1 <= lastIndex + 1; indexes are contiguous; terms never decrease.
 */
export class LogView {
  #firstIndex: number
  #lastIndex: number
  /** Term of the entry at firstIndex - 1. */
  #previousTerm: Term
  #runs: TermRun[]
  /** Entries cacheFirst..lastIndex. */
  #cache: Entry[]
  #cacheFirst: number
  #cacheBytes = 0
  /** Everything up to here is durable in this log (and was not cut off since). */
  #stableIndex: number
  /** First entry that no persist effect has carried yet. */
  #nextToPersist: number
  /** Writes under way: which index is durable once the sequence is. Lowered when the log is cut, so that a late completion proves no more than it should. */
  #writes: { readonly sequence: number; lastIndex: number }[] = []

  constructor(recovered: RecoveredState) {
    this.#firstIndex = recovered.firstIndex
    this.#lastIndex = recovered.lastIndex
    this.#previousTerm = recovered.previousTerm
    this.#runs = [...recovered.termRuns]
    this.#cache = [...recovered.tail]
    this.#cacheFirst = recovered.lastIndex - recovered.tail.length + 1
    for (const entry of this.#cache) this.#cacheBytes += entry.payload.length
    this.#stableIndex = recovered.lastIndex
    this.#nextToPersist = recovered.lastIndex + 1
    const firstCached = this.#cache[0]
    invariant(firstCached === undefined || firstCached.index === this.#cacheFirst, 'the recovered tail ends at the last index')
    invariant(this.#lastIndex >= this.#firstIndex - 1, 'the recovered log is well formed', {
      first: this.#firstIndex,
      last: this.#lastIndex,
    })
  }

  get firstIndex(): LogIndex {
    return asIndex(this.#firstIndex)
  }

  get lastIndex(): LogIndex {
    return asIndex(this.#lastIndex)
  }

  get stableIndex(): LogIndex {
    return asIndex(this.#stableIndex)
  }

  get lastTerm(): Term {
    return this.#runs[this.#runs.length - 1]?.term ?? this.#previousTerm
  }

  /** The term at `index`; null when the log does not reach it, or has compacted it away. firstIndex - 1 is still known. */
  termAt(index: LogIndex): Term | null {
    if (index > this.#lastIndex || index < this.#firstIndex - 1) return null
    if (index === this.#firstIndex - 1) return this.#previousTerm
    return this.#runs[this.#runAt(index)]?.term ?? null
  }

  /** First index, still in the log, of the run of equal terms that covers `index`. */
  firstIndexOfRun(index: LogIndex): LogIndex {
    const run = this.#runs[this.#runAt(index)]
    invariant(run !== undefined, 'the index lies in the log', { index })
    return run.firstIndex
  }

  /** Last index with exactly this term, counting the entry at firstIndex - 1, whose term is still known; null when there is none. */
  lastIndexOfTerm(term: Term): LogIndex | null {
    for (let i = this.#runs.length - 1; i >= 0; i--) {
      const run = this.#runs[i]
      if (run === undefined || run.term < term) return null
      if (run.term === term) return asIndex((this.#runs[i + 1]?.firstIndex ?? this.#lastIndex + 1) - 1)
    }
    return this.#previousTerm === term ? asIndex(this.#firstIndex - 1) : null
  }

  /**
   * Entries from..to (inclusive), cut after `maxBytes` of payload or `maxEntries`, but at least one. Null when the first one is no longer in
   * memory: storage has it.
   */
  slice(from: LogIndex, to: LogIndex, maxBytes: number, maxEntries: number): readonly Entry[] | null {
    invariant(from >= this.#firstIndex && to <= this.#lastIndex && from <= to, 'the slice lies in the log', { from, to })
    if (from < this.#cacheFirst) return null
    const start = from - this.#cacheFirst
    const limit = Math.min(to - this.#cacheFirst + 1, start + maxEntries)
    let end = start
    let bytes = 0
    while (end < limit) {
      bytes += this.#cache[end]?.payload.length ?? 0
      if (bytes > maxBytes && end > start) break
      end++
    }
    return this.#cache.slice(start, end)
  }

  /** Appends, replacing everything from the first entry's index on. The caller has made sure that nothing committed is replaced. */
  append(entries: readonly Entry[]): void {
    const first = entries[0]
    if (first === undefined) return
    invariant(first.index >= this.#firstIndex && first.index <= this.#lastIndex + 1, 'appended entries connect to the log', {
      first: first.index,
      firstIndex: this.#firstIndex,
      lastIndex: this.#lastIndex,
    })
    if (first.index <= this.#lastIndex) this.#truncateFrom(first.index)
    for (const entry of entries) {
      invariant(entry.index === this.#lastIndex + 1, 'appended entries are contiguous', { index: entry.index, lastIndex: this.#lastIndex })
      const lastTerm = this.lastTerm
      invariant(entry.term >= lastTerm, 'terms never decrease along the log', { index: entry.index, term: entry.term, lastTerm })
      if (entry.term > lastTerm || this.#runs.length === 0) this.#runs.push({ term: entry.term, firstIndex: entry.index })
      this.#cache.push(entry)
      this.#cacheBytes += entry.payload.length
      this.#lastIndex = entry.index
    }
  }

  #truncateFrom(index: number): void {
    const keep = Math.max(0, index - this.#cacheFirst)
    for (const dropped of this.#cache.splice(keep)) this.#cacheBytes -= dropped.payload.length
    this.#cacheFirst = Math.min(this.#cacheFirst, index)
    while ((this.#runs[this.#runs.length - 1]?.firstIndex ?? -1) >= index) this.#runs.pop()
    this.#lastIndex = index - 1
    this.#clampDurable(index - 1)
    this.#nextToPersist = Math.min(this.#nextToPersist, index)
  }

  #clampDurable(index: number): void {
    this.#stableIndex = Math.min(this.#stableIndex, index)
    for (const write of this.#writes) write.lastIndex = Math.min(write.lastIndex, index)
  }

  /** Drops everything below `index` (a durable snapshot covers it). Returns whether anything went. */
  compactBelow(index: LogIndex): boolean {
    if (index <= this.#firstIndex) return false
    invariant(index <= this.#stableIndex + 1, 'only durable entries are compacted', { index, stableIndex: this.#stableIndex })
    const term = this.termAt(asIndex(index - 1))
    invariant(term !== null, 'the entry before the new first index is known', { index })
    const run = index <= this.#lastIndex ? this.#runAt(index) : this.#runs.length
    this.#runs = this.#runs.slice(run)
    const head = this.#runs[0]
    if (head !== undefined && head.firstIndex < index) this.#runs[0] = { term: head.term, firstIndex: index }
    this.#previousTerm = term
    this.#firstIndex = index
    this.#dropCacheBelow(index)
    return true
  }

  /** A snapshot at (index, term) replaces the whole log. */
  reset(index: LogIndex, term: Term): void {
    this.#firstIndex = index + 1
    this.#lastIndex = index
    this.#previousTerm = term
    this.#runs = []
    this.#cache = []
    this.#cacheFirst = index + 1
    this.#cacheBytes = 0
    this.#clampDurable(index)
    this.#stableIndex = index
    this.#nextToPersist = index + 1
  }

  /** Frees memory of durable entries up to `index` while the cache is larger than `limitBytes`. */
  evict(index: LogIndex, limitBytes: number): void {
    if (this.#cacheBytes <= limitBytes) return
    const highest = Math.min(index, this.#stableIndex)
    let bytes = this.#cacheBytes
    let drop = 0
    // Down to half, so that the array is moved once per many entries and not once per entry.
    while (bytes > limitBytes / 2 && this.#cacheFirst + drop <= highest) {
      bytes -= this.#cache[drop]?.payload.length ?? 0
      drop++
    }
    this.#dropCacheBelow(this.#cacheFirst + drop)
  }

  #dropCacheBelow(index: number): void {
    const count = Math.min(index - this.#cacheFirst, this.#cache.length)
    if (count <= 0) return
    for (const dropped of this.#cache.splice(0, count)) this.#cacheBytes -= dropped.payload.length
    this.#cacheFirst += count
  }

  get hasUnpersisted(): boolean {
    return this.#nextToPersist <= this.#lastIndex
  }

  /** Hands the entries that storage has not been given yet to the write with this sequence number. */
  takeUnpersisted(sequence: number): readonly Entry[] {
    const entries = this.#cache.slice(this.#nextToPersist - this.#cacheFirst)
    this.#nextToPersist = this.#lastIndex + 1
    this.#writes.push({ sequence, lastIndex: this.#lastIndex })
    return entries
  }

  /** Storage has completed every write up to `sequence`. */
  persisted(sequence: number): void {
    let done = 0
    for (const write of this.#writes) {
      if (write.sequence > sequence) break
      this.#stableIndex = Math.max(this.#stableIndex, write.lastIndex)
      done++
    }
    this.#writes.splice(0, done)
  }

  /** Position of the run that covers `index`. Searches from the end: almost every question is about the newest entries. */
  #runAt(index: number): number {
    for (let i = this.#runs.length - 1; i >= 0; i--) {
      const run = this.#runs[i]
      if (run !== undefined && run.firstIndex <= index) return i
    }
    return -1
  }
}
