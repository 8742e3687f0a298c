import type { AdminAnswer, AlarmsView, CallOptions, LeaderRequest, MembersView, StoreAnswer } from '@balsa/kv'
import { BalsaError, type MembershipChange } from '@balsa/raft'

export interface ChangeMembershipOptions extends CallOptions {
  /** Change also when a majority of the new voters does not seem to be alive. */
  readonly force?: boolean
}

/** A committed change. */
export interface MembershipChanged {
  /** Where the configuration stands in the log. */
  readonly index: number
  /** Ids of the members that were added or that replace others, in the order of the changes. */
  readonly ids: readonly number[]
}

type Ask = (request: LeaderRequest, options: CallOptions) => Promise<StoreAnswer>

/**
 * Who belongs to the cluster, and who leads it. Every call goes to the leader, wherever it is. Changes are made at most once: when the answer to
 * one is lost, the call ends with OUTCOME_UNKNOWN, and `members` shows what became of it.
 */
export class Admin {
  readonly #ask: Ask

  constructor(ask: Ask) {
    this.#ask = ask
  }

  /** All members as their leader sees them. Refused: NO_LEADER, UNAVAILABLE, DEADLINE, ABORTED, STOPPED. */
  async members(options: CallOptions = {}): Promise<MembersView> {
    return (await this.#answer('members', { type: 'members' }, options)).view
  }

  /**
   * Makes these changes in one step; resolves when it is committed. A new member with id 0 gets an id from the cluster. Members that were added
   * with `promote`, or that replace others, become voters later, by themselves; {@link Admin.members} shows how far they are.
   * Refused: MEMBER_EXISTS, MEMBER_UNKNOWN, MEMBER_REMOVED, QUORUM_AT_RISK (unless forced), INVALID; DEADLINE with the last reason (such as
   * MEMBERSHIP_PENDING, or UNAVAILABLE for a learner that does not keep up yet). Unknown: OUTCOME_UNKNOWN, LEADERSHIP_LOST.
   */
  async changeMembership(changes: readonly MembershipChange[], options: ChangeMembershipOptions = {}): Promise<MembershipChanged> {
    const { force = false, ...call } = options
    const { index, ids } = await this.#answer('changed', { type: 'change', changes, force }, call)
    return { index, ids }
  }

  /**
   * Makes `target` lead (or the voter that is furthest, for null); resolves to its id once it does.
   * Refused: INVALID (not a voter), TRANSFER_FAILED, DEADLINE. Unknown: OUTCOME_UNKNOWN.
   */
  async transferLeadership(target: number | null = null, options: CallOptions = {}): Promise<number> {
    return (await this.#answer('transferred', { type: 'transfer', target }, options)).leaderId
  }

  /** All alarms, as the leader knows them. Refused: NO_LEADER, UNAVAILABLE, DEADLINE, ABORTED, STOPPED. */
  async alarms(options: CallOptions = {}): Promise<AlarmsView['alarms']> {
    return (await this.#answer('alarms', { type: 'alarms', disarm: false }, options)).alarms
  }

  /**
   * Clears the alarms that were raised by hand; answers them, and those that are still raised: what members raise themselves lasts as long as what it tells of. May be
   * done twice without harm. Refused: NO_LEADER, UNAVAILABLE, DEADLINE, ABORTED, STOPPED.
   */
  async disarm(options: CallOptions = {}): Promise<AlarmsView> {
    const { alarms, cleared } = await this.#answer('alarms', { type: 'alarms', disarm: true }, options)
    return { alarms, cleared }
  }

  async #answer<T extends AdminAnswer['type']>(
    type: T,
    request: LeaderRequest,
    options: CallOptions,
  ): Promise<Extract<AdminAnswer, { readonly type: T }>> {
    const answer = await this.#ask(request, options)
    if (answer.type === 'admin' && isOf(answer.admin, type)) return answer.admin
    throw new BalsaError('OUTCOME_UNKNOWN', `the answer, ${answer.type}, does not fit the question`)
  }
}

/** Whether a repetition of the request may have another effect than once. */
export const changes = (request: LeaderRequest): boolean => request.type === 'change' || request.type === 'transfer'

const isOf = <T extends AdminAnswer['type']>(answer: AdminAnswer, type: T): answer is Extract<AdminAnswer, { readonly type: T }> =>
  answer.type === type
