import { BalsaError, type Clock, type Timer } from '@balsa/raft'
import type { CommandResult } from '../result.js'
import type { CallOptions } from '../key-value-store.js'
import type { Attempt, StoreAnswer, StoreBackend, StoreRequest } from './backend.js'
import type { ClientSession } from './client-session.js'
import { refusalError } from './refusal.js'

export interface CallEnvironment {
  readonly clock: Clock
  readonly backend: StoreBackend
  /** Silence for so long makes a call try elsewhere; Infinity = never. */
  readonly attemptTimeoutMs: number
  readonly defaultDeadlineMs: number
}

export interface CallOwner {
  /** The call was settled: its place is free. */
  finished(call: Call): void
  /** Why a call that has made no attempt could not. */
  blockedBy(call: Call): BalsaError | null
  /** The call's session has expired. It was certainly not applied when `again`, and waits for a stamp of another session. */
  sessionExpired(call: Call, session: ClientSession, again: boolean): void
}

/** More unanswered attempts of one call than this are not listened to any more, oldest first. */
const MAX_OPEN_ATTEMPTS = 8

/** What a session says of a write that was not executed, and does not keep as its answer. */
const ABOUT_SESSIONS: ReadonlySet<string> = new Set(['SESSION_EXPIRED', 'SESSION_LIMIT', 'STALE_REQUEST'])

const SESSION_EXPIRED_HINT =
  'The session ended while this write was being retried, so its first attempt can not be found any more. Read the key to see whether it was applied.'
const UNKNOWN_HINT = 'The write may have been applied, or may still be. Read the key before writing again.'

/**
 * One request from its first attempt to its only outcome. The rule behind every rejection: `undecided` counts the attempts that were made and not
 * refused for certain. A refusal is reported only when it is 0, because any of those attempts may have taken effect, or may yet.
 */
export class Call {
  readonly #environment: CallEnvironment
  readonly #owner: CallOwner
  /** The request changes something when it is repeated: its outcome can be unknown. */
  readonly #isWrite: boolean
  readonly #deadlineMs: number
  readonly #resolve: (answer: StoreAnswer) => void
  readonly #reject: (error: BalsaError) => void
  readonly #signal: AbortSignal | undefined
  readonly #onAbort = (): void => this.#aborted()
  readonly #deadlineTimer: Timer | null
  readonly #attempts = new Map<number, Attempt | null>()
  #nextAttempt = 1
  #timer: Timer | null = null
  #undecided = 0
  #request: StoreRequest | null = null
  #lastError: BalsaError | null = null
  #done = false
  /** Where the write is remembered, for exactly once; null for everything else. */
  stamp: { readonly session: ClientSession; readonly sequence: number } | null = null

  constructor(
    environment: CallEnvironment,
    owner: CallOwner,
    isWrite: boolean,
    options: CallOptions,
    resolve: (answer: StoreAnswer) => void,
    reject: (error: BalsaError) => void,
  ) {
    this.#environment = environment
    this.#owner = owner
    this.#isWrite = isWrite
    this.#resolve = resolve
    this.#reject = reject
    this.#deadlineMs = options.deadlineMs ?? environment.defaultDeadlineMs
    this.#signal = options.signal
    this.#signal?.addEventListener('abort', this.#onAbort)
    this.#deadlineTimer = Number.isFinite(this.#deadlineMs) ? environment.clock.setTimer(this.#deadlineMs, () => this.#expired()) : null
  }

  /** What the newest failed attempt said. */
  get lastError(): BalsaError | null {
    return this.#lastError
  }

  begin(request: StoreRequest): void {
    this.#request = request
    this.#try()
  }

  /** Settles the call because everything ends. */
  stop(): void {
    this.#giveUp(new BalsaError('STOPPED', 'the store was closed'), 'the store was closed before the answer came')
  }

  /** Settles a call that has made no attempt. */
  refuse(error: BalsaError): void {
    this.#settle(() => this.#reject(error))
  }

  #try(): void {
    const { backend, clock, attemptTimeoutMs } = this.#environment
    const request = this.#request
    if (this.#done || request === null) return
    const id = this.#nextAttempt++
    this.#attempts.set(id, null)
    this.#undecided += 1
    const attempt = backend.attempt(request, {
      onAnswer: (answer) => this.#answered(id, answer),
      onError: (error, retryAfterMs) => this.#failed(id, error, retryAfterMs),
    })
    this.#attempts.set(id, attempt)
    this.#forgetOldest()
    if (Number.isFinite(attemptTimeoutMs)) this.#timer = clock.setTimer(attemptTimeoutMs, () => this.#tryAgainIn(attempt.silent()))
  }

