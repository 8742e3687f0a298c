import { BalsaError } from '../errors.js'
import type { FileHandle, FileSystem } from '../ports/file-system.js'
import { type ConformanceCase, demand } from './case.js'

/** What the suite needs from the implementation under test. */
export interface FileSystemFixture {
  readonly fileSystem: FileSystem
  /** An empty directory that exists. */
  readonly directory: string
  /** Loses everything that was not synced, as a loss of power does. Absent where nobody can do that: such cases are left out. */
  readonly losePower?: () => void
  /** Releases everything, also after a failed case. */
  dispose(): Promise<void>
}

export interface FileSystemCapabilities {
  /** The fixture has `losePower`. */
  readonly canLosePower: boolean
}

type Check = (fixture: FileSystemFixture) => Promise<void>

const bytesOf = (...values: readonly number[]): Uint8Array => Uint8Array.from(values)

/** `length` bytes, each depending on its place. */
function pattern(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at++) bytes[at] = (at * 7 + seed * 31 + (at >>> 8)) & 0xff
  return bytes
}

function demandBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  demand(actual.length === expected.length, `${what}: ${actual.length} bytes instead of ${expected.length}`)
  const different = actual.findIndex((byte, at) => byte !== expected[at])
  demand(different < 0, `${what}: byte ${different} differs`)
}

async function demandFailure(work: () => unknown, what: string, path: string): Promise<void> {
  try {
    await work()
  } catch (error) {
    demand(error instanceof BalsaError, `${what}: throws ${String(error)} instead of a BalsaError`)
    demand(error.code === 'IO_ERROR', `${what}: code ${error.code} instead of IO_ERROR`)
    demand(error.message.includes(path), `${what}: the text does not name the path: ${error.message}`)
    return
  }
  throw new Error(`${what}: does not fail`)
}

async function withFile<Result>(
  { fileSystem }: FileSystemFixture,
  path: string,
  mode: 'read' | 'readwrite' | 'create',
  work: (handle: FileHandle) => Promise<Result>,
): Promise<Result> {
  const handle = await fileSystem.open(path, mode)
  try {
    return await work(handle)
  } finally {
    await handle.close()
  }
}

async function create(fixture: FileSystemFixture, name: string, bytes: Uint8Array): Promise<string> {
  const path = `${fixture.directory}/${name}`
  await withFile(fixture, path, 'create', async (handle) => {
    handle.write(0, bytes)
    await handle.datasync()
  })
  return path
}

const contents = (fixture: FileSystemFixture, path: string): Promise<Uint8Array> =>
  withFile(fixture, path, 'read', async (handle) => handle.read(0, (await handle.size()) + 10))

