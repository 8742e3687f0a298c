import type { Effects, RaftCore } from '@balsa/raft'
import type { Observer } from '../world/observer.js'
import type { Life } from '../world/sim-member.js'
import { bytesOf, hashHead, isSame, type Ledger } from './ledger.js'
import { violate } from './violate.js'

/**
 * Two entries with the same index and term are the same bytes and follow the same entry, hence whole logs up to there are equal (Raft paper,
 * figure 3: Log Matching). Bytes, not only terms: a leader whose term changes while it writes makes two entries of one name.
 */
export class LogMatching implements Observer {
  readonly name = 'log-matching'
  readonly #ledger: Ledger

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  effects(life: Life, core: RaftCore, { persist }: Effects): void {
    if (persist === null || persist.entries.length === 0) return
    const { world, id } = life.member
    let previousTerm: number | null = core.termAt(((persist.entries[0]?.index ?? 1) - 1) as never)
    let expected: number = persist.entries[0]?.index ?? 0
    for (const entry of persist.entries) {
      const { index, term } = entry
      if (index !== expected++) violate(world, this.name, `member ${id} writes entry ${index} behind entry ${expected - 2}`)
      if (previousTerm !== null && term < previousTerm)
        violate(world, this.name, `member ${id} writes entry ${index} of term ${term} behind one of term ${previousTerm}`)
      const known = this.#ledger.find(index, term)
      if (known === undefined) {
        if (this.#ledger.at(index).length >= 2) world.coverage.hit('entries of three or more leaders at one index')
        this.#ledger.add(index, { term, hash: bytesOf(entry), headHash: hashHead(entry), previousTerm })
      } else {
        if (!isSame(known, entry))
          violate(world, this.name, `entry ${index} of term ${term} has other bytes on member ${id} than elsewhere`)
        known.hash ??= bytesOf(entry)
        if (known.previousTerm === null) known.previousTerm = previousTerm
        else if (previousTerm !== null && known.previousTerm !== previousTerm) {
          violate(
            world,
            this.name,
            `entry ${index} of term ${term} follows term ${previousTerm} on member ${id} and term ${known.previousTerm} elsewhere`,
          )
        }
      }
      previousTerm = term
    }
  }
}
