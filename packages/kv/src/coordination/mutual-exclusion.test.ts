import { BalsaError, type SeededRandom } from '@balsa/raft'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OneLog, Process } from './contenders.test-support.js'
import { Coordinator } from './coordinator.js'
import type { Held } from './types.js'

const RUN_MS = 40_000

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
      // The careless ones never look: the fence alone stops them.
      const careless = random.int(2) === 0
      let writes = random.int(30)
      while (writes > 0 && (careless || held.isHeld)) writes = (await this.#write(held)) ? writes - 1 : 0
      this.held = null
      await held.release()
    }
  }

  /** False = refused, because it is not the holder any more. */
  async #write({ fence, fencingToken }: Held): Promise<boolean> {
    try {
      await this.store.append('log', `${fencingToken} `, { fence, deadlineMs: 5000 })
    } catch (error) {
      if (!(error instanceof BalsaError)) throw error
      if (error.code === 'FENCED') this.fenced += 1
      if (error.code === 'FENCED') return false
    }
    return true
  }
}

/** Pauses and cuts off workers, most of all the holder, and makes the cluster fail. */
function disturb(log: OneLog, workers: readonly Worker[], random: SeededRandom): void {
  const holder = random.int(2) === 0 ? workers.find(({ held }) => held !== null) : undefined
  const worker = holder ?? workers[random.int(workers.length)]
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

async function run(seed: number): Promise<{ readonly acquired: number; readonly fenced: number }> {
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
  expect(tokens).toEqual([...tokens].sort((a, b) => a - b))
  const sum = (of: (worker: Worker) => number): number => workers.reduce((total, worker) => total + of(worker), 0)
  return { acquired: sum(({ acquired }) => acquired), fenced: sum(({ fenced }) => fenced) }
}

describe('locks under pauses, cuts and failures, with clocks at different speeds', () => {
  it('are held by one at a time, and fenced writes are in the order of their tokens', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => void (await run(seed))),
      { numRuns: 2, endOnFailure: true },
    )
  })

  it('are lost and won again meanwhile, or nothing would be shown', async () => {
    const { acquired, fenced } = await run(1)
    expect(acquired).toBeGreaterThan(10)
    expect(fenced).toBeGreaterThan(0)
  })
})
