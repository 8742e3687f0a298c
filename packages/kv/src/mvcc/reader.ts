import { invariant } from '@balsa/raft'
import type { TableReader } from '../backend/backend.js'
import type { ByteString } from '../backend/byte-string.js'
import { decodeRecord, isTombstone, type KeyRecord, type StoredRecord } from './record.js'
import { pastFrom, pastKey, u64At, versionOf } from './table-keys.js'
import { keyToString } from '../backend/byte-string.js'

/** Reads versions of keys from the live tables, from a batch, or from a snapshot. Knows no limits: whoever asks has checked the revision. */
export class VersionReader {
  readonly tables: TableReader

  constructor(tables: TableReader) {
    this.tables = tables
  }

  current(key: ByteString): StoredRecord | undefined {
    const bytes = this.tables.get('current', key)
    return bytes === undefined ? undefined : decodeRecord(bytes)
  }

  /** The key as it was after `revision`; undefined when it was absent. */
  at(key: ByteString, revision: number): KeyRecord | undefined {
    const current = this.current(key)
    return current !== undefined && current.modRevision <= revision ? current : this.pastAt(key, revision)
  }

  /** As `at`, among the superseded versions. */
  pastAt(key: ByteString, revision: number): KeyRecord | undefined {
    const [entry] = this.tables.page('past', { from: pastFrom(key), to: pastKey(key, revision + 1), reverse: true }, 1)
    return entry === undefined || isTombstone(entry.value) ? undefined : this.whole(key, decodeRecord(entry.value))
  }

  /** What the write at exactly this revision made of the key: undefined = it deleted it. */
  writtenAt(key: ByteString, revision: number): KeyRecord | undefined {
    const current = this.current(key)
    if (current?.modRevision === revision) return current
    const bytes = this.tables.get('past', pastKey(key, revision))
    invariant(bytes !== undefined, 'a retained event has its version', { revision })
    return isTombstone(bytes) ? undefined : this.whole(key, decodeRecord(bytes))
  }

  /** Fetches the bytes of a version that is a prefix of a later one. */
  whole(key: ByteString, record: StoredRecord): KeyRecord {
    if (!record.isPrefix) return record
    const link = this.tables.get('chains', pastKey(key, record.chain))
    const held = link === undefined ? this.tables.get('current', key) : this.tables.get('past', pastKey(key, u64At(keyToString(link), 0)))
    invariant(held !== undefined && !isTombstone(held), 'a run of appends ends with a version that holds its bytes')
    const holder = decodeRecord(held)
    invariant(holder.chain === record.chain && holder.valueBytes >= record.valueBytes, 'the holder belongs to the same run')
    return { ...record, value: holder.value.subarray(0, record.valueBytes) }
  }

  /** The next key of from <= key < to that has superseded versions, or the last such key in reverse. */
  nextPast(from: ByteString, to: ByteString | null, reverse: boolean): ByteString | undefined {
    const range = { from: from === '' ? '' : pastFrom(from), to: to === null ? null : pastFrom(to), reverse }
    const [key] = this.tables.keys('past', range, 1)
    return key === undefined ? undefined : versionOf(key).key
  }
}
