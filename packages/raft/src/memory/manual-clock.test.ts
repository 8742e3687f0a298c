import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ManualClock } from './manual-clock.js'

describe('ManualClock', () => {
  it('runs everything in the order of time, then insertion', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 20 }), { maxLength: 200 }), fc.array(fc.nat(), { maxLength: 30 }), (delays, cancelled) => {
        const clock = new ManualClock(1000)
        const ran: { at: number; order: number }[] = []
        const timers = delays.map((delay, order) => clock.setTimer(delay, () => ran.push({ at: clock.now(), order })))
        const gone = new Set(cancelled.filter(() => delays.length > 0).map((at) => at % delays.length))
        for (const at of gone) timers[at]?.cancel()
        expect(clock.pending).toBe(delays.length - gone.size)
        clock.advance(30)
        const expected = delays
          .map((delay, order) => ({ at: 1000 + delay, order }))
          .filter(({ order }) => !gone.has(order))
          .sort((a, b) => a.at - b.at || a.order - b.order)
        expect(ran).toEqual(expected)
        expect(clock.now()).toBe(1030)
        expect(clock.pending).toBe(0)
      }),
    )
  })

  it('runs what callbacks add, at its own time', () => {
    const clock = new ManualClock()
    const ran: string[] = []
    clock.setTimer(5, () => {
      clock.setTimer(5, () => ran.push(`inner ${clock.now()}`))
      clock.setTimer(6, () => ran.push('too late'))
    })
    clock.advance(10)
    expect(ran).toEqual(['inner 10'])
    expect(clock.nextDueMs).toBe(11)
  })

  it('defers behind what is due already, at the same time', () => {
    const clock = new ManualClock()
    const ran: string[] = []
    clock.setTimer(0, () => ran.push('arrived'))
    clock.defer(() => ran.push('deferred'))
    clock.setTimer(0, () => ran.push('later'))
    clock.setTimer(1, () => ran.push('not due'))
    clock.runDue()
    expect(ran).toEqual(['arrived', 'deferred', 'later'])
    expect(clock.now()).toBe(0)
  })

  it('cancels from inside a callback, and twice without harm', () => {
    const clock = new ManualClock()
    const other = clock.setTimer(1, () => expect.unreachable())
    const self = clock.setTimer(0, () => {
      self.cancel()
      other.cancel()
      other.cancel()
    })
    clock.advance(5)
    expect(clock.pending).toBe(0)
  })

  it('steps from event to event', () => {
    const clock = new ManualClock()
    clock.setTimer(7, () => undefined)
    expect(clock.step()).toBe(true)
    expect(clock.now()).toBe(7)
    expect(clock.step()).toBe(false)
  })

  it('lets promises settle between events', async () => {
    const clock = new ManualClock()
    const ran: number[] = []
    const wait = (ms: number) => new Promise<void>((resolve) => clock.setTimer(ms, resolve))
    const work = (async () => {
      for (let turn = 0; turn < 3; turn++) {
        await wait(10)
        ran.push(clock.now())
      }
    })()
    await clock.advanceAsync(100)
    await work
    expect(ran).toEqual([10, 20, 30])
  })

  it('lets time pass until a promise settles, or a condition holds, and no longer than allowed', async () => {
    const clock = new ManualClock()
    const after = (ms: number): Promise<number> => new Promise((resolve) => clock.setTimer(ms, () => resolve(clock.now())))
    expect(await clock.settled(after(7))).toBe(7)
    expect(clock.now()).toBe(7)
    await expect(clock.settled(Promise.reject(new Error('failed')))).rejects.toThrow('failed')
    await expect(clock.settled(after(50), 20)).rejects.toThrow('within 20 ms')
    await clock.until(() => clock.now() >= 40)
    expect(clock.now()).toBe(40)
    await expect(clock.until(() => false, 5)).rejects.toThrow('within 5 ms')
    expect(clock.now()).toBe(45)
  })
})
