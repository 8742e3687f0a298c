import type { Socket } from 'node:net'
import type { Clock, Timer } from '@balsa/raft'
import { Http2Connection, type Http2Handler } from '../http2/connection.js'
import { Http2Code } from '../http2/errors.js'
import type { HeaderBlock } from '../http2/header-block.js'
import type { Http2Stream } from '../http2/stream.js'
import { Http2Transport, type TransportEvents } from '../http2/transport.js'
import { GrpcCall } from './call.js'
import { CallHost } from './call-host.js'
import { DEFAULT_GRPC_LIMITS, type GrpcLimits } from './limits.js'
import type { MethodTable } from './method.js'
import { readRequest, type RequestInfo, trailersOnly } from './request-info.js'
import { GrpcCode, type GrpcError } from './status.js'

export interface GrpcServerOptions {
  readonly methods: MethodTable
  readonly clock: Clock
  readonly limits?: Partial<GrpcLimits>
  /** What a handler threw that is no GrpcError: for a log, and to give it a status of its own. Default: UNKNOWN without the text. */
  readonly onError?: (error: unknown, path: string) => GrpcError | undefined
  /** A connection has ended: error code of HTTP/2 (0 regular), and the reason in words. */
  readonly onConnectionEnd?: (end: { readonly code: number; readonly reason: string; readonly remoteAddress: string }) => void
}

export interface GrpcServer {
  readonly connections: number
  /** Calls whose handler has not settled. */
  readonly openCalls: number
  /** Takes over a connected socket, plain or TLS, whose first bytes may have been read already. The socket must not have other readers. */
  attach(socket: Socket, firstBytes?: Uint8Array): void
  /** Takes no new calls, tells every client, and resolves when all connections have ended, or after `timeoutMs`. */
  drain(timeoutMs: number): Promise<void>
  /** Ends every connection now. Resolves when no socket is left. */
  close(): Promise<void>
}

/** gRPC on our own HTTP/2. */
export function createGrpcServer(options: GrpcServerOptions): GrpcServer {
  return new OwnGrpcServer(options)
}

const TOO_MANY_CALLS = trailersOnly(GrpcCode.RESOURCE_EXHAUSTED, 'too many calls')

class OwnGrpcServer implements GrpcServer, Http2Handler, TransportEvents {
  readonly #options: GrpcServerOptions
  readonly #limits: GrpcLimits
  readonly #clock: Clock
  readonly #host: CallHost
  readonly #transports = new Set<Http2Transport>()
  #dirty: Http2Transport[] = []
  #sweepTimer: Timer | null = null
  #draining = false
  #whenEmpty: (() => void)[] = []

  constructor(options: GrpcServerOptions) {
    this.#options = options
    this.#limits = { ...DEFAULT_GRPC_LIMITS, ...options.limits }
    this.#clock = options.clock
    this.#host = new CallHost(options.clock, this.#limits, options.onError ?? (() => undefined))
  }

  get connections(): number {
    return this.#transports.size
  }

  get openCalls(): number {
    return this.#host.openCalls
  }

  attach(socket: Socket, firstBytes?: Uint8Array): void {
    socket.setNoDelay(true)
    const remoteAddress = (socket.remoteAddress ?? 'unknown').replace(/^::ffff:/, '')
    const connection = new Http2Connection({
      limits: this.#limits,
      handler: this,
      nowMs: this.#clock.now(),
      remoteAddress,
      onOutput: () => transport.touch(),
    })
    const transport = new Http2Transport(socket, connection, this.#clock, this.#limits, this)
    this.#transports.add(transport)
    if (this.#transports.size === 1) this.#sweep()
    if (this.#draining) connection.drain()
    if (firstBytes !== undefined) transport.receive(Buffer.from(firstBytes.buffer, firstBytes.byteOffset, firstBytes.length))
    transport.touch()
  }

  onRequest(stream: Http2Stream, head: HeaderBlock, last: boolean): void {
    const info = this.#read(head)
    if (info.method === null) return stream.respond(info.refusal ?? TOO_MANY_CALLS, false, true)
    if (this.#host.openCalls >= this.#limits.maxOpenCalls) return stream.respond(TOO_MANY_CALLS, true, true)
    const call = new GrpcCall(this.#host, stream, info, info.method)
    stream.consumer = call
    call.begin(last)
  }

  needsFlush(transport: Http2Transport): void {
    this.#dirty.push(transport)
    // Behind everything that this turn has already caused: answers that were settled together leave together.
    if (this.#dirty.length === 1) process.nextTick(() => this.#flush())
  }

  closed(transport: Http2Transport): void {
    this.#transports.delete(transport)
    const { end, remoteAddress } = transport.connection
    if (end !== null) this.#options.onConnectionEnd?.({ ...end, remoteAddress })
    if (this.#transports.size > 0) return
    this.#sweepTimer?.cancel()
    for (const resolve of this.#whenEmpty.splice(0)) resolve()
  }

  async drain(timeoutMs: number): Promise<void> {
    this.#draining = true
    for (const transport of this.#transports) {
      transport.connection.drain()
      transport.touch()
    }
    let timer: Timer | null = null
    await Promise.race([this.#empty(), new Promise<void>((resolve) => (timer = this.#clock.setTimer(timeoutMs, resolve)))])
    ;(timer as Timer | null)?.cancel()
  }

  async close(): Promise<void> {
    this.#draining = true
    for (const transport of this.#transports) {
      transport.connection.close(Http2Code.NO_ERROR, 'the server stops')
      transport.touch()
    }
    await this.#empty()
  }

  #empty(): Promise<void> {
    return this.#transports.size === 0 ? Promise.resolve() : new Promise((resolve) => void this.#whenEmpty.push(resolve))
  }

  /** Kept with the header block: the next request with the same bytes has the same meaning. */
  #read(head: HeaderBlock): RequestInfo {
    head.derived ??= readRequest(head.fields ?? [], head.method, head.path, this.#options.methods)
    return head.derived as RequestInfo
  }

  #flush(): void {
    const dirty = this.#dirty
    this.#dirty = []
    for (const transport of dirty) transport.flush()
  }

  #sweep(): void {
    const nowMs = this.#clock.now()
    for (const transport of this.#transports) transport.tick(nowMs)
    this.#sweepTimer = this.#clock.setTimer(this.#limits.sweepIntervalMs, () => this.#sweep())
  }
}
