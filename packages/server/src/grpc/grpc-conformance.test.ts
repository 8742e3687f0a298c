/** One suite, two servers: ours and the one on node:http2, driven by @grpc/grpc-js and by the client of node:http2. */
import { type ClientHttp2Session, connect } from 'node:http2'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { NodeClock } from '@balsa/host'
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { GrpcServer } from './grpc-server.js'
import { createGrpcServer } from './grpc-server.js'
import type { Method, ServerCall } from './method.js'
import { createNodeGrpcServer } from './node-grpc-server.js'
import { GrpcCode, GrpcError } from './status.js'

const same = (bytes: Buffer): Buffer => bytes
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()
const cancelled: string[] = []
/** Ends only when nobody waits for it any more. */
const hang = (call: ServerCall): Promise<never> =>
  new Promise((_, reject) => {
    call.onCancelled((reason) => {
      cancelled.push(`${call.path} ${reason.code} ${call.signal.aborted}`)
      reject(reason)
    })
  })

const METHODS = new Map<string, Method>([
  ['/t.T/Echo', { kind: 'unary', handler: (request) => request }],
  ['/t.T/Later', { kind: 'unary', handler: async (request) => request }],
  ['/t.T/Hang', { kind: 'unary', handler: (_, call) => hang(call) }],
  ['/t.T/HangStream', { kind: 'serverStreaming', handler: (_, call) => hang(call) }],
  [
    '/t.T/Fail',
    {
      kind: 'unary',
      handler: (request) => {
        if (text(request) === 'bug') throw new Error('secret')
        throw new GrpcError(GrpcCode.FAILED_PRECONDITION, 'zu spät: 100% \n')
      },
    },
  ],
  [
    '/t.T/Meta',
    {
      kind: 'unary',
      handler: (_, call) => {
        call.sendMetadata([['head', call.metadata.get('ask') ?? '']])
        call.setTrailers([['tail-bin', call.metadata.getBytes('ask-bin') ?? new Uint8Array(0)]])
        return Buffer.from(JSON.stringify(call.metadata.getAll('many')))
      },
    },
  ],
  [
    '/t.T/Count',
    {
      kind: 'serverStreaming',
      handler: async (request, call) => {
        for (let count = 0; count < Number(text(request)); count++)
          if (!call.send(Buffer.from(String(count).padEnd(1000)))) await call.writable()
      },
    },
  ],
  [
    '/t.T/Flood',
    {
      kind: 'serverStreaming',
      handler: async (_, call) => {
        while (call.cancelled === null) call.send(new Uint8Array(100_000))
        cancelled.push(`flood ${call.cancelled.code}`)
      },
    },
  ],
  [
    '/t.T/Sum',
    {
      kind: 'clientStreaming',
      handler: async (requests) => {
        let bytes = 0
        for await (const request of requests) bytes += request.length
        return Buffer.from(String(bytes))
      },
    },
  ],
  [
    '/t.T/Chat',
    {
      kind: 'bidi',
      handler: async (requests, call) => {
        for await (const request of requests) {
          if (text(request) === 'stop') throw new GrpcError(GrpcCode.ABORTED, 'stopped')
          call.send(request)
        }
      },
    },
  ],
])

const prefixed = (message: Uint8Array, flag = 0): Buffer => {
  const head = Buffer.alloc(5)
  head.writeUInt8(flag)
  head.writeUInt32BE(message.length, 1)
  return Buffer.concat([head, message])
}

