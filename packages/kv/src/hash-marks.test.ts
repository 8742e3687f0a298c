import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HashMarks } from './hash-marks.js'

const hashAt = (index: number): string => `hash of ${index}`

/** Applies these commands, the first behind `start`. */
function marksOf(indexes: readonly number[], start = 0): HashMarks {
  const marks = new HashMarks()
  let previous = start
  for (const index of indexes) {
    marks.applied(previous, index, () => hashAt(index))
    previous = index
  }
  return marks
}

const every = (last: number, step: number): number[] => Array.from({ length: Math.floor(last / step) }, (_, at) => (at + 1) * step)

describe('marks', () => {
  it('stand at places that do not depend on where a member began', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 300 }), fc.nat(299), (steps, from) => {
        const indexes: number[] = []
        for (const step of steps) indexes.push((indexes.at(-1) ?? 0) + step)
        const begin = Math.min(from, indexes.length - 1)
        const restored = marksOf(indexes.slice(begin + 1), indexes[begin])
        const whole = new Map(marksOf(indexes).all.map(({ index, hash }) => [index, hash]))
        // Whoever began later may keep older ones longer, but none that the other never had.
        for (const { index } of restored.all) {
          const at = indexes.indexOf(index)
          expect(Math.floor(index / 64)).toBeGreaterThan(Math.floor((indexes[at - 1] ?? 0) / 64))
        }
        const newest = restored.all.at(-1)
        if (newest !== undefined) expect(whole.get(newest.index)).toBe(newest.hash)
      }),
    )
  })

  it('of two members always have one in common, however far one is behind', () => {
    const all = every(2_000_000, 1)
    const ahead = new Set(marksOf(all).all.map(({ index }) => index))
    for (const behind of [10, 600, 8_000, 100_000, 1_000_000]) {
      const common = marksOf(all.slice(0, all.length - behind)).all.filter(({ index }) => ahead.has(index))
      expect(common.length, `${behind} behind`).toBeGreaterThan(0)
    }
    expect(ahead.size).toBeLessThanOrEqual(40)
  })

  it('go when the state is replaced', () => {
    const marks = marksOf(every(1000, 1))
    marks.clear()
    expect(marks.all).toEqual([])
  })
})
