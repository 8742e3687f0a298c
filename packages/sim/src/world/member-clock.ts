import type { Clock, Timer } from '@balsa/raft'
import type { EventOwner, ScheduledEvent, Scheduler } from './scheduler.js'

/** How a member's monotonic clock stands to virtual time. */
export interface ClockShape {
  /** Reading at the start. */
  readonly offsetMs: number
  /** Ms of this clock per ms of virtual time. */
  readonly rate: number
  /** What a turn of the event loop costs, in virtual ms: grows while the member is slow. */
  turnMs: number
}

/** The Clock port of one life: monotonic, with a rate of its own. Nothing that a dead life asks for ever happens. */
export class MemberClock implements Clock {
  readonly #scheduler: Scheduler
  readonly #owner: EventOwner
  readonly #shape: ClockShape
  readonly #startMs: number
  /** A timer has fired for this reading: rounding must not show an earlier one afterwards. */
  #floorMs = -Infinity
  /** What was deferred last, most often the turn of consensus, and what runs it. */
  #deferred: (() => void) | null = null
  #runDeferred: () => void = () => undefined

  constructor(scheduler: Scheduler, owner: EventOwner, shape: ClockShape) {
    this.#scheduler = scheduler
    this.#owner = owner
    this.#shape = shape
    this.#startMs = scheduler.nowMs
  }

  now(): number {
    const { offsetMs, rate } = this.#shape
    const reading = offsetMs + (this.#scheduler.nowMs - this.#startMs) * rate
    return reading > this.#floorMs ? reading : this.#floorMs
  }

  /** The moment of virtual time at which this clock showed `readingMs`. */
  virtualMs(readingMs: number): number {
    return this.#startMs + (readingMs - this.#shape.offsetMs) / this.#shape.rate
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    if (!this.#owner.alive || delayMs === Infinity) return { cancel: () => undefined }
    const dueMs = this.now() + Math.max(0, delayMs)
    return new ClockTimer(
      this.#scheduler.after(Math.max(0, delayMs) / this.#shape.rate, this.#owner, () => {
        if (dueMs > this.#floorMs) this.#floorMs = dueMs
        this.#scheduler.unsettled = true
        callback()
      }),
    )
  }

  defer(callback: () => void): void {
    if (!this.#owner.alive) return
    this.#scheduler.activity++
    if (callback !== this.#deferred) {
      this.#deferred = callback
      this.#runDeferred = this.#turnOf(callback)
    }
    this.#scheduler.after(this.#shape.turnMs, this.#owner, this.#runDeferred)
  }

  #turnOf(callback: () => void): () => void {
    const scheduler = this.#scheduler
    return () => {
      scheduler.quietTurn = false
      callback()
      if (!scheduler.quietTurn) scheduler.unsettled = true
    }
  }
}

class ClockTimer implements Timer {
  readonly #event: ScheduledEvent

  constructor(event: ScheduledEvent) {
    this.#event = event
  }

  cancel(): void {
    this.#event.run = null
  }
}
