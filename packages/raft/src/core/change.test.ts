import { describe, expect, it } from 'vitest'
import { asMemberId } from '../types.js'
import { memberOf } from './core-simulation-membership.test-support.js'
import { ackFrom, heartbeatAnswer, LoneCore } from './lone-core.test-support.js'
import type { MembershipChange } from './membership-change.js'
import { configurationOf } from './test-cluster.test-support.js'

const ELECTION_TIMEOUT_MS = 250

/** A leader of term 1 that has committed its blank entry. */
function settled(voters = [1, 2, 3]): LoneCore {
  const lone = new LoneCore({
    preVote: false,
    checkQuorum: false,
    electionTimeoutMs: ELECTION_TIMEOUT_MS,
    configuration: configurationOf(voters),
  })
  lone.lead()
  acknowledge(lone, voters.slice(1))
  return lone
}

/** These members hold the whole log. */
function acknowledge(lone: LoneCore, ids: readonly number[]): void {
  const last = lone.core.lastIndex
  for (const id of ids) lone.receive(ackFrom(id, 1, last))
}

const change = (lone: LoneCore, ...changes: readonly MembershipChange[]): void =>
  lone.step({ type: 'change', ref: 1, changes, force: false })
const add = (id: number): MembershipChange => ({ type: 'add', member: memberOf(id), promote: true, witness: false })

describe('thesis 4.2.1 a learner that joins', () => {
  it('stays one while every round of catching up takes longer than an election time-out, however often it is heard', () => {
    const lone = settled()
    change(lone, add(4))
    acknowledge(lone, [2, 3])
    for (let round = 1; round <= 20; round++) {
      const target = lone.core.lastIndex
      // More is written than it fetches: when it holds what the round began with, the log has gone on.
      for (let step = 0; step < 4; step++) {
        lone.propose(`${round}.${step}`)
        acknowledge(lone, [2, 3])
        lone.receive(heartbeatAnswer(4, 1))
        lone.tick(ELECTION_TIMEOUT_MS / 3)
      }
      lone.receive(ackFrom(4, 1, target))
      expect(lone.core.configuration).toMatchObject({ voters: [1, 2, 3], learners: [4] })
    }
    expect(lone.core.peers().find(({ id }) => id === 4)?.rounds).toBeGreaterThan(5)
    // Nobody waits for it either.
    expect(lone.core.commitIndex).toBe(lone.core.lastIndex)
    acknowledge(lone, [2, 3, 4])
    lone.tick(ELECTION_TIMEOUT_MS / 10)
    expect(lone.core.configuration).toMatchObject({ voters: [1, 2, 3, 4], votersOutgoing: [1, 2, 3] })
  })

  it('stays one while it is silent, though it held everything when it was heard last', () => {
    const lone = settled()
    change(lone, add(4))
    lone.receive(ackFrom(4, 1, lone.core.lastIndex))
    for (let step = 0; step < 6; step++) {
      lone.tick(ELECTION_TIMEOUT_MS / 3)
      for (const id of [2, 3]) lone.receive(heartbeatAnswer(id, 1))
    }
    // Only now the change itself is committed, and the leader may make the next one.
    acknowledge(lone, [2, 3])
    lone.tick(ELECTION_TIMEOUT_MS / 10)
    expect(lone.core.configuration.learners).toEqual([4])
  })
})

describe('a leader that is new', () => {
  it('takes nobody for silent whom it could not have heard yet', () => {
    const lone = settled()
    const outcomes = () => {
      lone.core.step({ type: 'change', ref: 2, changes: [{ type: 'remove', id: asMemberId(2) }], force: false }, lone.nowMs)
      return lone.core.takeEffects().changes
    }
    const fresh = new LoneCore({ preVote: false, checkQuorum: false, electionTimeoutMs: ELECTION_TIMEOUT_MS })
    fresh.lead()
    fresh.receive(ackFrom(2, 1, 1))
    fresh.core.step({ type: 'change', ref: 2, changes: [{ type: 'remove', id: asMemberId(2) }], force: false }, fresh.nowMs)
    expect(fresh.core.takeEffects().changes).toMatchObject([{ refused: 'UNAVAILABLE', reason: expect.stringMatching(/new.* whether 3/) }])
    lone.tick(ELECTION_TIMEOUT_MS)
    expect(outcomes()).toMatchObject([{ refused: 'QUORUM_AT_RISK' }])
  })
})

describe('thesis 4.2.2 a leader that is demoted', () => {
  it('leads until that is committed, names its successor, steps down, and never campaigns', () => {
    const lone = settled([1, 2, 3, 4])
    change(lone, { type: 'demote', id: asMemberId(1) })
    expect(lone.core.configuration).toMatchObject({ voters: [2, 3, 4], votersOutgoing: [1, 2, 3, 4], learners: [1] })
    acknowledge(lone, [2, 3, 4])
    // The joint configuration is committed, and left.
    expect([lone.core.role, lone.core.configuration.votersOutgoing]).toEqual(['leader', []])
    lone.outbox()
    acknowledge(lone, [2, 3])
    expect(lone.core.commitIndex).toBe(lone.core.lastIndex)
    expect(lone.last('timeoutNow').to).toBe(2)
    expect(lone.core.role).toBe('follower')
    lone.outbox()
    lone.tick(100 * ELECTION_TIMEOUT_MS)
    expect([lone.core.role, lone.core.term, lone.outbox()]).toEqual(['follower', 1, []])
  })
})
