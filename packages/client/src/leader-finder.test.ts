import { SeededRandom } from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import { LeaderFinder } from './leader-finder.js'

const finder = (...endpoints: string[]): LeaderFinder => new LeaderFinder(endpoints, new SeededRandom(1), { initialMs: 20, maxMs: 400 })

describe('LeaderFinder', () => {
  it('goes where a member points, and stays after a success', () => {
    const search = finder('a', 'b', 'c')
    expect(search.failed('a', 'c', 0)).toBe(0)
    expect(search.target).toBe('c')
    search.succeeded('c')
    expect(search.failed('a', 'b', 5)).toBe(0)
    expect(search.target).toBe('c')
  })

  it('ignores a member that points to itself or nowhere', () => {
    for (const hint of ['a', '', 'x'.repeat(300), undefined]) {
      const search = finder('a', 'b')
      search.failed('a', hint, 0)
      expect(search.target).toBe('b')
      expect(search.known).toEqual(['a', 'b'])
    }
  })

  it('tries each member once, then waits, longer each round, up to the limit', () => {
    const search = finder('a', 'b', 'c')
    const waits: number[] = []
    let nowMs = 0
    for (let attempt = 0; attempt < 24; attempt++) {
      const waitMs = search.failed(search.target, undefined, nowMs)
      waits.push(waitMs)
      nowMs += waitMs
    }
    const rounds = waits.filter((waitMs) => waitMs > 0)
    expect(waits.map((waitMs) => waitMs > 0)).toEqual(Array.from({ length: 24 }, (_, at) => at % 3 === 2))
    rounds.forEach((waitMs, round) => {
      const longest = Math.min(400, 20 * 2 ** round)
      expect(waitMs).toBeGreaterThanOrEqual(longest / 2)
      expect(waitMs).toBeLessThanOrEqual(longest)
    })
  })

  it('makes calls that fail together wait together: old news does not move it again', () => {
    const search = finder('a', 'b')
    search.failed('a', undefined, 0)
    const waitMs = search.failed('b', undefined, 0)
    expect(waitMs).toBeGreaterThan(0)
    const { target } = search
    expect(search.failed('b', undefined, 0)).toBe(waitMs)
    expect(search.failed('b', undefined, waitMs + 1)).toBe(0)
    expect(search.target).toBe(target)
  })

  it('learns a bounded number of members from hints', () => {
    const search = finder('a')
    for (let at = 0; at < 100; at++) search.failed(search.target, `learned-${at}`, 0)
    expect(search.known.length).toBe(17)
    expect(search.known).toContain('a')
  })

  it('takes the list of a member for what was learned before, and keeps to the one that it asks', () => {
    const search = finder('a')
    search.learn(['a', 'b', '', 'x'.repeat(300), 'c'])
    expect(search.known).toEqual(['a', 'b', 'c'])
    search.failed('a', 'b', 0)
    search.learn(['d'])
    expect([search.target, search.known]).toEqual(['b', ['a', 'd', 'b']])
    search.succeeded('b')
    search.learn(Array.from({ length: 40 }, (_, at) => `m${at}`))
    expect(search.known.length).toBe(17)
  })

  it('needs an endpoint', () => {
    expect(() => finder()).toThrow(expect.objectContaining({ code: 'INVALID' }))
  })
})
