/**
 * The client protocol, server to client (see requests.ts for the way there).
 *
 *     welcome  u8 65 | u16 version | varint clusterId | varint memberId | string leaderAddress | u32 maxFrameBytes | u32 maxInFlight
 *     error    u8 66 | u32 id (0 = the connection) | u8 family | string code | string message | string hint | string leaderAddress | varint leaderId
 *     result   u8 67 | u32 id | result (result.ts)
 *     value    u8 68 | u32 id | varint revision | age (read-mode.ts) | u8 present | when present: record (txn-codec.ts) | bytes value
 *     status   u8 69 | u32 id | member status
 *     answer   u8 70 | u32 id | age | answer (queries.ts)
 *     events   u8 71 | u32 id of the watch | events (watching.ts)
 *     admin    u8 96 | u32 id | admin answer (admin.ts)
 */
import {
  BalsaError,
  beginFrame,
  ByteReader,
  type ByteWriter,
  type Crc32,
  endFrame,
  ERROR_FAMILIES,
  type ErrorFamily,
  isErrorCode,
} from '@balsa/raft'
import type { KeyRecord } from '../mvcc/record.js'
import { readRecord, writeRecord } from '../mvcc/txn-codec.js'
import { type CommandResult, readResult, writeResult } from '../result.js'
import { type AdminAnswer, readAdminAnswer, writeAdminAnswer } from './admin.js'
import { type ClientQueryAnswer, readQueryAnswer, writeQueryAnswer } from './queries.js'
import { readAge, writeAge } from './read-mode.js'
import { readWatchedEvents, type WatchedEvents, writeWatchedEvents } from './watching.js'
import { type MemberStatus, readStatus, writeStatus } from './status.js'

export const ResponseType = { welcome: 65, error: 66, result: 67, value: 68, status: 69, answer: 70, events: 71, admin: 96 } as const

export interface Welcome {
  /** The version to speak from now on. */
  readonly protocol: number
  readonly clusterId: number
  readonly memberId: number
  /** Client address of the leader as this member knows it; empty when it knows none. */
  readonly leaderAddress: string
  /** Largest frame that the server takes. */
  readonly maxFrameBytes: number
  /** Most unanswered requests on this connection; more are refused with OVERLOADED. */
  readonly maxInFlight: number
}

export interface WireError {
  readonly family: ErrorFamily
  readonly code: string
  readonly message: string
  readonly hint: string
  readonly leaderAddress: string
  readonly leaderId: number
}

export type ServerResponse =
  | { readonly type: 'welcome'; readonly welcome: Welcome }
  | { readonly type: 'error'; readonly id: number; readonly error: WireError }
  | { readonly type: 'result'; readonly id: number; readonly result: CommandResult }
  | {
      readonly type: 'value'
      readonly id: number
      readonly revision: number
      /** The state that was read holds everything that was committed so many ms before it was read, or later; null when that is not known. */
      readonly ageMs: number | null
      readonly record: KeyRecord | null
    }
  | { readonly type: 'status'; readonly id: number; readonly status: MemberStatus }
  | { readonly type: 'events'; readonly id: number; readonly watched: WatchedEvents }
  | { readonly type: 'answer'; readonly id: number; readonly ageMs: number | null; readonly answer: ClientQueryAnswer }
  | { readonly type: 'admin'; readonly id: number; readonly admin: AdminAnswer }

const FAMILIES: readonly ErrorFamily[] = ['refused', 'unknown', 'fatal']
const MAX_TEXT = 1000

/** What the error frame for this error says. An error that is not Balsa's own becomes OUTCOME_UNKNOWN without its text: it may hold secrets. */
export function wireError(error: unknown): WireError {
  if (!(error instanceof BalsaError))
    return { family: 'unknown', code: 'OUTCOME_UNKNOWN', message: 'internal error', hint: '', leaderAddress: '', leaderId: 0 }
  return {
    family: error.family,
    code: error.code,
    message: error.message,
    hint: error.hint ?? '',
    leaderAddress: error.leaderAddress ?? '',
    leaderId: error.leaderId ?? 0,
  }
}

/** The error again. A code that this version does not know keeps its family: UNAVAILABLE when refused, else OUTCOME_UNKNOWN. */
export function errorFromWire(error: WireError): BalsaError {
  const details = {
    ...(error.hint === '' ? {} : { hint: error.hint }),
    ...(error.leaderAddress === '' ? {} : { leaderAddress: error.leaderAddress }),
    ...(error.leaderId === 0 ? {} : { leaderId: error.leaderId }),
  }
  if (isErrorCode(error.code) && ERROR_FAMILIES[error.code] === error.family) return new BalsaError(error.code, error.message, details)
  return new BalsaError(error.family === 'refused' ? 'UNAVAILABLE' : 'OUTCOME_UNKNOWN', `${error.code}: ${error.message}`, details)
}

