import { describe, expect, it } from 'vitest'
import { ManualClock } from '../memory/manual-clock.js'
import type { CancelReason } from './calls.js'
import { CallGuards, cancelled, cancelledUnknown, stopped } from './calls.js'

function setUp(): { clock: ManualClock; guards: CallGuards; ended: CancelReason[]; call: { cancel(reason: CancelReason): void } } {
  const clock = new ManualClock(1000)
  const ended: CancelReason[] = []
  return { clock, guards: new CallGuards(clock), ended, call: { cancel: (reason) => ended.push(reason) } }
}

describe('call guards', () => {
  it('cost nothing without a deadline and a signal', () => {
    const { guards, call } = setUp()
    expect(guards.guard(call, {})).toBeNull()
    expect(guards.refusal({})).toBeNull()
  })

  it('refuse a call that is over before it begins', () => {
    const { guards } = setUp()
    expect(guards.refusal({ deadlineMs: 1000 })?.code).toBe('DEADLINE')
    expect(guards.refusal({ timeoutMs: 0 })?.code).toBe('DEADLINE')
    expect(guards.refusal({ deadlineMs: 1001 })).toBeNull()
    const refusal = guards.refusal({ signal: AbortSignal.abort('enough') })
    expect(refusal?.code).toBe('ABORTED')
    expect(refusal?.cause).toBe('enough')
  })

  it('end a call never before and soon after its deadline', () => {
    const { clock, guards, ended, call } = setUp()
    guards.guard(call, { timeoutMs: 100 })
    clock.advance(99)
    expect(ended).toEqual([])
    clock.advance(9)
    expect(ended).toEqual(['DEADLINE'])
    expect(clock.pending).toBe(0)
  })

  it('take the earlier of deadline and time-out', () => {
    const { clock, guards, ended, call } = setUp()
    guards.guard(call, { deadlineMs: 1050, timeoutMs: 500 })
    clock.advance(60)
    expect(ended).toEqual(['DEADLINE'])
  })

  it('share one timer, which is left alone when calls end', () => {
    const { clock, guards, ended, call } = setUp()
    const watching = Array.from({ length: 100 }, (_, at) => guards.guard(call, { timeoutMs: 500 + at }))
    expect(clock.pending).toBe(1)
    expect(guards.pending).toBe(100)
    for (const guard of watching) guard?.release()
    expect(guards.pending).toBe(0)
    expect(clock.pending).toBe(1)
    clock.advance(1000)
    expect(clock.pending).toBe(0)
    expect(ended).toEqual([])
  })

  it('end each call in its time, in whatever order they come', () => {
    const { clock, guards, ended, call } = setUp()
    for (const timeoutMs of [300, 100, 500, 200]) guards.guard(call, { timeoutMs })
    for (const count of [1, 2, 3, 3, 4]) {
      clock.advance(108)
      expect(ended).toHaveLength(count)
      expect(clock.pending).toBe(count < 4 ? 1 : 0)
    }
  })

  it('keep no timer after the stop', () => {
    const { clock, guards, call } = setUp()
    guards.guard(call, { timeoutMs: 100 })?.release()
    guards.stop()
    expect(clock.pending).toBe(0)
  })

  it('end a call once, by signal or deadline, and leave no listener', () => {
    const { clock, guards, ended, call } = setUp()
    const controller = new AbortController()
    guards.guard(call, { signal: controller.signal, timeoutMs: 100 })
    controller.abort()
    clock.advance(1000)
    expect(ended).toEqual(['ABORTED'])
  })

  it('hear nothing of a signal after the release', () => {
    const { guards, ended, call } = setUp()
    const controller = new AbortController()
    guards.guard(call, { signal: controller.signal })?.release()
    controller.abort()
    expect(ended).toEqual([])
  })
})

it('says whether the command can still be applied', () => {
  expect(cancelled('ABORTED', undefined).outcome).toBe('not-applied')
  expect(cancelledUnknown('DEADLINE', undefined)).toMatchObject({ code: 'OUTCOME_UNKNOWN', outcome: 'unknown' })
  expect(stopped().outcome).toBe('not-applied')
})
