import { BalsaError, type Clock, type Timer } from '@balsa/raft'
import type { GrpcCallOptions } from '../grpc/grpc-call.js'
import type { GrpcChannel } from '../grpc/grpc-channel.js'
import { attemptUnary, type RpcMethod, type UnaryAttempt } from './unary.js'

/**
 * `read` has no effect. `repeatable` may be done twice without harm, and is tried again when its outcome is not known. `once` is tried again only when it has certainly
 * had no effect.
 */
export type RepeatRule = 'read' | 'repeatable' | 'once'

export interface UnaryCallOptions extends GrpcCallOptions {
  readonly rule: RepeatRule
  readonly deadlineMs: number
  readonly signal: AbortSignal | undefined
  readonly onFinished: (call: { stop(): void }) => void
}

/** One call from its first attempt to its only outcome. */
export class UnaryCall<Request extends object, Response extends object> {
  readonly #channel: GrpcChannel
  readonly #clock: Clock
  readonly #method: RpcMethod<Request, Response>
  readonly #request: Request
  readonly #options: UnaryCallOptions
  readonly #resolve: (answer: Response) => void
  readonly #reject: (error: BalsaError) => void
  readonly #deadlineTimer: Timer | null
  readonly #onAbort = (): void => this.#giveUp(new BalsaError('ABORTED', 'the call was aborted', { cause: this.#options.signal?.reason }))
  #attempt: UnaryAttempt | null = null
  #retryTimer: Timer | null = null
  /** An attempt that may have had its effect has failed. */
  #undecided = false
  #lastError: BalsaError | null = null
  #done = false

  constructor(
    channel: GrpcChannel,
    clock: Clock,
    method: RpcMethod<Request, Response>,
    request: Request,
    options: UnaryCallOptions,
    settle: { readonly resolve: (answer: Response) => void; readonly reject: (error: BalsaError) => void },
  ) {
    this.#channel = channel
    this.#clock = clock
    this.#method = method
    this.#request = request
    this.#options = options
    this.#resolve = settle.resolve
    this.#reject = settle.reject
    const { deadlineMs, signal } = options
    this.#deadlineTimer = Number.isFinite(deadlineMs) ? clock.setTimer(deadlineMs, () => this.#expired()) : null
    signal?.addEventListener('abort', this.#onAbort)
  }

  begin(): void {
    if (this.#options.signal?.aborted === true) this.#onAbort()
    else this.#try()
  }

  stop(): void {
    this.#giveUp(new BalsaError('STOPPED', 'the client was closed'))
  }

  #try(): void {
    if (this.#done) return
    this.#attempt = attemptUnary(this.#channel, this.#method, this.#request, this.#options.rule !== 'read', this.#options, {
      onAnswer: (answer) => this.#settle(() => this.#resolve(answer)),
      onError: (error, retryAfterMs) => this.#failed(error, retryAfterMs),
    })
  }

  #failed(error: BalsaError, retryAfterMs: number | null): void {
    const endpoint = this.#attempt?.endpoint
    this.#attempt = null
    this.#lastError = error
    let delayMs = retryAfterMs
    if (error.family !== 'refused') {
      this.#undecided = true
      const isFinal = error.cause instanceof BalsaError && error.cause.code === 'NO_SPACE'
      if (this.#options.rule === 'repeatable' && !isFinal && endpoint !== undefined) delayMs = this.#channel.failed(endpoint)
    }
    if (delayMs === null) this.#giveUp(error)
    else this.#retryTimer = this.#clock.setTimer(delayMs, () => this.#try())
  }

  #expired(): void {
    const last = this.#lastError
    const text = `no answer within ${this.#options.deadlineMs} ms${last === null ? '' : `; last error: ${last.code}: ${last.message}`}`
    this.#giveUp(new BalsaError('DEADLINE', text, last === null ? {} : { cause: last }))
  }

  /** With `error` when it is certain that nothing was done. */
  #giveUp(error: BalsaError): void {
    const unsent = this.#attempt?.cancel() ?? true
    const certain = this.#options.rule === 'read' || (unsent && !this.#undecided) || error.family !== 'refused'
    const outcome = certain ? error : new BalsaError('OUTCOME_UNKNOWN', error.message, { cause: error })
    this.#settle(() => this.#reject(outcome))
  }

  #settle(outcome: () => void): void {
    if (this.#done) return
    this.#done = true
    this.#retryTimer?.cancel()
    this.#deadlineTimer?.cancel()
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
    this.#options.onFinished(this)
    outcome()
  }
}
