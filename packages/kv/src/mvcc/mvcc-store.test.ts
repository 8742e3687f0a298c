import { asIndex, asTerm } from '@balsa/raft'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Command, encodeCommand } from '../command.js'
import { KvStateMachine } from '../kv-state-machine.js'
import { NaiveStore } from '../naive-store.test-support.js'
import type { CommandResult } from '../result.js'
import { MemoryBackend } from '../backend/memory-backend.js'
import { arbitrariesOf } from './commands.test-support.js'
import { PLAIN_RANGE } from './range.js'
import { VersionReader } from './reader.js'
import { walkHistory } from './history.js'
import type { TxnOperation } from './txn.js'

const entry = (index: number, command: Command, timeMs = 0) => ({
  index: asIndex(index),
  term: asTerm(1),
  timeMs,
  command: encodeCommand(command),
})
const bytes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))
const put = (key: string, value: string): Command => ({ type: 'put', stamp: null, key: bytes(key), value: bytes(value) })

async function copyOf(machine: KvStateMachine): Promise<KvStateMachine> {
  const copy = new KvStateMachine()
  await copy.restore(machine.snapshot())
  return copy
}

async function snapshotOf(machine: KvStateMachine): Promise<string> {
  const parts: string[] = []
  for await (const chunk of machine.snapshot()) parts.push(chunk.join())
  return parts.join()
}

/** Revisions are small numbers in runs of this length. */
const { request, command } = arbitrariesOf(120)
const step = fc.record({ command, request, elapsedMs: fc.oneof({ weight: 9, arbitrary: fc.nat(60) }, fc.nat(2500)), event: fc.nat(80) })

describe('the data model against the naive store', () => {
  it('answers 100,000 random commands and questions alike, through restarts, compactions, expiries and transactions', async () => {
    let done = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 200, maxLength: 400, size: 'max' }), async (steps) => {
        const naive = new NaiveStore()
        const twin = new KvStateMachine()
        let machine = new KvStateMachine()
        let timeMs = 0
        for (const [at, { command: given, request: asked, elapsedMs, event }] of steps.entries()) {
          timeMs += elapsedMs
          const applied = entry(at + 1, given, timeMs)
          const expected = naive.apply(at + 1, timeMs, given)
          const [answer] = machine.applyAtOnce([applied]) as [CommandResult]
          expect(answer).toEqual(expected)
          expect(twin.apply([applied])).toEqual([expected])
          expect(machine.revision).toBe(naive.revision)
          if (event === 0) machine = await copyOf(machine)
          const found = machine.query({ type: 'range', request: asked, maxBytes: Number.POSITIVE_INFINITY })
          expect(found.refusal ?? found.result).toEqual(naive.range(asked))
          if (event === 1) expect(await machine.scan({ type: 'range', request: asked, maxBytes: Number.POSITIVE_INFINITY })).toEqual(found)
          if (event === 2) {
            const held = [7n, 8n, -9n].map((id) => machine.query({ type: 'lease', lease: id, withKeys: true, keysFrom: '' }).lease)
            const living = [7n, 8n, -9n].map((id) => naive.living(id))
            expect(held.map((each) => each?.remainingMs)).toEqual(living.map((each) => each && each.deadlineMs - naive.timeMs))
          }
        }
        expect(machine.stateHash).toBe(twin.stateHash)
        expect(await snapshotOf(machine)).toBe(await snapshotOf(twin))
        done += steps.length
      }),
      { numRuns: 360, endOnFailure: true, interruptAfterTimeLimit: 120_000, markInterruptAsFailure: true },
    )
    expect(done).toBeGreaterThan(100_000)
  }, 150_000)
})

