import type { TransferOutcome } from '../core/effects.js'
import { BalsaError } from '../errors.js'
import type { MemberId } from '../types.js'
import type { CallGuards, CallOptions, Cancellable, CancelReason, Guard } from './calls.js'
import { stopped } from './calls.js'
import { refusalError } from './proposals.js'

class PendingTransfer implements Cancellable {
  guard: Guard | null = null
  readonly #table: TransferTable
  readonly ref: number
  readonly resolve: (target: MemberId) => void
  readonly reject: (error: unknown) => void

  constructor(table: TransferTable, ref: number, resolve: (target: MemberId) => void, reject: (error: unknown) => void) {
    this.#table = table
    this.ref = ref
    this.resolve = resolve
    this.reject = reject
  }

  cancel(reason: CancelReason, cause: unknown): void {
    const why = reason === 'ABORTED' ? 'the caller aborted' : 'the deadline passed'
    const details = cause === undefined ? {} : { cause }
    this.#table.fail(this.ref, new BalsaError('OUTCOME_UNKNOWN', `${why}: leadership may still be handed over`, details))
  }
}

/** Who waits for a transfer of leadership to end. */
export class TransferTable {
  readonly #guards: CallGuards
  readonly #pending = new Map<number, PendingTransfer>()
  #nextRef = 1

  constructor(guards: CallGuards) {
    this.#guards = guards
  }

  /** `begin` hands the transfer to the core under the number that it is given. */
  add(options: CallOptions, begin: (ref: number) => void): Promise<MemberId> {
    const refusal = this.#guards.refusal(options)
    if (refusal !== null) return Promise.reject(refusal)
    return new Promise((resolve, reject) => {
      const transfer = new PendingTransfer(this, this.#nextRef++, resolve, reject)
      transfer.guard = this.#guards.guard(transfer, options)
      this.#pending.set(transfer.ref, transfer)
      begin(transfer.ref)
    })
  }

  outcomes(outcomes: readonly TransferOutcome[], leaderId: MemberId | null, leaderAddress: (id: MemberId) => string): void {
    for (const outcome of outcomes) {
      if ('refused' in outcome) {
        this.fail(outcome.ref, refusalError(outcome.refused, leaderId, leaderAddress))
      } else {
        const transfer = this.#take(outcome.ref)
        transfer?.resolve(outcome.target)
      }
    }
  }

  stop(cause?: unknown): void {
    const error = stopped(cause)
    for (const ref of [...this.#pending.keys()]) this.fail(ref, error)
  }

  fail(ref: number, error: BalsaError): void {
    this.#take(ref)?.reject(error)
  }

  #take(ref: number): PendingTransfer | undefined {
    const transfer = this.#pending.get(ref)
    this.#pending.delete(ref)
    transfer?.guard?.release()
    return transfer
  }
}
