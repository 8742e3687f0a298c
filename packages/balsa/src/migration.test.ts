/** Migrations between real clusters in this process, through balsactl and as a library. */
import { EtcdClient, Migration, type MigrationOptions } from '@balsa/client'
import { crc32, NodeClock, NodeRandom } from '@balsa/host'
import { connect } from './connect.js'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { run } from './cli/cli.test-support.js'
import { NodeHttp2Dialer } from './http2-dialer.js'
import { LocalCluster } from './local-cluster.test-support.js'

type Store = Awaited<ReturnType<typeof storeOf>>

const clock = new NodeClock()
const open: { close(): Promise<void> }[] = []
let clusters: LocalCluster[]
let source: Store
let target: Store

const storeOf = (cluster: LocalCluster) => connect({ endpoints: cluster.endpoints, protocol: 'etcd', deadlineMs: 20_000 })
const clientOf = (at: 0 | 1): EtcdClient => {
  const endpoints = clusters[at]?.endpoints ?? []
  const client = EtcdClient.open({ endpoints, clock, random: new NodeRandom(), dialer: new NodeHttp2Dialer(), deadlineMs: 20_000 })
  open.push(client)
  return client
}

beforeAll(async () => {
  clusters = [await LocalCluster.start(1), await LocalCluster.start(1)]
  ;[source, target] = (await Promise.all(clusters.map(storeOf))) as [Store, Store]
})

afterEach(async () => {
  for (const client of open.splice(0)) await client.close()
  for (const store of [source, target]) {
    await store.delete({ prefix: '' })
    for (const lease of await store.leases()) await store.revokeLease(lease)
  }
})

afterAll(async () => {
  await Promise.all([source.close(), target.close()])
  await Promise.all(clusters.map((cluster) => cluster.close()))
})

const migrate = (...args: readonly string[]) => {
  const [from = '', to = ''] = clusters.map(({ endpoints }) => endpoints.join(','))
  return run(['migrate', '--from', from, '--to', to, ...args])
}
const NOTE = '__balsa_migration__'
const pairs = async (store: Store, prefix = ''): Promise<readonly string[]> =>
  (await store.range({ prefix })).entries.filter(({ key }) => text(key) !== NOTE).map(({ key, value }) => `${text(key)}=${text(value)}`)
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8')
/** Keys in the order in which they were last written. */
const order = async (store: Store): Promise<readonly string[]> =>
  [...(await store.range({ prefix: '' })).entries]
    .filter(({ key }) => text(key) !== NOTE)
    .sort((a, b) => a.modRevision - b.modRevision)
    .map(({ key }) => text(key))

async function fill(): Promise<void> {
  for (const key of ['m', 'a', 'z', 'b', 'a', 'c']) await source.put(key, `value of ${key}`)
  await source.delete('z')
  await source.put('z', new Uint8Array([0, 255]))
}

describe('balsactl migrate', () => {
  it('copies in the order of changes, compares, goes on in the next run, and leaves nothing behind when it finishes', async () => {
    await fill()
    const first = await migrate('--once', '-o', 'json')
    expect(first.code).toBe(0)
    expect(JSON.parse(first.out)).toMatchObject({ equal: true, copied: 5, from: { keys: 5 }, to: { keys: 5 }, differing: [] })
    expect(await pairs(target)).toEqual(await pairs(source))
    expect(await order(target)).toEqual(await order(source))
    expect((await target.get(NOTE))?.key).toBeDefined()
    await source.put('b', 'again')
    await source.delete('m')
    const second = await migrate('--once', '--finish')
    expect(second).toMatchObject({ code: 0, out: expect.stringMatching(/^copied 1 keys, deleted 1, .*\n.*\n.*\nboth are equal\n$/) })
    expect(second.err).toContain('goes on behind revision')
    expect(await order(target)).toEqual(await order(source))
    expect(await target.get(NOTE)).toBeNull()
  })

  it('takes a part, with leases that have the same ids', async () => {
    await fill()
    const { id: lease } = await source.grantLease(600_000)
    await source.put('app/x', '1', { lease })
    await source.put('app/y', '2')
    expect((await migrate('--prefix', 'app/', '--once', '--finish', '--batch', '50')).out).toContain('mapped 1 leases')
    expect(await pairs(target)).toEqual(['app/x=1', 'app/y=2'])
    expect(await target.leases()).toEqual([lease])
    expect((await target.get('app/x'))?.lease).toBe(lease)
  })

  it('refuses a target that has keys, another migration, the same cluster; force makes it equal', async () => {
    await fill()
    await target.put('mine', '1')
    const refused = await migrate('--once')
    expect(refused).toMatchObject({ code: 1, err: expect.stringMatching(/INVALID: the target has 1 keys already\nNext: .*force/) })
    expect((await migrate('--once', '--force', '--finish')).code).toBe(0)
    expect(await pairs(target)).toEqual(await pairs(source))
    await target.delete({ prefix: '' })
    await target.put(NOTE, JSON.stringify({ source: 'abc', prefix: '', revision: 1, run: 1, step: 1 }))
    expect((await migrate('--once')).err).toContain('in the middle of a migration from cluster abc')
    await target.put(NOTE, 'something')
    expect((await migrate('--once')).err).toContain('something else than the note')
    const endpoints = clusters[0]?.endpoints.join(',') ?? ''
    expect((await run(['migrate', '--from', endpoints, '--to', endpoints])).err).toContain('the same cluster')
  })

  it('says what is wrong with its command line', async () => {
    for (const args of [
      ['--from', 'h:1'],
      ['--from', 'h:1', '--to', 'x'],
      ['--from', 'h:1', '--to', 'h:2', '--finish'],
    ])
      expect(await run(['migrate', ...args])).toMatchObject({ code: 2 })
    expect((await migrate('--batch', '128')).err).toContain('--batch must be between 1 and 127')
  })
})

