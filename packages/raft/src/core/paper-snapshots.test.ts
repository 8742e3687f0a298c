/**
 * The rules of snapshots and log compaction, one test each, named by the section of the Raft paper or the thesis. Letters in brackets
 * (C1, ...) number known bugs of real Raft systems that the rule excludes.
 */
import { describe, expect, it } from 'vitest'
import { encodeConfiguration } from '../log/configuration-codec.js'
import { asIndex, asMemberId, asTerm, EntryType } from '../types.js'
import type { InstallSnapshotResponse } from './messages.js'
import {
  ackFrom,
  appendFrom,
  chunkFrom,
  command,
  heartbeatAnswer,
  heartbeatFrom,
  LoneCore,
  refusalFrom,
  snapshotOf,
  voteRequest,
} from './lone-core.test-support.js'
import { configurationOf } from './test-cluster.test-support.js'

const plain = { preVote: false, checkQuorum: false } as const

const installResponse = (from: number, term: number, index: number, next: number | 'installed'): InstallSnapshotResponse => ({
  type: 'installSnapshotResponse',
  from: asMemberId(from),
  to: asMemberId(1),
  term: asTerm(term),
  snapshotIndex: asIndex(index),
  nextOffset: next === 'installed' ? 0 : next,
  installed: next === 'installed',
})

/** A leader of term 2 whose log begins behind a snapshot of entries 1 to 4 and ends with its blank entry 6. */
const compactedLeader = (snapshotWindowBytes = 4): LoneCore => {
  const lone = new LoneCore({ ...plain, log: [1, 1, 1, 1, 1], snapshotChunkBytes: 4, snapshotWindowBytes }).lead()
  lone.receive(ackFrom(3, 2, 6))
  lone.step({ type: 'applied', index: asIndex(6) })
  lone.disk.writeSnapshot(snapshotOf(4, 1))
  lone.step({ type: 'snapshotTaken', meta: snapshotOf(4, 1), firstIndexToKeep: asIndex(5) })
  lone.outbox()
  return lone
}

/** Answers the open question for a chunk. */
const readChunk = (lone: LoneCore): void => {
  const read = lone.snapshotReads.pop()
  if (read === undefined) throw new Error('no chunk was asked for')
  const data = new Uint8Array(Math.min(read.maxBytes, read.meta.sizeBytes - read.offset))
  lone.step({
    type: 'snapshotRead',
    peer: read.peer,
    meta: read.meta,
    offset: read.offset,
    data,
    done: read.offset + data.length >= read.meta.sizeBytes,
  })
}

