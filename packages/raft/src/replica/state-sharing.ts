import { isSameSnapshot } from '../core/snapshot-sending.js'
import type { ConsensusCore } from './consensus-core.js'
import type { Storage } from '../log/storage.js'
import type { Clock, Random, Timer } from '../ports/clock.js'
import type { SharedState, StateTransfer } from '../ports/shared-state.js'
import type { MemberId, SnapshotMeta } from '../types.js'
import { asIndex } from '../types.js'

/** The peer has come no further for so long: it is gone or stuck, or another member leads. What it would go on with is begun anew then. */
const STALLED_MS = 30_000
const LARGEST_NUMBER = 2 ** 32

interface Shared {
  readonly meta: SnapshotMeta
  readonly state: SharedState
  /** How far it has come. */
  offset: number
  movedMs: number
}

/** The own durable state, held open for the peers that are being sent it: one moment of it for each. */
export class StateSharing {
  readonly #transfer: StateTransfer
  readonly #core: ConsensusCore
  readonly #storage: Storage
  readonly #clock: Clock
  readonly #random: Random
  readonly #shared = new Map<MemberId, Shared>()
  #timer: Timer | null = null
  #stopped = false

  constructor(parts: {
    readonly transfer: StateTransfer
    readonly core: ConsensusCore
    readonly storage: Storage
    readonly clock: Clock
    readonly random: Random
  }) {
    this.#transfer = parts.transfer
    this.#core = parts.core
    this.#storage = parts.storage
    this.#clock = parts.clock
    this.#random = parts.random
  }

  /** What this peer is being sent, when that is what `meta` announces; it wants to have it from `offset` on. */
  find(peer: MemberId, meta: SnapshotMeta, offset: number): SharedState | null {
    const shared = this.#shared.get(peer)
    if (shared === undefined || !isSameSnapshot(shared.meta, meta)) return null
    if (offset > shared.offset) {
      shared.offset = offset
      shared.movedMs = this.#clock.now()
    }
    return shared.state
  }

  /** Holds the present state open for this peer, in place of what it was sent before. Null when that cannot be just now. */
  async open(peer: MemberId): Promise<SnapshotMeta | null> {
    this.close(peer)
    const state = await this.#transfer.share()
    let meta: SnapshotMeta | null = null
    try {
      if (!this.#stopped) meta = await this.#describe(state)
    } finally {
      if (meta === null || this.#stopped) state.close()
    }
    if (meta === null || this.#stopped) return null
    this.#shared.set(peer, { meta, state, offset: 0, movedMs: this.#clock.now() })
    this.#watch()
    return meta
  }

  close(peer: MemberId): void {
    this.#shared.get(peer)?.state.close()
    this.#shared.delete(peer)
  }

  closeAll(): void {
    for (const peer of [...this.#shared.keys()]) this.close(peer)
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
    this.#timer = null
    this.closeAll()
  }

  /** Null when the log has gone on meanwhile, and no longer says what belongs to that index. */
  async #describe({ index: held, sizeBytes }: SharedState): Promise<SnapshotMeta | null> {
    const index = asIndex(held)
    const { latest } = this.#storage.snapshots
    if (index === 0) return null
    const [entry] = latest?.index === index ? [latest] : await this.#storage.readEntries(index, index, 1)
    if (entry === undefined || index < this.#core.firstIndex - 1) return null
    const configuration = this.#core.configurationAt(index)
    if (configuration.voters.length === 0) return null
    const checksum = Math.floor(this.#random.next() * LARGEST_NUMBER)
    return { index, term: entry.term, timeMs: entry.timeMs, configuration, sizeBytes, checksum, form: 'state' }
  }

  /** A state that is held open keeps its space: not for somebody who does not come back. (A shared state is closed at most twice as long after its last move.) */
  #watch(): void {
    this.#timer ??= this.#clock.setTimer(STALLED_MS, () => {
      this.#timer = null
      const nowMs = this.#clock.now()
      for (const [peer, { movedMs }] of this.#shared) if (nowMs - movedMs >= STALLED_MS) this.close(peer)
      if (this.#shared.size > 0) this.#watch()
    })
  }
}
