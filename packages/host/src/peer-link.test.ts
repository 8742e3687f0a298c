import { Socket } from 'node:net'
import { crc32 } from 'node:zlib'
import { encodeFrame, encodeRefusal, encodeWelcome, FrameDecoder, ManualClock, PEER_MAGIC, PeerFrame, SeededRandom } from '@balsa/raft'
import { afterEach, describe, expect, it } from 'vitest'
import { DEFAULT_LIMITS, type TransportEvent } from './peer-context.js'
import { PLAIN_SOCKETS } from './peer-sockets.js'
import { CLUSTER, goodWelcome, member, type Node, one, TestBench, three, two, until } from './tcp.test-support.js'
import { TcpTransport } from './tcp-transport.js'

const bench = new TestBench()

afterEach(() => bench.dispose())

const refusals = ({ events }: Node) => events.filter((event) => event.type === 'refused' && event.direction === 'outgoing')
const retries = ({ events }: Node) => events.flatMap((event) => (event.type === 'disconnected' ? [event.retryInMs] : []))

describe('a slow or dead peer', () => {
  it('costs no more memory than its queue', async () => {
    const maxQueuedBytes = 1 << 20
    const a = await bench.start(one, { maxQueuedBytes, livenessTimeoutMs: 3_600_000 })
    const peer = await bench.handmadePeer()
    a.transport.setPeers([member(two, peer.address)])
    await until(() => peer.accepted.has('append'), 'the connection')
    peer.accepted.get('append')?.pause()
    const message = new Uint8Array(64 * 1024)
    let sent = 0
    const before = a.transport.statistics.dropped
    await until(() => {
      for (let count = 0; count < 16; count++, sent++) a.transport.send(two, 'append', message)
      return a.transport.statistics.dropped - before > 1000
    }, 'the queue to be full')
    const { dropped, sent: written } = a.transport.statistics
    // Neither dropped nor handed to the socket: that is what this process holds.
    expect((sent - (dropped - before) - written) * message.length).toBeLessThanOrEqual(maxQueuedBytes)
  })

  it('does not keep heart-beats behind its appends', async () => {
    const a = await bench.start(one, { livenessTimeoutMs: 3_600_000 })
    const peer = await bench.handmadePeer()
    a.transport.setPeers([member(two, peer.address)])
    await until(() => peer.accepted.size === 2, 'connections')
    peer.accepted.get('append')?.pause()
    const before = a.transport.statistics.dropped
    await until(() => {
      for (let count = 0; count < 100; count++) a.transport.send(two, 'append', new Uint8Array(256 * 1024))
      return a.transport.statistics.dropped > before
    }, 'the append lane to be full')
    const heard: Uint8Array[] = []
    const decoder = new FrameDecoder({ crc32, maxBodyBytes: 1000 })
    peer.accepted.get('control')?.on('data', (data: Uint8Array) => {
      decoder.push(data)
      for (let body = decoder.next(); body !== null; body = decoder.next()) heard.push(body)
    })
    a.transport.send(two, 'control', Uint8Array.of(42))
    await until(() => heard.some((body) => body[0] === PeerFrame.message && body[1] === 42), 'the heart-beat')
  })

  it('is noticed by its silence, and dialled again', async () => {
    const a = await bench.start(one, { livenessTimeoutMs: 30 })
    const peer = await bench.handmadePeer()
    a.transport.setPeers([member(two, peer.address)])
    await until(() => peer.accepted.size === 2, 'connections')
    a.transport.send(two, 'append', Uint8Array.of(1))
    await until(
      () => a.events.some((event) => event.type === 'disconnected' && event.lane === 'append' && /no sign of life/.test(event.reason)),
      'the silence to be noticed',
    )
    await until(() => peer.dials() === 3, 'another attempt')
    // Nothing was sent in the control lane, so nothing was expected there.
    expect(a.events.some((event) => event.type === 'disconnected' && event.lane === 'control')).toBe(false)
  })

  it('is left alone while it answers', async () => {
    const clock = new ManualClock()
    const a = await bench.start(one, {}, { clock })
    const b = await bench.start(two)
    b.transport.setPeers([member(one, a.address)])
    a.transport.setPeers([member(two, b.address)])
    await until(() => a.states.includes('2 up') && b.states.includes('1 up') && clock.pending === 0, 'connections')
    for (let turn = 1; turn <= 5; turn++) {
      a.transport.send(two, 'append', new Uint8Array(10))
      await until(() => b.received.length === turn && clock.pending === 0, `pong ${turn}`)
      clock.advance(DEFAULT_LIMITS.livenessTimeoutMs)
    }
    expect(a.events).toEqual([])
  })

  it('that accepts and says nothing is given up at the time-out', async () => {
    const address = await bench.listen()
    const a = await bench.start(one, { handshakeTimeoutMs: 20 })
    a.transport.setPeers([member(two, address)])
    await until(
      () => a.events.some((event) => event.type === 'disconnected' && /no handshake within 20 ms/.test(event.reason)),
      'the time-out',
    )
  })
})

