/** RFC 9113 section 7. */
export const Http2Code = {
  NO_ERROR: 0x0,
  PROTOCOL_ERROR: 0x1,
  INTERNAL_ERROR: 0x2,
  FLOW_CONTROL_ERROR: 0x3,
  SETTINGS_TIMEOUT: 0x4,
  STREAM_CLOSED: 0x5,
  FRAME_SIZE_ERROR: 0x6,
  REFUSED_STREAM: 0x7,
  CANCEL: 0x8,
  COMPRESSION_ERROR: 0x9,
  CONNECT_ERROR: 0xa,
  ENHANCE_YOUR_CALM: 0xb,
} as const

/** Ends the whole connection with GOAWAY (RFC 9113 5.4.1). The message goes to the peer as debug data: it must hold nothing secret. */
export class Http2ConnectionError extends Error {
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.name = 'Http2ConnectionError'
    this.code = code
  }
}

export const protocolError = (message: string): Http2ConnectionError => new Http2ConnectionError(Http2Code.PROTOCOL_ERROR, message)
export const frameSizeError = (message: string): Http2ConnectionError => new Http2ConnectionError(Http2Code.FRAME_SIZE_ERROR, message)
export const flowControlError = (message: string): Http2ConnectionError => new Http2ConnectionError(Http2Code.FLOW_CONTROL_ERROR, message)
/** The client costs more than it may. */
export const calm = (message: string): Http2ConnectionError => new Http2ConnectionError(Http2Code.ENHANCE_YOUR_CALM, message)
