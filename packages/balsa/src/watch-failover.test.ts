import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect } from './connect.js'
import { LocalCluster } from './local-cluster.test-support.js'

let cluster: LocalCluster

beforeAll(async () => {
  cluster = await LocalCluster.start(3)
})

afterAll(() => cluster.close())

const WRITES = 60
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()

describe('a real cluster', () => {
  it('tells a watcher every change once and in order, although the leader stops in the middle', async () => {
    await using watching = await connect({ endpoints: cluster.endpoints })
    await using writing = await connect({ endpoints: cluster.endpoints, deadlineMs: 30_000 })
    const { revision } = await writing.put('first', '')
    const seen: string[] = []
    const watcher = (async () => {
      for await (const event of watching.watch({ prefix: 'k/' }, { fromRevision: revision + 1 })) {
        seen.push(`${event.revision} ${event.type === 'progress' ? '' : text(event.key)}`)
        if (seen.length === 2 * WRITES) return
      }
    })()
    const happened: string[] = []
    for (let at = 0; at < WRITES; at++) {
      if (at === WRITES / 3) await cluster.members.find((member) => member.status().role === 'leader')?.close()
      const keys = [`k/${at}/a`, `k/${at}/b`]
      const done = await writing.transaction({ success: keys.map((key) => ({ type: 'put', key, value: 'x' })) })
      happened.push(...keys.map((key) => `${done.revision} ${key}`))
    }
    await watcher
    expect(seen).toEqual(happened)
  })

  it('ends leases while nobody writes', async () => {
    await using store = await connect({ endpoints: cluster.endpoints })
    const { id } = await store.grantLease(1500)
    await store.put('present', 'here', { lease: id })
    for await (const event of store.watch('present', { only: 'deletes', fromRevision: 1 })) {
      expect(event.type).toBe('delete')
      break
    }
    expect(await store.get('present')).toBe(null)
  })
})
