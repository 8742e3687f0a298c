/** More turns than this are no moment any more, however little time the clock says has passed. */
const MAX_TURNS = 200

/** After so many times in vain in a row nothing is tried for as many rounds as it may come to. */
const MOST_SKIPPED = 32

/**
 * Group commit: whether the commands that have arrived wait a moment for others before they set out together. A round costs two peers and three disks the same
 * for one command as for a hundred. Clients that were answered together come again together, but not at the same instant: without a moment of patience the first of
 * them takes a round for itself, and the others wait for its end.
 *
 * So a round sets out as soon as as many callers wait as when the last one did, and in any case after `maxMs`. A lone caller never waits; when patience does not
 * bring anybody several times, it is not tried for a while.
 */
export class Gather {
  readonly #maxMs: number
  /** Callers without an answer when the last round set out. */
  #wanted = 1
  #sinceMs = 0
  #turns = 0
  /** Callers when this wait began. */
  #first = 0
  #inVain = 0
  #skip = 0

  constructor(maxMs: number) {
    this.#maxMs = maxMs
  }

  /** A round is being held back. */
  get isHolding(): boolean {
    return this.#turns > 0
  }

  /** `outstanding`: callers that have no answer yet, those included whose commands have not set out. False: now it sets out. */
  holds(outstanding: number, nowMs: number): boolean {
    const isWaitedFor = outstanding < this.#wanted && this.#skip === 0 && this.#maxMs > 0
    if (isWaitedFor && this.#goesOn(outstanding, nowMs)) return true
    if (this.isHolding) this.#ended(outstanding)
    else if (this.#skip > 0) this.#skip -= 1
    this.#turns = 0
    this.#wanted = outstanding
    return false
  }

  #goesOn(outstanding: number, nowMs: number): boolean {
    if (this.#turns === 0) {
      this.#sinceMs = nowMs
      this.#first = outstanding
    }
    this.#turns += 1
    return nowMs - this.#sinceMs < this.#maxMs && this.#turns <= MAX_TURNS
  }

  /** Worth while when half as many again have come. */
  #ended(outstanding: number): void {
    if (outstanding * 2 >= this.#first * 3) {
      this.#inVain = 0
      return
    }
    this.#inVain = Math.min(MOST_SKIPPED, this.#inVain * 2 + 1)
    this.#skip = this.#inVain - 1
  }
}
