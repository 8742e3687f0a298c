import { expect, it } from 'vitest'
import { heapFlag } from './heap.js'

it('lets the heap of a server grow further before all of it is collected, unless that was chosen on the command line', () => {
  expect(heapFlag([])).toBe('--heap-growing-percent=400')
  expect(heapFlag(['--max-old-space-size=100', '--trace-gc'])).toBe('--heap-growing-percent=400')
  expect(heapFlag(['--trace-gc', '--heap-growing-percent=50'])).toBeNull()
  expect(heapFlag(['--heap_growing_percent=50'])).toBeNull()
})
