// Written by `npm run codegen` from packages/proto/proto/etcdserverpb/lease.proto. Do not change it by hand.
import type { MessageType, Mutable, ServiceType } from '../../runtime/message-type.js'
import { Reader } from '../../runtime/reader.js'
import { sharedWriter, type Writer } from '../../runtime/writer.js'
import * as etcdserverpbHeader from '../etcdserverpb/header.js'

export interface LeaseGrantRequest {
  /** Seconds. */
  readonly TTL: number
  /** 0 = the server picks one. */
  readonly ID: bigint
}

/** What is left out has its default. */
export interface LeaseGrantRequestInit {
  readonly TTL?: number | undefined
  readonly ID?: bigint | undefined
}

export const newLeaseGrantRequest = (): LeaseGrantRequest => ({ TTL: 0, ID: 0n })

const LeaseGrantRequestFields: ReadonlySet<number> = new Set([1, 2])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readLeaseGrantRequest(reader: Reader, message: LeaseGrantRequest): LeaseGrantRequest {
  const m = message as Mutable<LeaseGrantRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 8:
        m.TTL = reader.int64Clamped()
        break
      case 16:
        m.ID = reader.int64Big()
        break
      default:
        reader.skip(tag, LeaseGrantRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeLeaseGrantRequest(writer: Writer, message: LeaseGrantRequestInit): void {
  const v2 = message.ID
  if (v2 !== undefined && v2 !== 0n) writer.int64Big(16, v2)
  const v1 = message.TTL
  if (v1 !== undefined && v1 !== 0) writer.int64(8, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeLeaseGrantRequest(message: LeaseGrantRequestInit): Uint8Array {
  sharedWriter.begin()
  writeLeaseGrantRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeLeaseGrantRequest = (bytes: Uint8Array): LeaseGrantRequest => readLeaseGrantRequest(new Reader(bytes, 'etcdserverpb.LeaseGrantRequest'), newLeaseGrantRequest())

export const LeaseGrantRequestType: MessageType<LeaseGrantRequest, LeaseGrantRequestInit> = {
  name: 'etcdserverpb.LeaseGrantRequest',
  fields: [
    { number: 1, name: 'TTL', property: 'TTL', kind: 'int64', range: 'clamp' },
    { number: 2, name: 'ID', property: 'ID', kind: 'int64', range: 'bigint' },
  ],
  create: newLeaseGrantRequest,
  encode: encodeLeaseGrantRequest,
  decode: decodeLeaseGrantRequest,
  read: readLeaseGrantRequest,
  write: writeLeaseGrantRequest,
}

export interface LeaseGrantResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
  readonly ID: bigint
  /** Seconds; may be more than asked for. */
  readonly TTL: number
  readonly error: string
}

/** What is left out has its default. */
export interface LeaseGrantResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
  readonly ID?: bigint | undefined
  readonly TTL?: number | undefined
  readonly error?: string | undefined
}

export const newLeaseGrantResponse = (): LeaseGrantResponse => ({ header: null, ID: 0n, TTL: 0, error: '' })

const LeaseGrantResponseFields: ReadonlySet<number> = new Set([1, 2, 3, 4])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readLeaseGrantResponse(reader: Reader, message: LeaseGrantResponse): LeaseGrantResponse {
  const m = message as Mutable<LeaseGrantResponse>
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
        m.ID = reader.int64Big()
        break
      case 24:
        m.TTL = reader.int64()
        break
      case 34:
        m.error = reader.string()
        break
      default:
        reader.skip(tag, LeaseGrantResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeLeaseGrantResponse(writer: Writer, message: LeaseGrantResponseInit): void {
  const v4 = message.error
  if (v4 !== undefined && v4 !== '') writer.string(34, v4)
  const v3 = message.TTL
  if (v3 !== undefined && v3 !== 0) writer.int64(24, v3)
  const v2 = message.ID
  if (v2 !== undefined && v2 !== 0n) writer.int64Big(16, v2)
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeLeaseGrantResponse(message: LeaseGrantResponseInit): Uint8Array {
  sharedWriter.begin()
  writeLeaseGrantResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeLeaseGrantResponse = (bytes: Uint8Array): LeaseGrantResponse => readLeaseGrantResponse(new Reader(bytes, 'etcdserverpb.LeaseGrantResponse'), newLeaseGrantResponse())

export const LeaseGrantResponseType: MessageType<LeaseGrantResponse, LeaseGrantResponseInit> = {
  name: 'etcdserverpb.LeaseGrantResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
    { number: 2, name: 'ID', property: 'ID', kind: 'int64', range: 'bigint' },
    { number: 3, name: 'TTL', property: 'TTL', kind: 'int64' },
    { number: 4, name: 'error', property: 'error', kind: 'string' },
  ],
  create: newLeaseGrantResponse,
  encode: encodeLeaseGrantResponse,
  decode: decodeLeaseGrantResponse,
  read: readLeaseGrantResponse,
  write: writeLeaseGrantResponse,
}

export interface LeaseRevokeRequest {
  readonly ID: bigint
}

/** What is left out has its default. */
export interface LeaseRevokeRequestInit {
  readonly ID?: bigint | undefined
}

export const newLeaseRevokeRequest = (): LeaseRevokeRequest => ({ ID: 0n })

const LeaseRevokeRequestFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readLeaseRevokeRequest(reader: Reader, message: LeaseRevokeRequest): LeaseRevokeRequest {
  const m = message as Mutable<LeaseRevokeRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 8:
        m.ID = reader.int64Big()
        break
      default:
        reader.skip(tag, LeaseRevokeRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeLeaseRevokeRequest(writer: Writer, message: LeaseRevokeRequestInit): void {
  const v1 = message.ID
  if (v1 !== undefined && v1 !== 0n) writer.int64Big(8, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeLeaseRevokeRequest(message: LeaseRevokeRequestInit): Uint8Array {
  sharedWriter.begin()
  writeLeaseRevokeRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeLeaseRevokeRequest = (bytes: Uint8Array): LeaseRevokeRequest => readLeaseRevokeRequest(new Reader(bytes, 'etcdserverpb.LeaseRevokeRequest'), newLeaseRevokeRequest())

export const LeaseRevokeRequestType: MessageType<LeaseRevokeRequest, LeaseRevokeRequestInit> = {
  name: 'etcdserverpb.LeaseRevokeRequest',
  fields: [
    { number: 1, name: 'ID', property: 'ID', kind: 'int64', range: 'bigint' },
  ],
  create: newLeaseRevokeRequest,
  encode: encodeLeaseRevokeRequest,
  decode: decodeLeaseRevokeRequest,
  read: readLeaseRevokeRequest,
  write: writeLeaseRevokeRequest,
}

export interface LeaseRevokeResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
}

/** What is left out has its default. */
export interface LeaseRevokeResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
}

export const newLeaseRevokeResponse = (): LeaseRevokeResponse => ({ header: null })

const LeaseRevokeResponseFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readLeaseRevokeResponse(reader: Reader, message: LeaseRevokeResponse): LeaseRevokeResponse {
  const m = message as Mutable<LeaseRevokeResponse>
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
        reader.skip(tag, LeaseRevokeResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeLeaseRevokeResponse(writer: Writer, message: LeaseRevokeResponseInit): void {
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeLeaseRevokeResponse(message: LeaseRevokeResponseInit): Uint8Array {
  sharedWriter.begin()
  writeLeaseRevokeResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeLeaseRevokeResponse = (bytes: Uint8Array): LeaseRevokeResponse => readLeaseRevokeResponse(new Reader(bytes, 'etcdserverpb.LeaseRevokeResponse'), newLeaseRevokeResponse())

export const LeaseRevokeResponseType: MessageType<LeaseRevokeResponse, LeaseRevokeResponseInit> = {
  name: 'etcdserverpb.LeaseRevokeResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
  ],
  create: newLeaseRevokeResponse,
  encode: encodeLeaseRevokeResponse,
  decode: decodeLeaseRevokeResponse,
  read: readLeaseRevokeResponse,
  write: writeLeaseRevokeResponse,
}

export interface LeaseKeepAliveRequest {
  readonly ID: bigint
}

/** What is left out has its default. */
export interface LeaseKeepAliveRequestInit {
  readonly ID?: bigint | undefined
}

export const newLeaseKeepAliveRequest = (): LeaseKeepAliveRequest => ({ ID: 0n })

const LeaseKeepAliveRequestFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readLeaseKeepAliveRequest(reader: Reader, message: LeaseKeepAliveRequest): LeaseKeepAliveRequest {
  const m = message as Mutable<LeaseKeepAliveRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 8:
        m.ID = reader.int64Big()
        break
      default:
        reader.skip(tag, LeaseKeepAliveRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeLeaseKeepAliveRequest(writer: Writer, message: LeaseKeepAliveRequestInit): void {
  const v1 = message.ID
  if (v1 !== undefined && v1 !== 0n) writer.int64Big(8, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeLeaseKeepAliveRequest(message: LeaseKeepAliveRequestInit): Uint8Array {
  sharedWriter.begin()
  writeLeaseKeepAliveRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeLeaseKeepAliveRequest = (bytes: Uint8Array): LeaseKeepAliveRequest => readLeaseKeepAliveRequest(new Reader(bytes, 'etcdserverpb.LeaseKeepAliveRequest'), newLeaseKeepAliveRequest())

export const LeaseKeepAliveRequestType: MessageType<LeaseKeepAliveRequest, LeaseKeepAliveRequestInit> = {
  name: 'etcdserverpb.LeaseKeepAliveRequest',
  fields: [
    { number: 1, name: 'ID', property: 'ID', kind: 'int64', range: 'bigint' },
  ],
  create: newLeaseKeepAliveRequest,
  encode: encodeLeaseKeepAliveRequest,
  decode: decodeLeaseKeepAliveRequest,
  read: readLeaseKeepAliveRequest,
  write: writeLeaseKeepAliveRequest,
}

export interface LeaseKeepAliveResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
  readonly ID: bigint
  /** 0 = there is no such lease (any more). */
  readonly TTL: number
}

/** What is left out has its default. */
export interface LeaseKeepAliveResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
  readonly ID?: bigint | undefined
  readonly TTL?: number | undefined
}

export const newLeaseKeepAliveResponse = (): LeaseKeepAliveResponse => ({ header: null, ID: 0n, TTL: 0 })

const LeaseKeepAliveResponseFields: ReadonlySet<number> = new Set([1, 2, 3])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readLeaseKeepAliveResponse(reader: Reader, message: LeaseKeepAliveResponse): LeaseKeepAliveResponse {
  const m = message as Mutable<LeaseKeepAliveResponse>
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
        m.ID = reader.int64Big()
        break
      case 24:
        m.TTL = reader.int64()
        break
      default:
        reader.skip(tag, LeaseKeepAliveResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeLeaseKeepAliveResponse(writer: Writer, message: LeaseKeepAliveResponseInit): void {
  const v3 = message.TTL
  if (v3 !== undefined && v3 !== 0) writer.int64(24, v3)
  const v2 = message.ID
  if (v2 !== undefined && v2 !== 0n) writer.int64Big(16, v2)
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeLeaseKeepAliveResponse(message: LeaseKeepAliveResponseInit): Uint8Array {
  sharedWriter.begin()
  writeLeaseKeepAliveResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeLeaseKeepAliveResponse = (bytes: Uint8Array): LeaseKeepAliveResponse => readLeaseKeepAliveResponse(new Reader(bytes, 'etcdserverpb.LeaseKeepAliveResponse'), newLeaseKeepAliveResponse())

export const LeaseKeepAliveResponseType: MessageType<LeaseKeepAliveResponse, LeaseKeepAliveResponseInit> = {
  name: 'etcdserverpb.LeaseKeepAliveResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
    { number: 2, name: 'ID', property: 'ID', kind: 'int64', range: 'bigint' },
    { number: 3, name: 'TTL', property: 'TTL', kind: 'int64' },
  ],
  create: newLeaseKeepAliveResponse,
  encode: encodeLeaseKeepAliveResponse,
  decode: decodeLeaseKeepAliveResponse,
  read: readLeaseKeepAliveResponse,
  write: writeLeaseKeepAliveResponse,
}

export interface LeaseTimeToLiveRequest {
  readonly ID: bigint
  readonly keys: boolean
}

/** What is left out has its default. */
export interface LeaseTimeToLiveRequestInit {
  readonly ID?: bigint | undefined
  readonly keys?: boolean | undefined
}

export const newLeaseTimeToLiveRequest = (): LeaseTimeToLiveRequest => ({ ID: 0n, keys: false })

const LeaseTimeToLiveRequestFields: ReadonlySet<number> = new Set([1, 2])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readLeaseTimeToLiveRequest(reader: Reader, message: LeaseTimeToLiveRequest): LeaseTimeToLiveRequest {
  const m = message as Mutable<LeaseTimeToLiveRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 8:
        m.ID = reader.int64Big()
        break
      case 16:
        m.keys = reader.bool()
        break
      default:
        reader.skip(tag, LeaseTimeToLiveRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeLeaseTimeToLiveRequest(writer: Writer, message: LeaseTimeToLiveRequestInit): void {
  const v2 = message.keys
  if (v2 === true) writer.bool(16, v2)
  const v1 = message.ID
  if (v1 !== undefined && v1 !== 0n) writer.int64Big(8, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeLeaseTimeToLiveRequest(message: LeaseTimeToLiveRequestInit): Uint8Array {
  sharedWriter.begin()
  writeLeaseTimeToLiveRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeLeaseTimeToLiveRequest = (bytes: Uint8Array): LeaseTimeToLiveRequest => readLeaseTimeToLiveRequest(new Reader(bytes, 'etcdserverpb.LeaseTimeToLiveRequest'), newLeaseTimeToLiveRequest())

export const LeaseTimeToLiveRequestType: MessageType<LeaseTimeToLiveRequest, LeaseTimeToLiveRequestInit> = {
  name: 'etcdserverpb.LeaseTimeToLiveRequest',
  fields: [
    { number: 1, name: 'ID', property: 'ID', kind: 'int64', range: 'bigint' },
    { number: 2, name: 'keys', property: 'keys', kind: 'bool' },
  ],
  create: newLeaseTimeToLiveRequest,
  encode: encodeLeaseTimeToLiveRequest,
  decode: decodeLeaseTimeToLiveRequest,
  read: readLeaseTimeToLiveRequest,
  write: writeLeaseTimeToLiveRequest,
}

export interface LeaseTimeToLiveResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
  readonly ID: bigint
  /** Whole seconds left; -1 = there is no such lease. */
  readonly TTL: number
  readonly grantedTTL: number
  readonly keys: readonly Uint8Array[]
}

/** What is left out has its default. */
export interface LeaseTimeToLiveResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
  readonly ID?: bigint | undefined
  readonly TTL?: number | undefined
  readonly grantedTTL?: number | undefined
  readonly keys?: readonly Uint8Array[] | undefined
}

export const newLeaseTimeToLiveResponse = (): LeaseTimeToLiveResponse => ({ header: null, ID: 0n, TTL: 0, grantedTTL: 0, keys: [] })

const LeaseTimeToLiveResponseFields: ReadonlySet<number> = new Set([1, 2, 3, 4, 5])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readLeaseTimeToLiveResponse(reader: Reader, message: LeaseTimeToLiveResponse): LeaseTimeToLiveResponse {
  const m = message as Mutable<LeaseTimeToLiveResponse>
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
        m.ID = reader.int64Big()
        break
      case 24:
        m.TTL = reader.int64()
        break
      case 32:
        m.grantedTTL = reader.int64()
        break
      case 42:
        m.keys.push(reader.bytes())
        break
      default:
        reader.skip(tag, LeaseTimeToLiveResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeLeaseTimeToLiveResponse(writer: Writer, message: LeaseTimeToLiveResponseInit): void {
  const v5 = message.keys
  if (v5 !== undefined) {
    for (let at = v5.length - 1; at >= 0; at--) writer.bytes(42, v5[at] as Uint8Array)
  }
  const v4 = message.grantedTTL
  if (v4 !== undefined && v4 !== 0) writer.int64(32, v4)
  const v3 = message.TTL
  if (v3 !== undefined && v3 !== 0) writer.int64(24, v3)
  const v2 = message.ID
  if (v2 !== undefined && v2 !== 0n) writer.int64Big(16, v2)
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeLeaseTimeToLiveResponse(message: LeaseTimeToLiveResponseInit): Uint8Array {
  sharedWriter.begin()
  writeLeaseTimeToLiveResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeLeaseTimeToLiveResponse = (bytes: Uint8Array): LeaseTimeToLiveResponse => readLeaseTimeToLiveResponse(new Reader(bytes, 'etcdserverpb.LeaseTimeToLiveResponse'), newLeaseTimeToLiveResponse())

export const LeaseTimeToLiveResponseType: MessageType<LeaseTimeToLiveResponse, LeaseTimeToLiveResponseInit> = {
  name: 'etcdserverpb.LeaseTimeToLiveResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
    { number: 2, name: 'ID', property: 'ID', kind: 'int64', range: 'bigint' },
    { number: 3, name: 'TTL', property: 'TTL', kind: 'int64' },
    { number: 4, name: 'grantedTTL', property: 'grantedTTL', kind: 'int64' },
    { number: 5, name: 'keys', property: 'keys', kind: 'bytes', repeated: true },
  ],
  create: newLeaseTimeToLiveResponse,
  encode: encodeLeaseTimeToLiveResponse,
  decode: decodeLeaseTimeToLiveResponse,
  read: readLeaseTimeToLiveResponse,
  write: writeLeaseTimeToLiveResponse,
}

export interface LeaseLeasesRequest {
}

/** What is left out has its default. */
export interface LeaseLeasesRequestInit {
}

export const newLeaseLeasesRequest = (): LeaseLeasesRequest => ({})

const LeaseLeasesRequestFields: ReadonlySet<number> = new Set([])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readLeaseLeasesRequest(reader: Reader, message: LeaseLeasesRequest): LeaseLeasesRequest {
  while (reader.more()) {
    const tag = reader.tag()
    reader.skip(tag, LeaseLeasesRequestFields)
  }
  return message
}

/** In front of what the writer holds. */
export function writeLeaseLeasesRequest(_writer: Writer, _message: LeaseLeasesRequestInit): void {
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeLeaseLeasesRequest(message: LeaseLeasesRequestInit): Uint8Array {
  sharedWriter.begin()
  writeLeaseLeasesRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeLeaseLeasesRequest = (bytes: Uint8Array): LeaseLeasesRequest => readLeaseLeasesRequest(new Reader(bytes, 'etcdserverpb.LeaseLeasesRequest'), newLeaseLeasesRequest())

export const LeaseLeasesRequestType: MessageType<LeaseLeasesRequest, LeaseLeasesRequestInit> = {
  name: 'etcdserverpb.LeaseLeasesRequest',
  fields: [],
  create: newLeaseLeasesRequest,
  encode: encodeLeaseLeasesRequest,
  decode: decodeLeaseLeasesRequest,
  read: readLeaseLeasesRequest,
  write: writeLeaseLeasesRequest,
}

export interface LeaseStatus {
  readonly ID: bigint
}

/** What is left out has its default. */
export interface LeaseStatusInit {
  readonly ID?: bigint | undefined
}

export const newLeaseStatus = (): LeaseStatus => ({ ID: 0n })

const LeaseStatusFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readLeaseStatus(reader: Reader, message: LeaseStatus): LeaseStatus {
  const m = message as Mutable<LeaseStatus>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 8:
        m.ID = reader.int64Big()
        break
      default:
        reader.skip(tag, LeaseStatusFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeLeaseStatus(writer: Writer, message: LeaseStatusInit): void {
  const v1 = message.ID
  if (v1 !== undefined && v1 !== 0n) writer.int64Big(8, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeLeaseStatus(message: LeaseStatusInit): Uint8Array {
  sharedWriter.begin()
  writeLeaseStatus(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeLeaseStatus = (bytes: Uint8Array): LeaseStatus => readLeaseStatus(new Reader(bytes, 'etcdserverpb.LeaseStatus'), newLeaseStatus())

export const LeaseStatusType: MessageType<LeaseStatus, LeaseStatusInit> = {
  name: 'etcdserverpb.LeaseStatus',
  fields: [
    { number: 1, name: 'ID', property: 'ID', kind: 'int64', range: 'bigint' },
  ],
  create: newLeaseStatus,
  encode: encodeLeaseStatus,
  decode: decodeLeaseStatus,
  read: readLeaseStatus,
  write: writeLeaseStatus,
}

export interface LeaseLeasesResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
  readonly leases: readonly LeaseStatus[]
}

/** What is left out has its default. */
export interface LeaseLeasesResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
  readonly leases?: readonly LeaseStatusInit[] | undefined
}

export const newLeaseLeasesResponse = (): LeaseLeasesResponse => ({ header: null, leases: [] })

const LeaseLeasesResponseFields: ReadonlySet<number> = new Set([1, 2])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readLeaseLeasesResponse(reader: Reader, message: LeaseLeasesResponse): LeaseLeasesResponse {
  const m = message as Mutable<LeaseLeasesResponse>
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
        m.leases.push(readLeaseStatus(reader, newLeaseStatus()))
        reader.close(end)
        break
      }
      default:
        reader.skip(tag, LeaseLeasesResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeLeaseLeasesResponse(writer: Writer, message: LeaseLeasesResponseInit): void {
  const v2 = message.leases
  if (v2 !== undefined) {
    for (let at = v2.length - 1; at >= 0; at--) {
      const open = writer.open()
      writeLeaseStatus(writer, v2[at] as LeaseStatusInit)
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
export function encodeLeaseLeasesResponse(message: LeaseLeasesResponseInit): Uint8Array {
  sharedWriter.begin()
  writeLeaseLeasesResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeLeaseLeasesResponse = (bytes: Uint8Array): LeaseLeasesResponse => readLeaseLeasesResponse(new Reader(bytes, 'etcdserverpb.LeaseLeasesResponse'), newLeaseLeasesResponse())

export const LeaseLeasesResponseType: MessageType<LeaseLeasesResponse, LeaseLeasesResponseInit> = {
  name: 'etcdserverpb.LeaseLeasesResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
    { number: 2, name: 'leases', property: 'leases', kind: 'message', repeated: true, message: () => LeaseStatusType },
  ],
  create: newLeaseLeasesResponse,
  encode: encodeLeaseLeasesResponse,
  decode: decodeLeaseLeasesResponse,
  read: readLeaseLeasesResponse,
  write: writeLeaseLeasesResponse,
}

export const LeaseService = {
  name: 'etcdserverpb.Lease',
  methods: {
    LeaseGrant: {
      name: 'LeaseGrant',
      path: '/etcdserverpb.Lease/LeaseGrant',
      clientStreaming: false,
      serverStreaming: false,
      request: LeaseGrantRequestType,
      response: LeaseGrantResponseType,
      http: ['/v3/lease/grant'],
    },
    LeaseRevoke: {
      name: 'LeaseRevoke',
      path: '/etcdserverpb.Lease/LeaseRevoke',
      clientStreaming: false,
      serverStreaming: false,
      request: LeaseRevokeRequestType,
      response: LeaseRevokeResponseType,
      http: ['/v3/lease/revoke', '/v3/kv/lease/revoke'],
    },
    /** One answer for each request, in order. */
    LeaseKeepAlive: {
      name: 'LeaseKeepAlive',
      path: '/etcdserverpb.Lease/LeaseKeepAlive',
      clientStreaming: true,
      serverStreaming: true,
      request: LeaseKeepAliveRequestType,
      response: LeaseKeepAliveResponseType,
      http: ['/v3/lease/keepalive'],
    },
    LeaseTimeToLive: {
      name: 'LeaseTimeToLive',
      path: '/etcdserverpb.Lease/LeaseTimeToLive',
      clientStreaming: false,
      serverStreaming: false,
      request: LeaseTimeToLiveRequestType,
      response: LeaseTimeToLiveResponseType,
      http: ['/v3/lease/timetolive', '/v3/kv/lease/timetolive'],
    },
    LeaseLeases: {
      name: 'LeaseLeases',
      path: '/etcdserverpb.Lease/LeaseLeases',
      clientStreaming: false,
      serverStreaming: false,
      request: LeaseLeasesRequestType,
      response: LeaseLeasesResponseType,
      http: ['/v3/lease/leases', '/v3/kv/lease/leases'],
    },
  },
} as const satisfies ServiceType
