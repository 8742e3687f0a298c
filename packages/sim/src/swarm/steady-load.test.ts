import { expect, it } from 'vitest'
import { runSeed } from './run-seed.js'
import { steadyLoad } from './steady-load.js'

it('is steady: about as many calls as asked for, one election, nothing fails', { timeout: 60_000 }, async () => {
  const load = { clients: 5, callsPerSecond: 50, seconds: 10 }
  const report = await runSeed(1, { profile: 'load', adjust: (plan) => steadyLoad(plan, load) })
  expect(report.violation).toBeNull()
  expect(report.size).toBe(5)
  expect(report.operations.fail + report.operations.unknown).toBe(0)
  expect(report.operations.ok).toBeGreaterThan(300)
  expect(report.operations.ok).toBeLessThan(700)
})
