import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  asIndex,
  asMemberId,
  asTerm,
  crc32 as plainCrc32,
  DurableStorage,
  type DurableStorageOptions,
  type Entry,
  EntryType,
  foundingConfiguration,
} from '@balsa/raft'
import { type FileSystemFixture, fileSystemConformance } from '@balsa/raft/conformance'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { crc32 } from './crc32.js'
import { NodeFileSystem } from './node-file-system.js'

const MOUNT = '/bin/mount'
const UNMOUNT = '/bin/umount'
let directory = ''
beforeEach(() => {
  directory = fs.mkdtempSync(join(tmpdir(), 'balsa-files-'))
})
afterEach(() => fs.rmSync(directory, { recursive: true, force: true }))

const fixture = async (): Promise<FileSystemFixture> => ({ fileSystem: new NodeFileSystem(), directory, dispose: async () => undefined })

describe('NodeFileSystem conforms to FileSystem', () => {
  for (const { name, run } of fileSystemConformance(fixture)) it(name, run)
})

const modeOf = (path: string): string => (fs.statSync(path).mode & 0o777).toString(8)

describe('NodeFileSystem', () => {
  it('makes files and directories for the owner only', async () => {
    const fileSystem = new NodeFileSystem()
    await fileSystem.makeDirectory(join(directory, 'a/b'))
    await (await fileSystem.open(join(directory, 'a/b/file'), 'create')).close()
    expect([modeOf(join(directory, 'a')), modeOf(join(directory, 'a/b')), modeOf(join(directory, 'a/b/file'))]).toEqual([
      '700',
      '700',
      '600',
    ])
  })

  it('does not follow a symbolic link to a file', async () => {
    fs.writeFileSync(join(directory, 'target'), 'x')
    fs.symlinkSync(join(directory, 'target'), join(directory, 'link'))
    for (const mode of ['read', 'readwrite', 'create'] as const) {
      await expect(new NodeFileSystem().open(join(directory, 'link'), mode)).rejects.toMatchObject({
        code: 'IO_ERROR',
        message: expect.stringContaining('link'),
      })
    }
  })

  it('reports a full disk as DISK_FULL', async ({ skip }) => {
    if (!mountTiny()) skip()
    const handle = await new NodeFileSystem().open(join(directory, 'tiny/full'), 'create')
    const fill = (): void => {
      for (let position = 0; position < 2 ** 20; position += 4096) handle.write(position, new Uint8Array(4096))
    }
    expect(fill).toThrow(expect.objectContaining({ code: 'DISK_FULL', family: 'fatal' }))
    await handle.close()
  })

  it('syncs small writes wherever it waits for them', async () => {
    const fileSystem = new NodeFileSystem({ mayWait: () => true })
    const handle = await fileSystem.open(join(directory, 'synced'), 'create')
    for (let round = 0; round < 40; round++) {
      handle.write(round, Uint8Array.of(round))
      await handle.datasync()
    }
    expect(await handle.read(0, 100)).toEqual(Uint8Array.from({ length: 40 }, (_, at) => at))
    await handle.close()
    await expect(handle.datasync()).rejects.toMatchObject({ code: 'IO_ERROR' })
  })

  it('has the same checksum as the plain one', () => {
    const data = Uint8Array.from({ length: 1000 }, (_, at) => at & 0xff)
    expect(crc32(data.subarray(300), crc32(data.subarray(0, 300)))).toBe(plainCrc32(data))
  })
})

