import { describe, expect, it } from 'vitest'
import { MemoryFileSystem } from '../memory/memory-file-system.js'
import { SparePool, syncOrFail } from './spare-pool.js'

const BYTES = 8192

async function poolOn(disk: MemoryFileSystem): Promise<SparePool> {
  await disk.makeDirectory('/d')
  const pool = new SparePool(disk, '/d', BYTES)
  await pool.adopt(await disk.list('/d'))
  return pool
}

describe('SparePool', () => {
  it('makes durable files full of zeros, in the background or when they are needed', async () => {
    const disk = new MemoryFileSystem()
    const pool = await poolOn(disk)
    pool.prepare()
    pool.prepare()
    await pool.idle()
    expect(await disk.list('/d')).toEqual(['spare-1.tmp'])
    const ready = await pool.take(BYTES)
    expect([ready.path, ready.capacity]).toEqual(['/d/spare-1.tmp', BYTES])
    const made = await pool.take(BYTES)
    const large = await pool.take(3 * BYTES)
    expect([made.path, large.path, large.capacity, await large.handle.size()]).toEqual([
      '/d/spare-2.tmp',
      '/d/spare-3.tmp',
      3 * BYTES,
      3 * BYTES,
    ])
    await disk.syncDirectory('/d')
    disk.crash('lost')
    expect(disk.contents('/d/spare-3.tmp')).toEqual(new Uint8Array(3 * BYTES))
  })

  it('takes over files of the right size from an earlier run, up to a limit, and removes the rest', async () => {
    const disk = new MemoryFileSystem()
    const first = await poolOn(disk)
    for (let count = 0; count < 6; count++) await (await first.take(BYTES)).handle.close()
    await (await first.take(2 * BYTES)).handle.close()
    const pool = await poolOn(disk)
    expect(await disk.list('/d')).toEqual(['spare-1.tmp', 'spare-2.tmp', 'spare-3.tmp', 'spare-4.tmp'])
    expect(pool.room).toBe(0)
    expect((await pool.take(BYTES)).path).toBe('/d/spare-1.tmp')
    expect(await pool.retire('/d/spare-1.tmp')).toBe('spare-8.tmp')
  })

  it('a failure in the background shows only when the file is needed, and leaves nothing behind', async () => {
    const disk = new MemoryFileSystem()
    const pool = await poolOn(disk)
    disk.failNext({ operation: 'write', code: 'ENOSPC', times: 2 })
    pool.prepare()
    await pool.idle()
    expect(await disk.list('/d')).toEqual([])
    await expect(pool.take(BYTES)).rejects.toMatchObject({ code: 'DISK_FULL' })
    expect((await pool.take(BYTES)).capacity).toBe(BYTES)
  })

  it('syncOrFail says SYNC_FAILED with the reason', async () => {
    const disk = new MemoryFileSystem()
    const { handle } = await (await poolOn(disk)).take(BYTES)
    disk.failNext({ operation: 'datasync', code: 'EIO' })
    await expect(syncOrFail(handle)).rejects.toMatchObject({
      code: 'SYNC_FAILED',
      family: 'fatal',
      message: expect.stringContaining('EIO'),
    })
  })
})
