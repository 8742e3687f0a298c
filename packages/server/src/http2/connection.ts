import { NumberMap } from '@balsa/raft'
import type { ByteOutput } from './byte-output.js'
import { ClosedStreams } from './closed-streams.js'
import { calm, flowControlError, frameSizeError, Http2Code, Http2ConnectionError, protocolError } from './errors.js'
import { FrameReader, type FrameSink } from './frame-reader.js'
import {
  DEFAULT_FRAME_BYTES,
  Flag,
  FrameType,
  MAX_31_BITS,
  PREFACE,
  readUint32,
  writeFrameHeader,
  writeGoaway,
  writeUint32,
  writeWindowUpdate,
} from './frames.js'
import { HeaderBlock } from './header-block.js'
import { type FlatFields, HpackDecoder } from './hpack/decoder.js'
import { HpackError } from './hpack/hpack-error.js'
import { KeepAlive } from './keep-alive.js'
import type { Http2Limits } from './limits.js'
import { OpenBlock } from './open-block.js'
import { Sender } from './sender.js'
import { parseSettings, writeGreeting } from './settings.js'
import { Http2Stream, type StreamOwner } from './stream.js'
import { TokenBucket } from './token-bucket.js'

/** Who answers the requests of a connection. */
export interface Http2Handler {
  /** A well-formed request. Sets `stream.consumer`, unless it answers at once. `last`: no content follows. */
  onRequest(stream: Http2Stream, head: HeaderBlock, last: boolean): void
}

export interface Http2ConnectionOptions {
  readonly limits: Http2Limits
  readonly handler: Http2Handler
  /** Time now, by the clock that `receive` and `tick` are told. */
  readonly nowMs: number
  readonly remoteAddress?: string
  /** Something was put into the output by a stream. */
  readonly onOutput?: () => void
}

const TOO_LARGE: FlatFields = [
  ':status',
  '431',
  'content-type',
  'application/grpc',
  'grpc-status',
  '8',
  'grpc-message',
  'header list too large',
]
/** Payloads of our own pings: keep-alive, and the one that shows that the client has seen the announcement of the end. */
const PING_ALIVE = 1
const PING_DRAIN = 2
/** Control frames that each answer pays for: clients measure with pings and open windows while they read. */
const PAID_CONTROLS = 10

/**
 * The server side of one HTTP/2 connection (RFC 9113) as a machine without socket, timer or clock: bytes go in with `receive`, time with `tick`, requests come
 * out at the handler, and what has to be sent is in `output`. After every call the owner writes the output, and closes the transport once `ended`.
 *
 * Everything a client can make it hold or do is bounded by its limits. A breach of the protocol, or of a limit that only an attack reaches, ends the
 * connection with GOAWAY; what concerns one stream resets that one.
 */
export class Http2Connection implements FrameSink, StreamOwner {
  readonly remoteAddress: string
  readonly limits: Http2Limits
  readonly #handler: Http2Handler
  readonly #onOutput: () => void
  readonly #sender: Sender
  readonly #reader: FrameReader
  readonly #decoder: HpackDecoder<HeaderBlock>
  readonly #streams = new NumberMap<Http2Stream>()
  readonly #closedStreams = new ClosedStreams()
  readonly #resets: TokenBucket
  readonly #controls: TokenBucket
  readonly #keepAlive: KeepAlive
  readonly #openedMs: number
  #nowMs: number
  #prefaceLength = 0
  #gotSettings = false
  #unackedSettings = 1
  #block: OpenBlock | null = null
  #lastStreamId = 0
  #receiveWindow: number
  #unreturned = 0
  #partialSinceMs: number | null = null
  #streamlessSinceMs: number
  #drainingSinceMs: number | null = null
  /** Streams above it are not served any more. */
  #goawayLastId = MAX_31_BITS
  #clientLeaves = false
  #endCode: number | null = null
  #endReason = ''

