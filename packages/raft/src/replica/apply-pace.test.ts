import { expect, it } from 'vitest'
import { ApplyPace } from './apply-pace.js'

/** Batches, each as large as it may be, of entries that cost so much. */
const run = (pace: ApplyPace, batches: number, msPerEntry: number): number[] =>
  Array.from({ length: batches }, () => {
    const { entries } = pace
    pace.took(entries, entries * msPerEntry)
    return entries
  })

it('begins with all that is allowed, and stays there while it is quick', () => {
  expect(run(new ApplyPace(256, 2), 4, 0.001)).toEqual([256, 256, 256, 256])
  expect(run(new ApplyPace(256, 2), 2, 0)).toEqual([256, 256])
})

it('takes as many as fit into the time after one that took too long, and more again when they get cheaper', () => {
  const pace = new ApplyPace(256, 2)
  expect(run(pace, 3, 0.02)).toEqual([256, 100, 100])
  expect(run(pace, 4, 0.001)).toEqual([100, 200, 256, 256])
})

it('comes back from one long pause within a few batches', () => {
  const pace = new ApplyPace(256, 2)
  pace.took(256, 300)
  expect(run(pace, 6, 0.001)).toEqual([16, 32, 64, 128, 256, 256])
})

it('never takes fewer than a handful, however long they take, and never more than is allowed', () => {
  expect(run(new ApplyPace(256, 2), 3, 10)).toEqual([256, 16, 16])
  expect(run(new ApplyPace(4, 2), 3, 10)).toEqual([4, 4, 4])
})

it('learns nothing from a small batch that was quick', () => {
  const pace = new ApplyPace(256, 2)
  pace.took(256, 8)
  pace.took(1, 0.001)
  expect(pace.entries).toBe(64)
})

it('does not look at the time when none is set', () => {
  expect(run(new ApplyPace(1024, Infinity), 3, 1)).toEqual([1024, 1024, 1024])
})
