import { invariant } from '../errors.js'
import type { LogIndex, MemberId, SnapshotMeta } from '../types.js'
import { asIndex, ZERO_INDEX } from '../types.js'
import type { Freshness, Health } from './messages.js'

export type PeerState = 'probe' | 'replicate' | 'snapshot'
/** What a peer is to the cluster. A witness is one whether it votes already or not. */
export type PeerRole = 'voter' | 'learner' | 'witness'

/** The snapshot that a peer is being sent. What lies between `stored` and `offset` is under way. */
export interface SnapshotSending {
  readonly meta: SnapshotMeta
  /** Next byte to ask storage for. */
  offset: number
  /** The peer has everything below. */
  stored: number
  /** It said lately that it wants to go on further back than it should have to; null when it did not. */
  wanted: number | null
  /** When something last left for it. */
  sentMs: number
  /** When it was last gone back. */
  rewoundMs: number
}

/**
 * What the leader knows about one peer, and how it feeds it.
 * - probe: the point where the logs agree is unknown; one append at a time.
 * - replicate: the logs agree up to nextIndex - 1 as far as is known; appends are pipelined inside a window.
 * - snapshot: the peer needs entries that are compacted; chunks of the snapshot are pipelined inside a window of their own.
 * Invariants: matchIndex < nextIndex; matchIndex never decreases within one leadership.
 */
export class Progress {
  readonly id: MemberId
  state: PeerState = 'probe'
  /**
   * It has left the configuration and gets nothing more, whoever still has it at hand. A witness least of all: with an entry that no member with
   * data holds yet it could vote for nobody any more, and until that entry is committed its vote may still be needed.
   */
  hasLeft = false
  matchIndex: LogIndex = ZERO_INDEX
  nextIndex: LogIndex
  /** A probe is under way: nothing more until it, or a heart-beat, is answered. */
  probeSent = false
  /** Storage is reading entries from here for this peer. */
  loadingFrom: LogIndex | null = null
  /** Last time this peer was heard in this term. */
  lastContactMs: number
  lastAppendMs = -Infinity
  /** When entries that wait for the append interval may leave; Infinity when none do. */
  pacedUntilMs = Infinity
  /** When it is told of a commit index that no append has brought it; Infinity when it knows. */
  notifyAtMs = Infinity
  /** When what it has not answered is sent again; Infinity when nothing is. */
  retryAtMs = Infinity
  retries = 0
  nextHeartbeatMs: number
  /** Highest round that it has confirmed. */
  confirmedRound = 0
  /** What it said last of its own disk and event loop. */
  health: Health = 'unknown'
  /** Its newest mark of time; 0 when it has sent none. */
  stamp = 0
  /** What is proved about one of its marks. */
  fresh: Freshness | null = null
  /** Highest commit index that it was told. */
  toldCommit: LogIndex = ZERO_INDEX
  sending: SnapshotSending | null = null
  /** Rounds of catching up (thesis, section 4.2.1): each ends when the peer holds what the log held at its beginning. */
  rounds = 0
  /** How long the last one took. */
  #lastRoundMs = Infinity
  /** The end of the one under way; 0 when there is none. */
  #roundTarget = 0
  #roundBeganMs = 0
  #inflight: { readonly lastIndex: number; readonly bytes: number }[] = []
  #inflightBytes = 0

  constructor(id: MemberId, nextIndex: LogIndex, nowMs: number) {
    this.id = id
    this.nextIndex = nextIndex
    this.lastContactMs = nowMs
    this.nextHeartbeatMs = nowMs
  }

  becomeProbe(nextIndex: LogIndex): void {
    this.state = 'probe'
    this.nextIndex = asIndex(Math.max(nextIndex, this.matchIndex + 1))
    this.#reset()
  }

  becomeReplicate(): void {
    this.state = 'replicate'
    this.nextIndex = asIndex(this.matchIndex + 1)
    this.#reset()
  }

  becomeSnapshot(meta: SnapshotMeta, nowMs: number): void {
    this.state = 'snapshot'
    this.#reset()
    this.sending = { meta, offset: 0, stored: 0, wanted: null, sentMs: nowMs, rewoundMs: -Infinity }
  }

  #reset(): void {
    this.probeSent = false
    this.loadingFrom = null
    this.sending = null
    this.#inflight = []
    this.#inflightBytes = 0
  }

  get inflightCount(): number {
    return this.#inflight.length
  }

  windowFull(maxMessages: number, maxBytes: number): boolean {
    return this.#inflight.length >= maxMessages || this.#inflightBytes >= maxBytes
  }

  /** An append with entries up to `lastIndex` left in replicate state. */
  sent(lastIndex: LogIndex, bytes: number): void {
    invariant(this.state === 'replicate' && lastIndex >= this.nextIndex, 'pipelined appends go forward', {
      lastIndex,
      next: this.nextIndex,
    })
    this.nextIndex = asIndex(lastIndex + 1)
    this.#inflight.push({ lastIndex, bytes })
    this.#inflightBytes += bytes
  }

  /** The peer holds everything up to `index` durably. Returns whether that is news. */
  acknowledged(index: LogIndex): boolean {
    let freed = 0
    for (const message of this.#inflight) {
      if (message.lastIndex > index) break
      this.#inflightBytes -= message.bytes
      freed++
    }
    if (freed > 0) this.#inflight.splice(0, freed)
    if (index <= this.matchIndex) return false
    this.matchIndex = index
    if (this.#roundTarget > 0 && index >= this.#roundTarget) this.#endRound()
    this.nextIndex = asIndex(Math.max(this.nextIndex, index + 1))
    return true
  }

  /** Something leaves for the peer: a round begins, unless one is under way. */
  beginRound(lastIndex: LogIndex, nowMs: number): void {
    if (this.#roundTarget > 0) return
    this.#roundTarget = lastIndex
    this.#roundBeganMs = nowMs
  }

  #endRound(): void {
    this.rounds++
    this.#roundTarget = 0
    this.#lastRoundMs = this.lastContactMs - this.#roundBeganMs
  }

  /** Does it take less than `limitMs` to bring it up to date? */
  keepsUp(lastIndex: LogIndex, nowMs: number, limitMs: number): boolean {
    if (this.matchIndex === lastIndex) return true
    return this.#lastRoundMs <= limitMs && (this.#roundTarget === 0 || nowMs - this.#roundBeganMs <= limitMs)
  }

  /** A heart-beat was answered though the window is full: appends may have been lost, and room for one more finds out. */
  freeOldest(): void {
    const oldest = this.#inflight.shift()
    if (oldest !== undefined) this.#inflightBytes -= oldest.bytes
  }
}
