import type { Server } from 'node:http'
import { crc32 } from '@balsa/host'
import { encodeCommand, type KeyMetadata, KvStateMachine } from '@balsa/kv'
import { CLIENT_MAGIC, ManualClock } from '@balsa/raft'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ClientLimits, DEFAULT_CLIENT_LIMITS } from './client-limits.js'
import { ClientPort } from './client-port.js'
import type { MemberAnswer, MemberRequest, RequestHandler } from './client-session.js'
import { createGrpcServer, type GrpcServer } from './grpc/grpc-server.js'
import { createHttpServer } from './http.js'
import { SILENT_LOGGER } from './logger.js'
import { createMemberMetrics, type MemberMetrics } from './metrics/member-metrics.js'
import { frames, RawClient } from './socket.test-support.js'

const METADATA: KeyMetadata = { createRevision: 1, modRevision: 1, version: 1 }
const LIMITS: Partial<ClientLimits> = {
  handshakeTimeoutMs: 1000,
  frameTimeoutMs: 2000,
  slowReaderTimeoutMs: 3000,
  idleTimeoutMs: 60_000,
  sweepIntervalMs: 100,
}

/** Answers each get with the key as value, at once or when the test says so. */
class ScriptedHandler implements RequestHandler {
  readonly waiting: { readonly request: MemberRequest; readonly answer: (answer: MemberAnswer) => void }[] = []
  held = false
  readonly machine = new KvStateMachine()
  leader = true
  readonly watching = { watches: this.machine.watches, barrier: async () => undefined, hasLeader: () => this.leader }
  value: Uint8Array | null = null
  seen = 0

  greeting() {
    return { clusterId: 7, memberId: 8, leaderAddress: '127.0.0.1:9' }
  }

  handle(request: MemberRequest, answer: (answer: MemberAnswer) => void): void {
    this.seen++
    if (this.held) this.waiting.push({ request, answer })
    else answer(this.answerTo(request))
  }

  answerTo(request: MemberRequest): MemberAnswer {
    if (request.type !== 'get') return { type: 'result', id: request.id, result: { type: 'sessionAlive' } }
    return { type: 'value', id: request.id, revision: 1, ageMs: 0, record: { ...METADATA, lease: 0n, value: this.value ?? request.key } }
  }

  releaseAll(): void {
    for (const { request, answer } of this.waiting.splice(0)) answer(this.answerTo(request))
  }
}

let clock: ManualClock
let metrics: MemberMetrics
let handler: ScriptedHandler
let http: Server
let grpc: GrpcServer
let port: ClientPort
let clients: RawClient[] = []

async function open(limits: Partial<ClientLimits> = {}): Promise<string> {
  port = new ClientPort({
    listen: { host: '127.0.0.1', port: 0 },
    insecure: false,
    clock,
    crc32,
    limits: { ...LIMITS, ...limits },
    metrics,
    logger: SILENT_LOGGER,
    handler,
    grpc,
    http,
    httpInFlight: () => 0,
  })
  await port.listen()
  return port.address ?? ''
}

async function client(address: string, kind: 'balsa' | 'raw' = 'raw'): Promise<RawClient> {
  const made = kind === 'balsa' ? await RawClient.balsa(address) : await RawClient.connect(address, { decode: true })
  clients.push(made)
  return made
}

const get = (id: number, key = `key ${id}`) => ({ type: 'get', id, key: Buffer.from(key), consistency: 'linearizable' }) as const
const write = (id: number) =>
  ({ type: 'write', id, command: encodeCommand({ type: 'put', stamp: null, key: Buffer.from('k'), value: Buffer.from('v') }) }) as const
const cut = (reason: Parameters<MemberMetrics['connectionsCut']['get']>[0]['reason']) => metrics.connectionsCut.get({ reason })
const header = (length: number, rest = 0) => {
  const bytes = Buffer.alloc(8 + rest)
  bytes.writeUInt32LE(length)
  return bytes
}

