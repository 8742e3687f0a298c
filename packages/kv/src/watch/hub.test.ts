import { asIndex, asTerm } from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import { type Command, encodeCommand } from '../command.js'
import { KvStateMachine } from '../kv-state-machine.js'
import type { TxnOperation } from '../mvcc/txn.js'
import { MemoryBackend } from '../backend/memory-backend.js'
import type { Watcher, WatchRequest } from './types.js'

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))
const text = (from: Uint8Array): string => String.fromCharCode(...from)
const EVERYTHING = { key: bytes('\0'), rangeEnd: bytes('\0') }
const PLAIN = { startRevision: 0, previous: false, noPut: false, noDelete: false }
const put = (key: string, value: string): Command => ({ type: 'put', stamp: null, key: bytes(key), value: bytes(value) })
const remove = (key: string): Command => ({ type: 'delete', stamp: null, key: bytes(key) })
const prefix = (of: string): Pick<WatchRequest, 'key' | 'rangeEnd'> => ({
  key: bytes(of),
  rangeEnd: bytes(of.slice(0, -1) + String.fromCharCode(of.charCodeAt(of.length - 1) + 1)),
})
const all = (commands: readonly TxnOperation[]): Command => ({
  type: 'txn',
  stamp: null,
  txn: { compares: [], success: commands, failure: [] },
})

class Fixture {
  readonly machine: KvStateMachine
  #index = 0

  constructor(machine = new KvStateMachine()) {
    this.machine = machine
  }

