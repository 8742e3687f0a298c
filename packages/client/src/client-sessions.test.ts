import { BalsaError } from '@balsa/raft'
import type { DecodedRequest } from '@balsa/kv'
import { describe, expect, it } from 'vitest'
import { ScriptedCluster } from './scripted-cluster.test-support.js'

const kindOf = (request: DecodedRequest): string => (request.type === 'write' ? request.parsed.type : request.type)
const kinds = (cluster: ScriptedCluster): string[] => [...cluster.members.values()].flatMap((member) => member.requests.map(kindOf))
const stats = (cluster: ScriptedCluster) => cluster.machine.query({ type: 'stats' })

describe('sessions', () => {
  it('open with the first write, not with reads', async () => {
    const cluster = new ScriptedCluster()
    const client = cluster.client()
    await cluster.settle(client.get('k'))
    expect(stats(cluster).sessions).toBe(0)
    await cluster.settle(Promise.all([client.put('a', '1'), client.put('b', '2')]))
    expect(kinds(cluster)).toEqual(['get', 'openSession', 'put', 'put'])
  })

  it('open once, also when the answer to opening is lost', async () => {
    const cluster = new ScriptedCluster()
    let opens = 0
    cluster.script((request) => (kindOf(request) === 'openSession' && opens++ < 3 ? 'executeAndBreak' : 'serve'))
    const client = cluster.client()
    await cluster.settle(client.put('k', 'v'))
    expect(stats(cluster).sessions).toBe(1)
    expect(opens).toBe(4)
  })

  it('stop being opened when nobody waits for one any more', async () => {
    const cluster = new ScriptedCluster()
    cluster.script(() => 'ignore')
    const client = cluster.client()
    expect(await cluster.outcome(client.put('k', 'v', { deadlineMs: 1500 }))).toBe('DEADLINE refused')
    const asked = kinds(cluster).length
    cluster.clock.advance(60_000)
    expect(kinds(cluster).length).toBeLessThanOrEqual(asked + 1)
    cluster.script(() => 'serve')
    await cluster.settle(client.put('k', 'v'))
    expect(cluster.value('k')).toBe('v')
  })

  it('are kept alive only when no write did it', async () => {
    const cluster = new ScriptedCluster()
    const client = cluster.client({ sessionTtlMs: 9000 })
    for (let round = 0; round < 20; round++) {
      await cluster.settle(client.put('k', `${round}`))
      cluster.clock.advance(2000)
    }
    expect(kinds(cluster).filter((kind) => kind === 'keepAlive').length).toBe(0)
    cluster.clock.advance(60_000)
    const keepAlives = kinds(cluster).filter((kind) => kind === 'keepAlive').length
    expect(keepAlives).toBeGreaterThanOrEqual(18)
    expect(keepAlives).toBeLessThanOrEqual(21)
    await cluster.settle(client.put('k', 'late'))
    expect(kinds(cluster).filter((kind) => kind === 'openSession').length).toBe(1)
  })

  it('that expired before a write was sent are replaced silently', async () => {
    const cluster = new ScriptedCluster()
    const client = cluster.client()
    await cluster.settle(client.append('k', '1'))
    cluster.timeOffsetMs += 10_000_000
    expect(await cluster.settle(Promise.all([client.append('k', '2'), client.append('k', '2'), client.put('other', 'x')]))).toHaveLength(3)
    expect(cluster.value('k')).toBe('122')
    expect(kinds(cluster).filter((kind) => kind === 'openSession').length).toBe(2)
  })

  it('that expired while a write was retried leave its outcome unknown, and say why', async () => {
    const cluster = new ScriptedCluster()
    const client = cluster.client()
    await cluster.settle(client.append('k', '1'))
    let first = true
    cluster.script((request) => {
      if (kindOf(request) !== 'append' || !first) return 'serve'
      first = false
      cluster.timeOffsetMs += 10_000_000
      // Executed in the old session's time, or in this case too late: the client can not know.
      return 'executeAndBreak'
    })
    await expect(cluster.settle(client.append('k', '2'))).rejects.toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      family: 'unknown',
      hint: expect.stringContaining('session'),
      cause: { code: 'SESSION_EXPIRED' },
    })
    await cluster.settle(client.append('k', '3'))
    expect(cluster.value('k')).toBe('13')
  })

  it('that expired after refusals alone are replaced: nothing can have been applied', async () => {
    const cluster = new ScriptedCluster()
    const client = cluster.client()
    await cluster.settle(client.append('k', '1'))
    let refusals = 0
    cluster.script((request) => {
      if (kindOf(request) !== 'append' || refusals++ >= 2) return 'serve'
      cluster.timeOffsetMs += 10_000_000
      return { refuse: new BalsaError('OVERLOADED', 'later') }
    })
    await cluster.settle(client.append('k', '2'))
    expect(cluster.value('k')).toBe('12')
  })

  it('keep only the answers that somebody may still ask for', async () => {
    const cluster = new ScriptedCluster()
    const client = cluster.client()
    for (let at = 0; at < 50; at++) await cluster.settle(client.put('k', `${at}`))
    expect(stats(cluster).sessionResults).toBe(1)
    await cluster.settle(Promise.all(Array.from({ length: 200 }, (_, at) => client.put(`k${at}`, 'v'))))
    await cluster.settle(client.put('k', 'v'))
    await cluster.settle(client.put('k', 'v'))
    expect(stats(cluster).sessionResults).toBe(1)
  })

  it('are never asked to keep more answers than they can: one stuck write holds the others back', async () => {
    const cluster = new ScriptedCluster()
    const client = cluster.client({ attemptTimeoutMs: 50_000, maxInFlight: 100 })
    await cluster.settle(client.put('k', 'v'))
    let stuck = 0
    cluster.script((request) => (kindOf(request) === 'append' ? (stuck++, 'ignore') : 'serve'))
    const slow = cluster.outcome(client.append('stuck', 'x', { deadlineMs: 20_000 }))
    const puts = Array.from({ length: 6000 }, (_, at) => cluster.outcome(client.put('k', `${at}`, { deadlineMs: 30_000 })))
    cluster.clock.advance(15_000)
    expect(stats(cluster).sessionResults).toBe(4095)
    expect(await cluster.settle(slow)).toBe('OUTCOME_UNKNOWN unknown')
    const outcomes = await cluster.settle(Promise.all(puts))
    expect(outcomes.filter((outcome) => typeof outcome === 'string')).toEqual([])
    expect(stuck).toBe(1)
  })
})

