import { describe, expect, it } from 'vitest'
import type { Message } from './messages.js'
import { TestCluster } from './test-cluster.test-support.js'

const RETRY_MS = 10

function cluster(size: number): TestCluster {
  return new TestCluster(size, { retryMs: RETRY_MS, heartbeatIntervalMs: 1000, electionTimeoutMs: 2000 })
}

/** What waits to be delivered, as text; the queue is emptied. */
function taken(c: TestCluster): string[] {
  const messages = c.queue.map((message) => `${message.from}->${message.to} ${message.type}`)
  c.queue = []
  return messages
}

const lose = (): boolean => false

describe('repeating what was not answered', () => {
  it('asks silent voters again, twice, and not those that have answered', () => {
    const c = cluster(5)
    c.campaign(1)
    c.settle((message: Message) => message.to === 2 || message.from === 2)
    expect(c.core(1).role).toBe('preCandidate')
    c.advance(RETRY_MS)
    expect(taken(c)).toEqual(['1->3 requestVote', '1->4 requestVote', '1->5 requestVote'])
    c.advance(2 * RETRY_MS)
    expect(taken(c)).toHaveLength(3)
    c.advance(100 * RETRY_MS)
    expect(taken(c)).toEqual([])
  })

  it('does not ask a second time while it is cut off', () => {
    const c = cluster(3)
    c.campaign(1)
    c.settle(lose)
    c.campaign(1)
    expect(taken(c)).toHaveLength(2)
    c.advance(RETRY_MS)
    expect(taken(c)).toEqual([])
  })

  it('wins an election whose first requests were lost', () => {
    const c = cluster(3)
    c.campaign(1)
    c.settle(lose)
    c.advance(RETRY_MS)
    c.settle()
    expect(c.core(1).role).toBe('leader')
  })

  it('sends a lost append again, with everything that came since, and one at a time', () => {
    const c = cluster(2)
    c.elect(1)
    c.propose(1, 'a')
    c.propose(1, 'b')
    c.settle(lose)
    c.advance(RETRY_MS)
    const appends = c.queue.filter((message) => message.type === 'appendEntries')
    expect(appends.map((message) => message.entries.length)).toEqual([2])
    c.propose(1, 'c')
    expect(taken(c), 'nothing more until it is heard').toEqual(['1->2 appendEntries'])
    c.advance(2 * RETRY_MS)
    c.settle()
    expect(c.core(2).lastIndex).toBe(c.core(1).lastIndex)
    expect(c.core(1).commitIndex).toBe(c.core(1).lastIndex)
  })

  it('leaves a peer that stays silent to the heart-beats', () => {
    const c = cluster(2)
    c.elect(1)
    c.propose(1, 'a')
    c.settle(lose)
    for (const waitMs of [RETRY_MS, 2 * RETRY_MS]) {
      c.advance(waitMs)
      expect(taken(c)).toEqual(['1->2 appendEntries'])
    }
    c.advance(50 * RETRY_MS)
    expect(taken(c)).toEqual([])
    expect(c.core(1).deadlineMs(), 'and does not tick for nothing').toBeGreaterThan(c.nowMs)
  })

  it('is off by default', () => {
    const c = new TestCluster(2, { heartbeatIntervalMs: 1000, electionTimeoutMs: 2000 })
    c.elect(1)
    c.propose(1, 'a')
    c.settle(lose)
    c.advance(900)
    expect(taken(c)).toEqual([])
  })
})

describe('pacing', () => {
  it('sends at once after a pause, and what comes within the interval together', () => {
    const c = new TestCluster(2, { appendIntervalMs: 15, heartbeatIntervalMs: 1000, electionTimeoutMs: 2000 })
    c.elect(1)
    c.advance(15)
    c.propose(1, 'a')
    expect(taken(c)).toEqual(['1->2 appendEntries'])
    c.propose(1, 'b')
    c.propose(1, 'c')
    expect(taken(c)).toEqual([])
    c.advance(14)
    expect(taken(c)).toEqual([])
    c.advance(1)
    const sent = c.queue[0]
    expect(sent?.type === 'appendEntries' && sent.entries.length).toBe(2)
  })
})
