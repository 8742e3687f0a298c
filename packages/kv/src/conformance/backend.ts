import { BalsaError, type ErrorCode, type SharedState } from '@balsa/raft'
import {
  type Backend,
  type BackendTransfer,
  MAX_TABLE_KEY_BYTES,
  MAX_TABLE_VALUE_BYTES,
  type Table,
  TABLES,
  type TableReader,
} from '../backend/backend.js'
import { type ByteString, bytesEqual } from '../backend/byte-string.js'

/** One requirement, as an executable check. Independent of any test framework: a case fails by rejecting. */
export interface BackendConformanceCase {
  readonly name: string
  run(): Promise<void>
}

/** What the suite needs from the implementation under test. */
export interface BackendFixture {
  readonly backend: Backend
  /** Closes and opens it again. Absent when nothing survives that: such cases are left out. */
  readonly reopen?: () => Promise<Backend>
  /** Ends it as a loss of power does, without flushing, and opens it again. */
  readonly losePower?: () => Promise<Backend>
  /** Releases everything, also after a failed case. */
  dispose(): Promise<void>
}

export interface BackendCapabilities {
  readonly canReopen: boolean
  readonly canLosePower: boolean
  /** It has `transfer`. */
  readonly canTransfer: boolean
}

type Check = (fixture: BackendFixture) => Promise<void>

function demand(condition: boolean, text: string): asserts condition {
  if (!condition) throw new Error(text)
}

const show = (key: ByteString): string => (key.length > 40 ? `${JSON.stringify(key.slice(0, 20))}... (${key.length})` : JSON.stringify(key))
const value = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))
const textOf = (bytes: Uint8Array | undefined): string | undefined => (bytes === undefined ? undefined : String.fromCharCode(...bytes))

function demandCode(work: () => unknown, code: ErrorCode, what: string): void {
  try {
    work()
  } catch (error) {
    demand(error instanceof BalsaError, `${what}: throws ${String(error)} instead of a BalsaError`)
    demand(error.code === code, `${what}: code ${error.code} instead of ${code}`)
    return
  }
  throw new Error(`${what}: does not fail`)
}

/** All of a table, page by page. */
function entriesOf(reader: TableReader, table: Table, reverse = false, limit = 7): [string, string][] {
  const found: [string, string][] = []
  let from = ''
  let to: string | null = null
  for (;;) {
    const page = reader.page(table, { from, to, reverse }, limit)
    for (const entry of page) found.push([entry.key, textOf(entry.value) ?? ''])
    if (page.length < limit) return found
    const last = page.at(-1)
    demand(last !== undefined, 'a full page is not empty')
    if (reverse) to = last.key
    else from = `${last.key}\0`
  }
}

function demandEntries(reader: TableReader, table: Table, expected: readonly (readonly [string, string])[], what: string): void {
  const found = entriesOf(reader, table)
  demand(found.length === expected.length, `${what}: ${found.length} entries instead of ${expected.length}`)
  found.forEach(([key, text], at) => {
    const [expectedKey, expectedText] = expected[at] ?? ['', '']
    demand(key === expectedKey, `${what}: key ${show(key)} at ${at} instead of ${show(expectedKey)}`)
    demand(text === expectedText, `${what}: another value under ${show(key)}`)
  })
}

/** Numbers that look random and are always the same. */
function* numbers(seed: number): Generator<number, never, undefined> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    yield state >>> 8
  }
}

/** Keys in which every trap of an encoding lies: zero bytes, 0xff, prefixes of each other, lengths around a page and around what engines take. */
function trickyKeys(): string[] {
  const long = 'p'.repeat(1970)
  const shared = 'q'.repeat(MAX_TABLE_KEY_BYTES - 2)
  const around = Array.from({ length: 24 }, (_, extra) => long + 'p'.repeat(extra))
  const tails = ['', '\0', '\0\0', '\u0001', 'a', '\u00ff', '\u00ff\u00ff']
  return [
    ...[
      '\0',
      '\0\0',
      '\0\u0001',
      '\u0001',
      'a',
      'a\0',
      'a\0\0b',
      'a\u00ff',
      'ab',
      'b',
      '\u0080',
      '\u00fe',
      '\u00ff',
      '\u00ff\0',
      '\u00ff\u00ff',
    ],
    ...around.flatMap((key) => tails.map((tail) => key + tail)),
    ...tails.filter((tail) => tail.length < 3).map((tail) => shared + tail),
    `${long}o`,
    `${long}${'o'.repeat(3000)}`,
  ]
}