describe('as a library', () => {
  const start = (options: Partial<MigrationOptions> = {}): Promise<Migration> =>
    Migration.open({ from: clientOf(0), to: clientOf(1), clock, random: new NodeRandom(), crc32, ...options })

  it('goes on where it was interrupted, also when keys have changed and gone meanwhile', async () => {
    for (let at = 0; at < 300; at++) await source.put(`k/${at % 250}`, `${at}`)
    const controller = new AbortController()
    const first = await start({ onProgress: ({ done }) => done >= 100 && controller.abort() })
    await expect(first.copy(controller.signal)).rejects.toMatchObject({ code: 'ABORTED' })
    first.close()
    const copied = (await pairs(target)).length
    expect(copied).toBeGreaterThanOrEqual(100)
    expect(copied).toBeLessThan(250)
    await source.put('k/60', 'new')
    await source.delete('k/61')
    await source.delete('k/249')
    const second = await start()
    await second.copy()
    expect(second.copied).toBeLessThan(250)
    expect(await second.compare()).toMatchObject({ equal: true, fromKeys: 248 })
    expect(await order(target)).toEqual(await order(source))
    second.close()
  })

  it('follows puts, deletions, transactions and leases in their order, also over a compaction that it slept through', async () => {
    const migration = await start()
    await migration.copy()
    const controller = new AbortController()
    const following = migration.follow(controller.signal)
    for (let at = 0; at < 50; at++) await source.put(`f/${at % 20}`, `${at}`)
    const { id: lease } = await source.grantLease(3000)
    await source.put('leased', 'x', { lease })
    await source.transaction({
      success: [
        { type: 'put', key: 't/1', value: '1' },
        { type: 'put', key: 't/2', value: '2' },
        { type: 'delete', key: 'f/0' },
      ],
    })
    const until = async (condition: () => Promise<boolean>): Promise<void> => {
      while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await until(async () => (await target.get('t/2')) !== null)
    const [one, two] = await Promise.all([target.get('t/1'), target.get('t/2')])
    expect([one?.modRevision, (await target.get('f/0'))?.key]).toEqual([two?.modRevision, undefined])
    // The source lets the lease end; the target learns of that, and of nothing else.
    await until(async () => (await source.get('leased')) === null && (await target.get('leased')) === null)
    controller.abort()
    await following
    await source.put('f/1', 'unseen')
    await source.delete('f/2')
    const last = await source.put('f/3', 'unseen')
    await source.compact(last.modRevision)
    const again = new AbortController()
    const followingAgain = migration.follow(again.signal)
    await until(async () => text((await target.get('f/3'))?.value ?? new Uint8Array(0)) === 'unseen' && (await target.get('f/2')) === null)
    again.abort()
    await followingAgain
    await migration.copy()
    expect(await migration.compare()).toMatchObject({ equal: true, differing: [] })
    expect(await order(target)).toEqual(await order(source))
    migration.close()
  })

  it('finds what differs', async () => {
    await fill()
    const migration = await start()
    await migration.copy()
    await target.put('b', 'changed')
    await target.delete('c')
    await target.put('d', 'more')
    const { equal, differing } = await migration.compare()
    expect([equal, differing.map(text)]).toEqual([false, ['b', 'c', 'd']])
    migration.close()
  })

  it('lets nobody else migrate into the same target', async () => {
    await fill()
    const [one, two] = [await start(), await start()]
    await one.copy()
    await source.put('more', '1')
    await expect(two.copy()).rejects.toThrow(/another migration/)
    one.close()
    two.close()
  })

  it('takes pairs that leave no room for anything else', async () => {
    await source.put('large', new Uint8Array(1536 * 1024 - 120))
    const migration = await start()
    await migration.copy()
    expect(await migration.compare()).toMatchObject({ equal: true, toKeys: 1 })
    migration.close()
  })
})