/** Mounts a file system of 256 KiB at `tiny`; false where that is not allowed (it takes root). */
function mountTiny(): boolean {
  const path = join(directory, 'tiny')
  fs.mkdirSync(path)
  try {
    execFileSync(MOUNT, ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', path], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

afterEach(() => {
  try {
    execFileSync(UNMOUNT, ['-l', join(directory, 'tiny')], { stdio: 'ignore' })
  } catch {
    // Nothing was mounted.
  }
})

function optionsIn(path: string): DurableStorageOptions {
  const member = { id: asMemberId(1), address: 'a', clientAddress: '', name: '' }
  return {
    fileSystem: new NodeFileSystem(),
    directory: path,
    identity: { clusterId: 5, memberId: asMemberId(1) },
    initialConfiguration: foundingConfiguration([member]),
    crc32,
    segmentBytes: 64 * 1024,
  }
}

const entryOf = (index: number): Entry => ({
  index: asIndex(index),
  term: asTerm(1),
  type: EntryType.command,
  timeMs: index,
  payload: new Uint8Array(300).fill(index & 0xff),
})

async function writeEntries(
  storage: DurableStorage,
  from: number,
  to: number,
  onAcknowledged: (index: number) => void = () => undefined,
): Promise<void> {
  const empty = { sequence: 0, installSnapshot: null, compactBelow: null }
  await storage.persist({ ...empty, hardState: { term: asTerm(1), votedFor: null }, entries: [] })
  for (let index = from; index <= to; index++) {
    await storage.persist({ ...empty, hardState: null, entries: [entryOf(index)] })
    onAcknowledged(index)
  }
}

describe('DurableStorage on a real disk', () => {
  it('finds everything again, in files for the owner only', async () => {
    const path = join(directory, 'data')
    const storage = await DurableStorage.open(optionsIn(path))
    await writeEntries(storage, 1, 500)
    await storage.close()
    expect(new Set(fs.readdirSync(path).map((name) => modeOf(join(path, name))))).toEqual(new Set(['600']))
    const again = await DurableStorage.open(optionsIn(path))
    expect(again.recovered).toMatchObject({ firstIndex: 1, lastIndex: 500 })
    expect(await again.readEntries(asIndex(3), asIndex(500), 1000)).toEqual([3, 4, 5].map(entryOf))
    await again.close()
  })

  it('says which segment is missing, and which byte is damaged', async () => {
    const path = join(directory, 'data')
    const storage = await DurableStorage.open(optionsIn(path))
    await writeEntries(storage, 1, 500)
    await storage.close()
    const second = join(path, 'wal-0000000000000002.log')
    const descriptor = fs.openSync(second, 'r+')
    fs.writeSync(descriptor, Uint8Array.of(0xff, 0xfe, 0xfd), 0, 3, 5000)
    fs.closeSync(descriptor)
    await expect(DurableStorage.open(optionsIn(path))).rejects.toMatchObject({
      code: 'CORRUPT',
      message: expect.stringMatching(/wal-0000000000000002\.log.*byte \d+/),
    })
    fs.rmSync(second)
    await expect(DurableStorage.open(optionsIn(path))).rejects.toMatchObject({
      code: 'MISSING_SEGMENT',
      message: expect.stringContaining('wal-0000000000000002.log'),
    })
  })

  it('refuses the directory of another member', async () => {
    const path = join(directory, 'data')
    await (await DurableStorage.open(optionsIn(path))).close()
    const other = { ...optionsIn(path), identity: { clusterId: 5, memberId: asMemberId(2) } }
    await expect(DurableStorage.open(other)).rejects.toMatchObject({
      code: 'IDENTITY_MISMATCH',
      message: expect.stringMatching(/member 1 .*member 2 /),
    })
  })

  it('stops with DISK_FULL and loses nothing acknowledged', async ({ skip }) => {
    if (!mountTiny()) skip()
    const path = join(directory, 'tiny/data')
    const storage = await DurableStorage.open(optionsIn(path))
    let acknowledged = 0
    const writing = writeEntries(storage, 1, 5000, (index) => {
      acknowledged = index
    })
    await expect(writing).rejects.toMatchObject({ code: 'DISK_FULL' })
    await storage.close()
    expect(acknowledged).toBeGreaterThan(50)
    const again = await DurableStorage.open(optionsIn(path))
    expect(again.recovered.lastIndex).toBe(acknowledged)
    await again.close()
  })

  it('says that a file system is read-only', async ({ skip }) => {
    if (!mountTiny()) skip()
    const path = join(directory, 'tiny/data')
    await (await DurableStorage.open({ ...optionsIn(path), segmentBytes: 4096 })).close()
    execFileSync(MOUNT, ['-o', 'remount,ro', join(directory, 'tiny')])
    await expect(DurableStorage.open(optionsIn(path))).rejects.toMatchObject({
      code: 'IO_ERROR',
      message: expect.stringContaining('EROFS'),
    })
  })
})
