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

/** Deadlines are rounded up to this, so that thousands of calls with nearly the same deadline are looked at together. */
const GRANULARITY_MS = 8

/** Ends calls whose signal was aborted or whose deadline passed. A call without either costs nothing here. */
export class CallGuards {
  readonly #clock: Clock
  /** By deadline. */
  readonly #buckets = new Map<number, Bucket>()
  /** One for all, and left alone when calls end: hardly a deadline ever passes, and a timer for each call costs more than one that fires for nobody. */
  #timer: Timer | null = null
  #timerAtMs = Infinity

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
    if (bucketMs !== Infinity) this.#bucket(bucketMs).add(guard)
    return guard
  }

  get pending(): number {
    let count = 0
    for (const { size } of this.#buckets.values()) count += size
    return count
  }

  #deadlineOf(options: CallOptions): number {
    const { deadlineMs = Infinity, timeoutMs = Infinity } = options
    return timeoutMs === Infinity ? deadlineMs : Math.min(deadlineMs, this.#clock.now() + timeoutMs)
  }

  #bucket(bucketMs: number): Bucket {
    const existing = this.#buckets.get(bucketMs)
    if (existing !== undefined) return existing
    const bucket = new Bucket()
    this.#buckets.set(bucketMs, bucket)
    if (bucketMs < this.#timerAtMs) this.#arm(bucketMs)
    return bucket
  }

  #arm(atMs: number): void {
    this.#timer?.cancel()
    this.#timerAtMs = atMs
    this.#timer = this.#clock.setTimer(Math.max(0, atMs - this.#clock.now()), () => this.#fired(atMs))
  }

  #fired(atMs: number): void {
    this.#timer = null
    this.#timerAtMs = Infinity
    const due = [...this.#buckets].filter(([bucketMs]) => bucketMs <= atMs)
    for (const [bucketMs] of due) this.#buckets.delete(bucketMs)
    if (this.#buckets.size > 0) this.#arm(Math.min(...this.#buckets.keys()))
    // What one of them causes may release others.
    for (const [, bucket] of due) for (const guard of bucket.all()) if (guard.bucket !== null) guard.fire('DEADLINE', undefined)
  }

  /** Ends no call: whoever made them has ended them. */
  stop(): void {
    this.#timer?.cancel()
    this.#timer = null
  }

  /** For CallGuard only. */
  forget(guard: CallGuard, bucketMs: number): void {
    const { bucket } = guard
    if (bucket === null) return
    bucket.delete(guard)
    if (bucket.size === 0 && this.#buckets.get(bucketMs) === bucket) this.#buckets.delete(bucketMs)
  }
}

/** Guards of nearly the same deadline, each of which knows its neighbours: a set would give every one of them a hash. */
class Bucket {
  #first: CallGuard | null = null
  #size = 0

  get size(): number {
    return this.#size
  }

  add(guard: CallGuard): void {
    guard.bucket = this
    guard.next = this.#first
    if (this.#first !== null) this.#first.previous = guard
    this.#first = guard
    this.#size += 1
  }

  delete(guard: CallGuard): void {
    const { previous, next } = guard
    if (previous === null) this.#first = next
    else previous.next = next
    if (next !== null) next.previous = previous
    guard.bucket = null
    guard.previous = null
    guard.next = null
    this.#size -= 1
  }

  /** In the order in which they came. */
  all(): CallGuard[] {
    const guards: CallGuard[] = []
    for (let guard = this.#first; guard !== null; guard = guard.next) guards.push(guard)
    return guards.reverse()
  }
}

class CallGuard implements Guard {
  readonly #guards: CallGuards
  readonly #call: Cancellable
  readonly #signal: AbortSignalLike | undefined
  readonly #bucketMs: number
  readonly #onAbort: (() => void) | null
  /** For Bucket only. */
  bucket: Bucket | null = null
  previous: CallGuard | null = null
  next: CallGuard | null = null

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
