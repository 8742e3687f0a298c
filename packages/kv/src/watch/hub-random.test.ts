import { asIndex, asTerm, type Clock } from '@balsa/raft'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Command, encodeCommand } from '../command.js'
import { KvStateMachine } from '../kv-state-machine.js'
import type { TxnOperation } from '../mvcc/txn.js'
import { type NaiveEvent, type NaiveRecord, NaiveStore } from '../naive-store.test-support.js'
import type { StoreEvent, Watcher, WatchRequest } from './types.js'

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))
const NAMES = ['a', 'a\0', 'ab', 'b', 'b\u00ff', '\u00ff', 'c'].map(bytes)
const key = fc.constantFrom(...NAMES)
const rangeEnd = fc.oneof({ weight: 3, arbitrary: fc.constant(bytes('')) }, { weight: 2, arbitrary: fc.constant(bytes('\0')) }, key)
const value = fc.uint8Array({ maxLength: 40 })
const lease = fc.constantFrom(0n, 0n, 7n, 8n)
const stamp = fc.constant(null)
const operation: fc.Arbitrary<TxnOperation> = fc.oneof(
  fc.record({ type: fc.constant('put' as const), key, value, lease, previous: fc.boolean() }),
  fc.record({ type: fc.constant('delete' as const), key, rangeEnd, previous: fc.boolean() }),
)
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ type: fc.constantFrom('put' as const, 'append' as const), stamp, key, value }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('delete' as const), stamp, key }) },
  {
    weight: 5,
    arbitrary: fc.array(operation, { maxLength: 4 }).map(
      (success): Command => ({
        type: 'txn',
        stamp: null,
        txn: { compares: [], success, failure: [] },
      }),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('leaseGrant' as const), stamp, lease: fc.constantFrom(7n, 8n), ttlMs: fc.constant(1000) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('leaseRevoke' as const), stamp, lease: fc.constantFrom(7n, 8n) }) },
  { weight: 1, arbitrary: fc.constant<Command>({ type: 'advance' }) },
)
const entry = fc.record({ command, elapsedMs: fc.oneof({ weight: 9, arbitrary: fc.nat(60) }, fc.nat(2500)) })
const step = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      type: fc.constant('apply' as const),
      entries: fc.array(entry, { minLength: 1, maxLength: 6 }),
      compactBack: fc.nat(60),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('open' as const),
      request: fc.record({ key, rangeEnd, previous: fc.boolean(), noPut: fc.boolean(), noDelete: fc.boolean() }),
      back: fc.option(fc.integer({ min: -5, max: 150 })),
      prompt: fc.boolean(),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ type: fc.constant('pull' as const), at: fc.nat(), maxBytes: fc.constantFrom(1, 200, 1000, Infinity) }),
  },
  { weight: 6, arbitrary: fc.record({ type: fc.constant('turn' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('close' as const), at: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('restore' as const), entries: fc.array(entry, { maxLength: 30 }), fails: fc.boolean() }),
  },
)

/** Deferred work is done one piece at a time, when the test says so. */
class Turns {
  readonly #due: (() => void)[] = []
  readonly clock: Clock = {
    now: () => 0,
    setTimer: () => ({ cancel: () => undefined }),
    defer: (callback) => void this.#due.push(callback),
  }

  run(): boolean {
    const next = this.#due.shift()
    next?.()
    return next !== undefined
  }
}

const shown = (record: NaiveRecord | null | undefined) =>
  record
    ? {
        createRevision: record.createRevision,
        modRevision: record.modRevision,
        version: record.version,
        lease: record.lease,
        value: Uint8Array.from(record.value),
      }
    : null

/** One watcher, and what it must have seen. */
class Watched {
  readonly watcher: Watcher
  readonly request: WatchRequest
  /** Pulls all there is whenever it is told. */
  readonly prompt: boolean
  /** It was told that there is nothing, and not yet that there is something. */
  idle = false
  #pulled = false
  closed = false
  /** As long as nothing but applied batches happens. */
  keepsUp: boolean
  #start: number
  #seen = 0
  #partial = false
  #position = 0

