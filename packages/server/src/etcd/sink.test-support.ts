import type { GrpcError } from '../grpc/status.js'
import type { Sink } from './endpoint.js'

/** A client that takes everything, until told otherwise. */
export class TestSink<Init> implements Sink<Init> {
  readonly messages: Init[] = []
  /** A client that does not read: nothing more is taken. */
  stuck = false
  cancelled: GrpcError | null = null
  readonly #abort = new AbortController()
  #resume: (() => void)[] = []
  #listeners: ((reason: GrpcError) => void)[] = []
  #changed: (() => void)[] = []

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  get queuedBytes(): number {
    return this.stuck ? 1 : 0
  }

  send(message: Init): boolean {
    this.messages.push(message)
    for (const changed of this.#changed.splice(0)) changed()
    return !this.stuck
  }

  writable(): Promise<void> {
    return this.stuck ? new Promise((resolve) => void this.#resume.push(resolve)) : Promise.resolve()
  }

  onCancelled(callback: (reason: GrpcError) => void): void {
    this.#listeners.push(callback)
  }

  header(): string | undefined {
    return undefined
  }

  read(): void {
    this.stuck = false
    for (const resume of this.#resume.splice(0)) resume()
  }

  cancel(reason: GrpcError): void {
    this.cancelled = reason
    this.#abort.abort(reason)
    for (const listener of this.#listeners.splice(0)) listener(reason)
  }

  /** Resolves when so many messages have come. */
  async count(messages: number): Promise<readonly Init[]> {
    while (this.messages.length < messages) await new Promise<void>((resolve) => void this.#changed.push(resolve))
    return this.messages
  }
}
