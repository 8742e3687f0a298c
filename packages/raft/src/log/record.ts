/**
 * Batches and records: the bytes inside a segment. Everything is little-endian; a u64 holds a safe integer.
 *
 * One write to the log is one batch. A batch begins at a sector (512 bytes) and fills whole sectors, so that no later write ever
 * touches a sector that was acknowledged. Where the next batch will go stands a mark: a batch header without records.
 *
 *   batch header (56 bytes)
 *     0  u32 crc            over bytes 4..55
 *     4  u32 magic          "BALB"
 *     8  u64 segment        number of the segment: old bytes in a recycled file carry an old number
 *    16  u64 number         of the batch, counted through all segments without a gap
 *    24  u32 offset         in the file: a write that landed elsewhere is not valid there
 *    28  u32 kind           1 data | 2 synced: all before it was durable when this was written | 3 closed: and the next segment exists
 *    32  u32 bodyBytes      length of all records (0 for a mark)
 *    36  u32 records        how many (0 for a mark)
 *    40  u64 firstSequence  of its first record (for a mark: of the record to come)
 *    48  u32 bodyCrc        over all records: a mixture of two attempts at the same place is not valid
 *    52  u32 zero
 *   records, one behind the other, then zeros up to the sector's end
 *     0  u32 crc            over bytes 4..end of the record
 *     4  u32 bodyBytes      behind these 16 bytes
 *     8  u8 type            1 head | 2 hard state | 3 entry
 *     9  u8 flags           1 = last record of its batch
 *    10  u48 sequence       of the record, counted through all segments without a gap
 *    16  body
 *   body of an entry:      u64 index | u64 term | f64 timeMs | u8 entry type | payload
 *   body of a hard state:  u64 term | u64 votedFor (0 = nobody)
 *   body of a head:        u8 origin | u64 lastIndex | u64 lastTerm | f64 timeMs | u64 term | u64 votedFor | configuration
 *
 * The head is the first record of every segment: what a reader must know when all segments before are gone. Origins: 1 initial (an
 * empty log, with the founding configuration), 2 continued (the log goes on behind lastIndex), 3 installed (a snapshot replaced the
 * log; nothing before counts). The configuration is the one below everything in the log: the snapshot's or the founding one.
 */
import { BalsaError, invariant } from '../errors.js'
import type { Crc32 } from '../ports/checksum.js'
import {
  asIndex,
  asMemberId,
  asTerm,
  type Configuration,
  type Entry,
  EntryType,
  type HardState,
  type LogIndex,
  type Term,
} from '../types.js'
import { decodeConfiguration, encodeConfiguration } from './configuration-codec.js'

export const SECTOR_BYTES = 512
export const BATCH_HEADER_BYTES = 56
export const RECORD_HEADER_BYTES = 16
export const ENTRY_HEADER_BYTES = 25
const HARD_STATE_BYTES = 16
const HEAD_FIXED_BYTES = 41
const BATCH_MAGIC = 0x424c4142
const LAST_IN_BATCH = 1
const TWO_32 = 0x1_0000_0000

export const RecordType = { head: 1, hardState: 2, entry: 3 } as const
export type RecordType = (typeof RecordType)[keyof typeof RecordType]

export const BatchKind = { data: 1, synced: 2, closed: 3 } as const
export type BatchKind = (typeof BatchKind)[keyof typeof BatchKind]

export const HeadOrigin = { initial: 1, continued: 2, installed: 3 } as const
export type HeadOrigin = (typeof HeadOrigin)[keyof typeof HeadOrigin]

export interface BatchHeader {
  readonly segment: number
  readonly number: number
  readonly offset: number
  /** Kept as a number: a newer format may know more kinds than {@link BatchKind}. */
  readonly kind: number
  readonly bodyBytes: number
  readonly records: number
  readonly firstSequence: number
  readonly bodyCrc: number
}

export interface LogHead {
  readonly origin: HeadOrigin
  readonly lastIndex: LogIndex
  readonly lastTerm: Term
  readonly timeMs: number
  readonly hardState: HardState
  readonly configuration: Configuration
}

export type LogRecord =
  | { readonly type: 'head'; readonly head: LogHead }
  | { readonly type: 'hardState'; readonly hardState: HardState }
  | { readonly type: 'entry'; readonly entry: Entry }

