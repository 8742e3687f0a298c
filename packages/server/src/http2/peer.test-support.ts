/** A client of the machine, frame by frame: it may do everything that a real one must not. */
import { ByteOutput } from './byte-output.js'
import { Http2Connection } from './connection.js'
import { Flag, FrameType, PREFACE, putFrameHeader, putUint32, readUint32 } from './frames.js'
import { type FlatFields, HpackDecoder } from './hpack/decoder.js'
import { HpackEncoder } from './hpack/encoder.js'
import { DEFAULT_HTTP2_LIMITS, type Http2Limits } from './limits.js'
import type { Http2Stream } from './stream.js'

export interface Frame {
  readonly type: number
  readonly flags: number
  readonly id: number
  readonly payload: Buffer
}

export const frame = (type: number, flags: number, id: number, payload: Uint8Array = new Uint8Array(0)): Buffer => {
  const head = new Uint8Array(9)
  putFrameHeader(head, 0, payload.length, type, flags, id)
  return Buffer.concat([head, payload])
}

export const uint32 = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [at, value] of values.entries()) putUint32(bytes, at * 4, value)
  return bytes
}

export const setting = (name: number, value: number): Buffer => Buffer.concat([Buffer.from([0, name]), uint32(value)])

export const REQUEST: FlatFields = [':method', 'POST', ':scheme', 'http', ':path', '/a', ':authority', 'x']

/** What the server did with a request. */
export interface Seen {
  readonly stream: Http2Stream
  body: string
  ended: boolean
  closed: number | null
}

export class Peer {
  readonly connection: Http2Connection
  readonly seen: Seen[] = []
  readonly encoder = new HpackEncoder({ indexing: () => 'none' })
  readonly #decoder = new HpackDecoder<FlatFields | null>({ maxTableBytes: 4096, maxListBytes: 1 << 20 }, (fields) => fields)
  nowMs = 0

  constructor(limits: Partial<Http2Limits> = {}, answer: (seen: Seen) => void = () => {}) {
    this.connection = new Http2Connection({
      limits: { ...DEFAULT_HTTP2_LIMITS, ...limits },
      nowMs: 0,
      handler: {
        onRequest: (stream, _head, last) => {
          const seen: Seen = { stream, body: '', ended: last, closed: null }
          this.seen.push(seen)
          const end = (): void => {
            seen.ended = true
            answer(seen)
          }
          stream.consumer = {
            onData: (bytes, start, to, ends) => {
              seen.body += bytes.toString('latin1', start, to)
              if (ends) end()
            },
            onEnd: end,
            onWritable: () => {},
            onTick: () => {},
            onClosed: (code) => (seen.closed = code),
          }
          if (last) answer(seen)
        },
      },
    })
  }

  /** With preface and SETTINGS exchanged, the greeting thrown away. */
  static greeted(limits: Partial<Http2Limits> = {}, answer: (seen: Seen) => void = () => {}): Peer {
    const peer = new Peer(limits, answer)
    peer.send(Buffer.from(PREFACE), frame(FrameType.SETTINGS, 0, 0), frame(FrameType.SETTINGS, Flag.ACK, 0))
    peer.take()
    return peer
  }

  send(...frames: readonly Buffer[]): this {
    this.connection.receive(Buffer.concat(frames), this.nowMs)
    return this
  }

  tick(nowMs: number): this {
    this.nowMs = nowMs
    this.connection.tick(nowMs)
    return this
  }

  block(fields: FlatFields): Buffer {
    const out = new ByteOutput()
    this.encoder.encode(fields, out)
    return Buffer.from(out.view())
  }

  headers(id: number, options: { end?: boolean; fields?: FlatFields; flags?: number } = {}): Buffer {
    const flags = options.flags ?? Flag.END_HEADERS | (options.end === false ? 0 : Flag.END_STREAM)
    return frame(FrameType.HEADERS, flags, id, this.block(options.fields ?? REQUEST))
  }

  /** What the server has sent since the last time. */
  take(): Frame[] {
    const bytes = Buffer.from(this.connection.output.view())
    this.connection.output.rewind()
    const frames: Frame[] = []
    for (let at = 0; at < bytes.length; ) {
      const length = bytes.readUIntBE(at, 3)
      const payload = bytes.subarray(at + 9, at + 9 + length)
      frames.push({ type: bytes.readUInt8(at + 3), flags: bytes.readUInt8(at + 4), id: readUint32(bytes, at + 5), payload })
      at += 9 + length
    }
    return frames
  }

  decode(frameOfHeaders: Frame): FlatFields | null {
    return this.#decoder.decode(frameOfHeaders.payload)
  }

  /** `GOAWAY 1`, `RST 3 5`: how the server judged what it got; the last word of the output. */
  verdict(): string {
    const judged = this.take().filter(({ type }) => type === FrameType.GOAWAY || type === FrameType.RST_STREAM)
    const last = judged.at(-1)
    if (last === undefined) return this.connection.ended ? 'ended' : 'fine'
    if (last.type === FrameType.RST_STREAM) return `RST ${last.id} ${readUint32(last.payload, 0)}`
    return `GOAWAY ${readUint32(last.payload, 4)}`
  }
}
