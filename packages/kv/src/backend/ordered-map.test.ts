import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OrderedMap, type OrderedMapReader } from './ordered-map.js'

type Step = { readonly type: 'set' | 'delete'; readonly key: number } | { readonly type: 'cut' }

const keyOf = (n: number): string => String.fromCharCode(n >>> 8, n & 0xff)

function check(steps: readonly Step[]): void {
  const map = new OrderedMap<number>()
  const naive = new Map<string, number>()
  const cuts: { actual: OrderedMapReader<number>; expected: [string, number][] }[] = []
  const sorted = (): [string, number][] => [...naive].sort(([a], [b]) => (a < b ? -1 : 1))
  steps.forEach((step, at) => {
    if (step.type === 'cut') cuts.push({ actual: map.cut(), expected: sorted() })
    else if (step.type === 'set') {
      expect(map.set(keyOf(step.key), at)).toBe(naive.get(keyOf(step.key)))
      naive.set(keyOf(step.key), at)
    } else {
      expect(map.delete(keyOf(step.key))).toBe(naive.get(keyOf(step.key)))
      naive.delete(keyOf(step.key))
    }
  })
  for (const [key, value] of naive) expect(map.get(key)).toBe(value)
  cuts.push({ actual: map, expected: sorted() })
  for (const { actual, expected } of cuts) {
    expect(actual.size).toBe(expected.length)
    expect(entries(actual)).toEqual(expected)
  }
}

const entries = (map: OrderedMapReader<number>): [string, number][] =>
  map.page('', null, false, Number.POSITIVE_INFINITY).map(({ key, value }) => [key, value])

describe('OrderedMap', () => {
  it('agrees with a sorted Map, and its cuts never change', () => {
    const step = fc.oneof(
      { weight: 20, arbitrary: fc.record({ type: fc.constant('set' as const), key: fc.nat(600) }) },
      { weight: 16, arbitrary: fc.record({ type: fc.constant('delete' as const), key: fc.nat(600) }) },
      { weight: 1, arbitrary: fc.record({ type: fc.constant('cut' as const) }) },
    )
    fc.assert(fc.property(fc.array(step, { minLength: 500, maxLength: 1500, size: 'max' }), check), { numRuns: 40 })
  })

  it('grows, shrinks to nothing and grows again in any direction', () => {
    const up = Array.from({ length: 3000 }, (_, key): Step => ({ type: 'set', key }))
    const down = (order: (k: number) => number): Step[] => Array.from({ length: 3000 }, (_, k): Step => ({ type: 'delete', key: order(k) }))
    check([
      ...up,
      { type: 'cut' },
      ...down((k) => k),
      ...up,
      ...down((k) => 2999 - k),
      ...up,
      { type: 'cut' },
      ...down((k) => (k * 1999) % 3000),
      ...up,
    ])
  })

  it('orders by bytes, not by locale, and takes the names of Object.prototype as plain keys', () => {
    const map = new OrderedMap<number>()
    const keys = ['b', 'B', 'a', '\u0000', '\u00ff', '__proto__', 'constructor', 'toString', 'ä']
    keys.forEach((key, at) => map.set(key, at))
    expect(entries(map).map(([key]) => key)).toEqual(['\u0000', 'B', '__proto__', 'a', 'b', 'constructor', 'toString', 'ä', '\u00ff'])
    expect(map.get('hasOwnProperty')).toBeUndefined()
    expect(map.get('__proto__')).toBe(5)
  })

  it('reads any range, either way, in pages of any size', () => {
    const map = new OrderedMap<number>()
    const all = Array.from({ length: 1500 }, (_, n) => ({ key: keyOf((n * 7) % 4096), value: n })).sort((a, b) => (a.key < b.key ? -1 : 1))
    for (const { key, value } of all) map.set(key, value)
    for (let n = 0; n < 1500; n += 3) map.delete(keyOf((n * 7) % 4096))
    const left = all.filter(({ value }) => value % 3 !== 0)
    const bound = fc.nat(5000).map(keyOf)
    fc.assert(
      fc.property(
        fc.oneof(fc.constant(''), bound),
        fc.option(bound),
        fc.boolean(),
        fc.integer({ min: 1, max: 200 }),
        (from, to, reverse, limit) => {
          const inside = left.filter(({ key }) => key >= from && (to === null || key < to))
          const expected = (reverse ? inside.toReversed() : inside).slice(0, limit)
          expect(map.page(from, to, reverse, limit)).toEqual(expected)
          expect(map.keys(from, to, reverse, limit)).toEqual(expected.map(({ key }) => key))
          expect(map.count(from, to, limit)).toBe(expected.length)
        },
      ),
      { numRuns: 500 },
    )
  })
})
