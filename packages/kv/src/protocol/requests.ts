/**
 * The client protocol, client to server. Both sides begin with CLIENT_MAGIC and then send frames; the first frame is the client's hello,
 * answered by a welcome or by an error with id 0, after which the connection ends. A client may send requests right behind its hello.
 *
 *     hello   u8 1 | u16 lowest version | u16 highest version
 *     get     u8 2 | u32 id | read mode (read-mode.ts) | bytes key
 *     write   u8 3 | u32 id | the rest: a command exactly as it goes into the log (command.ts)
 *     status  u8 4 | u32 id
 *     query   u8 5 | u32 id | read mode | query (queries.ts)
 *     watch   u8 6 | u32 id | u32 credit | watch (watching.ts); answered by `events` frames until an error ends it
 *     credit  u8 7 | u32 id of the watch | u32 bytes
 *     cancel  u8 8 | u32 id of the watch; ends it with ABORTED, unless it has ended
 *     admin   u8 32 | u32 id | admin request (admin.ts)
 *
 * Ids are chosen by the client, unique among its unanswered requests and never 0. Answers come in any order.
 */
import { beginFrame, ByteReader, type ByteWriter, type Crc32, endFrame, type VersionRange } from '@balsa/raft'
import { type Command, decodeCommand } from '../command.js'
import { MAX_REQUEST_BYTES } from '../limits.js'
import { type AdminRequest, readAdminRequest, writeAdminRequest } from './admin.js'
import { type ClientQuery, readQuery, writeQuery } from './queries.js'
import { type ReadMode, readReadMode, writeReadMode } from './read-mode.js'
import type { WatchRequest } from '../watch/types.js'
import { readWatchRequest, writeWatchRequest } from './watching.js'

export const CLIENT_PROTOCOL: VersionRange = { min: 1, max: 1 }

/** Largest frame that a client sends. A little above the limit of a request, so that a request over it is told which limit. */
export const MAX_CLIENT_FRAME_BYTES: number = MAX_REQUEST_BYTES + 64 * 1024

/** Largest frame that a member sends. */
export const MAX_MEMBER_FRAME_BYTES: number = 4 * 1024 * 1024

export const RequestType = { hello: 1, get: 2, write: 3, status: 4, query: 5, watch: 6, credit: 7, cancel: 8, admin: 32 } as const
const REQUEST_TYPES: ReadonlySet<number> = new Set(Object.values(RequestType))

export type ClientRequest =
  | { readonly type: 'hello'; readonly protocol: VersionRange }
  | ({ readonly type: 'get'; readonly id: number; readonly key: Uint8Array } & ReadMode)
  | { readonly type: 'write'; readonly id: number; readonly command: Uint8Array }
  | { readonly type: 'status'; readonly id: number }
  | { readonly type: 'watch'; readonly id: number; readonly credit: number; readonly watch: WatchRequest }
  | { readonly type: 'credit'; readonly id: number; readonly bytes: number }
  | { readonly type: 'cancel'; readonly id: number }
  | ({ readonly type: 'query'; readonly id: number; readonly query: ClientQuery } & ReadMode)
  | { readonly type: 'admin'; readonly id: number; readonly admin: AdminRequest }

/** As the server sees it: `parsed` is what `command` says. */
export type DecodedRequest = Exclude<ClientRequest, { readonly type: 'write' }> | WriteRequest

export interface WriteRequest {
  readonly type: 'write'
  readonly id: number
  /** To be proposed as it is. A view of the frame. */
  readonly command: Uint8Array
  readonly parsed: Command
}

/** Appends the request as one frame. */
export function writeRequest(writer: ByteWriter, request: ClientRequest, crc32: Crc32): void {
  const start = beginFrame(writer)
  writer.u8(RequestType[request.type])
  if (request.type === 'hello') {
    writer.u16(request.protocol.min)
    writer.u16(request.protocol.max)
  } else {
    writer.u32(request.id)
    if (request.type === 'write') writer.raw(request.command)
    if (request.type === 'admin') writeAdminRequest(writer, request.admin)
    if (request.type === 'watch') {
      writer.u32(request.credit)
      writeWatchRequest(writer, request.watch)
    }
    if (request.type === 'credit') writer.u32(request.bytes)
    if (request.type === 'query') {
      writeReadMode(writer, request)
      writeQuery(writer, request.query)
    }
    if (request.type === 'get') {
      writeReadMode(writer, request)
      writer.bytes(request.key)
    }
  }
  endFrame(writer, start, crc32)
}

/**
 * Reads the body of a frame. Throws MALFORMED (refused) naming the field, or VERSION_MISMATCH (refused) for a command that this version does
 * not know. After MALFORMED the connection should be closed; {@link requestIdOf} tells whom to answer before.
 */
export function decodeRequest(body: Uint8Array): DecodedRequest {
  const reader = new ByteReader(body, 'client request')
  const type = reader.u8('frame type')
  if (type === RequestType.hello) return { type: 'hello', protocol: readVersions(reader) }
  if (!REQUEST_TYPES.has(type)) reader.fail('frame type', `${type} is unknown`)
  const id = reader.u32('id')
  if (id === 0) reader.fail('id', '0 is not a request')
  if (type === RequestType.write) {
    const command = reader.raw('command', reader.remaining)
    return { type: 'write', id, command, parsed: decodeCommand(command) }
  }
  if (type === RequestType.get) {
    const mode = readReadMode(reader)
    const key = reader.bytes('key')
    reader.end()
    return { type: 'get', id, key, ...mode }
  }
  const request = readRest(reader, type, id)
  reader.end()
  return request
}

function readRest(reader: ByteReader, type: number, id: number): DecodedRequest {
  switch (type) {
    case RequestType.query: {
      const mode = readReadMode(reader)
      return { type: 'query', id, query: readQuery(reader), ...mode }
    }
    case RequestType.watch:
      return { type: 'watch', id, credit: reader.u32('credit'), watch: readWatchRequest(reader) }
    case RequestType.credit:
      return { type: 'credit', id, bytes: reader.u32('bytes') }
    case RequestType.cancel:
      return { type: 'cancel', id }
    case RequestType.admin:
      return { type: 'admin', id, admin: readAdminRequest(reader) }
    default:
      return { type: 'status', id }
  }
}

function readVersions(reader: ByteReader): VersionRange {
  const protocol = { min: reader.u16('protocol.min'), max: reader.u16('protocol.max') }
  if (protocol.min > protocol.max) reader.fail('protocol', `${protocol.min} to ${protocol.max} is no range`)
  // A newer version may say more behind this.
  if (protocol.max <= CLIENT_PROTOCOL.max) reader.end()
  return protocol
}

/** The id of a request whose body could not be decoded, or 0. */
export function requestIdOf(body: Uint8Array): number {
  const type = body[0]
  if (body.length < 5 || type === undefined || type === RequestType.hello) return 0
  return new ByteReader(body.subarray(1, 5), 'client request').u32('id')
}
