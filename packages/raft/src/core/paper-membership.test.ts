/**
 * The rules of membership changes and of reads, one test each, named by the section of the Raft paper or the thesis. Letters in brackets
 * (D1, E1, ...) number known bugs of real Raft systems that the rule excludes.
 */
import { describe, expect, it } from 'vitest'
import { encodeConfiguration } from '../log/configuration-codec.js'
import type { Configuration, Entry } from '../types.js'
import { asIndex, asMemberId, asTerm, EntryType } from '../types.js'
import {
  ackFrom,
  appendFrom,
  command,
  heartbeatAnswer,
  heartbeatFrom,
  LoneCore,
  snapshotOf,
  voteFrom,
  voteRequest,
} from './lone-core.test-support.js'
import { configurationOf, TestCluster } from './test-cluster.test-support.js'

const plain = { preVote: false, checkQuorum: false } as const

const joint = (voters: readonly number[], outgoing: readonly number[], learners: readonly number[] = []): Configuration => ({
  ...configurationOf([...new Set([...voters, ...outgoing])], learners),
  voters: voters.map(asMemberId),
  votersOutgoing: outgoing.map(asMemberId),
})

const configurationEntry = (index: number, term: number, configuration: Configuration): Entry => ({
  ...command(index, term),
  type: EntryType.configuration,
  payload: encodeConfiguration(configuration),
})

let refs = 1000
const configure = (lone: LoneCore, configuration: Configuration): void => {
  const proposal = { ref: ++refs, type: EntryType.configuration, payload: encodeConfiguration(configuration) }
  lone.step({ type: 'propose', proposals: [proposal] })
}

/** A leader of term 1 that has committed its blank entry. */
const settledLeader = (voters: readonly number[] = [1, 2, 3], learners: readonly number[] = []): LoneCore => {
  const lone = new LoneCore({ ...plain, configuration: configurationOf(voters, learners) }).lead()
  for (const id of voters.slice(1)) lone.receive(ackFrom(id, 1, 1))
  lone.outbox()
  return lone
}

describe('6 and thesis 4.1 configurations', () => {
  it('hold from the moment their entry is in the log, committed or not; voters and quorum change together [D3]', () => {
    const lone = settledLeader()
    configure(lone, configurationOf([1, 2, 3, 4]))
    expect(lone.core.configuration.voters).toEqual([1, 2, 3, 4])
    expect(lone.core.peers().map(({ id }) => id)).toEqual([2, 3, 4])
    // Two of three are no longer enough.
    lone.receive(ackFrom(2, 1, 2))
    expect(lone.core.commitIndex).toBe(1)
    lone.receive(ackFrom(4, 1, 2))
    expect(lone.core.commitIndex).toBe(2)
  })

  it('go when their entry is cut off [D4]', () => {
    const lone = new LoneCore({ ...plain, log: [1] })
    lone.receive(appendFrom(2, 2, { prev: [1, 1], entries: [configurationEntry(2, 2, configurationOf([1, 2, 3, 4]))] }))
    expect(lone.core.configuration.voters).toHaveLength(4)
    lone.receive(appendFrom(3, 3, { prev: [1, 1], terms: [3] }))
    expect(lone.core.configuration.voters).toHaveLength(3)
  })

  it('survive a restart, in the log and in the snapshot [D5]', () => {
    const lone = new LoneCore({ ...plain, log: [1] })
    lone.receive(appendFrom(2, 2, { prev: [1, 1], entries: [configurationEntry(2, 2, configurationOf([1, 2, 3, 4]))], commit: 2 }))
    lone.crash()
    expect(lone.core.configuration.voters).toHaveLength(4)
    const meta = snapshotOf(2, 2, lone.core.configurationAt(asIndex(2)))
    lone.receive(heartbeatFrom(2, 2, 2))
    lone.disk.writeSnapshot(meta)
    lone.step({ type: 'snapshotTaken', meta, firstIndexToKeep: asIndex(3) })
    lone.crash()
    expect([lone.core.firstIndex, lone.core.configuration.voters.length]).toEqual([3, 4])
  })

  it('a snapshot carries the one of its own index, not a newer one [C8]', () => {
    const lone = settledLeader()
    configure(lone, configurationOf([1, 2, 3, 4]))
    expect(lone.core.configurationAt(asIndex(1)).voters).toEqual([1, 2, 3])
    expect(lone.core.configurationAt(asIndex(2)).voters).toEqual([1, 2, 3, 4])
  })

  it('one change at a time [D2]', () => {
    const lone = settledLeader()
    configure(lone, configurationOf([1, 2, 3, 4]))
    configure(lone, configurationOf([1, 2, 3, 4, 5]))
    expect(lone.proposals).toMatchObject([{ index: 2 }, { refused: 'INVALID' }])
    for (const id of [2, 3]) lone.receive(ackFrom(id, 1, 2))
    configure(lone, configurationOf([1, 2, 3, 4, 5]))
    expect(lone.proposals[2]).toMatchObject({ index: 3 })
  })

  it('not even two in one turn [D2]', () => {
    const lone = settledLeader()
    const payload = encodeConfiguration(configurationOf([1, 2, 3, 4]))
    lone.step({ type: 'propose', proposals: [1, 2].map((ref) => ({ ref, type: EntryType.configuration, payload })) })
    expect(lone.proposals.map((outcome) => 'index' in outcome)).toEqual([false, true])
  })

  it('no change before an entry of the own term is committed [D1]', () => {
    const lone = new LoneCore(plain).lead()
    configure(lone, configurationOf([1, 2, 3, 4]))
    expect(lone.proposals).toMatchObject([{ refused: 'INVALID' }])
    lone.receive(ackFrom(2, 1, 1))
    configure(lone, configurationOf([1, 2, 3, 4]))
    expect(lone.proposals[1]).toMatchObject({ index: 2 })
  })

  it('what is known of the other peers is kept through a change [D17]', () => {
    const lone = settledLeader()
    configure(lone, configurationOf([1, 2, 3, 4]))
    expect(lone.core.peers()).toMatchObject([
      { id: 2, matchIndex: 1, state: 'replicate' },
      { id: 3, matchIndex: 1, state: 'replicate' },
      { id: 4, matchIndex: 0, state: 'probe' },
    ])
  })

  it('answers of removed members are not counted any more [D16]', () => {
    const lone = settledLeader([1, 2, 3, 4, 5])
    configure(lone, configurationOf([1, 2, 3, 4]))
    for (let i = 0; i < 3; i++) lone.receive(ackFrom(5, 1, 2))
    lone.receive(ackFrom(2, 1, 2))
    expect(lone.core.commitIndex).toBe(1)
    lone.receive(ackFrom(3, 1, 2))
    expect(lone.core.commitIndex).toBe(2)
  })
})

