/** What the services of etcd's API need of the member that they stand before. */
import {
  type AdminAnswer,
  type AdminRequest,
  type CommandResult,
  type KvQuery,
  type AnswerOf,
  MAX_REQUEST_BYTES,
  type WriteCommand,
} from '@balsa/kv'
import { BalsaError, type Clock, type Random, type ReplicaEvent, type Timer } from '@balsa/raft'
import { type AlarmMember, AlarmType, type ResponseHeaderInit } from '@balsa/proto/etcdserverpb'
import { allAlarms } from '../alarms.js'
import type { Divergence } from '../divergence-watch.js'
import { bytesOf } from '../request-handler.js'
import type { ClientCommand, MemberStore, StoreCallOptions } from '../store/member-store.js'
import { statusOfCode, statusOfError } from './errors.js'

export interface EtcdMemberOptions {
  readonly store: MemberStore
  readonly clock: Clock
  readonly random: Random
  /** What a request may take, whatever its client would wait: etcd's five seconds and two election time-outs. */
  readonly requestTimeoutMs: number
  /** Keys and values of a write together. Default: what the data model allows. */
  readonly maxRequestBytes?: number
  readonly electionTimeoutMs: number
  /** How often a watch that asked for it hears that nothing has happened. Default ten minutes. */
  readonly watchProgressIntervalMs?: number
  /** Of web pages that browsers may let in to the gateway; `*` = all. Default: none. */
  readonly corsOrigins?: readonly string[]
  /** Of operators; any member takes them. */
  readonly admin: (request: AdminRequest, options: StoreCallOptions) => Promise<AdminAnswer>
  readonly snapshot: () => AsyncIterable<Uint8Array>
  /** States that differ although the logs are equal; absent or null = none. */
  readonly divergence?: () => Divergence | null
  /** Whether the member may be sent traffic. Default: it may. */
  readonly ready?: () => boolean
  /** Of consensus, from now on, until the signal is aborted. Default: none. */
  readonly events?: (signal: AbortSignal) => AsyncIterable<ReplicaEvent>
}

const DEFAULT_PROGRESS_INTERVAL_MS = 600_000
/** So many election time-outs without a leader, and who asked for one hears of it. */
const PATIENCE = 3

/** The store of this member with etcd's headers and errors. */
export class EtcdMember {
  readonly store: MemberStore
  readonly clock: Clock
  readonly random: Random
  readonly electionTimeoutMs: number
  readonly watchProgressIntervalMs: number
  readonly clusterId: bigint
  readonly memberId: bigint
  readonly #options: EtcdMemberOptions
  readonly #leaderListeners = new Set<() => void>()
  #leaderTimer: Timer | null = null
  #stopped = false
  readonly #stopListeners = new Set<() => void>()

  constructor(options: EtcdMemberOptions) {
    this.#options = options
    this.store = options.store
    this.clock = options.clock
    this.random = options.random
    this.electionTimeoutMs = options.electionTimeoutMs
    this.watchProgressIntervalMs = options.watchProgressIntervalMs ?? DEFAULT_PROGRESS_INTERVAL_MS
    this.clusterId = BigInt(options.store.clusterId)
    this.memberId = BigInt(options.store.memberId)
  }

