/** Whole replicas over the real core: crashes, restarts, snapshots and slow parts, in virtual time. */
import { describe, expect, it } from 'vitest'
import { BalsaError } from '../errors.js'
import { asIndex } from '../types.js'
import { bytesOf } from './word-list.test-support.js'
import type { TestMember } from './replicas.test-support.js'
import { TestReplicas } from './replicas.test-support.js'

const words = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, position) => `w${from + position}`)

async function write(cluster: TestReplicas, member: TestMember, ...all: readonly string[]): Promise<void> {
  await cluster.run(Promise.all(all.map((word) => member.replica.propose(bytesOf(word)))))
}

/** A member that is none of these. */
function another(cluster: TestReplicas, ...members: readonly TestMember[]): TestMember {
  const found = cluster.members.find((member) => !members.includes(member))
  if (found === undefined) throw new Error('everybody is excluded')
  return found
}

const sameWords = (cluster: TestReplicas, expected: readonly string[]): Promise<void> =>
  cluster.until(() => cluster.alive.every(({ machine }) => machine.words.join() === expected.join()))

function gate(): { readonly promise: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined
  const promise = new Promise<void>((resolve) => (open = resolve))
  return { promise, open: () => open() }
}

describe('crash and restart', () => {
  it('a new leader takes over; the old one comes back from its disk and catches up', async () => {
    const cluster = await TestReplicas.open(3, {}, { diskMs: 2 })
    const first = await cluster.leader()
    await write(cluster, first, ...words(0, 20))
    await cluster.crash(first)
    const second = await cluster.leader()
    expect(second.id).not.toBe(first.id)
    await write(cluster, second, ...words(20, 40))
    await cluster.restart(first)
    await sameWords(cluster, words(0, 40))
    await cluster.close()
    expect(cluster.clock.pending).toBe(0)
  })

  it('all at once: everything acknowledged is back, applied once', async () => {
    const cluster = await TestReplicas.open(3, { snapshots: { trailingEntries: 2 } }, { diskMs: 1 })
    const leader = await cluster.leader()
    await write(cluster, leader, ...words(0, 10))
    await cluster.run(leader.replica.takeSnapshot())
    await write(cluster, leader, ...words(10, 20))
    for (const member of cluster.members) await cluster.crash(member)
    for (const member of cluster.members) await cluster.restart(member)
    await cluster.leader()
    await sameWords(cluster, words(0, 20))
    await cluster.close()
  })

  it('a snapshot that was being written when the power went is as if it had never begun', async () => {
    const cluster = await TestReplicas.open(3)
    const leader = await cluster.leader()
    await write(cluster, leader, ...words(0, 10))
    leader.storage.writeGate = new Promise(() => undefined)
    leader.replica.takeSnapshot().catch(() => undefined)
    await cluster.clock.advanceAsync(10)
    const closing = leader.replica.close()
    leader.alive = false
    await cluster.leader()
    expect(leader.disk.snapshot).toBeNull()
    expect(leader.replica.status().state).toBe('closing')
    void closing
    await cluster.close()
  })
})

