// @ts-check
/** balsa.v1 on real processes with a foreign client: stamped writes take effect once although their leader is killed, and the others tell of it. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { balsav1, etcdserverpb } from '@balsa/proto'
import { Client, credentials } from '@grpc/grpc-js'
import { LocalCluster, until } from '../../scripts/local-cluster.mjs'

const { NodeService, SessionsService, StoreService } = balsav1
const directory = mkdtempSync(join(tmpdir(), 'balsa-v1-'))
/** @type {LocalCluster} */
let cluster
/** @type {Client[]} */
let clients = []

before(async () => {
  cluster = await LocalCluster.start({ directory })
  clients = cluster.endpoints.map((endpoint) => new Client(endpoint, credentials.createInsecure()))
})

after(async () => {
  for (const client of clients) client.close()
  await cluster.close()
  rmSync(directory, { recursive: true, force: true })
})

const same = (/** @type {Buffer} */ bytes) => bytes
const b = (/** @type {string} */ text) => new TextEncoder().encode(text)

/**
 * @template {object} Response
 * @template {object} Init
 * @param {number} at
 * @param {{ path: string, request: { encode(message: Init): Uint8Array }, response: { decode(bytes: Uint8Array): Response } }} method
 * @param {Init} request
 * @returns {Promise<Response>}
 */
const call = (at, method, request) =>
  new Promise((resolve, reject) => {
    const bytes = Buffer.from(method.request.encode(request))
    clients[at % clients.length]?.makeUnaryRequest(method.path, same, same, bytes, { deadline: Date.now() + 2000 }, (error, answer) =>
      error === null && answer !== undefined ? resolve(method.response.decode(answer)) : reject(error ?? new Error('no answer')),
    )
  })

test('a write with a stamp is repeated at any member until it is answered, and takes effect once', async () => {
  const leader = await until(() => cluster.leader(), { what: 'a leader' })
  const watcher = cluster.members.findIndex((member) => member !== leader)
  /** @type {bigint | null} */
  let told = null
  const events = clients[watcher]?.makeServerStreamRequest(
    NodeService.methods.Events.path,
    same,
    (/** @type {Buffer} */ bytes) => NodeService.methods.Events.response.decode(bytes),
    Buffer.alloc(0),
  )
  events?.on('error', () => {})
  events?.on('data', (/** @type {import('@balsa/proto').balsav1.Event} */ { event }) => {
    if (event?.case === 'role') told = event.value.leaderId
  })
  await until(() => told !== null, { what: 'the first event' })

  const { session } = await call(0, SessionsService.methods.Open, { ttlMs: 600_000, clientNonce: b('sixteen bytes !!') })
  const writes = 120
  let attempts = 0
  for (let sequence = 1; sequence <= writes; sequence++) {
    if (sequence === 40) await cluster.kill(leader)
    const request = {
      stamp: { session, sequence, firstUnanswered: sequence },
      operation: { case: /** @type {const} */ ('append'), value: { key: b('counted'), value: b('+') } },
    }
    const { result } = await until(() => call(attempts++, StoreService.methods.Write, request).catch(() => null), {
      what: `the answer to write ${sequence}`,
      timeoutMs: 60_000,
    })
    assert.ok(result?.case === 'append')
    assert.equal(result.value.length, sequence)
  }
  assert.ok(attempts > writes, 'some answers were lost')
  const isTold = async () => told !== null && told === (await call(watcher, NodeService.methods.Status, {})).leaderId
  await until(() => isTold().catch(() => false), { what: 'the event of the new leader' })
  events?.cancel()

  await cluster.start(leader)
  await cluster.ready(leader)
  for (const at of [0, 1, 2]) {
    const { kvs } = await until(() => call(at, etcdserverpb.KVService.methods.Range, { key: b('counted') }).catch(() => null), {
      what: 'a read',
    })
    assert.equal(kvs[0]?.value.length, writes)
    const status = await call(at, NodeService.methods.Status, {})
    assert.deepEqual([status.name, status.members.length], [cluster.members[at]?.name, 3])
  }
})
