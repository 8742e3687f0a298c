import { BalsaError, type Clock, type Timer } from '@balsa/raft'
import type { CallOptions } from '../key-value-store.js'
import type { CoordinationEnvironment, LeaseCalls } from './environment.js'
import type { Lease } from './types.js'

/** Share of the time to live that a holder does without: for clocks that run at different speeds, and for stopping what the lease protects. */
const MARGIN_SHARE = 0.1
/** A keep-alive is sent when this share of the time has passed since the one before. */
const RENEW_SHARE = 1 / 3
/** And after a failed one, when this share has passed. */
const RETRY_SHARE = 1 / 20
/** A keep-alive that is not answered for this share is sent again: it may have been lost, and then only time would tell. */
const PATIENCE_SHARE = 1 / 4

/** After these errors no keep-alive will succeed. */
const FINAL: ReadonlySet<string> = new Set(['LEASE_NOT_FOUND', 'STOPPED', 'INVALID'])

/** See {@link Lease}. */
export class KeptLease implements Lease {
  readonly id: bigint
  readonly ttlMs: number
  readonly #store: LeaseCalls
  readonly #clock: Clock
  readonly #controller = new AbortController()
  readonly #leases: CoordinationEnvironment['leases']
  /** Until then nobody can take it away, unless somebody revokes it. */
  #certainUntilMs: number
  #expiryTimer: Timer | null = null
  #renewalTimer: Timer | null = null
  #releasing: Promise<void> | null = null

  /** `sentMs` is when the grant was sent: the cluster counts from a later moment. */
  constructor({ store, clock, leases }: CoordinationEnvironment, id: bigint, ttlMs: number, sentMs: number) {
    this.#store = store
    this.#clock = clock
    this.#leases = leases
    leases.add(this)
    this.id = id
    this.ttlMs = ttlMs
    this.#certainUntilMs = this.#certainAfter(sentMs)
    this.#expireLater()
    this.#renewAt(sentMs + ttlMs * RENEW_SHARE)
  }

  static async grant(environment: CoordinationEnvironment, ttlMs: number, options: CallOptions): Promise<KeptLease> {
    const sentMs = environment.clock.now()
    const granted = await environment.store.grantLease(ttlMs, options)
    return new KeptLease(environment, granted.id, granted.ttlMs, sentMs)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get remainingMs(): number {
    if (this.signal.aborted) return 0
    const remainingMs = this.#certainUntilMs - this.#clock.now()
    if (remainingMs > 0) return remainingMs
    this.#expire()
    return 0
  }

  release(): Promise<void> {
    this.#releasing ??= this.#release()
    return this.#releasing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release()
  }

  /** Whoever sees from something else that it is gone says so. */
  lose(message: string, cause?: unknown): void {
    if (this.signal.aborted) return
    this.#expiryTimer?.cancel()
    this.#renewalTimer?.cancel()
    this.#leases.delete(this)
    this.#controller.abort(new BalsaError('LEASE_LOST', message, cause === undefined ? {} : { cause }))
  }

  async #release(): Promise<void> {
    this.lose('the lease was released')
    try {
      await this.#store.revokeLease(this.id, { deadlineMs: this.ttlMs })
    } catch {
      // It ends by itself.
    }
  }

  #certainAfter(sentMs: number): number {
    return sentMs + this.ttlMs * (1 - MARGIN_SHARE)
  }

  #expire(): void {
    this.lose(`the lease could not be kept alive: the last success was sent ${Math.floor(this.ttlMs * (1 - MARGIN_SHARE))} ms ago or more`)
  }

  #expireLater(): void {
    this.#expiryTimer?.cancel()
    const delayMs = Math.max(0, this.#certainUntilMs - this.#clock.now())
    this.#expiryTimer = this.#clock.setTimer(delayMs, () => {
      if (this.#clock.now() < this.#certainUntilMs) this.#expireLater()
      else this.#expire()
    })
  }

  #renewAt(timeMs: number): void {
    this.#renewalTimer?.cancel()
    this.#renewalTimer = this.#clock.setTimer(Math.max(0, timeMs - this.#clock.now()), () => this.#renew())
  }

  #renew(): void {
    // After a pause of the process this timer may come before the other one.
    const { remainingMs } = this
    if (remainingMs === 0) return
    const sentMs = this.#clock.now()
    const deadlineMs = Math.min(remainingMs, this.ttlMs * PATIENCE_SHARE)
    this.#store.keepLeaseAlive(this.id, { deadlineMs, signal: this.signal }).then(
      () => {
        if (this.signal.aborted) return
        this.#certainUntilMs = this.#certainAfter(sentMs)
        if (this.remainingMs === 0) return
        this.#expireLater()
        this.#renewAt(sentMs + this.ttlMs * RENEW_SHARE)
      },
      (error: unknown) => {
        if (this.signal.aborted) return
        if (error instanceof BalsaError && (FINAL.has(error.code) || error.family === 'fatal'))
          this.lose(`${error.code}: ${error.message}`, error)
        else this.#renewAt(this.#clock.now() + this.ttlMs * RETRY_SHARE)
      },
    )
  }
}
