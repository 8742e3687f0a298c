import type { BalsaError } from '@balsa/raft'
import type { KeyRecord } from '../mvcc/record.js'
import type { AdminAnswer, LeaderRequest } from '../protocol/admin.js'
import type { ClientQuery, ClientQueryAnswer } from '../protocol/queries.js'
import type { ReadMode } from '../protocol/read-mode.js'
import type { MemberStatus } from '../protocol/status.js'
import type { WatchedEvents } from '../protocol/watching.js'
import type { CommandResult } from '../result.js'
import type { WatchRequest } from '../watch/types.js'

/** What a call asks of a cluster. Retries repeat the same object. */
export type StoreRequest =
  | { readonly type: 'write'; readonly command: Uint8Array }
  | ({ readonly type: 'get'; readonly key: Uint8Array } & ReadMode)
  | ({ readonly type: 'query'; readonly query: ClientQuery } & ReadMode)
  /** Status of the member at `endpoint`, or of the one that is asked for everything else. Only over a network. */
  | { readonly type: 'status'; readonly endpoint: string | null }
  /** What operators ask of the leader. Only over a network. */
  | { readonly type: 'admin'; readonly admin: LeaderRequest }

export type StoreAnswer =
  | { readonly type: 'result'; readonly result: CommandResult }
  /** The value belongs to the receiver. */
  | {
      readonly type: 'value'
      readonly revision: number
      readonly ageMs: number | null
      readonly record: KeyRecord | null
    }
  /** Values may be views of something larger. */
  | { readonly type: 'answer'; readonly ageMs: number | null; readonly answer: ClientQueryAnswer }
  | { readonly type: 'status'; readonly status: MemberStatus }
  | { readonly type: 'admin'; readonly admin: AdminAnswer }

export interface AttemptHandlers {
  onAnswer(answer: StoreAnswer): void
  /**
   * The attempt is over. Family `refused` = it certainly had no effect and never will; anything else = it may have. `retryAfterMs` says when to try
   * again, null = never.
   */
  onError(error: BalsaError, retryAfterMs: number | null): void
}

export interface Attempt {
  /** Nobody listens any more. True = the request has not left and never will; false = it may still take effect. */
  cancel(): boolean
  /** Nothing was heard for the attempt time-out. The attempt stays valid; answers the ms after which another may begin. */
  silent(): number
}

export interface WatchHandlers {
  onEvents(watched: WatchedEvents): void
  /** The attempt is over. `retryAfterMs` says when to try again, null = never. */
  onError(error: BalsaError, retryAfterMs: number | null): void
}

export interface WatchAttempt {
  /** So many more bytes of events may come. */
  credit(bytes: number): void
  /** Nobody listens any more. */
  cancel(): void
}

/** Where attempts go: a cluster behind a network, or a replica in this process. */
export interface StoreBackend {
  /** Begins one attempt. At most one of the handlers is called, once; never before this returns. */
  attempt(request: StoreRequest, handlers: AttemptHandlers): Attempt
  /** Begins one attempt of a watch; `credit`: bytes of events that may come. The handlers are never called before this returns. */
  watch(request: WatchRequest, credit: number, handlers: WatchHandlers): WatchAttempt
  close(): Promise<void>
}
