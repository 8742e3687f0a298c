/** So many at once, so many each second after that. Time is the caller's. */
export class TokenBucket {
  #tokens: number
  #filledMs: number
  readonly #burst: number
  readonly #perSecond: number

  constructor(burst: number, perSecond: number, nowMs: number) {
    this.#tokens = burst
    this.#burst = burst
    this.#perSecond = perSecond
    this.#filledMs = nowMs
  }

  /** False when there is none left. */
  take(nowMs: number): boolean {
    if (this.#tokens < 1) this.#fill(nowMs)
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }

  /** Gives some back. */
  credit(count: number): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + count)
  }

  #fill(nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - this.#filledMs)
    this.#filledMs = nowMs
    this.credit((elapsedMs * this.#perSecond) / 1000)
  }
}
