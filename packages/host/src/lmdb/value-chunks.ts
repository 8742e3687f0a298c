const CHUNK_BYTES = 1024 * 1024
/** A larger value is handed over as it is. */
const LARGE_VALUE_BYTES = 64 * 1024

/** LMDB's JavaScript side reads a value from `start` to `end` of a buffer that has these, without making a new view of it. */
interface Chunk extends Uint8Array {
  start?: number
  end?: number
}

/**
 * Copies values one behind the other into large buffers before they go to LMDB's thread: it asks for the address of every buffer that it has not seen yet, which costs more than
 * the copy. A full one is left to the garbage collector: LMDB holds it for as long as it needs it.
 */
export class ValueChunks {
  #chunk: Chunk = new Uint8Array(0)
  #used = 0

  /** To be handed to `put` at once: the next call changes it. */
  place(value: Uint8Array): Uint8Array {
    if (value.length > LARGE_VALUE_BYTES) return value
    if (this.#used + value.length > this.#chunk.length) {
      this.#chunk = new Uint8Array(CHUNK_BYTES)
      this.#used = 0
    }
    const chunk = this.#chunk
    chunk.set(value, this.#used)
    chunk.start = this.#used
    this.#used += value.length
    chunk.end = this.#used
    return chunk
  }
}
