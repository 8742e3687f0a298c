import { type AppliedCommand, asIndex, asTerm, type BalsaError, ManualClock } from '@balsa/raft'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Command, encodeCommand, isWrite } from './command.js'
import { bytesEqual } from './backend/byte-string.js'
import { KvStateMachine } from './kv-state-machine.js'
import { MAX_REQUEST_BYTES, MAX_VALUE_BYTES } from './limits.js'
import { NaiveStore } from './naive-store.test-support.js'
import type { CommandResult } from './result.js'

const text = (value: string): Uint8Array => new TextEncoder().encode(value)
const entry = (index: number, command: Command | Uint8Array, timeMs = 0): AppliedCommand => ({
  index: asIndex(index),
  term: asTerm(1),
  timeMs,
  command: command instanceof Uint8Array ? command : encodeCommand(command),
})
const put = (key: string, value: string, session = 0, sequence = 1, firstUnanswered = 1): Command => ({
  type: 'put',
  stamp: session === 0 ? null : { session, sequence, firstUnanswered },
  key: text(key),
  value: text(value),
})
const append = (key: string, value: string | Uint8Array, session = 0, sequence = 1, firstUnanswered = 1): Command => ({
  type: 'append',
  stamp: session === 0 ? null : { session, sequence, firstUnanswered },
  key: text(key),
  value: typeof value === 'string' ? text(value) : value,
})
const open = (nonce: number, ttlMs = 10_000): Command => ({ type: 'openSession', ttlMs, clientNonce: new Uint8Array(16).fill(nonce) })
const valueOf = (machine: KvStateMachine, key: string): string | null => {
  const record = machine.query({ type: 'get', key: text(key) }).record
  return record === null ? null : new TextDecoder().decode(record.value)
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return all
}

async function* pieces(chunks: readonly Uint8Array[], size = Number.POSITIVE_INFINITY): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) for (let at = 0; at < chunk.length; at += size) yield chunk.subarray(at, Math.min(chunk.length, at + size))
}

async function copyOf(machine: KvStateMachine, pieceBytes?: number): Promise<KvStateMachine> {
  const copy = new KvStateMachine()
  await copy.restore(pieces(await collect(machine.snapshot()), pieceBytes))
  return copy
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}

