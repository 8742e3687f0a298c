import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { BalsaError } from '../errors.js'
import { asMemberId } from '../types.js'
import type { ReplicaEvent } from './events.js'
import { bytesOf } from './word-list.test-support.js'
import type { TestMember } from './replicas.test-support.js'
import { TestReplicas } from './replicas.test-support.js'

const outcomeOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'applied',
    (error: BalsaError) => `${error.code}/${error.family}`,
  )

describe('a cluster of one', () => {
  it('commits, applies and answers', async () => {
    const cluster = await TestReplicas.open(1)
    const leader = await cluster.leader()
    const first = await cluster.run(leader.replica.propose(bytesOf('a')))
    const second = await cluster.run(leader.replica.propose(bytesOf('b')))
    expect([first.result, second.result]).toEqual([1, 2])
    expect(second.index).toBe(first.index + 1)
    expect(await cluster.run(leader.replica.read('words'))).toEqual(['a', 'b'])
    await cluster.close()
    expect(cluster.clock.pending).toBe(0)
  })

  it('answers nothing before its own disk has it', async () => {
    const cluster = await TestReplicas.open(1)
    const leader = await cluster.leader()
    leader.storage.manual = true
    let answered = false
    void leader.replica.propose(bytesOf('a')).then(() => (answered = true))
    await cluster.clock.advanceAsync(1000)
    expect(answered).toBe(false)
    leader.storage.complete()
    await cluster.clock.advanceAsync(1)
    expect(answered).toBe(true)
    await cluster.close()
  })

  it('writes what waits together in one persist (group commit by load)', async () => {
    const cluster = await TestReplicas.open(1)
    const leader = await cluster.leader()
    await cluster.clock.advanceAsync(10)
    const before = leader.storage.persists
    await cluster.run(Promise.all(Array.from({ length: 500 }, (_, i) => leader.replica.propose(bytesOf(`w${i}`)))))
    expect(leader.storage.persists - before).toBe(1)
    await cluster.close()
  })
})

