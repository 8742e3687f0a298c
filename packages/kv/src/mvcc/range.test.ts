import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MemoryBackend } from '../backend/memory-backend.js'
import { ENTRY_BYTES, PLAIN_RANGE, type RangeRequest, RangeScan, SORT_TARGETS } from './range.js'
import { MvccStore } from './mvcc-store.js'

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))
const EVERYTHING = { key: bytes('\0'), rangeEnd: bytes('\0') }
const COUNT = 700

/** Keys with different numbers of versions, and values of which many are equal. */
function filled(): MvccStore {
  const store = new MvccStore(new MemoryBackend())
  let index = 0
  for (let at = 0; at < 2 * COUNT; at++) {
    const key = bytes(`k${(at * 7919) % COUNT}`)
    if (at >= COUNT && at % 3 > 0) continue
    index += 1
    const command = { type: 'put', stamp: null, key, value: bytes(`v${at % 50}`) } as const
    store.batch(
      index,
      (writes) => writes.execute(command, index, index),
      () => undefined,
    )
  }
  return store
}

describe('a range in steps', () => {
  const store = filled()
  const request: fc.Arbitrary<RangeRequest> = fc.record({
    ...Object.fromEntries(Object.entries(PLAIN_RANGE).map(([name, value]) => [name, fc.constant(value)])),
    key: fc.constantFrom(bytes('\0'), bytes('k3')),
    rangeEnd: fc.constantFrom(bytes('\0'), bytes('k6')),
    limit: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 800 })),
    sortTarget: fc.constantFrom(...SORT_TARGETS),
    descending: fc.boolean(),
    keysOnly: fc.boolean(),
    counted: fc.boolean(),
    minModRevision: fc.constantFrom(0, 0, 400),
  }) as fc.Arbitrary<RangeRequest>
  const revision = fc.constantFrom(null, COUNT)

  it('finds the same whatever the steps', () => {
    fc.assert(
      fc.property(request, revision, fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 }), (asked, at, steps) => {
        const scan = new RangeScan(store.reader, asked, at)
        for (let taken = 0; !scan.step(steps[taken % steps.length] ?? 1); taken++) expect(taken).toBeLessThan(100_000)
        const found = scan.result()
        expect(found).toEqual(new RangeScan(store.reader, asked, at).run())
        const all = new RangeScan(store.reader, { ...asked, sortTarget: 'key', descending: false, limit: 0, keysOnly: false }, at).run()
        const sign = asked.descending ? -1 : 1
        const by = ({ key, ...entry }: (typeof all.entries)[number]): string | number =>
          asked.sortTarget === 'key' ? key : asked.sortTarget === 'value' ? String.fromCharCode(...entry.value) : entry[asked.sortTarget]
        const expected = [...all.entries].sort((a, b) => {
          const [x, y] = [by(a), by(b)]
          if (x === y) return a.key < b.key ? -1 : 1
          return x < y ? -sign : sign
        })
        const keys = expected.map(({ key }) => key).slice(0, asked.limit === 0 ? expected.length : asked.limit)
        expect(found.entries.map(({ key }) => key)).toEqual(keys)
        expect(found.more).toBe(expected.length > keys.length)
        expect(scan.bytes).toBe(found.entries.reduce((sum, { key, value }) => sum + key.length + value.length + ENTRY_BYTES, 0))
      }),
      { numRuns: 150, endOnFailure: true },
    )
  })

  it('is too large when it is sorted and would be longer than it may be, or takes too much memory', () => {
    const sorted: RangeRequest = { ...PLAIN_RANGE, ...EVERYTHING, sortTarget: 'value' }
    const isTooLarge = (asked: RangeRequest, maxBytes: number, maxHeldBytes: number): boolean => {
      const scan = new RangeScan(store.reader, asked, null, maxBytes, maxHeldBytes)
      while (!scan.step(64)) continue
      return scan.isTooLarge
    }
    const whole = new RangeScan(store.reader, sorted, null)
    whole.run()
    expect(isTooLarge(sorted, whole.bytes, Number.POSITIVE_INFINITY)).toBe(false)
    expect(isTooLarge(sorted, whole.bytes - 1, Number.POSITIVE_INFINITY)).toBe(true)
    expect(isTooLarge({ ...sorted, limit: 1 }, 100, Number.POSITIVE_INFINITY)).toBe(false)
    expect(isTooLarge({ ...sorted, limit: 10 }, 100, Number.POSITIVE_INFINITY)).toBe(true)
    expect(isTooLarge(sorted, Number.POSITIVE_INFINITY, 200 * COUNT)).toBe(false)
    expect(isTooLarge(sorted, Number.POSITIVE_INFINITY, 100 * COUNT)).toBe(true)
    expect(isTooLarge({ ...PLAIN_RANGE, ...EVERYTHING }, 100, 100)).toBe(false)
  })
})
