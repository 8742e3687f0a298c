// Written by `npm run codegen` from packages/proto/proto/etcdserverpb/kv.proto. Do not change it by hand.
import type { MessageType, Mutable, OpenEnum, ServiceType } from '../../runtime/message-type.js'
import { EMPTY, Reader } from '../../runtime/reader.js'
import { sharedWriter, type Writer } from '../../runtime/writer.js'
import * as etcdserverpbHeader from '../etcdserverpb/header.js'
import * as mvccpbKv from '../mvccpb/kv.js'

export const RangeRequest_SortOrder = {
  NONE: 0,
  ASCEND: 1,
  DESCEND: 2,
} as const
export type RangeRequest_SortOrder = OpenEnum<typeof RangeRequest_SortOrder>

export const RangeRequest_SortTarget = {
  KEY: 0,
  VERSION: 1,
  CREATE: 2,
  MOD: 3,
  VALUE: 4,
} as const
export type RangeRequest_SortTarget = OpenEnum<typeof RangeRequest_SortTarget>

export const Compare_CompareResult = {
  EQUAL: 0,
  GREATER: 1,
  LESS: 2,
  NOT_EQUAL: 3,
} as const
export type Compare_CompareResult = OpenEnum<typeof Compare_CompareResult>

export const Compare_CompareTarget = {
  VERSION: 0,
  CREATE: 1,
  MOD: 2,
  VALUE: 3,
  LEASE: 4,
} as const
export type Compare_CompareTarget = OpenEnum<typeof Compare_CompareTarget>

export interface RangeRequest {
  readonly key: Uint8Array
  /** Empty = the one key; a zero byte = everything from key on; else up to here, exclusive. */
  readonly rangeEnd: Uint8Array
  /** 0 = all. */
  readonly limit: number
  /** 0 or less = now. */
  readonly revision: number
  readonly sortOrder: RangeRequest_SortOrder
  readonly sortTarget: RangeRequest_SortTarget
  /** Answer from this member's own state, which may be old. */
  readonly serializable: boolean
  readonly keysOnly: boolean
  readonly countOnly: boolean
  readonly minModRevision: number
  readonly maxModRevision: number
  readonly minCreateRevision: number
  readonly maxCreateRevision: number
}

/** What is left out has its default. */
export interface RangeRequestInit {
  readonly key?: Uint8Array | undefined
  readonly rangeEnd?: Uint8Array | undefined
  readonly limit?: number | undefined
  readonly revision?: number | undefined
  readonly sortOrder?: RangeRequest_SortOrder | undefined
  readonly sortTarget?: RangeRequest_SortTarget | undefined
  readonly serializable?: boolean | undefined
  readonly keysOnly?: boolean | undefined
  readonly countOnly?: boolean | undefined
  readonly minModRevision?: number | undefined
  readonly maxModRevision?: number | undefined
  readonly minCreateRevision?: number | undefined
  readonly maxCreateRevision?: number | undefined
}

export const newRangeRequest = (): RangeRequest => ({ key: EMPTY, rangeEnd: EMPTY, limit: 0, revision: 0, sortOrder: 0, sortTarget: 0, serializable: false, keysOnly: false, countOnly: false, minModRevision: 0, maxModRevision: 0, minCreateRevision: 0, maxCreateRevision: 0 })

