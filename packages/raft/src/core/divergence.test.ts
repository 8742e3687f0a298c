/** One test per section of docs/divergence.md that concerns the core: what the text promises there happens here. */
import { describe, expect, it } from 'vitest'
import { asIndex, asMemberId, asTerm } from '../types.js'
import type { AppendEntries, AppendEntriesResponse, Message } from './messages.js'
import { TestCluster } from './test-cluster.test-support.js'

const appendsTo = (cluster: TestCluster, to: number): readonly AppendEntries[] =>
  cluster.queue.filter((message): message is AppendEntries => message.type === 'appendEntries' && message.to === to)

const exceptTo = (id: number) => (message: Message) => message.to !== id

const proposeMany = (cluster: TestCluster, id: number, count: number): void => {
  for (let i = 0; i < count; i++) cluster.propose(id, `${i}`)
}

describe('heartbeats are a message of their own', () => {
  it('and tell a follower to commit only what it has acknowledged', () => {
    const cluster = new TestCluster(3)
    cluster.elect(1)
    cluster.settle()
    proposeMany(cluster, 1, 5)
    // Member 3 hears heartbeats, but no appends: the others commit without it.
    const told: number[] = []
    const withoutAppends = (message: Message): boolean => {
      if (message.type === 'heartbeat' && message.to === 3) told.push(message.commit)
      return !(message.type === 'appendEntries' && message.to === 3)
    }
    cluster.settle(withoutAppends)
    cluster.advance(100)
    cluster.settle(withoutAppends)
    expect(cluster.core(1).commitIndex).toBe(6)
    expect(told.length).toBeGreaterThan(0)
    expect(Math.max(...told)).toBe(1)
    expect(cluster.core(3).commitIndex).toBe(1)
  })

  it('and stop a member that lost what it had acknowledged', () => {
    const cluster = new TestCluster(3)
    cluster.elect(1)
    const heartbeat: Message = {
      type: 'heartbeat',
      from: asMemberId(1),
      to: asMemberId(2),
      term: asTerm(1),
      commit: asIndex(9),
      round: 1,
      fresh: null,
    }
    expect(() => cluster.step(2, { type: 'message', message: heartbeat })).toThrowError(expect.objectContaining({ code: 'CORRUPT' }))
  })
})

describe('a refused append says how far to go back', () => {
  it('by whole terms: a long foreign tail costs one refusal, not one per entry', () => {
    const cluster = new TestCluster(3, { checkQuorum: false, preVote: false })
    cluster.elect(1)
    cluster.settle()
    // Member 1 writes fifty entries that nobody gets, then is cut off while the others go on in a new term.
    proposeMany(cluster, 1, 50)
    cluster.queue = []
    cluster.campaign(2)
    cluster.settle(exceptTo(1))
    expect(cluster.core(2).role).toBe('leader')
    proposeMany(cluster, 2, 60)
    cluster.settle(exceptTo(1))
    expect(cluster.core(2).commitIndex).toBe(62)
    const refusals: AppendEntriesResponse[] = []
    for (let i = 0; i < 20; i++) {
      cluster.advance(100)
      cluster.settle((message) => {
        if (message.type === 'appendEntriesResponse' && message.from === 1 && message.rejected !== null) refusals.push(message)
        return true
      })
    }
    expect(cluster.core(1).lastIndex).toBe(62)
    expect(cluster.core(1).commitIndex).toBe(62)
    expect(refusals.length).toBeLessThanOrEqual(2)
    for (const { rejected } of refusals) expect(rejected?.conflictIndex).toBeGreaterThanOrEqual(2)
  })
})