/** Reads keys that were written under `v` and their length, one by one, in both directions, and from bounds on each of them. */
function demandOrder(backend: Backend, sorted: readonly string[]): void {
  for (const key of sorted) demand(textOf(backend.get('past', key)) === `v${key.length}`, `reads ${show(key)}`)
  demandEntries(
    backend,
    'past',
    sorted.map((key) => [key, `v${key.length}`]),
    'upwards',
  )
  const down = entriesOf(backend, 'past', true).map(([key]) => key)
  demand(down.join('|') === sorted.toReversed().join('|'), 'downwards is the reverse')
  for (const bound of sorted) {
    const below = backend.keys('past', { from: '', to: bound, reverse: true }, 1)[0]
    demand(below === sorted[sorted.indexOf(bound) - 1], `the greatest key below ${show(bound)}`)
    demand(backend.keys('past', { from: bound, to: null }, 1)[0] === bound, `the first key from ${show(bound)}`)
  }
}

const reading: Readonly<Record<string, Check>> = {
  'begins empty, at index 0': async ({ backend }) => {
    demand(backend.appliedIndex === 0 && backend.durableIndex === 0, 'both indexes are 0')
    for (const table of TABLES) {
      demand(backend.get(table, 'k') === undefined, `${table} has no key`)
      demandEntries(backend, table, [], table)
      demand(backend.count(table, { from: '', to: null }, 10) === 0, `${table} counts nothing`)
    }
  },
  'gives back what a batch wrote, in every table apart': async ({ backend }) => {
    backend.write(3, (batch) => TABLES.forEach((table, at) => batch.put(table, 'k', value(`${table}${at}`))))
    TABLES.forEach((table, at) => demand(textOf(backend.get(table, 'k')) === `${table}${at}`, `${table} has its own value`))
    demand(backend.appliedIndex === 3, 'the applied index is that of the batch')
    demand(backend.write(3, () => 'answer') === 'answer', 'a batch answers what its function answers')
  },
  'orders keys by their bytes, whatever is in them and however long they are': async ({ backend }) => {
    const keys = trickyKeys()
    const sorted = [...new Set(keys)].sort((a, b) => (a < b ? -1 : 1))
    backend.write(1, (batch) => keys.forEach((key) => batch.put('past', key, value(`v${key.length}`))))
    demandOrder(backend, sorted)
    await backend.flush()
    demandOrder(backend, sorted)
    backend.write(2, (batch) => sorted.forEach((key, at) => at % 2 === 0 && demand(batch.delete('past', key), `deletes ${show(key)}`)))
    const odd = sorted.filter((_, at) => at % 2 === 1)
    demand(
      entriesOf(backend, 'past')
        .map(([key]) => key)
        .join('|') === odd.join('|'),
      'what was not deleted is left',
    )
  },
  'keeps empty values and the longest ones': async ({ backend }) => {
    const longest = new Uint8Array(MAX_TABLE_VALUE_BYTES).map((_, at) => (at * 7) & 0xff)
    backend.write(1, (batch) => {
      batch.put('current', 'empty', new Uint8Array(0))
      batch.put('current', 'longest', longest)
    })
    demand(backend.get('current', 'empty')?.length === 0, 'an empty value is a value')
    demand(bytesEqual(backend.get('current', 'longest') ?? new Uint8Array(0), longest), 'the longest value comes back')
  },
  'a range is half-open, may be empty, and counts no further than asked': async ({ backend }) => {
    backend.write(1, (batch) => ['a', 'b', 'c', 'd'].forEach((key) => batch.put('current', key, value(key))))
    const keys = (from: string, to: string | null, reverse = false): string => backend.keys('current', { from, to, reverse }, 10).join('')
    demand(keys('b', 'd') === 'bc' && keys('b', 'd', true) === 'cb', 'from is in it, to is not')
    demand(keys('', 'b\0') === 'ab' && keys('b\0', null) === 'cd', 'bounds need not be keys')
    demand(keys('c', 'c') === '' && keys('d', 'b') === '' && keys('d', 'b', true) === '', 'an empty range is no error')
    demand(backend.count('current', { from: 'b', to: null }, 100) === 3, 'counts the range')
    demand(backend.count('current', { from: '', to: null }, 2) === 2, 'counts to the limit')
    demand(
      backend
        .page('current', { from: '', to: null, reverse: true }, 2)
        .map(({ key }) => key)
        .join('') === 'dc',
      'last entries',
    )
  },
  'bytes that were read keep their content': async ({ backend }) => {
    backend.write(1, (batch) => ['a', 'b', 'c'].forEach((key) => batch.put('current', key, value(key.repeat(100)))))
    const held = [backend.get('current', 'a'), ...backend.page('current', { from: '', to: null }, 10).map((entry) => entry.value)]
    backend.write(2, (batch) => {
      batch.put('current', 'a', value('z'.repeat(100)))
      batch.delete('current', 'b')
      for (let at = 0; at < 200; at++) batch.put('current', `k${at}`, value('y'.repeat(100)))
    })
    for (let at = 0; at < 200; at++) backend.get('current', `k${at}`)
    demand(held.map((bytes) => textOf(bytes)?.[50]).join('') === 'aabc', 'as they were read')
  },
}

