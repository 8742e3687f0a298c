import { type AppliedCommand, asIndex, asTerm, BalsaError, ManualClock } from '@balsa/raft'
import { beforeEach, describe, expect, it } from 'vitest'
import { type Command, decodeCommand, encodeCommand } from './command.js'
import type { TxnOperation } from './mvcc/txn.js'
import { KvStateMachine } from './kv-state-machine.js'
import { Upkeep } from './upkeep.js'

const key = new Uint8Array([107])

describe('Upkeep', () => {
  let clock: ManualClock
  let machine: KvStateMachine
  let role: string
  let failure: BalsaError | null
  /** Cluster time runs behind the clock by so much. */
  let behindMs: number
  let proposed: number
  let upkeep: Upkeep
  let kinds: Set<string>

  function apply(command: Uint8Array): void {
    const timeMs = Math.floor(clock.now()) - behindMs
    const entry: AppliedCommand = { index: asIndex(machine.appliedIndex + 1), term: asTerm(1), timeMs, command }
    machine.applyAtOnce([entry])
  }
  const execute = (command: Command): void => apply(encodeCommand(command))
  const keys = (): number => machine.query({ type: 'stats' }).keys

  beforeEach(() => {
    clock = new ManualClock(10_000)
    machine = new KvStateMachine({ clock })
    role = 'leader'
    failure = null
    behindMs = 0
    proposed = 0
    kinds = new Set()
    upkeep = Upkeep.begin(clock, machine, {
      propose: async (command) => {
        proposed += 1
        kinds.add(decodeCommand(command).type)
        if (failure !== null) throw failure
        apply(command)
      },
      get role() {
        return role
      },
    })
  })

  function grantAndPut(ttlMs: number): void {
    execute({ type: 'leaseGrant', stamp: null, lease: 7n, ttlMs })
    const put = { type: 'put', key, value: key, lease: 7n, previous: false } as const
    execute({ type: 'txn', stamp: null, txn: { compares: [], success: [put], failure: [] } })
  }

  it('ends leases when they are due, not before, and asks for nothing while nothing is due', async () => {
    await clock.advanceAsync(60_000)
    expect(proposed).toBe(0)
    grantAndPut(5000)
    await clock.advanceAsync(5000)
    expect([keys(), proposed]).toEqual([1, 0])
    await clock.advanceAsync(200)
    expect([keys(), proposed, [...kinds]]).toEqual([0, 1, ['advance']])
    await clock.advanceAsync(60_000)
    expect(proposed).toBe(1)
  })

  it('asks again when cluster time was behind, and then knows', async () => {
    grantAndPut(5000)
    behindMs = 3000
    await clock.advanceAsync(7900)
    expect([keys(), proposed]).toEqual([1, 1])
    await clock.advanceAsync(400)
    expect([keys(), proposed]).toEqual([0, 2])
  })

  it('is the leader’s alone, and goes on when a proposal fails', async () => {
    grantAndPut(5000)
    role = 'follower'
    await clock.advanceAsync(20_000)
    expect(proposed).toBe(0)
    role = 'leader'
    failure = new BalsaError('NOT_LEADER', 'not any more')
    await clock.advanceAsync(2000)
    expect(proposed).toBeGreaterThan(1)
    expect(proposed).toBeLessThan(6)
    failure = null
    await clock.advanceAsync(1000)
    expect(keys()).toBe(0)
  })

  it('goes on with compaction until nothing is left', async () => {
    for (let at = 0; at < 5000; at++) execute({ type: 'put', stamp: null, key, value: key })
    execute({ type: 'compact', stamp: null, revision: 4900 })
    expect(machine.advanceAtMs).toBe(0)
    await clock.advanceAsync(2000)
    expect(machine.advanceAtMs).toBe(null)
    const before = proposed
    await clock.advanceAsync(10_000)
    expect(proposed).toBe(before)
  })

  it('frees sessions that have ended', async () => {
    execute({ type: 'openSession', ttlMs: 3000, clientNonce: new Uint8Array(16) })
    await clock.advanceAsync(3000)
    expect(machine.query({ type: 'stats' }).sessions).toBe(1)
    await clock.advanceAsync(1500)
    expect(machine.query({ type: 'stats' }).sessions).toBe(0)
  })

  it('refuses what adds while the quota is used up, and takes it again when there is space', async () => {
    upkeep.stop()
    const results: string[] = []
    const execute = (command: Command): void => {
      const entry: AppliedCommand = {
        index: asIndex(machine.appliedIndex + 1),
        term: asTerm(1),
        timeMs: 1,
        command: encodeCommand(command),
      }
      const [result] = machine.applyAtOnce([entry])
      results.push(result?.type === 'refused' ? result.code : (result?.type ?? ''))
    }
    const value = new Uint8Array(10_000)
    const put = (name: number): void => execute({ type: 'put', stamp: null, key: new Uint8Array([name]), value })
    const other = Upkeep.begin(clock, machine, { propose: async (command) => apply(command), role: 'leader' }, machine.usedBytes + 150_000)
    for (let name = 0; name < 30; name++) put(name)
    await clock.advanceAsync(1000)
    expect([machine.noSpace, machine.query({ type: 'stats' }).noSpace]).toEqual([true, true])
    results.length = 0
    const range = { key: new Uint8Array([0]), rangeEnd: new Uint8Array([20]) }
    const txn = (...success: TxnOperation[]): Command => ({ type: 'txn', stamp: null, txn: { compares: [], success, failure: [] } })
    put(99)
    execute({ type: 'append', stamp: null, key, value })
    execute({ type: 'compareAndPut', stamp: null, key, expected: { modRevision: 0, value: null }, value })
    execute({ type: 'leaseGrant', stamp: null, lease: 5n, ttlMs: 5000 })
    execute(txn({ type: 'put', key, value, lease: 0n, previous: false }))
    expect(new Set(results)).toEqual(new Set(['NO_SPACE']))
    results.length = 0
    execute(txn({ type: 'delete', ...range, previous: false }))
    execute({ type: 'delete', stamp: null, key: new Uint8Array([25]) })
    execute({ type: 'leaseKeepAlive', stamp: null, lease: 5n })
    execute({ type: 'compact', stamp: null, revision: machine.revision })
    expect(results).toEqual(['txn', 'deleted', 'leaseKept', 'compacted'])
    await clock.advanceAsync(2000)
    expect(machine.noSpace).toBe(false)
    results.length = 0
    put(99)
    expect(results).toEqual(['written'])
    other.stop()
  })

  it('raises an alarm of its own where it follows, keeps and clears only that, and clears those of members that have left', async () => {
    upkeep.stop()
    const members = [1, 2]
    const cluster = { id: 2, members: () => members, execute: async (command: Command) => execute(command) }
    const replica = {
      propose: async (command: Uint8Array) => apply(command),
      get role() {
        return role
      },
    }
    const value = new Uint8Array(30_000)
    const result = (): string => {
      for (let at = 0; at < 10; at++) execute({ type: 'put', stamp: null, key: new Uint8Array([1, at]), value })
      return machine.alarms.map(({ kind, member }) => `${kind} ${member}`).join(',')
    }
    execute({ type: 'alarm', raise: true, alarm: { kind: 'noSpace', member: 2n } })
    role = 'follower'
    Upkeep.begin(clock, machine, replica, 200_000, cluster)
    await clock.advanceAsync(1000)
    expect(result()).toBe('noSpace 2')
    execute({ type: 'alarm', raise: false, alarm: { kind: 'noSpace', member: 2n } })
    expect(result()).toBe('')
    await clock.advanceAsync(1000)
    expect(result()).toBe('full 2')
    // It leads: then it says so as leaders do.
    role = 'leader'
    await clock.advanceAsync(2000)
    expect([machine.noSpace, result()]).toEqual([true, ''])
    role = 'follower'
    await clock.advanceAsync(1000)
    expect(result()).toBe('full 2')
    const all: TxnOperation = { type: 'delete', key: new Uint8Array([1]), rangeEnd: new Uint8Array([2]), previous: false }
    execute({ type: 'txn', stamp: null, txn: { compares: [], success: [all], failure: [] } })
    execute({ type: 'compact', stamp: null, revision: machine.revision })
    for (let at = 0; at < 10; at++) execute({ type: 'advance' })
    await clock.advanceAsync(1000)
    expect(machine.alarms).toEqual([])
    // Whoever has left for good clears nothing any more.
    execute({ type: 'alarm', raise: true, alarm: { kind: 'full', member: 3n } })
    role = 'leader'
    await clock.advanceAsync(2000)
    expect([machine.noSpace, machine.alarms]).toEqual([false, []])
  })

  it('ends quietly when the store cannot be read any more: whoever owns that says why', async () => {
    const broken = {
      advanceAtMs: null,
      timeMs: 0,
      timeSeenAtMs: 0,
      noSpace: false,
      alarms: [],
      get usedBytes(): number {
        throw new BalsaError('DISK_FULL', 'no space left')
      },
    }
    upkeep.stop()
    Upkeep.begin(clock, broken, { propose: async () => undefined, role: 'leader' })
    await clock.advanceAsync(10_000)
    expect(clock.pending).toBe(0)
  })

  it('leaves nothing behind when it stops, or when the replica has', async () => {
    upkeep.stop()
    expect(clock.pending).toBe(0)
    grantAndPut(1000)
    const other = Upkeep.begin(clock, machine, {
      propose: () => Promise.reject(new BalsaError('STOPPED', 'closed')),
      get role() {
        return role
      },
    })
    await clock.advanceAsync(10_000)
    expect(clock.pending).toBe(0)
    other.stop()
  })
})
