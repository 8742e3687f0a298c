import type { Clock, Random } from '@balsa/raft'
import { BalsaError } from '@balsa/raft'
import { ConnectionPool } from '../connection-pool.js'
import { type BackOff, LeaderFinder } from '../leader-finder.js'
import type { GrpcCall, GrpcCallHandlers, GrpcCallOptions } from './grpc-call.js'
import { GrpcConnection } from './grpc-connection.js'
import { GrpcCode } from '@balsa/proto/grpc-code'
import type { Http2Dialer } from './http2.js'

export interface GrpcChannelOptions {
  /** `host:port`, `http://host:port` or `https://host:port` of one or more servers that answer alike. */
  readonly endpoints: readonly string[]
  readonly dialer: Http2Dialer
  readonly clock: Clock
  readonly random: Random
  /** Default 2000 ms. */
  readonly connectTimeoutMs?: number
  /** Waits after all servers were tried in vain. Default 20 to 400 ms. */
  readonly backOff?: BackOff
  /** Longer messages are refused by the client. Default 64 MiB. */
  readonly maxMessageBytes?: number
}

const DEFAULT_CONNECT_TIMEOUT_MS = 2000
const DEFAULT_BACK_OFF: BackOff = { initialMs: 20, maxMs: 400 }
const DEFAULT_MAX_MESSAGE_BYTES = 64 * 1024 * 1024

/** A call, and where it went. */
export interface ChannelCall {
  readonly call: GrpcCall
  readonly endpoint: string
  /** Nothing came for a while: should another server be asked? Answers the ms after which. The call stays valid. */
  silent(): number
}

/** Calls to one of several servers: the one that answered last, until it fails. Retries are the caller's, who knows what may be repeated. */
export class GrpcChannel {
  readonly #options: GrpcChannelOptions
  readonly #finder: LeaderFinder
  readonly #backOff: BackOff
  readonly #connections: ConnectionPool<GrpcConnection>
  #closed = false

  /** Throws INVALID (refused) without an endpoint. */
  constructor(options: GrpcChannelOptions) {
    this.#options = options
    this.#backOff = options.backOff ?? DEFAULT_BACK_OFF
    this.#connections = new ConnectionPool((endpoint, onClosed) => this.#open(endpoint, onClosed))
    this.#finder = new LeaderFinder(options.endpoints, options.random, this.#backOff)
  }

  get endpoints(): readonly string[] {
    return this.#finder.known
  }

  get closed(): boolean {
    return this.#closed
  }

  /** One attempt. No handler is called before this returns. */
  call(path: string, options: GrpcCallOptions, handlers: GrpcCallHandlers): ChannelCall {
    if (this.#closed) throw new BalsaError('STOPPED', 'the channel is closed')
    const endpoint = this.#finder.target
    const connection = this.#connections.to(endpoint)
    const call = connection.call(path, options, {
      onMessage: (message) => handlers.onMessage(message),
      onEnd: (status) => {
        if (status.code === GrpcCode.OK) this.#finder.succeeded(endpoint)
        handlers.onEnd(status)
      },
    })
    // Not before the call has begun: that itself counts as progress when nothing else was under way.
    const beganMs = this.#options.clock.now()
    return { call, endpoint, silent: () => this.#silent(connection, beganMs) }
  }

  /** What a server does that serves. */
  succeeded(endpoint: string): void {
    this.#finder.succeeded(endpoint)
  }

  /** Another one is asked from now on. Answers the ms to wait before that. */
  failed(endpoint: string): number {
    return this.#finder.failed(endpoint, undefined, this.#options.clock.now())
  }

  /** The ms to wait before the same server is asked again: it has too much to do. */
  later(): number {
    return this.#backOff.maxMs * (0.5 + this.#options.random.next() / 2)
  }

  /** Ends all calls. May be called again. */
  close(): void {
    this.#closed = true
    this.#connections.close('the client was closed')
  }

  #silent(connection: GrpcConnection, beganMs: number): number {
    // Others are answered there: only this one takes long.
    if (connection.lastProgressMs > beganMs && !connection.closed) return 0
    connection.probe()
    return this.failed(connection.endpoint)
  }

  #open(endpoint: string, onClosed: () => void): GrpcConnection {
    const { dialer, clock } = this.#options
    const { connectTimeoutMs = DEFAULT_CONNECT_TIMEOUT_MS, maxMessageBytes = DEFAULT_MAX_MESSAGE_BYTES } = this.#options
    return new GrpcConnection({ endpoint, dialer, clock, connectTimeoutMs, maxMessageBytes, onClosed })
  }
}
