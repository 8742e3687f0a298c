import type { Clock, Timer } from '@balsa/raft'
import { GrpcCall, type GrpcCallHandlers, type GrpcCallOptions } from './grpc-call.js'
import type { Http2Dialer, Http2Session } from './http2.js'

export interface GrpcConnectionOptions {
  readonly endpoint: string
  readonly dialer: Http2Dialer
  readonly clock: Clock
  readonly connectTimeoutMs: number
  /** Longer messages end their call with RESOURCE_EXHAUSTED. */
  readonly maxMessageBytes: number
  /** Called once, after all calls were told. */
  readonly onClosed: () => void
}

/** While calls are open and nothing was heard for so long, the server is asked for a sign of life. etcd resents more than one in 5 s. */
const KEEP_ALIVE_MS = 10_000
/** The sign comes within this time, or the connection is given up. */
const PING_TIMEOUT_MS = 3000

/** One connection to one server: calls wait until it is open, and are told when it ends. */
export class GrpcConnection {
  readonly endpoint: string
  readonly #options: GrpcConnectionOptions
  readonly #session: Http2Session
  readonly #calls = new Set<GrpcCall>()
  #open = false
  #closed = false
  #leaving = false
  #connectTimer: Timer | null
  #keepAliveTimer: Timer | null = null
  #pingTimer: Timer | null = null
  #pingedMs = Number.NEGATIVE_INFINITY
  #lastProgressMs: number

  constructor(options: GrpcConnectionOptions) {
    const { clock, dialer, endpoint, connectTimeoutMs } = options
    this.#options = options
    this.endpoint = endpoint
    this.#lastProgressMs = clock.now()
    this.#connectTimer = clock.setTimer(connectTimeoutMs, () => this.close(`no connection within ${connectTimeoutMs} ms`))
    this.#session = dialer.dial(endpoint, {
      onOpen: () => this.#opened(),
      onGoAway: () => this.#goAway(),
      onClose: (reason) => this.#ended(reason),
    })
  }

  /** New calls may begin here. */
  get usable(): boolean {
    return !this.#closed && !this.#leaving
  }

  get closed(): boolean {
    return this.#closed
  }

  /** When something was heard, or the first of the calls under way began. */
  get lastProgressMs(): number {
    return this.#lastProgressMs
  }

  /** Begins a call; only while usable. No handler is called before this returns. */
  call(path: string, options: GrpcCallOptions, handlers: GrpcCallHandlers): GrpcCall {
    const { endpoint, clock, maxMessageBytes } = this.#options
    if (this.#calls.size === 0) this.#lastProgressMs = clock.now()
    const call = new GrpcCall(path, options, handlers, {
      authority: endpoint.replace(/^https?:\/\//, ''),
      scheme: endpoint.startsWith('https://') ? 'https' : 'http',
      maxMessageBytes,
      onProgress: () => this.#heard(),
      onFinished: (finished) => this.#finished(finished),
    })
    this.#calls.add(call)
    if (this.#open) call.start(this.#session)
    this.#watchOver()
    return call
  }

  /** Somebody finds it too silent: unless it gives a sign of life soon, it is given up. */
  probe(): void {
    const { clock } = this.#options
    if (!this.#open || this.#closed || this.#pingTimer !== null || clock.now() - this.#pingedMs < KEEP_ALIVE_MS) return
    this.#pingedMs = clock.now()
    this.#pingTimer = clock.setTimer(PING_TIMEOUT_MS, () => this.close(`${this.endpoint} gives no sign of life`))
    this.#session.ping(() => this.#heard())
  }

  close(reason: string): void {
    if (this.#closed) return
    this.#ended(reason)
    this.#session.close()
  }

  #opened(): void {
    if (this.#closed) return
    this.#open = true
    this.#connectTimer?.cancel()
    this.#lastProgressMs = this.#options.clock.now()
    for (const call of [...this.#calls]) call.start(this.#session)
  }

  #goAway(): void {
    this.#leaving = true
    this.#closeWhenIdle()
  }

  #heard(): void {
    this.#lastProgressMs = this.#options.clock.now()
    this.#pingTimer?.cancel()
    this.#pingTimer = null
  }

  #finished(call: GrpcCall): void {
    this.#calls.delete(call)
    this.#closeWhenIdle()
  }

  #closeWhenIdle(): void {
    if (this.#leaving && this.#calls.size === 0) this.close('the server takes no more calls here')
  }

  #watchOver(): void {
    if (this.#keepAliveTimer !== null || this.#closed) return
    const { clock } = this.#options
    this.#keepAliveTimer = clock.setTimer(KEEP_ALIVE_MS, () => {
      this.#keepAliveTimer = null
      if (this.#calls.size === 0) return
      if (clock.now() - this.#lastProgressMs >= KEEP_ALIVE_MS) this.probe()
      this.#watchOver()
    })
  }

  #ended(reason: string): void {
    if (this.#closed) return
    this.#closed = true
    this.#connectTimer?.cancel()
    this.#keepAliveTimer?.cancel()
    this.#pingTimer?.cancel()
    const calls = [...this.#calls]
    this.#calls.clear()
    this.#options.clock.defer(() => {
      for (const call of calls) call.connectionLost(reason)
      this.#options.onClosed()
    })
  }
}
