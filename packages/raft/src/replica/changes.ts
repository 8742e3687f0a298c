import type { ChangeOutcome } from '../core/effects.js'
import type { ErrorCode } from '../errors.js'
import { BalsaError } from '../errors.js'
import type { Configuration, LogIndex, MemberId } from '../types.js'
import { CallTable } from './call-table.js'
import type { CallGuards, CallOptions } from './calls.js'
import { refusalError } from './proposals.js'

/** A committed change of membership. */
export interface MembershipChanged {
  /** Where the resulting configuration stands in the log. */
  readonly index: LogIndex
  readonly configuration: Configuration
}

const MAY_STILL = 'the change may still be made'

/** What to do about a refusal, where that is not plain from its text. */
const HINTS: { readonly [Code in ErrorCode]?: string } = {
  UNAVAILABLE: 'Wait a moment, then try again.',
  MEMBERSHIP_PENDING: 'One change at a time: wait for it, then look at the configuration before another one.',
  QUORUM_AT_RISK: 'Repair or replace those members first, or force the change.',
  MEMBER_REMOVED: 'Give the member a new id, and an empty data directory.',
  LEADERSHIP_LOST: 'Look at the configuration on the new leader before trying again.',
}

/** Who waits for a change of membership to be committed. */
export class ChangeTable {
  readonly #calls: CallTable<MembershipChanged>

  constructor(guards: CallGuards) {
    this.#calls = new CallTable(guards, MAY_STILL)
  }

  /** `begin` hands the change to the core under the number that it is given. */
  add(options: CallOptions, begin: (ref: number) => void): Promise<MembershipChanged> {
    return this.#calls.add(options, begin)
  }

  outcomes(outcomes: readonly ChangeOutcome[], leaderAddress: (id: MemberId) => string): void {
    for (const outcome of outcomes) {
      if ('refused' in outcome) this.#calls.fail(outcome.ref, errorOf(outcome, leaderAddress))
      else this.#calls.resolve(outcome.ref, { index: outcome.index, configuration: outcome.configuration })
    }
  }

  /** The node stops. The core may have begun it, and others may finish it. */
  stop(cause?: unknown): void {
    const details = cause === undefined ? {} : { cause }
    this.#calls.failAll(new BalsaError('OUTCOME_UNKNOWN', `this replica stopped: ${MAY_STILL}`, details))
  }
}

function errorOf(
  { refused, reason, leaderId }: Extract<ChangeOutcome, { refused: ErrorCode }>,
  leaderAddress: (id: MemberId) => string,
): BalsaError {
  if (refused === 'NOT_LEADER' || refused === 'NO_LEADER') return refusalError(refused, leaderId, leaderAddress)
  const hint = HINTS[refused]
  return new BalsaError(refused, reason, hint === undefined ? {} : { hint })
}
