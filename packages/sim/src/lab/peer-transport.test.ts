import { asIndex, asMemberId, asTerm, encodeMessage, ManualClock, type Message, SeededRandom } from '@balsa/raft'
import { beforeEach, describe, expect, it } from 'vitest'
import { LabNetwork } from './network.js'
import { LabTransport } from './peer-transport.js'

const [one, two] = [asMemberId(1), asMemberId(2)]

const envelope = (from: number, to: number) => ({ from: asMemberId(from), to: asMemberId(to), term: asTerm(1) })
const heartbeat = (): Message => ({ type: 'heartbeat', ...envelope(1, 2), commit: asIndex(0), round: 0, fresh: null })
const heartbeatResponse = (): Message => ({ type: 'heartbeatResponse', ...envelope(2, 1), round: 0, stamp: 0, health: 'unknown' })
const append = (): Message => ({
  type: 'appendEntries',
  ...envelope(1, 2),
  prevLogIndex: asIndex(0),
  prevLogTerm: asTerm(0),
  leaderCommit: asIndex(0),
  round: 0,
  fresh: null,
  entries: [],
})
const appendResponse = (): Message => ({
  type: 'appendEntriesResponse',
  ...envelope(2, 1),
  round: 0,
  stamp: 0,
  matchIndex: asIndex(0),
  rejected: null,
})

describe('messages as RPCs', () => {
  let clock: ManualClock
  let network: LabNetwork
  let transports: readonly [LabTransport, LabTransport]
  let heard: number[]

  beforeEach(async () => {
    clock = new ManualClock()
    network = new LabNetwork(clock, new SeededRandom(1))
    const links = [network.link(1, 2), network.link(2, 1)] as const
    for (const link of links) link.enabled = true
    transports = [new LabTransport(network, new Map([[2, links[0]]])), new LabTransport(network, new Map([[1, links[1]]]))]
    heard = []
    await transports[0].start({ onMessage: (_from, bytes) => heard.push(bytes[0] ?? 0) })
    await transports[1].start({ onMessage: () => undefined })
    network.setServer(1, transports[0])
    network.setServer(2, transports[1])
  })

  const ask = (message: Message): void => transports[0].send(two, 'control', encodeMessage(message))
  const answer = (message: Message): void => transports[1].send(one, 'control', encodeMessage(message))

  it('counts a request and its answer once, however late the answer is', () => {
    ask(append())
    clock.advance(5000)
    answer(appendResponse())
    clock.advance(1)
    expect(heard).toHaveLength(1)
    expect(network.total).toBe(1)
    expect([network.handled(1), network.handled(2)]).toEqual([0, 1])
  })

  it('finds the request of each answer by kind', () => {
    ask(append())
    ask(heartbeat())
    clock.advance(1)
    answer(heartbeatResponse())
    answer(appendResponse())
    clock.advance(1)
    expect(heard).toHaveLength(2)
    expect(network.total).toBe(2)
  })

  it('takes the answer to a leader of an old term for the answer to what it sent', () => {
    ask(append())
    clock.advance(1)
    answer(heartbeatResponse())
    clock.advance(1)
    expect(network.total).toBe(1)
  })

  it('counts an answer that nobody asked for as a request of its own', () => {
    answer(heartbeatResponse())
    clock.advance(1)
    expect(heard).toHaveLength(1)
    expect([network.total, network.handled(1)]).toEqual([1, 1])
  })

  it('sends nothing after it was closed', async () => {
    await transports[0].close()
    ask(heartbeat())
    expect(network.total).toBe(0)
  })
})
