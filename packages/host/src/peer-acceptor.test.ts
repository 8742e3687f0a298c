/** What strangers and broken peers may send to the peer port: SECURITY of the handshake and of frames, over real sockets. */
import { crc32 } from 'node:zlib'
import { asMemberId, decodePeerHandshake, encodeFrame, encodeHello, encodeRefusal, encodeWelcome, PEER_MAGIC, PeerFrame } from '@balsa/raft'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import type { TcpTransportLimits } from './peer-context.js'
import { CLUSTER, goodHello, helloBytes, member, type Node, one, RawClient, startNode, three, two, until } from './tcp.test-support.js'

const nodes: Node[] = []
const clients: RawClient[] = []

afterEach(async () => {
  for (const client of clients.splice(0)) client.socket.destroy()
  await Promise.all(nodes.splice(0).map(({ transport }) => transport.close()))
})

/** Member 1, who knows members 2 and 3 at addresses where nobody listens. */
async function victim(limits: Partial<TcpTransportLimits> = {}): Promise<Node> {
  const node = await startNode(one, limits)
  nodes.push(node)
  node.transport.setPeers([member(one, node.address), member(two, '127.0.0.1:1'), member(three, '127.0.0.1:1')])
  return node
}

function knock(node: Node): RawClient {
  const client = new RawClient(node.address)
  clients.push(client)
  return client
}

const message = (text: string) => encodeFrame(Buffer.concat([Uint8Array.of(PeerFrame.message), Buffer.from(text)]), crc32)

/** The node must still serve a well-behaved peer. */
async function demandService(node: Node): Promise<void> {
  const before = node.received.length
  const client = knock(node)
  client.write(helloBytes({ ...goodHello, memberId: three }), message('still there'))
  await until(() => node.received.length > before, 'a message after the attack')
  expect(Buffer.from(node.received.at(-1)?.message ?? []).toString()).toBe('still there')
}

const header = (length: number, checksum = 0) => {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt32LE(length, 0)
  bytes.writeUInt32LE(checksum, 4)
  return bytes
}

describe('a stranger on the peer port', () => {
  it.each<[string, Uint8Array]>([
    ['garbage', Buffer.from('\x99garbage that means nothing')],
    ['zeros', Buffer.alloc(100)],
    ['a TLS hello', Buffer.from('16030100c8010000c40303', 'hex')],
    ['HTTP/1.1', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
    ['the HTTP/2 preface', Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')],
    ['the client protocol', Buffer.from('BALSAC\0\x01')],
    ['a zero length', Buffer.concat([PEER_MAGIC, header(0)])],
    ['a hello above its limit', Buffer.concat([PEER_MAGIC, header(1025)])],
    ['a frame of 2^31 - 1 bytes', Buffer.concat([PEER_MAGIC, header(0x7fff_ffff)])],
    ['a frame of 2^32 - 1 bytes', Buffer.concat([PEER_MAGIC, header(0xffff_ffff)])],
    ['a wrong checksum', Buffer.concat([PEER_MAGIC, header(3, 1), Buffer.from('abc')])],
    ['a message before the hello', Buffer.concat([PEER_MAGIC, message('hi')])],
    [
      'a welcome before the hello',
      Buffer.concat([PEER_MAGIC, encodeFrame(encodeWelcome({ clusterId: 1, memberId: two, protocol: 1, incarnation: 22 }), crc32)]),
    ],
    [
      'a refusal before the hello',
      Buffer.concat([PEER_MAGIC, encodeFrame(encodeRefusal({ code: 'MALFORMED', ours: '', theirs: '' }), crc32)]),
    ],
    ['an unknown frame type', Buffer.concat([PEER_MAGIC, encodeFrame(Uint8Array.of(99), crc32)])],
    [
      'a hello with trailing bytes',
      Buffer.concat([PEER_MAGIC, encodeFrame(Buffer.concat([encodeHello(goodHello), Uint8Array.of(0)]), crc32)]),
    ],
  ])('is cut off without an answer for %s', async (_name, bytes) => {
    const node = await victim()
    const client = knock(node).write(bytes)
    await until(() => client.closed, 'the end of the connection')
    expect(client.bytes.length).toBe(0)
    expect(node.events).toContainEqual(expect.objectContaining({ type: 'malformed', direction: 'incoming', peer: null }))
    await demandService(node)
  })

  it('is cut off when it says nothing, or not enough', async () => {
    const node = await victim({ handshakeTimeoutMs: 20 })
    const silent = knock(node)
    const slow = knock(node).write(PEER_MAGIC.subarray(0, 5))
    const half = knock(node).write(helloBytes(goodHello).subarray(0, 20))
    await until(() => silent.closed && slow.closed && half.closed, 'the end of silent connections')
    expect(node.events.filter(({ type }) => type === 'rejected').length).toBe(3)
    await demandService(node)
  })

  it('may leave in the middle of a frame', async () => {
    const node = await victim()
    const client = knock(node).write(helloBytes(goodHello), message('x'.repeat(1000)).subarray(0, 500))
    await until(() => client.bytes.length > 0, 'the welcome')
    client.socket.destroy()
    await until(() => node.states.includes('2 down'), 'the connection to be noticed as closed')
    expect(node.received).toEqual([])
    await demandService(node)
  })

  it('never brings the node down, whatever it sends', async () => {
    const node = await victim()
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.uint8Array({ minLength: 1, maxLength: 40 }).map((body) => encodeFrame(body, crc32)),
      fc.constantFrom(helloBytes(goodHello), Buffer.from(PEER_MAGIC), message('m'), encodeFrame(Uint8Array.of(PeerFrame.ping), crc32)),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 6 }), async (pieces) => {
        const client = knock(node)
        client.write(...pieces)
        client.socket.end()
        await until(() => client.closed, 'the end of the connection')
      }),
      { numRuns: 100 },
    )
    await demandService(node)
  })
})

