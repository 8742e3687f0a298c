import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openStore } from './open-store.js'

type Program = (store: unknown, equal: (actual: unknown, expected: unknown) => void) => Promise<void>

it('docs/store.md: its examples do what they say, in their order', async () => {
  const text = readFileSync(new URL('../../../docs/store.md', import.meta.url), 'utf8')
  const blocks = [...text.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code]) => code)
  expect(blocks.length).toBeGreaterThan(5)
  const AsyncFunction = (async () => undefined).constructor as new (...parts: string[]) => Program
  const dataDir = await mkdtemp(join(tmpdir(), 'balsa-document-'))
  const store = await openStore({ dataDir })
  try {
    await new AsyncFunction('store', 'equal', blocks.join('\n'))(store, (actual, expected) => expect(actual).toEqual(expected))
  } finally {
    await store.close()
    await rm(dataDir, { recursive: true, force: true })
  }
})
