import type { StoreEvent, WatchDelivery, Watcher, WatchRequest } from '@balsa/kv'
import { MAX_REQUEST_BYTES } from '@balsa/kv'
import type { Timer } from '@balsa/raft'
import { type EventInit, Event_EventType } from '@balsa/proto/mvccpb'
import type { WatchResponseInit } from '@balsa/proto/etcdserverpb'
import type { Sink } from './endpoint.js'
import { statusOfError } from './errors.js'
import type { EtcdMember } from './member.js'
import { pairOf } from './range.js'

/** One watch of a stream. */
export class Watch {
  readonly id: number
  /** A revision that is larger than a message may come in parts. */
  readonly fragment: boolean
  /** Wants to hear how far it is when nothing happens. */
  readonly progress: boolean
  readonly startRevision: number
  watcher: Watcher | null = null
  /** The largest revision that was reported; later reports are never below it. */
  reported = 0
  /** Nothing was sent since the last look. */
  quiet = true

  constructor(id: number, fragment: boolean, progress: boolean, startRevision: number) {
    this.id = id
    this.fragment = fragment
    this.progress = progress
    this.startRevision = startRevision
  }
}

/** Of a watch that does not exist, and of the stream as a whole. */
const NO_WATCH = -1
const PROGRESS_RETRY_MS = 100

/** The watches of one client. A client that does not read costs the position of each watch, and what is on its way. */
export class WatchStream {
  readonly #member: EtcdMember
  readonly #sink: Sink<WatchResponseInit>
  readonly #watches = new Map<number, Watch>()
  /** Watches that may have something to deliver, in turn. */
  readonly #ready = new Set<Watch>()
  #nextId = 0
  #pumping = false
  #closed = false
  #progressWanted = false
  #timer: Timer | null = null
  #retry: Timer | null = null

  constructor(member: EtcdMember, sink: Sink<WatchResponseInit>) {
    this.#member = member
    this.#sink = sink
  }

  has(id: number): boolean {
    return this.#watches.has(id)
  }

  freeId(): number {
    while (this.#watches.has(this.#nextId)) this.#nextId += 1
    return this.#nextId++
  }

  /** Its client hears that it was created before it hears of any event. */
  add(watch: Watch, request: WatchRequest): void {
    this.#watches.set(watch.id, watch)
    const { watches } = this.#member.store
    watch.reported = watches.revision
    this.#sink.send({ header: this.#member.header(watch.reported), watchId: watch.id, created: true })
    watch.watcher = watches.open(request, () => this.#wake(watch))
    this.#wake(watch)
    if (watch.progress) this.#startTimer()
  }

  /** No such watch is made; the stream lives on. */
  refuse(reason: string): void {
    this.#sink.send({ header: this.#member.header(), watchId: NO_WATCH, created: true, canceled: true, cancelReason: reason })
  }

  cancel(id: number): void {
    const watch = this.#watches.get(id)
    if (watch === undefined) return
    this.#remove(watch)
    this.#sink.send({ header: this.#member.header(), watchId: id, canceled: true })
  }

  /** Answered when all watches are where the store is, once. */
  requestProgress(): void {
    this.#progressWanted = true
    void this.#pump()
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
    this.#retry?.cancel()
    for (const watch of this.#watches.values()) watch.watcher?.close()
    this.#watches.clear()
    this.#ready.clear()
  }

  #remove(watch: Watch): void {
    watch.watcher?.close()
    this.#watches.delete(watch.id)
    this.#ready.delete(watch)
  }

  #wake(watch: Watch): void {
    if (this.#closed) return
    this.#ready.add(watch)
    void this.#pump()
  }

  /** One delivery of each in turn, for as long as the client takes them. */
  async #pump(): Promise<void> {
    if (this.#pumping) return
    this.#pumping = true
    try {
      // Whatever else this turn brings goes into the same write.
      await Promise.resolve()
      while (!this.#closed) {
        const [watch] = this.#ready
        if (watch === undefined) break
        this.#ready.delete(watch)
        if (!this.#deliver(watch)) await this.#sink.writable()
      }
      this.#answerProgress()
    } catch (error) {
      // The client has gone: whoever waits for its next request hears of it as well.
      if (this.#sink.cancelled === null) throw statusOfError(error)
      this.close()
    } finally {
      this.#pumping = false
    }
  }

  /** False = the client must read first. */
  #deliver(watch: Watch): boolean {
    const delivery = watch.watcher?.pull(MAX_REQUEST_BYTES) ?? null
    if (delivery === null) return true
    if (delivery.type === 'compacted') {
      this.#remove(watch)
      return this.#sink.send({
        header: this.#member.header(0),
        watchId: watch.id,
        canceled: true,
        compactRevision: delivery.compactedRevision,
      })
    }
    this.#ready.add(watch)
    watch.quiet = false
    return watch.fragment ? this.#sendPart(watch, delivery) : this.#sendWhole(watch, delivery)
  }

  #sendPart(watch: Watch, { events, more }: WatchDelivery & { readonly type: 'events' }): boolean {
    return this.#sink.send({ ...this.#report(watch, events), fragment: more })
  }

