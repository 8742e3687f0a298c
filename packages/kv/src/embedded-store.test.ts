import { type AppliedCommand, asIndex, asTerm, BalsaError, type ErrorCode, ManualClock, SeededRandom } from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import { type EmbeddedReplica, EmbeddedStore, type EmbeddedStoreOptions } from './embedded-store.js'
import type { KvAnswer, KvQuery } from './kv-queries.js'
import { KvStateMachine } from './kv-state-machine.js'
import type { ReadMode } from './protocol/read-mode.js'
import type { CommandResult } from './result.js'

type Fault = { readonly code: ErrorCode; readonly applied?: boolean } | 'hang'

/** A replica whose proposals fail as told, applied or not. */
class ScriptedReplica implements EmbeddedReplica {
  readonly machine = new KvStateMachine()
  readonly watches = this.machine.watches
  faults: Fault[] = []
  readFaults: ErrorCode[] = []
  proposals = 0
  readIndexes = 0
  timeMs = 0

  async propose(command: Uint8Array): Promise<{ readonly result: CommandResult }> {
    this.proposals += 1
    const fault = this.faults.shift()
    if (fault === 'hang') return new Promise(() => undefined)
    if (fault !== undefined) {
      if (fault.applied === true) this.#apply(command)
      throw new BalsaError(fault.code, 'scripted')
    }
    return { result: this.#apply(command) }
  }

  async readWithAge(
    query: KvQuery,
    { consistency, maxStaleMs = 99 }: ReadMode,
  ): Promise<{ readonly answer: KvAnswer; readonly ageMs: number }> {
    if (consistency === 'stale') return { answer: this.machine.query(query), ageMs: maxStaleMs }
    this.readIndexes += 1
    const code = this.readFaults.shift()
    if (code !== undefined) throw new BalsaError(code, 'scripted')
    return { answer: this.machine.query(query), ageMs: 0 }
  }

  #apply(command: Uint8Array): CommandResult {
    const entry: AppliedCommand = { index: asIndex(this.machine.appliedIndex + 1), term: asTerm(1), timeMs: this.timeMs, command }
    const [result] = this.machine.applyAtOnce([entry])
    if (result === undefined) throw new Error('the machine gave no result')
    return result
  }
}

function setup(options: Partial<EmbeddedStoreOptions> = {}) {
  const clock = new ManualClock()
  const replica = new ScriptedReplica()
  const store = new EmbeddedStore(replica, { clock, random: new SeededRandom(1), ...options })
  const settle = async <T>(promise: Promise<T>): Promise<T> => {
    let settled = false
    const watched = promise.finally(() => {
      settled = true
    })
    watched.catch(() => undefined)
    for (;;) {
      for (let turn = 0; turn < 20 && !settled; turn++) await Promise.resolve()
      if (settled) return watched
      if (!clock.step()) throw new Error('the call can never be settled: nothing is left to happen')
    }
  }
  const outcome = (promise: Promise<unknown>): Promise<unknown> =>
    settle(promise).catch((error: unknown) => (error instanceof BalsaError ? `${error.code} ${error.family}` : error))
  return { clock, replica, store, settle, outcome }
}

