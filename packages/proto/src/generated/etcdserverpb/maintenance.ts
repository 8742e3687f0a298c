// Written by `npm run codegen` from packages/proto/proto/etcdserverpb/maintenance.proto. Do not change it by hand.
import type { MessageType, Mutable, OpenEnum, ServiceType } from '../../runtime/message-type.js'
import { EMPTY, Reader } from '../../runtime/reader.js'
import { sharedWriter, type Writer } from '../../runtime/writer.js'
import * as etcdserverpbHeader from '../etcdserverpb/header.js'

export const AlarmType = {
  NONE: 0,
  /** The quota of space is used up. */
  NOSPACE: 1,
  /** Members hold different data. */
  CORRUPT: 2,
} as const
export type AlarmType = OpenEnum<typeof AlarmType>

export const AlarmRequest_AlarmAction = {
  GET: 0,
  ACTIVATE: 1,
  DEACTIVATE: 2,
} as const
export type AlarmRequest_AlarmAction = OpenEnum<typeof AlarmRequest_AlarmAction>

export const DowngradeRequest_DowngradeAction = {
  VALIDATE: 0,
  ENABLE: 1,
  CANCEL: 2,
} as const
export type DowngradeRequest_DowngradeAction = OpenEnum<typeof DowngradeRequest_DowngradeAction>

export interface AlarmRequest {
  readonly action: AlarmRequest_AlarmAction
  readonly memberID: bigint
  readonly alarm: AlarmType
}

/** What is left out has its default. */
export interface AlarmRequestInit {
  readonly action?: AlarmRequest_AlarmAction | undefined
  readonly memberID?: bigint | undefined
  readonly alarm?: AlarmType | undefined
}

export const newAlarmRequest = (): AlarmRequest => ({ action: 0, memberID: 0n, alarm: 0 })

