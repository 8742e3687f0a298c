/** How long ids are remembered one by one. */
const REMEMBERED = 1024
const REMEMBERED_GAPS = 64

/**
 * What is still known of streams that are no longer open. Frames that were on their way when we reset a stream are no fault of the client; on a stream that it
 * ended itself they are (RFC 9113 5.1).
 */
export class ClosedStreams {
  readonly #reset = new Set<number>()
  /** Ids up to this one have been forgotten: their clients get the benefit of the doubt. */
  #forgotten = 0
  /** First and last id of ranges that were skipped, hence never opened. */
  readonly #gaps: (readonly [number, number])[] = []

  /** We have reset the stream, or refused it. */
  addReset(id: number): void {
    this.#reset.add(id)
    if (this.#reset.size <= REMEMBERED) return
    const oldest = this.#reset.values().next().value ?? 0
    this.#reset.delete(oldest)
    this.#forgotten = Math.max(this.#forgotten, oldest)
  }

  /** The client opens `id` after `last`: those between can not be opened any more (RFC 9113 5.1.1). */
  skip(last: number, id: number): void {
    this.#gaps.push([last + 2, id - 2])
    if (this.#gaps.length > REMEMBERED_GAPS) this.#gaps.shift()
  }

  wasReset(id: number): boolean {
    return this.#reset.has(id) || id <= this.#forgotten
  }

  wasSkipped(id: number): boolean {
    return this.#gaps.some(([first, last]) => id >= first && id <= last)
  }
}
