/**
 * Leases and known ages in random runs. BALSA_SEED=7 runs one seed, BALSA_SEEDS=5000 that many, BALSA_STEPS changes their length.
 */
import { expect, it } from 'vitest'
import { LeaseWorld } from './lease-world.test-support.js'

const setting = (name: string, otherwise: number): number => Number(process.env[name] ?? otherwise)

const only = process.env['BALSA_SEED']
const first = only === undefined ? setting('BALSA_FIRST_SEED', 1) : Number(only)
const seeds = only === undefined ? setting('BALSA_SEEDS', 60) : 1
const steps = setting('BALSA_STEPS', 2000)

it(`no read by a lease is stale, nobody thinks his state younger than it is: seeds ${first} to ${first + seeds - 1}`, {
  timeout: 3_600_000,
}, () => {
  const counts = new Map<string, number>()
  for (let seed = first; seed < first + seeds; seed++) {
    const world = new LeaseWorld(seed)
    try {
      for (let step = 0; step < steps; step++) world.step()
    } catch (error) {
      const replay = `BALSA_SEED=${seed} BALSA_STEPS=${steps} npx vitest run packages/raft/src/core/lease-fuzz.test.ts`
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}\nreplay: ${replay}`, { cause: error })
    }
    for (const [what, count] of world.counts) counts.set(what, (counts.get(what) ?? 0) + count)
  }
  if (process.env['BALSA_COUNTS'] !== undefined) console.log(Object.fromEntries(counts))
  if (only !== undefined) return
  for (const what of ['lease read', 'read', 'election', 'cut off', 'restart', 'age known'])
    expect(counts.get(what) ?? 0, what).toBeGreaterThan(seeds)
})