  /** A client that did not ask for parts gets a revision in one message, however large it is. */
  #sendWhole(watch: Watch, first: WatchDelivery & { readonly type: 'events' }): boolean {
    if (!first.more) return this.#sink.send(this.#report(watch, first.events))
    const events = [...first.events]
    for (let next = watch.watcher?.pull(MAX_REQUEST_BYTES); next?.type === 'events'; next = watch.watcher?.pull(MAX_REQUEST_BYTES)) {
      events.push(...next.events)
      if (!next.more) break
    }
    return this.#sink.send(this.#report(watch, events))
  }

  #report(watch: Watch, events: readonly StoreEvent[]): WatchResponseInit {
    watch.reported = Math.max(watch.reported, events.at(-1)?.revision ?? 0)
    return { header: this.#member.header(watch.reported), watchId: watch.id, events: events.map(eventOf) }
  }

  /** Every event up to the revision of the store has been sent. */
  #isInSync(watch: Watch): boolean {
    const { revision } = this.#member.store.watches
    return !this.#ready.has(watch) && (watch.watcher?.position ?? 0) >= revision && revision >= watch.startRevision
  }

  #answerProgress(): void {
    if (!this.#progressWanted || this.#closed || this.#watches.size === 0) return
    for (const watch of this.#watches.values()) if (!this.#isInSync(watch)) return this.#retryProgress()
    this.#progressWanted = false
    const { revision } = this.#member.store.watches
    for (const watch of this.#watches.values()) watch.reported = Math.max(watch.reported, revision)
    this.#sink.send({ header: this.#member.header(revision), watchId: NO_WATCH })
  }

  /** A watch that catches up without finding anything tells nobody. */
  #retryProgress(): void {
    this.#retry ??= this.#member.clock.setTimer(PROGRESS_RETRY_MS, () => {
      this.#retry = null
      void this.#pump()
    })
  }

  #startTimer(): void {
    if (this.#closed) return
    this.#timer ??= this.#member.clock.setTimer(this.#member.watchProgressIntervalMs, () => this.#tick())
  }

  #tick(): void {
    this.#timer = null
    let wanted = false
    for (const watch of this.#watches.values()) {
      if (!watch.progress) continue
      wanted = true
      if (watch.quiet && this.#isInSync(watch) && this.#sink.queuedBytes === 0) {
        watch.reported = Math.max(watch.reported, this.#member.store.watches.revision)
        this.#sink.send({ header: this.#member.header(watch.reported), watchId: watch.id })
      }
      watch.quiet = true
    }
    if (wanted) this.#startTimer()
  }
}

/** A deletion has the key and its own revision alone. */
function eventOf({ type, key, record, previous, revision }: StoreEvent): EventInit {
  const kv = record === null ? { key, modRevision: revision } : pairOf(key, record)
  return {
    type: type === 'put' ? Event_EventType.PUT : Event_EventType.DELETE,
    kv,
    prevKv: previous === null ? null : pairOf(key, previous),
  }
}
