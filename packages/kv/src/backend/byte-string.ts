/**
 * Keys are bytes. In memory each is a string with one character (0 to 255) per byte: such strings take one byte per character, are compared
 * natively, and their order is the order of the bytes (memcmp), never that of a locale. Nothing is decoded: no two keys become one. (In Node,
 * `latin1` converts between these and buffers.)
 */
export type ByteString = string

/** In one call, because a text that is put together by and by is stored in parts and costs twice as much to compare. */
export function keyToString(key: Uint8Array): ByteString {
  return String.fromCharCode.apply(null, key as unknown as number[])
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
