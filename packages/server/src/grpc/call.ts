import type { Timer } from '@balsa/raft'
import { Http2Code } from '../http2/errors.js'
import type { FlatFields } from '../http2/hpack/decoder.js'
import type { StreamConsumer } from '../http2/stream.js'
import { checkedLength, MESSAGE_PREFIX_BYTES, MessageReader } from './message-reader.js'
import { MessageQueue } from './message-queue.js'
import { type MetadataEntry, type RequestMetadata, responseFields } from './metadata.js'
import type { Method, StreamingCall } from './method.js'
import type { CallHost } from './call-host.js'
import type { CallWire } from './call-wire.js'
import { CONTENT_TYPE, type RequestInfo, trailersOnly } from './request-info.js'
import { encodeGrpcMessage, GrpcCode, GrpcError } from './status.js'

const RESPONSE: FlatFields = [':status', '200', 'content-type', CONTENT_TYPE]
const OK: FlatFields = ['grpc-status', '0']
const NONE: FlatFields = []

/** Shared: copied by whoever sends it. */
const prefix = new Uint8Array(MESSAGE_PREFIX_BYTES)

function prefixOf(message: Uint8Array): Uint8Array {
  const { length } = message
  prefix[1] = length >>> 24
  prefix[2] = length >>> 16
  prefix[3] = length >>> 8
  prefix[4] = length
  return prefix
}

const cardinality = (text: string): GrpcError => new GrpcError(GrpcCode.INTERNAL, `grpc: cardinality violation: ${text}`)

/** One call: requests to its handler, responses and the status back, whatever HTTP/2 is below. */
export class GrpcCall implements StreamingCall, StreamConsumer {
  readonly #host: CallHost
  readonly #wire: CallWire
  readonly #info: RequestInfo
  readonly #method: Method
  readonly #startMs: number
  cancelled: GrpcError | null = null
  #reader: MessageReader | null = null
  #partialBytes = 0
  /** The only request of unary and serverStreaming calls. */
  #request: Uint8Array | null = null
  #requests: MessageQueue | null = null
  /** Taken from the window of the client and not given back. */
  #owedBytes = 0
  #requestEnded = false
  #running = false
  #headersSent = false
  #done = false
  #deadline: Timer | null = null
  #trailers: FlatFields = NONE
  #listeners: ((reason: GrpcError) => void)[] | null = null
  #abort: AbortController | null = null
  #writable: { readonly resolve: () => void; readonly reject: (error: GrpcError) => void; readonly promise: Promise<void> } | null = null

  constructor(host: CallHost, wire: CallWire, info: RequestInfo, method: Method) {
    this.#host = host
    this.#wire = wire
    this.#info = info
    this.#method = method
    this.#startMs = host.nowMs()
    if (method.kind === 'clientStreaming' || method.kind === 'bidi') this.#requests = new MessageQueue(() => this.#repay())
  }

  get path(): string {
    return this.#info.path
  }

  get metadata(): RequestMetadata {
    return this.#info.metadata
  }

  get remoteAddress(): string {
    return this.#wire.remoteAddress
  }

  get deadlineMs(): number | null {
    return this.#info.timeoutMs === null ? null : this.#startMs + this.#info.timeoutMs
  }

  get queuedBytes(): number {
    return this.#done ? 0 : this.#wire.queuedBytes
  }

  get signal(): AbortSignal {
    if (this.#abort === null) {
      const abort = new AbortController()
      this.#abort = abort
      this.onCancelled((reason) => abort.abort(reason))
    }
    return this.#abort.signal
  }

