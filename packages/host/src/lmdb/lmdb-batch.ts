import { behindPrefix, type ByteString, demandEntry, type OpenBatch, ReadThrough, type Table, type WriteBatch } from '@balsa/kv'
import type { Generation } from './generation.js'
import type { LayeredReader } from './layered-reader.js'
import { prefixesOf, WHOLE_KEY_BYTES } from './long-keys.js'
import { NO_MARKER } from './slab.js'

/** Changes of a generation, and what is seen through them. */
export class LmdbBatch extends ReadThrough implements WriteBatch {
  protected readonly reader: () => LayeredReader
  readonly #generation: Generation

  constructor(reader: () => LayeredReader, generation: Generation) {
    super()
    this.reader = reader
    this.#generation = generation
  }

  put(table: Table, key: ByteString, value: Uint8Array): void {
    demandEntry(key, value)
    this.#generation.set(table, key, value)
  }

  delete(table: Table, key: ByteString): boolean {
    if (!this.reader().has(table, key)) return false
    this.#generation.set(table, key, null)
    if (key.length > WHOLE_KEY_BYTES) this.#dropMarkers(table, key)
    return true
  }

  /** Markers behind which nothing is left. */
  #dropMarkers(table: Table, key: ByteString): void {
    for (const prefix of prefixesOf(key)) {
      const range = { from: `${prefix}\0`, to: behindPrefix(prefix) }
      if (this.reader().keys(table, range, 1).length === 0) this.#generation.note(table, prefix, NO_MARKER)
    }
  }
}

export class LmdbOpenBatch extends LmdbBatch implements OpenBatch {
  readonly commit: () => void

  constructor(reader: () => LayeredReader, generation: Generation, commit: () => void) {
    super(reader, generation)
    this.commit = commit
  }
}
