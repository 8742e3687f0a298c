import { describe, expect, it } from 'vitest'
import { Generation } from './generation.js'
import { REMOVED } from './slab.js'

const valueOf = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill)

describe('Generation', () => {
  it('hands over the last change of a key alone, in each unit', () => {
    const generation = new Generation()
    generation.begin(1, 10)
    for (let at = 0; at < 5; at++) generation.set('current', 'hot', valueOf(100, at))
    generation.set('current', 'gone', valueOf(3, 9))
    generation.set('current', 'gone', null)
    // Behind the limit: a unit of its own.
    generation.begin(11, 10)
    generation.set('current', 'hot', valueOf(2000, 7))
    generation.set('current', 'hot', valueOf(3000, 8))
    const handed = generation.units.map(({ keys, places, slab }) =>
      keys.map((key, at) => [key, slab.read(Number(places[at]))?.length ?? null, slab.read(Number(places[at]))?.[0] ?? null]),
    )
    expect(handed).toEqual([
      [
        ['hot', 100, 4],
        ['gone', null, null],
      ],
      [['hot', 3000, 8]],
    ])
    expect(generation.changes).toBe(3)
    expect(generation.places.current.get('gone')).toBe(REMOVED)
  })

  it('sets a key anew that was removed in the same unit', () => {
    const generation = new Generation()
    generation.begin(1, 10)
    generation.set('past', 'key', null)
    generation.set('past', 'key', valueOf(5, 1))
    expect(generation.units[0]?.keys).toEqual(['key', 'key'])
    expect(generation.slab.read(generation.places.past.get('key') as number)?.length).toBe(5)
  })

  it('has the changes of a key in their order when it asks for order meanwhile', () => {
    const generation = new Generation()
    generation.begin(1, 10)
    generation.set('current', 'b', valueOf(1, 1))
    generation.set('current', 'b', valueOf(2, 1))
    const read = (): unknown[] =>
      generation.places.current.page('', null, false, 10).map(({ key, value }) => [key, generation.slab.lengthAt(value)])
    expect(read()).toEqual([['b', 2]])
    generation.set('current', 'b', valueOf(3, 1))
    generation.set('current', 'a', valueOf(4, 1))
    expect(read()).toEqual([
      ['a', 4],
      ['b', 3],
    ])
  })
})
