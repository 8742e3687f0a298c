/** Base64 (RFC 4648) without a host's help. */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const PADDING = 61
const CODES = new Uint8Array(64)
/** Also the alphabet for URLs. */
const DIGITS = new Uint8Array(128)
for (let digit = 0; digit < 64; digit++) {
  CODES[digit] = ALPHABET.charCodeAt(digit)
  DIGITS[ALPHABET.charCodeAt(digit)] = digit
}
DIGITS['-'.charCodeAt(0)] = 62
DIGITS['_'.charCodeAt(0)] = 63

const ascii = new TextDecoder()

const code = (digit: number): number => CODES[digit & 63] ?? PADDING
const digitAt = (text: string, at: number): number => DIGITS[text.charCodeAt(at)] ?? 0

export function toBase64(bytes: Uint8Array): string {
  const text = new Uint8Array(Math.ceil(bytes.length / 3) * 4)
  for (let at = 0, to = 0; at < bytes.length; at += 3, to += 4) {
    const first = bytes[at] ?? 0
    const second = bytes[at + 1]
    const third = bytes[at + 2]
    text[to] = code(first >> 2)
    text[to + 1] = code((first << 4) | ((second ?? 0) >> 4))
    text[to + 2] = second === undefined ? PADDING : code((second << 2) | ((third ?? 0) >> 6))
    text[to + 3] = third === undefined ? PADDING : code(third)
  }
  return ascii.decode(text)
}

/** Of a text that is base64, with or without padding, in either alphabet. */
export function fromBase64(text: string): Uint8Array {
  let end = text.length
  while (end > 0 && text.charCodeAt(end - 1) === PADDING) end--
  const bytes = new Uint8Array(Math.floor((end * 3) / 4))
  for (let at = 0, to = 0; to < bytes.length; at += 4, to += 3) {
    const second = digitAt(text, at + 1)
    const third = at + 2 < end ? digitAt(text, at + 2) : 0
    const fourth = at + 3 < end ? digitAt(text, at + 3) : 0
    bytes[to] = (digitAt(text, at) << 2) | (second >> 4)
    if (to + 1 < bytes.length) bytes[to + 1] = (second << 4) | (third >> 2)
    if (to + 2 < bytes.length) bytes[to + 2] = (third << 6) | fourth
  }
  return bytes
}
