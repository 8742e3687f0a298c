import { describe, expect, it } from 'vitest'
import { Gather } from './gather.js'

describe('Gather', () => {
  it('lets a lone caller go at once, always', () => {
    const gather = new Gather(1)
    for (let at = 0; at < 100; at++) {
      expect(gather.holds(1, at * 0.01)).toBe(false)
      expect(gather.isHolding).toBe(false)
    }
  })

  it('waits until as many have come as set out last', () => {
    const gather = new Gather(1)
    expect(gather.holds(3, 0)).toBe(false)
    expect([gather.holds(1, 10), gather.holds(2, 10.1), gather.isHolding]).toEqual([true, true, true])
    expect([gather.holds(3, 10.2), gather.isHolding]).toEqual([false, false])
  })

  it('waits no longer than it may, and wants no more afterwards than have come', () => {
    const gather = new Gather(1)
    gather.holds(4, 0)
    expect([gather.holds(2, 10), gather.holds(3, 10.9), gather.holds(3, 11)]).toEqual([true, true, false])
    expect(gather.holds(3, 20)).toBe(false)
  })

  it('ends though the clock stands still', () => {
    const gather = new Gather(1)
    gather.holds(2, 0)
    let turns = 0
    while (gather.holds(1, 0)) turns++
    expect(turns).toBe(200)
  })

  it('is not tried for a while, and longer and longer, when nobody comes; and again at once when somebody did', () => {
    const gather = new Gather(1)
    let nowMs = 0
    /** Two set out, then one comes and nobody else: whether it was made to wait. */
    const wasHeld = (): boolean => {
      nowMs += 10
      gather.holds(2, nowMs)
      const held = gather.holds(1, nowMs)
      if (held) gather.holds(1, nowMs + 5)
      return held
    }
    const tries = Array.from({ length: 24 }, wasHeld)
    const at = tries.flatMap((held, position) => (held ? [position] : []))
    expect(at[0]).toBe(0)
    const pauses = at.slice(1).map((position, each) => position - (at[each] ?? 0))
    expect(pauses.length).toBeGreaterThan(2)
    expect(pauses).toEqual([...pauses].sort((a, b) => a - b))
    expect(pauses.at(-1)).toBeGreaterThan(2)
    // Now they do come.
    for (let each = 0; each < 40; each++) {
      nowMs += 10
      gather.holds(2, nowMs)
      if (gather.holds(1, nowMs)) gather.holds(2, nowMs + 0.5)
    }
    expect([wasHeld(), wasHeld()]).toEqual([true, true])
  })

  it('does nothing when it may not', () => {
    const gather = new Gather(0)
    gather.holds(5, 0)
    expect(gather.holds(1, 0)).toBe(false)
  })
})
