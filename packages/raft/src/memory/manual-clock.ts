import type { Clock, Timer } from '../ports/clock.js'

interface Event {
  readonly timeMs: number
  readonly order: number
  /** Null once it ran or was cancelled. */
  callback: (() => void) | null
}

const DEFAULT_LIMIT_MS = 60_000

/**
 * Time that stands still until it is told to move. Everything runs in the order (time, insertion), so the same calls always give the
 * same run. A deferred callback runs at the current time, behind everything that was already due.
 */
export class ManualClock implements Clock {
  #nowMs: number
  #order = 0
  #live = 0
  /** Binary heap: the earliest event first. */
  readonly #heap: Event[] = []

  constructor(startMs = 0) {
    this.#nowMs = startMs
  }

  now(): number {
    return this.#nowMs
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    // Rounding at great times must not move a timer into the past; NaN would never fire.
    const event = this.#insert(this.#nowMs + (delayMs > 0 ? delayMs : 0), callback)
    return {
      cancel: () => {
        if (event.callback === null) return
        event.callback = null
        this.#live -= 1
      },
    }
  }

  defer(callback: () => void): void {
    this.#insert(this.#nowMs, callback)
  }

  /** Timers and deferred callbacks that have neither run nor been cancelled. 0 means that nothing was left running. */
  get pending(): number {
    return this.#live
  }

  /** Time of the next event, or null when nothing waits. */
  get nextDueMs(): number | null {
    return this.#first()?.timeMs ?? null
  }

  /** Runs the next event, moving time to it. False when nothing waits. An error of the callback is thrown here. */
  step(): boolean {
    return this.#runUntil(Number.POSITIVE_INFINITY)
  }

  /** Runs everything that is due now, and what that makes due now. */
  runDue(): void {
    while (this.#runUntil(this.#nowMs));
  }

  /** Moves time forward by `ms`, running what becomes due on the way, each at its own time. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms
    while (this.#runUntil(endMs));
    this.#nowMs = endMs
  }

  /**
   * Like {@link advance}, for code with promises: after each event `settle` is awaited, so that what the event started can go on
   * before the next one. The default settles a chain of about a hundred promises.
   */
  async advanceAsync(ms: number, settle: () => Promise<void> = settlePromises): Promise<void> {
    const endMs = this.#nowMs + ms
    await settle()
    while (this.#runUntil(endMs)) await settle()
    this.#nowMs = endMs
  }

  /** Lets time pass, a millisecond at a time, until the promise settles, and gives what it gave. Throws after `limitMs`. */
  async settled<T>(work: Promise<T>, limitMs = DEFAULT_LIMIT_MS): Promise<T> {
    let settled = false
    const watched = work.finally(() => {
      settled = true
    })
    // It is awaited below; until then its failure is nobody's surprise.
    watched.catch(() => undefined)
    await this.advanceAsync(0)
    await this.until(() => settled, limitMs)
    return watched
  }

  /** Lets time pass, a millisecond at a time, until the condition holds. Throws after `limitMs`. */
  async until(condition: () => boolean, limitMs = DEFAULT_LIMIT_MS): Promise<void> {
    const endMs = this.#nowMs + limitMs
    while (!condition()) {
      if (this.#nowMs >= endMs) throw new Error(`nothing came of it within ${limitMs} ms of virtual time`)
      await this.advanceAsync(1)
    }
  }

  #runUntil(endMs: number): boolean {
    const event = this.#first()
    if (event === undefined || event.timeMs > endMs) return false
    this.#removeFirst()
    this.#nowMs = event.timeMs
    const callback = event.callback
    event.callback = null
    this.#live -= 1
    callback?.()
    return true
  }

  #insert(timeMs: number, callback: () => void): Event {
    const event: Event = { timeMs, order: this.#order++, callback }
    this.#live += 1
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
    return event
  }

  /** The earliest event that was not cancelled. */
  #first(): Event | undefined {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (first.callback !== null) return first
      this.#removeFirst()
    }
    return undefined
  }

  #removeFirst(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      const left = heap[2 * at + 1]
      const right = heap[2 * at + 2]
      if (left === undefined) break
      const useRight = right !== undefined && before(right, left)
      const child = useRight ? right : left
      if (!before(child, last)) break
      heap[at] = child
      at = 2 * at + (useRight ? 2 : 1)
    }
    heap[at] = last
  }
}

function before(left: Event, right: Event): boolean {
  return left.timeMs < right.timeMs || (left.timeMs === right.timeMs && left.order < right.order)
}

async function settlePromises(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await Promise.resolve()
}
