import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Entry } from '../types.js'
import { asIndex, asTerm, EntryType } from '../types.js'
import { LogView } from './log-view.js'
import { emptyConfiguration, emptyState } from './test-disk.test-support.js'

const entryAt = (index: number, term: number, size = 1): Entry => ({
  term: asTerm(term),
  index: asIndex(index),
  type: EntryType.command,
  timeMs: 0,
  payload: new Uint8Array(size),
})

const entriesFrom = (first: number, terms: readonly number[], size = 1): readonly Entry[] =>
  terms.map((term, i) => entryAt(first + i, term, size))

const emptyView = (): LogView => new LogView(emptyState(emptyConfiguration))

/** A log as a plain list of terms and identities, in which everything is looked up by walking. */
class NaiveLog {
  first = 1
  previousTerm = 0
  entries: Entry[] = []
  /** What the disk holds. */
  disk: Entry[] = []
  writes: { readonly sequence: number; readonly entries: readonly Entry[] }[] = []
  unwritten: Entry[] = []

  get last(): number {
    return this.first + this.entries.length - 1
  }

  at(index: number): Entry | undefined {
    return this.entries.find((entry) => entry.index === index)
  }

  termAt(index: number): number | null {
    return index === this.first - 1 ? this.previousTerm : (this.at(index)?.term ?? null)
  }

  append(entries: readonly Entry[]): void {
    const from = entries[0]?.index ?? Infinity
    this.entries = [...this.entries.filter((entry) => entry.index < from), ...entries]
    this.unwritten = [...this.unwritten.filter((entry) => entry.index < from), ...entries]
  }

  /** Highest index up to which the disk, as far as it is known to be complete, holds the very entries of the log. */
  get stable(): number {
    let index = this.first - 1
    while (this.at(index + 1) !== undefined && this.disk.includes(this.at(index + 1) as Entry)) index++
    return index
  }
}

type Step =
  | { readonly kind: 'append'; readonly back: number; readonly terms: readonly number[]; readonly size: number }
  | { readonly kind: 'write' }
  | { readonly kind: 'complete'; readonly count: number }
  | { readonly kind: 'compact'; readonly at: number }
  | { readonly kind: 'evict'; readonly limit: number }
  | { readonly kind: 'reset'; readonly ahead: number }

const steps = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('append' as const),
        back: fc.nat(4),
        terms: fc.array(fc.nat(1), { minLength: 1, maxLength: 4 }),
        size: fc.nat(9),
      }),
    },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('write' as const) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('complete' as const), count: fc.nat(2) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('compact' as const), at: fc.nat(9) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('evict' as const), limit: fc.nat(30) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('reset' as const), ahead: fc.nat(3) }) },
  ),
  { maxLength: 40 },
)

/** Runs the steps on both and compares every getter after each. */
class Comparison {
  readonly view = emptyView()
  readonly naive = new NaiveLog()
  #sequence = 0
  #cut = 0

  run(step: Step): void {
    const { view, naive } = this
    if (step.kind === 'append') {
      const from = Math.max(naive.first, naive.last + 1 - step.back, this.#cut + 1)
      let term: number = naive.termAt(from - 1) ?? 0
      const entries = step.terms.map((rise, position) => entryAt(from + position, (term += rise) || (term = 1), step.size))
      view.append(entries)
      naive.append(entries)
    } else if (step.kind === 'write') this.#write()
    else if (step.kind === 'complete') this.#complete(step.count)
    else if (step.kind === 'compact') this.#compact(step.at)
    else if (step.kind === 'evict') view.evict(asIndex(naive.last), step.limit)
    else this.#reset(naive.last + 1 + step.ahead)
    this.compare()
  }

  #write(): void {
    const { view, naive } = this
    expect(view.hasUnpersisted).toBe(naive.unwritten.length > 0)
    const sequence = ++this.#sequence
    expect(view.takeUnpersisted(sequence)).toEqual(naive.unwritten)
    naive.writes.push({ sequence, entries: naive.unwritten })
    naive.unwritten = []
  }

