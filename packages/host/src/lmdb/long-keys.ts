/**
 * Keys that are longer than LMDB takes, in their place of the order.
 *
 * A key that fits stands for itself. One that does not is cut into pieces: where its first piece P would stand, the table has a marker, P and a zero byte, which
 * sorts behind P and before everything else that does not begin with P. All longer keys that begin with P are behind that marker: in the table of long
 * keys, under a tag that is drawn from P, with what follows P as their key there; and if that does not fit either, once more in the same way. Whoever walks over the table
 * walks through a marker when coming to it.
 *
 * Tags are hashes (128 bits of SHA-256), so nothing has to be read before something is written.
 */
import { createHash } from 'node:crypto'
import type { ByteString, Table } from '@balsa/kv'

/** LMDB's limit with pages of 4 KiB. */
const ENGINE_KEY_BYTES = 1978
/** A tag stands before every key of the table of long keys. */
export const TAG_BYTES = 16
/** A marker is longer by one byte, and must fit too. */
export const WHOLE_KEY_BYTES: number = ENGINE_KEY_BYTES - 1
export const MARKER_END = '\0'

/** Where the pieces of one depth are. */
export interface KeySpace {
  readonly table: Table
  /** '' = the table itself; else all of it is in the table of long keys, under this. */
  readonly tag: ByteString
  /** The longest piece that stands here for itself. */
  readonly room: number
}

export interface KeyPlace {
  readonly space: KeySpace
  /** As the engine knows it. */
  readonly key: ByteString
}

export interface LongKeyPlaces {
  readonly markers: readonly KeyPlace[]
  readonly end: KeyPlace
}

export const rootSpace = (table: Table): KeySpace => ({ table, tag: '', room: WHOLE_KEY_BYTES })

/** Behind the marker of `prefix`, which is the whole key up to there. */
export function spaceBehind(table: Table, prefix: ByteString): KeySpace {
  const hash = createHash('sha256').update(table).update('\0').update(prefix, 'latin1').digest()
  return { table, tag: hash.toString('latin1', 0, TAG_BYTES), room: WHOLE_KEY_BYTES - TAG_BYTES }
}

/** Where a key is that is longer than {@link WHOLE_KEY_BYTES}. */
export function placesOf(table: Table, key: ByteString): LongKeyPlaces {
  const markers: KeyPlace[] = []
  let space = rootSpace(table)
  let at = 0
  while (key.length - at > space.room) {
    markers.push({ space, key: space.tag + key.slice(at, at + space.room) + MARKER_END })
    at += space.room
    space = spaceBehind(table, key.slice(0, at))
  }
  return { markers, end: { space, key: space.tag + key.slice(at) } }
}

/** The marker behind which longer keys that begin with this are; see {@link prefixesOf}. */
export const markerOf = (table: Table, prefix: ByteString): KeyPlace => placesOf(table, `${prefix}\0`).markers.at(-1) as KeyPlace

/** What stands before each marker of a long key, as whole keys, shortest first. */
export function prefixesOf(key: ByteString): ByteString[] {
  const prefixes: ByteString[] = []
  for (let at = WHOLE_KEY_BYTES; key.length > at; at += WHOLE_KEY_BYTES - TAG_BYTES) prefixes.push(key.slice(0, at))
  return prefixes
}
