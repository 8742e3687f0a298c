/** Time and turns. The only source of both for the packages that must be deterministic. */
export interface Clock {
  /** Monotonic time in ms since an arbitrary start. Never the wall clock: NTP steps must not move leases or elections. */
  now(): number
  /** Calls `callback` once, `delayMs` or more from now. */
  setTimer(delayMs: number, callback: () => void): Timer
  /** Calls `callback` after all input that has already arrived was delivered (Node: setImmediate). */
  defer(callback: () => void): void
}

export interface Timer {
  cancel(): void
}

/** Source of randomness for election time-outs and back-off. */
export interface Random {
  /** A number in [0, 1). */
  next(): number
}
