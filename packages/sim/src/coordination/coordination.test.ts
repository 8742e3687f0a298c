/** Locks of embedded stores in whole simulated clusters: every member's process also competes for one lock, and is paused, crashed and cut off. */
import { type EmbeddedReplica, EmbeddedStore, type Held, KvStateMachine, Upkeep } from '@balsa/kv'
import { BalsaError, type SeededRandom } from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import { invariantsOf } from '../invariants/index.js'
import type { AnyReplica, Life, Service } from '../world/sim-member.js'
import { World } from '../world/world.js'

const RUN_MS = 25_000
const CHECK_EVERY_MS = 20
const UNBOUNDED = { maxPendingProposals: Infinity, maxPendingReads: Infinity, maxUncommittedBytes: Infinity, maxCommandBytes: Infinity }

interface Tally {
  acquired: number
  lost: number
  fenced: number
  written: number
}

/** In every life of a member: takes the lock again and again, and appends its token under the fence while it believes that it holds the lock. */
class Contender implements Service {
  readonly machine: KvStateMachine
  readonly fingerprint: () => string
  readonly life: Life
  readonly #random: SeededRandom
  readonly #tally: Tally
  held: Held | null = null

  constructor(life: Life, random: SeededRandom, tally: Tally) {
    this.life = life
    this.#random = random
    this.#tally = tally
    this.machine = new KvStateMachine({ clock: life.clock })
    this.fingerprint = () => this.machine.stateHash
  }

  opened(replica: AnyReplica): void {
    const { clock } = this.life
    Upkeep.begin(clock, this.machine, replica)
    const { watches } = this.machine
    const { propose, readWithAge } = replica as unknown as EmbeddedReplica
    const embedded = { watches, propose: propose.bind(replica), readWithAge: readWithAge.bind(replica) }
    void this.#work(new EmbeddedStore(embedded, { clock, random: this.#random })).catch((error: unknown) => {
      if (this.life.alive && !(error instanceof BalsaError && error.code === 'STOPPED')) this.life.member.world.fail(error)
    })
  }

  async #work(store: EmbeddedStore): Promise<void> {
    for (;;) {
      const held = await store.lock('jobs', { ttlMs: 1000 + this.#random.int(2000) })
      this.held = held
      this.#tally.acquired += 1
      // The careless ones never look: the fence alone stops them.
      const careless = this.#random.int(2) === 0
      let writes = 1 + this.#random.int(40)
      while (writes > 0 && (careless || held.isHeld)) {
        writes = (await this.#write(store, held)) ? writes - 1 : 0
        await new Promise<void>((resolve) => void this.life.clock.setTimer(this.#random.int(100), resolve))
      }
      if (!held.isHeld) this.#tally.lost += 1
      this.held = null
      await held.release()
    }
  }

  async #write(store: EmbeddedStore, { fence, fencingToken }: Held): Promise<boolean> {
    try {
      await store.append('log', `${fencingToken} `, { fence, deadlineMs: 3000 })
      this.#tally.written += 1
    } catch (error) {
      if (!(error instanceof BalsaError)) throw error
      if (error.code === 'FENCED') this.#tally.fenced += 1
      if (error.code === 'FENCED') return false
    }
    return true
  }
}

function openWorld(seed: number, contenders: Map<number, Contender>, tally: Tally): World {
  return new World({
    seed,
    size: 3,
    clusterId: 1,
    core: { electionTimeoutMs: 400, heartbeatIntervalMs: 50 },
    snapshots: { maxLogBytes: 256 * 1024 },
    limits: {},
    storage: { segmentBytes: 64 * 1024 },
    network: {},
    disk: {},
    crashStyle: { lost: 0.4, prefix: 0.2, subset: 0.2, torn: 0.2 },
    killShare: 0.3,
    // Clocks that began at different times and run at different speeds: the cluster's time moves on from one leader's to the next one's.
    clock: (_member, random) => ({ offsetMs: random.int(1_000_000), rate: 0.98 + random.next() * 0.04, turnMs: 0 }),
    service: (life) => {
      const contender = new Contender(life, life.member.random.fork(), tally)
      contenders.set(life.member.id, contender)
      return contender
    },
    observers: invariantsOf(UNBOUNDED).all,
  })
}

/** One member after the other is crashed, paused or cut off, for a while: any of them, the leader, or the holder of the lock. */
function disturb(world: World, contenders: ReadonlyMap<number, Contender>, random: SeededRandom): void {
  const leader = world.members.find(({ life }) => life?.core?.role === 'leader')
  const holder = [...contenders.values()].find(({ held }) => held !== null)?.life.member
  const member = [leader, holder, world.members[random.int(world.members.length)]][random.int(3)]
  const lastsMs = 50 + random.next() ** 2 * 6000
  const end = { alive: true, paused: false, hold: () => undefined }
  if (member !== undefined) {
    const chosen = random.int(3)
    if (chosen === 0) world.crash(member, 'test')
    else if (chosen === 1) world.pause(member)
    else for (const other of world.members) cut(world, member.id, other.id)
    world.scheduler.after(lastsMs, end, () => {
      world.network.heal()
      if (chosen === 0) member.start()
      else world.resume(member)
    })
  }
  world.scheduler.after(lastsMs + 500 + random.next() * 3000, end, () => disturb(world, contenders, random))
}

function cut(world: World, from: number, to: number): void {
  if (from === to) return
  world.network.link(from, to).cuts.add('test')
  world.network.link(to, from).cuts.add('test')
}

function tokensOf({ machine }: Contender): number[] {
  const record = machine.query({ type: 'get', key: new TextEncoder().encode('log') }).record
  return record === null ? [] : new TextDecoder().decode(record.value).trim().split(' ').map(Number)
}

describe('a lock in a simulated cluster', () => {
  it('has one holder at a time through pauses, crashes, cuts and changes of leader, and its tokens only grow in what is fenced', async () => {
    const tally: Tally = { acquired: 0, lost: 0, fenced: 0, written: 0 }
    for (let seed = 1; seed <= 3; seed++) {
      const contenders = new Map<number, Contender>()
      const world = openWorld(seed, contenders, tally)
      for (const member of world.members) member.start()
      disturb(world, contenders, world.random.fork())
      const replay = `seed ${seed} of coordination.test.ts`
      while (world.nowMs < RUN_MS) {
        world.scheduler.unsettled = true
        await world.run(world.nowMs + CHECK_EVERY_MS)
        const holders = [...contenders.values()].filter(({ held, life }) => life.alive && held?.isHeld === true)
        expect(holders.length, replay).toBeLessThanOrEqual(1)
      }
      for (const contender of contenders.values()) {
        const tokens = tokensOf(contender)
        expect(tokens, replay).toEqual([...tokens].sort((a, b) => a - b))
      }
    }
    // What is disturbed must go on, and the disturbances must bite.
    expect(tally.acquired).toBeGreaterThan(10)
    expect(tally.written).toBeGreaterThan(100)
    expect(tally.lost + tally.fenced).toBeGreaterThan(1)
  }, 120_000)
})
