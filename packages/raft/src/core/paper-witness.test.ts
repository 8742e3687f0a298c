import { describe, expect, it } from 'vitest'
import { encodeConfiguration } from '../log/configuration-codec.js'
import type { Configuration, Entry } from '../types.js'
import { asIndex, asMemberId, EntryType } from '../types.js'
import type { ChangeOutcome, Input } from './effects.js'
import { ackFrom, appendFrom, chunkFrom, command, LoneCore, refusalFrom, snapshotOf, voteRequest } from './lone-core.test-support.js'
import { memberOf } from './core-simulation-membership.test-support.js'
import type { MembershipChange } from './membership-change.js'
import { configurationOf } from './test-cluster.test-support.js'

/** Witnesses, and changes of membership through the input of their own: thesis, chapter 4. */

const plain = { preVote: false, checkQuorum: false } as const
const withWitness = (id: number, voters = [1, 2, 3]): Configuration => ({ ...configurationOf(voters), witnesses: [asMemberId(id)] })
const stripped = (index: number, term: number): Entry => ({
  ...command(index, term),
  type: EntryType.stripped,
  payload: new Uint8Array(0),
})
const configured = (index: number, term: number, configuration: Configuration): Entry => ({
  ...command(index, term),
  type: EntryType.configuration,
  payload: encodeConfiguration(configuration),
})

/** A leader of term 1 whose blank entry is committed. */
function settled(configuration: Configuration): LoneCore {
  const lone = new LoneCore({ ...plain, configuration }).lead()
  for (const id of configuration.voters.slice(1)) lone.receive(ackFrom(id, 1, 1))
  lone.outbox()
  return lone
}

function change(lone: LoneCore, changes: readonly MembershipChange[], force = false): readonly ChangeOutcome[] {
  const input: Input = { type: 'change', ref: 1, changes, force }
  lone.core.step(input, lone.nowMs)
  const { changes: outcomes, persist } = lone.core.takeEffects()
  if (persist !== null) lone.disk.issue(persist)
  lone.flush()
  return outcomes
}

const add = (id: number): MembershipChange => ({ type: 'add', member: memberOf(id), promote: true, witness: false })

describe('a leader with a witness', () => {
  it('strips commands, and gives it nothing before a voter with data holds it', () => {
    const lone = settled(withWitness(3))
    lone.diskHeld = true
    lone.propose('secret')
    const sentTo = (id: number): readonly Entry[] =>
      lone.sent.flatMap((message) => (message.type === 'appendEntries' && message.to === id ? message.entries : []))
    expect(sentTo(2).map(({ type }) => type)).toEqual([EntryType.command])
    expect(sentTo(3)).toEqual([])
    lone.flush()
    expect(sentTo(3).map(({ type, payload }) => [type, payload.length])).toEqual([[EntryType.stripped, 0]])
  })

  it('sends it a snapshot without state, also when its own refers to a state that travels as it is', () => {
    const lone = settled(withWitness(3))
    lone.propose('a')
    lone.receive(ackFrom(2, 1, 2))
    lone.step({ type: 'applied', index: asIndex(2) })
    const meta = snapshotOf(2, 1, withWitness(3))
    lone.disk.writeSnapshot(meta)
    lone.step({ type: 'snapshotTaken', meta: { ...meta, form: 'state' }, firstIndexToKeep: asIndex(3) })
    lone.receive(refusalFrom(3, 1, 2, { from: 1, last: 0 }))
    const { snapshot, done } = lone.last('installSnapshot')
    expect([snapshot, done]).toEqual([{ ...meta, sizeBytes: 0, checksum: 0 }, true])
  })

  it('gives it nothing more once it has left: before anybody with data holds that, its vote may still be needed', () => {
    const lone = settled(withWitness(2, [1, 2]))
    change(lone, [{ type: 'remove', id: asMemberId(2) }])
    const joint = lone.core.lastIndex
    expect(lone.core.configuration.votersOutgoing).toEqual([1, 2])
    lone.outbox()
    lone.diskHeld = true
    lone.receive(ackFrom(2, 1, joint))
    // The joint configuration is committed, and the one without the witness stands in the log, on no disk yet.
    expect([lone.core.commitIndex, lone.core.lastIndex, lone.core.configuration.voters]).toEqual([joint, joint + 1, [1]])
    expect(lone.outbox().filter(({ type, to }) => type === 'appendEntries' && to === 2)).toEqual([])
  })

  it('never makes it its successor', () => {
    const lone = settled(withWitness(3))
    lone.step({ type: 'transfer', ref: 5, target: asMemberId(3) })
    expect(lone.transfers).toEqual([{ ref: 5, refused: 'INVALID' }])
  })
})

