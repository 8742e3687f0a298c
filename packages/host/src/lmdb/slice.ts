import { defer } from '../deferred-work.js'

/**
 * Work before others get their turn: a share of the time that they took since the last time, so that it comes to an end also when they never rest; within these bounds, in ms.
 */
const SHARE = 0.3
const SHORTEST_MS = 2
const LONGEST_MS = 4

/** Resolves in a later turn of the event loop. */
export const breathe = (): Promise<void> => new Promise((resolve) => defer(resolve))

/** Keeps long work from holding up the event loop. */
export class Slice {
  #startMs = performance.now()
  #lengthMs = SHORTEST_MS

  get isOver(): boolean {
    return performance.now() - this.#startMs >= this.#lengthMs
  }

  async next(): Promise<void> {
    const endMs = performance.now()
    await breathe()
    this.#startMs = performance.now()
    this.#lengthMs = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, SHARE * (this.#startMs - endMs)))
  }
}