/** A record as found in a file. `payload` views the given bytes. */
export interface DecodedRecord {
  readonly sequence: number
  readonly lastInBatch: boolean
  /** Bytes of header and body. */
  readonly size: number
  readonly record: LogRecord
}

export const alignToSector = (bytes: number): number => Math.ceil(bytes / SECTOR_BYTES) * SECTOR_BYTES

/** Bytes of the record of an entry. */
export const entryRecordBytes = (entry: Entry): number => RECORD_HEADER_BYTES + ENTRY_HEADER_BYTES + entry.payload.length

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

export function setU64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true)
  view.setUint32(at + 4, Math.floor(value / TWO_32), true)
}

/** A number above 2^53 - 1 comes back as NaN, which no comparison accepts. */
export function getU64(view: DataView, at: number): number {
  const value = view.getUint32(at + 4, true) * TWO_32 + view.getUint32(at, true)
  return Number.isSafeInteger(value) ? value : Number.NaN
}

/** Collects records and makes them one batch. The memory is reused: bytes of `finish` are valid until the next `begin`. */
export class BatchEncoder {
  readonly #crc32: Crc32
  #bytes: Uint8Array
  #view: DataView
  #end = BATCH_HEADER_BYTES
  #records = 0
  #firstSequence = 0
  /** Where the newest record starts: its checksum waits until it is known whether it is the last. */
  #newest = 0

  constructor(crc32: Crc32, capacity: number) {
    this.#crc32 = crc32
    this.#bytes = new Uint8Array(alignToSector(capacity))
    this.#view = viewOf(this.#bytes)
  }

  get records(): number {
    return this.#records
  }

  /** Bytes from the start of the batch to the end of the newest record: where, relative to the batch, the next record goes. */
  get usedBytes(): number {
    return this.#end
  }

  get nextSequence(): number {
    return this.#firstSequence + this.#records
  }

  begin(firstSequence: number): void {
    this.#end = BATCH_HEADER_BYTES
    this.#records = 0
    this.#firstSequence = firstSequence
    this.#newest = 0
  }

  addEntry(entry: Entry): void {
    const { payload } = entry
    const body = this.#addRecord(RecordType.entry, ENTRY_HEADER_BYTES + payload.length)
    const view = this.#view
    setU64(view, body, entry.index)
    setU64(view, body + 8, entry.term)
    view.setFloat64(body + 16, entry.timeMs, true)
    this.#bytes[body + 24] = entry.type
    this.#bytes.set(payload, body + ENTRY_HEADER_BYTES)
  }

