/**
 * A command or two. More comes of many clients at a time: then it is better that the loop reads what follows while the pool works, and the two threads of this
 * process get along with other programs better than one.
 */
const LITTLE_BYTES = 1024
/** The loop may stand still for so long, since whoever asked for the sync waits for it alone. What takes longer goes to the thread pool. */
const QUICK_MS = 0.5
const SHORTEST_PENALTY = 16
const LONGEST_PENALTY = 1024
/** So many quick ones in a row and earlier slow ones are forgiven. */
const FORGIVEN_AFTER = 64

/**
 * Where the next sync of a file runs, when its caller waits for nothing else: a follower that owes its leader an answer. In the event loop it costs the system call alone; in the thread
 * pool two threads are woken for it, each of which may have to wait for a processor, and the loop goes round twice more. So a little is synced in the loop as long as
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