describe('6 joint consensus', () => {
  it('commits with a majority of each half, not of one, and not of all together [D13]', () => {
    const lone = settledLeader()
    configure(lone, joint([1, 4, 5], [1, 2, 3]))
    lone.receive(ackFrom(2, 1, 2))
    lone.receive(ackFrom(3, 1, 2))
    expect(lone.core.commitIndex).toBe(1)
    lone.receive(ackFrom(4, 1, 2))
    expect(lone.core.commitIndex).toBe(2)
  })

  it('elects with a majority of each half [D13]', () => {
    const lone = new LoneCore({ ...plain, configuration: joint([1, 4, 5], [1, 2, 3]) })
    lone.tick(1000)
    expect(lone.outbox().map(({ to }) => to)).toEqual([2, 3, 4, 5])
    for (const id of [4, 5]) lone.receive(voteFrom(id, 1))
    expect(lone.core.role).toBe('candidate')
    lone.receive(voteFrom(2, 1))
    expect(lone.core.role).toBe('leader')
  })

  it('is left by the leader as soon as it is committed', () => {
    const lone = settledLeader()
    configure(lone, joint([1, 2, 4], [1, 2, 3]))
    for (const id of [2, 4]) lone.receive(ackFrom(id, 1, 2))
    expect(lone.core.configuration).toMatchObject({ voters: [1, 2, 4], votersOutgoing: [] })
    expect(lone.core.lastIndex).toBe(3)
    expect(lone.core.peers().map(({ id }) => id)).toEqual([2, 4])
  })

  it('is left by the next leader, when the one that began it is gone [D14]', () => {
    const lone = new LoneCore({ ...plain, log: [1] })
    lone.receive(appendFrom(2, 1, { prev: [1, 1], entries: [configurationEntry(2, 1, joint([1, 4], [1, 2]))] }))
    lone.lead()
    for (const id of [2, 4]) lone.receive(ackFrom(id, 2, 3))
    expect(lone.core.configuration).toMatchObject({ voters: [1, 4], votersOutgoing: [] })
  })
})

