import type { LogIndex, MemberId } from '../types.js'

/** Who wants to know a read index: a local caller, or a follower on behalf of its callers. */
export type ReadOrigin =
  | { readonly kind: 'local'; readonly ref: number }
  | { readonly kind: 'remote'; readonly from: MemberId; readonly request: number }

interface Round {
  readonly number: number
  readonly index: LogIndex
  readonly origins: readonly ReadOrigin[]
}

/**
 * Book-keeping of ReadIndex (thesis, section 6.4). A round is confirmed by a quorum that answered a message carrying its number. Numbers are
 * the leader's own and only rise, never a caller's: with reused ids, late answers to an earlier try would confirm a later one.
 * One round is under way at a time; reads that arrive meanwhile wait and share the next one, so any number of reads costs one round.
 */
export class Reads {
  #round = 0
  #active: Round | null = null
  #waiting: ReadOrigin[] = []
  /** On a follower: asked of the leader and not yet answered, and what waits for the next question. */
  #requestNumber: number
  #asked: { readonly request: number; readonly refs: readonly number[]; readonly askedMs: number } | null = null
  #toAsk: number[] = []

  /**
   * `firstRequest` must differ from one start of the member to the next: a late answer to a question of an earlier life, in the same term,
   * must never be taken for the answer to a new one.
   */
  constructor(firstRequest: number) {
    this.#requestNumber = firstRequest
  }

  /** A round that no read waits for: its confirmation tells how long this leader is sure to lead. */
  beat(): void {
    this.#round++
  }

  /** Later rounds have numbers above this one. */
  skipTo(round: number): void {
    this.#round = Math.max(this.#round, round)
  }

  /** The round that messages of the leader carry now. */
  get currentRound(): number {
    return this.#round
  }

  get hasActiveRound(): boolean {
    return this.#active !== null
  }

  get pending(): number {
    return this.#waiting.length + (this.#active?.origins.length ?? 0) + this.#toAsk.length + (this.#asked?.refs.length ?? 0)
  }

  get hasWaiting(): boolean {
    return this.#waiting.length > 0
  }

  add(origin: ReadOrigin): void {
    this.#waiting.push(origin)
  }

  /** Starts a round for everything that waits. Each of these reads arrived before now, so the commit index of now covers it. */
  startRound(commitIndex: LogIndex): void {
    this.#active = { number: ++this.#round, index: commitIndex, origins: this.#waiting }
    this.#waiting = []
  }

  /** A quorum has confirmed `round`. Returns the reads that may go on, if they belong to it. */
  confirm(round: number): { readonly index: LogIndex; readonly origins: readonly ReadOrigin[] } | null {
    const active = this.#active
    if (active === null || round < active.number) return null
    this.#active = null
    return active
  }

  /** Leadership ended: everything that waits is given back. Round numbers start anew with the next leadership's term. */
  clear(): readonly ReadOrigin[] {
    const origins = [...(this.#active?.origins ?? []), ...this.#waiting]
    this.#active = null
    this.#waiting = []
    this.#round = 0
    return origins
  }

  // ---- the follower's side ----

  addForwarded(ref: number): void {
    this.#toAsk.push(ref)
  }

  /** The next question for the leader, if none is under way (or it is older than `retryAfterMs`: then a new one, never the old again). */
  nextQuestion(nowMs: number, retryAfterMs: number): number | null {
    if (this.#asked !== null) {
      // Compared like `retryAtMs` computes it: rounded otherwise, a deadline could have come that nothing answers to, again and again.
      if (nowMs < this.retryAtMs(retryAfterMs)) return null
      this.#toAsk = [...this.#asked.refs, ...this.#toAsk]
      this.#asked = null
    }
    if (this.#toAsk.length === 0) return null
    this.#asked = { request: ++this.#requestNumber, refs: this.#toAsk, askedMs: nowMs }
    this.#toAsk = []
    return this.#asked.request
  }

  /** When a question that was not answered is asked anew; Infinity when none is under way. */
  retryAtMs(retryAfterMs: number): number {
    return this.#asked === null ? Infinity : this.#asked.askedMs + retryAfterMs
  }

  answered(request: number): { readonly refs: readonly number[]; readonly askedMs: number } | null {
    const asked = this.#asked
    if (asked === null || asked.request !== request) return null
    this.#asked = null
    return asked
  }

  clearForwarded(): readonly number[] {
    const refs = [...(this.#asked?.refs ?? []), ...this.#toAsk]
    this.#asked = null
    this.#toAsk = []
    return refs
  }
}
