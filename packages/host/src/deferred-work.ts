/** So much deferred work in one turn, in ms; what is left has the next one. A single piece may take longer. */
const TURN_MS = 4

/**
 * Work that is put off to a later turn of the event loop, in order, and never more than a few milliseconds of it in one turn: however many parts of a member have something to do, whoever waits at a
 * socket, a file or a timer is heard soon. What was not done in its turn comes before what was deferred later. As between immediates, microtasks run between any two pieces.
 */
export class DeferredWork {
  readonly #now: () => number
  /** Runs the callback in the next turn. */
  readonly #schedule: (callback: () => void) => void
  readonly #waiting: (() => void)[] = []
  /** Calls of `#run` that are still to come in this turn. All others that were scheduled come in the next one: together they are as many as wait. */
  #left = 0
  #startMs = 0

  constructor(now: () => number, schedule: (callback: () => void) => void) {
    this.#now = now
    this.#schedule = schedule
  }

  push(callback: () => void): void {
    this.#waiting.push(callback)
    this.#schedule(this.#run)
  }

  readonly #run = (): void => {
    const isFirst = this.#left === 0
    if (isFirst) {
      this.#left = this.#waiting.length
      this.#startMs = this.#now()
    }
    this.#left -= 1
    if (isFirst || this.#now() - this.#startMs < TURN_MS) this.#waiting.shift()?.()
    else this.#schedule(this.#run)
  }
}

/** One for all: there is one event loop. */
const work = new DeferredWork(
  () => performance.now(),
  (callback) => setImmediate(callback),
)

/** Runs the callback in a later turn of the event loop. */
export const defer = (callback: () => void): void => work.push(callback)
