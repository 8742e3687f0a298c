import { BalsaError, type Clock, invariant, type Random, type Timer } from '@balsa/raft'
import type { Attempt, AttemptHandlers, StoreAnswer, StoreBackend, StoreRequest, WatchAttempt, WatchHandlers } from './calls/backend.js'
import { SessionStore, type SessionStoreOptions } from './calls/session-store.js'
import { clientAnswer, inSlices } from './client-answers.js'
import type { GetAnswer, KvAnswer, KvQuery } from './kv-queries.js'
import type { ClientQuery } from './protocol/queries.js'
import type { ReadMode } from './protocol/read-mode.js'
import { errorFromWire, type ServerResponse } from './protocol/responses.js'
import type { CommandResult } from './result.js'
import { WatchStreams } from './serving/watch-streams.js'
import type { WatchHub } from './watch/hub.js'
import type { WatchRequest } from './watch/types.js'

/** What the embedded store needs of a replica in the same process; `Replica` offers it. */
export interface EmbeddedReplica {
  propose(command: Uint8Array, options: { readonly signal?: AbortSignal }): Promise<{ readonly result: CommandResult }>
  /** Of the state machine. */
  readonly watches: WatchHub
  readWithAge(query: KvQuery, options: ReadMode): Promise<{ readonly answer: KvAnswer; readonly ageMs: number }>
}

export interface EmbeddedStoreOptions extends Omit<SessionStoreOptions, 'attemptTimeoutMs'> {
  /** Called once by `close`, after the session was closed: for example to close the replica. */
  readonly onClose?: () => Promise<void>
}

/** How often watches are looked through for those that should tell how far they are. */
const PROGRESS_MS = 2000
const FIRST_BACK_OFF_MS = 10
const LONGEST_BACK_OFF_MS = 500

/** Codes of a replica after which it will never answer anything else to this request. */
const FINAL: ReadonlySet<string> = new Set([
  'STOPPED',
  'INVALID',
  'TOO_LARGE',
  'MALFORMED',
  'VERSION_MISMATCH',
  'LEASES_OFF',
  'TOO_STALE',
  'COMPACTED',
])

/** The store of a replica in this process, without a network: the same interface, the same exactly-once writes, the same errors. */
export class EmbeddedStore extends SessionStore {
  constructor(replica: EmbeddedReplica, options: EmbeddedStoreOptions) {
    super(new EmbeddedBackend(replica, options.clock, options.random, options.onClose ?? (async () => undefined)), options)
  }
}

class EmbeddedBackend implements StoreBackend {
  readonly #replica: EmbeddedReplica
  readonly #clock: Clock
  readonly #random: Random
  readonly #onClose: () => Promise<void>
  readonly #watchers = new Map<number, WatchHandlers>()
  readonly #streams: WatchStreams
  #nextWatch = 1
  #progressTimer: Timer | null = null
  #failures = 0
  #notBeforeMs = 0

  constructor(replica: EmbeddedReplica, clock: Clock, random: Random, onClose: () => Promise<void>) {
    this.#replica = replica
    this.#clock = clock
    this.#random = random
    this.#onClose = onClose
    const barrier = async (fresh: boolean): Promise<void> => {
      await replica.readWithAge({ type: 'stats' }, { consistency: fresh ? 'linearizable' : 'stale' })
    }
    const connection = { send: (response: ServerResponse) => this.#watched(response), writable: () => true, now: () => clock.now() }
    this.#streams = new WatchStreams({ watches: replica.watches, barrier }, connection, Number.POSITIVE_INFINITY)
  }

  attempt(request: StoreRequest, handlers: AttemptHandlers): Attempt {
    let listening = true
    this.#answer(request).then(
      (answer) => {
        this.#failures = 0
        if (listening) handlers.onAnswer(answer)
      },
      (error: unknown) => {
        const known = error instanceof BalsaError ? error : new BalsaError('OUTCOME_UNKNOWN', 'the replica failed', { cause: error })
        const retryAfterMs = this.#retryAfterMs(known)
        if (listening) handlers.onError(known, retryAfterMs)
      },
    )
    return {
      cancel: () => {
        listening = false
        return false
      },
      silent: () => 0,
    }
  }

