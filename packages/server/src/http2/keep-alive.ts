/** Finds clients that are gone without a word: silence is answered by a ping, silence after that by the end. */
export class KeepAlive {
  readonly #afterMs: number
  readonly #timeoutMs: number
  #heardMs: number
  /** Null while no answer is waited for. */
  #pingedMs: number | null = null

  /** `afterMs` 0: never. */
  constructor(afterMs: number, timeoutMs: number, nowMs: number) {
    this.#afterMs = afterMs
    this.#timeoutMs = timeoutMs
    this.#heardMs = nowMs
  }

  heard(nowMs: number): void {
    this.#heardMs = nowMs
    this.#pingedMs = null
  }

  /** What is to be done at this time. */
  check(nowMs: number): 'nothing' | 'ping' | 'end' {
    if (this.#pingedMs !== null) return nowMs - this.#pingedMs >= this.#timeoutMs ? 'end' : 'nothing'
    if (this.#afterMs === 0 || nowMs - this.#heardMs < this.#afterMs) return 'nothing'
    this.#pingedMs = nowMs
    return 'ping'
  }
}
