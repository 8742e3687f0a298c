import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FileSystem } from '@balsa/raft'
import { afterEach, describe, expect, it } from 'vitest'
import { EndingFileSystem } from '../ending-file-system.test-support.js'
import { NodeFileSystem } from '../node-file-system.js'
import { LmdbBackend } from './lmdb-backend.js'

const real = new NodeFileSystem()
const directories: string[] = []

async function newDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'balsa-lmdb-crash-'))
  directories.push(directory)
  return directory
}

afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true })
})

const open = (directory: string, fileSystem: FileSystem = real): Promise<LmdbBackend> => LmdbBackend.open({ fileSystem, directory })

function contentOf(backend: LmdbBackend): string {
  const keys = backend.keys('current', { from: '', to: null }, 1000)
  return `${backend.appliedIndex}: ${keys.length} of ${keys[0] ?? '-'}`
}

const OLD = '7: 300 of old000'
const NEW = '5: 200 of new000'
const number = (at: number): string => String(at).padStart(3, '0')

function writeOld(backend: LmdbBackend): Promise<void> {
  backend.write(7, (batch) => {
    for (let at = 0; at < 300; at++) batch.put('current', `old${number(at)}`, new Uint8Array(100))
  })
  return backend.flush()
}

async function replaceByNew(backend: LmdbBackend): Promise<void> {
  const replacement = backend.replace()
  for (let at = 0; at < 200; at++) replacement.put('current', `new${number(at)}`, new Uint8Array(100))
  await replacement.commit(5)
}

describe('a swap that ends at any of its steps', () => {
  it('leaves wholly the old or wholly the new content, and nothing else', async () => {
    const seen = new Set<string>()
    for (let steps = 0, done = false; !done; steps++) {
      const directory = await newDirectory()
      const fileSystem = new EndingFileSystem()
      const backend = await open(directory, fileSystem)
      await writeOld(backend)
      fileSystem.stepsLeft = steps
      done = await replaceByNew(backend).then(
        () => true,
        () => false,
      )
      await backend.close({ flush: false })
      const again = await open(directory)
      const content = contentOf(again)
      seen.add(content)
      expect(content, `after ${steps} steps`).toBeOneOf(done ? [NEW] : [OLD, NEW])
      again.write(20, (batch) => batch.put('current', 'a', new Uint8Array(1)))
      await again.close()
      expect((await real.list(directory)).filter((name) => name.endsWith('.mdb'))).toHaveLength(1)
      expect(steps).toBeLessThan(50)
    }
    expect([...seen].sort()).toEqual([NEW, OLD].sort())
  })

  it('stops the store when it does not know which content counts', async () => {
    const directory = await newDirectory()
    const fileSystem = new EndingFileSystem()
    const backend = await open(directory, fileSystem)
    await writeOld(backend)
    fileSystem.stepsLeft = 4
    await expect(replaceByNew(backend)).rejects.toMatchObject({ code: 'IO_ERROR' })
    expect(() => contentOf(backend)).toThrow(expect.objectContaining({ code: 'IO_ERROR' }))
    await backend.close()
  })
})

describe('a first start that ends at any of its steps', () => {
  it('is made good by the next one', async () => {
    for (let steps = 0, done = false; !done; steps++) {
      const directory = join(await newDirectory(), 'store')
      const ending = new EndingFileSystem()
      ending.stepsLeft = steps
      const first = await open(directory, ending).catch(() => null)
      done = first !== null
      await first?.close()
      const again = await open(directory)
      expect(contentOf(again)).toBe('0: 0 of -')
      await again.close()
      expect(steps).toBeLessThan(30)
    }
  })
})

describe('damage', () => {
  const closed = async (): Promise<string> => {
    const directory = await newDirectory()
    const backend = await open(directory)
    await writeOld(backend)
    await backend.close()
    return directory
  }

  it('of CURRENT, or a data file that is missing, is told with its path', async () => {
    const unreadable = await closed()
    await writeFile(join(unreadable, 'CURRENT'), 'state-1')
    await expect(open(unreadable)).rejects.toMatchObject({ code: 'CORRUPT', message: expect.stringContaining('CURRENT') })
    const missing = await closed()
    await writeFile(join(missing, 'CURRENT'), 'state-00000009.mdb\n')
    await expect(open(missing)).rejects.toMatchObject({ code: 'CORRUPT', message: expect.stringContaining('state-00000009.mdb') })
  })

  it('of the head of the data file is told', async () => {
    const directory = await closed()
    await writeFile(join(directory, 'state-00000001.mdb'), new Uint8Array(40_000).fill(7))
    await expect(open(directory)).rejects.toMatchObject({ code: 'CORRUPT' })
  })

  it('of a data file that was cut to nothing is told, not taken for an empty store', async () => {
    const directory = await closed()
    await truncate(join(directory, 'state-00000001.mdb'), 0)
    await expect(open(directory)).rejects.toMatchObject({ code: 'CORRUPT' })
  })
})
