import { describe, expect, it } from 'vitest'
import { type Command, encodeCommand } from '../command.js'
import { KvStateMachine } from '../kv-state-machine.js'
import type { TxnOperation } from '../mvcc/txn.js'
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
    this.machine.apply(commands.map((command) => ({ index: ++this.#index, term: 1, timeMs: 0, command: encodeCommand(command) })))
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

function bound(fixture: Fixture) {
  return { apply: fixture.apply.bind(fixture), watch: fixture.watch.bind(fixture), machine: fixture.machine }
}
