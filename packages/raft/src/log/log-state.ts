/** What the log says, in memory: bounds, runs of terms, hard state and the newest entries. Not where anything is on disk. */
import { invariant } from '../errors.js'
import { asIndex, type Entry, type HardState, type LogIndex, type Term } from '../types.js'
import { EntryCache } from './entry-cache.js'
import type { LogHead } from './record.js'
import { entryRecordBytes } from './record.js'

export interface TermRun {
  readonly term: Term
  readonly firstIndex: LogIndex
}

export class LogState {
  hardState: HardState
  timeMs: number
  #firstIndex: number
  #lastIndex: number
  /** Term of the entry at firstIndex - 1; null when the segment that held it is gone. */
  #previousTerm: Term | null
  #runs: TermRun[] = []
  /** Record bytes of the entries that are in the log but no longer in the cache. An estimate after a cut in their midst. */
  #bytesOnDiskOnly = 0
  readonly cache: EntryCache

  constructor(head: LogHead) {
    this.hardState = head.hardState
    this.timeMs = head.timeMs
    this.#firstIndex = head.lastIndex + 1
    this.#lastIndex = head.lastIndex
    this.#previousTerm = head.lastTerm
    this.cache = new EntryCache()
  }

  get firstIndex(): LogIndex {
    return asIndex(this.#firstIndex)
  }

  get lastIndex(): LogIndex {
    return asIndex(this.#lastIndex)
  }

  get lastTerm(): Term | null {
    return this.#runs.at(-1)?.term ?? this.#previousTerm
  }

  get previousTerm(): Term | null {
    return this.#previousTerm
  }

  get runs(): readonly TermRun[] {
    return this.#runs
  }

  /** Record bytes of all entries in the log. */
  get bytes(): number {
    return this.cache.bytes + this.#bytesOnDiskOnly
  }

  /** Term at an index in firstIndex - 1 .. lastIndex; null when unknown. */
  termAt(index: number): Term | null {
    if (index === this.#firstIndex - 1) return this.#previousTerm
    if (index < this.#firstIndex || index > this.#lastIndex) return null
    let low = 0
    let high = this.#runs.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((this.#runs[middle]?.firstIndex ?? 0) <= index) low = middle
      else high = middle - 1
    }
    return this.#runs[low]?.term ?? null
  }

  /** Puts an entry at its index; whatever was there and behind it is void. The caller has checked that there is no gap. */
  append(entry: Entry): void {
    invariant(entry.index <= this.#lastIndex + 1, 'an entry continues or replaces the log', {
      index: entry.index,
      lastIndex: this.#lastIndex,
    })
    if (entry.index <= this.#lastIndex) this.#truncateFrom(entry.index)
    const newest = this.#runs.at(-1)
    if (newest === undefined || newest.term !== entry.term) this.#runs.push({ term: entry.term, firstIndex: entry.index })
    this.#lastIndex = entry.index
    if (entry.timeMs > this.timeMs) this.timeMs = entry.timeMs
    this.cache.push(entry, entryRecordBytes(entry))
  }

  #truncateFrom(index: LogIndex): void {
    if (index < this.#firstIndex) {
      this.#firstIndex = index
      this.#previousTerm = null
    }
    while ((this.#runs.at(-1)?.firstIndex ?? 0) >= index) this.#runs.pop()
    this.#cutDiskBytes(this.#firstIndex, index)
    this.cache.truncateFrom(index)
    this.#lastIndex = index - 1
  }

  /** Forgets entries below `firstIndex`. */
  compact(firstIndex: LogIndex): void {
    if (firstIndex <= this.#firstIndex) return
    invariant(firstIndex <= this.#lastIndex + 1, 'the log is compacted inside its bounds', { firstIndex, lastIndex: this.#lastIndex })
    this.#previousTerm = this.termAt(firstIndex - 1)
    this.#cutDiskBytes(firstIndex, this.#lastIndex + 1)
    const kept = this.#runs.filter((_run, position) => (this.#runs[position + 1]?.firstIndex ?? this.#lastIndex + 1) > firstIndex)
    this.#runs = kept.map((run) => (run.firstIndex < firstIndex ? { term: run.term, firstIndex } : run))
    this.#firstIndex = firstIndex
    this.cache.dropBelow(firstIndex)
  }

  /** Keeps the share of the bytes on disk that belongs to entries from..to (exclusive). */
  #cutDiskBytes(from: number, to: number): void {
    const onDiskEnd = this.cache.length === 0 ? this.#lastIndex + 1 : this.cache.firstIndex
    const count = onDiskEnd - this.#firstIndex
    const keep = Math.max(0, Math.min(to, onDiskEnd) - Math.max(from, this.#firstIndex))
    this.#bytesOnDiskOnly = count <= 0 ? 0 : Math.round((this.#bytesOnDiskOnly * keep) / count)
  }

  /** Drops the oldest entries from memory while there are more than `maxBytes`; never one at or behind `from`, which may not be on disk yet. */
  evict(maxBytes: number, from: number): void {
    this.#bytesOnDiskOnly += this.cache.evict(maxBytes, from)
  }
}
