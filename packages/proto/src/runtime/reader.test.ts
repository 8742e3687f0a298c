import { describe, expect, it } from 'vitest'
import { MAX_DEPTH, Reader } from './reader.js'

const read = <T>(bytes: readonly number[], call: (reader: Reader) => T): T => call(new Reader(Uint8Array.from(bytes), 'test.Message'))
const malformed = (what: RegExp): object =>
  expect.objectContaining({ code: 'MALFORMED', family: 'refused', message: expect.stringMatching(what) })

describe('numbers', () => {
  it.each([
    [[0x00], 0],
    [[0x7f], 127],
    [[0x80, 0x01], 128],
    [[0xff, 0xff, 0xff, 0xff, 0x07], 2 ** 31 - 1],
    [[0x80, 0x80, 0x80, 0x80, 0x08], 2 ** 31],
    [[0xff, 0xff, 0xff, 0xff, 0x0f], 2 ** 32 - 1],
    [[0x80, 0x80, 0x80, 0x80, 0x10], 2 ** 32],
    [[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f], Number.MAX_SAFE_INTEGER],
    // Longer than necessary: allowed by the format.
    [[0x81, 0x80, 0x00], 1],
    [[0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00], 1],
  ])('%j is %d', (bytes, value) => {
    expect(read(bytes, (reader) => reader.int64())).toBe(value)
    expect(read(bytes, (reader) => reader.uint64())).toBe(value)
    expect(read(bytes, (reader) => reader.int64Clamped())).toBe(value)
    expect(read(bytes, (reader) => reader.uint64Clamped())).toBe(value)
    expect(read(bytes, (reader) => reader.int64Big())).toBe(BigInt(value))
    expect(read(bytes, (reader) => reader.uint64Big())).toBe(BigInt(value))
    expect(read(bytes, (reader) => reader.uint32())).toBe(value % 2 ** 32)
    expect(read(bytes, (reader) => reader.int32())).toBe(value | 0)
  })

  it('below zero take ten bytes', () => {
    const minusOne = [255, 255, 255, 255, 255, 255, 255, 255, 255, 1]
    expect(read(minusOne, (reader) => reader.int64())).toBe(-1)
    expect(read(minusOne, (reader) => reader.int64Big())).toBe(-1n)
    expect(read(minusOne, (reader) => reader.int32())).toBe(-1)
    expect(read(minusOne, (reader) => reader.uint64Big())).toBe(2n ** 64n - 1n)
    expect(read([254, 255, 255, 255, 239, 255, 255, 255, 255, 1], (reader) => reader.int64())).toBe(-(2 ** 32) - 2)
  })

  it('of more than 53 bits are refused, clamped or bigints', () => {
    const tooLarge = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]
    const tooSmall = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0xf0, 0xff, 0x01]
    for (const bytes of [tooLarge, tooSmall]) expect(() => read(bytes, (reader) => reader.int64())).toThrow(malformed(/53 bits/))
    expect(() => read(tooLarge, (reader) => reader.uint64())).toThrow(malformed(/53 bits/))
    expect(read(tooLarge, (reader) => reader.int64Clamped())).toBe(Number.MAX_SAFE_INTEGER)
    expect(read(tooLarge, (reader) => reader.uint64Clamped())).toBe(Number.MAX_SAFE_INTEGER)
    expect(read(tooSmall, (reader) => reader.int64Clamped())).toBe(-Number.MAX_SAFE_INTEGER)
    expect(read(tooLarge, (reader) => reader.int64Big())).toBe(2n ** 53n)
    expect(read(tooSmall, (reader) => reader.int64Big())).toBe(-(2n ** 53n))
  })

  it('of more than 64 bits or without an end are refused', () => {
    expect(() => read(Array(10).fill(0xff), (reader) => reader.int64Big())).toThrow(malformed(/64 bits/))
    expect(() => read([...Array(9).fill(0x80), 0x02], (reader) => reader.int64Big())).toThrow(malformed(/64 bits/))
    expect(() => read(Array(11).fill(0x80), (reader) => reader.bool())).toThrow(malformed(/64 bits/))
    for (let length = 0; length < 10; length++) {
      expect(() => read(Array(length).fill(0x80), (reader) => reader.uint32())).toThrow(malformed(/cut off/))
    }
  })

  it('are true when anything is set', () => {
    expect(read([0], (reader) => reader.bool())).toBe(false)
    expect(read([0x80, 0x80, 0x80, 0x80, 0x80, 0x01], (reader) => reader.bool())).toBe(true)
  })
})

