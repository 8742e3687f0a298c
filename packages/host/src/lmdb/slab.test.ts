import { describe, expect, it } from 'vitest'
import { REMOVED, Slab } from './slab.js'

const valueOf = (length: number): Uint8Array => new Uint8Array(length).map((_, at) => (at + length) & 0xff)

describe('Slab', () => {
  it('gives back every value that was added, in both ways, over many chunks', () => {
    const slab = new Slab()
    const lengths = Array.from({ length: 20_000 }, (_, at) => (at * 7919) % 1400)
    const added = lengths.map((length) => ({ length, place: slab.add(valueOf(length)) }))
    for (const { length, place } of added) {
      expect(Buffer.compare(slab.read(place) as Uint8Array, valueOf(length))).toBe(0)
      const given: Uint8Array & { start?: number; end?: number } = slab.handOut(place)
      expect(Buffer.compare(given.subarray(given.start, given.end), valueOf(length))).toBe(0)
    }
    expect(slab.read(REMOVED)).toBe(undefined)
  })

  it('lets a large value take the place of an older one, unless somebody looks at that', () => {
    const slab = new Slab()
    const first = slab.add(valueOf(2000))
    const second = slab.replace(first, valueOf(3000))
    expect([second === first, slab.read(second)?.length]).toEqual([true, 3000])
    slab.keep()
    const third = slab.replace(second, valueOf(4000))
    expect([third === second, slab.read(second)?.length, slab.read(third)?.length]).toEqual([false, 3000, 4000])
    expect([slab.read(slab.replace(third, valueOf(10)))?.length, slab.read(third)?.length]).toEqual([10, 4000])
  })
})
