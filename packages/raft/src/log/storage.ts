import type { PersistEffect, RecoveredState } from '../core/effects.js'
import type { Configuration, Entry, LogIndex, SnapshotMeta, Term } from '../types.js'

/** Everything durable of one member: log, hard state and snapshots. Implemented by `DurableStorage` over the FileSystem port. */
export interface Storage {
  readonly recovered: Omit<RecoveredState, 'tail'>
  /**
   * The newest entries of what was recovered, contiguous up to its last index, as many as are worth keeping in memory. Handed over once, so that nobody else keeps them: whoever asks again
   * gets none.
   */
  takeTail(): readonly Entry[]
  /**
   * Makes the effect durable; resolves in the order of the calls. Effects that arrive while a sync is under way leave together in
   * one write and one sync (group commit). A rejection is final and fatal: nothing later will be accepted.
   */
  persist(effect: PersistEffect): Promise<void>
  /** Durable or pending entries from..to (inclusive), contiguous from `from`, at least one, about `maxBytes` of payload. Empty when compacted. */
  readEntries(from: LogIndex, to: LogIndex, maxBytes: number): Promise<readonly Entry[]>
  /** Bytes of log that a compaction up to now would free. */
  readonly logBytes: number
  readonly snapshots: SnapshotStore
  close(): Promise<void>
}

export interface SnapshotDescription {
  readonly index: LogIndex
  readonly term: Term
  readonly timeMs: number
  readonly configuration: Configuration
}

export interface SnapshotStore {
  /** The newest installed snapshot. */
  readonly latest: SnapshotMeta | null
  /**
   * Writes a local snapshot; durable and installed when it resolves. Older files go once nobody reads them. Without chunks it is a witness'
   * snapshot: no state, 0 bytes and checksum 0, also when it is found again at the next start.
   */
  write(description: SnapshotDescription, chunks: AsyncIterable<Uint8Array> | null): Promise<SnapshotMeta>
  /** The state machine's bytes of an installed snapshot, verified chunk by chunk; throws CORRUPT (fatal). */
  readState(meta: SnapshotMeta): AsyncIterable<Uint8Array>
  /** Raw bytes of the file for a transfer. Fails with COMPACTED (refused) when the file is gone. */
  readFile(meta: SnapshotMeta, offset: number, length: number): Promise<Uint8Array>
  /**
   * Stores a received piece. Resolves to the offset where it wants to go on (resumable: also after a restart, another leader, a
   * duplicate or a gap), or to `complete` when the whole file is verified and durable, but not yet installed: `persist` does that.
   * A file whose checksum is wrong is dropped and restarts at 0. A witness' snapshot is complete at once.
   * Only for snapshot files: see `adopt` for a state that travels as it is.
   */
  receive(meta: SnapshotMeta, offset: number, data: Uint8Array, done: boolean): Promise<number | 'complete'>
  /**
   * The state that `meta` announces (of form `state`) was received elsewhere; `chunks` refer to it. Durable, but not yet installed, when it resolves, as with `receive`.
   */
  adopt(meta: SnapshotMeta, chunks: AsyncIterable<Uint8Array>): Promise<void>
}
