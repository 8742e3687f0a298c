import type { Bounds } from '../mvcc/range.js'

/** Events of one revision that a watcher has still to be given: some of those at the places from `first` to `last`. */
export interface PendingRevision {
  readonly revision: number
  first: number
  last: number
}

/**
 * Where a watcher stands:
 *
 * - `live`: caught up; new events are matched as they are applied.
 * - `behind`: takes part in the pass through the history, `waiting`: in the next one.
 * - `stalled`: as many revisions are pending as may be, so nothing is looked for until some are pulled.
 * - `compacted`: what it wants next is gone. `closed`: over.
 */
export type Standing = 'live' | 'behind' | 'waiting' | 'stalled' | 'compacted' | 'closed'

/** Revisions that a watcher may have pending in any case: memory for each is three numbers. */
const FEW_PENDING_REVISIONS = 64
/** And as long as all together leave room. */
const MANY_PENDING_REVISIONS = 2048

/** Pending revisions of all watchers together. */
export interface PendingBudget {
  left: number
}

export class WatcherState {
  readonly bounds: Bounds
  readonly previous: boolean
  readonly noPut: boolean
  readonly noDelete: boolean
  readonly onReady: () => void
  readonly #budget: PendingBudget
  standing: Standing = 'waiting'
  /** Events before this place of history are pending, delivered, or none of its business. */
  nextRevision: number
  nextPlace = 0
  readonly pending: PendingRevision[] = []
  /** The owner was told that there is nothing. */
  armed = true
  /** It is in a list of those to be told. */
  queued = false

  constructor(
    bounds: Bounds,
    nextRevision: number,
    request: Pick<WatcherState, 'previous' | 'noPut' | 'noDelete' | 'onReady'>,
    budget: PendingBudget,
  ) {
    this.#budget = budget
    this.bounds = bounds
    this.nextRevision = nextRevision
    this.previous = request.previous
    this.noPut = request.noPut
    this.noDelete = request.noDelete
    this.onReady = request.onReady
  }

  wants(isDelete: boolean): boolean {
    return isDelete ? !this.noDelete : !this.noPut
  }

  covers(name: string): boolean {
    return name >= this.bounds.from && (this.bounds.to === null || name < this.bounds.to)
  }

  /** Takes down an event; false = no more revisions may be pending. */
  note(revision: number, place: number): boolean {
    if (revision < this.nextRevision || (revision === this.nextRevision && place < this.nextPlace)) return true
    const last = this.pending.at(-1)
    if (last?.revision === revision) last.last = place
    else if (this.#isFull()) {
      this.nextRevision = revision
      this.nextPlace = 0
      return false
    } else {
      this.#budget.left -= 1
      this.pending.push({ revision, first: place, last: place })
    }
    return true
  }

  #isFull(): boolean {
    const { length } = this.pending
    return length >= MANY_PENDING_REVISIONS || (length >= FEW_PENDING_REVISIONS && this.#budget.left <= 0)
  }

  /** The first pending revision is delivered. */
  shift(): void {
    if (this.pending.shift() !== undefined) this.#budget.left += 1
  }

  clear(): void {
    this.#budget.left += this.pending.length
    this.pending.length = 0
  }

  /** Forgets what is pending: it will be looked for again. */
  forgetPending(): void {
    const [first] = this.pending
    if (first === undefined) return
    this.nextRevision = first.revision
    this.nextPlace = first.first
    this.clear()
  }
}
