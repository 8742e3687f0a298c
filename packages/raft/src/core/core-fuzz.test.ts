/**
 * Random runs of several cores against every property of the paper. One failed seed is reproduced by the command that its message names.
 * BALSA_SEED=7 runs one seed, BALSA_SEEDS=5000 that many, BALSA_STEPS changes their length.
 */
import { describe, expect, it } from 'vitest'
import { runSeed } from './core-simulation.test-support.js'

const setting = (name: string, otherwise: number): number => Number(process.env[name] ?? otherwise)

const only = process.env['BALSA_SEED']
const first = only === undefined ? setting('BALSA_FIRST_SEED', 1) : Number(only)
const seeds = only === undefined ? setting('BALSA_SEEDS', 200) : 1
const steps = setting('BALSA_STEPS', 8000)

const replay = (seed: number): string =>
  `replay: BALSA_SEED=${seed} BALSA_STEPS=${steps} npx vitest run packages/raft/src/core/core-fuzz.test.ts`

describe('random runs of the core', () => {
  it(`keep every property: seeds ${first} to ${first + seeds - 1}`, { timeout: 3_600_000 }, () => {
    const counts = new Map<string, number>()
    const failures: string[] = []
    for (let seed = first; seed < first + seeds; seed++) {
      try {
        for (const [what, count] of runSeed(seed, steps).counts) counts.set(what, (counts.get(what) ?? 0) + count)
      } catch (error) {
        failures.push(`${error instanceof Error ? error.message : String(error)}\n${replay(seed)}`)
        if (failures.length >= 3) break
      }
    }
    if (process.env['BALSA_COUNTS'] !== undefined) console.log(Object.fromEntries(counts))
    if (failures.length > 0) throw new Error(failures.join('\n\n'))
    if (only !== undefined) return
    // A run in which nothing happens proves nothing.
    for (const what of [
      'crash',
      'election',
      'truncation',
      'snapshot',
      'install',
      'load',
      'read',
      'transfer',
      'configuration',
      'change',
      'witness',
      'proposal',
    ]) {
      expect(counts.get(what) ?? 0, what).toBeGreaterThan(seeds / 10)
    }
  })
})
