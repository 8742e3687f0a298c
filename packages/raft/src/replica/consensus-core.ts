import type { Effects, Input, RecoveredState, Role } from '../core/effects.js'
import type { Health } from '../core/messages.js'
import type { CoreOptions } from '../core/options.js'
import type { PeerRole } from '../core/progress.js'
import type { Configuration, Entry, LogIndex, MemberId, SnapshotMeta, Term } from '../types.js'

/** How far the leader has brought one peer. */
export interface PeerProgress {
  readonly id: MemberId
  readonly role: PeerRole
  readonly state: 'probe' | 'replicate' | 'snapshot'
  readonly matchIndex: LogIndex
  readonly nextIndex: LogIndex
  readonly lastContactMs: number
  /** What it said last of its own disk and event loop. */
  readonly health: Health
  /** For a learner that joins: rounds of catching up that it has ended (thesis, section 4.2.1); null for everybody else. */
  readonly rounds: number | null
}

/** What the driver needs of consensus: the surface of `RaftCore`. Tests drive the replica with a scripted one. */
export interface ConsensusCore {
  step(input: Input, nowMs: number): void
  takeEffects(): Effects
  deadlineMs(): number
  readonly id: MemberId
  readonly role: Role
  readonly term: Term
  readonly leaderId: MemberId | null
  readonly commitIndex: LogIndex
  readonly lastIndex: LogIndex
  readonly firstIndex: LogIndex
  readonly snapshotMeta: SnapshotMeta | null
  readonly configuration: Configuration
  /** Does this member hold the log without its commands? Then there is nothing to apply and nothing to query. */
  readonly isWitness: boolean
  /** The configuration in force right after the entry at `index`. */
  configurationAt(index: LogIndex): Configuration
  entries(from: LogIndex, to: LogIndex, maxBytes: number): readonly Entry[] | null
  peers(): readonly PeerProgress[]
  /** What was measured of the own disk and event loop, for the leader. */
  reportHealth(health: Health): void
  /** The latest moment of which it is known that a state with everything up to `applied` holds all that was committed then; or -Infinity. */
  freshAsOfMs(applied: LogIndex, nowMs: number): number
}

export type CoreFactory = (options: CoreOptions, recovered: RecoveredState, nowMs: number) => ConsensusCore
