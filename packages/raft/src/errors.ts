/**
 * Every error that leaves Balsa. Three families, so that a caller can decide without knowing the code:
 * - `refused`: definitely not applied; repeating it is safe.
 * - `unknown`: may or may not have been applied.
 * - `fatal`: this node has stopped, or cannot start.
 * Codes are a contract, texts are not.
 */
export type ErrorFamily = 'refused' | 'unknown' | 'fatal'

export const ERROR_FAMILIES = {
  // refused
  /** This member does not lead. `leaderAddress` names the member that does, when it is known; the client goes there by itself. */
  NOT_LEADER: 'refused',
  /** No leader is known at present: an election is under way, or no majority can be reached. Try again. */
  NO_LEADER: 'refused',
  /** A limit on waiting or uncommitted work is reached. Nothing was taken in; try again after a pause. */
  OVERLOADED: 'refused',
  /** A key, value, command or message is larger than its limit. */
  TOO_LARGE: 'refused',
  /** The request contradicts the rules of the call. The same request will always be refused. */
  INVALID: 'refused',
  /** The member is stopping or has stopped, and the request had not been proposed. */
  STOPPED: 'refused',
  /** The caller gave up through its AbortSignal before anything was proposed. */
  ABORTED: 'refused',
  /** The time limit of the call passed before anything was proposed. */
  DEADLINE: 'refused',
  /** Another entry was committed at the index of this proposal, so it can never take effect. */
  SUPERSEDED: 'refused',
  /** Leadership is being handed over: no proposals are taken until that is settled. Try again. */
  TRANSFER_IN_PROGRESS: 'refused',
  /** The chosen member did not take over in time. The old leader goes on leading. */
  TRANSFER_FAILED: 'refused',
  /** The session is unknown or has been idle for longer than its time to live. It is never made anew under the same id: open another, and decide about the unanswered requests of the old one. */
  SESSION_EXPIRED: 'refused',
  /** The session holds as many unanswered results as it may. Acknowledge some by using a higher first unanswered sequence. */
  SESSION_LIMIT: 'refused',
  /** The sequence number lies below the first unanswered one: its result was given up by the client itself. */
  STALE_REQUEST: 'refused',
  /** The condition of a conditional write does not hold. */
  COMPARE_FAILED: 'refused',
  /** The write demanded a lock or leadership that its writer does not hold any more. Stop what it protects. */
  FENCED: 'refused',
  /** The revision or log position asked for has been compacted away. */
  COMPACTED: 'refused',
  /** The store has not reached the revision asked for. */
  FUTURE_REVISION: 'refused',
  /** A transaction writes the same key twice on one path. */
  DUPLICATE_KEY: 'refused',
  /** A transaction has more compares, or operations in one branch, than the limit. */
  TOO_MANY_OPERATIONS: 'refused',
  /** A put that keeps the present value or lease found no key. */
  KEY_NOT_FOUND: 'refused',
  /** The quota of the store is used up. What adds nothing goes on; delete keys and compact, and writes are taken again. */
  NO_SPACE: 'refused',
  /** An operator has raised the alarm CORRUPT: nothing is written until one clears it. */
  CORRUPT_ALARM: 'refused',
  /** The lease is unknown: never granted, revoked, or expired. */
  LEASE_NOT_FOUND: 'refused',
  /** A lease with this id exists already. */
  LEASE_EXISTS: 'refused',
  /** A lease that was held here could not be kept alive in time, or was released or revoked. Stop what it protects: somebody else may hold it soon. */
  LEASE_LOST: 'refused',
  /** The member cannot be reached, or cannot serve yet. */
  UNAVAILABLE: 'refused',
  /** The other side belongs to another cluster, or is another member than expected. */
  CLUSTER_MISMATCH: 'refused',
  /** The two sides share no protocol version. */
  VERSION_MISMATCH: 'refused',
  /** Another change of membership is not finished yet. One at a time; wait for it. */
  MEMBERSHIP_PENDING: 'refused',
  /** A member with this id, name or address is in the cluster already. */
  MEMBER_EXISTS: 'refused',
  /** The cluster has no such member. */
  MEMBER_UNKNOWN: 'refused',
  /** This member was removed from the cluster. Its id is never used again: it can come back only as a new member. */
  MEMBER_REMOVED: 'refused',
  /** The change would leave the cluster without a majority of members that are alive and up to date. Repair or replace members first, or force it. */
  QUORUM_AT_RISK: 'refused',
  /** No cluster can be made of this data directory, or none has to be: it is of a witness or learner, or a majority of the members is there. */
  NOT_RECOVERABLE: 'refused',
  /** The state of this member is older than the read allows. Ask another member, or read linearizably. */
  TOO_STALE: 'refused',
  /** A lease read was asked for, but the members do not have lease reads switched on. Read linearizably. */
  LEASES_OFF: 'refused',
  /** The other side has nothing of the kind, such as an etcd server that is asked for a bound on the age of a stale read. */
  UNSUPPORTED: 'refused',
  /** Bytes from outside do not follow the protocol; the message names the field. The connection is closed. */
  MALFORMED: 'refused',
  // unknown
  /** Leadership or its term ended after the proposal. A new leader may still commit it, or overwrite it. */
  LEADERSHIP_LOST: 'unknown',
  /** The answer did not come: time limit, broken connection, or stop after the proposal. Repeat it in the same session to learn the result. */
  OUTCOME_UNKNOWN: 'unknown',
  // fatal
  /** Stored bytes do not match their checksum or contradict each other; the message names file and offset. Nothing is cut or repaired silently. */
  CORRUPT: 'fatal',
  /** The operating system could not make written bytes durable. What is on disk is not known any more, so the member stops for good. */
  SYNC_FAILED: 'fatal',
  /** No space is left on the device of the data directory. */
  DISK_FULL: 'fatal',
  /** A file operation failed for another reason; see `cause`. */
  IO_ERROR: 'fatal',
  /** The state of this node contradicts the protocol. A bug, or damaged memory: keep the data directory and report it. */
  INVARIANT: 'fatal',
  /** The state machine threw while applying or restoring. Going on would let the replicas differ. */
  STATE_MACHINE_FAILED: 'fatal',
  /** The data directory cannot be used: missing rights, wrong owner, or open to others. */
  DATA_DIRECTORY: 'fatal',
  /** Another process uses the data directory. */
  LOCKED: 'fatal',
  /** The data directory belongs to another cluster or member. */
  IDENTITY_MISMATCH: 'fatal',
  /** The cluster has removed this member by a committed change. Its data directory is of no further use. */
  REMOVED: 'fatal',
  /** The data directory is new or another one, but the other members have seen this member with one: its promises are lost. It must be replaced by a new member. */
  DISK_REPLACED: 'fatal',
  /** A file in the middle of the log is gone. */
  MISSING_SEGMENT: 'fatal',
  /** The configuration contradicts itself or lacks something. */
  CONFIG: 'fatal',
} as const satisfies Record<string, ErrorFamily>

