/** A sync that takes no longer is quick, in ms. */
const QUICK_MS = 1
/** After so many quick ones in a row the disk counts as quick. */
const PROOF = 16
/** What comes together of some ten callers, whose next commands come only when these are answered. With hundreds of them the next ones arrive meanwhile, and the event loop has something to do. */
const SMALL_BYTES = 16 * 1024

/**
 * Where the process waits for a sync. In a thread of the pool the event loop stays free, but to wake that thread and to be woken by it costs half as much as a quick sync itself, in time and in CPU. Whoever has nothing
 * better to do meanwhile waits in the event loop: a follower, which can answer its leader only then. A small sync only, and only while the disk is quick: one that hesitates stops the event loop once, and not again
 * before it has shown in the pool that it is quick.
 */
export class SyncPlace {
  readonly #mayWait: () => boolean
  #quick = 0

  constructor(mayWait: () => boolean) {
    this.#mayWait = mayWait
  }

  isHere(bytes: number): boolean {
    return this.#quick >= PROOF && bytes <= SMALL_BYTES && this.#mayWait()
  }

  took(bytes: number, durationMs: number): void {
    if (durationMs > QUICK_MS) this.#quick = 0
    else if (bytes <= SMALL_BYTES) this.#quick += 1
  }
}
