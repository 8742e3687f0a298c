import { describe, expect, it } from 'vitest'
import { asIndex, asTerm, ManualClock } from '@balsa/raft'
import { encodeCommand, type Command } from '../command.js'
import { KvStateMachine } from '../kv-state-machine.js'
import { LEASE_KEYS_ENDED_PER_COMMAND, MAX_LEASE_PAGE } from '../limits.js'
import { behindKey, behindLease } from './lease-pages.js'

const OPERATIONS = 128
const LEASE = 7n

class Machine {
  readonly machine = new KvStateMachine({ clock: new ManualClock(0) })
  timeMs = 1000

  execute(command: Command): unknown {
    const { machine, timeMs } = this
    return machine.applyAtOnce([{ index: asIndex(machine.appliedIndex + 1), term: asTerm(1), timeMs, command: encodeCommand(command) }])[0]
  }

  /** Keys with the lease, in transactions. */
  attach(count: number, keyBytes = 0): void {
    for (let at = 0; at < count; at += OPERATIONS) {
      const success = Array.from({ length: Math.min(OPERATIONS, count - at) }, (_, step) => ({
        type: 'put' as const,
        key: new TextEncoder().encode(`${String(at + step).padStart(9, '0')}${'x'.repeat(keyBytes)}`),
        value: new Uint8Array(1),
        lease: LEASE,
        previous: false,
      }))
      this.execute({ type: 'txn', stamp: null, txn: { compares: [], success, failure: [] } })
    }
  }

  lease(keysFrom = '') {
    return this.machine.query({ type: 'lease', lease: LEASE, withKeys: true, keysFrom }).lease
  }

  get keys(): number {
    return this.machine.query({ type: 'stats' }).keys
  }
}

function machineWith(count: number, keyBytes = 0): Machine {
  const machine = new Machine()
  machine.execute({ type: 'leaseGrant', stamp: null, lease: LEASE, ttlMs: 1000 })
  machine.attach(count, keyBytes)
  return machine
}

describe('answers about leases', () => {
  it('come in pages that join without a gap', () => {
    const machine = machineWith(2 * MAX_LEASE_PAGE + 10)
    const seen: string[] = []
    let pages = 0
    for (let from: string | null = ''; from !== null; pages++) {
      const page = machine.lease(from)
      if (page === null) throw new Error('no lease')
      expect(page.keys.length).toBeLessThanOrEqual(MAX_LEASE_PAGE)
      seen.push(...page.keys)
      from = page.more ? behindKey(page.keys) : null
    }
    expect(pages).toBe(3)
    expect(seen).toEqual(Array.from({ length: 2 * MAX_LEASE_PAGE + 10 }, (_, at) => String(at).padStart(9, '0')))
  })

  it('are cut by bytes, too', () => {
    const machine = machineWith(300, 8000)
    const page = machine.lease()
    expect(page?.more).toBe(true)
    expect(page?.keys.length).toBe(131)
  })

  it('list all leases, in the order of their unsigned bits', () => {
    const machine = new Machine()
    const count = MAX_LEASE_PAGE + 5
    for (let at = 1; at < count; at++) machine.execute({ type: 'leaseGrant', stamp: null, lease: BigInt(at), ttlMs: 60_000 })
    machine.execute({ type: 'leaseGrant', stamp: null, lease: -1n, ttlMs: 60_000 })
    const first = machine.machine.query({ type: 'leases', from: 0n })
    expect([first.leases.length, first.more]).toEqual([MAX_LEASE_PAGE, true])
    const second = machine.machine.query({ type: 'leases', from: behindLease(first.leases) })
    expect(second.more).toBe(false)
    expect([...first.leases, ...second.leases]).toEqual([...Array.from({ length: count - 1 }, (_, at) => BigInt(at + 1)), -1n])
  })
})

describe('a lease with very many keys', () => {
  const MOST = LEASE_KEYS_ENDED_PER_COMMAND
  const advance = { type: 'advance' } as const

  it('ends at its time at once, and its keys go with the commands that follow, in their order and a counted number with each', () => {
    const machine = machineWith(3 * MOST + 10)
    machine.timeMs += 1001
    for (const left of [2 * MOST + 10, MOST + 10, 10, 0]) {
      const renewed = machine.execute(left === 10 ? { type: 'leaseKeepAlive', stamp: null, lease: LEASE } : advance)
      if (left === 10) expect(renewed).toMatchObject({ ttlMs: 0 })
      expect(machine.keys).toBe(left)
      expect(machine.lease()).toBeNull()
      expect(machine.machine.advanceAtMs).toBe(left === 0 ? null : 0)
    }
    expect(machine.machine.query({ type: 'leases', from: 0n }).leases).toEqual([])
  })

  it('is revoked in the same way; its id is free when all of it has gone', () => {
    const machine = machineWith(MOST + 1)
    expect(machine.execute({ type: 'leaseRevoke', stamp: null, lease: LEASE })).toMatchObject({ type: 'leaseRevoked', deleted: MOST })
    expect(machine.lease()).toBeNull()
    const put = { type: 'put', key: new Uint8Array(1), value: new Uint8Array(1), lease: LEASE, previous: false } as const
    expect(machine.execute({ type: 'txn', stamp: null, txn: { compares: [], success: [put], failure: [] } })).toMatchObject({
      code: 'LEASE_NOT_FOUND',
    })
    expect(machine.keys).toBe(0)
    expect(machine.execute({ type: 'leaseGrant', stamp: null, lease: LEASE, ttlMs: 1000 })).toMatchObject({ type: 'leaseGranted' })
    expect(machine.lease()?.keys).toEqual([])
  })

  it('that has just so many goes in one revision', () => {
    const machine = machineWith(MOST)
    const before = machine.machine.revision
    expect(machine.execute({ type: 'leaseRevoke', stamp: null, lease: LEASE })).toMatchObject({ deleted: MOST, revision: before + 1 })
    expect([machine.keys, machine.machine.advanceAtMs]).toEqual([0, null])
    expect(machine.execute({ type: 'leaseRevoke', stamp: null, lease: LEASE })).toMatchObject({ code: 'LEASE_NOT_FOUND' })
  })
})
