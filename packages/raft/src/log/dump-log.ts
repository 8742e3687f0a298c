/** The log as a list of records, for people and tests. Read-only; goes as far as the files can be read and says where they cannot. */
import { BalsaError } from '../errors.js'
import type { Crc32 } from '../ports/checksum.js'
import type { FileSystem } from '../ports/file-system.js'
import { crc32 as plainCrc32 } from './crc32.js'
import { decodeRecord, type LogRecord } from './record.js'
import { decodeSegmentHeader, FIRST_BATCH_OFFSET, segmentName, segmentNumbers } from './segment.js'
import { SegmentScanner } from './segment-scanner.js'

export type DumpedRecord =
  | {
      readonly type: 'record'
      readonly path: string
      readonly offset: number
      readonly sizeBytes: number
      readonly batch: number
      readonly sequence: number
      readonly record: LogRecord
    }
  /** Where the batches of a file end and why: `synced` and `closed` are regular, `invalid` is unused, torn or damaged space. */
  | { readonly type: 'end'; readonly path: string; readonly offset: number; readonly reason: string }
  | { readonly type: 'problem'; readonly path: string; readonly reason: string }

/** Every record of every segment in order, including entries that later ones made void. */
export async function* dumpLog(
  fileSystem: FileSystem,
  directory: string,
  crc32: Crc32 = plainCrc32,
): AsyncGenerator<DumpedRecord, void, undefined> {
  for (const number of segmentNumbers(await fileSystem.list(directory))) {
    const path = `${directory}/${segmentName(number)}`
    try {
      yield* dumpSegment(fileSystem, path, crc32)
    } catch (error) {
      if (!(error instanceof BalsaError)) throw error
      yield { type: 'problem', path, reason: `${error.code}: ${error.message}` }
    }
  }
}

async function* dumpSegment(fileSystem: FileSystem, path: string, crc32: Crc32): AsyncGenerator<DumpedRecord, void, undefined> {
  const handle = await fileSystem.open(path, 'read')
  try {
    const header = decodeSegmentHeader(await handle.read(0, FIRST_BATCH_OFFSET), path, crc32)
    const scanner = new SegmentScanner(handle, header, crc32)
    for (let batch = await scanner.next(); batch !== null; batch = await scanner.next()) {
      const { fileOffset } = batch
      const end = batch.bodyStart + batch.header.bodyBytes
      for (let at = batch.bodyStart; at < end; ) {
        const decoded = decodeRecord(batch.bytes, at, crc32, (offset) => `${path} (byte ${fileOffset + offset})`)
        const { sequence, size, record } = decoded
        yield { type: 'record', path, offset: fileOffset + at, sizeBytes: size, batch: batch.header.number, sequence, record }
        at += size
      }
    }
    yield { type: 'end', path, offset: scanner.offset, reason: scanner.stoppedAt ?? 'end' }
  } finally {
    await handle.close()
  }
}
