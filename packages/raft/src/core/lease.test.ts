import { describe, expect, it } from 'vitest'
import { asIndex, asMemberId, asTerm } from '../types.js'
import { ackFrom, heartbeatAnswer, heartbeatFrom, LoneCore, voteFrom, voteRequest } from './lone-core.test-support.js'
import { configurationOf } from './test-cluster.test-support.js'

const leases = { leaseReads: { maxClockDrift: 0.25 }, commitNotifyMs: 0 }
/** 250 ms / 1.25 */
const LEASE_MS = 200

let refs = 5000
const read = (lone: LoneCore): number => {
  lone.step({ type: 'read', ref: ++refs })
  return refs
}
const answered = (lone: LoneCore, ref: number): boolean => lone.reads.some((outcome) => outcome.ref === ref && 'index' in outcome)
const isLeased = (lone: LoneCore): boolean => answered(lone, read(lone))

/** A leader whose no-op is committed, and the round of its newest heart-beat. */
function leader(options: ConstructorParameters<typeof LoneCore>[0] = leases): LoneCore {
  const lone = new LoneCore(options).lead()
  lone.receive(ackFrom(2, 1, 1))
  return lone
}

const beat = (lone: LoneCore, ms = 50): number => {
  lone.outbox()
  lone.tick(ms)
  return lone.last('heartbeat').round
}

describe('lease reads (thesis, section 6.4.1)', () => {
  it('are answered at once while a majority confirmed a round, counted from when it began [E7]', () => {
    const lone = leader()
    expect(isLeased(lone), 'nothing is confirmed yet').toBe(false)
    const round = beat(lone)
    const began = lone.nowMs
    lone.nowMs += 150
    // The answer comes late: the lease began with the question.
    lone.receive(heartbeatAnswer(2, 1, round))
    lone.nowMs = began + LEASE_MS - 1
    expect(isLeased(lone)).toBe(true)
    lone.nowMs = began + LEASE_MS
    expect(isLeased(lone)).toBe(false)
  })

  it('are off unless asked for, and refused without check-quorum [E10]', () => {
    const lone = leader({ commitNotifyMs: 0 })
    lone.receive(heartbeatAnswer(2, 1, beat(lone)))
    expect(isLeased(lone)).toBe(false)
    const refused = expect.objectContaining({ code: 'CONFIG' })
    expect(() => new LoneCore({ ...leases, checkQuorum: false })).toThrowError(refused)
    expect(() => new LoneCore({ leaseReads: { maxClockDrift: -1 } })).toThrowError(refused)
  })

  it('wait until an entry of the own term is committed [E2]', () => {
    const lone = new LoneCore(leases).lead()
    lone.receive(heartbeatAnswer(2, 1, beat(lone)))
    expect(isLeased(lone)).toBe(false)
    lone.receive(ackFrom(2, 1, 1))
    expect(isLeased(lone)).toBe(true)
  })

  it('stop with a transfer, and come back only with a round that began after it failed [E9]', () => {
    const lone = leader()
    const early = beat(lone)
    lone.receive(heartbeatAnswer(2, 1, early))
    lone.receive(heartbeatAnswer(3, 1, early))
    expect(isLeased(lone)).toBe(true)
    lone.step({ type: 'transfer', ref: 1, target: asMemberId(2) })
    const { untilRound } = lone.last('timeoutNow')
    expect(isLeased(lone)).toBe(false)
    const during = beat(lone)
    lone.receive(heartbeatAnswer(2, 1, during))
    lone.receive(heartbeatAnswer(3, 1, during))
    for (let i = 0; i < 5; i++) {
      beat(lone)
      // Answers to what was sent while it ran.
      for (const peer of [2, 3]) lone.receive(heartbeatAnswer(peer, 1, during))
    }
    expect(lone.transfers).toMatchObject([{ refused: 'TRANSFER_FAILED' }])
    const after = beat(lone)
    expect(after).toBeGreaterThan(untilRound)
    lone.receive(heartbeatAnswer(3, 1, during + 1))
    expect(isLeased(lone)).toBe(false)
    lone.receive(heartbeatAnswer(3, 1, after))
    expect(isLeased(lone)).toBe(true)
  })

  it('need both halves of a joint configuration', () => {
    const configuration = {
      ...configurationOf([1, 2, 3, 4, 5]),
      voters: [1, 4, 5].map(asMemberId),
      votersOutgoing: [1, 2, 3].map(asMemberId),
    }
    const lone = leader({ ...leases, configuration })
    lone.receive(ackFrom(4, 1, 1))
    const round = beat(lone)
    lone.receive(heartbeatAnswer(2, 1, round))
    expect(isLeased(lone)).toBe(false)
    lone.receive(heartbeatAnswer(4, 1, round))
    expect(isLeased(lone)).toBe(true)
  })
})

