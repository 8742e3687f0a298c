import type { Observer } from '../world/observer.js'
import type { SimMember } from '../world/sim-member.js'
import type { Ledger } from './ledger.js'
import { violate } from './violate.js'

/** Rounding between clocks. */
const EPSILON_MS = 0.001

/**
 * What a member says of the age of its state is true: it has applied everything that was committed anywhere at the moment that it names (the
 * argument of ReadIndex, thesis, section 6.4, with a time in place of an index). Looked at every now and then, on every member.
 */
export class StaleBound implements Observer {
  readonly name = 'stale-bound'
  readonly #ledger: Ledger

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  surveyed(members: readonly SimMember[]): void {
    for (const { life, world, id } of members) {
      const core = life?.core?.inner
      if (life === null || core === undefined || life.paused) continue
      const asOfMs = core.freshAsOfMs(core.appliedIndex, life.clock.now())
      if (asOfMs === -Infinity) continue
      const virtualMs = life.clock.virtualMs(asOfMs) - EPSILON_MS
      const committed = this.#ledger.committedBy(virtualMs)
      if (core.appliedIndex >= committed) continue
      violate(
        world,
        this.name,
        `${core.role} ${id} has applied ${core.appliedIndex} and calls that the state of ${virtualMs.toFixed(1)} ms, when ${committed} was committed`,
      )
    }
  }
}
