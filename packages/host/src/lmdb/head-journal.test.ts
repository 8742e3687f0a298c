import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { EndingFileSystem } from '../ending-file-system.test-support.js'
import { NodeFileSystem } from '../node-file-system.js'
import { HEAD_SUFFIX, HeadJournal, restoreHead } from './head-journal.js'

const real = new NodeFileSystem()
const directories: string[] = []
const HEAD_BYTES = 8192
const headOf = (value: number): Uint8Array => new Uint8Array(HEAD_BYTES).fill(value)

async function newFile(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'balsa-head-'))
  directories.push(directory)
  const path = join(directory, 'data.mdb')
  await writeFile(path, new Uint8Array(2 * HEAD_BYTES).fill(99))
  return path
}

afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true })
})

/** First byte of the head, and of what is behind it. */
async function restored(path: string): Promise<readonly (number | undefined)[]> {
  await restoreHead(real, path)
  const bytes = await readFile(path)
  return [bytes[0], bytes[HEAD_BYTES - 1], bytes[HEAD_BYTES]]
}

describe('A head that is kept', () => {
  it('comes back once, the last one, and nothing behind it changes', async () => {
    const path = await newFile()
    expect(await restored(path)).toEqual([99, 99, 99])
    for (let last = 1; last <= 3; last++) {
      const journal = await HeadJournal.open(real, path)
      for (let value = 1; value <= last; value++) await journal.keep(headOf(value))
      await journal.close()
      expect(await restored(path)).toEqual([last, last, 99])
      await writeFile(path, new Uint8Array(2 * HEAD_BYTES).fill(99))
      expect(await restored(path)).toEqual([99, 99, 99])
    }
  })

  it('is forgotten when it is dropped', async () => {
    const path = await newFile()
    const journal = await HeadJournal.open(real, path)
    await journal.keep(headOf(1))
    await journal.keep(headOf(2))
    await journal.drop()
    await journal.close()
    expect(await restored(path)).toEqual([99, 99, 99])
  })

  it('is the one before when the last one was not written to its end', async () => {
    const path = await newFile()
    const journal = await HeadJournal.open(real, path)
    await journal.keep(headOf(1))
    const before = await readFile(path + HEAD_SUFFIX)
    await journal.keep(headOf(2))
    await journal.close()
    const after = await readFile(path + HEAD_SUFFIX)
    const changed = after.findIndex((byte, at) => byte !== before[at])
    for (const torn of [1, 17, 100, HEAD_BYTES]) {
      const mixed = Buffer.concat([after.subarray(0, changed + torn), before.subarray(changed + torn)])
      await writeFile(path + HEAD_SUFFIX, mixed)
      expect(await restored(path)).toEqual([1, 1, 99])
    }
  })

  it('comes back also when that ends at any of its steps', async () => {
    const path = await newFile()
    const journal = await HeadJournal.open(real, path)
    await journal.keep(headOf(1))
    await journal.close()
    await copyFile(path + HEAD_SUFFIX, `${path}.kept`)
    for (let steps = 0, done = false; !done; steps++) {
      await writeFile(path, new Uint8Array(2 * HEAD_BYTES).fill(99))
      await copyFile(`${path}.kept`, path + HEAD_SUFFIX)
      const ending = new EndingFileSystem()
      ending.stepsLeft = steps
      done = await restoreHead(ending, path).then(
        () => true,
        () => false,
      )
      expect(await restored(path)).toEqual([1, 1, 99])
      expect(steps).toBeLessThan(10)
    }
  })
})
