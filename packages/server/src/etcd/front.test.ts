/** The front over real sockets, with foreign clients, and with input that no client should send. After each, others are served as before. */
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { NodeClock } from '@balsa/host'
import { Client, credentials, type ServiceError } from '@grpc/grpc-js'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createHttpServer } from '../http.js'
import { SILENT_LOGGER } from '../logger.js'
import { createMemberMetrics } from '../metrics/member-metrics.js'
import {
  decodePutResponse,
  decodeRangeResponse,
  encodePutRequest,
  encodeRangeRequest,
  type PutRequestInit,
  decodeWatchResponse,
  encodeWatchRequest,
} from '@balsa/proto/etcdserverpb'
import { ETCD_ERRORS } from './errors.js'
import { EtcdFront } from './front.js'
import { LocalStore, localOptions } from './local-store.test-support.js'

const b = (text: string): Uint8Array => new TextEncoder().encode(text)
const same = (bytes: Buffer): Buffer => bytes
const PUT = '/etcdserverpb.KV/Put'
const WATCH = '/etcdserverpb.Watch/Watch'

let store: LocalStore
let front: EtcdFront
let grpcListener: Server
let httpListener: Server
let client: Client
let sessions: ClientHttp2Session[]

const listen = async (server: Server): Promise<Server> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}
const portOf = (server: Server): number => (server.address() as AddressInfo).port

beforeEach(async () => {
  store = new LocalStore()
  front = new EtcdFront({ ...localOptions(store), clock: new NodeClock() }, SILENT_LOGGER)
  const source = { fatal: () => null, readiness: () => ({ ready: true, reason: '' }), status: () => ({}), metricsText: () => '' }
  const http = createHttpServer(source, createMemberMetrics(), undefined, front)
  grpcListener = await listen(createServer({ allowHalfOpen: true }, (socket) => front.attach(socket)))
  httpListener = await listen(createServer({ allowHalfOpen: true }, (socket) => void http.emit('connection', socket)))
  client = new Client(`127.0.0.1:${portOf(grpcListener)}`, credentials.createInsecure())
  sessions = []
})

afterEach(async () => {
  await served()
  client.close()
  for (const session of sessions) session.destroy()
  await front.close()
  grpcListener.close()
  httpListener.close()
})

const put = (request: PutRequestInit | Uint8Array): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const bytes = Buffer.from(request instanceof Uint8Array ? request : encodePutRequest(request))
    client.makeUnaryRequest(PUT, same, same, bytes, (error: ServiceError | null, answer?: Buffer) =>
      error === null && answer !== undefined ? resolve(answer) : reject(error ?? new Error('no answer')),
    )
  })

/** Another client gets what it asks for. */
async function served(): Promise<void> {
  const { header } = decodePutResponse(await put({ key: b('other'), value: b('client') }))
  expect(header?.revision).toBe(store.revision())
}

interface Answer {
  readonly headers: IncomingHttpHeaders
  readonly trailers: IncomingHttpHeaders
}

/** A request by hand. */
function request(headers: Record<string, string>, body: Buffer): Promise<Answer> {
  const session = connect(`http://127.0.0.1:${portOf(grpcListener)}`)
  sessions.push(session)
  session.on('error', () => {})
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':method': 'POST', ':path': PUT, 'content-type': 'application/grpc', te: 'trailers', ...headers })
    let head: IncomingHttpHeaders = {}
    let trailers: IncomingHttpHeaders = {}
    stream.on('response', (received) => (head = received))
    stream.on('trailers', (received) => (trailers = received))
    stream.on('close', () => resolve({ headers: head, trailers }))
    stream.on('error', reject)
    stream.resume()
    stream.end(body)
  })
}

