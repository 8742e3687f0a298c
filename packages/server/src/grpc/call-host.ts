import type { Clock } from '@balsa/raft'
import type { GrpcLimits } from './limits.js'
import { GrpcCode, GrpcError } from './status.js'

/** What the calls of one server share. */
export class CallHost {
  readonly clock: Clock
  readonly limits: GrpcLimits
  /** Bytes of partial request messages. */
  partialBytes = 0
  /** Handlers that have not settled. */
  openCalls = 0
  readonly #onError: (error: unknown, path: string) => GrpcError | undefined

  constructor(clock: Clock, limits: GrpcLimits, onError: (error: unknown, path: string) => GrpcError | undefined) {
    this.clock = clock
    this.limits = limits
    this.#onError = onError
  }

  nowMs(): number {
    return this.clock.now()
  }

  /** Status for what a handler threw that is no GrpcError. Its text stays here: it may hold what is none of the client's business. */
  statusOf(error: unknown, path: string): GrpcError {
    return this.#onError(error, path) ?? new GrpcError(GrpcCode.UNKNOWN, 'the handler failed')
  }
}
