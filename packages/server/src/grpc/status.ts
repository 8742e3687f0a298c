import { GrpcCode } from '@balsa/proto/grpc-code'
import type { MetadataEntry } from './metadata.js'

export { GrpcCode }

/** The end of a call that has no result. The message goes to the client. */
export class GrpcError extends Error {
  readonly code: GrpcCode
  /** Go with the status. */
  readonly trailers: readonly MetadataEntry[]

  constructor(code: GrpcCode, message: string, trailers: readonly MetadataEntry[] = []) {
    super(message)
    this.name = 'GrpcError'
    this.code = code
    this.trailers = trailers
  }
}

/** `grpc-message`: UTF-8 with everything but printable ASCII, and the percent sign, percent-encoded (gRPC over HTTP/2, "Responses"). */
export function encodeGrpcMessage(message: string): string {
  if (/^[\x20-\x24\x26-\x7e]*$/.test(message)) return trimmed(message)
  let encoded = ''
  for (const byte of Buffer.from(message, 'utf8')) {
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25
    encoded += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return trimmed(encoded)
}

/** A field value neither begins nor ends with a space (RFC 9113 8.2.1). */
const trimmed = (text: string): string => text.replace(/^ +| +$/g, (spaces) => '%20'.repeat(spaces.length))
