import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { asIndex, asTerm, type Entry, EntryType } from '../types.js'
import { crc32 } from './crc32.js'
import {
  BATCH_HEADER_BYTES,
  BatchEncoder,
  BatchKind,
  decodeBatchHeader,
  decodeRecord,
  encodeMark,
  HeadOrigin,
  type LogRecord,
  SECTOR_BYTES,
} from './record.js'
import { configurationOf, entryOf, hardStateOf } from './storage-support.test-support.js'

const where = (at: number): string => `byte ${at}`

const positive = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
const entry: fc.Arbitrary<Entry> = fc.record({
  index: positive.map(asIndex),
  term: positive.map(asTerm),
  type: fc.constantFrom(EntryType.noop, EntryType.command, EntryType.configuration),
  timeMs: fc.double({ noNaN: true }),
  payload: fc.uint8Array({ maxLength: 1500 }),
})
const record: fc.Arbitrary<LogRecord> = fc.oneof(
  entry.map((value): LogRecord => ({ type: 'entry', entry: value })),
  fc.tuple(positive, fc.option(positive)).map(([term, vote]): LogRecord => ({ type: 'hardState', hardState: hardStateOf(term, vote) })),
  fc.tuple(positive, positive, fc.array(fc.integer({ min: 1, max: 90 }), { maxLength: 7 })).map(
    ([lastIndex, lastTerm, ids]): LogRecord => ({
      type: 'head',
      head: {
        origin: HeadOrigin.continued,
        lastIndex: asIndex(lastIndex),
        lastTerm: asTerm(lastTerm),
        timeMs: 5,
        hardState: hardStateOf(lastTerm, 3),
        configuration: configurationOf(...new Set(ids)),
      },
    }),
  ),
)

function encode(records: readonly LogRecord[], firstSequence: number): Uint8Array {
  const encoder = new BatchEncoder(crc32, 64)
  encoder.begin(firstSequence)
  for (const item of records) {
    if (item.type === 'entry') encoder.addEntry(item.entry)
    else if (item.type === 'hardState') encoder.addHardState(item.hardState)
    else encoder.addHead(item.head)
  }
  return encoder.finish(7, 9, 1024)
}

function decode(batch: Uint8Array): { records: LogRecord[]; sequences: number[]; lasts: boolean[] } | null {
  const header = decodeBatchHeader(batch, 0, crc32)
  if (header === null || crc32(batch.subarray(BATCH_HEADER_BYTES, BATCH_HEADER_BYTES + header.bodyBytes)) !== header.bodyCrc) return null
  const found = { records: [] as LogRecord[], sequences: [] as number[], lasts: [] as boolean[] }
  for (let at = BATCH_HEADER_BYTES; at < BATCH_HEADER_BYTES + header.bodyBytes; ) {
    const decoded = decodeRecord(batch, at, crc32, where)
    found.records.push(decoded.record)
    found.sequences.push(decoded.sequence)
    found.lasts.push(decoded.lastInBatch)
    at += decoded.size
  }
  return found
}

describe('batches and records', () => {
  it('come back as they were, in whole sectors', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 2 ** 47 }), (records, firstSequence) => {
        const batch = encode(records, firstSequence)
        expect(batch.length % SECTOR_BYTES).toBe(0)
        expect(decodeBatchHeader(batch, 0, crc32)).toMatchObject({
          segment: 7,
          number: 9,
          offset: 1024,
          kind: BatchKind.data,
          firstSequence,
          records: records.length,
        })
        const found = decode(batch)
        expect(found?.records).toEqual(records)
        expect(found?.sequences).toEqual(records.map((_, at) => firstSequence + at))
        expect(found?.lasts).toEqual(records.map((_, at) => at === records.length - 1))
      }),
    )
  })

  it('with any bit flipped are not valid, unless it is in the filling', () => {
    const batch = encode(
      [
        { type: 'hardState', hardState: hardStateOf(3) },
        { type: 'entry', entry: entryOf(5, 3, 100) },
      ],
      4,
    ).slice()
    const used = BATCH_HEADER_BYTES + 32 + 16 + 25 + 100
    for (let bit = 0; bit < batch.length * 8; bit++) {
      const at = bit >>> 3
      batch[at] = (batch[at] ?? 0) ^ (1 << (bit & 7))
      expect(decode(batch) === null).toBe(at < used)
      batch[at] = (batch[at] ?? 0) ^ (1 << (bit & 7))
    }
  })

  it('a single record is verified on its own, with its place in the error', () => {
    const batch = encode([{ type: 'entry', entry: entryOf(5, 3, 100) }], 4).slice()
    for (let at = BATCH_HEADER_BYTES; at < BATCH_HEADER_BYTES + 141; at++) {
      batch[at] = (batch[at] ?? 0) ^ 4
      expect(() => decodeRecord(batch, BATCH_HEADER_BYTES, crc32, where)).toThrow(
        expect.objectContaining({ code: 'CORRUPT', message: expect.stringContaining('byte 56') }),
      )
      batch[at] = (batch[at] ?? 0) ^ 4
    }
  })

  it('a type of a newer format is refused by name, not skipped', () => {
    const batch = encode([{ type: 'hardState', hardState: hardStateOf(3) }], 4).slice()
    batch[BATCH_HEADER_BYTES + 8] = 9
    expect(() => decodeRecord(batch, BATCH_HEADER_BYTES, null, where)).toThrow(
      expect.objectContaining({ code: 'CORRUPT', message: expect.stringContaining('unknown record type 9') }),
    )
  })

  it('any bytes at all are a record, or CORRUPT', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 200 }), (bytes) => {
        try {
          decodeRecord(bytes, 0, null, where)
        } catch (error) {
          expect(error).toMatchObject({ code: 'CORRUPT' })
        }
      }),
    )
  })

  it('marks carry their place and no records', () => {
    const mark = encodeMark(crc32, BatchKind.closed, { segment: 3, number: 12, offset: 4096, nextSequence: 77 })
    expect(mark.length).toBe(SECTOR_BYTES)
    expect(decodeBatchHeader(mark, 0, crc32)).toEqual({
      segment: 3,
      number: 12,
      offset: 4096,
      kind: BatchKind.closed,
      bodyBytes: 0,
      records: 0,
      firstSequence: 77,
      bodyCrc: 0,
    })
  })
})
