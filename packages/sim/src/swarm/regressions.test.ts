import { describe, expect, it } from 'vitest'
import { REGRESSIONS } from './regressions.js'
import { runSeed } from './run-seed.js'

/** Other changes move what a seed comes to: so many more are tried until what mattered has come about. */
const SEEDS = 12

describe('what once failed', () => {
  it.each(REGRESSIONS.map((regression) => [regression.name, regression] as const))(
    '%s',
    { timeout: 120_000 },
    async (_name, regression) => {
      const { profile, adjust, reaches, what } = regression
      const options = adjust === undefined ? { profile } : { profile, adjust }
      const missing = new Set(reaches)
      for (let seed = regression.seed; seed < regression.seed + SEEDS && missing.size > 0; seed++) {
        const { violation, coverage } = await runSeed(seed, { ...options, globals: globalThis })
        expect(violation, `seed ${seed} of ${profile}: ${what}`).toBeNull()
        for (const mark of reaches) if ((coverage[mark] ?? 0) > 0) missing.delete(mark)
      }
      expect([...missing], `seeds ${regression.seed} to ${regression.seed + SEEDS - 1} of ${profile} no longer reach this`).toEqual([])
    },
  )
})
