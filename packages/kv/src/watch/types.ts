import type { KeyRecord } from '../mvcc/record.js'

/** What is watched. Keys as {@link KeyRange} names them: `rangeEnd` empty = the single key, one zero byte = every key from `key` on. */
export interface WatchRequest {
  readonly key: Uint8Array
  readonly rangeEnd: Uint8Array
  /** First revision of interest, also one that is still to come; 0 = the next one. */
  readonly startRevision: number
  /** Events carry the key as it was before. */
  readonly previous: boolean
  readonly noPut: boolean
  readonly noDelete: boolean
}

/** A version of a key. The value belongs to the store: copy it before it reaches a user. */
export type KeyValueRecord = KeyRecord

/** One change of one key. Shared by everybody who watches it: nothing in it may be changed. */
export interface StoreEvent {
  readonly type: 'put' | 'delete'
  readonly key: Uint8Array
  /** The key as the put made it; null for a deletion. */
  readonly record: KeyValueRecord | null
  /** The key as it was before; null when it was absent, when it was not asked for, and when it has been compacted. */
  readonly previous: KeyValueRecord | null
  readonly revision: number
}

export type WatchDelivery =
  | {
      readonly type: 'events'
      /** Revision of the store; at least that of every event here. */
      readonly revision: number
      /** At least one; ascending by revision, and in the order in which the writes of a revision were done. */
      readonly events: readonly StoreEvent[]
      /** The last revision here continues in the next delivery. */
      readonly more: boolean
    }
  /** The last delivery: what comes next cannot be read any more. The watcher is closed. Watch again from `compactedRevision` or later. */
  | { readonly type: 'compacted'; readonly compactedRevision: number }

/**
 * One watch. Its owner pulls: right after opening, and again whenever `onReady` was called, until null. Nothing is kept for an owner who does not pull
 * but its position; the events are read from the history when it pulls again.
 */
export interface Watcher {
  /**
   * The next events: whole revisions, as many as fit in `maxBytes` (keys, values and 64 bytes for each event and each previous version). A
   * revision that alone exceeds it comes in parts of at least one event. Null = nothing now; `onReady` will be called once when there is.
   */
  pull(maxBytes: number): WatchDelivery | null
  /** Every event up to this revision has been pulled: a new watch from the next one on would miss nothing. Never goes down. */
  readonly position: number
  /** May be called again. `onReady` is not called afterwards. */
  close(): void
}
