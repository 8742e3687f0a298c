import type { FlatFields } from '../http2/hpack/decoder.js'

/** The stream below a call: ours, or one of node:http2. */
export interface CallWire {
  readonly remoteAddress: string
  readonly queuedBytes: number
  /** `constant`: the list lives as long as the program. `end`: nothing follows. */
  respond(fields: FlatFields, constant: boolean, end: boolean): void
  send(prefix: Uint8Array, message: Uint8Array): boolean
  end(trailers: FlatFields, constant: boolean): void
  reset(code: number): void
  consumed(bytes: number): void
}