const writing: Readonly<Record<string, Check>> = {
  'a batch sees what it has written so far': async ({ backend }) => {
    backend.write(1, (batch) => ['a', 'b', 'c'].forEach((key) => batch.put('current', key, value(key))))
    backend.write(2, (batch) => {
      batch.put('current', 'bb', value('new'))
      batch.put('current', 'a', value('changed'))
      demand(
        batch.delete('current', 'c') && !batch.delete('current', 'c') && !batch.delete('current', 'x'),
        'tells whether there was a key',
      )
      demand(textOf(batch.get('current', 'bb')) === 'new' && textOf(batch.get('current', 'a')) === 'changed', 'reads its own puts')
      demand(batch.get('current', 'c') === undefined, 'reads its own deletes')
      demand(batch.keys('current', { from: '', to: null }, 10).join() === 'a,b,bb', 'pages see them too')
      demand(batch.count('current', { from: 'b', to: null }, 10) === 2, 'and counts')
    })
    demandEntries(backend, 'current', [['a', 'changed'], ['b', 'b'], ['bb', 'new']], 'afterwards') // biome-ignore format: a table
  },
  'the applied index never goes down': async ({ backend }) => {
    backend.write(5, (batch) => batch.put('current', 'k', value('v')))
    backend.write(5, (batch) => batch.put('current', 'k', value('w')))
    demandCode(() => backend.write(4, () => undefined), 'INVARIANT', 'a lower index')
    demand(backend.appliedIndex === 5, 'stays')
  },
  'a batch that throws breaks the backend': async ({ backend }) => {
    backend.write(1, (batch) => batch.put('current', 'k', value('v')))
    const bug = new Error('bug')
    try {
      backend.write(2, (batch) => {
        batch.put('current', 'k', value('half'))
        throw bug
      })
      throw new Error('the error of a batch is swallowed')
    } catch (error) {
      demand(error === bug, `the error comes through: ${String(error)}`)
    }
    demandCode(() => backend.write(3, () => undefined), 'STATE_MACHINE_FAILED', 'a batch afterwards')
    demandCode(() => backend.get('current', 'k'), 'STATE_MACHINE_FAILED', 'a read afterwards')
  },
  'lets writers wait until the disk has caught up, and no longer': async ({ backend }) => {
    for (let index = 1; index <= 200; index++) {
      const ready = backend.ready()
      if (ready !== null) await ready
      backend.write(index, (batch) => {
        for (let at = 0; at < 20; at++) batch.put('past', `${index}/${at}`, new Uint8Array(10_000).fill(index))
      })
    }
    await backend.flush()
    demand(backend.ready() === null, 'nothing waits after a flush')
    demand(backend.count('past', { from: '', to: null }, 10_000) === 4000, 'everything is there')
  },
  'makes nothing durable above its limit': async ({ backend }) => {
    backend.limitDurability(2)
    for (let index = 1; index <= 4; index++) backend.write(index, (batch) => batch.put('current', `k${index}`, value('v')))
    const flushed = backend.flush()
    demand(backend.durableIndex <= 2, 'at once')
    backend.limitDurability(4)
    await flushed
    demand(backend.durableIndex === (backend.persistent ? 4 : 0), 'with a higher limit the flush ends')
    backend.limitDurability(1)
    backend.write(5, (batch) => batch.put('current', 'k5', value('v')))
    demand(backend.keys('current', { from: '', to: null }, 10).length === 5, 'reads see all of it')
  },
  'agrees with a plain sorted list over a long random history': async ({ backend }) => {
    const random = numbers(20_261_121)
    const expected = new Map<string, string>()
    for (let index = 1; index <= 300; index++) {
      backend.write(index, (batch) => {
        for (let step = 0; step < 40; step++) {
          const key = `k${(random.next().value % 900).toString(7)}`
          if (random.next().value % 5 < 3) {
            const text = 'v'.repeat(random.next().value % 60) + String(step)
            batch.put('history', key, value(text))
            expected.set(key, text)
          } else demand(batch.delete('history', key) === expected.delete(key), `delete of ${key} tells the truth`)
        }
      })
      if (index % 50 !== 0) continue
      const sorted = [...expected].sort(([a], [b]) => (a < b ? -1 : 1))
      demandEntries(backend, 'history', sorted, `after ${index} batches`)
    }
  },
}

