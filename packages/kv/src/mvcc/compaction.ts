/**
 * Forgetting the past. Compacting to revision C has its effect at once: nothing below C can be read. The versions themselves are removed little by
 * little, along the events up to C, a counted number of them with each command of the log: so every member removes the same ones at the same
 * index, and equal states stay equal byte for byte.
 *
 * Kept are, per key, the newest version of C or before unless it is a tombstone, everything after C, and the events of C itself: a watch may begin
 * there.
 */
import type { WriteBatch } from '../backend/backend.js'
import type { Counters } from './counters.js'
import { decodeRecord, isTombstone } from './record.js'
import { eventKey, eventRevision, eventSubject, pastFrom, pastKey } from './table-keys.js'
import { eventBytes, pastBytes } from './writer.js'

/** Looks at `most` events. False = nothing is left to remove. */
export function sweep(batch: WriteBatch, counters: Counters, most: number): boolean {
  if (counters.sweepFrom === null) return false
  const compacted = counters.compactedRevision
  const behind = eventKey(compacted + 1, 0, '')
  const events = batch.keys('events', { from: counters.sweepFrom, to: behind }, most)
  for (const event of events) {
    const key = eventSubject(event)
    const revision = eventRevision(event)
    removeSuperseded(batch, counters, key, revision)
    if (revision === compacted) continue
    const own = batch.get('past', pastKey(key, revision))
    if (own !== undefined && isTombstone(own)) removePast(batch, counters, pastKey(key, revision), key, own)
    batch.delete('events', event)
    counters.historyBytes -= eventBytes(key)
  }
  const last = events.at(-1)
  counters.sweepFrom = last === undefined || events.length < most ? null : `${last}\0`
  return true
}

/** The version before the one of `revision`: nobody may read it any more. */
function removeSuperseded(batch: WriteBatch, counters: Counters, key: string, revision: number): void {
  const [entry] = batch.page('past', { from: pastFrom(key), to: pastKey(key, revision), reverse: true }, 1)
  if (entry === undefined) return
  removePast(batch, counters, entry.key, key, entry.value)
  if (isTombstone(entry.value)) return
  const { chain, isPrefix } = decodeRecord(entry.value)
  // It held the bytes of its run of appends; the others of the run were older and have gone before.
  if (chain !== 0 && !isPrefix) batch.delete('chains', pastKey(key, chain))
}

function removePast(batch: WriteBatch, counters: Counters, tableKey: string, key: string, stored: Uint8Array): void {
  batch.delete('past', tableKey)
  counters.historyBytes -= pastBytes(key, stored)
}
