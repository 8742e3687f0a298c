import type { LogIndex } from '../types.js'
import type { Freshness } from './messages.js'

/** Marks that may come back; older ones are forgotten, and what is said of them then is of no use. */
const MAX_ISSUED = 256
const MAX_PROOFS = 128

/**
 * How old the state of a member can be at most, told without anybody's clock but its own.
 *
 * 1. Every answer to the leader carries a mark, whose time is kept here.
 * 2. The leader notes the newest mark of each peer when it begins a round, beside its commit index of that moment.
 * 3. When a quorum has confirmed the round, the leader tells each peer its mark and that index.
 *
 * The mark was made before the round began, and whoever confirmed the round had not voted in a later term when the round reached it. So any
 * later leader was elected after the round began, and everything that was committed when the mark was made is at or below the index
 * (the argument of ReadIndex, thesis, section 6.4). A member that has applied up to there is at most as old as its mark.
 * Marks begin at a random number in every life: an answer to a mark of an earlier life means nothing here.
 */
export class FreshnessLog {
  #last: number
  #issued: { readonly stamp: number; readonly atMs: number }[] = []
  /** Ascending in both: with everything up to `index` applied, the state holds all that was committed at `atMs`. */
  #proofs: { readonly atMs: number; readonly index: LogIndex }[] = []

  constructor(firstStamp: number) {
    this.#last = firstStamp
  }

  /** The mark of now. One serves for `granularityMs`: it is then a little older than it could be, which is on the safe side. */
  stamp(nowMs: number, granularityMs: number): number {
    const newest = this.#issued[this.#issued.length - 1]
    if (newest !== undefined && nowMs - newest.atMs < granularityMs) return newest.stamp
    this.#issued.push({ stamp: ++this.#last, atMs: nowMs })
    if (this.#issued.length > MAX_ISSUED) this.#issued.shift()
    return this.#last
  }

  /** The leader has proved something about one of the marks. `applied` is what the state machine has reached. */
  heard({ stamp, index }: Freshness, applied: LogIndex): void {
    let at = 0
    while (at < this.#issued.length && this.#issued[at]?.stamp !== stamp) at++
    const issued = this.#issued[at]
    if (issued === undefined) return
    for (; at > 0; at--) this.#issued.shift()
    this.prove(issued.atMs, index, applied)
  }

  /** With everything up to `index` applied, the state holds all that was committed anywhere at `atMs`. */
  prove(atMs: number, index: LogIndex, applied: LogIndex): void {
    const proofs = this.#proofs
    // Most come in order and are applied already: every one before it is of no use any more.
    const last = proofs[proofs.length - 1]
    if (index <= applied && (last === undefined || (atMs > last.atMs && index >= last.index))) {
      if (proofs.length > 1) proofs.length = 1
      proofs[0] = { atMs, index }
      return
    }
    if (proofs.some((proof) => proof.atMs >= atMs && proof.index <= index)) return
    const kept = proofs.filter((proof) => proof.atMs > atMs || proof.index < index)
    kept.push({ atMs, index })
    kept.sort((a, b) => a.atMs - b.atMs)
    const newest = kept.findLastIndex((proof) => proof.index <= applied)
    if (newest > 0) kept.splice(0, newest)
    // Only a member that applies far behind has so many; every second one will do.
    this.#proofs = kept.length > MAX_PROOFS ? kept.filter((_, at) => at % 2 === 0) : kept
  }

  /** The latest moment of which it is known that a state with everything up to `applied` holds all that was committed then; or -Infinity. */
  asOfMs(applied: LogIndex): number {
    for (let at = this.#proofs.length - 1; at >= 0; at--) {
      const proof = this.#proofs[at]
      if (proof !== undefined && proof.index <= applied) return proof.atMs
    }
    return -Infinity
  }
}
