import type { AppliedCommand } from '@balsa/raft'
import type { Observer } from '../world/observer.js'
import type { Life } from '../world/sim-member.js'
import type { Ledger } from './ledger.js'
import { violate } from './violate.js'

/**
 * Every member applies the same commands at the same indexes, in order, each once per start, only committed ones, and comes to the same state
 * (Raft paper, figure 3: State Machine Safety). Compares the fingerprint of the state at every index.
 */
export class StateMachineSafety implements Observer {
  readonly name = 'state-machine-safety'
  readonly #ledger: Ledger
  readonly #fingerprints = new Map<number, string>()

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  get size(): number {
    return this.#fingerprints.size
  }

  /** The state that every member must have right after the command at `index`, once one had it. */
  fingerprintAt(index: number): string | undefined {
    return this.#fingerprints.get(index)
  }

  applied(life: Life, command: AppliedCommand, fingerprint: string): void {
    const { world, id } = life.member
    const { index, term } = command
    if (index > this.#ledger.committedIndex)
      violate(world, this.name, `member ${id} applied entry ${index}, ${this.#ledger.committedIndex} is committed`)
    if (this.#ledger.committed[index] !== term) {
      violate(
        world,
        this.name,
        `member ${id} applied entry ${index} of term ${term}; the committed one has term ${this.#ledger.committed[index]}`,
      )
    }
    const known = this.#fingerprints.get(index)
    if (known === undefined) this.#fingerprints.set(index, fingerprint)
    else if (known !== fingerprint)
      violate(world, this.name, `after entry ${index} member ${id} is in state ${fingerprint}, another was in ${known}`)
  }
}
