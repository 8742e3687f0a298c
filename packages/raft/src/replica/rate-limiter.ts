import type { Clock, Timer } from '../ports/clock.js'

interface Waiter {
  readonly bytes: number
  readonly resolve: () => void
}

/** A turn that comes late, or is long, costs nothing of the rate: what could have passed meanwhile passes then. Whoever was away for longer begins anew. */
const CATCH_UP_MS = 1000

/** Lets bytes pass at a steady rate, in the order in which they were announced. */
export class RateLimiter {
  readonly #clock: Clock
  readonly #bytesPerSecond: number
  #waiting: Waiter[] = []
  #freeAtMs = -Infinity
  #timer: Timer | null = null

  constructor(clock: Clock, bytesPerSecond: number) {
    this.#clock = clock
    this.#bytesPerSecond = bytesPerSecond
  }

  /** Resolves when `bytes` may pass. The first ones of an idle time pass at once; those after them pay for them. */
  take(bytes: number): Promise<void> {
    if (this.#bytesPerSecond === Infinity) return Promise.resolve()
    return new Promise((resolve) => {
      this.#waiting.push({ bytes, resolve })
      if (this.#timer === null) this.#release()
    })
  }

  /** Lets everybody go: who waited must look whether the node still runs. */
  stop(): void {
    this.#timer?.cancel()
    this.#timer = null
    for (const { resolve } of this.#waiting) resolve()
    this.#waiting = []
  }

  #release(): void {
    this.#timer = null
    const nowMs = this.#clock.now()
    while (this.#freeAtMs <= nowMs) {
      const next = this.#waiting.shift()
      if (next === undefined) return
      const fromMs = nowMs - this.#freeAtMs > CATCH_UP_MS ? nowMs : this.#freeAtMs
      this.#freeAtMs = fromMs + (next.bytes / this.#bytesPerSecond) * 1000
      next.resolve()
    }
    if (this.#waiting.length > 0) this.#timer = this.#clock.setTimer(this.#freeAtMs - nowMs, () => this.#release())
  }
}
