import { connect, createServer, type Server, type Socket } from 'node:net'
import type { MemberId } from '@balsa/raft'

export interface ConnectTarget {
  /** IP address to connect to. */
  readonly host: string
  readonly port: number
  /** The host as it is configured: a name that a certificate can be checked against. */
  readonly name: string
  readonly peer: MemberId
}

/** Where sockets between members come from: plain TCP here, TLS elsewhere. */
export interface PeerSockets {
  /** Begins to connect. `onReady` once bytes may be sent (TLS: after the peer has proved who it is). */
  connect(target: ConnectTarget, onReady: () => void): Socket
  /** A server that is not listening yet. `onConnection` for each connection on which bytes may be sent. */
  createServer(onConnection: (socket: Socket) => void): Server
}

/** Finds a peer whose machine has gone when there is no traffic at all; with traffic, pings find it much sooner. */
const KEEP_ALIVE_MS = 30_000

export const PLAIN_SOCKETS: PeerSockets = {
  connect: ({ host, port }, onReady) =>
    connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }, onReady),
  createServer: (onConnection) => createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }, onConnection),
}
