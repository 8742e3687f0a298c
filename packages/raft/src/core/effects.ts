import type { ErrorCode } from '../errors.js'
import type { Configuration, Entry, EntryType, HardState, LogIndex, MemberId, SnapshotMeta, Term } from '../types.js'
import type { MembershipChange } from './membership-change.js'
import type { Message } from './messages.js'

export type Role = 'follower' | 'preCandidate' | 'candidate' | 'leader'

/** One command on its way into the log. `ref` is the driver's own number and comes back in the outcome. */
export interface Proposal {
  readonly ref: number
  readonly type: EntryType
  readonly payload: Uint8Array
}

/** Everything that can happen to a member. */
export type Input =
  /** Time has passed; the only input that fires timers. */
  | { readonly type: 'tick' }
  | { readonly type: 'message'; readonly message: Message }
  | { readonly type: 'propose'; readonly proposals: readonly Proposal[] }
  /** Every connection to this peer has broken: a hint that its process is gone, and no proof. */
  | { readonly type: 'peerLost'; readonly peer: MemberId }
  /** Wants an index whose application makes a local read linearizable. */
  | { readonly type: 'read'; readonly ref: number }
  /** Wants another membership. Answered when the whole change is committed, a joint configuration left included. */
  | { readonly type: 'change'; readonly ref: number; readonly changes: readonly MembershipChange[]; readonly force: boolean }
  /** Wants `target` (or the best voter, when null) to lead instead. */
  | { readonly type: 'transfer'; readonly ref: number; readonly target: MemberId | null }
  /** The persist effect with this sequence number, and all before it, are durable. */
  | { readonly type: 'persisted'; readonly sequence: number }
  /** The state machine has applied everything up to `index`. */
  | { readonly type: 'applied'; readonly index: LogIndex }
  /** Answer to a load effect: entries `from`.. (at least one), or empty when they are gone. */
  | { readonly type: 'loaded'; readonly peer: MemberId; readonly from: LogIndex; readonly entries: readonly Entry[] }
  /** A local snapshot is durable; the log below `firstIndexToKeep` may go. */
  | { readonly type: 'snapshotTaken'; readonly meta: SnapshotMeta; readonly firstIndexToKeep: LogIndex }
  /** Answer to a snapshotRead effect. */
  | {
      readonly type: 'snapshotRead'
      readonly peer: MemberId
      readonly meta: SnapshotMeta
      readonly offset: number
      readonly data: Uint8Array
      readonly done: boolean
    }
  /** This peer is sent the durable state itself in place of the newest snapshot, which only refers to it. */
  | { readonly type: 'snapshotOffered'; readonly peer: MemberId; readonly meta: SnapshotMeta }
  /** The snapshot for this peer could not be read: try again from the beginning. */
  | { readonly type: 'snapshotReadFailed'; readonly peer: MemberId }
  /** Answer to a snapshotChunk effect that did not complete the file: the receiver wants to go on at `nextOffset`. */
  | { readonly type: 'chunkStored'; readonly meta: SnapshotMeta; readonly nextOffset: number }
  /** The whole received file is durable and verified, but not yet installed. */
  | { readonly type: 'snapshotReceived'; readonly meta: SnapshotMeta }

export type InputType = Input['type']

/**
 * To be made durable in the order of `sequence`, then answered by a `persisted` input. Messages that rely on it are held back by the
 * core until then. Within one effect the order is: snapshot, hard state, entries, compaction.
 */
export interface PersistEffect {
  readonly sequence: number
  readonly hardState: HardState | null
  /** Contiguous. An entry at index i replaces everything from i on. */
  readonly entries: readonly Entry[]
  /** A received snapshot that replaces the whole log. (When the log agrees with it, the core keeps the log and installs nothing.) */
  readonly installSnapshot: SnapshotMeta | null
  /** Entries below this index may be dropped. */
  readonly compactBelow: LogIndex | null
}

export type ProposalOutcome =
  | { readonly ref: number; readonly index: LogIndex; readonly term: Term }
  | { readonly ref: number; readonly refused: ErrorCode; readonly leaderId: MemberId | null }

