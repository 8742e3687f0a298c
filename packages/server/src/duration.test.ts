import { expect, it } from 'vitest'
import { parseDuration } from './duration.js'

it('reads durations with units, and nothing else', () => {
  const read = (text: string): number | null => parseDuration(text)
  expect(['0', '100ms', '5s', '1.5h', '1h30m', '72h'].map(read)).toEqual([0, 100, 5000, 5_400_000, 5_400_000, 259_200_000])
  for (const text of ['', '5', '-1s', '1d', 's', '1h 30m', '9'.repeat(30) + 'h']) expect(read(text)).toBeNull()
})
