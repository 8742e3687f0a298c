// Written by `npm run codegen` from packages/proto/proto/balsa/v1/balsa.proto. Do not change it by hand.
import type { MessageType, Mutable, OpenEnum, ServiceType } from '../../../runtime/message-type.js'
import { EMPTY, Reader } from '../../../runtime/reader.js'
import { sharedWriter, type Writer } from '../../../runtime/writer.js'
import * as etcdserverpbHeader from '../../etcdserverpb/header.js'
import * as etcdserverpbKv from '../../etcdserverpb/kv.js'
import * as etcdserverpbMaintenance from '../../etcdserverpb/maintenance.js'

export const Role = {
  FOLLOWER: 0,
  PRE_CANDIDATE: 1,
  CANDIDATE: 2,
  LEADER: 3,
} as const
export type Role = OpenEnum<typeof Role>

/** What a member counts for. */
export const Standing = {
  VOTER: 0,
  LEARNER: 1,
  WITNESS: 2,
} as const
export type Standing = OpenEnum<typeof Standing>

export const TransferEvent_Outcome = {
  BEGUN: 0,
  DONE: 1,
  FAILED: 2,
} as const
export type TransferEvent_Outcome = OpenEnum<typeof TransferEvent_Outcome>

export interface Stamp {
  readonly session: number
  /** 1, 2, 3 ... within the session; the same for every attempt of one write. */
  readonly sequence: number
  /** The client never asks again for anything below it. */
  readonly firstUnanswered: number
}

/** What is left out has its default. */
export interface StampInit {
  readonly session?: number | undefined
  readonly sequence?: number | undefined
  readonly firstUnanswered?: number | undefined
}

export const newStamp = (): Stamp => ({ session: 0, sequence: 0, firstUnanswered: 0 })

