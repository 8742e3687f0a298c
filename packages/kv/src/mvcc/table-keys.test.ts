import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { behindPrefix, pastEnd, pastFrom, pastKey, versionOf } from './table-keys.js'

const key = fc.array(fc.constantFrom(0, 1, 0x61, 0xfe, 0xff), { minLength: 1, maxLength: 5 }).map((bytes) => String.fromCharCode(...bytes))
const revision = fc.constantFrom(1, 255, 256, 0xffff_ffff, 0x1_0000_0000, Number.MAX_SAFE_INTEGER - 1)

describe('keys of tables', () => {
  it('name versions in the order of keys and revisions, whatever bytes a key has', () => {
    fc.assert(
      fc.property(key, revision, key, revision, (a, aRevision, b, bRevision) => {
        const [first, second] = [pastKey(a, aRevision), pastKey(b, bRevision)]
        expect(versionOf(first)).toEqual({ key: a, revision: aRevision })
        expect(first < second).toBe(a === b ? aRevision < bRevision : a < b)
        expect(first > pastFrom(b) && first < pastEnd(b)).toBe(a === b)
      }),
    )
  })

  it('that begin alike end before the next key', () => {
    expect(behindPrefix('ab')).toBe('ac')
    expect(behindPrefix('a\u00ff\u00ff')).toBe('b')
    expect(behindPrefix('\u00ff')).toBeNull()
    expect(behindPrefix('')).toBeNull()
  })
})
