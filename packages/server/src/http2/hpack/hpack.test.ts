/** RFC 7541: the known answers of appendix C, each rule with its section, properties of encoder and decoder together, and noise. */
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteOutput } from '../byte-output.js'
import { APPENDIX_C } from './appendix-c.test-support.js'
import { type FlatFields, HpackDecoder } from './decoder.js'
import { HpackEncoder, type Indexing } from './encoder.js'
import { HpackError } from './hpack-error.js'

const LIMITS = { maxTableBytes: 4096, maxListBytes: 1 << 20 }
const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ''), 'hex')

function decoder(limits: { maxTableBytes?: number; maxListBytes?: number; memoEntries?: number } = {}) {
  let interpreted = 0
  const hpack = new HpackDecoder<FlatFields | null>({ ...LIMITS, ...limits }, (fields) => {
    interpreted++
    return fields
  })
  return { hpack, decode: (text: string) => hpack.decode(hex(text)), interpreted: () => interpreted }
}

function encode(encoder: HpackEncoder, fields: FlatFields): Buffer {
  const out = new ByteOutput()
  encoder.encode(fields, out)
  return Buffer.from(out.view())
}

describe.each(APPENDIX_C)('RFC 7541 $section', ({ maxTableBytes, huffman, vectors }) => {
  it('is decoded, with and without memory of blocks', () => {
    for (const memoEntries of [0, 8]) {
      const { hpack, decode } = decoder({ maxTableBytes, memoEntries })
      for (const vector of vectors) {
        expect(decode(vector.hex)).toEqual(vector.fields)
        expect(hpack.table.size).toBe(vector.tableBytes)
      }
    }
  })

  it('is what the encoder makes', () => {
    const encoder = new HpackEncoder({ huffman })
    encoder.limitTable(maxTableBytes)
    const update = maxTableBytes === 4096 ? '' : '3fe101'
    for (const [at, vector] of vectors.entries()) {
      expect(encode(encoder, vector.fields).toString('hex')).toBe((at === 0 ? update : '') + vector.hex)
      expect(encoder.table.size).toBe(vector.tableBytes)
    }
  })
})

describe('RFC 7541 C.1 and C.2', () => {
  it.each([
    ['C.2.1 literal with indexing', '400a637573746f6d2d6b65790d637573746f6d2d686561646572', ['custom-key', 'custom-header'], 55],
    ['C.2.2 literal without indexing', '040c2f73616d706c652f70617468', [':path', '/sample/path'], 0],
    ['C.2.3 literal never indexed', '100870617373776f726406736563726574', ['password', 'secret'], 0],
    ['C.2.4 indexed', '82', [':method', 'GET'], 0],
  ])('%s', (_, text, fields, size) => {
    const { hpack, decode } = decoder()
    expect(decode(text)).toEqual(fields)
    expect(hpack.table.size).toBe(size)
  })

  it('C.1 integers: 10 in five bits, 1337 in five bits, 42 in eight', () => {
    const { hpack, decode } = decoder()
    decode('2a')
    expect(hpack.table.maxSize).toBe(10)
    decode('3f9a0a')
    expect(hpack.table.maxSize).toBe(1337)
    // A string of 42 octets has its length in seven bits.
    expect(decode(`0001612a${'62'.repeat(42)}`)).toEqual(['a', 'b'.repeat(42)])
  })

  it.each(['incremental', 'none', 'never'] as const)('the encoder keeps %s representations apart', (indexing) => {
    const encoder = new HpackEncoder({ huffman: false, indexing: () => indexing })
    const first = { incremental: '40', none: '00', never: '10' }[indexing]
    expect(encode(encoder, ['password', 'secret']).toString('hex')).toBe(`${first}0870617373776f726406736563726574`)
    expect(encoder.table.count).toBe(indexing === 'incremental' ? 1 : 0)
  })
})

describe('what cannot be decoded', () => {
  it.each([
    ['5.1 an integer without an end', '1fffffffffffffffffff'],
    ['5.1 an integer that would overflow', 'ffffffffff7f'],
    ['5.1 a block that ends inside of an integer', 'ff'],
    ['5.1 a block that ends inside of a long integer', 'ff80'],
    ['5.2 a string longer than the block', '0003616200'],
    ['5.2 a length beyond any limit', '007fffffff0f61'],
    ['5.2 a block that ends before the value', '000161'],
    ['5.2 Huffman padding of zeros', '000161811e'],
    ['5.2 Huffman padding of a whole byte', '000161821fff'],
    ['5.2 EOS in a Huffman string', '00016184ffffffff'],
    ['6.1 index 0', '80'],
    ['6.1 an index behind both tables', 'be'],
    ['6.2 a name behind both tables', '7f0001'],
    ['4.2 a table size update behind a field', '8220'],
    ['4.2 a table size above the limit', '3fe23f'],
  ])('%s', (_, text) => {
    expect(() => decoder().decode(text)).toThrow(HpackError)
  })

  it('5.2 padding of up to seven one-bits is fine', () => {
    expect(decoder().decode('000161811f')).toEqual(['a', 'a'])
    expect(decoder().decode('00016180')).toEqual(['a', ''])
  })
})

