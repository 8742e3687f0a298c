import { type CallOptions, SessionStore, type SessionStoreOptions } from '@balsa/kv'
import { GrpcChannel, type GrpcChannelOptions } from '../grpc/grpc-channel.js'
import { EtcdBackend } from './etcd-backend.js'
import { EtcdClient } from './etcd-client.js'

export interface EtcdStoreOptions extends Omit<SessionStoreOptions, 'sessionTtlMs'>, GrpcChannelOptions {}

/** A read that is not answered for so long is asked of another member, too. */
const DEFAULT_ATTEMPT_TIMEOUT_MS = 1000

/**
 * The store on a cluster of etcd (or on the same interface of Balsa): everything that etcd has, with the same calls and errors. What it has not:
 * - sessions: a write is never made twice, so one whose answer was lost is OUTCOME_UNKNOWN, also where Balsa would find out;
 * - bounds on the age of stale reads (UNSUPPORTED), and lease reads (LEASES_OFF);
 * - appends: they are transactions that are repeated until nobody came between;
 * - a count of the keys that a revoked lease takes along: it is that of the moment before.
 */
export class EtcdStore extends SessionStore {
  /** Single calls of etcd's interface, over the same connections. */
  readonly client: EtcdClient
  readonly #channel: GrpcChannel

  private constructor(channel: GrpcChannel, options: EtcdStoreOptions) {
    const attemptTimeoutMs = options.attemptTimeoutMs ?? DEFAULT_ATTEMPT_TIMEOUT_MS
    super(new EtcdBackend(channel, options.clock), { ...options, attemptTimeoutMs })
    this.#channel = channel
    this.client = EtcdClient.over(channel, options)
  }

  /** Connects when it is first asked for something, not before. Throws INVALID (refused) for options that make no sense. */
  static open(options: EtcdStoreOptions): EtcdStore {
    return new EtcdStore(new GrpcChannel(options), options)
  }

  get endpoints(): readonly string[] {
    return this.#channel.endpoints
  }

  /** Resolves when a member has answered. Refused: DEADLINE, ABORTED. */
  async reached(options: CallOptions = {}): Promise<void> {
    await this.leases({ ...options, consistency: 'stale' })
  }
}
