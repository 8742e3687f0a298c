/**
 * The rules of elections, one test each, named by the section of the Raft paper or the thesis. Letters in brackets (A1, ...) number known
 * bugs of real Raft systems that the rule excludes.
 */
import { describe, expect, it } from 'vitest'
import { asIndex, asMemberId, asTerm } from '../types.js'
import {
  ackFrom,
  appendFrom,
  heartbeatAnswer,
  heartbeatFrom,
  LoneCore,
  snapshotOf,
  voteFrom,
  voteRequest,
} from './lone-core.test-support.js'
import { configurationOf, TestCluster } from './test-cluster.test-support.js'

const plain = { preVote: false, checkQuorum: false } as const

describe('5.1 terms', () => {
  it.each([
    ['a request for a vote', voteRequest(2, 7, { last: [9, 9] })],
    ['an append', appendFrom(2, 7)],
    ['a heartbeat', heartbeatFrom(2, 7)],
    ['an answer to an append', ackFrom(2, 7, 0)],
    ['a refused vote', voteFrom(2, 7, { granted: false })],
    ['a refused pre-vote', voteFrom(2, 7, { granted: false, preVote: true })],
  ])('%s of a later term makes a leader a follower of that term', (_name, message) => {
    const lone = new LoneCore(plain).lead()
    lone.receive(message)
    expect([lone.core.role, lone.core.term]).toEqual(['follower', 7])
    expect(lone.disk.hardState.term).toBe(7)
  })

  it('a request of an earlier term is answered with the own term, and changes nothing [A8, A17]', () => {
    const lone = new LoneCore({ ...plain, log: [5, 5] })
    for (const message of [appendFrom(2, 4, { prev: [1, 5], terms: [4] }), heartbeatFrom(2, 4), voteRequest(2, 4, { last: [9, 4] })]) {
      lone.receive(message)
      expect(lone.outbox()).toMatchObject([{ to: 2, term: 5 }])
    }
    expect([lone.core.term, lone.core.leaderId, lone.core.votedFor, lone.terms()]).toEqual([5, null, null, [5, 5]])
  })

  it('the term never comes from an entry of the log [A6, A7]', () => {
    const lone = new LoneCore({ ...plain, term: 6, log: [1, 2] })
    lone.receive(appendFrom(2, 6, { prev: [1, 1], terms: [3] }))
    expect([lone.core.term, lone.disk.hardState.term]).toEqual([6, 6])
  })

  it('an answer carries the term after, not before the request was understood [A8]', () => {
    const lone = new LoneCore({ ...plain, log: [1] })
    lone.receive(voteRequest(2, 9, { last: [0, 0] }))
    expect(lone.outbox()).toMatchObject([{ type: 'requestVoteResponse', term: 9, granted: false }])
  })

  it('nothing is shown of a new term before it is durable', () => {
    const lone = new LoneCore(plain)
    lone.diskHeld = true
    lone.receive(heartbeatFrom(2, 3))
    expect(lone.sent).toEqual([])
    lone.flush()
    expect(lone.outbox()).toMatchObject([{ type: 'heartbeatResponse', term: 3 }])
  })
})

