import { ManualClock } from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import { runInVirtualTime, settlePromises, sleep } from './virtual-time.js'

describe('virtual time', () => {
  it('jumps from event to event', async () => {
    const clock = new ManualClock()
    const times: number[] = []
    await runInVirtualTime(clock, settlePromises, async () => {
      const other = sleep(clock, 5000).then(() => times.push(clock.now()))
      await sleep(clock, 1_000_000)
      times.push(clock.now())
      await other
    })
    expect(times).toEqual([5000, 1_000_000])
  })

  it('says so when a test waits for what can never happen', async () => {
    const clock = new ManualClock()
    await expect(runInVirtualTime(clock, settlePromises, () => new Promise(() => undefined))).rejects.toThrow('never happen')
  })

  it('hands out what the test throws', async () => {
    const clock = new ManualClock()
    const failing = runInVirtualTime(clock, settlePromises, async () => {
      await sleep(clock, 1)
      throw new Error('wrong')
    })
    await expect(failing).rejects.toThrow('wrong')
  })
})
