/**
 * Segment files: `wal-<number>.log`. The first sector says what the file is; batches follow from the second sector on.
 *
 *    0  u32 crc            over bytes 4..63
 *    4  u32 magic          "BALW"
 *    8  u32 version        of the format (1)
 *   12  u32 zero
 *   16  u64 clusterId
 *   24  u64 memberId
 *   32  u64 segment        must be the number in the name
 *   40  u64 firstBatch     number of the first batch: the segment before must end exactly there
 *   48  u64 firstSequence
 *   56  u64 capacity       the file's length: it never shrinks, so a shorter file was cut by something else
 *
 * A file gets its name only after this sector and the head behind it are durable. So a named segment always has a valid beginning,
 * and a bad one is corruption, never a torn write.
 */
import { BalsaError } from '../errors.js'
import type { Crc32 } from '../ports/checksum.js'
import type { Identity } from '../types.js'
import { asMemberId } from '../types.js'
import { getU64, SECTOR_BYTES, setU64, viewOf } from './record.js'

const SEGMENT_MAGIC = 0x574c4142
const FORMAT_VERSION = 1
const HEADER_BYTES = 64
/** Where the first batch stands. */
export const FIRST_BATCH_OFFSET = SECTOR_BYTES

export interface SegmentHeader {
  readonly identity: Identity
  readonly segment: number
  readonly firstBatch: number
  readonly firstSequence: number
  readonly capacity: number
}

const SEGMENT_NAME = /^wal-(\d{16})\.log$/
const SPARE_NAME = /^spare-\d+\.tmp$/

export const segmentName = (segment: number): string => `wal-${String(segment).padStart(16, '0')}.log`
export const spareName = (number: number): string => `spare-${number}.tmp`
export const isSegmentName = (name: string): boolean => SEGMENT_NAME.test(name)
export const isSpareName = (name: string): boolean => SPARE_NAME.test(name)

/** Numbers of the segments among `names`, ascending. */
export function segmentNumbers(names: readonly string[]): number[] {
  const numbers: number[] = []
  for (const name of names) {
    const digits = SEGMENT_NAME.exec(name)?.[1]
    if (digits !== undefined) numbers.push(Number(digits))
  }
  return numbers.sort((a, b) => a - b)
}

export function encodeSegmentHeader(header: SegmentHeader, crc32: Crc32): Uint8Array {
  const bytes = new Uint8Array(SECTOR_BYTES)
  const view = viewOf(bytes)
  view.setUint32(4, SEGMENT_MAGIC, true)
  view.setUint32(8, FORMAT_VERSION, true)
  setU64(view, 16, header.identity.clusterId)
  setU64(view, 24, header.identity.memberId)
  setU64(view, 32, header.segment)
  setU64(view, 40, header.firstBatch)
  setU64(view, 48, header.firstSequence)
  setU64(view, 56, header.capacity)
  view.setUint32(0, crc32(bytes.subarray(4, HEADER_BYTES)), true)
  return bytes
}

/** Throws CORRUPT (fatal) naming the file; also for a format of a newer version. */
export function decodeSegmentHeader(bytes: Uint8Array, path: string, crc32: Crc32): SegmentHeader {
  if (bytes.length < HEADER_BYTES) throw new BalsaError('CORRUPT', `${path}: ${bytes.length} bytes, too short for a log segment (byte 0)`)
  const view = viewOf(bytes)
  if (view.getUint32(4, true) !== SEGMENT_MAGIC || view.getUint32(0, true) !== crc32(bytes.subarray(4, HEADER_BYTES))) {
    throw new BalsaError('CORRUPT', `${path}: the header of the segment is damaged (byte 0)`)
  }
  const version = view.getUint32(8, true)
  if (version !== FORMAT_VERSION) {
    throw new BalsaError('CORRUPT', `${path}: log format ${version}, this version reads ${FORMAT_VERSION} (byte 8)`, {
      hint: 'The log was written by another version of Balsa: start that version.',
    })
  }
  return {
    identity: { clusterId: getU64(view, 16), memberId: asMemberId(getU64(view, 24)) },
    segment: getU64(view, 32),
    firstBatch: getU64(view, 40),
    firstSequence: getU64(view, 48),
    capacity: getU64(view, 56),
  }
}
