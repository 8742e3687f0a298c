/** The client's side of a session: numbers for its writes, and which of them have no answer yet. */
export class ClientSession {
  readonly id: number
  readonly ttlMs: number
  #next = 1
  #firstUnanswered = 1
  /** Answered sequences above the first unanswered one. */
  readonly #answered = new Set<number>()
  /** False once the cluster has said that it expired. */
  alive = true
  /** A write was answered since this was last reset: the cluster knows that the session is in use. */
  used = false

  constructor(id: number, ttlMs: number) {
    this.id = id
    this.ttlMs = ttlMs
  }

  get firstUnanswered(): number {
    return this.#firstUnanswered
  }

  /** Numbers given out from the first unanswered one on; the cluster keeps at most as many answers. */
  get span(): number {
    return this.#next - this.#firstUnanswered
  }

  nextSequence(): number {
    return this.#next++
  }

  /** Nobody will ask for this one again, whatever came of it. */
  answered(sequence: number): void {
    this.#answered.add(sequence)
    while (this.#answered.delete(this.#firstUnanswered)) this.#firstUnanswered += 1
  }
}
