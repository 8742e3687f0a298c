import {
  DEFAULT_FRAME_BYTES,
  DEFAULT_WINDOW_BYTES,
  FrameType,
  LARGEST_FRAME_BYTES,
  MAX_31_BITS,
  readUint32,
  writeFrameHeader,
  writeUint32,
  writeWindowUpdate,
} from './frames.js'
import type { Http2Limits } from './limits.js'
import type { ByteOutput } from './byte-output.js'
import { flowControlError, frameSizeError, protocolError } from './errors.js'

/** RFC 9113 6.5.2. */
export const Setting = {
  HEADER_TABLE_SIZE: 0x1,
  ENABLE_PUSH: 0x2,
  MAX_CONCURRENT_STREAMS: 0x3,
  INITIAL_WINDOW_SIZE: 0x4,
  MAX_FRAME_SIZE: 0x5,
  MAX_HEADER_LIST_SIZE: 0x6,
} as const

/** What the peer has said that a server has to keep to. */
export interface PeerSettings {
  headerTableBytes: number
  initialWindowBytes: number
  maxFrameBytes: number
}

export const defaultPeerSettings = (): PeerSettings => ({
  headerTableBytes: 4096,
  initialWindowBytes: DEFAULT_WINDOW_BYTES,
  maxFrameBytes: DEFAULT_FRAME_BYTES,
})

/**
 * The settings of a frame on top of those before, in their order; unknown ones are ignored. Throws Http2ConnectionError: FRAME_SIZE_ERROR when the
 * length is no multiple of six, PROTOCOL_ERROR or FLOW_CONTROL_ERROR when a value is outside of what RFC 9113 6.5.2 allows.
 */
export function parseSettings(bytes: Uint8Array, start: number, end: number, before: PeerSettings): PeerSettings {
  if ((end - start) % 6 !== 0) throw frameSizeError('length of SETTINGS')
  const after = { ...before }
  for (let at = start; at < end; at += 6) {
    const value = readUint32(bytes, at + 2)
    switch (((bytes[at] as number) << 8) | (bytes[at + 1] as number)) {
      case Setting.HEADER_TABLE_SIZE:
        after.headerTableBytes = value
        break
      case Setting.ENABLE_PUSH:
        if (value > 1) throw protocolError('SETTINGS_ENABLE_PUSH')
        break
      case Setting.INITIAL_WINDOW_SIZE:
        if (value > MAX_31_BITS) throw flowControlError('SETTINGS_INITIAL_WINDOW_SIZE')
        after.initialWindowBytes = value
        break
      case Setting.MAX_FRAME_SIZE:
        if (value < DEFAULT_FRAME_BYTES || value > LARGEST_FRAME_BYTES) throw protocolError('SETTINGS_MAX_FRAME_SIZE')
        after.maxFrameBytes = value
        break
      default:
    }
  }
  return after
}

/** What a server says first: its SETTINGS, and the window of the connection, which they do not cover. */
export function writeGreeting(out: ByteOutput, limits: Http2Limits): void {
  const settings = [
    [Setting.MAX_CONCURRENT_STREAMS, limits.maxConcurrentStreams],
    [Setting.INITIAL_WINDOW_SIZE, limits.streamWindowBytes],
    [Setting.MAX_HEADER_LIST_SIZE, limits.maxHeaderListBytes],
    [Setting.HEADER_TABLE_SIZE, limits.headerTableBytes],
  ] as const
  writeFrameHeader(out, settings.length * 6, FrameType.SETTINGS, 0, 0)
  for (const [name, value] of settings) {
    out.byte(name >>> 8)
    out.byte(name)
    writeUint32(out, value)
  }
  const more = limits.connectionWindowBytes - DEFAULT_WINDOW_BYTES
  if (more > 0) writeWindowUpdate(out, 0, more)
}
