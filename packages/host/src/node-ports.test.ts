import { describe, expect, it } from 'vitest'
import { NodeClock } from './node-clock.js'
import { NodeRandom } from './node-random.js'

describe('NodeClock', () => {
  it('never goes back, and calls timers and deferred work once', async () => {
    const clock = new NodeClock()
    const before = clock.now()
    const order: string[] = []
    await new Promise<void>((resolve) => {
      clock.setTimer(1, () => {
        order.push('timer')
        resolve()
      })
      clock.defer(() => order.push('deferred'))
      Promise.resolve().then(() => order.push('promise'), resolve)
    })
    expect(order).toContain('timer')
    expect(order.indexOf('promise')).toBe(0)
    expect(clock.now()).toBeGreaterThanOrEqual(before)
  })

  it('does not call a cancelled timer, and takes delays that setTimeout would not', async () => {
    const clock = new NodeClock()
    const called: string[] = []
    clock.setTimer(0, () => called.push('cancelled')).cancel()
    const long = clock.setTimer(Number.MAX_SAFE_INTEGER, () => called.push('long'))
    await new Promise<void>((resolve) => clock.setTimer(5, resolve))
    long.cancel()
    expect(called).toEqual([])
  })
})

describe('NodeRandom', () => {
  it('gives numbers in [0, 1) that differ', () => {
    const random = new NodeRandom()
    const numbers = Array.from({ length: 5000 }, () => random.next())
    expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true)
    expect(new Set(numbers).size).toBeGreaterThan(4900)
    expect(Math.abs(numbers.reduce((sum, number) => sum + number) / numbers.length - 0.5)).toBeLessThan(0.1)
  })
})