describe.each([
  ['own HTTP/2', createGrpcServer],
  ['node:http2', createNodeGrpcServer],
] as const)('gRPC on %s', (_, create) => {
  let server: GrpcServer
  let listener: Server
  let client: Client
  let session: ClientHttp2Session

  beforeAll(async () => {
    const limits = { maxMessageBytes: 3_000_000, maxQueuedBytes: 400_000, sweepIntervalMs: 20, requestTimeoutMs: 300 }
    server = create({ methods: METHODS, clock: new NodeClock(), limits })
    listener = createServer((socket) => socket.once('data', (first) => server.attach(socket.pause().removeAllListeners('data'), first)))
    // The socket was paused for the hand-over.
    listener.on('connection', (socket) => socket.once('data', () => queueMicrotask(() => socket.resume())))
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
    const address = `127.0.0.1:${(listener.address() as AddressInfo).port}`
    client = new Client(address, credentials.createInsecure(), { 'grpc.max_receive_message_length': -1 })
    session = connect(`http://${address}`)
  })
  afterAll(async () => {
    client.close()
    session.destroy()
    await server.close()
    await new Promise((resolve) => listener.close(resolve))
    expect(server.connections).toBe(0)
  })

  const unary = (path: string, request: Uint8Array | string, metadata = new Metadata(), deadlineMs?: number): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs }
      client.makeUnaryRequest(`/t.T/${path}`, same, same, Buffer.from(request as string), metadata, options, (error, response) =>
        error === null ? resolve(response ?? Buffer.alloc(0)) : reject(error),
      )
    })

  /** A request of node:http2: response headers and trailers together. */
  const raw = (headers: Record<string, string>, ...chunks: readonly Buffer[]): Promise<Record<string, unknown>> =>
    new Promise((resolve, reject) => {
      const stream = session.request({ ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers', ...headers })
      const got: Record<string, unknown> = { body: 0 }
      stream.on('response', (fields) => Object.assign(got, fields))
      stream.on('trailers', (fields) => Object.assign(got, fields))
      stream.on('data', (chunk: Buffer) => (got['body'] = Number(got['body']) + chunk.length))
      stream.on('close', () => resolve(got))
      stream.on('error', reject)
      for (const chunk of chunks) stream.write(chunk)
      stream.end()
    })

  it('unary, at once and later, of all sizes', async () => {
    for (const size of [0, 1, 300, 16_384 - 5, 16_384, 100_000, 2_500_000]) {
      const request = Buffer.alloc(size, 'ab')
      expect((await unary('Echo', request)).equals(request)).toBe(true)
      expect((await unary('Later', request)).equals(request)).toBe(true)
    }
  })

  it('many calls at once', async () => {
    const calls = Array.from({ length: 500 }, (_, at) => unary(at % 2 === 0 ? 'Echo' : 'Later', `call ${at}`))
    expect((await Promise.all(calls)).map(text)).toEqual(calls.map((_, at) => `call ${at}`))
  })

  it('errors: status and message, nothing of bugs', async () => {
    await expect(unary('Fail', '')).rejects.toMatchObject({ code: status.FAILED_PRECONDITION, details: 'zu spät: 100% \n' })
    await expect(unary('Fail', 'bug')).rejects.toMatchObject({ code: status.UNKNOWN, details: 'the handler failed' })
    await expect(unary('Nothing', '')).rejects.toMatchObject({ code: status.UNIMPLEMENTED, details: 'unknown method /t.T/Nothing' })
  })

  it('a message above the limit', async () => {
    await expect(unary('Echo', Buffer.alloc(3_000_001))).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED })
  })

  it('metadata both ways', async () => {
    const metadata = new Metadata()
    metadata.set('ask', 'what?')
    metadata.set('ask-bin', Buffer.from([0, 255, 1]))
    metadata.add('many', 'a')
    metadata.add('many', 'b')
    const got: Metadata[] = []
    const body = await new Promise<string>((resolve, reject) => {
      const call = client.makeUnaryRequest('/t.T/Meta', same, same, Buffer.alloc(0), metadata, (error, response) =>
        error === null ? resolve(text(response ?? Buffer.alloc(0))) : reject(error),
      )
      call.on('metadata', (head) => got.push(head))
      call.on('status', (end) => got.push(end.metadata))
    })
    expect((JSON.parse(body) as string[]).join(', ')).toBe('a, b')
    expect(got[0]?.get('head')).toEqual(['what?'])
    expect(got[1]?.get('tail-bin')).toEqual([Buffer.from([0, 255, 1])])
  })

  it('deadlines end calls on both sides', async () => {
    cancelled.length = 0
    await expect(unary('Hang', '', new Metadata(), 50)).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED })
    await expect.poll(() => cancelled.length).toBe(1)
    expect(cancelled[0]).toMatch(/^\/t\.T\/Hang (1|4) true$/)
    expect(await raw({ ':path': '/t.T/Hang', 'grpc-timeout': '20m' }, prefixed(Buffer.alloc(0)))).toMatchObject({ 'grpc-status': '4' })
    await expect.poll(() => server.openCalls).toBe(0)
  })

  it('a cancelled call tells its handler', async () => {
    cancelled.length = 0
    const call = client.makeServerStreamRequest('/t.T/HangStream', same, same, Buffer.alloc(0))
    const error = new Promise<ServiceError>((resolve) => call.on('error', (reason) => resolve(reason as ServiceError)))
    await expect.poll(() => server.openCalls).toBe(1)
    call.cancel()
    expect((await error).code).toBe(status.CANCELLED)
    await expect.poll(() => cancelled).toEqual(['/t.T/HangStream 1 true'])
    await expect.poll(() => server.openCalls).toBe(0)
  })

  it('a stream of responses, larger than every window, in order', async () => {
    const call = client.makeServerStreamRequest('/t.T/Count', same, same, Buffer.from('3000'))
    let next = 0
    for await (const message of call) expect(Number(text(message as Buffer))).toBe(next++)
    expect(next).toBe(3000)
  })

  it('a handler that floods a client that does not read is stopped', async () => {
    cancelled.length = 0
    const call = client.makeServerStreamRequest('/t.T/Flood', same, same, Buffer.alloc(0))
    call.on('error', () => {})
    await expect.poll(() => cancelled).toEqual([`flood ${GrpcCode.RESOURCE_EXHAUSTED}`])
    call.cancel()
    expect(text(await unary('Echo', 'others go on'))).toBe('others go on')
  })

  it('a stream of requests', async () => {
    const sum = new Promise<string>((resolve, reject) => {
      const call = client.makeClientStreamRequest('/t.T/Sum', same, same, (error, response) =>
        error === null ? resolve(text(response ?? Buffer.alloc(0))) : reject(error),
      )
      for (let turn = 0; turn < 100; turn++) call.write(Buffer.alloc(30_000))
      call.end()
    })
    expect(await sum).toBe('3000000')
  })

  it('both at once, until the server has enough', async () => {
    const call = client.makeBidiStreamRequest('/t.T/Chat', same, same)
    const got: string[] = []
    const ended = new Promise<number>((resolve) => call.on('status', ({ code }) => resolve(code)))
    call.on('error', () => {})
    call.on('data', (message: Buffer) => {
      got.push(text(message))
      call.write(Buffer.from(got.length < 20 ? `turn ${got.length}` : 'stop'))
    })
    call.write(Buffer.from('turn 0'))
    expect(await ended).toBe(status.ABORTED)
    expect(got).toEqual(Array.from({ length: 20 }, (_, turn) => `turn ${turn}`))
  })

  const one = prefixed(Buffer.from('one'))
  it.each<[string, Record<string, string>, readonly Buffer[], Record<string, unknown>]>([
    ['a message split over frames', {}, [one.subarray(0, 3), one.subarray(3, 6), one.subarray(6)], { 'grpc-status': '0', body: 8 }],
    ['no message', {}, [], { 'grpc-status': '13' }],
    ['two messages for one', {}, [one, one], { 'grpc-status': '13' }],
    ['half of a message', {}, [one.subarray(0, 6)], { 'grpc-status': '13' }],
    ['a compressed message', {}, [prefixed(Buffer.from('one'), 1)], { 'grpc-status': '13' }],
    ['a compression that nobody knows', { 'grpc-encoding': 'gzip' }, [one], { 'grpc-status': '12', 'grpc-accept-encoding': 'identity' }],
    ['identity', { 'grpc-encoding': 'identity' }, [one], { 'grpc-status': '0' }],
    ['application/grpc+proto', { 'content-type': 'application/grpc+proto' }, [one], { 'grpc-status': '0' }],
    ['another content type', { 'content-type': 'application/json' }, [one], { ':status': 415 }],
    ['application/grpcx', { 'content-type': 'application/grpcx' }, [one], { ':status': 415 }],
    ['another method of HTTP', { ':method': 'GET' }, [], { ':status': 405 }],
    ['a malformed time-out', { 'grpc-timeout': '5' }, [one], { 'grpc-status': '13' }],
    ['an announced giant', {}, [Buffer.from([0, 255, 255, 255, 255])], { 'grpc-status': '8' }],
  ])('%s', async (_name, headers, chunks, expected) => {
    expect(await raw({ ':path': '/t.T/Echo', ...headers }, ...chunks)).toMatchObject(expected)
  })

  it('a request that never ends', async () => {
    const stream = session.request({ ':method': 'POST', ':path': '/t.T/Echo', 'content-type': 'application/grpc' })
    const fields = await new Promise<Record<string, unknown>>((resolve) => {
      stream.on('response', resolve)
      stream.write(one)
    })
    expect(fields).toMatchObject({ 'grpc-status': '4' })
    stream.destroy()
  })

  it('drains: what was begun is finished, then the connections end', async () => {
    const other = connect(`http://127.0.0.1:${(listener.address() as AddressInfo).port}`)
    const stream = other.request({ ':method': 'POST', ':path': '/t.T/Chat', 'content-type': 'application/grpc' })
    let received = 0
    stream.on('data', (chunk: Buffer) => (received += chunk.length))
    stream.write(one)
    await expect.poll(() => received).toBe(one.length)
    const closed = new Promise((resolve) => other.once('close', resolve))
    const drained = server.drain(5000)
    stream.end(one)
    await closed
    expect(received).toBe(2 * one.length)
    client.close()
    session.close()
    await drained
    expect(server.connections).toBe(0)
  })
})
