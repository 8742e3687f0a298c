/** Locks of embedded stores in whole simulated clusters: every member's process also competes for one lock, and is paused, crashed and cut off. */
import { type EmbeddedReplica, EmbeddedStore, type Held, KvStateMachine, Upkeep } from '@balsa/kv'
import { BalsaError, type SeededRandom } from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import type { AnyReplica, Life, Service } from '../world/sim-member.js'
import { disturb, openWorld, passTime } from './world.test-support.js'

const RUN_MS = 25_000
const CHECK_EVERY_MS = 20

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

function tokensOf({ machine }: Contender): number[] {
  const record = machine.query({ type: 'get', key: new TextEncoder().encode('log') }).record
  return record === null ? [] : new TextDecoder().decode(record.value).trim().split(' ').map(Number)
}

describe('a lock in a simulated cluster', () => {
  it('has one holder at a time through pauses, crashes, cuts and changes of leader, and its tokens only grow in what is fenced', async () => {
    const tally: Tally = { acquired: 0, lost: 0, fenced: 0, written: 0 }
    for (let seed = 1; seed <= 3; seed++) {
      const contenders = new Map<number, Contender>()
      const world = openWorld(seed, 256 * 1024, (life) => {
        const contender = new Contender(life, life.member.random.fork(), tally)
        contenders.set(life.member.id, contender)
        return contender
      })
      disturb(world, world.random.fork(), () => [...contenders.values()].find(({ held }) => held !== null)?.life.member)
      const replay = `seed ${seed} of coordination.test.ts`
      await passTime(world, RUN_MS, CHECK_EVERY_MS, () => {
        const holders = [...contenders.values()].filter(({ held, life }) => life.alive && held?.isHeld === true)
        expect(holders.length, replay).toBeLessThanOrEqual(1)
      })
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
