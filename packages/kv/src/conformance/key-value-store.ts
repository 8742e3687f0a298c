import { BalsaError, type ErrorCode } from '@balsa/raft'
import { KeyValue, type KeyValueStore, type Selection, type WatchEvent, type WatchOptions } from '../key-value-store.js'

/** One requirement on every KeyValueStore, as an executable check on an empty one. A case fails by rejecting. */
export interface StoreConformanceCase {
  readonly name: string
  run(store: KeyValueStore): Promise<void>
}

const textOf = (key: Uint8Array): string => String.fromCharCode(...key)

/** What can be compared as text: bytes as strings, entries as key=value. */
function shown(value: unknown): unknown {
  if (value instanceof KeyValue) return `${textOf(value.key)}=${value.text()}`
  if (value instanceof Uint8Array) return textOf(value)
  if (typeof value === 'bigint') return `${value}n`
  if (Array.isArray(value)) return value.map(shown)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, shown(part)]))
}

function equal(actual: unknown, expected: unknown, what: string): void {
  const [found, wanted] = [JSON.stringify(shown(actual)), JSON.stringify(shown(expected))]
  if (found !== wanted) throw new Error(`${what}: ${found} instead of ${wanted}`)
}

async function refuses(work: Promise<unknown>, code: ErrorCode, what: string): Promise<void> {
  const outcome = await work.then(
    () => 'no error',
    (error: unknown) => (error instanceof BalsaError ? error.code : String(error)),
  )
  equal(outcome, code, what)
}

async function fill(store: KeyValueStore, keys: readonly string[]): Promise<void> {
  for (const key of keys) await store.put(key, key.toUpperCase())
}

async function all(entries: AsyncIterable<KeyValue>): Promise<KeyValue[]> {
  const found: KeyValue[] = []
  for await (const entry of entries) found.push(entry)
  return found
}