describe('load', () => {
  it('sends a thousand requests over one connection in a handful of pieces', async () => {
    const cluster = new ScriptedCluster()
    const client = cluster.client()
    await cluster.settle(client.put('k', 'v'))
    const leader = cluster.member('a:1')
    const before = leader.pieces
    let most = 0
    leader.script = () => {
      most = Math.max(most, leader.requests.length)
      return { answerAfterMs: 20 }
    }
    const answers = await cluster.settle(Promise.all(Array.from({ length: 1000 }, (_, at) => client.append('all', `${at},`))))
    expect(new Set(answers.map((answer) => answer.revision)).size).toBe(1000)
    expect(leader.connectionsSeen).toBe(1)
    expect(leader.pieces - before).toBeLessThanOrEqual(3)
    expect(cluster.value('all')?.split(',').length).toBe(1001)
  })

  it('has no more under way than it may, and refuses what is too much', async () => {
    const cluster = new ScriptedCluster()
    const client = cluster.client({ maxInFlight: 10, maxCalls: 30, maxCallBytes: 10_000 })
    await cluster.settle(client.put('k', 'v'))
    let underWay = 0
    let most = 0
    cluster.member('a:1').script = () => {
      underWay += 1
      most = Math.max(most, underWay)
      cluster.clock.setTimer(50, () => void underWay--)
      return { answerAfterMs: 50 }
    }
    const outcomes = await cluster.settle(Promise.all(Array.from({ length: 40 }, () => cluster.outcome(client.put('k', 'v')))))
    expect(outcomes.filter((outcome) => outcome === 'OVERLOADED refused').length).toBe(10)
    expect(most).toBe(10)
    const big = await cluster.settle(
      Promise.all([client.put('k', 'v'.repeat(6000)), client.put('k', 'v'.repeat(6000))].map((put) => cluster.outcome(put))),
    )
    expect(big[1]).toBe('OVERLOADED refused')
    await cluster.settle(client.put('k', 'v'.repeat(6000)))
  })

  it('respects the limit that the server names', async () => {
    const cluster = new ScriptedCluster()
    const leader = cluster.member('a:1')
    leader.welcome = { maxInFlight: 3 }
    const client = cluster.client()
    let underWay = 0
    let most = 0
    leader.script = () => {
      underWay += 1
      most = Math.max(most, underWay)
      cluster.clock.setTimer(10, () => void underWay--)
      return { answerAfterMs: 10 }
    }
    await cluster.settle(Promise.all(Array.from({ length: 50 }, (_, at) => client.put(`k${at}`, 'v'))))
    expect(most).toBe(3)
    expect(stats(cluster).keys).toBe(50)
  })
})
