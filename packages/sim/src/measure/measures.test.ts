import { describe, expect, it } from 'vitest'
import { MeasuredCluster } from './measured-cluster.js'
import { measureGap, measureIdle } from './measures.js'

/** As in scripts/sim/settle.mjs. */
const settle = (then: () => void): void => void Promise.resolve().then(() => process.nextTick(then))
const HEARTBEAT_MS = 50

describe('measures of leadership', () => {
  it.each(['transfer', 'stop'] as const)('%s: writers wait for less than two heart-beats, in the middle', async (how) => {
    const gaps: number[] = []
    for (let seed = 1; seed <= 9; seed++) {
      const { gapMs, moved } = await measureGap(seed, how, { settle })
      expect(moved, `seed ${seed}: npm run sim -- --measure transfer --from ${seed} --seeds 1`).toBe(true)
      gaps.push(gapMs)
    }
    gaps.sort((a, b) => a - b)
    expect(gaps[4]).toBeLessThanOrEqual(2 * HEARTBEAT_MS)
  })

  it('kill: the survivors learn it from the closed connections', async () => {
    const gaps: number[] = []
    for (let seed = 1; seed <= 9; seed++) gaps.push((await measureGap(seed, 'kill', { settle })).gapMs)
    gaps.sort((a, b) => a - b)
    expect(gaps[4]).toBeLessThanOrEqual(3 * HEARTBEAT_MS)
  })

  it('idle: in an hour on a bad network nobody is elected', async () => {
    for (const seed of [1, 2]) {
      const { elections } = await measureIdle(seed, 60, { settle })
      expect(elections, `seed ${seed}: npm run sim -- --measure idle --from ${seed} --seeds 1`).toBe(0)
    }
  })

  it('counts the gap from the last answer before', async () => {
    const cluster = new MeasuredCluster(1, { size: 3, settle })
    await cluster.elected()
    expect(cluster.longestGapMs(0)).toBe(Infinity)
    cluster.answeredMs.push(10, 50, 60)
    expect(cluster.longestGapMs(45)).toBe(40)
  })
})
