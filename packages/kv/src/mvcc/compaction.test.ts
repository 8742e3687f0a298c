import { asIndex, asTerm } from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import { type Command, encodeCommand } from '../command.js'
import { KvStateMachine } from '../kv-state-machine.js'
import { PLAIN_RANGE } from './range.js'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

class Machine {
  machine = new KvStateMachine()

  execute(command: Command): unknown {
    const { machine } = this
    return machine.applyAtOnce([
      { index: asIndex(machine.appliedIndex + 1), term: asTerm(1), timeMs: 1, command: encodeCommand(command) },
    ])[0]
  }

  put(key: string, value: string): void {
    this.execute({ type: 'put', stamp: null, key: bytes(key), value: bytes(value) })
  }

  deleteAll(): void {
    const all = { type: 'delete', key: new Uint8Array(1), rangeEnd: new Uint8Array(1), previous: false } as const
    this.execute({ type: 'txn', stamp: null, txn: { compares: [], success: [all], failure: [] } })
  }

  compact(revision = this.machine.revision): void {
    this.execute({ type: 'compact', stamp: null, revision })
    for (let at = 0; at < 100 && this.machine.advanceAtMs === 0; at++) this.execute({ type: 'advance' })
  }

  get historyBytes(): number {
    return this.machine.query({ type: 'stats' }).historyBytes
  }

  at(key: string, revision: number): string | undefined {
    const { result } = this.machine.query({
      type: 'range',
      maxBytes: Number.POSITIVE_INFINITY,
      request: { ...PLAIN_RANGE, key: bytes(key), rangeEnd: new Uint8Array(0), revision },
    })
    const [entry] = result?.entries ?? []
    return entry === undefined ? undefined : new TextDecoder().decode(entry.value)
  }
}

describe('compaction to the newest revision', () => {
  it('gives back what that revision itself deleted or replaced', () => {
    const store = new Machine()
    const large = 'x'.repeat(100_000)
    for (let at = 0; at < 50; at++) store.put(`k${at}`, large)
    store.deleteAll()
    expect(store.historyBytes).toBeGreaterThan(5_000_000)
    store.compact()
    // The block that is still growing stays as it is.
    expect(store.historyBytes).toBeLessThan(150_000)
    store.put('after', 'it')
    store.compact()
    expect(store.historyBytes).toBeLessThan(1000)
  })

  it('keeps the rest: what was at that revision, runs of appends, and what comes through a snapshot', async () => {
    const store = new Machine()
    for (let at = 0; at < 40; at++) {
      store.put(`p${at}`, 'y'.repeat(1000))
      store.execute({ type: 'append', stamp: null, key: bytes(`p${at}`), value: bytes('+') })
    }
    const revision = store.machine.revision + 1
    store.deleteAll()
    store.put('p1', 'new')
    for (let at = 0; at < 40; at++) store.put('q', 'z'.repeat(1000))
    store.compact(revision)
    const check = (): void => {
      expect(store.at('p1', revision)).toBeUndefined()
      expect(store.at('p2', revision)).toBeUndefined()
      expect(store.at('p1', revision + 1)).toBe('new')
      expect(store.at('q', revision + 2)).toBe('z'.repeat(1000))
    }
    check()
    const copy = new Machine()
    await copy.machine.restore(store.machine.snapshot())
    expect(copy.historyBytes).toBe(store.historyBytes)
    store.machine = copy.machine
    check()
    store.deleteAll()
    store.compact()
    store.put('end', '')
    store.compact()
    expect(store.historyBytes).toBeLessThan(20_000)
  })
})
