import { BalsaError, type Clock, type Timer } from '@balsa/raft'
import { KeyValue, type WatchEvent } from '../key-value-store.js'
import type { WatchedEvents } from '../protocol/watching.js'
import { deliveredBytes } from '../watch/events.js'
import type { StoreEvent, WatchRequest } from '../watch/types.js'
import type { StoreBackend, WatchAttempt } from './backend.js'

export interface WatchEnvironment {
  readonly clock: Clock
  readonly backend: StoreBackend
  /** A watch that hears nothing for so long begins anew elsewhere; Infinity = never. */
  readonly silenceMs: number
}

export interface WatchCallOptions {
  readonly progress: boolean
  readonly signal: AbortSignal | undefined
  /** The call is over: its place is free. */
  readonly onEnd: (call: WatchCall) => void
}

/** Bytes of events that may be on their way or wait to be taken. */
const WINDOW_BYTES = 256 * 1024

interface Queued {
  readonly event: StoreEvent | null
  /** Of the progress, when there is no event. */
  readonly revision: number
  readonly more: boolean
  readonly bytes: number
}

interface Waiter {
  readonly resolve: (result: IteratorResult<WatchEvent, undefined>) => void
  readonly reject: (error: BalsaError) => void
}

/**
 * One watch over all its attempts: each goes on behind the last revision that came whole, so that nothing is missed and nothing comes twice. What was
 * received of a revision that did not come whole is skipped when it comes again: its events have one order.
 */
export class WatchCall implements AsyncIterator<WatchEvent, undefined> {
  readonly #environment: WatchEnvironment
  readonly #request: WatchRequest
  readonly #options: WatchCallOptions
  readonly #onAbort = (): void => this.end(new BalsaError('ABORTED', 'the watch was aborted', { cause: this.#options.signal?.reason }))
  readonly #waiters: Waiter[] = []
  #queue: Queued[] = []
  #attempt: WatchAttempt | null = null
  #attemptNumber = 0
  #timer: Timer | null = null
  #silence: Timer | null = null
  /** What comes next; 0 = whatever happens next. */
  #nextRevision: number
  /** Events of `#nextRevision` that have come already, because a part of it has. */
  #seen = 0
  /** Events of it that this attempt has repeated. */
  #skipped = 0
  #queuedBytes = 0
  /** What the other side may still send. */
  #window = 0
  #error: BalsaError | null = null
  #ended = false

  constructor(environment: WatchEnvironment, request: WatchRequest, options: WatchCallOptions) {
    this.#environment = environment
    this.#request = request
    this.#options = options
    this.#nextRevision = request.startRevision
    options.signal?.addEventListener('abort', this.#onAbort)
  }

  begin(): void {
    if (this.#options.signal?.aborted === true) this.#onAbort()
    else this.#try()
  }

  next(): Promise<IteratorResult<WatchEvent, undefined>> {
    const queued = this.#queue.shift()
    if (queued !== undefined) {
      this.#queuedBytes -= queued.bytes
      this.#giveCredit()
      return Promise.resolve({ done: false, value: shown(queued) })
    }
    if (this.#error !== null) {
      const error = this.#error
      this.#error = null
      return Promise.reject(error)
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }))
  }

  return(): Promise<IteratorResult<WatchEvent, undefined>> {
    this.end(null)
    return Promise.resolve({ done: true, value: undefined })
  }

  /** Over: what waits is thrown away. The error is for the next one who asks; null = nobody is told. */
  end(error: BalsaError | null): void {
    if (this.#ended) return
    this.#ended = true
    this.#stopAttempt()
    this.#timer?.cancel()
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
    this.#queue = []
    const [first, ...others] = this.#waiters.splice(0)
    if (error !== null && first !== undefined) first.reject(error)
    else {
      this.#error = error
      first?.resolve({ done: true, value: undefined })
    }
    for (const waiter of others) waiter.resolve({ done: true, value: undefined })
    this.#options.onEnd(this)
  }

  #stopAttempt(): void {
    this.#attempt?.cancel()
    this.#attempt = null
    this.#attemptNumber += 1
    this.#silence?.cancel()
  }

  #try(): void {
    if (this.#ended) return
    this.#stopAttempt()
    const number = this.#attemptNumber
    this.#skipped = 0
    this.#window = Math.max(0, WINDOW_BYTES - this.#queuedBytes)
    const request = { ...this.#request, startRevision: this.#nextRevision }
    this.#attempt = this.#environment.backend.watch(request, this.#window, {
      onEvents: (watched) => {
        if (number === this.#attemptNumber) this.#received(watched)
      },
      onError: (error, retryAfterMs) => {
        if (number === this.#attemptNumber) this.#failed(error, retryAfterMs)
      },
    })
    this.#listen()
  }

  #listen(): void {
    const { clock, silenceMs } = this.#environment
    this.#silence?.cancel()
    if (Number.isFinite(silenceMs)) this.#silence = clock.setTimer(silenceMs, () => this.#try())
  }

  #failed(error: BalsaError, retryAfterMs: number | null): void {
    this.#attempt = null
    this.#stopAttempt()
    if (retryAfterMs === null) return this.end(error)
    this.#timer = this.#environment.clock.setTimer(retryAfterMs, () => this.#try())
  }

  #received({ position, more, events }: WatchedEvents): void {
    this.#listen()
    events.forEach((event, at) => {
      const bytes = deliveredBytes(event)
      this.#window -= bytes
      const next = events[at + 1]
      const continues = next === undefined ? more : next.revision === event.revision
      if (this.#isNew(event)) this.#push({ event, revision: event.revision, more: continues, bytes })
      if (!continues) this.#passed(event.revision)
    })
    if (!more) this.#passed(position)
    if (events.length === 0 && this.#options.progress) this.#push({ event: null, revision: position, more: false, bytes: 0 })
    this.#giveCredit()
  }

  #isNew({ revision }: StoreEvent): boolean {
    if (revision < this.#nextRevision) return false
    if (revision > this.#nextRevision) {
      this.#nextRevision = revision
      this.#seen = 0
      this.#skipped = 0
    }
    this.#skipped += 1
    if (this.#skipped <= this.#seen) return false
    this.#seen = this.#skipped
    return true
  }

  /** Everything up to this revision has come. */
  #passed(revision: number): void {
    if (revision < this.#nextRevision) return
    this.#nextRevision = revision + 1
    this.#seen = 0
    this.#skipped = 0
  }

  #push(queued: Queued): void {
    const waiter = this.#waiters.shift()
    if (waiter !== undefined) return waiter.resolve({ done: false, value: shown(queued) })
    // Of several that say how far it is, the last one says it all.
    if (queued.event === null && this.#queue.at(-1)?.event === null) this.#queue.pop()
    this.#queue.push(queued)
    this.#queuedBytes += queued.bytes
  }

  #giveCredit(): void {
    const lack = WINDOW_BYTES - this.#queuedBytes - this.#window
    if (this.#attempt === null || lack < WINDOW_BYTES / 2) return
    this.#window += lack
    this.#attempt.credit(lack)
  }
}

/** With bytes of its own: what was received may be a part of something larger, or belong to the store. */
function shown({ event, revision, more }: Queued): WatchEvent {
  if (event === null) return { type: 'progress', revision }
  const key = event.key.slice()
  const { record, previous } = event
  const before = previous === null ? null : new KeyValue(key, previous.value.slice(), previous, revision)
  if (record === null) return { type: 'delete', key, previous: before, revision, more }
  return { type: 'put', key, entry: new KeyValue(key, record.value.slice(), record, revision), previous: before, revision, more }
}
