import { ByteOutput } from './byte-output.js'
import { calm } from './errors.js'
import type { Http2Limits } from './limits.js'

/** A header block that has begun and whose CONTINUATION frames are awaited (RFC 9113 4.3): nothing else may come in between. */
export class OpenBlock {
  readonly streamId: number
  readonly endStream: boolean
  readonly sinceMs: number
  readonly bytes = new ByteOutput()
  readonly #limits: Http2Limits
  #frames = 0

  constructor(streamId: number, endStream: boolean, sinceMs: number, limits: Http2Limits) {
    this.streamId = streamId
    this.endStream = endStream
    this.sinceMs = sinceMs
    this.#limits = limits
  }

  /** Throws Http2ConnectionError (ENHANCE_YOUR_CALM): too many frames, or too many bytes. */
  extend(bytes: Buffer, start: number, end: number): void {
    if (++this.#frames > this.#limits.maxHeaderFrames) throw calm('too many CONTINUATION frames')
    if (this.bytes.length + end - start > this.#limits.maxHeaderBlockBytes) throw calm('header block too large')
    this.bytes.append(bytes, start, end)
  }
}
