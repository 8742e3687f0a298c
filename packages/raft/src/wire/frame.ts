/**
 * Frames, the same on the peer port and on the client port:
 *
 *   u32le length of the body | u32le crc32(body) | body, whose first byte is the frame's type
 *
 * A length of zero, a length above the receiver's limit and a wrong checksum are MALFORMED: after that nothing on the connection can be
 * trusted, so it must be closed.
 */
import { BalsaError } from '../errors.js'
import type { Crc32 } from '../ports/checksum.js'
import { ByteWriter } from './bytes.js'

export const FRAME_HEADER_BYTES = 8
/** The first 8 bytes of a connection: 6 letters that tell the protocol, then its version (u16, big-endian). */
export const MAGIC_BYTES = 8
const MAGIC_LETTERS = 6
/** What a socket hands over at once. */
const PIECE_BYTES = 64 * 1024
const MOST_AHEAD = 16
const NOTHING = new Uint8Array(0)

/** Starts a frame in `writer`. Write the body behind it, then call {@link endFrame} with the returned position. */
export function beginFrame(writer: ByteWriter): number {
  const start = writer.length
  writer.u32(0)
  writer.u32(0)
  return start
}

/** Ends the frame that began at `start`: fills in length and checksum. An empty body is INVALID (refused). */
export function endFrame(writer: ByteWriter, start: number, crc32: Crc32): void {
  const body = writer.view(start + FRAME_HEADER_BYTES)
  if (body.length === 0) throw new BalsaError('INVALID', 'a frame needs a body')
  const checksum = crc32(body)
  writer.patchU32(start, body.length)
  writer.patchU32(start + 4, checksum)
}

/** Appends a frame whose body is `type` and then `content`. */
export function writeFrame(writer: ByteWriter, type: number, content: Uint8Array, crc32: Crc32): void {
  writer.reserve(FRAME_HEADER_BYTES + 1 + content.length)
  const start = beginFrame(writer)
  writer.u8(type)
  writer.raw(content)
  endFrame(writer, start, crc32)
}

/** Header and type byte of such a frame, for content that is too big to be copied: it must follow at once. */
export function frameHead(type: number, content: Uint8Array, crc32: Crc32): Uint8Array {
  const head = new Uint8Array(FRAME_HEADER_BYTES + 1)
  head[FRAME_HEADER_BYTES] = type
  const view = new DataView(head.buffer)
  view.setUint32(0, 1 + content.length, true)
  view.setUint32(4, crc32(content, crc32(head.subarray(FRAME_HEADER_BYTES))), true)
  return head
}

/** One frame with this body. */
export function encodeFrame(body: Uint8Array, crc32: Crc32): Uint8Array {
  return encodeFrames([body], crc32)
}

/** Several frames behind each other, to leave in one write. */
export function encodeFrames(bodies: readonly Uint8Array[], crc32: Crc32): Uint8Array {
  const writer = new ByteWriter(bodies.reduce((sum, body) => sum + FRAME_HEADER_BYTES + body.length, 0))
  for (const body of bodies) {
    const start = beginFrame(writer)
    writer.raw(body)
    endFrame(writer, start, crc32)
  }
  return writer.detach()
}

export interface FrameDecoderOptions {
  readonly crc32: Crc32
  /** Largest body to accept, in bytes. */
  readonly maxBodyBytes: number
  /** When given, the stream must begin with these {@link MAGIC_BYTES} bytes. */
  readonly magic?: Uint8Array
}

/**
 * Cuts a stream into frames. `push` bytes as they arrive, then call `next` until it says null. A frame that lies whole in one piece is
 * handed out as a view of it. A partial one is gathered in a buffer that grows with the bytes that have really arrived (at most 16 times as
 * large), not by the number on the wire alone. After an error the decoder stays failed.
 */
export class FrameDecoder {
  readonly #crc32: Crc32
  readonly #magic: Uint8Array
  #maxBodyBytes: number
  #magicMatched = 0
  /** Not yet consumed bytes: `#buffer` from `#start` to `#end`. */
  #buffer: Uint8Array = NOTHING
  #start = 0
  #end = 0
  /** True when `#buffer` is memory of this decoder with room to grow, not a piece from outside. */
  #owned = false
  #failure: BalsaError | null = null

  constructor(options: FrameDecoderOptions) {
    this.#crc32 = options.crc32
    this.#maxBodyBytes = options.maxBodyBytes
    this.#magic = options.magic ?? new Uint8Array(0)
  }

