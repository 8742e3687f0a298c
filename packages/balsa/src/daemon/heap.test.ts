import { expect, it } from 'vitest'
import { heapFlags } from './heap.js'

it('lets the heap of a server grow further before all of it is collected, unless that was chosen on the command line', () => {
  expect(heapFlags([], 8)).toEqual(['--heap-growing-percent=400'])
  expect(heapFlags(['--max-old-space-size=100', '--trace-gc'], 8)).toEqual(['--heap-growing-percent=400'])
  expect(heapFlags(['--trace-gc', '--heap-growing-percent=50'], 8)).toEqual([])
  expect(heapFlags(['--heap_growing_percent=50'], 8)).toEqual([])
})

it('collects what is young without helpers where cores are few, unless that was chosen', () => {
  expect(heapFlags([], 2)).toEqual(['--heap-growing-percent=400', '--no-parallel-scavenge'])
  for (const chosen of ['--parallel-scavenge', '--no-parallel-scavenge', '--noparallel_scavenge', '--no_parallel_scavenge'])
    expect(heapFlags([chosen], 1), chosen).toEqual(['--heap-growing-percent=400'])
})
