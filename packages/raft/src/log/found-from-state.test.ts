import { describe, expect, it } from 'vitest'
import { MemoryFileSystem } from '../memory/memory-file-system.js'
import { asMemberId } from '../types.js'
import { crc32 } from './crc32.js'
import { foundFromState } from './found-from-state.js'
import { chunksOf, configurationOf, DIRECTORY, openStorage } from './storage-support.test-support.js'

const IDENTITY = { clusterId: 99, memberId: asMemberId(2) }
const STATE = new Uint8Array(5000).fill(7)

const found = (disk: MemoryFileSystem) =>
  foundFromState({
    fileSystem: disk,
    directory: DIRECTORY,
    crc32,
    identity: IDENTITY,
    incarnation: 5,
    configuration: configurationOf(1, 2, 3),
    state: { index: 41, timeMs: 1234, chunks: chunksOf(STATE) },
    segmentBytes: 4096,
  })

describe('a founding member with a state', () => {
  it('starts behind it, with the founding configuration and nothing in its log', async () => {
    const disk = new MemoryFileSystem()
    await found(disk)
    const storage = await openStorage(disk, { identity: IDENTITY, incarnation: 9, segmentBytes: 4096 })
    const { snapshot, lastIndex, hardState, baseConfiguration, timeMs } = storage.recovered
    expect([snapshot?.index, snapshot?.term, lastIndex, hardState.term, timeMs]).toEqual([41, 1, 41, 1, 1234])
    expect(baseConfiguration.voters).toEqual([1, 2, 3])
    await storage.close()
  })

  it('is made only where nobody is yet; an attempt that failed is no obstacle', async () => {
    const disk = new MemoryFileSystem()
    await disk.makeDirectory(`${DIRECTORY}/store-1`)
    const left = await disk.open(`${DIRECTORY}/store-1/snapshot-local.tmp`, 'create')
    await left.close()
    await found(disk)
    await expect(found(disk)).rejects.toMatchObject({ code: 'DATA_DIRECTORY' })
  })
})