const cases: [string, (store: KeyValueStore) => Promise<void>][] = [
  [
    'ranges by key, prefix and bounds, in both orders, with limit and count',
    async (store) => {
      await fill(store, ['a', 'b', 'b1', 'b2', 'c'])
      const entries = async (...given: Parameters<KeyValueStore['range']>): Promise<unknown> => shown((await store.range(...given)).entries)
      equal(await entries('b'), ['b=B'], 'one key')
      equal(await entries({ prefix: 'b' }), ['b=B', 'b1=B1', 'b2=B2'], 'prefix')
      equal(await entries({ prefix: '' }), ['a=A', 'b=B', 'b1=B1', 'b2=B2', 'c=C'], 'everything')
      equal(await entries({ from: 'b1', to: 'c' }), ['b1=B1', 'b2=B2'], 'half-open')
      equal(await entries({ from: 'b2', to: null }), ['b2=B2', 'c=C'], 'to the end')
      equal(await entries({ from: '', to: 'b' }), ['a=A'], 'from the beginning')
      equal(await entries({ prefix: 'b' }, { order: 'descending' }), ['b2=B2', 'b1=B1', 'b=B'], 'descending')
      equal(await entries({ prefix: '' }, { sortBy: 'modRevision', order: 'descending', limit: 2 }), ['c=C', 'b2=B2'], 'sorted')
      equal(await entries({ prefix: '' }, { minModRevision: 3, maxCreateRevision: 4 }), ['b=B', 'b1=B1'], 'bounds of revisions')
      equal(await entries({ prefix: 'b' }, { keysOnly: true }), ['b=', 'b1=', 'b2='], 'keys only')
      const page = await store.range({ prefix: '' }, { limit: 2 })
      equal([page.entries.length, page.more, page.count, page.revision], [2, true, 5, 6], 'limit')
      const counted = await store.range({ prefix: 'b' }, { countOnly: true })
      equal([counted.entries, counted.count, counted.more], [[], 3, false], 'count')
      await refuses(store.range({ from: 'c', to: 'b' }), 'INVALID', 'an empty range')
      await refuses(store.range(''), 'INVALID', 'an empty key')
    },
  ],
  [
    'reads old revisions, until they are compacted',
    async (store) => {
      await fill(store, ['a', 'b'])
      await store.put('a', 'new')
      await store.delete('b')
      equal([await store.get('a', { revision: 3 }), await store.get('b', { revision: 2 })], ['a=A', null], 'get at a revision')
      equal((await store.range({ prefix: '' }, { revision: 3 })).entries, ['a=A', 'b=B'], 'range at a revision')
      equal((await store.get('a'))?.modRevision, 4, 'now')
      await refuses(store.get('a', { revision: 99 }), 'FUTURE_REVISION', 'a revision to come')
      equal(await store.compact(4), { revision: 5 }, 'compaction takes no revision')
      await refuses(store.range('a', { revision: 3 }), 'COMPACTED', 'a compacted revision')
      await refuses(store.compact(4), 'COMPACTED', 'the same again')
      await refuses(store.compact(99), 'FUTURE_REVISION', 'compaction of the future')
      equal(await store.get('b', { revision: 4 }), 'b=B', 'the revision that was compacted to')
    },
  ],
  [
    'iterates over everything at one revision, whatever is written meanwhile',
    async (store) => {
      const big = new Uint8Array(400_000).fill(120)
      for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) await store.put(key, big)
      const page = await store.range({ prefix: '' })
      equal([page.more, page.count, page.entries.length < 6], [true, 6, true], 'a page')
      for (const order of ['ascending', 'descending'] as const) {
        const seen: string[] = []
        for await (const entry of store.entries({ prefix: '' }, { order })) {
          seen.push(textOf(entry.key))
          equal(entry.value.length, 400_000, 'whole values')
          await store.put('cc', 'added')
          await store.put('e', 'changed')
        }
        equal(seen.join(''), order === 'ascending' ? 'abcdef' : 'fedcba', order)
        await store.delete('cc')
        await store.put('e', big)
      }
      equal((await all(store.entries({ prefix: '' }, { limit: 4 }))).length, 4, 'limit')
      equal((await all(store.entries({ prefix: 'x' }))).length, 0, 'nothing')
    },
  ],
  [
    'puts with conditions, leases and previous values',
    async (store) => {
      const first = await store.put('a', '1', { ifAbsent: true, previous: true })
      equal([first.version, first.previous], [1, null], 'created')
      await refuses(store.put('a', '2', { ifAbsent: true }), 'COMPARE_FAILED', 'ifAbsent')
      await refuses(store.put('a', '2', { ifModRevision: 99 }), 'COMPARE_FAILED', 'ifModRevision')
      const second = await store.put('a', '2', { ifModRevision: first.modRevision, previous: true })
      equal([second.version, second.previous], [2, 'a=1'], 'previous value')
      const { id } = await store.grantLease(60_000)
      const third = await store.put('a', '3', { lease: id })
      equal([third.version, third.previous?.version, (await store.get('a'))?.lease === id], [3, 2, true], 'with a lease')
      await store.put('a', '4', { keepLease: true })
      equal((await store.get('a'))?.lease === id, true, 'keeps its lease')
      equal((await store.append('a', '5')).version, 5, 'append')
      equal([(await store.get('a'))?.lease === id, await store.get('a')], [true, 'a=45'], 'append keeps the lease')
      await store.put('a', '6')
      equal((await store.get('a'))?.lease, 0n, 'a plain put detaches')
      await refuses(store.put('b', '1', { keepLease: true }), 'KEY_NOT_FOUND', 'no key to keep a lease of')
      await refuses(store.put('b', '1', { lease: 12_345n }), 'LEASE_NOT_FOUND', 'no lease')
      await refuses(store.put('b', '1', { lease: 1n, keepLease: true }), 'INVALID', 'both')
    },
  ],
  [
    'deletes one key, ranges, and tells what there was',
    async (store) => {
      await fill(store, ['a', 'b', 'b1', 'c'])
      equal(await store.delete('x'), { deleted: false, count: 0, revision: 5, previous: null, entries: [] }, 'nothing')
      equal((await store.delete({ prefix: 'b' }, { previous: true })).entries, ['b=B', 'b1=B1'], 'previous')
      const one = await store.delete('a', { previous: true })
      equal([one.deleted, one.count, one.revision, one.previous?.version, one.entries], [true, 1, 7, 1, ['a=A']], 'one key')
      const rest = await store.delete({ prefix: '' })
      equal([rest.deleted, rest.count, rest.previous, rest.entries], [true, 1, null, []], 'everything')
    },
  ],
  [
    'fences writes by the key of a lock',
    async (store) => {
      const lock = await store.put('lock', 'me')
      const fence = { key: Uint8Array.from([...'lock'].map((c) => c.charCodeAt(0))), createRevision: lock.createRevision }
      equal((await store.put('a', '1', { fence })).version, 1, 'put by the holder')
      equal((await store.append('a', '2', { fence })).valueBytes, 2, 'append by the holder')
      await refuses(store.put('a', '3', { fence, ifAbsent: true }), 'COMPARE_FAILED', 'the condition, not the fence')
      await store.delete('lock')
      await refuses(store.put('a', '3', { fence }), 'FENCED', 'nobody holds it')
      await store.put('lock', 'somebody else')
      await refuses(store.put('a', '3', { fence, ifAbsent: true }), 'FENCED', 'somebody else holds it')
      await refuses(store.append('a', '3', { fence }), 'FENCED', 'append')
      await refuses(store.delete('a', { fence }), 'FENCED', 'delete')
      await refuses(store.delete({ prefix: 'a' }, { fence }), 'FENCED', 'delete of a range')
      equal(await store.get('a'), 'a=12', 'nothing was written')
    },
  ],
  [
    'transactions that only read: both branches, nesting, old revisions, refusals, no revision of their own',
    async (store) => {
      await fill(store, ['a', 'b', 'c'])
      const inner = { type: 'transaction', compare: [{ key: 'b', value: 'B' }], success: [{ type: 'range', key: 'b' }] } as const
      const old = { type: 'range', key: { prefix: '' }, revision: 2, limit: 1 } as const
      const read = await store.transaction({
        compare: [{ key: { prefix: '' }, version: 1 }],
        success: [{ type: 'range', key: { from: 'b', to: null }, order: 'descending', limit: 1 }, inner, old],
        failure: [{ type: 'range', key: 'a', revision: 99 }],
      })
      const nested = { type: 'transaction', succeeded: true, results: [{ type: 'range', entries: ['b=B'], more: false, count: 1 }] }
      const found = [
        { type: 'range', entries: ['c=C'], more: true, count: 2 },
        nested,
        { type: 'range', entries: ['a=A'], more: false, count: 1 },
      ]
      equal([read.succeeded, read.revision, read.results], [true, 4, found], 'read')
      const not = await store.transaction({ compare: [{ key: 'x', version: 1 }], failure: [{ type: 'range', key: 'x' }] })
      equal([not.succeeded, not.revision, not.results], [false, 4, [{ type: 'range', entries: [], more: false, count: 0 }]], 'failure')
      const none = await store.transaction({ compare: [{ key: 'a', value: 'A' }] })
      equal([none.succeeded, none.revision, none.results], [true, 4, []], 'a question alone')
      const many = Array.from({ length: 129 }, () => ({ type: 'range', key: 'a' }) as const)
      await refuses(store.transaction({ success: many }), 'TOO_MANY_OPERATIONS', 'too many')
      await store.compact(4)
      await refuses(store.transaction({ success: [old] }), 'COMPACTED', 'forgotten')
      equal((await store.put('a', 'x')).revision, 5, 'nothing of it took a revision')
    },
  ],
  [
    'transactions: compares, both branches, nesting, answers in their order',
    async (store) => {
      await fill(store, ['a', 'b'])
      const done = await store.transaction({
        compare: [
          { key: 'a', value: 'A' },
          { key: 'c', createRevision: 0 },
          { key: { prefix: '' }, modRevision: 4, is: '<' },
        ],
        success: [
          { type: 'put', key: 'a', value: 'x', previous: true },
          { type: 'range', key: { prefix: '' } },
          { type: 'delete', key: 'b', previous: true },
          { type: 'append', key: 'c', value: 'y' },
          {
            type: 'transaction',
            compare: [{ key: 'a', version: 1, is: '!=' }],
            failure: [{ type: 'range', key: 'a', keysOnly: true }],
          },
        ],
      })
      equal([done.succeeded, done.revision], [true, 4], 'taken')
      const [put, range, gone, appended, nested] = done.results
      equal([put?.type === 'put' && put.previous, put?.type === 'put' && put.version], ['a=A', 2], 'put')
      equal(range?.type === 'range' && range.entries, ['a=x', 'b=B'], 'sees what was written before it')
      equal(gone, { type: 'delete', count: 1, entries: ['b=B'] }, 'delete')
      equal(appended?.type === 'put' && appended.valueBytes, 1, 'append')
      equal(
        nested,
        { type: 'transaction', succeeded: false, results: [{ type: 'range', entries: ['a='], more: false, count: 1 }] },
        'nested',
      )
      const not = await store.transaction({ compare: [{ key: 'a', lease: 7n }], success: [{ type: 'put', key: 'z', value: 'z' }] })
      equal([not.succeeded, not.revision, not.results], [false, 4, []], 'not taken')
      const keep = await store.transaction({ success: [{ type: 'put', key: 'a', value: { keep: true }, lease: 'keep' }] })
      equal([keep.revision, await store.get('a')], [5, 'a=x'], 'keeps value and lease')
      const twice = [{ type: 'put', key: 'a', value: '1' } as const, { type: 'delete', key: { prefix: '' } } as const]
      await refuses(store.transaction({ success: twice }), 'DUPLICATE_KEY', 'a key twice')
      const many = Array.from({ length: 129 }, (_, at) => ({ type: 'put', key: `k${at}`, value: '' }) as const)
      await refuses(store.transaction({ failure: many }), 'TOO_MANY_OPERATIONS', 'too many')
      await refuses(store.transaction({ success: [{ type: 'range', key: 'a', revision: 99 }] }), 'FUTURE_REVISION', 'a revision to come')
    },
  ],
  [
    'leases: granted, kept alive, shown, listed, revoked with their keys',
    async (store) => {
      const { id, ttlMs } = await store.grantLease(30_000)
      equal((await store.grantLease(1)).ttlMs >= 1000, true, 'a second at least')
      equal((await store.grantLease(5000, { id: -5n })).id, -5n, 'an id of my own')
      await refuses(store.grantLease(5000, { id: -5n }), 'LEASE_EXISTS', 'taken')
      await store.put('a', '1', { lease: id })
      await store.put('b', '1', { lease: id })
      equal(await store.keepLeaseAlive(id), { id, ttlMs, revision: 3 }, 'kept alive')
      const info = await store.leaseInfo(id, { keys: true })
      equal([info?.ttlMs, info?.keys, (info?.remainingMs ?? 0) > 20_000], [30_000, ['a', 'b'], true], 'shown')
      equal((await store.leases()).includes(-5n), true, 'listed')
      equal(await store.revokeLease(id), { count: 2, revision: 4 }, 'revoked')
      equal([await store.get('a'), await store.leaseInfo(id)], [null, null], 'gone')
      await refuses(store.keepLeaseAlive(id), 'LEASE_NOT_FOUND', 'keep alive')
      await refuses(store.revokeLease(id), 'LEASE_NOT_FOUND', 'revoke')
      await refuses(store.grantLease(0.5), 'INVALID', 'no time')
    },
  ],
  [
    'watches the past and the present, in order, transactions together, with filters and previous values',
    async (store) => {
      await fill(store, ['a', 'b'])
      await store.delete('a')
      await store.transaction({
        success: [
          { type: 'put', key: 'b', value: 'x' },
          { type: 'put', key: 'c', value: 'y' },
          { type: 'delete', key: 'd' },
        ],
      })
      const everything = watchAll(store, { prefix: '' }, { fromRevision: 2, previous: true })
      const expected = ['2 put a=A', '3 put b=B', '4 delete a (A)', '5 put b=x (B) ...', '5 put c=y']
      equal(await everything.take(5), expected, 'from the beginning')
      await store.put('e', 'new')
      equal(await everything.take(1), ['6 put e=new'], 'what happens now')
      await everything.end()
      equal(await takeFrom(store, 'b', { fromRevision: 1 }, 2), ['3 put b=B', '5 put b=x'], 'one key')
      equal(await takeFrom(store, { prefix: '' }, { fromRevision: 2, only: 'deletes' }, 1), ['4 delete a'], 'deletes only')
      equal(await takeFrom(store, { from: 'b', to: 'd' }, { fromRevision: 4, only: 'puts' }, 2), ['5 put b=x ...', '5 put c=y'], 'puts')
      const later = watchAll(store, { prefix: '' }, { fromRevision: 8 })
      const told = later.take(1)
      await fill(store, ['f', 'g'])
      equal(await told, ['8 put g=G'], 'a revision to come')
      await later.end()
    },
  ],
  [
    'gives a slow reader everything, without the store waiting',
    async (store) => {
      const watch = watchAll(store, { prefix: 'k' }, { fromRevision: 1 })
      const big = 'x'.repeat(50_000)
      for (let at = 0; at < 40; at++) await store.put(`k${at}`, big)
      const seen = await watch.take(40)
      equal(
        seen.map((text) => text.split('=')[0]),
        Array.from({ length: 40 }, (_, at) => `${at + 2} put k${at}`),
        'all',
      )
      await watch.end()
    },
  ],
  [
    'says when the history is gone, when a watch is aborted, and when the store is closed',
    async (store) => {
      await fill(store, ['a', 'b', 'c'])
      await store.compact(4)
      await refuses(takeFrom(store, 'a', { fromRevision: 2 }, 1), 'COMPACTED', 'compacted')
      const controller = new AbortController()
      const aborted = takeFrom(store, 'a', { signal: controller.signal }, 1)
      controller.abort()
      await refuses(aborted, 'ABORTED', 'aborted')
      await refuses(takeFrom(store, 'a', { signal: controller.signal }, 1), 'ABORTED', 'aborted before')
      await refuses(takeFrom(store, '', {}, 1), 'INVALID', 'no key')
      const open = watchAll(store, 'a', {})
      const waiting = open.take(1)
      await store.close()
      await refuses(waiting, 'STOPPED', 'closed')
      equal(await open.take(1), [], 'and over')
      await refuses(takeFrom(store, 'a', {}, 1), 'STOPPED', 'closed before')
    },
  ],
]

function described(event: WatchEvent): string {
  if (event.type === 'progress') return `progress ${event.revision}`
  const { type, revision, previous } = event
  const text = type === 'put' ? `${textOf(event.key)}=${event.entry.text()}` : textOf(event.key)
  return `${revision} ${type} ${text}${previous === null ? '' : ` (${previous.text()})`}${event.more ? ' ...' : ''}`
}

/** Takes events as they are wanted. */
function watchAll(store: KeyValueStore, ...given: Parameters<KeyValueStore['watch']>) {
  const events = store.watch(...given)[Symbol.asyncIterator]()
  return {
    async take(count: number): Promise<string[]> {
      const taken: string[] = []
      while (taken.length < count) {
        const { done, value } = await events.next()
        if (done === true) break
        taken.push(described(value))
      }
      return taken
    },
    end: () => events.return?.(),
  }
}

async function takeFrom(store: KeyValueStore, selection: Selection, options: WatchOptions, count: number): Promise<string[]> {
  const watch = watchAll(store, selection, options)
  const taken = await watch.take(count)
  await watch.end()
  return taken
}

/** Every case wants a new, empty store. */
export const storeConformance = (): readonly StoreConformanceCase[] => cases.map(([name, run]) => ({ name, run }))