const StampFields: ReadonlySet<number> = new Set([1, 2, 3])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readStamp(reader: Reader, message: Stamp): Stamp {
  const m = message as Mutable<Stamp>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 8:
        m.session = reader.uint64()
        break
      case 16:
        m.sequence = reader.uint64()
        break
      case 24:
        m.firstUnanswered = reader.uint64()
        break
      default:
        reader.skip(tag, StampFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeStamp(writer: Writer, message: StampInit): void {
  const v3 = message.firstUnanswered
  if (v3 !== undefined && v3 !== 0) writer.uint64(24, v3)
  const v2 = message.sequence
  if (v2 !== undefined && v2 !== 0) writer.uint64(16, v2)
  const v1 = message.session
  if (v1 !== undefined && v1 !== 0) writer.uint64(8, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeStamp(message: StampInit): Uint8Array {
  sharedWriter.begin()
  writeStamp(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeStamp = (bytes: Uint8Array): Stamp => readStamp(new Reader(bytes, 'balsa.v1.Stamp'), newStamp())

export const StampType: MessageType<Stamp, StampInit> = {
  name: 'balsa.v1.Stamp',
  fields: [
    { number: 1, name: 'session', property: 'session', kind: 'uint64' },
    { number: 2, name: 'sequence', property: 'sequence', kind: 'uint64' },
    { number: 3, name: 'first_unanswered', property: 'firstUnanswered', kind: 'uint64' },
  ],
  create: newStamp,
  encode: encodeStamp,
  decode: decodeStamp,
  read: readStamp,
  write: writeStamp,
}

export interface AppendRequest {
  readonly key: Uint8Array
  readonly value: Uint8Array
  /** Without one, a repeated request is applied again. */
  readonly stamp: Stamp | null
}

/** What is left out has its default. */
export interface AppendRequestInit {
  readonly key?: Uint8Array | undefined
  readonly value?: Uint8Array | undefined
  readonly stamp?: StampInit | null | undefined
}

export const newAppendRequest = (): AppendRequest => ({ key: EMPTY, value: EMPTY, stamp: null })

const AppendRequestFields: ReadonlySet<number> = new Set([1, 2, 3])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readAppendRequest(reader: Reader, message: AppendRequest): AppendRequest {
  const m = message as Mutable<AppendRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10:
        m.key = reader.bytes()
        break
      case 18:
        m.value = reader.bytes()
        break
      case 26: {
        const end = reader.open()
        m.stamp = readStamp(reader, m.stamp ?? newStamp())
        reader.close(end)
        break
      }
      default:
        reader.skip(tag, AppendRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeAppendRequest(writer: Writer, message: AppendRequestInit): void {
  const v3 = message.stamp
  if (v3 !== undefined && v3 !== null) {
    const open = writer.open()
    writeStamp(writer, v3)
    writer.close(26, open)
  }
  const v2 = message.value
  if (v2 !== undefined && v2.length > 0) writer.bytes(18, v2)
  const v1 = message.key
  if (v1 !== undefined && v1.length > 0) writer.bytes(10, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeAppendRequest(message: AppendRequestInit): Uint8Array {
  sharedWriter.begin()
  writeAppendRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeAppendRequest = (bytes: Uint8Array): AppendRequest => readAppendRequest(new Reader(bytes, 'balsa.v1.AppendRequest'), newAppendRequest())

export const AppendRequestType: MessageType<AppendRequest, AppendRequestInit> = {
  name: 'balsa.v1.AppendRequest',
  fields: [
    { number: 1, name: 'key', property: 'key', kind: 'bytes' },
    { number: 2, name: 'value', property: 'value', kind: 'bytes' },
    { number: 3, name: 'stamp', property: 'stamp', kind: 'message', message: () => StampType },
  ],
  create: newAppendRequest,
  encode: encodeAppendRequest,
  decode: decodeAppendRequest,
  read: readAppendRequest,
  write: writeAppendRequest,
}

export interface AppendResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
  /** Bytes of the value afterwards. */
  readonly length: number
}

/** What is left out has its default. */
export interface AppendResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
  readonly length?: number | undefined
}

export const newAppendResponse = (): AppendResponse => ({ header: null, length: 0 })

const AppendResponseFields: ReadonlySet<number> = new Set([1, 2])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readAppendResponse(reader: Reader, message: AppendResponse): AppendResponse {
  const m = message as Mutable<AppendResponse>
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
        m.length = reader.uint64()
        break
      default:
        reader.skip(tag, AppendResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeAppendResponse(writer: Writer, message: AppendResponseInit): void {
  const v2 = message.length
  if (v2 !== undefined && v2 !== 0) writer.uint64(16, v2)
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeAppendResponse(message: AppendResponseInit): Uint8Array {
  sharedWriter.begin()
  writeAppendResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeAppendResponse = (bytes: Uint8Array): AppendResponse => readAppendResponse(new Reader(bytes, 'balsa.v1.AppendResponse'), newAppendResponse())

export const AppendResponseType: MessageType<AppendResponse, AppendResponseInit> = {
  name: 'balsa.v1.AppendResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
    { number: 2, name: 'length', property: 'length', kind: 'uint64' },
  ],
  create: newAppendResponse,
  encode: encodeAppendResponse,
  decode: decodeAppendResponse,
  read: readAppendResponse,
  write: writeAppendResponse,
}

export interface WriteRequest {
  readonly stamp: Stamp | null
  readonly operation: 
    | { readonly case: 'append'; readonly value: AppendRequest }
    | { readonly case: 'put'; readonly value: etcdserverpbKv.PutRequest }
    | { readonly case: 'deleteRange'; readonly value: etcdserverpbKv.DeleteRangeRequest }
    | { readonly case: 'txn'; readonly value: etcdserverpbKv.TxnRequest } | null
}

/** What is left out has its default. */
export interface WriteRequestInit {
  readonly stamp?: StampInit | null | undefined
  readonly operation?: 
    | { readonly case: 'append'; readonly value: AppendRequestInit }
    | { readonly case: 'put'; readonly value: etcdserverpbKv.PutRequestInit }
    | { readonly case: 'deleteRange'; readonly value: etcdserverpbKv.DeleteRangeRequestInit }
    | { readonly case: 'txn'; readonly value: etcdserverpbKv.TxnRequestInit } | null | undefined
}

export const newWriteRequest = (): WriteRequest => ({ stamp: null, operation: null })

const WriteRequestFields: ReadonlySet<number> = new Set([1, 2, 3, 4, 5])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readWriteRequest(reader: Reader, message: WriteRequest): WriteRequest {
  const m = message as Mutable<WriteRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10: {
        const end = reader.open()
        m.stamp = readStamp(reader, m.stamp ?? newStamp())
        reader.close(end)
        break
      }
      case 18: {
        const end = reader.open()
        m.operation = { case: 'append', value: readAppendRequest(reader, m.operation?.case === 'append' ? m.operation.value : newAppendRequest()) }
        reader.close(end)
        break
      }
      case 26: {
        const end = reader.open()
        m.operation = { case: 'put', value: etcdserverpbKv.readPutRequest(reader, m.operation?.case === 'put' ? m.operation.value : etcdserverpbKv.newPutRequest()) }
        reader.close(end)
        break
      }
      case 34: {
        const end = reader.open()
        m.operation = { case: 'deleteRange', value: etcdserverpbKv.readDeleteRangeRequest(reader, m.operation?.case === 'deleteRange' ? m.operation.value : etcdserverpbKv.newDeleteRangeRequest()) }
        reader.close(end)
        break
      }
      case 42: {
        const end = reader.open()
        m.operation = { case: 'txn', value: etcdserverpbKv.readTxnRequest(reader, m.operation?.case === 'txn' ? m.operation.value : etcdserverpbKv.newTxnRequest()) }
        reader.close(end)
        break
      }
      default:
        reader.skip(tag, WriteRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeWriteRequest(writer: Writer, message: WriteRequestInit): void {
  const v2 = message.operation
  switch (v2?.case) {
    case 'append': {
      const open = writer.open()
      writeAppendRequest(writer, v2.value)
      writer.close(18, open)
      break
    }
    case 'put': {
      const open = writer.open()
      etcdserverpbKv.writePutRequest(writer, v2.value)
      writer.close(26, open)
      break
    }
    case 'deleteRange': {
      const open = writer.open()
      etcdserverpbKv.writeDeleteRangeRequest(writer, v2.value)
      writer.close(34, open)
      break
    }
    case 'txn': {
      const open = writer.open()
      etcdserverpbKv.writeTxnRequest(writer, v2.value)
      writer.close(42, open)
      break
    }
    case undefined:
  }
  const v1 = message.stamp
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    writeStamp(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeWriteRequest(message: WriteRequestInit): Uint8Array {
  sharedWriter.begin()
  writeWriteRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeWriteRequest = (bytes: Uint8Array): WriteRequest => readWriteRequest(new Reader(bytes, 'balsa.v1.WriteRequest'), newWriteRequest())

export const WriteRequestType: MessageType<WriteRequest, WriteRequestInit> = {
  name: 'balsa.v1.WriteRequest',
  fields: [
    { number: 1, name: 'stamp', property: 'stamp', kind: 'message', message: () => StampType },
    { number: 2, name: 'append', property: 'append', kind: 'message', oneof: 'operation', message: () => AppendRequestType },
    { number: 3, name: 'put', property: 'put', kind: 'message', oneof: 'operation', message: () => etcdserverpbKv.PutRequestType },
    { number: 4, name: 'delete_range', property: 'deleteRange', kind: 'message', oneof: 'operation', message: () => etcdserverpbKv.DeleteRangeRequestType },
    { number: 5, name: 'txn', property: 'txn', kind: 'message', oneof: 'operation', message: () => etcdserverpbKv.TxnRequestType },
  ],
  create: newWriteRequest,
  encode: encodeWriteRequest,
  decode: decodeWriteRequest,
  read: readWriteRequest,
  write: writeWriteRequest,
}

export interface WriteResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
  readonly result: 
    | { readonly case: 'append'; readonly value: AppendResponse }
    | { readonly case: 'put'; readonly value: etcdserverpbKv.PutResponse }
    | { readonly case: 'deleteRange'; readonly value: etcdserverpbKv.DeleteRangeResponse }
    | { readonly case: 'txn'; readonly value: etcdserverpbKv.TxnResponse } | null
  /** This answers a repetition, and the first answer was too long to be kept: previous pairs and the parts of a transaction are left out. */
  readonly shortened: boolean
}

/** What is left out has its default. */
export interface WriteResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
  readonly result?: 
    | { readonly case: 'append'; readonly value: AppendResponseInit }
    | { readonly case: 'put'; readonly value: etcdserverpbKv.PutResponseInit }
    | { readonly case: 'deleteRange'; readonly value: etcdserverpbKv.DeleteRangeResponseInit }
    | { readonly case: 'txn'; readonly value: etcdserverpbKv.TxnResponseInit } | null | undefined
  readonly shortened?: boolean | undefined
}

export const newWriteResponse = (): WriteResponse => ({ header: null, result: null, shortened: false })

const WriteResponseFields: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readWriteResponse(reader: Reader, message: WriteResponse): WriteResponse {
  const m = message as Mutable<WriteResponse>
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
        m.result = { case: 'append', value: readAppendResponse(reader, m.result?.case === 'append' ? m.result.value : newAppendResponse()) }
        reader.close(end)
        break
      }
      case 26: {
        const end = reader.open()
        m.result = { case: 'put', value: etcdserverpbKv.readPutResponse(reader, m.result?.case === 'put' ? m.result.value : etcdserverpbKv.newPutResponse()) }
        reader.close(end)
        break
      }
      case 34: {
        const end = reader.open()
        m.result = { case: 'deleteRange', value: etcdserverpbKv.readDeleteRangeResponse(reader, m.result?.case === 'deleteRange' ? m.result.value : etcdserverpbKv.newDeleteRangeResponse()) }
        reader.close(end)
        break
      }
      case 42: {
        const end = reader.open()
        m.result = { case: 'txn', value: etcdserverpbKv.readTxnResponse(reader, m.result?.case === 'txn' ? m.result.value : etcdserverpbKv.newTxnResponse()) }
        reader.close(end)
        break
      }
      case 48:
        m.shortened = reader.bool()
        break
      default:
        reader.skip(tag, WriteResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeWriteResponse(writer: Writer, message: WriteResponseInit): void {
  const v6 = message.shortened
  if (v6 === true) writer.bool(48, v6)
  const v2 = message.result
  switch (v2?.case) {
    case 'append': {
      const open = writer.open()
      writeAppendResponse(writer, v2.value)
      writer.close(18, open)
      break
    }
    case 'put': {
      const open = writer.open()
      etcdserverpbKv.writePutResponse(writer, v2.value)
      writer.close(26, open)
      break
    }
    case 'deleteRange': {
      const open = writer.open()
      etcdserverpbKv.writeDeleteRangeResponse(writer, v2.value)
      writer.close(34, open)
      break
    }
    case 'txn': {
      const open = writer.open()
      etcdserverpbKv.writeTxnResponse(writer, v2.value)
      writer.close(42, open)
      break
    }
    case undefined:
  }
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeWriteResponse(message: WriteResponseInit): Uint8Array {
  sharedWriter.begin()
  writeWriteResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeWriteResponse = (bytes: Uint8Array): WriteResponse => readWriteResponse(new Reader(bytes, 'balsa.v1.WriteResponse'), newWriteResponse())

export const WriteResponseType: MessageType<WriteResponse, WriteResponseInit> = {
  name: 'balsa.v1.WriteResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
    { number: 2, name: 'append', property: 'append', kind: 'message', oneof: 'result', message: () => AppendResponseType },
    { number: 3, name: 'put', property: 'put', kind: 'message', oneof: 'result', message: () => etcdserverpbKv.PutResponseType },
    { number: 4, name: 'delete_range', property: 'deleteRange', kind: 'message', oneof: 'result', message: () => etcdserverpbKv.DeleteRangeResponseType },
    { number: 5, name: 'txn', property: 'txn', kind: 'message', oneof: 'result', message: () => etcdserverpbKv.TxnResponseType },
    { number: 6, name: 'shortened', property: 'shortened', kind: 'bool' },
  ],
  create: newWriteResponse,
  encode: encodeWriteResponse,
  decode: decodeWriteResponse,
  read: readWriteResponse,
  write: writeWriteResponse,
}

export interface OpenSessionRequest {
  /** From one second to a day; what is beyond is brought there. */
  readonly ttlMs: number
  /** 16 random bytes: a repeated request finds the session that the first one opened. Empty: the member draws them, and a repetition opens another. */
  readonly clientNonce: Uint8Array
}

/** What is left out has its default. */
export interface OpenSessionRequestInit {
  readonly ttlMs?: number | undefined
  readonly clientNonce?: Uint8Array | undefined
}

export const newOpenSessionRequest = (): OpenSessionRequest => ({ ttlMs: 0, clientNonce: EMPTY })

const OpenSessionRequestFields: ReadonlySet<number> = new Set([1, 2])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readOpenSessionRequest(reader: Reader, message: OpenSessionRequest): OpenSessionRequest {
  const m = message as Mutable<OpenSessionRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 8:
        m.ttlMs = reader.uint64()
        break
      case 18:
        m.clientNonce = reader.bytes()
        break
      default:
        reader.skip(tag, OpenSessionRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeOpenSessionRequest(writer: Writer, message: OpenSessionRequestInit): void {
  const v2 = message.clientNonce
  if (v2 !== undefined && v2.length > 0) writer.bytes(18, v2)
  const v1 = message.ttlMs
  if (v1 !== undefined && v1 !== 0) writer.uint64(8, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeOpenSessionRequest(message: OpenSessionRequestInit): Uint8Array {
  sharedWriter.begin()
  writeOpenSessionRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeOpenSessionRequest = (bytes: Uint8Array): OpenSessionRequest => readOpenSessionRequest(new Reader(bytes, 'balsa.v1.OpenSessionRequest'), newOpenSessionRequest())

export const OpenSessionRequestType: MessageType<OpenSessionRequest, OpenSessionRequestInit> = {
  name: 'balsa.v1.OpenSessionRequest',
  fields: [
    { number: 1, name: 'ttl_ms', property: 'ttlMs', kind: 'uint64' },
    { number: 2, name: 'client_nonce', property: 'clientNonce', kind: 'bytes' },
  ],
  create: newOpenSessionRequest,
  encode: encodeOpenSessionRequest,
  decode: decodeOpenSessionRequest,
  read: readOpenSessionRequest,
  write: writeOpenSessionRequest,
}

export interface OpenSessionResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
  readonly session: number
  readonly ttlMs: number
}

/** What is left out has its default. */
export interface OpenSessionResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
  readonly session?: number | undefined
  readonly ttlMs?: number | undefined
}

export const newOpenSessionResponse = (): OpenSessionResponse => ({ header: null, session: 0, ttlMs: 0 })

const OpenSessionResponseFields: ReadonlySet<number> = new Set([1, 2, 3])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readOpenSessionResponse(reader: Reader, message: OpenSessionResponse): OpenSessionResponse {
  const m = message as Mutable<OpenSessionResponse>
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
        m.session = reader.uint64()
        break
      case 24:
        m.ttlMs = reader.uint64()
        break
      default:
        reader.skip(tag, OpenSessionResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeOpenSessionResponse(writer: Writer, message: OpenSessionResponseInit): void {
  const v3 = message.ttlMs
  if (v3 !== undefined && v3 !== 0) writer.uint64(24, v3)
  const v2 = message.session
  if (v2 !== undefined && v2 !== 0) writer.uint64(16, v2)
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeOpenSessionResponse(message: OpenSessionResponseInit): Uint8Array {
  sharedWriter.begin()
  writeOpenSessionResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeOpenSessionResponse = (bytes: Uint8Array): OpenSessionResponse => readOpenSessionResponse(new Reader(bytes, 'balsa.v1.OpenSessionResponse'), newOpenSessionResponse())

export const OpenSessionResponseType: MessageType<OpenSessionResponse, OpenSessionResponseInit> = {
  name: 'balsa.v1.OpenSessionResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
    { number: 2, name: 'session', property: 'session', kind: 'uint64' },
    { number: 3, name: 'ttl_ms', property: 'ttlMs', kind: 'uint64' },
  ],
  create: newOpenSessionResponse,
  encode: encodeOpenSessionResponse,
  decode: decodeOpenSessionResponse,
  read: readOpenSessionResponse,
  write: writeOpenSessionResponse,
}

export interface KeepSessionRequest {
  readonly session: number
}

/** What is left out has its default. */
export interface KeepSessionRequestInit {
  readonly session?: number | undefined
}

export const newKeepSessionRequest = (): KeepSessionRequest => ({ session: 0 })

const KeepSessionRequestFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readKeepSessionRequest(reader: Reader, message: KeepSessionRequest): KeepSessionRequest {
  const m = message as Mutable<KeepSessionRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 8:
        m.session = reader.uint64()
        break
      default:
        reader.skip(tag, KeepSessionRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeKeepSessionRequest(writer: Writer, message: KeepSessionRequestInit): void {
  const v1 = message.session
  if (v1 !== undefined && v1 !== 0) writer.uint64(8, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeKeepSessionRequest(message: KeepSessionRequestInit): Uint8Array {
  sharedWriter.begin()
  writeKeepSessionRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeKeepSessionRequest = (bytes: Uint8Array): KeepSessionRequest => readKeepSessionRequest(new Reader(bytes, 'balsa.v1.KeepSessionRequest'), newKeepSessionRequest())

export const KeepSessionRequestType: MessageType<KeepSessionRequest, KeepSessionRequestInit> = {
  name: 'balsa.v1.KeepSessionRequest',
  fields: [
    { number: 1, name: 'session', property: 'session', kind: 'uint64' },
  ],
  create: newKeepSessionRequest,
  encode: encodeKeepSessionRequest,
  decode: decodeKeepSessionRequest,
  read: readKeepSessionRequest,
  write: writeKeepSessionRequest,
}

export interface KeepSessionResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
}

/** What is left out has its default. */
export interface KeepSessionResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
}

export const newKeepSessionResponse = (): KeepSessionResponse => ({ header: null })

const KeepSessionResponseFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readKeepSessionResponse(reader: Reader, message: KeepSessionResponse): KeepSessionResponse {
  const m = message as Mutable<KeepSessionResponse>
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
        reader.skip(tag, KeepSessionResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeKeepSessionResponse(writer: Writer, message: KeepSessionResponseInit): void {
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeKeepSessionResponse(message: KeepSessionResponseInit): Uint8Array {
  sharedWriter.begin()
  writeKeepSessionResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeKeepSessionResponse = (bytes: Uint8Array): KeepSessionResponse => readKeepSessionResponse(new Reader(bytes, 'balsa.v1.KeepSessionResponse'), newKeepSessionResponse())

export const KeepSessionResponseType: MessageType<KeepSessionResponse, KeepSessionResponseInit> = {
  name: 'balsa.v1.KeepSessionResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
  ],
  create: newKeepSessionResponse,
  encode: encodeKeepSessionResponse,
  decode: decodeKeepSessionResponse,
  read: readKeepSessionResponse,
  write: writeKeepSessionResponse,
}

export interface CloseSessionRequest {
  readonly session: number
}

/** What is left out has its default. */
export interface CloseSessionRequestInit {
  readonly session?: number | undefined
}

export const newCloseSessionRequest = (): CloseSessionRequest => ({ session: 0 })

const CloseSessionRequestFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readCloseSessionRequest(reader: Reader, message: CloseSessionRequest): CloseSessionRequest {
  const m = message as Mutable<CloseSessionRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 8:
        m.session = reader.uint64()
        break
      default:
        reader.skip(tag, CloseSessionRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeCloseSessionRequest(writer: Writer, message: CloseSessionRequestInit): void {
  const v1 = message.session
  if (v1 !== undefined && v1 !== 0) writer.uint64(8, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeCloseSessionRequest(message: CloseSessionRequestInit): Uint8Array {
  sharedWriter.begin()
  writeCloseSessionRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeCloseSessionRequest = (bytes: Uint8Array): CloseSessionRequest => readCloseSessionRequest(new Reader(bytes, 'balsa.v1.CloseSessionRequest'), newCloseSessionRequest())

export const CloseSessionRequestType: MessageType<CloseSessionRequest, CloseSessionRequestInit> = {
  name: 'balsa.v1.CloseSessionRequest',
  fields: [
    { number: 1, name: 'session', property: 'session', kind: 'uint64' },
  ],
  create: newCloseSessionRequest,
  encode: encodeCloseSessionRequest,
  decode: decodeCloseSessionRequest,
  read: readCloseSessionRequest,
  write: writeCloseSessionRequest,
}

export interface CloseSessionResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
}

/** What is left out has its default. */
export interface CloseSessionResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
}

export const newCloseSessionResponse = (): CloseSessionResponse => ({ header: null })

const CloseSessionResponseFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readCloseSessionResponse(reader: Reader, message: CloseSessionResponse): CloseSessionResponse {
  const m = message as Mutable<CloseSessionResponse>
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
        reader.skip(tag, CloseSessionResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeCloseSessionResponse(writer: Writer, message: CloseSessionResponseInit): void {
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeCloseSessionResponse(message: CloseSessionResponseInit): Uint8Array {
  sharedWriter.begin()
  writeCloseSessionResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeCloseSessionResponse = (bytes: Uint8Array): CloseSessionResponse => readCloseSessionResponse(new Reader(bytes, 'balsa.v1.CloseSessionResponse'), newCloseSessionResponse())

export const CloseSessionResponseType: MessageType<CloseSessionResponse, CloseSessionResponseInit> = {
  name: 'balsa.v1.CloseSessionResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
  ],
  create: newCloseSessionResponse,
  encode: encodeCloseSessionResponse,
  decode: decodeCloseSessionResponse,
  read: readCloseSessionResponse,
  write: writeCloseSessionResponse,
}

export interface MemberInfo {
  readonly id: bigint
  readonly name: string
  readonly peerAddress: string
  readonly clientAddress: string
  readonly standing: Standing
}

/** What is left out has its default. */
export interface MemberInfoInit {
  readonly id?: bigint | undefined
  readonly name?: string | undefined
  readonly peerAddress?: string | undefined
  readonly clientAddress?: string | undefined
  readonly standing?: Standing | undefined
}

export const newMemberInfo = (): MemberInfo => ({ id: 0n, name: '', peerAddress: '', clientAddress: '', standing: 0 })

const MemberInfoFields: ReadonlySet<number> = new Set([1, 2, 3, 4, 5])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readMemberInfo(reader: Reader, message: MemberInfo): MemberInfo {
  const m = message as Mutable<MemberInfo>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 8:
        m.id = reader.uint64Big()
        break
      case 18:
        m.name = reader.string()
        break
      case 26:
        m.peerAddress = reader.string()
        break
      case 34:
        m.clientAddress = reader.string()
        break
      case 40:
        m.standing = reader.int32()
        break
      default:
        reader.skip(tag, MemberInfoFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeMemberInfo(writer: Writer, message: MemberInfoInit): void {
  const v5 = message.standing
  if (v5 !== undefined && v5 !== 0) writer.int32(40, v5)
  const v4 = message.clientAddress
  if (v4 !== undefined && v4 !== '') writer.string(34, v4)
  const v3 = message.peerAddress
  if (v3 !== undefined && v3 !== '') writer.string(26, v3)
  const v2 = message.name
  if (v2 !== undefined && v2 !== '') writer.string(18, v2)
  const v1 = message.id
  if (v1 !== undefined && v1 !== 0n) writer.uint64Big(8, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeMemberInfo(message: MemberInfoInit): Uint8Array {
  sharedWriter.begin()
  writeMemberInfo(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeMemberInfo = (bytes: Uint8Array): MemberInfo => readMemberInfo(new Reader(bytes, 'balsa.v1.MemberInfo'), newMemberInfo())

export const MemberInfoType: MessageType<MemberInfo, MemberInfoInit> = {
  name: 'balsa.v1.MemberInfo',
  fields: [
    { number: 1, name: 'id', property: 'id', kind: 'uint64', range: 'bigint' },
    { number: 2, name: 'name', property: 'name', kind: 'string' },
    { number: 3, name: 'peer_address', property: 'peerAddress', kind: 'string' },
    { number: 4, name: 'client_address', property: 'clientAddress', kind: 'string' },
    { number: 5, name: 'standing', property: 'standing', kind: 'enum', values: Standing },
  ],
  create: newMemberInfo,
  encode: encodeMemberInfo,
  decode: decodeMemberInfo,
  read: readMemberInfo,
  write: writeMemberInfo,
}

export interface StatusRequest {
}

/** What is left out has its default. */
export interface StatusRequestInit {
}

export const newStatusRequest = (): StatusRequest => ({})

const StatusRequestFields: ReadonlySet<number> = new Set([])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readStatusRequest(reader: Reader, message: StatusRequest): StatusRequest {
  while (reader.more()) {
    const tag = reader.tag()
    reader.skip(tag, StatusRequestFields)
  }
  return message
}

/** In front of what the writer holds. */
export function writeStatusRequest(_writer: Writer, _message: StatusRequestInit): void {
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeStatusRequest(message: StatusRequestInit): Uint8Array {
  sharedWriter.begin()
  writeStatusRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeStatusRequest = (bytes: Uint8Array): StatusRequest => readStatusRequest(new Reader(bytes, 'balsa.v1.StatusRequest'), newStatusRequest())

export const StatusRequestType: MessageType<StatusRequest, StatusRequestInit> = {
  name: 'balsa.v1.StatusRequest',
  fields: [],
  create: newStatusRequest,
  encode: encodeStatusRequest,
  decode: decodeStatusRequest,
  read: readStatusRequest,
  write: writeStatusRequest,
}

export interface StatusResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
  readonly name: string
  readonly version: string
  readonly role: Role
  /** Not set when none is known. */
  readonly leaderId: bigint | null
  readonly leaderAddress: string
  readonly commitIndex: number
  readonly appliedIndex: number
  readonly firstIndex: number
  readonly lastIndex: number
  readonly snapshotIndex: number
  readonly logBytes: number
  readonly keys: number
  readonly dataBytes: number
  readonly sessions: number
  /** Equal on all members that have applied the same entries. */
  readonly stateHash: string
  readonly stateHashIndex: number
  readonly ready: boolean
  readonly members: readonly MemberInfo[]
}

/** What is left out has its default. */
export interface StatusResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
  readonly name?: string | undefined
  readonly version?: string | undefined
  readonly role?: Role | undefined
  readonly leaderId?: bigint | null | undefined
  readonly leaderAddress?: string | undefined
  readonly commitIndex?: number | undefined
  readonly appliedIndex?: number | undefined
  readonly firstIndex?: number | undefined
  readonly lastIndex?: number | undefined
  readonly snapshotIndex?: number | undefined
  readonly logBytes?: number | undefined
  readonly keys?: number | undefined
  readonly dataBytes?: number | undefined
  readonly sessions?: number | undefined
  readonly stateHash?: string | undefined
  readonly stateHashIndex?: number | undefined
  readonly ready?: boolean | undefined
  readonly members?: readonly MemberInfoInit[] | undefined
}

export const newStatusResponse = (): StatusResponse => ({ header: null, name: '', version: '', role: 0, leaderId: null, leaderAddress: '', commitIndex: 0, appliedIndex: 0, firstIndex: 0, lastIndex: 0, snapshotIndex: 0, logBytes: 0, keys: 0, dataBytes: 0, sessions: 0, stateHash: '', stateHashIndex: 0, ready: false, members: [] })

const StatusResponseFields: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readStatusResponse(reader: Reader, message: StatusResponse): StatusResponse {
  const m = message as Mutable<StatusResponse>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10: {
        const end = reader.open()
        m.header = etcdserverpbHeader.readResponseHeader(reader, m.header ?? etcdserverpbHeader.newResponseHeader())
        reader.close(end)
        break
      }
      case 18:
        m.name = reader.string()
        break
      case 26:
        m.version = reader.string()
        break
      case 32:
        m.role = reader.int32()
        break
      case 40:
        m.leaderId = reader.uint64Big()
        break
      case 50:
        m.leaderAddress = reader.string()
        break
      case 56:
        m.commitIndex = reader.uint64()
        break
      case 64:
        m.appliedIndex = reader.uint64()
        break
      case 72:
        m.firstIndex = reader.uint64()
        break
      case 80:
        m.lastIndex = reader.uint64()
        break
      case 88:
        m.snapshotIndex = reader.uint64()
        break
      case 96:
        m.logBytes = reader.uint64()
        break
      case 104:
        m.keys = reader.uint64()
        break
      case 112:
        m.dataBytes = reader.uint64()
        break
      case 120:
        m.sessions = reader.uint64()
        break
      case 130:
        m.stateHash = reader.string()
        break
      case 136:
        m.stateHashIndex = reader.uint64()
        break
      case 144:
        m.ready = reader.bool()
        break
      case 154: {
        const end = reader.open()
        m.members.push(readMemberInfo(reader, newMemberInfo()))
        reader.close(end)
        break
      }
      default:
        reader.skip(tag, StatusResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeStatusResponse(writer: Writer, message: StatusResponseInit): void {
  const v19 = message.members
  if (v19 !== undefined) {
    for (let at = v19.length - 1; at >= 0; at--) {
      const open = writer.open()
      writeMemberInfo(writer, v19[at] as MemberInfoInit)
      writer.close(154, open)
    }
  }
  const v18 = message.ready
  if (v18 === true) writer.bool(144, v18)
  const v17 = message.stateHashIndex
  if (v17 !== undefined && v17 !== 0) writer.uint64(136, v17)
  const v16 = message.stateHash
  if (v16 !== undefined && v16 !== '') writer.string(130, v16)
  const v15 = message.sessions
  if (v15 !== undefined && v15 !== 0) writer.uint64(120, v15)
  const v14 = message.dataBytes
  if (v14 !== undefined && v14 !== 0) writer.uint64(112, v14)
  const v13 = message.keys
  if (v13 !== undefined && v13 !== 0) writer.uint64(104, v13)
  const v12 = message.logBytes
  if (v12 !== undefined && v12 !== 0) writer.uint64(96, v12)
  const v11 = message.snapshotIndex
  if (v11 !== undefined && v11 !== 0) writer.uint64(88, v11)
  const v10 = message.lastIndex
  if (v10 !== undefined && v10 !== 0) writer.uint64(80, v10)
  const v9 = message.firstIndex
  if (v9 !== undefined && v9 !== 0) writer.uint64(72, v9)
  const v8 = message.appliedIndex
  if (v8 !== undefined && v8 !== 0) writer.uint64(64, v8)
  const v7 = message.commitIndex
  if (v7 !== undefined && v7 !== 0) writer.uint64(56, v7)
  const v6 = message.leaderAddress
  if (v6 !== undefined && v6 !== '') writer.string(50, v6)
  const v5 = message.leaderId
  if (v5 !== undefined && v5 !== null) writer.uint64Big(40, v5)
  const v4 = message.role
  if (v4 !== undefined && v4 !== 0) writer.int32(32, v4)
  const v3 = message.version
  if (v3 !== undefined && v3 !== '') writer.string(26, v3)
  const v2 = message.name
  if (v2 !== undefined && v2 !== '') writer.string(18, v2)
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeStatusResponse(message: StatusResponseInit): Uint8Array {
  sharedWriter.begin()
  writeStatusResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeStatusResponse = (bytes: Uint8Array): StatusResponse => readStatusResponse(new Reader(bytes, 'balsa.v1.StatusResponse'), newStatusResponse())

export const StatusResponseType: MessageType<StatusResponse, StatusResponseInit> = {
  name: 'balsa.v1.StatusResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
    { number: 2, name: 'name', property: 'name', kind: 'string' },
    { number: 3, name: 'version', property: 'version', kind: 'string' },
    { number: 4, name: 'role', property: 'role', kind: 'enum', values: Role },
    { number: 5, name: 'leader_id', property: 'leaderId', kind: 'uint64', optional: true, range: 'bigint' },
    { number: 6, name: 'leader_address', property: 'leaderAddress', kind: 'string' },
    { number: 7, name: 'commit_index', property: 'commitIndex', kind: 'uint64' },
    { number: 8, name: 'applied_index', property: 'appliedIndex', kind: 'uint64' },
    { number: 9, name: 'first_index', property: 'firstIndex', kind: 'uint64' },
    { number: 10, name: 'last_index', property: 'lastIndex', kind: 'uint64' },
    { number: 11, name: 'snapshot_index', property: 'snapshotIndex', kind: 'uint64' },
    { number: 12, name: 'log_bytes', property: 'logBytes', kind: 'uint64' },
    { number: 13, name: 'keys', property: 'keys', kind: 'uint64' },
    { number: 14, name: 'data_bytes', property: 'dataBytes', kind: 'uint64' },
    { number: 15, name: 'sessions', property: 'sessions', kind: 'uint64' },
    { number: 16, name: 'state_hash', property: 'stateHash', kind: 'string' },
    { number: 17, name: 'state_hash_index', property: 'stateHashIndex', kind: 'uint64' },
    { number: 18, name: 'ready', property: 'ready', kind: 'bool' },
    { number: 19, name: 'members', property: 'members', kind: 'message', repeated: true, message: () => MemberInfoType },
  ],
  create: newStatusResponse,
  encode: encodeStatusResponse,
  decode: decodeStatusResponse,
  read: readStatusResponse,
  write: writeStatusResponse,
}

export interface EventsRequest {
  /** Also each step of the commit index: as many as there are turns of work. */
  readonly commits: boolean
}

/** What is left out has its default. */
export interface EventsRequestInit {
  readonly commits?: boolean | undefined
}

export const newEventsRequest = (): EventsRequest => ({ commits: false })

const EventsRequestFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readEventsRequest(reader: Reader, message: EventsRequest): EventsRequest {
  const m = message as Mutable<EventsRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 8:
        m.commits = reader.bool()
        break
      default:
        reader.skip(tag, EventsRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeEventsRequest(writer: Writer, message: EventsRequestInit): void {
  const v1 = message.commits
  if (v1 === true) writer.bool(8, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeEventsRequest(message: EventsRequestInit): Uint8Array {
  sharedWriter.begin()
  writeEventsRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeEventsRequest = (bytes: Uint8Array): EventsRequest => readEventsRequest(new Reader(bytes, 'balsa.v1.EventsRequest'), newEventsRequest())

export const EventsRequestType: MessageType<EventsRequest, EventsRequestInit> = {
  name: 'balsa.v1.EventsRequest',
  fields: [
    { number: 1, name: 'commits', property: 'commits', kind: 'bool' },
  ],
  create: newEventsRequest,
  encode: encodeEventsRequest,
  decode: decodeEventsRequest,
  read: readEventsRequest,
  write: writeEventsRequest,
}

export interface Event {
  readonly event: 
    | { readonly case: 'role'; readonly value: RoleEvent }
    | { readonly case: 'commit'; readonly value: CommitEvent }
    | { readonly case: 'snapshot'; readonly value: SnapshotEvent }
    | { readonly case: 'restored'; readonly value: SnapshotEvent }
    | { readonly case: 'membership'; readonly value: MembershipEvent }
    | { readonly case: 'peer'; readonly value: PeerEvent }
    | { readonly case: 'overflow'; readonly value: OverflowEvent }
    | { readonly case: 'alarm'; readonly value: AlarmEvent }
    | { readonly case: 'transfer'; readonly value: TransferEvent } | null
}

/** What is left out has its default. */
export interface EventInit {
  readonly event?: 
    | { readonly case: 'role'; readonly value: RoleEventInit }
    | { readonly case: 'commit'; readonly value: CommitEventInit }
    | { readonly case: 'snapshot'; readonly value: SnapshotEventInit }
    | { readonly case: 'restored'; readonly value: SnapshotEventInit }
    | { readonly case: 'membership'; readonly value: MembershipEventInit }
    | { readonly case: 'peer'; readonly value: PeerEventInit }
    | { readonly case: 'overflow'; readonly value: OverflowEventInit }
    | { readonly case: 'alarm'; readonly value: AlarmEventInit }
    | { readonly case: 'transfer'; readonly value: TransferEventInit } | null | undefined
}

export const newEvent = (): Event => ({ event: null })

const EventFields: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 7, 8, 9])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readEvent(reader: Reader, message: Event): Event {
  const m = message as Mutable<Event>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10: {
        const end = reader.open()
        m.event = { case: 'role', value: readRoleEvent(reader, m.event?.case === 'role' ? m.event.value : newRoleEvent()) }
        reader.close(end)
        break
      }
      case 18: {
        const end = reader.open()
        m.event = { case: 'commit', value: readCommitEvent(reader, m.event?.case === 'commit' ? m.event.value : newCommitEvent()) }
        reader.close(end)
        break
      }
      case 26: {
        const end = reader.open()
        m.event = { case: 'snapshot', value: readSnapshotEvent(reader, m.event?.case === 'snapshot' ? m.event.value : newSnapshotEvent()) }
        reader.close(end)
        break
      }
      case 34: {
        const end = reader.open()
        m.event = { case: 'restored', value: readSnapshotEvent(reader, m.event?.case === 'restored' ? m.event.value : newSnapshotEvent()) }
        reader.close(end)
        break
      }
      case 42: {
        const end = reader.open()
        m.event = { case: 'membership', value: readMembershipEvent(reader, m.event?.case === 'membership' ? m.event.value : newMembershipEvent()) }
        reader.close(end)
        break
      }
      case 50: {
        const end = reader.open()
        m.event = { case: 'peer', value: readPeerEvent(reader, m.event?.case === 'peer' ? m.event.value : newPeerEvent()) }
        reader.close(end)
        break
      }
      case 58: {
        const end = reader.open()
        m.event = { case: 'overflow', value: readOverflowEvent(reader, m.event?.case === 'overflow' ? m.event.value : newOverflowEvent()) }
        reader.close(end)
        break
      }
      case 66: {
        const end = reader.open()
        m.event = { case: 'alarm', value: readAlarmEvent(reader, m.event?.case === 'alarm' ? m.event.value : newAlarmEvent()) }
        reader.close(end)
        break
      }
      case 74: {
        const end = reader.open()
        m.event = { case: 'transfer', value: readTransferEvent(reader, m.event?.case === 'transfer' ? m.event.value : newTransferEvent()) }
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
  const v1 = message.event
  switch (v1?.case) {
    case 'role': {
      const open = writer.open()
      writeRoleEvent(writer, v1.value)
      writer.close(10, open)
      break
    }
    case 'commit': {
      const open = writer.open()
      writeCommitEvent(writer, v1.value)
      writer.close(18, open)
      break
    }
    case 'snapshot': {
      const open = writer.open()
      writeSnapshotEvent(writer, v1.value)
      writer.close(26, open)
      break
    }
    case 'restored': {
      const open = writer.open()
      writeSnapshotEvent(writer, v1.value)
      writer.close(34, open)
      break
    }
    case 'membership': {
      const open = writer.open()
      writeMembershipEvent(writer, v1.value)
      writer.close(42, open)
      break
    }
    case 'peer': {
      const open = writer.open()
      writePeerEvent(writer, v1.value)
      writer.close(50, open)
      break
    }
    case 'overflow': {
      const open = writer.open()
      writeOverflowEvent(writer, v1.value)
      writer.close(58, open)
      break
    }
    case 'alarm': {
      const open = writer.open()
      writeAlarmEvent(writer, v1.value)
      writer.close(66, open)
      break
    }
    case 'transfer': {
      const open = writer.open()
      writeTransferEvent(writer, v1.value)
      writer.close(74, open)
      break
    }
    case undefined:
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeEvent(message: EventInit): Uint8Array {
  sharedWriter.begin()
  writeEvent(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeEvent = (bytes: Uint8Array): Event => readEvent(new Reader(bytes, 'balsa.v1.Event'), newEvent())

export const EventType: MessageType<Event, EventInit> = {
  name: 'balsa.v1.Event',
  fields: [
    { number: 1, name: 'role', property: 'role', kind: 'message', oneof: 'event', message: () => RoleEventType },
    { number: 2, name: 'commit', property: 'commit', kind: 'message', oneof: 'event', message: () => CommitEventType },
    { number: 3, name: 'snapshot', property: 'snapshot', kind: 'message', oneof: 'event', message: () => SnapshotEventType },
    { number: 4, name: 'restored', property: 'restored', kind: 'message', oneof: 'event', message: () => SnapshotEventType },
    { number: 5, name: 'membership', property: 'membership', kind: 'message', oneof: 'event', message: () => MembershipEventType },
    { number: 6, name: 'peer', property: 'peer', kind: 'message', oneof: 'event', message: () => PeerEventType },
    { number: 7, name: 'overflow', property: 'overflow', kind: 'message', oneof: 'event', message: () => OverflowEventType },
    { number: 8, name: 'alarm', property: 'alarm', kind: 'message', oneof: 'event', message: () => AlarmEventType },
    { number: 9, name: 'transfer', property: 'transfer', kind: 'message', oneof: 'event', message: () => TransferEventType },
  ],
  create: newEvent,
  encode: encodeEvent,
  decode: decodeEvent,
  read: readEvent,
  write: writeEvent,
}

export interface RoleEvent {
  readonly role: Role
  readonly term: number
  readonly leaderId: bigint | null
  readonly reason: string
}

/** What is left out has its default. */
export interface RoleEventInit {
  readonly role?: Role | undefined
  readonly term?: number | undefined
  readonly leaderId?: bigint | null | undefined
  readonly reason?: string | undefined
}

export const newRoleEvent = (): RoleEvent => ({ role: 0, term: 0, leaderId: null, reason: '' })

const RoleEventFields: ReadonlySet<number> = new Set([1, 2, 3, 4])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readRoleEvent(reader: Reader, message: RoleEvent): RoleEvent {
  const m = message as Mutable<RoleEvent>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 8:
        m.role = reader.int32()
        break
      case 16:
        m.term = reader.uint64()
        break
      case 24:
        m.leaderId = reader.uint64Big()
        break
      case 34:
        m.reason = reader.string()
        break
      default:
        reader.skip(tag, RoleEventFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeRoleEvent(writer: Writer, message: RoleEventInit): void {
  const v4 = message.reason
  if (v4 !== undefined && v4 !== '') writer.string(34, v4)
  const v3 = message.leaderId
  if (v3 !== undefined && v3 !== null) writer.uint64Big(24, v3)
  const v2 = message.term
  if (v2 !== undefined && v2 !== 0) writer.uint64(16, v2)
  const v1 = message.role
  if (v1 !== undefined && v1 !== 0) writer.int32(8, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeRoleEvent(message: RoleEventInit): Uint8Array {
  sharedWriter.begin()
  writeRoleEvent(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeRoleEvent = (bytes: Uint8Array): RoleEvent => readRoleEvent(new Reader(bytes, 'balsa.v1.RoleEvent'), newRoleEvent())

export const RoleEventType: MessageType<RoleEvent, RoleEventInit> = {
  name: 'balsa.v1.RoleEvent',
  fields: [
    { number: 1, name: 'role', property: 'role', kind: 'enum', values: Role },
    { number: 2, name: 'term', property: 'term', kind: 'uint64' },
    { number: 3, name: 'leader_id', property: 'leaderId', kind: 'uint64', optional: true, range: 'bigint' },
    { number: 4, name: 'reason', property: 'reason', kind: 'string' },
  ],
  create: newRoleEvent,
  encode: encodeRoleEvent,
  decode: decodeRoleEvent,
  read: readRoleEvent,
  write: writeRoleEvent,
}

export interface CommitEvent {
  readonly index: number
}

/** What is left out has its default. */
export interface CommitEventInit {
  readonly index?: number | undefined
}

export const newCommitEvent = (): CommitEvent => ({ index: 0 })

const CommitEventFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readCommitEvent(reader: Reader, message: CommitEvent): CommitEvent {
  const m = message as Mutable<CommitEvent>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 8:
        m.index = reader.uint64()
        break
      default:
        reader.skip(tag, CommitEventFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeCommitEvent(writer: Writer, message: CommitEventInit): void {
  const v1 = message.index
  if (v1 !== undefined && v1 !== 0) writer.uint64(8, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeCommitEvent(message: CommitEventInit): Uint8Array {
  sharedWriter.begin()
  writeCommitEvent(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeCommitEvent = (bytes: Uint8Array): CommitEvent => readCommitEvent(new Reader(bytes, 'balsa.v1.CommitEvent'), newCommitEvent())

export const CommitEventType: MessageType<CommitEvent, CommitEventInit> = {
  name: 'balsa.v1.CommitEvent',
  fields: [
    { number: 1, name: 'index', property: 'index', kind: 'uint64' },
  ],
  create: newCommitEvent,
  encode: encodeCommitEvent,
  decode: decodeCommitEvent,
  read: readCommitEvent,
  write: writeCommitEvent,
}

export interface SnapshotEvent {
  readonly index: number
  readonly term: number
}

/** What is left out has its default. */
export interface SnapshotEventInit {
  readonly index?: number | undefined
  readonly term?: number | undefined
}

export const newSnapshotEvent = (): SnapshotEvent => ({ index: 0, term: 0 })

const SnapshotEventFields: ReadonlySet<number> = new Set([1, 2])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readSnapshotEvent(reader: Reader, message: SnapshotEvent): SnapshotEvent {
  const m = message as Mutable<SnapshotEvent>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 8:
        m.index = reader.uint64()
        break
      case 16:
        m.term = reader.uint64()
        break
      default:
        reader.skip(tag, SnapshotEventFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeSnapshotEvent(writer: Writer, message: SnapshotEventInit): void {
  const v2 = message.term
  if (v2 !== undefined && v2 !== 0) writer.uint64(16, v2)
  const v1 = message.index
  if (v1 !== undefined && v1 !== 0) writer.uint64(8, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeSnapshotEvent(message: SnapshotEventInit): Uint8Array {
  sharedWriter.begin()
  writeSnapshotEvent(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeSnapshotEvent = (bytes: Uint8Array): SnapshotEvent => readSnapshotEvent(new Reader(bytes, 'balsa.v1.SnapshotEvent'), newSnapshotEvent())

export const SnapshotEventType: MessageType<SnapshotEvent, SnapshotEventInit> = {
  name: 'balsa.v1.SnapshotEvent',
  fields: [
    { number: 1, name: 'index', property: 'index', kind: 'uint64' },
    { number: 2, name: 'term', property: 'term', kind: 'uint64' },
  ],
  create: newSnapshotEvent,
  encode: encodeSnapshotEvent,
  decode: decodeSnapshotEvent,
  read: readSnapshotEvent,
  write: writeSnapshotEvent,
}

export interface MembershipEvent {
  readonly index: number
  readonly members: readonly MemberInfo[]
}

/** What is left out has its default. */
export interface MembershipEventInit {
  readonly index?: number | undefined
  readonly members?: readonly MemberInfoInit[] | undefined
}

export const newMembershipEvent = (): MembershipEvent => ({ index: 0, members: [] })

const MembershipEventFields: ReadonlySet<number> = new Set([1, 2])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readMembershipEvent(reader: Reader, message: MembershipEvent): MembershipEvent {
  const m = message as Mutable<MembershipEvent>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 8:
        m.index = reader.uint64()
        break
      case 18: {
        const end = reader.open()
        m.members.push(readMemberInfo(reader, newMemberInfo()))
        reader.close(end)
        break
      }
      default:
        reader.skip(tag, MembershipEventFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeMembershipEvent(writer: Writer, message: MembershipEventInit): void {
  const v2 = message.members
  if (v2 !== undefined) {
    for (let at = v2.length - 1; at >= 0; at--) {
      const open = writer.open()
      writeMemberInfo(writer, v2[at] as MemberInfoInit)
      writer.close(18, open)
    }
  }
  const v1 = message.index
  if (v1 !== undefined && v1 !== 0) writer.uint64(8, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeMembershipEvent(message: MembershipEventInit): Uint8Array {
  sharedWriter.begin()
  writeMembershipEvent(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeMembershipEvent = (bytes: Uint8Array): MembershipEvent => readMembershipEvent(new Reader(bytes, 'balsa.v1.MembershipEvent'), newMembershipEvent())

export const MembershipEventType: MessageType<MembershipEvent, MembershipEventInit> = {
  name: 'balsa.v1.MembershipEvent',
  fields: [
    { number: 1, name: 'index', property: 'index', kind: 'uint64' },
    { number: 2, name: 'members', property: 'members', kind: 'message', repeated: true, message: () => MemberInfoType },
  ],
  create: newMembershipEvent,
  encode: encodeMembershipEvent,
  decode: decodeMembershipEvent,
  read: readMembershipEvent,
  write: writeMembershipEvent,
}

export interface PeerEvent {
  readonly id: bigint
  readonly up: boolean
}

/** What is left out has its default. */
export interface PeerEventInit {
  readonly id?: bigint | undefined
  readonly up?: boolean | undefined
}

export const newPeerEvent = (): PeerEvent => ({ id: 0n, up: false })

const PeerEventFields: ReadonlySet<number> = new Set([1, 2])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readPeerEvent(reader: Reader, message: PeerEvent): PeerEvent {
  const m = message as Mutable<PeerEvent>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 8:
        m.id = reader.uint64Big()
        break
      case 16:
        m.up = reader.bool()
        break
      default:
        reader.skip(tag, PeerEventFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writePeerEvent(writer: Writer, message: PeerEventInit): void {
  const v2 = message.up
  if (v2 === true) writer.bool(16, v2)
  const v1 = message.id
  if (v1 !== undefined && v1 !== 0n) writer.uint64Big(8, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodePeerEvent(message: PeerEventInit): Uint8Array {
  sharedWriter.begin()
  writePeerEvent(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodePeerEvent = (bytes: Uint8Array): PeerEvent => readPeerEvent(new Reader(bytes, 'balsa.v1.PeerEvent'), newPeerEvent())

export const PeerEventType: MessageType<PeerEvent, PeerEventInit> = {
  name: 'balsa.v1.PeerEvent',
  fields: [
    { number: 1, name: 'id', property: 'id', kind: 'uint64', range: 'bigint' },
    { number: 2, name: 'up', property: 'up', kind: 'bool' },
  ],
  create: newPeerEvent,
  encode: encodePeerEvent,
  decode: decodePeerEvent,
  read: readPeerEvent,
  write: writePeerEvent,
}

/** The reader was too slow: so many events are missing here. */
export interface OverflowEvent {
  readonly lost: number
}

/** What is left out has its default. */
export interface OverflowEventInit {
  readonly lost?: number | undefined
}

export const newOverflowEvent = (): OverflowEvent => ({ lost: 0 })

const OverflowEventFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readOverflowEvent(reader: Reader, message: OverflowEvent): OverflowEvent {
  const m = message as Mutable<OverflowEvent>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 8:
        m.lost = reader.uint64()
        break
      default:
        reader.skip(tag, OverflowEventFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeOverflowEvent(writer: Writer, message: OverflowEventInit): void {
  const v1 = message.lost
  if (v1 !== undefined && v1 !== 0) writer.uint64(8, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeOverflowEvent(message: OverflowEventInit): Uint8Array {
  sharedWriter.begin()
  writeOverflowEvent(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeOverflowEvent = (bytes: Uint8Array): OverflowEvent => readOverflowEvent(new Reader(bytes, 'balsa.v1.OverflowEvent'), newOverflowEvent())

export const OverflowEventType: MessageType<OverflowEvent, OverflowEventInit> = {
  name: 'balsa.v1.OverflowEvent',
  fields: [
    { number: 1, name: 'lost', property: 'lost', kind: 'uint64' },
  ],
  create: newOverflowEvent,
  encode: encodeOverflowEvent,
  decode: decodeOverflowEvent,
  read: readOverflowEvent,
  write: writeOverflowEvent,
}

export interface AlarmEvent {
  readonly alarm: etcdserverpbMaintenance.AlarmMember | null
  /** False: it is over. */
  readonly raised: boolean
}

/** What is left out has its default. */
export interface AlarmEventInit {
  readonly alarm?: etcdserverpbMaintenance.AlarmMemberInit | null | undefined
  readonly raised?: boolean | undefined
}

export const newAlarmEvent = (): AlarmEvent => ({ alarm: null, raised: false })

const AlarmEventFields: ReadonlySet<number> = new Set([1, 2])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readAlarmEvent(reader: Reader, message: AlarmEvent): AlarmEvent {
  const m = message as Mutable<AlarmEvent>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10: {
        const end = reader.open()
        m.alarm = etcdserverpbMaintenance.readAlarmMember(reader, m.alarm ?? etcdserverpbMaintenance.newAlarmMember())
        reader.close(end)
        break
      }
      case 16:
        m.raised = reader.bool()
        break
      default:
        reader.skip(tag, AlarmEventFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeAlarmEvent(writer: Writer, message: AlarmEventInit): void {
  const v2 = message.raised
  if (v2 === true) writer.bool(16, v2)
  const v1 = message.alarm
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbMaintenance.writeAlarmMember(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeAlarmEvent(message: AlarmEventInit): Uint8Array {
  sharedWriter.begin()
  writeAlarmEvent(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeAlarmEvent = (bytes: Uint8Array): AlarmEvent => readAlarmEvent(new Reader(bytes, 'balsa.v1.AlarmEvent'), newAlarmEvent())

export const AlarmEventType: MessageType<AlarmEvent, AlarmEventInit> = {
  name: 'balsa.v1.AlarmEvent',
  fields: [
    { number: 1, name: 'alarm', property: 'alarm', kind: 'message', message: () => etcdserverpbMaintenance.AlarmMemberType },
    { number: 2, name: 'raised', property: 'raised', kind: 'bool' },
  ],
  create: newAlarmEvent,
  encode: encodeAlarmEvent,
  decode: decodeAlarmEvent,
  read: readAlarmEvent,
  write: writeAlarmEvent,
}

/** This leader is slow for a while already, and another voter is not: it hands its leadership over. */
export interface TransferEvent {
  readonly target: bigint
  readonly reason: string
  readonly outcome: TransferEvent_Outcome
}

/** What is left out has its default. */
export interface TransferEventInit {
  readonly target?: bigint | undefined
  readonly reason?: string | undefined
  readonly outcome?: TransferEvent_Outcome | undefined
}

export const newTransferEvent = (): TransferEvent => ({ target: 0n, reason: '', outcome: 0 })

const TransferEventFields: ReadonlySet<number> = new Set([1, 2, 3])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readTransferEvent(reader: Reader, message: TransferEvent): TransferEvent {
  const m = message as Mutable<TransferEvent>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 8:
        m.target = reader.uint64Big()
        break
      case 18:
        m.reason = reader.string()
        break
      case 24:
        m.outcome = reader.int32()
        break
      default:
        reader.skip(tag, TransferEventFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeTransferEvent(writer: Writer, message: TransferEventInit): void {
  const v3 = message.outcome
  if (v3 !== undefined && v3 !== 0) writer.int32(24, v3)
  const v2 = message.reason
  if (v2 !== undefined && v2 !== '') writer.string(18, v2)
  const v1 = message.target
  if (v1 !== undefined && v1 !== 0n) writer.uint64Big(8, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeTransferEvent(message: TransferEventInit): Uint8Array {
  sharedWriter.begin()
  writeTransferEvent(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeTransferEvent = (bytes: Uint8Array): TransferEvent => readTransferEvent(new Reader(bytes, 'balsa.v1.TransferEvent'), newTransferEvent())

export const TransferEventType: MessageType<TransferEvent, TransferEventInit> = {
  name: 'balsa.v1.TransferEvent',
  fields: [
    { number: 1, name: 'target', property: 'target', kind: 'uint64', range: 'bigint' },
    { number: 2, name: 'reason', property: 'reason', kind: 'string' },
    { number: 3, name: 'outcome', property: 'outcome', kind: 'enum', values: TransferEvent_Outcome },
  ],
  create: newTransferEvent,
  encode: encodeTransferEvent,
  decode: decodeTransferEvent,
  read: readTransferEvent,
  write: writeTransferEvent,
}

export const StoreService = {
  name: 'balsa.v1.Store',
  methods: {
    /** Adds to the end of a value; a missing key counts as empty. */
    Append: {
      name: 'Append',
      path: '/balsa.v1.Store/Append',
      clientStreaming: false,
      serverStreaming: false,
      request: AppendRequestType,
      response: AppendResponseType,
      http: ['/balsa/v1/append'],
    },
    /** Any write at most once: repeated with the same stamp it answers what it answered first. */
    Write: {
      name: 'Write',
      path: '/balsa.v1.Store/Write',
      clientStreaming: false,
      serverStreaming: false,
      request: WriteRequestType,
      response: WriteResponseType,
      http: ['/balsa/v1/write'],
    },
  },
} as const satisfies ServiceType

/** A session is what makes repeated writes safe, across members and restarts. It ends when it has been idle for its time to live. */
export const SessionsService = {
  name: 'balsa.v1.Sessions',
  methods: {
    Open: {
      name: 'Open',
      path: '/balsa.v1.Sessions/Open',
      clientStreaming: false,
      serverStreaming: false,
      request: OpenSessionRequestType,
      response: OpenSessionResponseType,
      http: ['/balsa/v1/session/open'],
    },
    KeepAlive: {
      name: 'KeepAlive',
      path: '/balsa.v1.Sessions/KeepAlive',
      clientStreaming: false,
      serverStreaming: false,
      request: KeepSessionRequestType,
      response: KeepSessionResponseType,
      http: ['/balsa/v1/session/keepalive'],
    },
    Close: {
      name: 'Close',
      path: '/balsa.v1.Sessions/Close',
      clientStreaming: false,
      serverStreaming: false,
      request: CloseSessionRequestType,
      response: CloseSessionResponseType,
      http: ['/balsa/v1/session/close'],
    },
  },
} as const satisfies ServiceType

/** One member about itself; answers without a majority. */
export const NodeService = {
  name: 'balsa.v1.Node',
  methods: {
    Status: {
      name: 'Status',
      path: '/balsa.v1.Node/Status',
      clientStreaming: false,
      serverStreaming: false,
      request: StatusRequestType,
      response: StatusResponseType,
      http: ['/balsa/v1/status'],
    },
    /** How things are now (a role and a membership event, and one for each alarm), then what happens from now on. */
    Events: {
      name: 'Events',
      path: '/balsa.v1.Node/Events',
      clientStreaming: false,
      serverStreaming: true,
      request: EventsRequestType,
      response: EventType,
      http: ['/balsa/v1/events'],
    },
  },
} as const satisfies ServiceType