describe('an answer that does not fit', () => {
  const answer = (body: Uint8Array) => Buffer.concat([PEER_MAGIC, encodeFrame(body, crc32)])

  it.each<[string, Uint8Array, string]>([
    ['a refusal', answer(encodeRefusal({ code: 'CLUSTER_MISMATCH', ours: 'cluster 5', theirs: 'cluster 77' })), 'CLUSTER_MISMATCH'],
    ['another cluster', answer(encodeWelcome({ clusterId: 5, memberId: two, protocol: 1, incarnation: 22 })), 'CLUSTER_MISMATCH'],
    ['another member', answer(encodeWelcome({ clusterId: CLUSTER, memberId: three, protocol: 1, incarnation: 22 })), 'IDENTITY_MISMATCH'],
    [
      'a version it was not offered',
      answer(encodeWelcome({ clusterId: CLUSTER, memberId: two, protocol: 2, incarnation: 22 })),
      'VERSION_MISMATCH',
    ],
  ])('%s: the reason is told, and the next attempt comes late', async (_name, bytes, code) => {
    const a = await bench.start(one)
    const peer = await bench.handmadePeer(bytes)
    a.transport.setPeers([member(two, peer.address)])
    await until(() => refusals(a).length === 2, 'the refusals')
    expect(refusals(a)).toContainEqual(expect.objectContaining({ peer: two, error: expect.objectContaining({ code }) }))
    await until(() => retries(a).length === 2, 'back-off')
    for (const retryInMs of retries(a)) expect(retryInMs).toBeGreaterThanOrEqual(DEFAULT_LIMITS.refusedBackoffMs / 2)
    expect(a.states).toEqual([])
  })

  it.each<[string, Uint8Array]>([
    ['garbage', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['a hello', answer(Uint8Array.of(1))],
    ['a frame that is too large', Buffer.concat([PEER_MAGIC, Buffer.from('ffffffff00000000', 'hex')])],
    ['messages on a connection that only receives', Buffer.concat([goodWelcome, encodeFrame(Uint8Array.of(PeerFrame.message, 1), crc32)])],
  ])('%s: reported, and tried again', async (_name, bytes) => {
    const a = await bench.start(one)
    const peer = await bench.handmadePeer(bytes)
    a.transport.setPeers([member(two, peer.address)])
    await until(() => a.events.some((event) => event.type === 'malformed' && event.direction === 'outgoing'), 'the report')
    await until(() => peer.dials() > 2, 'another attempt')
    expect(a.received).toEqual([])
  })

  it('its own address under the name of another member: both sides say so', async () => {
    const a = await bench.start(one)
    a.transport.setPeers([member(two, a.address)])
    await until(() => refusals(a).length === 2, 'the refusals')
    expect(refusals(a)[0]).toMatchObject({ error: { code: 'IDENTITY_MISMATCH' } })
    expect(a.states).toEqual([])
  })
})

describe('back-off', () => {
  /** A transport in virtual time whose connections all fail at once. */
  function unreachable() {
    const clock = new ManualClock()
    const events: TransportEvent[] = []
    const transport = new TcpTransport({
      identity: { clusterId: CLUSTER, memberId: one },
      clock,
      random: new SeededRandom(1),
      crc32,
      sockets: { ...PLAIN_SOCKETS, connect: () => new Socket().destroy(new Error('unreachable')) },
      onEvent: (event) => events.push(event),
    })
    return {
      clock,
      transport,
      attempts: () => events.flatMap((event) => (event.type === 'disconnected' && event.lane === 'control' ? [event.retryInMs] : [])),
    }
  }

  it('doubles from 50 ms to 2 s, with jitter', async () => {
    const { clock, transport, attempts } = unreachable()
    transport.setPeers([member(two, '127.0.0.1:1')])
    for (let turn = 1; turn <= 10; turn++) {
      await until(() => attempts().length === turn, `failure ${turn}`)
      const limit = Math.min(2000, 50 * 2 ** (turn - 1))
      expect(attempts().at(-1)).toBeGreaterThanOrEqual(limit / 2)
      expect(attempts().at(-1)).toBeLessThanOrEqual(limit)
      clock.advance(limit)
    }
    expect(new Set(attempts()).size).toBe(10)
    await transport.close()
    expect(clock.pending).toBe(0)
  })

  it('keeps no message of a failed attempt', async () => {
    const { clock, transport, attempts } = unreachable()
    transport.setPeers([member(two, '127.0.0.1:1')])
    for (let count = 0; count < 5; count++) transport.send(two, 'control', new Uint8Array(10))
    await until(() => attempts().length === 1, 'the failure')
    expect(transport.statistics.dropped).toBe(5)
    await transport.close()
    expect(clock.pending).toBe(0)
  })
})
