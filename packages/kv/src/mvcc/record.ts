/**
 * One version of a key, as the tables hold it:
 *
 *     u8 flags | varint createRevision | varint modRevision | varint version | [8 bytes lease] | [varint chain] | [varint place] | value, or varint its length
 *     flags 1 lease, 2 chain, 4 prefix, 8 place
 *
 * A run of appends would store its beginning again with every version. So a superseded version whose successor only appended keeps the length of
 * its value alone (prefix): its bytes are the first ones of the version that ended the run. `chain` names the run by its first revision.
 */
import { BalsaError, ByteReader, varintLength } from '@balsa/raft'
import type { ByteString } from '../backend/byte-string.js'

export interface KeyRecord {
  /** Revision of the write that created this generation of the key. */
  readonly createRevision: number
  /** Revision of its last write. */
  readonly modRevision: number
  /** Writes since it was created: 1 for the first. */
  readonly version: number
  /** Id of the lease that it is attached to; 0n = none. */
  readonly lease: bigint
  /** Belongs to the store: copy before handing it to a user. */
  readonly value: Uint8Array
}

/** What is read of a key. */
export interface KeyEntry extends KeyRecord {
  /** Belongs to the receiver. */
  readonly key: ByteString
}

/** What is known about a version beside its value. */
export interface RecordHead extends Omit<KeyRecord, 'value'> {
  /** First revision of the run of appends that it belongs to; 0 = none. */
  readonly chain: number
  /** The event of its write has this place in the revision. */
  readonly place: number
}

export interface StoredHead extends RecordHead {
  /** Bytes of the value, also when they are held elsewhere. */
  readonly valueBytes: number
  /** True = its bytes are held by a later version. */
  readonly isPrefix: boolean
}

/** When it is a prefix, `value` is empty. */
export interface StoredRecord extends StoredHead, KeyRecord {}

const Flag = { lease: 1, chain: 2, prefix: 4, place: 8 } as const
const KNOWN_FLAGS = 15
const LEASE_BYTES = 8
const EMPTY = new Uint8Array(0)

/** Answers where the next byte goes. */
export function putVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value
  let next = at
  while (rest > 0x7f) {
    bytes[next++] = (rest & 0x7f) | 0x80
    rest = rest > 0x7fff_ffff ? Math.floor(rest / 128) : rest >>> 7
  }
  bytes[next++] = rest
  return next
}

function putLease(bytes: Uint8Array, at: number, lease: bigint): number {
  new DataView(bytes.buffer, bytes.byteOffset).setBigInt64(at, lease)
  return at + LEASE_BYTES
}

function headBytes({ createRevision, modRevision, version, lease, chain, place }: RecordHead): number {
  let bytes = 1 + varintLength(createRevision) + varintLength(modRevision) + varintLength(version)
  if (lease !== 0n) bytes += LEASE_BYTES
  if (chain !== 0) bytes += varintLength(chain)
  if (place !== 0) bytes += varintLength(place)
  return bytes
}

/** Answers where the value begins. */
function putHead(bytes: Uint8Array, head: RecordHead, flags: number): number {
  const { createRevision, modRevision, version, lease, chain, place } = head
  bytes[0] = flags | (lease === 0n ? 0 : Flag.lease) | (chain === 0 ? 0 : Flag.chain) | (place === 0 ? 0 : Flag.place)
  let at = putVarint(bytes, 1, createRevision)
  at = putVarint(bytes, at, modRevision)
  at = putVarint(bytes, at, version)
  if (lease !== 0n) at = putLease(bytes, at, lease)
  if (chain !== 0) at = putVarint(bytes, at, chain)
  if (place !== 0) at = putVarint(bytes, at, place)
  return at
}

/**
 * Records of usual size are made side by side in chunks: memory of its own for each costs more than the record. Small chunks, because one lives as long as any record in it.
 */
const CHUNK_BYTES = 4096
const LARGE_RECORD_BYTES = 1024
let chunk = EMPTY
let chunkUsed = 0

