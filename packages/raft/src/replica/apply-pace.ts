/** Below it a batch would cost more for itself than for what is in it. */
const FEWEST_ENTRIES = 16
const GROWTH = 2

/** How many entries are applied in one go: as many as took no longer than they should, lately. What one costs depends on the command, on the state and its disk, and on who else uses the machine. */
export class ApplyPace {
  readonly #mostEntries: number
  readonly #goalMs: number
  #entries: number

  constructor(mostEntries: number, goalMs: number) {
    this.#mostEntries = mostEntries
    this.#goalMs = goalMs
    this.#entries = mostEntries
  }

  /** Of the next batch, at most. */
  get entries(): number {
    return this.#entries
  }

  /** A batch has taken so long. */
  took(entries: number, ms: number): void {
    const isFull = entries >= this.#entries
    if (ms <= this.#goalMs && !isFull) return
    const fitting = ms > 0 ? (entries * this.#goalMs) / ms : Infinity
    const wanted = Math.max(FEWEST_ENTRIES, Math.floor(Math.min(fitting, GROWTH * entries)))
    this.#entries = Math.min(this.#mostEntries, wanted)
  }
}
