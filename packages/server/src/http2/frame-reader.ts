import { FRAME_HEADER_BYTES, readUint32 } from './frames.js'

export interface FrameSink {
  /** The payload is `bytes[start, end)`; nobody overwrites it. False: nothing more is wanted. */
  onFrame(type: number, flags: number, streamId: number, bytes: Buffer, start: number, end: number): boolean
  /** A header announces more than allowed; the payload is not read. */
  onOversized(type: number, streamId: number, length: number): void
}

/** Cuts what arrives into frames (RFC 9113 4.1). Whole frames are not copied; of a partial one only what has arrived is held. */
export class FrameReader {
  readonly #maxPayloadBytes: number
  readonly #sink: FrameSink
  #partial: Buffer | null = null
  #partialLength = 0
  /** Whole ones so far. */
  frames = 0

  constructor(maxPayloadBytes: number, sink: FrameSink) {
    this.#maxPayloadBytes = maxPayloadBytes
    this.#sink = sink
  }

  /** A frame has begun and is not whole. */
  get isPartial(): boolean {
    return this.#partialLength > 0
  }

  push(chunk: Buffer): void {
    let at = 0
    if (this.#partialLength > 0) {
      at = this.#complete(chunk)
      if (at < 0) return
    }
    const sink = this.#sink
    while (chunk.length - at >= FRAME_HEADER_BYTES) {
      const length = payloadLength(chunk, at)
      if (length > this.#maxPayloadBytes) return this.#oversized(chunk, at, length)
      const start = at + FRAME_HEADER_BYTES
      const end = start + length
      if (end > chunk.length) break
      const streamId = readUint32(chunk, at + 5) & 0x7fff_ffff
      this.frames++
      if (!sink.onFrame(chunk[at + 3] as number, chunk[at + 4] as number, streamId, chunk, start, end)) return
      at = end
    }
    if (at < chunk.length) this.#hold(chunk, at, chunk.length)
  }

  /** Fills the partial frame up. Returns where the next one begins; -1 when nothing is left to do. */
  #complete(chunk: Buffer): number {
    let at = 0
    if (this.#partialLength < FRAME_HEADER_BYTES) {
      at = Math.min(chunk.length, FRAME_HEADER_BYTES - this.#partialLength)
      this.#hold(chunk, 0, at)
      if (this.#partialLength < FRAME_HEADER_BYTES) return -1
    }
    const head = this.#partial as Buffer
    const length = payloadLength(head, 0)
    if (length > this.#maxPayloadBytes) {
      this.#oversized(head, 0, length)
      return -1
    }
    const total = FRAME_HEADER_BYTES + length
    const to = Math.min(chunk.length, at + total - this.#partialLength)
    this.#hold(chunk, at, to)
    if (this.#partialLength < total) return -1
    this.frames++
    const frame = this.#partial as Buffer
    this.#partial = null
    this.#partialLength = 0
    const streamId = readUint32(frame, 5) & 0x7fff_ffff
    return this.#sink.onFrame(frame[3] as number, frame[4] as number, streamId, frame, FRAME_HEADER_BYTES, total) ? to : -1
  }

  #hold(chunk: Buffer, start: number, end: number): void {
    const needed = this.#partialLength + end - start
    if (this.#partial === null || this.#partial.length < needed) {
      const grown = Buffer.allocUnsafeSlow(Math.max(64, needed, Math.min(2 * needed, this.#maxPayloadBytes + FRAME_HEADER_BYTES)))
      this.#partial?.copy(grown, 0, 0, this.#partialLength)
      this.#partial = grown
    }
    chunk.copy(this.#partial, this.#partialLength, start, end)
    this.#partialLength = needed
  }

  #oversized(bytes: Buffer, at: number, length: number): void {
    this.#sink.onOversized(bytes[at + 3] as number, readUint32(bytes, at + 5) & 0x7fff_ffff, length)
  }
}

const payloadLength = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number)
