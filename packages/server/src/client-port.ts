import type { Server as HttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { formatAddress, type HostPort, isLoopback } from '@balsa/host'
import { BalsaError, type Clock, type Crc32, type Timer } from '@balsa/raft'
import { type ClientLimits, DEFAULT_CLIENT_LIMITS } from './client-limits.js'
import { ClientSession, type RequestHandler, type SessionHost } from './client-session.js'
import type { GrpcServer } from './grpc/grpc-server.js'
import { PREFACE } from './http2/frames.js'
import type { Logger } from './logger.js'
import type { CutReason, MemberMetrics } from './metrics/member-metrics.js'

export interface ClientPortOptions {
  readonly listen: HostPort
  /** Allows an address beyond loopback. */
  readonly insecure: boolean
  readonly clock: Clock
  readonly crc32: Crc32
  readonly limits?: Partial<ClientLimits>
  readonly metrics: MemberMetrics
  readonly logger: Logger
  readonly handler: RequestHandler
  /** Gets every connection that begins as HTTP/2 does. Closed with the port. */
  readonly grpc: Pick<GrpcServer, 'attach' | 'drain' | 'close'>
  /** Gets every connection that is neither that nor begins with the letters of the Balsa protocol. Closed with the port. */
  readonly http: HttpServer
  /** Requests on `http` that are worth waiting for. */
  readonly httpInFlight: () => number
}

/** What a connection of the Balsa protocol begins with; the two bytes behind it are its version. */
const LETTERS = Buffer.from('BALSAC', 'latin1')
/** No method of HTTP/1.1 is called so. */
const HTTP2_START = Buffer.from(PREFACE).subarray(0, 'PRI * HTTP/2.0'.length)
const KEEP_ALIVE_MS = 30_000
/** How long a connection may take to take over the last answers before it is destroyed. */
const LINGER_MS = 1000
/** Watches of a member that knows no leader end after this time. */
const LEADERLESS_MS = 3000

type Kind = 'new' | 'balsa' | 'grpc' | 'http'

interface Client {
  readonly socket: Socket
  readonly sinceMs: number
  kind: Kind
  session: ClientSession | null
}

/** `new`: too few bytes to tell. */
function kindOf(head: Buffer): Kind {
  for (const [kind, start] of [
    ['balsa', LETTERS],
    ['grpc', HTTP2_START],
  ] as const) {
    const length = Math.min(head.length, start.length)
    if (head.subarray(0, length).equals(start.subarray(0, length))) return length < start.length ? 'new' : kind
  }
  return 'http'
}

/** Node reports IPv4 as `::ffff:127.0.0.1` on a dual-stack listener. */
const remoteOf = (socket: Socket): string => (socket.remoteAddress ?? 'unknown').replace(/^::ffff:/, '')

/**
 * One TCP port for clients and operators: the first bytes of a connection tell the Balsa protocol, HTTP/2 and HTTP/1.1 from each other. Nothing that
 * a client does, sends or leaves undone may cost more than its limits.
 */
export class ClientPort implements SessionHost {
  readonly clock: Clock
  readonly crc32: Crc32
  readonly limits: ClientLimits
  readonly metrics: MemberMetrics
  readonly handler: RequestHandler
  inFlight = 0
  partialBytes = 0
  draining = false
  readonly #options: ClientPortOptions
  readonly #server: Server
  readonly #clients = new Set<Client>()
  readonly #byAddress = new Map<string, number>()
  #dirty: ClientSession[] = []
  /** When this member was last seen to know a leader. */
  #ledAtMs: number
  #sweepTimer: Timer | null = null
  #closing: Promise<void> | null = null

  constructor(options: ClientPortOptions) {
    this.#options = options
    this.clock = options.clock
    this.crc32 = options.crc32
    this.limits = { ...DEFAULT_CLIENT_LIMITS, ...options.limits }
    this.metrics = options.metrics
    this.handler = options.handler
    this.#ledAtMs = options.clock.now()
    this.#server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }, (socket) =>
      this.#accept(socket),
    )
  }

  /** Throws CONFIG (fatal): not loopback and not insecure, or the address cannot be listened on. */
  listen(): Promise<void> {
    const { listen, insecure } = this.#options
    if (!insecure && !isLoopback(listen.host) && listen.host !== 'localhost') {
      return Promise.reject(
        new BalsaError(
          'CONFIG',
          `refused to listen for clients at ${formatAddress(listen)}: it is not loopback, and there is no TLS and no authentication yet`,
          {
            hint: 'Listen on 127.0.0.1, or allow it with --insecure (option insecure).',
          },
        ),
      )
    }
    return new Promise((resolve, reject) => {
      const onError = (cause: NodeJS.ErrnoException): void => {
        const hint =
          cause.code === 'EADDRINUSE'
            ? 'Another process listens there. Choose another port or stop it.'
            : 'Check the host and the port to listen on.'
        reject(
          new BalsaError('CONFIG', `cannot listen for clients at ${formatAddress(listen)}: ${cause.code ?? cause.message}`, {
            cause,
            hint,
          }),
        )
      }
      this.#server.once('error', onError)
      this.#server.listen({ host: listen.host, port: listen.port, exclusive: true }, () => {
        this.#server.removeListener('error', onError)
        this.#server.on('error', (error) => this.#options.logger.error({ error: error.message }, 'the client port failed'))
        this.#sweep()
        resolve()
      })
    })
  }

  /** `host:port` that is listened on; null before `listen` and after `close`. */
  get address(): string | null {
    const bound = this.#server.address() as AddressInfo | null
    return bound === null ? null : formatAddress({ host: bound.address, port: bound.port })
  }

  connections(kind: Kind): number {
    let count = 0
    for (const client of this.#clients) if (client.kind === kind) count++
    return count
  }

  needsFlush(session: ClientSession): void {
    this.#dirty.push(session)
    // Behind everything that this turn has already caused: answers that were settled together leave together.
    if (this.#dirty.length === 1) process.nextTick(() => this.#flush())
  }

  cut(session: ClientSession, reason: CutReason, detail: string): void {
    this.metrics.connectionsCut.increment({ reason })
    this.#options.logger.debug({ remote: remoteOf(session.socket), reason, detail }, 'client connection cut')
    if (reason !== 'malformed' && reason !== 'version') return session.destroy()
    session.end()
    this.#linger(session.socket)
  }

  /** Takes no connections and no requests any more, and waits until those under way are answered, or for `timeoutMs`. */
  async drain(timeoutMs: number): Promise<void> {
    this.draining = true
    this.#server.close()
    const untilMs = this.clock.now() + timeoutMs
    this.#endWatches(new BalsaError('STOPPED', 'this member is stopping', { hint: 'Watch another member.' }))
    const grpc = this.#options.grpc.drain(timeoutMs)
    const waiting = (): number => this.inFlight + this.#options.httpInFlight()
    while (waiting() > 0 && this.clock.now() < untilMs) await new Promise<void>((resolve) => void this.clock.setTimer(5, resolve))
    await grpc
  }

  /** Ends every connection. Resolves when the port is free and no socket is left. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.draining = true
    this.#sweepTimer?.cancel()
    const listener = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    const sockets = [...this.#clients].map(({ socket, session, kind }) => {
      const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
      if (session !== null) session.end()
      else if (kind !== 'grpc') socket.destroy()
      this.#linger(socket)
      return closed
    })
    await this.#options.grpc.close()
    this.#options.http.closeAllConnections()
    this.#options.http.close()
    await Promise.all([listener, ...sockets])
  }

  #accept(socket: Socket): void {
    const remote = remoteOf(socket)
    // What happens to a connection is no reason to end the process; the close event follows.
    socket.on('error', (error) => this.#options.logger.debug({ remote, error: error.message }, 'client connection failed'))
    const refused = this.#refusal(remote)
    if (refused !== null) {
      this.metrics.connectionsRefused.increment({ limit: refused })
      socket.destroy()
      return
    }
    this.metrics.connections.increment({})
    const client: Client = { socket, sinceMs: this.clock.now(), kind: 'new', session: null }
    this.#clients.add(client)
    this.#byAddress.set(remote, (this.#byAddress.get(remote) ?? 0) + 1)
    socket.once('close', () => this.#forget(client, remote))
    this.#sniff(client)
  }

  #refusal(remote: string): 'total' | 'perAddress' | 'closing' | null {
    if (this.draining) return 'closing'
    if (this.#clients.size >= this.limits.maxConnections) return 'total'
    return (this.#byAddress.get(remote) ?? 0) >= this.limits.maxConnectionsPerAddress ? 'perAddress' : null
  }

  #forget(client: Client, remote: string): void {
    this.#clients.delete(client)
    const left = (this.#byAddress.get(remote) ?? 1) - 1
    if (left === 0) this.#byAddress.delete(remote)
    else this.#byAddress.set(remote, left)
  }

  #sniff(client: Client): void {
    const { socket } = client
    let head: Buffer = Buffer.alloc(0)
    const onEnd = (): void => void socket.destroy()
    const onData = (data: Buffer): void => {
      head = head.length === 0 ? data : Buffer.concat([head, data])
      const kind = kindOf(head)
      if (kind === 'new') return
      socket.removeListener('data', onData)
      socket.removeListener('end', onEnd)
      client.kind = kind
      if (kind === 'balsa') this.#openSession(client, head)
      else if (kind === 'grpc') this.#options.grpc.attach(socket, head)
      else this.#handToHttp(client, head)
    }
    socket.on('end', onEnd)
    socket.on('data', onData)
  }

  #openSession(client: Client, head: Uint8Array): void {
    client.session = new ClientSession(client.socket, this, client.sinceMs)
    client.session.receive(head)
  }

  #handToHttp(client: Client, head: Buffer): void {
    client.socket.pause()
    client.socket.unshift(head)
    this.#options.http.emit('connection', client.socket)
    client.socket.resume()
  }

  #flush(): void {
    const dirty = this.#dirty
    this.#dirty = []
    for (const session of dirty) session.flush()
  }

  #sweep(): void {
    const nowMs = this.clock.now()
    this.#checkWatches(nowMs)
    for (const client of this.#clients) {
      if (client.session !== null) client.session.sweep(nowMs)
      else if (client.kind === 'new' && !client.socket.destroyed && nowMs - client.sinceMs >= this.limits.handshakeTimeoutMs) {
        this.metrics.connectionsCut.increment({ reason: 'handshakeTimeout' })
        client.socket.destroy()
      }
    }
    this.#sweepTimer = this.clock.setTimer(this.limits.sweepIntervalMs, () => this.#sweep())
  }

  /** A member that is cut off hears of nothing: those who watch it go on elsewhere. */
  #checkWatches(nowMs: number): void {
    if (this.handler.watching.hasLeader()) this.#ledAtMs = nowMs
    if (nowMs - this.#ledAtMs < LEADERLESS_MS) return
    this.#ledAtMs = nowMs
    this.#endWatches(new BalsaError('NO_LEADER', 'this member has not known a leader for long', { hint: 'Watch another member.' }))
  }

  #endWatches(error: BalsaError): void {
    for (const { session } of this.#clients) session?.endWatches(error)
  }

  /** A socket that was ended but whose peer takes nothing would stay for ever. */
  #linger(socket: Socket): void {
    const timer = this.clock.setTimer(LINGER_MS, () => socket.destroy())
    socket.once('close', () => timer.cancel())
  }
}
