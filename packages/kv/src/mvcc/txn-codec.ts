/**
 * Transactions and their answers as bytes:
 *
 *     transaction  u16 compares, each | u16 operations of success, each | u16 operations of failure, each
 *     compare      bytes key | bytes rangeEnd | u8 result | u8 target | operand: signed, 8 bytes lease, or bytes value
 *     operation    u8 kind | body
 *       range      bytes key | bytes rangeEnd | u8 flags | u8 sort target | varint limit | varint revision | 4 x varint bounds
 *       put        bytes key | u8 flags (1 value, 2 lease, 4 previous) | [bytes value] | [8 bytes lease]
 *       append     bytes key | bytes value
 *       delete     bytes key | bytes rangeEnd | u8 previous
 *       txn        transaction
 *     answer       u8 succeeded | u16 answers of operations, each: u8 kind | body
 *     signed       u8 negative | varint magnitude
 */
import type { ByteReader, ByteWriter } from '@balsa/raft'
import { keyFromString, keyToString } from '../backend/byte-string.js'
import { MAX_TXN_DEPTH, MAX_TXN_OPERATIONS } from '../limits.js'
import type { OperationOutcome, TxnOutcome } from './execute-txn.js'
import { type RangeRequest, type RangeResult, SORT_TARGETS } from './range.js'
import type { KeyEntry, KeyRecord } from './record.js'
import { type Compare, COMPARE_RESULTS, type Txn, type TxnOperation } from './txn.js'

const Operation = { range: 1, put: 2, append: 3, delete: 4, txn: 5 } as const
const TARGETS = ['version', 'createRevision', 'modRevision', 'lease', 'value'] as const
const TWO_32 = 0x1_0000_0000n

const PutFlag = { value: 1, lease: 2, previous: 4 } as const
const RangeFlag = { descending: 1, keysOnly: 2, countOnly: 4, counted: 8 } as const

export function writeLease(writer: ByteWriter, lease: bigint): void {
  const bits = BigInt.asUintN(64, lease)
  writer.u32(Number(bits & 0xffff_ffffn))
  writer.u32(Number(bits >> 32n))
}

export function readLease(reader: ByteReader): bigint {
  const low = BigInt(reader.u32('lease'))
  return BigInt.asIntN(64, BigInt(reader.u32('lease')) * TWO_32 + low)
}

export function writeTxn(writer: ByteWriter, txn: Txn): void {
  writer.u16(txn.compares.length)
  for (const compare of txn.compares) writeCompare(writer, compare)
  for (const branch of [txn.success, txn.failure]) {
    writer.u16(branch.length)
    for (const operation of branch) writeOperation(writer, operation)
  }
}

export const readTxn = (reader: ByteReader): Txn => readTxnAt(reader, 1)

function readTxnAt(reader: ByteReader, depth: number): Txn {
  if (depth > MAX_TXN_DEPTH) reader.fail('txn', `nested deeper than ${MAX_TXN_DEPTH}`)
  const compares = readList(reader, 'compares', () => readCompare(reader))
  const success = readList(reader, 'success', () => readOperation(reader, depth))
  const failure = readList(reader, 'failure', () => readOperation(reader, depth))
  return { compares, success, failure }
}

/** One more than allowed is still read, so that it can be refused by its own code. */
const MOST_LISTED = MAX_TXN_OPERATIONS * 64

function readList<Item>(reader: ByteReader, field: string, read: () => Item): Item[] {
  const count = reader.u16(field)
  if (count > MOST_LISTED || count > reader.remaining) reader.fail(field, `${count} are more than there can be`)
  const items: Item[] = []
  for (let at = 0; at < count; at++) items.push(read())
  return items
}

function writeCompare(writer: ByteWriter, compare: Compare): void {
  writer.bytes(compare.key)
  writer.bytes(compare.rangeEnd)
  writer.u8(COMPARE_RESULTS.indexOf(compare.result))
  writer.u8(TARGETS.indexOf(compare.target))
  if (compare.target === 'value') writer.bytes(compare.operand)
  else if (compare.target === 'lease') writeLease(writer, compare.operand)
  else {
    writer.boolean(compare.operand < 0)
    writer.varint(Math.abs(compare.operand))
  }
}

