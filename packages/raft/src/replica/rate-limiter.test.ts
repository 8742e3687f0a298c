import { expect, it } from 'vitest'
import { ManualClock } from '../memory/manual-clock.js'
import { RateLimiter } from './rate-limiter.js'

it('lets bytes pass at the rate, in order', async () => {
  const clock = new ManualClock()
  const limiter = new RateLimiter(clock, 1000)
  const passed: [number, number][] = []
  for (const bytes of [100, 200, 300, 1]) void limiter.take(bytes).then(() => passed.push([bytes, clock.now()]))
  await clock.advanceAsync(1000)
  expect(passed).toEqual([
    [100, 0],
    [200, 100],
    [300, 300],
    [1, 600],
  ])
  expect(clock.pending).toBe(0)
})

it('does not save up idle time', async () => {
  const clock = new ManualClock()
  const limiter = new RateLimiter(clock, 1000)
  await limiter.take(100)
  await clock.advanceAsync(5000)
  const passed: number[] = []
  for (let i = 0; i < 3; i++) void limiter.take(100).then(() => passed.push(clock.now()))
  await clock.advanceAsync(1000)
  expect(passed).toEqual([5000, 5100, 5200])
})

it('lets everybody go when it stops, and leaves no timer', async () => {
  const clock = new ManualClock()
  const limiter = new RateLimiter(clock, 1)
  const calls = [limiter.take(1000), limiter.take(1000), limiter.take(1000)]
  limiter.stop()
  await Promise.all(calls)
  expect(clock.pending).toBe(0)
})

it('without a limit holds up nobody', async () => {
  const clock = new ManualClock()
  const limiter = new RateLimiter(clock, Infinity)
  await Promise.all([limiter.take(1e12), limiter.take(1e12)])
  expect(clock.pending).toBe(0)
})

it('turns that come late cost nothing of the rate', async () => {
  const timers: (() => void)[] = []
  const clock = {
    nowMs: 5000,
    now: () => clock.nowMs,
    setTimer: (_delayMs: number, callback: () => void) => {
      timers.push(callback)
      return { cancel: () => undefined }
    },
    defer: () => undefined,
  }
  const limiter = new RateLimiter(clock, 1000)
  let passed = 0
  const pass = async (): Promise<void> => {
    for (;;) {
      await limiter.take(10)
      passed += 1
    }
  }
  void pass()
  for (let turn = 0; turn < 10; turn++) {
    for (let at = 0; at < 100; at++) await Promise.resolve()
    clock.nowMs += 200
    timers.shift()?.()
  }
  for (let at = 0; at < 100; at++) await Promise.resolve()
  expect(passed).toBe(1 + 2000 / 10)
})
