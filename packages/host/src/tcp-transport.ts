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
  type PeerRefusal,
  type Random,
  type Transport,
  type TransportHandlers,
} from '@balsa/raft'
import { formatAddress, type HostPort } from './address.js'
import { PeerAcceptor } from './peer-acceptor.js'
import {
  DEFAULT_LIMITS,
  type PeerContext,
  type PeerMemory,
  type TcpTransportLimits,
  type TransportEvent,
  type TransportStatistics,
} from './peer-context.js'
import { PeerLink } from './peer-link.js'
import { type PeerSockets, PLAIN_SOCKETS } from './peer-sockets.js'
import { Resolver } from './resolver.js'

export interface TcpTransportOptions {
  readonly identity: Identity
  /** Where to listen; 127.0.0.1 and any free port unless told otherwise. */
  readonly listen?: Partial<HostPort>
  /** Where clients reach this member, once that is known; peers learn it with every connection. Nowhere unless told. */
  readonly clientAddress?: () => string
  /** Where peers reach this member; they learn it with every connection, and dial it when their log still says otherwise. */
  readonly peerAddress?: () => string
  /** Of the data directory; drawn anew when there is none. */
  readonly incarnation?: number
  /** Default: a memory that ends with this transport. */
  readonly memory?: PeerMemory
  /** Further places where members may be found when they are not where the log says. */
  readonly addressHints?: ReadonlyMap<MemberId, string>
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
  /** Where the log says that it is; null for a guest, of whom the log of this member says nothing. */
  address: string | null
  /** Where it said itself that it is, if that is another place. */
  claimed: string | null
  readonly links: ReadonlyMap<Lane, PeerLink>
}

/** Members that only they themselves tell of. More than a cluster changes while a member is away is a mistake or an attack. */
const MAX_GUESTS = 16
const LARGEST_INCARNATION = 2 ** 48

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
  readonly #hints: ReadonlyMap<MemberId, string>
  #removed: ReadonlySet<MemberId> = new Set()
  #connections = 0
  #server: Server | null = null
  #handlers: TransportHandlers | null = null
  #closing: Promise<void> | null = null

  constructor(options: TcpTransportOptions) {
    const { identity, clock, random, crc32, onEvent } = options
    this.#listen = { host: '127.0.0.1', port: 0, ...options.listen }
    this.#hints = options.addressHints ?? new Map()
    this.#context = {
      identity,
      incarnation: options.incarnation ?? 1 + Math.floor(random.next() * LARGEST_INCARNATION),
      memory: options.memory ?? new ShortMemory(),
      peerAddress: options.peerAddress ?? (() => ''),
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

  setPeers(members: readonly Member[], removed: readonly MemberId[] = []): void {
    if (this.#closing !== null) return
    this.#removed = new Set(removed)
    // A failure to forget costs nothing but a line in a file.
    if (removed.length > 0) this.#context.memory.forget(removed).catch(() => undefined)
    const wanted = new Map(members.filter(({ id }) => id !== this.#context.identity.memberId).map((member) => [member.id, member]))
    for (const peer of [...this.#peers.values()]) {
      const gone = peer.address === null ? this.#removed.has(peer.id) : !wanted.has(peer.id)
      if (gone) this.#drop(peer)
    }
    for (const { id, address } of wanted.values()) this.#place(id, address)
    for (const connection of this.#accepted) if (connection.peer !== null && !this.#peers.has(connection.peer)) connection.destroy()
  }

  /** The log says that this member is at `address`. */
  #place(id: MemberId, address: string): void {
    const peer = this.#peers.get(id)
    if (peer === undefined) {
      this.#peers.set(id, this.#createPeer(id, address, null))
    } else if (peer.address !== address) {
      // News from the log replaces what the member said of itself before; when it moves again it will say so again.
      peer.address = address
      if (peer.claimed === address) peer.claimed = null
      for (const link of peer.links.values()) link.setAddresses(this.#addressesOf(peer))
    }
  }

  #addressesOf({ id, address, claimed }: Pick<Peer, 'id' | 'address' | 'claimed'>): readonly string[] {
    const all = [claimed, address, this.#hints.get(id) ?? null]
    return [...new Set(all.filter((candidate) => candidate !== null))]
  }

  #drop(peer: Peer): void {
    this.#peers.delete(peer.id)
    for (const link of peer.links.values()) link.close()
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

  #createPeer(id: MemberId, address: string | null, claimed: string | null): Peer {
    const addresses = this.#addressesOf({ id, address, claimed })
    const link = (lane: Lane) => new PeerLink(this.#context, id, addresses, lane, (up) => this.#count(id, up))
    return { id, address, claimed, links: new Map(LANES.map((lane) => [lane, link(lane)])) }
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
      refusalOf: (hello) => this.#refusalOf(hello),
      onAccepted: (accepted, hello) => this.#onAccepted(accepted, hello),
      onMessage: (from, message) => this.#handlers?.onMessage(from, message),
      onClosed: (closed) => {
        this.#accepted.delete(closed)
        if (closed.peer !== null) this.#onGone(closed.peer)
      },
    })
    this.#accepted.add(connection)
  }

  #refusalOf({ memberId, peerAddress }: PeerHello): PeerRefusal | null {
    const theirs = `member ${memberId}`
    if (this.#removed.has(memberId)) return { code: 'MEMBER_REMOVED', ours: 'removed this member from the cluster', theirs }
    if (this.#peers.has(memberId)) return null
    if (peerAddress === '') return { code: 'UNAVAILABLE', ours: 'no such member, and no address to answer to', theirs }
    const guests = [...this.#peers.values()].filter(({ address }) => address === null).length
    return guests < MAX_GUESTS ? null : { code: 'UNAVAILABLE', ours: `no such member, and ${guests} others that are none`, theirs }
  }

  #onGone(id: MemberId): void {
    this.#count(id, false)
    const peer = this.#peers.get(id)
    // A guest is one as long as it calls.
    if (peer?.address === null && ![...this.#accepted].some((connection) => connection.peer === id)) this.#drop(peer)
  }

  /** A member that says that it is elsewhere is dialled there: it cannot lead or follow before its peers reach it. */
  #welcome(id: MemberId, said: string): void {
    const peer = this.#peers.get(id)
    const claimed = said === '' ? null : said
    if (peer === undefined) {
      this.#peers.set(id, this.#createPeer(id, null, claimed))
    } else if (claimed !== null && (peer.claimed ?? peer.address) !== claimed) {
      peer.claimed = claimed === peer.address ? null : claimed
      for (const link of peer.links.values()) link.setAddresses(this.#addressesOf(peer))
    }
  }

  #onAccepted(connection: PeerAcceptor, { memberId: peer, lane, clientAddress, peerAddress }: PeerHello): void {
    this.#clientAddresses.set(peer, clientAddress)
    this.#welcome(peer, peerAddress)
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

/** For a member without a data directory. */
class ShortMemory implements PeerMemory {
  readonly #known = new Map<MemberId, number>()

  meet(id: MemberId, incarnation: number): number {
    const known = this.#known.get(id) ?? incarnation
    this.#known.set(id, known)
    return known
  }

  async forget(ids: readonly MemberId[]): Promise<void> {
    for (const id of ids) this.#known.delete(id)
  }
}
