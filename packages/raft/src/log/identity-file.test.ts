import { describe, expect, it } from 'vitest'
import { MemoryFileSystem } from '../memory/memory-file-system.js'
import { asMemberId } from '../types.js'
import { crc32 } from './crc32.js'
import { findIdentity, homeOf, readIdentity, writeIdentity } from './identity-file.js'

const IDENTITY = { clusterId: 2 ** 52 + 3, memberId: asMemberId(9), incarnation: 2 ** 51 + 1, home: 3 }

describe('the identity file', () => {
  it('is durable when it was written, also over a half-written one', async () => {
    const disk = new MemoryFileSystem()
    await disk.makeDirectory('/d')
    await (await disk.open('/d/identity.tmp', 'create')).close()
    await writeIdentity(disk, '/d', IDENTITY, crc32)
    disk.crash('lost')
    expect(await readIdentity(disk, '/d', crc32)).toEqual(IDENTITY)
    expect(await disk.list('/d')).toEqual(['identity'])
  })

  it("tells a directory that is nobody's from one that has an owner, and where the log is", async () => {
    const disk = new MemoryFileSystem()
    await disk.makeDirectory('/d')
    expect(await findIdentity(disk, '/d', crc32)).toBeNull()
    await writeIdentity(disk, '/d', IDENTITY, crc32)
    expect(await findIdentity(disk, '/d', crc32)).toEqual(IDENTITY)
    expect([homeOf('/d', 0), homeOf('/d', 3)]).toEqual(['/d', '/d/store-3'])
  })

  it('is CORRUPT with any byte changed, cut or added', async () => {
    const disk = new MemoryFileSystem()
    await disk.makeDirectory('/d')
    await writeIdentity(disk, '/d', IDENTITY, crc32)
    for (let offset = 0; offset < 40; offset++) {
      const flipped = disk.fork()
      flipped.flipBit('/d/identity', offset, offset % 8)
      await expect(readIdentity(flipped, '/d', crc32)).rejects.toMatchObject({
        code: 'CORRUPT',
        message: expect.stringContaining('/d/identity'),
      })
      const cut = disk.fork()
      cut.cut('/d/identity', offset)
      await expect(readIdentity(cut, '/d', crc32)).rejects.toMatchObject({ code: 'CORRUPT' })
    }
    disk.cut('/d/identity', 41)
    await expect(readIdentity(disk, '/d', crc32)).rejects.toMatchObject({ code: 'CORRUPT' })
  })
})
