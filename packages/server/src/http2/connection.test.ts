/** Every rule of RFC 9113 sections 3 to 6 and 8 that a server has to check, by section, and every limit of ours. */
import { describe, expect, it } from 'vitest'
import { Http2Code as Code } from './errors.js'
import { Flag, FrameType as Type, PREFACE, readUint32 } from './frames.js'
import type { FlatFields } from './hpack/decoder.js'
import type { Http2Limits } from './limits.js'
import { frame, Peer, REQUEST, type Seen, setting, uint32 } from './peer.test-support.js'
import { Setting } from './settings.js'

const GOAWAY = (code: number): string => `GOAWAY ${code}`
const RST = (id: number, code: number): string => `RST ${id} ${code}`
const data = (id: number, text: string, flags = 0): Buffer => frame(Type.DATA, flags, id, Buffer.from(text))
const padded = (padding: number, text: string): Buffer => Buffer.concat([Buffer.from([padding]), Buffer.from(text)])
const PRIORITY = Buffer.concat([uint32(0), Buffer.from([1])])

/** Rule -> what the client sends (streams: 1 is open, 3 ended by both sides, 5 half-closed by the client) -> verdict. */
const RULES: readonly (readonly [rule: string, frames: (peer: Peer) => readonly Buffer[], verdict: string])[] = [
  ['4.1 unknown flags and the reserved bit are ignored', () => [frame(Type.PING, 0xf0, 0x8000_0000, Buffer.alloc(8))], 'fine'],
  ['4.2 a DATA frame above SETTINGS_MAX_FRAME_SIZE', () => [data(1, 'x'.repeat(16_385))], GOAWAY(Code.FRAME_SIZE_ERROR)],
  [
    '4.2 a HEADERS frame above SETTINGS_MAX_FRAME_SIZE',
    () => [frame(Type.HEADERS, 5, 7, Buffer.alloc(16_385))],
    GOAWAY(Code.FRAME_SIZE_ERROR),
  ],
  ['4.3 a header block that cannot be decoded', () => [frame(Type.HEADERS, 5, 7, Buffer.from([0x80]))], GOAWAY(Code.COMPRESSION_ERROR)],
  ['4.3 trailers that cannot be decoded', () => [frame(Type.HEADERS, 5, 1, Buffer.from([0xff]))], GOAWAY(Code.COMPRESSION_ERROR)],
  ['5.1 idle: DATA', () => [data(7, 'x')], GOAWAY(Code.PROTOCOL_ERROR)],
  ['5.1 idle: RST_STREAM', () => [frame(Type.RST_STREAM, 0, 7, uint32(8))], GOAWAY(Code.PROTOCOL_ERROR)],
  ['5.1 idle: WINDOW_UPDATE', () => [frame(Type.WINDOW_UPDATE, 0, 7, uint32(8))], GOAWAY(Code.PROTOCOL_ERROR)],
  ['5.1 idle: CONTINUATION', () => [frame(Type.CONTINUATION, 4, 7)], GOAWAY(Code.PROTOCOL_ERROR)],
  ['5.1 idle: PRIORITY is allowed', () => [frame(Type.PRIORITY, 0, 7, PRIORITY)], 'fine'],
  ['5.1 half-closed (remote): DATA', () => [data(5, 'x')], RST(5, Code.STREAM_CLOSED)],
  ['5.1 half-closed (remote): HEADERS', (peer) => [peer.headers(5)], RST(5, Code.STREAM_CLOSED)],
  ['5.1 half-closed (remote): WINDOW_UPDATE is allowed', () => [frame(Type.WINDOW_UPDATE, 0, 5, uint32(8))], 'fine'],
  ['5.1 half-closed (remote): PRIORITY is allowed', () => [frame(Type.PRIORITY, 0, 5, PRIORITY)], 'fine'],
  ['5.1 half-closed (remote): RST_STREAM is allowed', () => [frame(Type.RST_STREAM, 0, 5, uint32(8))], 'fine'],
  ['5.1 closed: DATA', () => [data(3, 'x')], GOAWAY(Code.STREAM_CLOSED)],
  ['5.1 closed: HEADERS', (peer) => [peer.headers(3)], GOAWAY(Code.STREAM_CLOSED)],
  ['5.1 closed: CONTINUATION', () => [frame(Type.CONTINUATION, 4, 3)], GOAWAY(Code.PROTOCOL_ERROR)],
  [
    '5.1 closed: WINDOW_UPDATE, RST_STREAM and PRIORITY may be late',
    () => [frame(Type.WINDOW_UPDATE, 0, 3, uint32(8)), frame(Type.RST_STREAM, 0, 3, uint32(8)), frame(Type.PRIORITY, 0, 3, PRIORITY)],
    'fine',
  ],
  [
    '5.1 closed by a RST_STREAM of the client: DATA',
    () => [frame(Type.RST_STREAM, 0, 1, uint32(8)), data(1, 'x')],
    GOAWAY(Code.STREAM_CLOSED),
  ],
  ['5.1.1 a stream with an even id', (peer) => [peer.headers(8)], GOAWAY(Code.PROTOCOL_ERROR)],
  ['5.1.1 a stream below one that was opened', (peer) => [peer.headers(11), peer.headers(9)], GOAWAY(Code.PROTOCOL_ERROR)],
  ['5.5 unknown frame types are ignored', () => [frame(0xfa, 0xff, 1, Buffer.from('x')), frame(0xfb, 0, 0)], 'fine'],
  [
    '5.5 an unknown frame inside of a header block',
    (peer) => [peer.headers(7, { flags: 0 }), frame(0xfa, 0, 7)],
    GOAWAY(Code.PROTOCOL_ERROR),
  ],
  ['6.1 DATA on stream 0', () => [data(0, 'x')], GOAWAY(Code.PROTOCOL_ERROR)],
  ['6.1 DATA with padding as long as the frame', () => [frame(Type.DATA, Flag.PADDED, 1, padded(3, 'xx'))], GOAWAY(Code.PROTOCOL_ERROR)],
  ['6.1 DATA without its pad length', () => [frame(Type.DATA, Flag.PADDED, 1)], GOAWAY(Code.FRAME_SIZE_ERROR)],
  ['6.1 DATA that is all padding', () => [frame(Type.DATA, Flag.PADDED, 1, padded(2, 'xx'))], 'fine'],
  ['6.2 HEADERS on stream 0', (peer) => [peer.headers(0)], GOAWAY(Code.PROTOCOL_ERROR)],
  [
    '6.2 HEADERS with padding longer than the frame',
    () => [frame(Type.HEADERS, 5 | Flag.PADDED, 7, padded(9, 'xx'))],
    GOAWAY(Code.PROTOCOL_ERROR),
  ],
  ['6.2 HEADERS without its pad length', () => [frame(Type.HEADERS, 5 | Flag.PADDED, 7)], GOAWAY(Code.FRAME_SIZE_ERROR)],
  ['6.2 HEADERS too short for its priority', () => [frame(Type.HEADERS, 5 | Flag.PRIORITY, 7, uint32(0))], GOAWAY(Code.FRAME_SIZE_ERROR)],
  ['6.2 another frame inside of a header block', (peer) => [peer.headers(7, { flags: 0 }), data(1, 'x')], GOAWAY(Code.PROTOCOL_ERROR)],
  ['6.2 another HEADERS inside of a header block', (peer) => [peer.headers(7, { flags: 0 }), peer.headers(9)], GOAWAY(Code.PROTOCOL_ERROR)],
  [
    '6.3 PRIORITY on stream 0',
    () => [frame(Type.PRIORITY, 0, 0, Buffer.concat([uint32(3), Buffer.from([1])]))],
    GOAWAY(Code.PROTOCOL_ERROR),
  ],
  ['6.3 PRIORITY with a length other than 5', () => [frame(Type.PRIORITY, 0, 1, uint32(0))], RST(1, Code.FRAME_SIZE_ERROR)],
  [
    '6.3 PRIORITY of a stream on itself',
    () => [frame(Type.PRIORITY, 0, 1, Buffer.concat([uint32(1), Buffer.from([1])]))],
    RST(1, Code.PROTOCOL_ERROR),
  ],
  ['6.4 RST_STREAM on stream 0', () => [frame(Type.RST_STREAM, 0, 0, uint32(8))], GOAWAY(Code.PROTOCOL_ERROR)],
  ['6.4 RST_STREAM with a length other than 4', () => [frame(Type.RST_STREAM, 0, 1, Buffer.alloc(3))], GOAWAY(Code.FRAME_SIZE_ERROR)],
  ['6.5 SETTINGS on a stream', () => [frame(Type.SETTINGS, 0, 1)], GOAWAY(Code.PROTOCOL_ERROR)],
  ['6.5 SETTINGS acknowledgement with content', () => [frame(Type.SETTINGS, Flag.ACK, 0, Buffer.alloc(6))], GOAWAY(Code.FRAME_SIZE_ERROR)],
  [
    '6.5 SETTINGS with a length that is no multiple of 6',
    () => [frame(Type.SETTINGS, 0, 0, Buffer.alloc(7))],
    GOAWAY(Code.FRAME_SIZE_ERROR),
  ],
  [
    '6.5.2 ENABLE_PUSH other than 0 and 1',
    () => [frame(Type.SETTINGS, 0, 0, setting(Setting.ENABLE_PUSH, 2))],
    GOAWAY(Code.PROTOCOL_ERROR),
  ],
  [
    '6.5.2 INITIAL_WINDOW_SIZE above 2^31-1',
    () => [frame(Type.SETTINGS, 0, 0, setting(Setting.INITIAL_WINDOW_SIZE, 2 ** 31))],
    GOAWAY(Code.FLOW_CONTROL_ERROR),
  ],
  [
    '6.5.2 MAX_FRAME_SIZE below 2^14',
    () => [frame(Type.SETTINGS, 0, 0, setting(Setting.MAX_FRAME_SIZE, 16_383))],
    GOAWAY(Code.PROTOCOL_ERROR),
  ],
  [
    '6.5.2 MAX_FRAME_SIZE above 2^24-1',
    () => [frame(Type.SETTINGS, 0, 0, setting(Setting.MAX_FRAME_SIZE, 2 ** 24))],
    GOAWAY(Code.PROTOCOL_ERROR),
  ],
  ['6.5.2 unknown settings are ignored', () => [frame(Type.SETTINGS, 0, 0, setting(0xfa, 7))], 'fine'],
  ['6.5.3 an acknowledgement of nothing', () => [frame(Type.SETTINGS, Flag.ACK, 0)], GOAWAY(Code.PROTOCOL_ERROR)],
  ['6.6 PUSH_PROMISE of a client', () => [frame(Type.PUSH_PROMISE, 4, 1, uint32(2))], GOAWAY(Code.PROTOCOL_ERROR)],
  ['6.7 PING on a stream', () => [frame(Type.PING, 0, 1, Buffer.alloc(8))], GOAWAY(Code.PROTOCOL_ERROR)],
  ['6.7 PING with a length other than 8', () => [frame(Type.PING, 0, 0, Buffer.alloc(6))], GOAWAY(Code.FRAME_SIZE_ERROR)],
  ['6.8 GOAWAY on a stream', () => [frame(Type.GOAWAY, 0, 1, Buffer.alloc(8))], GOAWAY(Code.PROTOCOL_ERROR)],
  ['6.8 GOAWAY too short', () => [frame(Type.GOAWAY, 0, 0, Buffer.alloc(7))], GOAWAY(Code.FRAME_SIZE_ERROR)],
  ['6.9 WINDOW_UPDATE of 0 on a stream', () => [frame(Type.WINDOW_UPDATE, 0, 1, uint32(0))], RST(1, Code.PROTOCOL_ERROR)],
  ['6.9 WINDOW_UPDATE of 0 on the connection', () => [frame(Type.WINDOW_UPDATE, 0, 0, uint32(0))], GOAWAY(Code.PROTOCOL_ERROR)],
  ['6.9 WINDOW_UPDATE with a length other than 4', () => [frame(Type.WINDOW_UPDATE, 0, 1, Buffer.alloc(3))], GOAWAY(Code.FRAME_SIZE_ERROR)],
  [
    '6.9.1 a window of a stream above 2^31-1',
    () => [frame(Type.WINDOW_UPDATE, 0, 1, uint32(0x7fff_ffff))],
    RST(1, Code.FLOW_CONTROL_ERROR),
  ],
  [
    '6.9.1 a window of the connection above 2^31-1',
    () => [frame(Type.WINDOW_UPDATE, 0, 0, uint32(0x7fff_ffff))],
    GOAWAY(Code.FLOW_CONTROL_ERROR),
  ],
  [
    '6.9.2 SETTINGS that make a window larger than 2^31-1',
    () => [
      frame(Type.WINDOW_UPDATE, 0, 1, uint32(0x7fff_ffff - 65_535)),
      frame(Type.SETTINGS, 0, 0, setting(Setting.INITIAL_WINDOW_SIZE, 65_536)),
    ],
    GOAWAY(Code.FLOW_CONTROL_ERROR),
  ],
  ['6.10 CONTINUATION without HEADERS', () => [frame(Type.CONTINUATION, 4, 1)], GOAWAY(Code.PROTOCOL_ERROR)],
  ['6.10 CONTINUATION on stream 0', (peer) => [peer.headers(7, { flags: 0 }), frame(Type.CONTINUATION, 4, 0)], GOAWAY(Code.PROTOCOL_ERROR)],
  [
    '6.10 CONTINUATION on another stream',
    (peer) => [peer.headers(7, { flags: 0 }), frame(Type.CONTINUATION, 4, 9)],
    GOAWAY(Code.PROTOCOL_ERROR),
  ],
  ['6.10 CONTINUATION behind END_HEADERS', (peer) => [peer.headers(7), frame(Type.CONTINUATION, 4, 7)], GOAWAY(Code.PROTOCOL_ERROR)],
  ['8.1 trailers without END_STREAM', (peer) => [peer.headers(1, { end: false, fields: ['a', 'b'] })], RST(1, Code.PROTOCOL_ERROR)],
  ['8.1 trailers with a pseudo field', (peer) => [peer.headers(1, { fields: [':path', '/'] })], RST(1, Code.PROTOCOL_ERROR)],
  [
    '8.1.1 less content than content-length',
    (peer) => [peer.headers(7, { end: false, fields: [...REQUEST, 'content-length', '3'] }), data(7, 'xx', Flag.END_STREAM)],
    RST(7, Code.PROTOCOL_ERROR),
  ],
  [
    '8.1.1 more content than content-length',
    (peer) => [peer.headers(7, { end: false, fields: [...REQUEST, 'content-length', '1'] }), data(7, 'xx')],
    RST(7, Code.PROTOCOL_ERROR),
  ],
]

