import { storeConformance } from '@balsa/kv/conformance'
import { MaintenanceService } from '@balsa/proto/etcdserverpb'
import { BalsaError } from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import { connect } from './connect.js'
import { LocalCluster } from './local-cluster.test-support.js'

const WRITES = 60

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: unknown) => (error instanceof BalsaError ? error.code : String(error)),
  )

async function withCluster(size: number, run: (cluster: LocalCluster) => Promise<void>): Promise<void> {
  const cluster = await LocalCluster.start(size)
  try {
    await run(cluster)
  } finally {
    await cluster.close()
  }
}

describe('the store over etcd’s interface', () => {
  it.each(storeConformance().map((one) => [one.name, one] as const))('%s', (_name, { run }) =>
    withCluster(1, async ({ endpoints }) => {
      await using store = await connect({ endpoints, protocol: 'etcd' })
      await run(store)
    }),
  )

  it('refuses what etcd has not', () =>
    withCluster(1, async ({ endpoints }) => {
      await using store = await connect({ endpoints, protocol: 'etcd' })
      await store.put('a', '1')
      expect(await codeOf(store.get('a', { consistency: 'lease' }))).toBe('LEASES_OFF')
      expect(await codeOf(store.get('a', { consistency: 'stale', maxStaleMs: 10 }))).toBe('UNSUPPORTED')
      expect((await store.get('a', { consistency: 'stale' }))?.ageMs).toBe(null)
      expect((await store.client.call(MaintenanceService.methods.Status, {})).version).toMatch(/^3\./)
      expect(await codeOf(connect({ endpoints, protocol: 'other' as 'etcd' }))).toBe('INVALID')
    }))

  it('appends from several sides at once without losing any of it', () =>
    withCluster(1, async ({ endpoints }) => {
      await using store = await connect({ endpoints, protocol: 'etcd' })
      const parts = Array.from({ length: 20 }, (_, at) => `${at},`)
      await Promise.all(parts.map((part) => store.append('log', part)))
      const text = (await store.get('log'))?.text() ?? ''
      expect(
        text
          .split(',')
          .filter((part) => part !== '')
          .map(Number)
          .sort((a, b) => a - b),
      ).toEqual(parts.map((_, at) => at))
    }))

  it('holds locks and elections as over our own protocol', () =>
    withCluster(1, async ({ endpoints }) => {
      await using ours = await connect({ endpoints })
      await using store = await connect({ endpoints, protocol: 'etcd' })
      const held = await store.lock('job', { ttlMs: 5000 })
      const waiting = ours.lock('job', { ttlMs: 5000 })
      await store.put('result', '1', { fence: held.fence })
      await held.release()
      const next = await waiting
      expect(next.fencingToken).toBeGreaterThan(held.fencingToken)
      expect(await codeOf(store.put('result', '2', { fence: held.fence }))).toBe('FENCED')
      await next.release()
      const leader = await store.election('mail').campaign('me')
      expect((await ours.election('mail').leader())?.text()).toBe('me')
      await leader.resign()
    }))

  it('tells a watcher every change once and in order, although the member that he watches through stops in the middle', () =>
    withCluster(3, async (cluster) => {
      await using watching = await connect({ endpoints: cluster.endpoints, protocol: 'etcd' })
      await using writing = await connect({ endpoints: cluster.endpoints, deadlineMs: 30_000 })
      const { revision } = await writing.put('first', '')
      const seen: string[] = []
      const watcher = (async () => {
        for await (const event of watching.watch({ prefix: 'k/' }, { fromRevision: revision + 1 })) {
          if (event.type !== 'progress') seen.push(`${event.revision} ${Buffer.from(event.key).toString()} ${event.more}`)
          if (seen.length === 2 * WRITES) return
        }
      })()
      const happened: string[] = []
      for (let at = 0; at < WRITES; at++) {
        // The first endpoint is the one that a client begins with.
        if (at === WRITES / 3) await cluster.members[0]?.close()
        const [first, second] = [`k/${at}/a`, `k/${at}/b`] as const
        const done = await writing.transaction({ success: [first, second].map((key) => ({ type: 'put', key, value: 'x' })) })
        happened.push(`${done.revision} ${first} true`, `${done.revision} ${second} false`)
      }
      await watcher
      expect(seen).toEqual(happened)
      expect((await watching.put('after', '1')).version).toBe(1)
    }))
})
