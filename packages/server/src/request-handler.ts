import {
  clientAnswer,
  type ClientQueryAnswer,
  type Command,
  type CommandResult,
  type KeyRange,
  type KvAnswer,
  type KvQuery,
  MAX_KEY_BYTES,
  MAX_MEMBER_FRAME_BYTES,
  MAX_PAGE_BYTES,
  type MemberStatus,
  outcomeBytes,
  refusalOf,
  txnBytes,
  wireError,
  type WriteRequest,
} from '@balsa/kv'
import { type AgedAnswer, BalsaError, type Clock, type Replica } from '@balsa/raft'
import type { MemberAnswer, MemberRequest, MemberWatches, RequestHandler } from './client-session.js'
import { type AdminRequests, describeAdmin } from './admin-requests.js'
import { errorFields, type Logger } from './logger.js'
import type { MemberMetrics } from './metrics/member-metrics.js'
import type { ReplicaStore } from './store/member-store.js'

export interface MemberRequestsOptions {
  readonly replica: Pick<Replica<CommandResult, KvQuery, KvAnswer>, 'propose'>
  readonly store: Pick<ReplicaStore, 'readWithAge' | 'watches'>
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
  readonly watching: MemberWatches
  readonly #options: MemberRequestsOptions

  constructor(options: MemberRequestsOptions) {
    this.#options = options
    const { store, clock, requestTimeoutMs, status } = options
    this.watching = {
      watches: store.watches,
      barrier: async (fresh) => {
        const consistency = fresh ? 'linearizable' : 'stale'
        await store.readWithAge({ type: 'stats' }, { consistency, deadlineMs: clock.now() + requestTimeoutMs })
      },
      hasLeader: () => status().leaderId !== null,
    }
  }

  greeting(): { readonly clusterId: number; readonly memberId: number; readonly leaderAddress: string } {
    const { clusterId, memberId, leaderAddress } = this.#options.status()
    return { clusterId, memberId, leaderAddress }
  }

  handle(request: MemberRequest, answer: Answer): void {
    switch (request.type) {
      case 'get':
        return this.#get(request, answer)
      case 'query':
        return this.#query(request, answer)
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
    const { store, clock, requestTimeoutMs } = this.#options
    const found = ({ answer: result, ageMs }: AgedAnswer<KvAnswer>): void => {
      if (result.type === 'get') answer({ type: 'value', id, revision: result.revision, ageMs, record: result.record })
      else answer(this.#failed(id, new BalsaError('INVALID', 'the store gave no value')))
    }
    // The key is a view of the received bytes and the store reads it later: nobody changes those bytes.
    store
      .readWithAge(
        { type: 'get', key },
        { deadlineMs: clock.now() + requestTimeoutMs, consistency, ...(maxStaleMs === undefined ? {} : { maxStaleMs }) },
      )
      .then(found, (error: unknown) => answer(this.#failed(id, error)))
  }

  #query({ id, query, consistency, maxStaleMs }: MemberRequest & { readonly type: 'query' }, answer: Answer): void {
    const { store, clock, requestTimeoutMs } = this.#options
    const refusal = query.type === 'range' ? rangeRefusal(query.request) : null
    if (refusal !== null) return answer(this.#failed(id, refusal))
    const bounded = query.type === 'range' ? { ...query, maxBytes: Math.min(query.maxBytes, MAX_PAGE_BYTES) } : query
    const deadlineMs = clock.now() + requestTimeoutMs
    store
      .readWithAge(bounded, { deadlineMs, consistency, ...(maxStaleMs === undefined ? {} : { maxStaleMs }) })
      .then(async ({ answer: result, ageMs }) => ({ type: 'answer' as const, id, ageMs, answer: sendable(await clientAnswer(result)) }))
      .then(answer, (error: unknown) => answer(this.#failed(id, error)))
  }

  #write({ id, command, parsed }: WriteRequest, answer: Answer): void {
    const { replica, clock, metrics, requestTimeoutMs, maxRequestBytes } = this.#options
    const refusal = refusalOf(parsed)
    const tooLarge = bytesOf(parsed) > maxRequestBytes
    if (parsed.type === 'space') return answer(this.#failed(id, new BalsaError('INVALID', 'only members say how much space there is')))
    if (refusal !== null) return answer(this.#failed(id, new BalsaError(refusal.code, refusal.message)))
    if (tooLarge)
      return answer(
        this.#failed(id, new BalsaError('TOO_LARGE', `keys and values together are limited to ${maxRequestBytes} bytes at this member`)),
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

function rangeRefusal({ key, rangeEnd }: KeyRange): BalsaError | null {
  return keyRefusal(key) ?? (rangeEnd.length === 0 ? null : keyRefusal(rangeEnd))
}

/** What a write brings; the command is a few dozen bytes more. */
export function bytesOf(command: Command): number {
  if (command.type === 'txn') return txnBytes(command.txn)
  return 'key' in command ? command.key.length + ('value' in command ? command.value.length : 0) : 0
}

/** An entry costs so much beside its key and value, at most. */
const ENTRY_BYTES = 48

/** Answers in the order of keys are cut into pages; what cannot be cut must fit as it is: TOO_LARGE. */
function sendable(answer: ClientQueryAnswer): ClientQueryAnswer {
  const bytes = sizeOf(answer)
  if (bytes < MAX_MEMBER_FRAME_BYTES - ENTRY_BYTES) return answer
  throw new BalsaError('TOO_LARGE', `the answer has about ${bytes} bytes, and cannot be given in parts`, {
    hint: 'Set a limit, or read in the order of the keys.',
  })
}

function sizeOf(answer: ClientQueryAnswer): number {
  if (answer.type === 'leases') return 8 * answer.leases.length
  let bytes = 0
  if (answer.type === 'txn') bytes += answer.outcome === null ? 0 : outcomeBytes(answer.outcome)
  if (answer.type === 'range') for (const { key, value } of answer.result?.entries ?? []) bytes += key.length + value.length + ENTRY_BYTES
  if (answer.type === 'lease') for (const key of answer.lease?.keys ?? []) bytes += key.length + 4
  return bytes
}
