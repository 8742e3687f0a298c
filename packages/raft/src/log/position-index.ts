/**
 * Where entries are on disk: one checkpoint every 64 KiB of log, at every segment's first entry and wherever an entry replaced older
 * ones. From a checkpoint up to the index of the next one the entries stand one behind the other in one file, none of them void.
 * A log of 1 GiB needs about 16,000 checkpoints.
 */

/** Log bytes between two checkpoints: what a read may have to skip. */
const CHECKPOINT_EVERY_BYTES = 64 * 1024

export interface Checkpoint {
  readonly index: number
  readonly segment: number
  readonly offset: number
}

export class PositionIndex {
  readonly #checkpoints: Checkpoint[] = []
  #lastIndex = 0

  /** Called for every entry record in the order of the log. */
  note(index: number, segment: number, offset: number): void {
    let newest = this.#checkpoints.at(-1)
    const continues = index === this.#lastIndex + 1
    if (!continues) {
      while (newest !== undefined && newest.index >= index) {
        this.#checkpoints.pop()
        newest = this.#checkpoints.at(-1)
      }
    }
    this.#lastIndex = index
    if (continues && newest !== undefined && newest.segment === segment && offset - newest.offset < CHECKPOINT_EVERY_BYTES) return
    this.#checkpoints.push({ index, segment, offset })
  }

  /** The checkpoint to read `index` from, and the first index that it does not lead to. */
  find(index: number): { readonly checkpoint: Checkpoint; readonly end: number } | null {
    let low = 0
    let high = this.#checkpoints.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#checkpoints[middle]?.index ?? 0) <= index) low = middle + 1
      else high = middle
    }
    const checkpoint = this.#checkpoints[low - 1]
    if (checkpoint === undefined || index > this.#lastIndex) return null
    return { checkpoint, end: this.#checkpoints[low]?.index ?? this.#lastIndex + 1 }
  }

  /** Forgets segments below `segment`. */
  dropSegmentsBelow(segment: number): void {
    let count = 0
    while ((this.#checkpoints[count]?.segment ?? segment) < segment) count += 1
    this.#checkpoints.splice(0, count)
  }

  clear(): void {
    this.#checkpoints.length = 0
    this.#lastIndex = 0
  }
}