  /** Bytes that wait for the rest of their frame. */
  get bufferedBytes(): number {
    return this.#end - this.#start
  }

  /** True when the magic was read, or none was asked for. */
  get started(): boolean {
    return this.#magicMatched === this.#magic.length
  }

  /** Another limit from the next frame on, for example once the other side is known. */
  set maxBodyBytes(value: number) {
    this.#maxBodyBytes = value
  }

  /** Adds received bytes. They must not change afterwards. Throws MALFORMED or VERSION_MISMATCH for a wrong magic. */
  push(piece: Uint8Array): void {
    if (this.#failure !== null) throw this.#failure
    const rest = this.started ? piece : this.#matchMagic(piece)
    if (rest.length === 0) return
    if (this.#start === this.#end) {
      this.#buffer = plain(rest)
      this.#start = 0
      this.#end = rest.length
      this.#owned = false
    } else {
      this.#gather(rest)
    }
  }

  /** The body of the next whole frame; null when more bytes are needed. Throws MALFORMED. The bytes belong to the caller. */
  next(): Uint8Array | null {
    if (this.#failure !== null) throw this.#failure
    const buffer = this.#buffer
    const at = this.#start
    const available = this.#end - at
    if (available < 4) return null
    const length = readU32(buffer, at)
    if (length === 0) this.#fail('frame length is 0')
    if (length > this.#maxBodyBytes) this.#fail(`frame of ${length} bytes is larger than the limit of ${this.#maxBodyBytes}`)
    if (available < FRAME_HEADER_BYTES + length) return null
    const bodyStart = at + FRAME_HEADER_BYTES
    const body = buffer.subarray(bodyStart, bodyStart + length)
    if (this.#crc32(body) !== readU32(buffer, at + 4)) this.#fail(`frame of ${length} bytes has a wrong checksum`)
    this.#start = bodyStart + length
    if (this.#start === this.#end) {
      // Bodies were handed out as views of this memory: it must not be filled again.
      this.#buffer = NOTHING
      this.#start = 0
      this.#end = 0
    }
    return body
  }

  #gather(piece: Uint8Array): void {
    const have = this.#end - this.#start
    const needed = have + piece.length
    // Never compacted in place: bodies before #start may have been handed out as views.
    if (!this.#owned || this.#end + piece.length > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(needed, this.#room(have)))
      larger.set(this.#buffer.subarray(this.#start, this.#end))
      this.#buffer = larger
      this.#start = 0
      this.#end = have
      this.#owned = true
    }
    this.#buffer.set(piece, this.#end)
    this.#end += piece.length
  }

  /**
   * For the whole frame, and what may come with its end: then a large one is copied once. But not for much more than what has really come, for somebody who only announces large
   * frames.
   */
  #room(have: number): number {
    const length = have < 4 ? 0 : readU32(this.#buffer, this.#start)
    const whole = length > this.#maxBodyBytes ? 0 : length + FRAME_HEADER_BYTES + PIECE_BYTES
    return Math.min(whole, have * MOST_AHEAD)
  }

  #matchMagic(piece: Uint8Array): Uint8Array {
    let at = 0
    while (at < piece.length && this.#magicMatched < this.#magic.length) {
      const byte = piece[at]
      if (byte !== this.#magic[this.#magicMatched]) this.#failMagic(byte)
      at += 1
      this.#magicMatched += 1
    }
    return piece.subarray(at)
  }

  #failMagic(byte: number | undefined): never {
    const position = this.#magicMatched
    if (position < MAGIC_LETTERS) this.#fail(`byte ${position} of the connection is ${byte}: not this protocol`)
    const ours = (this.#magic[MAGIC_LETTERS] ?? 0) * 256 + (this.#magic[MAGIC_LETTERS + 1] ?? 0)
    this.#failure = new BalsaError(
      'VERSION_MISMATCH',
      `byte ${position} of the framing version is ${byte}; this node speaks version ${ours}`,
    )
    throw this.#failure
  }

  #fail(reason: string): never {
    this.#failure = new BalsaError('MALFORMED', `malformed stream: ${reason}`)
    this.#buffer = NOTHING
    this.#start = 0
    this.#end = 0
    throw this.#failure
  }
}

/** Not of a class of its platform: its views, and their views, would be of it too, and such are made several times more slowly. */
const plain = (bytes: Uint8Array): Uint8Array =>
  bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)

function readU32(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16)
  return low + (bytes[at + 3] ?? 0) * 0x100_0000
}
