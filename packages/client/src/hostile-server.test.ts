import { beginFrame, ByteWriter, endFrame } from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import { encodeResponse, ScriptedCluster, testCrc32 } from './scripted-cluster.test-support.js'

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

function frame(...body: number[]): Uint8Array {
  const writer = new ByteWriter()
  const start = beginFrame(writer)
  writer.raw(Uint8Array.from(body))
  endFrame(writer, start, testCrc32)
  return writer.take()
}

const alive = (id: number): Uint8Array => encodeResponse({ type: 'result', id, result: { type: 'sessionAlive' } })
const welcome = encodeResponse({
  type: 'welcome',
  welcome: { protocol: 1, clusterId: 77, memberId: 1, leaderAddress: '', maxFrameBytes: 1000, maxInFlight: 10 },
})
const error0 = encodeResponse({
  type: 'error',
  id: 0,
  error: { family: 'refused', code: 'VERSION_MISMATCH', message: 'too old', hint: '', leaderAddress: '', leaderId: 0 },
})

const HOSTILE: Record<string, Uint8Array> = {
  garbage: bytes(...Array.from({ length: 300 }, (_, at) => (at * 89) & 0xff)),
  zeros: new Uint8Array(64),
  'a frame of 4 GiB': bytes(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 1),
  'a frame one byte over the limit': bytes(1, 0, 0x40, 0, 0, 0, 0, 0, 1),
  'an empty frame': bytes(0, 0, 0, 0, 0, 0, 0, 0),
  'a wrong checksum': alive(1).map((byte, at) => (at === 4 ? byte ^ 1 : byte)),
  'an unknown frame type': frame(200, 1, 0, 0, 0),
  'a truncated answer': frame(67, 1, 0),
  'an answer with trailing bytes': frame(67, 1, 0, 0, 0, 2, 9),
  'an answer to nobody': alive(4_000_000),
  'an answer to id 0': frame(67, 0, 0, 0, 0, 2),
  'a second welcome': welcome,
  'an error of the connection': error0,
}

describe('a hostile member', () => {
  for (const [name, sent] of Object.entries(HOSTILE)) {
    it(`that answers with ${name} is left, and another one serves`, async () => {
      const cluster = new ScriptedCluster()
      const client = cluster.client()
      await cluster.settle(client.append('k', '0'))
      cluster.leader = 'b:1'
      cluster.member('a:1').script = () => ({ send: sent })
      expect(await cluster.settle(client.append('k', '1'))).toMatchObject({ valueBytes: 2 })
      expect(cluster.member('a:1').connections.size).toBe(0)
      expect((await cluster.settle(client.get('k')))?.text()).toBe('01')
      await cluster.settle(client.close())
      cluster.clock.advance(5)
      expect(cluster.clock.pending).toBe(0)
    })

    it(`that greets with ${name} gets nothing, and nothing counts as sent`, async () => {
      if (sent === welcome) return
      const cluster = new ScriptedCluster(['a:1'])
      cluster.member('a:1').greeting = sent
      const client = cluster.client()
      expect(await cluster.outcome(client.put('k', 'v', { deadlineMs: 700 }))).toBe('DEADLINE refused')
      expect(cluster.member('a:1').requests).toEqual([])
      // Bounded by the back-off, not by how fast it fails.
      expect(cluster.member('a:1').connectionsSeen).toBeLessThan(20)
    })
  }

  it('that answers a write with a value, or a read with a result, is left', async () => {
    const cluster = new ScriptedCluster()
    const client = cluster.client()
    await cluster.settle(client.append('k', '0'))
    cluster.leader = 'b:1'
    cluster.member('a:1').script = (request) => {
      const id = request.type === 'hello' ? 0 : request.id
      return { send: request.type === 'write' ? encodeResponse({ type: 'value', id, revision: 1, ageMs: 0, record: null }) : alive(id) }
    }
    expect((await cluster.settle(client.get('k')))?.text()).toBe('0')
    await cluster.settle(client.append('k', '1'))
    expect(cluster.value('k')).toBe('01')
  })

  it('that answers with the result of another kind of write makes the outcome unknown, not a crash', async () => {
    const cluster = new ScriptedCluster(['a:1'])
    const client = cluster.client()
    await cluster.settle(client.put('k', '0'))
    cluster.member('a:1').script = (request) => ({ send: alive(request.type === 'hello' ? 0 : request.id) })
    expect(await cluster.outcome(client.put('k', '1'))).toBe('OUTCOME_UNKNOWN unknown')
  })

  it('that answers the same request twice is left', async () => {
    const cluster = new ScriptedCluster(['a:1'])
    const client = cluster.client()
    await cluster.settle(client.put('k', '0'))
    const leader = cluster.member('a:1')
    leader.script = (request) => {
      if (request.type !== 'get') return 'serve'
      const answer = encodeResponse({ type: 'value', id: request.id, revision: 1, ageMs: 0, record: null })
      leader.script = () => 'serve'
      return { send: bytes(...answer, ...answer) }
    }
    expect(await cluster.settle(client.get('k'))).toBeNull()
    expect((await cluster.settle(client.get('k')))?.text()).toBe('0')
    expect(leader.connectionsSeen).toBe(2)
  })

  it('can cut its stream anywhere', async () => {
    const cluster = new ScriptedCluster(['a:1'])
    cluster.streams.conditions = { delayMs: 1, maxPieceBytes: 3 }
    const client = cluster.client()
    await cluster.settle(Promise.all(Array.from({ length: 50 }, (_, at) => client.append('k', `${at},`))))
    expect(cluster.value('k')?.split(',').length).toBe(51)
    expect((await cluster.settle(client.get('k')))?.text()).toBe(cluster.value('k'))
  })
})
