/** Longest work before other work gets its turn, in ms. */
const SLICE_MS = 2

/** Resolves in a later turn of the event loop. */
export const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Keeps long work from holding up the event loop. */
export class Slice {
  #startMs = performance.now()

  get isOver(): boolean {
    return performance.now() - this.#startMs >= SLICE_MS
  }

  async next(): Promise<void> {
    await breathe()
    this.#startMs = performance.now()
  }
}
