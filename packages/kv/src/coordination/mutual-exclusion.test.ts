import { BalsaError, type SeededRandom } from '@balsa/raft'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OneLog, Process } from './contenders.test-support.js'
import { Coordinator } from './coordinator.js'
import type { Held } from './types.js'

const RUN_MS = 60_000

/** Takes the lock again and again, and writes down its token, with the fence, for as long as it believes that it holds it. */
class Worker extends Process {
  readonly coordinator = new Coordinator(this)
  held: Held | null = null
  acquired = 0
  fenced = 0

  async work(random: SeededRandom): Promise<void> {
    for (;;) {
      const held = await this.coordinator.lock('jobs', { ttlMs: 1000 + random.int(2000) })
      this.held = held
      this.acquired += 1
      for (let writes = random.int(30); writes > 0 && held.isHeld; writes--) await this.#write(held)
      this.held = null
      await held.release()
    }
  }

  async #write({ fence, fencingToken }: Held): Promise<void> {
    try {
      await this.store.append('log', `${fencingToken} `, { fence, deadlineMs: 5000 })
    } catch (error) {
      if (!(error instanceof BalsaError)) throw error
      if (error.code === 'FENCED') this.fenced += 1
    }
  }
}

/** Pauses and cuts off workers, and makes the cluster fail. */
function disturb(log: OneLog, workers: readonly Worker[], random: SeededRandom): void {
  const worker = workers[random.int(workers.length)]
  const lastsMs = 100 + random.next() ** 3 * 8000
  const chosen = random.int(4)
  const later = (callback: () => void): void => void log.clock.setTimer(lastsMs, callback)
  if (chosen === 0 || chosen === 3) {
    worker?.pause()
    later(() => worker?.resume())
  } else if (chosen === 1 && worker !== undefined) {
    worker.cutOff = true
    later(() => (worker.cutOff = false))
  } else {
    log.fault = random.int(2) === 0 ? 'silent' : 'refuses'
    later(() => (log.fault = null))
  }
  log.clock.setTimer(200 + random.next() * 2500, () => disturb(log, workers, random))
}

describe('locks under pauses, cuts and failures, with clocks at different speeds', () => {
  it('are held by one at a time, and fenced writes are in the order of their tokens', async () => {
    let acquired = 0
    let fenced = 0
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const log = new OneLog(seed)
        const workers = [0.96, 1, 1, 1.04].map((rate) => new Worker(log, rate))
        for (const worker of workers) void worker.work(log.random.fork())
        disturb(log, workers, log.random.fork())
        for (let passed = 0; passed < RUN_MS; passed += 10) {
          await log.pass(10)
          // Also those who are paused would find out if they woke up now.
          expect(workers.filter(({ held }) => held?.isHeld === true).length).toBeLessThanOrEqual(1)
        }
        const tokens = log.keys('log')[0]?.slice('log='.length).trim().split(' ').map(Number) ?? []
        expect(tokens.length).toBeGreaterThan(100)
        expect(tokens).toEqual([...tokens].sort((a, b) => a - b))
        for (const worker of workers) acquired += worker.acquired
        for (const worker of workers) fenced += worker.fenced
      }),
      { numRuns: 3, endOnFailure: true },
    )
    // The disturbances must bite, or nothing is shown.
    expect(acquired).toBeGreaterThan(50)
    expect(fenced).toBeGreaterThan(0)
  })
})
