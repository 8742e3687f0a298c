/** Watches of everything, on every member of simulated clusters, through crashes, pauses, cuts, changes of leader and snapshots from one member to another. */
import { type EmbeddedReplica, EmbeddedStore, KvStateMachine, Upkeep } from '@balsa/kv'
import { BalsaError, type SeededRandom } from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import type { AnyReplica, Life, Service } from '../world/sim-member.js'
import { disturb, openWorld, passTime } from './world.test-support.js'

const DISTURBED_MS = 20_000
const QUIET_MS = 12_000
const SEEDS = 3

/** What one member's watcher has seen in all lives of the member, and behind which revision it goes on. */
interface Seen {
  readonly events: string[]
  position: number
  lives: number
  /** Times that a running member was given the state of another one. */
  restores: number
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

class WatchingMember implements Service {
  readonly machine: KvStateMachine
  readonly fingerprint: () => string
  readonly #life: Life
  readonly #random: SeededRandom
  readonly #seen: Seen
  readonly #isQuiet: () => boolean

  constructor(life: Life, seen: Seen, isQuiet: () => boolean) {
    this.#life = life
    this.#random = life.member.random.fork()
    this.#seen = seen
    this.#isQuiet = isQuiet
    this.machine = new KvStateMachine({ clock: life.clock })
    this.fingerprint = () => this.machine.stateHash
  }

  opened(replica: AnyReplica): void {
    const { clock } = this.#life
    Upkeep.begin(clock, this.machine, replica)
    const { propose, readWithAge } = replica as unknown as EmbeddedReplica
    const embedded = { watches: this.machine.watches, propose: propose.bind(replica), readWithAge: readWithAge.bind(replica) }
    const store = new EmbeddedStore(embedded, { clock, random: this.#random })
    this.#seen.lives += 1
    const restore = this.machine.restore.bind(this.machine)
    this.machine.restore = (chunks) => {
      this.#seen.restores += 1
      return restore(chunks)
    }
    for (const work of [this.#watch(store), this.#write(store)]) {
      work.catch((error: unknown) => {
        if (this.#life.alive && !(error instanceof BalsaError && error.code === 'STOPPED')) this.#life.member.world.fail(error)
      })
    }
  }

  async #watch(store: EmbeddedStore): Promise<void> {
    let whole: string[] = []
    for await (const event of store.watch({ prefix: '' }, { fromRevision: this.#seen.position + 1, previous: true })) {
      if (event.type === 'progress') continue
      const value = event.type === 'put' ? `=${text(event.entry.value)}` : ''
      whole.push(`${event.revision} ${event.type} ${text(event.key)}${value}(${event.previous === null ? '' : text(event.previous.value)})`)
      if (event.more) continue
      // A life that ends in the middle of a revision is given it again.
      this.#seen.events.push(...whole)
      this.#seen.position = event.revision
      whole = []
    }
  }

  async #write(store: EmbeddedStore): Promise<void> {
    for (let at = 0; !this.#isQuiet(); at++) {
      await this.#writeOnce(store, `${this.#life.member.id}.${this.#life.number}.${at}`).catch((error: unknown) => {
        if (!(error instanceof BalsaError)) throw error
      })
      await new Promise<void>((resolve) => void this.#life.clock.setTimer(this.#random.int(60), resolve))
    }
  }

  async #writeOnce(store: EmbeddedStore, value: string): Promise<unknown> {
    const key = `k${this.#random.int(12)}`
    const options = { deadlineMs: 3000 }
    switch (this.#random.int(6)) {
      case 0:
        return store.delete({ prefix: 'k1' }, options)
      case 1: {
        const other = `k${12 + this.#random.int(12)}`
        const remove = { type: 'delete', key: { from: 'k3', to: 'k5' } } as const
        const puts = [key, other].map((each) => ({ type: 'put', key: each, value }) as const)
        // Refused as a whole when a key would be written twice.
        return store.transaction({ success: [remove, ...puts] }, options)
      }
      case 2: {
        const { id } = await store.grantLease(1000, options)
        return store.put(key, value, { ...options, lease: id })
      }
      default:
        return store.put(key, value, options)
    }
  }
}

describe('watches in a simulated cluster', () => {
  it('show every member the same events, each once, in one order, over all its lives', async () => {
    let lives = 0
    let restores = 0
    for (let seed = 1; seed <= SEEDS; seed++) {
      const seen = new Map<number, Seen>()
      const world = openWorld(seed, 8 * 1024, (life) => {
        const mine = seen.get(life.member.id) ?? { events: [], position: 0, lives: 0, restores: 0 }
        seen.set(life.member.id, mine)
        return new WatchingMember(life, mine, () => world.nowMs > DISTURBED_MS)
      })
      disturb(world, world.random.fork(), () => undefined)
      await passTime(world, DISTURBED_MS, 100)
      // The disturbances go on, but nobody writes any more: sooner or later everybody is up to date.
      const lengths = (): number[] => [...seen.values()].map(({ events }) => events.length)
      const newest = Math.max(...lengths())
      for (let round = 0; round < 10 && Math.min(...lengths()) < Math.max(newest, ...lengths()); round++)
        await passTime(world, world.nowMs + QUIET_MS, 100)
      const [first, ...others] = [...seen.values()].map(({ events }) => events)
      for (const other of others) expect(other, `seed ${seed} of watching.test.ts`).toEqual(first)
      const revisions = (first ?? []).map((event) => Number.parseInt(event, 10))
      expect([...new Set(revisions)]).toEqual(Array.from({ length: (revisions.at(-1) ?? 1) - 1 }, (_, at) => at + 2))
      expect(revisions.length).toBeGreaterThan(100)
      for (const each of seen.values()) {
        lives += each.lives
        restores += each.restores
      }
    }
    // Members must have come back, and have been given the state of another one while they ran.
    expect(lives).toBeGreaterThan(3 * SEEDS)
    expect(restores).toBeGreaterThan(0)
  }, 120_000)
})
