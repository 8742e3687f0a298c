import { describe, expect, it } from 'vitest'
import { SyncPlace } from './sync-place.js'

const LITTLE = 4096

/** Of `count` syncs that take `ms` each, those that ran in the loop. */
function run(place: SyncPlace, count: number, ms: number): number {
  let inLoop = 0
  for (let at = 0; at < count; at++) {
    if (!place.inLoop(LITTLE)) continue
    inLoop++
    place.took(ms)
  }
  return inLoop
}

describe('SyncPlace', () => {
  it('has all quick syncs of a little in the loop', () => {
    expect(run(new SyncPlace(), 1000, 0.02)).toBe(1000)
  })

  it('has none of much in the loop', () => {
    expect(new SyncPlace().inLoop(1024 * 1024)).toBe(false)
  })

  it('stops the loop hardly ever on a slow disk', () => {
    const place = new SyncPlace()
    expect(run(place, 100_000, 20)).toBeLessThan(110)
    // It has become quick: found out soon, and forgiven.
    expect(run(place, 10_000, 0.02)).toBeGreaterThan(8_900)
    expect(run(place, 17, 20)).toBe(1)
  })

  it('forgives a disk that is slow now and then', () => {
    const place = new SyncPlace()
    let inLoop = 0
    for (let round = 0; round < 100; round++) inLoop += run(place, 1, 20) + run(place, 200, 0.02)
    expect(inLoop).toBeGreaterThan(100 * 180)
  })
})
