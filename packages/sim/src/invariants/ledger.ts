import { EntryType } from '@balsa/raft'

/** What the whole cluster has ever agreed on: every entry ever written by its place, and the one sequence that was committed. */
export interface KnownEntry {
  readonly term: number
  /** Of the bytes; null while only witnesses have written it, without them. */
  hash: number | null
  /** Of everything but the bytes. */
  readonly headHash: number
  /** Term of the entry before it; null when the member that wrote it did not know. */
  previousTerm: number | null
}

export class Ledger {
  /** All different entries ever seen at an index, by term. */
  readonly #entries: KnownEntry[][] = []
  /** Term of the committed entry at each index; index 0 is "before the log". */
  readonly committed: number[] = [0]
  /** Term of the leader that committed each index. */
  readonly committedIn: number[] = [0]
  /** Virtual time at which each index was first committed. */
  readonly committedMs: number[] = [0]

  get committedIndex(): number {
    return this.committed.length - 1
  }

  /** The highest index that was committed at a moment. */
  committedBy(timeMs: number): number {
    let low = 0
    let high = this.committedIndex
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((this.committedMs[middle] ?? 0) <= timeMs) low = middle
      else high = middle - 1
    }
    return low
  }

  /** The highest index that leaders of terms below this one have committed. */
  committedBelow(term: number): number {
    let index = this.committedIndex
    while (index > 0 && (this.committedIn[index] ?? 0) >= term) index--
    return index
  }

  at(index: number): readonly KnownEntry[] {
    return this.#entries[index] ?? []
  }

  find(index: number, term: number): KnownEntry | undefined {
    const entries = this.#entries[index]
    if (entries === undefined) return undefined
    for (const entry of entries) if (entry.term === term) return entry
    return undefined
  }

  add(index: number, entry: KnownEntry): void {
    const entries = this.#entries[index]
    if (entries === undefined) this.#entries[index] = [entry]
    else entries.push(entry)
  }
}

interface EntryLike {
  readonly type: number
  readonly timeMs: number
  readonly payload: Uint8Array
}

/** Is this the entry that was written under the same index and term? A witness holds commands without their bytes. */
export function isSame(known: KnownEntry, entry: EntryLike): boolean {
  if (known.headHash !== hashHead(entry)) return false
  return entry.type === EntryType.stripped || known.hash === null || known.hash === hashBytes(entry)
}

/** Null for an entry without its bytes. */
export const bytesOf = (entry: EntryLike): number | null => (entry.type === EntryType.stripped ? null : hashBytes(entry))

/** FNV-1a over what an index and term must determine, bytes apart. */
export function hashHead({ type, timeMs }: EntryLike): number {
  const hash = Math.imul(0x811c9dc5 ^ (type === EntryType.stripped ? EntryType.command : type), 0x01000193)
  return Math.imul(Math.imul(hash ^ (timeMs | 0), 0x01000193) ^ Math.floor(timeMs / 0x1_0000_0000), 0x01000193) >>> 0
}

function hashBytes({ payload }: EntryLike): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < payload.length; at++) hash = Math.imul(hash ^ (payload[at] ?? 0), 0x01000193)
  return hash >>> 0
}
