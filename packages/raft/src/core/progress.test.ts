import { describe, expect, it } from 'vitest'
import { asIndex, asMemberId } from '../types.js'
import { Progress } from './progress.js'

const replicating = (): Progress => {
  const progress = new Progress(asMemberId(2), asIndex(1), 0)
  progress.becomeReplicate()
  return progress
}

describe('Progress', () => {
  it('counts what is under way, by messages and by bytes', () => {
    const progress = replicating()
    progress.sent(asIndex(3), 10)
    progress.sent(asIndex(4), 20)
    expect([progress.nextIndex, progress.inflightCount]).toEqual([5, 2])
    expect(progress.windowFull(3, 31)).toBe(false)
    expect(progress.windowFull(2, 31)).toBe(true)
    expect(progress.windowFull(3, 30)).toBe(true)
    expect(progress.acknowledged(asIndex(3))).toBe(true)
    expect([progress.matchIndex, progress.inflightCount]).toEqual([3, 1])
    expect(progress.windowFull(2, 21)).toBe(false)
  })

  it('takes an acknowledgement for all messages before it, and an older one for nothing new', () => {
    const progress = replicating()
    for (const last of [1, 2, 3]) progress.sent(asIndex(last), 1)
    expect(progress.acknowledged(asIndex(3))).toBe(true)
    expect(progress.inflightCount).toBe(0)
    expect(progress.acknowledged(asIndex(2))).toBe(false)
    expect(progress.matchIndex).toBe(3)
  })

  it('never probes below what matches', () => {
    const progress = replicating()
    progress.sent(asIndex(5), 1)
    progress.acknowledged(asIndex(5))
    progress.becomeProbe(asIndex(2))
    expect([progress.state, progress.nextIndex, progress.inflightCount]).toEqual(['probe', 6, 0])
  })

  it('makes room for one message when all may be lost', () => {
    const progress = replicating()
    progress.sent(asIndex(1), 7)
    progress.sent(asIndex(2), 7)
    progress.freeOldest()
    expect([progress.inflightCount, progress.windowFull(2, 14)]).toEqual([1, false])
    progress.freeOldest()
    progress.freeOldest()
    expect([progress.inflightCount, progress.windowFull(1, 1)]).toEqual([0, false])
  })

  it('pipelines forwards only', () => {
    const progress = replicating()
    progress.sent(asIndex(3), 1)
    expect(() => progress.sent(asIndex(3), 1)).toThrow(/go forward/)
  })
})