describe('a follower’s question', () => {
  it('is answered by a lease, and its refusal says why: OVERLOADED is not NOT_LEADER', () => {
    const question = (request: number) =>
      ({ type: 'readIndexRequest', from: asMemberId(2), to: asMemberId(1), term: asTerm(1), request }) as const
    const lone = leader({ ...leases, maxPendingReads: 1 })
    lone.receive(question(1))
    lone.receive(question(2))
    expect(lone.last('readIndexResponse')).toMatchObject({ request: 2, index: 'OVERLOADED' })
    lone.receive(heartbeatAnswer(3, 1, beat(lone)))
    lone.receive(question(3))
    expect(lone.last('readIndexResponse')).toMatchObject({ request: 3, index: 1 })
    const follower = new LoneCore()
    follower.receive(heartbeatFrom(2, 1))
    const ref = read(follower)
    const { request } = follower.last('readIndexRequest')
    follower.receive({ type: 'readIndexResponse', from: asMemberId(2), to: asMemberId(1), term: asTerm(1), request, index: 'OVERLOADED' })
    expect(follower.reads).toMatchObject([{ ref, refused: 'OVERLOADED', leaderId: 2 }])
  })
})

describe('reads cost', () => {
  it('at most one round, however many come at once, and never wait for a disk', () => {
    const lone = leader({ commitNotifyMs: 0 })
    lone.outbox()
    lone.diskHeld = true
    lone.propose('waits for the disk')
    lone.outbox()
    const first = read(lone)
    const { round } = lone.last('heartbeat')
    for (let i = 0; i < 1000; i++) read(lone)
    expect(lone.outbox().filter((message) => message.type === 'heartbeat')).toHaveLength(2)
    lone.receive(heartbeatAnswer(2, 1, round))
    expect(answered(lone, first)).toBe(true)
    // The thousand that came meanwhile share the next one.
    expect(lone.outbox().filter((message) => message.type === 'heartbeat')).toHaveLength(2)
    lone.receive(heartbeatAnswer(2, 1, round + 1))
    expect(lone.reads.filter((outcome) => 'index' in outcome)).toHaveLength(1001)
  })
})

describe('what leases rest on', () => {
  it('a restarted member helps nobody for an election time-out, only with leases [E11]', () => {
    for (const [options, granted] of [
      [leases, false],
      [{}, true],
    ] as const) {
      const lone = new LoneCore(options)
      lone.receive(voteRequest(3, 1, { preVote: true }))
      lone.receive(voteRequest(3, 1))
      expect(lone.outbox().some((message) => message.type === 'requestVoteResponse' && message.granted)).toBe(granted)
    }
    const later = new LoneCore(leases)
    later.nowMs = 250
    later.receive(voteRequest(3, 1))
    expect(later.last('requestVoteResponse').granted).toBe(true)
  })

  it('a promise outlives a change of term', () => {
    const lone = new LoneCore()
    lone.receive(heartbeatFrom(2, 1))
    // A late refusal of somebody who is in term 5 moves this member there.
    lone.receive(voteFrom(3, 5, { granted: false, preVote: true }))
    expect(lone.core.term).toBe(5)
    lone.outbox()
    lone.receive(voteRequest(3, 5))
    expect(lone.last('requestVoteResponse').granted).toBe(false)
    lone.nowMs += 250
    lone.receive(voteRequest(3, 5))
    expect(lone.last('requestVoteResponse').granted).toBe(true)
  })

  it('a transfer that was given up is void, for the target and for voters', () => {
    const lone = new LoneCore()
    lone.receive(heartbeatFrom(2, 1, 0, 20))
    lone.receive({ type: 'timeoutNow', from: asMemberId(2), to: asMemberId(1), term: asTerm(1), untilRound: 19 })
    expect(lone.core.role).toBe('follower')
    lone.outbox()
    lone.receive(voteRequest(3, 2, { transfer: 19 }))
    expect(lone.outbox()).toEqual([])
    lone.receive(voteRequest(3, 2, { transfer: 20 }))
    expect(lone.last('requestVoteResponse').granted).toBe(true)
    const restarted = new LoneCore(leases)
    restarted.receive(voteRequest(3, 2, { transfer: 20 }))
    expect(restarted.outbox()).toEqual([])
  })
})

describe('the age of a leader’s state', () => {
  it('is that of the newest confirmed round', () => {
    const lone = leader({ commitNotifyMs: 0 })
    expect(lone.core.freshAsOfMs(asIndex(1), lone.nowMs)).toBe(-Infinity)
    const round = beat(lone)
    const began = lone.nowMs
    lone.nowMs += 20
    lone.receive(heartbeatAnswer(3, 1, round))
    expect(lone.core.freshAsOfMs(asIndex(1), lone.nowMs)).toBe(began)
    expect(lone.core.freshAsOfMs(asIndex(0), lone.nowMs)).toBe(-Infinity)
  })

  it('is told to a follower by a mark that it sent before the round began', () => {
    const lone = leader({ commitNotifyMs: 0 })
    lone.receive(heartbeatAnswer(2, 1, beat(lone), 77))
    expect(lone.last('heartbeat').fresh).toBeNull()
    const round = beat(lone)
    // A later mark proves nothing: it may have been made when the round was over.
    lone.receive(heartbeatAnswer(2, 1, round, 78))
    beat(lone)
    const told = lone.sent.filter((message) => message.type === 'heartbeat' && message.to === 2)
    expect(told).toMatchObject([{ fresh: { stamp: 77, index: 1 } }])
  })
})
