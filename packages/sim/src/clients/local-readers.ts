import { BalsaError, type SeededRandom } from '@balsa/raft'
import type { Ledger } from '../invariants/ledger.js'
import type { AnyReplica, Life } from '../world/sim-member.js'
import { Violation } from '../world/violation.js'
import type { World } from '../world/world.js'

/** Of readings of a clock. */
const ROUNDING_MS = 0.001

/**
 * Callers inside each member's process who read there and nowhere else, whoever leads: also of a leader that is cut off, that was just paused,
 * or that hands over. Clients hardly ever stay with such a member.
 */
export class LocalReaders {
  readonly #world: World
  readonly #ledger: Ledger
  readonly #random: SeededRandom
  readonly #intervalMs: number
  readonly #leases: boolean
  #running = true

  /** Infinity: nobody reads. */
  constructor(world: World, ledger: Ledger, intervalMs: number, leases: boolean) {
    this.#leases = leases
    this.#world = world
    this.#ledger = ledger
    this.#random = world.random.fork()
    this.#intervalMs = intervalMs
  }

  opened(life: Life, replica: AnyReplica): void {
    if (this.#intervalMs === Infinity || !this.#running) return
    // The life's own event: after a pause it is due at once, among the messages that waited.
    this.#world.scheduler.after(this.#random.next() * 2 * this.#intervalMs, life, () => {
      this.#read(life, replica)
      this.opened(life, replica)
    })
  }

  stop(): void {
    this.#running = false
  }

  #read(life: Life, replica: AnyReplica): void {
    const draw = this.#random.next()
    if (draw < 0.25) this.#readStale(life, replica)
    else if (draw < 0.5 && this.#leases)
      this.#readFresh(life, replica.read({ type: 'stats' }, { consistency: 'lease', timeoutMs: 1000 }), 'lease')
    else this.#readFresh(life, replica.readIndex({ timeoutMs: 1000 }), 'index')
  }

  /** An answer is never older than it says, nor than was asked for. */
  #readStale(life: Life, replica: AnyReplica): void {
    const world = this.#world
    const maxStaleMs = this.#random.pick([1, 20, 200, 2000])
    world.scheduler.unsettled = true
    const nowMs = life.clock.now()
    const { appliedIndex } = replica.status()
    replica.readWithAge({ type: 'stats' }, { consistency: 'stale', maxStaleMs }).then(
      ({ ageMs }) => {
        world.coverage.hit('stale read with a bound')
        const virtualMs = life.clock.virtualMs(nowMs - Math.min(ageMs, maxStaleMs)) - ROUNDING_MS
        const committed = this.#ledger.committedBy(virtualMs)
        if (appliedIndex >= committed && ageMs <= maxStaleMs) return
        const message = `member ${life.member.id} answers at ${appliedIndex} and calls that ${ageMs} ms old (${maxStaleMs} asked for), ${committed} was committed by then`
        world.fail(new Violation('stale-bound', message))
      },
      (error: unknown) => world.coverage.hit(`stale read ${error instanceof BalsaError ? error.code : 'failed'}`),
    )
  }

  #readFresh(life: Life, read: Promise<unknown>, kind: 'index' | 'lease'): void {
    const committed = this.#ledger.committedIndex
    const { id } = life.member
    this.#world.scheduler.unsettled = true
    read.then(
      () => {
        this.#world.coverage.hit(kind === 'lease' ? 'local lease read' : 'local read')
        const appliedIndex = life.replica?.status().appliedIndex ?? 0
        if (!life.alive || appliedIndex >= committed) return
        const message = `member ${id} answers a read at ${appliedIndex}, ${committed} was committed when it came`
        this.#world.fail(new Violation('read-freshness', message))
      },
      () => undefined,
    )
  }
}
