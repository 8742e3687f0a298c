import { BalsaError, type Clock, type Crc32, type Dialer, type Random } from '@balsa/raft'
import { type CallOptions, type MemberStatus, SessionStore, type SessionStoreOptions } from '@balsa/kv'
import { Admin, changes } from './admin.js'
import { ClusterBackend } from './cluster-backend.js'
import type { BackOff } from './leader-finder.js'

export interface ClientOptions extends SessionStoreOptions {
  /** Client addresses of one or more members, for example `127.0.0.1:2379`. The others are learned from them. */
  readonly endpoints: readonly string[]
  readonly dialer: Dialer
  readonly clock: Clock
  readonly random: Random
  readonly crc32: Crc32
  /** Silence for so long makes a call try another member, with the same request. Default 1000 ms. */
  readonly attemptTimeoutMs?: number
  /** For a connection and its handshake. Default 2000 ms. */
  readonly connectTimeoutMs?: number
  /** Waits after all known members were tried in vain. Default 20 to 400 ms. */
  readonly backOff?: BackOff
  /** Bytes that may wait to be sent on one connection. Default 16 MiB. */
  readonly maxBufferedBytes?: number
}

export interface StatusOptions extends CallOptions {
  /** The member to ask; default: the one that is asked for everything else. */
  readonly endpoint?: string
}

/** A little longer than the members need to replace a dead leader. */
const DEFAULT_ATTEMPT_TIMEOUT_MS = 500
const DEFAULT_CONNECT_TIMEOUT_MS = 2000
const DEFAULT_BACK_OFF: BackOff = { initialMs: 20, maxMs: 400 }
const DEFAULT_MAX_BUFFERED_BYTES = 16 * 1024 * 1024

/**
 * The store over the network. Finds and remembers the leader, repeats the same request until it is answered, and says about every failure
 * whether it was refused or is unknown; see KeyValueStore.
 */
export class Client extends SessionStore {
  /** What operators ask: who belongs to the cluster, who leads it. */
  readonly admin: Admin
  readonly #backend: ClusterBackend

  private constructor(backend: ClusterBackend, options: ClientOptions) {
    super(backend, { ...options, attemptTimeoutMs: options.attemptTimeoutMs ?? DEFAULT_ATTEMPT_TIMEOUT_MS })
    this.#backend = backend
    this.admin = new Admin((admin, call) => this.ask({ type: 'admin', admin }, call, changes(admin)))
  }

  /** Connects when it is first asked for something, not before. Throws INVALID (refused) for options that make no sense. */
  static open(options: ClientOptions): Client {
    const attemptTimeoutMs = options.attemptTimeoutMs ?? DEFAULT_ATTEMPT_TIMEOUT_MS
    const connectTimeoutMs = options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS
    if (!(attemptTimeoutMs > 0 && connectTimeoutMs > 0)) throw new BalsaError('INVALID', 'time-outs must be greater than 0')
    const backend = new ClusterBackend({
      endpoints: options.endpoints,
      dialer: options.dialer,
      clock: options.clock,
      random: options.random,
      crc32: options.crc32,
      backOff: options.backOff ?? DEFAULT_BACK_OFF,
      connectTimeoutMs,
      attemptTimeoutMs,
      maxBufferedBytes: options.maxBufferedBytes ?? DEFAULT_MAX_BUFFERED_BYTES,
    })
    return new Client(backend, options)
  }

  /** Members known by now: the given ones and those that members have named. */
  get endpoints(): readonly string[] {
    return this.#backend.endpoints
  }

  /** What one member says about itself and the cluster; not linearizable. */
  async status(options: StatusOptions = {}): Promise<MemberStatus> {
    const answer = await this.ask({ type: 'status', endpoint: options.endpoint ?? null }, options)
    if (answer.type !== 'status') throw new BalsaError('MALFORMED', `status was answered with ${answer.type}`)
    return answer.status
  }
}
