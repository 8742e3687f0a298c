import type { Entry, LogIndex, MemberId, SnapshotMeta, Term } from '../types.js'

/** What members say to each other. Every message carries the sender's term (for a pre-vote: the term it would campaign in). */
interface Envelope {
  readonly from: MemberId
  readonly to: MemberId
  readonly term: Term
}

/**
 * Paper, figure 2; `preVote` is thesis section 9.6; `transfer` skips leader stickiness, thesis section 3.10: the number that the old leader's
 * TimeoutNow carried, or null when this is no transfer. Whoever has heard a later round of that leader knows that it leads on.
 */
export interface RequestVote extends Envelope {
  readonly type: 'requestVote'
  readonly preVote: boolean
  readonly transfer: number | null
  readonly lastLogIndex: LogIndex
  readonly lastLogTerm: Term
}

export interface RequestVoteResponse extends Envelope {
  readonly type: 'requestVoteResponse'
  readonly preVote: boolean
  readonly granted: boolean
}

/**
 * For one member: what it holds once it has applied everything up to `index` includes everything that was committed anywhere when it sent the
 * message with this `stamp`. Always true, whoever leads by now.
 */
export interface Freshness {
  readonly stamp: number
  readonly index: LogIndex
}

/** Paper, figure 2. `round` is the leader's current round (thesis, section 6.4). */
export interface AppendEntries extends Envelope {
  readonly type: 'appendEntries'
  readonly prevLogIndex: LogIndex
  readonly prevLogTerm: Term
  readonly leaderCommit: LogIndex
  readonly round: number
  readonly fresh: Freshness | null
  readonly entries: readonly Entry[]
}

/**
 * Accepted: `matchIndex` = prevLogIndex + entries.length, durable on the follower; `conflict` is null.
 * Refused: `rejectedIndex` is the prevLogIndex that did not match, `conflict` tells the leader how far to go back (paper, end of
 * section 5.3), `lastIndex` is the follower's last index.
 */
export interface AppendEntriesResponse extends Envelope {
  readonly type: 'appendEntriesResponse'
  readonly round: number
  /** The sender's own mark of the time when it made this message; comes back in a {@link Freshness}. 0: none. */
  readonly stamp: number
  readonly matchIndex: LogIndex
  readonly rejected: AppendRejection | null
}

export interface AppendRejection {
  /** The prevLogIndex that was refused. */
  readonly prevLogIndex: LogIndex
  /** Term of the follower's entry at prevLogIndex; 0 when its log is too short. */
  readonly conflictTerm: Term
  /** First index of that term in the follower's log; lastIndex + 1 when its log is too short. */
  readonly conflictIndex: LogIndex
  readonly lastIndex: LogIndex
}

/** Small and apart from appends, so that neither waits for the other. `commit` never exceeds what the leader knows to match. */
export interface Heartbeat extends Envelope {
  readonly type: 'heartbeat'
  readonly commit: LogIndex
  readonly round: number
  readonly fresh: Freshness | null
}

/** How a member finds its own disk and event loop: what the leader looks for when its own are slow. */
export type Health = 'unknown' | 'healthy' | 'slow'

export interface HeartbeatResponse extends Envelope {
  readonly type: 'heartbeatResponse'
  readonly round: number
  /** As in AppendEntriesResponse. */
  readonly stamp: number
  readonly health: Health
}

/** Paper, figure 13: one chunk of the snapshot file at `offset`. */
export interface InstallSnapshot extends Envelope {
  readonly type: 'installSnapshot'
  readonly snapshot: SnapshotMeta
  readonly offset: number
  readonly data: Uint8Array
  readonly done: boolean
}

/** `nextOffset` is where the receiver wants to go on; `installed` when the snapshot (or more) is durable there. */
export interface InstallSnapshotResponse extends Envelope {
  readonly type: 'installSnapshotResponse'
  readonly snapshotIndex: LogIndex
  readonly nextOffset: number
  readonly installed: boolean
}

/** Thesis, section 3.10: campaign now, without waiting for a time-out. Void for whoever has heard a round of this leader above `untilRound`. */
export interface TimeoutNow extends Envelope {
  readonly type: 'timeoutNow'
  readonly untilRound: number
}

/** A follower asks the leader for a read index on behalf of its clients. `request` is the follower's own counter. */
export interface ReadIndexRequest extends Envelope {
  readonly type: 'readIndexRequest'
  readonly request: number
}

export interface ReadIndexResponse extends Envelope {
  readonly type: 'readIndexResponse'
  readonly request: number
  /** Or why there is none: the asked member does not lead (any more), or too many reads wait there. */
  readonly index: LogIndex | 'NOT_LEADER' | 'OVERLOADED'
}

export type Message =
  | RequestVote
  | RequestVoteResponse
  | AppendEntries
  | AppendEntriesResponse
  | Heartbeat
  | HeartbeatResponse
  | InstallSnapshot
  | InstallSnapshotResponse
  | TimeoutNow
  | ReadIndexRequest
  | ReadIndexResponse

export type MessageType = Message['type']
