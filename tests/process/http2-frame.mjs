// @ts-check

/** One frame of HTTP/2 as bytes (RFC 9113, section 4.1). @param {number} type @param {number} flags @param {number} id @param {Buffer} payload */
export function frame(type, flags, id, payload) {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(id, 5)
  return Buffer.concat([head, payload])
}
