/** More than this takes long enough that the way through the thread pool does not count. */
const LITTLE_BYTES = 128 * 1024
/**
 * A sync that took longer is worth the way through the thread pool, which costs about as much: meanwhile the loop reads what comes in. On a quiet machine
 * whose disk needs 0.07 ms the pool serves a tenth more writes of ten connections than the loop.
 */
const QUICK_MS = 0.05
const SHORTEST_PENALTY = 16
const LONGEST_PENALTY = 1024
/** So many quick ones in a row and earlier slow ones are forgiven. */
const FORGIVEN_AFTER = 64

/**
 * Where the next sync of a file runs. In the event loop it costs the system call alone; in the thread pool two threads are woken for it and the loop goes
 * round twice more, which is longer than memory, or a disk with a protected cache, needs for the sync itself. So a little is synced in the loop as long as
 * that is quick. After a slow one the pool has the next syncs, more of them each time: a disk that is always slow stops the loop once in a thousand syncs.
 */
export class SyncPlace {
  /** Syncs that still go to the thread pool. */
  #penalty = 0
  #nextPenalty = SHORTEST_PENALTY
  #quickOnes = 0

  /** `bytes`: written since the last sync. */
  inLoop(bytes: number): boolean {
    if (bytes > LITTLE_BYTES) return false
    if (this.#penalty === 0) return true
    this.#penalty--
    return false
  }

  /** How long one in the loop has taken. */
  took(ms: number): void {
    if (ms <= QUICK_MS) {
      if (++this.#quickOnes >= FORGIVEN_AFTER) this.#nextPenalty = SHORTEST_PENALTY
      return
    }
    this.#quickOnes = 0
    this.#penalty = this.#nextPenalty
    this.#nextPenalty = Math.min(LONGEST_PENALTY, this.#nextPenalty * 2)
  }
}
