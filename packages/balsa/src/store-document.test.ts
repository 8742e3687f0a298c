import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KeyValueStore } from '@balsa/kv'
import { expect, it } from 'vitest'
import { connect } from './connect.js'
import { LocalCluster } from './local-cluster.test-support.js'
import { openStore } from './open-store.js'

type Program = (store: unknown, equal: (actual: unknown, expected: unknown) => void) => Promise<void>

async function embedded(use: (store: KeyValueStore) => Promise<void>): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'balsa-document-'))
  const store = await openStore({ dataDir })
  try {
    await use(store)
  } finally {
    await store.close()
    await rm(dataDir, { recursive: true, force: true })
  }
}

async function overEtcd(use: (store: KeyValueStore) => Promise<void>): Promise<void> {
  const cluster = await LocalCluster.start(1)
  const store = await connect({ endpoints: cluster.endpoints, protocol: 'etcd' })
  try {
    await use(store)
  } finally {
    await store.close()
    await cluster.close()
  }
}

it.each([
  ['embedded', embedded],
  ['over etcd’s interface', overEtcd],
] as const)('docs/store.md: its examples do what they say, in their order: %s', async (_name, withStore) => {
  const text = readFileSync(new URL('../../../docs/store.md', import.meta.url), 'utf8')
  const blocks = [...text.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code]) => code)
  expect(blocks.length).toBeGreaterThan(5)
  const AsyncFunction = (async () => undefined).constructor as new (...parts: string[]) => Program
  const program = new AsyncFunction('store', 'equal', blocks.join('\n'))
  await withStore((store) => program(store, (actual, expected) => expect(actual).toEqual(expected)))
})
