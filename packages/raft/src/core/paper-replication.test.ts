/**
 * The rules of replication, commitment and durability, one test each, named by the section of the Raft paper or the thesis. Letters in
 * brackets (B1, ...) number known bugs of real Raft systems that the rule excludes.
 */
import { describe, expect, it } from 'vitest'
import { asIndex, asMemberId } from '../types.js'
import type { Message } from './messages.js'
import {
  ackFrom,
  appendFrom,
  command,
  commands,
  heartbeatAnswer,
  heartbeatFrom,
  LoneCore,
  refusalFrom,
  voteFrom,
} from './lone-core.test-support.js'
import { configurationOf, TestCluster } from './test-cluster.test-support.js'

const plain = { preVote: false, checkQuorum: false } as const

const appends = (lone: LoneCore) =>
  lone.outbox().filter((message): message is Extract<Message, { type: 'appendEntries' }> => message.type === 'appendEntries')

describe('5.3 figure 2, receiver of AppendEntries', () => {
  it('1. refuses an earlier term', () => {
    const lone = new LoneCore({ ...plain, log: [1, 2] })
    lone.receive(appendFrom(2, 1, { prev: [2, 2], terms: [2] }))
    expect([lone.core.lastIndex, lone.last('heartbeatResponse').term]).toEqual([2, 2])
  })

  it.each([
    ['too short a log', [1], [3, 1], { conflictTerm: 0, conflictIndex: 2, lastIndex: 1 }],
    ['another term at prevLogIndex', [1, 2, 2, 2], [4, 3], { conflictTerm: 2, conflictIndex: 2, lastIndex: 4 }],
    ['an empty log', [], [3, 1], { conflictTerm: 0, conflictIndex: 1, lastIndex: 0 }],
  ] as const)('2. refuses with %s, saying how far to go back, and cuts off nothing [B5, B8]', (_name, log, prev, conflict) => {
    const lone = new LoneCore({ ...plain, log })
    lone.receive(appendFrom(2, 3, { prev, terms: [3] }))
    expect(lone.last('appendEntriesResponse').rejected).toEqual({ prevLogIndex: prev[0], ...conflict })
    expect(lone.terms()).toEqual(log)
  })

  it('3. cuts off an entry that conflicts, and all that follow it', () => {
    const lone = new LoneCore({ ...plain, log: [1, 2, 2, 2] })
    lone.receive(appendFrom(2, 3, { prev: [1, 1], terms: [3] }))
    expect(lone.terms()).toEqual([1, 3])
    expect(lone.disk.log.entries.map(({ term }) => term)).toEqual([1, 3])
  })

  it.each([
    ['an old append with fewer entries', [1, 1], [1]],
    ['an empty append', [1, 1], []],
    ['an append that is here already', [1, 1], [1, 1]],
    ['an append from the very beginning', [0, 0], [1, 1]],
  ] as const)('3. keeps what follows %s [B7]', (_name, prev, terms) => {
    const lone = new LoneCore({ ...plain, log: [1, 1, 1, 1] })
    lone.receive(appendFrom(2, 1, { prev, terms }))
    expect([lone.terms(), lone.last('appendEntriesResponse').matchIndex]).toEqual([[1, 1, 1, 1], prev[0] + terms.length])
  })

  it('4. appends what is not there yet, behind what is', () => {
    const lone = new LoneCore({ ...plain, log: [1, 1] })
    lone.receive(appendFrom(2, 3, { prev: [1, 1], terms: [1, 2, 3] }))
    expect(lone.terms()).toEqual([1, 1, 2, 3])
    expect(lone.disk.log.entries).toHaveLength(4)
  })

  it('5. commits up to the leader, but never beyond the last entry that the append has shown to agree [B10]', () => {
    // Entries 3 and 4 of an old term are still here; the leader's are others.
    const lone = new LoneCore({ ...plain, log: [1, 1, 2, 2] })
    lone.receive(appendFrom(2, 3, { prev: [1, 1], terms: [1], commit: 4 }))
    expect(lone.core.commitIndex).toBe(2)
    lone.receive(appendFrom(2, 3, { prev: [2, 1], terms: [3, 3], commit: 3 }))
    expect([lone.core.commitIndex, lone.terms()]).toEqual([3, [1, 1, 3, 3]])
  })

  it('an acknowledgement names what the append has shown, not the own last index [B6]', () => {
    const lone = new LoneCore({ ...plain, log: [1, 1, 2, 2] })
    lone.receive(appendFrom(2, 3, { prev: [1, 1] }))
    expect(lone.last('appendEntriesResponse')).toMatchObject({ matchIndex: 1, rejected: null })
  })

  it('a committed entry is never replaced: a leader that wants that stops the member [B9]', () => {
    const lone = new LoneCore({ ...plain, log: [1, 1, 1] })
    lone.receive(heartbeatFrom(2, 1, 3))
    expect(lone.core.commitIndex).toBe(3)
    expect(() => lone.receive(appendFrom(3, 2, { prev: [1, 1], terms: [2] }))).toThrow(expect.objectContaining({ code: 'INVARIANT' }))
  })

  it('a consistency check that fails on a committed entry stops the member [B9]', () => {
    const lone = new LoneCore({ ...plain, log: [1, 1, 1] })
    lone.receive(heartbeatFrom(2, 1, 3))
    for (const index of [2, 3]) {
      expect(() => lone.receive(appendFrom(3, 2, { prev: [index, 2], terms: [2] }))).toThrow(expect.objectContaining({ code: 'INVARIANT' }))
    }
  })

  it('entries that do not follow prevLogIndex stop the member [B14]', () => {
    const lone = new LoneCore({ ...plain, log: [1, 1, 1] })
    expect(() => lone.receive(appendFrom(2, 1, { prev: [1, 1], entries: commands(4, [1]) }))).toThrow(
      expect.objectContaining({ code: 'INVARIANT' }),
    )
    const gap = new LoneCore({ ...plain, log: [1] })
    expect(() => gap.receive(appendFrom(2, 1, { prev: [1, 1], entries: [command(2, 1), command(4, 1)] }))).toThrow(
      /INVARIANT|contiguous|follow/,
    )
  })

  it('a heartbeat commits, and stops a member that does not have what it had acknowledged [C20]', () => {
    const lone = new LoneCore({ ...plain, log: [1, 1] })
    lone.receive(heartbeatFrom(2, 1, 2))
    expect(lone.core.commitIndex).toBe(2)
    expect(() => lone.receive(heartbeatFrom(2, 1, 3))).toThrow(expect.objectContaining({ code: 'CORRUPT' }))
  })
})

