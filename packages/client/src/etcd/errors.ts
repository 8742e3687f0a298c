/** What etcd says, as errors of ours. Its texts are part of its interface: its own clients match on them. */
import { refusalError } from '@balsa/kv'
import { BalsaError, type ErrorCode } from '@balsa/raft'
import { GrpcCode } from '@balsa/proto/grpc-code'
import { type GrpcStatus } from '../grpc/grpc-status.js'

/** Refusals of etcd that are made before anything has happened, or instead of it. */
const TEXTS: ReadonlyMap<string, ErrorCode> = new Map([
  ['etcdserver: key is not provided', 'INVALID'],
  ['etcdserver: key not found', 'KEY_NOT_FOUND'],
  ['etcdserver: too many operations in txn request', 'TOO_MANY_OPERATIONS'],
  ['etcdserver: duplicate key given in txn request', 'DUPLICATE_KEY'],
  ['etcdserver: request is too large', 'TOO_LARGE'],
  ['etcdserver: mvcc: required revision has been compacted', 'COMPACTED'],
  ['etcdserver: mvcc: required revision is a future revision', 'FUTURE_REVISION'],
  ['etcdserver: requested lease not found', 'LEASE_NOT_FOUND'],
  ['etcdserver: lease already exists', 'LEASE_EXISTS'],
  ['etcdserver: too many requests', 'OVERLOADED'],
  ['etcdserver: no leader', 'NO_LEADER'],
  ['etcdserver: rpc not supported for learner', 'UNAVAILABLE'],
  ['etcdserver: not capable', 'UNAVAILABLE'],
])

const NO_SPACE = 'etcdserver: mvcc: database space exceeded'

/** Codes of statuses that are given without anything having been done. */
const REFUSALS: ReadonlyMap<number, ErrorCode> = new Map([
  [GrpcCode.INVALID_ARGUMENT, 'INVALID'],
  [GrpcCode.NOT_FOUND, 'INVALID'],
  [GrpcCode.ALREADY_EXISTS, 'INVALID'],
  [GrpcCode.FAILED_PRECONDITION, 'INVALID'],
  [GrpcCode.OUT_OF_RANGE, 'INVALID'],
  [GrpcCode.PERMISSION_DENIED, 'INVALID'],
  [GrpcCode.UNAUTHENTICATED, 'INVALID'],
  [GrpcCode.UNIMPLEMENTED, 'UNSUPPORTED'],
])

/** After these another attempt, perhaps elsewhere, may do better. */
const RETRYABLE: ReadonlySet<ErrorCode> = new Set(['UNAVAILABLE', 'NO_LEADER', 'OVERLOADED'])

const UNKNOWN_HINT = 'etcd keeps no sessions, so this write is not repeated. Read the key to see whether it was applied.'

export const isRetryable = (error: BalsaError): boolean => RETRYABLE.has(error.code)

/**
 * `changes`: the request has an effect when it is done twice. Then everything that does not prove that nothing was done is OUTCOME_UNKNOWN; a read is
 * merely UNAVAILABLE.
 */
export function errorOfStatus(status: GrpcStatus, endpoint: string, changes: boolean): BalsaError {
  const { code, message, unprocessed } = status
  const text = `${endpoint}: ${message}`
  if (unprocessed) return new BalsaError('UNAVAILABLE', text)
  const named = TEXTS.get(message)
  if (named !== undefined) return refusalError(named, text)
  // A member that finds only while it applies a write that its space is used up says so, although it has applied it.
  if (message === NO_SPACE) return changes ? unknown(text, new BalsaError('NO_SPACE', text)) : new BalsaError('NO_SPACE', text)
  const refusal = REFUSALS.get(code)
  if (refusal !== undefined) return new BalsaError(refusal, text)
  if (code === GrpcCode.RESOURCE_EXHAUSTED && message.startsWith('grpc: received message larger than max'))
    return new BalsaError('TOO_LARGE', text)
  if (changes) return unknown(text)
  return new BalsaError(code === GrpcCode.RESOURCE_EXHAUSTED ? 'TOO_LARGE' : 'UNAVAILABLE', text)
}

/** An answer that cannot be read: whatever was asked for was probably done. */
export function errorOfAnswer(cause: unknown, endpoint: string, changes: boolean): BalsaError {
  const text = `${endpoint} sent an answer that cannot be read`
  return changes ? unknown(text, cause) : new BalsaError('MALFORMED', text, { cause })
}

const unknown = (text: string, cause?: unknown): BalsaError =>
  new BalsaError('OUTCOME_UNKNOWN', text, { hint: UNKNOWN_HINT, ...(cause === undefined ? {} : { cause }) })
