import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Reader } from './reader.js'
import { Writer } from './writer.js'

const written = (call: (writer: Writer) => void): number[] => {
  const writer = new Writer()
  writer.begin()
  call(writer)
  return [...writer.finish()]
}

describe('known answers', () => {
  it.each([
    ['bool', (writer: Writer) => writer.bool(8, true), [8, 1]],
    ['a tag of two bytes', (writer: Writer) => writer.bytes(514, Uint8Array.of(7)), [0x82, 0x04, 1, 7]],
    ['int32 -1', (writer: Writer) => writer.int32(8, -1), [8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1]],
    ['int32 300', (writer: Writer) => writer.int32(8, 300), [8, 0xac, 2]],
    ['uint32', (writer: Writer) => writer.uint32(8, 0xffff_ffff), [8, 255, 255, 255, 255, 15]],
    ['int64 -2', (writer: Writer) => writer.int64(8, -2), [8, 254, 255, 255, 255, 255, 255, 255, 255, 255, 1]],
    ['int64 2^35', (writer: Writer) => writer.int64(8, 2 ** 35), [8, 128, 128, 128, 128, 128, 1]],
    ['uint64 2^64-1', (writer: Writer) => writer.uint64Big(8, 2n ** 64n - 1n), [8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1]],
    ['int64 -2^63', (writer: Writer) => writer.int64Big(8, -(2n ** 63n)), [8, 128, 128, 128, 128, 128, 128, 128, 128, 128, 1]],
    ['a text', (writer: Writer) => writer.string(10, 'aä'), [10, 3, 97, 0xc3, 0xa4]],
    ['a lone surrogate', (writer: Writer) => writer.string(10, '\ud800'), [10, 3, 0xef, 0xbf, 0xbd]],
    ['nothing', (_writer: Writer) => {}, []],
  ])('%s', (_name, call, bytes) => expect(written(call)).toEqual(bytes))

  it('of a message in a message, written from the back to the front', () => {
    const call = (writer: Writer): void => {
      const open = writer.open()
      writer.bool(16, true)
      writer.bytes(10, Uint8Array.of(1, 2))
      writer.close(18, open)
      expect(writer.length).toBe(8)
    }
    expect(written(call)).toEqual([18, 6, 10, 2, 1, 2, 16, 1])
  })
})

it('numbers come back as they were', () => {
  const numbers = fc.oneof(fc.maxSafeInteger(), fc.integer(), fc.constantFrom(...Array.from({ length: 53 }, (_, bit) => 2 ** bit)))
  fc.assert(
    fc.property(numbers, (value) => {
      const reader = (call: (writer: Writer) => void): Reader => new Reader(Uint8Array.from(written(call)), 'test')
      expect(reader((writer) => writer.int64Value(value)).int64()).toBe(value)
      expect(reader((writer) => writer.int64BigValue(BigInt(value))).int64()).toBe(value)
      const natural = Math.abs(value)
      expect(reader((writer) => writer.uint64Value(natural)).uint64()).toBe(natural)
      expect(reader((writer) => writer.uint64BigValue(BigInt(natural))).uint64Big()).toBe(BigInt(natural))
      expect(reader((writer) => writer.int32Value(value | 0)).int32()).toBe(value | 0)
      expect(reader((writer) => writer.uint32Value(natural >>> 0)).uint32()).toBe(natural >>> 0)
    }),
  )
})

it.each([
  ['int32', (writer: Writer) => writer.int32Value(2 ** 31)],
  ['int32', (writer: Writer) => writer.int32Value(0.5)],
  ['uint32', (writer: Writer) => writer.uint32Value(-1)],
  ['uint32', (writer: Writer) => writer.uint32Value(2 ** 32)],
  ['int64', (writer: Writer) => writer.int64Value(2 ** 53)],
  ['int64', (writer: Writer) => writer.int64Value(Number.NaN)],
  ['uint64', (writer: Writer) => writer.uint64Value(-1)],
  ['int64', (writer: Writer) => writer.int64BigValue(2n ** 63n)],
  ['uint64', (writer: Writer) => writer.uint64BigValue(-1n)],
])('refuses what is no %s', (_type, call) => {
  expect(() => written(call)).toThrow(expect.objectContaining({ code: 'INVALID' }))
})

describe('memory', () => {
  it('of a finished message never changes, whatever is written later', () => {
    const writer = new Writer()
    const sizes = [1, 5000, 0, 40_000, 3, 32_000, 100_000, 20, ...Array.from({ length: 50 }, (_, at) => at * 37)]
    const messages = sizes.map((size, at) => {
      writer.begin()
      writer.bytes(10, new Uint8Array(size).fill(at))
      return writer.finish()
    })
    for (const [at, message] of messages.entries()) {
      const content = new Reader(message.subarray(1), 'test').bytes()
      expect(content.length).toBe(sizes[at])
      expect(content.every((byte) => byte === at)).toBe(true)
    }
  })

  it('holds no trace of a message that was given up', () => {
    const writer = new Writer()
    writer.begin()
    writer.string(10, 'given up')
    writer.begin()
    writer.bool(8, true)
    expect([...writer.finish()]).toEqual([8, 1])
  })
})
