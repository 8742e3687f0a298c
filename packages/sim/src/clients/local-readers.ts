import type { SeededRandom } from '@balsa/raft'
import type { Ledger } from '../invariants/ledger.js'
import type { AnyReplica, Life } from '../world/sim-member.js'
import { Violation } from '../world/violation.js'
import type { World } from '../world/world.js'

/**
 * Callers inside each member's process who read there and nowhere else, whoever leads: also of a leader that is cut off, that was just paused,
 * or that hands over. Clients hardly ever stay with such a member.
 */
export class LocalReaders {
  readonly #world: World
  readonly #ledger: Ledger
  readonly #random: SeededRandom
  readonly #intervalMs: number
  #running = true

  /** Infinity: nobody reads. */
  constructor(world: World, ledger: Ledger, intervalMs: number) {
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
    const committed = this.#ledger.committedIndex
    const { id } = life.member
    this.#world.scheduler.unsettled = true
    replica.readIndex({ timeoutMs: 1000 }).then(
      () => {
        this.#world.coverage.hit('local read')
        const { appliedIndex } = replica.status()
        if (!life.alive || appliedIndex >= committed) return
        const message = `member ${id} answers a read at ${appliedIndex}, ${committed} was committed when it came`
        this.#world.fail(new Violation('read-freshness', message))
      },
      () => undefined,
    )
  }
}
