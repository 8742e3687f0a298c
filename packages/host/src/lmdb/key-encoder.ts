/**
 * Keys are byte strings: one byte per character, in the order of memcmp.
 *
 * The writer thread runs these functions from their text: they know nothing but their arguments.
 */

/** Answers where the next byte goes. A few bytes are written faster one by one. */
export function writeKey(key: string, target: Buffer, start: number): number {
  if (key.length > 32) return start + target.write(key, start, 'latin1')
  for (let at = 0; at < key.length; at++) target[start + at] = key.charCodeAt(at)
  return start + key.length
}

export function readKey(source: Buffer, start: number, end: number): string {
  return source.toString('latin1', start, end)
}
