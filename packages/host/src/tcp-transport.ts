import type { Server, Socket } from 'node:net'
import {
  BalsaError,
  type Clock,
  type Crc32,
  type Identity,
  type Lane,
  LANES,
  type Member,
  type MemberId,
  type PeerHello,
  type Random,
  type Transport,
  type TransportHandlers,
} from '@balsa/raft'
import { formatAddress, type HostPort } from './address.js'
import { PeerAcceptor } from './peer-acceptor.js'
import { DEFAULT_LIMITS, type PeerContext, type TcpTransportLimits, type TransportEvent, type TransportStatistics } from './peer-context.js'
import { PeerLink } from './peer-link.js'
import { type PeerSockets, PLAIN_SOCKETS } from './peer-sockets.js'
import { Resolver } from './resolver.js'

export interface TcpTransportOptions {
  readonly identity: Identity
  /** Where to listen; 127.0.0.1 and any free port unless told otherwise. */
  readonly listen?: Partial<HostPort>
  /** Where clients reach this member, once that is known; peers learn it with every connection. Nowhere unless told. */
  readonly clientAddress?: () => string
  readonly clock: Clock
  readonly random: Random
  readonly crc32: Crc32
  readonly limits?: Partial<TcpTransportLimits>
  readonly sockets?: PeerSockets
  readonly resolver?: Resolver
  /** For logs and metrics. Must not throw. */
  readonly onEvent?: (event: TransportEvent) => void
}

interface Peer {
  readonly id: MemberId
  readonly address: string
  readonly links: ReadonlyMap<Lane, PeerLink>
}

/**
 * Messages between members over TCP. A member dials one connection per peer and lane for what it sends, and only receives on those
 * that others dialled: so each lane has its own flow control, and heart-beats wait behind nothing.
 */
export class TcpTransport implements Transport {
  readonly #context: PeerContext
  readonly #listen: HostPort
  readonly #statistics: TransportStatistics = { sent: 0, sentBytes: 0, received: 0, receivedBytes: 0, dropped: 0, writes: 0 }
  readonly #peers = new Map<MemberId, Peer>()
  readonly #accepted = new Set<PeerAcceptor>()
  readonly #sockets = new Set<Socket>()
  readonly #connectionsByAddress = new Map<string, number>()
  /** Open connections per peer, both directions, for onPeerState. */
  readonly #openByPeer = new Map<MemberId, number>()
  readonly #clientAddresses = new Map<MemberId, string>()
  #connections = 0
  #server: Server | null = null
  #handlers: TransportHandlers | null = null
  #closing: Promise<void> | null = null

