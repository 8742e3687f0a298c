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
    const timer = new ClockTimer(this.now() + Math.max(0, delayMs), callback)
    const scheduler = this.#scheduler
    timer.event = scheduler.give(scheduler.nowMs + Math.max(0, delayMs) / this.#shape.rate, this.#owner, this.#fire, timer)
    return timer
  }

  readonly #fire = ({ dueMs, callback }: ClockTimer): void => {
    if (dueMs > this.#floorMs) this.#floorMs = dueMs
    this.#scheduler.unsettled = true
    callback()
  }

  defer(callback: () => void): void {
    if (!this.#owner.alive) return
    const scheduler = this.#scheduler
    scheduler.activity++
    scheduler.give(scheduler.nowMs + this.#shape.turnMs, this.#owner, this.#turn, callback)
  }

  readonly #turn = (callback: () => void): void => {
    const scheduler = this.#scheduler
    scheduler.quietTurn = false
    callback()
    if (!scheduler.quietTurn) scheduler.unsettled = true
  }
}

class ClockTimer implements Timer {
  readonly dueMs: number
  readonly callback: () => void
  event: ScheduledEvent | null = null

  constructor(dueMs: number, callback: () => void) {
    this.dueMs = dueMs
    this.callback = callback
  }

  cancel(): void {
    if (this.event !== null) this.event.run = null
  }
}
