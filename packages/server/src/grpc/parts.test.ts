/** The small parts of gRPC over HTTP/2 that need no connection. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MessageQueue } from './message-queue.js'
import { MessageReader } from './message-reader.js'
import { RequestMetadata, responseFields } from './metadata.js'
import { readRequest } from './request-info.js'
import { encodeGrpcMessage, GrpcCode, GrpcError } from './status.js'
import { parseGrpcTimeout } from './timeout.js'

describe('grpc-message', () => {
  it.each([
    ['plain text', 'plain text'],
    ['100%', '100%25'],
    ['ä\n', '%C3%A4%0A'],
    [' x ', '%20x%20'],
    ['', ''],
  ])('%j', (message, encoded) => expect(encodeGrpcMessage(message)).toBe(encoded))
  it('comes back as it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (message) => {
        const encoded = encodeGrpcMessage(message)
        expect(decodeURIComponent(encoded)).toBe(Buffer.from(message).toString())
        expect(encoded).toMatch(/^[\x20-\x7e]*$/)
      }),
    )
  })
})

describe('grpc-timeout', () => {
  it.each([
    ['1H', 3_600_000],
    ['2M', 120_000],
    ['3S', 3000],
    ['250m', 250],
    ['500u', 0.5],
    ['99999999n', 99.999999],
    ['', null],
    ['5', null],
    ['5x', null],
    ['-5S', null],
    ['123456789S', null],
  ])('%j', (value, ms) => expect(parseGrpcTimeout(value)).toBe(ms))
})

describe('message reader', () => {
  it('finds the same messages however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 8 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 2500 })),
        (messages, cuts) => {
          const bytes = Buffer.concat(
            messages.flatMap((message) => [Buffer.from([0, 0, 0, message.length >> 8, message.length & 255]), message]),
          )
          const found: Uint8Array[] = []
          const reader = new MessageReader(3000, (message) => found.push(message))
          for (let at = 0; at < bytes.length; ) {
            const end = Math.min(bytes.length, at + (cuts.next().value ?? 1))
            reader.push(bytes, at, end)
            at = end
          }
          expect(found.map((message) => Buffer.from(message))).toEqual(messages.map((message) => Buffer.from(message)))
          expect([reader.isPartial, reader.heldBytes]).toEqual([false, 0])
        },
      ),
    )
  })
  it('holds what has arrived, not what was announced', () => {
    const reader = new MessageReader(1 << 30, () => {})
    reader.push(Buffer.from([0, 63, 0, 0, 0, 1, 2, 3]), 0, 8)
    expect(reader.heldBytes).toBeLessThanOrEqual(1024)
  })
})

describe('message queue', () => {
  it('gives back in order, waits, ends', async () => {
    const queue = new MessageQueue(() => {})
    queue.push(Uint8Array.of(1))
    const first = queue.next()
    const second = queue.next()
    queue.push(Uint8Array.of(2))
    queue.end()
    expect([await first, await second, await queue.next()]).toEqual([
      { done: false, value: Uint8Array.of(1) },
      { done: false, value: Uint8Array.of(2) },
      { done: true, value: undefined },
    ])
  })
  it('drops what is queued when the call fails', async () => {
    const queue = new MessageQueue(() => {})
    queue.push(Uint8Array.of(1))
    queue.fail(new GrpcError(GrpcCode.CANCELLED, 'gone'))
    await expect(queue.next()).rejects.toThrow('gone')
    expect(queue.bytes).toBe(0)
  })
})

describe('metadata', () => {
  it('is read by name, without the fields of the protocol', () => {
    const metadata = new RequestMetadata([':path', '/', 'a', '1', 'te', 'trailers', 'a', '2', 'b-bin', 'AP8,AQ'])
    expect([metadata.get('a'), metadata.getAll('a'), metadata.get('x')]).toEqual(['1', ['1', '2'], undefined])
    expect(metadata.getBytes('b-bin')).toEqual(Buffer.from([0, 255]))
    expect(metadata.entries().map(([name]) => name)).toEqual(['a', 'a', 'b-bin'])
  })
  it.each([
    [[['Upper', 'x']]],
    [[['grpc-status', '0']]],
    [[[':status', '200']]],
    [[['a', 'x\r\n']]],
    [[['a-bin', 'text']]],
    [[['a', Uint8Array.of(1)]]],
  ] as const)('refuses %j', (entries) => expect(() => responseFields(entries)).toThrow(TypeError))
})

describe('request', () => {
  it('of an unknown name that every object has is unknown', () => {
    const info = readRequest(['content-type', 'application/grpc'], 'POST', '/__proto__/constructor', new Map())
    expect(info.refusal).toContain('12')
  })
})