/** Appends the response as one frame. */
export function writeResponse(writer: ByteWriter, response: ServerResponse, crc32: Crc32): void {
  const start = beginFrame(writer)
  writer.u8(ResponseType[response.type])
  if (response.type === 'welcome') writeWelcome(writer, response.welcome)
  else {
    writer.u32(response.id)
    if (response.type === 'result') writeResult(writer, response.result)
    else if (response.type === 'error') writeError(writer, response.error)
    else if (response.type === 'status') writeStatus(writer, response.status)
    else if (response.type === 'admin') writeAdminAnswer(writer, response.admin)
    else if (response.type === 'events') writeWatchedEvents(writer, response.watched)
    else if (response.type === 'answer') {
      writeAge(writer, response.ageMs)
      writeQueryAnswer(writer, response.answer)
    } else {
      writer.varint(response.revision)
      writeAge(writer, response.ageMs)
      writer.boolean(response.record !== null)
      if (response.record !== null) {
        writeRecord(writer, response.record)
        writer.bytes(response.record.value)
      }
    }
  }
  endFrame(writer, start, crc32)
}

function writeWelcome(writer: ByteWriter, welcome: Welcome): void {
  writer.u16(welcome.protocol)
  writer.varint(welcome.clusterId)
  writer.varint(welcome.memberId)
  writer.string(welcome.leaderAddress)
  writer.u32(welcome.maxFrameBytes)
  writer.u32(welcome.maxInFlight)
}

function writeError(writer: ByteWriter, error: WireError): void {
  writer.u8(FAMILIES.indexOf(error.family))
  for (const text of [error.code, error.message, error.hint, error.leaderAddress]) writer.string(sendable(text))
  writer.varint(error.leaderId)
}

/** Cut to a bearable length; half a surrogate pair has no UTF-8 and must not make the answer fail. */
const sendable = (text: string): string => text.slice(0, MAX_TEXT).replace(/\p{Surrogate}/gu, '\ufffd')

/** Reads the body of a frame; bytes in it are views. Throws MALFORMED (refused) naming the field. */
export function decodeResponse(body: Uint8Array): ServerResponse {
  const reader = new ByteReader(body, 'server response')
  const type = reader.u8('frame type')
  const response = type === ResponseType.welcome ? readWelcome(reader) : readAnswer(reader, type)
  reader.end()
  return response
}

function readWelcome(reader: ByteReader): ServerResponse {
  const welcome: Welcome = {
    protocol: reader.u16('protocol'),
    clusterId: reader.varint('clusterId'),
    memberId: reader.varint('memberId'),
    leaderAddress: reader.string('leaderAddress'),
    maxFrameBytes: reader.u32('maxFrameBytes'),
    maxInFlight: reader.u32('maxInFlight'),
  }
  if (welcome.maxInFlight === 0 || welcome.maxFrameBytes === 0) reader.fail('limits', 'a limit of 0')
  return { type: 'welcome', welcome }
}

function readAnswer(reader: ByteReader, type: number): ServerResponse {
  switch (type) {
    case ResponseType.result:
      return { type: 'result', id: readId(reader), result: readResult(reader) }
    case ResponseType.value: {
      const id = readId(reader)
      const revision = reader.varint('revision')
      const ageMs = readAge(reader)
      const record = reader.boolean('present') ? { ...readKeyRecord(reader), value: reader.bytes('value') } : null
      return { type: 'value', id, revision, ageMs, record }
    }
    case ResponseType.status:
      return { type: 'status', id: readId(reader), status: readStatus(reader) }
    case ResponseType.answer:
      return { type: 'answer', id: readId(reader), ageMs: readAge(reader), answer: readQueryAnswer(reader) }
    case ResponseType.events:
      return { type: 'events', id: readId(reader), watched: readWatchedEvents(reader) }
    case ResponseType.admin:
      return { type: 'admin', id: readId(reader), admin: readAdminAnswer(reader) }
    case ResponseType.error:
      return { type: 'error', id: reader.u32('id'), error: readError(reader) }
    default:
      return reader.fail('frame type', `${type} is unknown`)
  }
}

function readKeyRecord(reader: ByteReader): Omit<KeyRecord, 'value'> {
  const record = readRecord(reader)
  const { createRevision, modRevision, version } = record
  if (createRevision === 0 || modRevision < createRevision || version === 0) reader.fail('record', 'revisions of no possible key')
  return record
}

function readId(reader: ByteReader): number {
  const id = reader.u32('id')
  if (id === 0) reader.fail('id', '0 is not a request')
  return id
}

function readError(reader: ByteReader): WireError {
  const family = FAMILIES[reader.u8('family')]
  if (family === undefined) reader.fail('family', 'unknown')
  return {
    family,
    code: reader.string('code'),
    message: reader.string('message'),
    hint: reader.string('hint'),
    leaderAddress: reader.string('leaderAddress'),
    leaderId: reader.varint('leaderId'),
  }
}
