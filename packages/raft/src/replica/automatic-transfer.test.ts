/** Leadership leaves a slow leader once, and stays: whole replicas in virtual time. */
import { describe, expect, it } from 'vitest'
import type { EventOf } from './events.js'
import type { TestMember } from './replicas.test-support.js'
import { TestReplicas } from './replicas.test-support.js'
import { bytesOf } from './word-list.test-support.js'

type Moved = EventOf<'automaticTransfer'>

interface Observed {
  readonly cluster: TestReplicas
  readonly leader: TestMember
  readonly moves: Moved[]
  readonly elected: number[]
  /** Writes ten times a second, through whoever leads. */
  readonly work: (ms: number) => Promise<void>
}

async function observed(options: Parameters<typeof TestReplicas.open>[1] = {}): Promise<Observed> {
  const cluster = await TestReplicas.open(3, options)
  const leader = await cluster.leader()
  const moves: Moved[] = []
  const elected: number[] = []
  for (const { id, replica } of cluster.members) {
    replica.on('automaticTransfer', (event) => void moves.push(event))
    replica.on('role', ({ role }) => void (role === 'leader' && elected.push(id)))
  }
  const work = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 100) {
      const writer = cluster.members.find(({ replica }) => replica.status().role === 'leader')
      writer?.replica.propose(bytesOf('x')).catch(() => undefined)
      await cluster.clock.advanceAsync(100)
    }
  }
  return { cluster, leader, moves, elected, work }
}

const slowDown = ({ cluster }: Observed, { storage }: TestMember, ms: number): void => {
  storage.slow = { clock: cluster.clock, ms }
}

describe('automatic transfer', () => {
  it('a slow disk of the leader: leadership moves once, and stays, also when the first leader is well again', async () => {
    const seen = await observed()
    const { cluster, leader, moves, elected, work } = seen
    await work(40_000)
    expect(elected).toEqual([])
    slowDown(seen, leader, 150)
    await work(40_000)
    expect(moves).toMatchObject([
      { outcome: 'begun', reason: expect.stringMatching(/writes to the log take \d+ ms/) },
      { outcome: 'done', target: elected[0] },
    ])
    slowDown(seen, leader, 1)
    await work(60_000)
    expect(elected).toHaveLength(1)
    await cluster.close()
  })

  it('a disk that has stopped altogether: the same', async () => {
    const seen = await observed()
    const { cluster, leader, moves, elected, work } = seen
    await work(35_000)
    leader.storage.manual = true
    await work(20_000)
    expect(moves.map(({ outcome }) => outcome)).toEqual(['begun', 'done'])
    await work(60_000)
    expect(elected).toHaveLength(1)
    leader.storage.complete()
    leader.storage.manual = false
    await cluster.close()
  })

  it('everybody is slow: nothing would be won, nothing moves', async () => {
    const seen = await observed()
    for (const member of seen.cluster.members) slowDown(seen, member, 150)
    await seen.work(60_000)
    expect([seen.moves, seen.elected]).toEqual([[], []])
    await seen.cluster.close()
  })

  it('slowness comes and goes, on one after the other: never more than one move within the cool-down', async () => {
    const seen = await observed()
    const { cluster, elected, work } = seen
    for (let round = 0; round < 12; round++) {
      const now = await cluster.leader()
      for (const member of cluster.members) slowDown(seen, member, member === now ? 200 : 1)
      await work(10_000)
    }
    expect(elected.length).toBeGreaterThan(0)
    expect(elected.length).toBeLessThanOrEqual(120_000 / 30_000)
    await cluster.close()
  })

  it('can be switched off', async () => {
    const seen = await observed({ slowness: null })
    slowDown(seen, seen.leader, 200)
    await seen.work(60_000)
    expect([seen.moves, seen.elected]).toEqual([[], []])
    await seen.cluster.close()
  })
})
