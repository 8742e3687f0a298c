import type { Member, MemberId } from '../types.js'

/**
 * Which queue a message travels in. Each has a connection (or a queue) of its own, so that heart-beats and votes never wait
 * behind bulk appends, and appends never behind a snapshot.
 */
export type Lane = 'control' | 'append' | 'snapshot'
export const LANES: readonly Lane[] = ['control', 'append', 'snapshot']

export interface TransportHandlers {
  /** One whole message of a peer, in the order in which its lane delivered it. The bytes belong to the receiver. */
  onMessage(from: MemberId, message: Uint8Array): void
  /** The first connection to or from the peer came up, or the last one went down. A hint: consensus may act sooner on it, and never relies on it. */
  onPeerState?(peer: MemberId, up: boolean): void
}

/**
 * Bytes to a peer. Lossy by contract: a message may be dropped, duplicated, delayed or reordered against other lanes, but is never
 * altered. Nothing here throws for a peer that cannot be reached.
 */
export interface Transport {
  start(handlers: TransportHandlers): Promise<void>
  /**
   * Tells who the peers are and where. May be called again at any time; who is no peer any more is disconnected. `removed` were members
   * once and never will be again: they are told so. A member that is in neither list may call, and is then answered where it says that
   * it is: whoever lags behind in the log does not know the members that it must listen to (thesis, section 4.1).
   */
  setPeers(members: readonly Member[], removed?: readonly MemberId[]): void
  /** Queues one message. Dropped when the peer is unknown or its queue is full. The bytes must not change afterwards. */
  send(to: MemberId, lane: Lane, message: Uint8Array): void
  close(): Promise<void>
}
