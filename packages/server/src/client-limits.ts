import { MAX_CLIENT_FRAME_BYTES } from '@balsa/kv'

/** What one client, and all of them together, may take. Times in ms, sizes in bytes. */
export interface ClientLimits {
  readonly maxConnections: number
  /** Below the other one, so that an operator of another machine gets in when one machine has too many. */
  readonly maxConnectionsPerAddress: number
  /** From the connection to a whole handshake, or to the first byte of HTTP. */
  readonly handshakeTimeoutMs: number
  readonly maxFrameBytes: number
  /** A frame that has begun must be whole after this time. */
  readonly frameTimeoutMs: number
  /** Partial frames of all connections together. */
  readonly maxPartialBytes: number
  readonly maxInFlightPerConnection: number
  readonly maxInFlight: number
  readonly maxWatchesPerConnection: number
  /** Answers that wait for a slow reader: above the first its requests are no longer read, above the second its reads are refused. */
  readonly pauseAboveBytes: number
  readonly maxQueuedBytes: number
  /** A reader that takes nothing for so long, although answers wait, is cut. */
  readonly slowReaderTimeoutMs: number
  /** A connection without requests is closed after this time; the client dials again when it needs one. */
  readonly idleTimeoutMs: number
  /** How often connections are looked through for those over their time. */
  readonly sweepIntervalMs: number
}

const MIB = 1024 * 1024

export const DEFAULT_CLIENT_LIMITS: ClientLimits = {
  maxConnections: 16_000,
  maxConnectionsPerAddress: 12_000,
  handshakeTimeoutMs: 5000,
  maxFrameBytes: MAX_CLIENT_FRAME_BYTES,
  frameTimeoutMs: 20_000,
  maxPartialBytes: 128 * MIB,
  maxInFlightPerConnection: 4096,
  maxInFlight: 50_000,
  maxWatchesPerConnection: 20_000,
  pauseAboveBytes: MIB,
  maxQueuedBytes: 16 * MIB,
  slowReaderTimeoutMs: 30_000,
  idleTimeoutMs: 600_000,
  sweepIntervalMs: 500,
}