describe('the calls of three members', () => {
  let cluster: TestReplicas
  let leader: TestMember
  let follower: TestMember

  beforeEach(async () => {
    cluster = await TestReplicas.open(3)
    leader = await cluster.leader()
    follower = cluster.members.find((member) => member !== leader) as TestMember
  })
  afterEach(async () => {
    await cluster.close()
    expect(cluster.clock.pending).toBe(0)
  })

  it('a follower names the leader and its client address', async () => {
    const call = cluster.run(follower.replica.propose(bytesOf('a')))
    await expect(call).rejects.toMatchObject({ code: 'NOT_LEADER', leaderId: leader.id, leaderAddress: `client-${leader.id}` })
  })

  it('without a leader says so', async () => {
    cluster.network.partition([leader.id])
    await cluster.until(() => follower.replica.status().leaderId === null)
    expect(await cluster.run(outcomeOf(follower.replica.propose(bytesOf('a'))))).toBe('NO_LEADER/refused')
    expect(await cluster.run(outcomeOf(follower.replica.readIndex()))).toBe('NO_LEADER/refused')
    cluster.network.heal()
  })

  it('a leader that is cut off ends its waiting calls as unknown when it notices, and confirms no read', async () => {
    cluster.network.isolate(leader.id)
    const write = outcomeOf(leader.replica.propose(bytesOf('a')))
    const read = outcomeOf(leader.replica.read('words'))
    expect(await cluster.run(write)).toBe('LEADERSHIP_LOST/unknown')
    expect(await cluster.run(read)).toMatch(/NO_LEADER/)
    cluster.network.heal()
  })

  it('a deadline ends a call that the core has as unknown, one that never began as refused', async () => {
    cluster.network.isolate(leader.id)
    expect(await cluster.run(outcomeOf(leader.replica.propose(bytesOf('a'), { timeoutMs: 20 })))).toBe('OUTCOME_UNKNOWN/unknown')
    expect(await cluster.run(outcomeOf(leader.replica.readIndex({ timeoutMs: 20 })))).toBe('DEADLINE/refused')
    expect(await outcomeOf(leader.replica.propose(bytesOf('a'), { deadlineMs: cluster.clock.now() }))).toBe('DEADLINE/refused')
    cluster.network.heal()
  })

  it('an abort before the turn is refused, and the command never appears', async () => {
    const controller = new AbortController()
    const call = outcomeOf(leader.replica.propose(bytesOf('never'), { signal: controller.signal }))
    controller.abort()
    expect(await cluster.run(call)).toBe('ABORTED/refused')
    await cluster.run(leader.replica.propose(bytesOf('a')))
    expect(leader.machine.words).toEqual(['a'])
  })

  it('every member reads what was acknowledged before, also through a follower', async () => {
    for (let round = 0; round < 10; round++) {
      await cluster.run(leader.replica.propose(bytesOf(`w${round}`)))
      for (const member of cluster.members) expect(await cluster.run(member.replica.read('length'))).toBe(round + 1)
    }
    const index = await cluster.run(follower.replica.readIndex())
    expect(follower.replica.status().appliedIndex).toBeGreaterThanOrEqual(index)
    expect(follower.replica.query('length')).toBe(10)
  })

  it('start tells the place at once, and from a follower that it does not lead', async () => {
    const started = await cluster.run(leader.replica.start(bytesOf('a')))
    expect(started).toMatchObject({ isLeader: true, term: leader.replica.status().term })
    expect(leader.machine.words).toEqual([])
    await cluster.until(() => cluster.members.every(({ machine }) => machine.words.length === 1))
    expect(await cluster.run(follower.replica.start(bytesOf('b')))).toMatchObject({ isLeader: false, index: 0 })
  })

  it('refuses commands over the limit', async () => {
    expect(await outcomeOf(leader.replica.propose(new Uint8Array(2 ** 20 + 1)))).toBe('TOO_LARGE/refused')
  })

  it('hands leadership over to whom it is told', async () => {
    expect(await cluster.run(leader.replica.transferLeadership(follower.id))).toBe(follower.id)
    expect((await cluster.leader()).id).toBe(follower.id)
    expect(await cluster.run(outcomeOf(leader.replica.transferLeadership()))).toBe('NOT_LEADER/refused')
    expect(await cluster.run(outcomeOf(follower.replica.transferLeadership(asMemberId(9))))).toBe('INVALID/refused')
  })

  it('waits for conditions', async () => {
    await cluster.run(follower.replica.waitFor('leader-known'))
    await cluster.run(leader.replica.waitFor('is-leader'))
    await cluster.run(follower.replica.waitFor('caught-up'))
    expect(await cluster.run(outcomeOf(follower.replica.waitFor('is-leader', { timeoutMs: 100 })))).toBe('DEADLINE/refused')
    const taken = follower.replica.waitFor('is-leader')
    await cluster.run(leader.replica.transferLeadership(follower.id))
    await cluster.run(taken)
  })

  it('caught-up waits until a majority can be reached', async () => {
    cluster.network.isolate(follower.id)
    for (let i = 0; i < 20; i++) await cluster.run(leader.replica.propose(bytesOf(`w${i}`)))
    let ready = false
    const waiting = follower.replica.waitFor('caught-up').then(() => (ready = true))
    await cluster.clock.advanceAsync(2000)
    expect(ready).toBe(false)
    cluster.network.heal()
    await cluster.run(waiting)
    expect(follower.machine.words).toHaveLength(20)
  })

  it('shows how far the peers are', async () => {
    await cluster.until(() => leader.replica.status().peers.every((peer) => peer.lag === 0))
    cluster.network.isolate(follower.id)
    for (let i = 0; i < 5; i++) await cluster.run(leader.replica.propose(bytesOf(`w${i}`)))
    const status = leader.replica.status()
    expect(status).toMatchObject({ state: 'running', role: 'leader', leaderId: leader.id, pendingProposals: 0 })
    expect(status.peers.find((peer) => peer.id === follower.id)?.lag).toBe(5)
    expect(follower.replica.status().peers).toEqual([])
    cluster.network.heal()
    await cluster.until(() => leader.replica.status().peers.every((peer) => peer.lag === 0))
  })

  it('tells of elections and commits', async () => {
    const events: ReplicaEvent[] = []
    const commits: number[] = []
    using _listener = follower.replica.on('commit', ({ index }) => commits.push(index))
    const reading = (async () => {
      for await (const event of follower.replica.events()) events.push(event)
    })()
    await cluster.run(leader.replica.propose(bytesOf('a')))
    await cluster.run(leader.replica.transferLeadership(follower.id))
    await cluster.until(() => commits.length >= 2)
    await cluster.crash(follower)
    await reading
    expect(events.some((event) => event.type === 'role' && event.role === 'leader')).toBe(true)
    expect(commits).toEqual([...commits].sort((a, b) => a - b))
  })
})