/** Element by element, `toEqual` takes seconds for a megabyte. */
const sameBytes = (a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean => bytesEqual(joined(a), joined(b))

const codeOf = async (action: () => unknown): Promise<string> => {
  try {
    await action()
    return 'no error'
  } catch (error) {
    return (error as BalsaError).code
  }
}

describe('exactly once', () => {
  it('answers a retry across snapshot and restore with the first answer', async () => {
    const machine = new KvStateMachine()
    const [, first] = machine.applyAtOnce([entry(1, open(1)), entry(2, append('k', 'a', 1))])
    const restored = await copyOf(machine)
    const [again] = restored.applyAtOnce([entry(3, append('k', 'a', 1))])
    expect(again).toEqual(first)
    expect(valueOf(restored, 'k')).toBe('a')
    expect(restored.applyAtOnce([entry(4, append('k', 'b', 1, 2, 2)), entry(5, append('k', 'a', 1))])[1]).toEqual({
      type: 'refused',
      code: 'STALE_REQUEST',
    })
    expect(valueOf(restored, 'k')).toBe('ab')
  })

  it('remembers refusals too: a retry never succeeds where the first answer said no', () => {
    const machine = new KvStateMachine()
    const big = new Uint8Array(MAX_VALUE_BYTES - 10)
    const results = machine.applyAtOnce([
      entry(1, open(1)),
      entry(2, append('k', big)),
      entry(3, append('k', 'xxxxxxxxxxx', 1, 1)),
      entry(4, { type: 'delete', stamp: null, key: text('k') }),
      entry(5, append('k', 'xxxxxxxxxxx', 1, 1)),
    ])
    expect(results[2]).toEqual({ type: 'refused', code: 'TOO_LARGE' })
    expect(results[4]).toEqual({ type: 'refused', code: 'TOO_LARGE' })
    expect(valueOf(machine, 'k')).toBeNull()
  })

  it('goes by cluster time alone, also after a restore', async () => {
    const machine = new KvStateMachine()
    machine.applyAtOnce([entry(1, open(1), 5000)])
    const restored = await copyOf(machine)
    for (const each of [machine, restored]) {
      expect(each.applyAtOnce([entry(2, put('k', '1', 1), 15_000)])[0]).toMatchObject({ type: 'written' })
      expect(each.applyAtOnce([entry(3, put('k', '2', 1, 2), 25_001)])[0]).toEqual({ type: 'refused', code: 'SESSION_EXPIRED' })
      expect(valueOf(each, 'k')).toBe('1')
      expect(each.query({ type: 'stats' }).sessions).toBe(0)
    }
    expect(restored.stateHash).toBe(machine.stateHash)
  })
})

describe('limits and bad commands', () => {
  it('stops at a command of a newer format and answers damage', async () => {
    const machine = new KvStateMachine()
    expect(machine.applyAtOnce([entry(1, Uint8Array.of(2, 4, 0, 99))])).toEqual([{ type: 'refused', code: 'INVALID' }])
    expect(machine.applyAtOnce([entry(2, new Uint8Array(0))])).toEqual([{ type: 'refused', code: 'INVALID' }])
    expect(await codeOf(() => machine.applyAtOnce([entry(3, Uint8Array.of(3, 4))]))).toBe('STATE_MACHINE_FAILED')
    expect(await codeOf(() => machine.applyAtOnce([entry(3, Uint8Array.of(2, 200))]))).toBe('STATE_MACHINE_FAILED')
  })

  it('refuses an index twice', async () => {
    const machine = new KvStateMachine()
    machine.applyAtOnce([entry(5, put('k', 'v'))])
    expect(await codeOf(() => machine.applyAtOnce([entry(5, put('k', 'v'))]))).toBe('INVARIANT')
  })

  it('takes values up to the limit and not one byte more', () => {
    const machine = new KvStateMachine()
    const results = machine.applyAtOnce([
      entry(1, append('k', new Uint8Array(MAX_REQUEST_BYTES - 1))),
      entry(2, append('k', 'x')),
      entry(3, append('k', 'y')),
      entry(4, append('other', new Uint8Array(MAX_REQUEST_BYTES))),
    ])
    expect(results.map((result) => (result.type === 'written' ? result.valueBytes : result))).toEqual([
      MAX_VALUE_BYTES - 1,
      MAX_VALUE_BYTES,
      { type: 'refused', code: 'TOO_LARGE' },
      { type: 'refused', code: 'TOO_LARGE' },
    ])
    expect(machine.revision).toBe(3)
  })

  it('knows no key over the limit, however long the question', () => {
    expect(new KvStateMachine().query({ type: 'get', key: new Uint8Array(1_600_000) }).record).toBeNull()
  })

  it('counts data bytes through all kinds of writes', () => {
    const machine = new KvStateMachine()
    machine.applyAtOnce([entry(1, put('ab', 'cde')), entry(2, append('ab', 'fg')), entry(3, put('x', '')), entry(4, put('ab', '1'))])
    expect(machine.query({ type: 'stats' })).toMatchObject({ keys: 2, dataBytes: 4, revision: 5 })
    machine.applyAtOnce([entry(5, { type: 'delete', stamp: null, key: text('ab') })])
    expect(machine.query({ type: 'stats' })).toMatchObject({ keys: 1, dataBytes: 1, revision: 6 })
  })

  it('never changes a value that somebody read, however appends share memory', () => {
    const machine = new KvStateMachine()
    machine.applyAtOnce([entry(1, put('k', 'a'.repeat(600))), entry(2, append('k', 'b'))])
    const read = machine.query({ type: 'get', key: text('k') }).record
    machine.applyAtOnce([
      entry(3, append('k', 'c')),
      entry(4, put('k', 'z')),
      entry(5, append('k', 'd'.repeat(700))),
      entry(6, append('k', 'e')),
    ])
    expect(new TextDecoder().decode(read?.value)).toBe(`${'a'.repeat(600)}b`)
    expect(valueOf(machine, 'k')).toBe(`z${'d'.repeat(700)}e`)
  })
})

describe('snapshot', () => {
  const filled = (keys: number): KvStateMachine => {
    const machine = new KvStateMachine()
    for (let at = 0; at < keys; at++) machine.applyAtOnce([entry(at + 1, put(`key-${(at * 7919) % keys}`, 'v'.repeat(100)))])
    return machine
  }

  it('is the state at the call, though it is read later while writes go on', async () => {
    const machine = filled(3000)
    const before = await collect(machine.snapshot())
    const stream = machine.snapshot()[Symbol.asyncIterator]()
    const later: Uint8Array[] = []
    for (let index = 3001, next = await stream.next(); next.done !== true; next = await stream.next(), index++) {
      later.push(next.value)
      machine.applyAtOnce([
        entry(index * 10, { type: 'delete', stamp: null, key: text(`key-${index % 3000}`) }),
        entry(index * 10 + 1, append(`key-${(index * 3) % 3000}`, 'new')),
        entry(index * 10 + 2, open(index % 256)),
      ])
    }
    expect(before.length).toBeGreaterThan(4)
    expect(sameBytes(later, before)).toBe(true)
  })

  it('comes in pieces of at most 64 KiB and takes pieces of any size', async () => {
    const machine = filled(500)
    machine.applyAtOnce([
      entry(1000, append('big', new Uint8Array(1_000_000).fill(7))),
      entry(1001, open(1)),
      entry(1002, put('a', 'b', 1001)),
    ])
    const chunks = await collect(machine.snapshot())
    expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThanOrEqual(64 * 1024)
    for (const size of [7, 4097, 1_000_000_000]) {
      const copy = new KvStateMachine()
      await copy.restore(pieces(chunks, size))
      expect(copy.query({ type: 'stats' })).toEqual(machine.query({ type: 'stats' }))
      expect(sameBytes(await collect(copy.snapshot()), chunks)).toBe(true)
    }
  })

  it('gives equal bytes for equal states that came about in different ways', async () => {
    const upwards = new KvStateMachine()
    const withDetours = new KvStateMachine()
    for (let at = 0; at < 400; at++) upwards.applyAtOnce([entry(at + 1, put(`k${at}`, 'v'))])
    for (let at = 0; at < 400; at++) withDetours.applyAtOnce([entry(at + 1, put(`k${at}`, 'v'))])
    const copy = await copyOf(withDetours, 100)
    expect(sameBytes(await collect(copy.snapshot()), await collect(upwards.snapshot()))).toBe(true)
  })

  it('empty stream resets everything', async () => {
    const machine = filled(10)
    machine.applyAtOnce([entry(20, open(3))])
    await machine.restore(pieces([]))
    expect(machine.query({ type: 'stats' })).toEqual(new KvStateMachine().query({ type: 'stats' }))
    expect(machine.applyAtOnce([entry(1, put('k', 'v'))])[0]).toMatchObject({ metadata: { modRevision: 2 } })
  })

  it('reports every cut and every flipped bit as damage or restores a state, and keeps the old state on failure', async () => {
    const machine = filled(20)
    machine.applyAtOnce([entry(100, open(1)), entry(101, put('a', 'b', 100))])
    const whole = joined(await collect(machine.snapshot()))
    for (let length = 1; length < whole.length; length++) {
      const target = filled(3)
      const before = target.query({ type: 'stats' })
      expect(await codeOf(() => target.restore(pieces([whole.subarray(0, length)])))).toBe('CORRUPT')
      expect(target.query({ type: 'stats' })).toEqual(before)
    }
    for (let at = 0; at < whole.length; at++) {
      const damaged = Uint8Array.from(whole)
      damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8))
      expect(['CORRUPT', 'no error']).toContain(await codeOf(() => new KvStateMachine().restore(pieces([damaged]))))
    }
  })

  it('gives other work its turn between slices when it has a clock', async () => {
    const clock = new ManualClock()
    let slow = 0
    const machine = new KvStateMachine({
      clock: { now: () => clock.now() + slow++, setTimer: (ms, run) => clock.setTimer(ms, run), defer: (run) => clock.defer(run) },
    })
    for (let at = 1; at <= 3000; at++) machine.applyAtOnce([entry(at, put(`k${at}`, 'v'.repeat(100)))])
    let done = false
    const reading = collect(machine.snapshot()).then(() => {
      done = true
    })
    let turns = 0
    while (!done) {
      for (let spin = 0; spin < 50; spin++) await Promise.resolve()
      if (clock.step()) turns += 1
    }
    await reading
    expect(turns).toBeGreaterThan(1)
  })

  it('is asked for after so many bytes of commands', () => {
    const machine = new KvStateMachine({ snapshotAfterBytes: 100 })
    machine.applyAtOnce([entry(1, put('k', 'v'.repeat(50)))])
    expect(machine.wantsSnapshot()).toBe(false)
    machine.applyAtOnce([entry(2, put('k', 'v'.repeat(50)))])
    expect(machine.wantsSnapshot()).toBe(true)
    machine.snapshot()
    expect(machine.wantsSnapshot()).toBe(false)
  })
})