beforeEach(() => {
  clock = new ManualClock()
  metrics = createMemberMetrics()
  handler = new ScriptedHandler()
  const source = {
    fatal: () => null,
    readiness: () => ({ ready: true, reason: 'test' }),
    status: () => ({ a: 1 }),
    metricsText: () => 'm 1\n',
  }
  http = createHttpServer(source, metrics)
  grpc = createGrpcServer({ methods: new Map(), clock })
})

afterEach(async () => {
  for (const made of clients) made.destroy()
  clients = []
  const closing = port.close()
  clock.advance(2000)
  await closing
})

describe('the Balsa protocol', () => {
  it('greets and answers many requests, all of one turn in one piece', async () => {
    const address = await open()
    const made = await client(address, 'balsa')
    expect(made.responses[0]).toEqual({
      type: 'welcome',
      welcome: {
        protocol: 1,
        clusterId: 7,
        memberId: 8,
        leaderAddress: '127.0.0.1:9',
        maxFrameBytes: DEFAULT_CLIENT_LIMITS.maxFrameBytes,
        maxInFlight: 4096,
      },
    })
    const pieces = made.pieces
    made.send(frames(...Array.from({ length: 100 }, (_, at) => get(at + 1))))
    await made.until(() => made.responses.length === 101)
    expect(made.pieces).toBe(pieces + 1)
    expect(
      made.responses.slice(1).map((response) => response.type === 'value' && Buffer.from(response.record?.value ?? []).toString()),
    ).toEqual(Array.from({ length: 100 }, (_, at) => `key ${at + 1}`))
    expect(metrics.requests.get({ type: 'get', outcome: 'ok' })).toBe(100)
    expect(metrics.requestDuration.count).toBe(100)
  })

  it('reads a request that arrives byte by byte, behind the hello without waiting for the welcome', async () => {
    const made = await client(await open())
    const all = Buffer.concat([CLIENT_MAGIC, frames({ type: 'hello', protocol: { min: 1, max: 9 } }, get(5))])
    made.socket.setNoDelay(true)
    for (const byte of all) made.send(Uint8Array.of(byte))
    await made.until(() => made.responses.length === 2)
    expect(made.responses[1]).toMatchObject({ type: 'value', id: 5 })
  })

  it('answers in whatever order the member does', async () => {
    handler.held = true
    const made = await client(await open(), 'balsa')
    made.send(frames(get(1), get(2), write(3)))
    await until(() => handler.waiting.length === 3)
    expect(port.inFlight).toBe(3)
    for (const { request, answer } of handler.waiting.splice(0).reverse()) answer(handler.answerTo(request))
    await made.until(() => made.responses.length === 4)
    expect(made.responses.slice(1).map((response) => 'id' in response && response.id)).toEqual([3, 2, 1])
    expect(port.inFlight).toBe(0)
  })

  it('answers what is under way to a client that has closed its side', async () => {
    handler.held = true
    const made = await client(await open(), 'balsa')
    made.send(frames(get(1)))
    made.socket.end()
    await until(() => handler.waiting.length === 1)
    handler.releaseAll()
    await made.closed
    expect(made.responses).toHaveLength(2)
  })

  it('lets nobody be confused by an answer after the connection ended', async () => {
    handler.held = true
    const made = await client(await open(), 'balsa')
    made.send(frames(get(1)))
    await until(() => handler.waiting.length === 1)
    made.destroy()
    await made.closed
    handler.releaseAll()
    await until(() => port.connections('balsa') === 0)
    expect(port.inFlight).toBe(0)
  })
})

