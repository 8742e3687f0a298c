import { describe, expect, it } from 'vitest'
import { asIndex } from '../types.js'
import { FreshnessLog } from './freshness.js'

describe('how old a state can be', () => {
  it('is as old as the newest mark that is proved for what is applied', () => {
    const log = new FreshnessLog(1000)
    const first = log.stamp(10, 5)
    expect(log.stamp(14, 5), 'one mark serves for a while').toBe(first)
    const second = log.stamp(20, 5)
    expect(log.asOfMs(asIndex(9))).toBe(-Infinity)
    log.heard({ stamp: first, index: asIndex(3) }, asIndex(0))
    log.heard({ stamp: second, index: asIndex(7) }, asIndex(0))
    expect([2, 3, 6, 7].map((applied) => log.asOfMs(asIndex(applied)))).toEqual([-Infinity, 10, 10, 20])
  })

  it('does not believe marks that it has not made, or has forgotten', () => {
    const log = new FreshnessLog(1000)
    for (const stamp of [0, 7, 1000, 1001]) log.heard({ stamp, index: asIndex(0) }, asIndex(0))
    const old = log.stamp(1, 0)
    for (let at = 2; at < 400; at++) log.stamp(at, 0)
    log.heard({ stamp: old, index: asIndex(0) }, asIndex(0))
    expect(log.asOfMs(asIndex(0))).toBe(-Infinity)
  })

  it('keeps a later proof against an earlier one that comes late, and few in all', () => {
    const log = new FreshnessLog(1)
    log.prove(50, asIndex(5), asIndex(0))
    log.prove(40, asIndex(5), asIndex(0))
    log.prove(30, asIndex(6), asIndex(0))
    expect(log.asOfMs(asIndex(6))).toBe(50)
    for (let at = 100; at < 1000; at++) log.prove(at, asIndex(at), asIndex(0))
    expect(log.asOfMs(asIndex(999))).toBeGreaterThan(990)
    expect(log.asOfMs(asIndex(300))).toBeLessThanOrEqual(300)
  })
})
