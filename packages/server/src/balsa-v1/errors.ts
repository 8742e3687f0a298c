/**
 * Errors of balsa.v1: a status of gRPC that fits, the text, and in the trailers what a program decides by: `balsa-code` and `balsa-family` (docs/errors.md), and
 * `balsa-hint`, percent-encoded like `grpc-message`.
 */
import { BalsaError, type ErrorCode } from '@balsa/raft'
import { encodeGrpcMessage, GrpcCode, GrpcError } from '../grpc/status.js'

/** Of refusals. Others are preconditions that do not hold. */
const STATUS: Partial<Record<ErrorCode, GrpcCode>> = {
  INVALID: GrpcCode.INVALID_ARGUMENT,
  TOO_LARGE: GrpcCode.INVALID_ARGUMENT,
  MALFORMED: GrpcCode.INVALID_ARGUMENT,
  DUPLICATE_KEY: GrpcCode.INVALID_ARGUMENT,
  TOO_MANY_OPERATIONS: GrpcCode.INVALID_ARGUMENT,
  KEY_NOT_FOUND: GrpcCode.NOT_FOUND,
  LEASE_NOT_FOUND: GrpcCode.NOT_FOUND,
  LEASE_EXISTS: GrpcCode.ALREADY_EXISTS,
  OVERLOADED: GrpcCode.RESOURCE_EXHAUSTED,
  NO_SPACE: GrpcCode.RESOURCE_EXHAUSTED,
  SESSION_LIMIT: GrpcCode.RESOURCE_EXHAUSTED,
  COMPACTED: GrpcCode.OUT_OF_RANGE,
  FUTURE_REVISION: GrpcCode.OUT_OF_RANGE,
  NOT_LEADER: GrpcCode.UNAVAILABLE,
  NO_LEADER: GrpcCode.UNAVAILABLE,
  STOPPED: GrpcCode.UNAVAILABLE,
  UNAVAILABLE: GrpcCode.UNAVAILABLE,
  SUPERSEDED: GrpcCode.UNAVAILABLE,
  TRANSFER_IN_PROGRESS: GrpcCode.UNAVAILABLE,
  DEADLINE: GrpcCode.DEADLINE_EXCEEDED,
  ABORTED: GrpcCode.CANCELLED,
}

function grpcCodeOf({ code, family }: BalsaError): GrpcCode {
  if (family === 'refused') return STATUS[code] ?? GrpcCode.FAILED_PRECONDITION
  // Clients repeat UNAVAILABLE by themselves; what may have been done already is for the caller to repeat, with the same stamp.
  if (family === 'unknown') return GrpcCode.UNKNOWN
  return code === 'CORRUPT' ? GrpcCode.DATA_LOSS : GrpcCode.UNAVAILABLE
}

/** What checks shared with etcd's API throw, as an error of Balsa; null for ends that the client brought about itself. */
function ofCheck({ code, message }: GrpcError): BalsaError | null {
  const text = message.replace(/^etcdserver: /, '')
  if (code === GrpcCode.INVALID_ARGUMENT) return new BalsaError('INVALID', text)
  return code === GrpcCode.UNAVAILABLE ? new BalsaError('UNAVAILABLE', text, { hint: 'Ask another member.' }) : null
}

export function balsaStatus(error: unknown): GrpcError {
  if (error instanceof GrpcError) {
    const known = error.trailers.length > 0 ? null : ofCheck(error)
    return known === null ? error : balsaStatus(known)
  }
  if (!(error instanceof BalsaError)) return new GrpcError(GrpcCode.INTERNAL, 'internal error')
  const { code, family, message, hint } = error
  const trailers: (readonly [string, string])[] = [
    ['balsa-code', code],
    ['balsa-family', family],
  ]
  if (hint !== undefined) trailers.push(['balsa-hint', encodeGrpcMessage(hint)])
  return new GrpcError(grpcCodeOf(error), message, trailers)
}
