import {
  type ClientQuery,
  type ClientQueryAnswer,
  keyFromString,
  type KeyEntry,
  type KeyRange,
  keyToString,
  PLAIN_RANGE,
  type RangeAnswer,
  type RangeRequest,
  type ReadMode,
  type StoreAnswer,
} from '@balsa/kv'
import { KVService, LeaseService, type RangeResponse } from '@balsa/proto/etcdserverpb'
import { BalsaError } from '@balsa/raft'
import { entryOf, rangeResult, recordOf, revisionOf, txnOutcome } from './decode.js'
import { encodeRange, encodeTxn } from './encode.js'
import type { Ask } from './task.js'

const { Range, Txn } = KVService.methods
const { LeaseTimeToLive, LeaseLeases } = LeaseService.methods

const EMPTY = new Uint8Array(0)
/** What an entry takes beside its key and value. */
const ENTRY_BYTES = 48
/** etcd cuts its answers by numbers of keys alone. So this many are asked for first, and then as many as probably fit. */
const FIRST_ENTRIES = 32
const MOST_ENTRIES = 10_000
/** Of the age of what a member has, etcd says nothing. */
const UNKNOWN_AGE = null

export const isStale = ({ consistency }: ReadMode): boolean => consistency === 'stale'

/** What etcd has nothing of. */
export function refuseMode({ consistency, maxStaleMs }: ReadMode): void {
  if (consistency === 'lease') throw new BalsaError('LEASES_OFF', 'etcd has no lease reads', { hint: 'Read linearizably.' })
  if (maxStaleMs !== undefined) throw new BalsaError('UNSUPPORTED', 'etcd does not say how old a stale answer is')
}

export async function readKey(ask: Ask, key: Uint8Array, mode: ReadMode): Promise<StoreAnswer> {
  refuseMode(mode)
  const response = await ask(Range, encodeRange({ ...PLAIN_RANGE, key, rangeEnd: EMPTY }, isStale(mode)))
  const [pair] = response.kvs
  const record = pair === undefined ? null : { ...recordOf(pair), value: pair.value.slice() }
  return { type: 'value', revision: revisionOf(response), ageMs: isStale(mode) ? UNKNOWN_AGE : 0, record }
}

export async function readQuery(ask: Ask, query: ClientQuery, mode: ReadMode): Promise<StoreAnswer> {
  refuseMode(mode)
  return { type: 'answer', ageMs: isStale(mode) ? UNKNOWN_AGE : 0, answer: await answerOf(ask, query, isStale(mode)) }
}

async function answerOf(ask: Ask, query: ClientQuery, stale: boolean): Promise<ClientQueryAnswer> {
  switch (query.type) {
    case 'range':
      return readRange(ask, query.request, query.maxBytes, stale)
    case 'lease': {
      const response = await ask(LeaseTimeToLive, { ID: query.lease, keys: query.withKeys })
      const { TTL, grantedTTL, keys } = response
      const lease = TTL < 0 ? null : { ttlMs: grantedTTL * 1000, remainingMs: TTL * 1000, keys: keys.map(keyToString).sort(), more: false }
      return { type: 'lease', revision: revisionOf(response), lease }
    }
    case 'leases': {
      const response = await ask(LeaseLeases, {})
      return { type: 'leases', revision: revisionOf(response), leases: response.leases.map(({ ID }) => ID), more: false }
    }
    case 'txn': {
      const response = await ask(Txn, encodeTxn(query.txn))
      const revision = revisionOf(response)
      return { type: 'txn', revision, refusal: null, outcome: txnOutcome(response, query.txn, revision) }
    }
  }
}

function readRange(ask: Ask, request: RangeRequest, maxBytes: number, stale: boolean): Promise<RangeAnswer> {
  const inOrder = request.sortTarget === 'key' && request.rangeEnd.length > 0 && !request.countOnly
  return inOrder ? readInParts(ask, request, maxBytes, stale) : readAtOnce(ask, request, maxBytes, stale)
}

async function readAtOnce(ask: Ask, request: RangeRequest, maxBytes: number, stale: boolean): Promise<RangeAnswer> {
  const response = await ask(Range, encodeRange(request, stale))
  const result = rangeResult(response)
  if (request.sortTarget !== 'key' && result.entries.reduce((sum, entry) => sum + bytesOf(entry), 0) > maxBytes) {
    throw new BalsaError('TOO_LARGE', `a sorted range is limited to ${maxBytes} bytes`, {
      hint: 'Use a limit, or read in the order of keys.',
    })
  }
  return { type: 'range', revision: revisionOf(response), refusal: null, result }
}

/** All parts at the revision of the first one, and never much more in memory than was asked for. */
async function readInParts(ask: Ask, request: RangeRequest, maxBytes: number, stale: boolean): Promise<RangeAnswer> {
  const entries: KeyEntry[] = []
  let bytes = 0
  let range: KeyRange | null = request
  let revision = request.revision
  let first: { readonly revision: number; readonly count: number } | null = null
  let more = true
  for (let most = FIRST_ENTRIES; range !== null && more && bytes < maxBytes; ) {
    const left = request.limit === 0 ? Number.POSITIVE_INFINITY : request.limit - entries.length
    if (left === 0) break
    const limit = Math.min(most, left)
    const response = await orTooLarge(ask(Range, encodeRange({ ...request, ...range, revision, limit }, stale)), limit)
    if (response === null) {
      most = Math.ceil(limit / 4)
      continue
    }
    first ??= { revision: revisionOf(response), count: response.count }
    if (revision === 0) revision = first.revision
    more = response.more
    const found = response.kvs.map(entryOf)
    for (const entry of found) {
      if (bytes >= maxBytes) {
        more = true
        break
      }
      entries.push(entry)
      bytes += bytesOf(entry)
    }
    const last = entries.at(-1)
    range = last === undefined ? null : restOf(request, last.key)
    const mean = bytes / Math.max(1, entries.length)
    most = Math.min(MOST_ENTRIES, Math.max(1, Math.ceil((maxBytes - bytes) / mean)))
  }
  return { type: 'range', revision: first?.revision ?? revision, refusal: null, result: { entries, more, count: first?.count ?? 0 } }
}

/** Null = the entries are larger than those before them, and so many do not fit into a message. One alone has to. */
async function orTooLarge(asked: Promise<RangeResponse>, entries: number): Promise<RangeResponse | null> {
  try {
    return await asked
  } catch (error) {
    if (entries > 1 && error instanceof BalsaError && error.code === 'TOO_LARGE') return null
    throw error
  }
}

const bytesOf = ({ key, value }: KeyEntry): number => key.length + value.length + ENTRY_BYTES

/** What lies behind the key, in the order that was asked for; null = nothing. */
function restOf({ key, rangeEnd, descending }: RangeRequest, last: string): KeyRange | null {
  if (!descending) return { key: keyFromString(`${last}\0`), rangeEnd }
  return last > keyToString(key) ? { key, rangeEnd: keyFromString(last) } : null
}
