/** Who may connect, and where members that moved are found: over real sockets. */
import { crc32 } from 'node:zlib'
import { decodePeerHandshake, encodeFrame, type Member, PeerFrame } from '@balsa/raft'
import { afterEach, describe, expect, it } from 'vitest'
import type { PeerMemory } from './peer-context.js'
import { goodHello, helloBytes, member, type Node, one, RawClient, TestBench, three, two, until } from './tcp.test-support.js'

const bench = new TestBench()
const clients: RawClient[] = []

afterEach(async () => {
  for (const client of clients.splice(0)) client.socket.destroy()
  await bench.dispose()
})

function knock(node: Node, change: Partial<typeof goodHello> = {}): RawClient {
  const client = new RawClient(node.address).write(helloBytes({ ...goodHello, ...change }))
  clients.push(client)
  return client
}

const answered = async (client: RawClient) => {
  await until(() => client.frames.length > 0, 'an answer')
  return decodePeerHandshake(client.frames[0] ?? new Uint8Array(0))
}

const message = (text: string) => encodeFrame(Buffer.concat([Uint8Array.of(PeerFrame.message), Buffer.from(text)]), crc32)

/** A node that says where it is. */
async function start(id: Member['id'], options: Parameters<TestBench['start']>[2] = {}): Promise<Node> {
  let address = ''
  const node = await bench.start(id, {}, { peerAddress: () => address, ...options })
  address = node.address
  return node
}

describe('a member with another data directory', () => {
  it('is refused, with both, and the first one is still welcome', async () => {
    const node = await bench.start(one)
    node.transport.setPeers([member(two, '127.0.0.1:1')])
    expect(await answered(knock(node, { incarnation: 0xa }))).toMatchObject({ type: 'welcome' })
    expect(await answered(knock(node, { incarnation: 0xb }))).toEqual({
      type: 'refusal',
      refusal: { code: 'DISK_REPLACED', ours: 'met member 2 with data directory a', theirs: 'data directory b' },
    })
    expect(await answered(knock(node, { incarnation: 0xa }))).toMatchObject({ type: 'welcome' })
  })

  it('is told apart also by the one who dials', async () => {
    const a = await bench.start(one)
    const peer = await bench.handmadePeer()
    a.transport.setPeers([member(two, peer.address)])
    knock(a, { incarnation: 0xa })
    await until(() => a.states.includes('2 up'), 'the first meeting')
    await until(() => a.events.some((event) => event.type === 'refused' && event.by === 'us'), 'the refusal')
    expect(a.events).toContainEqual(
      expect.objectContaining({ type: 'refused', by: 'us', peer: two, error: expect.objectContaining({ code: 'DISK_REPLACED' }) }),
    )
  })

  it('is told so, as by the peer', async () => {
    const a = await start(one)
    const b = await start(two, { incarnation: 1 })
    a.transport.setPeers([member(two, b.address)])
    b.transport.setPeers([member(one, a.address)])
    await until(() => a.states.includes('2 up') && b.states.includes('1 up'), 'connections')
    await b.transport.close()
    const wiped = await start(two, { incarnation: 2 })
    wiped.transport.setPeers([member(one, a.address)])
    const told = () => wiped.events.find((event) => event.type === 'refused' && event.by === 'peer')
    await until(() => told() !== undefined, 'the refusal')
    expect(told()).toMatchObject({ peer: one, error: { code: 'DISK_REPLACED', family: 'fatal' } })
    expect(a.received).toEqual([])
  })
})

describe('a first meeting', () => {
  it('counts only when it is durable', async () => {
    const writes: (() => void)[] = []
    const memory: PeerMemory = {
      meet: (_id, incarnation) => new Promise((resolve) => void writes.push(() => resolve(incarnation))),
      forget: () => Promise.resolve(),
    }
    const node = await bench.start(one, {}, { memory })
    node.transport.setPeers([member(two, '127.0.0.1:1')])
    const client = knock(node).write(message('early'))
    await until(() => writes.length === 1, 'the hello')
    await new Promise((resolve) => setImmediate(resolve))
    expect([client.bytes.length, node.received.length]).toEqual([0, 0])
    for (const write of writes) write()
    expect(await answered(client)).toMatchObject({ type: 'welcome' })
    await until(() => node.received.length === 1, 'the message that waited')
  })

  it('that cannot be remembered is refused', async () => {
    const memory: PeerMemory = { meet: () => Promise.reject(new Error('disk full')), forget: () => Promise.resolve() }
    const node = await bench.start(one, {}, { memory })
    node.transport.setPeers([member(two, '127.0.0.1:1')])
    expect(await answered(knock(node))).toMatchObject({ refusal: { code: 'UNAVAILABLE', ours: expect.stringContaining('disk full') } })
  })
})