describe('5.2 leader election', () => {
  it('a member starts as a follower and stays one while it hears a leader', () => {
    const lone = new LoneCore(plain)
    for (let i = 0; i < 20; i++) {
      lone.receive(heartbeatFrom(2, 1))
      lone.tick(100)
    }
    expect([lone.core.role, lone.core.term]).toEqual(['follower', 1])
  })

  it('a follower that hears nobody for an election time-out becomes a candidate of the next term and votes for itself', () => {
    const lone = new LoneCore(plain)
    lone.tick(374)
    expect(lone.core.role).toBe('follower')
    lone.tick(2)
    expect([lone.core.role, lone.core.term, lone.core.votedFor]).toEqual(['candidate', 1, 1])
    expect(lone.outbox()).toMatchObject([
      { type: 'requestVote', to: 2, term: 1 },
      { type: 'requestVote', to: 3, term: 1 },
    ])
  })

  it('a candidate leads with the votes of a majority, the own one included', () => {
    const lone = new LoneCore({ ...plain, configuration: configurationOf([1, 2, 3, 4, 5]) })
    lone.tick(1000)
    lone.receive(voteFrom(2, 1))
    expect(lone.core.role).toBe('candidate')
    lone.receive(voteFrom(3, 1))
    expect(lone.core.role).toBe('leader')
  })

  it('half of an even number is not a majority', () => {
    const lone = new LoneCore({ ...plain, configuration: configurationOf([1, 2, 3, 4]) })
    lone.tick(1000)
    lone.receive(voteFrom(2, 1))
    expect(lone.core.role).toBe('candidate')
  })

  it('the same vote twice is one vote [A10]', () => {
    const lone = new LoneCore({ ...plain, configuration: configurationOf([1, 2, 3, 4, 5]) })
    lone.tick(1000)
    for (let i = 0; i < 4; i++) lone.receive(voteFrom(2, 1))
    expect(lone.core.role).toBe('candidate')
  })

  it('votes of strangers and learners are not counted [A9, D10]', () => {
    const lone = new LoneCore({ ...plain, configuration: configurationOf([1, 2, 3], [4]) })
    lone.tick(1000)
    for (const stranger of [4, 5, 6]) lone.receive(voteFrom(stranger, 1))
    expect(lone.core.role).toBe('candidate')
  })

  it('votes of an earlier term are not counted', () => {
    const lone = new LoneCore({ ...plain, configuration: configurationOf([1, 2, 3, 4, 5]) })
    lone.tick(1000)
    lone.tick(1000)
    expect(lone.core.term).toBe(2)
    for (const voter of [2, 3, 4]) lone.receive(voteFrom(voter, 1))
    expect(lone.core.role).toBe('candidate')
  })

  it('the own vote counts when it is durable, not before [A3]', () => {
    const lone = new LoneCore({ ...plain, configuration: configurationOf([1]) })
    lone.diskHeld = true
    lone.tick(0)
    expect(lone.core.role).toBe('candidate')
    lone.flush()
    expect(lone.core.role).toBe('leader')
  })

  it('a candidate whose vote was not durable knows nothing of it after a crash, and nobody else does [A3]', () => {
    const lone = new LoneCore(plain)
    lone.diskHeld = true
    lone.tick(1000)
    expect(lone.sent).toEqual([])
    lone.crash()
    expect([lone.core.term, lone.core.votedFor]).toEqual([0, null])
  })

  it('one vote per term, first come first served; the same candidate is answered again', () => {
    const lone = new LoneCore(plain)
    lone.receive(voteRequest(2, 1))
    lone.receive(voteRequest(3, 1))
    lone.receive(voteRequest(2, 1))
    expect(lone.outbox()).toMatchObject([
      { to: 2, granted: true },
      { to: 3, granted: false },
      { to: 2, granted: true },
    ])
  })

  it('the vote survives a restart', () => {
    const lone = new LoneCore(plain)
    lone.receive(voteRequest(2, 1))
    lone.crash()
    lone.receive(voteRequest(3, 1))
    expect(lone.outbox()).toMatchObject([{ granted: false }])
  })

  it('a vote leaves when it is durable, not before [A2]', () => {
    // In a term that is known already: only the vote itself is new.
    const lone = new LoneCore({ ...plain, term: 1 })
    lone.diskHeld = true
    lone.receive(voteRequest(2, 1))
    expect(lone.sent).toEqual([])
    lone.flush()
    expect(lone.disk.hardState).toEqual({ term: 1, votedFor: 2 })
    expect(lone.outbox()).toMatchObject([{ granted: true }])
  })

  it('a vote that became durable in a later term is not sent any more', () => {
    const lone = new LoneCore(plain)
    lone.diskHeld = true
    lone.receive(voteRequest(2, 1))
    lone.receive(heartbeatFrom(3, 2))
    lone.flush()
    expect(lone.sentTypes()).toEqual(['heartbeatResponse'])
  })

  it('who steps down keeps its vote: it does not vote again in that term [A1]', () => {
    const lone = new LoneCore({ preVote: false }).lead()
    lone.tick(1000)
    expect([lone.core.role, lone.core.term, lone.core.votedFor]).toEqual(['follower', 1, 1])
    lone.outbox()
    lone.receive(voteRequest(2, 1, { last: [9, 1] }))
    expect(lone.outbox()).toMatchObject([{ granted: false }])
  })

  it('a later term that was merely seen is not a granted vote [A5]', () => {
    const lone = new LoneCore({ ...plain, log: [3] })
    lone.receive(voteRequest(2, 4, { last: [0, 0] }))
    expect([lone.core.term, lone.core.votedFor]).toEqual([4, null])
    lone.outbox()
    lone.receive(voteRequest(2, 4, { last: [0, 0] }))
    lone.receive(voteRequest(3, 4, { last: [1, 3] }))
    expect(lone.outbox()).toMatchObject([
      { to: 2, granted: false },
      { to: 3, granted: true },
    ])
  })

  it('a candidate that hears the leader of its term becomes its follower', () => {
    for (const message of [appendFrom(2, 1), heartbeatFrom(2, 1)]) {
      const lone = new LoneCore(plain)
      lone.tick(1000)
      lone.receive(message)
      expect([lone.core.role, lone.core.leaderId, lone.core.term]).toEqual(['follower', 2, 1])
    }
  })

  it('a candidate stays one when an older leader is heard', () => {
    const lone = new LoneCore({ ...plain, term: 5 })
    lone.tick(1000)
    lone.receive(appendFrom(2, 5))
    expect([lone.core.role, lone.core.term]).toEqual(['candidate', 6])
  })

  it('an election without a winner is followed by another one, in a new term', () => {
    const lone = new LoneCore(plain)
    for (let i = 0; i < 3; i++) lone.tick(1000)
    expect([lone.core.role, lone.core.term]).toEqual(['candidate', 3])
  })

  it('a leader speaks at once, so that no other election begins', () => {
    const lone = new LoneCore(plain)
    lone.tick(1000)
    lone.outbox()
    lone.receive(voteFrom(2, 1))
    expect(lone.outbox()).toMatchObject([
      { type: 'appendEntries', to: 2 },
      { type: 'appendEntries', to: 3 },
    ])
  })

  it('two leaders of one term stop the member that sees them', () => {
    const lone = new LoneCore(plain).lead()
    expect(() => lone.receive(heartbeatFrom(2, 1))).toThrow(/one leader per term/)
  })

  it('election time-outs differ from member to member and from one to the next [A22]', () => {
    const cluster = new TestCluster(5, plain)
    const deadlines = new Set<number>()
    for (let round = 0; round < 4; round++) {
      for (const id of [1, 2, 3, 4, 5]) deadlines.add(cluster.core(id).deadlineMs() - cluster.nowMs)
      cluster.advance(1000)
    }
    expect(deadlines.size).toBe(20)
    for (const wait of deadlines) expect(wait >= 250 && wait < 500).toBe(true)
  })
})

