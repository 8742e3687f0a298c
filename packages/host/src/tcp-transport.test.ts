import { createServer, type Server, Socket } from 'node:net'
import { crc32 } from 'node:zlib'
import { decodePeerHandshake, encodeFrame, encodeRefusal, encodeWelcome, FrameDecoder, type Lane, ManualClock, PEER_MAGIC, PeerFrame, type PeerHello, SeededRandom } from '@balsa/raft'
import { afterEach, describe, expect, it } from 'vitest'
import { DEFAULT_LIMITS, type TransportEvent } from './peer-context.js'
import { answerHello, CLUSTER, listenAnywhere, member, type Node, one, openSockets, startNode, three, two, until } from './tcp.test-support.js'
import { TcpTransport } from './tcp-transport.js'

const nodes: Node[] = []
const servers: Server[] = []
const sockets: Socket[] = []

afterEach(async () => {
  await Promise.all(nodes.splice(0).map(({ transport }) => transport.close()))
  for (const socket of sockets.splice(0)) socket.destroy()
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))))
})

async function start(...parameters: Parameters<typeof startNode>): Promise<Node> {
  const node = await startNode(...parameters)
  nodes.push(node)
  return node
}

const decodeHello = (body: Uint8Array): PeerHello => {
  const frame = decodePeerHandshake(body)
  if (frame.type !== 'hello') throw new Error(`${frame.type} instead of a hello`)
  return frame.hello
}

const welcome = Buffer.concat([PEER_MAGIC, encodeFrame(encodeWelcome({ clusterId: CLUSTER, memberId: two, protocol: 1 }), crc32)])

/** A peer 2 whose sockets the test holds in its hands after the handshake. */
async function handmadePeer(answer: Uint8Array = welcome) {
  const accepted = new Map<Lane, Socket>()
  let dials = 0
  const server = createServer((socket) => {
    dials += 1
    sockets.push(socket)
    answerHello(socket, () => answer, decodeHello, (lane) => accepted.set(lane, socket))
  })
  servers.push(server)
  return { address: await listenAnywhere(server), accepted, dials: () => dials }
}

const refusals = ({ events }: Node) => events.filter((event) => event.type === 'refused' && event.direction === 'outgoing')
const retries = ({ events }: Node) => events.flatMap((event) => (event.type === 'disconnected' ? [event.retryInMs] : []))

describe('TcpTransport', () => {
  it('sends all messages of one turn in one write', async () => {
    const a = await start(one)
    const b = await start(two)
    b.transport.setPeers([member(one, a.address)])
    a.transport.setPeers([member(two, b.address)])
    a.transport.send(two, 'append', Uint8Array.of(0))
    await until(() => b.received.length === 1, 'the first message')
    const before = a.transport.statistics
    for (let turn = 0; turn < 100; turn++) a.transport.send(two, 'append', new Uint8Array(100))
    await until(() => b.received.length === 101, 'all messages')
    const after = a.transport.statistics
    expect(after.sent - before.sent).toBe(100)
    expect(after.writes - before.writes).toBe(1)
    expect(b.transport.statistics).toMatchObject({ received: 101, receivedBytes: after.sentBytes })
  })

  it('finds a peer again after that restarted on its port', async () => {
    const a = await start(one)
    const b = await start(two)
    const port = Number(b.address.split(':')[1])
    a.transport.setPeers([member(two, b.address)])
    b.transport.setPeers([member(one, a.address)])
    await until(() => a.states.includes('2 up') && b.states.includes('1 up'), 'connections')
    await b.transport.close()
    await until(() => a.states.at(-1) === '2 down', 'the loss to be noticed')
    const again = await start(two, {}, { listen: { port } })
    again.transport.setPeers([member(one, a.address)])
    await until(() => {
      a.transport.send(two, 'control', Uint8Array.of(1))
      return again.received.length > 0
    }, 'a message after the restart')
    expect(a.states.at(-1)).toBe('2 up')
  })

  it('stops waiting as soon as the peer itself calls', async () => {
    const limits = { minBackoffMs: 3_600_000, maxBackoffMs: 3_600_000 }
    const a = await start(one, limits)
    const b = await start(two, limits)
    const [address, port] = [b.address, Number(b.address.split(':')[1])]
    await b.transport.close()
    a.transport.setPeers([member(two, address)])
    await until(() => retries(a).length === 2, 'both eager lanes to fail')
    const again = await start(two, limits, { listen: { port } })
    again.transport.setPeers([member(one, a.address)])
    a.transport.send(two, 'control', Uint8Array.of(1))
    await until(() => again.received.length === 1, 'a message long before the back-off ends')
  })

  it('dials the snapshot lane only when a snapshot waits', async () => {
    const a = await start(one)
    const peer = await handmadePeer()
    a.transport.setPeers([member(two, peer.address)])
    await until(() => peer.accepted.size === 2, 'the eager lanes')
    expect([...peer.accepted.keys()].sort()).toEqual(['append', 'control'])
    a.transport.send(two, 'snapshot', Uint8Array.of(1))
    await until(() => peer.accepted.has('snapshot'), 'the snapshot lane')
  })

  it('resolves names', async () => {
    const a = await start(one)
    const b = await start(two)
    b.transport.setPeers([member(one, a.address)])
    a.transport.setPeers([member(two, b.address.replace('127.0.0.1', 'localhost'))])
    a.transport.send(two, 'append', Uint8Array.of(1))
    await until(() => b.received.length === 1, 'a message by name')
  })

  it('keeps links to peers that setPeers names again', async () => {
    const a = await start(one)
    const peer = await handmadePeer()
    a.transport.setPeers([member(two, peer.address)])
    await until(() => a.states.includes('2 up') && peer.accepted.size === 2, 'connections')
    a.transport.setPeers([member(three, '127.0.0.1:1'), member(two, peer.address)])
    a.transport.send(two, 'append', Uint8Array.of(1))
    await until(() => (peer.accepted.get('append')?.bytesRead ?? 0) > 40, 'a message')
    expect(peer.dials()).toBe(2)
  })

  it('says which port it cannot have', async () => {
    const a = await start(one)
    const port = Number(a.address.split(':')[1])
    await expect(startNode(two, {}, { listen: { port } })).rejects.toMatchObject({ code: 'CONFIG', message: expect.stringContaining(`127.0.0.1:${port}`) })
  })

  it('starts once, and not after close', async () => {
    const a = await start(one)
    const handlers = { onMessage: () => undefined }
    await expect(a.transport.start(handlers)).rejects.toMatchObject({ code: 'INVALID' })
    await a.transport.close()
    expect(a.transport.address).toBeNull()
    await expect(a.transport.start(handlers)).rejects.toMatchObject({ code: 'STOPPED' })
  })
})

