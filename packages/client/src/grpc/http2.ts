/**
 * HTTP/2 as a gRPC client needs it: a port, because this package has no sockets. Node's is in the package `balsa`.
 */

/** Names in lower case; values of a repeated field are joined by ", ". */
export type HeaderFields = Readonly<Record<string, string>>

export interface Http2Dialer {
  /** `endpoint`: `host:port`, `http://host:port` or `https://host:port`. Never throws for one that cannot be reached: that arrives as `onClose`. */
  dial(endpoint: string, handlers: Http2SessionHandlers): Http2Session
}

export interface Http2SessionHandlers {
  /** Streams may be opened. */
  onOpen(): void
  /** The server takes no new streams here; those that are open go on. */
  onGoAway(): void
  /** Called exactly once, after all streams were told; also when the session never opened. */
  onClose(reason: string): void
}

export interface Http2Session {
  /** Not before `onOpen`. Handlers are never called before this returns. */
  open(fields: HeaderFields, handlers: Http2StreamHandlers): Http2Stream
  /** Asks for a sign of life. `onAnswer` is not called when the session ends first. */
  ping(onAnswer: () => void): void
  /** At once: open streams end. May be called again. */
  close(): void
}

export interface Http2StreamHandlers {
  /** The response begins. */
  onHeaders(fields: HeaderFields): void
  onData(bytes: Uint8Array): void
  /** The last fields. A response that consists of nothing else has them in `onHeaders` alone. */
  onTrailers(fields: HeaderFields): void
  /** Called exactly once, last. `unprocessed`: the server has certainly done nothing with the request. */
  onClose(reason: string, unprocessed: boolean): void
}

export interface Http2Stream {
  /** Queues bytes of the request; `last` ends it. */
  write(bytes: Uint8Array, last: boolean): void
  /** Stops reading: the server may send no more than its window. */
  pause(): void
  resume(): void
  /** Nobody listens any more: no handler is called afterwards. */
  cancel(): void
}
