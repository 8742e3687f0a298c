import { invariant } from '@balsa/raft'
import type { WriteBatch } from '../backend/backend.js'
import { type ByteString, keyFromString } from '../backend/byte-string.js'
import type { Counters } from './counters.js'
import { EventFlag, type HistoryEnd } from './history.js'
import { VersionReader } from './reader.js'
import { decodeHead, decodeRecord, encodePrefix, encodeRecord, type RecordHead, type StoredHead } from './record.js'
import { historyKey, leaseKey, pastKey, u32Key } from './table-keys.js'
import type { EventJournal } from '../watch/events.js'

const EMPTY = new Uint8Array(0)
/** Every so many versions of a key `past` names the event: who looks for an old version goes back no further than that. */
const NAMED_VERSIONS = 16

export interface Written {
  readonly record: RecordHead
  readonly valueBytes: number
  readonly previous: StoredHead | undefined
  /** The record of `previous`. */
  readonly stored: Uint8Array | undefined
}

/** What was removed. */
export interface Removed {
  readonly previous: StoredHead
  readonly stored: Uint8Array
}

/**
 * Changes keys inside one batch. Everything between two calls of `finish` is one revision: it is taken when something has changed, and no key changes
 * twice in it.
 */
export class VersionWriter {
  readonly reader: VersionReader
  readonly #batch: WriteBatch
  readonly #counters: Counters
  readonly #history: HistoryEnd
  readonly #journal: EventJournal | null
  #place = 0

  /** Writes down what it changes in `journal`, when somebody wants that. */
  constructor(batch: WriteBatch, counters: Counters, history: HistoryEnd, journal: EventJournal | null = null) {
    this.#batch = batch
    this.#counters = counters
    this.#history = history
    this.#journal = journal?.isOpen === true ? journal : null
    this.reader = new VersionReader(batch)
  }

  /** Ends the revision; answers the store's revision now. */
  finish(): number {
    if (this.#place > 0) this.#counters.revision += 1
    this.#place = 0
    return this.#counters.revision
  }

  /** Before somebody reads at an old revision inside the batch. */
  flushHistory(): void {
    this.#history.flush(this.#batch)
  }

  put(key: ByteString, value: Uint8Array, lease: bigint): Written {
    const stored = this.#batch.get('current', key)
    const previous = stored === undefined ? undefined : decodeHead(stored)
    const head = this.#head(previous, lease, 0)
    const bytes = encodeRecord(head, value)
    this.#write(key, bytes, value.length, lease, previous)
    this.#journal?.record(head.modRevision, key, bytes, stored)
    this.#supersede(key, head, previous, stored)
    return { record: head, valueBytes: value.length, previous, stored }
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
    this.#event(key, head.modRevision, this.#flagsOf(head), encodePrefix({ ...previous, chain }, previous.valueBytes))
    return { record: head, valueBytes, previous, stored }
  }

  /** Answers what was deleted; undefined when there was nothing. */
  remove(key: ByteString): Removed | undefined {
    const stored = this.#batch.get('current', key)
    if (stored === undefined) return undefined
    const previous = decodeHead(stored)
    const revision = this.#counters.revision + 1
    invariant(previous.modRevision < revision, 'no key changes twice in a revision')
    this.#journal?.record(revision, key, null, stored)
    this.#batch.delete('current', key)
    const flags = EventFlag.deletion | EventFlag.inPast | this.#endRun(key, revision, previous)
    this.#event(key, revision, flags, stored)
    if (previous.lease !== 0n) this.#batch.delete('leaseKeys', leaseKey(previous.lease) + key)
    this.#counters.keys -= 1
    this.#counters.dataBytes -= key.length + previous.valueBytes
    return { previous, stored }
  }

  #head(previous: StoredHead | undefined, lease: bigint, chain: number): RecordHead {
    const modRevision = this.#counters.revision + 1
    const place = this.#place
    if (previous === undefined) return { createRevision: modRevision, modRevision, version: 1, lease, chain, place }
    invariant(previous.modRevision < modRevision, 'no key changes twice in a revision')
    return { createRevision: previous.createRevision, modRevision, version: previous.version + 1, lease, chain, place }
  }

  #write(key: ByteString, bytes: Uint8Array, valueBytes: number, lease: bigint, previous: StoredHead | undefined): void {
    this.#batch.put('current', key, bytes)
    const before = previous === undefined ? 0n : previous.lease
    if (before !== lease) {
      if (before !== 0n) this.#batch.delete('leaseKeys', leaseKey(before) + key)
      if (lease !== 0n) this.#batch.put('leaseKeys', leaseKey(lease) + key, EMPTY)
    }
    if (previous === undefined) this.#counters.keys += 1
    this.#counters.dataBytes += valueBytes - (previous === undefined ? -key.length : previous.valueBytes)
  }

  /** A living version goes to the past, as it is; it ends its run of appends. */
  #supersede(key: ByteString, head: RecordHead, previous: StoredHead | undefined, stored: Uint8Array | undefined): void {
    const flags = this.#flagsOf(head) | (previous === undefined ? 0 : this.#endRun(key, head.modRevision, previous))
    this.#event(key, head.modRevision, flags, stored)
  }

  #flagsOf({ version }: RecordHead): number {
    return version % NAMED_VERSIONS === 0 ? EventFlag.inPast : 0
  }

  #endRun(key: ByteString, revision: number, { chain }: StoredHead): number {
    if (chain === 0) return 0
    this.#batch.put('chains', pastKey(key, chain), keyFromString(historyKey(revision, this.#place)))
    return EventFlag.inChains
  }

  #event(key: ByteString, revision: number, flags: number, superseded: Uint8Array | undefined): void {
    if ((flags & EventFlag.inPast) !== 0) this.#batch.put('past', pastKey(key, revision), keyFromString(u32Key(this.#place)))
    this.#counters.historyBytes += this.#history.add(this.#batch, revision, this.#place, flags, key, superseded)
    this.#place += 1
  }
}
