import {
  BalsaError,
  ByteWriter,
  CLIENT_MAGIC,
  type Clock,
  type Connection,
  type Crc32,
  type Dialer,
  FrameDecoder,
  type Timer,
} from '@balsa/raft'
import {
  type AdminRequest,
  CLIENT_PROTOCOL,
  type ClientQuery,
  type ClientRequest,
  decodeResponse,
  errorFromWire,
  MAX_MEMBER_FRAME_BYTES,
  type ReadMode,
  type ServerResponse,
  type StoreAnswer,
  type WatchAttempt,
  type WatchedEvents,
  type WatchRequest,
  type Welcome,
  writeRequest,
} from '@balsa/kv'

/** A request without its id, which the connection gives it. */
export type Unnumbered =
  | { readonly type: 'write'; readonly command: Uint8Array }
  | ({ readonly type: 'get'; readonly key: Uint8Array } & ReadMode)
  | ({ readonly type: 'query'; readonly query: ClientQuery } & ReadMode)
  | { readonly type: 'status' }
  | { readonly type: 'admin'; readonly admin: AdminRequest }

export interface RequestHandlers {
  onAnswer(answer: StoreAnswer): void
  /** Family `refused` = certainly without effect. */
  onError(error: BalsaError): void
}

export interface SentRequest {
  /** True = it has not left and never will. */
  cancel(): boolean
}

export interface ServerConnectionOptions {
  readonly endpoint: string
  readonly dialer: Dialer
  readonly clock: Clock
  readonly crc32: Crc32
  /** For the connection and the handshake together. */
  readonly connectTimeoutMs: number
  /** Bytes that may wait to be sent; then requests are refused with OVERLOADED. */
  readonly maxBufferedBytes: number
  /** Checks the other side's first answer. A throw ends the connection. */
  readonly onWelcome: (welcome: Welcome) => void
  /** Called once, after all requests were told. */
  readonly onClosed: () => void
}

interface Watch {
  readonly request: WatchRequest
  readonly handlers: ConnectionWatchHandlers
  /** 0 until it is sent. */
  id: number
  credit: number
  cancelled: boolean
}

export interface ConnectionWatchHandlers {
  onEvents(watched: WatchedEvents): void
  onError(error: BalsaError): void
}

interface Pending {
  readonly request: Unnumbered
  readonly handlers: RequestHandlers
  /** Its bytes may have left: what came of it is unknown if the connection ends. */
  sent: boolean
  cancelled: boolean
}

/** Ids start again at 1 on the next connection long before they would run out. */
const LAST_ID = 0xffff_fff0

/**
 * One connection to one member: handshake, then many requests under way, answered in any order. What is asked in one turn leaves in one write.
 * Nothing the other side sends is believed: whatever does not fit ends the connection.
 */
export class ServerConnection {
  readonly #options: ServerConnectionOptions
  #connection: Connection | null = null
  readonly #decoder: FrameDecoder
  readonly #writer = new ByteWriter(4096)
  /** Requests with an id, in the order of sending. An answered or refused one is gone. */
  readonly #pending = new Map<number, Pending>()
  /** Requests that wait for the welcome, or for the server's limit on requests under way. */
  readonly #waiting = new Set<Pending>()
  /** From when it is sent until the member says that it has ended. */
  readonly #watches = new Map<number, Watch>()
  readonly #waitingWatches = new Set<Watch>()
  #unflushed: Pending[] = []
  #flushScheduled = false
  #nextId = 1
  #welcome: Welcome | null = null
  #connectTimer: Timer | null
  #closed = false
  #lastProgressMs: number

