// Written by `npm run codegen` from packages/proto/proto/v3electionpb/election.proto. Do not change it by hand.
import type { MessageType, Mutable, ServiceType } from '../../runtime/message-type.js'
import { EMPTY, Reader } from '../../runtime/reader.js'
import { sharedWriter, type Writer } from '../../runtime/writer.js'
import * as etcdserverpbHeader from '../etcdserverpb/header.js'
import * as mvccpbKv from '../mvccpb/kv.js'

export interface LeaderKey {
  readonly name: Uint8Array
  readonly key: Uint8Array
  /** create_revision of the key. */
  readonly rev: number
  readonly lease: bigint
}

/** What is left out has its default. */
export interface LeaderKeyInit {
  readonly name?: Uint8Array | undefined
  readonly key?: Uint8Array | undefined
  readonly rev?: number | undefined
  readonly lease?: bigint | undefined
}

export const newLeaderKey = (): LeaderKey => ({ name: EMPTY, key: EMPTY, rev: 0, lease: 0n })

const LeaderKeyFields: ReadonlySet<number> = new Set([1, 2, 3, 4])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readLeaderKey(reader: Reader, message: LeaderKey): LeaderKey {
  const m = message as Mutable<LeaderKey>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10:
        m.name = reader.bytes()
        break
      case 18:
        m.key = reader.bytes()
        break
      case 24:
        m.rev = reader.int64Clamped()
        break
      case 32:
        m.lease = reader.int64Big()
        break
      default:
        reader.skip(tag, LeaderKeyFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeLeaderKey(writer: Writer, message: LeaderKeyInit): void {
  const v4 = message.lease
  if (v4 !== undefined && v4 !== 0n) writer.int64Big(32, v4)
  const v3 = message.rev
  if (v3 !== undefined && v3 !== 0) writer.int64(24, v3)
  const v2 = message.key
  if (v2 !== undefined && v2.length > 0) writer.bytes(18, v2)
  const v1 = message.name
  if (v1 !== undefined && v1.length > 0) writer.bytes(10, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeLeaderKey(message: LeaderKeyInit): Uint8Array {
  sharedWriter.begin()
  writeLeaderKey(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeLeaderKey = (bytes: Uint8Array): LeaderKey => readLeaderKey(new Reader(bytes, 'v3electionpb.LeaderKey'), newLeaderKey())

export const LeaderKeyType: MessageType<LeaderKey, LeaderKeyInit> = {
  name: 'v3electionpb.LeaderKey',
  fields: [
    { number: 1, name: 'name', property: 'name', kind: 'bytes' },
    { number: 2, name: 'key', property: 'key', kind: 'bytes' },
    { number: 3, name: 'rev', property: 'rev', kind: 'int64', range: 'clamp' },
    { number: 4, name: 'lease', property: 'lease', kind: 'int64', range: 'bigint' },
  ],
  create: newLeaderKey,
  encode: encodeLeaderKey,
  decode: decodeLeaderKey,
  read: readLeaderKey,
  write: writeLeaderKey,
}

export interface CampaignRequest {
  readonly name: Uint8Array
  readonly lease: bigint
  readonly value: Uint8Array
}

/** What is left out has its default. */
export interface CampaignRequestInit {
  readonly name?: Uint8Array | undefined
  readonly lease?: bigint | undefined
  readonly value?: Uint8Array | undefined
}

export const newCampaignRequest = (): CampaignRequest => ({ name: EMPTY, lease: 0n, value: EMPTY })

const CampaignRequestFields: ReadonlySet<number> = new Set([1, 2, 3])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readCampaignRequest(reader: Reader, message: CampaignRequest): CampaignRequest {
  const m = message as Mutable<CampaignRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10:
        m.name = reader.bytes()
        break
      case 16:
        m.lease = reader.int64Big()
        break
      case 26:
        m.value = reader.bytes()
        break
      default:
        reader.skip(tag, CampaignRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeCampaignRequest(writer: Writer, message: CampaignRequestInit): void {
  const v3 = message.value
  if (v3 !== undefined && v3.length > 0) writer.bytes(26, v3)
  const v2 = message.lease
  if (v2 !== undefined && v2 !== 0n) writer.int64Big(16, v2)
  const v1 = message.name
  if (v1 !== undefined && v1.length > 0) writer.bytes(10, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeCampaignRequest(message: CampaignRequestInit): Uint8Array {
  sharedWriter.begin()
  writeCampaignRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeCampaignRequest = (bytes: Uint8Array): CampaignRequest => readCampaignRequest(new Reader(bytes, 'v3electionpb.CampaignRequest'), newCampaignRequest())

export const CampaignRequestType: MessageType<CampaignRequest, CampaignRequestInit> = {
  name: 'v3electionpb.CampaignRequest',
  fields: [
    { number: 1, name: 'name', property: 'name', kind: 'bytes' },
    { number: 2, name: 'lease', property: 'lease', kind: 'int64', range: 'bigint' },
    { number: 3, name: 'value', property: 'value', kind: 'bytes' },
  ],
  create: newCampaignRequest,
  encode: encodeCampaignRequest,
  decode: decodeCampaignRequest,
  read: readCampaignRequest,
  write: writeCampaignRequest,
}

export interface CampaignResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
  readonly leader: LeaderKey | null
}

/** What is left out has its default. */
export interface CampaignResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
  readonly leader?: LeaderKeyInit | null | undefined
}

export const newCampaignResponse = (): CampaignResponse => ({ header: null, leader: null })

const CampaignResponseFields: ReadonlySet<number> = new Set([1, 2])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readCampaignResponse(reader: Reader, message: CampaignResponse): CampaignResponse {
  const m = message as Mutable<CampaignResponse>
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
        m.leader = readLeaderKey(reader, m.leader ?? newLeaderKey())
        reader.close(end)
        break
      }
      default:
        reader.skip(tag, CampaignResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeCampaignResponse(writer: Writer, message: CampaignResponseInit): void {
  const v2 = message.leader
  if (v2 !== undefined && v2 !== null) {
    const open = writer.open()
    writeLeaderKey(writer, v2)
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
export function encodeCampaignResponse(message: CampaignResponseInit): Uint8Array {
  sharedWriter.begin()
  writeCampaignResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeCampaignResponse = (bytes: Uint8Array): CampaignResponse => readCampaignResponse(new Reader(bytes, 'v3electionpb.CampaignResponse'), newCampaignResponse())

export const CampaignResponseType: MessageType<CampaignResponse, CampaignResponseInit> = {
  name: 'v3electionpb.CampaignResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
    { number: 2, name: 'leader', property: 'leader', kind: 'message', message: () => LeaderKeyType },
  ],
  create: newCampaignResponse,
  encode: encodeCampaignResponse,
  decode: decodeCampaignResponse,
  read: readCampaignResponse,
  write: writeCampaignResponse,
}

export interface ProclaimRequest {
  readonly leader: LeaderKey | null
  readonly value: Uint8Array
}

/** What is left out has its default. */
export interface ProclaimRequestInit {
  readonly leader?: LeaderKeyInit | null | undefined
  readonly value?: Uint8Array | undefined
}

export const newProclaimRequest = (): ProclaimRequest => ({ leader: null, value: EMPTY })

const ProclaimRequestFields: ReadonlySet<number> = new Set([1, 2])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readProclaimRequest(reader: Reader, message: ProclaimRequest): ProclaimRequest {
  const m = message as Mutable<ProclaimRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10: {
        const end = reader.open()
        m.leader = readLeaderKey(reader, m.leader ?? newLeaderKey())
        reader.close(end)
        break
      }
      case 18:
        m.value = reader.bytes()
        break
      default:
        reader.skip(tag, ProclaimRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeProclaimRequest(writer: Writer, message: ProclaimRequestInit): void {
  const v2 = message.value
  if (v2 !== undefined && v2.length > 0) writer.bytes(18, v2)
  const v1 = message.leader
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    writeLeaderKey(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeProclaimRequest(message: ProclaimRequestInit): Uint8Array {
  sharedWriter.begin()
  writeProclaimRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeProclaimRequest = (bytes: Uint8Array): ProclaimRequest => readProclaimRequest(new Reader(bytes, 'v3electionpb.ProclaimRequest'), newProclaimRequest())

export const ProclaimRequestType: MessageType<ProclaimRequest, ProclaimRequestInit> = {
  name: 'v3electionpb.ProclaimRequest',
  fields: [
    { number: 1, name: 'leader', property: 'leader', kind: 'message', message: () => LeaderKeyType },
    { number: 2, name: 'value', property: 'value', kind: 'bytes' },
  ],
  create: newProclaimRequest,
  encode: encodeProclaimRequest,
  decode: decodeProclaimRequest,
  read: readProclaimRequest,
  write: writeProclaimRequest,
}

export interface ProclaimResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
}

/** What is left out has its default. */
export interface ProclaimResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
}

export const newProclaimResponse = (): ProclaimResponse => ({ header: null })

const ProclaimResponseFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readProclaimResponse(reader: Reader, message: ProclaimResponse): ProclaimResponse {
  const m = message as Mutable<ProclaimResponse>
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
        reader.skip(tag, ProclaimResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeProclaimResponse(writer: Writer, message: ProclaimResponseInit): void {
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeProclaimResponse(message: ProclaimResponseInit): Uint8Array {
  sharedWriter.begin()
  writeProclaimResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeProclaimResponse = (bytes: Uint8Array): ProclaimResponse => readProclaimResponse(new Reader(bytes, 'v3electionpb.ProclaimResponse'), newProclaimResponse())

export const ProclaimResponseType: MessageType<ProclaimResponse, ProclaimResponseInit> = {
  name: 'v3electionpb.ProclaimResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
  ],
  create: newProclaimResponse,
  encode: encodeProclaimResponse,
  decode: decodeProclaimResponse,
  read: readProclaimResponse,
  write: writeProclaimResponse,
}

export interface LeaderRequest {
  readonly name: Uint8Array
}

/** What is left out has its default. */
export interface LeaderRequestInit {
  readonly name?: Uint8Array | undefined
}

export const newLeaderRequest = (): LeaderRequest => ({ name: EMPTY })

const LeaderRequestFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readLeaderRequest(reader: Reader, message: LeaderRequest): LeaderRequest {
  const m = message as Mutable<LeaderRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10:
        m.name = reader.bytes()
        break
      default:
        reader.skip(tag, LeaderRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeLeaderRequest(writer: Writer, message: LeaderRequestInit): void {
  const v1 = message.name
  if (v1 !== undefined && v1.length > 0) writer.bytes(10, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeLeaderRequest(message: LeaderRequestInit): Uint8Array {
  sharedWriter.begin()
  writeLeaderRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeLeaderRequest = (bytes: Uint8Array): LeaderRequest => readLeaderRequest(new Reader(bytes, 'v3electionpb.LeaderRequest'), newLeaderRequest())

export const LeaderRequestType: MessageType<LeaderRequest, LeaderRequestInit> = {
  name: 'v3electionpb.LeaderRequest',
  fields: [
    { number: 1, name: 'name', property: 'name', kind: 'bytes' },
  ],
  create: newLeaderRequest,
  encode: encodeLeaderRequest,
  decode: decodeLeaderRequest,
  read: readLeaderRequest,
  write: writeLeaderRequest,
}

export interface LeaderResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
  readonly kv: mvccpbKv.KeyValue | null
}

/** What is left out has its default. */
export interface LeaderResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
  readonly kv?: mvccpbKv.KeyValueInit | null | undefined
}

export const newLeaderResponse = (): LeaderResponse => ({ header: null, kv: null })

const LeaderResponseFields: ReadonlySet<number> = new Set([1, 2])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readLeaderResponse(reader: Reader, message: LeaderResponse): LeaderResponse {
  const m = message as Mutable<LeaderResponse>
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
        m.kv = mvccpbKv.readKeyValue(reader, m.kv ?? mvccpbKv.newKeyValue())
        reader.close(end)
        break
      }
      default:
        reader.skip(tag, LeaderResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeLeaderResponse(writer: Writer, message: LeaderResponseInit): void {
  const v2 = message.kv
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
export function encodeLeaderResponse(message: LeaderResponseInit): Uint8Array {
  sharedWriter.begin()
  writeLeaderResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeLeaderResponse = (bytes: Uint8Array): LeaderResponse => readLeaderResponse(new Reader(bytes, 'v3electionpb.LeaderResponse'), newLeaderResponse())

export const LeaderResponseType: MessageType<LeaderResponse, LeaderResponseInit> = {
  name: 'v3electionpb.LeaderResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
    { number: 2, name: 'kv', property: 'kv', kind: 'message', message: () => mvccpbKv.KeyValueType },
  ],
  create: newLeaderResponse,
  encode: encodeLeaderResponse,
  decode: decodeLeaderResponse,
  read: readLeaderResponse,
  write: writeLeaderResponse,
}

export interface ResignRequest {
  readonly leader: LeaderKey | null
}

/** What is left out has its default. */
export interface ResignRequestInit {
  readonly leader?: LeaderKeyInit | null | undefined
}

export const newResignRequest = (): ResignRequest => ({ leader: null })

const ResignRequestFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readResignRequest(reader: Reader, message: ResignRequest): ResignRequest {
  const m = message as Mutable<ResignRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10: {
        const end = reader.open()
        m.leader = readLeaderKey(reader, m.leader ?? newLeaderKey())
        reader.close(end)
        break
      }
      default:
        reader.skip(tag, ResignRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeResignRequest(writer: Writer, message: ResignRequestInit): void {
  const v1 = message.leader
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    writeLeaderKey(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeResignRequest(message: ResignRequestInit): Uint8Array {
  sharedWriter.begin()
  writeResignRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeResignRequest = (bytes: Uint8Array): ResignRequest => readResignRequest(new Reader(bytes, 'v3electionpb.ResignRequest'), newResignRequest())

export const ResignRequestType: MessageType<ResignRequest, ResignRequestInit> = {
  name: 'v3electionpb.ResignRequest',
  fields: [
    { number: 1, name: 'leader', property: 'leader', kind: 'message', message: () => LeaderKeyType },
  ],
  create: newResignRequest,
  encode: encodeResignRequest,
  decode: decodeResignRequest,
  read: readResignRequest,
  write: writeResignRequest,
}

export interface ResignResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
}

/** What is left out has its default. */
export interface ResignResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
}

export const newResignResponse = (): ResignResponse => ({ header: null })

const ResignResponseFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readResignResponse(reader: Reader, message: ResignResponse): ResignResponse {
  const m = message as Mutable<ResignResponse>
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
        reader.skip(tag, ResignResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeResignResponse(writer: Writer, message: ResignResponseInit): void {
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeResignResponse(message: ResignResponseInit): Uint8Array {
  sharedWriter.begin()
  writeResignResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeResignResponse = (bytes: Uint8Array): ResignResponse => readResignResponse(new Reader(bytes, 'v3electionpb.ResignResponse'), newResignResponse())

export const ResignResponseType: MessageType<ResignResponse, ResignResponseInit> = {
  name: 'v3electionpb.ResignResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
  ],
  create: newResignResponse,
  encode: encodeResignResponse,
  decode: decodeResignResponse,
  read: readResignResponse,
  write: writeResignResponse,
}

export const ElectionService = {
  name: 'v3electionpb.Election',
  methods: {
    /** Answers when the caller leads. */
    Campaign: {
      name: 'Campaign',
      path: '/v3electionpb.Election/Campaign',
      clientStreaming: false,
      serverStreaming: false,
      request: CampaignRequestType,
      response: CampaignResponseType,
      http: ['/v3/election/campaign'],
    },
    /** A new value without giving up the lead. */
    Proclaim: {
      name: 'Proclaim',
      path: '/v3electionpb.Election/Proclaim',
      clientStreaming: false,
      serverStreaming: false,
      request: ProclaimRequestType,
      response: ProclaimResponseType,
      http: ['/v3/election/proclaim'],
    },
    Leader: {
      name: 'Leader',
      path: '/v3electionpb.Election/Leader',
      clientStreaming: false,
      serverStreaming: false,
      request: LeaderRequestType,
      response: LeaderResponseType,
      http: ['/v3/election/leader'],
    },
    Observe: {
      name: 'Observe',
      path: '/v3electionpb.Election/Observe',
      clientStreaming: false,
      serverStreaming: true,
      request: LeaderRequestType,
      response: LeaderResponseType,
      http: ['/v3/election/observe'],
    },
    Resign: {
      name: 'Resign',
      path: '/v3electionpb.Election/Resign',
      clientStreaming: false,
      serverStreaming: false,
      request: ResignRequestType,
      response: ResignResponseType,
      http: ['/v3/election/resign'],
    },
  },
} as const satisfies ServiceType
