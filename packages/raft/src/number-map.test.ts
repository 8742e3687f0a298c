import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NumberMap } from './number-map.js'

/** Few distinct ones, of the ranges where the arithmetic changes: small integers, 2^31, 2^32, the largest. */
const key = fc.oneof(
  fc.nat(40),
  fc.integer({ min: 2 ** 31 - 4, max: 2 ** 31 + 4 }),
  fc.integer({ min: 2 ** 32 - 4, max: 2 ** 32 + 4 }),
  fc.integer({ min: Number.MAX_SAFE_INTEGER - 4, max: Number.MAX_SAFE_INTEGER }),
)
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant('set' as const), key, value: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('delete' as const), key }) },
)

function expectSame(map: NumberMap<number>, model: Map<number, number>): void {
  const sorted = [...model].sort(([a], [b]) => a - b)
  expect(map.size).toBe(model.size)
  expect(map.keys()).toEqual(sorted.map(([each]) => each))
  expect(map.values()).toEqual(sorted.map(([, value]) => value))
}

describe('NumberMap', () => {
  it('answers as a Map does, whatever is set and deleted', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const map = new NumberMap<number>()
        const model = new Map<number, number>()
        for (const one of steps) {
          if (one.type === 'set') {
            map.set(one.key, one.value)
            model.set(one.key, one.value)
          } else {
            expect(map.delete(one.key)).toBe(model.delete(one.key))
          }
          expect(map.get(one.key)).toBe(model.get(one.key))
        }
        expectSame(map, model)
      }),
      { numRuns: 500 },
    )
  })

  it('keeps a window of ascending keys that moves for ever, odd ones and with one that stays', () => {
    for (const stride of [1, 2]) {
      const map = new NumberMap<number>()
      map.set(0, -1)
      for (let at = 1; at < 20_000; at++) {
        map.set(at * stride, at)
        if (at > 100) expect(map.delete((at - 100) * stride)).toBe(true)
        expect(map.size).toBe(Math.min(at, 100) + 1)
      }
      expect(map.get(0)).toBe(-1)
      expect(map.keys().slice(1)).toEqual(Array.from({ length: 100 }, (_, at) => (19_900 + at) * stride))
    }
  })

  it('holds very many, and starts small again when all have gone', () => {
    const map = new NumberMap<number>()
    for (let at = 0; at < 50_000; at++) map.set(at * 1024, at)
    expect(map.get(49_999 * 1024)).toBe(49_999)
    for (let at = 0; at < 50_000; at++) expect(map.delete(at * 1024)).toBe(true)
    expect(map.size).toBe(0)
    expect(map.values()).toEqual([])
    map.set(7, 7)
    expect(map.values()).toEqual([7])
  })
})