const KEYS_OF_OPEN_BATCH = 3000

/** Writes to a batch over several turns: every second key goes, new ones come. `turn` is called now and then. */
async function changeMuch(backend: Backend, appliedIndex: number, turn: () => Promise<void>): Promise<() => void> {
  const batch = backend.begin(appliedIndex)
  for (let at = 0; at < KEYS_OF_OPEN_BATCH; at++) {
    const key = `k${String(at).padStart(6, '0')}`
    if (at % 2 === 0) demand(batch.delete('current', key), 'its owner deletes what is there')
    batch.put('past', key, value('new'))
    if (at % 500 !== 0) continue
    await turn()
    demand(batch.get('current', key) === undefined, 'its owner does not see what it has deleted')
    demand(batch.count('past', { from: '', to: null }, KEYS_OF_OPEN_BATCH) === at + 1, 'its owner sees what it has written so far')
  }
  return () => batch.commit()
}

function fillMuch(backend: Backend, appliedIndex: number): void {
  backend.write(appliedIndex, (batch) => {
    for (let at = 0; at < KEYS_OF_OPEN_BATCH; at++) batch.put('current', `k${String(at).padStart(6, '0')}`, value('old'))
  })
}

function demandMuch(reader: TableReader, isChanged: boolean, what: string): void {
  const all = { from: '', to: null }
  const most = 2 * KEYS_OF_OPEN_BATCH
  demand(reader.count('current', all, most) === (isChanged ? KEYS_OF_OPEN_BATCH / 2 : KEYS_OF_OPEN_BATCH), `${what}: the old keys`)
  demand(reader.keys('past', all, most).length === (isChanged ? KEYS_OF_OPEN_BATCH : 0), `${what}: the new keys`)
  demand((reader.get('current', 'k000000') === undefined) === isChanged, `${what}: a key that goes`)
}