describe('5.2 the election timer is reset only by', () => {
  const deadlineAfter = (message: Parameters<LoneCore['receive']>[0]): boolean => {
    const lone = new LoneCore({ ...plain, term: 3, log: [3] })
    lone.receive(heartbeatFrom(2, 3))
    lone.nowMs += 200
    const before = lone.core.deadlineMs()
    lone.receive(message)
    return lone.core.deadlineMs() > before
  }

  it.each([
    ['a heartbeat of the current leader', heartbeatFrom(2, 3), true],
    ['an append of the current leader', appendFrom(2, 3, { prev: [1, 3] }), true],
    ['a refused append of the current leader', appendFrom(2, 3, { prev: [8, 3] }), true],
    ['a granted vote', voteRequest(3, 4, { last: [5, 3] }), true],
    ['a refused vote [A11]', voteRequest(3, 4, { last: [0, 0] }), false],
    ['a granted pre-vote [A13]', voteRequest(3, 4, { last: [5, 3], preVote: true }), false],
    ['a heartbeat of an older leader [A12]', heartbeatFrom(3, 2), false],
    ['an append of an older leader [A12]', appendFrom(3, 2), false],
    ['an answer of a later term', ackFrom(3, 9, 0), false],
  ])('%s', (_name, message, resets) => expect(deadlineAfter(message)).toBe(resets))
})

