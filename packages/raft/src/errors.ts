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
  NOT_LEADER: 'refused',
  NO_LEADER: 'refused',
  OVERLOADED: 'refused',
  TOO_LARGE: 'refused',
  INVALID: 'refused',
  STOPPED: 'refused',
  ABORTED: 'refused',
  DEADLINE: 'refused',
  SUPERSEDED: 'refused',
  TRANSFER_IN_PROGRESS: 'refused',
  TRANSFER_FAILED: 'refused',
  SESSION_EXPIRED: 'refused',
  SESSION_LIMIT: 'refused',
  STALE_REQUEST: 'refused',
  COMPARE_FAILED: 'refused',
  COMPACTED: 'refused',
  UNAVAILABLE: 'refused',
  CLUSTER_MISMATCH: 'refused',
  VERSION_MISMATCH: 'refused',
  MALFORMED: 'refused',
  // unknown
  LEADERSHIP_LOST: 'unknown',
  OUTCOME_UNKNOWN: 'unknown',
  // fatal
  CORRUPT: 'fatal',
  SYNC_FAILED: 'fatal',
  DISK_FULL: 'fatal',
  IO_ERROR: 'fatal',
  INVARIANT: 'fatal',
  STATE_MACHINE_FAILED: 'fatal',
  DATA_DIRECTORY: 'fatal',
  LOCKED: 'fatal',
  IDENTITY_MISMATCH: 'fatal',
  MISSING_SEGMENT: 'fatal',
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
