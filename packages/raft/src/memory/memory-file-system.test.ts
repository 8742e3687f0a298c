import { describe, expect, it } from 'vitest'
import type { CrashMode } from './memory-file.js'
import { MemoryFileSystem } from './memory-file-system.js'
import { SeededRandom } from './seeded-random.js'

const PATH = '/data/file'

async function diskWith(bytes: Uint8Array): Promise<MemoryFileSystem> {
  const disk = new MemoryFileSystem()
  await disk.makeDirectory('/data')
  const handle = await disk.open(PATH, 'create')
  handle.write(0, bytes)
  await handle.datasync()
  await disk.syncDirectory('/data')
  await handle.close()
  return disk
}

/** What is in the file after a crash with two unsynced writes, for many seeds. */
async function outcomes(mode: CrashMode): Promise<Set<string>> {
  const seen = new Set<string>()
  for (let seed = 1; seed <= 40; seed++) {
    const disk = await diskWith(Uint8Array.of(0, 0))
    const handle = await disk.open(PATH, 'readwrite')
    handle.write(0, Uint8Array.of(1))
    handle.write(1, Uint8Array.of(2))
    disk.crash(mode, new SeededRandom(seed))
    seen.add(disk.contents(PATH).join())
  }
  return seen
}

describe('MemoryFileSystem', () => {
  it('loses, keeps, cuts off or reorders unsynced writes as the mode of the crash says', async () => {
    expect(await outcomes('lost')).toEqual(new Set(['0,0']))
    expect(await outcomes('kept')).toEqual(new Set(['1,2']))
    expect(await outcomes('prefix')).toEqual(new Set(['0,0', '1,0', '1,2']))
    expect(await outcomes('subset')).toEqual(new Set(['0,0', '1,0', '0,2', '1,2']))
  })

  it('tears a write at sectors of 512 bytes, and only inside its range', async () => {
    let torn = 0
    let garbage = 0
    for (let seed = 1; seed <= 150; seed++) {
      const disk = await diskWith(new Uint8Array(3072).fill(1))
      const handle = await disk.open(PATH, 'readwrite')
      handle.write(512, new Uint8Array(2048).fill(2))
      disk.crash('torn', new SeededRandom(seed))
      const bytes = disk.contents(PATH)
      const sectors = Array.from({ length: 6 }, (_, at) => new Set(bytes.subarray(at * 512, at * 512 + 512)))
      expect([...(sectors[0] ?? []), ...(sectors[5] ?? [])]).toEqual([1, 1])
      if (sectors.some((sector) => sector.size > 1)) garbage += 1
      if (sectors.slice(1, 5).some((sector) => sector.has(1)) && sectors.some((sector) => sector.has(2))) torn += 1
    }
    expect(torn).toBeGreaterThan(30)
    expect(garbage).toBeGreaterThan(5)
  })

  it('is the same for the same seed', async () => {
    const run = async (): Promise<string> => {
      const disk = await diskWith(new Uint8Array(2000))
      const handle = await disk.open(PATH, 'readwrite')
      handle.write(0, new Uint8Array(5000).fill(3))
      disk.crash('mixed', new SeededRandom(7))
      return disk.contents(PATH).join()
    }
    expect(await run()).toBe(await run())
  })

  it('drops what a failed sync should have made durable, and the next sync says ok', async () => {
    const disk = await diskWith(Uint8Array.of(0))
    const handle = await disk.open(PATH, 'readwrite')
    handle.write(0, Uint8Array.of(1))
    disk.failNext({ operation: 'datasync', code: 'EIO' })
    await expect(handle.datasync()).rejects.toMatchObject({ code: 'IO_ERROR' })
    await handle.datasync()
    expect(disk.contents(PATH)).toEqual(Uint8Array.of(1))
    disk.crash('lost')
    expect(disk.contents(PATH)).toEqual(Uint8Array.of(0))
  })

  it('makes chosen operations fail, and a full disk keeps the part that fits', async () => {
    const disk = new MemoryFileSystem({ capacityBytes: 10 })
    await disk.makeDirectory('/data')
    const handle = await disk.open(PATH, 'create')
    disk.failNext({ operation: 'write', code: 'EIO', pathContains: 'other' })
    handle.write(0, new Uint8Array(8).fill(1))
    expect(() => handle.write(8, new Uint8Array(8).fill(2))).toThrow(expect.objectContaining({ code: 'DISK_FULL' }))
    expect(disk.contents(PATH)).toEqual(Uint8Array.of(1, 1, 1, 1, 1, 1, 1, 1, 2, 2))
    disk.failNext({ operation: 'rename', code: 'ENOSPC', times: 2 })
    await expect(disk.rename(PATH, '/data/x')).rejects.toMatchObject({ code: 'DISK_FULL' })
    await expect(disk.rename(PATH, '/data/x')).rejects.toMatchObject({ code: 'DISK_FULL' })
    await disk.rename(PATH, '/data/x')
  })

  it('lets a test hold a sync: only what was written before it becomes durable', async () => {
    const disk = await diskWith(Uint8Array.of(0, 0))
    const handle = await disk.open(PATH, 'readwrite')
    let release = (): void => undefined
    disk.beforeSync = () =>
      new Promise((resolve) => {
        release = resolve
      })
    handle.write(0, Uint8Array.of(1))
    const sync = handle.datasync()
    handle.write(1, Uint8Array.of(2))
    release()
    await sync
    disk.crash('lost')
    expect(disk.contents(PATH)).toEqual(Uint8Array.of(1, 0))
  })

  it('a sync that a crash interrupts never says ok', async () => {
    const disk = await diskWith(Uint8Array.of(0))
    const handle = await disk.open(PATH, 'readwrite')
    handle.write(0, Uint8Array.of(1))
    const sync = handle.datasync()
    disk.crash('lost')
    await expect(sync).rejects.toMatchObject({ code: 'IO_ERROR' })
    expect(disk.contents(PATH)).toEqual(Uint8Array.of(0))
  })

  it('tells every operation before it happens, with its number', async () => {
    const disk = new MemoryFileSystem()
    const seen: string[] = []
    disk.beforeOperation = ({ operation, path, number }) => {
      seen.push(`${number} ${operation} ${path}`)
      if (operation === 'remove') throw new Error('stop')
    }
    await disk.makeDirectory('/data')
    const handle = await disk.open(PATH, 'create')
    handle.write(0, Uint8Array.of(1))
    await expect(disk.remove(PATH)).rejects.toThrow('stop')
    expect(seen).toEqual(['1 makeDirectory /data', '2 create /data/file', '3 write /data/file', '4 remove /data/file'])
    expect(disk.contents(PATH)).toEqual(Uint8Array.of(1))
  })

  it('a fork lives on its own, with what is not synced yet', async () => {
    const disk = await diskWith(Uint8Array.of(0))
    const handle = await disk.open(PATH, 'readwrite')
    handle.write(0, Uint8Array.of(1))
    await disk.rename(PATH, '/data/renamed')
    const fork = disk.fork()
    await handle.datasync()
    await disk.syncDirectory('/data')
    fork.crash('lost')
    disk.crash('lost')
    expect(await fork.list('/data')).toEqual(['file'])
    expect(fork.contents(PATH)).toEqual(Uint8Array.of(0))
    expect(await disk.list('/data')).toEqual(['renamed'])
    expect(disk.contents('/data/renamed')).toEqual(Uint8Array.of(1))
  })
})