describe('7 the receiver of InstallSnapshot (figure 13)', () => {
  it('1. refuses an earlier term with its own, and a later one makes it a follower of it', () => {
    const lone = new LoneCore({ ...plain, term: 5 })
    lone.receive(chunkFrom(2, 4, snapshotOf(3, 3)))
    expect([lone.last('heartbeatResponse').term, lone.chunks]).toEqual([5, []])
    lone.lead()
    lone.receive(chunkFrom(2, 9, snapshotOf(3, 3)))
    expect([lone.core.role, lone.core.leaderId, lone.core.term]).toEqual(['follower', 2, 9])
  })

  it('2. to 4. stores the pieces and says where it wants to go on', () => {
    const lone = new LoneCore(plain)
    const meta = snapshotOf(3, 1)
    lone.receive(chunkFrom(2, 1, meta, 0, 4))
    expect(lone.chunks).toMatchObject([{ offset: 0, done: false }])
    lone.step({ type: 'chunkStored', meta, nextOffset: 4 })
    expect(lone.last('installSnapshotResponse')).toMatchObject({ snapshotIndex: 3, nextOffset: 4, installed: false })
  })

  it('6. keeps what follows the snapshot when the log holds its last entry; nothing is installed [C10]', () => {
    const lone = new LoneCore({ ...plain, log: [1, 1, 1, 1, 1] })
    lone.receive(heartbeatFrom(2, 1))
    lone.step({ type: 'snapshotReceived', meta: snapshotOf(3, 1) })
    expect([lone.terms(), lone.core.commitIndex, lone.restored]).toEqual([[1, 1, 1, 1, 1], 3, []])
    expect(lone.last('installSnapshotResponse')).toMatchObject({ snapshotIndex: 3, installed: true })
  })

  it('7. discards the whole log when it does not, also what lies above [C12]', () => {
    const lone = new LoneCore({ ...plain, log: [1, 1, 2, 2, 2] })
    lone.receive(heartbeatFrom(2, 3))
    lone.step({ type: 'snapshotReceived', meta: snapshotOf(4, 3) })
    expect([lone.core.firstIndex, lone.core.lastIndex, lone.core.lastTerm, lone.core.commitIndex]).toEqual([5, 4, 3, 4])
    expect(lone.disk.log.entries).toEqual([])
  })

  it('8. resets the state, and takes over the configuration [C7]', () => {
    const lone = new LoneCore(plain)
    lone.receive(heartbeatFrom(2, 1))
    const meta = snapshotOf(4, 1, configurationOf([1, 2, 3, 4, 5]))
    lone.step({ type: 'snapshotReceived', meta })
    expect(lone.restored).toEqual([meta])
    expect(lone.core.configuration.voters).toEqual([1, 2, 3, 4, 5])
    lone.crash()
    expect(lone.core.configuration.voters).toEqual([1, 2, 3, 4, 5])
  })

  it('is ignored when it is older than what is committed, and acknowledged [C11]', () => {
    const lone = new LoneCore({ ...plain, log: [1, 1, 1, 1] })
    lone.receive(heartbeatFrom(2, 1, 4))
    for (const index of [2, 4]) {
      lone.receive(chunkFrom(2, 1, snapshotOf(index, 1)))
      expect(lone.last('installSnapshotResponse')).toMatchObject({ snapshotIndex: index, installed: true })
    }
    expect([lone.chunks, lone.core.commitIndex, lone.terms()]).toEqual([[], 4, [1, 1, 1, 1]])
  })

  it('a file that was complete only after the log had caught up is not installed [C11]', () => {
    const lone = new LoneCore(plain)
    const meta = snapshotOf(2, 1)
    lone.receive(chunkFrom(2, 1, meta))
    lone.receive(appendFrom(2, 1, { terms: [1, 1, 1], commit: 3 }))
    lone.step({ type: 'snapshotReceived', meta })
    expect([lone.restored, lone.terms(), lone.core.commitIndex]).toEqual([[], [1, 1, 1], 3])
  })

  it('is acknowledged when it is durable', () => {
    const lone = new LoneCore({ ...plain, term: 1 })
    lone.receive(heartbeatFrom(2, 1))
    lone.outbox()
    lone.diskHeld = true
    lone.step({ type: 'snapshotReceived', meta: snapshotOf(4, 1) })
    expect(lone.sent).toEqual([])
    lone.flush()
    expect(lone.outbox()).toMatchObject([{ type: 'installSnapshotResponse', installed: true }])
  })

  it('two in a short time: the newer one counts, and neither goes back [C17]', () => {
    const lone = new LoneCore({ ...plain, term: 1 })
    lone.receive(heartbeatFrom(2, 1))
    lone.diskHeld = true
    lone.step({ type: 'snapshotReceived', meta: snapshotOf(4, 1) })
    lone.step({ type: 'snapshotReceived', meta: snapshotOf(8, 1) })
    lone.step({ type: 'snapshotReceived', meta: snapshotOf(4, 1) })
    lone.flush()
    expect([lone.core.commitIndex, lone.core.firstIndex, lone.disk.snapshot?.index]).toEqual([8, 9, 8])
  })

  it('an uncommitted configuration of the replaced log is forgotten, not kept because it is newer than that in the snapshot [C9]', () => {
    const lone = new LoneCore({ ...plain, log: [1] })
    const uncommitted = {
      ...command(2, 2),
      type: EntryType.configuration,
      payload: encodeConfiguration(configurationOf([1, 2, 3, 4, 5, 6, 7])),
    }
    lone.receive(appendFrom(2, 2, { prev: [1, 1], entries: [uncommitted] }))
    expect(lone.core.configuration.voters).toHaveLength(7)
    lone.receive(heartbeatFrom(3, 3))
    lone.step({ type: 'snapshotReceived', meta: snapshotOf(9, 3, configurationOf([1, 2, 3])) })
    expect(lone.core.configuration.voters).toEqual([1, 2, 3])
    expect(lone.core.configurationAt(asIndex(9)).voters).toEqual([1, 2, 3])
    lone.crash()
    expect(lone.core.configuration.voters).toEqual([1, 2, 3])
  })

  it('a candidate whose log is replaced gives up [A20]', () => {
    const lone = new LoneCore(plain)
    lone.tick(1000)
    expect(lone.core.role).toBe('candidate')
    lone.step({ type: 'snapshotReceived', meta: snapshotOf(4, 1) })
    expect(lone.core.role).toBe('follower')
  })
})