describe('thesis 4.2.1 learners', () => {
  it('receive the log', () => {
    const lone = settledLeader([1, 2], [3])
    lone.propose('x')
    lone.receive(heartbeatAnswer(3, 1))
    expect(lone.sent.some(({ type, to }) => type === 'appendEntries' && to === 3)).toBe(true)
  })

  it('never campaign', () => {
    const lone = new LoneCore({ ...plain, configuration: configurationOf([2, 3], [1]) })
    lone.tick(10_000)
    expect([lone.core.role, lone.core.term, lone.core.deadlineMs()]).toEqual(['follower', 0, Infinity])
  })

  it('vote: they may be voters already without knowing [D9]', () => {
    for (const configuration of [configurationOf([2, 3], [1]), configurationOf([2, 3])]) {
      const lone = new LoneCore({ ...plain, configuration })
      lone.receive(voteRequest(2, 1))
      expect(lone.last('requestVoteResponse').granted).toBe(true)
    }
  })

  it('ask anew for a read that nobody answered, at a later time and not in a circle', () => {
    const lone = new LoneCore({ ...plain, configuration: configurationOf([2, 3], [1]) })
    lone.receive(heartbeatFrom(2, 1))
    lone.step({ type: 'read', ref: 1 })
    lone.outbox()
    for (let i = 0; i < 5; i++) {
      lone.tick(1000)
      expect(lone.outbox()).toMatchObject([{ type: 'readIndexRequest', to: 2 }])
      expect(lone.core.deadlineMs()).toBeGreaterThan(lone.nowMs)
    }
  })
})

describe('thesis 4.2.2 removing the leader', () => {
  it('it does not count itself in a configuration without it [D11]', () => {
    const lone = settledLeader()
    configure(lone, configurationOf([2, 3]))
    lone.receive(ackFrom(2, 1, 2))
    expect(lone.core.commitIndex).toBe(1)
    lone.receive(ackFrom(3, 1, 2))
    expect(lone.core.commitIndex).toBe(2)
  })

  it('it leads until that is committed, then steps down, and tells the others what is committed [D12]', () => {
    const lone = settledLeader()
    configure(lone, configurationOf([2, 3]))
    expect(lone.core.role).toBe('leader')
    lone.outbox()
    for (const id of [2, 3]) lone.receive(ackFrom(id, 1, 2))
    expect(lone.core.role).toBe('follower')
    expect(lone.outbox().filter(({ type }) => type === 'heartbeat')).toMatchObject([
      { to: 2, commit: 2 },
      { to: 3, commit: 2 },
    ])
    lone.tick(10_000)
    expect(lone.core.role).toBe('follower')
  })

  it('a voter that an uncommitted configuration leaves out still campaigns, without counting itself', () => {
    const lone = new LoneCore({ ...plain, configuration: configurationOf([1, 2, 3]), log: [1] })
    lone.receive(heartbeatFrom(2, 1, 1))
    lone.receive(appendFrom(2, 1, { prev: [1, 1], entries: [configurationEntry(2, 1, configurationOf([2, 3]))] }))
    lone.tick(1000)
    expect(lone.core.role).toBe('candidate')
    lone.receive(voteFrom(2, 2))
    expect(lone.core.role).toBe('candidate')
    lone.receive(voteFrom(3, 2))
    expect(lone.core.role).toBe('leader')
  })

  it('one that a committed configuration leaves out does not', () => {
    const lone = new LoneCore({ ...plain, configuration: configurationOf([1, 2, 3]), log: [1] })
    lone.receive(appendFrom(2, 1, { prev: [1, 1], entries: [configurationEntry(2, 1, configurationOf([2, 3]))], commit: 2 }))
    lone.tick(10_000)
    expect([lone.core.role, lone.core.deadlineMs()]).toEqual(['follower', Infinity])
  })
})