describe('appends are pipelined', () => {
  it('up to a window, and a repeated or reordered one does no harm', () => {
    const cluster = new TestCluster(2, { maxEntriesPerMessage: 1, maxInflightMessages: 4 })
    cluster.elect(1)
    cluster.settle()
    proposeMany(cluster, 1, 10)
    const underWay = appendsTo(cluster, 2)
    expect(underWay).toHaveLength(4)
    cluster.queue = [...underWay].reverse().flatMap((message) => [message, message])
    for (let i = 0; i < 20; i++) {
      cluster.settle()
      cluster.advance(100)
    }
    expect(cluster.core(1).commitIndex).toBe(11)
    expect(cluster.core(2).commitIndex).toBe(11)
  })
})

describe('the blank entry of a new term can be switched off', () => {
  it('the first command is then at index 1; by default the blank entry is', () => {
    const lastIndexAfterOne = (noop: boolean): number => {
      const cluster = new TestCluster(3, { noop })
      cluster.elect(1)
      cluster.propose(1, 'x')
      cluster.settle()
      return cluster.core(1).commitIndex
    }
    expect(lastIndexAfterOne(false)).toBe(1)
    expect(lastIndexAfterOne(true)).toBe(2)
  })

  it('an entry of an older term still waits for one of the current term (figure 8)', () => {
    const cluster = new TestCluster(3, { noop: false })
    cluster.elect(1)
    cluster.propose(1, 'old')
    // Member 2 gets it, but its acknowledgement is lost with the leader.
    cluster.settle((message) => message.to === 2)
    cluster.crash(1)
    cluster.advance(2000)
    cluster.queue = []
    cluster.campaign(2)
    cluster.settle()
    expect(cluster.core(2).role).toBe('leader')
    expect(cluster.core(2).lastIndex).toBe(1)
    expect(cluster.core(2).commitIndex).toBe(0)
    cluster.propose(2, 'new')
    cluster.settle()
    expect(cluster.core(2).commitIndex).toBe(2)
  })
})

describe('the core holds messages back until their data is durable', () => {
  it('a vote', () => {
    const cluster = new TestCluster(3, { preVote: false })
    cluster.campaign(1)
    cluster.flush(1)
    const request = cluster.queue.find((message) => message.type === 'requestVote' && message.to === 2)
    expect(request).toBeDefined()
    cluster.queue = []
    if (request !== undefined) cluster.step(2, { type: 'message', message: request })
    expect(cluster.queue).toEqual([])
    cluster.flush(2)
    expect(cluster.queue).toMatchObject([{ type: 'requestVoteResponse', from: 2, granted: true }])
  })

  it('an acknowledgement of an append; while the leader sends before its own disk is done', () => {
    const cluster = new TestCluster(3)
    cluster.elect(1)
    cluster.settle()
    cluster.propose(1, 'x')
    expect(cluster.member(1).disk.pending).toHaveLength(1)
    const [append] = appendsTo(cluster, 2)
    expect(append?.entries).toHaveLength(1)
    cluster.queue = []
    if (append !== undefined) cluster.step(2, { type: 'message', message: append })
    expect(cluster.queue).toEqual([])
    cluster.flush(2)
    expect(cluster.queue).toMatchObject([{ type: 'appendEntriesResponse', from: 2, matchIndex: 2, rejected: null }])
  })
})

describe('entries carry cluster time', () => {
  it('that never goes back, from leader to leader', () => {
    const cluster = new TestCluster(3)
    cluster.elect(1)
    for (let i = 0; i < 5; i++) {
      cluster.advance(40)
      cluster.propose(1, `${i}`)
      cluster.settle()
    }
    cluster.crash(1)
    cluster.advance(2000)
    cluster.queue = []
    cluster.campaign(2)
    cluster.settle()
    cluster.propose(2, 'x')
    cluster.settle()
    const times = cluster.member(3).disk.entries.map((entry) => entry.timeMs)
    expect(times).toHaveLength(8)
    expect(times).toEqual([...times].sort((a, b) => a - b))
    expect(times[5]).toBe(200)
    expect(times[6]).toBeGreaterThanOrEqual(200)
  })
})
