import type { TransferOutcome } from '../core/effects.js'
import type { MemberId } from '../types.js'
import { CallTable } from './call-table.js'
import type { CallGuards, CallOptions } from './calls.js'
import { stopped } from './calls.js'
import { refusalError } from './proposals.js'

/** Who waits for a transfer of leadership to end. */
export class TransferTable {
  readonly #calls: CallTable<MemberId>

  constructor(guards: CallGuards) {
    this.#calls = new CallTable(guards, 'leadership may still be handed over')
  }

  /** `begin` hands the transfer to the core under the number that it is given. */
  add(options: CallOptions, begin: (ref: number) => void): Promise<MemberId> {
    return this.#calls.add(options, begin)
  }

  outcomes(outcomes: readonly TransferOutcome[], leaderId: MemberId | null, leaderAddress: (id: MemberId) => string): void {
    for (const outcome of outcomes) {
      if ('refused' in outcome) this.#calls.fail(outcome.ref, refusalError(outcome.refused, leaderId, leaderAddress))
      else this.#calls.resolve(outcome.ref, outcome.target)
    }
  }

  stop(cause?: unknown): void {
    this.#calls.failAll(stopped(cause))
  }
}
