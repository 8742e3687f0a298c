import { FRAME_HEADER_BYTES } from '@balsa/raft'

/** Header and type byte. */
export const FRAME_OVERHEAD_BYTES = FRAME_HEADER_BYTES + 1

/** First in, first out, and counts the bytes that its messages will need as frames. */
export class MessageQueue {
  #messages: Uint8Array[] = []
  #head = 0
  #bytes = 0

  get length(): number {
    return this.#messages.length - this.#head
  }

  get bytes(): number {
    return this.#bytes
  }

  push(message: Uint8Array): void {
    this.#messages.push(message)
    this.#bytes += message.length + FRAME_OVERHEAD_BYTES
  }

  shift(): Uint8Array | undefined {
    const message = this.#messages[this.#head]
    if (message === undefined) return undefined
    this.#head += 1
    this.#bytes -= message.length + FRAME_OVERHEAD_BYTES
    if (this.#head === this.#messages.length) {
      this.#messages = []
      this.#head = 0
    } else if (this.#head >= 1024 && this.#head * 2 > this.#messages.length) {
      this.#messages = this.#messages.slice(this.#head)
      this.#head = 0
    }
    return message
  }

  /** Returns how many were dropped. */
  clear(): number {
    const dropped = this.length
    this.#messages = []
    this.#head = 0
    this.#bytes = 0
    return dropped
  }
}
