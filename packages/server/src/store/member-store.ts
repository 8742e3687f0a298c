import {
  type AlarmCommand,
  type AnswerOf,
  type CommandResult,
  encodeCommand,
  type KvAnswer,
  type KvQuery,
  type MemberStatus,
  type OpenSessionCommand,
  type RangeQuery,
  type RangeRequest,
  type ReadMode,
  type SessionCommand,
  type WatchHub,
  type WriteCommand,
} from '@balsa/kv'
import { type AgedAnswer, BalsaError, type Clock, type Proposed, type Replica } from '@balsa/raft'
import type { LeaderLink } from './leader-link.js'

export interface StoreCallOptions {
  /** Absolute, on the scale of the member's clock. */
  readonly deadlineMs: number
  readonly signal?: AbortSignal
}

/** What clients may ask for; the rest is for members alone. */
export type ClientCommand = WriteCommand | OpenSessionCommand | SessionCommand | AlarmCommand

export interface ReadOptions extends StoreCallOptions, ReadMode {}

/** What a member does for whatever protocol stands before it. All promises reject with BalsaError. */
export interface MemberStore {
  /** Below 2^53. */
  readonly clusterId: number
  readonly memberId: number
  /** As this member knows it now. */
  term(): number
  /** Of what this member has applied. */
  revision(): number
  /**
   * Refused: NO_LEADER, NOT_LEADER (leadership changed), OVERLOADED, DEADLINE, ABORTED, STOPPED; UNAVAILABLE for a stale read while a snapshot replaces the state.
   * A range whose revision cannot be read is an answer with a `refusal`, not an error. Values in answers belong to the store.
   */
  read<Q extends KvQuery>(query: Q, options: ReadOptions): Promise<AnswerOf<Q>>
  /**
   * Every member takes writes: those that do not lead hand them to the leader. What the state machine refuses is an answer ({ type: 'refused' }).
   * Without a stamp it happens at most once, and after OUTCOME_UNKNOWN or LEADERSHIP_LOST (unknown) nobody knows whether it did.
   * Refused: TOO_LARGE, OVERLOADED, NO_LEADER, UNAVAILABLE, DEADLINE, ABORTED, STOPPED.
   */
  execute(command: ClientCommand, options: StoreCallOptions): Promise<CommandResult>
  readonly watches: WatchHub
  status(): MemberStatus
}

export interface ReplicaStoreOptions {
  readonly clusterId: number
  readonly memberId: number
  readonly replica: Pick<Replica<CommandResult, KvQuery, KvAnswer>, 'propose' | 'readWithAge' | 'waitFor'>
  readonly clock: Clock
  readonly leader: Pick<LeaderLink, 'write'>
  readonly watches: WatchHub
  readonly term: () => number
  readonly revision: () => number
  /** Where clients reach the leader; empty when it is this member, or not known. */
  readonly leaderElsewhere: () => string
  readonly status: () => MemberStatus
}

/** A range of at most so many entries, none of which has to be counted or sorted first, is read at once; others in slices. */
const SMALL_RANGE_ENTRIES = 128
/** Between two attempts to find a leader that takes a write, when no event tells when it is worth it. */
const PAUSE_MS = 20

/** Refusals that end by themselves, soon. */
const PASSING: ReadonlySet<string> = new Set(['NOT_LEADER', 'NO_LEADER', 'TRANSFER_IN_PROGRESS', 'UNAVAILABLE', 'SUPERSEDED'])

/** The store of one member over its replica. */
export class ReplicaStore implements MemberStore {
  readonly clusterId: number
  readonly memberId: number
  readonly watches: WatchHub
  readonly #options: ReplicaStoreOptions

  constructor(options: ReplicaStoreOptions) {
    this.#options = options
    this.clusterId = options.clusterId
    this.memberId = options.memberId
    this.watches = options.watches
  }

  term(): number {
    return this.#options.term()
  }

  revision(): number {
    return this.#options.revision()
  }

  status(): MemberStatus {
    return this.#options.status()
  }

