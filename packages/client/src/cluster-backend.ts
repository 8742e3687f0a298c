import { BalsaError, type Clock, type Crc32, type Dialer, type ErrorCode, type Random } from '@balsa/raft'
import type {
  Attempt,
  AttemptHandlers,
  StoreAnswer,
  StoreBackend,
  StoreRequest,
  WatchAttempt,
  WatchHandlers,
  WatchRequest,
  Welcome,
} from '@balsa/kv'
import { changes } from './admin.js'
import { ConnectionPool } from './connection-pool.js'
import { ServerConnection, type Unnumbered } from './connection.js'
import { type BackOff, LeaderFinder } from './leader-finder.js'

export interface ClusterBackendOptions {
  readonly endpoints: readonly string[]
  readonly dialer: Dialer
  readonly clock: Clock
  readonly random: Random
  readonly crc32: Crc32
  readonly backOff: BackOff
  readonly connectTimeoutMs: number
  readonly attemptTimeoutMs: number
  readonly maxBufferedBytes: number
}

/** Refusals that every member would repeat for ever. */
const FINAL: ReadonlySet<ErrorCode> = new Set(['INVALID', 'TOO_LARGE', 'LEASES_OFF', 'COMPACTED'])
/** The member is the right one to ask, only not now. */
const LATER: ReadonlySet<ErrorCode> = new Set(['OVERLOADED', 'MEMBERSHIP_PENDING'])
/** What the leader says of a change, and would say again. */
const FINAL_FOR_CHANGES: ReadonlySet<ErrorCode> = new Set([
  'MEMBER_EXISTS',
  'MEMBER_UNKNOWN',
  'MEMBER_REMOVED',
  'QUORUM_AT_RISK',
  'TRANSFER_FAILED',
])
/** Longer than any call waits: a change is asked for once, because asked for again it would be another one. */
const NEVER_AGAIN_MS = 24 * 3_600_000
/** A connection without any progress for so many attempt time-outs, while answers are awaited, is given up: its other end may be gone. */
const DEAD_AFTER_TIMEOUTS = 3
/** A client in use asks so often who the members are. */
const LEARN_EVERY_MS = 30_000

/** A cluster over the network: a connection to each member that is needed, and the search for the leader. */
export class ClusterBackend implements StoreBackend {
  readonly #options: ClusterBackendOptions
  readonly #finder: LeaderFinder
  readonly #connections: ConnectionPool<ServerConnection>
  /** Cluster that the first welcome named; members of another one are refused, so that no write ever lands in the wrong place. */
  #clusterId: number | null = null
  /** When the transfer that the leader speaks of was first and last heard of. */
  #transferSinceMs = -Infinity
  #transferHeardMs = -Infinity
  #closed = false
  /** When a member last said who the others are, or was asked. */
  #learnedMs: number

  constructor(options: ClusterBackendOptions) {
    this.#options = options
    this.#learnedMs = options.clock.now()
    this.#connections = new ConnectionPool((endpoint, onClosed) => this.#open(endpoint, onClosed))
    this.#finder = new LeaderFinder(options.endpoints, options.random, options.backOff)
  }

  /** Configured members and those that hints have named. */
  get endpoints(): readonly string[] {
    return this.#finder.known
  }

