import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BackendTransfer } from '@balsa/kv'
import { BalsaError, type FileSystem, type SharedState } from '@balsa/raft'
import { afterEach, describe, expect, it } from 'vitest'
import { EndingFileSystem } from '../ending-file-system.test-support.js'
import { NodeFileSystem } from '../node-file-system.js'
import { LmdbBackend } from './lmdb-backend.js'

const real = new NodeFileSystem()
const directories: string[] = []
const backends: LmdbBackend[] = []

afterEach(async () => {
  for (const backend of backends.splice(0)) await backend.close({ flush: false })
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true })
})

async function newDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'balsa-lmdb-transfer-'))
  directories.push(directory)
  return directory
}

async function open(directory: string, fileSystem: FileSystem = real): Promise<LmdbBackend> {
  const backend = await LmdbBackend.open({ fileSystem, directory })
  backends.push(backend)
  return backend
}

const number = (at: number): string => String(at).padStart(6, '0')

function write(backend: LmdbBackend, index: number, from: number, to: number, fill: number): void {
  backend.write(index, (batch) => {
    for (let at = from; at < to; at++) batch.put('current', `key${number(at)}`, new Uint8Array(200).fill(fill))
  })
}

/** Index, number of keys, and how many values are of each kind. */
function contentOf(backend: LmdbBackend): string {
  const kinds = new Map<number, number>()
  for (const { value } of backend.page('current', { from: '', to: null }, 100_000)) {
    if (new Set(value).size !== 1) throw new Error('a value is damaged')
    kinds.set(value[0] ?? -1, (kinds.get(value[0] ?? -1) ?? 0) + 1)
  }
  return `${backend.appliedIndex}: ${[...kinds].sort(([a], [b]) => a - b).map(([kind, count]) => `${count} of ${kind}`)}`
}

const PIECE_BYTES = 10_000

async function send(
  from: SharedState,
  to: BackendTransfer,
  between = async (): Promise<void> => undefined,
  most = PIECE_BYTES,
): Promise<boolean> {
  const incoming = await to.receive(from.index)
  for (let offset = 0; offset < from.sizeBytes; offset += most) {
    await incoming.write(await from.read(offset, Math.min(most, from.sizeBytes - offset)))
    await between()
  }
  return incoming.finish()
}

async function pair(fileSystem: FileSystem = real): Promise<{ source: LmdbBackend; target: LmdbBackend; directory: string }> {
  const source = await open(await newDirectory())
  write(source, 9, 0, 2000, 1)
  const directory = await newDirectory()
  const target = await open(directory, fileSystem)
  write(target, 3, 0, 50, 7)
  await target.flush()
  return { source, target, directory }
}

describe('a data file that travels as it is', () => {
  it('is that of one moment, whatever is written meanwhile', async () => {
    const { source, target } = await pair()
    const shared = await source.transfer.share()
    expect(shared.index).toBe(9)
    let index = 10
    const sent = send(shared, target.transfer, async () => {
      write(source, index, (index * 97) % 1500, ((index * 97) % 1500) + 400, 2 + (index % 3))
      index += 1
      await source.flush()
    })
    expect(await sent).toBe(true)
    shared.close()
    expect(index).toBeGreaterThan(30)
    expect(await target.transfer.adopt(9)).toBe(true)
    expect(contentOf(target)).toBe('9: 2000 of 1')
    write(target, 10, 0, 100, 5)
    await target.flush()
    expect(contentOf(target)).toBe('10: 1900 of 1,100 of 5')
    expect(contentOf(source)).toMatch(new RegExp(`^${index - 1}: `))
  })

  it('may be held open by several, and after it was replaced', async () => {
    const { source, target } = await pair()
    const first = await source.transfer.share()
    write(source, 10, 0, 2000, 2)
    const second = await source.transfer.share()
    expect(second.index).toBe(10)
    const replacement = source.replace()
    replacement.put('current', 'a', Uint8Array.of(9))
    await replacement.commit(11)
    expect(await send(first, target.transfer)).toBe(true)
    expect(await target.transfer.adopt(9)).toBe(true)
    expect(contentOf(target)).toBe('9: 2000 of 1')
    expect(await send(second, target.transfer)).toBe(true)
    expect(await target.transfer.adopt(10)).toBe(true)
    expect(contentOf(target)).toBe('10: 2000 of 2')
    for (const shared of [first, second, second]) shared.close()
    await expect(first.read(0, 10)).rejects.toMatchObject({ code: 'INVARIANT' })
    await source.close()
  })

  it('waits with a batch that the log may not hold yet, and ends with the backend', async () => {
    const source = await open(await newDirectory())
    source.limitDurability(4)
    write(source, 5, 0, 10, 1)
    const shared = source.transfer.share()
    let there = false
    shared.then(
      () => (there = true),
      () => undefined,
    )
    await new Promise((resolve) => setImmediate(resolve))
    expect(there).toBe(false)
    source.limitDurability(5)
    expect((await shared).index).toBe(5)
    source.limitDurability(5)
    write(source, 6, 0, 10, 1)
    const never = source.transfer.share()
    await Promise.all([source.close(), expect(never).rejects.toMatchObject({ code: 'STOPPED' })])
  })
})

