import { ByteOutput, copyBytes, copyOf } from './byte-output.js'
import {
  DEFAULT_WINDOW_BYTES,
  Flag,
  FRAME_HEADER_BYTES,
  FrameType,
  MAX_31_BITS,
  putFrameHeader,
  writeFrameHeader,
  writeRstStream,
} from './frames.js'
import type { FlatFields } from './hpack/decoder.js'
import { HpackEncoder, type Indexing } from './hpack/encoder.js'
import { defaultPeerSettings, type PeerSettings } from './settings.js'
import type { Http2Stream } from './stream.js'

/** Fields whose few values come again and again. Everything else would push them out of the client's table. */
const REPEATED = new Set(['content-type', 'grpc-status', 'grpc-encoding', 'grpc-accept-encoding', 'server', ':status'])
const indexing = (name: string): Indexing => (REPEATED.has(name) ? 'incremental' : 'none')

const MIN_PAID_BYTES = 256

export interface SenderEvents {
  /** Our side of the stream has ended. */
  ended(stream: Http2Stream): void
  /** Content left that pays for control frames of the client. */
  paid(): void
}

/**
 * The sending half of a connection: frames into one output, content within the windows of stream and connection (RFC 9113 5.2, 6.9), the rest in a queue of
 * its stream. Streams with queued content take turns, a frame each.
 */
export class Sender {
  readonly out = new ByteOutput()
  readonly #encoder = new HpackEncoder({ indexing })
  readonly #events: SenderEvents
  readonly #maxOutputBytes: number
  peer: PeerSettings = defaultPeerSettings()
  window = DEFAULT_WINDOW_BYTES
  /** The transport takes nothing more at present. */
  blocked = false
  /** By the clock of whoever drives the connection. */
  nowMs = 0
  /** Content in the queues of all streams. */
  queuedBytes = 0
  #line: Http2Stream[] = []

  constructor(maxOutputBytes: number, events: SenderEvents) {
    this.#maxOutputBytes = maxOutputBytes
    this.#events = events
  }

