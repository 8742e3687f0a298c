import {
  type CommandResult,
  type KvAnswer,
  type KvQuery,
  MAX_KEY_BYTES,
  type MemberStatus,
  refusalOf,
  wireError,
  type WriteRequest,
} from '@balsa/kv'
import { type AgedAnswer, BalsaError, type Clock, type Replica } from '@balsa/raft'
import type { MemberAnswer, MemberRequest, RequestHandler } from './client-session.js'
import { type AdminRequests, describeAdmin } from './admin-requests.js'
import { errorFields, type Logger } from './logger.js'
import type { MemberMetrics } from './metrics/member-metrics.js'

export interface MemberRequestsOptions {
  readonly replica: Pick<Replica<CommandResult, KvQuery, KvAnswer>, 'propose' | 'readWithAge' | 'status'>
  readonly clock: Clock
  readonly metrics: MemberMetrics
  /** A request that is not answered after this time ends: DEADLINE (refused) or OUTCOME_UNKNOWN (unknown). */
  readonly requestTimeoutMs: number
  /** Key and value of a write together; at most what the data model allows. */
  readonly maxRequestBytes: number
  readonly status: () => MemberStatus
  readonly admin: Pick<AdminRequests, 'handle'>
  readonly logger: Logger
  /** Puts the names of members in place of the numbers that consensus knows them by. */
  readonly withNames: (text: string) => string
}

type Answer = (answer: MemberAnswer) => void

const ELSEWHERE_HINT = 'This member does not know where clients reach the leader: name all members in the endpoints.'

/** Consensus knows who leads; where clients reach it, it may not. */
function withLeaderAddress(error: unknown, status: () => MemberStatus): unknown {
  if (!(error instanceof BalsaError) || error.code !== 'NOT_LEADER' || error.leaderAddress !== undefined) return error
  const { leaderId, leaderAddress } = status()
  if (leaderId === null || leaderAddress === '' || leaderId !== error.leaderId) return error
  return new BalsaError(error.code, `the leader is at ${leaderAddress}`, { leaderId, leaderAddress, cause: error })
}

/** Client requests as calls of the replica. Linearizable reads work on every member; all that arrive in one turn share one round of consensus. */
export class MemberRequests implements RequestHandler {
  readonly #options: MemberRequestsOptions

  constructor(options: MemberRequestsOptions) {
    this.#options = options
  }

  greeting(): { readonly clusterId: number; readonly memberId: number; readonly leaderAddress: string } {
    const { clusterId, memberId, leaderAddress } = this.#options.status()
    return { clusterId, memberId, leaderAddress }
  }

  handle(request: MemberRequest, answer: Answer): void {
    switch (request.type) {
      case 'get':
        return this.#get(request, answer)
      case 'write':
        return this.#write(request, answer)
      case 'status':
        return answer({ type: 'status', id: request.id, status: this.#options.status() })
      case 'admin':
        return this.#admin(request, answer)
    }
  }

  #admin({ id, admin }: MemberRequest & { readonly type: 'admin' }, answer: Answer): void {
    const { logger } = this.#options
    const asked = describeAdmin(admin)
    if (asked !== null) logger.info(asked, 'asked by an operator')
    this.#options.admin.handle(admin).then(
      (result) => {
        if (asked !== null) logger.info(asked, 'done for an operator')
        answer({ type: 'admin', id, admin: result })
      },
      (error: unknown) => {
        const known = withLeaderAddress(error, this.#options.status)
        if (asked !== null) logger.info({ ...asked, ...errorFields(known) }, 'not done for an operator')
        answer(this.#failed(id, known))
      },
    )
  }

  #failed(id: number, error: unknown): MemberAnswer {
    const wire = wireError(error)
    const lost = wire.code === 'NOT_LEADER' && wire.leaderAddress === '' && wire.hint === ''
    return {
      type: 'error',
      id,
      error: { ...wire, message: this.#options.withNames(wire.message), hint: lost ? ELSEWHERE_HINT : wire.hint },
    }
  }

  #get({ id, key, consistency, maxStaleMs }: MemberRequest & { readonly type: 'get' }, answer: Answer): void {
    const refusal = keyRefusal(key)
    if (refusal !== null) return answer(this.#failed(id, refusal))
    const { replica, clock, requestTimeoutMs } = this.#options
    const found = ({ answer: result, ageMs }: AgedAnswer<KvAnswer>): void => {
      if (result.type === 'get') answer({ type: 'value', id, revision: result.revision, ageMs, record: result.record })
      else answer(this.#failed(id, new BalsaError('INVALID', 'the store gave no value')))
    }
    // The key is a view of the received bytes and the store reads it later: nobody changes those bytes.
    replica
      .readWithAge(
        { type: 'get', key },
        { deadlineMs: clock.now() + requestTimeoutMs, consistency, ...(maxStaleMs === undefined ? {} : { maxStaleMs }) },
      )
      .then(found, (error: unknown) => answer(this.#failed(id, error)))
  }

  #write({ id, command, parsed }: WriteRequest, answer: Answer): void {
    const { replica, clock, metrics, requestTimeoutMs, maxRequestBytes } = this.#options
    const refusal = refusalOf(parsed)
    // A command is its key and value and a few dozen bytes.
    const tooLarge = 'key' in parsed && parsed.key.length + ('value' in parsed ? parsed.value.length : 0) > maxRequestBytes
    if (refusal !== null) return answer(this.#failed(id, new BalsaError(refusal.code, refusal.message)))
    if (tooLarge)
      return answer(
        this.#failed(id, new BalsaError('TOO_LARGE', `key and value together are limited to ${maxRequestBytes} bytes at this member`)),
      )
    const startMs = clock.now()
    replica.propose(command, { deadlineMs: startMs + requestTimeoutMs }).then(
      ({ result }) => {
        metrics.proposals.increment({ outcome: 'ok' })
        metrics.commitLatency.observe((clock.now() - startMs) / 1000)
        answer({ type: 'result', id, result })
      },
      (error: unknown) => {
        metrics.proposals.increment({ outcome: error instanceof BalsaError ? error.family : 'unknown' })
        answer(this.#failed(id, withLeaderAddress(error, this.#options.status)))
      },
    )
  }
}

function keyRefusal(key: Uint8Array): BalsaError | null {
  if (key.length === 0) return new BalsaError('INVALID', 'the key is empty')
  return key.length > MAX_KEY_BYTES ? new BalsaError('TOO_LARGE', `the key has ${key.length} bytes, the limit is ${MAX_KEY_BYTES}`) : null
}
