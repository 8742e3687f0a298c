import type { CompareAndPutCommand, DeleteCommand, PutCommand, WriteCommand } from './command.js'
import { bytesEqual, keyToString } from './backend/byte-string.js'
import { MAX_KEY_BYTES, MAX_VALUE_BYTES } from './limits.js'
import { OrderedMap, type OrderedMapCut } from './backend/ordered-map.js'
import type { CommandResult, KeyMetadata } from './result.js'

/** An empty store is at revision 1 and its first write makes 2, as etcd's. */
export const FIRST_REVISION = 1

/**
 * Memory behind a value that appends build. Values end at different places in it; only the value that ends at `used` may be extended
 * in place, so whoever holds an older value never sees a change.
 */
interface AppendBuffer {
  readonly bytes: Uint8Array
  used: number
}

/** One key as stored. Never changes: a write replaces it, so cuts may share it. */
export interface KeyRecord extends KeyMetadata {
  /** Belongs to the store: copy before handing it to a user. */
  readonly value: Uint8Array
  readonly appendBuffer: AppendBuffer | null
}

export interface StoreCut {
  readonly revision: number
  readonly records: OrderedMapCut<KeyRecord>
}

/** Appends to values shorter than this copy; longer ones get room to grow. */
const SHORTEST_GROWING_VALUE = 512
const REFUSED_TOO_LARGE: CommandResult = { type: 'refused', code: 'TOO_LARGE' }

const metadataOf = (record: KeyRecord | undefined): KeyMetadata | null =>
  record === undefined ? null : { createRevision: record.createRevision, modRevision: record.modRevision, version: record.version }

/**
 * Keys, values and revisions. Every effective write takes one revision; a delete that finds nothing, a failed compare and a refusal take
 * none. Each command is computed completely before anything changes, so it happens wholly or not at all.
 */
export class Store {
  #records = new OrderedMap<KeyRecord>()
  #revision = FIRST_REVISION
  #dataBytes = 0

  /** Revision of the newest write. */
  get revision(): number {
    return this.#revision
  }

  get keys(): number {
    return this.#records.size
  }

  /** Bytes of all keys and values, without any overhead. */
  get dataBytes(): number {
    return this.#dataBytes
  }

  get(key: Uint8Array): KeyRecord | undefined {
    // No such key can exist, and a huge one from a client must not become a text.
    return key.length > MAX_KEY_BYTES ? undefined : this.#records.get(keyToString(key))
  }

  /** Executes a command that {@link refusalOf} lets pass. */
  execute(command: WriteCommand): CommandResult {
    switch (command.type) {
      case 'put':
        return this.#put(keyToString(command.key), command.value)
      case 'append':
        return this.#append(command)
      case 'delete':
        return this.#delete(command)
      case 'compareAndPut':
        return this.#compareAndPut(command)
    }
  }

  cut(): StoreCut {
    return { revision: this.#revision, records: this.#records.cut() }
  }

  /** Takes a record as a snapshot holds it. Only while restoring. */
  load(key: Uint8Array, metadata: KeyMetadata, value: Uint8Array): void {
    this.#records.set(keyToString(key), { ...metadata, value: value.slice(), appendBuffer: null })
    this.#dataBytes += key.length + value.length
  }

  /** Sets the revision that a snapshot holds. Only while restoring. */
  loadRevision(revision: number): void {
    this.#revision = revision
  }

  #put(key: string, value: Uint8Array): CommandResult {
    // A copy, because the command is a view of a log batch or a network buffer that would stay in memory with it.
    return this.#write(key, this.#records.get(key), value.slice(), null)
  }

  #write(key: string, previous: KeyRecord | undefined, value: Uint8Array, appendBuffer: AppendBuffer | null): CommandResult {
    const revision = this.#revision + 1
    const record: KeyRecord = {
      createRevision: previous?.createRevision ?? revision,
      modRevision: revision,
      version: (previous?.version ?? 0) + 1,
      value,
      appendBuffer,
    }
    this.#records.set(key, record)
    this.#revision = revision
    this.#dataBytes += value.length - (previous === undefined ? -key.length : previous.value.length)
    const metadata = { createRevision: record.createRevision, modRevision: revision, version: record.version }
    return { type: 'written', metadata, previous: metadataOf(previous), valueBytes: value.length }
  }

  #append(command: PutCommand): CommandResult {
    const key = keyToString(command.key)
    const previous = this.#records.get(key)
    if (previous === undefined) return this.#put(key, command.value)
    const length = previous.value.length + command.value.length
    if (length > MAX_VALUE_BYTES) return REFUSED_TOO_LARGE
    const buffer = roomFor(previous, length)
    if (buffer === null) {
      const value = new Uint8Array(length)
      value.set(previous.value)
      value.set(command.value, previous.value.length)
      return this.#write(key, previous, value, null)
    }
    buffer.bytes.set(command.value, buffer.used)
    buffer.used = length
    return this.#write(key, previous, buffer.bytes.subarray(0, length), buffer)
  }

  #delete(command: DeleteCommand): CommandResult {
    const key = keyToString(command.key)
    const previous = this.#records.get(key)
    if (previous === undefined) return { type: 'deleted', revision: this.#revision, previous: null }
    this.#records.delete(key)
    this.#revision += 1
    this.#dataBytes -= key.length + previous.value.length
    return { type: 'deleted', revision: this.#revision, previous: metadataOf(previous) }
  }

  #compareAndPut(command: CompareAndPutCommand): CommandResult {
    const key = keyToString(command.key)
    const record = this.#records.get(key)
    const { modRevision, value } = command.expected
    const holds =
      (modRevision === null || modRevision === (record?.modRevision ?? 0)) &&
      (value === null || (record !== undefined && bytesEqual(record.value, value)))
    if (!holds) return { type: 'compareFailed', revision: this.#revision, actual: metadataOf(record) }
    return this.#put(key, command.value)
  }
}

/** The buffer of `record` when it can be extended to `length` in place, a new larger one with its bytes, or null when a copy is cheaper. */
function roomFor(record: KeyRecord, length: number): AppendBuffer | null {
  if (length < SHORTEST_GROWING_VALUE) return null
  const present = record.appendBuffer
  if (present !== null && present.used === record.value.length && present.bytes.length >= length) return present
  const bytes = new Uint8Array(Math.min(MAX_VALUE_BYTES, length * 2))
  bytes.set(record.value)
  return { bytes, used: record.value.length }
}