describe('5.4.1 the election restriction', () => {
  it.each([
    [[1, 1, 2], [3, 2], true],
    [[1, 1, 2], [4, 2], true],
    [[1, 1, 2], [1, 3], true],
    [[1, 1, 2], [2, 2], false],
    [[1, 1, 2], [9, 1], false],
    [[1, 1, 2], [0, 0], false],
    [[], [0, 0], true],
  ] as const)('a member with the log %j votes for a candidate whose log ends at %j: %s [A4]', (log, last, granted) => {
    for (const preVote of [false, true]) {
      const lone = new LoneCore({ ...plain, log })
      lone.receive(voteRequest(2, 9, { last, preVote }))
      expect(lone.outbox()).toMatchObject([{ granted }])
    }
  })

  it('counts what a snapshot replaced', () => {
    const lone = new LoneCore({ ...plain, log: [1, 2, 2] })
    lone.receive(heartbeatFrom(2, 2, 3))
    lone.step({ type: 'snapshotTaken', meta: snapshotOf(3, 2), firstIndexToKeep: asIndex(4) })
    expect([lone.core.firstIndex, lone.core.lastIndex, lone.core.lastTerm]).toEqual([4, 3, 2])
    lone.outbox()
    lone.receive(voteRequest(2, 9, { last: [2, 2] }))
    lone.receive(voteRequest(3, 9, { last: [3, 2] }))
    expect(lone.outbox()).toMatchObject([
      { to: 2, granted: false },
      { to: 3, granted: true },
    ])
  })
})

describe('thesis 9.6 pre-vote', () => {
  it('raises no term, asks no disk, and is followed by a real election only with a majority', () => {
    const lone = new LoneCore()
    lone.diskHeld = true
    lone.tick(1000)
    expect([lone.core.role, lone.core.term, lone.disk.pending.length]).toEqual(['preCandidate', 0, 0])
    expect(lone.outbox()).toMatchObject([
      { preVote: true, term: 1, to: 2 },
      { preVote: true, term: 1, to: 3 },
    ])
    lone.receive(voteFrom(2, 1, { preVote: true }))
    expect([lone.core.role, lone.core.term]).toEqual(['candidate', 1])
  })

  it('its grants are not votes', () => {
    const lone = new LoneCore({ configuration: configurationOf([1, 2, 3, 4, 5]) })
    lone.tick(1000)
    for (const id of [2, 3]) lone.receive(voteFrom(id, 1, { preVote: true }))
    expect(lone.core.role).toBe('candidate')
    for (const id of [4, 5]) lone.receive(voteFrom(id, 1, { preVote: true }))
    expect(lone.core.role).toBe('candidate')
  })

  it('grants bind nobody: two candidates may have them, and the term stays', () => {
    const lone = new LoneCore()
    lone.receive(voteRequest(2, 1, { preVote: true }))
    lone.receive(voteRequest(3, 1, { preVote: true }))
    expect(lone.outbox()).toMatchObject([
      { to: 2, granted: true, term: 1 },
      { to: 3, granted: true, term: 1 },
    ])
    expect([lone.core.term, lone.core.votedFor, lone.core.role]).toEqual([0, null, 'follower'])
  })

  it('who asks from behind is told the newer term, or would ask for ever [A15]', () => {
    const lone = new LoneCore({ term: 8 })
    lone.receive(voteRequest(2, 3, { preVote: true }))
    lone.receive(voteRequest(3, 8, { preVote: true }))
    expect(lone.outbox()).toMatchObject([
      { to: 2, granted: false, term: 8 },
      { to: 3, granted: false, term: 8 },
    ])
  })

  it('a refusal of a later term moves the asker there', () => {
    const lone = new LoneCore()
    lone.tick(1000)
    lone.receive(voteFrom(2, 8, { preVote: true, granted: false }))
    expect([lone.core.role, lone.core.term]).toEqual(['follower', 8])
  })

  it('a pre-candidate has no leader that would make it refuse others [A16]', () => {
    const lone = new LoneCore()
    lone.receive(heartbeatFrom(3, 1))
    lone.tick(1000)
    lone.outbox()
    lone.receive(voteRequest(2, 2, { preVote: true }))
    expect(lone.outbox()).toMatchObject([{ granted: true }])
  })

  it('two of three members elect a leader again after the third is gone [A14]', () => {
    const cluster = new TestCluster(3)
    cluster.elect(1)
    cluster.crash(3)
    // The leader loses its leadership while it hears nobody.
    cluster.advance(300)
    cluster.queue = []
    expect(cluster.core(1).role).toBe('follower')
    for (let i = 0; i < 100; i++) {
      cluster.advance(20)
      cluster.settle()
    }
    expect([1, 2].filter((id) => cluster.core(id).role === 'leader')).toHaveLength(1)
  })
})