  constructor(options: ServerConnectionOptions) {
    this.#options = options
    const { clock, crc32, dialer, endpoint } = options
    this.#lastProgressMs = clock.now()
    this.#decoder = new FrameDecoder({ crc32, maxBodyBytes: MAX_MEMBER_FRAME_BYTES, magic: CLIENT_MAGIC })
    this.#connectTimer = clock.setTimer(options.connectTimeoutMs, () => this.#timedOut())
    const connection = dialer.dial(endpoint, {
      onOpen: () => this.#opened(),
      onData: (bytes) => this.#received(bytes),
      onClose: (reason) => this.#end(new BalsaError('UNAVAILABLE', `${endpoint}: ${reason}`)),
    })
    if (this.#closed) connection.close()
    else this.#connection = connection
  }

  get endpoint(): string {
    return this.#options.endpoint
  }

  get closed(): boolean {
    return this.#closed
  }

  /** False once no more requests can be numbered: it should be replaced when it is idle. */
  get usable(): boolean {
    return !this.#closed && this.#nextId < LAST_ID
  }

  get #bufferedBytes(): number {
    return (this.#connection?.bufferedBytes ?? 0) + this.#writer.length
  }

  /** When the last answer arrived that was not a refusal, or when the present wait for answers began. */
  get lastProgressMs(): number {
    return this.#lastProgressMs
  }

  /** At most one of the handlers is called, once; never before this returns. */
  request(request: Unnumbered, handlers: RequestHandlers): SentRequest {
    const pending: Pending = { request, handlers, sent: false, cancelled: false }
    if (!this.usable || this.#bufferedBytes > this.#options.maxBufferedBytes) {
      const error = this.#closed
        ? new BalsaError('UNAVAILABLE', `${this.endpoint}: the connection is closed`)
        : new BalsaError('OVERLOADED', `${this.endpoint} does not take requests as fast as they come`)
      this.#options.clock.defer(() => this.#fail(pending, error))
    } else {
      if (this.#pending.size + this.#waiting.size === 0) this.#lastProgressMs = this.#options.clock.now()
      this.#waiting.add(pending)
      this.#sendWaiting()
    }
    return { cancel: () => this.#cancel(pending) }
  }

  /** The handlers are never called before this returns; an error ends it. `credit`: bytes of events that may come. */
  watch(request: WatchRequest, credit: number, handlers: ConnectionWatchHandlers): WatchAttempt {
    const watch: Watch = { request, handlers, id: 0, credit, cancelled: false }
    if (this.usable) {
      this.#waitingWatches.add(watch)
      this.#sendWaiting()
    } else {
      const error = new BalsaError('UNAVAILABLE', `${this.endpoint}: the connection is closed`)
      this.#options.clock.defer(() => this.#failWatch(watch, error))
    }
    return {
      credit: (bytes) => {
        watch.credit += bytes
        if (watch.id !== 0) this.#sendNow({ type: 'credit', id: watch.id, bytes })
      },
      cancel: () => {
        if (watch.cancelled) return
        watch.cancelled = true
        this.#waitingWatches.delete(watch)
        if (watch.id !== 0) this.#sendNow({ type: 'cancel', id: watch.id })
      },
    }
  }

  #sendNow(request: ClientRequest): void {
    if (this.#closed) return
    writeRequest(this.#writer, request, this.#options.crc32)
    this.#scheduleFlush()
  }

  #failWatch(watch: Watch, error: BalsaError): void {
    if (watch.cancelled) return
    watch.cancelled = true
    watch.handlers.onError(error)
  }

  close(reason: string): void {
    this.#end(new BalsaError('UNAVAILABLE', `${this.endpoint}: ${reason}`))
  }

  #cancel(pending: Pending): boolean {
    pending.cancelled = true
    return this.#waiting.delete(pending)
  }

  #opened(): void {
    if (this.#closed) return
    this.#writer.raw(CLIENT_MAGIC)
    writeRequest(this.#writer, { type: 'hello', protocol: CLIENT_PROTOCOL }, this.#options.crc32)
    this.#flush()
  }

  #sendWaiting(): void {
    const welcome = this.#welcome
    if (welcome === null) return
    for (const pending of this.#waiting) {
      if (this.#pending.size >= welcome.maxInFlight || this.#nextId >= LAST_ID) break
      this.#waiting.delete(pending)
      const id = this.#nextId++
      this.#pending.set(id, pending)
      writeRequest(this.#writer, numbered(pending.request, id), this.#options.crc32)
      this.#unflushed.push(pending)
    }
    for (const watch of this.#waitingWatches) {
      if (this.#nextId >= LAST_ID) break
      this.#waitingWatches.delete(watch)
      watch.id = this.#nextId++
      this.#watches.set(watch.id, watch)
      this.#sendNow({ type: 'watch', id: watch.id, credit: watch.credit, watch: watch.request })
    }
    if (this.#unflushed.length > 0) this.#scheduleFlush()
  }

  #scheduleFlush(): void {
    if (this.#flushScheduled) return
    this.#flushScheduled = true
    this.#options.clock.defer(() => {
      this.#flushScheduled = false
      if (!this.#closed) this.#flush()
    })
  }

  #flush(): void {
    for (const pending of this.#unflushed) pending.sent = true
    this.#unflushed = []
    if (this.#writer.length > 0) this.#connection?.write(this.#writer.detach())
  }

  #received(bytes: Uint8Array): void {
    if (this.#closed) return
    try {
      this.#decoder.push(bytes)
      for (let body = this.#decoder.next(); body !== null && !this.#closed; body = this.#decoder.next())
        this.#response(decodeResponse(body))
    } catch (error) {
      const known = error instanceof BalsaError ? error : new BalsaError('MALFORMED', 'an answer could not be read', { cause: error })
      this.#end(known)
    }
    if (this.#closed) return
    this.#sendWaiting()
    if (!this.usable && this.#pending.size + this.#waiting.size + this.#watches.size === 0) this.close('its request ids are used up')
  }

  #response(response: ServerResponse): void {
    if (response.type === 'error' && response.id === 0) throw errorFromWire(response.error)
    if (response.type === 'welcome') return this.#welcomed(response.welcome)
    if (this.#welcome === null) throw this.#malformed('an answer before the welcome')
    const watch = this.#watches.get(response.id)
    if (watch !== undefined) return this.#watched(watch, response)
    const pending = this.#pending.get(response.id)
    if (pending === undefined) throw this.#malformed(`an answer to request ${response.id}, which is not under way`)
    if (response.type === 'events' || (response.type !== 'error' && response.type !== ANSWERS[pending.request.type])) {
      throw this.#malformed(`a ${response.type} as the answer to a ${pending.request.type}`)
    }
    this.#pending.delete(response.id)
    if (response.type === 'error') return this.#fail(pending, errorFromWire(response.error))
    this.#lastProgressMs = this.#options.clock.now()
    if (pending.cancelled) return
    pending.cancelled = true
    pending.handlers.onAnswer(response.type === 'value' ? ownValue(response) : response)
  }

  #watched(watch: Watch, response: ServerResponse): void {
    if (response.type === 'events') {
      this.#lastProgressMs = this.#options.clock.now()
      if (!watch.cancelled) watch.handlers.onEvents(response.watched)
      return
    }
    if (response.type !== 'error') throw this.#malformed(`a ${response.type} as the answer to a watch`)
    this.#watches.delete(watch.id)
    this.#failWatch(watch, errorFromWire(response.error))
  }

  #welcomed(welcome: Welcome): void {
    if (this.#welcome !== null) throw this.#malformed('a second welcome')
    if (welcome.protocol < CLIENT_PROTOCOL.min || welcome.protocol > CLIENT_PROTOCOL.max) {
      throw new BalsaError(
        'VERSION_MISMATCH',
        `${this.endpoint} speaks version ${welcome.protocol}, this client ${CLIENT_PROTOCOL.min} to ${CLIENT_PROTOCOL.max}`,
      )
    }
    this.#options.onWelcome(welcome)
    this.#welcome = welcome
    this.#connectTimer?.cancel()
    this.#connectTimer = null
  }

  #timedOut(): void {
    this.#end(new BalsaError('UNAVAILABLE', `${this.endpoint} did not answer the handshake within ${this.#options.connectTimeoutMs} ms`))
  }

  #malformed(what: string): BalsaError {
    return new BalsaError('MALFORMED', `${this.endpoint} sent ${what}`)
  }

  #fail(pending: Pending, error: BalsaError): void {
    if (pending.cancelled) return
    pending.cancelled = true
    pending.handlers.onError(error)
  }

  #end(reason: BalsaError): void {
    if (this.#closed) return
    this.#closed = true
    this.#connectTimer?.cancel()
    this.#connection?.close()
    const lost = new BalsaError('OUTCOME_UNKNOWN', `the connection was lost before the answer: ${reason.message}`, { cause: reason })
    // A reason that says nothing about the request itself, such as another cluster's welcome, still means that it was not sent.
    const unsent = reason.family === 'refused' ? reason : new BalsaError('UNAVAILABLE', reason.message, { cause: reason })
    const requests = [...this.#pending.values(), ...this.#waiting]
    this.#pending.clear()
    this.#waiting.clear()
    this.#unflushed = []
    const watches = [...this.#watches.values(), ...this.#waitingWatches]
    this.#watches.clear()
    this.#waitingWatches.clear()
    this.#options.clock.defer(() => {
      for (const watch of watches) this.#failWatch(watch, unsent)
      for (const pending of requests) this.#fail(pending, pending.sent ? lost : unsent)
      this.#options.onClosed()
    })
  }
}

/** A small value must not keep the whole received piece of the stream in memory. */
function ownValue(response: ServerResponse & { readonly type: 'value' }): StoreAnswer {
  return response.record === null ? response : { ...response, record: { ...response.record, value: response.record.value.slice() } }
}

/** Which response answers which request. */
const ANSWERS = { write: 'result', get: 'value', query: 'answer', status: 'status', admin: 'admin' } as const satisfies Record<
  Unnumbered['type'],
  ServerResponse['type']
>

function numbered(request: Unnumbered, id: number): ClientRequest {
  switch (request.type) {
    case 'write':
      return { type: 'write', id, command: request.command }
    case 'get':
    case 'query':
      return { ...request, id }
    case 'status':
      return { type: 'status', id }
    case 'admin':
      return { type: 'admin', id, admin: request.admin }
  }
}
