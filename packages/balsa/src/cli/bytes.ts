import type { Io } from './io.js'
import { printable, UsageError } from './text.js'

/** How bytes are written on the command line and in the output. */
export type Encoding = 'text' | 'hex' | 'base64'

export interface EncodingFlags {
  readonly hex?: boolean
  readonly base64?: boolean
}

export function encodingOf(flags: EncodingFlags): Encoding {
  if (flags.hex === true && flags.base64 === true) throw new UsageError('--hex and --base64 exclude each other')
  if (flags.hex === true) return 'hex'
  return flags.base64 === true ? 'base64' : 'text'
}

/** Throws UsageError for text that is not exactly what the encoding allows: half of a value must never be stored. */
export function decodeBytes(text: string, encoding: Encoding, what: string): Uint8Array {
  if (encoding === 'text') return Buffer.from(text, 'utf8')
  const bytes = Buffer.from(text, encoding)
  const exact = encoding === 'hex' ? bytes.toString('hex') === text.toLowerCase() : bytes.toString('base64') === text
  if (!exact) throw new UsageError(`${what} is not ${encoding === 'hex' ? 'hexadecimal' : 'base64'}`)
  return bytes
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function asText(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes)
  } catch {
    return null
  }
}

/** For a terminal or a table: never a byte that the terminal would obey. */
export function displayBytes(bytes: Uint8Array, encoding: Encoding): string {
  if (encoding !== 'text') return Buffer.from(bytes).toString(encoding)
  return printable(asText(bytes) ?? Buffer.from(bytes).toString('latin1'))
}

/** For JSON: the text when it is some and nothing else was asked for, otherwise base64 or hex, and which of them it is. */
export function jsonBytes(bytes: Uint8Array, encoding: Encoding): { readonly text: string; readonly encoding: 'utf8' | 'hex' | 'base64' } {
  const text = encoding === 'text' ? asText(bytes) : null
  if (text !== null) return { text, encoding: 'utf8' }
  const used = encoding === 'text' ? 'base64' : encoding
  return { text: Buffer.from(bytes).toString(used), encoding: used }
}

/** More than any value may have: no need to read on. */
const MAX_STDIN_BYTES = 2 * 1024 * 1024

/** The value from the argument, or with `-` the bytes of standard input as they are. */
export async function readValue(argument: string, encoding: Encoding, io: Io): Promise<Uint8Array> {
  if (argument !== '-') return decodeBytes(argument, encoding, 'VALUE')
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of io.stdin) {
    const bytes: Uint8Array = typeof piece === 'string' ? Buffer.from(piece) : (piece as Uint8Array)
    length += bytes.length
    if (length > MAX_STDIN_BYTES) throw new UsageError(`standard input holds more than ${MAX_STDIN_BYTES} bytes, no value may be so long`)
    pieces.push(bytes)
  }
  return Buffer.concat(pieces)
}
