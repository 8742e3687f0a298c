/**
 * What the frames `watch` and `events` carry (requests.ts, responses.ts):
 *
 *     watch    bytes key | bytes rangeEnd | varint startRevision | u8 flags (1 previous, 2 no puts, 4 no deletes) | u32 credit
 *     events   varint revision | varint position | u8 more | varint count, each:
 *                u8 flags (1 delete, 2 previous) | varint revision | bytes key | [record | bytes value] | [record | bytes value]
 *
 * `credit` is how many bytes of events, as {@link deliveredBytes} counts them, may be on their way without the client having asked for more; an event that
 * is larger than what is left still comes. Events without any event tell the position alone: the watch lives, and nothing was missed.
 */
import type { ByteReader, ByteWriter } from '@balsa/raft'
import type { KeyRecord } from '../mvcc/record.js'
import { readRecord, writeRecord } from '../mvcc/txn-codec.js'
import type { StoreEvent, WatchRequest } from '../watch/types.js'

/** A part of what is watched. */
export interface WatchedEvents {
  /** Of the store. */
  readonly revision: number
  /** Every event up to this revision has been delivered. */
  readonly position: number
  /** The last revision here continues in the next delivery. */
  readonly more: boolean
  readonly events: readonly StoreEvent[]
}

const WatchFlag = { previous: 1, noPut: 2, noDelete: 4 } as const
const EventFlag = { delete: 1, previous: 2 } as const
/** An event is at least its flags, a revision, and a key that is announced. */
const SMALLEST_EVENT_BYTES = 3

export function writeWatchRequest(writer: ByteWriter, request: WatchRequest): void {
  writer.bytes(request.key)
  writer.bytes(request.rangeEnd)
  writer.varint(request.startRevision)
  writer.u8(
    (request.previous ? WatchFlag.previous : 0) | (request.noPut ? WatchFlag.noPut : 0) | (request.noDelete ? WatchFlag.noDelete : 0),
  )
}

export function readWatchRequest(reader: ByteReader): WatchRequest {
  const key = reader.bytes('key')
  const rangeEnd = reader.bytes('rangeEnd')
  const startRevision = reader.varint('startRevision')
  const flags = reader.u8('flags')
  return {
    key,
    rangeEnd,
    startRevision,
    previous: (flags & WatchFlag.previous) !== 0,
    noPut: (flags & WatchFlag.noPut) !== 0,
    noDelete: (flags & WatchFlag.noDelete) !== 0,
  }
}

export function writeWatchedEvents(writer: ByteWriter, { revision, position, more, events }: WatchedEvents): void {
  writer.varint(revision)
  writer.varint(position)
  writer.boolean(more)
  writer.varint(events.length)
  for (const event of events) {
    writer.u8((event.record === null ? EventFlag.delete : 0) | (event.previous === null ? 0 : EventFlag.previous))
    writer.varint(event.revision)
    writer.bytes(event.key)
    for (const record of [event.record, event.previous]) {
      if (record === null) continue
      writeRecord(writer, record)
      writer.bytes(record.value)
    }
  }
}

export function readWatchedEvents(reader: ByteReader): WatchedEvents {
  const revision = reader.varint('revision')
  const position = reader.varint('position')
  const more = reader.boolean('more')
  const events: StoreEvent[] = []
  for (let left = reader.count('events', SMALLEST_EVENT_BYTES); left > 0; left--) events.push(readEvent(reader))
  return { revision, position, more, events }
}

function readEvent(reader: ByteReader): StoreEvent {
  const flags = reader.u8('flags')
  if (flags > (EventFlag.delete | EventFlag.previous)) reader.fail('flags', `${flags} is unknown`)
  const revision = reader.varint('revision')
  const key = reader.bytes('key')
  const isDelete = (flags & EventFlag.delete) !== 0
  const record = isDelete ? null : readVersion(reader)
  const previous = (flags & EventFlag.previous) === 0 ? null : readVersion(reader)
  return { type: isDelete ? 'delete' : 'put', key, record, previous, revision }
}

const readVersion = (reader: ByteReader): KeyRecord => ({ ...readRecord(reader), value: reader.bytes('value') })
