import { type HardState, ZERO_TERM } from '@balsa/raft'
import type { SimFile } from './sim-file.js'
import type { LoggedEntry } from './wal-reader.js'

const CONTINUED = 2

/** What the platter of one member holds, folded from its segments in order. Cheap while the log only grows. */
export class DurableLog {
  hardState: HardState = { term: ZERO_TERM, votedFor: null }
  lastIndex = 0
  /** Index and term of the newest durable snapshot; 0 when there is none. */
  snapshotIndex = 0
  snapshotTerm = 0
  /** The highest index that the newest head says lies below the log, with its term. */
  baseIndex = 0
  baseTerm = 0
  readonly #entries = new Map<number, LoggedEntry>()
  #files: SimFile[] = []
  #generations: number[] = []
  #folded: number[] = []
  #names = -1

  /** Entries that the platter held and holds no more since somebody last looked: later ones made them void, or they are gone. */
  readonly cut: { readonly index: number; readonly term: number }[] = []

  /** Reads what is new. `durable` are the names on the platter. */
  refresh(durable: ReadonlyMap<string, SimFile>, namesGeneration: number): void {
    if (namesGeneration !== this.#names) this.#rename(durable, namesGeneration)
    for (let i = 0; i < this.#files.length; i++) {
      const file = this.#files[i]
      if (file === undefined || file.generation !== this.#generations[i]) {
        this.#refold()
        return
      }
    }
    for (let i = 0; i < this.#files.length; i++) {
      if (this.#hasReadTooMuch(i)) {
        this.#refold()
        return
      }
      this.#fold(i)
    }
  }

  /** A batch whose writing failed is written again as the first of the next segment, whatever of it reached the platter in the old one. */
  #hasReadTooMuch(position: number): boolean {
    const first = this.#files[position + 1]?.batches[0]
    const last = this.#files[position]?.batches[(this.#folded[position] ?? 0) - 1]
    return first !== undefined && last !== undefined && last.number >= first.number
  }

  #rename(durable: ReadonlyMap<string, SimFile>, namesGeneration: number): void {
    this.#names = namesGeneration
    const segments: [number, SimFile][] = []
    this.snapshotIndex = 0
    this.snapshotTerm = 0
    for (const [name, file] of durable) {
      if (name.endsWith('.log') && name.startsWith('wal-')) segments.push([Number(name.slice(4, 20)), file])
      else if (name.endsWith('.snap')) {
        const index = Number(name.slice(9, 25))
        if (index > this.snapshotIndex) {
          this.snapshotIndex = index
          this.snapshotTerm = Number(name.slice(26, 42))
        }
      }
    }
    segments.sort(([a], [b]) => a - b)
    // Only an unbroken run up to the newest segment counts.
    let start = segments.length - 1
    while (start > 0 && (segments[start - 1]?.[0] ?? 0) === (segments[start]?.[0] ?? 0) - 1) start--
    const files = segments.slice(Math.max(0, start)).map(([, file]) => file)
    const grown = this.#files.length > 0 && files[0] === this.#files[0] && this.#files.every((file, i) => files[i] === file)
    this.#files = files
    if (!grown) {
      this.#refold()
      return
    }
    while (this.#generations.length < files.length) {
      this.#generations.push(files[this.#generations.length]?.generation ?? 0)
      this.#folded.push(0)
    }
  }

  #refold(): void {
    const before = new Map(this.#entries)
    const cut = [...this.cut]
    this.#entries.clear()
    this.hardState = { term: ZERO_TERM, votedFor: null }
    this.lastIndex = 0
    this.baseIndex = 0
    this.baseTerm = 0
    this.#generations = this.#files.map((file) => file.generation)
    this.#folded = this.#files.map(() => 0)
    for (let i = 0; i < this.#files.length; i++) this.#fold(i)
    // What was cut long ago passes by again: only what stood there just now can have been lost.
    for (const [index, { term }] of before) if (this.#entries.get(index)?.term !== term) cut.push({ index, term })
    this.cut.splice(0, Infinity, ...cut)
  }

  #fold(position: number): void {
    const file = this.#files[position]
    const from = this.#folded[position] ?? 0
    if (file === undefined || file.batches.length === from) return
    const behind = this.#files[position + 1]?.batches[0]?.number ?? Infinity
    for (let i = from; i < file.batches.length; i++) {
      const batch = file.batches[i]
      // A mark is written over by the next batch: it does not count as read. Where the next segment begins, what stands here is void.
      if (batch === undefined || batch.kind !== 1 || batch.number >= behind) return
      this.#folded[position] = i + 1
      for (const record of batch.records) {
        if (record.type === 'entry') this.#entry(record.entry)
        else if (record.type === 'hardState') this.#setHardState(record.hardState)
        else this.#head(record)
      }
    }
  }

  #head(head: { readonly origin: number; readonly lastIndex: number; readonly lastTerm: number; readonly hardState: HardState }): void {
    this.#setHardState(head.hardState)
    if (head.origin === CONTINUED && head.lastIndex === this.lastIndex && this.#entries.size > 0) return
    this.#entries.clear()
    this.lastIndex = head.lastIndex
    this.baseIndex = head.lastIndex
    this.baseTerm = head.lastTerm
  }

  #setHardState(hardState: HardState): void {
    this.hardState = hardState
  }

  #entry(entry: LoggedEntry): void {
    for (let index = this.lastIndex; index >= entry.index; index--) {
      const old = this.#entries.get(index)
      this.#entries.delete(index)
      if (old !== undefined && (index > entry.index || old.term !== entry.term)) this.cut.push({ index, term: old.term })
    }
    this.#entries.set(entry.index, entry)
    this.lastIndex = entry.index
  }

  /** Does the platter hold this entry, as a record or inside a snapshot? */
  holds(index: number, term: number): boolean {
    if (index <= this.snapshotIndex || (index === this.baseIndex && term === this.baseTerm && index > 0)) return true
    return this.#entries.get(index)?.term === term && index <= this.lastIndex
  }

  termAt(index: number): number | null {
    return this.#entries.get(index)?.term ?? (index === this.baseIndex ? this.baseTerm : null)
  }

  /** Forgets what nobody asks for any more. */
  trim(below: number): void {
    if (this.#entries.size < 4096) return
    for (const index of this.#entries.keys()) if (index < below) this.#entries.delete(index)
  }

  /** Bookkeeping for people. */
  describe(): string {
    return `term ${this.hardState.term} vote ${this.hardState.votedFor ?? '-'} last ${this.lastIndex} snapshot ${this.snapshotIndex}`
  }
}