describe('against the naive store', () => {
  const key = fc.integer({ min: 0, max: 12 }).map((n) => (n === 12 ? new Uint8Array(0) : Uint8Array.of(n, 255 - n)))
  const value = fc.oneof(
    { weight: 9, arbitrary: fc.uint8Array({ maxLength: 8 }) },
    { weight: 1, arbitrary: fc.uint8Array({ minLength: 500, maxLength: 700 }) },
  )
  const session = fc.nat(5)
  const stamp = fc.oneof(
    fc.constant(null),
    fc.record({ session, sequence: fc.integer({ min: 1, max: 12 }), back: fc.nat(12) }).map((s) => ({
      session: s.session,
      sequence: s.sequence,
      firstUnanswered: Math.max(1, s.sequence - s.back),
    })),
  )
  const command: fc.Arbitrary<Command> = fc.oneof(
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constant('openSession' as const),
        ttlMs: fc.integer({ min: 0, max: 9000 }),
        clientNonce: fc.nat(4).map((n) => new Uint8Array(16).fill(n)),
      }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('closeSession' as const), session }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('keepAlive' as const), session }) },
    { weight: 12, arbitrary: fc.record({ type: fc.constantFrom('put' as const, 'append' as const), stamp, key, value }) },
    { weight: 4, arbitrary: fc.record({ type: fc.constant('delete' as const), stamp, key }) },
    {
      weight: 5,
      arbitrary: fc.record({
        type: fc.constant('compareAndPut' as const),
        stamp,
        key,
        expected: fc.record({ modRevision: fc.oneof(fc.constant(0), fc.nat(60)), value: fc.constant(null) }),
        value,
      }),
    },
  )
  const step = fc.record({
    command,
    elapsedMs: fc.oneof({ weight: 8, arbitrary: fc.nat(50) }, { weight: 1, arbitrary: fc.nat(4000) }),
    event: fc.nat(60),
  })

  const dump = (machine: KvStateMachine): Record<string, unknown> => {
    const found: Record<string, unknown> = {}
    for (let n = 0; n < 12; n++) {
      const { record } = machine.query({ type: 'get', key: Uint8Array.of(n, 255 - n) })
      const { createRevision, modRevision, version } = record ?? { createRevision: 0, modRevision: 0, version: 0 }
      if (record !== null) found[[n, 255 - n].join()] = { createRevision, modRevision, version, value: [...record.value] }
    }
    return found
  }

  const naiveDump = (naive: NaiveStore): Record<string, unknown> =>
    Object.fromEntries(
      Object.entries(naive.records).map(([name, { createRevision, modRevision, version, value: bytes }]) => [
        name,
        { createRevision, modRevision, version, value: bytes },
      ]),
    )

  /** Sessions are numbered by their open command; generated commands name them by position. */
  const resolve = (given: Command, sessions: readonly number[]): Command => {
    const real = (n: number): number => sessions[n] ?? 999_999
    if (given.type === 'openSession') return given
    if (given.type === 'advance' || given.type === 'space' || given.type === 'alarm') return given
    if (!isWrite(given)) return { ...given, session: real(given.session) }
    if (given.stamp === null) return given
    return { ...given, stamp: { ...given.stamp, session: real(given.stamp.session) } }
  }

  it('gives the same results, states and expiries, through restarts, and snapshots stay what they were', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 100, maxLength: 300, size: 'max' }), async (steps) => {
        const naive = new NaiveStore()
        let machine = new KvStateMachine()
        const twin = new KvStateMachine()
        const cuts: { chunks: AsyncIterable<Uint8Array>; expected: NaiveStore }[] = []
        const sessions: number[] = []
        let timeMs = 0
        let index = 0
        for (const { command: given, elapsedMs, event } of steps) {
          timeMs += elapsedMs
          index += 1 + (event % 3)
          const resolved = resolve(given, sessions)
          const applied = entry(index, resolved, timeMs)
          const expected = naive.apply(index, timeMs, resolved)
          const [result] = machine.applyAtOnce([applied]) as [CommandResult]
          expect(result).toEqual(expected)
          expect(twin.applyAtOnce([applied])).toEqual([result])
          if (result.type === 'sessionOpened' && !sessions.includes(result.session)) sessions.unshift(result.session)
          if (event === 0) machine = await copyOf(machine, 1 + (elapsedMs % 97))
          if (event === 1) cuts.push({ chunks: machine.snapshot(), expected: naive.clone() })
        }
        expect(dump(machine)).toEqual(naiveDump(naive))
        expect(machine.revision).toBe(naive.revision)
        expect(machine.stateHash).toBe(twin.stateHash)
        expect(sameBytes(await collect(machine.snapshot()), await collect(twin.snapshot()))).toBe(true)
        for (const { chunks, expected } of cuts) {
          const restored = new KvStateMachine()
          await restored.restore(chunks)
          expect(dump(restored)).toEqual(naiveDump(expected))
          expect(restored.revision).toBe(expected.revision)
        }
      }),
      // A failure of such long runs takes minutes to shrink; the first seconds of it help most.
      { numRuns: 150, endOnFailure: true, interruptAfterTimeLimit: 90_000, markInterruptAsFailure: true },
    )
  }, 120_000)
})
