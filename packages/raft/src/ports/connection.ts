/** A byte stream to a server, as the client sees it (TCP, TLS or a simulated one). */
export interface Connection {
  /** Queues bytes; writes of one turn leave together. */
  write(bytes: Uint8Array): void
  /** Bytes queued and not yet handed to the network. */
  readonly bufferedBytes: number
  close(): void
}

export interface ConnectionHandlers {
  onOpen(): void
  onData(bytes: Uint8Array): void
  /** Called exactly once, also when the connection never opened. */
  onClose(reason: string): void
}

export interface Dialer {
  /** Never throws for an endpoint that cannot be reached: that arrives as `onClose`. */
  dial(endpoint: string, handlers: ConnectionHandlers): Connection
}
