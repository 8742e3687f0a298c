/** Reads of every kind through whole replicas in virtual time: what they may show, what they refuse, what they cost, and that no disk holds them up. */
import { describe, expect, it } from 'vitest'
import type { BalsaError } from '../errors.js'
import { decodeMessage } from '../wire/message-codec.js'
import type { TestMember } from './replicas.test-support.js'
import { TestReplicas } from './replicas.test-support.js'
import { bytesOf } from './word-list.test-support.js'

const LEASES = { core: { leaseReads: { maxClockDrift: 0.1 } } }

const codeOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'answered',
    (error: BalsaError) => error.code,
  )

async function ready(cluster: TestReplicas): Promise<{ leader: TestMember; followers: readonly TestMember[] }> {
  const leader = await cluster.leader()
  await cluster.run(leader.replica.propose(bytesOf('first')))
  const followers = cluster.members.filter((member) => member !== leader)
  await cluster.until(() => cluster.members.every(({ machine }) => machine.words.length === 1))
  return { leader, followers }
}

/** Types of the messages that are sent from now on. */
function sniff(cluster: TestReplicas): Map<string, number> {
  const counts = new Map<string, number>()
  cluster.network.addFilter(({ message }) => {
    const { type } = decodeMessage(message)
    counts.set(type, (counts.get(type) ?? 0) + 1)
    return true
  })
  return counts
}

describe('stale reads', () => {
  it('are answered at once by every member, and say how old they can be', async () => {
    const cluster = await TestReplicas.open(3)
    const { leader, followers } = await ready(cluster)
    await cluster.clock.advanceAsync(1000)
    for (const { replica } of [leader, ...followers]) {
      const { answer, ageMs } = await replica.readWithAge('words', { consistency: 'stale', maxStaleMs: 200 })
      expect(answer).toEqual(['first'])
      expect(ageMs).toBeGreaterThan(0)
      expect(ageMs).toBeLessThanOrEqual(200)
      expect(await codeOf(replica.read('words', { consistency: 'stale', maxStaleMs: 0 }))).toBe('TOO_STALE')
    }
    await cluster.close()
  })

  it('a member that is cut off refuses them once it may be too old, a deposed leader too; without a bound it goes on', async () => {
    const cluster = await TestReplicas.open(3)
    const { leader, followers } = await ready(cluster)
    const [follower] = followers
    for (const member of [follower, leader]) {
      if (member === undefined) throw new Error('three members have two followers')
      await cluster.clock.advanceAsync(500)
      const cutMs = cluster.clock.now()
      cluster.network.isolate(member.id)
      const others = cluster.members.filter((other) => other !== member)
      await cluster.until(() => others.some(({ replica }) => replica.status().role === 'leader'))
      const writer = others.find(({ replica }) => replica.status().role === 'leader') ?? leader
      const words = member.machine.words.length
      await cluster.run(writer.replica.propose(bytesOf('unseen')))
      const committedMs = cluster.clock.now()
      const { replica } = member
      expect(await replica.read('words', { consistency: 'stale', maxStaleMs: committedMs - cutMs + 200 })).toHaveLength(words)
      await cluster.clock.advanceAsync(1000)
      await expect(replica.read('words', { consistency: 'stale', maxStaleMs: 900 })).rejects.toMatchObject({
        code: 'TOO_STALE',
        message: expect.stringMatching(/may be \d{4} ms old, the read allows 900 ms/),
      })
      const { answer, ageMs } = await replica.readWithAge('words', { consistency: 'stale' })
      expect(answer).toHaveLength(words)
      expect(ageMs).toBeGreaterThanOrEqual(cluster.clock.now() - committedMs)
      cluster.network.heal()
      await cluster.until(() => cluster.members.every(({ machine }) => machine.words.length === words + 1))
    }
    await cluster.close()
  })

  it('a member that has just been started knows no age', async () => {
    const cluster = await TestReplicas.open(3)
    const { followers } = await ready(cluster)
    const [follower] = followers
    if (follower === undefined) throw new Error('three members have two followers')
    await cluster.crash(follower)
    await cluster.restart(follower)
    expect(follower.replica.ageMs).toBe(Infinity)
    await expect(follower.replica.read('words', { consistency: 'stale', maxStaleMs: 1e9 })).rejects.toThrow(/unknown age/)
    await cluster.until(() => follower.replica.ageMs < 300)
    await cluster.close()
  })
})

