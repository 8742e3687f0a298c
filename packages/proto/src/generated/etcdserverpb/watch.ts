// Written by `npm run codegen` from packages/proto/proto/etcdserverpb/watch.proto. Do not change it by hand.
import type { MessageType, Mutable, OpenEnum, ServiceType } from '../../runtime/message-type.js'
import { EMPTY, Reader } from '../../runtime/reader.js'
import { sharedWriter, type Writer } from '../../runtime/writer.js'
import * as etcdserverpbHeader from '../etcdserverpb/header.js'
import * as mvccpbKv from '../mvccpb/kv.js'

/** Kinds of events that are left out. */
export const WatchCreateRequest_FilterType = {
  NOPUT: 0,
  NODELETE: 1,
} as const
export type WatchCreateRequest_FilterType = OpenEnum<typeof WatchCreateRequest_FilterType>

export interface WatchRequest {
  readonly requestUnion: 
    | { readonly case: 'createRequest'; readonly value: WatchCreateRequest }
    | { readonly case: 'cancelRequest'; readonly value: WatchCancelRequest }
    | { readonly case: 'progressRequest'; readonly value: WatchProgressRequest } | null
}

/** What is left out has its default. */
export interface WatchRequestInit {
  readonly requestUnion?: 
    | { readonly case: 'createRequest'; readonly value: WatchCreateRequestInit }
    | { readonly case: 'cancelRequest'; readonly value: WatchCancelRequestInit }
    | { readonly case: 'progressRequest'; readonly value: WatchProgressRequestInit } | null | undefined
}

export const newWatchRequest = (): WatchRequest => ({ requestUnion: null })

