/**
 * The write-ahead log: one ordered stream of hard states and entries in segment files.
 *
 * Layout. `wal-0000000000000001.log`, 2, 3 … of equal length, filled with zeros (or an older segment) ahead of time. segment.ts owns
 * the first sector, record.ts batches and records, snapshot-file.ts the snapshots beside them.
 *
 * Group commit. Everything that `persist` is given while a sync is under way leaves as one batch: one write, one sync. Without load
 * a batch is one effect. A batch is valid as a whole or not at all, so what an effect replaces and what it appends change together.
 * (An effect larger than 4 MiB, or than the room in the segment, is several batches, synced in order; it is acknowledged after the last.)
 *
 * An entry at index i voids everything from i on that stands before it: cutting the log and appending is one write.
 *
 * Crash cases, and what recovery (recovery.ts) finds
 *  1. In a write: the last batch is incomplete, whichever sectors got through. Nobody was told; the batch does not count and the
 *     next one is written over it. Acknowledged batches are in other sectors.
 *  2. After a write, before its sync (or after a sync that failed): the batch is whole or it is case 1. If whole and no
 *     mark stands behind it, recovery begins a new segment with it before it counts. A segment is read up to the first batch of the
 *     next one.
 *  3. Stale bytes behind the end: an old segment's carry another segment number; those of a lost batch lack a matching bodyCrc.
 *  4. While the next segment is made: it is a spare file until header and head are durable, then gets its name, then the directory
 *     is synced. Until then nothing was written to it and the older segment is still the last one.
 *  5. While old segments are retired: any subset of the names may come back. Segments are needed from the newest backwards without
 *     a gap, up to one whose head the snapshot covers; what is older than a gap below that is left over and is removed. Of a log
 *     that a snapshot has replaced any part may be left, also one that begins behind the end of that snapshot.
 *  6. A retired file is overwritten only after its new name is durable, so an old name never shows new bytes.
 *  7. Between the installation of a received snapshot and the head that follows it: recovery decides by the paper's rule (keep the
 *     log behind the snapshot if it holds the snapshot's last entry, else discard it) and writes that head.
 *  8. While a data directory is founded: the identity file comes last; a log without one is checked by its own headers.
 *
 * Torn or damaged? A bad batch is torn only if it is the very last thing ever written. It is damage (CORRUPT, never cut) when
 *  - a later segment exists, or
 *  - a batch or mark with a higher number stands behind it: that was written only after the bad one had been synced, or
 *  - the file is shorter than its header says.
 * After each sync without a successor a mark ("synced up to here") is written behind the batch, before the acknowledgement. It is
 * not synced itself, since that would double the cost, so:
 *  - after a crash of the process the mark is always there: damage to the last acknowledged batch is recognised;
 *  - after a loss of power the mark of the last moments (until the system writes it back, at most 30 s by Linux' default) may be
 *    missing. Only then, and only for the last batch, damage cannot be told from a torn write, and the batch is cut.
 * Likewise the mark "closed" ends a segment after its successor is durable: if the newest file disappears, that is MISSING_SEGMENT.
 *
 * Assumed of the disk: a write changes no sector (512 bytes) outside its range, also when the power fails.
 */
import { BalsaError, invariant } from '../errors.js'
import type { PersistEffect } from '../core/effects.js'
import { asIndex, type HardState, type SnapshotMeta } from '../types.js'
import type { LogState } from './log-state.js'
import { entryRecordBytes, HeadOrigin } from './record.js'
import { MAX_BATCH_BYTES, type SegmentWriter } from './segment-writer.js'

interface Waiting {
  readonly effect: PersistEffect
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export interface WalHooks {
  /** Gives a received snapshot its final name, durable. */
  install(meta: SnapshotMeta): Promise<void>
  /** The newest durable snapshot. */
  latest(): SnapshotMeta | null
}

export class Wal {
  readonly #writer: SegmentWriter
  readonly #hooks: WalHooks
  /** The log as accepted: including what still waits for its sync. */
  #state: LogState
  readonly #newState: (meta: SnapshotMeta, hardState: HardState) => LogState
  #queue: Waiting[] = []
  #running: Promise<void> | null = null
  #failure: BalsaError | null = null
  #closed = false
  /** Grows whenever entries became void: a read that began before must start again. */
  generation = 0

  constructor(writer: SegmentWriter, state: LogState, hooks: WalHooks, newState: (meta: SnapshotMeta, hardState: HardState) => LogState) {
    this.#writer = writer
    this.#state = state
    this.#hooks = hooks
    this.#newState = newState
  }

  get state(): LogState {
    return this.#state
  }

