/**
 * Changes as bytes that another thread takes over without a copy:
 *
 *     change   u8 table | u8 kind: 0 value, 1 removed | u16le length of the key | u32le length of the value | key | value
 */
import { type Table, TABLES } from '@balsa/kv'
import { WHOLE_KEY_BYTES } from './long-keys.js'
import { NO_MARKER, REMOVED } from './slab.js'
import type { Changes } from './staged-changes.js'

const HEAD_BYTES = 8
const SHORT_KEY_BYTES = 32

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
    to += HEAD_BYTES
    if (keyBytes > SHORT_KEY_BYTES) bytes.write(key, to, 'latin1')
    else for (let character = 0; character < keyBytes; character++) bytes[to + character] = key.charCodeAt(character)
    to += keyBytes
    if (value !== undefined) bytes.set(value, to)
    to += valueBytes
  }
  return bytes
}
