/** What users say about keys, as the model has it. Everything throws INVALID (refused) for what makes no sense. */
import { BalsaError } from '@balsa/raft'
import { keyFromString, keyToString } from '../backend/byte-string.js'
import type { BytesLike, Cut, ReadOptions, RangeSelection, Selection, WatchOptions } from '../key-value-store.js'
import { type KeyRange, PLAIN_RANGE, type RangeRequest, SORT_TARGETS } from '../mvcc/range.js'
import { behindPrefix } from '../mvcc/table-keys.js'
import { keyRefusal } from '../mvcc/txn.js'
import type { WatchRequest } from '../watch/types.js'
import type { ReadMode } from '../protocol/read-mode.js'

const textEncoder = new TextEncoder()
const EMPTY = new Uint8Array(0)
/** Up to here a loop is faster than the platform's encoder, which is reached through a call out of the engine. */
const SHORT_TEXT = 64
/** As the start of a range: from the first key on. As its end: to the last one. */
const ZERO = Uint8Array.of(0)

export const invalid = (text: string): BalsaError => new BalsaError('INVALID', text)

/** Always a copy: the caller may reuse its bytes while the call waits or is retried. */
export function toBytes(value: BytesLike, name: string): Uint8Array {
  if (value instanceof Uint8Array) return value.slice()
  if (typeof value !== 'string') throw invalid(`the ${name} must be a string or a Uint8Array`)
  const short = value.length <= SHORT_TEXT ? asciiOf(value) : null
  if (short !== null) return short
  if (/\p{Surrogate}/u.test(value)) throw invalid(`the ${name} has a lone surrogate, which has no UTF-8`)
  return textEncoder.encode(value)
}

/** The bytes of a text of ASCII, null of any other. */
function asciiOf(text: string): Uint8Array | null {
  const bytes = new Uint8Array(text.length)
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code > 0x7f) return null
    bytes[at] = code
  }
  return bytes
}

export function toKey(value: BytesLike): Uint8Array {
  const key = toBytes(value, 'key')
  const refusal = keyRefusal(key)
  if (refusal !== null) throw new BalsaError(refusal.code, refusal.message)
  return key
}

/** A safe integer from `least` on. */
export function toNumber(value: number, name: string, least = 0): number {
  if (Number.isSafeInteger(value) && value >= least) return value
  throw invalid(`${name} must be a whole number from ${least} on, not ${value}`)
}

/** An id of 64 bits, of either sign. */
export function toLease(value: bigint): bigint {
  if (typeof value === 'bigint' && BigInt.asIntN(64, value) === value) return value
  throw invalid(`a lease is a bigint of 64 bits, not ${String(value)}`)
}

export const isSingle = (selection: Selection): selection is BytesLike => typeof selection === 'string' || selection instanceof Uint8Array

export function toKeyRange(selection: Selection): KeyRange {
  if (isSingle(selection)) return { key: toKey(selection), rangeEnd: EMPTY }
  if (typeof selection !== 'object' || selection === null) throw invalid('a selection is a key, { prefix } or { from, to }')
  const range = 'prefix' in selection ? prefixRange(toBytes(selection.prefix, 'prefix')) : boundedRange(selection)
  const refusal = keyRefusal(range.key) ?? (range.rangeEnd.length === 0 ? null : keyRefusal(range.rangeEnd))
  if (refusal !== null) throw new BalsaError(refusal.code, refusal.message)
  return range
}

function prefixRange(prefix: Uint8Array): KeyRange {
  const behind = behindPrefix(keyToString(prefix))
  return { key: prefix.length === 0 ? ZERO : prefix, rangeEnd: behind === null ? ZERO : keyFromString(behind) }
}

function boundedRange({ from, to }: { readonly from: BytesLike; readonly to: BytesLike | null }): KeyRange {
  const start = toBytes(from, 'from')
  const key = start.length === 0 ? ZERO : start
  if (to === null) return { key, rangeEnd: ZERO }
  const rangeEnd = toBytes(to, 'to')
  if (keyToString(rangeEnd) <= keyToString(key)) throw invalid('the range is empty: `to` must be greater than `from`')
  return { key, rangeEnd }
}

/** The rest of the range, behind (or, in descending order, before) a key that was seen. Null = nothing is left. */
export function restOf(range: KeyRange, lastKey: Uint8Array, descending: boolean): KeyRange | null {
  if (range.rangeEnd.length === 0) return null
  if (descending) return keyToString(lastKey) > keyToString(range.key) ? { key: range.key, rangeEnd: lastKey } : null
  const key = new Uint8Array(lastKey.length + 1)
  key.set(lastKey)
  return { key, rangeEnd: range.rangeEnd }
}

export function toRangeRequest(selection: Selection, options: RangeSelection, counted: boolean): RangeRequest {
  const { limit, sortBy = 'key', countOnly = false } = options
  if (!SORT_TARGETS.includes(sortBy)) throw invalid(`sortBy is one of ${SORT_TARGETS.join(', ')}`)
  return {
    ...PLAIN_RANGE,
    ...toKeyRange(selection),
    ...cutOf(options),
    limit: limit === undefined ? 0 : toNumber(limit, 'limit', 1),
    sortTarget: sortBy,
    countOnly,
    counted,
  }
}

export function cutOf(cut: Cut): Partial<RangeRequest> {
  const { order = 'ascending', keysOnly = false } = cut
  if (order !== 'ascending' && order !== 'descending') throw invalid('order is ascending or descending')
  return {
    revision: toNumber(cut.revision ?? 0, 'revision'),
    descending: order === 'descending',
    keysOnly,
    minModRevision: toNumber(cut.minModRevision ?? 0, 'minModRevision'),
    maxModRevision: toNumber(cut.maxModRevision ?? 0, 'maxModRevision'),
    minCreateRevision: toNumber(cut.minCreateRevision ?? 0, 'minCreateRevision'),
    maxCreateRevision: toNumber(cut.maxCreateRevision ?? 0, 'maxCreateRevision'),
  }
}

export function toWatchRequest(selection: Selection, { fromRevision = 0, previous = false, only }: WatchOptions): WatchRequest {
  if (only !== undefined && only !== 'puts' && only !== 'deletes') throw invalid('only is puts or deletes')
  const startRevision = toNumber(fromRevision, 'fromRevision')
  return { ...toKeyRange(selection), startRevision, previous, noPut: only === 'deletes', noDelete: only === 'puts' }
}

export function toReadMode({ consistency = 'linearizable', maxStaleMs }: ReadOptions): ReadMode {
  if (maxStaleMs === undefined) return { consistency }
  if (consistency !== 'stale') throw invalid(`maxStaleMs goes with stale reads, not with ${consistency} ones`)
  return { consistency, maxStaleMs: toNumber(maxStaleMs, 'maxStaleMs') }
}