describe('compaction', () => {
  it('leaves nothing behind but living keys and the block of the history with the events of the compacted revision', () => {
    const machine = new KvStateMachine()
    let index = 0
    const apply = (given: Command): void => void machine.applyAtOnce([entry(++index, given)])
    for (let at = 0; at < 300; at++) apply(put(`k${at % 10}`, 'v'.repeat(100)))
    for (let at = 0; at < 100; at++) apply({ type: 'append', stamp: null, key: bytes('log'), value: bytes('x'.repeat(50)) })
    for (let at = 0; at < 5; at++) apply({ type: 'delete', stamp: null, key: bytes(`k${at}`) })
    // A hundred versions of a growing value would be 250 KB if each held all of it.
    expect(machine.query({ type: 'stats' }).historyBytes).toBeLessThan(60_000)
    apply({ type: 'compact', stamp: null, revision: machine.revision })
    expect(machine.query({ type: 'stats' }).historyBytes).toBeGreaterThan(10_000)
    apply({ type: 'advance' })
    expect(machine.query({ type: 'stats' })).toMatchObject({ keys: 6, compactedRevision: machine.revision })
    expect(machine.query({ type: 'stats' }).historyBytes).toBeLessThan(1000)
  })

  it('goes by itself when no history is wanted', () => {
    const machine = new KvStateMachine({ maxHistoryRevisions: 0 })
    for (let at = 1; at <= 1000; at++) machine.applyAtOnce([entry(at, put(`k${at % 10}`, 'v'.repeat(100)))])
    expect(machine.query({ type: 'stats' })).toMatchObject({ keys: 10, compactedRevision: 1001 })
    expect(machine.query({ type: 'stats' }).historyBytes).toBeLessThan(300)
  })

  it('keeps the events from the compacted revision on, deletions too: a watch may begin there', () => {
    const backend = new MemoryBackend()
    const machine = new KvStateMachine({ backend })
    const all: TxnOperation = { type: 'delete', key: bytes('\0'), rangeEnd: bytes('\0'), previous: false }
    machine.applyAtOnce([
      ...['a', 'b', 'c'].map((name, at) => entry(at + 1, put(name, 'v'))),
      entry(4, { type: 'txn', stamp: null, txn: { compares: [], success: [all], failure: [] } }),
      entry(5, put('b', 'w')),
      entry(6, { type: 'compact', stamp: null, revision: 5 }),
      entry(7, { type: 'advance' }),
    ])
    const reader = new VersionReader(backend)
    const events: unknown[] = []
    walkHistory(backend, 5, 0, (event) => {
      events.push([event.revision, event.name, reader.writtenBy(event)?.version])
      return true
    })
    expect(events).toEqual([[5, 'a', undefined], [5, 'b', undefined], [5, 'c', undefined], [6, 'b', 1]]) // biome-ignore format: a table
  })

  it('reads every retained version of a value that grew by appends', () => {
    const machine = new KvStateMachine()
    for (let at = 1; at <= 40; at++) machine.applyAtOnce([entry(at, { type: 'append', stamp: null, key: bytes('k'), value: bytes('x') })])
    machine.applyAtOnce([entry(41, put('k', 'new')), entry(42, { type: 'append', stamp: null, key: bytes('k'), value: bytes('er') })])
    const valueAt = (revision: number): string => {
      const request = { ...PLAIN_RANGE, key: bytes('k'), rangeEnd: bytes(''), revision }
      const found = machine.query({ type: 'range', request, maxBytes: Number.POSITIVE_INFINITY }).result?.entries[0]
      return String.fromCharCode(...(found?.value ?? []))
    }
    for (let at = 1; at <= 40; at++) expect(valueAt(at + 1)).toBe('x'.repeat(at))
    machine.applyAtOnce([entry(43, { type: 'compact', stamp: null, revision: 30 }), entry(44, { type: 'advance' })])
    for (let at = 29; at <= 40; at++) expect(valueAt(at + 1)).toBe('x'.repeat(at))
    expect([valueAt(42), valueAt(43)]).toEqual(['new', 'newer'])
  })
})