const frameOf = (type: number, id: number, payload: Buffer) => ({ type, flags: 0, id, payload })

/** 3 is answered and ended, 1 and 5 are not. */
function prepared(limits: Partial<Http2Limits> = {}): Peer {
  const peer = Peer.greeted(limits, (seen) => {
    if (seen.stream.id === 3) seen.stream.respond([':status', '200'], false, true)
  })
  peer.send(peer.headers(1, { end: false }), peer.headers(3), peer.headers(5))
  peer.take()
  return peer
}

describe('RFC 9113', () => {
  it.each(RULES)('%s', (_, frames, verdict) => {
    const whole = prepared()
    whole.send(...frames(whole))
    expect(whole.verdict()).toBe(verdict)
    // The same a byte at a time.
    const slow = prepared()
    for (const byte of Buffer.concat(frames(slow))) slow.send(Buffer.from([byte]))
    expect(slow.verdict()).toBe(verdict)
  })

  it.each([
    ['8.2.1 upper case in a name', ['A', 'b']],
    ['8.2.1 a space in a name', ['a b', 'c']],
    ['8.2.1 a line end in a value', ['a', 'b\nc']],
    ['8.2.1 a space in front of a value', ['a', ' b']],
    ['8.2.2 connection', ['connection', 'close']],
    ['8.2.2 transfer-encoding', ['transfer-encoding', 'chunked']],
    ['8.2.2 te other than trailers', ['te', 'gzip']],
    ['8.3 a pseudo field behind others', ['a', 'b', ':authority', 'x']],
    ['8.3 an unknown pseudo field', [':foo', 'x']],
    ['8.3 a pseudo field of responses', [':status', '200']],
    ['8.3.1 :path twice', [':path', '/']],
    ['8.1.1 content-length that is no number', ['content-length', 'x']],
  ] satisfies [string, FlatFields][])('%s is malformed', (_, more) => {
    const peer = Peer.greeted()
    peer.send(peer.headers(1, { fields: [...REQUEST.slice(0, 6), ...more] }))
    expect(peer.verdict()).toBe(RST(1, Code.PROTOCOL_ERROR))
    expect(peer.seen).toEqual([])
  })

  it.each([':method', ':scheme', ':path'])('8.3.1 a request without %s is malformed', (name) => {
    const peer = Peer.greeted()
    const at = REQUEST.indexOf(name)
    peer.send(peer.headers(1, { fields: REQUEST.filter((_, index) => index !== at && index !== at + 1) }))
    expect(peer.verdict()).toBe(RST(1, Code.PROTOCOL_ERROR))
  })

  it('3.4 a wrong preface, from the first wrong byte', () => {
    expect(new Peer().send(Buffer.from('PRI * HTTP/2.0\r\n\r\nXX')).verdict()).toBe(GOAWAY(Code.PROTOCOL_ERROR))
    expect(new Peer().send(Buffer.from('G')).verdict()).toBe(GOAWAY(Code.PROTOCOL_ERROR))
  })

  it('3.4 the first frame is not SETTINGS', () => {
    const peer = new Peer()
    expect(peer.send(Buffer.from(PREFACE), frame(Type.PING, 0, 0, Buffer.alloc(8))).verdict()).toBe(GOAWAY(Code.PROTOCOL_ERROR))
    expect(new Peer().send(Buffer.from(PREFACE), frame(Type.SETTINGS, Flag.ACK, 0)).verdict()).toBe(GOAWAY(Code.PROTOCOL_ERROR))
  })

  it('3.4 and 6.5 the server begins with SETTINGS, and acknowledges those of the client', () => {
    const peer = new Peer()
    expect(peer.take()[0]).toMatchObject({ type: Type.SETTINGS, flags: 0, id: 0 })
    peer.send(Buffer.from(PREFACE), frame(Type.SETTINGS, 0, 0))
    expect(peer.take()).toMatchObject([{ type: Type.SETTINGS, flags: Flag.ACK, id: 0 }])
  })

  it('5.1 what was on its way when the server reset a stream is ignored, and counts for the windows', () => {
    const peer = prepared()
    peer.seen[0]?.stream.reset(Code.CANCEL)
    expect(peer.verdict()).toBe(RST(1, Code.CANCEL))
    expect(peer.send(data(1, 'x'), peer.headers(1, { fields: ['a', 'b'] })).verdict()).toBe('fine')
    const small = prepared({ connectionWindowBytes: 20_000 })
    small.seen[0]?.stream.reset(Code.CANCEL)
    small.take()
    expect(small.send(data(1, 'x'.repeat(10_000))).take()).toEqual([frameOf(Type.WINDOW_UPDATE, 0, uint32(10_000))])
  })

  it('8.1 an answer that is whole before its request: no error, and what is on its way is ignored', () => {
    const peer = prepared()
    peer.seen[0]?.stream.respond([':status', '200'], false, true)
    expect(peer.verdict()).toBe(RST(1, Code.NO_ERROR))
    peer.send(frame(Type.WINDOW_UPDATE, 0, 1, uint32(8)), frame(Type.PRIORITY, 0, 1, PRIORITY), data(1, 'x'), data(1, 'y', Flag.END_STREAM))
    expect(peer.verdict()).toBe('fine')
    expect(peer.seen[0]).toMatchObject({ body: '', closed: Code.NO_ERROR })
  })

  it('5.1.2 a stream too many is refused; the table of fields stays the same on both sides', () => {
    const peer = Peer.greeted({ maxConcurrentStreams: 1 })
    peer.send(peer.headers(1), frame(Type.HEADERS, 5, 3, Buffer.from('828684400161016241 0178'.replace(' ', ''), 'hex')))
    expect(peer.verdict()).toBe(RST(3, Code.REFUSED_STREAM))
    peer.seen[0]?.stream.reset(Code.CANCEL)
    peer.take()
    peer.send(frame(Type.HEADERS, 5, 5, Buffer.from('838684bfbe', 'hex')))
    expect(peer.seen).toHaveLength(1)
    expect(peer.verdict()).toBe(RST(5, Code.PROTOCOL_ERROR))
    expect(peer.connection.ended).toBe(false)
  })

  it('5.4.1 nothing is heard after a connection error, and every stream is told', () => {
    const peer = prepared()
    peer.send(data(0, 'x'), peer.headers(7))
    expect(peer.connection.end?.code).toBe(Code.PROTOCOL_ERROR)
    expect(peer.seen).toHaveLength(3)
    expect(peer.seen.filter(({ closed }) => closed !== null)).toHaveLength(2)
  })

  it('5.4.2 a RST_STREAM is not answered', () => {
    const peer = prepared()
    peer.send(frame(Type.RST_STREAM, 0, 1, uint32(Code.CANCEL)))
    expect(peer.take()).toEqual([])
    expect(peer.seen[0]?.closed).toBe(Code.CANCEL)
  })

  it('6.1 padding is no content, and is given back to the window', () => {
    const peer = prepared({ streamWindowBytes: 10 })
    // Nobody says that the content was consumed: what comes back is the padding and its length.
    peer.send(frame(Type.DATA, Flag.PADDED, 1, padded(4, 'helloxxxx')))
    expect(peer.seen[0]?.body).toBe('hello')
    expect(peer.take()).toEqual([frameOf(Type.WINDOW_UPDATE, 1, uint32(5))])
  })

  it('6.2 and 6.10 a header block over several frames, padded, with a priority', () => {
    const peer = Peer.greeted()
    const block = peer.block(REQUEST)
    const first = Buffer.concat([Buffer.from([3]), PRIORITY, block.subarray(0, 2), Buffer.alloc(3)])
    peer.send(frame(Type.HEADERS, Flag.PADDED | Flag.PRIORITY | Flag.END_STREAM, 1, first))
    peer.send(frame(Type.CONTINUATION, 0, 1, block.subarray(2, 5)), frame(Type.CONTINUATION, Flag.END_HEADERS, 1, block.subarray(5)))
    expect(peer.seen).toMatchObject([{ ended: true }])
    expect(peer.verdict()).toBe('fine')
  })

  it('6.5.3 SETTINGS that are not acknowledged in time', () => {
    const peer = new Peer({ settingsTimeoutMs: 1000 }).send(Buffer.from(PREFACE), frame(Type.SETTINGS, 0, 0))
    expect(peer.tick(999).verdict()).toBe('fine')
    expect(peer.tick(1000).verdict()).toBe(GOAWAY(Code.SETTINGS_TIMEOUT))
  })

  it('6.5.2 INITIAL_WINDOW_SIZE above 2^31-1, also without any stream whose window it would be', () => {
    const peer = Peer.greeted().send(frame(Type.SETTINGS, 0, 0, setting(Setting.INITIAL_WINDOW_SIZE, 2 ** 31)))
    expect(peer.verdict()).toBe(GOAWAY(Code.FLOW_CONTROL_ERROR))
  })

  it('6.7 a PING is answered with its content, an answer is not', () => {
    const peer = Peer.greeted()
    peer.send(frame(Type.PING, 0, 0, Buffer.from('12345678')), frame(Type.PING, Flag.ACK, 0, Buffer.alloc(8)))
    expect(peer.take()).toMatchObject([{ type: Type.PING, flags: Flag.ACK, payload: Buffer.from('12345678') }])
  })

  it('6.8 a client that leaves gets what it has begun', () => {
    const peer = prepared()
    peer.send(frame(Type.GOAWAY, 0, 0, uint32(0, 0)), data(1, 'x', Flag.END_STREAM))
    expect(peer.connection.ended).toBe(false)
    for (const { stream } of peer.seen) stream.respond([':status', '200'], false, true)
    expect(peer.connection.end).toEqual({ code: Code.NO_ERROR, reason: 'drained' })
  })

  it('6.8 the server leaves: an announcement, the last id, the end', () => {
    const peer = prepared()
    peer.connection.drain()
    const [announced, ping] = peer.take()
    expect(readUint32(announced?.payload ?? Buffer.alloc(4), 0)).toBe(0x7fff_ffff)
    peer.send(peer.headers(7), frame(Type.PING, Flag.ACK, 0, ping?.payload))
    expect(peer.seen).toHaveLength(4)
    expect(readUint32(peer.take()[0]?.payload ?? Buffer.alloc(4), 0)).toBe(7)
    peer.send(peer.headers(9, { end: false }), data(9, 'x'))
    expect(peer.seen).toHaveLength(4)
    peer.send(data(1, '', Flag.END_STREAM))
    for (const { stream } of peer.seen) stream.respond([':status', '200'], false, true)
    expect(peer.connection.end?.code).toBe(Code.NO_ERROR)
  })
})

