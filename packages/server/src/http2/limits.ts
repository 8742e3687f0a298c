/** What one HTTP/2 connection may take. Times in ms, sizes in bytes. */
export interface Http2Limits {
  /** SETTINGS_MAX_CONCURRENT_STREAMS. More are answered with REFUSED_STREAM. */
  readonly maxConcurrentStreams: number
  /** SETTINGS_MAX_HEADER_LIST_SIZE: sum of name, value and 32 of every field of a request. More is answered with status 431. */
  readonly maxHeaderListBytes: number
  /** Compressed header block over all its frames; more ends the connection. */
  readonly maxHeaderBlockBytes: number
  /** Frames of one header block; more end the connection. */
  readonly maxHeaderFrames: number
  /** SETTINGS_HEADER_TABLE_SIZE. */
  readonly headerTableBytes: number
  /** What a client may send on one stream, and on all together, before we have taken it. */
  readonly streamWindowBytes: number
  readonly connectionWindowBytes: number
  /** Frames waiting to be written above which streams are no longer served from their queues. */
  readonly maxOutputBytes: number
  /** Frames waiting to be written above which a connection that goes on causing more is cut: its client does not read. */
  readonly maxStuckBytes: number
  /** Streams that end by RST_STREAM of either side: so many at once, and so many each second after that. */
  readonly resetBurst: number
  readonly resetsPerSecond: number
  /** Frames that move no request: so many at once, and each second after that; answers sent give some back. */
  readonly controlBurst: number
  readonly controlsPerSecond: number
  /** From the start to the client's preface and SETTINGS. */
  readonly handshakeTimeoutMs: number
  /** Until our SETTINGS are acknowledged. */
  readonly settingsTimeoutMs: number
  /** A frame or header block that has begun must be whole after this time. */
  readonly frameTimeoutMs: number
  /** A response whose client gives no window for so long is reset. */
  readonly stallTimeoutMs: number
  /** Without a byte from the client for so long it is pinged; 0 never. */
  readonly keepAliveMs: number
  /** Time for the answer to that ping. */
  readonly keepAliveTimeoutMs: number
  /** Without a stream for so long the connection is closed; 0 never. */
  readonly idleTimeoutMs: number
  /** Between the announcement of the end (GOAWAY) and the first refused stream, at most. */
  readonly drainNoticeMs: number
}

const KIB = 1024

export const DEFAULT_HTTP2_LIMITS: Http2Limits = {
  maxConcurrentStreams: 256,
  maxHeaderListBytes: 16 * KIB,
  maxHeaderBlockBytes: 64 * KIB,
  maxHeaderFrames: 16,
  headerTableBytes: 4096,
  streamWindowBytes: 256 * KIB,
  connectionWindowBytes: 1024 * KIB,
  maxOutputBytes: 256 * KIB,
  maxStuckBytes: 1024 * KIB,
  resetBurst: 1000,
  resetsPerSecond: 100,
  controlBurst: 4000,
  controlsPerSecond: 500,
  handshakeTimeoutMs: 5000,
  settingsTimeoutMs: 10_000,
  frameTimeoutMs: 20_000,
  stallTimeoutMs: 300_000,
  keepAliveMs: 7_200_000,
  keepAliveTimeoutMs: 20_000,
  idleTimeoutMs: 0,
  drainNoticeMs: 1000,
}
