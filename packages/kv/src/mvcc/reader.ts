import { invariant } from '@balsa/raft'
import type { TableReader } from '../backend/backend.js'
import { type ByteString, keyToString } from '../backend/byte-string.js'
import { EventFinder, EventFlag, type HistoryBlock } from './history.js'
import { decodeRecord, type KeyRecord, type StoredRecord } from './record.js'
import { HISTORY_KEY_BYTES, pastEnd, pastFrom, pastKey, placeOf, revisionOf, u32At, versionOf } from './table-keys.js'

/** Reads versions of keys from the live tables, from a batch, or from a snapshot. Knows no limits: whoever asks has checked the revision. */
export class VersionReader {
  readonly tables: TableReader
  readonly #events: EventFinder

  constructor(tables: TableReader) {
    this.tables = tables
    this.#events = new EventFinder(tables)
  }

  /** After another state has taken the place of the one that was read. */
  forget(): void {
    this.#events.forget()
  }

  current(key: ByteString): StoredRecord | undefined {
    const bytes = this.tables.get('current', key)
    return bytes === undefined ? undefined : decodeRecord(bytes)
  }

  /** The key as it was after `revision`; undefined when it was absent. */
  at(key: ByteString, revision: number): KeyRecord | undefined {
    const current = this.current(key)
    return current !== undefined && current.modRevision <= revision ? current : this.pastAt(key, revision, current)
  }

  /** As `at`, for a key whose present version, if it has one, is newer. */
  pastAt(key: ByteString, revision: number, current: StoredRecord | undefined): KeyRecord | undefined {
    const record = this.#goBack(key, revision, current)
    return record === undefined ? undefined : this.whole(key, record)
  }

  /** From the first event behind `revision` that can be found directly, from each to the one before it. */
  #goBack(key: ByteString, revision: number, current: StoredRecord | undefined): StoredRecord | undefined {
    const [named] = this.tables.page('past', { from: pastKey(key, revision + 1), to: pastEnd(key) }, 1)
    let at = current?.modRevision ?? 0
    let place = current?.place ?? 0
    if (named !== undefined) {
      at = versionOf(named.key).revision
      place = u32At(keyToString(named.value), 0)
    }
    while (at > revision) {
      const event = this.#events.find(at, place)
      invariant(event?.isOf(key) === true, 'a retained version has its event', { revision, at, place })
      const { superseded } = event
      if (superseded === undefined) return undefined
      const record = decodeRecord(superseded)
      if (record.modRevision <= revision) return record
      invariant(record.modRevision < at, 'a version is newer than the one that it superseded', { at })
      at = record.modRevision
      place = record.place
    }
    return undefined
  }

  /** An event, ready to be read; only until the next call. Undefined when it is not retained. */
  event(revision: number, place: number): HistoryBlock | undefined {
    return this.#events.find(revision, place)
  }

  /** What the event made of its key: undefined = it deleted it. */
  writtenBy(event: HistoryBlock): KeyRecord | undefined {
    if ((event.flags & EventFlag.deletion) !== 0) return undefined
    const { name, revision } = event
    const current = this.current(name)
    if (current?.modRevision === revision) return current
    const superseded = event.writtenHere
    const record = superseded === undefined ? this.pastAt(name, revision, current) : this.whole(name, decodeRecord(superseded))
    invariant(record?.modRevision === revision, 'a retained event has its version', { revision })
    return record
  }

  /** Fetches the bytes of a version that is a prefix of a later one. */
  whole(key: ByteString, record: StoredRecord): KeyRecord {
    if (!record.isPrefix) return record
    const link = this.tables.get('chains', pastKey(key, record.chain))
    const held = link === undefined ? this.tables.get('current', key) : this.#supersededBy(keyToString(link))
    invariant(held !== undefined, 'a run of appends ends with a version that holds its bytes')
    const holder = decodeRecord(held)
    invariant(holder.chain === record.chain && holder.valueBytes >= record.valueBytes, 'the holder belongs to the same run')
    return { ...record, value: holder.value.subarray(0, record.valueBytes) }
  }

  #supersededBy(link: ByteString): Uint8Array | undefined {
    invariant(link.length === HISTORY_KEY_BYTES, 'a run of appends names the event that ended it')
    return this.#events.find(revisionOf(link), placeOf(link))?.superseded
  }

  /** The next key of from <= key < to that `past` knows, or the last such key in reverse: every key that was deleted, and others. */
  nextPast(from: ByteString, to: ByteString | null, reverse: boolean): ByteString | undefined {
    const range = { from: from === '' ? '' : pastFrom(from), to: to === null ? null : pastFrom(to), reverse }
    const [key] = this.tables.keys('past', range, 1)
    return key === undefined ? undefined : versionOf(key).key
  }
}