  attempt(request: StoreRequest, handlers: AttemptHandlers): Attempt {
    const pinned = request.type === 'status' ? request.endpoint : null
    const endpoint = pinned ?? this.#finder.target
    const connection = this.#connections.to(endpoint)
    // A stale read succeeds anywhere: it says nothing about who leads.
    const provesLeader = request.type === 'write' || request.type === 'admin' || (isRead(request) && request.consistency !== 'stale')
    const isChange = request.type === 'admin' && changes(request.admin)
    const sent = connection.request(unnumbered(request), {
      onAnswer: (answer) => {
        if (provesLeader) this.#finder.succeeded(endpoint)
        this.#learn(answer)
        handlers.onAnswer(answer)
        if (provesLeader) this.#refresh(connection)
      },
      onError: (error) => handlers.onError(error, this.#retryAfterMs(endpoint, error, pinned !== null, isChange)),
    })
    // Not before the request was handed over: that itself counts as progress when nothing else was under way.
    const beganMs = this.#options.clock.now()
    return { cancel: () => sent.cancel(), silent: () => (isChange ? NEVER_AGAIN_MS : this.#silent(connection, beganMs)) }
  }

  /** What a member says of the others: a client outlives the members that it was told of. */
  #learn(answer: StoreAnswer): void {
    if (answer.type === 'status') this.#finder.learn(answer.status.members.map(({ clientAddress }) => clientAddress))
    else if (answer.type === 'admin' && answer.admin.type === 'members') {
      this.#finder.learn(answer.admin.view.members.map(({ clientAddress }) => clientAddress))
    } else return
    this.#learnedMs = this.#options.clock.now()
  }

  /** Clusters change while they serve. Asked only by clients that are in use, and seldom. */
  #refresh(connection: ServerConnection): void {
    const nowMs = this.#options.clock.now()
    if (this.#closed || nowMs - this.#learnedMs < LEARN_EVERY_MS) return
    this.#learnedMs = nowMs
    connection.request({ type: 'status' }, { onAnswer: (answer) => this.#learn(answer), onError: () => undefined })
  }

  watch(request: WatchRequest, credit: number, handlers: WatchHandlers): WatchAttempt {
    const endpoint = this.#finder.target
    return this.#connections.to(endpoint).watch(request, credit, {
      onEvents: (watched) => handlers.onEvents(watched),
      onError: (error) => handlers.onError(error, this.#retryAfterMs(endpoint, error, false, false)),
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#connections.close('the client was closed')
  }

  #open(endpoint: string, onClosed: () => void): ServerConnection {
    const { dialer, clock, crc32, connectTimeoutMs, maxBufferedBytes } = this.#options
    const onWelcome = (welcome: Welcome): void => this.#check(endpoint, welcome)
    return new ServerConnection({ endpoint, dialer, clock, crc32, connectTimeoutMs, maxBufferedBytes, onWelcome, onClosed })
  }

  #check(endpoint: string, welcome: Welcome): void {
    this.#clusterId ??= welcome.clusterId
    if (welcome.clusterId === this.#clusterId) return
    throw new BalsaError(
      'CLUSTER_MISMATCH',
      `${endpoint} belongs to cluster ${welcome.clusterId}, this client talks to ${this.#clusterId}`,
      {
        hint: 'Remove this endpoint from the client’s list.',
      },
    )
  }

  #retryAfterMs(endpoint: string, error: BalsaError, pinned: boolean, isChange: boolean): number | null {
    if (this.#closed || FINAL.has(error.code)) return null
    // A change whose outcome is unknown is not repeated: the second attempt could not be told from another change.
    if (isChange && (error.family !== 'refused' || FINAL_FOR_CHANGES.has(error.code))) return null
    const { backOff, random } = this.#options
    if (error.code === 'TRANSFER_IN_PROGRESS' && !pinned) return this.#untilTransferred()
    if (pinned || LATER.has(error.code)) return backOff.maxMs * (0.5 + random.next() / 2)
    return this.#finder.failed(endpoint, error.leaderAddress, this.#options.clock.now())
  }

  /** A transfer takes a few round trips as a rule: asked again soon, the old leader knows the new one. One that fails takes an election time-out. */
  #untilTransferred(): number {
    const { backOff, random, clock } = this.#options
    const nowMs = clock.now()
    if (nowMs - this.#transferHeardMs > 2 * backOff.maxMs) this.#transferSinceMs = nowMs
    this.#transferHeardMs = nowMs
    const longest = Math.min(backOff.maxMs, backOff.initialMs / 4 + (nowMs - this.#transferSinceMs) / 2)
    return longest * (0.5 + random.next() / 2)
  }

  #silent(connection: ServerConnection, beganMs: number): number {
    const { clock, attemptTimeoutMs } = this.#options
    const nowMs = clock.now()
    // Others are answered there: only this request got lost, so the same member may be asked again.
    if (connection.lastProgressMs > beganMs && !connection.closed) return 0
    if (nowMs - connection.lastProgressMs >= DEAD_AFTER_TIMEOUTS * attemptTimeoutMs) connection.close('nothing was answered for too long')
    return this.#finder.failed(connection.endpoint, undefined, nowMs)
  }
}

const isRead = (request: StoreRequest): request is StoreRequest & { readonly type: 'get' | 'query' } =>
  request.type === 'get' || request.type === 'query'

function unnumbered(request: StoreRequest): Unnumbered {
  return request.type === 'status' ? { type: 'status' } : request
}
