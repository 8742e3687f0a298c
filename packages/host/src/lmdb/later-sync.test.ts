import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { NodeFileSystem } from '../node-file-system.js'
import { Unit } from './generation.js'
import { HEAD_SUFFIX, restoreHead } from './head-journal.js'
import { LATER_SYNC_IS_SAFE } from './later-sync.js'
import { LmdbFile, loadEngine } from './lmdb-file.js'
import { packChanges } from './packed-changes.js'

const fileSystem = new NodeFileSystem()
const PAGE_BYTES = 4096
const KEYS = 3000
const directories: string[] = []

beforeAll(loadEngine)

afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true })
})

async function newPath(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'balsa-later-sync-'))
  directories.push(directory)
  return join(directory, 'data.mdb')
}

const keyAt = (at: number): string => `key${String(at).padStart(6, '0')}`

/** Half of the keys get a new value, so that transactions free pages and take up those of earlier ones. */
function change(index: number): Uint8Array[] {
  const unit = new Unit(index)
  for (let at = index % 2; at < KEYS; at += 2) unit.add('current', keyAt(at), new Uint8Array(200).fill(index))
  return [packChanges(unit) as Uint8Array]
}

const write = (file: LmdbFile, index: number): Promise<{ readonly durable: Promise<void> }> =>
  file.appendPacked(change(index), new Set(['current']), index)

/** Syncs that are carried out one by one. */
class Syncs {
  #waiting: ((error?: Error) => void)[] = []
  #come: (() => void)[] = []