describe('bad input', () => {
  const hello = frames({ type: 'hello', protocol: { min: 1, max: 1 } })
  const broken = Buffer.from(hello)
  broken[4] = (broken[4] ?? 0) ^ 1

  it.each<[string, readonly Uint8Array[], string]>([
    ['a frame of length 0', [CLIENT_MAGIC, header(0)], 'length is 0'],
    ['a hello longer than any', [CLIENT_MAGIC, header(257)], 'larger than the limit'],
    ['a length of 2^31 - 1', [CLIENT_MAGIC, header(0x7fff_ffff)], 'larger than the limit'],
    ['a length of 2^32 - 1', [CLIENT_MAGIC, header(0xffff_ffff)], 'larger than the limit'],
    ['a wrong checksum', [CLIENT_MAGIC, broken], 'wrong checksum'],
    ['a request before the hello', [CLIENT_MAGIC, frames(get(1))], 'first frame must be a hello'],
    ['a second hello', [CLIENT_MAGIC, hello, hello], 'a second hello'],
    ['an impossible version range', [CLIENT_MAGIC, frames({ type: 'hello', protocol: { min: 3, max: 2 } })], 'is no range'],
    ['a request with id 0', [CLIENT_MAGIC, hello, frames(get(0))], '0 is not a request'],
    ['letters of the protocol and then something else', [Buffer.from('BALSACxx')], 'framing version'],
    ['a frame larger than the limit', [CLIENT_MAGIC, hello, header(DEFAULT_CLIENT_LIMITS.maxFrameBytes + 1)], 'larger than the limit'],
  ])('%s is answered by its reason and the end of the connection', async (_, pieces, reason) => {
    const made = await client(await open())
    made.send(...pieces)
    await made.closed
    const last = made.responses.at(-1)
    expect(last).toMatchObject({ type: 'error', error: { message: expect.stringContaining(reason) } })
    expect(handler.seen).toBe(0)
    expect(cut('malformed') + cut('version')).toBe(1)
  })

  it('names both versions when there is none in common', async () => {
    const made = await client(await open())
    made.send(CLIENT_MAGIC, frames({ type: 'hello', protocol: { min: 7, max: 9 } }))
    await made.closed
    expect(made.responses).toMatchObject([
      { type: 'error', id: 0, error: { code: 'VERSION_MISMATCH', message: expect.stringMatching(/1 to 1.*7 to 9/) } },
    ])
  })

  it('a command of a newer version is refused, and the connection goes on', async () => {
    const made = await client(await open(), 'balsa')
    made.send(frames({ type: 'write', id: 4, command: Uint8Array.of(99, 1) }, get(5)))
    await made.until(() => made.responses.length === 3)
    expect(made.responses.slice(1)).toMatchObject([
      { type: 'error', id: 4, error: { code: 'VERSION_MISMATCH' } },
      { type: 'value', id: 5 },
    ])
  })

  it('a broken command is answered under its id before the connection ends', async () => {
    const made = await client(await open(), 'balsa')
    made.send(frames({ type: 'write', id: 6, command: Uint8Array.of(2, 4) }))
    await made.closed
    expect(made.responses.at(-1)).toMatchObject({ type: 'error', id: 6, error: { code: 'MALFORMED' } })
  })

  it.each([
    ['garbage', Buffer.from([0, 1, 2, 255, 254, 10, 13, 10, 13, 10])],
    ['zeros', Buffer.alloc(64)],
    ['a TLS hello', Buffer.from('16030100a5010000a10303', 'hex')],
    ['almost the preface of HTTP/2', Buffer.from('PRI * HTTP/2.1\r\n\r\nSM\r\n\r\n')],
    ['the peers’ protocol', Buffer.from('BALSAP\0\u0001')],
  ])('%s gets at most a 400 and the end of the connection', async (_, bytes) => {
    const address = await open()
    const made = await RawClient.connect(address)
    clients.push(made)
    made.send(bytes)
    made.socket.end()
    await made.closed
    expect(made.text).toMatch(/^(HTTP\/1\.1 400 Bad Request\r\n[\s\S]*)?$/)
    const next = await client(address, 'balsa')
    next.send(frames(get(1)))
    await next.until(() => next.responses.length === 2)
  })
})