describe('7 the leader', () => {
  it('sends the snapshot to a peer that needs what is compacted, chunk by chunk, then the log behind it', () => {
    const lone = compactedLeader()
    lone.receive(refusalFrom(2, 2, 5, { from: 3, last: 2 }))
    expect(lone.core.peers()[0]).toMatchObject({ id: 2, state: 'snapshot' })
    for (const next of [4, 8]) {
      readChunk(lone)
      lone.receive(installResponse(2, 2, 4, next))
    }
    readChunk(lone)
    expect(lone.outbox()).toMatchObject([
      { type: 'installSnapshot', offset: 0, done: false },
      { type: 'installSnapshot', offset: 4, done: false },
      { type: 'installSnapshot', offset: 8, done: true },
    ])
    lone.receive(installResponse(2, 2, 4, 'installed'))
    expect(lone.core.peers()[0]).toMatchObject({ state: 'replicate', matchIndex: 4, nextIndex: 7 })
    expect(lone.last('appendEntries')).toMatchObject({ to: 2, prevLogIndex: 4, entries: [{ index: 5 }, { index: 6 }] })
  })

  it('goes on where the receiver wants: resumed, or from the beginning [C14]', () => {
    const lone = compactedLeader()
    lone.receive(refusalFrom(2, 2, 5, { from: 3, last: 2 }))
    readChunk(lone)
    lone.receive(installResponse(2, 2, 4, 8))
    expect(lone.snapshotReads).toMatchObject([{ offset: 8 }])
    lone.receive(installResponse(2, 2, 4, 0))
    expect(lone.snapshotReads.at(-1)).toMatchObject({ offset: 0 })
  })

  it('the same answer twice does not double the stream [C14]', () => {
    const lone = compactedLeader()
    lone.receive(refusalFrom(2, 2, 5, { from: 3, last: 2 }))
    readChunk(lone)
    lone.receive(installResponse(2, 2, 4, 4))
    lone.receive(installResponse(2, 2, 4, 4))
    expect(lone.snapshotReads).toHaveLength(1)
  })

  it('keeps as many chunks under way as the window has room for', () => {
    const lone = compactedLeader(8)
    lone.receive(refusalFrom(2, 2, 5, { from: 3, last: 2 }))
    expect(lone.snapshotReads.map(({ offset, maxBytes }) => [offset, maxBytes])).toEqual([
      [0, 4],
      [4, 4],
    ])
    lone.receive(installResponse(2, 2, 4, 4))
    expect(lone.snapshotReads.at(-1)).toMatchObject({ offset: 8, maxBytes: 2 })
    // What the peer has already said to have is not sent to it any more, whenever it is read.
    lone.snapshotReads.splice(1)
    readChunk(lone)
    expect(lone.sentTypes()).not.toContain('installSnapshot')
  })

  it('goes back to where chunks were lost when nothing moves any more, once', () => {
    const lone = compactedLeader(12)
    lone.receive(refusalFrom(2, 2, 5, { from: 3, last: 2 }))
    lone.receive(installResponse(2, 2, 4, 4))
    lone.snapshotReads = []
    lone.receive(installResponse(2, 2, 4, 4))
    lone.receive(heartbeatAnswer(2, 2))
    expect(lone.snapshotReads).toEqual([])
    lone.nowMs += 50
    lone.receive(heartbeatAnswer(2, 2))
    expect(lone.snapshotReads).toMatchObject([{ offset: 4 }, { offset: 8 }])
    lone.nowMs += 50
    lone.receive(heartbeatAnswer(2, 2))
    expect(lone.snapshotReads).toHaveLength(2)
  })

  it('a receiver that begins anew, however often it says so, costs one window in a heart-beat', () => {
    const lone = compactedLeader(8)
    lone.receive(refusalFrom(2, 2, 5, { from: 3, last: 2 }))
    lone.receive(installResponse(2, 2, 4, 8))
    lone.snapshotReads = []
    for (let time = 0; time < 5; time++) {
      lone.receive(installResponse(2, 2, 4, 0))
      lone.receive(installResponse(2, 2, 4, 8))
    }
    expect(lone.snapshotReads.filter(({ offset }) => offset === 0)).toHaveLength(1)
  })

  it('sends the state itself in place of a snapshot that refers to it, when it is offered', () => {
    const lone = compactedLeader(8)
    const state = { ...snapshotOf(6, 2), sizeBytes: 20, checksum: 77, form: 'state' as const }
    lone.step({ type: 'snapshotOffered', peer: asMemberId(2), meta: state })
    lone.receive(refusalFrom(2, 2, 5, { from: 3, last: 2 }))
    lone.snapshotReads = []
    lone.step({ type: 'snapshotOffered', peer: asMemberId(2), meta: { ...state, index: asIndex(3) } })
    expect(lone.snapshotReads).toEqual([])
    lone.step({ type: 'snapshotOffered', peer: asMemberId(2), meta: state })
    expect(lone.snapshotReads).toMatchObject([
      { offset: 0, meta: state },
      { offset: 4, meta: state },
    ])
    // The log behind it stays, not that behind the snapshot which it stands for.
    lone.step({ type: 'snapshotTaken', meta: snapshotOf(6, 2), firstIndexToKeep: asIndex(7) })
    expect(lone.core.firstIndex).toBe(7)
    lone.receive(installResponse(2, 2, 6, 'installed'))
    expect(lone.core.peers()[0]).toMatchObject({ state: 'replicate', matchIndex: 6 })
  })

  it('answers about another snapshot, or of an older term, move nothing', () => {
    const lone = compactedLeader()
    lone.receive(refusalFrom(2, 2, 5, { from: 3, last: 2 }))
    readChunk(lone)
    lone.receive(installResponse(2, 2, 3, 4))
    lone.receive(installResponse(2, 1, 4, 4))
    expect(lone.snapshotReads).toEqual([])
    lone.receive(installResponse(2, 2, 99, 'installed'))
    expect(lone.core.peers()[0]).toMatchObject({ state: 'snapshot', matchIndex: 0 })
  })

  it('asks again after a while when a chunk or its answer is lost', () => {
    const lone = compactedLeader()
    lone.receive(refusalFrom(2, 2, 5, { from: 3, last: 2 }))
    readChunk(lone)
    lone.nowMs += 999
    lone.receive(heartbeatAnswer(2, 2))
    expect(lone.snapshotReads).toHaveLength(0)
    lone.nowMs += 1
    lone.receive(heartbeatAnswer(2, 2))
    expect(lone.snapshotReads).toHaveLength(1)
  })

  it('a file that can not be read is not asked for again at once; a newer one is', () => {
    const lone = compactedLeader()
    lone.receive(refusalFrom(2, 2, 5, { from: 3, last: 2 }))
    lone.snapshotReads = []
    lone.step({ type: 'snapshotReadFailed', peer: asMemberId(2) })
    expect(lone.snapshotReads).toEqual([])
    lone.nowMs += 1000
    lone.receive(heartbeatAnswer(2, 2))
    expect(lone.snapshotReads).toMatchObject([{ offset: 0 }])
    lone.snapshotReads = []
    const newer = snapshotOf(6, 2, configurationOf([1, 2, 3]), 7)
    lone.step({ type: 'snapshotTaken', meta: newer, firstIndexToKeep: asIndex(7) })
    lone.step({ type: 'snapshotReadFailed', peer: asMemberId(2) })
    expect(lone.snapshotReads).toMatchObject([{ meta: { index: 6 } }])
  })

  it('keeps the log behind a snapshot that a living peer is being sent [C15]', () => {
    const lone = compactedLeader()
    lone.receive(refusalFrom(2, 2, 5, { from: 3, last: 2 }))
    lone.step({ type: 'snapshotTaken', meta: snapshotOf(6, 2), firstIndexToKeep: asIndex(7) })
    expect(lone.core.firstIndex).toBe(5)
    const dead = compactedLeader()
    dead.receive(refusalFrom(2, 2, 5, { from: 3, last: 2 }))
    dead.nowMs += 5000
    dead.step({ type: 'snapshotTaken', meta: snapshotOf(6, 2), firstIndexToKeep: asIndex(7) })
    expect(dead.core.firstIndex).toBe(7)
  })

  it('a conflict right above the snapshot needs no snapshot: the term at its end is known', () => {
    const lone = new LoneCore({ ...plain, log: [1, 1, 1, 1, 1, 2, 2] }).lead()
    lone.receive(ackFrom(3, 3, 8))
    lone.step({ type: 'applied', index: asIndex(8) })
    lone.step({ type: 'snapshotTaken', meta: snapshotOf(5, 1), firstIndexToKeep: asIndex(6) })
    lone.outbox()
    // The peer holds entries of term 1 where the leader has others; term 1 ended here at 5, which the snapshot has replaced.
    lone.receive(refusalFrom(2, 3, 7, { term: 1, from: 1, last: 7 }))
    expect(lone.core.peers()[0]).toMatchObject({ state: 'probe', nextIndex: 6 })
    expect(lone.last('appendEntries')).toMatchObject({ to: 2, prevLogIndex: 5, prevLogTerm: 1 })
  })

  it('asks storage for entries that are in the log, but no longer in memory', () => {
    const lone = new LoneCore({ ...plain, log: [1, 1, 1], logCacheBytes: 0 })
    lone.step({ type: 'applied', index: asIndex(3) })
    lone.lead()
    lone.receive(refusalFrom(2, 2, 3, { from: 1, last: 0 }))
    expect(lone.sentTypes()).toEqual([])
    lone.step({ type: 'loaded', peer: asMemberId(2), from: asIndex(1), entries: lone.disk.log.entries.slice(0, 2) })
    expect(lone.last('appendEntries')).toMatchObject({ prevLogIndex: 0, entries: [{ index: 1 }, { index: 2 }] })
    // The same answer again belongs to no question.
    lone.outbox()
    lone.step({ type: 'loaded', peer: asMemberId(2), from: asIndex(1), entries: lone.disk.log.entries.slice(0, 2) })
    expect(lone.sent).toEqual([])
  })
})

