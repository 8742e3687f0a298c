import { BalsaError } from '@balsa/raft'
import type { EntriesOptions, KeyValue, RangePage, RangeSelection, Selection } from '../key-value-store.js'
import type { RangeQuery } from '../kv-queries.js'
import { MAX_PAGE_BYTES } from '../limits.js'
import type { ClientQuery, ClientQueryAnswer } from '../protocol/queries.js'
import { refusalError } from './refusal.js'
import { cutOf, restOf, toKeyRange, toRangeRequest } from './selection.js'
import { toKeyValue } from './transactions.js'
import { PLAIN_RANGE } from '../mvcc/range.js'

/** Entries of one page while all are read one after the other. */
const PAGE_ENTRIES = 1000

export const rangeQuery = (selection: Selection, options: RangeSelection, counted: boolean): RangeQuery => ({
  type: 'range',
  request: toRangeRequest(selection, options, counted),
  maxBytes: MAX_PAGE_BYTES,
})

/** Throws what the range was refused with. */
export function pageOf(answer: ClientQueryAnswer, ageMs: number | null): RangePage {
  if (answer.type !== 'range') throw new BalsaError('INVALID', `a range was answered with ${answer.type}`)
  const { refusal, result, revision } = answer
  if (refusal === 'TOO_LARGE') {
    throw new BalsaError('TOO_LARGE', `a range that is sorted by something else than keys is limited to ${MAX_PAGE_BYTES} bytes`, {
      hint: 'Use a limit, or read in the order of keys.',
    })
  }
  if (refusal !== null || result === null) {
    const code = refusal ?? 'INVALID'
    throw refusalError(code, `${refusalError(code).message}, the newest is ${revision}`)
  }
  const entries = result.entries.map((entry) => toKeyValue(entry, revision, ageMs))
  return { entries, more: result.more, count: result.count ?? entries.length, revision }
}

/** Page by page, at the revision of the first one. */
export async function* entriesOf(
  selection: Selection,
  options: EntriesOptions,
  ask: (query: ClientQuery) => Promise<RangePage>,
): AsyncGenerator<KeyValue, void, undefined> {
  const cut = cutOf(options)
  let left = options.limit ?? Number.POSITIVE_INFINITY
  let revision = options.revision ?? 0
  for (let range = toKeyRange(selection); left > 0; ) {
    const request = { ...PLAIN_RANGE, ...cut, ...range, revision, counted: false, limit: Math.min(left, PAGE_ENTRIES) }
    const page = await ask({ type: 'range', request, maxBytes: MAX_PAGE_BYTES })
    if (revision === 0) revision = page.revision
    yield* page.entries
    left -= page.entries.length
    const last = page.entries.at(-1)
    const rest = page.more && last !== undefined ? restOf(range, last.key, options.order === 'descending') : null
    if (rest === null) return
    range = rest
  }
}