describe('lease reads', () => {
  it('are refused where leases are off, and options that contradict each other everywhere', async () => {
    const cluster = await TestReplicas.open(1)
    const leader = await cluster.leader()
    expect(await codeOf(leader.replica.read('words', { consistency: 'lease' }))).toBe('LEASES_OFF')
    expect(await codeOf(leader.replica.read('words', { maxStaleMs: 5 }))).toBe('INVALID')
    expect(await codeOf(leader.replica.read('words', { consistency: 'lease', maxStaleMs: 5 }))).toBe('INVALID')
    expect(await codeOf(leader.replica.read('words', { consistency: 'stale', maxStaleMs: Number.NaN }))).toBe('INVALID')
    await cluster.close()
  })

  it('cost no message on the leader, and one question on a follower', async () => {
    const cluster = await TestReplicas.open(3, LEASES)
    const { leader, followers } = await ready(cluster)
    await cluster.clock.advanceAsync(500)
    const counts = sniff(cluster)
    const lengths = Array.from({ length: 100 }, () => leader.replica.read('length', { consistency: 'lease' }))
    await cluster.clock.advanceAsync(0)
    // Answered before any time has passed, so without anybody else.
    expect(new Set(await Promise.all(lengths))).toEqual(new Set([1]))
    expect([...counts.keys()]).toEqual([])
    const [follower = leader] = followers
    expect(await cluster.run(follower.replica.read('length', { consistency: 'lease' }))).toBe(1)
    expect(counts.get('readIndexRequest')).toBe(1)
    expect(counts.get('readIndexResponse')).toBe(1)
    await cluster.close()
  })

  it('wait for a new round while leadership is being handed over', async () => {
    const cluster = await TestReplicas.open(3, LEASES)
    const { leader, followers } = await ready(cluster)
    await cluster.clock.advanceAsync(500)
    // The target never hears of it: the transfer ends by its time-out.
    cluster.network.addFilter(({ message }) => decodeMessage(message).type !== 'timeoutNow')
    const transfer = codeOf(leader.replica.transferLeadership(followers[0]?.id))
    await cluster.clock.advanceAsync(0)
    let answered = false
    const read = leader.replica.read('length', { consistency: 'lease' }).then(() => (answered = true))
    await cluster.clock.advanceAsync(0)
    expect(answered).toBe(false)
    await cluster.run(read)
    expect(await cluster.run(transfer)).toBe('TRANSFER_FAILED')
    await cluster.close()
  })
})

describe('linearizable reads', () => {
  it.each([1, 10_000])('%i at once cost one round of heart-beats on the leader', async (reads) => {
    // Heart-beats of an idle leader would only blur the count.
    const cluster = await TestReplicas.open(3, { core: { heartbeatIntervalMs: 1000, electionTimeoutMs: 5000 } })
    const { leader } = await ready(cluster)
    // Nothing under way any more, and the next heart-beat far off.
    await cluster.clock.advanceAsync(100)
    const counts = sniff(cluster)
    await cluster.run(Promise.all(Array.from({ length: reads }, () => leader.replica.read('length'))))
    await cluster.clock.advanceAsync(20)
    expect(Object.fromEntries(counts)).toEqual({ heartbeat: 2, heartbeatResponse: 2 })
    await cluster.close()
  })

  it('10,000 at once cost one question and one round on a follower', async () => {
    const cluster = await TestReplicas.open(3, { core: { heartbeatIntervalMs: 1000, electionTimeoutMs: 5000 } })
    const { followers } = await ready(cluster)
    await cluster.clock.advanceAsync(100)
    const counts = sniff(cluster)
    await cluster.run(Promise.all(Array.from({ length: 10_000 }, () => followers[0]?.replica.read('length'))))
    await cluster.clock.advanceAsync(20)
    expect(Object.fromEntries(counts)).toEqual({ readIndexRequest: 1, readIndexResponse: 1, heartbeat: 2, heartbeatResponse: 2 })
    await cluster.close()
  })

  it('10,000 that come one after the other within a round trip cost two rounds', async () => {
    const cluster = await TestReplicas.open(3, { core: { heartbeatIntervalMs: 1000, electionTimeoutMs: 5000 } })
    const { leader } = await ready(cluster)
    await cluster.clock.advanceAsync(100)
    cluster.network.conditions = { ...cluster.network.conditions, minDelayMs: 50, maxDelayMs: 50 }
    const counts = sniff(cluster)
    const all: Promise<unknown>[] = []
    for (let ms = 0; ms < 100; ms++) {
      for (let i = 0; i < 100; i++) all.push(leader.replica.read('length'))
      await cluster.clock.advanceAsync(1)
    }
    await cluster.run(Promise.all(all))
    await cluster.clock.advanceAsync(200)
    expect(counts.get('heartbeat')).toBe(4)
    await cluster.close()
  })
})

describe('no read waits for a disk', () => {
  it.each(['linearizable', 'lease', 'stale'] as const)('%s, every disk stalled, writes under way', async (consistency) => {
    const cluster = await TestReplicas.open(3, LEASES)
    const { leader, followers } = await ready(cluster)
    for (const { storage } of cluster.members) storage.manual = true
    const write = codeOf(leader.replica.propose(bytesOf('second')))
    for (let turn = 0; turn < 20; turn++) {
      for (const { replica } of [leader, ...followers]) {
        expect(await cluster.run(replica.read('length', { consistency }), 50)).toBe(1)
      }
      await cluster.clock.advanceAsync(100)
    }
    for (const { storage } of cluster.members) {
      storage.manual = false
      storage.complete()
    }
    expect(await cluster.run(write)).toBe('answered')
    await cluster.close()
  })

  it('the disk of the leader alone stalled: what the followers have made durable is read, also on the leader', async () => {
    const cluster = await TestReplicas.open(3)
    const { leader, followers } = await ready(cluster)
    leader.storage.manual = true
    expect(
      await cluster.run(
        leader.replica.propose(bytesOf('second')).then(() => 'answered'),
        500,
      ),
    ).toBe('answered')
    for (const { replica } of [leader, ...followers]) expect(await cluster.run(replica.read('length'), 50)).toBe(2)
    leader.storage.complete()
    await cluster.close()
  })
})
