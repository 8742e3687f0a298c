import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openDataDirectory } from '../data-directory.js'
import { openTables } from './tables-directory.js'

it('the tables of a data directory live and end with its lock', async () => {
  const path = await mkdtemp(join(tmpdir(), 'balsa-tables-'))
  const first = await openTables(await openDataDirectory(path))
  first.backend.write(3, (batch) => batch.put('current', 'k', Uint8Array.of(1)))
  await expect(openDataDirectory(path)).rejects.toMatchObject({ code: 'LOCKED' })
  await first.directory.close()
  const second = await openTables(await openDataDirectory(path))
  expect(second.backend.appliedIndex).toBe(3)
  await second.directory.close()
  await writeFile(join(path, 'tables', 'CURRENT'), 'nonsense')
  await expect(openDataDirectory(path).then((directory) => openTables(directory))).rejects.toMatchObject({ code: 'CORRUPT' })
  await (await openDataDirectory(path)).close()
  await rm(path, { recursive: true })
})
