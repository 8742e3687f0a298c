import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BalsaError } from '../errors.js'
import { ByteReader, ByteWriter, varintLength } from './bytes.js'

const unsigned = (bits: number) => fc.nat({ max: 2 ** bits - 1 })
const safe = fc.oneof(
  fc.maxSafeNat(),
  fc.integer({ min: 0, max: 53 }).map((bits) => 2 ** bits - 1),
)

const malformed = (run: () => unknown): BalsaError => {
  try {
    run()
  } catch (error) {
    if (error instanceof BalsaError && error.code === 'MALFORMED') return error
    throw error
  }
  throw new Error('expected MALFORMED, nothing was thrown')
}

describe('ByteWriter and ByteReader', () => {
  it('give back every value that was written', () => {
    fc.assert(
      fc.property(
        fc.record({
          u8: unsigned(8),
          u16: unsigned(16),
          u32: fc.nat({ max: 0xffff_ffff }),
          u64: safe,
          varint: safe,
          bytes: fc.uint8Array({ maxLength: 300 }),
          text: fc.string({ unit: 'binary' }),
          flag: fc.boolean(),
        }),
        (value) => {
          const writer = new ByteWriter(1)
          writer.u8(value.u8)
          writer.u16(value.u16)
          writer.u32(value.u32)
          writer.u64(value.u64)
          writer.varint(value.varint)
          writer.bytes(value.bytes)
          writer.string(value.text)
          writer.boolean(value.flag)
          const reader = new ByteReader(writer.take())
          expect(reader.u8('u8')).toBe(value.u8)
          expect(reader.u16('u16')).toBe(value.u16)
          expect(reader.u32('u32')).toBe(value.u32)
          expect(reader.u64('u64')).toBe(value.u64)
          expect(reader.varint('varint')).toBe(value.varint)
          expect(reader.bytes('bytes')).toEqual(value.bytes)
          expect(reader.string('text')).toBe(value.text)
          expect(reader.boolean('flag')).toBe(value.flag)
          reader.end()
        },
      ),
    )
  })

  it('writes numbers little-endian and varints in 7-bit groups', () => {
    const writer = new ByteWriter()
    writer.u16(0x0102)
    writer.u32(0x01020304)
    writer.u64(2 ** 40 + 5)
    writer.varint(300)
    expect([...writer.view()]).toEqual([2, 1, 4, 3, 2, 1, 5, 0, 0, 0, 0, 1, 0, 0, 0xac, 0x02])
  })

  it('tells the length of a varint', () => {
    fc.assert(
      fc.property(safe, (value) => {
        const writer = new ByteWriter()
        writer.varint(value)
        expect(writer.length).toBe(varintLength(value))
      }),
    )
  })

  it('keeps every byte of text, a byte order mark and NUL included', () => {
    const writer = new ByteWriter()
    writer.string('\ufeffa\0b\u{1f6f6}')
    expect(new ByteReader(writer.take()).string('text')).toBe('\ufeffa\0b\u{1f6f6}')
  })
})

describe('ByteWriter', () => {
  it.each([-1, 0.5, Number.NaN, Infinity, 2 ** 53])('refuses %s as a number', (value) => {
    const writer = new ByteWriter()
    for (const write of [
      () => writer.u8(value),
      () => writer.u16(value),
      () => writer.u32(value),
      () => writer.u64(value),
      () => writer.varint(value),
    ])
      expect(write).toThrowError(expect.objectContaining({ code: 'INVALID' }))
    expect(writer.length).toBe(0)
  })

  it('refuses text that has no UTF-8', () => {
    expect(() => new ByteWriter().string('a\ud800')).toThrowError(expect.objectContaining({ code: 'INVALID' }))
  })

  it('does not touch bytes it gave away', () => {
    const writer = new ByteWriter(64)
    writer.u8(1)
    const taken = writer.take()
    writer.u8(2)
    const detached = writer.detach()
    writer.u8(3)
    expect([taken[0], detached[0], writer.view()[0]]).toEqual([1, 2, 3])
  })

  it('overwrites only what exists', () => {
    const writer = new ByteWriter()
    writer.u32(0)
    writer.patchU32(0, 0xdeadbeef)
    expect(new ByteReader(writer.view()).u32('value')).toBe(0xdeadbeef)
    expect(() => writer.patchU32(1, 0)).toThrowError(expect.objectContaining({ code: 'INVALID' }))
  })
})

describe('ByteReader', () => {
  it('names field and offset', () => {
    const reader = new ByteReader(Uint8Array.of(1, 2), 'message')
    reader.u8('type')
    expect(malformed(() => reader.u32('term')).message).toBe('malformed message: term at byte 1: needs 4 bytes, 1 left')
  })

  it.each<[string, number[], (reader: ByteReader) => unknown]>([
    ['u8 at the end', [], (r) => r.u8('x')],
    ['u16 at the end', [1], (r) => r.u16('x')],
    ['u64 at the end', [1, 2, 3, 4, 5, 6, 7], (r) => r.u64('x')],
    ['u64 above 2^53 - 1', [0, 0, 0, 0, 0, 0, 0x20, 0], (r) => r.u64('x')],
    ['varint without an end', [0x80, 0x80], (r) => r.varint('x')],
    ['varint above 2^53 - 1', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10], (r) => r.varint('x')],
    ['varint of 9 bytes', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00], (r) => r.varint('x')],
    ['varint in a longer form', [0x81, 0x00], (r) => r.varint('x')],
    ['length above what remains', [5, 1, 2], (r) => r.bytes('x')],
    ['huge length', [0xff, 0xff, 0xff, 0xff, 0x7f], (r) => r.bytes('x')],
    ['more elements than bytes', [3, 0, 0, 0, 0, 0], (r) => r.count('x', 2)],
    ['invalid UTF-8', [1, 0xff], (r) => r.string('x')],
    ['overlong UTF-8', [2, 0xc0, 0x80], (r) => r.string('x')],
    ['a surrogate in UTF-8', [3, 0xed, 0xa0, 0x80], (r) => r.string('x')],
    ['boolean 2', [2], (r) => r.boolean('x')],
    ['trailing bytes', [0], (r) => r.end()],
  ])('refuses %s', (_name, bytes, read) => {
    malformed(() => read(new ByteReader(Uint8Array.from(bytes))))
  })

  it('never reads beyond its bytes, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.array(fc.nat({ max: 6 }), { maxLength: 10 }), (bytes, plan) => {
        const reader = new ByteReader(bytes)
        const reads = [
          () => reader.u8('x'),
          () => reader.u16('x'),
          () => reader.u32('x'),
          () => reader.u64('x'),
          () => reader.varint('x'),
          () => reader.bytes('x'),
          () => reader.string('x'),
        ]
        for (const step of plan) {
          try {
            const value = reads[step]?.()
            if (typeof value === 'number') expect(Number.isSafeInteger(value)).toBe(true)
          } catch (error) {
            expect(error).toMatchObject({ code: 'MALFORMED' })
          }
          expect(reader.offset).toBeLessThanOrEqual(bytes.length)
        }
      }),
    )
  })
})
