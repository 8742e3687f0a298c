import { GrpcCode } from '@balsa/proto/grpc-code'
import type { HeaderFields } from './http2.js'

/** How a call ended. */
export interface GrpcStatus {
  readonly code: number
  readonly message: string
  /** The server has certainly done nothing with it. */
  readonly unprocessed: boolean
}

/** Of the last fields of a response; null when they hold none. */
export function statusOf(fields: HeaderFields): GrpcStatus | null {
  const text = fields['grpc-status']
  if (text === undefined) return null
  const code = /^\d{1,3}$/.test(text) ? Number(text) : GrpcCode.UNKNOWN
  return { code, message: decodeMessage(fields['grpc-message'] ?? ''), unprocessed: false }
}

/** What stands in for a status when something that is no gRPC server answers (gRPC, "HTTP to gRPC Status Code Mapping"). */
export function statusOfHttp(httpStatus: string): GrpcStatus {
  const message = `the server answered with HTTP status ${httpStatus}, not as gRPC`
  const retryable = ['429', '502', '503', '504'].includes(httpStatus)
  const code = retryable ? GrpcCode.UNAVAILABLE : httpStatus === '404' ? GrpcCode.UNIMPLEMENTED : GrpcCode.UNKNOWN
  return { code, message, unprocessed: false }
}

/** `grpc-message` is UTF-8, percent-encoded; what is not, is taken as it stands. */
function decodeMessage(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** `grpc-timeout`: at most eight digits and a unit. Rounded up, so that a server never gives up before the client. */
export function encodeTimeout(timeoutMs: number): string {
  const ms = Math.max(1, Math.ceil(timeoutMs))
  return ms < 1e8 ? `${ms}m` : `${Math.min(99_999_999, Math.ceil(ms / 1000))}S`
}
