import { BalsaError } from '../errors.js'
import type { Clock, Timer } from '../ports/clock.js'

/** The part of the platform's AbortSignal that is used. */
export interface AbortSignalLike {
  readonly aborted: boolean
  readonly reason?: unknown
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once?: boolean }): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/** How long a caller is willing to wait. Whichever comes first ends the call; without any of them it waits until the node stops. */
export interface CallOptions {
  readonly signal?: AbortSignalLike
  /** Absolute, on the scale of the replica's `Clock.now()`. */
  readonly deadlineMs?: number
  /** From now. */
  readonly timeoutMs?: number
}

export type CancelReason = 'ABORTED' | 'DEADLINE'

/** A call whose answer is not known yet. */
export interface Cancellable {
  /** The caller no longer waits. What that means for the outcome is for the call to know. */
  cancel(reason: CancelReason, cause: unknown): void
}

/** Watches over one call until it is released. */
export interface Guard {
  release(): void
}

/** Deadlines are rounded up to this, so that thousands of calls with nearly the same deadline share one timer. */
const GRANULARITY_MS = 8

interface Bucket {
  readonly guards: Set<CallGuard>
  readonly timer: Timer
}

/** Ends calls whose signal was aborted or whose deadline passed. A call without either costs nothing here. */
export class CallGuards {
  readonly #clock: Clock
  readonly #buckets = new Map<number, Bucket>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Why a call must not even begin, or null. */
  refusal(options: CallOptions): BalsaError | null {
    if (options.signal?.aborted === true) return cancelled('ABORTED', options.signal.reason)
    return this.#deadlineOf(options) <= this.#clock.now() ? cancelled('DEADLINE', undefined) : null
  }

  /** Null when there is nothing to watch. */
  guard(call: Cancellable, options: CallOptions): Guard | null {
    const deadlineMs = this.#deadlineOf(options)
    if (options.signal === undefined && deadlineMs === Infinity) return null
    const bucketMs = deadlineMs === Infinity ? Infinity : Math.ceil(deadlineMs / GRANULARITY_MS) * GRANULARITY_MS
    const guard = new CallGuard(this, call, options.signal, bucketMs)
    if (bucketMs !== Infinity) this.#bucket(bucketMs).guards.add(guard)
    return guard
  }

  get pending(): number {
    let count = 0
    for (const bucket of this.#buckets.values()) count += bucket.guards.size
    return count
  }

  #deadlineOf(options: CallOptions): number {
    const { deadlineMs = Infinity, timeoutMs = Infinity } = options
    return timeoutMs === Infinity ? deadlineMs : Math.min(deadlineMs, this.#clock.now() + timeoutMs)
  }

  #bucket(bucketMs: number): Bucket {
    const existing = this.#buckets.get(bucketMs)
    if (existing !== undefined) return existing
    const timer = this.#clock.setTimer(Math.max(0, bucketMs - this.#clock.now()), () => this.#expire(bucketMs))
    const bucket = { guards: new Set<CallGuard>(), timer }
    this.#buckets.set(bucketMs, bucket)
    return bucket
  }

  #expire(bucketMs: number): void {
    const bucket = this.#buckets.get(bucketMs)
    if (bucket === undefined) return
    this.#buckets.delete(bucketMs)
    for (const guard of bucket.guards) guard.fire('DEADLINE', undefined)
  }

  /** For CallGuard only. */
  forget(guard: CallGuard, bucketMs: number): void {
    const bucket = this.#buckets.get(bucketMs)
    if (bucket === undefined) return
    bucket.guards.delete(guard)
    if (bucket.guards.size > 0) return
    bucket.timer.cancel()
    this.#buckets.delete(bucketMs)
  }
}

class CallGuard implements Guard {
  readonly #guards: CallGuards
  readonly #call: Cancellable
  readonly #signal: AbortSignalLike | undefined
  readonly #bucketMs: number
  readonly #onAbort: (() => void) | null

  constructor(guards: CallGuards, call: Cancellable, signal: AbortSignalLike | undefined, bucketMs: number) {
    this.#guards = guards
    this.#call = call
    this.#signal = signal
    this.#bucketMs = bucketMs
    this.#onAbort = signal === undefined ? null : () => this.fire('ABORTED', signal.reason)
    if (this.#onAbort !== null) signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  fire(reason: CancelReason, cause: unknown): void {
    this.release()
    this.#call.cancel(reason, cause)
  }

  release(): void {
    if (this.#onAbort !== null) this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#guards.forget(this, this.#bucketMs)
  }
}

/** The caller gave up before anything could happen. */
export function cancelled(reason: CancelReason, cause: unknown): BalsaError {
  const details = cause === undefined ? {} : { cause }
  return reason === 'ABORTED'
    ? new BalsaError('ABORTED', 'the caller aborted before anything happened', details)
    : new BalsaError('DEADLINE', 'the deadline passed before anything happened', details)
}

/** The caller gave up when the command was already on its way. */
export function cancelledUnknown(reason: CancelReason, cause: unknown): BalsaError {
  const why = reason === 'ABORTED' ? 'the caller aborted' : 'the deadline passed'
  return new BalsaError('OUTCOME_UNKNOWN', `${why} while the command was being replicated: it may still be applied`, {
    hint: 'Read the state before repeating it, or use a session, which makes repeating safe.',
    ...(cause === undefined ? {} : { cause }),
  })
}

export const stopped = (cause?: unknown): BalsaError =>
  new BalsaError('STOPPED', 'this replica has stopped', { hint: 'Ask another member.', ...(cause === undefined ? {} : { cause }) })