describe('5.3 leaders', () => {
  it('begin with nextIndex behind their own log, and know of nobody what matches [B4]', () => {
    const lone = new LoneCore({ ...plain, log: [1, 1] }).lead()
    expect(lone.core.peers()).toMatchObject([
      { id: 2, matchIndex: 0, nextIndex: 3, state: 'probe' },
      { id: 3, matchIndex: 0, nextIndex: 3, state: 'probe' },
    ])
  })

  it('never overwrite or delete entries of their own log', () => {
    const lone = new LoneCore({ ...plain, log: [1, 1] }).lead()
    lone.propose('x')
    lone.receive(refusalFrom(2, 2, 2, { from: 1, last: 0 }))
    lone.receive(refusalFrom(3, 2, 2, { term: 1, from: 1, last: 2 }))
    expect(lone.terms()).toEqual([1, 1, 2, 2])
  })

  it('answer a proposal at once with index and term, and send it at once', () => {
    const lone = new LoneCore(plain).lead()
    for (const id of [2, 3]) lone.receive(ackFrom(id, 1, 1))
    lone.outbox()
    lone.propose('x', 'y')
    expect(lone.proposals).toEqual([
      { ref: 1, index: 2, term: 1 },
      { ref: 2, index: 3, term: 1 },
    ])
    expect(appends(lone)).toMatchObject([
      { to: 2, prevLogIndex: 1, entries: [{ index: 2 }, { index: 3 }] },
      { to: 3, prevLogIndex: 1, entries: [{ index: 2 }, { index: 3 }] },
    ])
  })

  it('refuse proposals when they do not lead', () => {
    const lone = new LoneCore(plain)
    lone.propose('x')
    lone.receive(heartbeatFrom(2, 1))
    lone.propose('y')
    expect(lone.proposals).toEqual([
      { ref: 1, refused: 'NO_LEADER', leaderId: null },
      { ref: 2, refused: 'NOT_LEADER', leaderId: 2 },
    ])
  })

  it.each([
    ['too short: to its end', [1, 1, 1, 1], { from: 3, last: 2 }, 3],
    ['the leader knows the term: behind its last entry of it', [1, 1, 2, 2], { term: 1, from: 1, last: 4 }, 3],
    ['the leader does not know the term: to its first entry', [1, 1, 3, 3], { term: 2, from: 2, last: 4 }, 2],
    ['never forwards, whatever the refusal says', [1, 1, 1, 1], { from: 9, last: 8 }, 4],
    ['never below 1', [2, 2, 2, 2], { term: 1, from: 0, last: 4 }, 1],
  ] as const)('go back by whole terms: %s [H4]', (_name, log, conflict, next) => {
    const lone = new LoneCore({ ...plain, log }).lead()
    lone.receive(refusalFrom(2, lone.core.term, 4, conflict))
    expect(lone.core.peers()[0]).toMatchObject({ nextIndex: next, state: 'probe' })
    expect(appends(lone)).toMatchObject([{ to: 2, prevLogIndex: next - 1 }])
  })

  it('believe no refusal that is late, or below what matches [B12]', () => {
    const lone = new LoneCore({ ...plain, log: [1, 1, 1] }).lead()
    lone.receive(ackFrom(2, 2, 4))
    lone.outbox()
    lone.receive(refusalFrom(2, 2, 3, { from: 1, last: 0 }))
    lone.receive(refusalFrom(3, 2, 1, { from: 1, last: 0 }))
    expect(lone.sent).toEqual([])
    expect(lone.core.peers()).toMatchObject([
      { id: 2, matchIndex: 4, nextIndex: 5, state: 'replicate' },
      { id: 3, matchIndex: 0, nextIndex: 4, state: 'probe' },
    ])
  })

  it('count no acknowledgement of what they do not have', () => {
    const lone = new LoneCore(plain).lead()
    lone.receive(ackFrom(2, 1, 99))
    expect([lone.core.commitIndex, lone.core.peers()[0]?.matchIndex]).toEqual([0, 0])
  })

  it('probe with one append at a time, and pipeline when the logs are known to agree', () => {
    const lone = new LoneCore({ ...plain, maxEntriesPerMessage: 1 }).lead()
    lone.propose('a', 'b')
    expect(appends(lone).filter(({ to }) => to === 2)).toHaveLength(0)
    lone.receive(ackFrom(2, 1, 1))
    expect(appends(lone).map(({ prevLogIndex }) => prevLogIndex)).toEqual([1, 2])
  })

  it('send no more than the window holds', () => {
    const lone = new LoneCore({ ...plain, maxEntriesPerMessage: 1, maxInflightMessages: 3 }).lead()
    lone.receive(ackFrom(2, 1, 1))
    lone.outbox()
    lone.propose('a', 'b', 'c', 'd', 'e')
    expect(appends(lone)).toHaveLength(3)
    lone.receive(ackFrom(2, 1, 2))
    expect(appends(lone)).toHaveLength(1)
  })

  it('pack entries by bytes; a larger one travels alone, and none is left out [B14]', () => {
    const lone = new LoneCore({ ...plain, maxMessageBytes: 10 }).lead()
    lone.receive(ackFrom(2, 1, 1))
    lone.outbox()
    lone.propose('aaaa', 'bbbb', 'c'.repeat(50), 'dddd', 'eeee', 'ffff')
    const sent = appends(lone)
    expect(sent.map(({ entries }) => entries.map(({ index }) => index))).toEqual([[2, 3], [4], [5, 6], [7]])
    expect(sent.map(({ prevLogIndex }) => prevLogIndex)).toEqual([1, 3, 4, 6])
  })

  it('repair a peer without a new proposal: the answer to a heartbeat shows what is missing [B18]', () => {
    const lone = new LoneCore({ ...plain, log: [1, 1] }).lead()
    lone.outbox()
    lone.receive(heartbeatAnswer(2, 2))
    expect(appends(lone)).toMatchObject([{ to: 2, prevLogIndex: 2, entries: [{ index: 3 }] }])
  })

  it('open a window that is full of lost appends [B20]', () => {
    const lone = new LoneCore({ ...plain, maxInflightMessages: 1, maxEntriesPerMessage: 1 }).lead()
    lone.receive(ackFrom(2, 1, 1))
    lone.propose('a', 'b')
    lone.outbox()
    lone.tick(60)
    lone.outbox()
    lone.receive(heartbeatAnswer(2, 1))
    expect(appends(lone)).toMatchObject([{ to: 2, prevLogIndex: 2, entries: [{ index: 3 }] }])
  })

  it('one peer in trouble stops nobody else [B19]', () => {
    const lone = new LoneCore(plain).lead()
    lone.receive(ackFrom(3, 1, 1))
    lone.receive(refusalFrom(2, 1, 0, { from: 1, last: 0 }))
    lone.outbox()
    lone.propose('x')
    lone.receive(ackFrom(3, 1, 2))
    expect(lone.core.commitIndex).toBe(2)
  })

  it('send heartbeats to idle peers, at their own pace', () => {
    const lone = new LoneCore(plain).lead()
    lone.tick(49)
    expect(lone.sent).toEqual([])
    lone.tick(1)
    expect(lone.sentTypes()).toEqual(['heartbeat', 'heartbeat'])
  })

  it('heartbeats commit only what is known to match [B11]', () => {
    const lone = new LoneCore(plain).lead()
    lone.propose('x')
    lone.receive(ackFrom(2, 1, 2))
    expect(lone.core.commitIndex).toBe(2)
    lone.outbox()
    lone.tick(60)
    expect(lone.outbox()).toMatchObject([
      { type: 'heartbeat', to: 2, commit: 2 },
      { type: 'heartbeat', to: 3, commit: 0 },
    ])
  })

  it('bring the last commit to an idle cluster', () => {
    const lone = new LoneCore(plain).lead()
    lone.receive(ackFrom(2, 1, 1))
    expect(lone.last('heartbeat')).toMatchObject({ to: 2, commit: 1 })
  })

  it('a tail of foreign terms is repaired in as many round trips as it has terms [H4]', () => {
    const foreign = [1, 2, 2, 2, 2, 2, 4, 4, 4, 4, 4, 4, 6, 6, 6, 6]
    const own = [1, 3, 3, 3, 3, 3, 3, 5, 5, 5, 5, 5, 5, 5, 5, 5]
    const lone = new LoneCore({ ...plain, log: own, term: 7 }).lead()
    const peer = new LoneCore({ ...plain, log: foreign })
    let rounds = 0
    for (lone.receive(heartbeatAnswer(2, 8)); lone.core.peers()[0]?.matchIndex !== 17 && rounds < 50; rounds++) {
      for (const message of appends(lone)) peer.receive({ ...message, to: asMemberId(1), from: asMemberId(2) })
      for (const answer of peer.outbox()) lone.receive({ ...answer, from: asMemberId(2), to: asMemberId(1) })
    }
    expect(peer.terms()).toEqual(lone.terms())
    expect(rounds).toBeLessThanOrEqual(5)
  })
})