describe('flow control', () => {
  const respond = ({ stream }: Seen, bytes: number): void => {
    stream.respond([':status', '200'], false, false)
    stream.send(new Uint8Array(0), new Uint8Array(bytes))
    stream.end(['grpc-status', '0'], false)
  }
  const sent = (peer: Peer, id: number): number =>
    peer.take().reduce((sum, { type, id: on, payload }) => sum + (type === Type.DATA && on === id ? payload.length : 0), 0)

  it('6.9.1 the server keeps to the windows of stream and connection, and goes on when they open', () => {
    const peer = Peer.greeted({}, (seen) => respond(seen, 100_000))
    peer.send(peer.headers(1))
    expect(sent(peer, 1)).toBe(65_535)
    peer.send(frame(Type.WINDOW_UPDATE, 0, 1, uint32(50_000)))
    expect(sent(peer, 1)).toBe(0)
    peer.send(frame(Type.WINDOW_UPDATE, 0, 0, uint32(20_000)))
    expect(sent(peer, 1)).toBe(20_000)
    peer.send(frame(Type.WINDOW_UPDATE, 0, 0, uint32(20_000)))
    const rest = peer.take()
    expect(rest.reduce((sum, { type, payload }) => sum + (type === Type.DATA ? payload.length : 0), 0)).toBe(14_465)
    expect(rest.at(-1)).toMatchObject({ type: Type.HEADERS, flags: Flag.END_HEADERS | Flag.END_STREAM })
    expect(peer.connection.openStreams).toBe(0)
  })

  it('6.9.2 a smaller initial window can make windows negative', () => {
    const peer = Peer.greeted({}, (seen) => respond(seen, 70_000))
    peer.send(frame(Type.WINDOW_UPDATE, 0, 0, uint32(1_000_000)), peer.headers(1))
    expect(sent(peer, 1)).toBe(65_535)
    peer.send(frame(Type.SETTINGS, 0, 0, setting(Setting.INITIAL_WINDOW_SIZE, 1000)))
    peer.send(frame(Type.WINDOW_UPDATE, 0, 1, uint32(64_000)))
    expect(sent(peer, 1)).toBe(0)
    peer.send(frame(Type.SETTINGS, 0, 0, setting(Setting.INITIAL_WINDOW_SIZE, 70_000)))
    expect(sent(peer, 1)).toBe(4465)
  })

  it('streams share the connection, a frame each', () => {
    const peer = Peer.greeted({}, (seen) => respond(seen, 40_000))
    peer.send(frame(Type.SETTINGS, 0, 0, setting(Setting.INITIAL_WINDOW_SIZE, 0)))
    peer.send(peer.headers(1), peer.headers(3))
    peer.take()
    peer.send(frame(Type.SETTINGS, 0, 0, setting(Setting.INITIAL_WINDOW_SIZE, 60_000)))
    const order = peer.take().filter(({ type }) => type === Type.DATA)
    expect(order.slice(0, 4).map(({ id }) => id)).toEqual([1, 3, 1, 3])
  })

  it('a full transport stops content, not control frames', () => {
    const peer = Peer.greeted({}, (seen) => respond(seen, 1000))
    peer.connection.setBlocked(true)
    peer.send(peer.headers(1), frame(Type.PING, 0, 0, Buffer.alloc(8)))
    expect(peer.take().map(({ type }) => type)).toEqual([Type.HEADERS, Type.PING])
    peer.connection.setBlocked(false)
    expect(peer.take().map(({ type }) => type)).toEqual([Type.DATA, Type.HEADERS])
  })

  it('6.5.3 the values of SETTINGS count in their order', () => {
    const peer = Peer.greeted({}, (seen) => respond(seen, 500))
    const [small, large] = [setting(Setting.INITIAL_WINDOW_SIZE, 100), setting(Setting.INITIAL_WINDOW_SIZE, 300)]
    peer.send(frame(Type.SETTINGS, 0, 0, Buffer.concat([large, small])), peer.headers(1))
    expect(sent(peer, 1)).toBe(100)
    peer.send(frame(Type.SETTINGS, 0, 0, Buffer.concat([small, large])))
    expect(sent(peer, 1)).toBe(200)
  })

  it('6.9.1 a client that sends more than its window', () => {
    const peer = Peer.greeted({ streamWindowBytes: 10 })
    peer.send(peer.headers(1, { end: false }), data(1, 'x'.repeat(11)))
    expect(peer.verdict()).toBe(RST(1, Code.FLOW_CONTROL_ERROR))
    const whole = Peer.greeted({ connectionWindowBytes: 20_000, streamWindowBytes: 200_000 })
    whole.send(whole.headers(1, { end: false }), data(1, 'x'.repeat(9999)))
    expect(whole.verdict()).toBe('fine')
    expect(whole.send(data(1, 'x'.repeat(10_002))).verdict()).toBe(GOAWAY(Code.FLOW_CONTROL_ERROR))
    const other = Peer.greeted({ connectionWindowBytes: 65_535, streamWindowBytes: 200_000 })
    other.send(other.headers(1, { end: false }))
    // What is taken is given back at once: a single burst can not go beyond half of the window more.
    for (let turn = 0; turn < 40; turn++) other.send(data(1, 'x'.repeat(1000)))
    expect(other.take().some(({ type, id }) => type === Type.WINDOW_UPDATE && id === 0)).toBe(true)
  })

  it('a header block larger than the frames of the client is split', () => {
    const peer = Peer.greeted({}, ({ stream }) => stream.respond([':status', '200', 'a', '\0'.repeat(20_000)], false, true))
    peer.send(peer.headers(1))
    const [first, second] = peer.take()
    expect([first?.type, first?.flags]).toEqual([Type.HEADERS, Flag.END_STREAM])
    expect([second?.type, second?.flags]).toEqual([Type.CONTINUATION, Flag.END_HEADERS])
    expect(first?.payload.length).toBe(16_384)
  })
})

