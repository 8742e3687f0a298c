import type { Effects, Input, RaftCore } from '@balsa/raft'
import type { Observer } from '../world/observer.js'
import type { Life } from '../world/sim-member.js'
import type { Ledger } from './ledger.js'
import { violate } from './violate.js'

/**
 * A read is given an index that covers everything committed anywhere when it was asked (thesis, section 6.4: "the read index"). Stricter and
 * cheaper than the histories of clients: no write of the same key has to fall into the gap for a stale index to show.
 */
export class ReadFreshness implements Observer {
  readonly name = 'read-freshness'
  readonly #ledger: Ledger
  /** Per life and read: what was committed when it was asked. */
  readonly #asked = new WeakMap<Life, Map<number, number>>()

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  stepped(life: Life, _core: RaftCore, input: Exclude<Input, { type: 'message' }>): void {
    if (input.type !== 'read') return
    let asked = this.#asked.get(life)
    if (asked === undefined) {
      asked = new Map()
      this.#asked.set(life, asked)
    }
    asked.set(input.ref, this.#ledger.committedIndex)
  }

  effects(life: Life, core: RaftCore, { reads }: Effects): void {
    if (reads.length === 0) return
    const asked = this.#asked.get(life)
    for (const outcome of reads) {
      const committed = asked?.get(outcome.ref) ?? 0
      asked?.delete(outcome.ref)
      if (!('index' in outcome) || outcome.index >= committed) continue
      violate(
        life.member.world,
        this.name,
        `${core.role} ${life.member.id} gives index ${outcome.index} to a read, ${committed} was committed when it was asked`,
      )
    }
  }
}