describe('text and bytes', () => {
  it('are views of the input', () => {
    const memory = Uint8Array.from([9, 9, 2, 7, 8, 9])
    const bytes = new Reader(memory.subarray(2), 'test.Message').bytes()
    expect(bytes).toEqual(Uint8Array.from([7, 8]))
    memory[3] = 70
    expect(bytes[0]).toBe(70)
  })

  it.each(['', 'a', 'abcdefghijklmnopqrstuvwx', 'abcdefghijklmnopqrstuvwxy', 'grün', '\u{feff}€😀', 'ä'.repeat(100)])('%j', (text) => {
    const bytes = new TextEncoder().encode(text)
    const length = bytes.length < 128 ? [bytes.length] : [(bytes.length & 127) | 128, bytes.length >> 7]
    expect(read([...length, ...bytes], (reader) => reader.string())).toBe(text)
  })

  it.each([
    ['a byte alone', [1, 0x80]],
    ['an overlong slash', [2, 0xc0, 0xaf]],
    ['a surrogate', [3, 0xed, 0xa0, 0x80]],
    ['a character cut off', [2, 0xe2, 0x82]],
    ['beyond Unicode', [4, 0xf4, 0x90, 0x80, 0x80]],
    ['at the end of a long text', [30, ...Array(29).fill(97), 0xff]],
  ])('that are not UTF-8 are refused: %s', (_name, bytes) => {
    expect(() => read(bytes, (reader) => reader.string())).toThrow(malformed(/UTF-8/))
  })

  it('longer than the input are refused, whatever the length says', () => {
    for (const bytes of [[], [1], [5, 1, 2, 3, 4], [0xff, 0xff, 0xff, 0xff, 0x0f, 1], [0x80, 0x80, 0x80, 0x80, 0x80, 0x01, 1]]) {
      expect(() => read(bytes, (reader) => reader.bytes())).toThrow(malformed(/cut off/))
      expect(() => read(bytes, (reader) => reader.string())).toThrow(malformed(/cut off/))
    }
  })

  it('end where the message around them ends', () => {
    expect(() => read([2, 5, 1, 2, 3, 4, 5], (reader) => [reader.open(), reader.bytes()])).toThrow(malformed(/cut off/))
    expect(() => read([1, 0x80, 1], (reader) => [reader.openPacked(), reader.uint32()])).toThrow(malformed(/cut off/))
  })
})

describe('fields that are not known', () => {
  const skip = (bytes: readonly number[], known: readonly number[] = []): boolean =>
    read(bytes, (reader) => {
      reader.skip(reader.tag(), new Set(known))
      return reader.more()
    })

  it.each([
    ['a number', [0x78, 0x80, 0x80, 0x01]],
    ['eight bytes', [0x79, 1, 2, 3, 4, 5, 6, 7, 8]],
    ['a length', [0x7a, 2, 1, 2]],
    ['four bytes', [0x7d, 1, 2, 3, 4]],
    ['with the largest number', [0xf8, 0xff, 0xff, 0xff, 0x0f, 1]],
  ])('are passed over: %s', (_name, bytes) => expect(skip(bytes)).toBe(false))

  it.each([
    ['a group', [0x7b, 0x7c], /a group/],
    ['the end of a group', [0x7c], /a group/],
    ['wire type 6', [0x7e], /wire type 6/],
    ['wire type 7', [0x7f], /wire type 7/],
    ['field 0', [0x02, 0], /field number 0/],
    ['eight bytes cut off', [0x79, 1, 2, 3, 4, 5, 6, 7], /cut off/],
    ['four bytes cut off', [0x7d, 1, 2, 3], /cut off/],
    ['a length cut off', [0x7a, 3, 1, 2], /cut off/],
    ['a field number of 30 bits', [0x80, 0x80, 0x80, 0x80, 0x10], /29 bits/],
  ])('are refused: %s', (_name, bytes, what) => expect(() => skip(bytes)).toThrow(malformed(what)))

  it('are none when the number is known and only the wire type is not', () => {
    expect(() => skip([0x78, 1], [15])).toThrow(malformed(/test\.Message: field 15 at byte 1: wire type 0/))
  })
})

it(`messages go ${MAX_DEPTH - 1} levels deep below the outermost`, () => {
  const levels = (count: number): void => {
    const bytes: number[] = []
    for (let level = 0; level < count; level++)
      bytes.unshift(...(bytes.length < 128 ? [bytes.length] : [(bytes.length & 127) | 128, bytes.length >> 7]))
    read(bytes, (reader) => {
      for (let level = 0; level < count; level++) reader.open()
    })
  }
  expect(() => levels(MAX_DEPTH - 1)).not.toThrow()
  expect(() => levels(MAX_DEPTH)).toThrow(malformed(/100 deep/))
})