  addHardState(hardState: HardState): void {
    const body = this.#addRecord(RecordType.hardState, HARD_STATE_BYTES)
    setU64(this.#view, body, hardState.term)
    setU64(this.#view, body + 8, hardState.votedFor ?? 0)
  }

  addHead(head: LogHead): void {
    const configuration = encodeConfiguration(head.configuration)
    const body = this.#addRecord(RecordType.head, HEAD_FIXED_BYTES + configuration.length)
    const view = this.#view
    this.#bytes[body] = head.origin
    setU64(view, body + 1, head.lastIndex)
    setU64(view, body + 9, head.lastTerm)
    view.setFloat64(body + 17, head.timeMs, true)
    setU64(view, body + 25, head.hardState.term)
    setU64(view, body + 33, head.hardState.votedFor ?? 0)
    this.#bytes.set(configuration, body + HEAD_FIXED_BYTES)
  }

  #addRecord(type: RecordType, bodyBytes: number): number {
    this.#sealNewest(false)
    const start = this.#end
    const size = RECORD_HEADER_BYTES + bodyBytes
    if (alignToSector(start + size) > this.#bytes.length) this.#grow(start + size)
    const view = this.#view
    const sequence = this.#firstSequence + this.#records
    view.setUint32(start + 4, bodyBytes, true)
    view.setUint8(start + 8, type)
    view.setUint8(start + 9, 0)
    view.setUint16(start + 10, sequence & 0xffff, true)
    view.setUint32(start + 12, Math.floor(sequence / 0x1_0000), true)
    this.#newest = start
    this.#end = start + size
    this.#records += 1
    return start + RECORD_HEADER_BYTES
  }

  #grow(needed: number): void {
    const larger = new Uint8Array(alignToSector(Math.max(needed, this.#bytes.length * 2)))
    larger.set(this.#bytes.subarray(0, this.#end))
    this.#bytes = larger
    this.#view = viewOf(larger)
  }

  #sealNewest(last: boolean): void {
    if (this.#records === 0) return
    if (last) this.#bytes[this.#newest + 9] = LAST_IN_BATCH
    this.#view.setUint32(this.#newest, this.#crc32(this.#bytes.subarray(this.#newest + 4, this.#end)), true)
  }

  /** The whole batch, filled up to a sector. */
  finish(segment: number, number: number, offset: number): Uint8Array {
    invariant(this.#records > 0, 'a batch has a record')
    this.#sealNewest(true)
    const total = alignToSector(this.#end)
    this.#bytes.fill(0, this.#end, total)
    writeBatchHeader(this.#bytes, this.#crc32, {
      segment,
      number,
      offset,
      kind: BatchKind.data,
      bodyBytes: this.#end - BATCH_HEADER_BYTES,
      records: this.#records,
      firstSequence: this.#firstSequence,
      bodyCrc: this.#crc32(this.#bytes.subarray(BATCH_HEADER_BYTES, this.#end)),
    })
    return this.#bytes.subarray(0, total)
  }
}

function writeBatchHeader(bytes: Uint8Array, crc32: Crc32, header: BatchHeader): void {
  const view = viewOf(bytes)
  view.setUint32(4, BATCH_MAGIC, true)
  setU64(view, 8, header.segment)
  setU64(view, 16, header.number)
  view.setUint32(24, header.offset, true)
  view.setUint32(28, header.kind, true)
  view.setUint32(32, header.bodyBytes, true)
  view.setUint32(36, header.records, true)
  setU64(view, 40, header.firstSequence)
  view.setUint32(48, header.bodyCrc, true)
  view.setUint32(52, 0, true)
  view.setUint32(0, crc32(bytes.subarray(4, BATCH_HEADER_BYTES)), true)
}

/** Shared by all marks: each is written, which copies it, before the next is made. Behind the header there are always zeros. */
const markSector = new Uint8Array(SECTOR_BYTES)

/** A mark: one sector that says what is known to be durable when it is written. The bytes are valid until the next call. */
export function encodeMark(
  crc32: Crc32,
  kind: BatchKind,
  place: { readonly segment: number; readonly number: number; readonly offset: number; readonly nextSequence: number },
): Uint8Array {
  const { segment, number, offset, nextSequence } = place
  const header = { segment, number, offset, kind, bodyBytes: 0, records: 0, firstSequence: nextSequence, bodyCrc: 0 }
  writeBatchHeader(markSector, crc32, header)
  return markSector
}

/** The batch header at `at`, or null when there is none. Says nothing about segment, number and place. */
export function decodeBatchHeader(bytes: Uint8Array, at: number, crc32: Crc32): BatchHeader | null {
  if (at + BATCH_HEADER_BYTES > bytes.length) return null
  const view = viewOf(bytes)
  if (view.getUint32(at + 4, true) !== BATCH_MAGIC) return null
  if (view.getUint32(at, true) !== crc32(bytes.subarray(at + 4, at + BATCH_HEADER_BYTES))) return null
  return {
    segment: getU64(view, at + 8),
    number: getU64(view, at + 16),
    offset: view.getUint32(at + 24, true),
    kind: view.getUint32(at + 28, true),
    bodyBytes: view.getUint32(at + 32, true),
    records: view.getUint32(at + 36, true),
    firstSequence: getU64(view, at + 40),
    bodyCrc: view.getUint32(at + 48, true),
  }
}

/** Length of the record whose first 16 bytes are at `at`, from a header that is not verified yet; null when they are not all there. */
export function peekRecordBytes(bytes: Uint8Array, at: number): number | null {
  if (at + RECORD_HEADER_BYTES > bytes.length) return null
  return RECORD_HEADER_BYTES + viewOf(bytes).getUint32(at + 4, true)
}

/**
 * The record at `at`. Throws CORRUPT (fatal) with `where(at)` in the text: wrong checksum, unknown type (a newer format), content
 * that no version writes. Without `crc32` the checksum is taken as checked.
 */
export function decodeRecord(bytes: Uint8Array, at: number, crc32: Crc32 | null, where: (at: number) => string): DecodedRecord {
  const size = peekRecordBytes(bytes, at)
  if (size === null || at + size > bytes.length) return corrupt('record is longer than the space it is in', where(at))
  const view = viewOf(bytes)
  if (crc32 !== null && view.getUint32(at, true) !== crc32(bytes.subarray(at + 4, at + size)))
    return corrupt('record has a wrong checksum', where(at))
  const type = view.getUint8(at + 8)
  const flags = view.getUint8(at + 9)
  if (flags > LAST_IN_BATCH) return corrupt(`record has unknown flags ${flags}`, where(at))
  return {
    sequence: view.getUint32(at + 12, true) * 0x1_0000 + view.getUint16(at + 10, true),
    lastInBatch: flags === LAST_IN_BATCH,
    size,
    record: decodeBody(view, bytes, type, at + RECORD_HEADER_BYTES, size - RECORD_HEADER_BYTES, where(at)),
  }
}

function decodeBody(view: DataView, bytes: Uint8Array, type: number, at: number, length: number, where: string): LogRecord {
  if (type === RecordType.entry) return { type: 'entry', entry: decodeEntry(view, bytes, at, length, where) }
  if (type === RecordType.hardState) {
    if (length !== HARD_STATE_BYTES) return corrupt(`hard state of ${length} bytes`, where)
    return { type: 'hardState', hardState: decodeHardState(view, at, where) }
  }
  if (type === RecordType.head) return { type: 'head', head: decodeHead(view, bytes, at, length, where) }
  throw new BalsaError('CORRUPT', `unknown record type ${type} in ${where}`, {
    hint: 'The log was probably written by a newer version of Balsa: start that version.',
  })
}

function decodeEntry(view: DataView, bytes: Uint8Array, at: number, length: number, where: string): Entry {
  if (length < ENTRY_HEADER_BYTES) return corrupt(`entry of ${length} bytes`, where)
  const index = getU64(view, at)
  const term = getU64(view, at + 8)
  const type = view.getUint8(at + 24)
  if (!(index > 0) || !(term >= 0)) return corrupt('entry with an impossible index or term', where)
  if (type !== EntryType.noop && type !== EntryType.command && type !== EntryType.configuration && type !== EntryType.stripped) {
    return corrupt(`unknown entry type ${type}`, where)
  }
  return {
    index: asIndex(index),
    term: asTerm(term),
    type,
    timeMs: view.getFloat64(at + 16, true),
    payload: bytes.subarray(at + ENTRY_HEADER_BYTES, at + length),
  }
}

function decodeHardState(view: DataView, at: number, where: string): HardState {
  const term = getU64(view, at)
  const votedFor = getU64(view, at + 8)
  if (!(term >= 0) || !(votedFor >= 0)) return corrupt('hard state with an impossible term or vote', where)
  return { term: asTerm(term), votedFor: votedFor === 0 ? null : asMemberId(votedFor) }
}

function decodeHead(view: DataView, bytes: Uint8Array, at: number, length: number, where: string): LogHead {
  if (length < HEAD_FIXED_BYTES) return corrupt(`head of ${length} bytes`, where)
  const origin = view.getUint8(at)
  const lastIndex = getU64(view, at + 1)
  const lastTerm = getU64(view, at + 9)
  if (origin !== HeadOrigin.initial && origin !== HeadOrigin.continued && origin !== HeadOrigin.installed) {
    return corrupt(`unknown origin ${origin} of a head`, where)
  }
  if (!(lastIndex >= 0) || !(lastTerm >= 0)) return corrupt('head with an impossible index or term', where)
  return {
    origin,
    lastIndex: asIndex(lastIndex),
    lastTerm: asTerm(lastTerm),
    timeMs: view.getFloat64(at + 17, true),
    hardState: decodeHardState(view, at + 25, where),
    configuration: configurationAt(bytes.subarray(at + HEAD_FIXED_BYTES, at + length), where),
  }
}

/** A configuration out of the log: what cannot be decoded behind a right checksum is CORRUPT (fatal), not merely malformed. */
export function configurationAt(bytes: Uint8Array, where: string): Configuration {
  try {
    return decodeConfiguration(bytes)
  } catch (cause) {
    throw new BalsaError('CORRUPT', `configuration cannot be read in ${where}`, { cause })
  }
}

function corrupt(what: string, where: string): never {
  throw new BalsaError('CORRUPT', `${what} in ${where}`, {
    hint: 'Do not delete anything. Restore this member from a backup, or remove it from the cluster and let it join again as new.',
  })
}