const framed = (message: Uint8Array): Buffer => {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

describe('foreign clients', () => {
  it('put and range over gRPC', async () => {
    await put({ key: b('k'), value: b('v') })
    const range = Buffer.from(encodeRangeRequest({ key: b('k') }))
    const answer = await new Promise<Buffer>((resolve, reject) =>
      client.makeUnaryRequest('/etcdserverpb.KV/Range', same, same, range, (error: ServiceError | null, bytes?: Buffer) =>
        error === null && bytes !== undefined ? resolve(bytes) : reject(error ?? new Error('no answer')),
      ),
    )
    const { kvs, count, header } = decodeRangeResponse(answer)
    expect([kvs[0]?.version, count, header?.raftTerm]).toEqual([1, 1, 7])
  })

  it('put and range as JSON, and see health and version', async () => {
    const url = `http://127.0.0.1:${portOf(httpListener)}`
    const post = async (path: string, body: unknown) => fetch(`${url}${path}`, { method: 'POST', body: JSON.stringify(body) })
    expect((await post('/v3/kv/put', { key: 'aw==', value: 'dg==' })).status).toBe(200)
    expect(await (await post('/v3/kv/range', { key: 'aw==' })).json()).toMatchObject({ kvs: [{ value: 'dg==', version: '1' }], count: '1' })
    const refused = await post('/v3/lease/revoke', { ID: '9223372036854775807' })
    expect([refused.status, await refused.json()]).toEqual([
      404,
      { error: ETCD_ERRORS.leaseNotFound[1], message: ETCD_ERRORS.leaseNotFound[1], code: 5, details: [] },
    ])
    expect(await (await fetch(`${url}/health`)).json()).toEqual({ health: 'true', reason: '' })
    expect(await (await fetch(`${url}/version`)).json()).toMatchObject({ etcdserver: expect.stringMatching(/^[\d.]+$/) })
    expect((await fetch(`${url}/v3/kv/put`)).status).toBe(405)
  })
})

describe('health', () => {
  const health = async (query = ''): Promise<readonly unknown[]> => {
    const answer = await fetch(`http://127.0.0.1:${portOf(httpListener)}/health${query}`)
    return [answer.status, ((await answer.json()) as { reason: string }).reason]
  }

  it('is gone while there is an alarm, unless that is left out', async () => {
    for (const [kind, name] of [
      ['noSpace', 'NOSPACE'],
      ['corrupt', 'CORRUPT'],
    ] as const) {
      await store.execute({ type: 'alarm', raise: true, alarm: { kind, member: 1n } })
      expect(await health()).toEqual([503, `ALARM ${name}`])
      expect(await health(`?exclude=${name}`)).toEqual([200, ''])
      await store.execute({ type: 'alarm', raise: false, alarm: { kind, member: 1n } })
      expect(await health()).toEqual([200, ''])
    }
  })
})

describe('web pages', () => {
  const ask = (origin: string) =>
    fetch(`http://127.0.0.1:${portOf(httpListener)}/v3/kv/range`, { method: 'POST', headers: { origin }, body: '{"key":"aw=="}' })

  it('of other places are not let in, those of the member itself are', async () => {
    expect((await ask('http://evil.example')).status).toBe(403)
    expect((await ask(`http://127.0.0.1:${portOf(httpListener)}`)).status).toBe(200)
  })
})

describe('bad input', () => {
  it('bytes that are no message', async () => {
    await expect(put(Uint8Array.of(0xff, 0xff, 0xff))).rejects.toMatchObject({
      code: 13,
      details: expect.stringMatching(/error unmarshalling/),
    })
    await expect(put(Uint8Array.of(10, 100, 1))).rejects.toMatchObject({ code: 13 })
  })

  it('messages that are too large: for the store, for the line', async () => {
    await expect(put({ key: b('k'), value: new Uint8Array(1536 * 1024) })).rejects.toMatchObject({
      code: 3,
      details: ETCD_ERRORS.requestTooLarge[1],
    })
    await expect(put({ key: b('k'), value: new Uint8Array(2 * 1024 * 1024) })).rejects.toMatchObject({ code: 8 })
  })

  it('another content type, another method, another service', async () => {
    const body = framed(encodePutRequest({ key: b('k') }))
    expect((await request({ 'content-type': 'application/json' }, body)).headers[':status']).toBe(415)
    expect((await request({ ':method': 'PUT' }, body)).headers[':status']).toBe(405)
    expect((await request({ ':path': '/etcdserverpb.KV/Steal' }, body)).headers['grpc-status']).toBe('12')
    expect((await request({ 'grpc-encoding': 'gzip' }, body)).headers['grpc-status']).toBe('12')
  })

  it('half a message, no message, two messages', async () => {
    const message = framed(encodePutRequest({ key: b('k'), value: b('v') }))
    for (const body of [message.subarray(0, 7), Buffer.alloc(0), Buffer.concat([message, message])]) {
      const { headers, trailers } = await request({}, body)
      expect(headers['grpc-status'] ?? trailers['grpc-status']).toBe('13')
    }
  })

  it('more header fields than anybody needs', async () => {
    const bomb = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`x-${at}`, 'y'.repeat(200)]))
    expect((await request(bomb, Buffer.alloc(0)).catch(() => ({ headers: { ':status': 431 } }))).headers[':status']).toBe(431)
  })
})

describe('a watcher that does not read', () => {
  it('costs little memory, hurts nobody, and gets everything in order when it reads', async () => {
    const session = connect(`http://127.0.0.1:${portOf(grpcListener)}`)
    sessions.push(session)
    const stream = session.request({ ':method': 'POST', ':path': WATCH, 'content-type': 'application/grpc', te: 'trailers' })
    const create = encodeWatchRequest({ requestUnion: { case: 'createRequest', value: { key: b('big') } } })
    stream.end(framed(create))
    await new Promise((resolve) => stream.once('response', resolve))
    const value = new Uint8Array(512 * 1024)
    const writes = 40
    for (let at = 0; at < writes; at++) {
      value[0] = at
      await put({ key: b('big'), value })
      if (at % 20 === 0) await served()
    }
    const seen: number[] = []
    let rest = Buffer.alloc(0)
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      rest = Buffer.concat([rest, chunk])
      while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) {
        const length = rest.readUInt32BE(1)
        for (const { kv } of decodeWatchResponse(rest.subarray(5, 5 + length)).events) seen.push(kv?.value[0] ?? -1)
        rest = rest.subarray(5 + length)
      }
      if (seen.length === writes) break
    }
    expect(seen).toEqual(Array.from({ length: writes }, (_, at) => at))
  })
})