describe('EmbeddedStore', () => {
  it('has the interface of the client', async () => {
    const { clock, replica, store, settle } = setup()
    expect(await settle(store.put('k', 'a'))).toMatchObject({ revision: 2, previous: null })
    expect(await settle(store.append('k', 'b'))).toMatchObject({ revision: 3, valueBytes: 2 })
    expect((await settle(store.get('k')))?.text()).toBe('ab')
    expect(replica.readIndexes).toBe(1)
    expect((await settle(store.get('k', { consistency: 'stale' })))?.text()).toBe('ab')
    expect(replica.readIndexes).toBe(1)
    expect(await settle(store.compareAndPut('k', { value: 'no' }, 'c'))).toMatchObject({ succeeded: false })
    expect(await settle(store.delete('k'))).toMatchObject({ deleted: true })
    await settle(store.close())
    expect(replica.machine.query({ type: 'stats' }).sessions).toBe(0)
    expect(clock.pending).toBe(0)
  })

  it('gives out copies: changing what was read changes nothing', async () => {
    const { store, settle } = setup()
    await settle(store.put('k', 'abc'))
    const read = await settle(store.get('k'))
    read?.value.fill(0)
    expect((await settle(store.get('k')))?.text()).toBe('abc')
  })

  it('reads by transactions without a proposal, again when a read fails, and refuses those that read too much', async () => {
    const { replica, store, settle } = setup()
    for (const key of ['a', 'b']) await settle(store.put(key, new Uint8Array(1024 * 1024)))
    const { proposals } = replica
    replica.readFaults = ['NO_LEADER', 'LEADERSHIP_LOST']
    const read = await settle(store.transaction({ compare: [{ key: 'a', version: 1 }], success: [{ type: 'range', key: 'b' }] }))
    expect(read).toMatchObject({ succeeded: true, revision: 3, results: [{ type: 'range', entries: [{ version: 1 }] }] })
    expect([replica.proposals, replica.readIndexes]).toEqual([proposals, 3])
    const both = store.transaction({ success: [{ type: 'range', key: { prefix: '' } }] })
    await expect(settle(both)).rejects.toMatchObject({ code: 'TOO_LARGE', family: 'refused' })
    const none = { success: [{ type: 'get', key: 'a' }] } as unknown as Parameters<typeof store.transaction>[0]
    await expect(settle(store.transaction(none))).rejects.toThrow('not "get"')
    replica.readFaults = ['STOPPED']
    await expect(settle(store.transaction({}))).rejects.toMatchObject({ code: 'STOPPED', family: 'refused' })
  })

  it('applies once, whatever the replica says on the way', async () => {
    const { replica, store, settle } = setup()
    await settle(store.put('k', ''))
    replica.faults = [
      { code: 'LEADERSHIP_LOST', applied: true },
      { code: 'NOT_LEADER' },
      { code: 'OUTCOME_UNKNOWN', applied: true },
      { code: 'OVERLOADED' },
      { code: 'SUPERSEDED' },
    ]
    expect(await settle(store.append('k', 'once'))).toMatchObject({ valueBytes: 4 })
    expect((await settle(store.get('k')))?.text()).toBe('once')
  })

  it('says refused when nothing can have been applied, else unknown', async () => {
    for (const [faults, expected] of [
      [[{ code: 'STOPPED' }], 'STOPPED refused'],
      [[{ code: 'TOO_LARGE' }], 'TOO_LARGE refused'],
      [[{ code: 'SYNC_FAILED' }], 'OUTCOME_UNKNOWN unknown'],
      [[{ code: 'LEADERSHIP_LOST' }, { code: 'STOPPED' }], 'OUTCOME_UNKNOWN unknown'],
      [['hang'], 'OUTCOME_UNKNOWN unknown'],
      [Array.from({ length: 100 }, () => ({ code: 'NO_LEADER' as const })), 'DEADLINE refused'],
    ] as const satisfies readonly (readonly [readonly Fault[], string])[]) {
      const { clock, replica, store, settle, outcome } = setup()
      await settle(store.put('k', 'v'))
      replica.faults = [...faults]
      const startMs = clock.now()
      expect(await outcome(store.put('k', 'w', { deadlineMs: 3000 }))).toBe(expected)
      expect(clock.now() - startMs).toBeLessThanOrEqual(3000)
    }
  })

  it('backs off while there is no leader', async () => {
    const { clock, replica, store, settle } = setup()
    await settle(store.put('k', 'v'))
    const before = replica.proposals
    replica.faults = Array.from({ length: 400 }, () => ({ code: 'NO_LEADER' }))
    const puts = Promise.allSettled(Array.from({ length: 10 }, () => store.put('k', 'w', { deadlineMs: 10_000 })))
    clock.advance(0)
    await settle(puts)
    // Ten calls that wait together, each woken some thirty times in ten seconds.
    expect(replica.proposals - before).toBeLessThan(450)
  })

  it('retries reads and gives up at the deadline', async () => {
    const { replica, store, settle, outcome } = setup()
    replica.readFaults = ['NOT_LEADER', 'LEADERSHIP_LOST']
    expect(await settle(store.get('k'))).toBeNull()
    replica.readFaults = Array.from({ length: 1000 }, () => 'NO_LEADER')
    expect(await outcome(store.get('k', { deadlineMs: 500 }))).toBe('DEADLINE refused')
  })

  it('refuses writes whose session can not be opened: they were never sent', async () => {
    const { replica, store, outcome } = setup()
    replica.faults = [{ code: 'SYNC_FAILED' }]
    expect(await outcome(Promise.all([store.put('k', 'v'), store.put('l', 'v')]))).toBe('UNAVAILABLE refused')
  })

  it('closes what it was given, once', async () => {
    let closed = 0
    const { store, settle, outcome } = setup({ onClose: async () => void closed++ })
    await settle(Promise.all([store.close(), store.close()]))
    expect(closed).toBe(1)
    expect(await outcome(store.put('k', 'v'))).toBe('STOPPED refused')
  })
})
