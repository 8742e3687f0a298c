import { describe, expect, it } from 'vitest'
import { EntryCache } from './entry-cache.js'
import { entriesOf, entryOf } from './storage-support.test-support.js'

describe('EntryCache', () => {
  it('reads contiguous entries, at least one, about as many bytes as wanted', () => {
    const cache = new EntryCache()
    for (const entry of entriesOf(5, 14, 1, 100)) cache.push(entry, 141)
    expect(cache.read(5, 14, 250)).toEqual(entriesOf(5, 6, 1, 100))
    expect(cache.read(7, 9, 10_000)).toEqual(entriesOf(7, 9, 1, 100))
    expect(cache.read(14, 99, 1)).toEqual([entryOf(14, 1, 100)])
    expect([cache.read(4, 9, 100), cache.read(15, 20, 100)]).toEqual([null, null])
  })

  it('forgets at both ends and counts its bytes', () => {
    const cache = new EntryCache()
    for (const entry of entriesOf(1, 3000, 1, 1)) cache.push(entry, 10)
    cache.dropBelow(2500)
    cache.truncateFrom(2990)
    expect([cache.firstIndex, cache.length, cache.bytes]).toEqual([2500, 490, 4900])
    expect(cache.evict(1000, 2600)).toBe(1000)
    expect(cache.firstIndex).toBe(2600)
    expect(cache.evict(1000, Number.POSITIVE_INFINITY)).toBe(2900)
    expect([cache.firstIndex, cache.bytes]).toEqual([2890, 1000])
    cache.truncateFrom(5)
    expect([cache.length, cache.bytes]).toEqual([0, 0])
    cache.push(entryOf(7, 1), 81)
    expect(() => cache.push(entryOf(9, 1), 81)).toThrow(expect.objectContaining({ code: 'INVARIANT' }))
  })
})