  watch(request: WatchRequest, credit: number, handlers: WatchHandlers): WatchAttempt {
    const id = this.#nextWatch++
    const isFirst = this.#watchers.size === 0
    this.#watchers.set(id, handlers)
    this.#clock.defer(() => {
      if (this.#watchers.has(id)) this.#streams.open(id, request, credit)
    })
    if (isFirst) this.#progress()
    return {
      credit: (bytes) => this.#streams.credit(id, bytes),
      cancel: () => {
        this.#forget(id)
        this.#streams.cancel(id)
      },
    }
  }

  #forget(id: number): void {
    this.#watchers.delete(id)
    if (this.#watchers.size === 0) this.#progressTimer?.cancel()
  }

  #progress(): void {
    this.#progressTimer = this.#clock.setTimer(PROGRESS_MS, () => {
      this.#streams.progress()
      this.#progress()
    })
  }

  #watched(response: ServerResponse): void {
    const handlers = 'id' in response ? this.#watchers.get(response.id) : undefined
    if (response.type === 'events') handlers?.onEvents(response.watched)
    if (response.type !== 'error') return
    this.#forget(response.id)
    const error = errorFromWire(response.error)
    handlers?.onError(error, FINAL.has(error.code) ? null : this.#retryAfterMs(error))
  }

  close(): Promise<void> {
    this.#progressTimer?.cancel()
    this.#streams.close()
    return this.#onClose()
  }

  async #answer(request: StoreRequest): Promise<StoreAnswer> {
    if (request.type === 'write') return { type: 'result', result: (await this.#replica.propose(request.command, {})).result }
    if (request.type === 'status' || request.type === 'admin')
      throw new BalsaError('INVALID', `an embedded store has no ${request.type} of its own: ask the replica`)
    const { consistency, maxStaleMs } = request
    const mode = { consistency, ...(maxStaleMs === undefined ? {} : { maxStaleMs }) }
    if (request.type === 'query') return this.#query(request.query, mode)
    const { answer, ageMs } = await this.#replica.readWithAge({ type: 'get', key: request.key }, mode)
    invariant(answer.type === 'get', 'the state machine answers the query that it was asked')
    const { revision, record } = answer
    // A copy: the value belongs to the store.
    const own = record === null ? null : { ...metadataOf(record), value: record.value.slice() }
    return { type: 'value', revision, ageMs: knownAge(ageMs), record: own }
  }

  async #query(query: ClientQuery, mode: ReadMode): Promise<StoreAnswer> {
    const { answer, ageMs } = await this.#replica.readWithAge(inSlices(query), mode)
    const found = await clientAnswer(answer)
    invariant(found.type === query.type, 'the state machine answers the query that it was asked')
    return { type: 'answer', ageMs: knownAge(ageMs), answer: found }
  }

  /** Calls that fail together wait together: one failure makes the back-off longer, the others of the same turn share it. */
  #retryAfterMs(error: BalsaError): number | null {
    if (error.family === 'fatal' || FINAL.has(error.code)) return null
    const now = this.#clock.now()
    if (now >= this.#notBeforeMs) {
      const longest = Math.min(LONGEST_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** this.#failures)
      this.#failures = Math.min(this.#failures + 1, 16)
      this.#notBeforeMs = now + longest * (0.5 + this.#random.next() / 2)
    }
    return this.#notBeforeMs - now
  }
}

const knownAge = (ageMs: number): number | null => (ageMs === Infinity ? null : ageMs)

const metadataOf = ({ createRevision, modRevision, version, lease }: NonNullable<GetAnswer['record']>) => ({
  createRevision,
  modRevision,
  version,
  lease,
})
