import { BalsaError } from '@balsa/raft'
import { keyRefusal } from '../mvcc/txn.js'
import { type ServerResponse, wireError } from '../protocol/responses.js'
import { deliveredBytes } from '../watch/events.js'
import type { WatchHub } from '../watch/hub.js'
import type { Watcher, WatchRequest } from '../watch/types.js'

/** What the watches of one connection need of it. */
export interface WatchConnection {
  send(response: ServerResponse): void
  /** False while what was sent waits to be read: nothing more is sent until `resume`. */
  writable(): boolean
  now(): number
}

export interface WatchService {
  readonly watches: WatchHub
  /**
   * Resolves when this member can be watched; it rejects on one that holds no data. With `fresh`, not before the applied state holds everything that was
   * answered before: a watch of what comes next begins there.
   */
  barrier(fresh: boolean): Promise<void>
}

interface Stream {
  readonly id: number
  watcher: Watcher | null
  credit: number
  sentAtMs: number
}

/** One delivery is cut behind the event that brings it to so many bytes. */
const DELIVERY_BYTES = 256 * 1024
/** A watch without events tells its position this often: so it can be resumed from there, and the client knows that it lives. */
const PROGRESS_INTERVAL_MS = 10_000

/**
 * The watches of one connection. Each sends what its client has given credit for, and all together only as much as the connection takes: whoever does not read
 * costs a position in the history.
 */
export class WatchStreams {
  readonly #service: WatchService
  readonly #connection: WatchConnection
  readonly #maxWatches: number
  readonly #streams = new Map<number, Stream>()
  /** Those that had to stop because the connection takes no more. */
  readonly #blocked = new Set<Stream>()

  constructor(service: WatchService, connection: WatchConnection, maxWatches: number) {
    this.#service = service
    this.#connection = connection
    this.#maxWatches = maxWatches
  }

  get size(): number {
    return this.#streams.size
  }

  has(id: number): boolean {
    return this.#streams.has(id)
  }

  open(id: number, request: WatchRequest, credit: number): void {
    if (this.#streams.size >= this.#maxWatches)
      return this.#refuse(id, new BalsaError('OVERLOADED', `more than ${this.#maxWatches} watches on this connection`))
    const refusal = keyRefusal(request.key) ?? (request.rangeEnd.length === 0 ? null : keyRefusal(request.rangeEnd))
    if (refusal !== null) return this.#refuse(id, new BalsaError(refusal.code, refusal.message))
    const stream: Stream = { id, watcher: null, credit, sentAtMs: this.#connection.now() }
    this.#streams.set(id, stream)
    this.#service.barrier(request.startRevision === 0).then(
      () => this.#begin(stream, request),
      (error: unknown) => this.#fail(stream, error),
    )
  }

  /** More bytes may be sent. */
  credit(id: number, bytes: number): void {
    const stream = this.#streams.get(id)
    if (stream === undefined) return
    stream.credit += bytes
    this.#pump(stream)
  }

  /** Ends it, and says so. */
  cancel(id: number): void {
    const stream = this.#streams.get(id)
    if (stream !== undefined) this.#fail(stream, new BalsaError('ABORTED', 'the watch was cancelled'))
  }

  /** The connection takes more again. */
  resume(): void {
    for (const stream of this.#blocked) {
      if (!this.#connection.writable()) return
      this.#blocked.delete(stream)
      this.#pump(stream)
    }
  }

  /** Now and then: tells the positions of those that had nothing to send for long. */
  progress(): void {
    const nowMs = this.#connection.now()
    for (const stream of this.#streams.values()) {
      if (stream.watcher === null || nowMs - stream.sentAtMs < PROGRESS_INTERVAL_MS || !this.#connection.writable()) continue
      stream.sentAtMs = nowMs
      this.#sendPosition(stream, stream.watcher)
    }
  }

  /** Ends all of them with this error. */
  end(error: BalsaError): void {
    for (const stream of [...this.#streams.values()]) this.#fail(stream, error)
  }

  /** The connection is gone. */
  close(): void {
    for (const stream of [...this.#streams.values()]) this.#drop(stream)
  }

  #begin(stream: Stream, request: WatchRequest): void {
    if (!this.#streams.has(stream.id)) return
    try {
      stream.watcher = this.#service.watches.open(request, () => this.#pump(stream))
    } catch (error) {
      return this.#fail(stream, error)
    }
    this.#sendPosition(stream, stream.watcher)
    this.#pump(stream)
  }

  #pump(stream: Stream): void {
    const { watcher } = stream
    if (watcher === null) return
    while (stream.credit > 0 && this.#streams.get(stream.id) === stream) {
      if (!this.#connection.writable()) {
        this.#blocked.add(stream)
        return
      }
      const delivery = watcher.pull(Math.min(stream.credit, DELIVERY_BYTES))
      if (delivery === null) return
      if (delivery.type === 'compacted') {
        const { compactedRevision } = delivery
        return this.#fail(
          stream,
          new BalsaError('COMPACTED', `the history before revision ${compactedRevision} is compacted: events of this watch are lost`, {
            hint: 'Read the keys anew, and watch from the revision behind that of the answer.',
          }),
        )
      }
      const { revision, events, more } = delivery
      for (const event of events) stream.credit -= deliveredBytes(event)
      stream.sentAtMs = this.#connection.now()
      this.#connection.send({ type: 'events', id: stream.id, watched: { revision, position: watcher.position, more, events } })
    }
  }

  #sendPosition({ id }: Stream, watcher: Watcher): void {
    const watched = { revision: this.#service.watches.revision, position: watcher.position, more: false, events: [] }
    this.#connection.send({ type: 'events', id, watched })
  }

  #fail(stream: Stream, error: unknown): void {
    if (this.#streams.get(stream.id) !== stream) return
    this.#drop(stream)
    this.#refuse(stream.id, error)
  }

  #refuse(id: number, error: unknown): void {
    this.#connection.send({ type: 'error', id, error: wireError(error) })
  }

  #drop(stream: Stream): void {
    this.#streams.delete(stream.id)
    this.#blocked.delete(stream)
    stream.watcher?.close()
    stream.watcher = null
  }
}