const AlarmRequestFields: ReadonlySet<number> = new Set([1, 2, 3])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readAlarmRequest(reader: Reader, message: AlarmRequest): AlarmRequest {
  const m = message as Mutable<AlarmRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 8:
        m.action = reader.int32()
        break
      case 16:
        m.memberID = reader.uint64Big()
        break
      case 24:
        m.alarm = reader.int32()
        break
      default:
        reader.skip(tag, AlarmRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeAlarmRequest(writer: Writer, message: AlarmRequestInit): void {
  const v3 = message.alarm
  if (v3 !== undefined && v3 !== 0) writer.int32(24, v3)
  const v2 = message.memberID
  if (v2 !== undefined && v2 !== 0n) writer.uint64Big(16, v2)
  const v1 = message.action
  if (v1 !== undefined && v1 !== 0) writer.int32(8, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeAlarmRequest(message: AlarmRequestInit): Uint8Array {
  sharedWriter.begin()
  writeAlarmRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeAlarmRequest = (bytes: Uint8Array): AlarmRequest => readAlarmRequest(new Reader(bytes, 'etcdserverpb.AlarmRequest'), newAlarmRequest())

export const AlarmRequestType: MessageType<AlarmRequest, AlarmRequestInit> = {
  name: 'etcdserverpb.AlarmRequest',
  fields: [
    { number: 1, name: 'action', property: 'action', kind: 'enum', values: AlarmRequest_AlarmAction },
    { number: 2, name: 'memberID', property: 'memberID', kind: 'uint64', range: 'bigint' },
    { number: 3, name: 'alarm', property: 'alarm', kind: 'enum', values: AlarmType },
  ],
  create: newAlarmRequest,
  encode: encodeAlarmRequest,
  decode: decodeAlarmRequest,
  read: readAlarmRequest,
  write: writeAlarmRequest,
}

export interface AlarmMember {
  readonly memberID: bigint
  readonly alarm: AlarmType
}

/** What is left out has its default. */
export interface AlarmMemberInit {
  readonly memberID?: bigint | undefined
  readonly alarm?: AlarmType | undefined
}

export const newAlarmMember = (): AlarmMember => ({ memberID: 0n, alarm: 0 })

const AlarmMemberFields: ReadonlySet<number> = new Set([1, 2])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readAlarmMember(reader: Reader, message: AlarmMember): AlarmMember {
  const m = message as Mutable<AlarmMember>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 8:
        m.memberID = reader.uint64Big()
        break
      case 16:
        m.alarm = reader.int32()
        break
      default:
        reader.skip(tag, AlarmMemberFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeAlarmMember(writer: Writer, message: AlarmMemberInit): void {
  const v2 = message.alarm
  if (v2 !== undefined && v2 !== 0) writer.int32(16, v2)
  const v1 = message.memberID
  if (v1 !== undefined && v1 !== 0n) writer.uint64Big(8, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeAlarmMember(message: AlarmMemberInit): Uint8Array {
  sharedWriter.begin()
  writeAlarmMember(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeAlarmMember = (bytes: Uint8Array): AlarmMember => readAlarmMember(new Reader(bytes, 'etcdserverpb.AlarmMember'), newAlarmMember())

export const AlarmMemberType: MessageType<AlarmMember, AlarmMemberInit> = {
  name: 'etcdserverpb.AlarmMember',
  fields: [
    { number: 1, name: 'memberID', property: 'memberID', kind: 'uint64', range: 'bigint' },
    { number: 2, name: 'alarm', property: 'alarm', kind: 'enum', values: AlarmType },
  ],
  create: newAlarmMember,
  encode: encodeAlarmMember,
  decode: decodeAlarmMember,
  read: readAlarmMember,
  write: writeAlarmMember,
}

export interface AlarmResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
  readonly alarms: readonly AlarmMember[]
}

/** What is left out has its default. */
export interface AlarmResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
  readonly alarms?: readonly AlarmMemberInit[] | undefined
}

export const newAlarmResponse = (): AlarmResponse => ({ header: null, alarms: [] })

const AlarmResponseFields: ReadonlySet<number> = new Set([1, 2])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readAlarmResponse(reader: Reader, message: AlarmResponse): AlarmResponse {
  const m = message as Mutable<AlarmResponse>
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
        m.alarms.push(readAlarmMember(reader, newAlarmMember()))
        reader.close(end)
        break
      }
      default:
        reader.skip(tag, AlarmResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeAlarmResponse(writer: Writer, message: AlarmResponseInit): void {
  const v2 = message.alarms
  if (v2 !== undefined) {
    for (let at = v2.length - 1; at >= 0; at--) {
      const open = writer.open()
      writeAlarmMember(writer, v2[at] as AlarmMemberInit)
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
export function encodeAlarmResponse(message: AlarmResponseInit): Uint8Array {
  sharedWriter.begin()
  writeAlarmResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeAlarmResponse = (bytes: Uint8Array): AlarmResponse => readAlarmResponse(new Reader(bytes, 'etcdserverpb.AlarmResponse'), newAlarmResponse())

export const AlarmResponseType: MessageType<AlarmResponse, AlarmResponseInit> = {
  name: 'etcdserverpb.AlarmResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
    { number: 2, name: 'alarms', property: 'alarms', kind: 'message', repeated: true, message: () => AlarmMemberType },
  ],
  create: newAlarmResponse,
  encode: encodeAlarmResponse,
  decode: decodeAlarmResponse,
  read: readAlarmResponse,
  write: writeAlarmResponse,
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
export const decodeStatusRequest = (bytes: Uint8Array): StatusRequest => readStatusRequest(new Reader(bytes, 'etcdserverpb.StatusRequest'), newStatusRequest())

export const StatusRequestType: MessageType<StatusRequest, StatusRequestInit> = {
  name: 'etcdserverpb.StatusRequest',
  fields: [],
  create: newStatusRequest,
  encode: encodeStatusRequest,
  decode: decodeStatusRequest,
  read: readStatusRequest,
  write: writeStatusRequest,
}

export interface StatusResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
  readonly version: string
  /** Bytes on disk. */
  readonly dbSize: number
  /** 0 = not known. */
  readonly leader: bigint
  readonly raftIndex: number
  readonly raftTerm: number
  readonly raftAppliedIndex: number
  readonly errors: readonly string[]
  /** Bytes on disk that hold something. */
  readonly dbSizeInUse: number
  readonly isLearner: boolean
  readonly storageVersion: string
  readonly dbSizeQuota: number
  readonly downgradeInfo: DowngradeInfo | null
}

/** What is left out has its default. */
export interface StatusResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
  readonly version?: string | undefined
  readonly dbSize?: number | undefined
  readonly leader?: bigint | undefined
  readonly raftIndex?: number | undefined
  readonly raftTerm?: number | undefined
  readonly raftAppliedIndex?: number | undefined
  readonly errors?: readonly string[] | undefined
  readonly dbSizeInUse?: number | undefined
  readonly isLearner?: boolean | undefined
  readonly storageVersion?: string | undefined
  readonly dbSizeQuota?: number | undefined
  readonly downgradeInfo?: DowngradeInfoInit | null | undefined
}

export const newStatusResponse = (): StatusResponse => ({ header: null, version: '', dbSize: 0, leader: 0n, raftIndex: 0, raftTerm: 0, raftAppliedIndex: 0, errors: [], dbSizeInUse: 0, isLearner: false, storageVersion: '', dbSizeQuota: 0, downgradeInfo: null })

const StatusResponseFields: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])

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
        m.version = reader.string()
        break
      case 24:
        m.dbSize = reader.int64()
        break
      case 32:
        m.leader = reader.uint64Big()
        break
      case 40:
        m.raftIndex = reader.uint64()
        break
      case 48:
        m.raftTerm = reader.uint64()
        break
      case 56:
        m.raftAppliedIndex = reader.uint64()
        break
      case 66:
        m.errors.push(reader.string())
        break
      case 72:
        m.dbSizeInUse = reader.int64()
        break
      case 80:
        m.isLearner = reader.bool()
        break
      case 90:
        m.storageVersion = reader.string()
        break
      case 96:
        m.dbSizeQuota = reader.int64()
        break
      case 106: {
        const end = reader.open()
        m.downgradeInfo = readDowngradeInfo(reader, m.downgradeInfo ?? newDowngradeInfo())
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
  const v13 = message.downgradeInfo
  if (v13 !== undefined && v13 !== null) {
    const open = writer.open()
    writeDowngradeInfo(writer, v13)
    writer.close(106, open)
  }
  const v12 = message.dbSizeQuota
  if (v12 !== undefined && v12 !== 0) writer.int64(96, v12)
  const v11 = message.storageVersion
  if (v11 !== undefined && v11 !== '') writer.string(90, v11)
  const v10 = message.isLearner
  if (v10 === true) writer.bool(80, v10)
  const v9 = message.dbSizeInUse
  if (v9 !== undefined && v9 !== 0) writer.int64(72, v9)
  const v8 = message.errors
  if (v8 !== undefined) {
    for (let at = v8.length - 1; at >= 0; at--) writer.string(66, v8[at] as string)
  }
  const v7 = message.raftAppliedIndex
  if (v7 !== undefined && v7 !== 0) writer.uint64(56, v7)
  const v6 = message.raftTerm
  if (v6 !== undefined && v6 !== 0) writer.uint64(48, v6)
  const v5 = message.raftIndex
  if (v5 !== undefined && v5 !== 0) writer.uint64(40, v5)
  const v4 = message.leader
  if (v4 !== undefined && v4 !== 0n) writer.uint64Big(32, v4)
  const v3 = message.dbSize
  if (v3 !== undefined && v3 !== 0) writer.int64(24, v3)
  const v2 = message.version
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
export const decodeStatusResponse = (bytes: Uint8Array): StatusResponse => readStatusResponse(new Reader(bytes, 'etcdserverpb.StatusResponse'), newStatusResponse())

export const StatusResponseType: MessageType<StatusResponse, StatusResponseInit> = {
  name: 'etcdserverpb.StatusResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
    { number: 2, name: 'version', property: 'version', kind: 'string' },
    { number: 3, name: 'dbSize', property: 'dbSize', kind: 'int64' },
    { number: 4, name: 'leader', property: 'leader', kind: 'uint64', range: 'bigint' },
    { number: 5, name: 'raftIndex', property: 'raftIndex', kind: 'uint64' },
    { number: 6, name: 'raftTerm', property: 'raftTerm', kind: 'uint64' },
    { number: 7, name: 'raftAppliedIndex', property: 'raftAppliedIndex', kind: 'uint64' },
    { number: 8, name: 'errors', property: 'errors', kind: 'string', repeated: true },
    { number: 9, name: 'dbSizeInUse', property: 'dbSizeInUse', kind: 'int64' },
    { number: 10, name: 'isLearner', property: 'isLearner', kind: 'bool' },
    { number: 11, name: 'storageVersion', property: 'storageVersion', kind: 'string' },
    { number: 12, name: 'dbSizeQuota', property: 'dbSizeQuota', kind: 'int64' },
    { number: 13, name: 'downgradeInfo', property: 'downgradeInfo', kind: 'message', message: () => DowngradeInfoType },
  ],
  create: newStatusResponse,
  encode: encodeStatusResponse,
  decode: decodeStatusResponse,
  read: readStatusResponse,
  write: writeStatusResponse,
}

export interface DowngradeInfo {
  readonly enabled: boolean
  readonly targetVersion: string
}

/** What is left out has its default. */
export interface DowngradeInfoInit {
  readonly enabled?: boolean | undefined
  readonly targetVersion?: string | undefined
}

export const newDowngradeInfo = (): DowngradeInfo => ({ enabled: false, targetVersion: '' })

const DowngradeInfoFields: ReadonlySet<number> = new Set([1, 2])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readDowngradeInfo(reader: Reader, message: DowngradeInfo): DowngradeInfo {
  const m = message as Mutable<DowngradeInfo>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 8:
        m.enabled = reader.bool()
        break
      case 18:
        m.targetVersion = reader.string()
        break
      default:
        reader.skip(tag, DowngradeInfoFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeDowngradeInfo(writer: Writer, message: DowngradeInfoInit): void {
  const v2 = message.targetVersion
  if (v2 !== undefined && v2 !== '') writer.string(18, v2)
  const v1 = message.enabled
  if (v1 === true) writer.bool(8, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeDowngradeInfo(message: DowngradeInfoInit): Uint8Array {
  sharedWriter.begin()
  writeDowngradeInfo(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeDowngradeInfo = (bytes: Uint8Array): DowngradeInfo => readDowngradeInfo(new Reader(bytes, 'etcdserverpb.DowngradeInfo'), newDowngradeInfo())

export const DowngradeInfoType: MessageType<DowngradeInfo, DowngradeInfoInit> = {
  name: 'etcdserverpb.DowngradeInfo',
  fields: [
    { number: 1, name: 'enabled', property: 'enabled', kind: 'bool' },
    { number: 2, name: 'targetVersion', property: 'targetVersion', kind: 'string' },
  ],
  create: newDowngradeInfo,
  encode: encodeDowngradeInfo,
  decode: decodeDowngradeInfo,
  read: readDowngradeInfo,
  write: writeDowngradeInfo,
}

export interface DefragmentRequest {
}

/** What is left out has its default. */
export interface DefragmentRequestInit {
}

export const newDefragmentRequest = (): DefragmentRequest => ({})

const DefragmentRequestFields: ReadonlySet<number> = new Set([])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readDefragmentRequest(reader: Reader, message: DefragmentRequest): DefragmentRequest {
  while (reader.more()) {
    const tag = reader.tag()
    reader.skip(tag, DefragmentRequestFields)
  }
  return message
}

/** In front of what the writer holds. */
export function writeDefragmentRequest(_writer: Writer, _message: DefragmentRequestInit): void {
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeDefragmentRequest(message: DefragmentRequestInit): Uint8Array {
  sharedWriter.begin()
  writeDefragmentRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeDefragmentRequest = (bytes: Uint8Array): DefragmentRequest => readDefragmentRequest(new Reader(bytes, 'etcdserverpb.DefragmentRequest'), newDefragmentRequest())

export const DefragmentRequestType: MessageType<DefragmentRequest, DefragmentRequestInit> = {
  name: 'etcdserverpb.DefragmentRequest',
  fields: [],
  create: newDefragmentRequest,
  encode: encodeDefragmentRequest,
  decode: decodeDefragmentRequest,
  read: readDefragmentRequest,
  write: writeDefragmentRequest,
}

export interface DefragmentResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
}

/** What is left out has its default. */
export interface DefragmentResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
}

export const newDefragmentResponse = (): DefragmentResponse => ({ header: null })

const DefragmentResponseFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readDefragmentResponse(reader: Reader, message: DefragmentResponse): DefragmentResponse {
  const m = message as Mutable<DefragmentResponse>
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
        reader.skip(tag, DefragmentResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeDefragmentResponse(writer: Writer, message: DefragmentResponseInit): void {
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeDefragmentResponse(message: DefragmentResponseInit): Uint8Array {
  sharedWriter.begin()
  writeDefragmentResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeDefragmentResponse = (bytes: Uint8Array): DefragmentResponse => readDefragmentResponse(new Reader(bytes, 'etcdserverpb.DefragmentResponse'), newDefragmentResponse())

export const DefragmentResponseType: MessageType<DefragmentResponse, DefragmentResponseInit> = {
  name: 'etcdserverpb.DefragmentResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
  ],
  create: newDefragmentResponse,
  encode: encodeDefragmentResponse,
  decode: decodeDefragmentResponse,
  read: readDefragmentResponse,
  write: writeDefragmentResponse,
}

export interface HashRequest {
}

/** What is left out has its default. */
export interface HashRequestInit {
}

export const newHashRequest = (): HashRequest => ({})

const HashRequestFields: ReadonlySet<number> = new Set([])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readHashRequest(reader: Reader, message: HashRequest): HashRequest {
  while (reader.more()) {
    const tag = reader.tag()
    reader.skip(tag, HashRequestFields)
  }
  return message
}

/** In front of what the writer holds. */
export function writeHashRequest(_writer: Writer, _message: HashRequestInit): void {
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeHashRequest(message: HashRequestInit): Uint8Array {
  sharedWriter.begin()
  writeHashRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeHashRequest = (bytes: Uint8Array): HashRequest => readHashRequest(new Reader(bytes, 'etcdserverpb.HashRequest'), newHashRequest())

export const HashRequestType: MessageType<HashRequest, HashRequestInit> = {
  name: 'etcdserverpb.HashRequest',
  fields: [],
  create: newHashRequest,
  encode: encodeHashRequest,
  decode: decodeHashRequest,
  read: readHashRequest,
  write: writeHashRequest,
}

export interface HashResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
  readonly hash: number
}

/** What is left out has its default. */
export interface HashResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
  readonly hash?: number | undefined
}

export const newHashResponse = (): HashResponse => ({ header: null, hash: 0 })

const HashResponseFields: ReadonlySet<number> = new Set([1, 2])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readHashResponse(reader: Reader, message: HashResponse): HashResponse {
  const m = message as Mutable<HashResponse>
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
        m.hash = reader.uint32()
        break
      default:
        reader.skip(tag, HashResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeHashResponse(writer: Writer, message: HashResponseInit): void {
  const v2 = message.hash
  if (v2 !== undefined && v2 !== 0) writer.uint32(16, v2)
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeHashResponse(message: HashResponseInit): Uint8Array {
  sharedWriter.begin()
  writeHashResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeHashResponse = (bytes: Uint8Array): HashResponse => readHashResponse(new Reader(bytes, 'etcdserverpb.HashResponse'), newHashResponse())

export const HashResponseType: MessageType<HashResponse, HashResponseInit> = {
  name: 'etcdserverpb.HashResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
    { number: 2, name: 'hash', property: 'hash', kind: 'uint32' },
  ],
  create: newHashResponse,
  encode: encodeHashResponse,
  decode: decodeHashResponse,
  read: readHashResponse,
  write: writeHashResponse,
}

export interface HashKVRequest {
  /** 0 = now. */
  readonly revision: number
}

/** What is left out has its default. */
export interface HashKVRequestInit {
  readonly revision?: number | undefined
}

export const newHashKVRequest = (): HashKVRequest => ({ revision: 0 })

const HashKVRequestFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readHashKVRequest(reader: Reader, message: HashKVRequest): HashKVRequest {
  const m = message as Mutable<HashKVRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 8:
        m.revision = reader.int64Clamped()
        break
      default:
        reader.skip(tag, HashKVRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeHashKVRequest(writer: Writer, message: HashKVRequestInit): void {
  const v1 = message.revision
  if (v1 !== undefined && v1 !== 0) writer.int64(8, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeHashKVRequest(message: HashKVRequestInit): Uint8Array {
  sharedWriter.begin()
  writeHashKVRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeHashKVRequest = (bytes: Uint8Array): HashKVRequest => readHashKVRequest(new Reader(bytes, 'etcdserverpb.HashKVRequest'), newHashKVRequest())

export const HashKVRequestType: MessageType<HashKVRequest, HashKVRequestInit> = {
  name: 'etcdserverpb.HashKVRequest',
  fields: [
    { number: 1, name: 'revision', property: 'revision', kind: 'int64', range: 'clamp' },
  ],
  create: newHashKVRequest,
  encode: encodeHashKVRequest,
  decode: decodeHashKVRequest,
  read: readHashKVRequest,
  write: writeHashKVRequest,
}

export interface HashKVResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
  readonly hash: number
  readonly compactRevision: number
  readonly hashRevision: number
}

/** What is left out has its default. */
export interface HashKVResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
  readonly hash?: number | undefined
  readonly compactRevision?: number | undefined
  readonly hashRevision?: number | undefined
}

export const newHashKVResponse = (): HashKVResponse => ({ header: null, hash: 0, compactRevision: 0, hashRevision: 0 })

const HashKVResponseFields: ReadonlySet<number> = new Set([1, 2, 3, 4])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readHashKVResponse(reader: Reader, message: HashKVResponse): HashKVResponse {
  const m = message as Mutable<HashKVResponse>
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
        m.hash = reader.uint32()
        break
      case 24:
        m.compactRevision = reader.int64()
        break
      case 32:
        m.hashRevision = reader.int64()
        break
      default:
        reader.skip(tag, HashKVResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeHashKVResponse(writer: Writer, message: HashKVResponseInit): void {
  const v4 = message.hashRevision
  if (v4 !== undefined && v4 !== 0) writer.int64(32, v4)
  const v3 = message.compactRevision
  if (v3 !== undefined && v3 !== 0) writer.int64(24, v3)
  const v2 = message.hash
  if (v2 !== undefined && v2 !== 0) writer.uint32(16, v2)
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeHashKVResponse(message: HashKVResponseInit): Uint8Array {
  sharedWriter.begin()
  writeHashKVResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeHashKVResponse = (bytes: Uint8Array): HashKVResponse => readHashKVResponse(new Reader(bytes, 'etcdserverpb.HashKVResponse'), newHashKVResponse())

export const HashKVResponseType: MessageType<HashKVResponse, HashKVResponseInit> = {
  name: 'etcdserverpb.HashKVResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
    { number: 2, name: 'hash', property: 'hash', kind: 'uint32' },
    { number: 3, name: 'compact_revision', property: 'compactRevision', kind: 'int64' },
    { number: 4, name: 'hash_revision', property: 'hashRevision', kind: 'int64' },
  ],
  create: newHashKVResponse,
  encode: encodeHashKVResponse,
  decode: decodeHashKVResponse,
  read: readHashKVResponse,
  write: writeHashKVResponse,
}

export interface SnapshotRequest {
}

/** What is left out has its default. */
export interface SnapshotRequestInit {
}

export const newSnapshotRequest = (): SnapshotRequest => ({})

const SnapshotRequestFields: ReadonlySet<number> = new Set([])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readSnapshotRequest(reader: Reader, message: SnapshotRequest): SnapshotRequest {
  while (reader.more()) {
    const tag = reader.tag()
    reader.skip(tag, SnapshotRequestFields)
  }
  return message
}

/** In front of what the writer holds. */
export function writeSnapshotRequest(_writer: Writer, _message: SnapshotRequestInit): void {
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeSnapshotRequest(message: SnapshotRequestInit): Uint8Array {
  sharedWriter.begin()
  writeSnapshotRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeSnapshotRequest = (bytes: Uint8Array): SnapshotRequest => readSnapshotRequest(new Reader(bytes, 'etcdserverpb.SnapshotRequest'), newSnapshotRequest())

export const SnapshotRequestType: MessageType<SnapshotRequest, SnapshotRequestInit> = {
  name: 'etcdserverpb.SnapshotRequest',
  fields: [],
  create: newSnapshotRequest,
  encode: encodeSnapshotRequest,
  decode: decodeSnapshotRequest,
  read: readSnapshotRequest,
  write: writeSnapshotRequest,
}

export interface SnapshotResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
  readonly remainingBytes: number
  readonly blob: Uint8Array
  readonly version: string
}

/** What is left out has its default. */
export interface SnapshotResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
  readonly remainingBytes?: number | undefined
  readonly blob?: Uint8Array | undefined
  readonly version?: string | undefined
}

export const newSnapshotResponse = (): SnapshotResponse => ({ header: null, remainingBytes: 0, blob: EMPTY, version: '' })

const SnapshotResponseFields: ReadonlySet<number> = new Set([1, 2, 3, 4])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readSnapshotResponse(reader: Reader, message: SnapshotResponse): SnapshotResponse {
  const m = message as Mutable<SnapshotResponse>
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
        m.remainingBytes = reader.uint64()
        break
      case 26:
        m.blob = reader.bytes()
        break
      case 34:
        m.version = reader.string()
        break
      default:
        reader.skip(tag, SnapshotResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeSnapshotResponse(writer: Writer, message: SnapshotResponseInit): void {
  const v4 = message.version
  if (v4 !== undefined && v4 !== '') writer.string(34, v4)
  const v3 = message.blob
  if (v3 !== undefined && v3.length > 0) writer.bytes(26, v3)
  const v2 = message.remainingBytes
  if (v2 !== undefined && v2 !== 0) writer.uint64(16, v2)
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeSnapshotResponse(message: SnapshotResponseInit): Uint8Array {
  sharedWriter.begin()
  writeSnapshotResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeSnapshotResponse = (bytes: Uint8Array): SnapshotResponse => readSnapshotResponse(new Reader(bytes, 'etcdserverpb.SnapshotResponse'), newSnapshotResponse())

export const SnapshotResponseType: MessageType<SnapshotResponse, SnapshotResponseInit> = {
  name: 'etcdserverpb.SnapshotResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
    { number: 2, name: 'remaining_bytes', property: 'remainingBytes', kind: 'uint64' },
    { number: 3, name: 'blob', property: 'blob', kind: 'bytes' },
    { number: 4, name: 'version', property: 'version', kind: 'string' },
  ],
  create: newSnapshotResponse,
  encode: encodeSnapshotResponse,
  decode: decodeSnapshotResponse,
  read: readSnapshotResponse,
  write: writeSnapshotResponse,
}

export interface MoveLeaderRequest {
  readonly targetID: bigint
}

/** What is left out has its default. */
export interface MoveLeaderRequestInit {
  readonly targetID?: bigint | undefined
}

export const newMoveLeaderRequest = (): MoveLeaderRequest => ({ targetID: 0n })

const MoveLeaderRequestFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readMoveLeaderRequest(reader: Reader, message: MoveLeaderRequest): MoveLeaderRequest {
  const m = message as Mutable<MoveLeaderRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 8:
        m.targetID = reader.uint64Big()
        break
      default:
        reader.skip(tag, MoveLeaderRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeMoveLeaderRequest(writer: Writer, message: MoveLeaderRequestInit): void {
  const v1 = message.targetID
  if (v1 !== undefined && v1 !== 0n) writer.uint64Big(8, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeMoveLeaderRequest(message: MoveLeaderRequestInit): Uint8Array {
  sharedWriter.begin()
  writeMoveLeaderRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeMoveLeaderRequest = (bytes: Uint8Array): MoveLeaderRequest => readMoveLeaderRequest(new Reader(bytes, 'etcdserverpb.MoveLeaderRequest'), newMoveLeaderRequest())

export const MoveLeaderRequestType: MessageType<MoveLeaderRequest, MoveLeaderRequestInit> = {
  name: 'etcdserverpb.MoveLeaderRequest',
  fields: [
    { number: 1, name: 'targetID', property: 'targetID', kind: 'uint64', range: 'bigint' },
  ],
  create: newMoveLeaderRequest,
  encode: encodeMoveLeaderRequest,
  decode: decodeMoveLeaderRequest,
  read: readMoveLeaderRequest,
  write: writeMoveLeaderRequest,
}

export interface MoveLeaderResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
}

/** What is left out has its default. */
export interface MoveLeaderResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
}

export const newMoveLeaderResponse = (): MoveLeaderResponse => ({ header: null })

const MoveLeaderResponseFields: ReadonlySet<number> = new Set([1])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readMoveLeaderResponse(reader: Reader, message: MoveLeaderResponse): MoveLeaderResponse {
  const m = message as Mutable<MoveLeaderResponse>
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
        reader.skip(tag, MoveLeaderResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeMoveLeaderResponse(writer: Writer, message: MoveLeaderResponseInit): void {
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeMoveLeaderResponse(message: MoveLeaderResponseInit): Uint8Array {
  sharedWriter.begin()
  writeMoveLeaderResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeMoveLeaderResponse = (bytes: Uint8Array): MoveLeaderResponse => readMoveLeaderResponse(new Reader(bytes, 'etcdserverpb.MoveLeaderResponse'), newMoveLeaderResponse())

export const MoveLeaderResponseType: MessageType<MoveLeaderResponse, MoveLeaderResponseInit> = {
  name: 'etcdserverpb.MoveLeaderResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
  ],
  create: newMoveLeaderResponse,
  encode: encodeMoveLeaderResponse,
  decode: decodeMoveLeaderResponse,
  read: readMoveLeaderResponse,
  write: writeMoveLeaderResponse,
}

export interface DowngradeRequest {
  readonly action: DowngradeRequest_DowngradeAction
  readonly version: string
}

/** What is left out has its default. */
export interface DowngradeRequestInit {
  readonly action?: DowngradeRequest_DowngradeAction | undefined
  readonly version?: string | undefined
}

export const newDowngradeRequest = (): DowngradeRequest => ({ action: 0, version: '' })

const DowngradeRequestFields: ReadonlySet<number> = new Set([1, 2])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readDowngradeRequest(reader: Reader, message: DowngradeRequest): DowngradeRequest {
  const m = message as Mutable<DowngradeRequest>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 8:
        m.action = reader.int32()
        break
      case 18:
        m.version = reader.string()
        break
      default:
        reader.skip(tag, DowngradeRequestFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeDowngradeRequest(writer: Writer, message: DowngradeRequestInit): void {
  const v2 = message.version
  if (v2 !== undefined && v2 !== '') writer.string(18, v2)
  const v1 = message.action
  if (v1 !== undefined && v1 !== 0) writer.int32(8, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeDowngradeRequest(message: DowngradeRequestInit): Uint8Array {
  sharedWriter.begin()
  writeDowngradeRequest(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeDowngradeRequest = (bytes: Uint8Array): DowngradeRequest => readDowngradeRequest(new Reader(bytes, 'etcdserverpb.DowngradeRequest'), newDowngradeRequest())

export const DowngradeRequestType: MessageType<DowngradeRequest, DowngradeRequestInit> = {
  name: 'etcdserverpb.DowngradeRequest',
  fields: [
    { number: 1, name: 'action', property: 'action', kind: 'enum', values: DowngradeRequest_DowngradeAction },
    { number: 2, name: 'version', property: 'version', kind: 'string' },
  ],
  create: newDowngradeRequest,
  encode: encodeDowngradeRequest,
  decode: decodeDowngradeRequest,
  read: readDowngradeRequest,
  write: writeDowngradeRequest,
}

export interface DowngradeResponse {
  readonly header: etcdserverpbHeader.ResponseHeader | null
  readonly version: string
}

/** What is left out has its default. */
export interface DowngradeResponseInit {
  readonly header?: etcdserverpbHeader.ResponseHeaderInit | null | undefined
  readonly version?: string | undefined
}

export const newDowngradeResponse = (): DowngradeResponse => ({ header: null, version: '' })

const DowngradeResponseFields: ReadonlySet<number> = new Set([1, 2])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readDowngradeResponse(reader: Reader, message: DowngradeResponse): DowngradeResponse {
  const m = message as Mutable<DowngradeResponse>
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
        m.version = reader.string()
        break
      default:
        reader.skip(tag, DowngradeResponseFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeDowngradeResponse(writer: Writer, message: DowngradeResponseInit): void {
  const v2 = message.version
  if (v2 !== undefined && v2 !== '') writer.string(18, v2)
  const v1 = message.header
  if (v1 !== undefined && v1 !== null) {
    const open = writer.open()
    etcdserverpbHeader.writeResponseHeader(writer, v1)
    writer.close(10, open)
  }
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeDowngradeResponse(message: DowngradeResponseInit): Uint8Array {
  sharedWriter.begin()
  writeDowngradeResponse(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeDowngradeResponse = (bytes: Uint8Array): DowngradeResponse => readDowngradeResponse(new Reader(bytes, 'etcdserverpb.DowngradeResponse'), newDowngradeResponse())

export const DowngradeResponseType: MessageType<DowngradeResponse, DowngradeResponseInit> = {
  name: 'etcdserverpb.DowngradeResponse',
  fields: [
    { number: 1, name: 'header', property: 'header', kind: 'message', message: () => etcdserverpbHeader.ResponseHeaderType },
    { number: 2, name: 'version', property: 'version', kind: 'string' },
  ],
  create: newDowngradeResponse,
  encode: encodeDowngradeResponse,
  decode: decodeDowngradeResponse,
  read: readDowngradeResponse,
  write: writeDowngradeResponse,
}

export const MaintenanceService = {
  name: 'etcdserverpb.Maintenance',
  methods: {
    Alarm: {
      name: 'Alarm',
      path: '/etcdserverpb.Maintenance/Alarm',
      clientStreaming: false,
      serverStreaming: false,
      request: AlarmRequestType,
      response: AlarmResponseType,
      http: ['/v3/maintenance/alarm'],
    },
    Status: {
      name: 'Status',
      path: '/etcdserverpb.Maintenance/Status',
      clientStreaming: false,
      serverStreaming: false,
      request: StatusRequestType,
      response: StatusResponseType,
      http: ['/v3/maintenance/status'],
    },
    Defragment: {
      name: 'Defragment',
      path: '/etcdserverpb.Maintenance/Defragment',
      clientStreaming: false,
      serverStreaming: false,
      request: DefragmentRequestType,
      response: DefragmentResponseType,
      http: ['/v3/maintenance/defragment'],
    },
    Hash: {
      name: 'Hash',
      path: '/etcdserverpb.Maintenance/Hash',
      clientStreaming: false,
      serverStreaming: false,
      request: HashRequestType,
      response: HashResponseType,
      http: ['/v3/maintenance/hash'],
    },
    HashKV: {
      name: 'HashKV',
      path: '/etcdserverpb.Maintenance/HashKV',
      clientStreaming: false,
      serverStreaming: false,
      request: HashKVRequestType,
      response: HashKVResponseType,
      http: ['/v3/maintenance/hashkv'],
    },
    Snapshot: {
      name: 'Snapshot',
      path: '/etcdserverpb.Maintenance/Snapshot',
      clientStreaming: false,
      serverStreaming: true,
      request: SnapshotRequestType,
      response: SnapshotResponseType,
      http: ['/v3/maintenance/snapshot'],
    },
    MoveLeader: {
      name: 'MoveLeader',
      path: '/etcdserverpb.Maintenance/MoveLeader',
      clientStreaming: false,
      serverStreaming: false,
      request: MoveLeaderRequestType,
      response: MoveLeaderResponseType,
      http: ['/v3/maintenance/transfer-leadership'],
    },
    Downgrade: {
      name: 'Downgrade',
      path: '/etcdserverpb.Maintenance/Downgrade',
      clientStreaming: false,
      serverStreaming: false,
      request: DowngradeRequestType,
      response: DowngradeResponseType,
      http: ['/v3/maintenance/downgrade'],
    },
  },
} as const satisfies ServiceType
