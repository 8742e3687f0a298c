import type { LogIndex, Term } from '../types.js'

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
   * before the next batch (back-pressure). A throw stops the node: it can not know what the other members did.
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
}