  constructor(machine: KvStateMachine, request: WatchRequest, prompt: boolean, keepsUp: boolean, revision: number) {
    this.keepsUp = keepsUp
    this.request = request
    this.prompt = prompt
    this.#start = request.startRevision || revision + 1
    this.watcher = machine.watches.open(request, () => {
      // The first call may come before the first pull.
      expect(this.idle || !this.#pulled).toBe(true)
      this.idle = false
    })
  }

  pull(naive: NaiveStore, maxBytes: number): boolean {
    const delivery = this.watcher.pull(maxBytes)
    this.#pulled = true
    this.idle = delivery === null
    if (delivery === null) return false
    if (delivery.type === 'compacted') {
      expect(delivery.compactedRevision).toBe(naive.compacted)
      expect(Math.max(this.#position + 1, this.#start)).toBeLessThan(naive.compacted)
      // Whoever keeps up is given what is compacted in the same batch, too.
      if (this.keepsUp) expect(this.#position).toBe(-1)
      this.closed = true
      return false
    }
    expect(delivery.revision).toBe(naive.revision)
    expect(delivery.events.length).toBeGreaterThan(0)
    const wanted = this.#wanted(naive)
    for (const event of delivery.events) this.#check(naive, event, wanted[this.#seen++])
    const [before, after] = [wanted[this.#seen - 1], wanted[this.#seen]]
    const cut = before !== undefined && before.revision === after?.revision
    expect(delivery.more).toBe(cut)
    this.#partial = cut
    const used = delivery.events.reduce((sum, each) => sum + sizeOf(each), 0)
    if (used > maxBytes) expect(delivery.events.length).toBe(1)
    this.checkPosition(naive)
    return true
  }

  checkPosition(naive: NaiveStore): void {
    const { position } = this.watcher
    expect(position).toBeGreaterThanOrEqual(this.#position)
    this.#position = position
    if (position > naive.revision) expect(position).toBe(this.#start - 1)
    expect(this.#wanted(naive).filter(({ revision }) => revision <= position).length).toBeLessThanOrEqual(this.#seen)
  }

  /** When nothing is left to do and it has pulled all there is. */
  checkEnd(naive: NaiveStore): void {
    if (this.closed) return
    expect(this.#seen).toBe(this.#wanted(naive).length)
    expect(this.#partial).toBe(false)
    expect(this.watcher.position).toBe(Math.max(naive.revision, this.#start - 1))
  }

  #wanted(naive: NaiveStore): NaiveEvent[] {
    const { noPut, noDelete } = this.request
    return naive.events.filter((event) => {
      if (event.revision < this.#start || (event.record === null ? noDelete : noPut)) return false
      return naive.inRange(this.request, { it: { key: event.key } as NaiveRecord }).length > 0
    })
  }

  #check(naive: NaiveStore, event: StoreEvent, wanted: NaiveEvent | undefined): void {
    const { revision, key: name, record } = event
    expect({ revision, key: [...name], record }).toEqual({ revision: wanted?.revision, key: wanted?.key, record: shown(wanted?.record) })
    expect(event.type).toBe(wanted?.record === null ? 'delete' : 'put')
    const before = this.request.previous ? naive.past[revision - 1]?.[[...name].join()] : undefined
    if (event.previous === null && revision <= naive.compacted) return
    expect(event.previous).toEqual(shown(before))
  }
}

function sizeOf({ key: name, record, previous }: StoreEvent): number {
  return name.length + (record?.value.length ?? 0) + 64 + (previous === null ? 0 : name.length + previous.value.length + 64)
}

type Entries = readonly { readonly command: Command; readonly elapsedMs: number }[]

class World {
  readonly turns = new Turns()
  readonly naive = new NaiveStore()
  readonly machine: KvStateMachine
  readonly twin = new KvStateMachine()
  readonly watched: Watched[] = []
  readonly #remembers: boolean
  #index = 0
  #timeMs = 0

  constructor(deferred: boolean, maxRecentBytes: number, maxPendingRevisions: number) {
    this.#remembers = maxRecentBytes > 100_000
    this.machine = new KvStateMachine({
      ...(deferred ? { clock: this.turns.clock } : {}),
      watch: { sliceEvents: 3, maxRecentBytes, maxPendingRevisions },
    })
  }

  /** One batch; sometimes with a compaction in it. */
  apply(entries: Entries, compactBack: number): void {
    const compact: Entries =
      compactBack < 3
        ? [{ command: { type: 'compact', stamp: null, revision: Math.max(1, this.naive.revision - compactBack * 20) }, elapsedMs: 0 }]
        : []
    this.machine.applyAtOnce(this.#ahead([...entries, ...compact]))
    for (const each of this.watched) if (each.prompt) this.#drain(each)
  }

  async restore(entries: Entries, fails: boolean): Promise<void> {
    const batch = this.#ahead(fails ? [] : entries)
    const open = async function* (chunks: AsyncIterable<Uint8Array>) {
      yield* chunks
      if (fails) throw new Error('the stream broke off')
    }
    const restoring = this.machine.restore(open(this.twin.snapshot()))
    for (const each of this.watched) if (!each.closed) expect(each.watcher.pull(1000)).toBeNull()
    for (const each of this.watched) {
      each.idle = true
      each.keepsUp = false
    }
    this.turns.run()
    await restoring.catch((error: unknown) => {
      if (!fails) throw error
    })
    if (fails && batch.length > 0) this.machine.applyAtOnce(batch)
    for (const each of this.watched) each.checkPosition(this.naive)
  }

  open(request: Omit<WatchRequest, 'startRevision'>, back: number | null, prompt: boolean): void {
    const startRevision = back === null ? 0 : Math.max(1, this.naive.revision - back)
    const isPrompt = prompt && startRevision === 0
    this.watched.push(new Watched(this.machine, { ...request, startRevision }, isPrompt, isPrompt && this.#remembers, this.naive.revision))
  }

  finish(): void {
    for (;;) {
      for (const each of this.watched) if (!each.closed) this.#drain(each)
      if (!this.turns.run()) break
    }
    for (const each of this.watched) {
      // Whoever was told nothing has nothing to pull.
      if (!each.closed) expect(each.idle).toBe(true)
      each.checkEnd(this.naive)
    }
  }

  #drain(each: Watched): void {
    if (each.idle || each.closed) return
    while (each.pull(this.naive, Number.POSITIVE_INFINITY)) continue
  }

  #ahead(entries: Entries) {
    const batch = entries.map((each) => {
      this.#index += 1
      this.#timeMs += each.elapsedMs
      this.naive.apply(this.#index, this.#timeMs, each.command)
      return { index: asIndex(this.#index), term: asTerm(1), timeMs: this.#timeMs, command: encodeCommand(each.command) }
    })
    for (const each of batch) this.twin.applyAtOnce([each])
    return batch
  }
}

describe('watchers against a list of all events', () => {
  it('see each event they want once, in order, or are told that it is gone', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 100, maxLength: 250, size: 'max' }),
        fc.boolean(),
        fc.constantFrom(0, 2000, 1_000_000),
        fc.constantFrom(0, 1000),
        async (steps, deferred, maxRecentBytes, maxPendingRevisions) => {
          const world = new World(deferred, maxRecentBytes, maxPendingRevisions)
          for (const each of steps) {
            const chosen = 'at' in each ? world.watched[each.at % Math.max(1, world.watched.length)] : undefined
            if (each.type === 'apply') world.apply(each.entries, each.compactBack)
            else if (each.type === 'open') world.open(each.request, each.back, each.prompt)
            else if (each.type === 'turn') world.turns.run()
            else if (each.type === 'restore') await world.restore(each.entries, each.fails)
            else if (chosen !== undefined && !chosen.closed) {
              if (each.type === 'pull') chosen.pull(world.naive, each.maxBytes)
              else {
                chosen.watcher.close()
                chosen.closed = true
              }
            }
          }
          world.finish()
        },
      ),
      { numRuns: 60, endOnFailure: true, interruptAfterTimeLimit: 100_000, markInterruptAsFailure: true },
    )
  }, 120_000)
})