describe('a follower far behind', () => {
  const options = { core: { snapshotChunkBytes: 16, snapshotWindowBytes: 16 }, snapshots: { maxLogBytes: -1, trailingEntries: 0 } }

  /** A follower that misses `count` words, which are then compacted away. */
  async function leaveBehind(count: number): Promise<{ cluster: TestReplicas; leader: TestMember; behind: TestMember }> {
    const cluster = await TestReplicas.open(3, options)
    const leader = await cluster.leader()
    const behind = another(cluster, leader)
    await write(cluster, leader, 'seen')
    await cluster.until(() => behind.machine.words.length === 1)
    cluster.network.isolate(behind.id)
    await write(cluster, leader, ...words(0, count))
    await cluster.run(leader.replica.takeSnapshot())
    await cluster.until(() => leader.replica.status().firstIndex > count)
    return { cluster, leader, behind }
  }

  it('gets the snapshot in chunks, then the log', async () => {
    const { cluster, leader, behind } = await leaveBehind(50)
    await write(cluster, leader, 'after')
    const restored: number[] = []
    behind.replica.on('restored', ({ meta }) => restored.push(meta.index))
    cluster.network.heal()
    await sameWords(cluster, ['seen', ...words(0, 50), 'after'])
    expect(behind.machine.restores).toBe(2)
    expect(behind.storage.receiveCalls.length).toBeGreaterThan(5)
    expect(restored).toHaveLength(1)
    expect(behind.replica.status()).toMatchObject({ snapshotIndex: restored[0], commitIndex: leader.replica.status().commitIndex })
    await write(cluster, leader, 'more')
    await sameWords(cluster, ['seen', ...words(0, 50), 'after', 'more'])
    await cluster.close()
    expect(cluster.clock.pending).toBe(0)
  })

  it('goes on where it was after its own restart', async () => {
    const { cluster, behind } = await leaveBehind(60)
    cluster.network.heal()
    await cluster.until(() => (behind.disk.partial?.bytes.length ?? 0) >= 64)
    await cluster.crash(behind)
    const stored = behind.disk.partial?.bytes.length ?? 0
    await cluster.restart(behind)
    await sameWords(cluster, ['seen', ...words(0, 60)])
    const offsets = behind.storage.receiveCalls.map(({ offset }) => offset)
    expect(offsets.filter((offset) => offset > 0 && offset < stored)).toEqual([])
    await cluster.close()
  })

  it('goes on with another leader that has the same snapshot', async () => {
    const { cluster, leader, behind } = await leaveBehind(60)
    const third = another(cluster, leader, behind)
    await cluster.until(() => third.replica.status().appliedIndex === leader.replica.status().appliedIndex)
    await cluster.run(third.replica.takeSnapshot())
    cluster.network.heal()
    await cluster.until(() => (behind.disk.partial?.bytes.length ?? 0) >= 64)
    const stored = behind.disk.partial?.bytes.length ?? 0
    await cluster.crash(leader)
    behind.storage.receiveCalls.length = 0
    cluster.network.restore(third.id, behind.id)
    await sameWords(cluster, ['seen', ...words(0, 60)])
    const offsets = behind.storage.receiveCalls.map(({ offset }) => offset)
    expect(offsets.filter((offset) => offset > 0 && offset < stored)).toEqual([])
    await cluster.close()
  })

  it('survives chunks that are lost, doubled and out of order', async () => {
    const { cluster } = await leaveBehind(40)
    cluster.network.conditions = { ...cluster.network.conditions, dropRate: 0.1, duplicateRate: 0.2, maxDelayMs: 20, ordered: false }
    cluster.network.heal()
    await sameWords(cluster, ['seen', ...words(0, 40)])
    cluster.network.conditions = { ...cluster.network.conditions, dropRate: 0, duplicateRate: 0, maxDelayMs: 3, ordered: true }
    await cluster.close()
  })

  it('gets there although snapshots are taken all the time', async () => {
    const cluster = await TestReplicas.open(3, { core: { snapshotChunkBytes: 16 }, snapshots: { maxLogBytes: 400, trailingEntries: 0 } })
    const leader = await cluster.leader()
    const behind = another(cluster, leader)
    cluster.network.isolate(behind.id)
    await write(cluster, leader, ...words(0, 50))
    cluster.network.heal()
    let at = 50
    while (behind.machine.words.length < 50 && at < 2000) await write(cluster, leader, `w${at++}`)
    expect(at).toBeLessThan(2000)
    await sameWords(cluster, words(0, at))
    await cluster.close()
  })

  it('can be closed in the middle of the install', async () => {
    const { cluster, behind } = await leaveBehind(30)
    const held = gate()
    behind.machine.restoreGate = held.promise
    cluster.network.heal()
    await cluster.until(() => behind.disk.snapshot !== null)
    await cluster.clock.advanceAsync(20)
    expect(() => behind.replica.query('words')).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }))
    let closed = false
    const closing = behind.replica.close().then(() => (closed = true))
    await cluster.clock.advanceAsync(100)
    expect(closed).toBe(false)
    held.open()
    await cluster.run(closing)
    behind.alive = false
    await cluster.restart(behind)
    await sameWords(cluster, ['seen', ...words(0, 30)])
    await cluster.close()
    expect(cluster.clock.pending).toBe(0)
  })

  it('keeps the rate that the leader is allowed', async () => {
    const cluster = await TestReplicas.open(3, { ...options, limits: { snapshotBytesPerSecond: 100 } })
    const leader = await cluster.leader()
    const behind = another(cluster, leader)
    cluster.network.isolate(behind.id)
    await write(cluster, leader, ...words(0, 100))
    const meta = await cluster.run(leader.replica.takeSnapshot())
    cluster.network.heal()
    const startedMs = cluster.clock.now()
    await sameWords(cluster, words(0, 100))
    expect(cluster.clock.now() - startedMs).toBeGreaterThan((meta.sizeBytes / 100) * 1000 * 0.9)
    await cluster.close()
    expect(cluster.clock.pending).toBe(0)
  })
})

