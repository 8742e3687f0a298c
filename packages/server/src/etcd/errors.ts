/**
 * Errors as etcd's clients know them. They match on the text as well as on the code, so both are part of the interface; the texts are those of etcd 3.4 to 3.6.
 */
import { BalsaError, type ErrorCode } from '@balsa/raft'
import { GrpcCode, GrpcError } from '../grpc/status.js'

const { CANCELLED, DATA_LOSS, FAILED_PRECONDITION, INTERNAL, INVALID_ARGUMENT, NOT_FOUND, OUT_OF_RANGE } = GrpcCode
const { RESOURCE_EXHAUSTED, UNAVAILABLE, UNIMPLEMENTED, UNKNOWN } = GrpcCode

export const ETCD_ERRORS = {
  emptyKey: [INVALID_ARGUMENT, 'etcdserver: key is not provided'],
  keyNotFound: [INVALID_ARGUMENT, 'etcdserver: key not found'],
  valueProvided: [INVALID_ARGUMENT, 'etcdserver: value is provided'],
  leaseProvided: [INVALID_ARGUMENT, 'etcdserver: lease is provided'],
  tooManyOperations: [INVALID_ARGUMENT, 'etcdserver: too many operations in txn request'],
  duplicateKey: [INVALID_ARGUMENT, 'etcdserver: duplicate key given in txn request'],
  invalidSort: [INVALID_ARGUMENT, 'etcdserver: invalid sort option'],
  requestTooLarge: [INVALID_ARGUMENT, 'etcdserver: request is too large'],
  badMemberUrls: [INVALID_ARGUMENT, 'etcdserver: given member URLs are invalid'],
  compacted: [OUT_OF_RANGE, 'etcdserver: mvcc: required revision has been compacted'],
  futureRevision: [OUT_OF_RANGE, 'etcdserver: mvcc: required revision is a future revision'],
  leaseTtlTooLarge: [OUT_OF_RANGE, 'etcdserver: too large lease TTL'],
  noSpace: [RESOURCE_EXHAUSTED, 'etcdserver: mvcc: database space exceeded'],
  tooManyRequests: [RESOURCE_EXHAUSTED, 'etcdserver: too many requests'],
  /** Of ours: etcd sends whatever there is. */
  tooManyLeaseKeys: [RESOURCE_EXHAUSTED, 'etcdserver: the lease has too many keys for one answer'],
  tooManyLeases: [RESOURCE_EXHAUSTED, 'etcdserver: there are too many leases for one answer'],
  leaseNotFound: [NOT_FOUND, 'etcdserver: requested lease not found'],
  leaseExists: [FAILED_PRECONDITION, 'etcdserver: lease already exists'],
  memberNotFound: [NOT_FOUND, 'etcdserver: member not found'],
  memberExists: [FAILED_PRECONDITION, 'etcdserver: member ID already exist'],
  peerUrlExists: [FAILED_PRECONDITION, 'etcdserver: Peer URLs already exists'],
  notEnoughStarted: [FAILED_PRECONDITION, 'etcdserver: re-configuration failed due to not enough started members'],
  notALearner: [FAILED_PRECONDITION, 'etcdserver: can only promote a learner member'],
  learnerNotReady: [FAILED_PRECONDITION, 'etcdserver: can only promote a learner member which is in sync with leader'],
  clusterIdMismatch: [FAILED_PRECONDITION, 'etcdserver: cluster ID mismatch'],
  notLeader: [FAILED_PRECONDITION, 'etcdserver: not leader'],
  badTransferee: [FAILED_PRECONDITION, 'etcdserver: bad leader transferee'],
  authNotEnabled: [FAILED_PRECONDITION, 'etcdserver: authentication is not enabled'],
  noLeader: [UNAVAILABLE, 'etcdserver: no leader'],
  leaderChanged: [UNAVAILABLE, 'etcdserver: leader changed'],
  stopped: [UNAVAILABLE, 'etcdserver: server stopped'],
  timeout: [UNAVAILABLE, 'etcdserver: request timed out'],
  unhealthy: [UNAVAILABLE, 'etcdserver: unhealthy cluster'],
  corrupt: [DATA_LOSS, 'etcdserver: corrupt cluster'],
  transferTimeout: [UNKNOWN, 'request timed out, leader transfer took too long'],
  wrongDowngradeFormat: [INVALID_ARGUMENT, 'etcdserver: wrong downgrade target version format'],
  badDowngradeTarget: [INVALID_ARGUMENT, 'etcdserver: invalid downgrade target version'],
  noDowngrade: [FAILED_PRECONDITION, 'etcdserver: no inflight downgrade job'],
  canceled: [CANCELLED, 'etcdserver: request canceled'],
  electionNotLeader: [UNKNOWN, 'election: not leader'],
  electionNoLeader: [UNKNOWN, 'election: no leader'],
  electionNoLeaderField: [UNKNOWN, '"leader" field must be provided'],
} as const satisfies Record<string, readonly [GrpcCode, string]>