  #forgetOldest(): void {
    if (this.#attempts.size <= MAX_OPEN_ATTEMPTS) return
    const [oldest] = this.#attempts.keys()
    if (oldest !== undefined) this.#forget(oldest)
  }

  #forget(id: number): void {
    const unsent = this.#attempts.get(id)?.cancel() ?? false
    this.#attempts.delete(id)
    if (unsent) this.#undecided -= 1
  }

  #tryAgainIn(delayMs: number): void {
    this.#timer?.cancel()
    this.#timer = this.#environment.clock.setTimer(delayMs, () => this.#try())
  }

  #failed(id: number, error: BalsaError, retryAfterMs: number | null): void {
    if (this.#done || !this.#attempts.delete(id)) return
    if (error.family === 'refused') this.#undecided -= 1
    this.#lastError = error
    if (retryAfterMs === null) this.#giveUp(error, `${error.code}: ${error.message}`)
    // An older attempt that fails late says nothing about the newest one, which has its own timer.
    else if (id === this.#nextAttempt - 1) this.#tryAgainIn(retryAfterMs)
  }

  #answered(id: number, answer: StoreAnswer): void {
    if (this.#done || !this.#attempts.delete(id)) return
    if (this.stamp !== null) this.stamp.session.used = true
    if (answer.type === 'result' && answer.result.type === 'refused') this.#refusedByStateMachine(answer.result)
    else this.#settle(() => this.#resolve(answer))
  }

  #refusedByStateMachine(result: CommandResult & { readonly type: 'refused' }): void {
    const { code } = result
    const error = refusalError(code)
    // Remembered under the sequence: every other attempt of it gets the same answer.
    if (this.stamp !== null && !ABOUT_SESSIONS.has(code)) return this.#settle(() => this.#reject(error))
    this.#undecided -= 1
    if (code === 'SESSION_EXPIRED' && this.stamp !== null) return this.#sessionExpired(this.stamp.session, error)
    this.#giveUp(error, error.message)
  }

  #sessionExpired(session: ClientSession, error: BalsaError): void {
    if (this.#undecided === 0) {
      this.#timer?.cancel()
      this.#request = null
      this.stamp = null
      this.#owner.sessionExpired(this, session, true)
      return
    }
    this.#owner.sessionExpired(this, session, false)
    this.#settle(() =>
      this.#reject(
        new BalsaError('OUTCOME_UNKNOWN', 'the session expired before the answer came', { cause: error, hint: SESSION_EXPIRED_HINT }),
      ),
    )
  }

  #expired(): void {
    const cause = this.#lastError ?? this.#owner.blockedBy(this)
    const text = `no answer within ${this.#deadlineMs} ms${cause === null ? '' : `; last error: ${cause.code}: ${cause.message}`}`
    const hint = cause?.hint ?? 'Check that a majority of the members runs and can be reached.'
    this.#giveUp(new BalsaError('DEADLINE', text, { hint, ...(cause === null ? {} : { cause }) }), text)
  }

  #aborted(): void {
    const cause: unknown = this.#signal?.reason
    this.#giveUp(new BalsaError('ABORTED', 'the call was aborted', { cause }), 'the call was aborted before the answer came')
  }

  /** Ends the call without an answer: as `refusal` when it is certain that nothing happened. Reads have no effect that could be unknown. */
  #giveUp(refusal: BalsaError, reason: string): void {
    for (const id of [...this.#attempts.keys()]) this.#forget(id)
    const unknown = this.#isWrite && this.#undecided > 0
    const error = unknown ? new BalsaError('OUTCOME_UNKNOWN', reason, { cause: refusal, hint: UNKNOWN_HINT }) : refusal
    this.#settle(() => this.#reject(error))
  }

  #settle(outcome: () => void): void {
    if (this.#done) return
    this.#done = true
    this.#timer?.cancel()
    this.#deadlineTimer?.cancel()
    this.#signal?.removeEventListener('abort', this.#onAbort)
    for (const id of [...this.#attempts.keys()]) this.#forget(id)
    if (this.stamp !== null) this.stamp.session.answered(this.stamp.sequence)
    outcome()
    this.#owner.finished(this)
  }
}
