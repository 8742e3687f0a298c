import type { LogIndex, Term } from '../types.js'
import type { StateTransfer } from './shared-state.js'

/** A committed command on its way into the state machine. */
export interface AppliedCommand {
  readonly index: LogIndex
  readonly term: Term
  /** Cluster time in ms, stamped by the leader and never decreasing: the only clock `apply` may use. */
  readonly timeMs: number
  readonly command: Uint8Array
}

/**
 * What is replicated. `apply` must be deterministic: no clock, no random, no order of unsorted maps; equal commands in equal order
 * give equal state and equal results on every member.
 */
export interface StateMachine<Result = unknown, Query = unknown, Answer = unknown> {
  /**
   * Applies commands in log order, each exactly once per start. Returns one result per command. A returned promise is awaited
   * before the next batch (back-pressure): a machine may take several turns of the event loop for one long command. Meanwhile elections, heart-beats and the log go on, linearizable reads and
   * snapshots wait, and only stale reads may call `query`: then it answers from the state before. A throw stops the node: it can not know what the other members did.
   */
  apply(batch: readonly AppliedCommand[]): readonly Result[] | Promise<readonly Result[]>
  /** Reads applied state. Synchronous, so that nothing can be applied in between. */
  query(query: Query): Answer
  /**
   * A consistent cut of the state as it is now, taken synchronously; the chunks may be read later while new commands are applied.
   */
  snapshot(): AsyncIterable<Uint8Array>
  /** Replaces the whole state. An empty stream means the empty state. */
  restore(chunks: AsyncIterable<Uint8Array>): Promise<void>
  /** The third way to decide when to compact: asked after every applied batch. */
  wantsSnapshot?(): boolean
  /** Absent or null: the state ends with the process, and is restored from snapshot and log at every start. */
  readonly durable?: DurableState | null
}

/**
 * A state that is on a disk of its own, with the index that belongs to it. It begins where it was, only what the log holds behind that is applied, and to compact the log
 * nothing has to be copied: a {@link reference} takes the place of the state in the snapshot.
 */
export interface DurableState {
  /** Everything up to this index of the log is in the state, and nothing behind it. After a loss of power: some such index that was. */
  readonly appliedIndex: number
  /** Null when the next batch may come at once; otherwise resolves when the disk has caught up. Reads do not wait for it. */
  ready?(): Promise<void> | null
  /**
   * The log holds everything up to `index` on its disk. Nothing behind it may become durable in the state: else a state that is ahead of its log could not be told from
   * one whose log was exchanged.
   */
  logDurable(index: LogIndex): void
  /** Called between two batches, when everything up to `index` is applied. Resolves when that is durable, and `appliedIndex` is at least `index` also after the next start. */
  flush(index: LogIndex): Promise<void>
  /**
   * What stands in a snapshot of `index` in place of the state. `restore` takes it as well: then it has nothing to do, or throws CORRUPT (fatal) when the own state
   * is older than that.
   */
  reference(index: LogIndex): AsyncIterable<Uint8Array>
  /** How a peer that needs all of the state gets it as it is. Absent: it gets a snapshot. All members have it, or none. */
  readonly transfer?: StateTransfer
}
