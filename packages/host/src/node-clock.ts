import { performance } from 'node:perf_hooks'
import type { Clock, Timer } from '@balsa/raft'
import { defer } from './deferred-work.js'

/** The longest delay that setTimeout keeps; a longer one would fire at once. */
const MAX_DELAY_MS = 0x7fff_ffff

/** Monotonic time and timers of the process. Timers keep the process alive until they are cancelled. */
export class NodeClock implements Clock {
  now(): number {
    return performance.now()
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const timeout = setTimeout(callback, Math.min(Math.max(0, delayMs), MAX_DELAY_MS))
    return { cancel: () => clearTimeout(timeout) }
  }

  defer(callback: () => void): void {
    defer(callback)
  }
}
