/** Whoever owns events: when it has died, its events never run; while it is paused, they wait. */
export interface EventOwner {
  readonly alive: boolean
  readonly paused: boolean
  /** Takes an event that became due during a pause. */
  hold(event: ScheduledEvent): void
}

export interface ScheduledEvent {
  readonly timeMs: number
  readonly order: number
  readonly owner: EventOwner | null
  /** Null once it ran or was cancelled. */
  run: ((what: unknown) => void) | null
  /** Given to `run`: what comes often needs no function of its own then. */
  readonly what: unknown
}

/** Longer than any chain of promises between two calls of a port, but for those that walk through what was just read. */
export const USUAL_PATIENCE = 40

const SMALLEST_QUEUE = 64

/** Virtual time and everything that waits for it, in the order (time, insertion). */
export class Scheduler {
  nowMs = 0
  /** Grows with everything that the world does for the code under test: while it grows, promises are still at work. */
  activity = 0
  /** Set by whatever may have settled a promise: the next event waits until all promises have gone on. */
  unsettled = false
  /** Set by a turn of consensus, which says by itself whether it settled any promise. */
  quietTurn = false
  executed = 0
  /** Turns of the promise queue that may pass without anything happening before all promises count as settled. */
  patience = USUAL_PATIENCE
  #order = 0
  readonly #heap: ScheduledEvent[] = []
  /** What is due now and came after everything that is due now: half of all events. First in, first out; a ring of 2^n places. */
  #queue: (ScheduledEvent | null)[] = new Array<ScheduledEvent | null>(SMALLEST_QUEUE).fill(null)
  #head = 0
  #queued = 0

  at(timeMs: number, owner: EventOwner | null, run: () => void): ScheduledEvent {
    return this.give(timeMs, owner, run, null)
  }

  /** Calls `run` with `what`. */
  give<W>(timeMs: number, owner: EventOwner | null, run: (what: W) => void, what: W): ScheduledEvent {
    const event: ScheduledEvent = {
      timeMs: timeMs > this.nowMs ? timeMs : this.nowMs,
      order: this.#order++,
      owner,
      run: run as (what: unknown) => void,
      what,
    }
    if (event.timeMs === this.nowMs) this.#enqueue(event)
    else this.#push(event)
    return event
  }

  after(delayMs: number, owner: EventOwner | null, run: () => void): ScheduledEvent {
    return this.at(this.nowMs + delayMs, owner, run)
  }

  /** Hands what would happen now to its owner, who is paused. */
  hold(owner: EventOwner, run: () => void): void {
    owner.hold({ timeMs: this.nowMs, order: 0, owner, run, what: null })
  }

  /** Runs the next event that is due by `endMs`; false when there is none. Time moves to the event. */
  step(endMs: number): boolean {
    for (;;) {
      const event = this.#next(endMs)
      if (event === null) return false
      const { run, owner } = event
      if (run === null || (owner !== null && !owner.alive)) continue
      this.nowMs = event.timeMs
      if (owner !== null && owner.paused) {
        owner.hold(event)
        continue
      }
      event.run = null
      this.executed++
      run(event.what)
      return true
    }
  }

  #next(endMs: number): ScheduledEvent | null {
    const first = this.#heap[0]
    if (this.#queued > 0) {
      const waiting = this.#queue[this.#head] ?? null
      if (waiting !== null && (first === undefined || before(waiting, first))) {
        this.#queue[this.#head] = null
        this.#head = (this.#head + 1) & (this.#queue.length - 1)
        this.#queued--
        return waiting
      }
    }
    if (first === undefined || first.timeMs > endMs) return null
    this.#removeFirst()
    return first
  }

  #enqueue(event: ScheduledEvent): void {
    if (this.#queued === this.#queue.length) this.#growQueue()
    this.#queue[(this.#head + this.#queued) & (this.#queue.length - 1)] = event
    this.#queued++
  }

  #growQueue(): void {
    const old = this.#queue
    const larger = new Array<ScheduledEvent | null>(old.length * 2).fill(null)
    for (let at = 0; at < old.length; at++) larger[at] = old[(this.#head + at) & (old.length - 1)] ?? null
    this.#queue = larger
    this.#head = 0
  }

  #push(event: ScheduledEvent): void {
    const heap = this.#heap
    let at = heap.push(event) - 1
    while (at > 0) {
      const parentAt = (at - 1) >> 1
      const parent = heap[parentAt]
      if (parent === undefined || !before(event, parent)) break
      heap[at] = parent
      at = parentAt
    }
    heap[at] = event
  }

  #removeFirst(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      const left = heap[2 * at + 1]
      if (left === undefined) break
      const right = heap[2 * at + 2]
      const useRight = right !== undefined && before(right, left)
      const child = useRight ? right : left
      if (!before(child, last)) break
      heap[at] = child
      at = 2 * at + (useRight ? 2 : 1)
    }
    heap[at] = last
  }
}

function before(left: ScheduledEvent, right: ScheduledEvent): boolean {
  return left.timeMs < right.timeMs || (left.timeMs === right.timeMs && left.order < right.order)
}
