import type { ByteOutput } from './byte-output.js'

/** RFC 9113 section 6. */
export const FrameType = {
  DATA: 0x0,
  HEADERS: 0x1,
  PRIORITY: 0x2,
  RST_STREAM: 0x3,
  SETTINGS: 0x4,
  PUSH_PROMISE: 0x5,
  PING: 0x6,
  GOAWAY: 0x7,
  WINDOW_UPDATE: 0x8,
  CONTINUATION: 0x9,
} as const

export const Flag = {
  /** Of SETTINGS and PING. */
  ACK: 0x1,
  /** Of DATA and HEADERS. */
  END_STREAM: 0x1,
  END_HEADERS: 0x4,
  PADDED: 0x8,
  PRIORITY: 0x20,
} as const

export const FRAME_HEADER_BYTES = 9
/** What a client sends first (RFC 9113 3.4). */
export const PREFACE: Uint8Array = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')
/** Of windows, and of stream ids. */
export const MAX_31_BITS = 0x7fff_ffff
/** Window of every connection and stream before anybody says otherwise (RFC 9113 6.9.2). */
export const DEFAULT_WINDOW_BYTES = 65_535
export const DEFAULT_FRAME_BYTES = 16_384
export const LARGEST_FRAME_BYTES = 16_777_215

/** `at` must have nine bytes of room. */
export function putFrameHeader(target: Uint8Array, at: number, length: number, type: number, flags: number, streamId: number): void {
  target[at] = length >>> 16
  target[at + 1] = length >>> 8
  target[at + 2] = length
  target[at + 3] = type
  target[at + 4] = flags
  putUint32(target, at + 5, streamId)
}

export function putUint32(target: Uint8Array, at: number, value: number): void {
  target[at] = value >>> 24
  target[at + 1] = value >>> 16
  target[at + 2] = value >>> 8
  target[at + 3] = value
}

export const readUint32 = (bytes: Uint8Array, at: number): number =>
  (((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)) >>> 0

export function writeFrameHeader(out: ByteOutput, length: number, type: number, flags: number, streamId: number): void {
  out.reserve(FRAME_HEADER_BYTES)
  putFrameHeader(out.bytes, out.length, length, type, flags, streamId)
  out.length += FRAME_HEADER_BYTES
}

export function writeUint32(out: ByteOutput, value: number): void {
  out.reserve(4)
  putUint32(out.bytes, out.length, value)
  out.length += 4
}

export function writeRstStream(out: ByteOutput, streamId: number, code: number): void {
  writeFrameHeader(out, 4, FrameType.RST_STREAM, 0, streamId)
  writeUint32(out, code)
}

export function writeWindowUpdate(out: ByteOutput, streamId: number, increment: number): void {
  writeFrameHeader(out, 4, FrameType.WINDOW_UPDATE, 0, streamId)
  writeUint32(out, increment)
}

export function writeGoaway(out: ByteOutput, lastStreamId: number, code: number, debug: string): void {
  writeFrameHeader(out, 8 + debug.length, FrameType.GOAWAY, 0, 0)
  writeUint32(out, lastStreamId)
  writeUint32(out, code)
  out.latin1(debug)
}