describe('8 and thesis 6.4 reads', () => {
  const read = (lone: LoneCore): number => {
    lone.step({ type: 'read', ref: ++refs })
    return refs
  }

  it('need a majority that answers after they began [E1]', () => {
    const lone = settledLeader([1, 2, 3, 4, 5])
    const ref = read(lone)
    lone.receive(heartbeatAnswer(2, 1, 1))
    expect(lone.reads).toEqual([])
    lone.receive(heartbeatAnswer(2, 1, 1))
    expect(lone.reads).toEqual([])
    lone.receive(heartbeatAnswer(3, 1, 1))
    expect(lone.reads).toEqual([{ ref, index: 1 }])
  })

  it('an append that carries the round confirms it as well', () => {
    const lone = settledLeader()
    const ref = read(lone)
    lone.propose('x')
    expect(lone.last('appendEntries').round).toBe(1)
    lone.receive(ackFrom(2, 1, 2, 1))
    expect(lone.reads).toEqual([{ ref, index: 1 }])
  })

  it('answers to an earlier round confirm nothing later, nor do rounds that never were [E3]', () => {
    const lone = settledLeader()
    read(lone)
    lone.receive(heartbeatAnswer(2, 1, 1))
    lone.reads = []
    const ref = read(lone)
    lone.receive(heartbeatAnswer(3, 1, 1))
    lone.receive(heartbeatAnswer(3, 1, 0))
    lone.receive(heartbeatAnswer(3, 1, 99))
    expect(lone.reads).toEqual([])
    lone.receive(heartbeatAnswer(3, 1, 2))
    expect(lone.reads).toEqual([{ ref, index: 1 }])
  })

  it('wait until an entry of the leader’s term is committed [E2, E6]', () => {
    const lone = new LoneCore({ ...plain, log: [1, 1] }).lead()
    const ref = read(lone)
    expect(lone.sentTypes()).toEqual([])
    lone.receive(ackFrom(2, 2, 3))
    lone.receive(heartbeatAnswer(2, 2, 1))
    expect(lone.reads).toEqual([{ ref, index: 3 }])
  })

  it('those that come while a round is under way share the next one, with its own index [E4]', () => {
    const lone = settledLeader()
    const first = read(lone)
    lone.propose('x')
    lone.receive(ackFrom(2, 1, 2))
    const later = [read(lone), read(lone)]
    lone.receive(heartbeatAnswer(3, 1, 1))
    expect(lone.reads).toEqual([{ ref: first, index: 1 }])
    lone.receive(heartbeatAnswer(3, 1, 2))
    expect(lone.reads.slice(1)).toEqual(later.map((ref) => ({ ref, index: 2 })))
  })

  it('are refused when leadership ends', () => {
    const lone = settledLeader()
    const ref = read(lone)
    lone.receive(heartbeatFrom(3, 2))
    expect(lone.reads).toMatchObject([{ ref, refused: 'NOT_LEADER' }])
  })

  it('learners and strangers confirm nothing', () => {
    const lone = settledLeader([1, 2, 3], [4])
    read(lone)
    for (const id of [4, 9]) lone.receive(heartbeatAnswer(id, 1, 1))
    expect(lone.reads).toEqual([])
  })

  it('are limited in number [H5]', () => {
    const lone = new LoneCore({ ...plain, maxPendingReads: 2 }).lead()
    for (let i = 0; i < 3; i++) read(lone)
    expect(lone.reads).toMatchObject([{ refused: 'OVERLOADED' }])
  })

  it('go on when the configuration shrinks to those who have answered', () => {
    const lone = settledLeader([1, 2, 3, 4])
    const ref = read(lone)
    lone.receive(heartbeatAnswer(2, 1, 1))
    expect(lone.reads).toEqual([])
    configure(lone, configurationOf([1, 2, 3]))
    expect(lone.reads).toEqual([{ ref, index: 1 }])
  })

  it('of a follower: only the leader’s answer to the open question counts [E13]', () => {
    const lone = new LoneCore(plain)
    lone.receive(heartbeatFrom(2, 2))
    const ref = read(lone)
    const { request } = lone.last('readIndexRequest')
    const answer = (from: number, term: number, number: number, index: number) =>
      ({
        type: 'readIndexResponse',
        from: asMemberId(from),
        to: asMemberId(1),
        term: asTerm(term),
        request: number,
        index: asIndex(index),
      }) as const
    lone.receive(answer(3, 2, request, 7))
    lone.receive(answer(2, 1, request, 7))
    lone.receive(answer(2, 2, request - 1, 7))
    expect(lone.reads).toEqual([])
    lone.receive(answer(2, 2, request, 8))
    lone.receive(answer(2, 2, request, 9))
    expect(lone.reads).toEqual([{ ref, index: 8 }])
  })

  it('of a follower: questions of an earlier life differ from those of this one', () => {
    const cluster = new TestCluster(3)
    cluster.elect(1)
    const ask = (): number => {
      cluster.step(3, { type: 'read', ref: ++refs })
      const message = cluster.queue.find(({ type }) => type === 'readIndexRequest')
      cluster.queue = []
      return message?.type === 'readIndexRequest' ? message.request : -1
    }
    const before = ask()
    cluster.crash(3)
    cluster.restart(3)
    cluster.advance(60)
    cluster.settle()
    expect(ask()).not.toBe(before)
  })

  it('of a follower without a leader are refused at once', () => {
    const lone = new LoneCore(plain)
    const ref = read(lone)
    expect(lone.reads).toEqual([{ ref, refused: 'NO_LEADER', leaderId: null }])
  })
})
