import { crc32 } from '@balsa/host'
import { encodeCommand, KvStateMachine, type WatchRequest } from '@balsa/kv'
import { asIndex, asTerm, BalsaError, ManualClock } from '@balsa/raft'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ClientLimits } from './client-limits.js'
import { ClientPort } from './client-port.js'
import { createGrpcServer } from './grpc/grpc-server.js'
import { createHttpServer } from './http.js'
import { SILENT_LOGGER } from './logger.js'
import { createMemberMetrics } from './metrics/member-metrics.js'
import { frames, RawClient } from './socket.test-support.js'

let clock: ManualClock
let machine: KvStateMachine
let leader: boolean
let barriers: boolean[]
let holdsData: boolean
let port: ClientPort
let client: RawClient

const bytes = (text: string): Uint8Array => Buffer.from(text)
const watch = (id: number, changes: Partial<WatchRequest> = {}, credit = 100_000) => {
  const everything = { key: new Uint8Array(1), rangeEnd: new Uint8Array(1), previous: false, noPut: false, noDelete: false }
  return frames({ type: 'watch', id, credit, watch: { ...everything, startRevision: 2, ...changes } })
}

function put(key: string, value: string | Uint8Array = ''): void {
  const command = encodeCommand({ type: 'put', stamp: null, key: bytes(key), value: typeof value === 'string' ? bytes(value) : value })
  machine.applyAtOnce([{ index: asIndex(machine.appliedIndex + 1), term: asTerm(1), timeMs: 1, command }])
}

/** What the events of a watch said, in their order; progress as numbers. */
function seen(id: number): (string | number)[] {
  return client.responses.flatMap((response): (string | number)[] => {
    if (response.type !== 'events' || response.id !== id) return []
    const { events, position } = response.watched
    return events.length === 0 ? [position] : events.map((event) => Buffer.from(event.key).toString())
  })
}
const error = (id: number): string | undefined => {
  const found = client.responses.find((response) => response.type === 'error' && response.id === id)
  return found?.type === 'error' ? found.error.code : undefined
}

async function barrier(fresh: boolean): Promise<void> {
  barriers.push(fresh)
  if (!holdsData) throw new BalsaError('UNAVAILABLE', 'a witness')
}

async function open(limits: Partial<ClientLimits> = {}): Promise<void> {
  const metrics = createMemberMetrics()
  const source = {
    fatal: () => null,
    readiness: () => ({ ready: true, reason: 'test' }),
    status: () => ({}),
    metricsText: () => '',
  }
  port = new ClientPort({
    listen: { host: '127.0.0.1', port: 0 },
    insecure: false,
    clock,
    crc32,
    limits,
    metrics,
    logger: SILENT_LOGGER,
    handler: {
      watching: { watches: machine.watches, barrier, hasLeader: () => leader },
      greeting: () => ({ clusterId: 7, memberId: 8, leaderAddress: '' }),
      handle: () => undefined,
    },
    grpc: createGrpcServer({ methods: new Map(), clock }),
    http: createHttpServer(source, metrics),
    httpInFlight: () => 0,
  })
  await port.listen()
  client = await RawClient.balsa(port.address ?? '')
}

beforeEach(() => {
  clock = new ManualClock()
  machine = new KvStateMachine()
  leader = true
  barriers = []
  holdsData = true
})

afterEach(async () => {
  client.destroy()
  const closing = port.close()
  clock.advance(2000)
  await closing
})

