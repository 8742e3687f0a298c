import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asIndex, type Entry, ZERO_INDEX, ZERO_TERM } from '../types.js'
import { LogState } from './log-state.js'
import { PositionIndex } from './position-index.js'
import { HeadOrigin } from './record.js'
import { configurationOf, entryOf, hardStateOf } from './storage-support.test-support.js'

const EMPTY = {
  origin: HeadOrigin.initial,
  lastIndex: ZERO_INDEX,
  lastTerm: ZERO_TERM,
  timeMs: 0,
  hardState: hardStateOf(0),
  configuration: configurationOf(1),
}

type Step =
  | { readonly type: 'append'; readonly back: number; readonly count: number; readonly termUp: boolean }
  | { readonly type: 'compact'; readonly share: number }
  | { readonly type: 'evict' }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    type: fc.constant('append' as const),
    back: fc.nat({ max: 6 }),
    count: fc.integer({ min: 1, max: 8 }),
    termUp: fc.boolean(),
  }),
  fc.record({ type: fc.constant('compact' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
  fc.record({ type: fc.constant('evict' as const) }),
)

/** The log as a plain array of all entries, and the first index that is still there. */
class NaiveLog {
  entries: Entry[] = []
  first = 1

  get last(): number {
    return this.entries.at(-1)?.index ?? 0
  }

  put(entry: Entry): void {
    this.entries = [...this.entries.filter(({ index }) => index < entry.index), entry]
  }

  runs(): { term: number; firstIndex: number }[] {
    const runs: { term: number; firstIndex: number }[] = []
    for (const { index, term } of this.entries)
      if (index >= this.first && runs.at(-1)?.term !== term) runs.push({ term, firstIndex: index })
    return runs
  }
}

describe('LogState and PositionIndex', () => {
  it('agree with a naive array through appending, cutting, compacting and forgetting', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const state = new LogState(EMPTY)
        const positions = new PositionIndex()
        const naive = new NaiveLog()
        /** What stands at which place of an endless file: 50 bytes for each record. */
        const file: Entry[] = []
        let term = 1
        for (const item of steps) {
          if (item.type === 'evict') state.evict(200, Number.POSITIVE_INFINITY)
          else if (item.type === 'compact') {
            naive.first = naive.first + Math.floor(item.share * (naive.last + 1 - naive.first))
            state.compact(asIndex(naive.first))
          } else {
            const from = Math.max(naive.first, naive.last + 1 - item.back)
            if (item.termUp || from <= naive.last) term += 1
            for (let at = 0; at < item.count; at++) {
              const entry = entryOf(from + at, term, 10)
              naive.put(entry)
              state.append(entry)
              positions.note(entry.index, 1 + Math.floor(file.length / 30), file.length * 50)
              file.push(entry)
            }
          }
          expect([state.firstIndex, state.lastIndex, state.runs]).toEqual([naive.first, naive.last, naive.runs()])
          for (let index = naive.first - 1; index <= naive.last; index++) {
            expect(state.termAt(index)).toBe(naive.entries.find((entry) => entry.index === index)?.term ?? 0)
          }
          for (let index = naive.first; index <= naive.last; index++) {
            const place = positions.find(index)
            expect(place?.end).toBeGreaterThan(index)
            const record = (place?.checkpoint.offset ?? 0) / 50 + index - (place?.checkpoint.index ?? 0)
            expect(file[record]).toBe(naive.entries.find((entry) => entry.index === index))
            const cached = state.cache.read(index, index, 1000)
            if (cached !== null) expect(cached).toEqual([naive.entries.find((entry) => entry.index === index)])
          }
          expect(state.bytes).toBeGreaterThanOrEqual(0)
        }
      }),
    )
  })
})