describe('a removed member', () => {
  it('is told so, and loses the connection that it has', async () => {
    const node = await bench.start(one)
    node.transport.setPeers([member(two, '127.0.0.1:1')])
    const client = knock(node)
    expect(await answered(client)).toMatchObject({ type: 'welcome' })
    node.transport.setPeers([], [two])
    await until(() => client.closed, 'the end of the connection')
    expect(await answered(knock(node))).toMatchObject({ refusal: { code: 'MEMBER_REMOVED', theirs: 'member 2' } })
    expect(await answered(knock(node, { peerAddress: '127.0.0.1:1' }))).toMatchObject({ refusal: { code: 'MEMBER_REMOVED' } })
  })
})

describe('a member that the log does not know', () => {
  it('is answered where it says that it is, until it leaves', async () => {
    const joiner = await start(one)
    const leader = await start(two)
    joiner.transport.setPeers([])
    leader.transport.setPeers([member(one, joiner.address)])
    await until(() => joiner.states.includes('2 up'), 'the connection')
    leader.transport.send(one, 'append', Uint8Array.of(1))
    await until(() => joiner.received.length === 1, 'a message of the stranger')
    joiner.transport.send(two, 'append', Uint8Array.of(2))
    await until(() => leader.received.length === 1, 'the answer')
    // Its log has told of others only: the leader stays reachable.
    joiner.transport.setPeers([member(three, '127.0.0.1:1')])
    joiner.transport.send(two, 'append', Uint8Array.of(3))
    await until(() => leader.received.length === 2, 'another answer')
    await leader.transport.close()
    await until(() => joiner.states.at(-1) === '2 down', 'the end')
    const { dropped } = joiner.transport.statistics
    joiner.transport.send(two, 'append', Uint8Array.of(4))
    expect(joiner.transport.statistics.dropped).toBe(dropped + 1)
  })

  it('becomes a peer like all others when the log tells of it', async () => {
    const joiner = await start(one)
    const leader = await start(two)
    leader.transport.setPeers([member(one, joiner.address)])
    await until(() => joiner.states.includes('2 up') && leader.states.includes('1 up'), 'connections')
    joiner.transport.setPeers([member(two, leader.address)])
    joiner.transport.send(two, 'append', Uint8Array.of(1))
    await until(() => leader.received.length === 1, 'a message')
    expect(joiner.states).toEqual(['2 up'])
  })

  it('there are not many of', async () => {
    const node = await bench.start(one)
    node.transport.setPeers([])
    for (let id = 10; id < 26; id++) {
      expect(await answered(knock(node, { memberId: id as never, peerAddress: '127.0.0.1:1' }))).toMatchObject({ type: 'welcome' })
    }
    expect(await answered(knock(node, { memberId: 26 as never, peerAddress: '127.0.0.1:1' }))).toMatchObject({
      refusal: { code: 'UNAVAILABLE', ours: expect.stringContaining('16 others') },
    })
  })
})

describe('a member under another address', () => {
  it('is dialled where it says that it is, before the log knows, and where the log says once that changes', async () => {
    const a = await start(one)
    const b = await start(two)
    a.transport.setPeers([member(two, '127.0.0.1:1')])
    b.transport.setPeers([member(one, a.address)])
    a.transport.send(two, 'control', Uint8Array.of(1))
    await until(() => {
      a.transport.send(two, 'control', Uint8Array.of(1))
      return b.received.length > 0
    }, 'a message at the new place')
    // The same place by the log: nothing is torn down.
    const states = [...a.states]
    a.transport.setPeers([member(two, b.address)])
    a.transport.send(two, 'control', Uint8Array.of(2))
    await until(() => b.received.at(-1)?.message[0] === 2, 'a message')
    expect(a.states).toEqual(states)
    const moved = await bench.handmadePeer()
    a.transport.setPeers([member(two, moved.address)])
    await until(() => moved.accepted.size === 2 || a.events.some(({ type }) => type === 'refused'), 'the newer place')
  })

  it('is found by the hints of the flags when the whole cluster has moved', async () => {
    const b = await bench.start(two)
    const a = await bench.start(one, {}, { addressHints: new Map([[two, b.address]]) })
    b.transport.setPeers([member(one, '127.0.0.1:1')])
    a.transport.setPeers([member(two, '127.0.0.1:1')])
    await until(() => {
      a.transport.send(two, 'control', Uint8Array.of(1))
      return b.received.length > 0
    }, 'a message at the hinted place')
    expect(a.events.some((event) => event.type === 'disconnected' && event.remote === '127.0.0.1:1')).toBe(true)
  })
})

describe('answers that are no answers', () => {
  it('are asked for less often after a few', async () => {
    const a = await bench.start(one, { minBackoffMs: 1, maxBackoffMs: 1 })
    const peer = await bench.handmadePeer(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'))
    a.transport.setPeers([member(two, peer.address)])
    const late = () => a.events.filter((event) => event.type === 'disconnected' && event.retryInMs >= 5000)
    await until(() => late().length === 2, 'both lanes to wait for long')
    expect(a.events.filter(({ type }) => type === 'malformed')).toHaveLength(6)
  })
})