describe('limits', () => {
  it('closes connections above the total and lets the others live', async () => {
    const address = await open({ maxConnections: 2 })
    const first = await client(address, 'balsa')
    await client(address, 'balsa')
    const third = await client(address)
    await third.closed
    expect(metrics.connectionsRefused.get({ limit: 'total' })).toBe(1)
    first.send(frames(get(1)))
    await first.until(() => first.responses.length === 2)
  })

  it('closes connections above the number for one address, and counts those that end', async () => {
    const address = await open({ maxConnectionsPerAddress: 1 })
    const first = await client(address, 'balsa')
    await (await client(address)).closed
    expect(metrics.connectionsRefused.get({ limit: 'perAddress' })).toBe(1)
    first.destroy()
    await until(() => port.connections('balsa') === 0)
    await client(address, 'balsa')
  })

  it.each<[string, readonly Uint8Array[]]>([
    ['silence', []],
    ['half a magic', [CLIENT_MAGIC.subarray(0, 3)]],
    ['a magic without hello', [CLIENT_MAGIC]],
    ['half a hello', [CLIENT_MAGIC, frames({ type: 'hello', protocol: { min: 1, max: 1 } }).subarray(0, 9)]],
  ])('cuts %s after the handshake time-out', async (_, pieces) => {
    const made = await client(await open())
    made.send(...pieces)
    await until(
      () =>
        metrics.connections.get({}) === 1 &&
        metrics.clientBytesReceived.get({}) >= (pieces.length > 0 && pieces[0] === CLIENT_MAGIC ? 8 : 0),
    )
    clock.advance(900)
    expect(cut('handshakeTimeout')).toBe(0)
    clock.advance(200)
    await made.closed
    expect(cut('handshakeTimeout')).toBe(1)
  })

  it('cuts a frame that does not become whole, however often a byte of it comes', async () => {
    const made = await client(await open(), 'balsa')
    const whole = frames(get(1, 'x'.repeat(100)))
    for (let at = 0; at < 25; at++) {
      const before = metrics.clientBytesReceived.get({})
      made.send(whole.subarray(at, at + 1))
      await until(() => made.isClosed || metrics.clientBytesReceived.get({}) > before)
      clock.advance(100)
    }
    await made.closed
    expect(cut('frameTimeout')).toBe(1)
  })

  it('cuts whoever makes partial frames exceed the memory for them', async () => {
    const address = await open({ maxPartialBytes: 100_000 })
    const [one, two] = [await client(address, 'balsa'), await client(address, 'balsa')]
    one.send(header(1_000_000, 60_000))
    await until(() => port.partialBytes >= 60_000)
    two.send(header(1_000_000, 60_000))
    await two.closed
    expect(cut('memory')).toBe(1)
    expect(one.isClosed).toBe(false)
    await until(() => port.partialBytes < 100_000)
  })

  it('refuses requests above those in flight of a connection, and of all, as OVERLOADED', async () => {
    handler.held = true
    const address = await open({ maxInFlightPerConnection: 2, maxInFlight: 3 })
    const [one, two] = [await client(address, 'balsa'), await client(address, 'balsa')]
    one.send(frames(get(1), get(2), get(3)))
    await one.until(() => one.responses.length === 2)
    expect(one.responses[1]).toMatchObject({
      type: 'error',
      id: 3,
      error: { family: 'refused', code: 'OVERLOADED', message: expect.stringContaining('connection') },
    })
    two.send(frames(get(1), get(2)))
    await two.until(() => two.responses.length === 2)
    expect(two.responses[1]).toMatchObject({
      type: 'error',
      id: 2,
      error: { code: 'OVERLOADED', message: expect.stringContaining('member') },
    })
    handler.releaseAll()
    await one.until(() => one.responses.length === 4)
    expect(metrics.requests.get({ type: 'get', outcome: 'refused' })).toBe(2)
  })

  it('bounds what it keeps for a reader that does not read, then cuts it', async () => {
    handler.value = new Uint8Array(1_000_000)
    const address = await open({ maxQueuedBytes: 4_000_000, pauseAboveBytes: 1_000_000 })
    const made = await RawClient.connect(address, { reads: false })
    clients.push(made)
    made.send(CLIENT_MAGIC, frames({ type: 'hello', protocol: { min: 1, max: 1 } }))
    let id = 0
    const ask = (): void => made.send(frames(...Array.from({ length: 50 }, () => get(++id))))
    ask()
    await until(() => metrics.requests.get({ type: 'get', outcome: 'ok' }) >= 4)
    const [before, resident] = [handler.seen, process.memoryUsage().arrayBuffers]
    // The kernel may take in tens of megabytes before nothing moves any more.
    await until(() => {
      if (!made.isClosed) ask()
      clock.advance(20)
      return cut('slowReader') === 1
    })
    expect(process.memoryUsage().arrayBuffers - resident).toBeLessThan(30_000_000)
    expect(before).toBeGreaterThan(0)
    made.socket.resume()
    await made.closed
  })

  it('closes a connection without requests after a long time, and not one with a request under way', async () => {
    handler.held = true
    const address = await open()
    const [idle, busy] = [await client(address, 'balsa'), await client(address, 'balsa')]
    busy.send(frames(get(1)))
    await until(() => handler.waiting.length === 1)
    clock.advance(61_000)
    await idle.closed
    expect(cut('idle')).toBe(1)
    handler.releaseAll()
    await busy.until(() => busy.responses.length === 2)
  })
})