function roomFor(bytes: number): Uint8Array {
  if (bytes > LARGE_RECORD_BYTES) return new Uint8Array(bytes)
  if (chunkUsed + bytes > chunk.length) {
    chunk = new Uint8Array(CHUNK_BYTES)
    chunkUsed = 0
  }
  const room = chunk.subarray(chunkUsed, chunkUsed + bytes)
  chunkUsed += bytes
  return room
}

/** Copies the value, which may be a view of a log batch or a network buffer; `more` is put behind it. */
export function encodeRecord(head: RecordHead, value: Uint8Array, more: Uint8Array = EMPTY): Uint8Array {
  const bytes = roomFor(headBytes(head) + value.length + more.length)
  const at = putHead(bytes, head, 0)
  bytes.set(value, at)
  if (more.length > 0) bytes.set(more, at + value.length)
  return bytes
}

/** The same version without its bytes, which a later one holds. */
export function encodePrefix(head: RecordHead, valueBytes: number): Uint8Array {
  const bytes = roomFor(headBytes(head) + varintLength(valueBytes))
  putVarint(bytes, putHead(bytes, head, Flag.prefix), valueBytes)
  return bytes
}

/** Where `readVarint` goes on. Nothing that reads a record waits in between. */
let cursor = 0

function readVarint(bytes: Uint8Array): number {
  let value = 0
  for (let factor = 1; ; factor *= 128) {
    const byte = bytes[cursor++]
    if (byte === undefined) throw new BalsaError('CORRUPT', 'a record of the key/value state cannot be read')
    if (byte < 0x80) return value + byte * factor
    value += (byte & 0x7f) * factor
  }
}

/** Without the value. The bytes are the store's own, so what does not fit is damage: CORRUPT (fatal). */
export function decodeHead(bytes: Uint8Array): StoredHead {
  const flags = bytes[0] as number
  cursor = 1
  const createRevision = readVarint(bytes)
  const modRevision = readVarint(bytes)
  const version = readVarint(bytes)
  let lease = 0n
  if ((flags & Flag.lease) !== 0) {
    lease = new DataView(bytes.buffer, bytes.byteOffset).getBigInt64(cursor)
    cursor += LEASE_BYTES
  }
  const chain = (flags & Flag.chain) === 0 ? 0 : readVarint(bytes)
  const place = (flags & Flag.place) === 0 ? 0 : readVarint(bytes)
  const isPrefix = (flags & Flag.prefix) !== 0
  const valueBytes = isPrefix ? readVarint(bytes) : bytes.length - cursor
  return { createRevision, modRevision, version, lease, chain, place, valueBytes, isPrefix }
}

/** The value is a view of the bytes. Errors as `decodeHead`. */
export function decodeRecord(bytes: Uint8Array): StoredRecord {
  const { createRevision, modRevision, version, lease, chain, place, valueBytes, isPrefix } = decodeHead(bytes)
  const value = isPrefix ? EMPTY : bytes.subarray(cursor)
  return { createRevision, modRevision, version, lease, chain, place, value, valueBytes, isPrefix }
}

/** Checks bytes from outside. MALFORMED (refused) when they are no record of a revision up to `newest`. */
export function checkRecord(bytes: Uint8Array, isSuperseded: boolean, newest: number): void {
  const reader = new ByteReader(bytes, 'record')
  const flags = reader.u8('flags')
  if (flags > KNOWN_FLAGS) reader.fail('flags', `${flags} is unknown`)
  const createRevision = reader.varint('createRevision')
  const modRevision = reader.varint('modRevision')
  const version = reader.varint('version')
  if (createRevision === 0 || modRevision < createRevision || version === 0 || modRevision > newest) {
    reader.fail('record', 'revisions of no possible key')
  }
  if ((flags & Flag.lease) !== 0) reader.raw('lease', LEASE_BYTES)
  if ((flags & Flag.chain) !== 0) reader.varint('chain')
  if ((flags & Flag.place) !== 0) reader.varint('place')
  if ((flags & Flag.prefix) === 0) return
  if (!isSuperseded || (flags & Flag.chain) === 0) reader.fail('flags', 'a prefix of nothing')
  reader.varint('length')
  reader.end()
}