  onCancelled(callback: (reason: GrpcError) => void): void {
    if (this.cancelled !== null) callback(this.cancelled)
    else if (!this.#done) (this.#listeners ??= []).push(callback)
  }

  sendMetadata(entries: readonly MetadataEntry[]): void {
    const fields = responseFields(entries)
    if (this.#done || this.#headersSent) return
    this.#headersSent = true
    this.#wire.respond([...RESPONSE, ...fields], false, false)
  }

  setTrailers(entries: readonly MetadataEntry[]): void {
    this.#trailers = responseFields(entries)
  }

  send(message: Uint8Array): boolean {
    if (this.#done) return true
    if (this.#wire.queuedBytes > this.#host.limits.maxQueuedBytes) {
      this.#giveUp(new GrpcError(GrpcCode.RESOURCE_EXHAUSTED, 'the client reads too slowly'))
      return true
    }
    this.#sendHeaders()
    return this.#wire.send(prefixOf(message), message)
  }

  writable(): Promise<void> {
    if (this.cancelled !== null) return Promise.reject(this.cancelled)
    if (this.queuedBytes === 0) return Promise.resolve()
    if (this.#writable === null) {
      let resolve: () => void = () => {}
      let reject: (error: GrpcError) => void = resolve
      const promise = new Promise<void>((...settle) => ([resolve, reject] = settle))
      this.#writable = { resolve, reject, promise }
    }
    return this.#writable.promise
  }

  /** The header fields were all of the request so far. `last`: nothing follows. */
  begin(last: boolean): void {
    if (last) this.onEnd()
    else if (this.#requests !== null) this.#run()
  }

  onData(bytes: Buffer, start: number, end: number, last: boolean): void {
    if (this.#done) return
    try {
      if (last && this.#takeWhole(bytes, start, end)) return
      this.#reader ??= new MessageReader(this.#host.limits.maxMessageBytes, (message) => this.#onMessage(message))
      this.#reader.push(bytes, start, end)
      this.#countPartial(this.#reader.heldBytes + (this.#request?.length ?? 0))
    } catch (error) {
      if (error instanceof GrpcError) return this.#giveUp(error)
      throw error
    }
    if (last) return this.onEnd()
    this.#owedBytes += end - start
    this.#repay()
  }

  /** The common case: a request that is one frame. */
  #takeWhole(bytes: Buffer, start: number, end: number): boolean {
    const length = end - start - MESSAGE_PREFIX_BYTES
    if (this.#reader !== null || this.#requests !== null || length < 0) return false
    if (checkedLength(bytes, start, this.#host.limits.maxMessageBytes) !== length) return false
    this.#request = bytes.subarray(start + MESSAGE_PREFIX_BYTES, end)
    this.#requestEnded = true
    this.#run()
    return true
  }

  onEnd(): void {
    if (this.#done) return
    if (this.#reader?.isPartial === true)
      return this.#giveUp(new GrpcError(GrpcCode.INTERNAL, 'grpc: the request ended inside of a message'))
    this.#requestEnded = true
    if (this.#requests === null) {
      if (this.#request === null) return this.#giveUp(cardinality('no request message'))
      return this.#run()
    }
    this.#requests.end()
    if (!this.#running) this.#run()
  }

  onWritable(): void {
    this.#writable?.resolve()
    this.#writable = null
  }

  onTick(nowMs: number): void {
    const { deadlineMs } = this
    if (deadlineMs !== null && nowMs >= deadlineMs) return this.#expire()
    const waits = this.#requests === null && !this.#requestEnded
    if (waits && nowMs - this.#startMs >= this.#host.limits.requestTimeoutMs)
      this.#giveUp(new GrpcError(GrpcCode.DEADLINE_EXCEEDED, 'the request did not arrive in time'))
  }

  onClosed(): void {
    if (!this.#done) this.#cancel(new GrpcError(GrpcCode.CANCELLED, 'the client is gone'))
  }

  #onMessage(message: Uint8Array): void {
    if (this.#requests !== null) return this.#requests.push(message)
    if (this.#request !== null) throw cardinality('more than one request message')
    this.#request = message
  }

  #countPartial(bytes: number): void {
    if (bytes === this.#partialBytes) return
    const change = bytes - this.#partialBytes
    this.#partialBytes = bytes
    this.#host.partialBytes += change
    if (change > 0 && this.#host.partialBytes > this.#host.limits.maxPartialBytes)
      throw new GrpcError(GrpcCode.RESOURCE_EXHAUSTED, 'too many unfinished requests')
  }

  #repay(): void {
    if (this.#done || this.#owedBytes === 0 || (this.#requests?.bytes ?? 0) > this.#host.limits.maxUnreadBytes) return
    this.#wire.consumed(this.#owedBytes)
    this.#owedBytes = 0
  }

  #run(): void {
    const method = this.#method
    const host = this.#host
    this.#running = true
    let result: object | Promise<object | void>
    const request = this.#request as Uint8Array
    this.#request = null
    try {
      if (method.kind === 'unaryMessage' || method.kind === 'unary') result = method.handler(request, this)
      else if (method.kind === 'serverStreaming') result = method.handler(request, this)
      else result = method.handler(this.#requests as MessageQueue, this)
    } catch (error) {
      return this.#failed(error)
    }
    if (!(result instanceof Promise)) return this.#succeeded(result)
    host.openCalls++
    this.#armDeadline()
    result.then(
      (response) => {
        host.openCalls--
        this.#succeeded(response)
      },
      (error: unknown) => {
        host.openCalls--
        this.#failed(error)
      },
    )
  }

  #armDeadline(): void {
    const { deadlineMs } = this
    if (deadlineMs === null || this.#done) return
    this.#deadline = this.#host.clock.setTimer(Math.max(0, deadlineMs - this.#host.clock.now()), () => this.#expire())
  }

  #expire(): void {
    if (!this.#done) this.#giveUp(new GrpcError(GrpcCode.DEADLINE_EXCEEDED, 'context deadline exceeded'))
  }

  #sendHeaders(): void {
    if (this.#headersSent) return
    this.#headersSent = true
    this.#wire.respond(RESPONSE, true, false)
  }

  /** `answer` is undefined at the end of a stream. */
  #succeeded(answer: object | void): void {
    if (this.#done) return
    let response: object | void = answer
    if (this.#method.kind === 'unaryMessage') {
      try {
        response = this.#method.encode(answer as object)
      } catch (error) {
        return this.#failed(error)
      }
    }
    this.#sendHeaders()
    if (response instanceof Uint8Array) this.#wire.send(prefixOf(response), response)
    this.#close()
    if (this.#trailers.length === 0) this.#wire.end(OK, true)
    else this.#wire.end([...OK, ...this.#trailers], false)
  }

  #failed(error: unknown): void {
    if (this.#done) return
    this.#answer(error instanceof GrpcError ? error : this.#host.statusOf(error, this.path))
  }

  #answer(error: GrpcError): void {
    this.#close()
    const trailers = error.trailers.length === 0 ? this.#trailers : [...this.#trailers, ...responseFields(error.trailers)]
    if (!this.#headersSent) return this.#wire.respond(trailersOnly(error.code, error.message, trailers), false, true)
    this.#wire.end(['grpc-status', String(error.code), 'grpc-message', encodeGrpcMessage(error.message), ...trailers], false)
  }

  /** The server ends the call whatever its handler does; what is queued is dropped, so that the status arrives. */
  #giveUp(error: GrpcError): void {
    if (this.#done) return
    const stuck = this.#wire.queuedBytes > 0
    if (stuck) this.#wire.reset(error.code === GrpcCode.RESOURCE_EXHAUSTED ? Http2Code.ENHANCE_YOUR_CALM : Http2Code.CANCEL)
    else this.#answer(error)
    this.#cancel(error)
  }

  /** Nobody waits for the handler any more. */
  #cancel(reason: GrpcError): void {
    this.cancelled = reason
    this.#close()
    this.#requests?.fail(reason)
    const listeners = this.#listeners
    this.#listeners = null
    this.#writable?.promise.catch(() => {})
    this.#writable?.reject(reason)
    if (listeners === null) return
    for (const listener of listeners) {
      try {
        listener(reason)
      } catch (error) {
        this.#host.statusOf(error, this.path)
      }
    }
  }

  #close(): void {
    this.#done = true
    this.#deadline?.cancel()
    this.#deadline = null
    if (this.#partialBytes > 0) this.#host.partialBytes -= this.#partialBytes
    this.#partialBytes = 0
    this.#reader = null
  }
}