describe('thesis 4.2.3 and 6.2 check-quorum and leader stickiness', () => {
  it('a leader that hears no majority for an election time-out steps down [A18]', () => {
    const lone = new LoneCore({ configuration: configurationOf([1, 2, 3, 4, 5]) }).lead()
    for (let i = 0; i < 5; i++) {
      lone.tick(100)
      lone.receive(heartbeatAnswer(2, 1))
    }
    expect(lone.core.role).toBe('follower')
  })

  it('a leader that hears a majority stays', () => {
    const lone = new LoneCore({ configuration: configurationOf([1, 2, 3, 4, 5]) }).lead()
    for (let i = 0; i < 50; i++) {
      lone.tick(100)
      for (const id of [2, 3]) lone.receive(heartbeatAnswer(id, 1))
    }
    expect(lone.core.role).toBe('leader')
  })

  it('answers of learners and strangers keep no leader in office', () => {
    const lone = new LoneCore({ configuration: configurationOf([1, 2, 3], [4]) }).lead()
    for (let i = 0; i < 5; i++) {
      lone.tick(100)
      for (const id of [4, 5]) lone.receive(heartbeatAnswer(id, 1))
    }
    expect(lone.core.role).toBe('follower')
  })

  it('who hears a leader does not answer a candidate of a later term, and refuses a pre-vote [D8]', () => {
    const lone = new LoneCore()
    lone.receive(heartbeatFrom(2, 1))
    lone.outbox()
    lone.nowMs += 249
    lone.receive(voteRequest(3, 5, { last: [9, 9] }))
    expect([lone.outbox(), lone.core.term]).toEqual([[], 1])
    lone.receive(voteRequest(3, 5, { last: [9, 9], preVote: true }))
    expect(lone.outbox()).toMatchObject([{ granted: false }])
    lone.nowMs += 1
    lone.receive(voteRequest(3, 5, { last: [9, 9] }))
    expect(lone.outbox()).toMatchObject([{ granted: true, term: 5 }])
  })

  it('a leader is not deposed by a candidate that came back with a later term, but by the answer to its own message [A17]', () => {
    const lone = new LoneCore().lead()
    lone.receive(voteRequest(3, 5, { last: [9, 9] }))
    expect([lone.core.role, lone.core.term, lone.sent]).toEqual(['leader', 1, []])
    lone.receive(heartbeatAnswer(3, 5))
    expect([lone.core.role, lone.core.term]).toEqual(['follower', 5])
  })

  it('who was asked to take over is not hindered', () => {
    const lone = new LoneCore()
    lone.receive(heartbeatFrom(2, 1))
    lone.outbox()
    lone.receive(voteRequest(3, 2, { transfer: 9 }))
    expect(lone.outbox()).toMatchObject([{ granted: true }])
  })
})