/** A confirmed read may run once `index` is applied. */
export type ReadOutcome =
  | { readonly ref: number; readonly index: LogIndex }
  | { readonly ref: number; readonly refused: ErrorCode; readonly leaderId: MemberId | null }

export type TransferOutcome = { readonly ref: number; readonly target: MemberId } | { readonly ref: number; readonly refused: ErrorCode }

export type ChangeOutcome =
  | { readonly ref: number; readonly index: LogIndex; readonly configuration: Configuration }
  | { readonly ref: number; readonly refused: ErrorCode; readonly reason: string; readonly leaderId: MemberId | null }

/** For people and metrics: what happened and why. Nothing depends on it. */
export type CoreEvent =
  | { readonly type: 'role'; readonly role: Role; readonly term: Term; readonly leaderId: MemberId | null; readonly reason: string }
  | { readonly type: 'configuration'; readonly index: LogIndex; readonly configuration: Configuration }
  | { readonly type: 'truncated'; readonly fromIndex: LogIndex; readonly lastIndex: LogIndex }
  | { readonly type: 'peerState'; readonly peer: MemberId; readonly state: 'probe' | 'replicate' | 'snapshot' }

export interface Effects {
  /** May leave at once. */
  readonly messages: readonly Message[]
  readonly persist: PersistEffect | null
  /** Set when it rose: everything up to it may be applied, in order. */
  readonly commitIndex: LogIndex | null
  /** The state machine must be replaced by this installed snapshot before anything above it is applied. */
  readonly restore: SnapshotMeta | null
  /** Entries that the core no longer holds, wanted for a peer: answered by `loaded`. */
  readonly loads: readonly { readonly peer: MemberId; readonly from: LogIndex; readonly to: LogIndex; readonly maxBytes: number }[]
  /** A piece of the newest local snapshot, wanted for a peer: answered by `snapshotRead`. */
  readonly snapshotReads: readonly {
    readonly peer: MemberId
    readonly meta: SnapshotMeta
    readonly offset: number
    readonly maxBytes: number
  }[]
  /** A received piece to store: answered by `chunkStored` or `snapshotReceived`. */
  readonly snapshotChunks: readonly {
    readonly meta: SnapshotMeta
    readonly offset: number
    readonly data: Uint8Array
    readonly done: boolean
  }[]
  readonly proposals: readonly ProposalOutcome[]
  readonly reads: readonly ReadOutcome[]
  readonly transfers: readonly TransferOutcome[]
  readonly changes: readonly ChangeOutcome[]
  readonly events: readonly CoreEvent[]
}

/** State that storage gives back at start: everything the core needs, without the payloads of a long log. */
export interface RecoveredState {
  readonly hardState: HardState
  /** The newest durable snapshot, or null. */
  readonly snapshot: SnapshotMeta | null
  /** A state that outlives the process holds everything up to here, so it is committed. Missing, or not above the snapshot: nothing is known. */
  readonly appliedIndex?: LogIndex
  /** First index still in the log; lastIndex + 1 when the log is empty. */
  readonly firstIndex: LogIndex
  readonly lastIndex: LogIndex
  /** Term of the entry at firstIndex - 1 (0 at the very beginning): the paper's consistency check needs it. */
  readonly previousTerm: Term
  /** Runs of equal terms from firstIndex on: each says from which index its term holds. */
  readonly termRuns: readonly { readonly term: Term; readonly firstIndex: LogIndex }[]
  /** Every configuration entry in the log, ascending. */
  readonly configurations: readonly { readonly index: LogIndex; readonly configuration: Configuration }[]
  /** The configuration that holds below all of those: the snapshot's or the initial one. */
  readonly baseConfiguration: Configuration
  /** Highest cluster time seen in the log or the snapshot. */
  readonly timeMs: number
  /** First entry in the log that a witness holds in place of a command; null or missing when there is none. */
  readonly strippedFrom?: LogIndex | null
  /** The newest entries, contiguous up to lastIndex, as many as are worth keeping in memory (may be empty). */
  readonly tail: readonly Entry[]
}
