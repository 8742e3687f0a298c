import { BalsaError, type Clock, type Random } from '@balsa/raft'
import { encodeCommand, refusalOf, type WriteCommand } from '../command.js'
import type {
  AppendResult,
  BytesLike,
  CallOptions,
  CompactResult,
  CompareAndPutResult,
  CompareOptions,
  DeleteOptions,
  DeleteResult,
  EntriesOptions,
  GetOptions,
  GrantedLease,
  GrantOptions,
  KeyValueStore,
  LeaseInfo,
  LeaseInfoOptions,
  PutOptions,
  PutResult,
  PutResultWithPrevious,
  RangeOptions,
  RangePage,
  ReadOptions,
  RevokedLease,
  Selection,
  Transaction,
  TransactionResult,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from '../key-value-store.js'
import { KeyValue } from '../key-value-store.js'
import { Coordinator } from '../coordination/coordinator.js'
import type { Election, Held, Lead, LeadOptions, Lease, LockOptions } from '../coordination/types.js'
import { MAX_SESSION_RESULTS } from '../limits.js'
import { canWrite, txnBytes, type TxnOperation } from '../mvcc/txn.js'
import type { ClientQuery, ClientQueryAnswer } from '../protocol/queries.js'
import type { CommandResult } from '../result.js'
import type { StoreAnswer, StoreBackend, StoreRequest } from './backend.js'
import { Call, type CallEnvironment, type CallOwner } from './call.js'
import type { ClientSession } from './client-session.js'
import { allLeases, leaseInfo } from './leases.js'
import { entriesOf, pageOf, rangeQuery } from './ranges.js'
import { refusalError } from './refusal.js'
import { isSingle, toBytes, toKey, toKeyRange, toLease, toNumber, toReadMode, toWatchRequest } from './selection.js'
import { SessionKeeper } from './session-keeper.js'
import {
  guardedDelete,
  guardedPut,
  guardedResult,
  guardedTxn,
  type Guards,
  isPlainDelete,
  isPlainPut,
  putOperation,
  toReadResult,
  toTransactionResult,
  toTxn,
} from './transactions.js'
import { WatchCall } from './watch-call.js'

export interface SessionStoreOptions {
  readonly clock: Clock
  readonly random: Random
  /** Default 10,000 ms. */
  readonly deadlineMs?: number
  /** Silence for so long makes a call try again elsewhere. Default: never. */
  readonly attemptTimeoutMs?: number
  /** Idle cluster time after which the cluster forgets this client's writes. Default 60,000 ms. */
  readonly sessionTtlMs?: number
  /** Reads, and writes, under way at the same time; more wait. Default 1024. */
  readonly maxInFlight?: number
  /** Calls waiting or under way; more are refused with OVERLOADED. Default 20,000. */
  readonly maxCalls?: number
  /** Bytes of keys and values in these calls; more are refused with OVERLOADED. Default 64 MiB. */
  readonly maxCallBytes?: number
}

const DEFAULT_DEADLINE_MS = 10_000
const DEFAULT_SESSION_TTL_MS = 60_000
const DEFAULT_MAX_IN_FLIGHT = 1024
const DEFAULT_MAX_CALLS = 20_000
const DEFAULT_MAX_CALL_BYTES = 64 * 1024 * 1024

/** Members tell of every watch a few times within this time: then it, or its connection, is lost. */
const WATCH_SILENCE_MS = 35_000

/** A write without its stamp, which it gets when it leaves. */
type Draft = WriteCommand & { readonly stamp: null }
/** What a call wants to do when its turn comes, and the bytes that it holds. */
type Work = { readonly request: StoreRequest; readonly bytes: number } | { readonly draft: Draft; readonly bytes: number }

type Resolve = (answer: StoreAnswer) => void
type Reject = (error: BalsaError) => void

/**
 * The store's interface over anything that takes attempts: sessions, retries, deadlines, limits and the rules about outcomes are here, once, for the
 * network client and for embedded use.
 */
export class SessionStore implements KeyValueStore {
  readonly #environment: CallEnvironment
  readonly #owner: CallOwner
  readonly #keeper: SessionKeeper
  readonly #maxInFlight: number
  readonly #maxCalls: number
  readonly #maxCallBytes: number
  readonly #waitingReads = new Map<Call, Work>()
  readonly #waitingWrites = new Map<Call, Work>()
  readonly #reads = new Map<Call, Work>()
  readonly #writes = new Map<Call, Work>()
  readonly #watches = new Set<WatchCall>()
  readonly #coordinator: Coordinator
  #bytes = 0
  #closing: Promise<void> | null = null

  constructor(backend: StoreBackend, options: SessionStoreOptions) {
    this.#environment = {
      clock: options.clock,
      backend,
      attemptTimeoutMs: options.attemptTimeoutMs ?? Number.POSITIVE_INFINITY,
      defaultDeadlineMs: positive(options.deadlineMs ?? DEFAULT_DEADLINE_MS, 'deadlineMs'),
    }
    this.#maxInFlight = positive(options.maxInFlight ?? DEFAULT_MAX_IN_FLIGHT, 'maxInFlight')
    this.#maxCalls = positive(options.maxCalls ?? DEFAULT_MAX_CALLS, 'maxCalls')
    this.#maxCallBytes = positive(options.maxCallBytes ?? DEFAULT_MAX_CALL_BYTES, 'maxCallBytes')
    this.#owner = {
      finished: (call) => this.#finished(call),
      blockedBy: (call) => (this.#waitingWrites.has(call) ? this.#keeper.lastError : null),
      sessionExpired: (call, session, again) => this.#sessionExpired(call, session, again),
    }
    this.#coordinator = new Coordinator({ store: this, clock: options.clock, random: options.random })
    const sessionTtlMs = positive(options.sessionTtlMs ?? DEFAULT_SESSION_TTL_MS, 'sessionTtlMs')
    this.#keeper = new SessionKeeper(this.#environment, options.random, sessionTtlMs, {
      onOpen: () => this.#pump(),
      onFailed: (error) => this.#refuseWaitingWrites(error),
    })
  }

  get(key: BytesLike, options: GetOptions = {}): Promise<KeyValue | null> {
    if ((options.revision ?? 0) !== 0) return this.#getAt(key, options)
    return this.#run(options, false, (resolve, reject) => {
      const keyBytes = toKey(key)
      const request: StoreRequest = { type: 'get', key: keyBytes, ...toReadMode(options) }
      return { work: { request, bytes: keyBytes.length }, answered: mapped(resolve, reject, (answer) => valueOf(answer, keyBytes)) }
    })
  }

  async #getAt(key: BytesLike, options: GetOptions): Promise<KeyValue | null> {
    const { revision } = options
    const page = await this.#query(
      options,
      () => rangeQuery(toKey(key), { ...(revision === undefined ? {} : { revision }) }, false),
      pageOf,
    )
    return page.entries[0] ?? null
  }

  range(selection: Selection, options: RangeOptions = {}): Promise<RangePage> {
    return this.#query(options, () => rangeQuery(selection, options, true), pageOf)
  }

  entries(selection: Selection, options: EntriesOptions = {}): AsyncIterable<KeyValue> {
    return entriesOf(selection, options, (query) => this.#query(options, () => query, pageOf))
  }

  put(key: BytesLike, value: BytesLike, options: PutOptions & { readonly previous: true }): Promise<PutResultWithPrevious>
  put(key: BytesLike, value: BytesLike, options?: PutOptions): Promise<PutResult>
  put(key: BytesLike, value: BytesLike, options: PutOptions = {}): Promise<PutResult> {
    if (isPlainPut(options))
      return this.#write(options, putResult, () => ({ type: 'put', stamp: null, key: toBytes(key, 'key'), value: toBytes(value, 'value') }))
    return this.#guardedPut(key, options, (keyBytes) => putOperation(keyBytes, toBytes(value, 'value'), options)).then(
      ({ valueBytes: _, ...result }) => result,
    )
  }

  append(key: BytesLike, value: BytesLike, options: WriteOptions = {}): Promise<AppendResult> {
    if (options.fence !== undefined)
      return this.#guardedPut(key, options, (keyBytes) => ({ type: 'append', key: keyBytes, value: toBytes(value, 'value') }))
    return this.#write(options, appendResult, () => ({
      type: 'append',
      stamp: null,
      key: toBytes(key, 'key'),
      value: toBytes(value, 'value'),
    }))
  }

  #guardedPut(key: BytesLike, options: CallOptions & Guards, operation: (key: Uint8Array) => TxnOperation): Promise<AppendResult> {
    let keyBytes: Uint8Array = new Uint8Array(0)
    return this.#write(
      options,
      (result) => guardedPut(guardedResult(result, options, true), keyBytes),
      () => {
        keyBytes = toKey(key)
        return { type: 'txn', stamp: null, txn: guardedTxn(keyBytes, options, operation(keyBytes)) }
      },
    )
  }

  delete(selection: Selection, options: DeleteOptions = {}): Promise<DeleteResult> {
    if (isSingle(selection) && isPlainDelete(selection, options))
      return this.#write(options, deleteResult, () => ({ type: 'delete', stamp: null, key: toBytes(selection, 'key') }))
    const single = isSingle(selection)
    return this.#write(
      options,
      (result) => guardedDelete(guardedResult(result, options, single)),
      () => {
        const operation: TxnOperation = { type: 'delete', ...toKeyRange(selection), previous: options.previous ?? false }
        return { type: 'txn', stamp: null, txn: guardedTxn(single ? operation.key : null, options, operation) }
      },
    )
  }

  compareAndPut(key: BytesLike, expected: CompareOptions, value: BytesLike, options: CallOptions = {}): Promise<CompareAndPutResult> {
    return this.#write(options, compareAndPutResult, () => ({
      type: 'compareAndPut',
      stamp: null,
      key: toBytes(key, 'key'),
      expected: expectedOf(expected),
      value: toBytes(value, 'value'),
    }))
  }

  async transaction(transaction: Transaction, options: CallOptions = {}): Promise<TransactionResult> {
    const txn = toTxn(transaction)
    const command = { type: 'txn', stamp: null, txn } as const
    if (canWrite(txn))
      return this.#write(
        options,
        (result) => toTransactionResult(result, txn),
        () => command,
      )
    return this.#query(
      options,
      () => {
        demandAllowed(command)
        return { type: 'txn', txn }
      },
      (answer) => toReadResult(answer, txn),
    )
  }

  compact(revision: number, options: CallOptions = {}): Promise<CompactResult> {
    return this.#write(options, compactResult, () => ({ type: 'compact', stamp: null, revision: toNumber(revision, 'revision', 1) }))
  }

  grantLease(ttlMs: number, options: GrantOptions = {}): Promise<GrantedLease> {
    return this.#write(options, leaseResult, () => ({
      type: 'leaseGrant',
      stamp: null,
      lease: toLease(options.id ?? 0n),
      ttlMs: toNumber(ttlMs, 'ttlMs', 1),
    }))
  }

  revokeLease(id: bigint, options: CallOptions = {}): Promise<RevokedLease> {
    return this.#write(options, revokeResult, () => ({ type: 'leaseRevoke', stamp: null, lease: toLease(id) }))
  }

  /** Without a stamp: to renew twice does no harm. */
  keepLeaseAlive(id: bigint, options: CallOptions = {}): Promise<GrantedLease> {
    return this.#run(options, false, (resolve, reject) => {
      const command = encodeCommand({ type: 'leaseKeepAlive', stamp: null, lease: toLease(id) })
      const answered = mapped(resolve, reject, (answer) => leaseResult(resultOf(answer)))
      return { work: { request: { type: 'write', command }, bytes: 0 }, answered }
    })
  }

  leaseInfo(id: bigint, options: LeaseInfoOptions = {}): Promise<LeaseInfo | null> {
    return leaseInfo(id, options, (query, map) => this.#query(options, query, map))
  }

  leases(options: ReadOptions = {}): Promise<readonly bigint[]> {
    return allLeases((query, map) => this.#query(options, query, map))
  }

  watch(selection: Selection, options: WatchOptions = {}): AsyncIterable<WatchEvent> {
    return { [Symbol.asyncIterator]: () => this.#watch(selection, options) }
  }

  #watch(selection: Selection, options: WatchOptions): WatchCall {
    if (this.#closing !== null) throw new BalsaError('STOPPED', 'the store is closed')
    const { clock, backend, attemptTimeoutMs } = this.#environment
    const silenceMs = Number.isFinite(attemptTimeoutMs) ? WATCH_SILENCE_MS : Number.POSITIVE_INFINITY
    const call = new WatchCall({ clock, backend, silenceMs }, toWatchRequest(selection, options), {
      progress: options.progress ?? false,
      signal: options.signal,
      onEnd: (ended) => this.#watches.delete(ended),
    })
    this.#watches.add(call)
    call.begin()
    return call
  }

  lease(ttlMs: number, options: CallOptions = {}): Promise<Lease> {
    return this.#coordinator.lease(ttlMs, options)
  }

  lock(name: BytesLike, options: LockOptions = {}): Promise<Held> {
    return this.#coordinator.lock(name, options)
  }

  election(name: BytesLike): Election {
    return this.#coordinator.election(name)
  }

  lead<Result>(name: BytesLike, body: (lead: Lead) => Promise<Result>, options: LeadOptions = {}): Promise<Result | undefined> {
    return this.#coordinator.lead(name, body, options)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** A request that is not part of the common interface, and takes no place in the session. `changes`: its outcome can be unknown. */
  protected ask(request: StoreRequest, options: CallOptions, changes = false): Promise<StoreAnswer> {
    return this.#run(options, false, (resolve) => ({ work: { request, bytes: 0 }, answered: resolve }), changes)
  }

  async #close(): Promise<void> {
    this.#coordinator.close()
    for (const watch of [...this.#watches]) watch.end(new BalsaError('STOPPED', 'the store was closed'))
    for (const calls of [this.#waitingReads, this.#waitingWrites, this.#reads, this.#writes])
      for (const call of [...calls.keys()]) call.stop()
    await this.#keeper.close()
    await this.#environment.backend.close()
  }

  #query<Result>(
    options: ReadOptions,
    query: () => ClientQuery,
    map: (answer: ClientQueryAnswer, ageMs: number | null) => Result,
  ): Promise<Result> {
    return this.#run(options, false, (resolve, reject) => {
      const asked = query()
      const request: StoreRequest = { type: 'query', query: asked, ...toReadMode(options) }
      const answered = mapped(resolve, reject, (answer: StoreAnswer) => {
        if (answer.type !== 'answer') throw unfitting(answer.type)
        return map(answer.answer, answer.ageMs)
      })
      return { work: { request, bytes: asked.type === 'txn' ? txnBytes(asked.txn) : 0 }, answered }
    })
  }

  #write<Result>(options: CallOptions, map: (result: CommandResult) => Result, draft: () => Draft): Promise<Result> {
    return this.#run(options, true, (resolve, reject) => {
      const command = draft()
      demandAllowed(command)
      const answered = mapped(resolve, reject, (answer) => map(resultOf(answer)))
      return { work: { draft: command, bytes: bytesOf(command) }, answered }
    })
  }

  /** Checks everything that can be refused at once, then queues the call. An error of `prepare` rejects. */
  #run<Result>(
    options: CallOptions,
    isWrite: boolean,
    prepare: (resolve: (result: Result) => void, reject: Reject) => { work: Work; answered: Resolve },
    changes = isWrite,
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#closing !== null) throw new BalsaError('STOPPED', 'the store is closed')
      if (options.deadlineMs !== undefined) positive(options.deadlineMs, 'deadlineMs')
      if (options.signal?.aborted === true)
        throw new BalsaError('ABORTED', 'the signal was aborted before the call', { cause: options.signal.reason })
      const { work, answered } = prepare(resolve, reject)
      this.#admit(work)
      const call = new Call(this.#environment, this.#owner, changes, options, answered, reject)
      if (isWrite) this.#waitingWrites.set(call, work)
      else this.#waitingReads.set(call, work)
      this.#pump()
    })
  }

  #admit(work: Work): void {
    const calls = this.#waitingReads.size + this.#waitingWrites.size + this.#reads.size + this.#writes.size
    if (calls >= this.#maxCalls || this.#bytes + work.bytes > this.#maxCallBytes) {
      throw new BalsaError('OVERLOADED', `${calls} calls with ${this.#bytes} bytes are waiting already`, {
        hint: 'Await earlier calls before making more.',
      })
    }
    this.#bytes += work.bytes
  }

  /** Begins whatever may begin now. */
  #pump(): void {
    for (const [call, work] of this.#waitingReads) {
      if (this.#reads.size >= this.#maxInFlight || !('request' in work)) break
      this.#waitingReads.delete(call)
      this.#reads.set(call, work)
      call.begin(work.request)
    }
    for (const [call, work] of this.#waitingWrites) {
      if (this.#writes.size >= this.#maxInFlight || !('draft' in work)) break
      const session = this.#keeper.need()
      if (session === null || session.span >= MAX_SESSION_RESULTS) break
      this.#waitingWrites.delete(call)
      this.#writes.set(call, work)
      const sequence = session.nextSequence()
      call.stamp = { session, sequence }
      const stamp = { session: session.id, sequence, firstUnanswered: session.firstUnanswered }
      call.begin({ type: 'write', command: encodeCommand({ ...work.draft, stamp }) })
    }
  }

  #finished(call: Call): void {
    for (const calls of [this.#reads, this.#writes, this.#waitingReads, this.#waitingWrites]) {
      const work = calls.get(call)
      if (work === undefined) continue
      calls.delete(call)
      this.#bytes -= work.bytes
      break
    }
    if (this.#waitingWrites.size === 0) this.#keeper.needNone()
    if (this.#closing === null) this.#pump()
  }

  #sessionExpired(call: Call, session: ClientSession, again: boolean): void {
    this.#keeper.expired(session)
    const work = this.#writes.get(call)
    if (!again || work === undefined) return
    this.#writes.delete(call)
    this.#waitingWrites.set(call, work)
    this.#pump()
  }

  #refuseWaitingWrites(error: BalsaError): void {
    // These writes were never sent, whatever the failure says about the session's command.
    const refusal =
      error.family === 'refused' ? error : new BalsaError('UNAVAILABLE', `no session can be opened: ${error.message}`, { cause: error })
    for (const call of [...this.#waitingWrites.keys()]) call.refuse(refusal)
  }
}

function positive(value: number, name: string): number {
  if (value > 0) return value
  throw new BalsaError('INVALID', `${name} must be greater than 0, not ${value}`)
}

/** Throws what the state machine would refuse the command for whatever its state is. */
function demandAllowed(command: Draft): void {
  const refusal = refusalOf(command)
  if (refusal !== null) throw new BalsaError(refusal.code, refusal.message)
}

function bytesOf(command: WriteCommand): number {
  if (command.type === 'txn') return txnBytes(command.txn)
  return 'key' in command ? command.key.length + ('value' in command ? command.value.length : 0) : 0
}

function expectedOf(expected: CompareOptions): { modRevision: number | null; value: Uint8Array | null } {
  const { modRevision = null, value } = expected
  if (modRevision === null && value === undefined)
    throw new BalsaError('INVALID', 'compareAndPut needs a modRevision or a value to compare')
  if (modRevision !== null && !(Number.isSafeInteger(modRevision) && modRevision >= 0)) {
    throw new BalsaError('INVALID', `the expected modRevision ${modRevision} is not a safe integer >= 0`)
  }
  return { modRevision, value: value === undefined ? null : toBytes(value, 'expected value') }
}

/** Settles with what `map` makes of the answer; an answer that does not fit the question rejects. */
function mapped<Result>(resolve: (result: Result) => void, reject: Reject, map: (answer: StoreAnswer) => Result): Resolve {
  return (answer) => {
    try {
      resolve(map(answer))
    } catch (error) {
      reject(error instanceof BalsaError ? error : new BalsaError('INVARIANT', 'an answer could not be read', { cause: error }))
    }
  }
}

const unfitting = (type: string): BalsaError => new BalsaError('OUTCOME_UNKNOWN', `the answer, ${type}, does not fit the question`)

function resultOf(answer: StoreAnswer): CommandResult {
  if (answer.type === 'result') return answer.result
  throw unfitting(answer.type)
}

function valueOf(answer: StoreAnswer, key: Uint8Array): KeyValue | null {
  if (answer.type !== 'value') throw unfitting(answer.type)
  return answer.record === null ? null : new KeyValue(key, answer.record.value, answer.record, answer.revision, answer.ageMs)
}

function putResult(result: CommandResult): PutResult {
  if (result.type !== 'written') throw unfitting(result.type)
  return { revision: result.metadata.modRevision, ...result.metadata, previous: result.previous }
}

function appendResult(result: CommandResult): AppendResult {
  if (result.type !== 'written') throw unfitting(result.type)
  return { ...putResult(result), valueBytes: result.valueBytes }
}

function deleteResult(result: CommandResult): DeleteResult {
  if (result.type !== 'deleted') throw unfitting(result.type)
  const deleted = result.previous !== null
  return { deleted, count: deleted ? 1 : 0, revision: result.revision, previous: result.previous, entries: [] }
}

function compareAndPutResult(result: CommandResult): CompareAndPutResult {
  if (result.type === 'compareFailed') return { succeeded: false, revision: result.revision, actual: result.actual }
  return { succeeded: true, ...putResult(result) }
}

function compactResult(result: CommandResult): CompactResult {
  if (result.type !== 'compacted') throw unfitting(result.type)
  return { revision: result.revision }
}

function leaseResult(result: CommandResult): GrantedLease {
  if (result.type !== 'leaseGranted' && result.type !== 'leaseKept') throw unfitting(result.type)
  if (result.ttlMs === 0) throw refusalError('LEASE_NOT_FOUND')
  return { id: result.lease, ttlMs: result.ttlMs, revision: result.revision }
}

function revokeResult(result: CommandResult): RevokedLease {
  if (result.type !== 'leaseRevoked') throw unfitting(result.type)
  return { count: result.deleted, revision: result.revision }
}