describe('abuse', () => {
  const calm = GOAWAY(Code.ENHANCE_YOUR_CALM)
  const flood = (peer: Peer, count: number, next: (turn: number) => readonly Buffer[]): string => {
    for (let turn = 0; turn < count && !peer.connection.ended; turn++) {
      peer.send(...next(turn))
      if (turn % 100 === 99 && !peer.connection.ended) peer.connection.output.rewind()
    }
    return peer.verdict()
  }

  it('rapid reset (CVE-2023-44487)', () => {
    const peer = Peer.greeted()
    expect(flood(peer, 1100, (turn) => [peer.headers(2 * turn + 1), frame(Type.RST_STREAM, 0, 2 * turn + 1, uint32(8))])).toBe(calm)
    expect(peer.connection.openStreams).toBe(0)
  })

  it('streams that the client makes the server reset (CVE-2025-8671)', () => {
    const peer = Peer.greeted()
    expect(flood(peer, 1100, (turn) => [peer.headers(2 * turn + 1), frame(Type.WINDOW_UPDATE, 0, 2 * turn + 1, uint32(0))])).toBe(calm)
  })

  it('resets now and then are fine', () => {
    const peer = Peer.greeted()
    for (let turn = 0; turn < 5000; turn++) {
      peer.nowMs += 20
      peer.send(peer.headers(2 * turn + 1), frame(Type.RST_STREAM, 0, 2 * turn + 1, uint32(8)))
      peer.take()
    }
    expect(peer.connection.ended).toBe(false)
  })

  it.each([
    ['PING', () => frame(Type.PING, 0, 0, Buffer.alloc(8))],
    ['SETTINGS', () => frame(Type.SETTINGS, 0, 0)],
    ['PRIORITY', () => frame(Type.PRIORITY, 0, 7, PRIORITY)],
    ['empty DATA', () => data(1, '')],
    ['WINDOW_UPDATE of 1', () => frame(Type.WINDOW_UPDATE, 0, 0, uint32(1))],
    ['unknown frames', () => frame(0xfa, 0, 0)],
    ['RST_STREAM on closed streams', () => frame(Type.RST_STREAM, 0, 3, uint32(8))],
  ])('flood of %s', (_, next) => {
    expect(flood(prepared(), 5000, () => [next()])).toBe(calm)
  })

  it('CONTINUATION flood (CVE-2024-27983): by count and by size', () => {
    const empty = Peer.greeted()
    empty.send(empty.headers(1, { flags: 0 }))
    expect(flood(empty, 100, () => [frame(Type.CONTINUATION, 0, 1)])).toBe(calm)
    const large = Peer.greeted()
    large.send(large.headers(1, { flags: 0 }))
    expect(flood(large, 100, () => [frame(Type.CONTINUATION, 0, 1, Buffer.alloc(16_000))])).toBe(calm)
  })

  it('a header block above the limit, in one frame or in several, before its end', () => {
    const limits = { maxHeaderBlockBytes: 1000 }
    const whole = Peer.greeted(limits)
    expect(whole.send(frame(Type.HEADERS, Flag.END_HEADERS, 1, Buffer.alloc(1001))).verdict()).toBe(calm)
    const parts = Peer.greeted(limits)
    parts.send(frame(Type.HEADERS, 0, 1, Buffer.alloc(600)), frame(Type.CONTINUATION, 0, 1, Buffer.alloc(400)))
    expect(parts.verdict()).toBe('fine')
    expect(parts.send(frame(Type.CONTINUATION, 0, 1, Buffer.alloc(1))).verdict()).toBe(calm)
  })

  it('a header list above the limit gets 431, the connection goes on', () => {
    const peer = Peer.greeted({ maxHeaderListBytes: 300 })
    peer.send(peer.headers(1, { fields: [...REQUEST, 'a', 'b'.repeat(300)] }))
    const [answer] = peer.take()
    expect(answer === undefined ? [] : peer.decode(answer)?.slice(0, 2)).toEqual([':status', '431'])
    peer.send(peer.headers(3))
    expect(peer.seen).toHaveLength(1)
  })

  it('a client that causes answers but does not read them', () => {
    const peer = Peer.greeted({ maxStuckBytes: 1000 })
    peer.connection.setBlocked(true)
    for (let turn = 0; turn < 100; turn++) peer.send(frame(Type.PING, 0, 0, Buffer.alloc(8)))
    expect(peer.verdict()).toBe(calm)
  })

  it.each<[string, Partial<Http2Limits>, (peer: Peer) => void, string]>([
    ['an unfinished frame', { frameTimeoutMs: 50 }, (peer) => peer.send(Buffer.from([0, 0])), calm],
    ['an unfinished header block', { frameTimeoutMs: 50 }, (peer) => peer.send(peer.headers(7, { flags: 0 })), calm],
    ['silence after a ping', { keepAliveMs: 30, keepAliveTimeoutMs: 40 }, (peer) => peer.tick(30), GOAWAY(Code.NO_ERROR)],
  ])('time-out of %s', (_, limits, begin, verdict) => {
    const peer = prepared(limits)
    begin(peer)
    peer.take()
    expect(peer.tick(49).verdict()).toBe('fine')
    expect(peer.tick(100).verdict()).toBe(verdict)
  })

  it('no preface in time', () => expect(new Peer().tick(5000).verdict()).toBe(GOAWAY(Code.PROTOCOL_ERROR)))

  it('a response whose client gives no window is dropped in the end; others go on', () => {
    const peer = Peer.greeted({ stallTimeoutMs: 1000 }, ({ stream }) => {
      stream.respond([':status', '200'], false, false)
      stream.send(new Uint8Array(0), new Uint8Array(100))
    })
    peer.send(frame(Type.SETTINGS, 0, 0, setting(Setting.INITIAL_WINDOW_SIZE, 0)), peer.headers(1))
    expect(peer.tick(999).verdict()).toBe('fine')
    expect(peer.tick(1000).verdict()).toBe(RST(1, Code.CANCEL))
    expect(peer.connection.queuedBytes).toBe(0)
    expect(peer.connection.ended).toBe(false)
  })

  it('an idle connection is drained', () => {
    const peer = Peer.greeted({ idleTimeoutMs: 500, drainNoticeMs: 100 })
    expect(peer.tick(499).verdict()).toBe('fine')
    expect(peer.tick(500).verdict()).toBe(GOAWAY(Code.NO_ERROR))
    expect(peer.tick(600).connection.ended).toBe(true)
  })
})