function readCompare(reader: ByteReader): Compare {
  const key = reader.bytes('key')
  const rangeEnd = reader.bytes('rangeEnd')
  const result = oneOf(reader, COMPARE_RESULTS, 'result')
  const target = oneOf(reader, TARGETS, 'target')
  if (target === 'value') return { key, rangeEnd, result, target, operand: reader.bytes('operand') }
  if (target === 'lease') return { key, rangeEnd, result, target, operand: readLease(reader) }
  const negative = reader.boolean('negative')
  const magnitude = reader.varint('operand')
  return { key, rangeEnd, result, target, operand: negative && magnitude > 0 ? -magnitude : magnitude }
}

function oneOf<Value>(reader: ByteReader, values: readonly Value[], field: string): Value {
  const value = values[reader.u8(field)]
  return value === undefined ? reader.fail(field, 'unknown') : value
}

function writeOperation(writer: ByteWriter, operation: TxnOperation): void {
  writer.u8(Operation[operation.type])
  switch (operation.type) {
    case 'range':
      return writeRangeRequest(writer, operation.request)
    case 'put':
      writer.bytes(operation.key)
      writer.u8(
        (operation.value === null ? 0 : PutFlag.value) |
          (operation.lease === null ? 0 : PutFlag.lease) |
          (operation.previous ? PutFlag.previous : 0),
      )
      if (operation.value !== null) writer.bytes(operation.value)
      if (operation.lease !== null) writeLease(writer, operation.lease)
      return
    case 'append':
      writer.bytes(operation.key)
      return writer.bytes(operation.value)
    case 'delete':
      writer.bytes(operation.key)
      writer.bytes(operation.rangeEnd)
      return writer.boolean(operation.previous)
    case 'txn':
      return writeTxn(writer, operation.txn)
  }
}

function readOperation(reader: ByteReader, depth: number): TxnOperation {
  const kind = reader.u8('operation')
  switch (kind) {
    case Operation.range:
      return { type: 'range', request: readRangeRequest(reader) }
    case Operation.put: {
      const key = reader.bytes('key')
      const flags = reader.u8('flags')
      const value = (flags & PutFlag.value) === 0 ? null : reader.bytes('value')
      const lease = (flags & PutFlag.lease) === 0 ? null : readLease(reader)
      return { type: 'put', key, value, lease, previous: (flags & PutFlag.previous) !== 0 }
    }
    case Operation.append:
      return { type: 'append', key: reader.bytes('key'), value: reader.bytes('value') }
    case Operation.delete:
      return { type: 'delete', key: reader.bytes('key'), rangeEnd: reader.bytes('rangeEnd'), previous: reader.boolean('previous') }
    case Operation.txn:
      return { type: 'txn', txn: readTxnAt(reader, depth + 1) }
    default:
      return reader.fail('operation', `${kind} is unknown`)
  }
}

export function writeRangeRequest(writer: ByteWriter, request: RangeRequest): void {
  writer.bytes(request.key)
  writer.bytes(request.rangeEnd)
  writer.u8(
    (request.descending ? RangeFlag.descending : 0) |
      (request.keysOnly ? RangeFlag.keysOnly : 0) |
      (request.countOnly ? RangeFlag.countOnly : 0) |
      (request.counted ? RangeFlag.counted : 0),
  )
  writer.u8(SORT_TARGETS.indexOf(request.sortTarget))
  writer.varint(request.limit)
  writer.varint(request.revision)
  writer.varint(request.minModRevision)
  writer.varint(request.maxModRevision)
  writer.varint(request.minCreateRevision)
  writer.varint(request.maxCreateRevision)
}

export function readRangeRequest(reader: ByteReader): RangeRequest {
  const key = reader.bytes('key')
  const rangeEnd = reader.bytes('rangeEnd')
  const flags = reader.u8('flags')
  return {
    key,
    rangeEnd,
    descending: (flags & RangeFlag.descending) !== 0,
    keysOnly: (flags & RangeFlag.keysOnly) !== 0,
    countOnly: (flags & RangeFlag.countOnly) !== 0,
    counted: (flags & RangeFlag.counted) !== 0,
    sortTarget: oneOf(reader, SORT_TARGETS, 'sort target'),
    limit: reader.varint('limit'),
    revision: reader.varint('revision'),
    minModRevision: reader.varint('minModRevision'),
    maxModRevision: reader.varint('maxModRevision'),
    minCreateRevision: reader.varint('minCreateRevision'),
    maxCreateRevision: reader.varint('maxCreateRevision'),
  }
}

