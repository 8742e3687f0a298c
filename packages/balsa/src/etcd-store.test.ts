import { storeConformance } from '@balsa/kv/conformance'
import { MaintenanceService } from '@balsa/proto/etcdserverpb'
import { BalsaError } from '@balsa/raft'
import { Member } from '@balsa/server'
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
      expect(await codeOf(connect({ endpoints, tls: {} }))).toBe('INVALID')
      const noTls = connect({
        endpoints: endpoints.map((endpoint) => `https://${endpoint}`),
        protocol: 'etcd',
        deadlineMs: 500,
        tls: { ca: '' },
      })
      expect(await codeOf(noTls)).toBe('DEADLINE')
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

  it('says what is true of writes while members come and go: what is confirmed is there once, what is refused is not', () =>
    withCluster(3, async (cluster) => {
      await using store = await connect({ endpoints: cluster.endpoints, protocol: 'etcd' })
      const said = new Map<string, string>()
      let confirmed = 0
      let awaited: { readonly count: number; readonly reached: () => void } | null = null
      const ended = { yes: false }
      const writers = Array.from({ length: 8 }, async (_, writer) => {
        for (let at = 0; !ended.yes; at++) {
          const key = `truth/${writer}/${at}`
          const answer = await codeOf(at % 2 === 0 ? store.append(key, 'x') : store.put(key, 'x', { ifAbsent: true }))
          said.set(key, answer)
          if (answer === 'no error') confirmed += 1
          if (awaited !== null && confirmed >= awaited.count) awaited.reached()
        }
      })
      const moreConfirmed = (count: number): Promise<void> =>
        new Promise((resolve) => {
          awaited = { count: confirmed + count, reached: resolve }
        })
      for (const [at, config] of cluster.configs.entries()) {
        await moreConfirmed(40)
        await cluster.members[at]?.close()
        await moreConfirmed(40)
        cluster.members[at] = await Member.start(config)
      }
      await moreConfirmed(40)
      ended.yes = true
      await Promise.all(writers)
      const present = new Map<string, number>()
      for await (const { key, value } of store.entries({ prefix: 'truth/' })) present.set(Buffer.from(key).toString(), value.length)
      const untrue = [...said].filter(([key, answer]) =>
        answer === 'no error' ? present.get(key) !== 1 : answer !== 'OUTCOME_UNKNOWN' && present.has(key),
      )
      expect(untrue).toEqual([])
      expect([...present.values()].every((length) => length === 1)).toBe(true)
    }))
})
