import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Bounds } from '../mvcc/range.js'
import { RangeIndex } from './range-index.js'

const key = fc.string({ unit: fc.constantFrom('\0', 'a', 'b', '\u00ff'), maxLength: 3 })
const bounds: fc.Arbitrary<Bounds> = fc.oneof(
  fc.record({ from: key, to: fc.oneof(key, fc.constant(null)) }),
  key.map((from) => ({ from, to: `${from}\0` })),
)
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant('add' as const), bounds }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('remove' as const), at: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('find' as const), key }) },
)

describe('an index of ranges', () => {
  it('finds what a list of all of them would', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
        const index = new RangeIndex<number>()
        const list: { readonly item: number; readonly bounds: Bounds }[] = []
        let next = 0
        for (const each of steps) {
          if (each.type === 'add') {
            list.push({ item: next, bounds: each.bounds })
            index.add(each.bounds, next++)
          } else if (each.type === 'remove') {
            const [gone] = list.length === 0 ? [] : list.splice(each.at % list.length, 1)
            if (gone !== undefined) index.remove(gone.bounds, gone.item)
          } else {
            const expected = list.filter(({ bounds: { from, to } }) => from <= each.key && (to === null || each.key < to))
            expect(index.find(each.key).sort((a, b) => a - b)).toEqual(expected.map(({ item }) => item))
          }
          expect(index.size).toBe(list.length)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('removes nothing that is not there', () => {
    const index = new RangeIndex<string>()
    index.add({ from: 'a', to: 'c' }, 'x')
    index.remove({ from: 'a', to: 'c' }, 'y')
    index.remove({ from: 'a', to: 'd' }, 'x')
    index.remove({ from: 'a', to: 'a\0' }, 'x')
    expect(index.find('b')).toEqual(['x'])
    index.clear()
    expect([index.find('b'), index.size]).toEqual([[], 0])
  })
})