describe('HTTP on the same port', () => {
  it('is recognised, in one piece or byte by byte, and keeps the connection', async () => {
    const address = await open()
    const made = await RawClient.connect(address)
    clients.push(made)
    const request = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'
    for (const character of request) made.send(character)
    await made.until(() => made.text.endsWith('ok\n'))
    made.send(request)
    await made.until(() => made.text.split('ok\n').length === 3)
    expect(port.connections('http')).toBe(1)
  })

  it('and the Balsa protocol are served side by side', async () => {
    const address = await open()
    const made = await client(address, 'balsa')
    const response = await fetch(`http://${address}/metrics`)
    expect(await response.text()).toBe('m 1\n')
    made.send(frames(get(1)))
    await made.until(() => made.responses.length === 2)
  })
})

describe('listening', () => {
  it('refuses an address beyond loopback unless told that it is meant', async () => {
    const listen = { host: '0.0.0.0', port: 0 }
    const options = { listen, clock, crc32, metrics, logger: SILENT_LOGGER, handler, grpc, http, httpInFlight: () => 0 }
    port = new ClientPort({ ...options, insecure: false })
    await expect(port.listen()).rejects.toMatchObject({
      code: 'CONFIG',
      message: expect.stringMatching(/not loopback, and there is no TLS/),
    })
    port = new ClientPort({ ...options, insecure: true })
    await port.listen()
    expect(port.address).toMatch(/^0\.0\.0\.0:\d+$/)
  })

  it('says which address is taken', async () => {
    const address = await open()
    const other = new ClientPort({
      listen: { host: '127.0.0.1', port: Number(address.split(':')[1]) },
      insecure: false,
      clock,
      crc32,
      metrics,
      logger: SILENT_LOGGER,
      handler,
      grpc,
      http,
      httpInFlight: () => 0,
    })
    await expect(other.listen()).rejects.toMatchObject({ code: 'CONFIG', message: expect.stringContaining(`${address}: EADDRINUSE`) })
  })
})

describe('stopping', () => {
  it('takes no new requests or connections, answers those under way, then ends', async () => {
    handler.held = true
    const address = await open()
    const made = await client(address, 'balsa')
    made.send(frames(get(1)))
    await until(() => handler.waiting.length === 1)
    const drained = port.drain(10_000)
    made.send(frames(get(2)))
    await made.until(() => made.responses.length === 2)
    expect(made.responses[1]).toMatchObject({ type: 'error', id: 2, error: { code: 'STOPPED', family: 'refused' } })
    await expect(RawClient.connect(address)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    handler.releaseAll()
    clock.advance(10)
    await drained
    await port.close()
    await made.closed
    expect(made.responses[2]).toMatchObject({ type: 'value', id: 1 })
  })
})

/** Waits for something that only the server's side can tell. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}
