import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Connection } from '../ports/connection.js'
import { ManualClock } from './manual-clock.js'
import { MemoryStreams, type StreamConditions } from './memory-dialer.js'
import { SeededRandom } from './seeded-random.js'

function setup(conditions: Partial<StreamConditions> = {}, seed = 1) {
  const clock = new ManualClock()
  const streams = new MemoryStreams(clock, new SeededRandom(seed), conditions)
  const log: string[] = []
  const accepted: Connection[] = []
  const handlers = (name: string) => ({
    onOpen: () => log.push(`${name} open`),
    onData: (bytes: Uint8Array) => log.push(`${name} got ${bytes.join()}`),
    onClose: (reason: string) => log.push(`${name} closed: ${reason}`),
  })
  const listen = () =>
    streams.listen('server', (connection) => {
      accepted.push(connection)
      return handlers('server')
    })
  const dial = () => streams.dialer().dial('server', handlers('client'))
  return { clock, streams, log, accepted, listen, dial }
}

describe('MemoryStreams', () => {
  it('carries bytes both ways, early ones too, and tells both ends of the close once', () => {
    const { clock, log, accepted, listen, dial } = setup({ delayMs: 3 })
    const listener = listen()
    const connection = dial()
    connection.write(Uint8Array.of(1))
    expect(connection.bufferedBytes).toBe(1)
    clock.advance(10)
    expect(connection.bufferedBytes).toBe(0)
    accepted[0]?.write(Uint8Array.of(2))
    connection.write(Uint8Array.of(3))
    connection.close()
    connection.close()
    clock.advance(10)
    // The answer arrives after the client closed, so it is lost; what the client wrote before is not.
    expect(log).toEqual([
      'server open',
      'client open',
      'server got 1',
      'client closed: closed by this side',
      'server got 3',
      'server closed: closed by the other side',
    ])
    expect(listener.connections).toBe(0)
    expect(clock.pending).toBe(0)
  })

  it('cuts streams anywhere and loses nothing', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 10 }), fc.array(fc.uint8Array({ maxLength: 50 })), (seed, maxPieceBytes, writes) => {
        const { clock, streams } = setup({ maxPieceBytes }, seed)
        const got: number[] = []
        streams.listen('sink', () => ({
          onOpen: () => undefined,
          onData: (bytes) => {
            expect(bytes.length).toBeLessThanOrEqual(maxPieceBytes)
            got.push(...bytes)
          },
          onClose: () => undefined,
        }))
        const connection = streams.dialer().dial('sink', { onOpen: () => undefined, onData: () => undefined, onClose: () => undefined })
        for (const bytes of writes) connection.write(bytes)
        clock.runDue()
        expect(got).toEqual(writes.flatMap((bytes) => [...bytes]))
      }),
    )
  })

  it('refuses where nobody listens, by onClose', () => {
    const { clock, log, dial } = setup()
    dial()
    expect(log).toEqual([])
    clock.runDue()
    expect(log).toEqual(['client closed: connection to server refused'])
  })

  it('says nothing about a silenced endpoint', () => {
    const { clock, streams, log, accepted, listen, dial } = setup()
    listen()
    const connection = dial()
    clock.runDue()
    streams.silence('server')
    connection.write(Uint8Array.of(1))
    accepted[0]?.close()
    clock.runDue()
    expect(log).toEqual(['server open', 'client open', 'server closed: closed by this side'])
    streams.unsilence('server')
    connection.close()
    clock.runDue()
    expect(log.at(-1)).toBe('client closed: closed by this side')
  })

  it('breaks connections of a closed listener and frees its endpoint', () => {
    const { clock, log, listen, dial } = setup()
    const listener = listen()
    expect(listen).toThrowError(expect.objectContaining({ code: 'INVALID' }))
    dial()
    clock.runDue()
    listener.close()
    clock.runDue()
    expect(log).toEqual(['server open', 'client open', 'server closed: closed by this side', 'client closed: closed by the other side'])
    expect(listen().connections).toBe(0)
  })
})
