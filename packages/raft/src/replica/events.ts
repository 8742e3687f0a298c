import type { Role } from '../core/effects.js'
import type { BalsaError } from '../errors.js'
import type { Clock } from '../ports/clock.js'
import type { Configuration, LogIndex, MemberId, SnapshotMeta, Term } from '../types.js'
import type { AbortSignalLike } from './calls.js'

/** What happened, for people and metrics. Nothing may depend on hearing of it. */
export type ReplicaEvent =
  | { readonly type: 'role'; readonly role: Role; readonly term: Term; readonly leaderId: MemberId | null; readonly reason: string }
  /** At most one per turn, with the newest commit index. */
  | { readonly type: 'commit'; readonly index: LogIndex }
  /** A local snapshot is durable. */
  | { readonly type: 'snapshot'; readonly meta: SnapshotMeta }
  /** The state machine was replaced by a snapshot of the leader. */
  | { readonly type: 'restored'; readonly meta: SnapshotMeta }
  /** Active from now on, committed or not. */
  | { readonly type: 'membership'; readonly index: LogIndex; readonly configuration: Configuration }
  /** Entries that were never committed were cut off. */
  | { readonly type: 'truncated'; readonly fromIndex: LogIndex; readonly lastIndex: LogIndex }
  | { readonly type: 'peer'; readonly id: MemberId; readonly up: boolean }
  /** This leader is slow for a while already, and `target` is not: it hands its leadership over. */
  | {
      readonly type: 'automaticTransfer'
      readonly target: MemberId
      readonly reason: string
      readonly outcome: 'begun' | 'done' | 'failed'
    }
  /** The node has stopped for good. */
  | { readonly type: 'fatal'; readonly error: BalsaError }
  /** The reader of `events()` was too slow: this many events were left out here. */
  | { readonly type: 'overflow'; readonly lost: number }

export type ReplicaEventType = ReplicaEvent['type']
export type EventOf<T extends ReplicaEventType> = Extract<ReplicaEvent, { type: T }>

export interface EventStreamOptions {
  readonly signal?: AbortSignalLike
  /** Events that wait for the reader before an `overflow` takes their place. Default 1024. */
  readonly capacity?: number
}

type Listener = (event: ReplicaEvent) => void

/** Listeners and bounded streams of events. Never holds up the node. */
export class EventHub {
  readonly #clock: Clock
  readonly #listeners = new Map<ReplicaEventType, Set<Listener>>()
  readonly #streams = new Set<EventStream>()
  #closed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  on<T extends ReplicaEventType>(type: T, listener: (event: EventOf<T>) => void): Disposable {
    const listeners = this.#listeners.get(type) ?? new Set()
    this.#listeners.set(type, listeners)
    // A wrapper of its own, so that one function can be registered twice.
    const entry: Listener = (event) => listener(event as EventOf<T>)
    listeners.add(entry)
    return { [Symbol.dispose]: () => void listeners.delete(entry) }
  }

  stream(options: EventStreamOptions): AsyncIterable<ReplicaEvent> {
    const open = (): EventStream => {
      const stream = new EventStream(options, () => this.#streams.delete(stream))
      if (this.#closed || options.signal?.aborted === true) stream.end()
      else this.#streams.add(stream)
      return stream
    }
    return { [Symbol.asyncIterator]: open }
  }

  /** Is it worth while to make an event of this type? */
  wants(type: ReplicaEventType): boolean {
    return this.#streams.size > 0 || (this.#listeners.get(type)?.size ?? 0) > 0
  }

  emit(event: ReplicaEvent): void {
    for (const stream of this.#streams) stream.push(event)
    const listeners = this.#listeners.get(event.type)
    if (listeners === undefined) return
    for (const listener of [...listeners]) {
      try {
        listener(event)
      } catch (error) {
        // A listener's mistake must not break consensus, nor vanish: it surfaces as an uncaught error of the host.
        this.#clock.defer(() => {
          throw error
        })
      }
    }
  }

  /** Ends all streams after what they hold. */
  close(): void {
    this.#closed = true
    for (const stream of [...this.#streams]) stream.end()
  }
}

class EventStream implements AsyncIterator<ReplicaEvent> {
  readonly #signal: AbortSignalLike | undefined
  readonly #capacity: number
  readonly #detach: () => void
  #buffer: ReplicaEvent[] = []
  #lost = 0
  #waiting: ((result: IteratorResult<ReplicaEvent>) => void)[] = []
  #ended = false
  readonly #onAbort = (): void => {
    this.#buffer = []
    this.#lost = 0
    this.end()
  }

  constructor(options: EventStreamOptions, detach: () => void) {
    this.#signal = options.signal
    this.#capacity = options.capacity ?? 1024
    this.#detach = detach
    this.#signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  push(event: ReplicaEvent): void {
    const waiting = this.#waiting.shift()
    if (waiting !== undefined) waiting({ done: false, value: event })
    else if (this.#buffer.length < this.#capacity && this.#lost === 0) this.#buffer.push(event)
    else this.#lost++
  }

  next(): Promise<IteratorResult<ReplicaEvent>> {
    const event = this.#buffer.shift()
    if (event !== undefined) return Promise.resolve({ done: false, value: event })
    if (this.#lost > 0) {
      const lost = this.#lost
      this.#lost = 0
      return Promise.resolve({ done: false, value: { type: 'overflow', lost } })
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  return(): Promise<IteratorResult<ReplicaEvent>> {
    this.#onAbort()
    return Promise.resolve({ done: true, value: undefined })
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#detach()
    for (const resolve of this.#waiting) resolve({ done: true, value: undefined })
    this.#waiting = []
  }
}
