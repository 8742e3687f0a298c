import { beforeEach, describe, expect, it } from 'vitest'
import { GrpcCode, GrpcError } from '../grpc/status.js'
import type { LeaderResponseInit } from '@balsa/proto/v3electionpb'
import { ElectionService } from './election-service.js'
import { ETCD_ERRORS } from './errors.js'
import { etcdMember, LocalStore } from './local-store.test-support.js'
import { LockService } from './lock-service.js'
import type { EtcdMember } from './member.js'
import { TestSink } from './sink.test-support.js'

const b = (text: string): Uint8Array => new TextEncoder().encode(text)
const t = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes)

let store: LocalStore
let member: EtcdMember

const grant = (lease: bigint) => store.execute({ type: 'leaseGrant', stamp: null, lease, ttlMs: 60_000 })
const caller = (): TestSink<object> => new TestSink()

beforeEach(async () => {
  store = new LocalStore()
  member = etcdMember(store)
  for (const lease of [1n, 2n, 0xabcn]) await grant(lease)
})

describe('locks', () => {
  const lock = (lease: bigint, by = caller()) => new LockService(member).lock({ name: b('l'), lease }, by)
  const unlock = (key: Uint8Array | undefined) => new LockService(member).unlock({ key: key ?? b('') })

  it('belong to one at a time, in the order of asking; the key names the lease', async () => {
    const first = await lock(0xabcn)
    expect(t(first.key)).toBe('l/abc')
    const order: string[] = []
    const second = lock(1n).then((answer) => (order.push('second'), answer))
    const third = lock(2n).then((answer) => (order.push('third'), answer))
    await unlock(first.key)
    await unlock((await second).key)
    await third
    expect(order).toEqual(['second', 'third'])
    expect(store.watches.size).toBe(0)
  })

  it('answer at once to the lease that has it, and come with a lease of their own when none is given', async () => {
    const { key } = await lock(1n)
    expect((await lock(1n)).key).toEqual(key)
    const free = new LockService(member).lock({ name: b('other'), lease: 0n }, caller())
    expect(t((await free).key)).toMatch(/^other\/[0-9a-f]+$/)
  })

  it('of a caller who goes away lose their place in the queue', async () => {
    const first = await lock(1n)
    const impatient = caller()
    const second = lock(2n, impatient)
    const third = lock(0xabcn)
    await new Promise((resolve) => setImmediate(resolve))
    impatient.cancel(new GrpcError(GrpcCode.CANCELLED, 'gone'))
    await expect(second).rejects.toThrow('gone')
    await unlock(first.key)
    expect(t((await third).key)).toBe('l/abc')
  })

  it('end with the lease, also for whoever waits with it', async () => {
    await lock(1n)
    const second = lock(2n)
    await store.execute({ type: 'leaseRevoke', stamp: null, lease: 2n })
    await store.execute({ type: 'leaseRevoke', stamp: null, lease: 1n })
    await expect(second).rejects.toThrow(ETCD_ERRORS.leaseNotFound[1])
    expect((await unlock(b('nothing'))).header?.revision).toBe(store.revision())
  })
})

describe('elections', () => {
  const election = (): ElectionService => new ElectionService(member)
  const campaign = (lease: bigint, value: string) => election().campaign({ name: b('e'), lease, value: b(value) }, caller())

  it('have a leader who proclaims, resigns, and is followed by the next', async () => {
    await expect(election().leader({ name: b('e') })).rejects.toThrow(ETCD_ERRORS.electionNoLeader[1])
    const { leader } = await campaign(1n, 'one')
    expect(leader).toMatchObject({ lease: 1n, rev: 2 })
    const next = campaign(2n, 'two')
    await election().proclaim({ leader: leader as never, value: b('uno') })
    expect(t((await election().leader({ name: b('e') })).kv?.value)).toBe('uno')
    await election().resign({ leader: leader as never })
    await next
    expect(t((await election().leader({ name: b('e') })).kv?.value)).toBe('two')
    await expect(election().proclaim({ leader: leader as never, value: b('x') })).rejects.toThrow(ETCD_ERRORS.electionNotLeader[1])
    await election().resign({ leader: leader as never })
  })

  it('take a new value from a candidate who stands again', async () => {
    await campaign(1n, 'one')
    await campaign(1n, 'again')
    expect(t((await election().leader({ name: b('e') })).kv?.value)).toBe('again')
  })

  it('need to be told which leader is meant', async () => {
    await expect(election().proclaim({ leader: null, value: b('') })).rejects.toThrow(ETCD_ERRORS.electionNoLeaderField[1])
    await expect(election().resign({ leader: null })).rejects.toThrow(ETCD_ERRORS.electionNoLeaderField[1])
  })

  it('are observed from the leader of now on', async () => {
    const sink = new TestSink<LeaderResponseInit>()
    const observed = election().observe({ name: b('e') }, sink)
    const { leader } = await campaign(1n, 'one')
    await sink.count(1)
    await election().proclaim({ leader: leader as never, value: b('uno') })
    await sink.count(2)
    sink.cancel(new GrpcError(GrpcCode.CANCELLED, 'gone'))
    await observed
    expect(sink.messages.map(({ kv }) => t(kv?.value))).toEqual(['one', 'uno'])
    expect(store.watches.size).toBe(0)
  })
})