describe('7 local snapshots', () => {
  it('the log below goes, except what is to be kept and what is not durable yet', () => {
    const lone = new LoneCore({ ...plain, log: [1, 1, 1, 1] })
    lone.receive(heartbeatFrom(2, 1, 4))
    lone.step({ type: 'snapshotTaken', meta: snapshotOf(4, 1), firstIndexToKeep: asIndex(3) })
    expect([lone.core.firstIndex, lone.terms()]).toEqual([3, [1, 1]])
    lone.diskHeld = true
    lone.receive(appendFrom(2, 1, { prev: [4, 1], terms: [1, 1], commit: 6 }))
    lone.step({ type: 'snapshotTaken', meta: snapshotOf(6, 1), firstIndexToKeep: asIndex(7) })
    expect(lone.core.firstIndex).toBe(5)
  })

  it('an older one than is known changes nothing', () => {
    const lone = new LoneCore({ ...plain, log: [1, 1, 1, 1] })
    lone.receive(heartbeatFrom(2, 1, 4))
    lone.step({ type: 'snapshotTaken', meta: snapshotOf(4, 1), firstIndexToKeep: asIndex(4) })
    lone.step({ type: 'snapshotTaken', meta: snapshotOf(2, 1), firstIndexToKeep: asIndex(3) })
    expect([lone.core.firstIndex, lone.core.snapshotMeta?.index]).toEqual([4, 4])
  })

  it('an append from below is accepted: what is committed agrees [C13]', () => {
    const lone = new LoneCore({ ...plain, log: [1, 1, 1, 1] })
    lone.receive(heartbeatFrom(2, 1, 4))
    lone.step({ type: 'snapshotTaken', meta: snapshotOf(4, 1), firstIndexToKeep: asIndex(5) })
    lone.receive(appendFrom(2, 1, { prev: [1, 1], terms: [1, 1, 1, 1], commit: 5 }))
    expect(lone.last('appendEntriesResponse')).toMatchObject({ matchIndex: 5, rejected: null })
    expect([lone.core.firstIndex, lone.terms(), lone.core.commitIndex]).toEqual([5, [1], 5])
  })

  it('a restart begins at the snapshot, with its term and configuration [C4, C18]', () => {
    const lone = new LoneCore({ ...plain, log: [1, 1, 2] })
    lone.receive(heartbeatFrom(2, 2, 3))
    lone.disk.writeSnapshot(snapshotOf(3, 2))
    lone.step({ type: 'snapshotTaken', meta: snapshotOf(3, 2), firstIndexToKeep: asIndex(4) })
    lone.crash()
    expect([lone.core.firstIndex, lone.core.lastIndex, lone.core.lastTerm, lone.core.commitIndex, lone.core.appliedIndex]).toEqual([
      4, 3, 2, 3, 3,
    ])
    lone.receive(voteRequest(3, 5, { last: [2, 2] }))
    expect(lone.last('requestVoteResponse').granted).toBe(false)
  })

  it('a snapshot that became durable before the term of its last entry brings that term back', () => {
    const lone = new LoneCore({ ...plain, log: [1] })
    // Committed by the disks of others, applied and written to a snapshot, while the own log still waits for its disk.
    lone.diskHeld = true
    lone.receive(appendFrom(2, 4, { prev: [1, 1], terms: [4], commit: 2 }))
    lone.step({ type: 'applied', index: asIndex(2) })
    lone.disk.writeSnapshot(snapshotOf(2, 4))
    lone.crash()
    expect([lone.core.term, lone.core.votedFor, lone.core.lastIndex]).toEqual([4, null, 2])
    // It has shown no vote of that term to anybody, so it is free to vote.
    lone.diskHeld = false
    lone.receive(voteRequest(3, 4, { last: [2, 4] }))
    expect(lone.last('requestVoteResponse').granted).toBe(true)
  })

  it('a log that does not connect to its snapshot does not start [C4]', () => {
    const lone = new LoneCore({ ...plain, log: [1, 1, 1, 1] })
    lone.disk.log.compactBelow(4)
    lone.disk.snapshot = snapshotOf(1, 1)
    expect(() => lone.crash()).toThrow(expect.objectContaining({ code: 'INVARIANT' }))
  })
})
