import { describe, expect, it } from 'vitest'
import { asIndex } from '../types.js'
import { ackFrom, appendFrom, command, LoneCore } from './lone-core.test-support.js'

const BIG = 'x'.repeat(60 * 1024)
const COUNT = 10

/** Leader of term 1 whose entries 2 to 11 are large; nobody has acknowledged any. */
function leading(options: { readonly logCacheBytes?: number } = {}): LoneCore {
  const lone = new LoneCore({ noop: true, electionTimeoutMs: 1000, heartbeatIntervalMs: 100, checkQuorum: false, ...options }).lead()
  lone.propose(...Array.from({ length: COUNT }, () => BIG))
  return lone
}

const inMemory = (lone: LoneCore, index: number): boolean => lone.core.entries(asIndex(index), asIndex(index), 1) !== null

const applied = (lone: LoneCore, index: number): void => lone.step({ type: 'applied', index: asIndex(index) })

describe('applied entries leave memory', () => {
  it('of a leader, once every peer that is up has them', () => {
    const lone = leading()
    lone.receive(ackFrom(2, 1, 11))
    applied(lone, 8)
    expect(inMemory(lone, 1)).toBe(true)
    lone.receive(ackFrom(3, 1, 4))
    applied(lone, 9)
    expect([4, 5].map((index) => inMemory(lone, index))).toEqual([false, true])
    lone.receive(ackFrom(3, 1, 11))
    applied(lone, 10)
    expect([5, 11].map((index) => inMemory(lone, index))).toEqual([false, true])
  })

  it('of a leader, whatever a peer lacks that has not been heard for an election time-out', () => {
    const lone = leading()
    lone.receive(ackFrom(2, 1, 11))
    applied(lone, 8)
    lone.tick(1000)
    lone.receive(ackFrom(2, 1, 11))
    applied(lone, 9)
    expect([2, 11].map((index) => inMemory(lone, index))).toEqual([false, true])
  })

  it('of a leader in any case, when there are too many', () => {
    const lone = leading({ logCacheBytes: 400 * 1024 })
    lone.receive(ackFrom(2, 1, 11))
    applied(lone, 11)
    expect([2, 11].map((index) => inMemory(lone, index))).toEqual([false, true])
  })

  it('never before they are applied', () => {
    const lone = leading({ logCacheBytes: 0 })
    lone.receive(ackFrom(2, 1, 11))
    lone.receive(ackFrom(3, 1, 11))
    applied(lone, 3)
    expect([3, 4].map((index) => inMemory(lone, index))).toEqual([false, true])
  })

  it('of a follower at once, but for a few', () => {
    const lone = new LoneCore()
    const entries = Array.from({ length: COUNT }, (_, at) => command(1 + at, 1, BIG))
    lone.receive(appendFrom(2, 1, { entries, commit: COUNT }))
    expect(inMemory(lone, 1)).toBe(true)
    applied(lone, COUNT)
    expect([1, COUNT].map((index) => inMemory(lone, index))).toEqual([false, true])
  })
})