  /** Whether frames of content may go to the output now. */
  get #open(): boolean {
    return !this.blocked && this.out.length < this.#maxOutputBytes
  }

  /** Some stream has content that only the transport holds back. */
  get hasMore(): boolean {
    return this.#line.length > 0 && this.window > 0
  }

  /** `constant`: the list lives as long as the program. `end`: nothing follows. */
  headers(stream: Http2Stream, fields: FlatFields, constant: boolean, end: boolean): void {
    const { out } = this
    const flags = end ? Flag.END_STREAM | Flag.END_HEADERS : Flag.END_HEADERS
    const at = out.length
    out.reserve(FRAME_HEADER_BYTES)
    out.length += FRAME_HEADER_BYTES
    if (constant) this.#encoder.encodeConstant(fields, out)
    else this.#encoder.encode(fields, out)
    const length = out.length - at - FRAME_HEADER_BYTES
    if (length <= this.peer.maxFrameBytes) putFrameHeader(out.bytes, at, length, FrameType.HEADERS, flags, stream.id)
    else this.#split(stream.id, at, flags)
    stream.headersSent = true
    if (end) this.#ended(stream)
  }

  /** A block larger than a frame: HEADERS and as many CONTINUATION as it takes. */
  #split(streamId: number, at: number, flags: number): void {
    const { out } = this
    const block = copyOf(out.bytes, at + FRAME_HEADER_BYTES, out.length)
    const { maxFrameBytes } = this.peer
    out.length = at
    for (let from = 0; from < block.length; from += maxFrameBytes) {
      const to = Math.min(block.length, from + maxFrameBytes)
      const first = from === 0
      const last = to === block.length ? Flag.END_HEADERS : 0
      const type = first ? FrameType.HEADERS : FrameType.CONTINUATION
      writeFrameHeader(out, to - from, type, (first ? flags & Flag.END_STREAM : 0) | last, streamId)
      out.append(block, from, to)
    }
  }

  /**
   * Content: `head` is copied, `body` must not change until it has left. False when some of it had to be queued: the caller should send no more before
   * `onWritable`.
   */
  data(stream: Http2Stream, head: Uint8Array, body: Uint8Array): boolean {
    const length = head.length + body.length
    if (
      stream.queuedBytes === 0 &&
      length <= stream.sendWindow &&
      length <= this.window &&
      length <= this.peer.maxFrameBytes &&
      this.#open
    ) {
      const { out } = this
      out.reserve(FRAME_HEADER_BYTES + length)
      putFrameHeader(out.bytes, out.length, length, FrameType.DATA, 0, stream.id)
      const at = out.length + FRAME_HEADER_BYTES
      copyBytes(head, 0, head.length, out.bytes, at)
      copyBytes(body, 0, body.length, out.bytes, at + head.length)
      out.length = at + length
      stream.sendWindow -= length
      this.window -= length
      this.#events.paid()
      return true
    }
    if (stream.queuedBytes === 0) stream.progressMs = this.nowMs
    if (head.length > 0) stream.queue.push(copyOf(head))
    if (body.length > 0) stream.queue.push(body)
    stream.queuedBytes += length
    this.queuedBytes += length
    this.#lineUp(stream)
    this.pump()
    return stream.queuedBytes === 0
  }

  /** Ends our side with trailers, or without any, behind what is queued. */
  end(stream: Http2Stream, trailers: FlatFields, constant: boolean): void {
    if (stream.queuedBytes === 0) this.#finish(stream, trailers, constant)
    else stream.ending = trailers
  }

  reset(stream: Http2Stream, code: number): void {
    this.forget(stream)
    writeRstStream(this.out, stream.id, code)
  }

  /** Drops what is queued. */
  forget(stream: Http2Stream): void {
    this.queuedBytes -= stream.queuedBytes
    stream.queuedBytes = 0
    stream.queue.length = 0
    stream.offset = 0
    stream.ending = null
  }

  /** False: a window above 2^31-1 (RFC 9113 6.9.1). */
  widenConnection(increment: number): boolean {
    this.window += increment
    if (this.window > MAX_31_BITS) return false
    this.pump()
    return true
  }

  /** False: a window above 2^31-1. */
  widenStream(stream: Http2Stream, increment: number): boolean {
    stream.sendWindow += increment
    if (stream.sendWindow > MAX_31_BITS) return false
    if (stream.queuedBytes > 0) {
      this.#lineUp(stream)
      this.pump()
    }
    return true
  }

  /** False: a window above 2^31-1 (RFC 9113 6.9.2). */
  applySettings(settings: PeerSettings, streams: Iterable<Http2Stream>): boolean {
    const change = settings.initialWindowBytes - this.peer.initialWindowBytes
    this.peer = settings
    this.#encoder.limitTable(settings.headerTableBytes)
    if (change === 0) return true
    for (const stream of streams) {
      stream.sendWindow += change
      if (stream.sendWindow > MAX_31_BITS) return false
      if (stream.queuedBytes > 0) this.#lineUp(stream)
    }
    this.pump()
    return true
  }

  /** Moves queued content to the output as far as windows, transport and size of the output allow. */
  pump(): void {
    while (this.#line.length > 0 && this.window > 0 && this.#open) {
      const stream = this.#line.shift() as Http2Stream
      stream.inLine = false
      if (stream.closed || stream.queuedBytes === 0 || stream.sendWindow <= 0) continue
      this.#sendQueued(stream)
      if (stream.queuedBytes > 0) this.#lineUp(stream)
      else if (stream.ending !== null) this.#finish(stream, stream.ending, false)
      else stream.consumer?.onWritable()
    }
  }

  #sendQueued(stream: Http2Stream): void {
    const { out } = this
    const length = Math.min(stream.queuedBytes, stream.sendWindow, this.window, this.peer.maxFrameBytes)
    writeFrameHeader(out, length, FrameType.DATA, 0, stream.id)
    for (let left = length; left > 0; ) {
      const chunk = stream.queue[0] as Uint8Array
      const count = Math.min(left, chunk.length - stream.offset)
      out.append(chunk, stream.offset, stream.offset + count)
      stream.offset += count
      left -= count
      if (stream.offset === chunk.length) {
        stream.queue.shift()
        stream.offset = 0
      }
    }
    stream.queuedBytes -= length
    this.queuedBytes -= length
    stream.sendWindow -= length
    this.window -= length
    stream.progressMs = this.nowMs
    // Tiny frames come of tiny windows: they pay for nothing.
    if (length >= MIN_PAID_BYTES) this.#events.paid()
  }

  #lineUp(stream: Http2Stream): void {
    if (stream.inLine || stream.sendWindow <= 0) return
    stream.inLine = true
    this.#line.push(stream)
  }

  #finish(stream: Http2Stream, trailers: FlatFields, constant: boolean): void {
    stream.ending = null
    if (trailers.length > 0) return this.headers(stream, trailers, constant, true)
    writeFrameHeader(this.out, 0, FrameType.DATA, Flag.END_STREAM, stream.id)
    this.#ended(stream)
  }

  #ended(stream: Http2Stream): void {
    stream.localEnded = true
    this.#events.ended(stream)
  }
}