describe('a handshake that does not fit', () => {
  it.each<[string, Partial<typeof goodHello>, string, RegExp, RegExp]>([
    ['another cluster', { clusterId: 78 }, 'CLUSTER_MISMATCH', /77/, /78/],
    ['another member expected', { expectedPeer: asMemberId(5) }, 'IDENTITY_MISMATCH', /1/, /5/],
    ["the node's own id", { memberId: one }, 'IDENTITY_MISMATCH', /1 itself/, /1/],
    ['an unknown member that says no address', { memberId: asMemberId(9) }, 'UNAVAILABLE', /no such member/, /9/],
    ['newer versions only', { protocol: { min: 2, max: 3 } }, 'VERSION_MISMATCH', /1 to 1/, /2 to 3/],
    ['older versions only', { protocol: { min: 0, max: 0 } }, 'VERSION_MISMATCH', /1 to 1/, /0 to 0/],
  ])('%s is refused with the reason', async (_name, change, code, ours, theirs) => {
    const node = await victim()
    const client = knock(node).write(helloBytes({ ...goodHello, ...change }), message('must not arrive'))
    await until(() => client.closed, 'the end of the connection')
    const frame = decodePeerHandshake(client.frames[0] ?? new Uint8Array(0))
    expect(frame).toEqual({ type: 'refusal', refusal: { code, ours: expect.stringMatching(ours), theirs: expect.stringMatching(theirs) } })
    expect(node.events).toContainEqual(
      expect.objectContaining({ type: 'refused', direction: 'incoming', error: expect.objectContaining({ code }) }),
    )
    expect(node.received).toEqual([])
    await demandService(node)
  })

  it('another framing version is told ours', async () => {
    const node = await victim()
    const client = knock(node).write('BALSAP\0\x02')
    await until(() => client.closed, 'the end of the connection')
    expect(decodePeerHandshake(client.frames[0] ?? new Uint8Array(0))).toMatchObject({
      type: 'refusal',
      refusal: { code: 'VERSION_MISMATCH' },
    })
  })

  it('is cut even when the refused side does not leave', async () => {
    const node = await victim()
    const client = knock(node)
    client.socket.pause()
    client.write(helloBytes({ ...goodHello, clusterId: 1 }))
    await until(() => node.events.some(({ type }) => type === 'refused'), 'the refusal')
    await node.transport.close()
    expect(node.clock.pending).toBe(0)
  })
})

