/**
 * One version of a key, as the tables hold it:
 *
 *     u8 flags | varint createRevision | varint modRevision | varint version | [8 bytes lease] | [varint chain] | value, or varint its length
 *     flags 1 lease, 2 chain, 4 prefix, 8 tombstone (then nothing follows)
 *
 * A run of appends would store its beginning again with every version. So a superseded version whose successor only appended keeps the length of
 * its value alone (prefix): its bytes are the first ones of the version that ended the run. `chain` names the run by its first revision.
 */
import { BalsaError, ByteReader, varintLength } from '@balsa/raft'

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

export interface StoredRecord extends KeyRecord {
  /** First revision of the run of appends that it belongs to; 0 = none. */
  readonly chain: number
  /** Bytes of the value, also when they are held elsewhere. */
  readonly valueBytes: number
  /** True = `value` is empty here, its bytes are held by a later version. */
  readonly isPrefix: boolean
}

const Flag = { lease: 1, chain: 2, prefix: 4, tombstone: 8 } as const
const LEASE_BYTES = 8
const EMPTY = new Uint8Array(0)

export const TOMBSTONE: Uint8Array = Uint8Array.of(Flag.tombstone)
export const isTombstone = (bytes: Uint8Array): boolean => bytes[0] === Flag.tombstone

function putVarint(bytes: Uint8Array, at: number, value: number): number {
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

type Head = Omit<KeyRecord, 'value'> & { readonly chain: number }

/** Room for `tail` bytes behind the head; answers where they begin. */
function withHead(head: Head, flags: number, tail: number): { readonly bytes: Uint8Array; readonly at: number } {
  const { createRevision, modRevision, version, lease, chain } = head
  const hasLease = lease !== 0n
  const length =
    1 +
    varintLength(createRevision) +
    varintLength(modRevision) +
    varintLength(version) +
    (hasLease ? LEASE_BYTES : 0) +
    (chain === 0 ? 0 : varintLength(chain))
  const bytes = new Uint8Array(length + tail)
  bytes[0] = flags | (hasLease ? Flag.lease : 0) | (chain === 0 ? 0 : Flag.chain)
  let at = putVarint(bytes, 1, createRevision)
  at = putVarint(bytes, at, modRevision)
  at = putVarint(bytes, at, version)
  if (hasLease) at = putLease(bytes, at, lease)
  if (chain !== 0) at = putVarint(bytes, at, chain)
  return { bytes, at }
}

/** Copies the value, which may be a view of a log batch or a network buffer; `more` is put behind it. */
export function encodeRecord(head: Head, value: Uint8Array, more: Uint8Array = EMPTY): Uint8Array {
  const { bytes, at } = withHead(head, 0, value.length + more.length)
  bytes.set(value, at)
  if (more.length > 0) bytes.set(more, at + value.length)
  return bytes
}

/** The same version without its bytes, which a later one holds. */
export function encodePrefix(record: Omit<StoredRecord, 'value' | 'isPrefix'>): Uint8Array {
  const { bytes, at } = withHead(record, Flag.prefix, varintLength(record.valueBytes))
  putVarint(bytes, at, record.valueBytes)
  return bytes
}

/** Not of a tombstone. The bytes are the store's own, so what does not fit is damage: CORRUPT (fatal). */
export function decodeRecord(bytes: Uint8Array): StoredRecord {
  const flags = bytes[0] as number
  let at = 1
  const varint = (): number => {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++]
      if (byte === undefined) throw damaged()
      if (byte < 0x80) return value + byte * factor
      value += (byte & 0x7f) * factor
    }
  }
  const createRevision = varint()
  const modRevision = varint()
  const version = varint()
  let lease = 0n
  if ((flags & Flag.lease) !== 0) {
    lease = new DataView(bytes.buffer, bytes.byteOffset).getBigInt64(at)
    at += LEASE_BYTES
  }
  const chain = (flags & Flag.chain) === 0 ? 0 : varint()
  if ((flags & Flag.prefix) !== 0)
    return { createRevision, modRevision, version, lease, chain, value: EMPTY, valueBytes: varint(), isPrefix: true }
  const value = bytes.subarray(at)
  return { createRevision, modRevision, version, lease, chain, value, valueBytes: value.length, isPrefix: false }
}

const damaged = (): BalsaError => new BalsaError('CORRUPT', 'a record of the key/value state cannot be read')

/** Checks bytes from outside. MALFORMED (refused) when they are no record of `modRevision` (null = of any revision up to `newest`). */
export function checkRecord(bytes: Uint8Array, modRevision: number | null, newest: number): void {
  const reader = new ByteReader(bytes, 'record')
  const flags = reader.u8('flags')
  if (flags === Flag.tombstone) {
    if (modRevision === null) reader.fail('flags', 'a living key is no tombstone')
    return reader.end()
  }
  if (flags > (Flag.lease | Flag.chain | Flag.prefix)) reader.fail('flags', `${flags} is unknown`)
  const createRevision = reader.varint('createRevision')
  const mod = reader.varint('modRevision')
  const version = reader.varint('version')
  if (createRevision === 0 || mod < createRevision || version === 0 || mod > newest) reader.fail('record', 'revisions of no possible key')
  if (modRevision !== null && mod !== modRevision) reader.fail('modRevision', 'another one than in its key')
  if ((flags & Flag.lease) !== 0) reader.raw('lease', LEASE_BYTES)
  if ((flags & Flag.chain) !== 0) reader.varint('chain')
  if ((flags & Flag.prefix) === 0) return
  if (modRevision === null || (flags & Flag.chain) === 0) reader.fail('flags', 'a prefix of nothing')
  reader.varint('length')
  reader.end()
}
