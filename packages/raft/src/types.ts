/** The vocabulary of the Raft paper as types. Numbers are branded so that a term can never be passed where an index is meant. */

declare const brand: unique symbol

/** A logical clock: at most one leader per term (Raft paper, section 5.1). A safe integer; 0 before the first election. */
export type Term = number & { readonly [brand]: 'Term' }
/** Position of an entry in the log. The first entry has index 1; 0 means "before the log". A safe integer. */
export type LogIndex = number & { readonly [brand]: 'LogIndex' }
/** Identity of a member, for ever: an id is never given to another member. A safe integer > 0. */
export type MemberId = number & { readonly [brand]: 'MemberId' }

export const asTerm = (value: number): Term => value as Term
export const asIndex = (value: number): LogIndex => value as LogIndex
export const asMemberId = (value: number): MemberId => value as MemberId

export const ZERO_TERM: Term = asTerm(0)
export const ZERO_INDEX: LogIndex = asIndex(0)

/**
 * What an entry is for. Values are part of the log format.
 * - `noop`: the blank entry of a new leader's term (paper, section 8); never reaches the state machine's commands.
 * - `command`: bytes for the state machine.
 * - `configuration`: an encoded {@link Configuration}; active when appended (thesis, section 4.1).
 * - `stripped`: stands for a command in the log of a witness; no payload.
 */
export const EntryType = { noop: 0, command: 1, configuration: 2, stripped: 3 } as const
export type EntryType = (typeof EntryType)[keyof typeof EntryType]

export interface Entry {
  readonly term: Term
  readonly index: LogIndex
  readonly type: EntryType
  /**
   * Cluster time in ms: stamped by the leader, never decreasing along the log. It advances with the leader's monotonic clock
   * only, so no wall clock can move it. The only clock that a state machine may look at.
   */
  readonly timeMs: number
  readonly payload: Uint8Array
}

/** What must survive a crash beside the log (paper, figure 2). Never goes back. */
export interface HardState {
  readonly term: Term
  readonly votedFor: MemberId | null
}

/** One member as recorded in the log. Addresses are opaque to consensus. */
export interface Member {
  readonly id: MemberId
  /** Where peers reach this member, for example `127.0.0.1:2380`. */
  readonly address: string
  /** Where clients reach this member; empty when it serves none. */
  readonly clientAddress: string
  /** A name for people; empty when it has none. */
  readonly name: string
}

/**
 * Who takes part. `votersOutgoing` is empty except in a joint configuration (paper, section 6), where a decision needs a
 * majority of `voters` and a majority of `votersOutgoing`. Learners receive the log and decide nothing.
 */
export interface Configuration {
  readonly members: readonly Member[]
  readonly voters: readonly MemberId[]
  readonly votersOutgoing: readonly MemberId[]
  readonly learners: readonly MemberId[]
  /** Learners that become voters by themselves once they keep up (thesis, section 4.2.1); `replaces` leaves in the same joint step. */
  readonly joining: readonly { readonly id: MemberId; readonly replaces: MemberId | null }[]
  /** Voters, or learners on the way to it, that vote and hold the log without commands: no data. They never lead. */
  readonly witnesses: readonly MemberId[]
  /** Ids that were members once: never admitted again. Ascending. */
  readonly removed: readonly MemberId[]
}

/** The configuration that a cluster starts with: all these members vote. None at all for a member that waits to be added to a cluster. */
export function foundingConfiguration(members: readonly Member[]): Configuration {
  return { members, voters: members.map(({ id }) => id), votersOutgoing: [], learners: [], joining: [], witnesses: [], removed: [] }
}

/** Identity and shape of a snapshot. `index` and `term` are the paper's lastIncludedIndex and lastIncludedTerm. */
export interface SnapshotMeta {
  readonly index: LogIndex
  readonly term: Term
  /** Cluster time of the last included entry. */
  readonly timeMs: number
  /** The configuration in force at `index`; always a committed one. */
  readonly configuration: Configuration
  /** Bytes of the whole snapshot file as transferred; 0 for a witness' snapshot, which holds no state. */
  readonly sizeBytes: number
  /**
   * CRC-32 over the whole snapshot file. Two snapshots are the same bytes only if index, term, size and checksum agree.
   * Of a state that travels as it is (`form`), for which nobody reads all bytes beforehand: a number that was drawn for this transfer.
   */
  readonly checksum: number
  /** `state`: what travels is no snapshot file, but the sender's durable state as it is (DurableState.share). */
  readonly form?: 'state'
}

/** Which cluster and member a data directory or a connection belongs to. */
export interface Identity {
  /** A safe integer > 0 that all members of one cluster share. */
  readonly clusterId: number
  readonly memberId: MemberId
}
