/**
 * Changes as bytes. A unit of very many changes cannot be handed to LMDB in one turn of the event loop, and more than one transaction is not atomic. So it is first put aside in pieces, then declared
 * valid by one record, and then carried out piece by piece: whoever opens the file carries out what is left, or throws away what was never declared valid.
 *
 *     change   u8 table | u8 kind: 0 value, 1 removed, 2 marker of long keys removed | varint length, key | [varint length, value]
 *     key      u64be number of the piece | u32be number of a part of its bytes
 *
 * Parts are small: LMDB gives values that take pages of their own back in a way that its list of free pages does not always bear, when there are many of them.
 */
import { type ByteString, keyFromString, keyToString, type Table, TABLES } from '@balsa/kv'
import { ByteReader, ByteWriter } from '@balsa/raft'
import { NO_MARKER, REMOVED, Slab } from './slab.js'

/** Changes in the order in which they were made. */
export interface Changes {
  readonly slab: Slab
  readonly tables: readonly Table[]
  readonly keys: readonly ByteString[]
  /** Of the values in the slab, or REMOVED, or NO_MARKER. */
  readonly places: readonly number[]
}

const Kind = { value: 0, removed: 1, noMarker: 2 } as const
const PIECE_CHANGES = 1024
const PIECE_BYTES = 256 * 1024
const PART_BYTES = 1500
const PIECE_NUMBER_BYTES = 8
const KEY_BYTES = 12

/** Where a piece goes on to: behind so many changes or bytes. */
export function endOfPiece({ keys, places, slab }: Changes, from: number): number {
  let bytes = 0
  let to = from
  for (; to < keys.length && to - from < PIECE_CHANGES && bytes < PIECE_BYTES; to++) {
    const place = places[to] as number
    bytes += (keys[to] as ByteString).length + (isValue(place) ? slab.lengthAt(place) : 0)
  }
  return to
}

const isValue = (place: number): boolean => place !== REMOVED && place !== NO_MARKER

export function encodeChanges({ slab, tables, keys, places }: Changes, from: number, to: number): Uint8Array {
  const writer = new ByteWriter(PIECE_BYTES / 4)
  for (let at = from; at < to; at++) {
    const place = places[at] as number
    writer.u8(TABLES.indexOf(tables[at] as Table))
    writer.u8(isValue(place) ? Kind.value : place === REMOVED ? Kind.removed : Kind.noMarker)
    writer.bytes(keyFromString(keys[at] as ByteString))
    if (isValue(place)) writer.bytes(slab.read(place) as Uint8Array)
  }
  return writer.take().slice()
}

/** MALFORMED (refused) when the bytes are none. */
export function decodeChanges(bytes: Uint8Array): Changes {
  const reader = new ByteReader(bytes, 'changes')
  const slab = new Slab()
  const tables: Table[] = []
  const keys: ByteString[] = []
  const places: number[] = []
  while (reader.remaining > 0) {
    const table = TABLES[reader.u8('table')]
    const kind = reader.u8('kind')
    if (table === undefined || kind > Kind.noMarker) return reader.fail('change', 'is none')
    tables.push(table)
    keys.push(keyToString(reader.bytes('key')))
    places.push(kind === Kind.value ? slab.add(reader.bytes('value').slice()) : kind === Kind.removed ? REMOVED : NO_MARKER)
  }
  return { slab, tables, keys, places }
}

export interface Part {
  readonly key: string
  readonly value: Uint8Array
}

/** The bytes of a piece, in order. */
export function partsOf(piece: number, bytes: Uint8Array): readonly Part[] {
  const parts: Part[] = []
  for (let at = 0; at < bytes.length; at += PART_BYTES)
    parts.push({ key: keyOfPart(piece, parts.length), value: bytes.subarray(at, at + PART_BYTES) })
  return parts
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

function keyOfPart(piece: number, part: number): string {
  const bytes = Buffer.alloc(KEY_BYTES)
  bytes.writeBigUInt64BE(BigInt(piece))
  bytes.writeUInt32BE(part, PIECE_NUMBER_BYTES)
  return bytes.toString('latin1')
}

/** The number of the piece, as it stands in the key. */
export const pieceOf = (key: string): string => key.slice(0, PIECE_NUMBER_BYTES)
