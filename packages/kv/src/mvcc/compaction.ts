/**
 * Forgetting the past. Compacting to revision C has its effect at once: nothing below C can be read. The history itself is removed little by
 * little, from its beginning, a counted number of blocks with each command of the log: so every member removes the same ones at the same
 * index, and equal states stay equal byte for byte.
 *
 * Kept are the events of C itself, because a watch may begin there, and everything after them: so also, in the event that superseded it, what each key was at C. What the events of C superseded
 * themselves is forgotten: whoever deletes much and compacts wants the space, and need not write something else first.
 */
import type { WriteBatch } from '../backend/backend.js'
import type { Counters } from './counters.js'
import { EventFlag, HistoryBlock, type HistoryEnd } from './history.js'
import { decodeHead } from './record.js'
import { HISTORY_KEY_BYTES, pastKey, revisionOf } from './table-keys.js'

/** Goes through `most` blocks. */
export function sweep(batch: WriteBatch, counters: Counters, history: HistoryEnd, most: number): void {
  if (counters.sweepFrom === null) return
  const blocks = batch.page('history', { from: counters.sweepFrom, to: null }, most)
  for (const { key, value } of blocks) {
    // The one that is still growing has the newest revision in it.
    if (key === history.key || revisionOf(key) > counters.compactedRevision) {
      counters.sweepFrom = null
      return
    }
    const block = new HistoryBlock(key, value)
    if (isBelow(block, counters.compactedRevision)) {
      block.rewind()
      removeNames(batch, block)
      batch.delete('history', key)
      counters.historyBytes -= HISTORY_KEY_BYTES + value.length
    } else counters.historyBytes -= forgetSuperseded(batch, block, value, counters.compactedRevision)
    counters.sweepFrom = `${key}\0`
  }
  if (blocks.length < most) counters.sweepFrom = null
}

/** Answers how many bytes it was. */
function forgetSuperseded(batch: WriteBatch, block: HistoryBlock, value: Uint8Array, revision: number): number {
  const left = block.without(revision)
  if (left === value) return 0
  block.rewind()
  while (block.next()) if (block.revision <= revision) removeChain(batch, block)
  batch.put('history', block.key, left)
  return value.length - left.length
}

function isBelow(block: HistoryBlock, revision: number): boolean {
  while (block.next()) if (block.revision >= revision) return false
  return true
}

function removeNames(batch: WriteBatch, block: HistoryBlock): void {
  while (block.next()) {
    if ((block.flags & EventFlag.inPast) !== 0) batch.delete('past', pastKey(block.name, block.revision))
    removeChain(batch, block)
  }
}

function removeChain(batch: WriteBatch, block: HistoryBlock): void {
  const { superseded } = block
  if ((block.flags & EventFlag.inChains) === 0 || superseded === undefined) return
  // The others of the run of appends were older, and have gone before.
  batch.delete('chains', pastKey(block.name, decodeHead(superseded).chain))
}
