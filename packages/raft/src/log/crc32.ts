/**
 * CRC-32 (IEEE 802.3, reflected polynomial 0xEDB88320) in plain JavaScript, for hosts without a native one. Eight bytes a step
 * ("slicing by 8", Kounavis and Berry 2005). Gives the same numbers as zlib's crc32.
 */
import type { Crc32 } from '../ports/checksum.js'

const POLYNOMIAL = 0xedb88320
const SLICES = 8
const TABLE = buildTable()

function buildTable(): Uint32Array {
  const table = new Uint32Array(256 * SLICES)
  for (let byte = 0; byte < 256; byte++) {
    let value = byte
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1
    table[byte] = value
  }
  for (let slice = 1; slice < SLICES; slice++) {
    for (let byte = 0; byte < 256; byte++) {
      const before = at(table, (slice - 1) * 256 + byte)
      table[slice * 256 + byte] = (before >>> 8) ^ at(table, before & 0xff)
    }
  }
  return table
}

function at(table: Uint32Array, index: number): number {
  return table[index] ?? 0
}

/** CRC-32 of `data`, continuing from `previous`: `crc32(b, crc32(a))` is that of a followed by b. Unsigned. */
export const crc32: Crc32 = (data, previous = 0) => {
  let crc = ~previous
  let position = 0
  const wholeSteps = data.length - (data.length % SLICES)
  while (position < wholeSteps) {
    const low = crc ^ word(data, position)
    const high = word(data, position + 4)
    crc =
      at(TABLE, 7 * 256 + (low & 0xff)) ^
      at(TABLE, 6 * 256 + ((low >>> 8) & 0xff)) ^
      at(TABLE, 5 * 256 + ((low >>> 16) & 0xff)) ^
      at(TABLE, 4 * 256 + (low >>> 24)) ^
      at(TABLE, 3 * 256 + (high & 0xff)) ^
      at(TABLE, 2 * 256 + ((high >>> 8) & 0xff)) ^
      at(TABLE, 256 + ((high >>> 16) & 0xff)) ^
      at(TABLE, high >>> 24)
    position += SLICES
  }
  for (; position < data.length; position++) crc = (crc >>> 8) ^ at(TABLE, (crc ^ byteAt(data, position)) & 0xff)
  return ~crc >>> 0
}

function byteAt(data: Uint8Array, position: number): number {
  return data[position] ?? 0
}

function word(data: Uint8Array, position: number): number {
  return (
    byteAt(data, position) | (byteAt(data, position + 1) << 8) | (byteAt(data, position + 2) << 16) | (byteAt(data, position + 3) << 24)
  )
}
