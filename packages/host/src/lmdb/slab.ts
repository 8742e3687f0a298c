const FIRST_CHUNK_BYTES = 64 * 1024
const CHUNK_BYTES = 1024 * 1024
/** A larger value is kept as it is. */
const LARGE_VALUE_BYTES = 1024

/** Places are numbers: of a chunk and where in it, or below zero. */
const CHUNK_PLACES: number = CHUNK_BYTES
const FIRST_LARGE = -3

/** In place of a value: the key is gone. */
export const REMOVED = -1
/** In place of a value: no key is left behind the marker of this key, so the marker goes. */
export const NO_MARKER = -2

/** LMDB's JavaScript side reads a value from `start` to `end` of a buffer that has these, without making a new view of it, and keeps its address. */
interface Chunk extends Uint8Array {
  start?: number
  end?: number
}

/** A moment of a slab. */
export interface SlabMark {
  readonly small: number
  readonly large: number
}

const LENGTH_BYTES = 2
const NOTE_BYTES = 4
const HEAD_BYTES = LENGTH_BYTES + NOTE_BYTES

/**
 * Values one behind the other in large buffers, each with its length before it, and a number of its owner: an object for each would cost more than the value, above all when the garbage
 * collector goes through tens of thousands of them again and again. Nothing is freed but the whole; whoever holds a value that was read holds its chunk.
 */
export class Slab {
  readonly #chunks: Chunk[] = []
  #newest: Chunk = new Uint8Array(0)
  #used = 0
  readonly #large: Uint8Array[] = []
  readonly #largeNotes: number[] = []
  /** Large values before it are looked at by somebody else. */
  #kept = 0

  /** Copies the value, unless it is large. Answers its place. `note`: a number of 32 bits to find there. */
  add(value: Uint8Array, note = 0): number {
    const { length } = value
    if (length > LARGE_VALUE_BYTES) {
      this.#largeNotes.push(note)
      return FIRST_LARGE + 1 - this.#large.push(value)
    }
    if (this.#used + HEAD_BYTES + length > this.#newest.length) this.#grow()
    const chunk = this.#newest
    const at = this.#used
    chunk[at] = length & 0xff
    chunk[at + 1] = length >>> 8
    chunk[at + 2] = note & 0xff
    chunk[at + 3] = (note >>> 8) & 0xff
    chunk[at + 4] = (note >>> 16) & 0xff
    chunk[at + 5] = note >>> 24
    chunk.set(value, at + HEAD_BYTES)
    this.#used = at + HEAD_BYTES + length
    return (this.#chunks.length - 1) * CHUNK_PLACES + at
  }

  /** What was added with the value there, which is one. */
  noteAt(place: number): number {
    if (place <= FIRST_LARGE) return this.#largeNotes[FIRST_LARGE - place] as number
    const at = place % CHUNK_PLACES
    const chunk = this.#chunks[(place - at) / CHUNK_PLACES] as Chunk
    const low = (chunk[at + 2] as number) | ((chunk[at + 3] as number) << 8) | ((chunk[at + 4] as number) << 16)
    return (low | ((chunk[at + 5] as number) << 24)) >>> 0
  }

  /** Up to where it is filled, for `isSince`. */
  get mark(): SlabMark {
    return { small: (this.#chunks.length - 1) * CHUNK_PLACES + this.#used, large: this.#large.length }
  }

  /** Whether a value is there, and was added after the mark. */
  isSince({ small, large }: SlabMark, place: number): boolean {
    return place >= 0 ? place >= small : place <= FIRST_LARGE - large
  }

  /** What is at present places stays there. */
  keep(): void {
    this.#kept = this.#large.length
  }

  /** As `add`, when the owner asks no more for what is at the place `old`. */
  replace(old: number, value: Uint8Array, note = 0): number {
    if (old > FIRST_LARGE - this.#kept || value.length <= LARGE_VALUE_BYTES) return this.add(value, note)
    this.#large[FIRST_LARGE - old] = value
    this.#largeNotes[FIRST_LARGE - old] = note
    return old
  }

  /** Undefined = the key is gone. */
  read(place: number): Uint8Array | undefined {
    if (place <= FIRST_LARGE) return this.#large[FIRST_LARGE - place]
    if (place < 0) return undefined
    const at = place % CHUNK_PLACES
    const chunk = this.#chunks[(place - at) / CHUNK_PLACES] as Chunk
    const begin = at + HEAD_BYTES
    return chunk.subarray(begin, begin + ((chunk[at] as number) | ((chunk[at + 1] as number) << 8)))
  }

  get hasLarge(): boolean {
    return this.#large.length > 0
  }

  /** Bytes of the value there; 0 when the key is gone. */
  lengthAt(place: number): number {
    if (place <= FIRST_LARGE) return (this.#large[FIRST_LARGE - place] as Uint8Array).length
    if (place < 0) return 0
    const at = place % CHUNK_PLACES
    const chunk = this.#chunks[(place - at) / CHUNK_PLACES] as Chunk
    return (chunk[at] as number) | ((chunk[at + 1] as number) << 8)
  }

  /** What LMDB is to be given, at once: the next call changes it. The place is one of a value. */
  handOut(place: number): Uint8Array {
    if (place <= FIRST_LARGE) return this.#large[FIRST_LARGE - place] as Uint8Array
    const at = place % CHUNK_PLACES
    const chunk = this.#chunks[(place - at) / CHUNK_PLACES] as Chunk
    chunk.start = at + HEAD_BYTES
    chunk.end = chunk.start + ((chunk[at] as number) | ((chunk[at + 1] as number) << 8))
    return chunk
  }

  #grow(): void {
    // Small at first, so that a few changes do not take a lot of memory.
    this.#newest = new Uint8Array(Math.min(CHUNK_BYTES, Math.max(FIRST_CHUNK_BYTES, 2 * this.#newest.length)))
    this.#chunks.push(this.#newest)
    this.#used = 0
  }
}