describe('close', () => {
  it('ends every waiting call, is idempotent, and leaves nothing running', async () => {
    const cluster = await TestReplicas.open(3)
    const leader = await cluster.leader()
    cluster.network.isolate(leader.id)
    const calls = [
      leader.replica.propose(bytesOf('a')),
      leader.replica.read('words', { timeoutMs: 10_000 }),
      leader.replica.transferLeadership(),
      leader.replica.waitFor('caught-up'),
    ].map(outcomeOf)
    await cluster.clock.advanceAsync(5)
    const queued = outcomeOf(leader.replica.propose(bytesOf('b')))
    await cluster.run(Promise.all([leader.replica.close(), leader.replica.close(), leader.replica[Symbol.asyncDispose]()]))
    expect(await Promise.all(calls)).toEqual(['OUTCOME_UNKNOWN/unknown', 'STOPPED/refused', 'STOPPED/refused', 'STOPPED/refused'])
    expect(await queued).toBe('STOPPED/refused')
    expect(await leader.replica.closed).toBeNull()
    expect(leader.storage.closed).toBe(true)
    expect(leader.replica.status().state).toBe('closed')
    for (const call of [
      () => leader.replica.propose(bytesOf('c')),
      () => leader.replica.readIndex(),
      () => leader.replica.takeSnapshot(),
    ]) {
      expect(await outcomeOf(call())).toBe('STOPPED/refused')
    }
    expect(() => leader.replica.query('words')).toThrow(expect.objectContaining({ code: 'STOPPED' }))
    leader.alive = false
    await cluster.close()
    expect(cluster.clock.pending).toBe(0)
  })

  it('waits for the write that is under way', async () => {
    const cluster = await TestReplicas.open(1)
    const leader = await cluster.leader()
    leader.storage.manual = true
    const call = outcomeOf(leader.replica.propose(bytesOf('a')))
    await cluster.clock.advanceAsync(1)
    let closed = false
    const closing = leader.replica.close().then(() => (closed = true))
    await cluster.clock.advanceAsync(1000)
    expect(closed).toBe(false)
    expect(leader.storage.closed).toBe(false)
    expect(await call).toBe('OUTCOME_UNKNOWN/unknown')
    leader.storage.complete()
    await cluster.run(closing)
    leader.alive = false
    expect(cluster.clock.pending).toBe(0)
  })

  it('hands leadership over first when it is told to', async () => {
    const cluster = await TestReplicas.open(3)
    const leader = await cluster.leader()
    const startedMs = cluster.clock.now()
    await cluster.run(leader.replica.close({ transferLeadership: true }))
    leader.alive = false
    await cluster.leader()
    expect(cluster.clock.now() - startedMs).toBeLessThan(200)
    await cluster.close()
  })

  it('does not wait for ever when nobody takes over', async () => {
    const cluster = await TestReplicas.open(3)
    const leader = await cluster.leader()
    cluster.network.isolate(leader.id)
    await cluster.run(leader.replica.close({ transferLeadership: true }), 1000)
    leader.alive = false
    await cluster.close()
    expect(cluster.clock.pending).toBe(0)
  })
})