export function writeRangeResult(writer: ByteWriter, result: RangeResult): void {
  writer.varint(result.entries.length)
  for (const entry of result.entries) writeEntry(writer, entry)
  writer.boolean(result.more)
  writer.boolean(result.count !== null)
  if (result.count !== null) writer.varint(result.count)
}

export function readRangeResult(reader: ByteReader): RangeResult {
  const entries = readEntries(reader)
  const more = reader.boolean('more')
  return { entries, more, count: reader.boolean('counted') ? reader.varint('count') : null }
}

function writeEntry(writer: ByteWriter, entry: KeyEntry): void {
  writer.bytes(keyFromString(entry.key))
  writeRecord(writer, entry)
  writer.bytes(entry.value)
}

function readEntries(reader: ByteReader): KeyEntry[] {
  const count = reader.count('entries', 6)
  const entries: KeyEntry[] = []
  for (let at = 0; at < count; at++) {
    const key = keyToString(reader.bytes('key'))
    const record = readRecord(reader)
    entries.push({ key, ...record, value: reader.bytes('value') })
  }
  return entries
}

export function writeRecord(writer: ByteWriter, record: Omit<KeyRecord, 'value'>): void {
  writer.varint(record.createRevision)
  writer.varint(record.modRevision)
  writer.varint(record.version)
  writer.boolean(record.lease !== 0n)
  if (record.lease !== 0n) writeLease(writer, record.lease)
}

export function readRecord(reader: ByteReader): Omit<KeyRecord, 'value'> {
  const createRevision = reader.varint('createRevision')
  const modRevision = reader.varint('modRevision')
  const version = reader.varint('version')
  return { createRevision, modRevision, version, lease: reader.boolean('attached') ? readLease(reader) : 0n }
}

export function writeOutcome(writer: ByteWriter, outcome: TxnOutcome): void {
  writer.boolean(outcome.succeeded)
  writer.u16(outcome.responses.length)
  for (const response of outcome.responses) writeResponse(writer, response)
}

export const readOutcome = (reader: ByteReader): TxnOutcome => readOutcomeAt(reader, 1)

function readOutcomeAt(reader: ByteReader, depth: number): TxnOutcome {
  if (depth > MAX_TXN_DEPTH) reader.fail('txn', `nested deeper than ${MAX_TXN_DEPTH}`)
  const succeeded = reader.boolean('succeeded')
  return { succeeded, responses: readList(reader, 'responses', () => readResponse(reader, depth)) }
}

function writeResponse(writer: ByteWriter, response: OperationOutcome): void {
  writer.u8(Operation[response.type])
  switch (response.type) {
    case 'range':
      return writeRangeResult(writer, response)
    case 'put':
      writeRecord(writer, response.record)
      writer.varint(response.valueBytes)
      writer.boolean(response.previous !== null)
      if (response.previous === null) return
      writeRecord(writer, response.previous)
      return writer.bytes(response.previous.value)
    case 'delete':
      writer.varint(response.deleted)
      writer.varint(response.previous.length)
      for (const entry of response.previous) writeEntry(writer, entry)
      return
    case 'txn':
      return writeOutcome(writer, response.outcome)
  }
}

function readResponse(reader: ByteReader, depth: number): OperationOutcome {
  const kind = reader.u8('response')
  switch (kind) {
    case Operation.range:
      return { type: 'range', ...readRangeResult(reader) }
    case Operation.put: {
      const record = readRecord(reader)
      const valueBytes = reader.varint('valueBytes')
      const previous = reader.boolean('previous') ? { ...readRecord(reader), value: reader.bytes('value') } : null
      return { type: 'put', record, valueBytes, previous }
    }
    case Operation.delete:
      return { type: 'delete', deleted: reader.varint('deleted'), previous: readEntries(reader) }
    case Operation.txn:
      return { type: 'txn', outcome: readOutcomeAt(reader, depth + 1) }
    default:
      return reader.fail('response', `${kind} is unknown`)
  }
}
