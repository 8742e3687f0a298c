import { BalsaError } from '../errors.js'
import type { Random } from '../ports/clock.js'
import type { MemberId } from '../types.js'

/** Settings of one member's core. Times in ms of the driver's monotonic clock. */
export interface CoreOptions {
  readonly id: MemberId
  readonly random: Random
  /** How often an idle leader is heard. */
  readonly heartbeatIntervalMs?: number
  /** Silence after which a follower campaigns; drawn anew between this and twice this (paper, section 5.2). */
  readonly electionTimeoutMs?: number
  /** Ask whether an election could be won before raising the term (thesis, section 9.6). */
  readonly preVote?: boolean
  /** A leader that has not heard a majority for one election time-out steps down (thesis, section 6.2). */
  readonly checkQuorum?: boolean
  /**
   * The leader answers linearizable reads without asking anybody while a majority has confirmed it recently enough (thesis, section 6.4.1). Safe only
   * when no member's monotonic clock advances by more than the factor 1 + `maxClockDrift` of another's, also across a suspended machine, and all
   * members have this option and the same time-outs. Needs check-quorum. Default: off (null).
   */
  readonly leaseReads?: { readonly maxClockDrift: number } | null
  /** A new leader appends a blank entry of its term at once (paper, section 8). Off only for the course suites, which count indexes. */
  readonly noop?: boolean
  /** Payload bytes in one AppendEntries; a larger single entry travels alone. */
  readonly maxMessageBytes?: number
  readonly maxEntriesPerMessage?: number
  /** Appends under way to one peer before its first answer. */
  readonly maxInflightMessages?: number
  readonly maxInflightBytes?: number
  /** Payload bytes a leader accepts beyond what is committed; then proposals are refused as OVERLOADED. */
  readonly maxUncommittedBytes?: number
  /** Reads waiting for confirmation; then reads are refused as OVERLOADED. */
  readonly maxPendingReads?: number
  /** Payload bytes of applied entries kept in memory at most, for followers that are up and a little behind. What all of those have leaves memory sooner. */
  readonly logCacheBytes?: number
  readonly snapshotChunkBytes?: number
  /** Bytes of a snapshot that may be under way to one peer before it has answered; at least one chunk always may. */
  readonly snapshotWindowBytes?: number
  /** How long a new commit index may wait for an append to ride on before idle followers are told. 0: at once. */
  readonly commitNotifyMs?: number
  /**
   * Silence after which a request without an answer is repeated (paper, section 5.1), twice, each time after double the wait; then
   * heart-beats take over. For networks that lose single messages. 0: never, as a connection repeats what is lost by itself.
   */
  readonly retryMs?: number
  /** Least time between two appends to a peer that keeps up; what is proposed meanwhile travels together. 0: at once. */
  readonly appendIntervalMs?: number
}

export type ResolvedCoreOptions = Required<CoreOptions>

/** A dead leader is replaced in well under half a second, and five heart-beats must be lost before anybody thinks that it is dead. */
export const DEFAULT_HEARTBEAT_INTERVAL_MS = 50
export const DEFAULT_ELECTION_TIMEOUT_MS = 250

const MIB = 1024 * 1024

/** Fills in defaults and refuses settings that cannot work: CONFIG (fatal). */
export function resolveCoreOptions(options: CoreOptions): ResolvedCoreOptions {
  const resolved: ResolvedCoreOptions = {
    heartbeatIntervalMs: DEFAULT_HEARTBEAT_INTERVAL_MS,
    electionTimeoutMs: DEFAULT_ELECTION_TIMEOUT_MS,
    preVote: true,
    checkQuorum: true,
    leaseReads: null,
    noop: true,
    maxMessageBytes: MIB,
    maxEntriesPerMessage: 8192,
    maxInflightMessages: 64,
    maxInflightBytes: 16 * MIB,
    maxUncommittedBytes: 64 * MIB,
    maxPendingReads: 100_000,
    logCacheBytes: 32 * MIB,
    snapshotChunkBytes: 256 * 1024,
    snapshotWindowBytes: 4 * MIB,
    commitNotifyMs: 5,
    retryMs: 0,
    appendIntervalMs: 0,
    ...options,
  }
  const positive = [
    'heartbeatIntervalMs',
    'electionTimeoutMs',
    'maxMessageBytes',
    'maxEntriesPerMessage',
    'maxInflightMessages',
    'maxInflightBytes',
    'maxUncommittedBytes',
    'maxPendingReads',
    'snapshotChunkBytes',
    'snapshotWindowBytes',
  ] as const
  for (const name of positive) require(resolved[name] > 0, `${name} must be greater than 0, not ${resolved[name]}`)
  for (const name of ['logCacheBytes', 'commitNotifyMs', 'retryMs', 'appendIntervalMs'] as const) {
    require(resolved[name] >= 0, `${name} must not be negative, not ${resolved[name]}`)
  }
  require(Number.isSafeInteger(resolved.id) && resolved.id > 0, `id must be a positive safe integer, not ${resolved.id}`)
  require(resolved.electionTimeoutMs >=
    2 *
      resolved.heartbeatIntervalMs, `electionTimeoutMs (${resolved.electionTimeoutMs}) must be at least twice heartbeatIntervalMs (${resolved.heartbeatIntervalMs})`)
  requireLeases(resolved)
  return resolved
}

function requireLeases({ leaseReads, checkQuorum }: ResolvedCoreOptions): void {
  if (leaseReads === null) return
  const { maxClockDrift } = leaseReads
  require(maxClockDrift >= 0 && maxClockDrift < Infinity, `maxClockDrift must be at least 0, not ${maxClockDrift}`)
  require(checkQuorum, 'leaseReads needs checkQuorum: without it members vote against a leader that is alive')
}

function require(condition: boolean, message: string): void {
  if (!condition) throw new BalsaError('CONFIG', message)
}
