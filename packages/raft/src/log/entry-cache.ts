/** The newest entries of the log, contiguous, by reference: the bytes are those that the core holds anyway. */
import { invariant } from '../errors.js'
import type { Entry } from '../types.js'

/** Entries dropped from the front are freed in groups: shifting the array each time would cost its length. */
const DROP_GROUP = 1024

export class EntryCache {
  #entries: Entry[] = []
  #sizes: number[] = []
  #start = 0
  #bytes = 0

  get length(): number {
    return this.#entries.length - this.#start
  }

  /** Index of the oldest entry; only meaningful when there is one. */
  get firstIndex(): number {
    return this.#entries[this.#start]?.index ?? 0
  }

  get bytes(): number {
    return this.#bytes
  }

  push(entry: Entry, size: number): void {
    invariant(this.length === 0 || entry.index === this.firstIndex + this.length, 'cached entries are contiguous', { index: entry.index })
    this.#entries.push(entry)
    this.#sizes.push(size)
    this.#bytes += size
  }

  /** Entries from..to (inclusive), at least one, about `maxBytes` of payload; null when `from` is not here. */
  read(from: number, to: number, maxBytes: number): Entry[] | null {
    const first = this.firstIndex
    if (this.length === 0 || from < first || from >= first + this.length) return null
    const found: Entry[] = []
    let bytes = 0
    for (let position = this.#start + from - first; position < this.#entries.length; position++) {
      const entry = this.#entries[position]
      if (entry === undefined || entry.index > to) break
      bytes += entry.payload.length
      if (found.length > 0 && bytes > maxBytes) break
      found.push(entry)
    }
    return found
  }

  truncateFrom(index: number): void {
    while (this.length > 0 && (this.#entries.at(-1)?.index ?? 0) >= index) {
      this.#entries.pop()
      this.#bytes -= this.#sizes.pop() ?? 0
    }
    if (this.length === 0) this.#clear()
  }

  dropBelow(index: number): void {
    while (this.length > 0 && this.firstIndex < index) this.#dropFirst()
  }

  /** Drops from the front while there are more than `maxBytes`, but nothing from index `keepFrom` on. Returns the bytes dropped. */
  evict(maxBytes: number, keepFrom: number): number {
    const before = this.#bytes
    while (this.#bytes > maxBytes && this.length > 0 && this.firstIndex < keepFrom) this.#dropFirst()
    return before - this.#bytes
  }

  #dropFirst(): void {
    this.#bytes -= this.#sizes[this.#start] ?? 0
    this.#start += 1
    if (this.#start === this.#entries.length) this.#clear()
    else if (this.#start >= DROP_GROUP && this.#start * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#start)
      this.#sizes = this.#sizes.slice(this.#start)
      this.#start = 0
    }
  }

  #clear(): void {
    this.#entries = []
    this.#sizes = []
    this.#start = 0
    this.#bytes = 0
  }
}
