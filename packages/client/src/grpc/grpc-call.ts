import { BalsaError } from '@balsa/raft'
import { GrpcCode } from '@balsa/proto/grpc-code'
import { encodeTimeout, type GrpcStatus, statusOf, statusOfHttp } from './grpc-status.js'
import type { HeaderFields, Http2Session, Http2Stream } from './http2.js'
import { framed, MessageFrames } from './message-frames.js'

export interface GrpcCallHandlers {
  /** The bytes may be a view of something larger. */
  onMessage(message: Uint8Array): void
  /** Called exactly once, last; not after `cancel`. */
  onEnd(status: GrpcStatus): void
}

export interface GrpcCallOptions {
  readonly metadata?: HeaderFields
  /** Told to the server; the client has its own clock for that. */
  readonly timeoutMs?: number
}

export interface GrpcCallEnvironment {
  readonly authority: string
  readonly scheme: string
  readonly maxMessageBytes: number
  readonly onProgress: () => void
  readonly onFinished: (call: GrpcCall) => void
}

/** One call: messages out, messages in, a status. What is sent before the connection is open waits. */
export class GrpcCall {
  readonly #environment: GrpcCallEnvironment
  readonly #handlers: GrpcCallHandlers
  readonly #fields: HeaderFields
  readonly #frames: MessageFrames
  #unsent: { readonly bytes: Uint8Array; readonly last: boolean }[] = []
  #stream: Http2Stream | null = null
  #status: GrpcStatus | null = null
  #httpStatus = ''
  #paused = false
  #finished = false

  constructor(path: string, options: GrpcCallOptions, handlers: GrpcCallHandlers, environment: GrpcCallEnvironment) {
    this.#environment = environment
    this.#handlers = handlers
    this.#frames = new MessageFrames(environment.maxMessageBytes)
    this.#fields = {
      ':method': 'POST',
      ':scheme': environment.scheme,
      ':path': path,
      ':authority': environment.authority,
      te: 'trailers',
      'content-type': 'application/grpc',
      'user-agent': 'balsa',
      ...(options.timeoutMs === undefined ? {} : { 'grpc-timeout': encodeTimeout(options.timeoutMs) }),
      ...options.metadata,
    }
  }

  /** `last`: no more messages follow. */
  send(message: Uint8Array, last: boolean): void {
    if (this.#finished) return
    const bytes = framed(message)
    if (this.#stream === null) this.#unsent.push({ bytes, last })
    else this.#stream.write(bytes, last)
  }

  /** Stops reading; messages that have arrived together with one another still come. */
  pause(): void {
    this.#paused = true
    this.#stream?.pause()
  }

  resume(): void {
    this.#paused = false
    this.#stream?.resume()
  }

  /** Nobody listens any more. True = it has not left and never will. */
  cancel(): boolean {
    const unsent = this.#stream === null
    this.#finish()
    this.#stream?.cancel()
    return unsent
  }

  /** By the connection, when it is open. */
  start(session: Http2Session): void {
    if (this.#finished || this.#stream !== null) return
    const stream = session.open(this.#fields, {
      onHeaders: (fields) => this.#responded(fields),
      onData: (bytes) => this.#received(bytes),
      onTrailers: (fields) => this.#trailers(fields),
      onClose: (reason, unprocessed) => this.#closed(reason, unprocessed),
    })
    this.#stream = stream
    if (this.#paused) stream.pause()
    for (const { bytes, last } of this.#unsent) stream.write(bytes, last)
    this.#unsent = []
  }

  /** By the connection, when it has ended before the call. */
  connectionLost(reason: string): void {
    this.#end({ code: GrpcCode.UNAVAILABLE, message: reason, unprocessed: this.#stream === null })
  }

  #responded(fields: HeaderFields): void {
    this.#environment.onProgress()
    this.#httpStatus = fields[':status'] ?? ''
    this.#status = statusOf(fields)
  }

  #received(bytes: Uint8Array): void {
    this.#environment.onProgress()
    if (this.#finished || this.#httpStatus !== '200') return
    try {
      for (const message of this.#frames.push(bytes)) if (!this.#finished) this.#handlers.onMessage(message)
    } catch (error) {
      const code = error instanceof BalsaError && error.code === 'TOO_LARGE' ? GrpcCode.RESOURCE_EXHAUSTED : GrpcCode.INTERNAL
      const stream = this.#stream
      this.#end({ code, message: error instanceof Error ? error.message : String(error), unprocessed: false })
      stream?.cancel()
    }
  }

  #trailers(fields: HeaderFields): void {
    this.#environment.onProgress()
    this.#status = statusOf(fields)
  }

  #closed(reason: string, unprocessed: boolean): void {
    if (this.#status !== null && !this.#frames.isPartial) return this.#end(this.#status)
    if (this.#httpStatus !== '' && this.#httpStatus !== '200') return this.#end(statusOfHttp(this.#httpStatus))
    this.#end({ code: GrpcCode.UNAVAILABLE, message: reason, unprocessed })
  }

  #end(status: GrpcStatus): void {
    if (!this.#finish()) return
    this.#handlers.onEnd(status)
  }

  #finish(): boolean {
    if (this.#finished) return false
    this.#finished = true
    this.#environment.onFinished(this)
    return true
  }
}