  #complete(count: number): void {
    const done = this.naive.writes.splice(0, count)
    const last = done[done.length - 1]
    if (last === undefined) return
    for (const { entries } of done) {
      const from = entries[0]?.index ?? Infinity
      this.naive.disk = [...this.naive.disk.filter((entry) => entry.index < from), ...entries]
    }
    this.view.persisted(last.sequence)
  }

  #compact(ahead: number): void {
    const { view, naive } = this
    const below = Math.min(naive.first + ahead, naive.stable + 1)
    const changes = below > naive.first
    const term = naive.termAt(below - 1)
    expect(view.compactBelow(asIndex(below))).toBe(changes)
    if (!changes) return
    naive.previousTerm = term ?? 0
    naive.entries = naive.entries.filter((entry) => entry.index >= below)
    naive.first = below
    // What was compacted is committed, and can never be cut off again.
    this.#cut = below - 1
  }

  #reset(index: number): void {
    const { view, naive } = this
    const term = (naive.termAt(naive.last) ?? 0) + 1
    view.reset(asIndex(index), asTerm(term))
    naive.first = index + 1
    naive.previousTerm = term
    naive.entries = []
    naive.unwritten = []
    this.#cut = index
  }

  compare(): void {
    const { view, naive } = this
    expect([view.firstIndex, view.lastIndex, view.lastTerm]).toEqual([naive.first, naive.last, naive.termAt(naive.last)])
    expect(view.stableIndex, 'stableIndex').toBe(naive.stable)
    for (let index = naive.first - 2; index <= naive.last + 1; index++) {
      expect(view.termAt(asIndex(index)), `termAt ${index}`).toBe(naive.termAt(index))
      const entry = naive.at(index)
      if (entry === undefined) continue
      const run = naive.entries.find(({ term }) => term === entry.term)
      expect(view.firstIndexOfRun(asIndex(index))).toBe(run?.index)
      const slice = view.slice(asIndex(index), asIndex(naive.last), 12, 3)
      if (slice !== null) expect(slice).toEqual(this.#naiveSlice(index))
      else expect(index, 'only durable entries leave memory').toBeLessThanOrEqual(naive.stable)
    }
    for (let term = 0; term <= view.lastTerm + 1; term++) {
      let last: number | null = null
      for (let index = naive.first - 1; index <= naive.last; index++) if (naive.termAt(index) === term) last = index
      expect(view.lastIndexOfTerm(asTerm(term)), `lastIndexOfTerm ${term}`).toBe(last)
    }
  }

  #naiveSlice(from: number): readonly Entry[] {
    const result: Entry[] = []
    let bytes = 0
    for (let index = from; index <= this.naive.last && result.length < 3; index++) {
      const entry = this.naive.at(index) as Entry
      bytes += entry.payload.length
      if (bytes > 12 && result.length > 0) break
      result.push(entry)
    }
    return result
  }
}

describe('LogView', () => {
  it('agrees with a plain list in every getter, whatever is appended, cut, written, compacted, evicted or replaced', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const comparison = new Comparison()
        for (const step of list) comparison.run(step)
      }),
      { numRuns: 500 },
    )
  })

  it('does not trust the completion of a write whose entries were cut off since', () => {
    const view = emptyView()
    view.append(entriesFrom(1, [1, 1, 1]))
    view.takeUnpersisted(1)
    view.append(entriesFrom(2, [2, 2]))
    view.takeUnpersisted(2)
    view.persisted(1)
    expect(view.stableIndex).toBe(1)
    view.persisted(2)
    expect(view.stableIndex).toBe(3)
  })

  it('not even when the same index and term come back', () => {
    const view = emptyView()
    view.append(entriesFrom(1, [1, 1]))
    view.takeUnpersisted(1)
    view.append(entriesFrom(2, [2]))
    view.append(entriesFrom(2, [3]))
    view.takeUnpersisted(2)
    view.persisted(1)
    expect(view.stableIndex).toBe(1)
  })

  it('hands rewritten entries to storage again', () => {
    const view = emptyView()
    view.append(entriesFrom(1, [1, 1, 1]))
    expect(view.takeUnpersisted(1)).toHaveLength(3)
    view.append(entriesFrom(2, [2]))
    expect(view.takeUnpersisted(2).map(({ index, term }) => [index, term])).toEqual([[2, 2]])
    expect(view.hasUnpersisted).toBe(false)
  })

  it('cuts a slice by bytes and by count, but gives at least one entry', () => {
    const view = emptyView()
    view.append(entriesFrom(1, [1, 1, 1, 1], 10))
    const length = (bytes: number, count: number): number => view.slice(asIndex(1), asIndex(4), bytes, count)?.length ?? -1
    expect([length(0, 9), length(10, 9), length(20, 9), length(29, 9), length(999, 9), length(999, 2)]).toEqual([1, 1, 2, 2, 4, 2])
  })

  it('refuses entries that leave a gap, and terms that fall', () => {
    const view = emptyView()
    view.append(entriesFrom(1, [2]))
    expect(() => view.append(entriesFrom(3, [2]))).toThrow(/connect/)
    expect(() => view.append([entryAt(2, 2), entryAt(4, 2)])).toThrow(/contiguous/)
    expect(() => emptyView().append(entriesFrom(1, [2, 1]))).toThrow(/never decrease/)
  })

  it('does not compact what is not durable', () => {
    const view = emptyView()
    view.append(entriesFrom(1, [1, 1]))
    expect(() => view.compactBelow(asIndex(2))).toThrow(/only durable entries/)
  })
})
