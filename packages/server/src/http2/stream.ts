import type { HeaderBlock } from './header-block.js'
import type { FlatFields } from './hpack/decoder.js'

/** Who gets what arrives on a stream. Nothing is called any more after `onClosed`. */
export interface StreamConsumer {
  /**
   * Content at `bytes[start, end)`; nobody overwrites it, so views may be kept (they keep up to 64 KiB alive). `last`: the client has ended its side.
   * Whoever takes it says so with `consumed` of the stream, or the client runs out of window.
   */
  onData(bytes: Buffer, start: number, end: number, last: boolean): void
  /** The client has ended its side without content, perhaps with trailers. */
  onEnd(trailers: HeaderBlock | null): void
  /** All that was queued has left. */
  onWritable(): void
  /** Every sweep. */
  onTick(nowMs: number): void
  /** The stream was reset by either side, or the connection was lost, before both sides had ended. */
  onClosed(code: number): void
}

/** The connection of a stream, as the stream needs it. */
export interface StreamOwner {
  /** Address of the client, as the transport knows it. */
  readonly remoteAddress: string
  respond(stream: Http2Stream, fields: FlatFields, constant: boolean, end: boolean): void
  send(stream: Http2Stream, head: Uint8Array, body: Uint8Array): boolean
  endResponse(stream: Http2Stream, trailers: FlatFields, constant: boolean): void
  reset(stream: Http2Stream, code: number): void
  consumed(stream: Http2Stream, bytes: number): void
}

/** One request and its response (RFC 9113 5.1), while it is open or half-closed. */
export class Http2Stream {
  readonly #owner: StreamOwner
  readonly id: number
  consumer: StreamConsumer | null = null
  /** The client has sent END_STREAM: half-closed (remote). */
  remoteEnded = false
  /** We have sent END_STREAM: half-closed (local). */
  localEnded = false
  /** Left the table: nothing is sent or delivered any more. */
  closed = false
  headersSent = false
  sendWindow: number
  receiveWindow: number
  /** Taken from the client but not given back to its window yet. */
  unreturned = 0
  /** Content that the announced content-length still asks for; -1 when none was announced. */
  bodyLeft = -1
  /** Content that waits for windows, oldest first, from `offset` on in the first. */
  readonly queue: Uint8Array[] = []
  offset = 0
  queuedBytes = 0
  /** What follows the queue: trailers, an empty list for an end without; null when more content may come. */
  ending: FlatFields | null = null
  /** In the sender's line. */
  inLine = false
  /** When content last left, while some waits. */
  progressMs = 0

  constructor(owner: StreamOwner, id: number, sendWindow: number, receiveWindow: number) {
    this.#owner = owner
    this.id = id
    this.sendWindow = sendWindow
    this.receiveWindow = receiveWindow
  }

  get remoteAddress(): string {
    return this.#owner.remoteAddress
  }

  /** Response fields: once, before any content. `constant`: the list lives as long as the program. `end`: nothing follows. */
  respond(fields: FlatFields, constant: boolean, end: boolean): void {
    this.#owner.respond(this, fields, constant, end)
  }

  /** Content: `head` is copied, `body` is not and must not change. False: wait for `onWritable` before sending more. */
  send(head: Uint8Array, body: Uint8Array): boolean {
    return this.#owner.send(this, head, body)
  }

  /** Ends the response, with trailers unless the list is empty. */
  end(trailers: FlatFields, constant: boolean): void {
    this.#owner.endResponse(this, trailers, constant)
  }

  reset(code: number): void {
    this.#owner.reset(this, code)
  }

  /** So much content was taken: the client may send as much more. */
  consumed(bytes: number): void {
    this.#owner.consumed(this, bytes)
  }
}
