import type { Socket } from 'node:net'
import type { BalsaError, Clock, Crc32, Identity, IncarnationTable, Lane, MemberId, Random } from '@balsa/raft'
import type { PeerSockets } from './peer-sockets.js'
import type { Resolver } from './resolver.js'

/** All bytes are counted with their frame headers. */
export interface TcpTransportLimits {
  /** Largest frame to accept or to send; larger messages are dropped by the sender. */
  readonly maxFrameBytes: number
  /** Per peer and lane. One frame may always wait, even if it alone is larger. */
  readonly maxQueuedBytes: number
  /** Incoming connections, in total and from one IP address. Two or three per peer are normal. */
  readonly maxConnections: number
  readonly maxConnectionsPerAddress: number
  /** From the beginning of a connection until both sides know each other, name look-up included. */
  readonly handshakeTimeoutMs: number
  /** A connection with messages under way and no sign of life for this long is replaced. */
  readonly livenessTimeoutMs: number
  readonly minBackoffMs: number
  readonly maxBackoffMs: number
  /** After a refusal that only a person can mend: another cluster, member or version. */
  readonly refusedBackoffMs: number
}

export const DEFAULT_LIMITS: TcpTransportLimits = {
  maxFrameBytes: 16 * 1024 * 1024,
  maxQueuedBytes: 32 * 1024 * 1024,
  maxConnections: 256,
  maxConnectionsPerAddress: 64,
  handshakeTimeoutMs: 5000,
  livenessTimeoutMs: 5000,
  minBackoffMs: 50,
  maxBackoffMs: 2000,
  refusedBackoffMs: 10_000,
}

/** For people and metrics. `remote` is an address as text. */
export type TransportEvent =
  /** A handshake ended in a refusal, by this node (`us`) or by the other side (`peer`). */
  | {
      readonly type: 'refused'
      readonly by: 'us' | 'peer'
      readonly direction: 'incoming' | 'outgoing'
      readonly peer: MemberId | null
      readonly remote: string
      readonly error: BalsaError
    }
  /** The other side broke the protocol; the connection was closed. `peer` is null before the handshake. */
  | {
      readonly type: 'malformed'
      readonly direction: 'incoming' | 'outgoing'
      readonly peer: MemberId | null
      readonly remote: string
      readonly error: BalsaError
    }
  /** An incoming connection was closed without an answer: too many of them, or silent for too long. */
  | { readonly type: 'rejected'; readonly remote: string; readonly reason: string }
  /** An outgoing connection ended or could not be made; another attempt follows. */
  | {
      readonly type: 'disconnected'
      readonly peer: MemberId
      readonly lane: Lane
      readonly remote: string
      readonly reason: string
      readonly retryInMs: number
    }
  /** The listening socket failed. */
  | { readonly type: 'listenerFailed'; readonly error: BalsaError }

export interface TransportStatistics {
  sent: number
  sentBytes: number
  received: number
  receivedBytes: number
  /** Not sent: unknown peer, full queue, larger than a frame, or the connection broke. */
  dropped: number
  /** Writes handed to the operating system; `sent / writes` is how well turns coalesce. */
  writes: number
}

/** Remembers with which data directory each peer was first met; durable in an `IncarnationTable`. */
export type PeerMemory = Pick<IncarnationTable, 'meet' | 'forget'>

/** What the parts of one TcpTransport share. */
export interface PeerContext {
  readonly identity: Identity
  /** Of this member's data directory. */
  readonly incarnation: number
  readonly memory: PeerMemory
  /** Where this member wants to be reached by its peers; empty when it does not say. */
  readonly peerAddress: () => string
  /** Told to peers, who send clients there. */
  readonly clientAddress: () => string
  readonly clock: Clock
  readonly random: Random
  readonly crc32: Crc32
  readonly limits: TcpTransportLimits
  readonly sockets: PeerSockets
  readonly resolver: Resolver
  readonly statistics: TransportStatistics
  report(event: TransportEvent): void
  /** Sockets that close() must wait for. */
  track(socket: Socket): void
}
