import { EtcdClient } from '@balsa/client'
import { NodeClock, NodeRandom } from '@balsa/host'
import { KVService, LeaseService, MaintenanceService, WatchService } from '@balsa/proto/etcdserverpb'
import { BalsaError } from '@balsa/raft'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NodeHttp2Dialer } from './http2-dialer.js'
import { freePorts, LocalCluster } from './local-cluster.test-support.js'

let cluster: LocalCluster

beforeAll(async () => {
  cluster = await LocalCluster.start(1)
})

afterAll(() => cluster.close())

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (given: Uint8Array | undefined): string => new TextDecoder().decode(given)
const open = (endpoints: readonly string[] = cluster.endpoints, deadlineMs = 10_000): EtcdClient =>
  EtcdClient.open({ endpoints, dialer: new NodeHttp2Dialer(), clock: new NodeClock(), random: new NodeRandom(), deadlineMs })
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: unknown) => (error instanceof BalsaError ? error.code : String(error)),
  )

describe('calls of etcd’s interface', () => {
  it('put, read, and see errors as such', async () => {
    await using client = open()
    const put = await client.call(KVService.methods.Put, { key: bytes('a'), value: bytes('1') })
    const range = await client.call(KVService.methods.Range, { key: bytes('a') })
    expect([text(range.kvs[0]?.value), range.kvs[0]?.modRevision]).toEqual(['1', put.header?.revision])
    expect((await client.call(LeaseService.methods.LeaseKeepAlive, { ID: 99n })).TTL).toBe(0)
    expect(await codeOf(client.call(KVService.methods.Put, { key: bytes('') }))).toBe('INVALID')
    expect(await codeOf(client.call(KVService.methods.Put, { key: bytes('a'), lease: 99n }))).toBe('LEASE_NOT_FOUND')
    const big = { key: bytes('big'), value: new Uint8Array(1_500_000).fill(7) }
    await client.call(KVService.methods.Put, big)
    const read = (await client.call(KVService.methods.Range, { key: big.key })).kvs[0]?.value ?? big.key
    expect(Buffer.compare(read, big.value)).toBe(0)
  })

  it('go to the next endpoint when one cannot be reached', async () => {
    const [nobody] = await freePorts(1)
    await using client = open([`127.0.0.1:${nobody}`, 'not an address', ...cluster.endpoints])
    expect((await client.call(MaintenanceService.methods.Status, {})).version).toMatch(/^3\./)
    expect((await client.call(KVService.methods.Put, { key: bytes('b'), value: bytes('1') })).header?.revision).toBeGreaterThan(1)
  })

  it('end at their deadline, by their signal, and with their client', async () => {
    const [nobody] = await freePorts(1)
    await using client = open([`127.0.0.1:${nobody}`], 200)
    expect(await codeOf(client.call(KVService.methods.Put, { key: bytes('a') }))).toBe('DEADLINE')
    const controller = new AbortController()
    const aborted = client.call(KVService.methods.Put, { key: bytes('a') }, { signal: controller.signal, deadlineMs: 60_000 })
    controller.abort()
    expect(await codeOf(aborted)).toBe('ABORTED')
    const waiting = client.call(KVService.methods.Range, { key: bytes('a') }, { deadlineMs: 60_000 })
    await client.close()
    expect([await codeOf(waiting), await codeOf(client.call(KVService.methods.Range, { key: bytes('a') }))]).toEqual(['STOPPED', 'STOPPED'])
    expect(() => open([])).toThrow('at least one endpoint')
  })

  it('stream a watch to a slow reader, who is sent no more than he takes', async () => {
    await using client = open()
    let isCreated = (): void => undefined
    const created = new Promise<void>((resolve) => {
      isCreated = resolve
    })
    const values: string[] = []
    const watch = (async () => {
      const create = { requestUnion: { case: 'createRequest', value: { key: bytes('w') } } } as const
      for await (const answer of client.stream(WatchService.methods.Watch, create)) {
        if (answer.created) isCreated()
        for (const event of answer.events) values.push(text(event.kv?.value).slice(0, 2))
        if (values.length >= 30) return
      }
    })()
    await created
    const filler = 'x'.repeat(100_000)
    for (let at = 10; at < 40; at++) await client.call(KVService.methods.Put, { key: bytes('w'), value: bytes(`${at}${filler}`) })
    await watch
    expect(values).toEqual(Array.from({ length: 30 }, (_, at) => `${at + 10}`))
  })
})
