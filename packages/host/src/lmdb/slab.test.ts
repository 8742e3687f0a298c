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

  it('keeps a number with every value, and knows what was added since a moment', () => {
    const slab = new Slab()
    const lengths = [0, 300, 1024, 1025, 70_000]
    const older = lengths.map((length, at) => slab.add(valueOf(length), at * 0x1234_5678))
    const { mark } = slab
    const newer = lengths.map((length, at) => slab.add(valueOf(length), 0xffff_ffff - at))
    expect(older.map((place) => slab.noteAt(place))).toEqual(lengths.map((_, at) => at * 0x1234_5678))
    expect(newer.map((place) => slab.noteAt(place))).toEqual(lengths.map((_, at) => 0xffff_ffff - at))
    expect(older.map((place) => slab.isSince(mark, place))).toEqual(lengths.map(() => false))
    expect(newer.map((place) => slab.isSince(mark, place))).toEqual(lengths.map(() => true))
    expect([slab.isSince(mark, REMOVED), slab.isSince(new Slab().mark, REMOVED)]).toEqual([false, false])
    expect(newer.map((place) => slab.lengthAt(place))).toEqual(lengths)
    const again = slab.replace(Number(newer[4]), valueOf(2000), 7)
    expect([again, slab.noteAt(again), slab.lengthAt(again)]).toEqual([newer[4], 7, 2000])
  })
})
