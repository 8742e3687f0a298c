import type { Observer } from '../world/observer.js'
import type { Life } from '../world/sim-member.js'
import { violate } from './violate.js'

/** A state from a snapshot equals the state from replaying the log up to its index: data, sessions and all (paper, section 7; thesis, section 6.3). */
export class SnapshotReplay implements Observer {
  readonly name = 'snapshot-replay'
  /** Fingerprints of states that were cut, by the index at which they were. */
  readonly #cuts = new Map<number, string>()
  readonly #states = new Set<string>()

  /** `index` 0: the machine was restored and has applied nothing since, so where it stands is not known here. */
  snapshotBegun(life: Life, index: number, fingerprint: string | null): void {
    if (fingerprint === null) return
    this.#states.add(fingerprint)
    if (index === 0) return
    const known = this.#cuts.get(index)
    if (known !== undefined && known !== fingerprint) {
      violate(
        life.member.world,
        this.name,
        `member ${life.member.id} cut a snapshot at ${index} in state ${fingerprint}, another in ${known}`,
      )
    }
    this.#cuts.set(index, fingerprint)
  }

  stateShared(life: Life, index: number, fingerprint: string): void {
    this.snapshotBegun(life, index, fingerprint)
  }

  restored(life: Life, fingerprint: string): void {
    const meta = life.core?.snapshotMeta ?? null
    life.member.world.trace.add(life.member.world.nowMs, life.member.id, 'restored', 0, meta?.index ?? 0)
    if (life.core !== null) life.member.world.coverage.hit('snapshot installed')
    // A witness holds no state.
    if (life.member.isWitness) return
    if (this.#states.size === 0 || this.#states.has(fingerprint)) return
    // The empty state, at the very beginning.
    if (life.core === null && life.member.disk.durableLog().snapshotIndex === 0) return
    violate(life.member.world, this.name, `member ${life.member.id} restored a state that nobody ever cut: ${fingerprint}`)
  }
}