describe('a witness', () => {
  it('votes and never campaigns, also when it is told to take over', () => {
    const lone = new LoneCore({ ...plain, configuration: withWitness(1) })
    lone.tick(5000)
    expect(lone.sent).toEqual([])
    lone.receive(voteRequest(2, 1))
    expect(lone.last('requestVoteResponse').granted).toBe(true)
    lone.receive(appendFrom(2, 1, { prev: [0, 0], entries: [stripped(1, 1)] }))
    lone.receive({ type: 'timeoutNow', from: asMemberId(2), to: asMemberId(1), term: lone.core.term, untilRound: 0 })
    expect([lone.core.role, lone.core.isWitness]).toEqual(['follower', true])
  })

  it('is one for ever: it stops when it is counted on for data, before it acknowledges anything', () => {
    const lone = new LoneCore({ ...plain, configuration: configurationOf([2, 3]) })
    lone.receive(appendFrom(2, 1, { prev: [0, 0], entries: [stripped(1, 1)] }))
    lone.crash()
    expect(lone.core.isWitness).toBe(true)
    lone.outbox()
    const counted = configurationOf([2, 3], [1])
    const entries = [configured(2, 1, counted)]
    expect(() => lone.receive(appendFrom(2, 1, { prev: [1, 1], entries }))).toThrowError(expect.objectContaining({ code: 'CORRUPT' }))
    expect(lone.sent).toEqual([])
  })

  it('forgets that it was to be one when the stripped entries are cut off', () => {
    const lone = new LoneCore({ ...plain, configuration: configurationOf([2, 3]) })
    lone.receive(appendFrom(2, 1, { prev: [0, 0], entries: [stripped(1, 1)] }))
    lone.receive(appendFrom(3, 2, { prev: [0, 0], entries: [command(1, 2), configured(2, 2, configurationOf([2, 3], [1]))] }))
    expect(lone.core.isWitness).toBe(false)
  })

  it('takes a snapshot without state, and holds no data from then on', () => {
    const lone = new LoneCore({ ...plain, configuration: withWitness(1) })
    const meta = { ...snapshotOf(5, 1, withWitness(1)), sizeBytes: 0, checksum: 0 }
    lone.receive(chunkFrom(2, 1, meta, 0, 0))
    expect(lone.chunks).toMatchObject([{ meta, offset: 0, done: true }])
    lone.step({ type: 'snapshotReceived', meta })
    expect([lone.core.commitIndex, lone.core.isWitness]).toEqual([asIndex(5), true])
  })
})

describe('a configuration that cannot be read', () => {
  it('stops the member', () => {
    const lone = new LoneCore(plain)
    const entries = [{ ...command(1, 1), type: EntryType.configuration }]
    expect(() => lone.receive(appendFrom(2, 1, { prev: [0, 0], entries }))).toThrowError(expect.objectContaining({ code: 'CORRUPT' }))
  })
})

describe('a change of membership', () => {
  it('is refused with the reason: no leader, too new, another one pending, a quorum at risk', () => {
    expect(change(new LoneCore(plain), [add(4)])).toMatchObject([{ refused: 'NO_LEADER', leaderId: null }])
    expect(change(new LoneCore(plain).lead(), [add(4)])).toMatchObject([{ refused: 'UNAVAILABLE' }])
    const lone = settled(configurationOf([1, 2, 3]))
    expect(change(lone, [{ type: 'remove', id: asMemberId(9) }])).toMatchObject([{ refused: 'MEMBER_UNKNOWN' }])
    lone.nowMs += 1000
    lone.receive(ackFrom(2, 1, 1))
    expect(change(lone, [{ type: 'remove', id: asMemberId(2) }])).toMatchObject([{ refused: 'QUORUM_AT_RISK' }])
    expect(change(lone, [{ type: 'remove', id: asMemberId(2) }], true)).toEqual([])
    expect(change(lone, [add(4)])).toMatchObject([{ refused: 'MEMBERSHIP_PENDING' }])
  })

  it('promotes a learner by itself once it keeps up, and not before', () => {
    const lone = settled(configurationOf([1, 2, 3]))
    change(lone, [add(4)])
    for (const id of [2, 3]) lone.receive(ackFrom(id, 1, 2))
    lone.tick(50)
    expect(lone.core.configuration.learners).toEqual([4])
    expect(lone.core.peers().find(({ id }) => id === 4)).toMatchObject({ role: 'learner', rounds: 0 })
    for (const id of [2, 3, 4]) lone.receive(ackFrom(id, 1, 2))
    lone.tick(50)
    expect(lone.core.configuration).toMatchObject({ voters: [1, 2, 3, 4], votersOutgoing: [1, 2, 3], joining: [] })
  })
})