  /** From now on every stream that has no end of its own ends. */
  stop(): void {
    this.#stopped = true
    for (const listener of this.#stopListeners) listener()
    this.#stopListeners.clear()
  }

  /** Called once when the member stops; at once when it has. Answers how to be forgotten. */
  onStop(listener: () => void): () => void {
    if (this.#stopped) listener()
    else this.#stopListeners.add(listener)
    return () => void this.#stopListeners.delete(listener)
  }

  /** Called once when no leader was known for some election time-outs. Answers how to be forgotten. One look for all who want to know: there may be thousands. */
  onLeaderGone(listener: () => void): () => void {
    this.#leaderListeners.add(listener)
    if (this.#leaderListeners.size === 1) this.#lookForLeader(0)
    return () => {
      this.#leaderListeners.delete(listener)
      if (this.#leaderListeners.size === 0) this.#leaderTimer?.cancel()
    }
  }

  #lookForLeader(without: number): void {
    this.#leaderTimer?.cancel()
    this.#leaderTimer = this.clock.setTimer(this.electionTimeoutMs, () => {
      const now = this.hasLeader ? 0 : without + 1
      if (now <= PATIENCE) return this.#lookForLeader(now)
      const listeners = [...this.#leaderListeners]
      this.#leaderListeners.clear()
      for (const listener of listeners) listener()
    })
  }

  get stopped(): boolean {
    return this.#stopped
  }

  get divergence(): Divergence | null {
    return this.#options.divergence?.() ?? null
  }

  get ready(): boolean {
    return this.#options.ready?.() ?? true
  }

  events(signal: AbortSignal): AsyncIterable<ReplicaEvent> {
    return this.#options.events?.(signal) ?? NO_EVENTS
  }

  /** All, as etcd has them: whoever raised one, it has the same name. Rejects with GrpcError. */
  async alarms(serializable = true): Promise<readonly AlarmMember[]> {
    const stats = await this.read({ type: 'stats' }, serializable)
    const { divergence, memberId } = this
    const leaderId = BigInt(this.store.status().leaderId ?? 0)
    const all = allAlarms({ stats, divergence, memberId, leaderId }).map(({ kind, member }) => ({ memberID: member, alarm: ALARMS[kind] }))
    return [...new Map(all.map((entry) => [`${entry.memberID} ${entry.alarm}`, entry])).values()]
  }

  get hasLeader(): boolean {
    return this.store.status().leaderId !== null
  }

  /** `revision` default: the one that this member has applied. */
  header(revision: number = this.store.revision()): ResponseHeaderInit {
    return { clusterId: this.clusterId, memberId: this.memberId, revision, raftTerm: this.store.term() }
  }

  deadlineMs(): number {
    return this.clock.now() + this.#options.requestTimeoutMs
  }

  /** Rejects with GrpcError. */
  read<Query extends KvQuery>(query: Query, serializable: boolean): Promise<AnswerOf<Query>> {
    return this.store.read(query, { consistency: serializable ? 'stale' : 'linearizable', deadlineMs: this.deadlineMs() }).catch(rethrow)
  }

  /** Rejects with GrpcError, also when the state machine refuses. */
  write<Type extends CommandResult['type']>(command: ClientCommand & WriteCommand, type: Type): Promise<ResultOf<Type>> {
    return this.answer(command, type, asItIs)
  }

  /** As `write`; the answer for the client is made in the same step, because each step of a call that waits is a promise more for the garbage collector. */
  answer<Type extends CommandResult['type'], Answer>(
    command: ClientCommand & WriteCommand,
    type: Type,
    answerOf: (result: ResultOf<Type>) => Answer,
  ): Promise<Answer> {
    return this.#execute(command).then((result) => {
      if (this.#isCaughtUp(result)) return answerOf(fitting(result, type))
      return this.#catchUp(result).then((late) => answerOf(fitting(late, type)))
    }, rethrow)
  }

  /** For what has no answer of its own. Rejects with GrpcError. */
  async command(command: ClientCommand): Promise<void> {
    const result = await this.execute(command).catch(rethrow)
    if (result.type === 'refused') throw statusOfCode(result.code, `refused: ${result.code}`)
  }

  /**
   * As in etcd, the member that answers has applied what it answers for: whoever reads its state or watches it next finds the write done there as
   * well. Rejects with BalsaError; a refusal of the state machine is a result.
   */
  execute(command: ClientCommand): Promise<CommandResult> {
    return this.#execute(command).then((result) => (this.#isCaughtUp(result) ? result : this.#catchUp(result)))
  }

  #execute(command: ClientCommand): Promise<CommandResult> {
    const { maxRequestBytes = MAX_REQUEST_BYTES } = this.#options
    if (bytesOf(command) > maxRequestBytes) {
      const text = `keys and values together are limited to ${maxRequestBytes} bytes at this member`
      return Promise.reject(new BalsaError('TOO_LARGE', text))
    }
    return this.store.execute(command, { deadlineMs: this.deadlineMs() })
  }

  /** A compaction has no revision of its own to wait for. */
  #isCaughtUp(result: CommandResult): boolean {
    return result.type !== 'compacted' && revisionOf(result) <= this.store.revision()
  }

  #catchUp(result: CommandResult): Promise<CommandResult> {
    const caughtUp = (): CommandResult => result
    return this.synchronise().then(caughtUp, caughtUp)
  }

  /** Any member takes it; the leader answers. Rejects with GrpcError. */
  admin(request: AdminRequest): Promise<AdminAnswer> {
    return this.#options.admin(request, { deadlineMs: this.deadlineMs() }).catch(rethrow)
  }

  /** The same; rejects with BalsaError. */
  rawAdmin(request: AdminRequest): Promise<AdminAnswer> {
    return this.#options.admin(request, { deadlineMs: this.deadlineMs() })
  }

  /** The whole state as this member would send it to another one. */
  snapshot(): AsyncIterable<Uint8Array> {
    return this.#options.snapshot()
  }

  /** Returns when the member is as new as the cluster was when this was called. */
  async synchronise(): Promise<void> {
    await this.read({ type: 'stats' }, false)
  }
}

type ResultOf<Type extends CommandResult['type']> = Extract<CommandResult, { readonly type: Type }>

const asItIs = <Result>(result: Result): Result => result

/** Throws GrpcError. */
function fitting<Type extends CommandResult['type']>(result: CommandResult, type: Type): ResultOf<Type> {
  if (result.type === 'refused') throw statusOfCode(result.code, `refused: ${result.code}`)
  if (result.type !== type) throw statusOfCode('OUTCOME_UNKNOWN', 'an answer that does not fit')
  return result as ResultOf<Type>
}

const revisionOf = (result: CommandResult): number =>
  result.type === 'written' ? result.metadata.modRevision : 'revision' in result ? result.revision : 0

const ALARMS = { noSpace: AlarmType.NOSPACE, corrupt: AlarmType.CORRUPT, full: AlarmType.NOSPACE } as const

const NO_EVENTS: AsyncIterable<ReplicaEvent> = { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) }

const rethrow = (error: unknown): never => {
  throw statusOfError(error)
}
