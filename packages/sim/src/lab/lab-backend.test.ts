import { BalsaError, ManualClock, SeededRandom } from '@balsa/raft'
import { decodeRequest, type StoreAnswer } from '@balsa/kv'
import { describe, expect, it } from 'vitest'
import { encodeClientRequest, KvClientServer } from './kv-server.js'
import { LabBackend } from './lab-backend.js'
import { LabNetwork, type RpcServer } from './network.js'

const get = { type: 'get', key: Uint8Array.of(107), consistency: 'linearizable' } as const

function lab(servers: readonly (RpcServer | null)[]) {
  const clock = new ManualClock()
  const random = new SeededRandom(1)
  const network = new LabNetwork(clock, random)
  const links = new Map(
    servers.map((server, at) => {
      const link = network.link(1000, at + 1)
      link.enabled = true
      if (server !== null) network.setServer(at + 1, server)
      return [String(at + 1), link] as const
    }),
  )
  const backend = new LabBackend(clock, random, network, links)
  const attempt = (): { answer: StoreAnswer | null; error: BalsaError | null; retryAfterMs: number | null } => {
    const outcome: ReturnType<typeof attempt> = { answer: null, error: null, retryAfterMs: null }
    backend.attempt(get, {
      onAnswer: (answer) => {
        outcome.answer = answer
      },
      onError: (error, retryAfterMs) => Object.assign(outcome, { error, retryAfterMs }),
    })
    return outcome
  }
  return { clock, network, attempt }
}

/** A server over a replica that only knows how to answer a read. */
function server(clock: ManualClock, read: () => Promise<unknown>): KvClientServer {
  return new KvClientServer(clock, () => ({ read }) as unknown as ReturnType<ConstructorParameters<typeof KvClientServer>[1]>)
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('the clerk of the lab', () => {
  it('says the same in its requests as the client protocol', () => {
    expect(decodeRequest(encodeClientRequest({ ...get, id: 7 }))).toMatchObject({ type: 'get', id: 7, consistency: 'linearizable' })
  })

  it('follows the hint of a member that does not lead', async () => {
    const { clock, network, attempt } = lab([null, null, null])
    const asked: number[] = []
    const follower = async () => {
      asked.push(1)
      throw new BalsaError('NOT_LEADER', 'no', { leaderAddress: '3', leaderId: 3 })
    }
    const leader = async () => {
      asked.push(3)
      return { type: 'get', revision: 5, record: null }
    }
    network.setServer(1, server(clock, follower))
    network.setServer(3, server(clock, leader))
    const first = attempt()
    await clock.advanceAsync(5, settle)
    expect([first.error?.code, first.retryAfterMs]).toEqual(['NOT_LEADER', 0])
    const second = attempt()
    await clock.advanceAsync(5, settle)
    expect(second.answer).toMatchObject({ type: 'value', revision: 5 })
    expect(asked).toEqual([1, 3])
  })

  it('does not know what came of a lost request, and goes to another member', () => {
    const { clock, attempt } = lab([null, null])
    const outcome = attempt()
    clock.advance(100)
    expect([outcome.error?.family, outcome.retryAfterMs]).toEqual(['unknown', 0])
  })

  it('is served one request after the other', async () => {
    const { clock, network, attempt } = lab([null])
    network.setServer(
      1,
      server(clock, async () => ({ type: 'get', revision: 1, record: null })),
    )
    const outcomes = [attempt(), attempt(), attempt()]
    await clock.advanceAsync(1.3, settle)
    expect(outcomes.map(({ answer }) => answer !== null)).toEqual([true, true, false])
  })
})
