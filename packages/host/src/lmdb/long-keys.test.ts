import { describe, expect, it } from 'vitest'
import { markerOf, placesOf, prefixesOf, TAG_BYTES, WHOLE_KEY_BYTES } from './long-keys.js'

describe('long keys', () => {
  it('are cut into pieces that the engine takes, with a marker for each but the last', () => {
    for (const length of [WHOLE_KEY_BYTES + 1, 3937, 3938, 3939, 20_480]) {
      const key = String.fromCharCode(...Array.from({ length }, (_, at) => (at * 7) & 0xff))
      const { markers, end } = placesOf('past', key)
      expect(markers.length).toBe(prefixesOf(key).length)
      for (const { key: place } of [...markers, end]) expect(place.length).toBeLessThanOrEqual(WHOLE_KEY_BYTES + 1)
      const pieces = [...markers.map(({ space, key: place }) => place.slice(space.tag.length, -1)), end.key.slice(end.space.tag.length)]
      expect(pieces.join('')).toBe(key)
      expect(prefixesOf(key).map((prefix) => markerOf('past', prefix))).toEqual(markers)
    }
  })

  it('of different tables, and behind different pieces, are apart', () => {
    const key = 'k'.repeat(3000)
    const tags = [placesOf('past', key), placesOf('current', key), placesOf('past', `j${key}`)].map(({ end }) => end.space.tag)
    expect(new Set(tags).size).toBe(3)
    for (const tag of tags) expect(tag).toHaveLength(TAG_BYTES)
  })
})
