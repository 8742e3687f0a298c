/** What the store knows about itself beside its tables. Kept in the table `meta`, so that it changes with the data. */
import { BalsaError, ByteReader, ByteWriter } from '@balsa/raft'
import type { BackendReplacement, TableReader, WriteBatch } from '../backend/backend.js'
import type { ByteString } from '../backend/byte-string.js'
import { keyFromString, keyToString } from '../backend/byte-string.js'
import { type RaisedAlarm, readAlarm, writeAlarm } from './alarms.js'

/** An empty store is at revision 1 and its first write makes 2, as etcd's. */
export const FIRST_REVISION = 1

export interface Counters {
  /** Revision of the newest write. */
  revision: number
  /** Revisions below it cannot be read any more; 0 = nothing was compacted. */
  compactedRevision: number
  keys: number
  /** Bytes of all keys and values, without any overhead. */
  dataBytes: number
  /** Bytes of the history: superseded versions and events. */
  historyBytes: number
  /** Where the removal of compacted blocks of the history goes on; null = all are removed. */
  sweepFrom: ByteString | null
  /** What would add is refused. */
  noSpace: boolean
  /** By hand. */
  alarms: readonly RaisedAlarm[]
}

export const newCounters = (): Counters => ({
  revision: FIRST_REVISION,
  compactedRevision: 0,
  keys: 0,
  dataBytes: 0,
  historyBytes: 0,
  sweepFrom: null,
  noSpace: false,
  alarms: [],
})

const COUNTERS_KEY = 'counters'
const writer = new ByteWriter(128)

export function writeCounters(batch: WriteBatch, counters: Counters): void {
  batch.put('meta', COUNTERS_KEY, encodeCounters(counters))
}

export const loadCounters = (replacement: BackendReplacement, bytes: Uint8Array): void =>
  replacement.put('meta', COUNTERS_KEY, bytes.slice())

export const writeCounterBytes = (to: ByteWriter, counters: Counters): void => to.bytes(encodeCounters(counters))

function encodeCounters(counters: Counters): Uint8Array {
  writer.reset()
  writer.varint(counters.revision)
  writer.varint(counters.compactedRevision)
  writer.varint(counters.keys)
  writer.varint(counters.dataBytes)
  writer.varint(counters.historyBytes)
  writer.boolean(counters.sweepFrom !== null)
  if (counters.sweepFrom !== null) writer.bytes(keyFromString(counters.sweepFrom))
  writer.boolean(counters.noSpace)
  for (const alarm of counters.alarms) writeAlarm(writer, alarm)
  return writer.take()
}

/** MALFORMED (refused) when the bytes are none. */
export function decodeCounters(bytes: Uint8Array): Counters {
  const reader = new ByteReader(bytes, 'counters')
  const counters: Counters = {
    revision: reader.varint('revision'),
    compactedRevision: reader.varint('compactedRevision'),
    keys: reader.varint('keys'),
    dataBytes: reader.varint('dataBytes'),
    historyBytes: reader.varint('historyBytes'),
    sweepFrom: reader.boolean('sweeping') ? keyToString(reader.bytes('sweepFrom')) : null,
    // Stores that were written before there was a quota end here.
    noSpace: reader.remaining > 0 && reader.boolean('noSpace'),
    alarms: readAlarms(reader),
  }
  reader.end()
  if (counters.revision < FIRST_REVISION || counters.compactedRevision > counters.revision) reader.fail('counters', 'impossible revisions')
  return counters
}

/** To the end of the bytes. */
function readAlarms(reader: ByteReader): readonly RaisedAlarm[] {
  const alarms: RaisedAlarm[] = []
  while (reader.remaining > 0) alarms.push(readAlarm(reader))
  return alarms
}

export function readCounters(tables: TableReader): Counters {
  const bytes = tables.get('meta', COUNTERS_KEY)
  if (bytes === undefined) return newCounters()
  try {
    return decodeCounters(bytes)
  } catch (cause) {
    throw new BalsaError('CORRUPT', 'the counters of the key/value state cannot be read', { cause })
  }
}