const WatchRequestFields: ReadonlySet<number> = new Set([1, 2, 3])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readWatchRequest(reader: Reader, message: WatchRequest): WatchRequest {
  const m = message as Mutable<WatchRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10: {
        const end = reader.open()
        m.requestUnion = { case: 'createRequest', value: readWatchCreateRequest(reader, m.requestUnion?.case === 'createRequest' ? m.requestUnion.value : newWatchCreateRequest()) }
        reader.close(end)
        break
      }
      case 18: {
        const end = reader.open()
        m.requestUnion = { case: 'cancelRequest', value: readWatchCancelRequest(reader, m.requestUnion?.case === 'cancelRequest' ? m.requestUnion.value : newWatchCancelRequest()) }
        reader.close(end)
        break
      }
      case 26: {
        const end = reader.open()
        m.requestUnion = { case: 'progressRequest', value: readWatchProgressRequest(reader, m.requestUnion?.case === 'progressRequest' ? m.requestUnion.value : newWatchProgressRequest()) }
        reader.close(end)
        break
      }
      default:
        reader.skip(tag, WatchRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeWatchRequest(writer: Writer, message: WatchRequestInit): void {
  const v1 = message.requestUnion
  switch (v1?.case) {
    case 'createRequest': {
      const open = writer.open()
      writeWatchCreateRequest(writer, v1.value)
      writer.close(10, open)
      break
    }
    case 'cancelRequest': {
      const open = writer.open()
      writeWatchCancelRequest(writer, v1.value)
      writer.close(18, open)
      break
    }
    case 'progressRequest': {
      const open = writer.open()
      writeWatchProgressRequest(writer, v1.value)
      writer.close(26, open)
      break
    }
    case undefined:
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeWatchRequest(message: WatchRequestInit): Uint8Array {
  sharedWriter.begin()
  writeWatchRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeWatchRequest = (bytes: Uint8Array): WatchRequest => readWatchRequest(new Reader(bytes, 'etcdserverpb.WatchRequest'), newWatchRequest())

export const WatchRequestType: MessageType<WatchRequest, WatchRequestInit> = {
  name: 'etcdserverpb.WatchRequest',
  fields: [
    { number: 1, name: 'create_request', property: 'createRequest', kind: 'message', oneof: 'requestUnion', message: () => WatchCreateRequestType },
    { number: 2, name: 'cancel_request', property: 'cancelRequest', kind: 'message', oneof: 'requestUnion', message: () => WatchCancelRequestType },
    { number: 3, name: 'progress_request', property: 'progressRequest', kind: 'message', oneof: 'requestUnion', message: () => WatchProgressRequestType },
  ],
  create: newWatchRequest,
  encode: encodeWatchRequest,
  decode: decodeWatchRequest,
  read: readWatchRequest,
  write: writeWatchRequest,
}

export interface WatchCreateRequest {
  readonly key: Uint8Array
  readonly rangeEnd: Uint8Array
  /** 0 = from now on. */
  readonly startRevision: number
  readonly progressNotify: boolean
  readonly filters: readonly WatchCreateRequest_FilterType[]
  readonly prevKv: boolean
  /** 0 = the server picks one. */
  readonly watchId: number
  /** Large answers may come in parts. */
  readonly fragment: boolean
}

/** What is left out has its default. */
export interface WatchCreateRequestInit {
  readonly key?: Uint8Array | undefined
  readonly rangeEnd?: Uint8Array | undefined
  readonly startRevision?: number | undefined
  readonly progressNotify?: boolean | undefined
  readonly filters?: readonly WatchCreateRequest_FilterType[] | undefined
  readonly prevKv?: boolean | undefined
  readonly watchId?: number | undefined
  readonly fragment?: boolean | undefined
}

export const newWatchCreateRequest = (): WatchCreateRequest => ({ key: EMPTY, rangeEnd: EMPTY, startRevision: 0, progressNotify: false, filters: [], prevKv: false, watchId: 0, fragment: false })

const WatchCreateRequestFields: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 7, 8])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readWatchCreateRequest(reader: Reader, message: WatchCreateRequest): WatchCreateRequest {
  const m = message as Mutable<WatchCreateRequest>
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
        m.startRevision = reader.int64Clamped()
        break
      case 32:
        m.progressNotify = reader.bool()
        break
      case 40:
        m.filters.push(reader.int32())
        break
      case 42: {
        const end = reader.openPacked()
        while (reader.more()) m.filters.push(reader.int32())
        reader.closePacked(end)
        break
      }
      case 48:
        m.prevKv = reader.bool()
        break
      case 56:
        m.watchId = reader.int64()
        break
      case 64:
        m.fragment = reader.bool()
        break
      default:
        reader.skip(tag, WatchCreateRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeWatchCreateRequest(writer: Writer, message: WatchCreateRequestInit): void {
  const v8 = message.fragment
  if (v8 === true) writer.bool(64, v8)
  const v7 = message.watchId
  if (v7 !== undefined && v7 !== 0) writer.int64(56, v7)
  const v6 = message.prevKv
  if (v6 === true) writer.bool(48, v6)
  const v5 = message.filters
  if (v5 !== undefined && v5.length > 0) {
    const open = writer.open()
    for (let at = v5.length - 1; at >= 0; at--) writer.int32Value(v5[at] as number)
    writer.close(42, open)
  }
  const v4 = message.progressNotify
  if (v4 === true) writer.bool(32, v4)
  const v3 = message.startRevision
  if (v3 !== undefined && v3 !== 0) writer.int64(24, v3)
  const v2 = message.rangeEnd
  if (v2 !== undefined && v2.length > 0) writer.bytes(18, v2)
  const v1 = message.key
  if (v1 !== undefined && v1.length > 0) writer.bytes(10, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeWatchCreateRequest(message: WatchCreateRequestInit): Uint8Array {
  sharedWriter.begin()
  writeWatchCreateRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeWatchCreateRequest = (bytes: Uint8Array): WatchCreateRequest => readWatchCreateRequest(new Reader(bytes, 'etcdserverpb.WatchCreateRequest'), newWatchCreateRequest())

export const WatchCreateRequestType: MessageType<WatchCreateRequest, WatchCreateRequestInit> = {
  name: 'etcdserverpb.WatchCreateRequest',
  fields: [
    { number: 1, name: 'key', property: 'key', kind: 'bytes' },
    { number: 2, name: 'range_end', property: 'rangeEnd', kind: 'bytes' },
    { number: 3, name: 'start_revision', property: 'startRevision', kind: 'int64', range: 'clamp' },
    { number: 4, name: 'progress_notify', property: 'progressNotify', kind: 'bool' },
    { number: 5, name: 'filters', property: 'filters', kind: 'enum', repeated: true, values: WatchCreateRequest_FilterType },
    { number: 6, name: 'prev_kv', property: 'prevKv', kind: 'bool' },
    { number: 7, name: 'watch_id', property: 'watchId', kind: 'int64' },
    { number: 8, name: 'fragment', property: 'fragment', kind: 'bool' },
  ],
  create: newWatchCreateRequest,
  encode: encodeWatchCreateRequest,
  decode: decodeWatchCreateRequest,
  read: readWatchCreateRequest,
  write: writeWatchCreateRequest,
}

export interface WatchCancelRequest {
  readonly watchId: number
}

/** What is left out has its default. */
export interface WatchCancelRequestInit {
  readonly watchId?: number | undefined
}

export const newWatchCancelRequest = (): WatchCancelRequest => ({ watchId: 0 })

const WatchCancelRequestFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readWatchCancelRequest(reader: Reader, message: WatchCancelRequest): WatchCancelRequest {
  const m = message as Mutable<WatchCancelRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 8:
        m.watchId = reader.int64()
        break
      default:
        reader.skip(tag, WatchCancelRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeWatchCancelRequest(writer: Writer, message: WatchCancelRequestInit): void {
  const v1 = message.watchId
  if (v1 !== undefined && v1 !== 0) writer.int64(8, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeWatchCancelRequest(message: WatchCancelRequestInit): Uint8Array {
  sharedWriter.begin()
  writeWatchCancelRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeWatchCancelRequest = (bytes: Uint8Array): WatchCancelRequest => readWatchCancelRequest(new Reader(bytes, 'etcdserverpb.WatchCancelRequest'), newWatchCancelRequest())

export const WatchCancelRequestType: MessageType<WatchCancelRequest, WatchCancelRequestInit> = {
  name: 'etcdserverpb.WatchCancelRequest',
  fields: [
    { number: 1, name: 'watch_id', property: 'watchId', kind: 'int64' },
  ],
  create: newWatchCancelRequest,
  encode: encodeWatchCancelRequest,
  decode: decodeWatchCancelRequest,
  read: readWatchCancelRequest,
  write: writeWatchCancelRequest,
}

export interface WatchProgressRequest {
}

/** What is left out has its default. */
export interface WatchProgressRequestInit {
}

export const newWatchProgressRequest = (): WatchProgressRequest => ({})

const WatchProgressRequestFields: ReadonlySet<number> = new Set([])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readWatchProgressRequest(reader: Reader, message: WatchProgressRequest): WatchProgressRequest {
  while (reader.more()) {
    const tag = reader.tag()
    reader.skip(tag, WatchProgressRequestFields)
  }
  return message
}

/** In front of what the writer holds. */
export function writeWatchProgressRequest(_writer: Writer, _message: WatchProgressRequestInit): void {
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeWatchProgressRequest(message: WatchProgressRequestInit): Uint8Array {
  sharedWriter.begin()
  writeWatchProgressRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeWatchProgressRequest = (bytes: Uint8Array): WatchProgressRequest => readWatchProgressRequest(new Reader(bytes, 'etcdserverpb.WatchProgressRequest'), newWatchProgressRequest())

export const WatchProgressRequestType: MessageType<WatchProgressRequest, WatchProgressRequestInit> = {
  name: 'etcdserverpb.WatchProgressRequest',
  fields: [],
  create: newWatchProgressRequest,
  encode: encodeWatchProgressRequest,
  decode: decodeWatchProgressRequest,
  read: readWatchProgressRequest,
  write: writeWatchProgressRequest,
}

export interface WatchResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
  /** -1 = the whole stream, or a watch that was refused. */
  readonly watchId: number
  readonly created: boolean
  readonly canceled: boolean
  readonly compactRevision: number
  readonly cancelReason: string
  /** More of this revision follows. */
  readonly fragment: boolean
  readonly events: readonly mvccpbKv.Event[]
}

/** What is left out has its default. */
export interface WatchResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
  readonly watchId?: number | undefined
  readonly created?: boolean | undefined
  readonly canceled?: boolean | undefined
  readonly compactRevision?: number | undefined
  readonly cancelReason?: string | undefined
  readonly fragment?: boolean | undefined
  readonly events?: readonly mvccpbKv.EventInit[] | undefined
}

export const newWatchResponse = (): WatchResponse => ({ header: null, watchId: 0, created: false, canceled: false, compactRevision: 0, cancelReason: '', fragment: false, events: [] })

const WatchResponseFields: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 7, 11])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readWatchResponse(reader: Reader, message: WatchResponse): WatchResponse {
  const m = message as Mutable<WatchResponse>
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
        m.watchId = reader.int64()
        break
      case 24:
        m.created = reader.bool()
        break
      case 32:
        m.canceled = reader.bool()
        break
      case 40:
        m.compactRevision = reader.int64()
        break
      case 50:
        m.cancelReason = reader.string()
        break
      case 56:
        m.fragment = reader.bool()
        break
      case 90: {
        const end = reader.open()
        m.events.push(mvccpbKv.readEvent(reader, mvccpbKv.newEvent()))
        reader.close(end)
        break
      }
      default:
        reader.skip(tag, WatchResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeWatchResponse(writer: Writer, message: WatchResponseInit): void {
  const v11 = message.events
  if (v11 !== undefined) {
    for (let at = v11.length - 1; at >= 0; at--) {
      const open = writer.open()
      mvccpbKv.writeEvent(writer, v11[at] as mvccpbKv.EventInit)
      writer.close(90, open)
    }
  }
  const v7 = message.fragment
  if (v7 === true) writer.bool(56, v7)
  const v6 = message.cancelReason
  if (v6 !== undefined && v6 !== '') writer.string(50, v6)
  const v5 = message.compactRevision
  if (v5 !== undefined && v5 !== 0) writer.int64(40, v5)
  const v4 = message.canceled
  if (v4 === true) writer.bool(32, v4)
  const v3 = message.created
  if (v3 === true) writer.bool(24, v3)
  const v2 = message.watchId
  if (v2 !== undefined && v2 !== 0) writer.int64(16, v2)
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeWatchResponse(message: WatchResponseInit): Uint8Array {
  sharedWriter.begin()
  writeWatchResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeWatchResponse = (bytes: Uint8Array): WatchResponse => readWatchResponse(new Reader(bytes, 'etcdserverpb.WatchResponse'), newWatchResponse())

export const WatchResponseType: MessageType<WatchResponse, WatchResponseInit> = {
  name: 'etcdserverpb.WatchResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
    { number: 2, name: 'watch_id', property: 'watchId', kind: 'int64' },
    { number: 3, name: 'created', property: 'created', kind: 'bool' },
    { number: 4, name: 'canceled', property: 'canceled', kind: 'bool' },
    { number: 5, name: 'compact_revision', property: 'compactRevision', kind: 'int64' },
    { number: 6, name: 'cancel_reason', property: 'cancelReason', kind: 'string' },
    { number: 7, name: 'fragment', property: 'fragment', kind: 'bool' },
    { number: 11, name: 'events', property: 'events', kind: 'message', repeated: true, message: () => mvccpbKv.EventType },
  ],
  create: newWatchResponse,
  encode: encodeWatchResponse,
  decode: decodeWatchResponse,
  read: readWatchResponse,
  write: writeWatchResponse,
}

export const WatchService = {
  name: 'etcdserverpb.Watch',
  methods: {
    /** Many watches on one stream. */
    Watch: {
      name: 'Watch',
      path: '/etcdserverpb.Watch/Watch',
      clientStreaming: true,
      serverStreaming: true,
      request: WatchRequestType,
      response: WatchResponseType,
      http: ['/v3/watch'],
    },
  },
} as const satisfies ServiceType