describe('a slow or dead peer', () => {
  it('costs no more memory than its queue', async () => {
    const maxQueuedBytes = 1 << 20
    const a = await start(one, { maxQueuedBytes, livenessTimeoutMs: 3_600_000 })
    const peer = await handmadePeer()
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
    const a = await start(one, { livenessTimeoutMs: 3_600_000 })
    const peer = await handmadePeer()
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
    const a = await start(one, { livenessTimeoutMs: 30 })
    const peer = await handmadePeer()
    a.transport.setPeers([member(two, peer.address)])
    await until(() => peer.accepted.size === 2, 'connections')
    a.transport.send(two, 'append', Uint8Array.of(1))
    await until(() => a.events.some((event) => event.type === 'disconnected' && event.lane === 'append' && /no sign of life/.test(event.reason)), 'the silence to be noticed')
    await until(() => peer.dials() === 3, 'another attempt')
    // Nothing was sent in the control lane, so nothing was expected there.
    expect(a.events.some((event) => event.type === 'disconnected' && event.lane === 'control')).toBe(false)
  })

  it('is left alone while it answers', async () => {
    const clock = new ManualClock()
    const a = await start(one, {}, { clock })
    const b = await start(two)
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
    const server = createServer((socket) => sockets.push(socket))
    servers.push(server)
    const a = await start(one, { handshakeTimeoutMs: 20 })
    a.transport.setPeers([member(two, await listenAnywhere(server))])
    await until(() => a.events.some((event) => event.type === 'disconnected' && /no handshake within 20 ms/.test(event.reason)), 'the time-out')
  })
})

describe('an answer that does not fit', () => {
  const answer = (body: Uint8Array) => Buffer.concat([PEER_MAGIC, encodeFrame(body, crc32)])

  it.each<[string, Uint8Array, string]>([
    ['a refusal', answer(encodeRefusal({ code: 'CLUSTER_MISMATCH', ours: 'cluster 5', theirs: 'cluster 77' })), 'CLUSTER_MISMATCH'],
    ['another cluster', answer(encodeWelcome({ clusterId: 5, memberId: two, protocol: 1 })), 'CLUSTER_MISMATCH'],
    ['another member', answer(encodeWelcome({ clusterId: CLUSTER, memberId: three, protocol: 1 })), 'IDENTITY_MISMATCH'],
    ['a version it was not offered', answer(encodeWelcome({ clusterId: CLUSTER, memberId: two, protocol: 2 })), 'VERSION_MISMATCH'],
  ])('%s: the reason is told, and the next attempt comes late', async (_name, bytes, code) => {
    const a = await start(one)
    const peer = await handmadePeer(bytes)
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
    ['messages on a connection that only receives', Buffer.concat([welcome, encodeFrame(Uint8Array.of(PeerFrame.message, 1), crc32)])],
  ])('%s: reported, and tried again', async (_name, bytes) => {
    const a = await start(one)
    const peer = await handmadePeer(bytes)
    a.transport.setPeers([member(two, peer.address)])
    await until(() => a.events.some((event) => event.type === 'malformed' && event.direction === 'outgoing'), 'the report')
    await until(() => peer.dials() > 2, 'another attempt')
    expect(a.received).toEqual([])
  })

  it('its own address under the name of another member: both sides say so', async () => {
    const a = await start(one)
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
      sockets: { connect: () => new Socket().destroy(new Error('unreachable')), createServer },
      onEvent: (event) => events.push(event),
    })
    return { clock, transport, attempts: () => events.flatMap((event) => (event.type === 'disconnected' && event.lane === 'control' ? [event.retryInMs] : [])) }
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

describe('close', () => {
  it('ends sockets and timers in every state of a link', async () => {
    const before = openSockets()
    const a = await start(one, { handshakeTimeoutMs: 3_600_000, refusedBackoffMs: 3_600_000 })
    const silent = createServer((socket) => sockets.push(socket))
    servers.push(silent)
    const peer = await handmadePeer()
    a.transport.setPeers([member(two, peer.address), member(three, await listenAnywhere(silent))])
    await until(() => a.states.includes('2 up') && sockets.length >= 4, 'an open and a silent peer')
    a.transport.send(two, 'append', new Uint8Array(1000))
    a.transport.setPeers([member(two, peer.address), member(three, 'no address')])
    await a.transport.close()
    expect(a.clock.pending).toBe(0)
    for (const socket of sockets) socket.destroy()
    await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))))
    await until(() => openSockets() <= before, 'sockets to close')
  })
})
