import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EarlySync } from './early-sync.js'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'balsa-early-sync-'))
})

afterEach(async () => {
  await rm(directory, { recursive: true, force: true })
})

describe('Early syncs', () => {
  it('come to rest when they are stopped, can be started again, and change nothing', async () => {
    const path = join(directory, 'file')
    await writeFile(path, 'pages')
    const early = new EarlySync(path)
    for (let round = 0; round < 3; round++) {
      early.start()
      early.start()
      early.stop()
      await early.rest()
    }
    expect(await readFile(path, 'utf8')).toBe('pages')
  })

  it('end by themselves when the file is not there', async () => {
    const early = new EarlySync(join(directory, 'missing'))
    early.start()
    await expect(early.rest()).resolves.toBeUndefined()
    early.stop()
  })
})
