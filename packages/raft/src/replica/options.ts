import type { CoreOptions, ResolvedCoreOptions } from '../core/options.js'
import { resolveCoreOptions } from '../core/options.js'
import { BalsaError } from '../errors.js'
import type { Storage } from '../log/storage.js'
import type { Clock, Random } from '../ports/clock.js'
import type { StateMachine } from '../ports/state-machine.js'
import type { Transport } from '../ports/transport.js'
import type { Identity, MemberId } from '../types.js'
import type { ApplyLimits } from './apply-loop.js'
import type { CoreFactory } from './consensus-core.js'
import type { ProposalLimits } from './proposals.js'
import { DEFAULT_SLOWNESS, type SlownessPolicy } from './slowness.js'
import type { SnapshotPolicy } from './snapshot-taking.js'

export interface ReplicaLimits extends ProposalLimits, ApplyLimits {
  /** Reads that wait for confirmation or for the state machine. */
  readonly maxPendingReads: number
  /** To all peers together. Infinity: no limit. */
  readonly snapshotBytesPerSecond: number
}

export interface ReplicaOptions<Result, Query, Answer> {
  readonly id: MemberId
  /** Which cluster and member the storage belongs to; checked against `id`. */
  readonly identity?: Identity
  readonly clock: Clock
  readonly random: Random
  /** Owned by the replica from here on: it is started and closed by it. */
  readonly transport: Transport
  /** Open and recovered. Owned by the replica from here on, also when `open` fails. */
  readonly storage: Storage
  /** Its state is replaced at the start: by the newest snapshot, or by the empty state. */
  readonly stateMachine: StateMachine<Result, Query, Answer>
  /** Settings of consensus: time-outs, pre-vote, sizes. */
  readonly core?: Omit<CoreOptions, 'id' | 'random'>
  readonly snapshots?: Partial<SnapshotPolicy>
  readonly limits?: Partial<ReplicaLimits>
  /**
   * A leader whose own disk or event loop is slow for a while hands its leadership to a voter that is not. On by default, with thresholds far from
   * what healthy machines show; null: never.
   */
  readonly slowness?: Partial<SlownessPolicy> | null
  /**
   * How long commands may wait for those of the other callers that were answered together, in ms: fewer, larger rounds under load. Reads wait a third of it, as their
   * rounds need no disk. A lone caller never waits. Default 0: not at all.
   */
  readonly gatherMs?: number
  /** Another consensus in place of `RaftCore`: for tests of the replica, and for planted bugs. */
  readonly createCore?: CoreFactory
}

export interface ResolvedReplicaOptions {
  readonly core: ResolvedCoreOptions
  readonly snapshots: SnapshotPolicy
  readonly limits: ReplicaLimits
  readonly slowness: SlownessPolicy | null
  readonly gatherMs: number
}

const MIB = 1024 * 1024

/** Fills in defaults; refuses what cannot work: CONFIG, IDENTITY_MISMATCH (fatal). */
export function resolveReplicaOptions<Result, Query, Answer>(options: ReplicaOptions<Result, Query, Answer>): ResolvedReplicaOptions {
  const core = resolveCoreOptions({ ...options.core, id: options.id, random: options.random })
  const limits: ReplicaLimits = {
    maxCommandBytes: MIB,
    maxPendingProposals: 100_000,
    maxApplyEntries: 1024,
    maxApplyBytes: 4 * MIB,
    maxApplyMs: Infinity,
    maxPendingReads: 100_000,
    snapshotBytesPerSecond: 64 * MIB,
    ...options.limits,
  }
  const snapshots: SnapshotPolicy = { maxLogBytes: 64 * MIB, trailingEntries: 1024, ...options.snapshots }
  for (const [name, value] of Object.entries(limits)) require(value > 0, `${name} must be greater than 0, not ${value}`)
  require(snapshots.maxLogBytes === -1 ||
    snapshots.maxLogBytes >= 0, `maxLogBytes must be -1 (never) or at least 0, not ${snapshots.maxLogBytes}`)
  require(snapshots.trailingEntries >= 0, `trailingEntries must not be negative, not ${snapshots.trailingEntries}`)
  const { identity, gatherMs = 0 } = options
  require(gatherMs >= 0, `gatherMs must not be negative, not ${gatherMs}`)
  if (identity !== undefined && identity.memberId !== options.id) {
    throw new BalsaError('IDENTITY_MISMATCH', `the storage belongs to member ${identity.memberId}, this replica is member ${options.id}`, {
      hint: 'Point the member at its own data directory.',
    })
  }
  return { core, snapshots, limits, slowness: resolveSlowness(options.slowness), gatherMs }
}

function resolveSlowness(given: Partial<SlownessPolicy> | null | undefined): SlownessPolicy | null {
  if (given === null) return null
  const policy = { ...DEFAULT_SLOWNESS, ...given }
  for (const [name, value] of Object.entries(policy)) require(value > 0, `slowness.${name} must be greater than 0, not ${value}`)
  return policy
}

function require(condition: boolean, message: string): void {
  if (!condition) throw new BalsaError('CONFIG', message)
}