  readonly sync = (): Promise<void> =>
    new Promise((resolve, reject) => {
      this.#waiting.push((error) => (error === undefined ? resolve() : reject(error)))
      for (const come of this.#come.splice(0)) come()
    })

  /** Lets the next one end. */
  async end(error?: Error): Promise<void> {
    while (this.#waiting.length === 0) await new Promise<void>((resolve) => this.#come.push(resolve))
    this.#waiting.shift()?.(error)
  }
}

function contentOf(file: LmdbFile): string {
  const values = file.view.entries('current', '', null, false, 2 * KEYS, true).map(({ value }) => value[0])
  return `${file.appliedIndex}: ${values.join()}`
}

/** What is to be found after `index` transactions. */
function expected(index: number): string {
  const values = Array.from({ length: index === 1 ? KEYS / 2 : KEYS }, (_, at) => (index === 1 || at % 2 === index % 2 ? index : index - 1))
  return `${index}: ${values.join()}`
}

async function reopened(path: string): Promise<string> {
  await restoreHead(fileSystem, path)
  const file = LmdbFile.open({ path, fileSystem })
  const found = contentOf(file)
  await file.close()
  return found
}

/** What a loss of power leaves: of every page that was written since, the old or the new one. */
function lost(durable: Buffer, newest: Buffer, keepsNew: (page: number) => boolean): Buffer {
  const left = Buffer.from(newest)
  for (let at = 0; at < newest.length; at += PAGE_BYTES) {
    if (keepsNew(at / PAGE_BYTES)) continue
    left.fill(0, at, at + PAGE_BYTES)
    if (at < durable.length) durable.copy(left, at, at, Math.min(durable.length, at + PAGE_BYTES))
  }
  return left
}

describe.runIf(LATER_SYNC_IS_SAFE)('Transactions that become durable after their commit', () => {
  it('leave the last durable state whatever a loss of power takes of those behind it', async () => {
    const path = await newPath()
    const syncs = new Syncs()
    const file = LmdbFile.open({ path, fileSystem, sync: syncs.sync })
    const first = await write(file, 1)
    await syncs.end()
    await first.durable
    for (let index = 2; index <= 9; index++) {
      const durable = await readFile(path)
      // Two are under way, the third waits.
      const one = await write(file, index)
      const two = await write(file, index + 1)
      let third: 'waits' | 'is committed' = 'waits'
      const three = write(file, index + 2).finally(() => (third = 'is committed'))
      const newest = await readFile(path)
      const journal = await readFile(path + HEAD_SUFFIX)
      const choices: ((page: number) => boolean)[] = [() => true, () => false, (page) => page < 2, (page) => page >= 2]
      for (let seed = 1; seed <= 4; seed++) choices.push((page) => ((page * 2_654_435_761 * seed) >>> 7) % 2 === 0)
      for (const keepsNew of choices) {
        const copy = `${path}-lost`
        await writeFile(copy, lost(durable, newest, keepsNew))
        await writeFile(copy + HEAD_SUFFIX, journal)
        expect(await reopened(copy)).toBe(expected(index - 1))
        const again = LmdbFile.open({ path: copy, fileSystem })
        await (await write(again, index)).durable
        await again.close()
        expect(await reopened(copy)).toBe(expected(index))
        await rm(`${copy}-lock`, { force: true })
      }
      expect(third).toBe('waits')
      for (let left = 0; left < 3; left++) await syncs.end()
      await Promise.all([one.durable, two.durable, (await three).durable])
      index += 2
    }
    await file.close()
    expect(await reopened(path)).toBe(expected(10))
  })

  it('leave a head without its pages, and the one that was kept takes its place', async () => {
    const path = await newPath()
    const syncs = new Syncs()
    const file = LmdbFile.open({ path, fileSystem, sync: syncs.sync })
    const first = await write(file, 1)
    await syncs.end()
    await first.durable
    const durable = await readFile(path)
    const second = await write(file, 2)
    await writeFile(
      `${path}-lost`,
      lost(durable, await readFile(path), (page) => page < 2),
    )
    await copyFile(path + HEAD_SUFFIX, `${path}-lost${HEAD_SUFFIX}`)
    const head = (await readFile(`${path}-lost`)).subarray(0, 2 * PAGE_BYTES)
    expect(await reopened(`${path}-lost`)).toBe(expected(1))
    expect((await readFile(`${path}-lost`)).subarray(0, 2 * PAGE_BYTES)).not.toEqual(head)
    await syncs.end()
    await second.durable
    await file.close()
  })

  it('never become durable behind one that did not, and the file is found as it was before', async () => {
    const path = await newPath()
    const syncs = new Syncs()
    const file = LmdbFile.open({ path, fileSystem, sync: syncs.sync })
    const first = await write(file, 1)
    await syncs.end()
    await first.durable
    const second = await write(file, 2)
    const third = await write(file, 3)
    const fourth = write(file, 4)
    await syncs.end(Object.assign(new Error('no space'), { code: 'ENOSPC', errno: -28 }))
    await expect(second.durable).rejects.toMatchObject({ code: 'DISK_FULL' })
    await expect(third.durable).rejects.toMatchObject({ code: 'DISK_FULL' })
    await expect(fourth).rejects.toMatchObject({ code: 'IO_ERROR' })
    await expect(file.rest()).rejects.toMatchObject({ code: 'DISK_FULL' })
    await file.close()
    expect(await reopened(path)).toBe(expected(1))
  })

  it('are followed by the other writer when all of them are durable', async () => {
    const path = await newPath()
    const file = LmdbFile.open({ path, fileSystem })
    for (let index = 1; index <= 9; index += 3) {
      await write(file, index)
      await write(file, index + 1)
      await file.rest()
      const unit = new Unit(index + 2)
      for (let at = (index + 2) % 2; at < KEYS; at += 2) unit.add('current', keyAt(at), new Uint8Array(200).fill(index + 2))
      await file.append(unit, index + 2)
      // Nothing of what is kept counts any more.
      await copyFile(path, `${path}-copy`)
      await copyFile(path + HEAD_SUFFIX, `${path}-copy${HEAD_SUFFIX}`)
      expect(await reopened(`${path}-copy`)).toBe(expected(index + 2))
      await rm(`${path}-copy-lock`, { force: true })
    }
    await file.close()
  })
})
