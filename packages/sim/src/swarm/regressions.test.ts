import { describe, expect, it } from 'vitest'
import { REGRESSIONS } from './regressions.js'
import { runSeed } from './run-seed.js'

describe('what once failed', () => {
  it.each(REGRESSIONS.map((regression) => [regression.name, regression] as const))('%s', { timeout: 60_000 }, async (_name, regression) => {
    const { profile, seed, adjust, reaches, what } = regression
    const options = adjust === undefined ? { profile } : { profile, adjust }
    const { violation, coverage } = await runSeed(seed, { ...options, globals: globalThis })
    expect(violation, what).toBeNull()
    for (const mark of reaches) expect(coverage[mark] ?? 0, `seed ${seed} of ${profile} no longer reaches: ${mark}`).toBeGreaterThan(0)
  })
})