  async read<Q extends KvQuery>(query: Q, options: ReadOptions): Promise<AnswerOf<Q>> {
    return (await this.readWithAge(query, options)).answer as AnswerOf<Q>
  }

  /** As `read`, and says how old the state was; Infinity = unknown. */
  readWithAge(query: KvQuery, options: ReadOptions): Promise<AgedAnswer<KvAnswer>> {
    if (query.type !== 'range' || isSmall(query.request)) return this.#options.replica.readWithAge(query, options)
    return this.#scan(query, options)
  }

  async #scan(query: RangeQuery, options: ReadOptions): Promise<AgedAnswer<KvAnswer>> {
    const { answer, ageMs } = await this.#options.replica.readWithAge({ ...query, type: 'scan' }, options)
    if (answer.type !== 'scan') throw unfitting(answer)
    return { answer: await answer.answer, ageMs }
  }

  execute(command: ClientCommand, options: StoreCallOptions): Promise<CommandResult> {
    try {
      return this.#attempt(encodeCommand(command), options)
    } catch (error) {
      return rejected(error)
    }
  }

  /** One promise more than the replica's own when all goes well: thousands wait at the same time, and what waits is copied by the garbage collector. */
  #attempt(command: Uint8Array, options: StoreCallOptions): Promise<CommandResult> {
    const { replica, leader, leaderElsewhere } = this.#options
    const elsewhere = leaderElsewhere()
    if (elsewhere !== '') return leader.write(elsewhere, command, options).catch((error) => this.#insist(error, command, options))
    return replica.propose(command, options).then(resultOf, (error) => this.#refusedHere(error, command, options))
  }

  async #refusedHere(error: unknown, command: Uint8Array, options: StoreCallOptions): Promise<CommandResult> {
    const { leader, status } = this.#options
    if (!(error instanceof BalsaError) || error.code !== 'NOT_LEADER') return this.#insist(error, command, options)
    const { leaderAddress, leaderId, memberId } = status()
    if (leaderAddress === '' || leaderId === memberId) return this.#insist(error, command, options)
    return leader.write(leaderAddress, command, options).catch((failure) => this.#insist(failure, command, options))
  }

  async #insist(error: unknown, command: Uint8Array, options: StoreCallOptions): Promise<CommandResult> {
    if (!(error instanceof BalsaError) || !PASSING.has(error.code)) throw error
    await this.#untilWorthwhile(error, options)
    return this.#attempt(command, options)
  }

  /** Rejects with the reason for the wait when the time is over. */
  async #untilWorthwhile(reason: BalsaError, options: StoreCallOptions): Promise<void> {
    const { replica, clock } = this.#options
    const left = options.deadlineMs - clock.now()
    if (left <= 0) throw new BalsaError('DEADLINE', `no leader took the write in time; last error: ${reason.message}`, { cause: reason })
    if (options.signal?.aborted === true) throw new BalsaError('ABORTED', 'the call was aborted', { cause: options.signal.reason })
    if (reason.code === 'NO_LEADER') return replica.waitFor('leader-known', options)
    await new Promise<void>((resolve) => void clock.setTimer(Math.min(PAUSE_MS, left), resolve))
  }
}

const resultOf = ({ result }: Proposed<CommandResult>): CommandResult => result

const isSmall = ({ rangeEnd, limit, counted, countOnly, sortTarget, revision, ...bounds }: RangeRequest): boolean => {
  if (rangeEnd.length === 0) return true
  const filtered = bounds.minModRevision > 0 || bounds.maxModRevision > 0 || bounds.minCreateRevision > 0 || bounds.maxCreateRevision > 0
  const bounded = limit > 0 && limit <= SMALL_RANGE_ENTRIES
  return bounded && !counted && !countOnly && sortTarget === 'key' && revision === 0 && !filtered
}

const rejected = async (error: unknown): Promise<never> => {
  throw error
}

const unfitting = (answer: KvAnswer): BalsaError =>
  new BalsaError('OUTCOME_UNKNOWN', `the state machine answered with ${answer.type}, which does not fit the question`)
