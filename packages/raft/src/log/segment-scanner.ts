/** Walks through the batches of one segment file, one batch in memory at a time. */
import { BalsaError } from '../errors.js'
import type { Crc32 } from '../ports/checksum.js'
import type { FileHandle } from '../ports/file-system.js'
import { alignToSector, BATCH_HEADER_BYTES, BatchKind, type BatchHeader, decodeBatchHeader, SECTOR_BYTES } from './record.js'
import { FIRST_BATCH_OFFSET, type SegmentHeader } from './segment.js'

/** Bytes read at once. */
const WINDOW_BYTES = 1024 * 1024

export interface ScannedBatch {
  readonly header: BatchHeader
  /** Holds the batch; its records begin at `bodyStart`. */
  readonly bytes: Uint8Array
  readonly bodyStart: number
  /** Position in the file of `bytes[0]`. */
  readonly fileOffset: number
}

/** Where the batches end: at a mark, at bytes that are no batch (torn, damaged or never used), or at the end of the file. */
export type ScanEnd = 'synced' | 'closed' | 'invalid' | 'end'

export class SegmentScanner {
  readonly #handle: FileHandle
  readonly #segment: SegmentHeader
  readonly #crc32: Crc32
  readonly #endBatch: number
  #window: Uint8Array = new Uint8Array(0)
  #windowAt = 0
  /** Where the next batch must stand. */
  offset = FIRST_BATCH_OFFSET
  nextBatch: number
  nextSequence: number
  stoppedAt: ScanEnd | null = null
  /** Where to look for later batches once the scan has stopped: behind the incomplete batch, so that its payloads cannot look like one. */
  resumeSearchAt = FIRST_BATCH_OFFSET

  /** `endBatch`: the first batch of the next segment; what stands here from that number on does not count. */
  constructor(handle: FileHandle, segment: SegmentHeader, crc32: Crc32, endBatch = Number.POSITIVE_INFINITY) {
    this.#handle = handle
    this.#segment = segment
    this.#crc32 = crc32
    this.#endBatch = endBatch
    this.nextBatch = segment.firstBatch
    this.nextSequence = segment.firstSequence
  }

  /** The next valid batch, or null at the end; then `stoppedAt` says why. Throws CORRUPT (fatal) for a newer format. */
  async next(): Promise<ScannedBatch | null> {
    const { offset } = this
    this.resumeSearchAt = offset + SECTOR_BYTES
    if (this.nextBatch >= this.#endBatch || offset + SECTOR_BYTES > this.#segment.capacity) return this.#stop('end')
    let at = await this.#load(offset, SECTOR_BYTES)
    const header = decodeBatchHeader(this.#window, at, this.#crc32)
    if (header === null || header.segment !== this.#segment.segment || header.number !== this.nextBatch || header.offset !== offset)
      return this.#stop('invalid')
    if (header.kind === BatchKind.synced) return this.#stop('synced')
    if (header.kind === BatchKind.closed) return this.#stop('closed')
    const total = alignToSector(BATCH_HEADER_BYTES + header.bodyBytes)
    if (header.kind !== BatchKind.data || header.firstSequence !== this.nextSequence || offset + total > this.#segment.capacity) {
      throw new BalsaError(
        'CORRUPT',
        `${this.#handle.path}: batch ${header.number} of kind ${header.kind} makes no sense (byte ${offset})`,
        {
          hint: 'The log was probably written by a newer version of Balsa: start that version.',
        },
      )
    }
    this.resumeSearchAt = offset + total
    at = await this.#load(offset, total)
    const bodyStart = at + BATCH_HEADER_BYTES
    if (this.#crc32(this.#window.subarray(bodyStart, bodyStart + header.bodyBytes)) !== header.bodyCrc) return this.#stop('invalid')
    this.offset = offset + total
    this.nextBatch += 1
    this.nextSequence += header.records
    return { header, bytes: this.#window, bodyStart, fileOffset: this.#windowAt }
  }

  #stop(end: ScanEnd): null {
    this.stoppedAt = end
    return null
  }

  /** Makes sure that the window holds `length` bytes from `position` on (fewer at the file's end); returns where they are in it. */
  async #load(position: number, length: number): Promise<number> {
    const at = position - this.#windowAt
    if (at >= 0 && at + length <= this.#window.length) return at
    this.#window = await this.#handle.read(position, Math.max(length, WINDOW_BYTES))
    this.#windowAt = position
    return 0
  }
}

/**
 * Looks behind `from` for a batch or mark of this segment with at least the number `number`: proof that everything before it had been
 * synced. Null when there is none.
 */
export async function findLaterBatch(
  handle: FileHandle,
  segment: SegmentHeader,
  number: number,
  from: number,
  crc32: Crc32,
): Promise<BatchHeader | null> {
  for (let position = from; position < segment.capacity; position += WINDOW_BYTES) {
    const window = await handle.read(position, WINDOW_BYTES)
    for (let at = 0; at + SECTOR_BYTES <= window.length; at += SECTOR_BYTES) {
      const header = decodeBatchHeader(window, at, crc32)
      if (header !== null && header.segment === segment.segment && header.number >= number && header.offset === position + at) return header
    }
  }
  return null
}