describe('thesis 3.10 leadership transfer', () => {
  const timeoutNow = (from: number, term: number, untilRound = 9) =>
    ({ type: 'timeoutNow', from: asMemberId(from), to: asMemberId(1), term: asTerm(term), untilRound }) as const

  it('the target campaigns at once, without a pre-vote, and says why', () => {
    const lone = new LoneCore()
    lone.receive(heartbeatFrom(2, 1))
    lone.outbox()
    lone.receive(timeoutNow(2, 1))
    expect([lone.core.role, lone.core.term]).toEqual(['candidate', 2])
    expect(lone.outbox()).toMatchObject([
      { preVote: false, transfer: 9 },
      { preVote: false, transfer: 9 },
    ])
  })

  it('nobody campaigns for an old leader, a stranger, or as a learner [A21]', () => {
    const lone = new LoneCore()
    lone.receive(heartbeatFrom(2, 2))
    lone.receive(timeoutNow(2, 1))
    lone.receive(timeoutNow(3, 2))
    expect(lone.core.role).toBe('follower')
    const learner = new LoneCore({ configuration: configurationOf([2, 3], [1]) })
    learner.receive(heartbeatFrom(2, 2))
    learner.receive(timeoutNow(2, 2))
    expect(learner.core.role).toBe('follower')
  })

  it('the leader takes no proposals meanwhile, and goes on after an election time-out [A21]', () => {
    const lone = new LoneCore({ checkQuorum: false }).lead()
    lone.step({ type: 'transfer', ref: 1, target: asMemberId(2) })
    lone.propose('x')
    expect(lone.proposals).toMatchObject([{ refused: 'TRANSFER_IN_PROGRESS' }])
    lone.tick(250)
    expect(lone.transfers).toMatchObject([{ ref: 1, refused: 'TRANSFER_FAILED' }])
    lone.propose('y')
    expect(lone.proposals[1]).toMatchObject({ index: 2 })
  })

  it('the target is told when it holds the whole log, not before', () => {
    const lone = new LoneCore().lead()
    lone.propose('x')
    lone.receive(ackFrom(2, 1, 1))
    lone.step({ type: 'transfer', ref: 1, target: asMemberId(2) })
    expect(lone.sentTypes()).not.toContain('timeoutNow')
    lone.receive(ackFrom(2, 1, 2))
    expect(lone.last('timeoutNow')).toMatchObject({ to: 2, term: 1 })
  })

  it('only one at a time, only to a voter; to itself it is done', () => {
    const lone = new LoneCore({ configuration: configurationOf([1, 2, 3], [4]) }).lead()
    lone.step({ type: 'transfer', ref: 1, target: asMemberId(1) })
    lone.step({ type: 'transfer', ref: 2, target: asMemberId(4) })
    lone.step({ type: 'transfer', ref: 3, target: asMemberId(9) })
    lone.step({ type: 'transfer', ref: 4, target: asMemberId(2) })
    lone.step({ type: 'transfer', ref: 5, target: asMemberId(3) })
    expect(lone.transfers).toMatchObject([
      { target: 1 },
      { refused: 'INVALID' },
      { refused: 'INVALID' },
      { refused: 'TRANSFER_IN_PROGRESS' },
    ])
  })

  it('is settled for the old leader when a leader is known: the target, or another one', () => {
    for (const [winner, outcome] of [
      [2, { target: 2 }],
      [3, { refused: 'TRANSFER_FAILED' }],
    ] as const) {
      const lone = new LoneCore().lead()
      lone.step({ type: 'transfer', ref: 1, target: asMemberId(2) })
      lone.receive(heartbeatFrom(winner, 2))
      expect(lone.transfers).toMatchObject([outcome])
    }
  })
})