const openBatches: Readonly<Record<string, Check>> = {
  'an open batch shows nothing until it is committed, then everything': async ({ backend }) => {
    fillMuch(backend, 3)
    const before = backend.snapshot()
    const commit = await changeMuch(backend, 7, async () => {
      demandMuch(backend, false, 'meanwhile')
      demand(backend.appliedIndex === 3, 'the index is the old one')
      const snapshot = backend.snapshot()
      demandMuch(snapshot, false, 'a snapshot meanwhile')
      demand(snapshot.appliedIndex === 3, 'and its index')
      snapshot.close()
      await backend.flush()
    })
    demandCode(() => backend.write(7, () => undefined), 'INVARIANT', 'a batch meanwhile')
    demandCode(() => backend.begin(7), 'INVARIANT', 'a second one')
    commit()
    demandCode(() => commit(), 'INVARIANT', 'a second commit')
    demand(backend.appliedIndex === 7, 'the index is its own')
    demandMuch(backend, true, 'afterwards')
    demandMuch(before, false, 'an older snapshot')
    before.close()
    backend.write(8, (batch) => batch.put('current', 'later', value('v')))
    await backend.flush()
    demand(textOf(backend.get('current', 'later')) === 'v', 'batches go on')
    demand(backend.durableIndex === (backend.persistent ? 8 : 0), 'and become durable')
    backend.write(9, (batch) => demand(batch.delete('current', 'later'), 'deletes it'))
    demandMuch(backend, true, 'at the end')
  },
  'an open batch follows what was written before, and is followed, on the way to the disk': async ({ backend }) => {
    fillMuch(backend, 1)
    backend.limitDurability(1)
    await backend.flush()
    backend.write(2, (batch) => batch.put('meta', 'before', value('b')))
    const flushed = backend.flush()
    const commit = await changeMuch(backend, 3, async () => undefined)
    commit()
    backend.write(4, (batch) => batch.put('meta', 'after', value('a')))
    demand(backend.durableIndex === (backend.persistent ? 1 : 0), 'nothing above the limit')
    demandMuch(backend, true, 'before it is durable')
    backend.limitDurability(4)
    await flushed
    await backend.flush()
    demand(backend.durableIndex === (backend.persistent ? 4 : 0), 'all of it is durable')
    demandMuch(backend, true, 'when it is durable')
    demand(textOf(backend.get('meta', 'before')) === 'b' && textOf(backend.get('meta', 'after')) === 'a', 'and so is the rest')
  },
}

const snapshots: Readonly<Record<string, Check>> = {
  'a snapshot stays what it was while batches go on': async ({ backend }) => {
    const expected: [string, string][] = []
    backend.write(1, (batch) => {
      for (let at = 0; at < 1000; at++) {
        const key = `k${String(at).padStart(4, '0')}`
        batch.put('current', key, value(String(at)))
        expected.push([key, String(at)])
      }
    })
    const first = backend.snapshot()
    backend.write(2, (batch) =>
      expected.forEach(([key], at) => (at % 2 === 0 ? batch.delete('current', key) : batch.put('current', key, value('new')))),
    )
    const second = backend.snapshot()
    backend.write(3, (batch) => expected.forEach(([key]) => batch.put('current', key, value('newest'))))
    demand(first.appliedIndex === 1 && second.appliedIndex === 2 && backend.appliedIndex === 3, 'each has its applied index')
    demandEntries(first, 'current', expected, 'the first')
    demand(second.count('current', { from: '', to: null }, 2000) === 500, 'the second counts its own moment')
    demand(textOf(second.get('current', 'k0001')) === 'new' && second.get('current', 'k0000') === undefined, 'and reads it')
    first.close()
    first.close()
    demandCode(() => first.get('current', 'k0001'), 'INVARIANT', 'a closed snapshot')
    demand(second.count('current', { from: '', to: null }, 2000) === 500, 'closing one leaves the other')
    second.close()
  },
  'a replacement shows nothing until it is committed, then everything': async ({ backend }) => {
    backend.write(7, (batch) => {
      batch.put('current', 'old', value('old'))
      batch.put('meta', 'old', value('old'))
    })
    const snapshot = backend.snapshot()
    const replacement = backend.replace()
    for (let at = 0; at < 500; at++) replacement.put('current', `n${String(at).padStart(4, '0')}`, value(String(at)))
    replacement.put('meta', 'new', value('new'))
    await replacement.ready()
    demandEntries(backend, 'current', [['old', 'old']], 'before')
    backend.write(8, (batch) => batch.put('current', 'old', value('older')))
    await replacement.commit(4)
    demand(backend.appliedIndex === 4, 'the applied index is the new content’s, also a lower one')
    demand(backend.count('current', { from: '', to: null }, 1000) === 500, 'the new entries are there')
    demand(backend.get('current', 'old') === undefined && backend.get('meta', 'old') === undefined, 'the old ones are gone')
    demandEntries(snapshot, 'current', [['old', 'old']], 'an open snapshot')
    snapshot.close()
    await replacement.abort()
    backend.write(5, (batch) => batch.put('current', 'later', value('later')))
    demand(textOf(backend.get('current', 'later')) === 'later' && textOf(backend.get('current', 'n0499')) === '499', 'and can be written')
  },
  'a replacement that was given up leaves no trace': async ({ backend }) => {
    backend.write(1, (batch) => batch.put('current', 'k', value('v')))
    const given = backend.replace()
    given.put('current', 'other', value('w'))
    await given.abort()
    await given.abort()
    demandEntries(backend, 'current', [['k', 'v']], 'afterwards')
    const empty = backend.replace()
    await empty.commit(0)
    demandEntries(backend, 'current', [], 'an empty replacement')
    demand(backend.appliedIndex === 0, 'its index')
  },
  'flush makes everything durable, close ends everything': async ({ backend }) => {
    backend.write(6, (batch) => batch.put('current', 'k', value('v')))
    await backend.flush()
    demand(backend.durableIndex === (backend.persistent ? 6 : 0), 'durable up to the newest batch')
    await backend.close()
    await backend.close()
    demandCode(() => backend.get('current', 'k'), 'STOPPED', 'a read after close')
    demandCode(() => backend.write(7, () => undefined), 'STOPPED', 'a batch after close')
  },
}

