import { BalsaError } from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import { OneLog, Process } from './contenders.test-support.js'
import { KeptLease } from './kept-lease.js'

async function setup(ttlMs = 3000, rate = 1) {
  const log = new OneLog()
  const process = new Process(log, rate)
  const lease = await log.run(KeptLease.grant(process, ttlMs, {}))
  const livesInCluster = (): boolean => log.machine.query({ type: 'lease', lease: lease.id, withKeys: false, keysFrom: '' }).lease !== null
  return { log, process, lease, livesInCluster }
}

const codeOf = (reason: unknown): unknown => (reason instanceof BalsaError ? reason.code : reason)

describe('a lease', () => {
  it('keeps itself alive until it is released, and leaves no timer behind', async () => {
    const { log, lease, livesInCluster } = await setup()
    await log.pass(60_000)
    expect([lease.signal.aborted, livesInCluster()]).toEqual([false, true])
    expect(lease.remainingMs).toBeGreaterThan(1500)
    const releasing = lease.release()
    expect([lease.signal.aborted, codeOf(lease.signal.reason), lease.remainingMs]).toEqual([true, 'LEASE_LOST', 0])
    expect(lease.release()).toBe(releasing)
    await log.run(releasing)
    expect(livesInCluster()).toBe(false)
  })

  for (const fault of ['silent', 'refuses'] as const) {
    for (const rate of [0.95, 1, 1.05]) {
      it(`fires before the cluster can end it when the cluster is ${fault}, with a clock that runs at ${rate}`, async () => {
        const { log, lease, livesInCluster } = await setup(3000, rate)
        await log.pass(2500)
        log.fault = fault
        await log.until(() => lease.signal.aborted, 4000)
        log.fault = null
        await log.pass(0)
        // The cluster's time goes on with the next command: it still has it.
        expect(livesInCluster()).toBe(true)
        expect(codeOf(lease.signal.reason)).toBe('LEASE_LOST')
      })
    }
  }

  it('goes on after a fault that was short enough', async () => {
    const { log, lease } = await setup()
    for (let round = 0; round < 5; round++) {
      log.fault = round % 2 === 0 ? 'silent' : 'refuses'
      await log.pass(1200)
      log.fault = null
      await log.pass(4000)
    }
    expect(lease.signal.aborted).toBe(false)
  })

  it('knows after a pause that it is lost, before anything else had its turn', async () => {
    const { log, process, lease } = await setup()
    process.pause()
    await log.pass(10_000)
    expect(lease.signal.aborted).toBe(false)
    expect(lease.remainingMs).toBe(0)
    expect(lease.signal.aborted).toBe(true)
    process.resume()
    await log.pass(1000)
    expect(lease.remainingMs).toBe(0)
  })

  it('fires soon when somebody revokes it, and at once when the store is closed', async () => {
    const { log, process, lease } = await setup()
    const other = new Process(log)
    await log.run(other.store.revokeLease(lease.id))
    await log.until(() => lease.signal.aborted, 1500)
    const second = await log.run(process.store.lease(3000))
    const closing = process.store.close()
    expect([second.signal.aborted, codeOf(second.signal.reason)]).toEqual([true, 'LEASE_LOST'])
    await log.run(closing)
    await log.run(second.release())
  })
})
