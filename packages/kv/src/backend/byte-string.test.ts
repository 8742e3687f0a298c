import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keyFromString, keyToString } from './byte-string.js'

describe('keyToString', () => {
  it('gives every key its own text, whatever was asked before', () => {
    const key = fc.oneof(fc.uint8Array({ maxLength: 100 }), fc.uint8Array({ minLength: 1, maxLength: 2 }))
    fc.assert(
      fc.property(fc.array(key, { maxLength: 200 }), (keys) => {
        for (const bytes of [...keys, ...keys]) expect([...keyFromString(keyToString(bytes))]).toEqual([...bytes])
      }),
    )
  })
})