const checks: Readonly<Record<string, Check>> = {
  'what was written is read back, also through another handle and after closing': async (fixture) => {
    const path = `${fixture.directory}/file`
    const expected = pattern(10_000)
    await withFile(fixture, path, 'create', async (handle) => {
      demand(handle.path === path, 'a handle knows its path')
      handle.write(0, expected)
      demandBytes(await handle.read(0, 10_000), expected, 'same handle')
      demandBytes(await contents(fixture, path), expected, 'another handle')
      demand((await handle.size()) === 10_000, 'the size is the end of the last write')
    })
    demandBytes(await contents(fixture, path), expected, 'after closing')
  },
  'a write takes the bytes as they are: the caller may change them afterwards': async (fixture) => {
    const bytes = bytesOf(1, 2, 3)
    const path = await create(fixture, 'file', bytesOf(0))
    await withFile(fixture, path, 'readwrite', async (handle) => {
      handle.write(0, bytes)
      bytes.fill(9)
      await handle.datasync()
    })
    demandBytes(await contents(fixture, path), bytesOf(1, 2, 3), 'contents')
  },
  'writes go where they are told: over old bytes, across the end, behind a gap of zeros': async (fixture) => {
    const path = await create(fixture, 'file', bytesOf(1, 2, 3, 4))
    await withFile(fixture, path, 'readwrite', async (handle) => {
      handle.write(1, bytesOf(8))
      handle.write(3, bytesOf(7, 6))
      handle.write(8, bytesOf(5))
      handle.write(2, new Uint8Array(0))
      demandBytes(await handle.read(0, 100), bytesOf(1, 8, 3, 7, 6, 0, 0, 0, 5), 'contents')
    })
  },
  'a read gives fewer bytes only at the end of the file': async (fixture) => {
    const path = await create(fixture, 'file', pattern(1000))
    await withFile(fixture, path, 'read', async (handle) => {
      demandBytes(await handle.read(990, 100), pattern(1000).subarray(990), 'across the end')
      demandBytes(await handle.read(10, 20), pattern(1000).subarray(10, 30), 'in the middle')
      demand((await handle.read(1000, 5)).length === 0 && (await handle.read(5000, 5)).length === 0, 'nothing behind the end')
      demand((await handle.read(3, 0)).length === 0, 'nothing when nothing is asked for')
    })
  },
  'bytes that were read belong to the reader': async (fixture) => {
    const path = await create(fixture, 'file', bytesOf(1, 2, 3))
    await withFile(fixture, path, 'readwrite', async (handle) => {
      const read = await handle.read(0, 3)
      handle.write(0, bytesOf(4, 5, 6))
      demandBytes(read, bytesOf(1, 2, 3), 'read before the write')
      read.fill(0)
      demandBytes(await handle.read(0, 3), bytesOf(4, 5, 6), 'the file')
    })
  },
  'truncate shortens, and lengthens with zeros': async (fixture) => {
    const path = await create(fixture, 'file', pattern(600))
    await withFile(fixture, path, 'readwrite', async (handle) => {
      await handle.truncate(3)
      demand((await handle.size()) === 3, 'shorter')
      await handle.truncate(6)
      demandBytes(await handle.read(0, 10), bytesOf(...pattern(600).subarray(0, 3), 0, 0, 0), 'old bytes do not come back')
    })
  },
  'create fails when the name is taken; read and readwrite fail when it is not': async (fixture) => {
    const path = await create(fixture, 'file', bytesOf(1))
    const missing = `${fixture.directory}/missing`
    await demandFailure(() => fixture.fileSystem.open(path, 'create'), 'create of an existing file', path)
    await demandFailure(() => fixture.fileSystem.open(missing, 'read'), 'read of a missing file', missing)
    await demandFailure(() => fixture.fileSystem.open(missing, 'readwrite'), 'readwrite of a missing file', missing)
    demandBytes(await contents(fixture, path), bytesOf(1), 'the existing file')
  },
  'a directory is not a file, and a file in a missing directory cannot be made': async (fixture) => {
    const path = `${fixture.directory}/sub`
    await fixture.fileSystem.makeDirectory(path)
    await demandFailure(() => fixture.fileSystem.open(path, 'read'), 'open of a directory', path)
    const nowhere = `${fixture.directory}/nowhere/file`
    await demandFailure(() => fixture.fileSystem.open(nowhere, 'create'), 'create in a missing directory', nowhere)
    await demandFailure(() => fixture.fileSystem.list(`${fixture.directory}/nowhere`), 'list of a missing directory', 'nowhere')
  },
  'a handle for reading does not write': async (fixture) => {
    const path = await create(fixture, 'file', bytesOf(1))
    await withFile(fixture, path, 'read', (handle) => demandFailure(() => handle.write(0, bytesOf(2)), 'write', path))
    demandBytes(await contents(fixture, path), bytesOf(1), 'the file')
  },
  'a closed handle does nothing more; closing twice is no error': async (fixture) => {
    const path = await create(fixture, 'file', bytesOf(1))
    const handle = await fixture.fileSystem.open(path, 'readwrite')
    await handle.close()
    await handle.close()
    await demandFailure(() => handle.write(0, bytesOf(2)), 'write', path)
    await demandFailure(() => handle.read(0, 1), 'read', path)
    await demandFailure(() => handle.datasync(), 'datasync', path)
  },
  'list gives sorted names, exists tells, remove removes': async (fixture) => {
    const { fileSystem, directory } = fixture
    demand((await fileSystem.list(directory)).length === 0, 'an empty directory is empty')
    for (const name of ['b', 'a', 'c']) await create(fixture, name, bytesOf(1))
    demand((await fileSystem.list(directory)).join() === 'a,b,c', 'sorted names')
    await fileSystem.remove(`${directory}/b`)
    demand((await fileSystem.list(directory)).join() === 'a,c', 'one less')
    demand(!(await fileSystem.exists(`${directory}/b`)) && (await fileSystem.exists(`${directory}/c`)), 'exists')
    demand((await fileSystem.exists(directory)) && !(await fileSystem.exists(`${directory}/no/where`)), 'exists of directories')
    await demandFailure(() => fileSystem.remove(`${directory}/b`), 'remove of a missing file', 'b')
  },
  'rename replaces what had the name': async (fixture) => {
    const from = await create(fixture, 'from', bytesOf(1))
    const to = await create(fixture, 'to', bytesOf(2))
    await fixture.fileSystem.rename(from, to)
    demandBytes(await contents(fixture, to), bytesOf(1), 'the renamed file')
    demand((await fixture.fileSystem.list(fixture.directory)).join() === 'to', 'one name is left')
    await demandFailure(() => fixture.fileSystem.rename(from, to), 'rename of a missing file', from)
  },
  'an open file can be used after its name is gone or another': async (fixture) => {
    const { fileSystem } = fixture
    const path = await create(fixture, 'file', bytesOf(1))
    const other = await create(fixture, 'other', bytesOf(2))
    await withFile(fixture, path, 'readwrite', async (handle) => {
      await fileSystem.rename(other, path)
      demandBytes(await handle.read(0, 5), bytesOf(1), 'through the handle')
      handle.write(0, bytesOf(3))
      demandBytes(await contents(fixture, path), bytesOf(2), 'through the name')
      await fileSystem.remove(path)
      demandBytes(await handle.read(0, 5), bytesOf(3), 'after the removal')
    })
  },
  'makeDirectory makes the parents, too, and does not mind an existing one': async (fixture) => {
    const path = `${fixture.directory}/x/y/z`
    await fixture.fileSystem.makeDirectory(path)
    await fixture.fileSystem.makeDirectory(path)
    await withFile(fixture, `${path}/file`, 'create', async (handle) => handle.write(0, bytesOf(1)))
    await fixture.fileSystem.syncDirectory(path)
    demand((await fixture.fileSystem.list(path)).join() === 'file', 'the file is there')
  },
  'many writes and syncs at the same time keep their order': async (fixture) => {
    const path = await create(fixture, 'file', new Uint8Array(100))
    await withFile(fixture, path, 'readwrite', async (handle) => {
      const syncs: Promise<void>[] = []
      for (let round = 1; round <= 50; round++) {
        handle.write(round, bytesOf(round))
        handle.write(0, bytesOf(round))
        syncs.push(handle.datasync())
      }
      await Promise.all(syncs)
      demandBytes(await handle.read(0, 4), bytesOf(50, 1, 2, 3), 'the last write wins')
    })
  },
}

