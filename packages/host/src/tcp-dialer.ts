import { connect, type Socket } from 'node:net'
import { BalsaError, type Clock, type Connection, type ConnectionHandlers, type Dialer, type Timer } from '@balsa/raft'
import { type HostPort, parseAddress } from './address.js'
import { Resolver } from './resolver.js'

export interface TcpDialerOptions {
  readonly clock: Clock
  /** Name look-up and connection together. 5000 unless told otherwise. */
  readonly connectTimeoutMs?: number
  readonly resolver?: Resolver
  /** Where sockets come from: TLS goes here. Calls `onReady` once bytes may be sent. `name` is the host as the caller wrote it. */
  readonly connect?: (target: HostPort & { readonly name: string }, onReady: () => void) => Socket
}

const KEEP_ALIVE_MS = 30_000
/** How long `close` waits for the other side to take what was written. */
const LINGER_MS = 1000

const plainConnect = ({ host, port }: HostPort, onReady: () => void): Socket =>
  connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }, onReady)

/** Connections to `host:port` (or `http://host:port`) for the client. */
export class TcpDialer implements Dialer {
  readonly #clock: Clock
  readonly #connectTimeoutMs: number
  readonly #resolver: Resolver
  readonly #connect: NonNullable<TcpDialerOptions['connect']>

  constructor(options: TcpDialerOptions) {
    this.#clock = options.clock
    this.#connectTimeoutMs = options.connectTimeoutMs ?? 5000
    this.#resolver = options.resolver ?? new Resolver(options.clock)
    this.#connect = options.connect ?? plainConnect
  }

  dial(endpoint: string, handlers: ConnectionHandlers): Connection {
    const connection = new TcpConnection(this.#clock, handlers)
    connection.limitConnecting(this.#connectTimeoutMs)
    let target: HostPort
    try {
      target = parseAddress(endpoint)
    } catch (error) {
      if (!(error instanceof BalsaError)) throw error
      connection.fail(error.message)
      return connection
    }
    this.#resolver.resolve(target.host, (result) => {
      if (connection.closed) return
      const host = 'addresses' in result ? result.addresses[0] : undefined
      if (host === undefined) connection.fail('failure' in result ? result.failure : `the name ${target.host} has no address`)
      else connection.attach(this.#connect({ host, port: target.port, name: target.host }, () => connection.ready()))
    })
    return connection
  }
}

class TcpConnection implements Connection {
  readonly #clock: Clock
  readonly #handlers: ConnectionHandlers
  #socket: Socket | null = null
  #timer: Timer | null = null
  /** Written in this turn, or before the connection is open. */
  #pending: Uint8Array[] = []
  #pendingBytes = 0
  #open = false
  #flushScheduled = false
  #reported = false
  closed = false

  constructor(clock: Clock, handlers: ConnectionHandlers) {
    this.#clock = clock
    this.#handlers = handlers
  }

  get bufferedBytes(): number {
    return this.#pendingBytes + (this.#socket?.writableLength ?? 0)
  }

  write(bytes: Uint8Array): void {
    if (this.closed || bytes.length === 0) return
    this.#pending.push(bytes)
    this.#pendingBytes += bytes.length
    if (!this.#open || this.#flushScheduled) return
    this.#flushScheduled = true
    queueMicrotask(() => this.#flush())
  }

  close(): void {
    if (this.closed) return
    const socket = this.#socket
    if (!this.#open || socket === null) return this.fail('closed by this side')
    this.#flush()
    this.closed = true
    socket.end()
    this.#timer = this.#clock.setTimer(LINGER_MS, () => socket.destroy())
    this.#report('closed by this side')
  }

  limitConnecting(timeoutMs: number): void {
    this.#timer = this.#clock.setTimer(timeoutMs, () => this.fail(`no connection within ${timeoutMs} ms`))
  }

  attach(socket: Socket): void {
    this.#socket = socket
    let reason = 'closed by the other side'
    socket.on('error', (error: NodeJS.ErrnoException) => (reason = error.message === '' ? (error.code ?? error.name) : error.message))
    socket.on('data', (data: Uint8Array) => {
      if (!this.closed) this.#handlers.onData(data)
    })
    socket.on('close', () => {
      this.#timer?.cancel()
      this.closed = true
      this.#report(reason)
    })
  }

  ready(): void {
    if (this.closed) return
    this.#timer?.cancel()
    this.#timer = null
    this.#open = true
    this.#handlers.onOpen()
    this.#flush()
  }

  fail(reason: string): void {
    this.closed = true
    this.#timer?.cancel()
    this.#pending = []
    this.#pendingBytes = 0
    this.#socket?.destroy()
    this.#report(reason)
  }

  /** Never from inside a call of the user of this connection. */
  #report(reason: string): void {
    if (this.#reported) return
    this.#reported = true
    this.#clock.defer(() => this.#handlers.onClose(reason))
  }

  #flush(): void {
    this.#flushScheduled = false
    const socket = this.#socket
    if (socket === null || this.closed) return
    const pending = this.#pending
    this.#pending = []
    this.#pendingBytes = 0
    socket.cork()
    for (const bytes of pending) socket.write(bytes)
    socket.uncork()
  }
}
