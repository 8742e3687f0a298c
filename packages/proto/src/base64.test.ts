import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromBase64, toBase64 } from './base64.js'

describe('base64', () => {
  it('is what Node.js makes of the same bytes, and comes back in either alphabet, padded or not', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const theirs = Buffer.from(bytes)
        expect(toBase64(bytes)).toBe(theirs.toString('base64'))
        for (const text of [theirs.toString('base64'), theirs.toString('base64url')]) expect(fromBase64(text)).toEqual(bytes)
      }),
    )
  })

  it('reads a view of something larger as the view alone', () => {
    const whole = Uint8Array.from([1, 2, 3, 4, 5, 6])
    expect(toBase64(whole.subarray(1, 5))).toBe('AgMEBQ==')
  })
})
