/** The hash of a state at one place of the log; members that differ in it have diverged. */
export interface HashMark {
  /** Log index of a command. */
  readonly index: number
  /** 16 hexadecimal digits; see {@link KvStats.stateHash}. */
  readonly hash: string
}

/** Commands between two marks of the finest level. */
const FINEST_SPACING = 64
/** Each level is so many times coarser than the one before. */
const FACTOR = 16
const LEVELS = 5
/** Newest marks that are kept of each level. */
const KEPT = 8

/**
 * Hashes at places that all members agree on without a word: after the first command at or behind every multiple of the spacing. Several levels,
 * ever coarser, so that members find a common place however far one is behind the other, in a few dozen marks.
 */
export class HashMarks {
  readonly #levels: HashMark[][] = Array.from({ length: LEVELS }, () => [])

  /** The command at `index` was applied, and the one before it was at `previous`. `hash` is asked only when this is such a place. */
  applied(previous: number, index: number, hash: () => string): void {
    if (Math.floor(index / FINEST_SPACING) === Math.floor(previous / FINEST_SPACING)) return
    const mark = { index, hash: hash() }
    let spacing = FINEST_SPACING
    for (const level of this.#levels) {
      if (Math.floor(index / spacing) === Math.floor(previous / spacing)) return
      level.push(mark)
      if (level.length > KEPT) level.shift()
      spacing *= FACTOR
    }
  }

  /** Another state has taken the place of the one that these were of. */
  clear(): void {
    for (const level of this.#levels) level.length = 0
  }

  /** Ascending, each once. */
  get all(): readonly HashMark[] {
    const byIndex = new Map(this.#levels.flat().map((mark) => [mark.index, mark]))
    return [...byIndex.values()].sort((a, b) => a.index - b.index)
  }
}
