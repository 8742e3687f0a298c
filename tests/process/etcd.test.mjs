// @ts-check
/** etcd's API on a cluster of real processes, with @grpc/grpc-js as a foreign client: any member answers, watches go on over the death of the leader. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { etcdserverpb } from '@balsa/proto'
import { Client, credentials } from '@grpc/grpc-js'
import { LocalCluster, until } from '../../scripts/local-cluster.mjs'

const directory = mkdtempSync(join(tmpdir(), 'balsa-etcd-'))
/** @type {LocalCluster} */
let cluster
/** @type {Map<string, Client>} */
const clients = new Map()

before(async () => {
  cluster = await LocalCluster.start({ directory })
  for (const { name, endpoint } of cluster.members) clients.set(name, new Client(endpoint, credentials.createInsecure()))
})

after(async () => {
  for (const client of clients.values()) client.close()
  await cluster.close()
  rmSync(directory, { recursive: true, force: true })
})

const { KVService, WatchService, LeaseService, MaintenanceService } = etcdserverpb
const same = (/** @type {Buffer} */ bytes) => bytes
const b = (/** @type {string} */ text) => new TextEncoder().encode(text)
const t = (/** @type {Uint8Array | undefined} */ bytes) => new TextDecoder().decode(bytes)

/** @param {string} name */
const clientOf = (name) => /** @type {Client} */ (clients.get(name))

/**
 * @template {object} Response
 * @template {object} Init
 * @param {string} member
 * @param {{ path: string, request: { encode(message: Init): Uint8Array }, response: { decode(bytes: Uint8Array): Response } }} method
 * @param {Init} request
 * @returns {Promise<Response>}
 */
const call = (member, method, request) =>
  new Promise((resolve, reject) => {
    const bytes = Buffer.from(method.request.encode(request))
    clientOf(member).makeUnaryRequest(method.path, same, same, bytes, { deadline: Date.now() + 20_000 }, (error, answer) =>
      error === null && answer !== undefined ? resolve(method.response.decode(answer)) : reject(error ?? new Error('no answer')),
    )
  })

/** Until it works: for requests that may be repeated. @template T @param {() => Promise<T>} run */
const persistently = (run) => until(() => run().catch(() => null), { what: 'an answer', timeoutMs: 60_000, intervalMs: 100 })

/** @param {string} member @param {import('@balsa/proto').etcdserverpb.WatchCreateRequestInit} request */
function watch(member, request) {
  const { path, request: type, response } = WatchService.methods.Watch
  const stream = clientOf(member).makeBidiStreamRequest(path, same, same)
  /** @type {string[]} */
  const seen = []
  let created = false
  stream.on('error', () => {})
  stream.on('data', (/** @type {Buffer} */ bytes) => {
    const { events, created: isFirst } = response.decode(bytes)
    created ||= isFirst
    for (const { kv } of events) seen.push(`${t(kv?.key)}=${t(kv?.value)}`)
  })
  stream.write(Buffer.from(type.encode({ requestUnion: { case: 'createRequest', value: request } })))
  return { seen, isCreated: () => created, end: () => stream.cancel() }
}

test('every member reads what any other wrote, at once', async () => {
  for (const { name } of cluster.members) {
    const { header } = await persistently(() => call(name, KVService.methods.Put, { key: b('who'), value: b(name) }))
    for (const { name: other } of cluster.members) {
      const { kvs, header: read } = await persistently(() => call(other, KVService.methods.Range, { key: b('who') }))
      assert.equal(t(kvs[0]?.value), name)
      assert.ok((read?.revision ?? 0) >= (header?.revision ?? 0))
    }
  }
})

test('a transaction that only reads is linearizable on every member, and writes nothing into the log', async () => {
  const indexes = async () => Promise.all(cluster.members.map(async (member) => (await cluster.status(member))?.lastIndex))
  for (const { name } of cluster.members) {
    await persistently(() => call(name, KVService.methods.Put, { key: b('read'), value: b(name) }))
    for (const { name: other } of cluster.members) {
      const before = await indexes()
      const { responses, succeeded } = await persistently(() =>
        call(other, KVService.methods.Txn, {
          compare: [{ key: b('read'), target: 3, result: 0, targetUnion: { case: 'value', value: b(name) } }],
          success: [{ request: { case: 'requestRange', value: { key: b('read') } } }],
        }),
      )
      const response = responses[0]?.response
      assert.ok(succeeded && response?.case === 'responseRange')
      assert.equal(t(response.value.kvs[0]?.value), name)
      // What a member learns late is not new: nobody has more than the one that had most.
      assert.ok(Math.max(...(await indexes())) <= Math.max(...before))
    }
  }
})

test('a member has applied what it has answered', async () => {
  for (const { name } of cluster.members) {
    const { header } = await persistently(() => call(name, KVService.methods.Put, { key: b('own'), value: b(name) }))
    const { kvs } = await call(name, KVService.methods.Range, { key: b('own'), serializable: true })
    assert.equal(t(kvs[0]?.value), name)
    assert.ok((kvs[0]?.modRevision ?? 0) >= (header?.revision ?? 0))
  }
})

test('a watch on a follower goes on over the death of the leader, without a gap or a duplicate; the member comes back', async () => {
  const leader = await until(() => cluster.leader(), { what: 'a leader' })
  const [follower, other] = cluster.members.filter((member) => member !== leader)
  assert.ok(follower !== undefined && other !== undefined)
  const watching = watch(follower.name, { key: b('w/'), rangeEnd: b('w0') })
  await until(watching.isCreated, { what: 'the watch' })
  const wanted = []
  for (let at = 0; at < 20; at++) {
    if (at === 10) await cluster.kill(leader)
    // A put may have been done although its answer was lost: only a new key is put once.
    const key = `w/${at}`
    await persistently(() =>
      call(other.name, KVService.methods.Txn, {
        compare: [{ key: b(key), target: 1, result: 0, targetUnion: { case: 'createRevision', value: 0 } }],
        success: [{ request: { case: 'requestPut', value: { key: b(key), value: b('x') } } }],
      }),
    )
    wanted.push(`${key}=x`)
  }
  await until(() => watching.seen.length >= wanted.length, { what: 'all events', timeoutMs: 60_000 })
  assert.deepEqual(watching.seen, wanted)
  watching.end()
  await cluster.start(leader)
  await cluster.ready(leader)
})

test('a lease ends by itself, and its keys with it, on every member', async () => {
  const [one] = cluster.members
  assert.ok(one !== undefined)
  const { ID } = await persistently(() => call(one.name, LeaseService.methods.LeaseGrant, { TTL: 1 }))
  await persistently(() => call(one.name, KVService.methods.Put, { key: b('leased'), value: b('x'), lease: ID }))
  for (const { name } of cluster.members) {
    await until(async () => (await persistently(() => call(name, KVService.methods.Range, { key: b('leased') }))).count === 0, {
      what: 'the end of the lease',
      timeoutMs: 60_000,
    })
  }
  const { TTL } = await persistently(() => call(one.name, LeaseService.methods.LeaseTimeToLive, { ID }))
  assert.equal(TTL, -1)
})

test('all members agree on the hash of what they hold', async () => {
  const { header } = await persistently(() => call('n1', KVService.methods.Put, { key: b('last'), value: b('word') }))
  const revision = header?.revision ?? 0
  const hashes = []
  for (const { name } of cluster.members) {
    await persistently(() => call(name, KVService.methods.Range, { key: b('last') }))
    hashes.push((await call(name, MaintenanceService.methods.HashKV, { revision })).hash)
  }
  assert.equal(new Set(hashes).size, 1)
})
