import { describe, expect, it } from 'vitest'
import { CRASH_MODES } from '../memory/memory-file.js'
import { MemoryFileSystem } from '../memory/memory-file-system.js'
import { SeededRandom } from '../memory/seeded-random.js'
import { asMemberId } from '../types.js'
import { crc32 } from './crc32.js'
import { IncarnationTable } from './incarnation-table.js'

const one = asMemberId(1)
const two = asMemberId(2)
const three = asMemberId(3)

async function disk(): Promise<MemoryFileSystem> {
  const fileSystem = new MemoryFileSystem()
  await fileSystem.makeDirectory('/d')
  await fileSystem.syncDirectory('/d')
  return fileSystem
}
const open = (fileSystem: MemoryFileSystem, clusterId = 7) => IncarnationTable.open({ fileSystem, directory: '/d', clusterId, crc32 })

describe('IncarnationTable', () => {
  it('remembers the first meeting, whatever comes later', async () => {
    const table = await open(await disk())
    expect(table.known(one)).toBeNull()
    expect(await table.meet(one, 2 ** 50)).toBe(2 ** 50)
    expect(await table.meet(one, 5)).toBe(2 ** 50)
    expect(table.known(one)).toBe(2 ** 50)
  })

  it('answers the first meeting only when it is durable: to everybody who asks', async () => {
    const fileSystem = await disk()
    const table = await open(fileSystem)
    let answers = 0
    const first = Promise.resolve(table.meet(one, 11)).then((known) => (answers++, known))
    const second = Promise.resolve(table.meet(one, 12)).then((known) => (answers++, known))
    expect(answers).toBe(0)
    expect(await Promise.all([first, second, table.meet(two, 22)])).toEqual([11, 11, 22])
    fileSystem.crash('lost')
    const again = await open(fileSystem)
    expect([again.known(one), again.known(two), again.known(three)]).toEqual([11, 22, null])
  })

  it('forgets members that are gone, and everybody when the cluster is another one', async () => {
    const fileSystem = await disk()
    const table = await open(fileSystem)
    await table.meet(one, 11)
    await table.meet(two, 22)
    await table.forget([one, three])
    fileSystem.crash('lost')
    expect((await open(fileSystem)).known(one)).toBeNull()
    expect((await open(fileSystem)).known(two)).toBe(22)
    expect((await open(fileSystem, 8)).known(two)).toBeNull()
  })

  it('remembers nothing that it could not write, and goes on', async () => {
    const fileSystem = await disk()
    const table = await open(fileSystem)
    fileSystem.failNext({ operation: 'rename', code: 'EIO', pathContains: 'peers' })
    await expect(table.meet(one, 11)).rejects.toMatchObject({ code: 'IO_ERROR' })
    expect(table.known(one)).toBeNull()
    expect(await table.meet(two, 22)).toBe(22)
  })

  it.each(CRASH_MODES)('is the old one or the new one after a crash at any operation (mode %s)', async (mode) => {
    const fileSystem = await disk()
    await (await open(fileSystem)).meet(one, 11)
    const forks: MemoryFileSystem[] = []
    fileSystem.beforeOperation = () => forks.push(fileSystem.fork())
    await (await open(fileSystem)).meet(two, 22)
    expect(forks.length).toBeGreaterThan(5)
    const random = new SeededRandom(3)
    for (const fork of forks) {
      fork.crash(mode, random)
      const table = await open(fork)
      expect(table.known(one)).toBe(11)
      expect([null, 22]).toContain(table.known(two))
      expect(await table.meet(two, 33)).toBe(table.known(two))
    }
  })

  it('is CORRUPT with any byte changed', async () => {
    const fileSystem = await disk()
    await (await open(fileSystem)).meet(one, 11)
    const size = fileSystem.contents('/d/peers').length
    expect(size).toBe(40)
    for (let offset = 0; offset < size; offset++) {
      const flipped = fileSystem.fork()
      flipped.flipBit('/d/peers', offset, offset % 8)
      await expect(open(flipped)).rejects.toMatchObject({ code: 'CORRUPT', family: 'fatal' })
    }
  })
})