describe('leases', () => {
  it('end in the first command after their deadline, never in one at it, with their keys in one revision', () => {
    const machine = new KvStateMachine()
    const attach = (name: string): TxnOperation => ({ type: 'put', key: bytes(name), value: bytes('v'), lease: 5n, previous: false })
    machine.applyAtOnce([
      entry(1, { type: 'leaseGrant', stamp: null, lease: 5n, ttlMs: 1000 }, 100),
      entry(2, { type: 'txn', stamp: null, txn: { compares: [], success: [attach('b'), attach('a')], failure: [] } }, 100),
    ])
    expect(machine.query({ type: 'lease', lease: 5n, withKeys: true, keysFrom: '' }).lease).toEqual({
      ttlMs: 1000,
      remainingMs: 1000,
      keys: ['a', 'b'],
      more: false,
    })
    machine.applyAtOnce([entry(3, { type: 'advance' }, 1100)])
    expect(machine.query({ type: 'stats' }).keys).toBe(2)
    machine.applyAtOnce([entry(4, { type: 'leaseKeepAlive', stamp: null, lease: 5n }, 1100), entry(5, { type: 'advance' }, 2100)])
    expect(machine.query({ type: 'stats' })).toMatchObject({ keys: 2, revision: 2 })
    machine.applyAtOnce([entry(6, { type: 'advance' }, 2101)])
    expect(machine.query({ type: 'stats' })).toMatchObject({ keys: 0, revision: 3 })
    expect(machine.query({ type: 'leases', from: 0n }).leases).toEqual([])
  })
})

describe('transactions', () => {
  const run = (machine: KvStateMachine, index: number, operations: readonly TxnOperation[], sequence: number | null = null) =>
    machine.applyAtOnce([
      entry(index, {
        type: 'txn',
        stamp: sequence === null ? null : { session: 1, sequence, firstUnanswered: 1 },
        txn: { compares: [], success: operations, failure: [] },
      }),
    ])[0]
  const write = (name: string): TxnOperation => ({ type: 'put', key: bytes(name), value: bytes('v'), lease: 0n, previous: false })

  it('are refused as a whole by their shape', () => {
    const machine = new KvStateMachine()
    const refusal = (operations: readonly TxnOperation[]) => run(machine, machine.appliedIndex + 1, operations)
    expect(refusal([write('a'), write('a')])).toEqual({ type: 'refused', code: 'DUPLICATE_KEY' })
    const all: TxnOperation = { type: 'delete', key: bytes('\0'), rangeEnd: bytes('\0'), previous: false }
    expect(refusal([write('a'), all])).toEqual({ type: 'refused', code: 'DUPLICATE_KEY' })
    expect(refusal([all, all])).toMatchObject({ type: 'txn', revision: 1 })
    const many = Array.from({ length: 129 }, (_, at) => write(`k${at}`))
    expect(refusal(many)).toEqual({ type: 'refused', code: 'TOO_MANY_OPERATIONS' })
    expect(refusal(many.slice(1))).toMatchObject({ type: 'txn', revision: 2 })
    expect(refusal([write('')])).toEqual({ type: 'refused', code: 'INVALID' })
  })

  it('that might answer too much are refused before they write', () => {
    const machine = new KvStateMachine()
    const large = new Uint8Array(1_000_000)
    for (let at = 1; at <= 2; at++) machine.applyAtOnce([entry(at, { type: 'put', stamp: null, key: bytes(`k${at}`), value: large })])
    const all: TxnOperation = { type: 'range', request: { ...PLAIN_RANGE, key: bytes('k'), rangeEnd: bytes('l') } }
    expect(run(machine, 3, [write('a'), all])).toEqual({ type: 'refused', code: 'TOO_LARGE' })
    expect(machine.revision).toBe(3)
  })

  it('happen once in a session; of a long answer only the fact is kept', () => {
    const machine = new KvStateMachine()
    machine.applyAtOnce([entry(1, { type: 'openSession', ttlMs: 5000, clientNonce: new Uint8Array(16) })])
    machine.applyAtOnce([entry(2, { type: 'put', stamp: null, key: bytes('k'), value: new Uint8Array(100_000) })])
    const read: TxnOperation = { type: 'range', request: { ...PLAIN_RANGE, key: bytes('k'), rangeEnd: bytes('') } }
    expect(run(machine, 3, [write('a'), read], 1)).toMatchObject({ revision: 3, responses: [{ type: 'put' }, { type: 'range', count: 1 }] })
    expect(run(machine, 4, [write('a'), read], 1)).toEqual({ type: 'txn', revision: 3, succeeded: true, responses: null })
    const short = run(machine, 5, [write('b')], 2)
    expect(run(machine, 6, [write('b')], 2)).toEqual(short)
    expect(machine.revision).toBe(4)
  })
})