export type EtcdErrorName = keyof typeof ETCD_ERRORS

export function etcdError(name: EtcdErrorName): GrpcError {
  const [code, message] = ETCD_ERRORS[name]
  return new GrpcError(code, message)
}

/** What etcd would say where Balsa says this. */
const NAMES: Partial<Record<ErrorCode, EtcdErrorName>> = {
  NOT_LEADER: 'leaderChanged',
  NO_LEADER: 'noLeader',
  SUPERSEDED: 'leaderChanged',
  LEADERSHIP_LOST: 'leaderChanged',
  TRANSFER_IN_PROGRESS: 'leaderChanged',
  OVERLOADED: 'tooManyRequests',
  TOO_LARGE: 'requestTooLarge',
  STOPPED: 'stopped',
  UNAVAILABLE: 'timeout',
  ABORTED: 'canceled',
  DEADLINE: 'timeout',
  OUTCOME_UNKNOWN: 'timeout',
  TOO_STALE: 'timeout',
  TRANSFER_FAILED: 'transferTimeout',
  COMPACTED: 'compacted',
  FUTURE_REVISION: 'futureRevision',
  DUPLICATE_KEY: 'duplicateKey',
  TOO_MANY_OPERATIONS: 'tooManyOperations',
  KEY_NOT_FOUND: 'keyNotFound',
  LEASE_NOT_FOUND: 'leaseNotFound',
  LEASE_EXISTS: 'leaseExists',
  NO_SPACE: 'noSpace',
  CORRUPT_ALARM: 'corrupt',
  CLUSTER_MISMATCH: 'clusterIdMismatch',
  MEMBERSHIP_PENDING: 'unhealthy',
  MEMBER_EXISTS: 'memberExists',
  MEMBER_UNKNOWN: 'memberNotFound',
  MEMBER_REMOVED: 'memberNotFound',
  QUORUM_AT_RISK: 'notEnoughStarted',
}

/** Status of an error of the member. A member that has stopped for good says that it has stopped: clients then ask another one. */
export function statusOfError(error: unknown): GrpcError {
  if (error instanceof GrpcError) return error
  if (!(error instanceof BalsaError)) return new GrpcError(INTERNAL, 'etcdserver: internal error')
  return statusOfCode(error.code, error.message, error.family === 'fatal')
}

/** The same for a code alone, such as a refusal of the state machine. */
export function statusOfCode(code: ErrorCode, message: string, fatal = false): GrpcError {
  const name = NAMES[code]
  if (name !== undefined) return etcdError(name)
  if (code === 'CORRUPT') return etcdError('corrupt')
  return fatal ? etcdError('stopped') : new GrpcError(INVALID_ARGUMENT, `etcdserver: ${message}`)
}

/** There is no such thing here. `why` is for people. */
export const unimplemented = (why: string): GrpcError => new GrpcError(UNIMPLEMENTED, `etcdserver: ${why}`)