describe('dynamic table', () => {
  it('4.4 an entry larger than the table empties it, and is no error', () => {
    const { hpack, decode } = decoder({ maxTableBytes: 64 })
    decode('4001610162')
    expect(hpack.table.count).toBe(1)
    decode(`4001${'61'}28${'63'.repeat(40)}`)
    expect(hpack.table.count).toBe(0)
  })

  it('4.3 shrinks with an update, and the oldest leave first', () => {
    const { hpack, decode } = decoder()
    decode('40016101624001630164')
    expect(hpack.table.size).toBe(68)
    expect(decode('3f03be')).toEqual(['c', 'd'])
    expect(hpack.table.size).toBe(34)
    expect(() => decode('bf')).toThrow(HpackError)
  })

  it('4.2 the encoder announces the smallest and the last size', () => {
    const encoder = new HpackEncoder({ huffman: false })
    encode(encoder, ['a', 'b'])
    encoder.limitTable(0)
    encoder.limitTable(100)
    const block = encode(encoder, ['a', 'b']).toString('hex')
    expect(block.startsWith('203f45')).toBe(true)
    expect(encode(encoder, ['a', 'b']).toString('hex')).toBe('be')
  })
})

describe('limits', () => {
  it('a list above the limit is null, but its effect on the table stays', () => {
    const { hpack, decode } = decoder({ maxListBytes: 100 })
    expect(decode(`4001610162${'be'.repeat(5)}`)).toBeNull()
    expect(hpack.table.count).toBe(1)
    expect(decode('be')).toEqual(['a', 'b'])
  })

  it('a bomb of references costs neither memory nor a crash', () => {
    const value = '63'.repeat(100)
    const { decode } = decoder({ maxListBytes: 16_384 })
    expect(decode(`40016164${value}${'be'.repeat(60_000)}`)).toBeNull()
  })
})

describe('memory of blocks', () => {
  it('a block that only refers is interpreted once', () => {
    const { decode, interpreted } = decoder()
    decode('828684')
    expect(decode('828684')).toEqual([':method', 'GET', ':scheme', 'http', ':path', '/'])
    expect(interpreted()).toBe(1)
  })

  it('a block that changes the table is done again each time', () => {
    const { hpack, decode } = decoder()
    for (let turn = 1; turn <= 3; turn++) {
      decode('4001610162')
      expect(hpack.table.count).toBe(turn)
    }
  })

  it('a reference means something else after the table has changed', () => {
    const { decode } = decoder()
    decode('4001610162')
    expect(decode('be')).toEqual(['a', 'b'])
    decode('4001630164')
    expect(decode('be')).toEqual(['c', 'd'])
    expect(decode('bf')).toEqual(['a', 'b'])
    decode('20')
    decode('3fe11f')
    expect(() => decode('be')).toThrow(HpackError)
  })

  it('the encoder does the same for constant lists', () => {
    const encoder = new HpackEncoder()
    const { hpack } = decoder()
    const out = new ByteOutput()
    const constant = [':status', '200', 'content-type', 'application/grpc']
    const send = (turn: number, fields: FlatFields, how: 'encode' | 'encodeConstant'): FlatFields | null => {
      // The memory is used again, as a connection does: what is kept must be a copy.
      out.rewind()
      if (turn % 2 === 0) out.byte(0)
      const start = out.length
      encoder[how](fields, out)
      return hpack.decode(Buffer.from(out.view()), start)
    }
    for (let turn = 0; turn < 100; turn++) {
      expect(send(turn, constant, 'encodeConstant')).toEqual(constant)
      if (turn % 3 === 0) expect(send(turn, ['x', String(turn)], 'encode')).toEqual(['x', String(turn)])
      if (turn % 10 === 9) encoder.limitTable(turn * 10)
    }
  })
})

describe('properties', () => {
  const text = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 60 })
  const name = fc.oneof(fc.constantFrom(':path', 'content-type', 'cookie', 'a', 'grpc-timeout'), text)
  const fields = fc.array(fc.tuple(name, fc.oneof(fc.constantFrom('', '/', 'x'), text)), { maxLength: 12 }).map((pairs) => pairs.flat())
  const block = fc.record({ fields, table: fc.option(fc.integer({ min: 0, max: 5000 }), { nil: undefined, freq: 5 }) })

  it('what is encoded is decoded, whatever happens to the tables', () => {
    const indexings: readonly Indexing[] = ['incremental', 'none', 'never']
    const choose = (field: string): Indexing => indexings[createHash('md5').update(field, 'latin1').digest().readUInt8() % 3] ?? 'none'
    fc.assert(
      fc.property(fc.array(block, { maxLength: 40 }), fc.boolean(), (blocks, huffman) => {
        const encoder = new HpackEncoder({ huffman, indexing: (field) => choose(field) })
        const { hpack } = decoder()
        for (const { fields: list, table } of blocks) {
          if (table !== undefined) encoder.limitTable(table)
          expect(hpack.decode(encode(encoder, list))).toEqual(list)
          expect(hpack.table.size).toBe(encoder.table.size)
        }
      }),
    )
  })

  it('noise is decoded or refused, nothing else', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 20 }), (blocks) => {
        const { hpack } = decoder({ maxListBytes: 500 })
        try {
          for (const bytes of blocks) hpack.decode(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(HpackError)
        }
        expect(hpack.table.size).toBeLessThanOrEqual(4096)
      }),
      { numRuns: 2000 },
    )
  })
})
