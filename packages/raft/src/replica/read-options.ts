import { BalsaError } from '../errors.js'
import type { CallOptions } from './calls.js'

export interface ReadOptions extends CallOptions {
  /**
   * - `linearizable` (default): sees everything that was committed before the read began.
   * - `lease`: the same, and refused where lease reads are off: for callers that count on their price.
   * - `stale`: what this member has applied.
   */
  readonly consistency?: 'linearizable' | 'lease' | 'stale'
  /** For `stale`: greatest age of the answer in ms. Default: any age. */
  readonly maxStaleMs?: number
}

export interface AgedAnswer<Answer> {
  readonly answer: Answer
  /** The answer shows everything that was committed so many ms before it was made; 0 for a linearizable one, Infinity when not known. */
  readonly ageMs: number
}

/** Why a read must not even begin, or null. */
export function requireReadOptions({ consistency = 'linearizable', maxStaleMs }: ReadOptions, leaseReads: boolean): BalsaError | null {
  if (maxStaleMs !== undefined && (consistency !== 'stale' || !(maxStaleMs >= 0))) {
    return new BalsaError('INVALID', `maxStaleMs must be at least 0 and goes with stale reads, not ${maxStaleMs} with ${consistency} ones`)
  }
  if (consistency === 'lease' && !leaseReads) {
    return new BalsaError('LEASES_OFF', 'lease reads are not switched on', {
      hint: 'Read linearizably, or switch lease reads on at every member.',
    })
  }
  return null
}

export function tooStale(ageMs: number, maxStaleMs: number): BalsaError {
  const known = ageMs === Infinity ? 'is of unknown age' : `may be ${Math.ceil(ageMs)} ms old`
  return new BalsaError('TOO_STALE', `the state of this member ${known}, the read allows ${maxStaleMs} ms`, {
    hint: 'Ask another member, allow more, or read linearizably.',
  })
}
