import { asIndex, asTerm, type AppliedCommand, type Clock } from '@balsa/raft'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MemoryBackend } from './backend/memory-backend.js'
import { type Command, encodeCommand } from './command.js'
import { KvStateMachine, type LongCommands } from './kv-state-machine.js'
import { PLAIN_RANGE, type SortTarget } from './mvcc/range.js'
import type { Compare, TxnOperation } from './mvcc/txn.js'
import type { CommandResult } from './result.js'
import type { Watcher } from './watch/types.js'

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))
const text = (from: Uint8Array): string => String.fromCharCode(...from)
const EVERYTHING = { key: bytes('\0'), rangeEnd: bytes('\0') }
const LEASES: readonly [bigint, ...bigint[]] = [1n, 2n]

/** Turns are taken by hand. */
class HandClock implements Clock {
  turns: (() => void)[] = []

  now = (): number => 0
  setTimer = () => ({ cancel: () => undefined })

  defer(callback: () => void): void {
    this.turns.push(callback)
  }

  /** Runs what waits for a turn, and what that wakes, until there is nothing left; `between` is called before each turn. */
  async run(isOver: () => boolean, between: () => void): Promise<void> {
    while (!isOver() || this.turns.length > 0) {
      for (let at = 0; at < 20; at++) await Promise.resolve()
      between()
      for (const turn of this.turns.splice(0)) turn()
    }
  }
}

class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((this.#state / 2 ** 32) * limit)
  }

  pick<T>(from: readonly [T, ...T[]]): T {
    return from[this.below(from.length)] ?? from[0]
  }
}

/** Commands as clients may send them, many of them about ranges. */
class Commands {
  readonly #random: Random
  #sequence = 0
  readonly #sessions: number[] = []

  constructor(random: Random) {
    this.#random = random
  }

