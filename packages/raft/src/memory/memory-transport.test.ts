import { describe, expect, it } from 'vitest'
import type { Lane } from '../ports/transport.js'
import { asMemberId, type Member, type MemberId } from '../types.js'
import { ManualClock } from './manual-clock.js'
import { MemoryNetwork, type NetworkConditions } from './memory-transport.js'
import { SeededRandom } from './seeded-random.js'

const ids = [1, 2, 3].map(asMemberId) as [MemberId, MemberId, MemberId]
const [one, two, three] = ids
const members: Member[] = ids.map((id) => ({ id, address: `m${id}`, clientAddress: '', name: '' }))

async function threeMembers(conditions: Partial<NetworkConditions> = {}, seed = 1) {
  const clock = new ManualClock()
  const network = new MemoryNetwork(clock, new SeededRandom(seed), conditions)
  const received: string[] = []
  const join = async (id: MemberId) => {
    const transport = network.transport(id)
    await transport.start({ onMessage: (from, message) => received.push(`${from}>${id} ${message.join()} @${clock.now()}`) })
    transport.setPeers(members)
    return transport
  }
  const transports = new Map(await Promise.all(ids.map(async (id) => [id, await join(id)] as const)))
  const send = (from: MemberId, to: MemberId, value: number, lane: Lane = 'append') =>
    transports.get(from)?.send(to, lane, Uint8Array.of(value))
  return { clock, network, received, send, join, transports }
}

describe('MemoryNetwork', () => {
  it('delivers in order, never from inside send', async () => {
    const { clock, received, send } = await threeMembers()
    send(one, two, 1)
    send(one, two, 2)
    expect(received).toEqual([])
    clock.runDue()
    expect(received).toEqual(['1>2 1 @0', '1>2 2 @0'])
  })

  it('keeps the order of a lane under random delays, unless told otherwise', async () => {
    const values = (received: string[]) => received.map((line) => Number(line.split(' ')[1]))
    for (const ordered of [true, false]) {
      const { clock, received, send } = await threeMembers({ minDelayMs: 1, maxDelayMs: 50, ordered })
      for (let value = 0; value < 50; value++) send(one, two, value)
      clock.advance(100)
      const sorted = [...values(received)].sort((a, b) => a - b)
      expect(received.length).toBe(50)
      if (ordered) expect(values(received)).toEqual(sorted)
      else expect(values(received)).not.toEqual(sorted)
    }
  })

  it('loses and duplicates at the asked rates, the same for the same seed', async () => {
    const run = async (seed: number) => {
      const { clock, network, received, send } = await threeMembers({ dropRate: 0.2, duplicateRate: 0.1 }, seed)
      for (let turn = 0; turn < 1000; turn++) send(one, two, turn % 256)
      clock.runDue()
      return { received, counters: network.counters() }
    }
    const first = await run(3)
    expect(await run(3)).toEqual(first)
    expect((await run(4)).received).not.toEqual(first.received)
    expect(first.counters.sent).toBe(1000)
    expect(first.counters.dropped).toBeGreaterThan(150)
    expect(first.counters.dropped).toBeLessThan(250)
    expect(first.counters.delivered).toBeGreaterThan(1000 - first.counters.dropped + 50)
  })

  it('cuts one way, also what is under way, and heals', async () => {
    const { clock, network, received, send } = await threeMembers({ minDelayMs: 5, maxDelayMs: 5 })
    send(one, two, 1)
    network.cut(one, two)
    send(two, one, 2)
    clock.advance(5)
    network.heal()
    send(one, two, 3)
    clock.advance(5)
    expect(received).toEqual(['2>1 2 @5', '1>2 3 @10'])
    expect(network.counters(one)).toMatchObject({ sent: 2, dropped: 1 })
  })

  it('partitions into groups and isolates', async () => {
    const { clock, network, received, send } = await threeMembers()
    const everybody = () => {
      received.length = 0
      for (const from of ids) for (const to of ids) if (from !== to) send(from, to, 0)
      clock.runDue()
      return received.map((line) => line.slice(0, 3))
    }
    network.partition([one, two], [three])
    expect(everybody()).toEqual(['1>2', '2>1'])
    network.heal()
    network.isolate(one)
    expect(everybody()).toEqual(['2>3', '3>2'])
    network.restore(one, two)
    expect(everybody()).toEqual(['1>2', '2>3', '3>2'])
  })

  it('lets filters choose', async () => {
    const { clock, network, received, send } = await threeMembers()
    const remove = network.addFilter(({ lane, message }) => lane !== 'append' || message[0] !== 1)
    send(one, two, 1)
    send(one, two, 1, 'control')
    clock.runDue()
    remove()
    send(one, two, 1)
    clock.runDue()
    expect(received).toEqual(['1>2 1 @0', '1>2 1 @0'])
  })

  it('gives a restarted member nothing that was sent to the one before', async () => {
    const { clock, network, received, send, join, transports } = await threeMembers({ minDelayMs: 5, maxDelayMs: 5 })
    send(one, two, 1)
    const before = transports.get(two)
    transports.set(two, await join(two))
    send(one, two, 2)
    before?.send(one, 'append', Uint8Array.of(9))
    clock.advance(5)
    expect(received).toEqual(['1>2 2 @5'])
    await expect(before?.start({ onMessage: () => undefined })).rejects.toMatchObject({ code: 'STOPPED' })
    expect(network.counters(one).dropped).toBe(1)
  })

  it('keeps the newest control messages and the oldest appends of a full queue', async () => {
    const { clock, received, send } = await threeMembers({ maxQueuedBytes: 2 })
    for (const value of [1, 2, 3]) send(one, two, value, 'control')
    for (const value of [4, 5, 6]) send(one, two, value, 'append')
    clock.runDue()
    expect(received.map((line) => line.split(' ')[1])).toEqual(['2', '3', '4', '5'])
  })

  it('hands out copies: the sender keeps its bytes', async () => {
    const { clock, transports } = await threeMembers()
    const message = Uint8Array.of(1)
    let got: Uint8Array | null = null
    await transports.get(three)?.start({ onMessage: (_from, bytes) => (got = bytes) })
    transports.get(one)?.send(three, 'append', message)
    clock.runDue()
    expect(got).toEqual(message)
    expect(got).not.toBe(message)
  })
})
