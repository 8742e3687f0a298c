import { describe, expect, it } from 'vitest'
import { BalsaError } from '../errors.js'
import { MemoryFileSystem } from '../memory/memory-file-system.js'
import type { SnapshotMeta } from '../types.js'
import { crc32 } from './crc32.js'
import { fileChecksum, readSnapshotMeta, readSnapshotState, SnapshotFileWriter } from './snapshot-file.js'
import { describeSnapshot } from './storage-support.test-support.js'

const PATH = '/d/snapshot'
const CLUSTER = 4

async function written(...chunks: readonly Uint8Array[]): Promise<{ readonly disk: MemoryFileSystem; readonly meta: SnapshotMeta }> {
  const disk = new MemoryFileSystem()
  await disk.makeDirectory('/d')
  const handle = await disk.open(PATH, 'create')
  const writer = new SnapshotFileWriter(handle, crc32, CLUSTER, describeSnapshot(8, 3))
  for (const chunk of chunks) await writer.append(chunk)
  return { disk, meta: await writer.finish() }
}

/** Meta and state as text, or the code of the error. */
async function readBack(disk: MemoryFileSystem): Promise<string> {
  const handle = await disk.open(PATH, 'read')
  try {
    const meta = await readSnapshotMeta(handle, crc32, CLUSTER)
    const state: number[] = []
    for await (const chunk of readSnapshotState(handle, crc32)) state.push(...chunk)
    return JSON.stringify([meta, state])
  } catch (error) {
    if (error instanceof BalsaError) return error.code
    throw error
  }
}

describe('a snapshot file', () => {
  it('says by its two ends what it is, with the checksum of the whole', async () => {
    const { disk, meta } = await written(Uint8Array.of(1, 2), Uint8Array.of(3))
    const handle = await disk.open(PATH, 'read')
    expect(await readSnapshotMeta(handle, crc32, CLUSTER)).toEqual(meta)
    expect(await fileChecksum(handle, meta.sizeBytes, crc32)).toBe(meta.checksum)
    expect(await readBack(disk)).toBe(JSON.stringify([meta, [1, 2, 3]]))
    await expect(readSnapshotMeta(handle, crc32, 5)).rejects.toMatchObject({ code: 'IDENTITY_MISMATCH' })
    await expect(fileChecksum(handle, meta.sizeBytes + 1, crc32)).rejects.toMatchObject({ code: 'CORRUPT' })
  })

  it('with any byte changed or cut off is CORRUPT, or the bytes are the same', async () => {
    const { disk, meta } = await written(new Uint8Array(40).fill(1), new Uint8Array(30).fill(2))
    for (let offset = 0; offset < meta.sizeBytes; offset++) {
      const flipped = disk.fork()
      flipped.flipBit(PATH, offset, (offset * 3) % 8)
      expect(['CORRUPT', 'IDENTITY_MISMATCH'], `byte ${offset}`).toContain(await readBack(flipped))
      const cut = disk.fork()
      cut.cut(PATH, offset)
      expect(await readBack(cut)).toBe('CORRUPT')
    }
  })

  it('with chunks exchanged or one left out is CORRUPT', async () => {
    const { disk, meta } = await written(new Uint8Array(20).fill(1), new Uint8Array(20).fill(2), new Uint8Array(20).fill(3))
    const bytes = disk.contents(PATH)
    const chunk = 32
    const first = meta.sizeBytes - 32 - 3 * chunk
    const handle = await disk.open(PATH, 'readwrite')
    handle.write(first, bytes.subarray(first + chunk, first + 2 * chunk))
    handle.write(first + chunk, bytes.subarray(first, first + chunk))
    expect(await readBack(disk)).toBe('CORRUPT')
  })
})
