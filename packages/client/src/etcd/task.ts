import type { Attempt, AttemptHandlers, StoreAnswer } from '@balsa/kv'
import { BalsaError } from '@balsa/raft'
import type { GrpcChannel } from '../grpc/grpc-channel.js'
import type { HeaderFields } from '../grpc/http2.js'
import { attemptUnary, type RpcMethod, type UnaryAttempt } from './unary.js'

/** One question to etcd. `changes`: its outcome can be unknown. Rejects with BalsaErrors. */
export type Ask = <Request extends object, Response extends object>(
  method: RpcMethod<Request, Response>,
  request: Request,
  changes?: boolean,
) => Promise<Response>

/** Longer than any call waits: a change is never made a second time, because it could not be told from the first. */
const NEVER_AGAIN_MS = 24 * 3_600_000
/** A member that knows no leader refuses at once, instead of waiting for one. */
const REQUIRE_LEADER: HeaderFields = { hasleader: 'true' }

export interface TaskKind {
  /** Members may answer from what they have. */
  readonly isLocal: boolean
  /** It changes something sooner or later. */
  readonly isWrite: boolean
}

/** One attempt of a request that may take several questions. At most one of them changes anything, or those before it certainly did not. */
export class EtcdTask implements Attempt {
  readonly #channel: GrpcChannel
  readonly #metadata: HeaderFields
  readonly #isWrite: boolean
  #current: UnaryAttempt | null = null
  /** A change is under way. */
  #changing = false
  /** One has been made, or may have been. */
  #touched = false
  #cancelled = false
  #retryAfterMs: number | null = null

  constructor(channel: GrpcChannel, { isLocal, isWrite }: TaskKind, work: (ask: Ask) => Promise<StoreAnswer>, handlers: AttemptHandlers) {
    this.#channel = channel
    this.#metadata = isLocal ? {} : REQUIRE_LEADER
    this.#isWrite = isWrite
    work((method, request, changes = false) => this.#ask(method, request, changes)).then(
      (answer) => {
        if (!this.#cancelled) handlers.onAnswer(answer)
      },
      (error: unknown) => {
        if (!this.#cancelled) handlers.onError(asBalsaError(error, this.#touched), this.#retryAfterMs)
      },
    )
  }

  cancel(): boolean {
    this.#cancelled = true
    const unsent = this.#current?.cancel() ?? true
    return unsent || !this.#changing
  }

  /** A second attempt of what is going to change something, while this one goes on, would do it twice. */
  silent(): number {
    const delayMs = this.#current?.silent() ?? 0
    return this.#isWrite ? NEVER_AGAIN_MS : delayMs
  }

  #ask<Request extends object, Response extends object>(
    method: RpcMethod<Request, Response>,
    request: Request,
    changes: boolean,
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      // Nobody waits for what would come of it.
      if (this.#cancelled) return
      this.#changing = changes
      this.#touched ||= changes
      this.#retryAfterMs = null
      this.#current = attemptUnary(
        this.#channel,
        method,
        request,
        changes,
        { metadata: this.#metadata },
        {
          onAnswer: (answer) => {
            this.#current = null
            this.#changing = false
            resolve(answer)
          },
          onError: (error, retryAfterMs) => {
            this.#current = null
            this.#retryAfterMs = retryAfterMs
            reject(error)
          },
        },
      )
    })
  }
}

/** An answer that makes no sense leaves the outcome open only when there is one. */
function asBalsaError(cause: unknown, touched: boolean): BalsaError {
  if (cause instanceof BalsaError && (touched || cause.family === 'refused')) return cause
  const text = cause instanceof Error ? cause.message : 'an answer could not be read'
  return new BalsaError(touched ? 'OUTCOME_UNKNOWN' : 'MALFORMED', text, { cause })
}