  /** One batch. */
  apply(...commands: Command[]): void {
    this.machine.applyAtOnce(
      commands.map((command) => ({ index: asIndex(++this.#index), term: asTerm(1), timeMs: 0, command: encodeCommand(command) })),
    )
  }

  watch(request: Partial<WatchRequest>): { readonly watcher: Watcher; readonly calls: () => number } {
    let calls = 0
    const watcher = this.machine.watches.open({ ...PLAIN, ...EVERYTHING, ...request }, () => void (calls += 1))
    return { watcher, calls: () => calls }
  }
}

/** Everything there is, as short texts: revision, key, value or - when deleted, (previous). */
function drain(watcher: Watcher, maxBytes = Number.POSITIVE_INFINITY): string[] {
  const seen: string[] = []
  for (let delivery = watcher.pull(maxBytes); delivery !== null; delivery = watcher.pull(maxBytes)) {
    if (delivery.type === 'compacted') {
      seen.push(`compacted ${delivery.compactedRevision}`)
      break
    }
    for (const { type, key, record, previous, revision } of delivery.events) {
      const value = type === 'put' ? `=${text(record?.value ?? bytes('?'))}` : '-'
      seen.push(`${revision} ${text(key)}${value}${previous === null ? '' : `(${text(previous.value)})`}`)
    }
    if (delivery.more) seen.push('...')
  }
  return seen
}

describe('a watcher', () => {
  it('is told once when there is something, and gets it in order', () => {
    const { apply, watch } = bound(new Fixture())
    const { watcher, calls } = watch({})
    expect(watcher.pull(1000)).toBeNull()
    expect(watcher.position).toBe(1)
    apply(put('b', '1'), put('a', '2'))
    apply(put('a', '3'))
    expect(calls()).toBe(1)
    expect(watcher.position).toBe(1)
    expect(drain(watcher)).toEqual(['2 b=1', '3 a=2', '4 a=3'])
    expect(watcher.position).toBe(4)
    apply(remove('a'))
    expect(calls()).toBe(2)
    expect(drain(watcher)).toEqual(['5 a-'])
    watcher.close()
    apply(put('z', '1'))
    expect(calls()).toBe(2)
    expect(drain(watcher)).toEqual([])
  })

  it('sees a key, a prefix, a range, or everything from a key on', () => {
    const { apply, watch } = bound(new Fixture())
    const watchers = [
      { key: bytes('b'), rangeEnd: bytes('') },
      prefix('b'),
      { key: bytes('b'), rangeEnd: bytes('bb') },
      { key: bytes('bb'), rangeEnd: bytes('\0') },
    ]
    const open = watchers.map((range) => watch(range).watcher)
    for (const key of ['a', 'b', 'ba', 'bb', 'c', '\xff']) apply(put(key, ''))
    expect(open.map((watcher) => drain(watcher).map((each) => each.slice(2, -1)))).toEqual([
      ['b'],
      ['b', 'ba', 'bb'],
      ['b', 'ba'],
      ['bb', 'c', '\xff'],
    ])
  })
})

describe('a transaction', () => {
  it('is one delivery, whatever part of it is watched', () => {
    const { apply, watch } = bound(new Fixture())
    const { watcher } = watch(prefix('b'))
    const write = (key: string): TxnOperation => ({ type: 'put', key: bytes(key), value: bytes('v'), lease: 0n, previous: false })
    apply(all(['b2', 'a', 'b1', 'c'].map(write)))
    expect(watcher.pull(1000)).toMatchObject({ revision: 2, more: false, events: [{ revision: 2 }, { revision: 2 }] })
    apply(all([{ type: 'delete', ...prefix('b'), previous: false }]))
    expect(drain(watcher)).toEqual(['3 b1-', '3 b2-'])
  })
})

describe('a start', () => {
  it('in the past reads the history, at the compacted revision too, before it says so', () => {
    const { apply, watch } = bound(new Fixture())
    for (let at = 2; at <= 9; at++) apply(put('k', String(at)))
    apply({ type: 'compact', stamp: null, revision: 5 })
    expect(drain(watch({ startRevision: 7 }).watcher)).toEqual(['7 k=7', '8 k=8', '9 k=9'])
    expect(drain(watch({ startRevision: 5, previous: true }).watcher)).toEqual(['5 k=5', '6 k=6(5)', '7 k=7(6)', '8 k=8(7)', '9 k=9(8)'])
    const { watcher } = watch({ startRevision: 4 })
    expect(drain(watcher)).toEqual(['compacted 5'])
    expect(watcher.pull(1000)).toBeNull()
  })

  it('in the future waits for it', () => {
    const { apply, watch } = bound(new Fixture())
    const { watcher } = watch({ startRevision: 4 })
    expect([drain(watcher), watcher.position]).toEqual([[], 3])
    for (const key of ['a', 'b', 'c']) apply(put(key, ''))
    expect([drain(watcher), watcher.position]).toEqual([['4 c='], 4])
  })

  it('must be a revision', () => {
    const { watch } = bound(new Fixture())
    for (const startRevision of [-1, 1.5, Number.NaN]) expect(() => watch({ startRevision })).toThrow(/cannot start/)
  })
})

describe('a slow watcher', () => {
  it('is given what it missed when it pulls again, and keeps its place in a revision that comes in parts', () => {
    const { apply, watch } = bound(new Fixture())
    const { watcher, calls } = watch({})
    expect(watcher.pull(1000)).toBeNull()
    for (let at = 2; at <= 1000; at++) apply(put(`k${at % 7}`, String(at)))
    apply(all([{ type: 'delete', ...EVERYTHING, previous: false }]))
    expect(calls()).toBe(1)
    const seen = drain(watcher, 150)
    expect(seen.length).toBe(999 + 7 + 3)
    expect(seen.slice(-5)).toEqual(['...', '1001 k4-', '1001 k5-', '...', '1001 k6-'])
    expect(watcher.position).toBe(1001)
  })

  it('is told so when the history has been compacted meanwhile', () => {
    const { apply, watch } = bound(new Fixture(new KvStateMachine({ watch: { maxRecentBytes: 0 } })))
    const { watcher } = watch({})
    for (let at = 2; at <= 200; at++) apply(put('k', String(at)))
    apply({ type: 'compact', stamp: null, revision: 150 })
    expect(drain(watcher)).toEqual(['compacted 150'])
    const next = watch({ startRevision: 150 }).watcher
    expect(drain(next).length).toBe(51)
  })
})

describe('whoever keeps up', () => {
  it('is given what the same batch compacts', () => {
    const { apply, watch } = bound(new Fixture())
    const { watcher } = watch({ previous: true })
    apply(put('k', '1'), put('k', '2'), remove('k'), put('k', '3'), { type: 'compact', stamp: null, revision: 5 }, { type: 'advance' })
    expect(drain(watcher)).toEqual(['2 k=1', '3 k=2(1)', '4 k-(2)', '5 k=3'])
  })
})

describe('the history', () => {
  it('is read once for all who lag, in slices, and not when nobody asks', () => {
    const turns: (() => void)[] = []
    const clock = { now: () => 0, setTimer: () => ({ cancel: () => undefined }), defer: (run: () => void) => void turns.push(run) }
    const backend = new MemoryBackend()
    const { apply, watch } = bound(new Fixture(new KvStateMachine({ backend, clock, watch: { sliceEvents: 100, maxPendingRevisions: 0 } })))
    for (let at = 2; at <= 1001; at++) apply(put(`k${at % 10}`, String(at)))
    let blocksRead = 0
    const page = backend.page.bind(backend)
    backend.page = (table, range, limit) => {
      const found = page(table, range, limit)
      if (table === 'history') blocksRead += found.length
      return found
    }
    const open = Array.from({ length: 50 }, (_, at) => watch({ ...prefix(`k${at % 10}`), startRevision: 2 + at }))
    for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) turn()
    // Each revision once, and a block again in the slice that begins in it; then everybody has as many pending as may be, and nobody has pulled.
    expect(blocksRead).toBeLessThan(20)
    expect(open.map(({ calls }) => calls())).toEqual(open.map(() => 1))
    expect(turns).toEqual([])
  })
})

function bound(fixture: Fixture) {
  return { apply: fixture.apply.bind(fixture), watch: fixture.watch.bind(fixture), machine: fixture.machine }
}
