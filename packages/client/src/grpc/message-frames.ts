import { BalsaError } from '@balsa/raft'

/** Flag and length in front of each message (gRPC over HTTP/2, "Length-Prefixed-Message"). */
const PREFIX_BYTES = 5

export function framed(message: Uint8Array): Uint8Array {
  const frame = new Uint8Array(PREFIX_BYTES + message.length)
  new DataView(frame.buffer).setUint32(1, message.length)
  frame.set(message, PREFIX_BYTES)
  return frame
}

/** Cuts the content of a response into messages, whatever pieces it comes in. */
export class MessageFrames {
  readonly #maxMessageBytes: number
  readonly #prefix = new Uint8Array(PREFIX_BYTES)
  #prefixBytes = 0
  #pieces: Uint8Array[] = []
  #pieceBytes = 0

  constructor(maxMessageBytes: number) {
    this.#maxMessageBytes = maxMessageBytes
  }

  /** A message has begun and is not whole. */
  get isPartial(): boolean {
    return this.#prefixBytes > 0
  }

  /** The messages that these bytes complete. Throws TOO_LARGE, and MALFORMED for compression that nobody asked for. */
  push(bytes: Uint8Array): Uint8Array[] {
    const messages: Uint8Array[] = []
    for (let at = 0; at < bytes.length; ) {
      if (this.#prefixBytes < PREFIX_BYTES) {
        this.#prefix[this.#prefixBytes++] = bytes[at++] ?? 0
        if (this.#prefixBytes < PREFIX_BYTES) continue
      }
      const length = this.#length()
      const taken = Math.min(bytes.length - at, length - this.#pieceBytes)
      if (taken > 0) this.#pieces.push(bytes.subarray(at, at + taken))
      at += taken
      this.#pieceBytes += taken
      if (this.#pieceBytes === length) messages.push(this.#whole())
    }
    return messages
  }

  #length(): number {
    if (this.#prefix[0] !== 0) throw new BalsaError('MALFORMED', 'a compressed message, although no compression was agreed')
    const length = new DataView(this.#prefix.buffer).getUint32(1)
    if (length > this.#maxMessageBytes)
      throw new BalsaError('TOO_LARGE', `a message of ${length} bytes; this client takes ${this.#maxMessageBytes}`)
    return length
  }

  #whole(): Uint8Array {
    const [first, ...others] = this.#pieces
    let message = first ?? new Uint8Array(0)
    if (others.length > 0) {
      message = new Uint8Array(this.#pieceBytes)
      let at = 0
      for (const piece of this.#pieces) {
        message.set(piece, at)
        at += piece.length
      }
    }
    this.#prefixBytes = 0
    this.#pieces = []
    this.#pieceBytes = 0
    return message
  }
}