describe('slow parts', () => {
  it('a slow state machine holds up only itself, and loses nothing', async () => {
    const cluster = await TestReplicas.open(3, { core: { logCacheBytes: 0 }, limits: { maxApplyEntries: 4 } })
    const leader = await cluster.leader()
    const slow = another(cluster, leader)
    const held = gate()
    slow.machine.gate = held.promise
    await write(cluster, leader, ...words(0, 100))
    await cluster.clock.advanceAsync(500)
    expect(slow.machine.batches).toHaveLength(1)
    expect(slow.replica.status().commitIndex).toBeGreaterThan(slow.replica.status().appliedIndex + 90)
    expect((await cluster.leader()).id).toBe(leader.id)
    slow.machine.gate = null
    held.open()
    await sameWords(cluster, words(0, 100))
    expect(Math.max(...slow.machine.batches)).toBeLessThanOrEqual(4)
    await cluster.close()
  })

  it('a leader whose machine is slow answers late, not wrongly; reads wait for the machine', async () => {
    const cluster = await TestReplicas.open(3)
    const leader = await cluster.leader()
    const held = gate()
    leader.machine.gate = held.promise
    const call = leader.replica.propose(bytesOf('a'))
    await cluster.until(() => leader.replica.status().commitIndex > leader.replica.status().appliedIndex)
    const read = leader.replica.read('words')
    let early = false
    void Promise.race([call, read]).then(() => (early = true))
    await cluster.clock.advanceAsync(1000)
    expect(early).toBe(false)
    held.open()
    expect((await cluster.run(call)).result).toBe(1)
    expect(await cluster.run(read)).toEqual(['a'])
    await cluster.close()
  })

  it('a leader with a slow disk commits by the disks of the others', async () => {
    const cluster = await TestReplicas.open(3)
    const leader = await cluster.leader()
    await write(cluster, leader, 'a')
    leader.storage.manual = true
    await write(cluster, leader, 'b')
    expect(leader.storage.pendingWrites).toBeGreaterThan(0)
    leader.storage.complete()
    leader.storage.manual = false
    await sameWords(cluster, ['a', 'b'])
    await cluster.close()
  })
})

describe('a failed sync', () => {
  it('stops its member for good; the others go on', async () => {
    const cluster = await TestReplicas.open(3)
    const leader = await cluster.leader()
    await write(cluster, leader, 'a')
    leader.storage.failure = new BalsaError('SYNC_FAILED', 'the disk lost a write')
    const call = leader.replica.propose(bytesOf('b')).catch((error: BalsaError) => error)
    expect(await cluster.run(call)).toMatchObject({ code: 'OUTCOME_UNKNOWN', family: 'unknown', cause: leader.storage.failure })
    expect(await cluster.run(leader.replica.closed)).toMatchObject({ code: 'SYNC_FAILED', family: 'fatal' })
    leader.alive = false
    const next = await cluster.leader()
    await write(cluster, next, 'c')
    expect(next.machine.words.filter((word) => word !== 'b')).toEqual(['a', 'c'])
    await cluster.close()
    expect(cluster.clock.pending).toBe(0)
  })
})

it('entries of all kinds of waiting are gone at the end: no memory grows', async () => {
  const cluster = await TestReplicas.open(3, { snapshots: { maxLogBytes: 1000, trailingEntries: 0 } })
  const leader = await cluster.leader()
  for (let round = 0; round < 20; round++) await write(cluster, leader, ...words(round * 10, round * 10 + 10))
  await cluster.clock.advanceAsync(100)
  for (const { replica, disk } of cluster.members) {
    expect(replica.status()).toMatchObject({ pendingProposals: 0, pendingReads: 0 })
    expect(disk.entries.length).toBeLessThan(60)
    expect(replica.status().firstIndex).toBeGreaterThan(asIndex(100))
  }
  await cluster.close()
})
