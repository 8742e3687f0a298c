import { BalsaError } from '../errors.js'
import type { Clock, Random } from '../ports/clock.js'
import type { Connection, ConnectionHandlers, Dialer } from '../ports/connection.js'

/** Called for each incoming connection; `onOpen` of the returned handlers follows. */
export type Acceptor = (connection: Connection) => ConnectionHandlers

export interface StreamConditions {
  /** Each piece of a stream takes this long; the order stays. */
  readonly delayMs: number
  /** Streams arrive in pieces of random size up to this, as TCP may cut them anywhere. */
  readonly maxPieceBytes: number
}

/** Byte streams between dialers and listeners in one process, over a clock: what TCP is to a client and its server. */
export class MemoryStreams {
  readonly #clock: Clock
  readonly #random: Random
  readonly #listeners = new Map<string, MemoryListener>()
  readonly #silent = new Set<string>()
  conditions: StreamConditions

  constructor(clock: Clock, random: Random, conditions: Partial<StreamConditions> = {}) {
    this.#clock = clock
    this.#random = random
    this.conditions = { delayMs: 0, maxPieceBytes: Number.MAX_SAFE_INTEGER, ...conditions }
  }

  /** Throws INVALID (refused) when somebody listens there already. */
  listen(endpoint: string, acceptor: Acceptor): MemoryListener {
    if (this.#listeners.has(endpoint)) throw new BalsaError('INVALID', `somebody listens at ${endpoint} already`)
    const listener = new MemoryListener(acceptor, () => this.#listeners.delete(endpoint))
    this.#listeners.set(endpoint, listener)
    return listener
  }

  dialer(): Dialer {
    return { dial: (endpoint, handlers) => this.#dial(endpoint, handlers) }
  }

  /** From now on nothing reaches this endpoint or comes from it, and nobody is told: as a dead machine or a lost route. */
  silence(endpoint: string): void {
    this.#silent.add(endpoint)
  }

  /** Ends the silence. What was sent in between is lost for ever, so existing connections should be closed. */
  unsilence(endpoint: string): void {
    this.#silent.delete(endpoint)
  }

  #dial(endpoint: string, handlers: ConnectionHandlers): Connection {
    const wire: Wire = {
      carry: (run) => this.#carry(endpoint, run),
      defer: (run) => this.#clock.defer(run),
      cutUp: (bytes) => this.#cutUp(bytes),
    }
    const dialled = new MemoryConnection(handlers, wire)
    this.#carry(endpoint, () => {
      const listener = this.#listeners.get(endpoint)
      if (listener === undefined) return dialled.end(`connection to ${endpoint} refused`)
      if (dialled.closed) return
      listener.accept(new MemoryConnection(null, wire), dialled)
    })
    return dialled
  }

  #carry(endpoint: string, run: () => void): void {
    this.#clock.setTimer(this.conditions.delayMs, () => {
      if (!this.#silent.has(endpoint)) run()
    })
  }

  #cutUp(bytes: Uint8Array): Uint8Array[] {
    const pieces: Uint8Array[] = []
    for (let at = 0; at < bytes.length; ) {
      const limit = Math.min(this.conditions.maxPieceBytes, bytes.length - at)
      const whole = this.conditions.maxPieceBytes >= bytes.length
      const length = whole ? limit : 1 + Math.floor(this.#random.next() * limit)
      pieces.push(bytes.slice(at, at + length))
      at += length
    }
    return pieces
  }
}

export class MemoryListener {
  readonly #acceptor: Acceptor
  readonly #onClose: () => void
  readonly #connections = new Set<MemoryConnection>()

  constructor(acceptor: Acceptor, onClose: () => void) {
    this.#acceptor = acceptor
    this.#onClose = onClose
  }

  /** Open connections. */
  get connections(): number {
    return this.#connections.size
  }

  /** Breaks all connections and goes on listening. */
  breakConnections(): void {
    for (const connection of [...this.#connections]) connection.close()
  }

  /** Stops listening and breaks all connections. */
  close(): void {
    this.#onClose()
    this.breakConnections()
  }

  /** @internal */
  accept(accepted: MemoryConnection, dialled: MemoryConnection): void {
    this.#connections.add(accepted)
    accepted.onEnd = () => this.#connections.delete(accepted)
    accepted.join(dialled)
    dialled.join(accepted)
    accepted.handle(this.#acceptor(accepted))
    dialled.open()
  }
}

interface Wire {
  /** Runs at the other end, when what is sent now arrives there. */
  carry(run: () => void): void
  /** Runs at this end, soon. */
  defer(run: () => void): void
  cutUp(bytes: Uint8Array): Uint8Array[]
}

class MemoryConnection implements Connection {
  #handlers: ConnectionHandlers | null
  readonly #wire: Wire
  #other: MemoryConnection | null = null
  /** Written before the connection was open. */
  #early: Uint8Array[] = []
  #buffered = 0
  closed = false
  onEnd: () => void = () => undefined

  constructor(handlers: ConnectionHandlers | null, wire: Wire) {
    this.#handlers = handlers
    this.#wire = wire
  }

  get bufferedBytes(): number {
    return this.#buffered
  }

  write(bytes: Uint8Array): void {
    if (this.closed) return
    this.#buffered += bytes.length
    if (this.#other === null) this.#early.push(bytes)
    else this.#transmit(this.#other, bytes)
  }

  /** Bytes written before still arrive; then the other side sees the end. */
  close(): void {
    const other = this.#other
    if (this.closed) return
    this.end('closed by this side')
    if (other !== null) this.#wire.carry(() => other.end('closed by the other side'))
  }

  join(other: MemoryConnection): void {
    this.#other = other
  }

  handle(handlers: ConnectionHandlers): void {
    this.#handlers = handlers
    if (!this.closed) handlers.onOpen()
  }

  open(): void {
    if (this.closed) return
    this.#handlers?.onOpen()
    const early = this.#early
    this.#early = []
    for (const bytes of early) if (this.#other !== null) this.#transmit(this.#other, bytes)
  }

  end(reason: string): void {
    if (this.closed) return
    this.closed = true
    this.#early = []
    this.onEnd()
    // Never from inside the caller's own close, as with a real socket.
    this.#wire.defer(() => this.#handlers?.onClose(reason))
  }

  #transmit(other: MemoryConnection, bytes: Uint8Array): void {
    for (const piece of this.#wire.cutUp(bytes)) {
      this.#wire.carry(() => {
        this.#buffered -= piece.length
        if (!other.closed) other.#handlers?.onData(piece)
      })
    }
  }
}