const reopening: Readonly<Record<string, Check>> = {
  'everything is there again after closing and opening': async ({ backend, reopen }) => {
    demand(reopen !== undefined && backend.persistent, 'the fixture can reopen')
    const keys = trickyKeys()
    backend.write(9, (batch) => keys.forEach((key) => batch.put('past', key, value(String(key.length)))))
    backend.write(12, (batch) => batch.put('meta', 'm', value('meta')))
    const again = await reopen()
    demand(again.appliedIndex === 12 && again.durableIndex === 12, 'with its index')
    for (const key of keys) demand(textOf(again.get('past', key)) === String(key.length), `reads ${show(key)}`)
    demand(textOf(again.get('meta', 'm')) === 'meta', 'all tables')
    const replacement = again.replace()
    replacement.put('current', 'n', value('new'))
    await replacement.commit(20)
    const third = await reopen()
    demand(third.appliedIndex === 20 && third.get('meta', 'm') === undefined, 'a replacement survives too')
    demandEntries(third, 'current', [['n', 'new']], 'the replaced content')
  },
}

const losingPower: Readonly<Record<string, Check>> = {
  'an open batch is durable as a whole, and never before it was committed': async ({ backend, losePower }) => {
    demand(losePower !== undefined, 'the fixture can lose power')
    fillMuch(backend, 1)
    await changeMuch(backend, 2, () => backend.flush())
    await backend.flush()
    demand(backend.durableIndex === 1, 'only what came before is durable')
    const again = await losePower()
    demand(again.appliedIndex === 1, `not committed, and there is index ${again.appliedIndex}`)
    demandMuch(again, false, 'not committed')
    const commit = await changeMuch(again, 2, async () => undefined)
    commit()
    await again.flush()
    const third = await losePower()
    demand(third.appliedIndex === 2, `flushed, and there is index ${third.appliedIndex}`)
    demandMuch(third, true, 'committed')
  },
  'what was above the limit is not there after closing and opening, and nothing behind it': async ({ backend, reopen, losePower }) => {
    demand(reopen !== undefined && losePower !== undefined, 'the fixture can reopen')
    backend.limitDurability(3)
    for (let index = 1; index <= 5; index++) backend.write(index, (batch) => batch.put('current', `k${index}`, value('v')))
    const again = await reopen()
    demand(again.appliedIndex === 3, `closing leaves ${again.appliedIndex}`)
    demand(again.keys('current', { from: '', to: null }, 10).join() === 'k1,k2,k3', 'the batches below the limit')
  },
  'after a loss of power there is a whole batch, not older than what was durable': async ({ backend, losePower }) => {
    demand(losePower !== undefined, 'the fixture can lose power')
    for (let index = 1; index <= 20; index++) {
      backend.write(index, (batch) => {
        batch.put('current', 'index', value(String(index)))
        batch.put('past', 'index', value(String(index)))
      })
      if (index === 10) await backend.flush()
    }
    const promised = backend.durableIndex
    const again = await losePower()
    demand(promised >= 10 && again.appliedIndex >= promised, `found ${again.appliedIndex}, promised ${promised}`)
    const text = String(again.appliedIndex)
    demand(textOf(again.get('current', 'index')) === text && textOf(again.get('past', 'index')) === text, 'data and index belong together')
  },
}

