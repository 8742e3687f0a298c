import { readUint32 } from '../http2/frames.js'
import { GrpcCode, GrpcError } from './status.js'

/** Flag and length in front of each message. */
export const MESSAGE_PREFIX_BYTES = 5

const FIRST_BUFFER_BYTES = 1024

/** Cuts the content of a call into messages, whatever frames they came in. Memory follows what has arrived, never what a prefix announces. */
export class MessageReader {
  readonly #maxMessageBytes: number
  readonly #onMessage: (message: Uint8Array) => void
  readonly #prefix = new Uint8Array(MESSAGE_PREFIX_BYTES)
  #prefixLength = 0
  #expected = 0
  #partial: Buffer | null = null
  #partialLength = 0

  constructor(maxMessageBytes: number, onMessage: (message: Uint8Array) => void) {
    this.#maxMessageBytes = maxMessageBytes
    this.#onMessage = onMessage
  }

  /** A message has begun and is not whole. */
  get isPartial(): boolean {
    return this.#prefixLength > 0
  }

  /** What is held of it. */
  get heldBytes(): number {
    return this.#partial?.length ?? 0
  }

  /** Throws GrpcError: RESOURCE_EXHAUSTED when a message is larger than allowed, INTERNAL when it is compressed although no compression was agreed. */
  push(bytes: Buffer, start: number, end: number): void {
    let at = start
    while (at < end) {
      if (this.#prefixLength < MESSAGE_PREFIX_BYTES) {
        at = this.#takePrefix(bytes, at, end)
        // An empty message is done with its prefix; otherwise the bytes have run out.
        if (this.#prefixLength < MESSAGE_PREFIX_BYTES) continue
      }
      const whole = this.#partialLength === 0 && end - at >= this.#expected
      const count = Math.min(end - at, this.#expected - this.#partialLength)
      if (!whole) this.#hold(bytes, at, at + count)
      at += count
      if (!whole && this.#partialLength < this.#expected) return
      const message = whole ? bytes.subarray(at - count, at) : (this.#partial as Buffer).subarray(0, this.#expected)
      this.#prefixLength = 0
      this.#partial = null
      this.#partialLength = 0
      this.#onMessage(message)
    }
  }

  #takePrefix(bytes: Buffer, start: number, end: number): number {
    let at = start
    while (at < end && this.#prefixLength < MESSAGE_PREFIX_BYTES) this.#prefix[this.#prefixLength++] = bytes[at++] as number
    if (this.#prefixLength < MESSAGE_PREFIX_BYTES) return at
    this.#expected = checkedLength(this.#prefix, 0, this.#maxMessageBytes)
    if (this.#expected === 0) {
      this.#prefixLength = 0
      this.#onMessage(new Uint8Array(0))
    }
    return at
  }

  #hold(bytes: Buffer, start: number, end: number): void {
    const needed = this.#partialLength + end - start
    if (this.#partial === null || this.#partial.length < needed) {
      const grown = Buffer.allocUnsafeSlow(Math.min(this.#expected, Math.max(FIRST_BUFFER_BYTES, needed * 2)))
      this.#partial?.copy(grown, 0, 0, this.#partialLength)
      this.#partial = grown
    }
    bytes.copy(this.#partial, this.#partialLength, start, end)
    this.#partialLength = needed
  }
}

/** Length that the prefix at `at` announces. Throws like `MessageReader.push`. */
export function checkedLength(bytes: Uint8Array, at: number, maxMessageBytes: number): number {
  if (bytes[at] !== 0) throw new GrpcError(GrpcCode.INTERNAL, 'grpc: compressed flag set with identity or empty encoding')
  const length = readUint32(bytes, at + 1)
  if (length > maxMessageBytes)
    throw new GrpcError(GrpcCode.RESOURCE_EXHAUSTED, `grpc: received message larger than max (${length} vs. ${maxMessageBytes})`)
  return length
}
