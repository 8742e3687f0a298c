/**
 * Changes as bytes that another thread takes over without a copy:
 *
 *     change   u8 table | u8 kind: 0 value, 1 removed | u16le length of the key | u32le length of the value | key | value
 */
import { type Table, TABLES } from '@balsa/kv'
import { writeKey } from './key-encoder.js'
import { WHOLE_KEY_BYTES } from './long-keys.js'
import { NO_MARKER, REMOVED } from './slab.js'
import type { Changes } from './staged-changes.js'

const HEAD_BYTES = 8

const TABLE_NUMBERS: ReadonlyMap<Table, number> = new Map(TABLES.map((table, number) => [table, number]))

/** Null when there are changes of long keys among them: those count on their order. */
export function packChanges({ slab, tables, keys, places }: Changes): Uint8Array<ArrayBuffer> | null {
  let size = 0
  for (const [at, key] of keys.entries()) {
    const place = places[at] as number
    if (key.length > WHOLE_KEY_BYTES || place === NO_MARKER) return null
    size += HEAD_BYTES + key.length + slab.lengthAt(place)
  }
  const bytes = Buffer.from(new ArrayBuffer(size))
  let to = 0
  for (const [at, key] of keys.entries()) {
    const value = slab.read(places[at] as number)
    bytes[to] = TABLE_NUMBERS.get(tables[at] as Table) as number
    bytes[to + 1] = places[at] === REMOVED ? 1 : 0
    const keyBytes = key.length
    bytes[to + 2] = keyBytes & 0xff
    bytes[to + 3] = keyBytes >>> 8
    const valueBytes = value?.length ?? 0
    bytes[to + 4] = valueBytes & 0xff
    bytes[to + 5] = (valueBytes >>> 8) & 0xff
    bytes[to + 6] = (valueBytes >>> 16) & 0xff
    bytes[to + 7] = valueBytes >>> 24
    to = writeKey(key, bytes, to + HEAD_BYTES)
    if (value !== undefined) bytes.set(value, to)
    to += valueBytes
  }
  return bytes
}

/** A change as the writer thread sees it. */
export interface PackedChange {
  readonly key: string
  /** For the order. */
  rank: number
  /** Null = removed. */
  readonly piece: (Uint8Array & { start?: number; end?: number }) | null
  readonly start: number
  readonly end: number
}

/** By table, as they were made. The writer thread runs this from its text: it knows nothing but its arguments. */
export function unpackChanges(pieces: readonly Uint8Array[], tables: number): PackedChange[][] {
  const headBytes = 8
  const changes: PackedChange[][] = Array.from({ length: tables }, () => [])
  for (const piece of pieces) {
    const bytes = Buffer.from(piece.buffer as ArrayBuffer, piece.byteOffset, piece.length)
    for (let at = 0; at < bytes.length; ) {
      const keyEnd = at + headBytes + bytes.readUInt16LE(at + 2)
      const end = keyEnd + bytes.readUInt32LE(at + 4)
      const isRemoved = bytes[at + 1] === 1
      const key = bytes.toString('latin1', at + headBytes, keyEnd)
      changes[bytes[at] as number]?.push({ key, rank: 0, piece: isRemoved ? null : piece, start: keyEnd, end })
      at = end
    }
  }
  return changes
}
