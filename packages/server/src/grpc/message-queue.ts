import type { GrpcError } from './status.js'

interface Waiting {
  readonly resolve: (result: IteratorResult<Uint8Array, undefined>) => void
  readonly reject: (error: GrpcError) => void
}

const DONE: IteratorResult<Uint8Array, undefined> = { done: true, value: undefined }

/** Messages of a client between their arrival and the handler that iterates over them. For one reader. */
export class MessageQueue implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #messages: Uint8Array[] = []
  readonly #onTaken: () => void
  #waiting: Waiting | null = null
  #ended = false
  #error: GrpcError | null = null
  /** Of the messages that nobody has taken yet. */
  bytes = 0

  constructor(onTaken: () => void) {
    this.#onTaken = onTaken
  }

  push(message: Uint8Array): void {
    const waiting = this.#waiting
    if (waiting !== null) {
      this.#waiting = null
      return waiting.resolve({ done: false, value: message })
    }
    this.#messages.push(message)
    this.bytes += message.length
  }

  end(): void {
    this.#ended = true
    this.#waiting?.resolve(DONE)
    this.#waiting = null
  }

  /** What is queued is dropped; the reader gets the error. */
  fail(error: GrpcError): void {
    if (this.#ended && this.#messages.length === 0) return
    this.#error = error
    this.#messages.length = 0
    this.bytes = 0
    this.#waiting?.reject(error)
    this.#waiting = null
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#error !== null) return Promise.reject(this.#error)
    const message = this.#messages.shift()
    if (message !== undefined) {
      this.bytes -= message.length
      this.#onTaken()
      return Promise.resolve({ done: false, value: message })
    }
    if (this.#ended) return Promise.resolve(DONE)
    return new Promise((resolve, reject) => (this.#waiting = { resolve, reject }))
  }

  /** The reader wants no more. */
  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#ended = true
    this.#messages.length = 0
    this.bytes = 0
    this.#onTaken()
    return Promise.resolve(DONE)
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
