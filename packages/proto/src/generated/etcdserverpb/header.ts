// Written by `npm run codegen` from packages/proto/proto/etcdserverpb/header.proto. Do not change it by hand.
import type { MessageType, Mutable } from '../../runtime/message-type.js'
import { Reader } from '../../runtime/reader.js'
import { sharedWriter, type Writer } from '../../runtime/writer.js'

/** Begins nearly every answer. */
export interface ResponseHeader {
  readonly clusterId: bigint
  /** The member that answers. */
  readonly memberId: bigint
  /** Revision of the store when the request took effect. */
  readonly revision: number
  readonly raftTerm: number
}

/** What is left out has its default. */
export interface ResponseHeaderInit {
  readonly clusterId?: bigint | undefined
  readonly memberId?: bigint | undefined
  readonly revision?: number | undefined
  readonly raftTerm?: number | undefined
}

export const newResponseHeader = (): ResponseHeader => ({ clusterId: 0n, memberId: 0n, revision: 0, raftTerm: 0 })

const ResponseHeaderFields: ReadonlySet<number> = new Set([1, 2, 3, 4])

/** A field that comes again replaces what is there, a message is merged, a list goes on. */
export function readResponseHeader(reader: Reader, message: ResponseHeader): ResponseHeader {
  const m = message as Mutable<ResponseHeader>
  while (reader.more()) {
    const tag = reader.tag()
    switch (tag) {
      case 8:
        m.clusterId = reader.uint64Big()
        break
      case 16:
        m.memberId = reader.uint64Big()
        break
      case 24:
        m.revision = reader.int64()
        break
      case 32:
        m.raftTerm = reader.uint64()
        break
      default:
        reader.skip(tag, ResponseHeaderFields)
    }
  }
  return message
}

/** In front of what the writer holds. */
export function writeResponseHeader(writer: Writer, message: ResponseHeaderInit): void {
  const v4 = message.raftTerm
  if (v4 !== undefined && v4 !== 0) writer.uint64(32, v4)
  const v3 = message.revision
  if (v3 !== undefined && v3 !== 0) writer.int64(24, v3)
  const v2 = message.memberId
  if (v2 !== undefined && v2 !== 0n) writer.uint64Big(16, v2)
  const v1 = message.clusterId
  if (v1 !== undefined && v1 !== 0n) writer.uint64Big(8, v1)
}

/** INVALID (refused) when a number does not fit its type. */
export function encodeResponseHeader(message: ResponseHeaderInit): Uint8Array {
  sharedWriter.begin()
  writeResponseHeader(sharedWriter, message)
  return sharedWriter.finish()
}

/** MALFORMED (refused) when the bytes are no such message. Fields of type bytes are views of `bytes`. */
export const decodeResponseHeader = (bytes: Uint8Array): ResponseHeader => readResponseHeader(new Reader(bytes, 'etcdserverpb.ResponseHeader'), newResponseHeader())

export const ResponseHeaderType: MessageType<ResponseHeader, ResponseHeaderInit> = {
  name: 'etcdserverpb.ResponseHeader',
  fields: [
    { number: 1, name: 'cluster_id', property: 'clusterId', kind: 'uint64', range: 'bigint' },
    { number: 2, name: 'member_id', property: 'memberId', kind: 'uint64', range: 'bigint' },
    { number: 3, name: 'revision', property: 'revision', kind: 'int64' },
    { number: 4, name: 'raft_term', property: 'raftTerm', kind: 'uint64' },
  ],
  create: newResponseHeader,
  encode: encodeResponseHeader,
  decode: decodeResponseHeader,
  read: readResponseHeader,
  write: writeResponseHeader,
}
