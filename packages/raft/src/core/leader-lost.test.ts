/** What a broken connection to the leader sets off: an early pre-vote, and nothing that a leader which is alive would notice. */
import { describe, expect, it } from 'vitest'
import { asMemberId } from '../types.js'
import { heartbeatFrom, LoneCore, voteRequest } from './lone-core.test-support.js'
import { TestCluster } from './test-cluster.test-support.js'

const lost = (peer: number) => ({ type: 'peerLost', peer: asMemberId(peer) }) as const
const leases = { leaseReads: { maxClockDrift: 0.25 } }

describe('a lost connection to the leader', () => {
  it('both survivors know: a new leader within three heart-beats, without waiting for the time-out', () => {
    const cluster = new TestCluster(3)
    cluster.elect(1)
    cluster.advance(50)
    cluster.settle()
    cluster.crash(1)
    for (const id of [2, 3]) cluster.step(id, lost(1))
    for (let ms = 0; ms < 150; ms++) {
      cluster.advance(1)
      cluster.settle()
    }
    expect([2, 3].map((id) => cluster.core(id).role).sort()).toEqual(['follower', 'leader'])
    expect(cluster.core(2).term).toBe(2)
  })

  it('only one of them lost it: the others keep to the leader, and no term moves', () => {
    const cluster = new TestCluster(3)
    cluster.elect(1)
    for (let round = 0; round < 20; round++) {
      cluster.step(2, lost(1))
      // Nothing comes from the leader for longer than it takes to ask.
      for (let ms = 0; ms < 120; ms += 10) {
        cluster.advance(10)
        cluster.settle(({ from, to }) => from !== 1 || to !== 2)
      }
      cluster.advance(50)
      cluster.settle()
    }
    expect([1, 2, 3].map((id) => [cluster.core(id).role, cluster.core(id).term])).toEqual([
      ['leader', 1],
      ['follower', 1],
      ['follower', 1],
    ])
    expect(cluster.member(2).events.some((event) => event.type === 'role' && event.role === 'preCandidate')).toBe(true)
    expect(cluster.core(2).leaderId).toBe(1)
  })

  it('a heart-beat that comes after all takes it back', () => {
    const lone = new LoneCore({ term: 1 })
    lone.receive(heartbeatFrom(2, 1))
    lone.step(lost(2))
    lone.nowMs += 5
    lone.receive(heartbeatFrom(2, 1))
    lone.outbox()
    lone.tick(240)
    expect(lone.sentTypes()).toEqual([])
    lone.receive(voteRequest(3, 2))
    expect(lone.sentTypes(), 'its promise holds again').toEqual([])
  })

  it('with leases the promise is kept to its end: neither votes nor a campaign before', () => {
    const lone = new LoneCore({ term: 1, ...leases })
    lone.nowMs = 300
    lone.receive(heartbeatFrom(2, 1))
    lone.step(lost(2))
    lone.outbox()
    lone.tick(249)
    lone.receive(voteRequest(3, 2))
    expect(lone.sentTypes()).toEqual([])
    lone.tick(1 + 100)
    expect(lone.sentTypes()).toEqual(['requestVote', 'requestVote'])
  })

  it.each([{ preVote: false }, { checkQuorum: false }])(
    'is nothing with %j, where a false alarm would cost a living leader its term',
    (options) => {
      const lone = new LoneCore({ term: 1, ...options })
      lone.receive(heartbeatFrom(2, 1))
      lone.step(lost(2))
      lone.outbox()
      lone.tick(240)
      expect(lone.sentTypes()).toEqual([])
    },
  )

  it('of anybody else is nothing', () => {
    const lone = new LoneCore({ term: 1 })
    lone.receive(heartbeatFrom(2, 1))
    lone.step(lost(3))
    lone.outbox()
    lone.tick(240)
    expect(lone.sentTypes()).toEqual([])
  })
})
