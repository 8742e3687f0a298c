/**
 * What the frames `query` and `answer` carry (requests.ts, responses.ts):
 *
 *     query    u8 1 range  | range request (txn-codec.ts) | varint maxBytes
 *              u8 2 lease  | 8 bytes lease | u8 with keys | bytes keys from
 *              u8 3 leases | 8 bytes from
 *              u8 4 txn    | transaction (txn-codec.ts), which writes nothing
 *     answer   u8 1 range  | varint revision | u8 refusal (0 none, else its number + 1) | when none: range result (txn-codec.ts)
 *              u8 2 lease  | varint revision | u8 present | when present: varint ttlMs | varint remainingMs | varint count, keys as bytes | u8 more
 *              u8 3 leases | varint revision | varint count, 8 bytes each | u8 more
 *              u8 4 txn    | varint revision | u8 refusal | when none: answer of a transaction (txn-codec.ts)
 */
import type { ByteReader, ByteWriter } from '@balsa/raft'
import { keyFromString, keyToString } from '../backend/byte-string.js'
import type { LeaseAnswer, LeaseQuery, LeasesAnswer, LeasesQuery, RangeAnswer, RangeQuery, TxnQuery, TxnReading } from '../kv-queries.js'
import {
  readLease,
  readOutcome,
  readRangeRequest,
  readRangeResult,
  readTxn,
  writeLease,
  writeOutcome,
  writeRangeRequest,
  writeRangeResult,
  writeTxn,
} from '../mvcc/txn-codec.js'
import { canWrite, type Txn } from '../mvcc/txn.js'
import { REFUSAL_CODES, type RefusalCode } from '../result.js'

/** Queries that clients may ask. */
export type ClientQuery = RangeQuery | LeaseQuery | LeasesQuery | TxnQuery
/** What was read; values belong to the store. */
export type TxnQueryAnswer = { readonly type: 'txn' } & TxnReading
export type ClientQueryAnswer = RangeAnswer | LeaseAnswer | LeasesAnswer | TxnQueryAnswer

const Kind = { range: 1, lease: 2, leases: 3, txn: 4 } as const

export function writeQuery(writer: ByteWriter, query: ClientQuery): void {
  writer.u8(Kind[query.type])
  switch (query.type) {
    case 'range':
      writeRangeRequest(writer, query.request)
      return writer.varint(query.maxBytes)
    case 'lease':
      writeLease(writer, query.lease)
      writer.boolean(query.withKeys)
      return writer.bytes(keyFromString(query.keysFrom))
    case 'leases':
      return writeLease(writer, query.from)
    case 'txn':
      return writeTxn(writer, query.txn)
  }
}

export function readQuery(reader: ByteReader): ClientQuery {
  const kind = reader.u8('query')
  switch (kind) {
    case Kind.range:
      return { type: 'range', request: readRangeRequest(reader), maxBytes: reader.varint('maxBytes') }
    case Kind.lease:
      return {
        type: 'lease',
        lease: readLease(reader),
        withKeys: reader.boolean('withKeys'),
        keysFrom: keyToString(reader.bytes('keysFrom')),
      }
    case Kind.leases:
      return { type: 'leases', from: readLease(reader) }
    case Kind.txn:
      return { type: 'txn', txn: readReadingTxn(reader) }
    default:
      return reader.fail('query', `${kind} is unknown`)
  }
}

function readReadingTxn(reader: ByteReader): Txn {
  const txn = readTxn(reader)
  return canWrite(txn) ? reader.fail('txn', 'writes, and is no query') : txn
}

export function writeQueryAnswer(writer: ByteWriter, answer: ClientQueryAnswer): void {
  writer.u8(Kind[answer.type])
  writer.varint(answer.revision)
  switch (answer.type) {
    case 'range':
      writer.u8(refusalNumber(answer.refusal))
      if (answer.refusal === null) writeRangeResult(writer, answer.result ?? NOTHING)
      return
    case 'lease':
      writer.boolean(answer.lease !== null)
      if (answer.lease === null) return
      writer.varint(answer.lease.ttlMs)
      writer.varint(answer.lease.remainingMs)
      writer.varint(answer.lease.keys.length)
      for (const key of answer.lease.keys) writer.bytes(keyFromString(key))
      writer.boolean(answer.lease.more)
      return
    case 'leases':
      writer.varint(answer.leases.length)
      for (const lease of answer.leases) writeLease(writer, lease)
      return writer.boolean(answer.more)
    case 'txn':
      writer.u8(refusalNumber(answer.refusal))
      if (answer.refusal === null) writeOutcome(writer, answer.outcome ?? NO_OUTCOME)
  }
}

const refusalNumber = (refusal: RefusalCode | null): number => (refusal === null ? 0 : REFUSAL_CODES.indexOf(refusal) + 1)

const NOTHING = { entries: [], more: false, count: 0 }
const NO_OUTCOME = { succeeded: false, responses: [] }

export function readQueryAnswer(reader: ByteReader): ClientQueryAnswer {
  const kind = reader.u8('answer')
  const revision = reader.varint('revision')
  switch (kind) {
    case Kind.range: {
      const refusal = readRefusal(reader)
      return { type: 'range', revision, refusal, result: refusal === null ? readRangeResult(reader) : null }
    }
    case Kind.lease:
      return { type: 'lease', revision, lease: reader.boolean('present') ? readLeaseState(reader) : null }
    case Kind.leases: {
      const leases: bigint[] = []
      for (let left = reader.count('leases', 8); left > 0; left--) leases.push(readLease(reader))
      return { type: 'leases', revision, leases, more: reader.boolean('more') }
    }
    case Kind.txn: {
      const refusal = readRefusal(reader)
      return { type: 'txn', revision, refusal, outcome: refusal === null ? readOutcome(reader) : null }
    }
    default:
      return reader.fail('answer', `${kind} is unknown`)
  }
}

function readRefusal(reader: ByteReader): RefusalCode | null {
  const number = reader.u8('refusal')
  if (number === 0) return null
  return REFUSAL_CODES[number - 1] ?? reader.fail('refusal', 'unknown')
}

function readLeaseState(reader: ByteReader): NonNullable<LeaseAnswer['lease']> {
  const ttlMs = reader.varint('ttlMs')
  const remainingMs = reader.varint('remainingMs')
  const keys: string[] = []
  for (let left = reader.count('keys'); left > 0; left--) keys.push(keyToString(reader.bytes('key')))
  return { ttlMs, remainingMs, keys, more: reader.boolean('more') }
}
