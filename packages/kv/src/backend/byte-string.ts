/**
 * Keys are bytes. In memory each is a string with one character (0 to 255) per byte: such strings take one byte per character, are compared
 * natively, and their order is the order of the bytes (memcmp), never that of a locale. Nothing is decoded: no two keys become one. (In Node,
 * `latin1` converts between these and buffers.)
 */
export type ByteString = string

/** In one call, because a text that is put together by and by is stored in parts and costs twice as much to compare. */
const textOf = (key: Uint8Array): ByteString => String.fromCharCode.apply(null, key as unknown as number[])

/** Texts that were made lately: many keys come again and again, and to compare costs less than to make another text and to hash that. */
const LATELY = 256
const LONGEST_KEPT = 64
/** Keys differ in their ends more often than in their beginnings. */
const HASHED_BYTES = 6
const lately: ByteString[] = new Array<ByteString>(LATELY).fill('')

export function keyToString(key: Uint8Array): ByteString {
  const { length } = key
  if (length === 0 || length > LONGEST_KEPT) return textOf(key)
  let hash = length
  for (let at = Math.max(0, length - HASHED_BYTES); at < length; at++) hash = (Math.imul(hash, 31) + (key[at] as number)) | 0
  const place = hash & (LATELY - 1)
  const known = lately[place] as ByteString
  if (known.length === length && isText(key, known)) return known
  const text = textOf(key)
  lately[place] = text
  return text
}

function isText(key: Uint8Array, text: ByteString): boolean {
  for (let at = key.length - 1; at >= 0; at--) if (key[at] !== text.charCodeAt(at)) return false
  return true
}

export function keyFromString(text: ByteString): Uint8Array {
  const key = new Uint8Array(text.length)
  for (let at = 0; at < key.length; at++) key[at] = text.charCodeAt(at)
  return key
}

export function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false
  return true
}
