import { type AppliedCommand, asIndex, asTerm, BalsaError, ManualClock } from '@balsa/raft'
import { beforeEach, describe, expect, it } from 'vitest'
import { type Command, decodeCommand, encodeCommand } from './command.js'
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

  function apply(command: Uint8Array): void {
    const timeMs = Math.floor(clock.now()) - behindMs
    const entry: AppliedCommand = { index: asIndex(machine.appliedIndex + 1), term: asTerm(1), timeMs, command }
    machine.apply([entry])
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
    upkeep = Upkeep.begin(clock, machine, {
      propose: async (command) => {
        proposed += 1
        expect(decodeCommand(command)).toEqual({ type: 'advance' })
        if (failure !== null) throw failure
        apply(command)
      },
      status: () => ({ role }),
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
    expect([keys(), proposed]).toEqual([0, 1])
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

  it('leaves nothing behind when it stops, or when the replica has', async () => {
    upkeep.stop()
    expect(clock.pending).toBe(0)
    grantAndPut(1000)
    const other = Upkeep.begin(clock, machine, {
      propose: () => Promise.reject(new BalsaError('STOPPED', 'closed')),
      status: () => ({ role }),
    })
    await clock.advanceAsync(10_000)
    expect(clock.pending).toBe(0)
    other.stop()
  })
})
