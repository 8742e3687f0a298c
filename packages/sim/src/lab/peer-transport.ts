import {
  BalsaError,
  type Lane,
  type Member,
  type MemberId,
  MESSAGE_TYPE_CODES as Kind,
  type Transport,
  type TransportHandlers,
} from '@balsa/raft'
import type { LabNetwork, Link, RpcServer } from './network.js'

/**
 * Balsa's members send one-way messages; the course counts RPCs. So each message that asks for something is a request, and the answering
 * message travels back as its reply, whenever it is due. Answers find their request by kind, oldest first. An answer without a request
 * (there should be none) would be a request of its own, so that nothing is ever sent uncounted.
 */

/** What a response may answer, best match first. A leader of an old term is answered by a heart-beat response, whatever it sent. */
const ANSWERS: ReadonlyMap<number, readonly number[]> = new Map<number, readonly number[]>([
  [Kind.requestVoteResponse, [Kind.requestVote]],
  [Kind.appendEntriesResponse, [Kind.appendEntries]],
  [Kind.heartbeatResponse, [Kind.heartbeat, Kind.appendEntries, Kind.installSnapshot]],
  [Kind.installSnapshotResponse, [Kind.installSnapshot]],
  [Kind.readIndexResponse, [Kind.readIndexRequest]],
])

const NOTHING = new Uint8Array(0)
/** Unanswered requests that are remembered per peer; some are never answered (a vote request to somebody who hears a leader). */
const MAX_UNANSWERED = 256

interface Unanswered {
  readonly kind: number
  readonly reply: (bytes: Uint8Array) => void
}

export class LabTransport implements Transport, RpcServer {
  readonly #network: LabNetwork
  /** By member id. */
  readonly #links: ReadonlyMap<number, Link>
  readonly #unanswered = new Map<number, Unanswered[]>()
  #handlers: TransportHandlers | null = null
  #closed = false

  constructor(network: LabNetwork, links: ReadonlyMap<number, Link>) {
    this.#network = network
    this.#links = links
  }

  async start(handlers: TransportHandlers): Promise<void> {
    if (this.#closed) throw new BalsaError('STOPPED', 'this transport was closed')
    this.#handlers = handlers
  }

  setPeers(_members: readonly Member[]): void {
    // The tester decides who reaches whom.
  }

  send(to: MemberId, _lane: Lane, message: Uint8Array): void {
    if (this.#closed) return
    const link = this.#links.get(to)
    if (link === undefined) return
    const answered = ANSWERS.get(message[0] ?? 0)
    const request = answered === undefined ? undefined : this.#take(to, answered)
    if (request === undefined) this.#network.send(link, message, null, (bytes) => this.#deliver(to, bytes))
    else request.reply(message)
  }

  #take(peer: number, kinds: readonly number[]): Unanswered | undefined {
    const list = this.#unanswered.get(peer) ?? []
    for (const kind of kinds) {
      const at = list.findIndex((request) => request.kind === kind)
      if (at >= 0) return list.splice(at, 1)[0]
    }
    return undefined
  }

  #deliver(from: MemberId, bytes: Uint8Array): void {
    if (bytes.length > 0) this.#handlers?.onMessage(from, bytes)
  }

  /** A peer's request arrives. */
  handle(caller: number, request: Uint8Array, reply: (bytes: Uint8Array) => void): void {
    const from = caller as MemberId
    const kind = request[0] ?? 0
    if (kind === Kind.timeoutNow || ANSWERS.has(kind)) {
      reply(NOTHING)
    } else {
      const list = this.#unanswered.get(from) ?? []
      this.#unanswered.set(from, list)
      list.push({ kind, reply })
      if (list.length > MAX_UNANSWERED) list.shift()
    }
    this.#handlers?.onMessage(from, request)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#handlers = null
    this.#unanswered.clear()
  }
}
