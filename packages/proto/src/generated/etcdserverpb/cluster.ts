// Written by `npm run codegen` from packages/proto/proto/etcdserverpb/cluster.proto. Do not change it by hand.
import type { MessageType, Mutable, ServiceType } from '../../runtime/message-type.js'
import { Reader } from '../../runtime/reader.js'
import { sharedWriter, type Writer } from '../../runtime/writer.js'
import * as etcdserverpbHeader from '../etcdserverpb/header.js'

export interface Member {
  readonly ID: bigint
  /** Empty until the member has started once. */
  readonly name: string
  readonly peerURLs: readonly string[]
  readonly clientURLs: readonly string[]
  readonly isLearner: boolean
}

/** What is left out has its default. */
export interface MemberInit {
  readonly ID?: bigint | undefined
  readonly name?: string | undefined
  readonly peerURLs?: readonly string[] | undefined
  readonly clientURLs?: readonly string[] | undefined
  readonly isLearner?: boolean | undefined
}

export const newMember = (): Member => ({ ID: 0n, name: '', peerURLs: [], clientURLs: [], isLearner: false })

const MemberFields: ReadonlySet<number> = new Set([1, 2, 3, 4, 5])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readMember(reader: Reader, message: Member): Member {
  const m = message as Mutable<Member>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 8:
        m.ID = reader.uint64Big()
        break
      case 18:
        m.name = reader.string()
        break
      case 26:
        m.peerURLs.push(reader.string())
        break
      case 34:
        m.clientURLs.push(reader.string())
        break
      case 40:
        m.isLearner = reader.bool()
        break
      default:
        reader.skip(tag, MemberFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeMember(writer: Writer, message: MemberInit): void {
  const v5 = message.isLearner
  if (v5 === true) writer.bool(40, v5)
  const v4 = message.clientURLs
  if (v4 !== undefined) {
    for (let at = v4.length - 1; at >= 0; at--) writer.string(34, v4[at] as string)
  }
  const v3 = message.peerURLs
  if (v3 !== undefined) {
    for (let at = v3.length - 1; at >= 0; at--) writer.string(26, v3[at] as string)
  }
  const v2 = message.name
  if (v2 !== undefined && v2 !== '') writer.string(18, v2)
  const v1 = message.ID
  if (v1 !== undefined && v1 !== 0n) writer.uint64Big(8, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeMember(message: MemberInit): Uint8Array {
  sharedWriter.begin()
  writeMember(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeMember = (bytes: Uint8Array): Member => readMember(new Reader(bytes, 'etcdserverpb.Member'), newMember())

export const MemberType: MessageType<Member, MemberInit> = {
  name: 'etcdserverpb.Member',
  fields: [
    { number: 1, name: 'ID', property: 'ID', kind: 'uint64', range: 'bigint' },
    { number: 2, name: 'name', property: 'name', kind: 'string' },
    { number: 3, name: 'peerURLs', property: 'peerURLs', kind: 'string', repeated: true },
    { number: 4, name: 'clientURLs', property: 'clientURLs', kind: 'string', repeated: true },
    { number: 5, name: 'isLearner', property: 'isLearner', kind: 'bool' },
  ],
  create: newMember,
  encode: encodeMember,
  decode: decodeMember,
  read: readMember,
  write: writeMember,
}

export interface MemberAddRequest {
  readonly peerURLs: readonly string[]
  readonly isLearner: boolean
}

/** What is left out has its default. */
export interface MemberAddRequestInit {
  readonly peerURLs?: readonly string[] | undefined
  readonly isLearner?: boolean | undefined
}

export const newMemberAddRequest = (): MemberAddRequest => ({ peerURLs: [], isLearner: false })

const MemberAddRequestFields: ReadonlySet<number> = new Set([1, 2])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readMemberAddRequest(reader: Reader, message: MemberAddRequest): MemberAddRequest {
  const m = message as Mutable<MemberAddRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 10:
        m.peerURLs.push(reader.string())
        break
      case 16:
        m.isLearner = reader.bool()
        break
      default:
        reader.skip(tag, MemberAddRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeMemberAddRequest(writer: Writer, message: MemberAddRequestInit): void {
  const v2 = message.isLearner
  if (v2 === true) writer.bool(16, v2)
  const v1 = message.peerURLs
  if (v1 !== undefined) {
    for (let at = v1.length - 1; at >= 0; at--) writer.string(10, v1[at] as string)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeMemberAddRequest(message: MemberAddRequestInit): Uint8Array {
  sharedWriter.begin()
  writeMemberAddRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeMemberAddRequest = (bytes: Uint8Array): MemberAddRequest => readMemberAddRequest(new Reader(bytes, 'etcdserverpb.MemberAddRequest'), newMemberAddRequest())

export const MemberAddRequestType: MessageType<MemberAddRequest, MemberAddRequestInit> = {
  name: 'etcdserverpb.MemberAddRequest',
  fields: [
    { number: 1, name: 'peerURLs', property: 'peerURLs', kind: 'string', repeated: true },
    { number: 2, name: 'isLearner', property: 'isLearner', kind: 'bool' },
  ],
  create: newMemberAddRequest,
  encode: encodeMemberAddRequest,
  decode: decodeMemberAddRequest,
  read: readMemberAddRequest,
  write: writeMemberAddRequest,
}

export interface MemberAddResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
  readonly member: Member | null
  readonly members: readonly Member[]
}

/** What is left out has its default. */
export interface MemberAddResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
  readonly member?: MemberInit | null | undefined
  readonly members?: readonly MemberInit[] | undefined
}

export const newMemberAddResponse = (): MemberAddResponse => ({ header: null, member: null, members: [] })

const MemberAddResponseFields: ReadonlySet<number> = new Set([1, 2, 3])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readMemberAddResponse(reader: Reader, message: MemberAddResponse): MemberAddResponse {
  const m = message as Mutable<MemberAddResponse>
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
        m.member = readMember(reader, m.member ?? newMember())
        reader.close(end)
        break
      }
      case 26: {
        const end = reader.open()
        m.members.push(readMember(reader, newMember()))
        reader.close(end)
        break
      }
      default:
        reader.skip(tag, MemberAddResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeMemberAddResponse(writer: Writer, message: MemberAddResponseInit): void {
  const v3 = message.members
  if (v3 !== undefined) {
    for (let at = v3.length - 1; at >= 0; at--) {
      const open = writer.open()
      writeMember(writer, v3[at] as MemberInit)
      writer.close(26, open)
    }
  }
  const v2 = message.member
  if (v2 !== undefined && v2 !== null) {
    const open = writer.open()
    writeMember(writer, v2)
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
export function encodeMemberAddResponse(message: MemberAddResponseInit): Uint8Array {
  sharedWriter.begin()
  writeMemberAddResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeMemberAddResponse = (bytes: Uint8Array): MemberAddResponse => readMemberAddResponse(new Reader(bytes, 'etcdserverpb.MemberAddResponse'), newMemberAddResponse())

export const MemberAddResponseType: MessageType<MemberAddResponse, MemberAddResponseInit> = {
  name: 'etcdserverpb.MemberAddResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
    { number: 2, name: 'member', property: 'member', kind: 'message', message: () => MemberType },
    { number: 3, name: 'members', property: 'members', kind: 'message', repeated: true, message: () => MemberType },
  ],
  create: newMemberAddResponse,
  encode: encodeMemberAddResponse,
  decode: decodeMemberAddResponse,
  read: readMemberAddResponse,
  write: writeMemberAddResponse,
}

export interface MemberRemoveRequest {
  readonly ID: bigint
}

/** What is left out has its default. */
export interface MemberRemoveRequestInit {
  readonly ID?: bigint | undefined
}

export const newMemberRemoveRequest = (): MemberRemoveRequest => ({ ID: 0n })

const MemberRemoveRequestFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readMemberRemoveRequest(reader: Reader, message: MemberRemoveRequest): MemberRemoveRequest {
  const m = message as Mutable<MemberRemoveRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 8:
        m.ID = reader.uint64Big()
        break
      default:
        reader.skip(tag, MemberRemoveRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeMemberRemoveRequest(writer: Writer, message: MemberRemoveRequestInit): void {
  const v1 = message.ID
  if (v1 !== undefined && v1 !== 0n) writer.uint64Big(8, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeMemberRemoveRequest(message: MemberRemoveRequestInit): Uint8Array {
  sharedWriter.begin()
  writeMemberRemoveRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeMemberRemoveRequest = (bytes: Uint8Array): MemberRemoveRequest => readMemberRemoveRequest(new Reader(bytes, 'etcdserverpb.MemberRemoveRequest'), newMemberRemoveRequest())

export const MemberRemoveRequestType: MessageType<MemberRemoveRequest, MemberRemoveRequestInit> = {
  name: 'etcdserverpb.MemberRemoveRequest',
  fields: [
    { number: 1, name: 'ID', property: 'ID', kind: 'uint64', range: 'bigint' },
  ],
  create: newMemberRemoveRequest,
  encode: encodeMemberRemoveRequest,
  decode: decodeMemberRemoveRequest,
  read: readMemberRemoveRequest,
  write: writeMemberRemoveRequest,
}

export interface MemberRemoveResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
  readonly members: readonly Member[]
}

/** What is left out has its default. */
export interface MemberRemoveResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
  readonly members?: readonly MemberInit[] | undefined
}

export const newMemberRemoveResponse = (): MemberRemoveResponse => ({ header: null, members: [] })

const MemberRemoveResponseFields: ReadonlySet<number> = new Set([1, 2])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readMemberRemoveResponse(reader: Reader, message: MemberRemoveResponse): MemberRemoveResponse {
  const m = message as Mutable<MemberRemoveResponse>
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
        m.members.push(readMember(reader, newMember()))
        reader.close(end)
        break
      }
      default:
        reader.skip(tag, MemberRemoveResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeMemberRemoveResponse(writer: Writer, message: MemberRemoveResponseInit): void {
  const v2 = message.members
  if (v2 !== undefined) {
    for (let at = v2.length - 1; at >= 0; at--) {
      const open = writer.open()
      writeMember(writer, v2[at] as MemberInit)
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
export function encodeMemberRemoveResponse(message: MemberRemoveResponseInit): Uint8Array {
  sharedWriter.begin()
  writeMemberRemoveResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeMemberRemoveResponse = (bytes: Uint8Array): MemberRemoveResponse => readMemberRemoveResponse(new Reader(bytes, 'etcdserverpb.MemberRemoveResponse'), newMemberRemoveResponse())

export const MemberRemoveResponseType: MessageType<MemberRemoveResponse, MemberRemoveResponseInit> = {
  name: 'etcdserverpb.MemberRemoveResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
    { number: 2, name: 'members', property: 'members', kind: 'message', repeated: true, message: () => MemberType },
  ],
  create: newMemberRemoveResponse,
  encode: encodeMemberRemoveResponse,
  decode: decodeMemberRemoveResponse,
  read: readMemberRemoveResponse,
  write: writeMemberRemoveResponse,
}

export interface MemberUpdateRequest {
  readonly ID: bigint
  readonly peerURLs: readonly string[]
}

/** What is left out has its default. */
export interface MemberUpdateRequestInit {
  readonly ID?: bigint | undefined
  readonly peerURLs?: readonly string[] | undefined
}

export const newMemberUpdateRequest = (): MemberUpdateRequest => ({ ID: 0n, peerURLs: [] })

const MemberUpdateRequestFields: ReadonlySet<number> = new Set([1, 2])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readMemberUpdateRequest(reader: Reader, message: MemberUpdateRequest): MemberUpdateRequest {
  const m = message as Mutable<MemberUpdateRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 8:
        m.ID = reader.uint64Big()
        break
      case 18:
        m.peerURLs.push(reader.string())
        break
      default:
        reader.skip(tag, MemberUpdateRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeMemberUpdateRequest(writer: Writer, message: MemberUpdateRequestInit): void {
  const v2 = message.peerURLs
  if (v2 !== undefined) {
    for (let at = v2.length - 1; at >= 0; at--) writer.string(18, v2[at] as string)
  }
  const v1 = message.ID
  if (v1 !== undefined && v1 !== 0n) writer.uint64Big(8, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeMemberUpdateRequest(message: MemberUpdateRequestInit): Uint8Array {
  sharedWriter.begin()
  writeMemberUpdateRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeMemberUpdateRequest = (bytes: Uint8Array): MemberUpdateRequest => readMemberUpdateRequest(new Reader(bytes, 'etcdserverpb.MemberUpdateRequest'), newMemberUpdateRequest())

export const MemberUpdateRequestType: MessageType<MemberUpdateRequest, MemberUpdateRequestInit> = {
  name: 'etcdserverpb.MemberUpdateRequest',
  fields: [
    { number: 1, name: 'ID', property: 'ID', kind: 'uint64', range: 'bigint' },
    { number: 2, name: 'peerURLs', property: 'peerURLs', kind: 'string', repeated: true },
  ],
  create: newMemberUpdateRequest,
  encode: encodeMemberUpdateRequest,
  decode: decodeMemberUpdateRequest,
  read: readMemberUpdateRequest,
  write: writeMemberUpdateRequest,
}

export interface MemberUpdateResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
  readonly members: readonly Member[]
}

/** What is left out has its default. */
export interface MemberUpdateResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
  readonly members?: readonly MemberInit[] | undefined
}

export const newMemberUpdateResponse = (): MemberUpdateResponse => ({ header: null, members: [] })

const MemberUpdateResponseFields: ReadonlySet<number> = new Set([1, 2])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readMemberUpdateResponse(reader: Reader, message: MemberUpdateResponse): MemberUpdateResponse {
  const m = message as Mutable<MemberUpdateResponse>
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
        m.members.push(readMember(reader, newMember()))
        reader.close(end)
        break
      }
      default:
        reader.skip(tag, MemberUpdateResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeMemberUpdateResponse(writer: Writer, message: MemberUpdateResponseInit): void {
  const v2 = message.members
  if (v2 !== undefined) {
    for (let at = v2.length - 1; at >= 0; at--) {
      const open = writer.open()
      writeMember(writer, v2[at] as MemberInit)
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
export function encodeMemberUpdateResponse(message: MemberUpdateResponseInit): Uint8Array {
  sharedWriter.begin()
  writeMemberUpdateResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeMemberUpdateResponse = (bytes: Uint8Array): MemberUpdateResponse => readMemberUpdateResponse(new Reader(bytes, 'etcdserverpb.MemberUpdateResponse'), newMemberUpdateResponse())

export const MemberUpdateResponseType: MessageType<MemberUpdateResponse, MemberUpdateResponseInit> = {
  name: 'etcdserverpb.MemberUpdateResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
    { number: 2, name: 'members', property: 'members', kind: 'message', repeated: true, message: () => MemberType },
  ],
  create: newMemberUpdateResponse,
  encode: encodeMemberUpdateResponse,
  decode: decodeMemberUpdateResponse,
  read: readMemberUpdateResponse,
  write: writeMemberUpdateResponse,
}

export interface MemberListRequest {
  readonly linearizable: boolean
}

/** What is left out has its default. */
export interface MemberListRequestInit {
  readonly linearizable?: boolean | undefined
}

export const newMemberListRequest = (): MemberListRequest => ({ linearizable: false })

const MemberListRequestFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readMemberListRequest(reader: Reader, message: MemberListRequest): MemberListRequest {
  const m = message as Mutable<MemberListRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 8:
        m.linearizable = reader.bool()
        break
      default:
        reader.skip(tag, MemberListRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeMemberListRequest(writer: Writer, message: MemberListRequestInit): void {
  const v1 = message.linearizable
  if (v1 === true) writer.bool(8, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeMemberListRequest(message: MemberListRequestInit): Uint8Array {
  sharedWriter.begin()
  writeMemberListRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeMemberListRequest = (bytes: Uint8Array): MemberListRequest => readMemberListRequest(new Reader(bytes, 'etcdserverpb.MemberListRequest'), newMemberListRequest())

export const MemberListRequestType: MessageType<MemberListRequest, MemberListRequestInit> = {
  name: 'etcdserverpb.MemberListRequest',
  fields: [
    { number: 1, name: 'linearizable', property: 'linearizable', kind: 'bool' },
  ],
  create: newMemberListRequest,
  encode: encodeMemberListRequest,
  decode: decodeMemberListRequest,
  read: readMemberListRequest,
  write: writeMemberListRequest,
}

export interface MemberListResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
  readonly members: readonly Member[]
}

/** What is left out has its default. */
export interface MemberListResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
  readonly members?: readonly MemberInit[] | undefined
}

export const newMemberListResponse = (): MemberListResponse => ({ header: null, members: [] })

const MemberListResponseFields: ReadonlySet<number> = new Set([1, 2])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readMemberListResponse(reader: Reader, message: MemberListResponse): MemberListResponse {
  const m = message as Mutable<MemberListResponse>
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
        m.members.push(readMember(reader, newMember()))
        reader.close(end)
        break
      }
      default:
        reader.skip(tag, MemberListResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeMemberListResponse(writer: Writer, message: MemberListResponseInit): void {
  const v2 = message.members
  if (v2 !== undefined) {
    for (let at = v2.length - 1; at >= 0; at--) {
      const open = writer.open()
      writeMember(writer, v2[at] as MemberInit)
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
export function encodeMemberListResponse(message: MemberListResponseInit): Uint8Array {
  sharedWriter.begin()
  writeMemberListResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeMemberListResponse = (bytes: Uint8Array): MemberListResponse => readMemberListResponse(new Reader(bytes, 'etcdserverpb.MemberListResponse'), newMemberListResponse())

export const MemberListResponseType: MessageType<MemberListResponse, MemberListResponseInit> = {
  name: 'etcdserverpb.MemberListResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
    { number: 2, name: 'members', property: 'members', kind: 'message', repeated: true, message: () => MemberType },
  ],
  create: newMemberListResponse,
  encode: encodeMemberListResponse,
  decode: decodeMemberListResponse,
  read: readMemberListResponse,
  write: writeMemberListResponse,
}

export interface MemberPromoteRequest {
  readonly ID: bigint
}

/** What is left out has its default. */
export interface MemberPromoteRequestInit {
  readonly ID?: bigint | undefined
}

export const newMemberPromoteRequest = (): MemberPromoteRequest => ({ ID: 0n })

const MemberPromoteRequestFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readMemberPromoteRequest(reader: Reader, message: MemberPromoteRequest): MemberPromoteRequest {
  const m = message as Mutable<MemberPromoteRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 8:
        m.ID = reader.uint64Big()
        break
      default:
        reader.skip(tag, MemberPromoteRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeMemberPromoteRequest(writer: Writer, message: MemberPromoteRequestInit): void {
  const v1 = message.ID
  if (v1 !== undefined && v1 !== 0n) writer.uint64Big(8, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeMemberPromoteRequest(message: MemberPromoteRequestInit): Uint8Array {
  sharedWriter.begin()
  writeMemberPromoteRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeMemberPromoteRequest = (bytes: Uint8Array): MemberPromoteRequest => readMemberPromoteRequest(new Reader(bytes, 'etcdserverpb.MemberPromoteRequest'), newMemberPromoteRequest())

export const MemberPromoteRequestType: MessageType<MemberPromoteRequest, MemberPromoteRequestInit> = {
  name: 'etcdserverpb.MemberPromoteRequest',
  fields: [
    { number: 1, name: 'ID', property: 'ID', kind: 'uint64', range: 'bigint' },
  ],
  create: newMemberPromoteRequest,
  encode: encodeMemberPromoteRequest,
  decode: decodeMemberPromoteRequest,
  read: readMemberPromoteRequest,
  write: writeMemberPromoteRequest,
}

export interface MemberPromoteResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
  readonly members: readonly Member[]
}

/** What is left out has its default. */
export interface MemberPromoteResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
  readonly members?: readonly MemberInit[] | undefined
}

export const newMemberPromoteResponse = (): MemberPromoteResponse => ({ header: null, members: [] })

const MemberPromoteResponseFields: ReadonlySet<number> = new Set([1, 2])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readMemberPromoteResponse(reader: Reader, message: MemberPromoteResponse): MemberPromoteResponse {
  const m = message as Mutable<MemberPromoteResponse>
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
        m.members.push(readMember(reader, newMember()))
        reader.close(end)
        break
      }
      default:
        reader.skip(tag, MemberPromoteResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeMemberPromoteResponse(writer: Writer, message: MemberPromoteResponseInit): void {
  const v2 = message.members
  if (v2 !== undefined) {
    for (let at = v2.length - 1; at >= 0; at--) {
      const open = writer.open()
      writeMember(writer, v2[at] as MemberInit)
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
export function encodeMemberPromoteResponse(message: MemberPromoteResponseInit): Uint8Array {
  sharedWriter.begin()
  writeMemberPromoteResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeMemberPromoteResponse = (bytes: Uint8Array): MemberPromoteResponse => readMemberPromoteResponse(new Reader(bytes, 'etcdserverpb.MemberPromoteResponse'), newMemberPromoteResponse())

export const MemberPromoteResponseType: MessageType<MemberPromoteResponse, MemberPromoteResponseInit> = {
  name: 'etcdserverpb.MemberPromoteResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
    { number: 2, name: 'members', property: 'members', kind: 'message', repeated: true, message: () => MemberType },
  ],
  create: newMemberPromoteResponse,
  encode: encodeMemberPromoteResponse,
  decode: decodeMemberPromoteResponse,
  read: readMemberPromoteResponse,
  write: writeMemberPromoteResponse,
}

export const ClusterService = {
  name: 'etcdserverpb.Cluster',
  methods: {
    MemberAdd: {
      name: 'MemberAdd',
      path: '/etcdserverpb.Cluster/MemberAdd',
      clientStreaming: false,
      serverStreaming: false,
      request: MemberAddRequestType,
      response: MemberAddResponseType,
      http: ['/v3/cluster/member/add'],
    },
    MemberRemove: {
      name: 'MemberRemove',
      path: '/etcdserverpb.Cluster/MemberRemove',
      clientStreaming: false,
      serverStreaming: false,
      request: MemberRemoveRequestType,
      response: MemberRemoveResponseType,
      http: ['/v3/cluster/member/remove'],
    },
    MemberUpdate: {
      name: 'MemberUpdate',
      path: '/etcdserverpb.Cluster/MemberUpdate',
      clientStreaming: false,
      serverStreaming: false,
      request: MemberUpdateRequestType,
      response: MemberUpdateResponseType,
      http: ['/v3/cluster/member/update'],
    },
    MemberList: {
      name: 'MemberList',
      path: '/etcdserverpb.Cluster/MemberList',
      clientStreaming: false,
      serverStreaming: false,
      request: MemberListRequestType,
      response: MemberListResponseType,
      http: ['/v3/cluster/member/list'],
    },
    MemberPromote: {
      name: 'MemberPromote',
      path: '/etcdserverpb.Cluster/MemberPromote',
      clientStreaming: false,
      serverStreaming: false,
      request: MemberPromoteRequestType,
      response: MemberPromoteResponseType,
      http: ['/v3/cluster/member/promote'],
    },
  },
} as const satisfies ServiceType