  /** See Storage.persist. The checks are those that a mistake of consensus would break; they throw INVARIANT (fatal). */
  persist(effect: PersistEffect): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    if (this.#closed) return Promise.reject(new BalsaError('STOPPED', 'the log is closed'))
    try {
      this.#accept(effect)
    } catch (error) {
      return Promise.reject(this.#fail(error))
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ effect, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  #accept(effect: PersistEffect): void {
    const { installSnapshot, hardState, entries, compactBelow } = effect
    if (installSnapshot !== null) {
      this.generation += 1
      this.#state = this.#newState(installSnapshot, this.#state.hardState)
    }
    if (hardState !== null) this.#acceptHardState(hardState)
    const first = entries[0]
    if (first !== undefined && first.index <= this.#state.lastIndex) this.generation += 1
    for (const entry of entries) {
      const state = this.#state
      const { term, index } = entry
      invariant(index >= state.firstIndex, 'an entry below the compacted part of the log is never replaced', {
        index,
        firstIndex: state.firstIndex,
      })
      invariant(term <= state.hardState.term, 'the term is durable before an entry of it', { term, hardState: state.hardState.term })
      const before = index === state.lastIndex + 1 ? state.lastTerm : state.termAt(index - 1)
      invariant(before === null || term >= before, 'terms never decrease along the log', { index, term, before })
      state.append(entry)
    }
    if (compactBelow !== null) {
      const covered = installSnapshot?.index ?? this.#hooks.latest()?.index ?? 0
      invariant(compactBelow <= covered + 1, 'only what a durable snapshot covers is compacted', { compactBelow, covered })
      this.#state.compact(compactBelow)
    }
  }

  #acceptHardState(next: HardState): void {
    const { term, votedFor } = this.#state.hardState
    invariant(next.term >= term, 'the term never goes back', { term, next: next.term })
    const changesVote = next.term === term && votedFor !== null && next.votedFor !== votedFor
    invariant(!changesVote, 'a vote is never changed within a term', { term, votedFor, next: next.votedFor })
    this.#state.hardState = next
  }

  async #run(): Promise<void> {
    // One turn of the promise queue: effects of callers that were woken together leave together.
    await Promise.resolve()
    try {
      while (this.#queue.length > 0) await this.#commitGroup()
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#running = null
    }
  }

  async #commitGroup(): Promise<void> {
    const group = this.#queue.slice(0, this.#groupLength())
    let compactBelow = null
    for (const { effect } of group) {
      if (effect.installSnapshot !== null) await this.#install(effect.installSnapshot)
      if (effect.hardState !== null) await this.#writer.addHardState(effect.hardState)
      for (const entry of effect.entries) {
        const room = this.#writer.addEntry(entry)
        if (room !== null) await room
      }
      if (effect.compactBelow !== null) compactBelow = effect.compactBelow
    }
    await this.#writer.flush()
    if (compactBelow !== null) await this.#writer.compact(compactBelow)
    // Before the group leaves the queue: if the mark cannot be written, those who wait must hear of it.
    if (this.#queue.length === group.length) this.#writer.mark()
    this.#queue.splice(0, group.length)
    // Consensus has the newest entries itself, and asks for those that it has not any more.
    this.#state.evict(0, this.#firstUnwritten())
    for (const { resolve } of group) resolve()
  }

  /** Effects up to about one batch. A snapshot's installation begins a group: everything before it is durable first. */
  #groupLength(): number {
    let bytes = 0
    let count = 0
    for (const { effect } of this.#queue) {
      if (count > 0 && (effect.installSnapshot !== null || bytes > MAX_BATCH_BYTES)) break
      for (const entry of effect.entries) bytes += entryRecordBytes(entry)
      count += 1
    }
    return count
  }

  #firstUnwritten(): number {
    let first = Number.POSITIVE_INFINITY
    for (const { effect } of this.#queue) first = Math.min(first, effect.entries[0]?.index ?? first)
    return first
  }

  async #install(meta: SnapshotMeta): Promise<void> {
    await this.#hooks.install(meta)
    const { index, term, timeMs, configuration } = meta
    const hardState = this.#writer.hardState
    await this.#writer.startSegment({ origin: HeadOrigin.installed, lastIndex: index, lastTerm: term, timeMs, hardState, configuration })
    // Every older segment holds only what the snapshot has replaced.
    await this.#writer.compact(asIndex(index + 1))
  }

  #fail(error: unknown): BalsaError {
    const failure =
      error instanceof BalsaError
        ? error
        : new BalsaError('IO_ERROR', `the log failed: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
    this.#failure ??= failure
    const waiting = this.#queue
    this.#queue = []
    for (const { reject } of waiting) reject(this.#failure)
    return this.#failure
  }

  /** Waits for everything accepted and closes the files. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#running
    await this.#writer.close()
  }
}