describe('5.4.2 commitment', () => {
  it.each([
    [[1, 2, 3], { 2: 2 }, 2],
    [[1, 2, 3, 4], { 2: 2 }, 0],
    [[1, 2, 3, 4], { 2: 2, 3: 2 }, 2],
    [[1, 2, 3, 4, 5], { 2: 3, 3: 2 }, 2],
    [[1, 2, 3, 4, 5], { 2: 3, 3: 3, 4: 2 }, 3],
  ] as const)('of voters %j with acknowledgements %j: %i', (voters, matches, commit) => {
    const lone = new LoneCore({ ...plain, configuration: configurationOf(voters) }).lead()
    lone.propose('x', 'y')
    for (const [id, index] of Object.entries(matches)) lone.receive(ackFrom(Number(id), 1, index))
    expect(lone.core.commitIndex).toBe(commit)
  })

  it('an entry of an older term is not committed by counting, but together with one of this term (figure 8) [B1]', () => {
    const lone = new LoneCore({ ...plain, noop: false, log: [1, 2], term: 3 }).lead()
    expect(lone.core.term).toBe(4)
    for (const id of [2, 3]) lone.receive(ackFrom(id, 4, 2))
    expect(lone.core.commitIndex).toBe(0)
    lone.propose('x')
    lone.receive(ackFrom(2, 4, 3))
    expect(lone.core.commitIndex).toBe(3)
  })

  it('8. a new leader appends a blank entry of its term, so that older entries need not wait for a client', () => {
    const lone = new LoneCore({ ...plain, log: [1, 2] }).lead()
    expect(lone.terms()).toEqual([1, 2, 3])
    lone.receive(ackFrom(2, 3, 3))
    expect(lone.core.commitIndex).toBe(3)
  })

  it('the same acknowledgement twice is one [A10]', () => {
    const lone = new LoneCore({ ...plain, configuration: configurationOf([1, 2, 3, 4, 5]) }).lead()
    for (let i = 0; i < 5; i++) lone.receive(ackFrom(2, 1, 1))
    expect(lone.core.commitIndex).toBe(0)
  })

  it('acknowledgements of an earlier leadership are not counted [B4]', () => {
    const lone = new LoneCore({ ...plain, log: [1] }).lead()
    lone.receive(ackFrom(2, 2, 1))
    lone.receive(heartbeatFrom(3, 3))
    lone.core.campaign(lone.nowMs)
    lone.take()
    lone.receive(voteFrom(2, 4))
    expect(lone.core.role).toBe('leader')
    lone.receive(ackFrom(2, 2, 3))
    lone.receive(ackFrom(3, 2, 3))
    expect([lone.core.commitIndex, lone.core.peers().map(({ matchIndex }) => matchIndex)]).toEqual([0, [0, 0]])
  })

  it('the leader counts its own log by what its disk has completed [B17]', () => {
    const lone = new LoneCore({ ...plain, configuration: configurationOf([1, 2, 3]) }).lead()
    lone.diskHeld = true
    lone.propose('x')
    lone.receive(ackFrom(2, 1, 2))
    expect(lone.core.commitIndex).toBe(1)
    lone.flush()
    expect(lone.core.commitIndex).toBe(2)
  })

  it('and commits without its own disk when the others are a majority', () => {
    const lone = new LoneCore(plain).lead()
    lone.diskHeld = true
    lone.propose('x')
    for (const id of [2, 3]) lone.receive(ackFrom(id, 1, 2))
    expect([lone.core.commitIndex, lone.core.stableIndex]).toEqual([2, 1])
  })

  it('a single member commits when its disk is done [B17]', () => {
    const lone = new LoneCore({ configuration: configurationOf([1]) }).lead()
    lone.diskHeld = true
    lone.propose('x')
    expect(lone.core.commitIndex).toBe(1)
    lone.flush()
    expect(lone.core.commitIndex).toBe(2)
  })

  it('learners are not counted [D10]', () => {
    const lone = new LoneCore({ ...plain, configuration: configurationOf([1, 2, 3], [4, 5]) }).lead()
    for (const id of [4, 5]) lone.receive(ackFrom(id, 1, 1))
    expect(lone.core.commitIndex).toBe(0)
  })

  it('heart-beats leave in time while appends are under way that nobody answers [H1]', () => {
    const lone = new LoneCore({ ...plain, heartbeatIntervalMs: 50, electionTimeoutMs: 500 }).lead()
    for (const peer of [2, 3]) lone.receive(ackFrom(peer, 1, 1))
    lone.propose('on its way')
    lone.outbox()
    for (let beat = 0; beat < 3; beat++) {
      lone.tick(50)
      const peers = lone.outbox().flatMap(({ type, to }) => (type === 'heartbeat' ? [to] : []))
      expect(peers).toEqual([2, 3])
    }
  })

  it('a leader accepts only so much beyond what is committed [H3]', () => {
    const lone = new LoneCore({ ...plain, maxUncommittedBytes: 10 }).lead()
    lone.propose('12345678', '123', '12')
    expect([...lone.proposals].sort((a, b) => a.ref - b.ref)).toMatchObject([{ index: 2 }, { refused: 'OVERLOADED' }, { index: 3 }])
    expect(lone.core.uncommittedBytes).toBe(10)
    lone.receive(ackFrom(2, 1, 3))
    expect(lone.core.uncommittedBytes).toBe(0)
    lone.propose('larger than the limit, but alone')
    expect(lone.proposals[3]).toMatchObject({ index: 4 })
  })
})

