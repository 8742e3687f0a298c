import { invariant } from '@balsa/raft'
import type { WriteBatch } from '../backend/backend.js'
import { type ByteString, keyFromString } from '../backend/byte-string.js'
import type { Counters } from './counters.js'
import { VersionReader } from './reader.js'
import { decodeRecord, encodePrefix, encodeRecord, type KeyRecord, type StoredRecord, TOMBSTONE } from './record.js'
import { eventKey, leaseKey, pastKey, u64Key } from './table-keys.js'
import type { EventJournal } from '../watch/events.js'

const EMPTY = new Uint8Array(0)
const EVENT_BYTES = 12
const PAST_BYTES = 10

export interface Written {
  readonly record: StoredRecord
  readonly previous: StoredRecord | undefined
}

/**
 * Changes keys inside one batch. Everything between two calls of `finish` is one revision: it is taken when something has changed, and no key changes
 * twice in it.
 */
export class VersionWriter {
  readonly reader: VersionReader
  readonly #batch: WriteBatch
  readonly #counters: Counters
  readonly #journal: EventJournal | null
  #place = 0

  /** Writes down what it changes in `journal`, when somebody wants that. */
  constructor(batch: WriteBatch, counters: Counters, journal: EventJournal | null = null) {
    this.#batch = batch
    this.#counters = counters
    this.#journal = journal?.isOpen === true ? journal : null
    this.reader = new VersionReader(batch)
  }

  /** Ends the revision; answers the store's revision now. */
  finish(): number {
    if (this.#place > 0) this.#counters.revision += 1
    this.#place = 0
    return this.#counters.revision
  }

  put(key: ByteString, value: Uint8Array, lease: bigint): Written {
    const stored = this.#batch.get('current', key)
    const previous = stored === undefined ? undefined : decodeRecord(stored)
    const head = this.#head(previous, lease, 0)
    const bytes = encodeRecord(head, value)
    this.#write(key, bytes, value.length, lease, previous)
    this.#journal?.record(head.modRevision, key, bytes, stored)
    if (previous !== undefined) this.#supersede(key, previous, stored as Uint8Array)
    return { record: { ...head, value, valueBytes: value.length, isPrefix: false }, previous }
  }

  /** Adds to the end of the value; the key keeps its lease. A key that is absent is put without one. */
  append(key: ByteString, more: Uint8Array): Written {
    const stored = this.#batch.get('current', key)
    if (stored === undefined) return this.put(key, more, 0n)
    const previous = decodeRecord(stored)
    const chain = previous.chain === 0 ? previous.modRevision : previous.chain
    const head = this.#head(previous, previous.lease, chain)
    const bytes = encodeRecord(head, previous.value, more)
    const valueBytes = previous.valueBytes + more.length
    this.#write(key, bytes, valueBytes, previous.lease, previous)
    this.#journal?.record(head.modRevision, key, bytes, stored)
    this.#keepPast(key, previous.modRevision, encodePrefix({ ...previous, chain }))
    const value = bytes.subarray(bytes.length - valueBytes)
    return { record: { ...head, value, valueBytes, isPrefix: false }, previous }
  }

  /** Answers what was deleted; undefined when there was nothing. */
  remove(key: ByteString): StoredRecord | undefined {
    const stored = this.#batch.get('current', key)
    if (stored === undefined) return undefined
    const previous = decodeRecord(stored)
    const revision = this.#event(key)
    invariant(previous.modRevision < revision, 'no key changes twice in a revision')
    this.#journal?.record(revision, key, null, stored)
    this.#batch.delete('current', key)
    this.#supersede(key, previous, stored)
    this.#keepPast(key, revision, TOMBSTONE)
    if (previous.lease !== 0n) this.#batch.delete('leaseKeys', leaseKey(previous.lease) + key)
    this.#counters.keys -= 1
    this.#counters.dataBytes -= key.length + previous.valueBytes
    return previous
  }

  #head(previous: StoredRecord | undefined, lease: bigint, chain: number): Omit<KeyRecord, 'value'> & { readonly chain: number } {
    const revision = this.#counters.revision + 1
    if (previous === undefined) return { createRevision: revision, modRevision: revision, version: 1, lease, chain }
    invariant(previous.modRevision < revision, 'no key changes twice in a revision')
    return { createRevision: previous.createRevision, modRevision: revision, version: previous.version + 1, lease, chain }
  }

  #write(key: ByteString, bytes: Uint8Array, valueBytes: number, lease: bigint, previous: StoredRecord | undefined): void {
    this.#event(key)
    this.#batch.put('current', key, bytes)
    const before = previous?.lease ?? 0n
    if (before !== lease) {
      if (before !== 0n) this.#batch.delete('leaseKeys', leaseKey(before) + key)
      if (lease !== 0n) this.#batch.put('leaseKeys', leaseKey(lease) + key, EMPTY)
    }
    if (previous === undefined) this.#counters.keys += 1
    this.#counters.dataBytes += valueBytes - (previous === undefined ? -key.length : previous.valueBytes)
  }

  #event(key: ByteString): number {
    const revision = this.#counters.revision + 1
    this.#batch.put('events', eventKey(revision, this.#place, key), EMPTY)
    this.#counters.historyBytes += key.length + EVENT_BYTES
    this.#place += 1
    return revision
  }

  /** Moves a living version to the past, as it is; it ends its run of appends. */
  #supersede(key: ByteString, previous: StoredRecord, stored: Uint8Array): void {
    this.#keepPast(key, previous.modRevision, stored)
    if (previous.chain !== 0) this.#batch.put('chains', pastKey(key, previous.chain), keyFromString(u64Key(previous.modRevision)))
  }

  #keepPast(key: ByteString, revision: number, stored: Uint8Array): void {
    this.#batch.put('past', pastKey(key, revision), stored)
    this.#counters.historyBytes += pastBytes(key, stored)
  }
}

export const eventBytes = (key: ByteString): number => key.length + EVENT_BYTES
export const pastBytes = (key: ByteString, stored: Uint8Array): number => key.length + PAST_BYTES + stored.length
