import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { KeyEntry } from './record.js'
import { HELD_ENTRY_BYTES, SortedEntries } from './sorted-entries.js'

const entry = (key: string, version: number): KeyEntry => ({
  key,
  version,
  createRevision: 1,
  modRevision: 1,
  lease: 0n,
  value: new Uint8Array(version % 7),
})
const compare = (a: KeyEntry, b: KeyEntry): number => a.version - b.version || (a.key < b.key ? -1 : 1)

/** As a range does it: in order whenever it is full, and in the end. */
function sorted(entries: readonly KeyEntry[], limit: number, step: () => number): SortedEntries {
  const all = new SortedEntries(compare, limit)
  const order = (): void => {
    for (let most = step(); ; most = step()) {
      const moved = all.order(most)
      expect(moved).toBeLessThanOrEqual(most)
      if (moved === 0) break
    }
    expect(all.isFull).toBe(false)
  }
  for (const each of entries) {
    all.add(each)
    if (all.isFull) order()
  }
  order()
  return all
}

describe('entries sorted in steps', () => {
  it('are in their order, and no more than are wanted, whatever the steps', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(1000), { maxLength: 3000, size: 'max' }),
        fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.integer({ min: 1, max: 2000 })),
        fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 10 }),
        (versions, limit, steps) => {
          const entries = versions.map((version, at) => entry(`k${at}`, version))
          let at = 0
          const found = sorted(entries, limit, () => steps[at++ % steps.length] ?? 1)
          const expected = [...entries].sort(compare).slice(0, limit)
          expect(found.entries).toEqual(expected)
          expect(found.isCut).toBe(entries.length > limit)
          expect(found.heldBytes).toBe(expected.reduce((sum, { key, value }) => sum + key.length + value.length + HELD_ENTRY_BYTES, 0))
        },
      ),
      { numRuns: 60, endOnFailure: true },
    )
  })

  it('holds about twice as many as are wanted, in the best and in the worst order', () => {
    for (const direction of [1, -1]) {
      const all = new SortedEntries(compare, 1000)
      let most = 0
      for (let at = 0; at < 50_000; at++) {
        all.add(entry(`k${at}`, 100_000 + direction * at))
        most = Math.max(most, all.heldBytes)
        while (all.isFull) all.order(64)
      }
      while (all.order(64) > 0) continue
      expect(most / (HELD_ENTRY_BYTES + 12)).toBeLessThan(2 * 1000 + 4096 + 2)
      expect(all.entries).toHaveLength(1000)
      expect(all.entries[0]?.key).toBe(direction === 1 ? 'k0' : 'k49999')
    }
  })
})
