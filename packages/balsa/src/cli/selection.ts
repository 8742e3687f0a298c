import type { Selection } from '@balsa/kv'
import { decodeBytes, type Encoding } from './bytes.js'
import { UsageError } from './text.js'

export interface SelectionFlags {
  readonly prefix?: boolean
  readonly from?: boolean
  readonly to?: string
}

/** A key alone. Throws UsageError for the empty one, which no store has. */
export function keyOf(text: string, encoding: Encoding): Uint8Array {
  const key = decodeBytes(text, encoding, 'KEY')
  if (key.length === 0) throw new UsageError('KEY is empty, and no key is; with --prefix it is every key')
  return key
}

/** What KEY, --prefix, --from and --to name. Without any of the three: the key alone. */
export function selectionOf(keyText: string, flags: SelectionFlags, encoding: Encoding): Selection {
  if (!isRange(flags)) return keyOf(keyText, encoding)
  const key = decodeBytes(keyText, encoding, 'KEY')
  if (flags.prefix === true && (flags.from === true || flags.to !== undefined))
    throw new UsageError('--prefix and --from or --to exclude each other')
  if (flags.prefix === true) return { prefix: key }
  if (flags.to === undefined) return { from: key, to: null }
  const to = decodeBytes(flags.to, encoding, '--to')
  if (Buffer.compare(to, key) <= 0) throw new UsageError('the range is empty: --to must be behind KEY')
  return { from: key, to }
}

export const isRange = ({ prefix, from, to }: SelectionFlags): boolean => prefix === true || from === true || to !== undefined

/** A whole number of at least `least`, or undefined when the flag was not given. */
export function wholeNumber(text: string | undefined, flag: string, least = 1): number | undefined {
  if (text === undefined) return undefined
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(number) || number < least)
    throw new UsageError(`${flag} must be a whole number from ${least} on, not ${JSON.stringify(text)}`)
  return number
}
