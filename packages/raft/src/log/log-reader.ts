/** Reads entries back from segment files; every record's checksum is checked again. */
import { BalsaError } from '../errors.js'
import type { Crc32 } from '../ports/checksum.js'
import type { FileHandle, FileSystem } from '../ports/file-system.js'
import type { Entry, LogIndex } from '../types.js'
import type { PositionIndex } from './position-index.js'
import { alignToSector, BATCH_HEADER_BYTES, decodeBatchHeader, decodeRecord, peekRecordBytes, RECORD_HEADER_BYTES } from './record.js'
import { segmentName } from './segment.js'
import type { SegmentInfo } from './segment-writer.js'

const WINDOW_BYTES = 128 * 1024

export interface LogReaderOptions {
  readonly fileSystem: FileSystem
  readonly directory: string
  readonly crc32: Crc32
  readonly segments: readonly SegmentInfo[]
  readonly positions: PositionIndex
}

/**
 * Entries from..to (inclusive) in files, contiguous from `from`, about `maxBytes` of payload; empty when `from` is compacted.
 * Throws CORRUPT (fatal) with file and offset.
 */
export async function readEntriesFromDisk(options: LogReaderOptions, from: LogIndex, to: LogIndex, maxBytes: number): Promise<Entry[]> {
  const found: Entry[] = []
  let bytes = 0
  let next: number = from
  while (next <= to && (found.length === 0 || bytes < maxBytes)) {
    const place = options.positions.find(next)
    const info = options.segments.find((segment) => segment.number === place?.checkpoint.segment)
    if (place === null || info === undefined) break
    const path = `${options.directory}/${segmentName(info.number)}`
    // From here to the end the file may be unlinked but not overwritten.
    info.readers += 1
    try {
      const handle = await options.fileSystem.open(path, 'read')
      try {
        const cursor = new RecordCursor(handle, place.checkpoint.offset, info.capacity, options.crc32)
        for (let index = place.checkpoint.index; index < place.end && index <= to; index++) {
          const entry = await cursor.nextEntry(index)
          if (index < next) continue
          bytes += entry.payload.length
          if (found.length > 0 && bytes > maxBytes) return found
          found.push(entry)
        }
      } finally {
        await handle.close()
      }
    } catch (error) {
      // Compacted between the look-up and the opening of the file.
      if (!options.segments.includes(info)) return []
      throw error
    } finally {
      info.readers -= 1
    }
    next = Math.min(place.end, to + 1)
  }
  return found
}

class RecordCursor {
  readonly #handle: FileHandle
  readonly #capacity: number
  readonly #crc32: Crc32
  #window: Uint8Array = new Uint8Array(0)
  #windowAt = 0
  #position: number

  constructor(handle: FileHandle, position: number, capacity: number, crc32: Crc32) {
    this.#handle = handle
    this.#position = position
    this.#capacity = capacity
    this.#crc32 = crc32
  }

  async nextEntry(index: number): Promise<Entry> {
    for (;;) {
      const at = await this.#load(RECORD_HEADER_BYTES)
      const size = peekRecordBytes(this.#window, at)
      if (size === null || this.#position + size > this.#capacity) return this.#fail('a record with an impossible length')
      const start = await this.#load(size)
      const windowAt = this.#windowAt
      const decoded = decodeRecord(this.#window, start, this.#crc32, (offset) => `${this.#handle.path} (byte ${windowAt + offset})`)
      const recordAt = this.#position
      this.#position += size
      if (decoded.lastInBatch) await this.#skipToNextBatch(decoded.record.type === 'entry' && decoded.record.entry.index === index)
      if (decoded.record.type !== 'entry') continue
      if (decoded.record.entry.index !== index) {
        this.#position = recordAt
        return this.#fail(`entry ${decoded.record.entry.index} where ${index} belongs`)
      }
      return decoded.record.entry
    }
  }

  /** `mayBeLast`: the wanted entry was found, so there need not be another batch. */
  async #skipToNextBatch(mayBeLast: boolean): Promise<void> {
    this.#position = alignToSector(this.#position)
    const at = await this.#load(BATCH_HEADER_BYTES)
    if (decodeBatchHeader(this.#window, at, this.#crc32) === null && !mayBeLast) this.#fail('no batch where one belongs')
    this.#position += BATCH_HEADER_BYTES
  }

  #fail(what: string): never {
    throw new BalsaError('CORRUPT', `${what} in ${this.#handle.path} (byte ${this.#position})`, {
      hint: 'Do not delete anything. Restore this member from a backup, or remove it from the cluster and let it join again as new.',
    })
  }

  async #load(length: number): Promise<number> {
    const at = this.#position - this.#windowAt
    if (at >= 0 && at + length <= this.#window.length) return at
    this.#window = await this.#handle.read(this.#position, Math.max(length, WINDOW_BYTES))
    this.#windowAt = this.#position
    return 0
  }
}
