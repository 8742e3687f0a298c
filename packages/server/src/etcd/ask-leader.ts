import type { AdminAnswer, AdminRequest, MemberStatus } from '@balsa/kv'
import { BalsaError, type Clock } from '@balsa/raft'
import type { LeaderLink } from '../store/leader-link.js'
import type { StoreCallOptions } from '../store/member-store.js'

export interface AskLeaderParts {
  readonly clock: Clock
  readonly local: { handle(request: AdminRequest): Promise<AdminAnswer> }
  readonly leader: Pick<LeaderLink, 'admin'>
  readonly status: () => MemberStatus
}

/** Between two attempts, when no event tells when it is worth it. */
const PAUSE_MS = 50
/** Refusals that end by themselves, soon. */
const PASSING: ReadonlySet<string> = new Set(['NOT_LEADER', 'NO_LEADER', 'TRANSFER_IN_PROGRESS', 'UNAVAILABLE', 'SUPERSEDED'])

/** What an operator asks of any member, answered by whoever leads. Rejects with BalsaError: the last refusal when the time is over. */
export async function askLeader(parts: AskLeaderParts, request: AdminRequest, options: StoreCallOptions): Promise<AdminAnswer> {
  for (;;) {
    try {
      return await attempt(parts, request, options)
    } catch (error) {
      if (!(error instanceof BalsaError) || !isPassing(error, request)) throw error
      const left = options.deadlineMs - parts.clock.now()
      if (left <= 0) throw error
      await new Promise<void>((resolve) => void parts.clock.setTimer(Math.min(PAUSE_MS, left), resolve))
    }
  }
}

/** A learner that is behind is unavailable as well, for as long as it takes: whoever promotes it wants to know. */
const isPassing = ({ code }: BalsaError, request: AdminRequest): boolean =>
  PASSING.has(code) && !(code === 'UNAVAILABLE' && request.type === 'change' && request.changes.some(({ type }) => type === 'promote'))

async function attempt({ local, leader, status }: AskLeaderParts, request: AdminRequest, options: StoreCallOptions): Promise<AdminAnswer> {
  const { leaderId, leaderAddress, memberId } = status()
  if (leaderId === memberId || leaderAddress === '') return local.handle(request)
  return leader.admin(leaderAddress, request, options)
}