describe('a peer that was welcomed', () => {
  async function welcomed(node: Node, lane: 'append' | 'control' = 'append'): Promise<RawClient> {
    const client = knock(node).write(helloBytes({ ...goodHello, lane }))
    await until(() => client.bytes.length > 0, 'the welcome')
    expect(decodePeerHandshake(client.frames[0] ?? new Uint8Array(0))).toEqual({
      type: 'welcome',
      welcome: { clusterId: CLUSTER, memberId: one, protocol: 1, incarnation: expect.any(Number) },
    })
    return client
  }

  it.each<[string, Uint8Array]>([
    ['a frame above the limit', header(1000 - 8 + 1)],
    ['a zero length', header(0)],
    ['a wrong checksum', header(1, 5).subarray(0, 8)],
    ['a second hello', encodeFrame(encodeHello(goodHello), crc32)],
    ['an unknown type', encodeFrame(Uint8Array.of(99, 1), crc32)],
    ['a ping with a body', encodeFrame(Uint8Array.of(PeerFrame.ping, 1), crc32)],
  ])('is cut off for %s', async (_name, bytes) => {
    const node = await victim({ maxFrameBytes: 1000 })
    const client = await welcomed(node)
    client.write(message('before'), bytes, Uint8Array.of(4))
    await until(() => client.closed, 'the end of the connection')
    expect(node.received.map(({ message: bytesReceived }) => Buffer.from(bytesReceived).toString())).toEqual(['before'])
    expect(node.events).toContainEqual(expect.objectContaining({ type: 'malformed', peer: two }))
    await demandService(node)
  })

  it('may send a frame of exactly the limit', async () => {
    const node = await victim({ maxFrameBytes: 1000 })
    const client = await welcomed(node)
    client.write(message('x'.repeat(1000 - 9)))
    await until(() => node.received.length === 1, 'the message')
  })

  it('is replaced by its next connection in the same lane only', async () => {
    const node = await victim()
    const first = await welcomed(node)
    const control = await welcomed(node, 'control')
    const second = await welcomed(node)
    await until(() => first.closed, 'the end of the first connection')
    second.write(message('second'))
    control.write(message('control'))
    await until(() => node.received.length === 2, 'messages on the others')
    expect(node.states).toEqual(['2 up'])
  })

  it('is disconnected when it is no member any more', async () => {
    const node = await victim()
    const client = await welcomed(node)
    node.transport.setPeers([member(one, node.address)])
    await until(() => client.closed, 'the end of the connection')
    expect(node.states).toEqual(['2 up', '2 down'])
  })

  it('gets a pong for its pings', async () => {
    const node = await victim()
    const client = await welcomed(node)
    client.write(encodeFrame(Uint8Array.of(PeerFrame.ping), crc32))
    await until(() => client.frames.length === 2, 'the pong')
    expect([...(client.frames[1] ?? [])]).toEqual([PeerFrame.pong])
  })
})

describe('too many connections', () => {
  it('are refused at once, and the existing ones go on', async () => {
    const node = await victim({ maxConnections: 3 })
    const existing = knock(node).write(helloBytes(goodHello))
    await until(() => existing.bytes.length > 0, 'the welcome')
    const idle = [knock(node), knock(node)]
    await until(() => idle.every(({ socket }) => !socket.connecting), 'idle connections')
    const extra = [knock(node), knock(node)]
    await until(() => extra.every(({ closed }) => closed), 'the end of those beyond the limit')
    existing.write(message('still here'))
    await until(() => node.received.length === 1, 'the message')
    expect(node.events.filter((event) => event.type === 'rejected' && event.reason === 'too many connections').length).toBe(2)
    for (const { socket } of idle) socket.destroy()
    await until(() => idle.every(({ closed }) => closed), 'room')
    await demandService(node)
  })

  it('are limited per address too', async () => {
    const node = await victim({ maxConnectionsPerAddress: 2 })
    const clients = [knock(node), knock(node)]
    await until(() => clients.every(({ socket }) => !socket.connecting), 'two connections')
    const third = knock(node)
    await until(() => third.closed, 'the end of the third')
    expect(clients.some(({ closed }) => closed)).toBe(false)
  })
})
