import {
  constants,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { Socket } from 'node:net'
import type { Timer } from '@balsa/raft'
import { copyOf } from '../http2/byte-output.js'
import type { FlatFields } from '../http2/hpack/decoder.js'
import { GrpcCall } from './call.js'
import { CallHost } from './call-host.js'
import type { CallWire } from './call-wire.js'
import type { GrpcServer, GrpcServerOptions } from './grpc-server.js'
import { DEFAULT_GRPC_LIMITS } from './limits.js'
import { readRequest } from './request-info.js'

/**
 * The same methods on node:http2: some ten times slower, complete, and somebody else's HTTP/2. It is what ours is compared with, in tests and benchmarks.
 * Limits of HTTP/2 itself are those of Node.js, except the number of streams and the size of header lists.
 */
export function createNodeGrpcServer(options: GrpcServerOptions): GrpcServer {
  const limits = { ...DEFAULT_GRPC_LIMITS, ...options.limits }
  const host = new CallHost(options.clock, limits, options.onError ?? (() => undefined))
  const sessions = new Set<ServerHttp2Session>()
  const calls = new Set<GrpcCall>()
  const server: Http2Server = createServer({
    settings: {
      maxConcurrentStreams: limits.maxConcurrentStreams,
      maxHeaderListSize: limits.maxHeaderListBytes,
      initialWindowSize: limits.streamWindowBytes,
      enablePush: false,
    },
  })
  server.on('session', (session) => {
    sessions.add(session)
    session.on('error', () => {})
    session.once('close', () => sessions.delete(session))
  })
  server.on('stream', (stream, headers) => {
    const wire = new NodeWire(stream)
    const info = readRequest(flat(headers), headers[':method'] ?? '', headers[':path'] ?? '', options.methods)
    if (info.method === null) return wire.respond(info.refusal ?? [], false, true)
    const call = new GrpcCall(host, wire, info, info.method)
    calls.add(call)
    stream.once('close', () => calls.delete(call))
    wire.deliver(call)
  })
  let sweepTimer: Timer | null = null
  const sweep = (): void => {
    for (const call of calls) call.onTick(options.clock.now())
    sweepTimer = sessions.size + calls.size === 0 ? null : options.clock.setTimer(limits.sweepIntervalMs, sweep)
  }
  const ended = (): Promise<unknown> =>
    Promise.all([...sessions].map((session) => new Promise<void>((resolve) => void session.once('close', () => resolve()))))
  return {
    get connections() {
      return sessions.size
    },
    get openCalls() {
      return host.openCalls
    },
    attach(socket: Socket, firstBytes?: Uint8Array) {
      if (firstBytes !== undefined) socket.unshift(firstBytes)
      server.emit('connection', socket)
      if (sweepTimer === null) sweepTimer = options.clock.setTimer(limits.sweepIntervalMs, sweep)
    },
    async drain(timeoutMs) {
      for (const session of sessions) session.close()
      let timer: Timer | null = null
      await Promise.race([ended(), new Promise<void>((resolve) => (timer = options.clock.setTimer(timeoutMs, resolve)))])
      ;(timer as Timer | null)?.cancel()
    },
    async close() {
      const all = ended()
      for (const session of sessions) session.destroy()
      await all
      sweepTimer?.cancel()
    },
  }
}

/** Pseudo fields and repeated ones as in a header block. */
function flat(headers: IncomingHttpHeaders): FlatFields {
  const fields: string[] = []
  for (const [name, value] of Object.entries(headers)) for (const one of [value ?? []].flat()) fields.push(name, one)
  return fields
}

function nested(fields: FlatFields): Record<string, string> {
  const headers: Record<string, string> = {}
  for (let at = 0; at < fields.length; at += 2) headers[fields[at] as string] = fields[at + 1] as string
  return headers
}

class NodeWire implements CallWire {
  readonly remoteAddress: string
  readonly #stream: ServerHttp2Stream
  #trailers: FlatFields = []

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream
    this.remoteAddress = stream.session?.socket.remoteAddress ?? 'unknown'
    stream.on('error', () => {})
    stream.once('wantTrailers', () => stream.sendTrailers(nested(this.#trailers)))
  }

  get queuedBytes(): number {
    return this.#stream.writableLength
  }

  deliver(call: GrpcCall): void {
    const stream = this.#stream
    stream.on('data', (chunk: Buffer) => call.onData(chunk, 0, chunk.length, false))
    stream.on('end', () => call.onEnd())
    stream.on('drain', () => call.onWritable())
    stream.once('close', () => call.onClosed())
    call.begin(false)
  }

  respond(fields: FlatFields, _constant: boolean, end: boolean): void {
    if (this.#gone) return
    this.#stream.respond(nested(fields), { endStream: end, waitForTrailers: !end })
    if (end) this.#finish(false)
  }

  send(prefix: Uint8Array, message: Uint8Array): boolean {
    if (this.#gone) return true
    this.#stream.write(copyOf(prefix))
    return this.#stream.write(message)
  }

  end(trailers: FlatFields): void {
    if (this.#gone) return
    this.#trailers = trailers
    this.#stream.end()
    this.#finish(true)
  }

  reset(code: number): void {
    this.#stream.close(code)
  }

  /** Node.js gives windows back by itself. */
  consumed(): void {}

  get #gone(): boolean {
    return this.#stream.destroyed || this.#stream.closed
  }

  /** The rest of the request is not wanted. */
  #finish(trailersFollow: boolean): void {
    const stream = this.#stream
    // Not before the trailers have left: a reset would overtake them.
    const drop = (): void => void setImmediate(() => stream.close(constants.NGHTTP2_NO_ERROR))
    if (!stream.readableEnded) stream.once(trailersFollow ? 'wantTrailers' : 'finish', drop)
  }
}
