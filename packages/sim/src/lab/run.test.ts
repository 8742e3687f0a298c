import { describe, expect, it } from 'vitest'
import { RECORDS } from './records.js'
import { runScenario } from './run.js'
import type { Scenario } from './scenario.js'
import { ALL_SCENARIOS } from './suites.js'
import { LabFailure } from './virtual-time.js'

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const scenario = (run: Scenario['run']): Scenario => ({ name: 'custom', suite: 'network', servers: 1, run })

describe('a run of the lab', () => {
  it.each(['ManyElections3A', 'UnreliableAgree3C', 'SnapshotInstallUnCrash3D', 'Unreliable4B', 'SnapshotRPC3B'])(
    'is the same twice with the same seed, and another one with another: %s',
    async (name) => {
      const one = ALL_SCENARIOS.find((candidate) => candidate.name === name)
      if (one === undefined) throw new Error(`no scenario ${name}`)
      const first = await runScenario(one, { seed: 7, settle })
      expect(await runScenario(one, { seed: 7, settle })).toEqual(first)
      const { seconds, bytes } = await runScenario(one, { seed: 8, settle })
      expect([seconds, bytes]).not.toEqual([first.seconds, first.bytes])
    },
  )

  it('does not depend on how promises are let go on', async () => {
    const one = ALL_SCENARIOS.find(({ name }) => name === 'Persist13C')
    if (one === undefined) throw new Error('no scenario')
    expect(await runScenario(one, { seed: 3 })).toEqual(await runScenario(one, { seed: 3, settle }))
  })

  it('reports a failure with the time when it happened', async () => {
    const result = await runScenario(
      scenario(async (lab) => {
        await lab.sleep(1500)
        throw new LabFailure('wrong')
      }),
      { seed: 5, settle },
    )
    expect(result).toMatchObject({ pass: false, failure: 'wrong', seconds: 1.5, seed: 5 })
  })

  it('fails a test that takes longer than two minutes', async () => {
    const result = await runScenario(
      scenario((lab) => lab.sleep(120_001)),
      { seed: 1, settle },
    )
    expect(result.failure).toContain('allowed are 120')
  })

  it('has every name once, and records only for tests that exist', () => {
    const names = ALL_SCENARIOS.map(({ name, suite }) => `${suite} ${name}`)
    expect(new Set(names).size).toBe(names.length)
    for (const name of Object.keys(RECORDS)) expect(ALL_SCENARIOS.map((one) => one.name)).toContain(name)
  })
})