  next(index: number, withCompaction: boolean, revision: number): Command {
    const random = this.#random
    const kind = random.below(20)
    if (index === 1 || random.below(15) === 0) {
      this.#sessions.push(index)
      return { type: 'openSession', ttlMs: 1000 + random.below(4000), clientNonce: new Uint8Array(16).fill(index) }
    }
    if (kind === 0) return { type: 'leaseGrant', stamp: null, lease: random.pick(LEASES), ttlMs: 1000 + random.below(3000) }
    if (kind === 1) return { type: 'leaseRevoke', stamp: null, lease: random.pick(LEASES) }
    if (kind === 2 && withCompaction) return { type: 'compact', stamp: null, revision: 1 + random.below(revision) }
    if (kind < 8) return { type: 'put', stamp: null, key: this.#key(), value: bytes(`v${index}`) }
    if (kind < 11) return { type: 'append', stamp: null, key: this.#key(), value: bytes(`+${index}`) }
    // Some of them are sent again.
    if (kind > 12 || this.#sequence === 0) this.#sequence += 1
    const session = this.#sessions[random.below(this.#sessions.length)] ?? 1
    const stamp = { session, sequence: this.#sequence, firstUnanswered: Math.max(1, this.#sequence - 3) }
    return { type: 'txn', stamp: kind === 19 ? null : stamp, txn: this.#txn(revision, 2) }
  }

  #key(): Uint8Array {
    return bytes(`k${this.#random.below(40)}`)
  }

  #range(): { readonly key: Uint8Array; readonly rangeEnd: Uint8Array } {
    const [from, to] = [this.#random.below(10), this.#random.below(10)]
    return this.#random.below(3) === 0 ? EVERYTHING : { key: bytes(`k${Math.min(from, to)}`), rangeEnd: bytes(`k${Math.max(from, to)}z`) }
  }

  #txn(revision: number, depth: number): Extract<Command, { readonly type: 'txn' }>['txn'] {
    const operations = (): TxnOperation[] => Array.from({ length: this.#random.below(4) }, () => this.#operation(revision, depth))
    const compares = Array.from({ length: this.#random.below(2) }, (): Compare => {
      const operand = this.#random.below(revision + 2)
      return { ...this.#range(), target: 'modRevision', operand, result: this.#random.pick(['greater', 'less', 'notEqual']) }
    })
    return { compares, success: operations(), failure: operations() }
  }

  #operation(revision: number, depth: number): TxnOperation {
    const random = this.#random
    const kind = random.below(8)
    const lease = random.pick([0n, 0n, ...LEASES])
    if (kind < 2) return { type: 'put', key: this.#key(), value: bytes(`t${random.below(100)}`), lease, previous: random.below(2) === 0 }
    if (kind < 5) return { type: 'delete', ...this.#range(), previous: random.below(2) === 0 }
    if (kind === 5 && depth > 0) return { type: 'txn', txn: this.#txn(revision, depth - 1) }
    const request = {
      ...PLAIN_RANGE,
      ...this.#range(),
      limit: random.below(5),
      revision: random.below(2) === 0 ? 0 : 1 + random.below(revision),
      sortTarget: random.pick<SortTarget>(['key', 'value', 'modRevision']),
      countOnly: random.below(3) === 0,
      minModRevision: random.below(3) === 0 ? random.below(revision) : 0,
    }
    return { type: 'range', request }
  }
}

/** Everything that can be seen of the state, as a text. */
function viewOf(machine: KvStateMachine): string {
  const shown = (_key: string, value: unknown): unknown => {
    if (value instanceof Uint8Array) return text(value)
    return typeof value === 'bigint' ? String(value) : value
  }
  const { revision, timeMs, hashMarks, appliedIndex, stateHash } = machine
  const ranges = [0, Math.max(1, machine.query({ type: 'stats' }).compactedRevision), revision]
  const range = (at: number): unknown =>
    machine.query({ type: 'range', request: { ...PLAIN_RANGE, ...EVERYTHING, revision: at }, maxBytes: Number.POSITIVE_INFINITY })
  const leases = LEASES.map((lease) => machine.query({ type: 'lease', lease, withKeys: true, keysFrom: '' }))
  const all = [machine.query({ type: 'leases', from: 0n }), machine.query({ type: 'stats' }), ranges.map(range), leases]
  return JSON.stringify([revision, timeMs, hashMarks, appliedIndex, stateHash, ...all], shown)
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  let all = ''
  for await (const chunk of chunks) all += chunk.join()
  return all
}

/** Events as texts; `compacted` at the end when there are no more for that reason. */
function drain(watcher: Watcher): string[] {
  const seen: string[] = []
  for (let next = watcher.pull(1_000_000); next !== null; next = watcher.pull(1_000_000)) {
    if (next.type === 'compacted') return [...seen, 'compacted']
    for (const { type, key, record, previous, revision } of next.events)
      seen.push(`${revision} ${type} ${text(key)} ${text(record?.value ?? bytes(''))} ${text(previous?.value ?? bytes(''))}`)
  }
  return seen
}

const watch = (machine: KvStateMachine, startRevision = 0): Watcher =>
  machine.watches.open({ ...EVERYTHING, startRevision, previous: true, noPut: false, noDelete: false }, () => undefined)

describe('commands about ranges, in turns drawn at random', () => {
  async function check(seed: number, withCompaction: boolean): Promise<number> {
    const random = new Random(seed)
    const commands = new Commands(random)
    const clock = new HandClock()
    const longCommands: LongCommands = { keys: random.below(4), stepKeys: 1 + random.below(4), isTurnOver: () => random.below(3) > 0 }
    const backend = new MemoryBackend({ persistent: true })
    const machine = new KvStateMachine({ clock, longCommands, backend })
    const reference = new KvStateMachine()
    const views = new Map([[0, viewOf(reference)]])
    const watchers = [watch(reference), watch(machine)] as const
    const events: [string[], string[]] = [[], []]
    let [index, timeMs, pauses] = [0, 0, 0]
    for (let round = 0; round < 25; round++) {
      const batch: AppliedCommand[] = []
      const expected: CommandResult[] = []
      for (let size = 1 + random.below(4); size > 0; size--) {
        index += 1
        timeMs += random.below(400)
        const command = encodeCommand(commands.next(index, withCompaction, reference.revision))
        const entry = { index: asIndex(index), term: asTerm(1), timeMs, command }
        batch.push(entry)
        expected.push(...reference.applyAtOnce([entry]))
        views.set(index, viewOf(reference))
      }
      let results: readonly CommandResult[] | null = null
      const applying = machine.apply(batch)
      if (applying instanceof Promise) void applying.then((answer) => (results = answer))
      else results = applying
      await clock.run(
        () => results !== null,
        () => {
          pauses += results === null ? 1 : 0
          expect(viewOf(machine)).toBe(views.get(machine.appliedIndex))
          if (random.below(4) === 0) events[1].push(...drain(watchers[1]))
        },
      )
      expect(results).toEqual(expected)
      expect(machine.appliedIndex).toBe(index)
      events[0].push(...drain(watchers[0]))
      events[1].push(...drain(watchers[1]))
    }
    expect(await collect(machine.snapshot())).toBe(await collect(reference.snapshot()))
    expect(await collect(new KvStateMachine({ backend }).snapshot())).toBe(await collect(reference.snapshot()))
    if (!withCompaction) expect(events[1]).toEqual(events[0])
    return pauses
  }

  it('answer the same, leave the same state and the same events; reads between see one command wholly or not at all', async () => {
    let pauses = 0
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.boolean(), async (seed, withCompaction) => {
        pauses += await check(seed, withCompaction)
      }),
      { numRuns: 150, endOnFailure: true },
    )
    expect(pauses).toBeGreaterThan(1000)
  }, 60_000)
})

describe('a delete of very many keys', () => {
  const COUNT = 5000
  const remove: Command = {
    type: 'txn',
    stamp: null,
    txn: { compares: [], success: [{ type: 'delete', ...EVERYTHING, previous: false }], failure: [] },
  }

  function filled(): { readonly machine: KvStateMachine; readonly clock: HandClock; entry(command: Command): AppliedCommand } {
    const clock = new HandClock()
    const machine = new KvStateMachine({ clock, longCommands: { isTurnOver: () => true } })
    let index = 0
    const entry = (command: Command): AppliedCommand => ({
      index: asIndex(++index),
      term: asTerm(1),
      timeMs: index,
      command: encodeCommand(command),
    })
    for (let at = 0; at < COUNT; at++)
      machine.applyAtOnce([entry({ type: 'put', stamp: null, key: bytes(`k${String(at).padStart(5, '0')}`), value: bytes('v') })])
    return { machine, clock, entry }
  }

  it('takes many turns, and everybody who watches gets all of its events, also who came meanwhile', async () => {
    const { machine, clock, entry } = filled()
    const caughtUp = watch(machine)
    const applying = machine.apply([entry(remove), entry({ type: 'put', stamp: null, key: bytes('then'), value: bytes('v') })])
    expect(applying).toBeInstanceOf(Promise)
    const before = machine.revision
    let [turns, isOver] = [0, false]
    let late: Watcher | null = null
    void (applying as Promise<unknown>).then(() => (isOver = true))
    await clock.run(
      () => isOver,
      () => {
        turns += 1
        if (turns === 5) late = watch(machine)
        if (!isOver && machine.revision === before) expect(machine.query({ type: 'stats' }).keys).toBe(COUNT)
      },
    )
    expect(turns).toBeGreaterThan(COUNT / 256)
    for (const watcher of [caughtUp, late as Watcher | null]) {
      const seen = watcher === null ? [] : drain(watcher)
      expect(seen).toHaveLength(COUNT + 1)
      expect(seen[0]).toBe(`${before + 1} delete k00000  v`)
      expect(seen[COUNT - 1]).toBe(`${before + 1} delete k0${COUNT - 1}  v`)
      expect(seen[COUNT]).toBe(`${before + 2} put then v `)
    }
  })

  it('lets nothing else change, save or replace the state meanwhile', async () => {
    const { machine, clock, entry } = filled()
    const applying = machine.apply([entry(remove)])
    expect(() => machine.apply([entry(remove)])).toThrow('one command after the other')
    expect(() => machine.snapshot()).toThrow('one command after the other')
    await expect(machine.restore((async function* () {})())).rejects.toThrow('one command after the other')
    let isOver = false
    void (applying as Promise<unknown>).then(() => (isOver = true))
    await clock.run(
      () => isOver,
      () => undefined,
    )
    expect(machine.query({ type: 'stats' }).keys).toBe(0)
    expect(await collect(machine.snapshot())).not.toBe('')
  })
})

describe('the end of very many sessions', () => {
  const SESSIONS = 40
  const ANSWERS = 100

  it('takes many turns, before the command that it comes with, and whoever asks sees the state before', async () => {
    const clock = new HandClock()
    const backend = new MemoryBackend({ persistent: true })
    const machine = new KvStateMachine({ clock, longCommands: { isTurnOver: () => true }, backend })
    const reference = new KvStateMachine()
    let [index, timeMs] = [0, 0]
    const entry = (command: Command): AppliedCommand => ({
      index: asIndex(++index),
      term: asTerm(1),
      timeMs,
      command: encodeCommand(command),
    })
    const both = (command: Command): void => {
      const one = entry(command)
      expect(machine.apply([one])).toEqual(reference.apply([one]))
    }
    for (let session = 1; session <= SESSIONS; session++)
      both({ type: 'openSession', ttlMs: session === 1 ? 100_000 : 5000, clientNonce: new Uint8Array(16).fill(session) })
    for (let sequence = 1; sequence <= ANSWERS; sequence++)
      for (let session = 1; session <= SESSIONS; session++)
        both({ type: 'put', stamp: { session, sequence, firstUnanswered: 1 }, key: bytes(`k${session}`), value: bytes('v') })
    timeMs = 10_000
    const batch = [entry({ type: 'put', stamp: null, key: bytes('then'), value: bytes('v') }), entry({ type: 'advance' })]
    const applying = machine.apply(batch)
    expect(applying).toBeInstanceOf(Promise)
    let [turns, results]: [number, readonly CommandResult[] | null] = [0, null]
    void (applying as Promise<readonly CommandResult[]>).then((found) => (results = found))
    const before = viewOf(machine)
    await clock.run(
      () => results !== null,
      () => {
        turns += 1
        if (machine.appliedIndex === index - 2) expect(viewOf(machine)).toBe(before)
      },
    )
    expect(turns).toBeGreaterThan((SESSIONS * ANSWERS) / 256)
    expect(results).toEqual(reference.apply(batch))
    expect(machine.query({ type: 'stats' }).sessions).toBe(1)
    expect(viewOf(machine)).toBe(viewOf(reference))
    const restarted = new KvStateMachine({ backend })
    expect(await collect(restarted.snapshot())).toBe(await collect(reference.snapshot()))
  })
})
