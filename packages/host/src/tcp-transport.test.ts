import { afterEach, describe, expect, it } from 'vitest'
import { member, type Node, one, openSockets, startNode, TestBench, three, two, until } from './tcp.test-support.js'

const bench = new TestBench()

afterEach(() => bench.dispose())

const retries = ({ events }: Node) => events.flatMap((event) => (event.type === 'disconnected' ? [event.retryInMs] : []))

describe('TcpTransport', () => {
  it('sends all messages of one turn in one write', async () => {
    const a = await bench.start(one)
    const b = await bench.start(two)
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

  it('learns from a peer that connects where clients reach it', async () => {
    const a = await bench.start(one)
    const b = await bench.start(two, {}, { clientAddress: () => '127.0.0.1:2379' })
    expect(a.transport.clientAddressOf(two)).toBe('')
    a.transport.setPeers([member(two, b.address)])
    b.transport.setPeers([member(one, a.address)])
    await until(() => a.transport.clientAddressOf(two) !== '', 'the address')
    expect(a.transport.clientAddressOf(two)).toBe('127.0.0.1:2379')
    await until(() => b.states.includes('1 up'), 'the way back')
    expect(b.transport.clientAddressOf(one)).toBe('')
  })

  it('finds a peer again after that restarted on its port', async () => {
    const a = await bench.start(one)
    const b = await bench.start(two)
    const port = Number(b.address.split(':')[1])
    a.transport.setPeers([member(two, b.address)])
    b.transport.setPeers([member(one, a.address)])
    await until(() => a.states.includes('2 up') && b.states.includes('1 up'), 'connections')
    await b.transport.close()
    await until(() => a.states.at(-1) === '2 down', 'the loss to be noticed')
    const again = await bench.start(two, {}, { listen: { port } })
    again.transport.setPeers([member(one, a.address)])
    await until(() => {
      a.transport.send(two, 'control', Uint8Array.of(1))
      return again.received.length > 0
    }, 'a message after the restart')
    expect(a.states.at(-1)).toBe('2 up')
  })

  it('stops waiting as soon as the peer itself calls', async () => {
    const limits = { minBackoffMs: 3_600_000, maxBackoffMs: 3_600_000 }
    const a = await bench.start(one, limits)
    const b = await bench.start(two, limits)
    const [address, port] = [b.address, Number(b.address.split(':')[1])]
    await b.transport.close()
    a.transport.setPeers([member(two, address)])
    await until(() => retries(a).length === 2, 'both eager lanes to fail')
    const again = await bench.start(two, limits, { listen: { port } })
    again.transport.setPeers([member(one, a.address)])
    a.transport.send(two, 'control', Uint8Array.of(1))
    await until(() => again.received.length === 1, 'a message long before the back-off ends')
  })

  it('dials the snapshot lane only when a snapshot waits', async () => {
    const a = await bench.start(one)
    const peer = await bench.handmadePeer()
    a.transport.setPeers([member(two, peer.address)])
    await until(() => peer.accepted.size === 2, 'the eager lanes')
    expect([...peer.accepted.keys()].sort()).toEqual(['append', 'control'])
    a.transport.send(two, 'snapshot', Uint8Array.of(1))
    await until(() => peer.accepted.has('snapshot'), 'the snapshot lane')
  })

  it('resolves names', async () => {
    const a = await bench.start(one)
    const b = await bench.start(two)
    b.transport.setPeers([member(one, a.address)])
    a.transport.setPeers([member(two, b.address.replace('127.0.0.1', 'localhost'))])
    a.transport.send(two, 'append', Uint8Array.of(1))
    await until(() => b.received.length === 1, 'a message by name')
  })

  it('keeps links to peers that setPeers names again', async () => {
    const a = await bench.start(one)
    const peer = await bench.handmadePeer()
    a.transport.setPeers([member(two, peer.address)])
    await until(() => a.states.includes('2 up') && peer.accepted.size === 2, 'connections')
    a.transport.setPeers([member(three, '127.0.0.1:1'), member(two, peer.address)])
    a.transport.send(two, 'append', Uint8Array.of(1))
    await until(() => (peer.accepted.get('append')?.bytesRead ?? 0) > 40, 'a message')
    expect(peer.dials()).toBe(2)
  })

  it('says which port it cannot have', async () => {
    const a = await bench.start(one)
    const port = Number(a.address.split(':')[1])
    await expect(startNode(two, {}, { listen: { port } })).rejects.toMatchObject({
      code: 'CONFIG',
      message: expect.stringContaining(`127.0.0.1:${port}`),
    })
  })

  it('starts once, and not after close', async () => {
    const a = await bench.start(one)
    const handlers = { onMessage: () => undefined }
    await expect(a.transport.start(handlers)).rejects.toMatchObject({ code: 'INVALID' })
    await a.transport.close()
    expect(a.transport.address).toBeNull()
    await expect(a.transport.start(handlers)).rejects.toMatchObject({ code: 'STOPPED' })
  })
})

describe('close', () => {
  it('ends sockets and timers in every state of a link', async () => {
    const before = openSockets()
    const a = await bench.start(one, { handshakeTimeoutMs: 3_600_000, refusedBackoffMs: 3_600_000 })
    const silent = await bench.listen()
    const peer = await bench.handmadePeer()
    a.transport.setPeers([member(two, peer.address), member(three, silent)])
    await until(() => a.states.includes('2 up') && bench.sockets.length >= 4, 'an open and a silent peer')
    a.transport.send(two, 'append', new Uint8Array(1000))
    a.transport.setPeers([member(two, peer.address), member(three, 'no address')])
    await a.transport.close()
    expect(a.clock.pending).toBe(0)
    await bench.dispose()
    await until(() => openSockets() <= before, 'sockets to close')
  })
})
