import { describe, expect, it } from 'vitest'
import { BalsaError } from '../errors.js'
import { type FileOperation, MemoryFileSystem } from '../memory/memory-file-system.js'
import { SeededRandom } from '../memory/seeded-random.js'
import { asIndex } from '../types.js'
import {
  chunksOf,
  describeSnapshot,
  effectOf,
  entriesOf,
  entryOf,
  foreignSnapshot,
  hardStateOf,
  openStorage,
  stateOf,
} from './storage-support.test-support.js'

const OPTIONS = { segmentBytes: 4096, cacheBytes: 300 }
const OPERATIONS: readonly FileOperation[] = ['open', 'create', 'write', 'datasync', 'rename', 'remove', 'syncDirectory', 'read', 'list']

/** Runs until something fails. Returns the last acknowledged index and the error. */
async function live(disk: MemoryFileSystem): Promise<{ readonly acknowledged: number; readonly error: unknown }> {
  let acknowledged = 0
  try {
    const storage = await openStorage(disk, OPTIONS)
    await storage.persist(effectOf({ hardState: hardStateOf(1) }))
    for (let index = 1; index <= 60; index++) {
      await storage.persist(effectOf({ entries: [entryOf(index, 1, 200)] }))
      acknowledged = index
      if (index % 20 !== 0) continue
      await storage.snapshots.write(describeSnapshot(index - 5, 1), chunksOf(new Uint8Array(50)))
      await storage.persist(effectOf({ compactBelow: asIndex(index - 6) }))
    }
    await storage.close()
    return { acknowledged, error: null }
  } catch (error) {
    return { acknowledged, error }
  }
}

describe('a storage operation that fails', () => {
  it.each(OPERATIONS.flatMap((operation) => (['EIO', 'ENOSPC'] as const).map((code) => [operation, code] as const)))(
    '%s with %s: a typed error, and nothing acknowledged is lost',
    async (operation, code) => {
      let failures = 0
      for (let nth = 1; nth < 400; nth++) {
        const disk = new MemoryFileSystem()
        let count = 0
        let injected = false
        disk.beforeOperation = (event) => {
          if (injected || event.operation !== operation || ++count !== nth) return
          injected = true
          disk.failNext({ operation, code })
        }
        const { acknowledged, error } = await live(disk)
        if (!injected) break
        failures += 1
        if (error !== null) {
          expect(error).toBeInstanceOf(BalsaError)
          const expected = operation === 'datasync' ? ['SYNC_FAILED'] : code === 'ENOSPC' ? ['DISK_FULL'] : ['IO_ERROR']
          expect(expected, `${operation} number ${nth}`).toContain((error as BalsaError).code)
        }
        disk.beforeOperation = null
        disk.clearFaults()
        disk.crash(nth % 2 === 0 ? 'lost' : 'mixed', new SeededRandom(nth))
        const storage = await openStorage(disk, OPTIONS)
        expect(storage.recovered.lastIndex).toBeGreaterThanOrEqual(acknowledged)
        expect(storage.recovered.lastIndex).toBeLessThanOrEqual(acknowledged + 1)
        await storage.close()
      }
      if (operation !== 'read') expect(failures).toBeGreaterThan(0)
    },
  )

  it('what a failed sync left visible is durable once a restarted process has recovered it', async () => {
    const disk = new MemoryFileSystem()
    const storage = await openStorage(disk, OPTIONS)
    await storage.persist(effectOf({ hardState: hardStateOf(1), entries: entriesOf(1, 3, 1) }))
    disk.failNext({ operation: 'datasync', code: 'EIO' })
    await expect(storage.persist(effectOf({ entries: entriesOf(4, 6, 1) }))).rejects.toMatchObject({ code: 'SYNC_FAILED' })
    // The process starts again, the machine does not: the page cache still shows entries 4 to 6, and takes them for clean.
    expect((await openStorage(disk, OPTIONS)).recovered.lastIndex).toBe(6)
    disk.crash('lost')
    expect((await openStorage(disk, OPTIONS)).recovered.lastIndex).toBe(6)
  })

  it('what a failed sync left visible of a received snapshot is durable once another process has received the rest', async () => {
    const disk = new MemoryFileSystem()
    const { meta, file } = await foreignSnapshot(50, 3, new Uint8Array(3000).fill(7))
    const storage = await openStorage(disk, OPTIONS)
    await storage.snapshots.receive(meta, 0, file.subarray(0, 1000), false)
    disk.failNext({ operation: 'datasync', code: 'EIO' })
    await expect(storage.snapshots.receive(meta, 1000, file.subarray(1000), true)).rejects.toMatchObject({ code: 'SYNC_FAILED' })
    // As above: all of it can be read, and counts as clean.
    const again = await openStorage(disk, OPTIONS)
    expect(await again.snapshots.receive(meta, 0, new Uint8Array(0), false)).toBe('complete')
    await again.persist(effectOf({ installSnapshot: meta, hardState: hardStateOf(3) }))
    disk.crash('lost')
    const last = await openStorage(disk, OPTIONS)
    expect(await stateOf(last, meta)).toEqual(new Uint8Array(3000).fill(7))
  })

  it('an unreadable file at the start is an error, not an empty log', async () => {
    const disk = new MemoryFileSystem()
    const storage = await openStorage(disk, OPTIONS)
    await storage.persist(effectOf({ hardState: hardStateOf(1), entries: entriesOf(1, 30, 1, 200) }))
    await storage.close()
    for (let nth = 1; nth <= 3; nth++) {
      const fork = disk.fork()
      let count = 0
      fork.beforeOperation = ({ operation }) => {
        if (operation === 'read' && ++count === nth) fork.failNext({ operation: 'read', code: 'EIO' })
      }
      await expect(openStorage(fork, OPTIONS)).rejects.toMatchObject({ code: 'IO_ERROR' })
      fork.beforeOperation = null
      expect((await openStorage(fork, OPTIONS)).recovered.lastIndex).toBe(30)
    }
  })

  it('a read error or damage while entries are read is an error of that read, with file and offset', async () => {
    const disk = new MemoryFileSystem()
    const storage = await openStorage(disk, OPTIONS)
    await storage.persist(effectOf({ hardState: hardStateOf(1), entries: entriesOf(1, 60, 1, 200) }))
    disk.failNext({ operation: 'read', code: 'EIO' })
    await expect(storage.readEntries(asIndex(3), asIndex(9), 1000)).rejects.toMatchObject({ code: 'IO_ERROR' })
    expect(await storage.readEntries(asIndex(3), asIndex(9), 100_000)).toEqual(entriesOf(3, 9, 1, 200))
    disk.flipBit('/data/wal-0000000000000001.log', 1900, 2)
    await expect(storage.readEntries(asIndex(1), asIndex(9), 100_000)).rejects.toMatchObject({
      code: 'CORRUPT',
      message: expect.stringMatching(/wal-0000000000000001\.log.*byte \d+/),
    })
  })
})
