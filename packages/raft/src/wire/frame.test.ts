import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteWriter } from './bytes.js'
import { encodeFrame, encodeFrames, FrameDecoder, frameHead, writeFrame } from './frame.js'
import { CLIENT_MAGIC, PEER_MAGIC } from './handshake.js'

const decoder = (maxBodyBytes = 1 << 20, magic?: Uint8Array) =>
  new FrameDecoder({ crc32, maxBodyBytes, ...(magic === undefined ? {} : { magic }) })

function drain(frames: FrameDecoder): Uint8Array[] {
  const bodies: Uint8Array[] = []
  for (let body = frames.next(); body !== null; body = frames.next()) bodies.push(body)
  return bodies
}

const bodies = fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { maxLength: 20 })

describe('frames', () => {
  it('are length, checksum, body', () => {
    const body = Uint8Array.of(7, 8, 9)
    const frame = encodeFrame(body, crc32)
    expect([...frame.subarray(0, 4)]).toEqual([3, 0, 0, 0])
    expect(new DataView(frame.buffer, frame.byteOffset).getUint32(4, true)).toBe(crc32(body))
    expect(frame.subarray(8)).toEqual(body)
  })

  it('are the same bytes by every way to write them', () => {
    fc.assert(
      fc.property(fc.nat({ max: 255 }), fc.uint8Array({ maxLength: 100 }), (type, content) => {
        const expected = encodeFrame(Uint8Array.of(type, ...content), crc32)
        const writer = new ByteWriter()
        writeFrame(writer, type, content, crc32)
        expect(writer.take()).toEqual(expected)
        expect(Uint8Array.of(...frameHead(type, content, crc32), ...content)).toEqual(expected)
      }),
    )
  })

  it('need a body', () => {
    expect(() => encodeFrame(new Uint8Array(0), crc32)).toThrowError(expect.objectContaining({ code: 'INVALID' }))
  })
})

describe('FrameDecoder', () => {
  it('gives the same frames however the stream is cut, with and without a magic', () => {
    fc.assert(
      fc.property(bodies, fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }), fc.boolean(), (sent, cuts, withMagic) => {
        const frames = encodeFrames(sent, crc32)
        const stream = withMagic ? Uint8Array.of(...PEER_MAGIC, ...frames) : frames
        const frameDecoder = decoder(200, withMagic ? PEER_MAGIC : undefined)
        const received: Uint8Array[] = []
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const length = cuts[turn % cuts.length] ?? 1
          frameDecoder.push(stream.slice(at, at + length))
          received.push(...drain(frameDecoder))
          at += length
        }
        expect(received).toEqual(sent)
        expect(frameDecoder.bufferedBytes).toBe(0)
      }),
    )
  })

  it('keeps bodies intact that it gave out earlier', () => {
    const sent = [Uint8Array.of(1, 1), Uint8Array.of(2, 2), Uint8Array.of(3, 3)]
    const stream = encodeFrames(sent, crc32)
    const frames = decoder()
    const received: Uint8Array[] = []
    for (const byte of stream) {
      frames.push(Uint8Array.of(byte))
      received.push(...drain(frames))
    }
    expect(received).toEqual(sent)
  })

  it('detects every flipped bit or waits for more bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), fc.nat(), (body, where) => {
        const stream = encodeFrame(body, crc32).slice()
        const bit = where % (stream.length * 8)
        stream[bit >> 3] = (stream[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        const frames = decoder()
        frames.push(stream)
        let decoded: Uint8Array | null = null
        try {
          decoded = frames.next()
        } catch (error) {
          expect(error).toMatchObject({ code: 'MALFORMED' })
        }
        expect(decoded).toBeNull()
      }),
    )
  })

  it.each([
    ['zero', [0, 0, 0, 0]],
    ['one above the limit', [101, 0, 0, 0]],
    ['2^31 - 1', [0xff, 0xff, 0xff, 0x7f]],
    ['2^32 - 1', [0xff, 0xff, 0xff, 0xff]],
  ])('refuses a length of %s before anything else arrives', (_name, header) => {
    const frames = decoder(100)
    frames.push(Uint8Array.from(header))
    expect(() => frames.next()).toThrowError(expect.objectContaining({ code: 'MALFORMED' }))
    expect(() => frames.push(Uint8Array.of(1))).toThrowError(expect.objectContaining({ code: 'MALFORMED' }))
    expect(frames.bufferedBytes).toBe(0)
  })

  it('accepts a body of exactly the limit', () => {
    const frames = decoder(100)
    frames.push(encodeFrame(new Uint8Array(100), crc32))
    expect(frames.next()?.length).toBe(100)
  })

  it('copies no whole frame and gathers a partial one in memory of its own size', () => {
    const frames = decoder()
    const one = encodeFrame(new Uint8Array(1000), crc32)
    frames.push(one)
    expect(frames.next()?.buffer).toBe(one.buffer)

    const big = encodeFrame(new Uint8Array(1 << 20), crc32)
    for (let at = 0; at < big.length; at += 64) frames.push(big.slice(at, at + 64))
    const body = frames.next()
    expect(body?.length).toBe(1 << 20)
    // Doubling may leave twice the bytes, never more.
    expect(body?.buffer.byteLength).toBeLessThanOrEqual(2 * big.length)
  })

  it('refuses another protocol at its first wrong byte', () => {
    const frames = decoder(100, PEER_MAGIC)
    expect(() => frames.push(new TextEncoder().encode('GET / HTTP/1.1'))).toThrowError(expect.objectContaining({ code: 'MALFORMED' }))
    expect(() => decoder(100, PEER_MAGIC).push(CLIENT_MAGIC)).toThrowError(expect.objectContaining({ code: 'MALFORMED' }))
  })

  it('tells another framing version from garbage', () => {
    const frames = decoder(100, PEER_MAGIC)
    frames.push(PEER_MAGIC.subarray(0, 7))
    expect(frames.started).toBe(false)
    expect(() => frames.push(Uint8Array.of(2))).toThrowError(expect.objectContaining({ code: 'VERSION_MISMATCH' }))
  })
})
