import { BalsaError, type Clock, type Timer } from '@balsa/raft'

export interface WaitingLimits {
  readonly signal?: AbortSignal | undefined
  /** Most ms; Infinity = no limit. */
  readonly deadlineMs?: number | undefined
}

/** Joins whatever may end a wait into one signal, and knows which it was. To be closed. */
export class Waiting {
  readonly #clock: Clock
  readonly #controller = new AbortController()
  readonly #sources: (readonly [AbortSignal, () => void])[] = []
  readonly #timer: Timer | null
  readonly #what: string

  constructor(clock: Clock, what: string, { signal, deadlineMs = Number.POSITIVE_INFINITY }: WaitingLimits) {
    this.#clock = clock
    this.#what = what
    if (signal !== undefined) this.endWith(signal)
    this.#timer = Number.isFinite(deadlineMs)
      ? clock.setTimer(deadlineMs, () => this.#controller.abort(new BalsaError('DEADLINE', `${what}: not within ${deadlineMs} ms`)))
      : null
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** ABORTED, DEADLINE or LEASE_LOST (refused): why it is over. */
  get error(): BalsaError {
    const { reason } = this.signal
    if (reason instanceof BalsaError && (reason.code === 'DEADLINE' || reason.code === 'LEASE_LOST')) return reason
    return new BalsaError('ABORTED', `${this.#what}: aborted`, { cause: reason })
  }

  /** From now on also when this one fires. */
  endWith(signal: AbortSignal): void {
    const onAbort = (): void => this.#controller.abort(signal.reason)
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort)
    this.#sources.push([signal, onAbort])
  }

  /** Over at once, with this error. */
  giveUp(error: BalsaError): void {
    this.#controller.abort(error)
  }

  /** Resolves after so many ms, or when it is over. */
  async pause(delayMs: number): Promise<void> {
    if (this.signal.aborted) return
    await new Promise<void>((resolve) => {
      const done = (): void => {
        timer.cancel()
        this.signal.removeEventListener('abort', done)
        resolve()
      }
      const timer = this.#clock.setTimer(delayMs, done)
      this.signal.addEventListener('abort', done)
    })
  }

  close(): void {
    this.#timer?.cancel()
    for (const [signal, onAbort] of this.#sources) signal.removeEventListener('abort', onAbort)
  }
}