  constructor(options: Http2ConnectionOptions) {
    const { limits, nowMs } = options
    this.remoteAddress = options.remoteAddress ?? ''
    this.#onOutput = options.onOutput ?? (() => {})
    this.limits = limits
    this.#handler = options.handler
    this.#sender = new Sender(limits.maxOutputBytes, {
      ended: (stream) => this.#localEnded(stream),
      paid: () => this.#controls.credit(PAID_CONTROLS),
    })
    this.#reader = new FrameReader(DEFAULT_FRAME_BYTES, this)
    this.#decoder = new HpackDecoder(
      { maxTableBytes: limits.headerTableBytes, maxListBytes: limits.maxHeaderListBytes },
      (fields) => new HeaderBlock(fields),
    )
    this.#resets = new TokenBucket(limits.resetBurst, limits.resetsPerSecond, nowMs)
    this.#controls = new TokenBucket(limits.controlBurst, limits.controlsPerSecond, nowMs)
    this.#receiveWindow = limits.connectionWindowBytes
    this.#openedMs = this.#nowMs = this.#streamlessSinceMs = nowMs
    this.#keepAlive = new KeepAlive(limits.keepAliveMs, limits.keepAliveTimeoutMs, nowMs)
    this.#sender.nowMs = nowMs
    writeGreeting(this.#sender.out, limits)
  }

  /** What has to be sent. */
  get output(): ByteOutput {
    return this.#sender.out
  }

  /** More content would be sent if the output were written. */
  get hasMore(): boolean {
    return this.#sender.hasMore
  }

  /** True once nothing follows the output: the transport is to be closed behind it. */
  get ended(): boolean {
    return this.#endCode !== null
  }

  /** Error code of the end (0 for a regular one), and the reason in words; null while it goes on. */
  get end(): { readonly code: number; readonly reason: string } | null {
    return this.#endCode === null ? null : { code: this.#endCode, reason: this.#endReason }
  }

  get openStreams(): number {
    return this.#streams.size
  }

  get nowMs(): number {
    return this.#nowMs
  }

  /** Bytes of responses in queues and output. */
  get queuedBytes(): number {
    return this.#sender.queuedBytes + this.#sender.out.length
  }

  receive(chunk: Buffer, nowMs: number): void {
    if (this.ended) return
    this.#nowMs = this.#sender.nowMs = nowMs
    this.#keepAlive.heard(nowMs)
    const { frames } = this.#reader
    try {
      let rest = chunk
      if (this.#prefaceLength < PREFACE.length) rest = this.#preface(chunk)
      if (rest.length > 0) this.#reader.push(rest)
      if (!this.#reader.isPartial) this.#partialSinceMs = null
      else if (this.#partialSinceMs === null || frames !== this.#reader.frames) this.#partialSinceMs = nowMs
    } catch (error) {
      if (error instanceof Http2ConnectionError) this.#fail(error.code, error.message)
      else if (error instanceof HpackError) this.#fail(Http2Code.COMPRESSION_ERROR, error.message)
      else throw error
    }
  }

  /** Time passes: to be called every half second or so. */
  tick(nowMs: number): void {
    if (this.ended) return
    this.#nowMs = this.#sender.nowMs = nowMs
    const { limits } = this
    if (!this.#gotSettings && nowMs - this.#openedMs >= limits.handshakeTimeoutMs)
      return this.#fail(Http2Code.PROTOCOL_ERROR, 'no preface in time')
    if (this.#unackedSettings > 0 && nowMs - this.#openedMs >= limits.settingsTimeoutMs) return this.#fail(Http2Code.SETTINGS_TIMEOUT, '')
    const begunMs = Math.min(this.#partialSinceMs ?? nowMs, this.#block?.sinceMs ?? nowMs)
    if (nowMs - begunMs >= limits.frameTimeoutMs)
      return this.#fail(Http2Code.ENHANCE_YOUR_CALM, 'a frame or header block was not finished in time')
    const alive = this.#keepAlive.check(nowMs)
    if (alive === 'end') return this.#fail(Http2Code.NO_ERROR, 'no answer to a ping')
    if (alive === 'ping') this.#ping(PING_ALIVE)
    for (const stream of this.#streams.values()) {
      stream.consumer?.onTick(nowMs)
      if (!stream.closed && stream.queuedBytes > 0 && nowMs - stream.progressMs >= limits.stallTimeoutMs)
        this.reset(stream, Http2Code.CANCEL)
    }
    const idle = limits.idleTimeoutMs > 0 && this.#streams.size === 0 && nowMs - this.#streamlessSinceMs >= limits.idleTimeoutMs
    if (idle && this.#drainingSinceMs === null) this.drain()
    if (this.#drainingSinceMs !== null && nowMs - this.#drainingSinceMs >= limits.drainNoticeMs) this.#drainFinally()
  }

  /** The transport takes nothing more (true), or takes again. */
  setBlocked(blocked: boolean): void {
    this.#sender.blocked = blocked
    if (!blocked && !this.ended) this.#sender.pump()
  }

  /** To be called after the output was written: moves queued content up. */
  pump(): void {
    if (!this.ended) this.#sender.pump()
  }

  /**
   * Serves what was begun, takes nothing new, then ends. First an announcement that refuses nothing yet, so that requests on their way are still served;
   * the last id follows when the client has seen it (RFC 9113 6.8).
   */
  drain(): void {
    if (this.ended || this.#drainingSinceMs !== null) return
    this.#drainingSinceMs = this.#nowMs
    const { out } = this.#sender
    writeGoaway(out, MAX_31_BITS, Http2Code.NO_ERROR, '')
    this.#ping(PING_DRAIN)
  }

  /** Ends the connection now with GOAWAY; every open stream is lost. */
  close(code: number, reason: string): void {
    if (!this.ended) this.#fail(code, reason)
  }

  /** The transport is gone. */
  lost(): void {
    if (!this.ended) this.#finish(Http2Code.CANCEL, 'connection lost')
  }

  respond(stream: Http2Stream, fields: FlatFields, constant: boolean, end: boolean): void {
    if (stream.closed || stream.localEnded) return
    this.#sender.headers(stream, fields, constant, end)
    this.#onOutput()
  }

  send(stream: Http2Stream, head: Uint8Array, body: Uint8Array): boolean {
    if (stream.closed || stream.localEnded) return true
    const all = this.#sender.data(stream, head, body)
    this.#onOutput()
    return all
  }

  endResponse(stream: Http2Stream, trailers: FlatFields, constant: boolean): void {
    if (stream.closed || stream.localEnded || stream.ending !== null) return
    this.#sender.end(stream, trailers, constant)
    this.#onOutput()
  }

  reset(stream: Http2Stream, code: number): void {
    if (stream.closed) return
    this.#sender.reset(stream, code)
    this.#closedStreams.addReset(stream.id)
    this.#remove(stream, code)
    this.#onOutput()
  }

  consumed(stream: Http2Stream, bytes: number): void {
    if (stream.closed || stream.remoteEnded) return
    stream.unreturned += bytes
    if (stream.unreturned * 2 < this.limits.streamWindowBytes) return
    writeWindowUpdate(this.#sender.out, stream.id, stream.unreturned)
    stream.receiveWindow += stream.unreturned
    stream.unreturned = 0
    this.#onOutput()
  }

  onOversized(type: number, streamId: number, length: number): void {
    throw frameSizeError(`frame of type ${type} with ${length} bytes on stream ${streamId}`)
  }

  onFrame(type: number, flags: number, id: number, bytes: Buffer, start: number, end: number): boolean {
    if (!this.#gotSettings && type !== FrameType.SETTINGS) throw protocolError('the first frame is not SETTINGS')
    if (this.#block !== null && type !== FrameType.CONTINUATION) throw protocolError('a frame inside of a header block')
    switch (type) {
      case FrameType.DATA:
        this.#onData(flags, id, bytes, start, end)
        break
      case FrameType.HEADERS:
        this.#onHeaders(flags, id, bytes, start, end)
        break
      case FrameType.PRIORITY:
        this.#onPriority(id, bytes, start, end)
        break
      case FrameType.RST_STREAM:
        this.#onRstStream(id, end - start)
        break
      case FrameType.SETTINGS:
        this.#onSettings(flags, id, bytes, start, end)
        break
      case FrameType.PUSH_PROMISE:
        throw protocolError('PUSH_PROMISE of a client')
      case FrameType.PING:
        this.#onPing(flags, id, bytes, start, end)
        break
      case FrameType.GOAWAY:
        this.#onGoaway(id, end - start)
        break
      case FrameType.WINDOW_UPDATE:
        this.#onWindowUpdate(id, bytes, start, end)
        break
      case FrameType.CONTINUATION:
        this.#onContinuation(flags, id, bytes, start, end)
        break
      default:
        // RFC 9113 5.5: unknown types are ignored.
        this.#control()
    }
    return !this.ended
  }

  #preface(chunk: Buffer): Buffer {
    const count = Math.min(chunk.length, PREFACE.length - this.#prefaceLength)
    for (let at = 0; at < count; at++) {
      if (chunk[at] !== PREFACE[this.#prefaceLength + at]) throw protocolError('bad preface')
    }
    this.#prefaceLength += count
    return chunk.subarray(count)
  }

  /** A frame that moves no request. */
  #control(): void {
    if (!this.#controls.take(this.#nowMs)) throw calm('too many control frames')
    if (this.#sender.out.length > this.limits.maxStuckBytes) throw calm('answers are not read')
  }

  /** RFC 9113 6.1. */
  #onData(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    if (id === 0) throw protocolError('DATA on stream 0')
    const length = end - start
    let from = start
    let to = end
    if ((flags & Flag.PADDED) !== 0) {
      if (length === 0) throw frameSizeError('DATA without its pad length')
      const padding = bytes[start] as number
      if (padding >= length) throw protocolError('padding longer than DATA')
      from++
      to -= padding
    }
    this.#takeWindow(length)
    const stream = this.#streams.get(id)
    if (stream === undefined) return this.#onClosedStream(id, 'DATA')
    if (stream.remoteEnded) return this.#streamError(stream, Http2Code.STREAM_CLOSED)
    if (length > stream.receiveWindow) return this.#streamError(stream, Http2Code.FLOW_CONTROL_ERROR)
    stream.receiveWindow -= length
    const last = (flags & Flag.END_STREAM) !== 0
    const content = to - from
    if (content === 0 && !last) this.#control()
    if (stream.bodyLeft >= 0) {
      stream.bodyLeft -= content
      if (stream.bodyLeft < 0 || (last && stream.bodyLeft > 0)) return this.#streamError(stream, Http2Code.PROTOCOL_ERROR)
    }
    if (last) stream.remoteEnded = true
    if (length > content) this.consumed(stream, length - content)
    if (content === 0 && !last) return
    const { consumer } = stream
    if (consumer === null) this.consumed(stream, content)
    else if (content === 0) consumer.onEnd(null)
    else consumer.onData(bytes, from, to, last)
    if (last) this.#remoteEnded(stream)
  }

  /** The window of the connection limits the rate only: what is held is counted by the owners of the streams. */
  #takeWindow(length: number): void {
    this.#receiveWindow -= length
    if (this.#receiveWindow < 0) throw flowControlError('more DATA than the window of the connection')
    this.#unreturned += length
    if (this.#unreturned * 2 < this.limits.connectionWindowBytes) return
    writeWindowUpdate(this.#sender.out, 0, this.#unreturned)
    this.#receiveWindow += this.#unreturned
    this.#unreturned = 0
  }

  /** RFC 9113 6.2. */
  #onHeaders(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    if (id === 0) throw protocolError('HEADERS on stream 0')
    let from = start
    let to = end
    if ((flags & Flag.PADDED) !== 0) {
      if (from === to) throw frameSizeError('HEADERS without its pad length')
      to -= bytes[from++] as number
    }
    if ((flags & Flag.PRIORITY) !== 0) {
      if (end - from < 5) throw frameSizeError('HEADERS without its priority')
      from += 5
    }
    if (to < from) throw protocolError('padding longer than HEADERS')
    const endStream = (flags & Flag.END_STREAM) !== 0
    if ((flags & Flag.END_HEADERS) !== 0) return this.#onBlock(id, bytes, from, to, endStream)
    this.#block = new OpenBlock(id, endStream, this.#nowMs, this.limits)
    this.#block.extend(bytes, from, to)
  }

  /** RFC 9113 6.10. */
  #onContinuation(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    const block = this.#block
    if (block === null) throw protocolError('CONTINUATION without HEADERS')
    if (block.streamId !== id) throw protocolError('CONTINUATION on another stream')
    block.extend(bytes, start, end)
    if ((flags & Flag.END_HEADERS) === 0) return
    this.#block = null
    this.#onBlock(id, block.bytes.bytes, 0, block.bytes.length, block.endStream)
  }

  #onBlock(id: number, bytes: Buffer, start: number, end: number, last: boolean): void {
    if (end - start > this.limits.maxHeaderBlockBytes) throw calm('header block too large')
    // Always decoded, whatever becomes of it: the table of the connection has to stay the same on both sides.
    const block = this.#decoder.decode(bytes, start, end)
    const stream = this.#streams.get(id)
    if (stream !== undefined) this.#onTrailers(stream, block, last)
    else if (id > this.#lastStreamId) this.#onRequest(id, block, last)
    else this.#onClosedStream(id, 'HEADERS')
  }

  #onRequest(id: number, block: HeaderBlock, last: boolean): void {
    if ((id & 1) === 0) throw protocolError('a client opened an even stream')
    if (id !== this.#lastStreamId + 2 && id > 1) this.#closedStreams.skip(this.#lastStreamId === 0 ? -1 : this.#lastStreamId, id)
    this.#lastStreamId = id
    if (id > this.#goawayLastId) return
    const stream = new Http2Stream(this, id, this.#sender.peer.initialWindowBytes, this.limits.streamWindowBytes)
    this.#streams.set(id, stream)
    stream.remoteEnded = last
    if (this.#streams.size > this.limits.maxConcurrentStreams) return this.#streamError(stream, Http2Code.REFUSED_STREAM)
    if (block.fields === null) {
      this.respond(stream, TOO_LARGE, true, true)
    } else if (block.requestFault() !== null || (last && block.contentLength > 0)) {
      this.#streamError(stream, Http2Code.PROTOCOL_ERROR)
    } else {
      stream.bodyLeft = block.contentLength
      this.#handler.onRequest(stream, block, last)
    }
  }

  #onTrailers(stream: Http2Stream, block: HeaderBlock, last: boolean): void {
    if (stream.remoteEnded) return this.#streamError(stream, Http2Code.STREAM_CLOSED)
    if (!last || block.trailerFault() !== null || stream.bodyLeft > 0) return this.#streamError(stream, Http2Code.PROTOCOL_ERROR)
    stream.remoteEnded = true
    stream.consumer?.onEnd(block)
    this.#remoteEnded(stream)
  }

  /** A frame on a stream that is not open (RFC 9113 5.1). */
  #onClosedStream(id: number, type: string): void {
    if (id > this.#lastStreamId) throw protocolError(`${type} on an idle stream`)
    if (id > this.#goawayLastId) return
    if ((id & 1) === 0 || this.#closedStreams.wasSkipped(id)) throw protocolError(`${type} on a stream that was never opened`)
    if (!this.#closedStreams.wasReset(id)) throw new Http2ConnectionError(Http2Code.STREAM_CLOSED, `${type} on a closed stream`)
    this.#control()
  }

  /** RFC 9113 6.3: ignored, but not unchecked. */
  #onPriority(id: number, bytes: Buffer, start: number, end: number): void {
    if (id === 0) throw protocolError('PRIORITY on stream 0')
    this.#control()
    const wrongSize = end - start !== 5
    const onItself = !wrongSize && (readUint32(bytes, start) & MAX_31_BITS) === id
    if (!wrongSize && !onItself) return
    const code = wrongSize ? Http2Code.FRAME_SIZE_ERROR : Http2Code.PROTOCOL_ERROR
    const stream = this.#streams.get(id)
    // A stream that is not open cannot be reset (RFC 9113 5.1): what is left is the connection.
    if (stream === undefined) throw new Http2ConnectionError(code, 'PRIORITY')
    this.#streamError(stream, code)
  }

  /** RFC 9113 6.4. */
  #onRstStream(id: number, length: number): void {
    if (id === 0) throw protocolError('RST_STREAM on stream 0')
    if (length !== 4) throw frameSizeError('RST_STREAM')
    if (id > this.#lastStreamId) throw protocolError('RST_STREAM on an idle stream')
    const stream = this.#streams.get(id)
    if (stream === undefined) return this.#control()
    this.#countReset()
    this.#sender.forget(stream)
    this.#remove(stream, Http2Code.CANCEL)
  }

  /** RFC 9113 6.5. */
  #onSettings(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    if (id !== 0) throw protocolError('SETTINGS on a stream')
    if ((flags & Flag.ACK) !== 0) {
      if (end !== start) throw frameSizeError('SETTINGS acknowledgement with content')
      if (!this.#gotSettings) throw protocolError('the first frame is an acknowledgement')
      if (--this.#unackedSettings < 0) throw protocolError('acknowledged SETTINGS that were not sent')
      return
    }
    const settings = parseSettings(bytes, start, end, this.#sender.peer)
    this.#gotSettings = true
    this.#control()
    if (!this.#sender.applySettings(settings, this.#streams.values())) throw flowControlError('SETTINGS make a window too large')
    writeFrameHeader(this.#sender.out, 0, FrameType.SETTINGS, Flag.ACK, 0)
  }

  /** RFC 9113 6.7. */
  #onPing(flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    if (id !== 0) throw protocolError('PING on a stream')
    if (end - start !== 8) throw frameSizeError('PING')
    this.#control()
    if ((flags & Flag.ACK) === 0) {
      writeFrameHeader(this.#sender.out, 8, FrameType.PING, Flag.ACK, 0)
      this.#sender.out.append(bytes, start, end)
      return
    }
    if (readUint32(bytes, start + 4) === PING_DRAIN && this.#drainingSinceMs !== null) this.#drainFinally()
  }

  /** RFC 9113 6.8: the client opens nothing more; what is open is finished. */
  #onGoaway(id: number, length: number): void {
    if (id !== 0) throw protocolError('GOAWAY on a stream')
    if (length < 8) throw frameSizeError('GOAWAY')
    this.#control()
    this.#clientLeaves = true
    this.#endWhenDone()
  }

  /** RFC 9113 6.9. */
  #onWindowUpdate(id: number, bytes: Buffer, start: number, end: number): void {
    if (end - start !== 4) throw frameSizeError('WINDOW_UPDATE')
    const increment = readUint32(bytes, start) & MAX_31_BITS
    this.#control()
    if (id === 0) {
      if (increment === 0) throw protocolError('WINDOW_UPDATE of 0')
      if (!this.#sender.widenConnection(increment)) throw flowControlError('window of the connection too large')
      return
    }
    const stream = this.#streams.get(id)
    if (stream === undefined) {
      if (id > this.#lastStreamId) throw protocolError('WINDOW_UPDATE on an idle stream')
      return
    }
    if (increment === 0) this.#streamError(stream, Http2Code.PROTOCOL_ERROR)
    else if (!this.#sender.widenStream(stream, increment)) this.#streamError(stream, Http2Code.FLOW_CONTROL_ERROR)
  }

  /** The client is at fault on one stream (RFC 9113 5.4.2). Counts like a reset of its own: both make us throw work away. */
  #streamError(stream: Http2Stream, code: number): void {
    this.#countReset()
    this.reset(stream, code)
  }

  #countReset(): void {
    if (!this.#resets.take(this.#nowMs)) throw calm('too many streams reset')
  }

  #localEnded(stream: Http2Stream): void {
    if (stream.remoteEnded) this.#remove(stream, Http2Code.NO_ERROR)
    // RFC 9113 8.1: the answer is whole, the rest of the request is not wanted.
    else this.reset(stream, Http2Code.NO_ERROR)
  }

  #remoteEnded(stream: Http2Stream): void {
    if (stream.localEnded && !stream.closed) this.#remove(stream, Http2Code.NO_ERROR)
  }

  #remove(stream: Http2Stream, code: number): void {
    stream.closed = true
    this.#streams.delete(stream.id)
    const { consumer } = stream
    stream.consumer = null
    if (!stream.localEnded || !stream.remoteEnded) consumer?.onClosed(code)
    if (this.#streams.size > 0) return
    this.#streamlessSinceMs = this.#nowMs
    this.#endWhenDone()
  }

  #ping(payload: number): void {
    writeFrameHeader(this.#sender.out, 8, FrameType.PING, 0, 0)
    writeUint32(this.#sender.out, 0)
    writeUint32(this.#sender.out, payload)
  }

  #drainFinally(): void {
    if (this.#goawayLastId !== MAX_31_BITS) return
    this.#goawayLastId = this.#lastStreamId
    writeGoaway(this.#sender.out, this.#lastStreamId, Http2Code.NO_ERROR, '')
    this.#endWhenDone()
  }

  #endWhenDone(): void {
    if (this.#streams.size > 0 || this.ended) return
    if (this.#clientLeaves || this.#goawayLastId !== MAX_31_BITS) this.#finish(Http2Code.NO_ERROR, 'drained')
  }

  #fail(code: number, reason: string): void {
    writeGoaway(this.#sender.out, this.#lastStreamId, code, reason)
    this.#finish(code, reason)
  }

  #finish(code: number, reason: string): void {
    this.#endCode = code
    this.#endReason = reason
    for (const stream of this.#streams.values()) {
      this.#sender.forget(stream)
      this.#remove(stream, code)
    }
  }
}
