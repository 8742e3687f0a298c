import type { Clock } from '@balsa/raft'

/**
 * Work before other work gets its turn: a share of the time that the others took since the last time, so that it comes to an end also when they never rest; within these bounds.
 */
const SLICE_SHARE = 0.3
const SHORTEST_SLICE_MS = 2
const LONGEST_SLICE_MS = 4

/** Works that take several turns of the event loop: one slice in each turn, however many are under way. */
export class Pacing {
  readonly #clock: Clock | null
  /** Those that wait for a turn. */
  readonly #paused: (() => void)[] = []

  /** Without a clock everything is done at once. */
  constructor(clock: Clock | null) {
    this.#clock = clock
  }

  /** For one piece of work: answers a promise to wait for whenever a slice is over. */
  pacer(shortestMs: number = SHORTEST_SLICE_MS): () => Promise<void> | null {
    const clock = this.#clock
    if (clock === null) return () => null
    let sliceStartMs = clock.now()
    let sliceMs = shortestMs
    return () => {
      const nowMs = clock.now()
      if (nowMs - sliceStartMs < sliceMs) return null
      return new Promise((resolve) => {
        this.#paused.push(() => {
          sliceStartMs = clock.now()
          sliceMs = Math.min(LONGEST_SLICE_MS, Math.max(shortestMs, SLICE_SHARE * (sliceStartMs - nowMs)))
          resolve()
        })
        if (this.#paused.length === 1) clock.defer(() => this.#resume(clock))
      })
    }
  }

  #resume(clock: Clock): void {
    this.#paused[0]?.()
    this.#paused.shift()
    if (this.#paused.length > 0) clock.defer(() => this.#resume(clock))
  }
}
