// Written by `npm run codegen` from packages/proto/proto/mvccpb/kv.proto. Do not change it by hand.
import type { MessageType, Mutable, OpenEnum } from '../../runtime/message-type.js'
import { EMPTY, Reader } from '../../runtime/reader.js'
import { sharedWriter, type Writer } from '../../runtime/writer.js'

export const Event_EventType = {
  PUT: 0,
  DELETE: 1,
} as const
export type Event_EventType = OpenEnum<typeof Event_EventType>

/** One key with its value, as of one revision. */
export interface KeyValue {
  readonly key: Uint8Array
  /** Revision of the put that began this life of the key. */
  readonly createRevision: number
  /** Revision of the last put. */
  readonly modRevision: number
  /** Puts in this life of the key, from 1. */
  readonly version: number
  readonly value: Uint8Array
  /** The lease that the key ends with; 0 = none. */
  readonly lease: bigint
}

/** What is left out has its default. */
export interface KeyValueInit {
  readonly key?: Uint8Array | undefined
  readonly createRevision?: number | undefined
  readonly modRevision?: number | undefined
  readonly version?: number | undefined
  readonly value?: Uint8Array | undefined
  readonly lease?: bigint | undefined
}

export const newKeyValue = (): KeyValue => ({ key: EMPTY, createRevision: 0, modRevision: 0, version: 0, value: EMPTY, lease: 0n })

const KeyValueFields: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readKeyValue(reader: Reader, message: KeyValue): KeyValue {
  const m = message as Mutable<KeyValue>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10:
        m.key = reader.bytes()
        break
      case 16:
        m.createRevision = reader.int64()
        break
      case 24:
        m.modRevision = reader.int64()
        break
      case 32:
        m.version = reader.int64()
        break
      case 42:
        m.value = reader.bytes()
        break
      case 48:
        m.lease = reader.int64Big()
        break
      default:
        reader.skip(tag, KeyValueFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeKeyValue(writer: Writer, message: KeyValueInit): void {
  const v6 = message.lease
  if (v6 !== undefined && v6 !== 0n) writer.int64Big(48, v6)
  const v5 = message.value
  if (v5 !== undefined && v5.length > 0) writer.bytes(42, v5)
  const v4 = message.version
  if (v4 !== undefined && v4 !== 0) writer.int64(32, v4)
  const v3 = message.modRevision
  if (v3 !== undefined && v3 !== 0) writer.int64(24, v3)
  const v2 = message.createRevision
  if (v2 !== undefined && v2 !== 0) writer.int64(16, v2)
  const v1 = message.key
  if (v1 !== undefined && v1.length > 0) writer.bytes(10, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeKeyValue(message: KeyValueInit): Uint8Array {
  sharedWriter.begin()
  writeKeyValue(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeKeyValue = (bytes: Uint8Array): KeyValue => readKeyValue(new Reader(bytes, 'mvccpb.KeyValue'), newKeyValue())

export const KeyValueType: MessageType<KeyValue, KeyValueInit> = {
  name: 'mvccpb.KeyValue',
  fields: [
    { number: 1, name: 'key', property: 'key', kind: 'bytes' },
    { number: 2, name: 'create_revision', property: 'createRevision', kind: 'int64' },
    { number: 3, name: 'mod_revision', property: 'modRevision', kind: 'int64' },
    { number: 4, name: 'version', property: 'version', kind: 'int64' },
    { number: 5, name: 'value', property: 'value', kind: 'bytes' },
    { number: 6, name: 'lease', property: 'lease', kind: 'int64', range: 'bigint' },
  ],
  create: newKeyValue,
  encode: encodeKeyValue,
  decode: decodeKeyValue,
  read: readKeyValue,
  write: writeKeyValue,
}

/** One change of one key. */
export interface Event {
  readonly type: Event_EventType
  /** After the change. Of a deletion only key and mod_revision are set. */
  readonly kv: KeyValue | null
  /** Before the change, when the watch asked for it. */
  readonly prevKv: KeyValue | null
}

/** What is left out has its default. */
export interface EventInit {
  readonly type?: Event_EventType | undefined
  readonly kv?: KeyValueInit | null | undefined
  readonly prevKv?: KeyValueInit | null | undefined
}

export const newEvent = (): Event => ({ type: 0, kv: null, prevKv: null })

const EventFields: ReadonlySet<number> = new Set([1, 2, 3])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readEvent(reader: Reader, message: Event): Event {
  const m = message as Mutable<Event>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 8:
        m.type = reader.int32()
        break
      case 18: {
        const end = reader.open()
        m.kv = readKeyValue(reader, m.kv ?? newKeyValue())
        reader.close(end)
        break
      }
      case 26: {
        const end = reader.open()
        m.prevKv = readKeyValue(reader, m.prevKv ?? newKeyValue())
        reader.close(end)
        break
      }
      default:
        reader.skip(tag, EventFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeEvent(writer: Writer, message: EventInit): void {
  const v3 = message.prevKv
  if (v3 !== undefined && v3 !== null) {
    const open = writer.open()
    writeKeyValue(writer, v3)
    writer.close(26, open)
  }
  const v2 = message.kv
  if (v2 !== undefined && v2 !== null) {
    const open = writer.open()
    writeKeyValue(writer, v2)
    writer.close(18, open)
  }
  const v1 = message.type
  if (v1 !== undefined && v1 !== 0) writer.int32(8, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeEvent(message: EventInit): Uint8Array {
  sharedWriter.begin()
  writeEvent(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeEvent = (bytes: Uint8Array): Event => readEvent(new Reader(bytes, 'mvccpb.Event'), newEvent())

export const EventType: MessageType<Event, EventInit> = {
  name: 'mvccpb.Event',
  fields: [
    { number: 1, name: 'type', property: 'type', kind: 'enum', values: Event_EventType },
    { number: 2, name: 'kv', property: 'kv', kind: 'message', message: () => KeyValueType },
    { number: 3, name: 'prev_kv', property: 'prevKv', kind: 'message', message: () => KeyValueType },
  ],
  create: newEvent,
  encode: encodeEvent,
  decode: decodeEvent,
  read: readEvent,
  write: writeEvent,
}
