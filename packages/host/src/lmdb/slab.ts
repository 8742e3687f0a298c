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

const LENGTH_BYTES = 2

/**
 * Values one behind the other in large buffers, each with its length before it: an object for each would cost more than the value, above all when the garbage collector goes
 * through tens of thousands of them again and again. Nothing is freed but the whole; whoever holds a value that was read holds its chunk.
 */
export class Slab {
  readonly #chunks: Chunk[] = []
  #newest: Chunk = new Uint8Array(0)
  #used = 0
  readonly #large: Uint8Array[] = []
  /** Large values before it are looked at by somebody else. */
  #kept = 0

  /** Copies the value, unless it is large. Answers its place. */
  add(value: Uint8Array): number {
    const { length } = value
    if (length > LARGE_VALUE_BYTES) return FIRST_LARGE + 1 - this.#large.push(value)
    if (this.#used + LENGTH_BYTES + length > this.#newest.length) this.#grow()
    const chunk = this.#newest
    const at = this.#used
    chunk[at] = length & 0xff
    chunk[at + 1] = length >>> 8
    chunk.set(value, at + LENGTH_BYTES)
    this.#used = at + LENGTH_BYTES + length
    return (this.#chunks.length - 1) * CHUNK_PLACES + at
  }

  /** What is at present places stays there. */
  keep(): void {
    this.#kept = this.#large.length
  }

  /** As `add`, when the owner asks no more for what is at the place `old`. */
  replace(old: number, value: Uint8Array): number {
    if (old > FIRST_LARGE - this.#kept || value.length <= LARGE_VALUE_BYTES) return this.add(value)
    this.#large[FIRST_LARGE - old] = value
    return old
  }

  /** Undefined = the key is gone. */
  read(place: number): Uint8Array | undefined {
    if (place <= FIRST_LARGE) return this.#large[FIRST_LARGE - place]
    if (place < 0) return undefined
    const at = place % CHUNK_PLACES
    const chunk = this.#chunks[(place - at) / CHUNK_PLACES] as Chunk
    const begin = at + LENGTH_BYTES
    return chunk.subarray(begin, begin + ((chunk[at] as number) | ((chunk[at + 1] as number) << 8)))
  }

  get hasLarge(): boolean {
    return this.#large.length > 0
  }

  /** Bytes of the value there; 0 when the key is gone. */
  lengthAt(place: number): number {
    return this.read(place)?.length ?? 0
  }

  /** What LMDB is to be given, at once: the next call changes it. The place is one of a value. */
  handOut(place: number): Uint8Array {
    if (place <= FIRST_LARGE) return this.#large[FIRST_LARGE - place] as Uint8Array
    const at = place % CHUNK_PLACES
    const chunk = this.#chunks[(place - at) / CHUNK_PLACES] as Chunk
    chunk.start = at + LENGTH_BYTES
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
