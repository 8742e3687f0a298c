import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteOutput } from '../byte-output.js'
import { HpackError } from './hpack-error.js'
import { huffmanDecode, huffmanEncode, huffmanLength } from './huffman.js'

function encoded(text: string): Buffer {
  const out = new ByteOutput(1)
  huffmanEncode(text, out)
  return Buffer.from(out.view())
}

function decoded(bytes: Uint8Array): string {
  const target = Buffer.alloc(bytes.length * 2)
  return target.toString('latin1', 0, huffmanDecode(bytes, 0, bytes.length, target))
}

describe('Huffman code of RFC 7541', () => {
  it.each([
    ['www.example.com', 'f1e3c2e5f23a6ba0ab90f4ff'],
    ['no-cache', 'a8eb10649cbf'],
    ['custom-value', '25a849e95bb8e8b4bf'],
    ['Mon, 21 Oct 2013 20:13:21 GMT', 'd07abe941054d444a8200595040b8166e082a62d1bff'],
    ['', ''],
  ])('appendix C: %s', (text, hex) => {
    expect(encoded(text).toString('hex')).toBe(hex)
    expect(decoded(Buffer.from(hex, 'hex'))).toBe(text)
  })

  it('every byte alone and in pairs', () => {
    for (let first = 0; first < 256; first++) {
      for (let second = 0; second < 256; second += 15) {
        const text = String.fromCharCode(first, second)
        expect(decoded(encoded(text))).toBe(text)
      }
    }
  })

  it('any bytes, with the length foretold', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const text = Buffer.from(bytes).toString('latin1')
        const packed = encoded(text)
        expect(packed.length).toBe(huffmanLength(text))
        expect(decoded(packed)).toBe(text)
      }),
    )
  })

  it('noise is decoded to what encodes to the same bytes, or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          expect(encoded(decoded(bytes)).equals(bytes)).toBe(true)
        } catch (error) {
          expect(error).toBeInstanceOf(HpackError)
        }
      }),
      { numRuns: 3000 },
    )
  })
})
