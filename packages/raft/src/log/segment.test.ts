import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MemoryFileSystem } from '../memory/memory-file-system.js'
import { asMemberId } from '../types.js'
import { crc32 } from './crc32.js'
import { BatchEncoder, BatchKind, encodeMark } from './record.js'
import {
  decodeSegmentHeader,
  encodeSegmentHeader,
  FIRST_BATCH_OFFSET,
  isSpareName,
  type SegmentHeader,
  segmentName,
  segmentNumbers,
  spareName,
} from './segment.js'
import { findLaterBatch, SegmentScanner } from './segment-scanner.js'
import { entriesOf } from './storage-support.test-support.js'

const HEADER: SegmentHeader = {
  identity: { clusterId: 5, memberId: asMemberId(6) },
  segment: 3,
  firstBatch: 10,
  firstSequence: 100,
  capacity: 8192,
}

describe('segment names and headers', () => {
  it('come back as they were; foreign names are not segments', () => {
    const number = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
    const header = fc.record({
      identity: fc.record({ clusterId: number, memberId: number.map(asMemberId) }),
      segment: number,
      firstBatch: number,
      firstSequence: number,
      capacity: number,
    })
    fc.assert(
      fc.property(header, (value) => {
        expect(decodeSegmentHeader(encodeSegmentHeader(value, crc32), 'x', crc32)).toEqual(value)
      }),
    )
    expect(segmentNumbers([segmentName(12), 'wal-1.log', 'lost+found', segmentName(2), `${segmentName(3)}.bak`, spareName(1)])).toEqual([
      2, 12,
    ])
    expect([spareName(4), 'spare-x.tmp', segmentName(1)].map(isSpareName)).toEqual([true, false, false])
  })

  it('with any bit flipped, too short or of another version are CORRUPT with the file in the text', () => {
    const bytes = encodeSegmentHeader(HEADER, crc32)
    for (let bit = 0; bit < 64 * 8; bit++) {
      const damaged = bytes.slice()
      damaged[bit >>> 3] = (damaged[bit >>> 3] ?? 0) ^ (1 << (bit & 7))
      expect(() => decodeSegmentHeader(damaged, '/d/file', crc32)).toThrow(
        expect.objectContaining({ code: 'CORRUPT', message: expect.stringContaining('/d/file') }),
      )
    }
    expect(() => decodeSegmentHeader(bytes.subarray(0, 63), '/d/file', crc32)).toThrow(expect.objectContaining({ code: 'CORRUPT' }))
    const newer = bytes.slice()
    newer[8] = 2
    new DataView(newer.buffer).setUint32(0, crc32(newer.subarray(4, 64)), true)
    expect(() => decodeSegmentHeader(newer, '/d/file', crc32)).toThrow(
      expect.objectContaining({ message: expect.stringContaining('log format 2') }),
    )
  })
})

/** A segment with `count` batches of three entries each; returns where each batch stands, and where they end. */
async function segmentWith(count: number) {
  const disk = new MemoryFileSystem()
  await disk.makeDirectory('/d')
  const handle = await disk.open('/d/x', 'create')
  handle.write(0, new Uint8Array(HEADER.capacity))
  const encoder = new BatchEncoder(crc32, 512)
  const offsets: number[] = []
  let offset = FIRST_BATCH_OFFSET
  let sequence = HEADER.firstSequence
  for (let batch = 0; batch < count; batch++) {
    encoder.begin(sequence)
    for (const entry of entriesOf(batch * 3 + 1, batch * 3 + 3, 1, 150)) encoder.addEntry(entry)
    const bytes = encoder.finish(HEADER.segment, HEADER.firstBatch + batch, offset)
    handle.write(offset, bytes)
    offsets.push(offset)
    offset += bytes.length
    sequence += 3
  }
  return { disk, handle, offsets, end: offset, sequence }
}

async function scanAll(scanner: SegmentScanner): Promise<number[]> {
  const numbers: number[] = []
  for (let batch = await scanner.next(); batch !== null; batch = await scanner.next()) numbers.push(batch.header.number)
  return numbers
}

describe('SegmentScanner', () => {
  it('stops at a mark, at the end of the batches, and at the first batch of the next segment', async () => {
    const { handle, end, sequence } = await segmentWith(4)
    const open = new SegmentScanner(handle, HEADER, crc32)
    expect(await scanAll(open)).toEqual([10, 11, 12, 13])
    expect([open.stoppedAt, open.offset, open.nextBatch, open.nextSequence]).toEqual(['invalid', end, 14, sequence])
    for (const [kind, reason] of [
      [BatchKind.synced, 'synced'],
      [BatchKind.closed, 'closed'],
    ] as const) {
      handle.write(end, encodeMark(crc32, kind, { segment: 3, number: 14, offset: end, nextSequence: sequence }))
      const scanner = new SegmentScanner(handle, HEADER, crc32)
      await scanAll(scanner)
      expect(scanner.stoppedAt).toBe(reason)
    }
    const bounded = new SegmentScanner(handle, HEADER, crc32, 12)
    expect(await scanAll(bounded)).toEqual([10, 11])
    expect([bounded.stoppedAt, bounded.nextBatch]).toEqual(['end', 12])
  })

  it('does not take batches of another segment, number or place for its own', async () => {
    const { handle, offsets } = await segmentWith(4)
    const first = offsets[0] ?? 0
    const second = offsets[1] ?? 0
    const batch = await handle.read(first, second - first)
    for (const header of [
      { ...HEADER, segment: 4 },
      { ...HEADER, firstBatch: 9 },
    ]) {
      expect(await scanAll(new SegmentScanner(handle, header, crc32))).toEqual([])
    }
    handle.write(second, batch)
    expect(await scanAll(new SegmentScanner(handle, HEADER, crc32))).toEqual([10])
  })

  it('finds later batches behind a bad one, but not inside it and not older ones', async () => {
    const { handle, offsets, end } = await segmentWith(4)
    const third = offsets[2] ?? 0
    expect(await findLaterBatch(handle, HEADER, 12, third + 512, crc32)).toMatchObject({ number: 13, offset: offsets[3] })
    expect(await findLaterBatch(handle, HEADER, 14, FIRST_BATCH_OFFSET, crc32)).toBeNull()
    expect(await findLaterBatch(handle, HEADER, 12, end, crc32)).toBeNull()
    handle.write(third + 100, Uint8Array.of(1, 2, 3))
    const scanner = new SegmentScanner(handle, HEADER, crc32)
    expect(await scanAll(scanner)).toEqual([10, 11])
    expect(scanner.resumeSearchAt).toBe(offsets[3])
  })
})
