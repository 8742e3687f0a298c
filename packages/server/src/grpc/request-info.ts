import type { FlatFields } from '../http2/hpack/decoder.js'
import { RequestMetadata } from './metadata.js'
import type { Method, MethodTable } from './method.js'
import { encodeGrpcMessage, GrpcCode } from './status.js'
import { parseGrpcTimeout } from './timeout.js'

export const CONTENT_TYPE = 'application/grpc'

/** What the header fields of a request ask for. Immutable: one object may stand for many calls with the same fields. */
export interface RequestInfo {
  readonly path: string
  /** Null exactly when `refusal` is not. */
  readonly method: Method | null
  /** A whole response: the request is not to be served. */
  readonly refusal: FlatFields | null
  readonly timeoutMs: number | null
  readonly metadata: RequestMetadata
}

/** A response that is its own trailers. */
export const trailersOnly = (code: GrpcCode, message: string, more: FlatFields = []): FlatFields => [
  ':status',
  '200',
  'content-type',
  CONTENT_TYPE,
  'grpc-status',
  String(code),
  'grpc-message',
  encodeGrpcMessage(message),
  ...more,
]

/** A request that is no gRPC gets an answer of HTTP, with a status for those who look for one nevertheless. */
const httpError = (status: string, message: string, more: FlatFields = []): FlatFields => [
  ':status',
  status,
  'content-type',
  CONTENT_TYPE,
  'grpc-status',
  String(status === '405' ? GrpcCode.INTERNAL : GrpcCode.UNKNOWN),
  'grpc-message',
  encodeGrpcMessage(message),
  ...more,
]

/** `fields` are those of the request, pseudo fields included. */
export function readRequest(fields: FlatFields, verb: string, path: string, methods: MethodTable): RequestInfo {
  const metadata = new RequestMetadata(fields)
  const timeout = metadata.get('grpc-timeout')
  const timeoutMs = timeout === undefined ? null : parseGrpcTimeout(timeout)
  const refusal = refusalOf(metadata, verb, path, methods, timeout !== undefined && timeoutMs === null)
  return { path, method: refusal === null ? (methods.get(path) ?? null) : null, refusal, timeoutMs, metadata }
}

function refusalOf(metadata: RequestMetadata, verb: string, path: string, methods: MethodTable, badTimeout: boolean): FlatFields | null {
  if (verb !== 'POST') return httpError('405', `${verb}: only POST`, ['allow', 'POST'])
  const contentType = metadata.get('content-type') ?? ''
  if (!/^application\/grpc(?:$|[+;])/.test(contentType))
    return httpError('415', `content-type ${JSON.stringify(contentType)} is not ${CONTENT_TYPE}`)
  if (badTimeout) return trailersOnly(GrpcCode.INTERNAL, 'malformed grpc-timeout')
  if (!methods.has(path)) return trailersOnly(GrpcCode.UNIMPLEMENTED, `unknown method ${path}`)
  const encoding = metadata.get('grpc-encoding') ?? 'identity'
  if (encoding === 'identity') return null
  const message = `grpc: Decompressor is not installed for grpc-encoding ${JSON.stringify(encoding)}`
  return trailersOnly(GrpcCode.UNIMPLEMENTED, message, ['grpc-accept-encoding', 'identity'])
}