const powerChecks: Readonly<Record<string, Check>> = {
  'what was synced survives a loss of power, what was not does not': async (fixture) => {
    const path = await create(fixture, 'file', bytesOf(1, 2, 3))
    await fixture.fileSystem.syncDirectory(fixture.directory)
    const handle = await fixture.fileSystem.open(path, 'readwrite')
    handle.write(0, bytesOf(9))
    await handle.datasync()
    handle.write(1, bytesOf(9))
    await handle.truncate(2)
    fixture.losePower?.()
    demandBytes(await contents(fixture, path), bytesOf(9, 2, 3), 'after the loss of power')
    await demandFailure(() => handle.read(0, 1), 'use of a handle of the former life', path)
  },
  'names survive a loss of power only when the directory was synced': async (fixture) => {
    const { fileSystem, directory } = fixture
    const synced = await create(fixture, 'synced', bytesOf(1))
    const removed = await create(fixture, 'removed', bytesOf(2))
    await fileSystem.syncDirectory(directory)
    await create(fixture, 'new', bytesOf(3))
    await fileSystem.rename(synced, `${directory}/renamed`)
    await fileSystem.remove(removed)
    fixture.losePower?.()
    demand((await fileSystem.list(directory)).join() === 'removed,synced', 'the names before')
    await fileSystem.rename(synced, `${directory}/renamed`)
    await fileSystem.syncDirectory(directory)
    fixture.losePower?.()
    demand((await fileSystem.list(directory)).join() === 'removed,renamed', 'a synced rename')
    demandBytes(await contents(fixture, `${directory}/renamed`), bytesOf(1), 'with its bytes')
  },
}

/** The requirements of the FileSystem port. Each case gets a fixture of its own. */
export function fileSystemConformance(
  start: () => Promise<FileSystemFixture>,
  capabilities: FileSystemCapabilities = { canLosePower: false },
): readonly ConformanceCase[] {
  const wanted = capabilities.canLosePower ? { ...checks, ...powerChecks } : checks
  return Object.entries(wanted).map(([name, check]) => ({
    name,
    run: async () => {
      const fixture = await start()
      try {
        await check(fixture)
      } finally {
        await fixture.dispose()
      }
    },
  }))
}