  constructor(options: TcpTransportOptions) {
    const { identity, clock, random, crc32, onEvent } = options
    this.#listen = { host: '127.0.0.1', port: 0, ...options.listen }
    this.#context = {
      identity,
      clientAddress: options.clientAddress ?? (() => ''),
      clock,
      random,
      crc32,
      limits: { ...DEFAULT_LIMITS, ...options.limits },
      sockets: options.sockets ?? PLAIN_SOCKETS,
      resolver: options.resolver ?? new Resolver(clock),
      statistics: this.#statistics,
      report: (event) => onEvent?.(event),
      track: (socket) => this.#track(socket),
    }
  }

  /** Where this member listens, for example `127.0.0.1:2380`. Null before `start` and after `close`. */
  get address(): string | null {
    const bound = this.#server?.address()
    return bound === null || bound === undefined || typeof bound === 'string'
      ? null
      : formatAddress({ host: bound.address, port: bound.port })
  }

  /** Where clients reach a peer, as it said itself when it last connected; empty when it did not say. */
  clientAddressOf(peer: MemberId): string {
    return this.#clientAddresses.get(peer) ?? ''
  }

  get statistics(): Readonly<TransportStatistics> {
    return { ...this.#statistics }
  }

  /** Throws CONFIG (fatal) when it cannot listen, STOPPED (refused) after `close`. */
  async start(handlers: TransportHandlers): Promise<void> {
    if (this.#closing !== null) throw new BalsaError('STOPPED', 'this transport was closed')
    if (this.#server !== null) throw new BalsaError('INVALID', 'this transport was started already')
    this.#handlers = handlers
    const server = this.#context.sockets.createServer((socket) => this.#accept(socket))
    this.#server = server
    // Before any listener of the factory: what is one too many must not get as far as a handshake.
    server.prependListener('connection', (socket: Socket) => this.#admit(socket))
    await this.#bind(server)
    server.on('error', (error) => {
      this.#context.report({
        type: 'listenerFailed',
        error: new BalsaError('IO_ERROR', `the peer port failed: ${error.message}`, { cause: error }),
      })
    })
  }

  setPeers(members: readonly Member[]): void {
    if (this.#closing !== null) return
    const wanted = new Map(members.filter(({ id }) => id !== this.#context.identity.memberId).map((member) => [member.id, member]))
    for (const peer of [...this.#peers.values()]) {
      if (wanted.get(peer.id)?.address === peer.address) continue
      this.#peers.delete(peer.id)
      for (const link of peer.links.values()) link.close()
    }
    for (const { id, address } of wanted.values()) if (!this.#peers.has(id)) this.#peers.set(id, this.#createPeer(id, address))
    for (const connection of this.#accepted) if (connection.peer !== null && !this.#peers.has(connection.peer)) connection.destroy()
  }

  send(to: MemberId, lane: Lane, message: Uint8Array): void {
    const link = this.#peers.get(to)?.links.get(lane)
    if (link === undefined) this.#statistics.dropped += 1
    else link.send(message)
  }

  /** Resolves when no socket and no timer of this transport is left. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const server = this.#server
    this.#handlers = null
    this.#context.resolver.close()
    for (const { links } of this.#peers.values()) for (const link of links.values()) link.close()
    this.#peers.clear()
    for (const connection of this.#accepted) connection.destroy()
    const sockets = [...this.#sockets].map((socket) => {
      socket.destroy()
      return new Promise<void>((resolve) => socket.once('close', () => resolve()))
    })
    // Before it listens, or when it could not, the server has nothing to close and says so.
    const listener = server === null ? undefined : new Promise<void>((resolve) => server.close(() => resolve()))
    await Promise.all([...sockets, listener])
    this.#server = null
  }

  #bind(server: Server): Promise<void> {
    const { host, port } = this.#listen
    return new Promise((resolve, reject) => {
      const onError = (cause: NodeJS.ErrnoException) => {
        this.#server = null
        const hint =
          cause.code === 'EADDRINUSE'
            ? 'Another process listens there. Choose another port or stop it.'
            : 'Check the host and the port to listen on.'
        reject(
          new BalsaError('CONFIG', `cannot listen for peers at ${formatAddress({ host, port })}: ${cause.code ?? cause.message}`, {
            cause,
            hint,
          }),
        )
      }
      server.once('error', onError)
      server.listen({ host, port, exclusive: true }, () => {
        server.removeListener('error', onError)
        resolve()
      })
    })
  }

  #createPeer(id: MemberId, address: string): Peer {
    const link = (lane: Lane) => new PeerLink(this.#context, id, address, lane, (up) => this.#count(id, up))
    return { id, address, links: new Map(LANES.map((lane) => [lane, link(lane)])) }
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
  }

  #admit(socket: Socket): void {
    const { maxConnections, maxConnectionsPerAddress } = this.#context.limits
    const remote = socket.remoteAddress ?? 'unknown'
    const fromThere = this.#connectionsByAddress.get(remote) ?? 0
    socket.once('error', () => undefined)
    if (this.#closing !== null || this.#connections >= maxConnections || fromThere >= maxConnectionsPerAddress) {
      this.#context.report({ type: 'rejected', remote: `${remote}:${socket.remotePort}`, reason: 'too many connections' })
      socket.destroy()
      return
    }
    this.#connections += 1
    this.#connectionsByAddress.set(remote, fromThere + 1)
    this.#track(socket)
    socket.once('close', () => {
      this.#connections -= 1
      const left = (this.#connectionsByAddress.get(remote) ?? 1) - 1
      if (left === 0) this.#connectionsByAddress.delete(remote)
      else this.#connectionsByAddress.set(remote, left)
    })
  }

  #accept(socket: Socket): void {
    if (socket.destroyed) return
    const connection: PeerAcceptor = new PeerAcceptor(this.#context, socket, {
      isKnown: (peer) => this.#peers.has(peer),
      onAccepted: (accepted, hello) => this.#onAccepted(accepted, hello),
      onMessage: (from, message) => this.#handlers?.onMessage(from, message),
      onClosed: (closed) => {
        this.#accepted.delete(closed)
        if (closed.peer !== null) this.#count(closed.peer, false)
      },
    })
    this.#accepted.add(connection)
  }

  #onAccepted(connection: PeerAcceptor, { memberId: peer, lane, clientAddress }: PeerHello): void {
    this.#clientAddresses.set(peer, clientAddress)
    // The peer dials again only when it has given up the earlier connection, whether we have noticed or not.
    for (const other of this.#accepted) if (other !== connection && other.peer === peer && other.lane === lane) other.destroy()
    this.#count(peer, true)
    for (const link of this.#peers.get(peer)?.links.values() ?? []) link.wake()
  }

  #count(peer: MemberId, up: boolean): void {
    const before = this.#openByPeer.get(peer) ?? 0
    const after = before + (up ? 1 : -1)
    if (after === 0) this.#openByPeer.delete(peer)
    else this.#openByPeer.set(peer, after)
    if ((before === 0) !== (after === 0)) this.#handlers?.onPeerState?.(peer, up)
  }
}
