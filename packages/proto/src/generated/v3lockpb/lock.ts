// Written by `npm run codegen` from packages/proto/proto/v3lockpb/lock.proto. Do not change it by hand.
import type { MessageType, Mutable, ServiceType } from '../../runtime/message-type.js'
import { EMPTY, Reader } from '../../runtime/reader.js'
import { sharedWriter, type Writer } from '../../runtime/writer.js'
import * as etcdserverpbHeader from '../etcdserverpb/header.js'

export interface LockRequest {
  readonly name: Uint8Array
  /** The lock ends with it. */
  readonly lease: bigint
}

/** What is left out has its default. */
export interface LockRequestInit {
  readonly name?: Uint8Array | undefined
  readonly lease?: bigint | undefined
}

export const newLockRequest = (): LockRequest => ({ name: EMPTY, lease: 0n })

const LockRequestFields: ReadonlySet<number> = new Set([1, 2])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readLockRequest(reader: Reader, message: LockRequest): LockRequest {
  const m = message as Mutable<LockRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10:
        m.name = reader.bytes()
        break
      case 16:
        m.lease = reader.int64Big()
        break
      default:
        reader.skip(tag, LockRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeLockRequest(writer: Writer, message: LockRequestInit): void {
  const v2 = message.lease
  if (v2 !== undefined && v2 !== 0n) writer.int64Big(16, v2)
  const v1 = message.name
  if (v1 !== undefined && v1.length > 0) writer.bytes(10, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeLockRequest(message: LockRequestInit): Uint8Array {
  sharedWriter.begin()
  writeLockRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeLockRequest = (bytes: Uint8Array): LockRequest => readLockRequest(new Reader(bytes, 'v3lockpb.LockRequest'), newLockRequest())

export const LockRequestType: MessageType<LockRequest, LockRequestInit> = {
  name: 'v3lockpb.LockRequest',
  fields: [
    { number: 1, name: 'name', property: 'name', kind: 'bytes' },
    { number: 2, name: 'lease', property: 'lease', kind: 'int64', range: 'bigint' },
  ],
  create: newLockRequest,
  encode: encodeLockRequest,
  decode: decodeLockRequest,
  read: readLockRequest,
  write: writeLockRequest,
}

export interface LockResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
  /** Exists as long as the lock is held. */
  readonly key: Uint8Array
}

/** What is left out has its default. */
export interface LockResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
  readonly key?: Uint8Array | undefined
}

export const newLockResponse = (): LockResponse => ({ header: null, key: EMPTY })

const LockResponseFields: ReadonlySet<number> = new Set([1, 2])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readLockResponse(reader: Reader, message: LockResponse): LockResponse {
  const m = message as Mutable<LockResponse>
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
        m.key = reader.bytes()
        break
      default:
        reader.skip(tag, LockResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeLockResponse(writer: Writer, message: LockResponseInit): void {
  const v2 = message.key
  if (v2 !== undefined && v2.length > 0) writer.bytes(18, v2)
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeLockResponse(message: LockResponseInit): Uint8Array {
  sharedWriter.begin()
  writeLockResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeLockResponse = (bytes: Uint8Array): LockResponse => readLockResponse(new Reader(bytes, 'v3lockpb.LockResponse'), newLockResponse())

export const LockResponseType: MessageType<LockResponse, LockResponseInit> = {
  name: 'v3lockpb.LockResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
    { number: 2, name: 'key', property: 'key', kind: 'bytes' },
  ],
  create: newLockResponse,
  encode: encodeLockResponse,
  decode: decodeLockResponse,
  read: readLockResponse,
  write: writeLockResponse,
}

export interface UnlockRequest {
  readonly key: Uint8Array
}

/** What is left out has its default. */
export interface UnlockRequestInit {
  readonly key?: Uint8Array | undefined
}

export const newUnlockRequest = (): UnlockRequest => ({ key: EMPTY })

const UnlockRequestFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readUnlockRequest(reader: Reader, message: UnlockRequest): UnlockRequest {
  const m = message as Mutable<UnlockRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10:
        m.key = reader.bytes()
        break
      default:
        reader.skip(tag, UnlockRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeUnlockRequest(writer: Writer, message: UnlockRequestInit): void {
  const v1 = message.key
  if (v1 !== undefined && v1.length > 0) writer.bytes(10, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeUnlockRequest(message: UnlockRequestInit): Uint8Array {
  sharedWriter.begin()
  writeUnlockRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeUnlockRequest = (bytes: Uint8Array): UnlockRequest => readUnlockRequest(new Reader(bytes, 'v3lockpb.UnlockRequest'), newUnlockRequest())

export const UnlockRequestType: MessageType<UnlockRequest, UnlockRequestInit> = {
  name: 'v3lockpb.UnlockRequest',
  fields: [
    { number: 1, name: 'key', property: 'key', kind: 'bytes' },
  ],
  create: newUnlockRequest,
  encode: encodeUnlockRequest,
  decode: decodeUnlockRequest,
  read: readUnlockRequest,
  write: writeUnlockRequest,
}

export interface UnlockResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
}

/** What is left out has its default. */
export interface UnlockResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
}

export const newUnlockResponse = (): UnlockResponse => ({ header: null })

const UnlockResponseFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readUnlockResponse(reader: Reader, message: UnlockResponse): UnlockResponse {
  const m = message as Mutable<UnlockResponse>
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
        reader.skip(tag, UnlockResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeUnlockResponse(writer: Writer, message: UnlockResponseInit): void {
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeUnlockResponse(message: UnlockResponseInit): Uint8Array {
  sharedWriter.begin()
  writeUnlockResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeUnlockResponse = (bytes: Uint8Array): UnlockResponse => readUnlockResponse(new Reader(bytes, 'v3lockpb.UnlockResponse'), newUnlockResponse())

export const UnlockResponseType: MessageType<UnlockResponse, UnlockResponseInit> = {
  name: 'v3lockpb.UnlockResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
  ],
  create: newUnlockResponse,
  encode: encodeUnlockResponse,
  decode: decodeUnlockResponse,
  read: readUnlockResponse,
  write: writeUnlockResponse,
}

export const LockService = {
  name: 'v3lockpb.Lock',
  methods: {
    /** Answers when the caller holds the lock. */
    Lock: {
      name: 'Lock',
      path: '/v3lockpb.Lock/Lock',
      clientStreaming: false,
      serverStreaming: false,
      request: LockRequestType,
      response: LockResponseType,
      http: ['/v3/lock/lock'],
    },
    Unlock: {
      name: 'Unlock',
      path: '/v3lockpb.Lock/Unlock',
      clientStreaming: false,
      serverStreaming: false,
      request: UnlockRequestType,
      response: UnlockResponseType,
      http: ['/v3/lock/unlock'],
    },
  },
} as const satisfies ServiceType
