import type { ReadOutcome } from '../core/effects.js'
import { BalsaError } from '../errors.js'
import { NumberMap } from '../number-map.js'
import type { LogIndex, MemberId } from '../types.js'
import type { CallGuards, CallOptions, Cancellable, CancelReason, Guard } from './calls.js'
import { cancelled, stopped } from './calls.js'
import { refusalError } from './proposals.js'

class PendingRead implements Cancellable {
  guard: Guard | null = null
  done = false
  readonly #table: ReadTable
  readonly ready: (index: LogIndex) => void
  readonly reject: (error: unknown) => void

  constructor(table: ReadTable, ready: (index: LogIndex) => void, reject: (error: unknown) => void) {
    this.#table = table
    this.ready = ready
    this.reject = reject
  }

  cancel(reason: CancelReason, cause: unknown): void {
    this.#table.fail(this, cancelled(reason, cause))
  }
}

interface Confirmed {
  readonly index: LogIndex
  readonly reads: readonly PendingRead[]
}

/**
 * Reads on their way to linearizability: first the core confirms an index, then the state machine must have applied it. All
 * reads of one turn share one question to the core: each of them began before it was asked, so its answer covers all.
 */
export class ReadTable {
  readonly #guards: CallGuards
  readonly #maxPending: number
  #queue: PendingRead[] = []
  #asked = new NumberMap<readonly PendingRead[]>()
  #confirmed: Confirmed[] = []
  #nextRef = 1
  #pending = 0

  constructor(maxPending: number, guards: CallGuards) {
    this.#maxPending = maxPending
    this.#guards = guards
  }

  get pending(): number {
    return this.#pending
  }

  get hasQueued(): boolean {
    return this.#queue.length > 0
  }

  /** `ready` runs synchronously at a moment when the state machine has applied the confirmed index. */
  add<T>(options: CallOptions, ready: (index: LogIndex) => T): Promise<T> {
    if (this.#pending >= this.#maxPending) {
      return Promise.reject(
        new BalsaError('OVERLOADED', `${this.#maxPending} reads wait already`, { hint: 'Wait a little, then try again.' }),
      )
    }
    const refusal = this.#guards.refusal(options)
    if (refusal !== null) return Promise.reject(refusal)
    return new Promise<T>((resolve, reject) => {
      const answer = (index: LogIndex): void => {
        try {
          resolve(ready(index))
        } catch (error) {
          // A query that throws is the caller's affair, not the node's.
          reject(error instanceof Error ? error : new BalsaError('INVALID', `the query failed: ${String(error)}`))
        }
      }
      const read = new PendingRead(this, answer, reject)
      read.guard = this.#guards.guard(read, options)
      this.#queue.push(read)
      this.#pending++
    })
  }

  /** The question for the core, on behalf of everything that arrived since the last call. */
  take(): number | null {
    const waiting = this.#queue.filter((read) => !read.done)
    this.#queue = []
    if (waiting.length === 0) return null
    const ref = this.#nextRef++
    this.#asked.set(ref, waiting)
    return ref
  }

  outcomes(outcomes: readonly ReadOutcome[], leaderAddress: (id: MemberId) => string): void {
    for (const outcome of outcomes) {
      const reads = this.#asked.get(outcome.ref)
      if (reads === undefined) continue
      this.#asked.delete(outcome.ref)
      if ('refused' in outcome) {
        const error = refusalError(outcome.refused, outcome.leaderId, leaderAddress)
        for (const read of reads) this.fail(read, error)
      } else {
        this.#confirmed.push({ index: outcome.index, reads })
      }
    }
  }

  get hasConfirmed(): boolean {
    return this.#confirmed.length > 0
  }

  /** Everything up to `index` is applied, and nothing is being applied or restored right now. */
  applied(index: LogIndex): void {
    if (this.#confirmed.length === 0) return
    const later: Confirmed[] = []
    const ready: Confirmed[] = []
    for (const confirmed of this.#confirmed) (confirmed.index <= index ? ready : later).push(confirmed)
    this.#confirmed = later
    for (const { index: confirmedIndex, reads } of ready) {
      for (const read of reads) if (this.#finish(read)) read.ready(confirmedIndex)
    }
  }

  stop(cause?: unknown): void {
    const error = stopped(cause)
    const all = [...this.#queue, ...this.#asked.values().flat(), ...this.#confirmed.flatMap(({ reads }) => reads)]
    this.#queue = []
    this.#asked = new NumberMap()
    this.#confirmed = []
    for (const read of all) this.fail(read, error)
  }

  fail(read: PendingRead, error: BalsaError): void {
    if (this.#finish(read)) read.reject(error)
  }

  #finish(read: PendingRead): boolean {
    if (read.done) return false
    read.done = true
    this.#pending--
    read.guard?.release()
    read.guard = null
    return true
  }
}
