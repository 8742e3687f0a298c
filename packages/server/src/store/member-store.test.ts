import {
  type CommandResult,
  keyFromString,
  type KvAnswer,
  KvStateMachine,
  type MemberStatus,
  PLAIN_RANGE,
  type RangeQuery,
  type WriteCommand,
} from '@balsa/kv'
import { asIndex, asTerm, BalsaError, ManualClock } from '@balsa/raft'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually, MemberCluster } from '../member-cluster.test-support.js'
import { ReplicaStore, type ReplicaStoreOptions } from './member-store.js'

const key = keyFromString('k')
const put: WriteCommand = { type: 'put', stamp: null, key, value: keyFromString('v') }
const written: CommandResult = {
  type: 'written',
  metadata: { createRevision: 2, modRevision: 2, version: 1 },
  previous: null,
  valueBytes: 1,
}
const range = (changes: Partial<RangeQuery['request']>): RangeQuery => ({
  type: 'range',
  request: { ...PLAIN_RANGE, key, rangeEnd: new Uint8Array(1), ...changes },
  maxBytes: 1000,
})

describe('ReplicaStore over a scripted replica', () => {
  let clock: ManualClock
  let outcomes: (CommandResult | BalsaError)[]
  let asked: string[]
  let status: Partial<MemberStatus>

  beforeEach(() => {
    clock = new ManualClock(1000)
    outcomes = []
    asked = []
    status = { leaderId: 2, leaderAddress: 'h:2', memberId: 1 }
  })

  const next = async (who: string): Promise<CommandResult> => {
    asked.push(who)
    const outcome = outcomes.shift() ?? written
    if (outcome instanceof BalsaError) throw outcome
    return outcome
  }
  const answer = async (type: string): Promise<KvAnswer> => {
    asked.push(type)
    const found: KvAnswer = { type: 'range', revision: 1, refusal: null, result: null }
    return type === 'scan' ? { type, answer: Promise.resolve(found) } : found
  }
  const store = (): ReplicaStore => {
    const replica: ReplicaStoreOptions['replica'] = {
      propose: async () => ({ index: asIndex(1), term: asTerm(1), result: await next('replica') }),
      readWithAge: async (query, options) => ({ answer: await answer(query.type), ageMs: options?.maxStaleMs ?? 0 }),
      waitFor: async (condition) => void asked.push(condition),
    }
    const leader = { write: (address: string) => next(address) }
    return new ReplicaStore({
      clusterId: 7,
      memberId: 1,
      replica,
      clock,
      leader,
      watches: new KvStateMachine().watches,
      term: () => 5,
      revision: () => 6,
      leaderElsewhere: () => '',
      status: () => status as MemberStatus,
    })
  }
  const execute = async (): Promise<CommandResult | string> => {
    const settled = store()
      .execute(put, { deadlineMs: 2000 })
      .catch((error: unknown) => (error instanceof BalsaError ? error.code : 'other'))
    await clock.advanceAsync(2000)
    return settled
  }

  it('hands writes to the leader, and tries again whatever passes', async () => {
    outcomes = [new BalsaError('NOT_LEADER', 'x'), new BalsaError('NOT_LEADER', 'x'), new BalsaError('NO_LEADER', 'x'), written]
    expect(await execute()).toEqual(written)
    expect(asked).toEqual(['replica', 'h:2', 'replica', 'leader-known', 'replica'])
  })

  it('asks nobody elsewhere while it does not know where', async () => {
    status = { leaderId: 2, leaderAddress: '', memberId: 1 }
    outcomes = [new BalsaError('NOT_LEADER', 'x'), written]
    expect(await execute()).toEqual(written)
    expect(asked).toEqual(['replica', 'replica'])
  })

  it('does not repeat what may have happened, and ends at the deadline', async () => {
    outcomes = [new BalsaError('LEADERSHIP_LOST', 'x')]
    expect(await execute()).toBe('LEADERSHIP_LOST')
    clock = new ManualClock(1000)
    outcomes = Array.from({ length: 1000 }, () => new BalsaError('TRANSFER_IN_PROGRESS', 'x'))
    expect(await execute()).toBe('DEADLINE')
  })

  it('reads small ranges at once and others in slices', async () => {
    const options = { consistency: 'linearizable', deadlineMs: 2000 } as const
    const kinds: [Partial<RangeQuery['request']>, string][] = [
      [{ rangeEnd: new Uint8Array(0) }, 'range'],
      [{ limit: 10, counted: false }, 'range'],
      [{ limit: 10 }, 'scan'],
      [{ limit: 10, counted: false, minModRevision: 4 }, 'scan'],
      [{ limit: 10, counted: false, sortTarget: 'value' }, 'scan'],
      [{ limit: 1000, counted: false }, 'scan'],
      [{}, 'scan'],
    ]
    for (const [changes, kind] of kinds) {
      asked = []
      expect(await store().read(range(changes), options)).toEqual({ type: 'range', revision: 1, refusal: null, result: null })
      expect(asked).toEqual([kind])
    }
    const aged = await store().readWithAge(range({}), { ...options, consistency: 'stale', maxStaleMs: 7 })
    expect(aged).toMatchObject({ ageMs: 7, answer: { type: 'range' } })
  })
})

describe('ReplicaStore of real members', () => {
  let cluster: MemberCluster
  afterEach(() => cluster.close())

  it('takes writes and reads on every member, also when the leader has changed', async () => {
    cluster = await MemberCluster.start(3)
    await cluster.ready()
    const deadlineMs = performance.now() + 20_000
    const follower = cluster.follower()
    const old = cluster.leader()
    await eventually(() => follower.status().leaderAddress !== '')
    expect(await follower.store.execute(put, { deadlineMs })).toMatchObject({ type: 'written', metadata: { version: 1 } })
    await old.replica.transferLeadership(null)
    for (const [at, { store }] of cluster.members.entries()) {
      await eventually(() => store.status().leaderId !== old.replica.id && store.status().leaderAddress !== '')
      expect(await store.execute(put, { deadlineMs })).toMatchObject({ type: 'written', metadata: { version: 2 + at } })
      const answer = await store.read(range({}), { consistency: 'linearizable', deadlineMs })
      expect(answer.result).toMatchObject({ count: 1, entries: [{ key: 'k', version: 2 + at }] })
      expect(store.term()).toBeGreaterThan(1)
      expect(store.revision()).toBe(3 + at)
    }
    const refused = await follower.store.execute({ type: 'leaseRevoke', stamp: null, lease: 5n }, { deadlineMs })
    expect(refused).toEqual({ type: 'refused', code: 'LEASE_NOT_FOUND' })
  })
})