/** Lets something happen right after a rename. */
class PausingFileSystem extends NodeFileSystem {
  afterRename: (() => Promise<void>) | null = null

  override async rename(from: string, to: string): Promise<void> {
    await super.rename(from, to)
    const { afterRename } = this
    this.afterRename = null
    await afterRename?.()
  }
}

describe('what was received', () => {
  it('stays while it is adopted, also when an older commit that goes past it ends meanwhile', async () => {
    const fileSystem = new PausingFileSystem()
    const { source, target, directory } = await pair(fileSystem)
    const shared = await source.transfer.share()
    expect(await send(shared, target.transfer)).toBe(true)
    shared.close()
    target.limitDurability(8)
    write(target, 12, 0, 10, 5)
    fileSystem.afterRename = async () => {
      target.limitDurability(12)
      await target.flush()
      expect(target.durableIndex).toBe(12)
    }
    expect(await target.transfer.adopt(9)).toBe(true)
    expect(fileSystem.afterRename).toBeNull()
    expect(contentOf(target)).toBe('9: 2000 of 1')
    await target.close()
    expect(contentOf(await open(directory))).toBe('9: 2000 of 1')
  })

  it('is refused when it is not what it should be, and nothing is left of it', async () => {
    const { source, target, directory } = await pair()
    const shared = await source.transfer.share()
    const wrongIndex = { ...shared, index: 8, sizeBytes: shared.sizeBytes, read: (at: number, length: number) => shared.read(at, length) }
    expect(await send(wrongIndex, target.transfer)).toBe(false)
    const noFile = {
      index: 9,
      sizeBytes: 50_000,
      read: async (_at: number, length: number) => new Uint8Array(length),
      close: () => undefined,
    }
    expect(await send(noFile, target.transfer)).toBe(false)
    expect(await target.transfer.adopt(9)).toBe(false)
    shared.close()
    expect(contentOf(target)).toBe('3: 50 of 7')
    expect((await readdir(directory)).filter((name) => name.endsWith('.mdb'))).toHaveLength(1)
  })

  it('takes the place of what was received before, and goes when the log has come to it', async () => {
    const { source, target, directory } = await pair()
    const first = await source.transfer.share()
    const given = await target.transfer.receive(9)
    await given.write(await first.read(0, PIECE_BYTES))
    expect(await send(first, target.transfer)).toBe(true)
    write(source, 10, 0, 2000, 2)
    const second = await source.transfer.share()
    expect(await send(second, target.transfer)).toBe(true)
    expect(await target.transfer.adopt(9)).toBe(false)
    for (const shared of [first, second]) shared.close()
    write(target, 12, 0, 10, 3)
    await target.flush()
    await target.close()
    expect((await readdir(directory)).filter((name) => name.endsWith('.mdb') || name === 'STAGED')).toHaveLength(1)
  })
})

describe('a process that ends at any step of receiving and adopting', () => {
  const OLD = '3: 50 of 7'
  const NEW = '9: 2000 of 1'

  it('finds wholly the old or wholly the new content, what it was told to be received is there to be adopted, and nothing else is left', async () => {
    const seen = new Set<string>()
    for (let steps = 0, done = false; !done; steps++) {
      const fileSystem = new EndingFileSystem()
      const { source, target, directory } = await pair(fileSystem)
      const shared = await source.transfer.share()
      fileSystem.stepsLeft = steps
      const received = await send(shared, target.transfer, undefined, 150_000).catch(() => false)
      done = received && (await target.transfer.adopt(9).catch(() => false))
      shared.close()
      await target.close({ flush: false }).catch(() => undefined)
      const again = await open(directory)
      const content = contentOf(again)
      expect(content, `after ${steps} steps`).toBeOneOf(done ? [NEW] : [OLD, NEW])
      if (content === OLD) {
        const adopted = await again.transfer.adopt(9)
        seen.add(adopted ? 'adopted later' : 'old')
        if (received) expect(adopted, `after ${steps} steps`).toBe(true)
        expect(contentOf(again)).toBe(adopted ? NEW : OLD)
      } else {
        seen.add('new')
      }
      write(again, 20, 0, 1, 3)
      await again.close()
      expect((await real.list(directory)).filter((name) => name.endsWith('.mdb'))).toHaveLength(1)
      expect(steps).toBeLessThan(200)
    }
    expect([...seen].sort()).toEqual(['adopted later', 'new', 'old'])
  })

  it('a full disk is said to be one, and the old content lives on', async () => {
    const fileSystem = new EndingFileSystem()
    const { source, target } = await pair(fileSystem)
    const shared = await source.transfer.share()
    fileSystem.stepsLeft = 5
    fileSystem.error = new BalsaError('DISK_FULL', 'no space left')
    await expect(send(shared, target.transfer)).rejects.toMatchObject({ code: 'DISK_FULL' })
    shared.close()
    fileSystem.stepsLeft = Number.POSITIVE_INFINITY
    write(target, 4, 50, 60, 7)
    await target.flush()
    expect(contentOf(target)).toBe('4: 60 of 7')
  })
})