export type ErrorCode = keyof typeof ERROR_FAMILIES

export interface ErrorDetails {
  /** What to do next, in one sentence. */
  readonly hint?: string
  /** The error that led here. */
  readonly cause?: unknown
  /** Client address of the member that should be asked instead, when it is known. */
  readonly leaderAddress?: string
  /** Id of that member. */
  readonly leaderId?: number
}

export class BalsaError extends Error {
  readonly code: ErrorCode
  readonly family: ErrorFamily
  readonly hint: string | undefined
  readonly leaderAddress: string | undefined
  readonly leaderId: number | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'BalsaError'
    this.code = code
    this.family = ERROR_FAMILIES[code]
    this.hint = details.hint
    this.leaderAddress = details.leaderAddress
    this.leaderId = details.leaderId
  }

  /** `not-applied` only when the operation can never take effect any more. */
  get outcome(): 'not-applied' | 'unknown' {
    return this.family === 'refused' ? 'not-applied' : 'unknown'
  }
}

export const isErrorCode = (value: string): value is ErrorCode => Object.hasOwn(ERROR_FAMILIES, value)

/**
 * Stops the node when its own state contradicts the protocol. Always on: a node that goes on with a broken invariant
 * destroys data. Throws code INVARIANT (fatal) with a dump of `state`.
 */
export function invariant(condition: boolean, message: string, state?: Readonly<Record<string, unknown>>): asserts condition {
  if (condition) return
  const dump = state === undefined ? '' : ` ${JSON.stringify(state)}`
  throw new BalsaError('INVARIANT', `invariant broken: ${message}${dump}`, {
    hint: 'This is a bug in Balsa or memory corruption. Keep the data directory and report it with this message.',
  })
}

/** Makes a switch over a union exhaustive at compile time. */
export function unreachable(value: never): never {
  throw new BalsaError('INVARIANT', `unreachable value ${JSON.stringify(value)}`)
}
