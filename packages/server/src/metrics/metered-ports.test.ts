import {
  asIndex,
  asMemberId,
  asTerm,
  type FileHandle,
  type FileSystem,
  ManualClock,
  type StateMachine,
  type Transport,
  type TransportHandlers,
} from '@balsa/raft'
import { describe, expect, it, vi } from 'vitest'
import { createMemberMetrics, MESSAGE_TYPES } from './member-metrics.js'
import { MeteredFileSystem, meteredStateMachine, MeteredTransport } from './metered-ports.js'

const PEER = asMemberId(2)

describe('MeteredTransport', () => {
  it('counts messages and bytes by type and lane, and passes everything on unchanged', async () => {
    const metrics = createMemberMetrics()
    let handlers: TransportHandlers | null = null
    const inner: Transport = {
      start: async (given) => {
        handlers = given
      },
      setPeers: vi.fn(),
      send: vi.fn(),
      close: vi.fn(async () => undefined),
    }
    const transport = new MeteredTransport(inner, metrics)
    const onMessage = vi.fn()
    await transport.start({ onMessage })
    const heartbeat = Uint8Array.of(MESSAGE_TYPES.indexOf('heartbeat'), 1, 2)
    transport.send(PEER, 'control', heartbeat)
    expect(inner.send).toHaveBeenCalledWith(PEER, 'control', heartbeat)
    expect(metrics.messagesSent.get({ type: 'heartbeat', lane: 'control' })).toBe(1)
    expect(metrics.bytesSent.get({ type: 'heartbeat', lane: 'control' })).toBe(3)
    const received = handlers as TransportHandlers | null
    for (const message of [heartbeat, Uint8Array.of(200), new Uint8Array(0)]) received?.onMessage(PEER, message)
    expect(onMessage).toHaveBeenCalledTimes(3)
    expect(metrics.messagesReceived.get({ type: 'heartbeat' })).toBe(1)
    expect(metrics.messagesReceived.get({ type: 'unknown' })).toBe(2)
    expect(metrics.bytesReceived.get({ type: 'unknown' })).toBe(1)
    transport.setPeers([], [asMemberId(3)])
    await transport.close()
    expect(inner.setPeers).toHaveBeenCalledWith([], [asMemberId(3)])
    expect(inner.close).toHaveBeenCalledOnce()
  })
})

describe('MeteredFileSystem', () => {
  it('counts bytes and times syncs, also none that failed', async () => {
    const metrics = createMemberMetrics()
    const clock = new ManualClock()
    let fail = false
    const file: FileHandle = {
      path: '/f',
      size: async () => 7,
      read: async () => Uint8Array.of(1),
      write: () => undefined,
      datasync: async () => {
        clock.advance(20)
        if (fail) throw new Error('no')
      },
      truncate: async () => undefined,
      close: async () => undefined,
    }
    const inner: FileSystem = {
      open: async () => file,
      list: async () => ['f'],
      exists: async () => true,
      makeDirectory: async () => undefined,
      rename: async () => undefined,
      remove: async () => undefined,
      syncDirectory: async () => undefined,
    }
    const fileSystem = new MeteredFileSystem(inner, clock, metrics)
    const handle = await fileSystem.open('/f', 'create')
    handle.write(0, new Uint8Array(10))
    await handle.datasync()
    fail = true
    await expect(handle.datasync()).rejects.toThrow('no')
    expect(metrics.writtenBytes.get({})).toBe(10)
    expect(metrics.syncDuration.count).toBe(1)
    expect([handle.path, await handle.size(), await handle.read(0, 1)]).toEqual(['/f', 7, Uint8Array.of(1)])
    expect([await fileSystem.list('/'), await fileSystem.exists('/f')]).toEqual([['f'], true])
    await Promise.all([
      handle.truncate(0),
      handle.close(),
      fileSystem.makeDirectory('/d'),
      fileSystem.rename('a', 'b'),
      fileSystem.remove('a'),
      fileSystem.syncDirectory('/'),
    ])
  })
})

describe('meteredStateMachine', () => {
  const batch = [1, 2].map((index) => ({ index: asIndex(index), term: asTerm(1), timeMs: 0, command: new Uint8Array(1) }))
  const machine = (apply: StateMachine<string>['apply']): StateMachine<string> => ({
    apply,
    query: () => 'answer',
    snapshot: async function* () {},
    restore: async () => undefined,
  })

  it('times batches whether they are applied at once or later, and changes no result', async () => {
    const metrics = createMemberMetrics()
    const clock = new ManualClock()
    const atOnce = meteredStateMachine(
      machine((commands) => commands.map(() => 'a')),
      clock,
      metrics,
    )
    expect(atOnce.apply(batch)).toEqual(['a', 'a'])
    expect(metrics.applyLatency.count).toBe(1)
    const later = meteredStateMachine(
      machine(async (commands) => commands.map(() => 'b')),
      clock,
      metrics,
    )
    const results = later.apply(batch)
    expect(metrics.applyLatency.count).toBe(1)
    expect(await results).toEqual(['b', 'b'])
    expect(metrics.applyLatency.count).toBe(2)
    expect(metrics.appliedCommands.get({})).toBe(4)
    expect([later.query(null), later.wantsSnapshot?.()]).toEqual(['answer', false])
    await later.restore(later.snapshot())
  })
})
