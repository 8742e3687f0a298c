import type { Connection } from '@balsa/raft'
import { afterEach, describe, expect, it } from 'vitest'
import { CountingClock, openSockets, TestBench, until } from './tcp.test-support.js'
import { Resolver } from './resolver.js'
import { TcpDialer, type TcpDialerOptions } from './tcp-dialer.js'

const bench = new TestBench()
const dialled: Connection[] = []

afterEach(async () => {
  for (const connection of dialled.splice(0)) connection.close()
  await bench.dispose()
})

function dial(endpoint: string, options: Partial<TcpDialerOptions> = {}) {
  const clock = new CountingClock()
  const log: string[] = []
  const connection = new TcpDialer({ clock, ...options }).dial(endpoint, {
    onOpen: () => log.push('open'),
    onData: (bytes) => log.push(`data ${Buffer.from(bytes).toString()}`),
    onClose: (reason) => log.push(`close ${reason}`),
  })
  dialled.push(connection)
  return { connection, log, clock }
}

describe('TcpDialer', () => {
  it('carries bytes both ways, early ones too', async () => {
    const address = await bench.listen((socket) => socket.pipe(socket))
    for (const endpoint of [address, `http://${address}`, address.replace('127.0.0.1', 'localhost')]) {
      const { connection, log } = dial(endpoint)
      connection.write(Buffer.from('early '))
      connection.write(Buffer.from('bird'))
      expect(connection.bufferedBytes).toBe(10)
      await until(() => log.length >= 2, 'the echo')
      expect(log).toEqual(['open', 'data early bird'])
      expect(connection.bufferedBytes).toBe(0)
    }
  })

  it('sends all writes of one turn in one piece', async () => {
    const pieces: number[] = []
    const address = await bench.listen((socket) => socket.on('data', (data) => pieces.push(data.length)))
    const { connection, log } = dial(address)
    await until(() => log.includes('open'), 'the connection')
    for (let count = 0; count < 100; count++) connection.write(new Uint8Array(10))
    await until(() => pieces.length > 0, 'the piece')
    expect(pieces).toEqual([1000])
  })

  it('delivers what was written before close, then ends both sides once', async () => {
    let got = ''
    let ended = false
    const address = await bench.listen((socket) => socket.on('data', (data) => (got += data)).on('end', () => (ended = true)))
    const { connection, log, clock } = dial(address)
    await until(() => log.includes('open'), 'the connection')
    connection.write(Buffer.from('last words'))
    connection.close()
    connection.close()
    connection.write(Buffer.from('too late'))
    expect(log).toEqual(['open'])
    await until(() => ended && clock.pending === 0, 'the end')
    expect(got).toBe('last words')
    expect(log).toEqual(['open', 'close closed by this side'])
  })

  it('tells when the other side closes', async () => {
    const address = await bench.listen((socket) => socket.end('bye'))
    const { log } = dial(address)
    await until(() => log.length === 3, 'the close')
    expect(log).toEqual(['open', 'data bye', 'close closed by the other side'])
  })

  it('never throws for what cannot be reached: that arrives as onClose, once and later', async () => {
    const address = await bench.listen()
    const port = address.split(':')[1]
    await bench.dispose()
    const failing = new Resolver(new CountingClock(), (host, answer) => answer({ failure: `no ${host}` }))
    const cases: [string, Partial<TcpDialerOptions>, RegExp][] = [
      [`127.0.0.1:${port}`, {}, /ECONNREFUSED/],
      ['nonsense', {}, /is no address/],
      ['', {}, /is no address/],
      ['somewhere:1', { resolver: failing }, /no somewhere/],
    ]
    for (const [endpoint, options, reason] of cases) {
      const { connection, log, clock } = dial(endpoint, options)
      connection.write(Uint8Array.of(1))
      expect(log).toEqual([])
      await until(() => log.length > 0 && clock.pending === 0, 'the close')
      expect(log).toEqual([expect.stringMatching(reason)])
      connection.close()
    }
  })

  it('gives up at its time-out, and when it is closed while connecting', async () => {
    const silent = new Resolver(new CountingClock(), () => undefined)
    const first = dial('somewhere:1', { resolver: silent, connectTimeoutMs: 10 })
    await until(() => first.log.length > 0, 'the time-out')
    expect(first.log).toEqual(['close no connection within 10 ms'])
    const second = dial('somewhere:1', { resolver: silent })
    second.connection.close()
    await until(() => second.log.length > 0, 'the close')
    expect(second.log).toEqual(['close closed by this side'])
    expect(second.clock.pending).toBe(0)
  })

  it('leaves no socket behind, even when the other side does not read', async () => {
    const before = openSockets()
    const address = await bench.listen((socket) => socket.pause())
    const { connection, log, clock } = dial(address)
    await until(() => log.includes('open'), 'the connection')
    for (let count = 0; count < 20; count++) connection.write(new Uint8Array(1 << 20))
    await until(() => connection.bufferedBytes > 0 && bench.sockets.length > 0, 'the pipe to be full')
    connection.close()
    await until(() => clock.pending === 0, 'the time to linger to end')
    await bench.dispose()
    await until(() => openSockets() <= before, 'sockets to close')
  })
})
