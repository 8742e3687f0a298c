import { createServer as createTcpServer, type Server as TcpServer } from 'node:net'
import type { Server } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createHttpServer, type HttpLimits, type HttpSource } from './http.js'
import { createMemberMetrics, type MemberMetrics } from './metrics/member-metrics.js'
import { RawClient } from './socket.test-support.js'

let fatal: string | null
let alarm: string | null
let ready: boolean
let server: Server
let listener: TcpServer
let address: string
let metrics: MemberMetrics

const source: HttpSource = {
  fatal: () => fatal,
  readiness: () => ({ ready, reason: ready ? 'leader in term 3' : 'no leader is known' }),
  alarm: () => alarm,
  status: () => ({ role: 'leader' }),
  metricsText: () => 'balsa_term 3\n',
}

const SHORT: HttpLimits = { headersTimeoutMs: 50, requestTimeoutMs: 100, keepAliveTimeoutMs: 50, checkIntervalMs: 10 }

async function open(limits?: HttpLimits): Promise<void> {
  fatal = null
  alarm = null
  ready = true
  metrics = createMemberMetrics()
  server = createHttpServer(source, metrics, limits)
  // As the client port does: connections are handed over, the server itself never listens.
  listener = createTcpServer({ allowHalfOpen: true }, (socket) => void server.emit('connection', socket))
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const bound = listener.address()
  address = `127.0.0.1:${bound !== null && typeof bound === 'object' ? bound.port : 0}`
}

afterEach(async () => {
  server.closeAllConnections()
  server.close()
  await new Promise<void>((resolve) => listener.close(() => resolve()))
})

async function get(path: string, init: RequestInit = {}) {
  const response = await fetch(`http://${address}${path}`, init)
  return { code: response.status, type: response.headers.get('content-type'), text: await response.text() }
}

describe('pages', () => {
  // Time-outs that no slow machine meets: a client may use its connection again at any moment.
  beforeEach(() => open())

  it('/healthz says whether the process is beyond help', async () => {
    expect(await get('/healthz')).toEqual({ code: 200, type: 'text/plain; charset=utf-8', text: 'ok\n' })
    fatal = 'SYNC_FAILED'
    expect(await get('/healthz')).toMatchObject({ code: 503, text: 'fatal: SYNC_FAILED\n' })
    expect((await get('/healthz?format=json')).text).toBe('{"healthy":false,"reason":"SYNC_FAILED"}\n')
    fatal = null
    alarm = 'states differ'
    expect(await get('/healthz')).toMatchObject({ code: 200, text: 'ok, but: states differ\n' })
    expect((await get('/healthz?format=json')).text).toBe('{"healthy":true,"reason":"alive","alarm":"states differ"}\n')
  })

  it('/readyz says why, in text and in JSON', async () => {
    expect(await get('/readyz')).toMatchObject({ code: 200, text: 'ready: leader in term 3\n' })
    ready = false
    expect(await get('/readyz')).toMatchObject({ code: 503, text: 'not ready: no leader is known\n' })
    const json = { code: 503, type: 'application/json; charset=utf-8', text: '{"ready":false,"reason":"no leader is known"}\n' }
    expect(await get('/readyz', { headers: { accept: 'application/json' } })).toEqual(json)
  })

  it('/metrics and /status have their types', async () => {
    expect(await get('/metrics')).toEqual({ code: 200, type: 'text/plain; version=0.0.4; charset=utf-8', text: 'balsa_term 3\n' })
    expect(await get('/status')).toEqual({ code: 200, type: 'application/json; charset=utf-8', text: '{"role":"leader"}\n' })
  })

  it('answers HEAD without a body, other methods with 405 and other paths with 404', async () => {
    expect(await get('/healthz', { method: 'HEAD' })).toMatchObject({ code: 200, text: '' })
    expect(await get('/healthz', { method: 'POST', body: 'x' })).toMatchObject({ code: 405 })
    for (const path of ['/', '/healthz/', '/HEALTHZ', '//healthz', '/metrics%00', `/${'x'.repeat(5000)}`])
      expect((await get(path)).code, path).toBe(404)
    expect(metrics.httpRequests.get({ path: 'other' })).toBe(6)
    expect(metrics.httpRequests.get({ path: '/healthz' })).toBe(2)
  })
})

describe('hostile requests', () => {
  beforeEach(() => open(SHORT))

  it.each([
    ['no host', 'GET /healthz HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400/],
    ['two lengths', 'GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', /^HTTP\/1\.1 400/],
    [
      'length and chunks',
      'POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      /^HTTP\/1\.1 400/,
    ],
    ['a NUL in a header', 'GET /healthz HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n', /^HTTP\/1\.1 400/],
    ['headers above 16 KiB', `GET /healthz HTTP/1.1\r\nHost: x\r\nA: ${'x'.repeat(20_000)}\r\n\r\n`, /^HTTP\/1\.1 431/],
    ['an upgrade', 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n', /^$/],
    ['a tunnel', 'CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n', /^$/],
  ])('%s', async (_, request, answer) => {
    const client = await RawClient.connect(address)
    client.send(request)
    await client.closed
    expect(client.text).toMatch(answer)
  })

  it.each([
    ['a head that never ends', 'GET /healthz HTTP/1.1\r\nHost: x\r\nA: b'],
    ['a body that never comes', 'POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx'],
    ['an idle connection behind an answer', 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'],
  ])('%s is ended by a time-out', async (_, request) => {
    const client = await RawClient.connect(address)
    client.send(request)
    await client.closed
    expect(client.isClosed).toBe(true)
  })
})