describe('watches on the client port', () => {
  it('tell where they begin, then events, until they are cancelled', async () => {
    await open()
    put('a')
    client.send(watch(1), watch(2, { startRevision: 0 }), watch(3, { key: bytes('b'), rangeEnd: new Uint8Array(0) }))
    await client.until(() => seen(1).length >= 2 && seen(2).length === 1 && seen(3).length === 1)
    put('b')
    await client.until(() => seen(1).length === 3 && seen(2).length === 2 && seen(3).length === 2)
    expect(barriers).toEqual([false, true, false])
    expect([seen(1), seen(2), seen(3)]).toEqual([
      [1, 'a', 'b'],
      [2, 'b'],
      [expect.any(Number), 'b'],
    ])
    client.send(frames({ type: 'cancel', id: 1 }, { type: 'cancel', id: 99 }))
    await client.until(() => error(1) !== undefined)
    put('c')
    await client.until(() => seen(2).length === 3)
    expect([error(1), seen(1).length]).toEqual(['ABORTED', 3])
    expect(machine.watches.size).toBe(2)
  })

  it('send no more than there is credit for, and begin again with more', async () => {
    await open()
    for (let at = 0; at < 10; at++) put(`k${at}`, new Uint8Array(1000))
    client.send(watch(1, {}, 2500))
    await client.until(() => seen(1).length >= 3)
    await client.until(() => seen(1).length === 4)
    client.send(frames({ type: 'credit', id: 1, bytes: 100_000 }))
    await client.until(() => seen(1).length === 11)
    expect(seen(1).slice(1)).toEqual(Array.from({ length: 10 }, (_, at) => `k${at}`))
  })

  it('cost a slow reader’s position only: nothing is lost when it reads on', async () => {
    await open({ pauseAboveBytes: 64 * 1024, maxQueuedBytes: 128 * 1024 })
    client.socket.pause()
    client.send(watch(1, {}, 0xffff_ffff))
    await new Promise((resolve) => setImmediate(resolve))
    for (let at = 0; at < 300; at++) put(`k${at}`, new Uint8Array(50_000))
    client.socket.resume()
    await client.until(() => seen(1).length >= 301)
    expect(seen(1).filter((one) => typeof one === 'string')).toEqual(Array.from({ length: 300 }, (_, at) => `k${at}`))
  })

  it('tell how far they are when nothing happens to their keys', async () => {
    await open()
    client.send(watch(1, { key: bytes('x'), rangeEnd: new Uint8Array(0) }))
    await client.until(() => seen(1).length === 1)
    put('a')
    put('b')
    clock.advance(11_000)
    await client.until(() => seen(1).length === 2)
    expect(seen(1).at(-1)).toBe(3)
  })

  it('end when the history is gone, when there is no leader for long, when the member stops, and when there are too many', async () => {
    await open({ maxWatchesPerConnection: 2 })
    put('a')
    put('b')
    put('c')
    const compact = encodeCommand({ type: 'compact', stamp: null, revision: 4 })
    machine.applyAtOnce([{ index: asIndex(machine.appliedIndex + 1), term: asTerm(1), timeMs: 1, command: compact }])
    client.send(watch(1))
    await client.until(() => error(1) !== undefined)
    client.send(
      watch(2, { startRevision: 0 }),
      watch(3, { startRevision: 0 }),
      watch(4, { startRevision: 0 }),
      watch(5, { key: bytes('') }),
    )
    await client.until(() => error(4) !== undefined && seen(3).length === 1)
    expect([error(1), error(4)]).toEqual(['COMPACTED', 'OVERLOADED'])
    clock.advance(2000)
    leader = false
    clock.advance(2000)
    leader = true
    clock.advance(2000)
    expect(machine.watches.size).toBe(2)
    leader = false
    clock.advance(4000)
    await client.until(() => error(2) !== undefined && error(3) !== undefined)
    expect(error(2)).toBe('NO_LEADER')
    leader = true
    client.send(watch(6, { startRevision: 0 }), watch(7, { key: bytes(''), startRevision: 0 }))
    await client.until(() => seen(6).length === 1 && error(7) !== undefined)
    expect(error(7)).toBe('INVALID')
    const draining = port.drain(1000)
    await client.until(() => error(6) !== undefined)
    expect(error(6)).toBe('STOPPED')
    clock.advance(2000)
    await draining
  })

  it('are refused by a member that holds no data', async () => {
    holdsData = false
    await open()
    client.send(watch(1), watch(2, { startRevision: 0 }))
    await client.until(() => error(1) !== undefined && error(2) !== undefined)
    expect([error(1), error(2), machine.watches.size]).toEqual(['UNAVAILABLE', 'UNAVAILABLE', 0])
  })

  it('vanish with their connection', async () => {
    await open()
    client.send(watch(1))
    await client.until(() => seen(1).length === 1)
    client.destroy()
    while (machine.watches.size > 0) await new Promise((resolve) => setImmediate(resolve))
  })
})