const PIECE_BYTES = 5000

async function receive(transfer: BackendTransfer, shared: SharedState, between: () => void): Promise<boolean> {
  const incoming = await transfer.receive(shared.index)
  for (let at = 0; at < shared.sizeBytes; at += PIECE_BYTES) {
    const data = await shared.read(at, Math.min(PIECE_BYTES, shared.sizeBytes - at))
    demand(data.length === Math.min(PIECE_BYTES, shared.sizeBytes - at), 'exactly what was asked for is read')
    await incoming.write(data)
    between()
  }
  return incoming.finish()
}

const transferring: Readonly<Record<string, Check>> = {
  'a content that travels as it is, is that of one moment, and takes the place of another one as a whole': async ({ backend, reopen }) => {
    const { transfer } = backend
    demand(transfer !== undefined && reopen !== undefined, 'the fixture can transfer and reopen')
    const keys = trickyKeys()
    backend.write(5, (batch) => keys.forEach((key) => batch.put('past', key, value(String(key.length)))))
    backend.write(6, (batch) => batch.put('current', 'then', value('then')))
    await backend.flush()
    const shared = await transfer.share()
    demand(shared.index === 6 && backend.durableIndex >= 6, 'everything that was written is in it, and durable')
    // What comes after it must not become durable meanwhile: then nobody would want what is received any more.
    backend.limitDurability(6)
    let index = 6
    const isWhole = await receive(transfer, shared, () => {
      index += 1
      backend.write(index, (batch) => {
        batch.put('current', 'now', value(String(index)))
        batch.delete('past', keys[index % keys.length] as ByteString)
      })
    })
    demand(isWhole, 'what was received is whole')
    shared.close()
    shared.close()
    demand(textOf(backend.get('current', 'now')) === String(index), 'nothing shows before it is adopted')
    demand(!(await transfer.adopt(5)), 'nothing was received with that index')
    demand(await transfer.adopt(6), 'it is adopted')
    const check = (reader: Backend): void => {
      demand(reader.appliedIndex === 6 && reader.durableIndex === 6, 'with its index')
      for (const key of keys) demand(textOf(reader.get('past', key)) === String(key.length), `reads ${show(key)}`)
      demandEntries(reader, 'current', [['then', 'then']], 'the other content')
    }
    check(backend)
    demand(!(await transfer.adopt(6)), 'once')
    check(await reopen())
  },
  'what was received is there to be adopted after a restart, until something else is': async ({ backend, reopen }) => {
    demand(backend.transfer !== undefined && reopen !== undefined, 'the fixture can transfer and reopen')
    backend.write(9, (batch) => batch.put('current', 'k', value('nine')))
    await backend.flush()
    const shared = await backend.transfer.share()
    await backend.replace().commit(4)
    demand(await receive(backend.transfer, shared, () => undefined), 'whole')
    shared.close()
    const half = await backend.transfer.receive(20)
    await half.write(new Uint8Array(100))
    await half.abort()
    await half.abort()
    const again = await reopen()
    const { transfer } = again
    demand(transfer !== undefined && (await transfer.adopt(9)), 'it is adopted after the restart')
    demandEntries(again, 'current', [['k', 'nine']], 'the content')
    const nothing = await transfer.receive(30)
    demand(!(await nothing.finish()), 'nothing at all is no content')
    demand(!(await transfer.adopt(30)), 'and not adopted')
  },
}

/** The requirements of {@link Backend}. `create` makes a fresh, empty one for each case. */
export function backendConformance(
  create: () => BackendFixture | Promise<BackendFixture>,
  capabilities: BackendCapabilities,
): readonly BackendConformanceCase[] {
  const checks = {
    ...reading,
    ...writing,
    ...openBatches,
    ...snapshots,
    ...(capabilities.canReopen ? reopening : {}),
    ...(capabilities.canLosePower ? losingPower : {}),
    ...(capabilities.canTransfer ? transferring : {}),
  }
  return Object.entries(checks).map(([name, check]) => ({
    name,
    run: async () => {
      const fixture = await create()
      try {
        await check(fixture)
      } finally {
        await fixture.dispose()
      }
    },
  }))
}