describe('5.3 and 3.8 durability', () => {
  it('an append is acknowledged when it is durable; a refusal and a heartbeat are answered at once', () => {
    const lone = new LoneCore({ ...plain, log: [1], term: 1 })
    lone.diskHeld = true
    lone.receive(appendFrom(2, 1, { prev: [1, 1], terms: [1] }))
    lone.receive(appendFrom(2, 1, { prev: [9, 1] }))
    lone.receive(heartbeatFrom(2, 1))
    expect(lone.outbox()).toMatchObject([{ type: 'appendEntriesResponse', rejected: { prevLogIndex: 9 } }, { type: 'heartbeatResponse' }])
    lone.flush()
    expect(lone.outbox()).toMatchObject([{ type: 'appendEntriesResponse', matchIndex: 2, rejected: null }])
  })

  it('also an append whose entries are here already, but still on their way to the disk', () => {
    const lone = new LoneCore({ ...plain, term: 1 })
    lone.diskHeld = true
    const append = appendFrom(2, 1, { terms: [1] })
    lone.receive(append)
    lone.receive(append)
    expect(lone.sent).toEqual([])
    lone.flush()
    expect(lone.sentTypes()).toEqual(['appendEntriesResponse', 'appendEntriesResponse'])
  })

  it('writes complete one after the other; each releases what relied on it', () => {
    const lone = new LoneCore({ ...plain, term: 1 })
    lone.diskHeld = true
    for (const index of [1, 2, 3]) lone.receive(appendFrom(2, 1, { prev: [index - 1, index - 1 && 1], terms: [1] }))
    const complete = (): number => {
      lone.step({ type: 'persisted', sequence: lone.disk.complete() ?? 0 })
      return lone.last('appendEntriesResponse').matchIndex
    }
    lone.diskHeld = true
    expect([complete(), complete(), complete()]).toEqual([1, 2, 3])
  })

  it('a leader of a single term with two disks at work: the late completion of a replaced entry proves nothing [B16]', () => {
    const lone = new LoneCore({ ...plain, log: [1] })
    lone.diskHeld = true
    lone.receive(appendFrom(2, 2, { prev: [1, 1], terms: [2] }))
    lone.receive(appendFrom(3, 3, { prev: [1, 1], terms: [3] }))
    lone.step({ type: 'persisted', sequence: lone.disk.complete() ?? 0 })
    expect(lone.core.stableIndex).toBe(1)
    expect(lone.sent).toEqual([])
    lone.flush()
    expect(lone.outbox()).toMatchObject([{ term: 3, matchIndex: 2 }])
  })

  it('a crash brings back exactly what is on the disk; the commit index is learned anew [E6]', () => {
    const lone = new LoneCore({ ...plain, log: [1, 1] })
    lone.receive(heartbeatFrom(2, 1, 2))
    lone.diskHeld = true
    lone.receive(appendFrom(2, 1, { prev: [2, 1], terms: [1] }))
    expect([lone.core.commitIndex, lone.core.lastIndex]).toEqual([2, 3])
    lone.crash()
    expect([lone.core.commitIndex, lone.core.lastIndex]).toEqual([0, 2])
  })

  it('entries in memory are dropped with their log, never handed out again [B15]', () => {
    const lone = new LoneCore({ ...plain, log: [1] })
    lone.receive(appendFrom(2, 2, { prev: [1, 1], entries: [command(2, 2, 'old')] }))
    lone.receive(appendFrom(3, 3, { prev: [1, 1], entries: [command(2, 3, 'new')], commit: 2 }))
    const [entry] = lone.core.entries(asIndex(2), asIndex(2), 100) ?? []
    expect(new TextDecoder().decode(entry?.payload)).toBe('new')
  })

  it('an entry of the log keeps the term and the time it was given', () => {
    const cluster = new TestCluster(3, plain)
    cluster.elect(1)
    cluster.advance(40)
    cluster.propose(1, 'x')
    cluster.settle()
    const entries = [1, 2, 3].map((id) => cluster.member(id).disk.entries[1])
    expect(entries[0]).toMatchObject({ term: 1, index: 2, timeMs: 40 })
    expect(entries[1]).toEqual(entries[0])
    expect(entries[2]).toEqual(entries[0])
  })
})
