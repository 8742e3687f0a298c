/**
 * What a read demands, and its bytes: u8 consistency (0 linearizable, 1 stale, 2 lease), and for a stale one: varint, 0 = of any age, else
 * the greatest age in ms, plus 1.
 */
import type { ByteReader, ByteWriter } from '@balsa/raft'

/**
 * - `linearizable`: sees every write that was answered before the read began.
 * - `lease`: the same, and demands that the members answer it by a lease of the leader; refused (LEASES_OFF) where leases are off.
 * - `stale`: whatever the asked member has applied, of any age or at most `maxStaleMs` old.
 */
export type Consistency = 'linearizable' | 'lease' | 'stale'

export interface ReadMode {
  readonly consistency: Consistency
  /** For `stale` only: greatest age of the answer in whole ms; refused (TOO_STALE) by a member that does not know its state to be that young. */
  readonly maxStaleMs?: number
}

/** Position = number on the wire: only ever append. */
const CONSISTENCIES: readonly Consistency[] = ['linearizable', 'stale', 'lease']

export function writeReadMode(writer: ByteWriter, { consistency, maxStaleMs }: ReadMode): void {
  writer.u8(CONSISTENCIES.indexOf(consistency))
  if (consistency === 'stale') writer.varint(maxStaleMs === undefined ? 0 : maxStaleMs + 1)
}

export function readReadMode(reader: ByteReader): ReadMode {
  const consistency = CONSISTENCIES[reader.u8('consistency')]
  if (consistency === undefined) return reader.fail('consistency', 'unknown')
  if (consistency !== 'stale') return { consistency }
  const bound = reader.varint('maxStaleMs')
  return bound === 0 ? { consistency } : { consistency, maxStaleMs: bound - 1 }
}

/** The age of an answer: 0 = unknown, else ms plus 1, rounded up so that it stays a bound. */
export function writeAge(writer: ByteWriter, ageMs: number | null): void {
  writer.varint(ageMs === null || !Number.isFinite(ageMs) ? 0 : Math.ceil(ageMs) + 1)
}

export function readAge(reader: ByteReader): number | null {
  const age = reader.varint('age')
  return age === 0 ? null : age - 1
}
