import { expect, it } from 'vitest'
import { type ReadFlags, readModeOf } from './read-mode.js'

it.each<[ReadFlags, object]>([
  [{}, { consistency: 'linearizable' }],
  [{ consistency: 'lease' }, { consistency: 'lease' }],
  [{ stale: true }, { consistency: 'stale' }],
  [
    { consistency: 'stale', maxStale: '200ms' },
    { consistency: 'stale', maxStaleMs: 200 },
  ],
  [{ maxStale: '2s' }, { consistency: 'stale', maxStaleMs: 2000 }],
])('reads %j', (flags, mode) => {
  expect(readModeOf(flags)).toEqual(mode)
})

it.each<[ReadFlags, RegExp]>([
  [{ consistency: 'strong' }, /--consistency must be linearizable, lease or stale, not "strong"/],
  [{ consistency: 'lease', stale: true }, /--stale contradicts --consistency lease/],
  [{ consistency: 'linearizable', maxStale: '1s' }, /--max-stale goes with stale reads/],
  [{ maxStale: '0' }, /--max-stale must be between 1ms and 60m/],
])('refuses %j', (flags, text) => {
  expect(() => readModeOf(flags)).toThrow(text)
})
