import type { ReadMode } from '@balsa/kv'
import { readDuration } from './options.js'
import { UsageError } from './text.js'

/** Options of every command that reads keys. */
export interface ReadFlags {
  readonly consistency?: string
  readonly stale?: boolean
  readonly maxStale?: string
}

/** Throws UsageError for flags that contradict each other. */
export function readModeOf({ consistency, stale, maxStale }: ReadFlags): ReadMode {
  const wanted = consistency ?? (stale === true || maxStale !== undefined ? 'stale' : 'linearizable')
  if (wanted !== 'linearizable' && wanted !== 'lease' && wanted !== 'stale') {
    throw new UsageError(`--consistency must be linearizable, lease or stale, not ${JSON.stringify(wanted)}`)
  }
  if (wanted !== 'stale' && stale === true) throw new UsageError(`--stale contradicts --consistency ${wanted}`)
  if (maxStale === undefined) return { consistency: wanted }
  if (wanted !== 'stale') throw new UsageError(`--max-stale goes with stale reads, not with --consistency ${wanted}`)
  return { consistency: wanted, maxStaleMs: Math.floor(readDuration(maxStale, '--max-stale')) }
}