const RangeRequestFields: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readRangeRequest(reader: Reader, message: RangeRequest): RangeRequest {
  const m = message as Mutable<RangeRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10:
        m.key = reader.bytes()
        break
      case 18:
        m.rangeEnd = reader.bytes()
        break
      case 24:
        m.limit = reader.int64Clamped()
        break
      case 32:
        m.revision = reader.int64Clamped()
        break
      case 40:
        m.sortOrder = reader.int32()
        break
      case 48:
        m.sortTarget = reader.int32()
        break
      case 56:
        m.serializable = reader.bool()
        break
      case 64:
        m.keysOnly = reader.bool()
        break
      case 72:
        m.countOnly = reader.bool()
        break
      case 80:
        m.minModRevision = reader.int64Clamped()
        break
      case 88:
        m.maxModRevision = reader.int64Clamped()
        break
      case 96:
        m.minCreateRevision = reader.int64Clamped()
        break
      case 104:
        m.maxCreateRevision = reader.int64Clamped()
        break
      default:
        reader.skip(tag, RangeRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeRangeRequest(writer: Writer, message: RangeRequestInit): void {
  const v13 = message.maxCreateRevision
  if (v13 !== undefined && v13 !== 0) writer.int64(104, v13)
  const v12 = message.minCreateRevision
  if (v12 !== undefined && v12 !== 0) writer.int64(96, v12)
  const v11 = message.maxModRevision
  if (v11 !== undefined && v11 !== 0) writer.int64(88, v11)
  const v10 = message.minModRevision
  if (v10 !== undefined && v10 !== 0) writer.int64(80, v10)
  const v9 = message.countOnly
  if (v9 === true) writer.bool(72, v9)
  const v8 = message.keysOnly
  if (v8 === true) writer.bool(64, v8)
  const v7 = message.serializable
  if (v7 === true) writer.bool(56, v7)
  const v6 = message.sortTarget
  if (v6 !== undefined && v6 !== 0) writer.int32(48, v6)
  const v5 = message.sortOrder
  if (v5 !== undefined && v5 !== 0) writer.int32(40, v5)
  const v4 = message.revision
  if (v4 !== undefined && v4 !== 0) writer.int64(32, v4)
  const v3 = message.limit
  if (v3 !== undefined && v3 !== 0) writer.int64(24, v3)
  const v2 = message.rangeEnd
  if (v2 !== undefined && v2.length > 0) writer.bytes(18, v2)
  const v1 = message.key
  if (v1 !== undefined && v1.length > 0) writer.bytes(10, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeRangeRequest(message: RangeRequestInit): Uint8Array {
  sharedWriter.begin()
  writeRangeRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeRangeRequest = (bytes: Uint8Array): RangeRequest => readRangeRequest(new Reader(bytes, 'etcdserverpb.RangeRequest'), newRangeRequest())

export const RangeRequestType: MessageType<RangeRequest, RangeRequestInit> = {
  name: 'etcdserverpb.RangeRequest',
  fields: [
    { number: 1, name: 'key', property: 'key', kind: 'bytes' },
    { number: 2, name: 'range_end', property: 'rangeEnd', kind: 'bytes' },
    { number: 3, name: 'limit', property: 'limit', kind: 'int64', range: 'clamp' },
    { number: 4, name: 'revision', property: 'revision', kind: 'int64', range: 'clamp' },
    { number: 5, name: 'sort_order', property: 'sortOrder', kind: 'enum', values: RangeRequest_SortOrder },
    { number: 6, name: 'sort_target', property: 'sortTarget', kind: 'enum', values: RangeRequest_SortTarget },
    { number: 7, name: 'serializable', property: 'serializable', kind: 'bool' },
    { number: 8, name: 'keys_only', property: 'keysOnly', kind: 'bool' },
    { number: 9, name: 'count_only', property: 'countOnly', kind: 'bool' },
    { number: 10, name: 'min_mod_revision', property: 'minModRevision', kind: 'int64', range: 'clamp' },
    { number: 11, name: 'max_mod_revision', property: 'maxModRevision', kind: 'int64', range: 'clamp' },
    { number: 12, name: 'min_create_revision', property: 'minCreateRevision', kind: 'int64', range: 'clamp' },
    { number: 13, name: 'max_create_revision', property: 'maxCreateRevision', kind: 'int64', range: 'clamp' },
  ],
  create: newRangeRequest,
  encode: encodeRangeRequest,
  decode: decodeRangeRequest,
  read: readRangeRequest,
  write: writeRangeRequest,
}

export interface RangeResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
  readonly kvs: readonly mvccpbKv.KeyValue[]
  /** The limit cut something off. */
  readonly more: boolean
  /** Keys in the range, before limit and revision bounds. */
  readonly count: number
}

/** What is left out has its default. */
export interface RangeResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
  readonly kvs?: readonly mvccpbKv.KeyValueInit[] | undefined
  readonly more?: boolean | undefined
  readonly count?: number | undefined
}

export const newRangeResponse = (): RangeResponse => ({ header: null, kvs: [], more: false, count: 0 })

const RangeResponseFields: ReadonlySet<number> = new Set([1, 2, 3, 4])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readRangeResponse(reader: Reader, message: RangeResponse): RangeResponse {
  const m = message as Mutable<RangeResponse>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10: {
        const end = reader.open()
        m.header = etcdserverpbHeader.readResponseHeader(reader, m.header ?? etcdserverpbHeader.newResponseHeader())
        reader.close(end)
        break
      }
      case 18: {
        const end = reader.open()
        m.kvs.push(mvccpbKv.readKeyValue(reader, mvccpbKv.newKeyValue()))
        reader.close(end)
        break
      }
      case 24:
        m.more = reader.bool()
        break
      case 32:
        m.count = reader.int64()
        break
      default:
        reader.skip(tag, RangeResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeRangeResponse(writer: Writer, message: RangeResponseInit): void {
  const v4 = message.count
  if (v4 !== undefined && v4 !== 0) writer.int64(32, v4)
  const v3 = message.more
  if (v3 === true) writer.bool(24, v3)
  const v2 = message.kvs
  if (v2 !== undefined) {
    for (let at = v2.length - 1; at >= 0; at--) {
      const open = writer.open()
      mvccpbKv.writeKeyValue(writer, v2[at] as mvccpbKv.KeyValueInit)
      writer.close(18, open)
    }
  }
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeRangeResponse(message: RangeResponseInit): Uint8Array {
  sharedWriter.begin()
  writeRangeResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeRangeResponse = (bytes: Uint8Array): RangeResponse => readRangeResponse(new Reader(bytes, 'etcdserverpb.RangeResponse'), newRangeResponse())

export const RangeResponseType: MessageType<RangeResponse, RangeResponseInit> = {
  name: 'etcdserverpb.RangeResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
    { number: 2, name: 'kvs', property: 'kvs', kind: 'message', repeated: true, message: () => mvccpbKv.KeyValueType },
    { number: 3, name: 'more', property: 'more', kind: 'bool' },
    { number: 4, name: 'count', property: 'count', kind: 'int64' },
  ],
  create: newRangeResponse,
  encode: encodeRangeResponse,
  decode: decodeRangeResponse,
  read: readRangeResponse,
  write: writeRangeResponse,
}

export interface RangeStreamResponse {
  readonly rangeResponse: RangeResponse | null
}

/** What is left out has its default. */
export interface RangeStreamResponseInit {
  readonly rangeResponse?: RangeResponseInit | null | undefined
}

export const newRangeStreamResponse = (): RangeStreamResponse => ({ rangeResponse: null })

const RangeStreamResponseFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readRangeStreamResponse(reader: Reader, message: RangeStreamResponse): RangeStreamResponse {
  const m = message as Mutable<RangeStreamResponse>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10: {
        const end = reader.open()
        m.rangeResponse = readRangeResponse(reader, m.rangeResponse ?? newRangeResponse())
        reader.close(end)
        break
      }
      default:
        reader.skip(tag, RangeStreamResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeRangeStreamResponse(writer: Writer, message: RangeStreamResponseInit): void {
  const v1 = message.rangeResponse
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    writeRangeResponse(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeRangeStreamResponse(message: RangeStreamResponseInit): Uint8Array {
  sharedWriter.begin()
  writeRangeStreamResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeRangeStreamResponse = (bytes: Uint8Array): RangeStreamResponse => readRangeStreamResponse(new Reader(bytes, 'etcdserverpb.RangeStreamResponse'), newRangeStreamResponse())

export const RangeStreamResponseType: MessageType<RangeStreamResponse, RangeStreamResponseInit> = {
  name: 'etcdserverpb.RangeStreamResponse',
  fields: [
    { number: 1, name: 'range_response', property: 'rangeResponse', kind: 'message', message: () => RangeResponseType },
  ],
  create: newRangeStreamResponse,
  encode: encodeRangeStreamResponse,
  decode: decodeRangeStreamResponse,
  read: readRangeStreamResponse,
  write: writeRangeStreamResponse,
}

export interface PutRequest {
  readonly key: Uint8Array
  readonly value: Uint8Array
  readonly lease: bigint
  readonly prevKv: boolean
  /** Keep the present value; the key must exist. */
  readonly ignoreValue: boolean
  /** Keep the present lease; the key must exist. */
  readonly ignoreLease: boolean
}

/** What is left out has its default. */
export interface PutRequestInit {
  readonly key?: Uint8Array | undefined
  readonly value?: Uint8Array | undefined
  readonly lease?: bigint | undefined
  readonly prevKv?: boolean | undefined
  readonly ignoreValue?: boolean | undefined
  readonly ignoreLease?: boolean | undefined
}

export const newPutRequest = (): PutRequest => ({ key: EMPTY, value: EMPTY, lease: 0n, prevKv: false, ignoreValue: false, ignoreLease: false })

const PutRequestFields: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readPutRequest(reader: Reader, message: PutRequest): PutRequest {
  const m = message as Mutable<PutRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10:
        m.key = reader.bytes()
        break
      case 18:
        m.value = reader.bytes()
        break
      case 24:
        m.lease = reader.int64Big()
        break
      case 32:
        m.prevKv = reader.bool()
        break
      case 40:
        m.ignoreValue = reader.bool()
        break
      case 48:
        m.ignoreLease = reader.bool()
        break
      default:
        reader.skip(tag, PutRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writePutRequest(writer: Writer, message: PutRequestInit): void {
  const v6 = message.ignoreLease
  if (v6 === true) writer.bool(48, v6)
  const v5 = message.ignoreValue
  if (v5 === true) writer.bool(40, v5)
  const v4 = message.prevKv
  if (v4 === true) writer.bool(32, v4)
  const v3 = message.lease
  if (v3 !== undefined && v3 !== 0n) writer.int64Big(24, v3)
  const v2 = message.value
  if (v2 !== undefined && v2.length > 0) writer.bytes(18, v2)
  const v1 = message.key
  if (v1 !== undefined && v1.length > 0) writer.bytes(10, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodePutRequest(message: PutRequestInit): Uint8Array {
  sharedWriter.begin()
  writePutRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodePutRequest = (bytes: Uint8Array): PutRequest => readPutRequest(new Reader(bytes, 'etcdserverpb.PutRequest'), newPutRequest())

export const PutRequestType: MessageType<PutRequest, PutRequestInit> = {
  name: 'etcdserverpb.PutRequest',
  fields: [
    { number: 1, name: 'key', property: 'key', kind: 'bytes' },
    { number: 2, name: 'value', property: 'value', kind: 'bytes' },
    { number: 3, name: 'lease', property: 'lease', kind: 'int64', range: 'bigint' },
    { number: 4, name: 'prev_kv', property: 'prevKv', kind: 'bool' },
    { number: 5, name: 'ignore_value', property: 'ignoreValue', kind: 'bool' },
    { number: 6, name: 'ignore_lease', property: 'ignoreLease', kind: 'bool' },
  ],
  create: newPutRequest,
  encode: encodePutRequest,
  decode: decodePutRequest,
  read: readPutRequest,
  write: writePutRequest,
}

export interface PutResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
  readonly prevKv: mvccpbKv.KeyValue | null
}

/** What is left out has its default. */
export interface PutResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
  readonly prevKv?: mvccpbKv.KeyValueInit | null | undefined
}

export const newPutResponse = (): PutResponse => ({ header: null, prevKv: null })

const PutResponseFields: ReadonlySet<number> = new Set([1, 2])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readPutResponse(reader: Reader, message: PutResponse): PutResponse {
  const m = message as Mutable<PutResponse>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10: {
        const end = reader.open()
        m.header = etcdserverpbHeader.readResponseHeader(reader, m.header ?? etcdserverpbHeader.newResponseHeader())
        reader.close(end)
        break
      }
      case 18: {
        const end = reader.open()
        m.prevKv = mvccpbKv.readKeyValue(reader, m.prevKv ?? mvccpbKv.newKeyValue())
        reader.close(end)
        break
      }
      default:
        reader.skip(tag, PutResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writePutResponse(writer: Writer, message: PutResponseInit): void {
  const v2 = message.prevKv
  if (v2 !== undefined && v2 !== null) {
    const open = writer.open()
    mvccpbKv.writeKeyValue(writer, v2)
    writer.close(18, open)
  }
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodePutResponse(message: PutResponseInit): Uint8Array {
  sharedWriter.begin()
  writePutResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodePutResponse = (bytes: Uint8Array): PutResponse => readPutResponse(new Reader(bytes, 'etcdserverpb.PutResponse'), newPutResponse())

export const PutResponseType: MessageType<PutResponse, PutResponseInit> = {
  name: 'etcdserverpb.PutResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
    { number: 2, name: 'prev_kv', property: 'prevKv', kind: 'message', message: () => mvccpbKv.KeyValueType },
  ],
  create: newPutResponse,
  encode: encodePutResponse,
  decode: decodePutResponse,
  read: readPutResponse,
  write: writePutResponse,
}

export interface DeleteRangeRequest {
  readonly key: Uint8Array
  readonly rangeEnd: Uint8Array
  readonly prevKv: boolean
}

/** What is left out has its default. */
export interface DeleteRangeRequestInit {
  readonly key?: Uint8Array | undefined
  readonly rangeEnd?: Uint8Array | undefined
  readonly prevKv?: boolean | undefined
}

export const newDeleteRangeRequest = (): DeleteRangeRequest => ({ key: EMPTY, rangeEnd: EMPTY, prevKv: false })

const DeleteRangeRequestFields: ReadonlySet<number> = new Set([1, 2, 3])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readDeleteRangeRequest(reader: Reader, message: DeleteRangeRequest): DeleteRangeRequest {
  const m = message as Mutable<DeleteRangeRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10:
        m.key = reader.bytes()
        break
      case 18:
        m.rangeEnd = reader.bytes()
        break
      case 24:
        m.prevKv = reader.bool()
        break
      default:
        reader.skip(tag, DeleteRangeRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeDeleteRangeRequest(writer: Writer, message: DeleteRangeRequestInit): void {
  const v3 = message.prevKv
  if (v3 === true) writer.bool(24, v3)
  const v2 = message.rangeEnd
  if (v2 !== undefined && v2.length > 0) writer.bytes(18, v2)
  const v1 = message.key
  if (v1 !== undefined && v1.length > 0) writer.bytes(10, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeDeleteRangeRequest(message: DeleteRangeRequestInit): Uint8Array {
  sharedWriter.begin()
  writeDeleteRangeRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeDeleteRangeRequest = (bytes: Uint8Array): DeleteRangeRequest => readDeleteRangeRequest(new Reader(bytes, 'etcdserverpb.DeleteRangeRequest'), newDeleteRangeRequest())

export const DeleteRangeRequestType: MessageType<DeleteRangeRequest, DeleteRangeRequestInit> = {
  name: 'etcdserverpb.DeleteRangeRequest',
  fields: [
    { number: 1, name: 'key', property: 'key', kind: 'bytes' },
    { number: 2, name: 'range_end', property: 'rangeEnd', kind: 'bytes' },
    { number: 3, name: 'prev_kv', property: 'prevKv', kind: 'bool' },
  ],
  create: newDeleteRangeRequest,
  encode: encodeDeleteRangeRequest,
  decode: decodeDeleteRangeRequest,
  read: readDeleteRangeRequest,
  write: writeDeleteRangeRequest,
}

export interface DeleteRangeResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
  readonly deleted: number
  readonly prevKvs: readonly mvccpbKv.KeyValue[]
}

/** What is left out has its default. */
export interface DeleteRangeResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
  readonly deleted?: number | undefined
  readonly prevKvs?: readonly mvccpbKv.KeyValueInit[] | undefined
}

export const newDeleteRangeResponse = (): DeleteRangeResponse => ({ header: null, deleted: 0, prevKvs: [] })

const DeleteRangeResponseFields: ReadonlySet<number> = new Set([1, 2, 3])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readDeleteRangeResponse(reader: Reader, message: DeleteRangeResponse): DeleteRangeResponse {
  const m = message as Mutable<DeleteRangeResponse>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10: {
        const end = reader.open()
        m.header = etcdserverpbHeader.readResponseHeader(reader, m.header ?? etcdserverpbHeader.newResponseHeader())
        reader.close(end)
        break
      }
      case 16:
        m.deleted = reader.int64()
        break
      case 26: {
        const end = reader.open()
        m.prevKvs.push(mvccpbKv.readKeyValue(reader, mvccpbKv.newKeyValue()))
        reader.close(end)
        break
      }
      default:
        reader.skip(tag, DeleteRangeResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeDeleteRangeResponse(writer: Writer, message: DeleteRangeResponseInit): void {
  const v3 = message.prevKvs
  if (v3 !== undefined) {
    for (let at = v3.length - 1; at >= 0; at--) {
      const open = writer.open()
      mvccpbKv.writeKeyValue(writer, v3[at] as mvccpbKv.KeyValueInit)
      writer.close(26, open)
    }
  }
  const v2 = message.deleted
  if (v2 !== undefined && v2 !== 0) writer.int64(16, v2)
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeDeleteRangeResponse(message: DeleteRangeResponseInit): Uint8Array {
  sharedWriter.begin()
  writeDeleteRangeResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeDeleteRangeResponse = (bytes: Uint8Array): DeleteRangeResponse => readDeleteRangeResponse(new Reader(bytes, 'etcdserverpb.DeleteRangeResponse'), newDeleteRangeResponse())

export const DeleteRangeResponseType: MessageType<DeleteRangeResponse, DeleteRangeResponseInit> = {
  name: 'etcdserverpb.DeleteRangeResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
    { number: 2, name: 'deleted', property: 'deleted', kind: 'int64' },
    { number: 3, name: 'prev_kvs', property: 'prevKvs', kind: 'message', repeated: true, message: () => mvccpbKv.KeyValueType },
  ],
  create: newDeleteRangeResponse,
  encode: encodeDeleteRangeResponse,
  decode: decodeDeleteRangeResponse,
  read: readDeleteRangeResponse,
  write: writeDeleteRangeResponse,
}

export interface RequestOp {
  readonly request: 
    | { readonly case: 'requestRange'; readonly value: RangeRequest }
    | { readonly case: 'requestPut'; readonly value: PutRequest }
    | { readonly case: 'requestDeleteRange'; readonly value: DeleteRangeRequest }
    | { readonly case: 'requestTxn'; readonly value: TxnRequest } | null
}

/** What is left out has its default. */
export interface RequestOpInit {
  readonly request?: 
    | { readonly case: 'requestRange'; readonly value: RangeRequestInit }
    | { readonly case: 'requestPut'; readonly value: PutRequestInit }
    | { readonly case: 'requestDeleteRange'; readonly value: DeleteRangeRequestInit }
    | { readonly case: 'requestTxn'; readonly value: TxnRequestInit } | null | undefined
}

export const newRequestOp = (): RequestOp => ({ request: null })

const RequestOpFields: ReadonlySet<number> = new Set([1, 2, 3, 4])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readRequestOp(reader: Reader, message: RequestOp): RequestOp {
  const m = message as Mutable<RequestOp>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10: {
        const end = reader.open()
        m.request = { case: 'requestRange', value: readRangeRequest(reader, m.request?.case === 'requestRange' ? m.request.value : newRangeRequest()) }
        reader.close(end)
        break
      }
      case 18: {
        const end = reader.open()
        m.request = { case: 'requestPut', value: readPutRequest(reader, m.request?.case === 'requestPut' ? m.request.value : newPutRequest()) }
        reader.close(end)
        break
      }
      case 26: {
        const end = reader.open()
        m.request = { case: 'requestDeleteRange', value: readDeleteRangeRequest(reader, m.request?.case === 'requestDeleteRange' ? m.request.value : newDeleteRangeRequest()) }
        reader.close(end)
        break
      }
      case 34: {
        const end = reader.open()
        m.request = { case: 'requestTxn', value: readTxnRequest(reader, m.request?.case === 'requestTxn' ? m.request.value : newTxnRequest()) }
        reader.close(end)
        break
      }
      default:
        reader.skip(tag, RequestOpFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeRequestOp(writer: Writer, message: RequestOpInit): void {
  const v1 = message.request
  switch (v1?.case) {
    case 'requestRange': {
      const open = writer.open()
      writeRangeRequest(writer, v1.value)
      writer.close(10, open)
      break
    }
    case 'requestPut': {
      const open = writer.open()
      writePutRequest(writer, v1.value)
      writer.close(18, open)
      break
    }
    case 'requestDeleteRange': {
      const open = writer.open()
      writeDeleteRangeRequest(writer, v1.value)
      writer.close(26, open)
      break
    }
    case 'requestTxn': {
      const open = writer.open()
      writeTxnRequest(writer, v1.value)
      writer.close(34, open)
      break
    }
    case undefined:
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeRequestOp(message: RequestOpInit): Uint8Array {
  sharedWriter.begin()
  writeRequestOp(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeRequestOp = (bytes: Uint8Array): RequestOp => readRequestOp(new Reader(bytes, 'etcdserverpb.RequestOp'), newRequestOp())

export const RequestOpType: MessageType<RequestOp, RequestOpInit> = {
  name: 'etcdserverpb.RequestOp',
  fields: [
    { number: 1, name: 'request_range', property: 'requestRange', kind: 'message', oneof: 'request', message: () => RangeRequestType },
    { number: 2, name: 'request_put', property: 'requestPut', kind: 'message', oneof: 'request', message: () => PutRequestType },
    { number: 3, name: 'request_delete_range', property: 'requestDeleteRange', kind: 'message', oneof: 'request', message: () => DeleteRangeRequestType },
    { number: 4, name: 'request_txn', property: 'requestTxn', kind: 'message', oneof: 'request', message: () => TxnRequestType },
  ],
  create: newRequestOp,
  encode: encodeRequestOp,
  decode: decodeRequestOp,
  read: readRequestOp,
  write: writeRequestOp,
}

export interface ResponseOp {
  readonly response: 
    | { readonly case: 'responseRange'; readonly value: RangeResponse }
    | { readonly case: 'responsePut'; readonly value: PutResponse }
    | { readonly case: 'responseDeleteRange'; readonly value: DeleteRangeResponse }
    | { readonly case: 'responseTxn'; readonly value: TxnResponse } | null
}

/** What is left out has its default. */
export interface ResponseOpInit {
  readonly response?: 
    | { readonly case: 'responseRange'; readonly value: RangeResponseInit }
    | { readonly case: 'responsePut'; readonly value: PutResponseInit }
    | { readonly case: 'responseDeleteRange'; readonly value: DeleteRangeResponseInit }
    | { readonly case: 'responseTxn'; readonly value: TxnResponseInit } | null | undefined
}

export const newResponseOp = (): ResponseOp => ({ response: null })

const ResponseOpFields: ReadonlySet<number> = new Set([1, 2, 3, 4])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readResponseOp(reader: Reader, message: ResponseOp): ResponseOp {
  const m = message as Mutable<ResponseOp>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10: {
        const end = reader.open()
        m.response = { case: 'responseRange', value: readRangeResponse(reader, m.response?.case === 'responseRange' ? m.response.value : newRangeResponse()) }
        reader.close(end)
        break
      }
      case 18: {
        const end = reader.open()
        m.response = { case: 'responsePut', value: readPutResponse(reader, m.response?.case === 'responsePut' ? m.response.value : newPutResponse()) }
        reader.close(end)
        break
      }
      case 26: {
        const end = reader.open()
        m.response = { case: 'responseDeleteRange', value: readDeleteRangeResponse(reader, m.response?.case === 'responseDeleteRange' ? m.response.value : newDeleteRangeResponse()) }
        reader.close(end)
        break
      }
      case 34: {
        const end = reader.open()
        m.response = { case: 'responseTxn', value: readTxnResponse(reader, m.response?.case === 'responseTxn' ? m.response.value : newTxnResponse()) }
        reader.close(end)
        break
      }
      default:
        reader.skip(tag, ResponseOpFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeResponseOp(writer: Writer, message: ResponseOpInit): void {
  const v1 = message.response
  switch (v1?.case) {
    case 'responseRange': {
      const open = writer.open()
      writeRangeResponse(writer, v1.value)
      writer.close(10, open)
      break
    }
    case 'responsePut': {
      const open = writer.open()
      writePutResponse(writer, v1.value)
      writer.close(18, open)
      break
    }
    case 'responseDeleteRange': {
      const open = writer.open()
      writeDeleteRangeResponse(writer, v1.value)
      writer.close(26, open)
      break
    }
    case 'responseTxn': {
      const open = writer.open()
      writeTxnResponse(writer, v1.value)
      writer.close(34, open)
      break
    }
    case undefined:
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeResponseOp(message: ResponseOpInit): Uint8Array {
  sharedWriter.begin()
  writeResponseOp(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeResponseOp = (bytes: Uint8Array): ResponseOp => readResponseOp(new Reader(bytes, 'etcdserverpb.ResponseOp'), newResponseOp())

export const ResponseOpType: MessageType<ResponseOp, ResponseOpInit> = {
  name: 'etcdserverpb.ResponseOp',
  fields: [
    { number: 1, name: 'response_range', property: 'responseRange', kind: 'message', oneof: 'response', message: () => RangeResponseType },
    { number: 2, name: 'response_put', property: 'responsePut', kind: 'message', oneof: 'response', message: () => PutResponseType },
    { number: 3, name: 'response_delete_range', property: 'responseDeleteRange', kind: 'message', oneof: 'response', message: () => DeleteRangeResponseType },
    { number: 4, name: 'response_txn', property: 'responseTxn', kind: 'message', oneof: 'response', message: () => TxnResponseType },
  ],
  create: newResponseOp,
  encode: encodeResponseOp,
  decode: decodeResponseOp,
  read: readResponseOp,
  write: writeResponseOp,
}

/** Must hold for the key, or for every key of the range. */
export interface Compare {
  readonly result: Compare_CompareResult
  readonly target: Compare_CompareTarget
  readonly key: Uint8Array
  readonly targetUnion: 
    | { readonly case: 'version'; readonly value: number }
    | { readonly case: 'createRevision'; readonly value: number }
    | { readonly case: 'modRevision'; readonly value: number }
    | { readonly case: 'value'; readonly value: Uint8Array }
    | { readonly case: 'lease'; readonly value: bigint } | null
  readonly rangeEnd: Uint8Array
}

/** What is left out has its default. */
export interface CompareInit {
  readonly result?: Compare_CompareResult | undefined
  readonly target?: Compare_CompareTarget | undefined
  readonly key?: Uint8Array | undefined
  readonly targetUnion?: 
    | { readonly case: 'version'; readonly value: number }
    | { readonly case: 'createRevision'; readonly value: number }
    | { readonly case: 'modRevision'; readonly value: number }
    | { readonly case: 'value'; readonly value: Uint8Array }
    | { readonly case: 'lease'; readonly value: bigint } | null | undefined
  readonly rangeEnd?: Uint8Array | undefined
}

export const newCompare = (): Compare => ({ result: 0, target: 0, key: EMPTY, targetUnion: null, rangeEnd: EMPTY })

const CompareFields: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 7, 8, 64])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readCompare(reader: Reader, message: Compare): Compare {
  const m = message as Mutable<Compare>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 8:
        m.result = reader.int32()
        break
      case 16:
        m.target = reader.int32()
        break
      case 26:
        m.key = reader.bytes()
        break
      case 32:
        m.targetUnion = { case: 'version', value: reader.int64Clamped() }
        break
      case 40:
        m.targetUnion = { case: 'createRevision', value: reader.int64Clamped() }
        break
      case 48:
        m.targetUnion = { case: 'modRevision', value: reader.int64Clamped() }
        break
      case 58:
        m.targetUnion = { case: 'value', value: reader.bytes() }
        break
      case 64:
        m.targetUnion = { case: 'lease', value: reader.int64Big() }
        break
      case 514:
        m.rangeEnd = reader.bytes()
        break
      default:
        reader.skip(tag, CompareFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeCompare(writer: Writer, message: CompareInit): void {
  const v64 = message.rangeEnd
  if (v64 !== undefined && v64.length > 0) writer.bytes(514, v64)
  const v4 = message.targetUnion
  switch (v4?.case) {
    case 'version': {
      writer.int64(32, v4.value)
      break
    }
    case 'createRevision': {
      writer.int64(40, v4.value)
      break
    }
    case 'modRevision': {
      writer.int64(48, v4.value)
      break
    }
    case 'value': {
      writer.bytes(58, v4.value)
      break
    }
    case 'lease': {
      writer.int64Big(64, v4.value)
      break
    }
    case undefined:
  }
  const v3 = message.key
  if (v3 !== undefined && v3.length > 0) writer.bytes(26, v3)
  const v2 = message.target
  if (v2 !== undefined && v2 !== 0) writer.int32(16, v2)
  const v1 = message.result
  if (v1 !== undefined && v1 !== 0) writer.int32(8, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeCompare(message: CompareInit): Uint8Array {
  sharedWriter.begin()
  writeCompare(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeCompare = (bytes: Uint8Array): Compare => readCompare(new Reader(bytes, 'etcdserverpb.Compare'), newCompare())

export const CompareType: MessageType<Compare, CompareInit> = {
  name: 'etcdserverpb.Compare',
  fields: [
    { number: 1, name: 'result', property: 'result', kind: 'enum', values: Compare_CompareResult },
    { number: 2, name: 'target', property: 'target', kind: 'enum', values: Compare_CompareTarget },
    { number: 3, name: 'key', property: 'key', kind: 'bytes' },
    { number: 4, name: 'version', property: 'version', kind: 'int64', oneof: 'targetUnion', range: 'clamp' },
    { number: 5, name: 'create_revision', property: 'createRevision', kind: 'int64', oneof: 'targetUnion', range: 'clamp' },
    { number: 6, name: 'mod_revision', property: 'modRevision', kind: 'int64', oneof: 'targetUnion', range: 'clamp' },
    { number: 7, name: 'value', property: 'value', kind: 'bytes', oneof: 'targetUnion' },
    { number: 8, name: 'lease', property: 'lease', kind: 'int64', oneof: 'targetUnion', range: 'bigint' },
    { number: 64, name: 'range_end', property: 'rangeEnd', kind: 'bytes' },
  ],
  create: newCompare,
  encode: encodeCompare,
  decode: decodeCompare,
  read: readCompare,
  write: writeCompare,
}

export interface TxnRequest {
  readonly compare: readonly Compare[]
  readonly success: readonly RequestOp[]
  readonly failure: readonly RequestOp[]
}

/** What is left out has its default. */
export interface TxnRequestInit {
  readonly compare?: readonly CompareInit[] | undefined
  readonly success?: readonly RequestOpInit[] | undefined
  readonly failure?: readonly RequestOpInit[] | undefined
}

export const newTxnRequest = (): TxnRequest => ({ compare: [], success: [], failure: [] })

const TxnRequestFields: ReadonlySet<number> = new Set([1, 2, 3])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readTxnRequest(reader: Reader, message: TxnRequest): TxnRequest {
  const m = message as Mutable<TxnRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10: {
        const end = reader.open()
        m.compare.push(readCompare(reader, newCompare()))
        reader.close(end)
        break
      }
      case 18: {
        const end = reader.open()
        m.success.push(readRequestOp(reader, newRequestOp()))
        reader.close(end)
        break
      }
      case 26: {
        const end = reader.open()
        m.failure.push(readRequestOp(reader, newRequestOp()))
        reader.close(end)
        break
      }
      default:
        reader.skip(tag, TxnRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeTxnRequest(writer: Writer, message: TxnRequestInit): void {
  const v3 = message.failure
  if (v3 !== undefined) {
    for (let at = v3.length - 1; at >= 0; at--) {
      const open = writer.open()
      writeRequestOp(writer, v3[at] as RequestOpInit)
      writer.close(26, open)
    }
  }
  const v2 = message.success
  if (v2 !== undefined) {
    for (let at = v2.length - 1; at >= 0; at--) {
      const open = writer.open()
      writeRequestOp(writer, v2[at] as RequestOpInit)
      writer.close(18, open)
    }
  }
  const v1 = message.compare
  if (v1 !== undefined) {
    for (let at = v1.length - 1; at >= 0; at--) {
      const open = writer.open()
      writeCompare(writer, v1[at] as CompareInit)
      writer.close(10, open)
    }
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeTxnRequest(message: TxnRequestInit): Uint8Array {
  sharedWriter.begin()
  writeTxnRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeTxnRequest = (bytes: Uint8Array): TxnRequest => readTxnRequest(new Reader(bytes, 'etcdserverpb.TxnRequest'), newTxnRequest())

export const TxnRequestType: MessageType<TxnRequest, TxnRequestInit> = {
  name: 'etcdserverpb.TxnRequest',
  fields: [
    { number: 1, name: 'compare', property: 'compare', kind: 'message', repeated: true, message: () => CompareType },
    { number: 2, name: 'success', property: 'success', kind: 'message', repeated: true, message: () => RequestOpType },
    { number: 3, name: 'failure', property: 'failure', kind: 'message', repeated: true, message: () => RequestOpType },
  ],
  create: newTxnRequest,
  encode: encodeTxnRequest,
  decode: decodeTxnRequest,
  read: readTxnRequest,
  write: writeTxnRequest,
}

export interface TxnResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
  readonly succeeded: boolean
  readonly responses: readonly ResponseOp[]
}

/** What is left out has its default. */
export interface TxnResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
  readonly succeeded?: boolean | undefined
  readonly responses?: readonly ResponseOpInit[] | undefined
}

export const newTxnResponse = (): TxnResponse => ({ header: null, succeeded: false, responses: [] })

const TxnResponseFields: ReadonlySet<number> = new Set([1, 2, 3])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readTxnResponse(reader: Reader, message: TxnResponse): TxnResponse {
  const m = message as Mutable<TxnResponse>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10: {
        const end = reader.open()
        m.header = etcdserverpbHeader.readResponseHeader(reader, m.header ?? etcdserverpbHeader.newResponseHeader())
        reader.close(end)
        break
      }
      case 16:
        m.succeeded = reader.bool()
        break
      case 26: {
        const end = reader.open()
        m.responses.push(readResponseOp(reader, newResponseOp()))
        reader.close(end)
        break
      }
      default:
        reader.skip(tag, TxnResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeTxnResponse(writer: Writer, message: TxnResponseInit): void {
  const v3 = message.responses
  if (v3 !== undefined) {
    for (let at = v3.length - 1; at >= 0; at--) {
      const open = writer.open()
      writeResponseOp(writer, v3[at] as ResponseOpInit)
      writer.close(26, open)
    }
  }
  const v2 = message.succeeded
  if (v2 === true) writer.bool(16, v2)
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeTxnResponse(message: TxnResponseInit): Uint8Array {
  sharedWriter.begin()
  writeTxnResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeTxnResponse = (bytes: Uint8Array): TxnResponse => readTxnResponse(new Reader(bytes, 'etcdserverpb.TxnResponse'), newTxnResponse())

export const TxnResponseType: MessageType<TxnResponse, TxnResponseInit> = {
  name: 'etcdserverpb.TxnResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
    { number: 2, name: 'succeeded', property: 'succeeded', kind: 'bool' },
    { number: 3, name: 'responses', property: 'responses', kind: 'message', repeated: true, message: () => ResponseOpType },
  ],
  create: newTxnResponse,
  encode: encodeTxnResponse,
  decode: decodeTxnResponse,
  read: readTxnResponse,
  write: writeTxnResponse,
}

export interface CompactionRequest {
  readonly revision: number
  /** Answer when the space is free again. */
  readonly physical: boolean
}

/** What is left out has its default. */
export interface CompactionRequestInit {
  readonly revision?: number | undefined
  readonly physical?: boolean | undefined
}

export const newCompactionRequest = (): CompactionRequest => ({ revision: 0, physical: false })

const CompactionRequestFields: ReadonlySet<number> = new Set([1, 2])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readCompactionRequest(reader: Reader, message: CompactionRequest): CompactionRequest {
  const m = message as Mutable<CompactionRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 8:
        m.revision = reader.int64Clamped()
        break
      case 16:
        m.physical = reader.bool()
        break
      default:
        reader.skip(tag, CompactionRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeCompactionRequest(writer: Writer, message: CompactionRequestInit): void {
  const v2 = message.physical
  if (v2 === true) writer.bool(16, v2)
  const v1 = message.revision
  if (v1 !== undefined && v1 !== 0) writer.int64(8, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeCompactionRequest(message: CompactionRequestInit): Uint8Array {
  sharedWriter.begin()
  writeCompactionRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeCompactionRequest = (bytes: Uint8Array): CompactionRequest => readCompactionRequest(new Reader(bytes, 'etcdserverpb.CompactionRequest'), newCompactionRequest())

export const CompactionRequestType: MessageType<CompactionRequest, CompactionRequestInit> = {
  name: 'etcdserverpb.CompactionRequest',
  fields: [
    { number: 1, name: 'revision', property: 'revision', kind: 'int64', range: 'clamp' },
    { number: 2, name: 'physical', property: 'physical', kind: 'bool' },
  ],
  create: newCompactionRequest,
  encode: encodeCompactionRequest,
  decode: decodeCompactionRequest,
  read: readCompactionRequest,
  write: writeCompactionRequest,
}

export interface CompactionResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
}

/** What is left out has its default. */
export interface CompactionResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
}

export const newCompactionResponse = (): CompactionResponse => ({ header: null })

const CompactionResponseFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readCompactionResponse(reader: Reader, message: CompactionResponse): CompactionResponse {
  const m = message as Mutable<CompactionResponse>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10: {
        const end = reader.open()
        m.header = etcdserverpbHeader.readResponseHeader(reader, m.header ?? etcdserverpbHeader.newResponseHeader())
        reader.close(end)
        break
      }
      default:
        reader.skip(tag, CompactionResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeCompactionResponse(writer: Writer, message: CompactionResponseInit): void {
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeCompactionResponse(message: CompactionResponseInit): Uint8Array {
  sharedWriter.begin()
  writeCompactionResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeCompactionResponse = (bytes: Uint8Array): CompactionResponse => readCompactionResponse(new Reader(bytes, 'etcdserverpb.CompactionResponse'), newCompactionResponse())

export const CompactionResponseType: MessageType<CompactionResponse, CompactionResponseInit> = {
  name: 'etcdserverpb.CompactionResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
  ],
  create: newCompactionResponse,
  encode: encodeCompactionResponse,
  decode: decodeCompactionResponse,
  read: readCompactionResponse,
  write: writeCompactionResponse,
}

export const KVService = {
  name: 'etcdserverpb.KV',
  methods: {
    Range: {
      name: 'Range',
      path: '/etcdserverpb.KV/Range',
      clientStreaming: false,
      serverStreaming: false,
      request: RangeRequestType,
      response: RangeResponseType,
      http: ['/v3/kv/range'],
    },
    /** The same answer in parts: merged in order they give the whole. */
    RangeStream: {
      name: 'RangeStream',
      path: '/etcdserverpb.KV/RangeStream',
      clientStreaming: false,
      serverStreaming: true,
      request: RangeRequestType,
      response: RangeStreamResponseType,
      http: [],
    },
    Put: {
      name: 'Put',
      path: '/etcdserverpb.KV/Put',
      clientStreaming: false,
      serverStreaming: false,
      request: PutRequestType,
      response: PutResponseType,
      http: ['/v3/kv/put'],
    },
    DeleteRange: {
      name: 'DeleteRange',
      path: '/etcdserverpb.KV/DeleteRange',
      clientStreaming: false,
      serverStreaming: false,
      request: DeleteRangeRequestType,
      response: DeleteRangeResponseType,
      http: ['/v3/kv/deleterange'],
    },
    Txn: {
      name: 'Txn',
      path: '/etcdserverpb.KV/Txn',
      clientStreaming: false,
      serverStreaming: false,
      request: TxnRequestType,
      response: TxnResponseType,
      http: ['/v3/kv/txn'],
    },
    Compact: {
      name: 'Compact',
      path: '/etcdserverpb.KV/Compact',
      clientStreaming: false,
      serverStreaming: false,
      request: CompactionRequestType,
      response: CompactionResponseType,
      http: ['/v3/kv/compaction'],
    },
  },
} as const satisfies ServiceType
