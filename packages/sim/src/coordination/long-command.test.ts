/** A delete of many keys that takes every member of a cluster many times its election time-out. */
import { type EmbeddedReplica, EmbeddedStore, KvStateMachine } from '@balsa/kv'
import type { Clock } from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import type { AnyReplica, Life, Service } from '../world/sim-member.js'
import type { World } from '../world/world.js'
import { openWorld, passTime } from './world.test-support.js'

const KEYS = 400
/** With one key in each turn: 4 s, ten election time-outs. */
const TURN_MS = 10

class SlowMember implements Service {
  readonly machine: KvStateMachine
  readonly fingerprint: () => string
  readonly #life: Life
  store: EmbeddedStore | null = null

  constructor(life: Life) {
    this.#life = life
    const { clock } = life
    const slow: Clock = {
      now: () => clock.now(),
      setTimer: (delayMs, callback) => clock.setTimer(delayMs, callback),
      defer: (callback) => void clock.setTimer(TURN_MS, callback),
    }
    this.machine = new KvStateMachine({ clock: slow, longCommands: { keys: 100, stepKeys: 1, isTurnOver: () => true } })
    this.fingerprint = () => this.machine.stateHash
  }

  opened(replica: AnyReplica): void {
    const { propose, readWithAge } = replica as unknown as EmbeddedReplica
    const embedded = { watches: this.machine.watches, propose: propose.bind(replica), readWithAge: readWithAge.bind(replica) }
    this.store = new EmbeddedStore(embedded, { clock: this.#life.clock, random: this.#life.member.random.fork() })
  }
}

class Cluster {
  readonly members = new Map<number, SlowMember>()
  readonly world: World

  constructor(seed: number) {
    this.world = openWorld(seed, -1, (life) => {
      const member = new SlowMember(life)
      this.members.set(life.member.id, member)
      return member
    })
  }

  get leader(): Life {
    const leader = this.world.members.find(({ life }) => life?.alive === true && life.core?.role === 'leader')?.life
    if (leader === undefined || leader === null) throw new Error('there is no leader')
    return leader
  }

  storeOf(id: number): EmbeddedStore {
    const store = this.members.get(id)?.store
    if (store === undefined || store === null) throw new Error('the member is not open')
    return store
  }

  keysOf(id: number): number {
    return this.members.get(id)?.machine.query({ type: 'stats' }).keys ?? -1
  }

  /** Time goes on until it is answered. */
  async answered<T>(work: Promise<T>, check: () => void = () => undefined): Promise<T> {
    let isOver = false
    const ended = work.finally(() => (isOver = true))
    ended.catch(() => undefined)
    while (!isOver) await passTime(this.world, this.world.nowMs + 20, 20, check)
    return ended
  }

  async fill(): Promise<number> {
    await passTime(this.world, 2000, 100)
    const { id } = this.leader.member
    for (let at = 0; at < KEYS; at += 100) {
      const success = Array.from({ length: 100 }, (_, step) => ({ type: 'put', key: `k${at + step}`, value: 'v' }) as const)
      await this.answered(this.storeOf(id).transaction({ success }))
    }
    return id
  }
}

describe('a command that takes every member seconds', () => {
  it('leaves heart-beats, the term and stale reads as they are; linearizable reads and writes wait for its end', async () => {
    const cluster = new Cluster(1)
    const leader = await cluster.fill()
    const [follower = 0] = [...cluster.members.keys()].filter((id) => id !== leader)
    const term = cluster.leader.core?.term
    const startMs = cluster.world.nowMs
    const finished: string[] = []
    const deleting = cluster.storeOf(leader).delete({ prefix: 'k' }, { deadlineMs: 60_000 })
    await passTime(cluster.world, startMs + 500, 50)
    const stale = await cluster.answered(cluster.storeOf(follower).range({ prefix: 'k' }, { consistency: 'stale' }))
    expect(stale.count).toBe(KEYS)
    expect(cluster.world.nowMs - startMs).toBeLessThan(TURN_MS * KEYS * 0.5)
    const reading = cluster.storeOf(follower).range({ prefix: 'k' }, { deadlineMs: 60_000 })
    void reading.then(({ count }) => finished.push(`read ${count}`))
    void cluster
      .storeOf(leader)
      .put('then', 'v', { deadlineMs: 60_000 })
      .then(() => finished.push('put'))
    const { deleted } = await cluster.answered(deleting, () => {
      for (const id of cluster.members.keys()) expect([0, KEYS, 1]).toContain(cluster.keysOf(id))
      expect(cluster.leader.member.id).toBe(leader)
      if (cluster.keysOf(leader) === KEYS && cluster.keysOf(follower) === KEYS) expect(finished).toEqual([])
    })
    expect(deleted).toBe(true)
    expect(cluster.world.nowMs - startMs).toBeGreaterThan(TURN_MS * KEYS)
    await passTime(cluster.world, cluster.world.nowMs + 2000, 100)
    expect(cluster.leader.core?.term).toBe(term)
    for (const id of cluster.members.keys()) expect(cluster.keysOf(id)).toBe(1)
    expect((await cluster.answered(reading)).count).toBe(0)
    expect(finished.sort()).toEqual(['put', 'read 0'])
  }, 60_000)

  it('is done again, from its beginning, by a member that crashed in the middle of it; and others go on without it', async () => {
    const cluster = new Cluster(2)
    const leader = await cluster.fill()
    const deleting = cluster.storeOf(leader).delete({ prefix: 'k' }, { deadlineMs: 60_000 })
    deleting.catch(() => undefined)
    await passTime(cluster.world, cluster.world.nowMs + 1000, 50)
    expect(cluster.keysOf(leader)).toBe(KEYS)
    const crashed = cluster.leader.member
    cluster.world.crash(crashed, 'test')
    await passTime(cluster.world, cluster.world.nowMs + 8000, 50, () => {
      for (const id of cluster.members.keys()) expect([0, KEYS]).toContain(cluster.keysOf(id))
    })
    for (const id of cluster.members.keys()) if (id !== crashed.id) expect(cluster.keysOf(id)).toBe(0)
    crashed.start()
    await passTime(cluster.world, cluster.world.nowMs + 20_000, 100)
    for (const id of cluster.members.keys()) expect(cluster.keysOf(id)).toBe(0)
    expect(new Set([...cluster.members.values()].map(({ machine }) => machine.stateHash)).size).toBe(1)
  }, 60_000)
})
