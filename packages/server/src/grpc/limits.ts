import { DEFAULT_HTTP2_LIMITS, type Http2Limits } from '../http2/limits.js'

/** What callers may take. Times in ms, sizes in bytes. */
export interface GrpcLimits extends Http2Limits {
  /** Of one request message; a larger one ends its call with RESOURCE_EXHAUSTED. */
  readonly maxMessageBytes: number
  /** Request messages of streams that their handler has not taken: above it the client gets no more window. */
  readonly maxUnreadBytes: number
  /** Responses of one stream that wait for the client: a handler that sends more ends its call with RESOURCE_EXHAUSTED. */
  readonly maxQueuedBytes: number
  /** Partial request messages of all connections together; a call that needs more ends with RESOURCE_EXHAUSTED. */
  readonly maxPartialBytes: number
  /** Calls of all connections that have begun and whose handler has not settled; more end with RESOURCE_EXHAUSTED. */
  readonly maxOpenCalls: number
  /** A request of one message must be whole after this time. */
  readonly requestTimeoutMs: number
  /** Responses that wait for a client above which its requests are no longer read. */
  readonly pauseAboveBytes: number
  /** A client that takes nothing for so long, although responses wait, is cut. */
  readonly slowReaderTimeoutMs: number
  /** How long a client may take to take over what was said at the end of its connection. */
  readonly lingerMs: number
  /** How often connections are looked through for those over their time. */
  readonly sweepIntervalMs: number
}

const MIB = 1024 * 1024

export const DEFAULT_GRPC_LIMITS: GrpcLimits = {
  ...DEFAULT_HTTP2_LIMITS,
  maxMessageBytes: 2 * MIB,
  maxUnreadBytes: MIB,
  maxQueuedBytes: 16 * MIB,
  maxPartialBytes: 128 * MIB,
  maxOpenCalls: 50_000,
  requestTimeoutMs: 60_000,
  pauseAboveBytes: MIB,
  slowReaderTimeoutMs: 30_000,
  lingerMs: 1000,
  sweepIntervalMs: 500,
}
