import { BalsaError } from '@balsa/raft'
import type { Consistency } from './protocol/read-mode.js'
import type { KeyMetadata } from './result.js'

/** Bytes, or a text that stands for its UTF-8. A lone surrogate has no UTF-8 and is refused with INVALID. */
export type BytesLike = string | Uint8Array

export interface CallOptions {
  /** Ends the call early: ABORTED (refused) when it was certainly not applied, else OUTCOME_UNKNOWN (unknown). */
  readonly signal?: AbortSignal
  /** Most ms that the call may take, retries included; Infinity = no limit. Then DEADLINE (refused) or OUTCOME_UNKNOWN (unknown). */
  readonly deadlineMs?: number
}

export interface GetOptions extends CallOptions {
  /** Default `linearizable`. */
  readonly consistency?: Consistency
  /** For `stale` only: greatest age of the answer in whole ms. Members whose state may be older refuse: TOO_STALE. Default: any age. */
  readonly maxStaleMs?: number
}

export interface PutResult extends KeyMetadata {
  /** Revision that this write took; equal to modRevision. */
  readonly revision: number
  /** The key before the write; null when it was absent. */
  readonly previous: KeyMetadata | null
}

export interface AppendResult extends PutResult {
  /** Length of the whole value now, in bytes. */
  readonly valueBytes: number
}

export interface DeleteResult {
  /** False when there was nothing to delete; then no revision was taken. */
  readonly deleted: boolean
  /** Revision of the store after the call. */
  readonly revision: number
  readonly previous: KeyMetadata | null
}

export type CompareAndPutResult = ComparedAndPut | CompareFailed

export interface ComparedAndPut extends PutResult {
  readonly succeeded: true
}

export interface CompareFailed {
  readonly succeeded: false
  /** Revision of the store when it was compared. */
  readonly revision: number
  /** The key as it is; null when it is absent. */
  readonly actual: KeyMetadata | null
}

/** What must hold for a compareAndPut to write; at least one, both when both are given. */
export interface CompareOptions {
  /** Revision of the key's last write; 0 = the key must be absent. */
  readonly modRevision?: number
  /** The present value; an absent key never matches. */
  readonly value?: BytesLike
}

const textDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A key with its value, as it was read. The bytes belong to the caller. */
export class KeyValue implements KeyMetadata {
  readonly key: Uint8Array
  readonly value: Uint8Array
  readonly createRevision: number
  readonly modRevision: number
  readonly version: number
  /** Revision of the store when it was read: nothing newer than it was seen. */
  readonly revision: number
  /** How old it may have been when it was read, in ms: 0 for all but stale reads; null when the member did not know. */
  readonly ageMs: number | null

  constructor(key: Uint8Array, value: Uint8Array, metadata: KeyMetadata, revision: number, ageMs: number | null = 0) {
    this.key = key
    this.value = value
    this.createRevision = metadata.createRevision
    this.modRevision = metadata.modRevision
    this.version = metadata.version
    this.revision = revision
    this.ageMs = ageMs
  }

  /** The value as UTF-8 text. INVALID (refused) when it is none. */
  text(): string {
    try {
      return textDecoder.decode(this.value)
    } catch (cause) {
      throw new BalsaError('INVALID', 'the value is not valid UTF-8', { cause, hint: 'Read the bytes from `value`.' })
    }
  }

  /** The value parsed as JSON; its shape is not checked. INVALID (refused) when it is none. */
  json<T = unknown>(): T {
    const text = this.text()
    try {
      return JSON.parse(text) as T
    } catch (cause) {
      throw new BalsaError('INVALID', 'the value is not JSON', { cause, hint: 'Read the bytes from `value`.' })
    }
  }
}

/**
 * The key/value store, the same over a network (`connect`) and inside a process (`openStore`).
 *
 * Writes happen exactly once, whatever retries it takes, and each resolves only when it is durable on a majority. A rejection is a
 * BalsaError; its family says what is certain: `refused` = it never happened and never will, `unknown` = it may have happened. Calls
 * that do not wait for each other have no order; awaited ones do.
 *
 * Every call may reject with INVALID, TOO_LARGE, OVERLOADED, DEADLINE, ABORTED, STOPPED (all refused); writes also with SESSION_LIMIT
 * (refused) and OUTCOME_UNKNOWN (unknown).
 */
export interface KeyValueStore extends AsyncDisposable {
  /** The key's value, or null when it is absent. Linearizable unless asked to be stale. */
  get(key: BytesLike, options?: GetOptions): Promise<KeyValue | null>
  put(key: BytesLike, value: BytesLike, options?: CallOptions): Promise<PutResult>
  /** Adds to the end of the value; creates the key when it is absent. */
  append(key: BytesLike, value: BytesLike, options?: CallOptions): Promise<AppendResult>
  delete(key: BytesLike, options?: CallOptions): Promise<DeleteResult>
  /** Puts only when the key is as expected. A failed compare is a result, not an error. */
  compareAndPut(key: BytesLike, expected: CompareOptions, value: BytesLike, options?: CallOptions): Promise<CompareAndPutResult>
  /** Ends waiting calls (STOPPED or OUTCOME_UNKNOWN) and frees everything. May be called again. */
  close(): Promise<void>
}
