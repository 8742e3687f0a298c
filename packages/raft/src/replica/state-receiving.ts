import { isSameSnapshot } from '../core/snapshot-sending.js'
import { BalsaError } from '../errors.js'
import type { IncomingState } from '../ports/shared-state.js'
import type { DurableState } from '../ports/state-machine.js'
import type { SnapshotStore } from '../log/storage.js'
import type { SnapshotMeta } from '../types.js'

interface Receiving {
  readonly meta: SnapshotMeta
  readonly state: IncomingState
  size: number
}

/**
 * Takes a leader's durable state as it is, straight to where it will live. When it is whole there, a snapshot that refers to it is made ready for the log: only together they count, and
 * consensus decides whether they shall. The counterpart of `SnapshotStore.receive`, with the same answers. One call at a time.
 */
export class StateReceiving {
  readonly #durable: DurableState | null
  readonly #snapshots: SnapshotStore
  #receiving: Receiving | null = null
  #complete: SnapshotMeta | null = null

  constructor(durable: DurableState | null, snapshots: SnapshotStore) {
    this.#durable = durable
    this.#snapshots = snapshots
  }

  /** Null: not now. */
  async receive(meta: SnapshotMeta, offset: number, data: Uint8Array): Promise<number | 'complete' | null> {
    if (this.#complete !== null && isSameSnapshot(this.#complete, meta)) return 'complete'
    // The log may refer to what has come before, and it is taken over only then: no other one takes its place until the state has come so far.
    if (this.#complete !== null && this.#complete.index > (this.#durable?.appliedIndex ?? 0)) return null
    const receiving = await this.#begin(meta, offset)
    if (receiving === null) return 0
    if (offset !== receiving.size) return receiving.size
    if (offset + data.length > meta.sizeBytes) return this.#anew()
    if (data.length > 0) await receiving.state.write(data)
    receiving.size += data.length
    return receiving.size < meta.sizeBytes ? receiving.size : this.#finish(receiving)
  }

  /** What is not whole is given up. */
  async abort(): Promise<void> {
    const receiving = this.#receiving
    this.#receiving = null
    await receiving?.state.abort()
  }

  /** Null unless it is the one under way, or the first piece of another one: late pieces of an old one must not end it. */
  async #begin(meta: SnapshotMeta, offset: number): Promise<Receiving | null> {
    if (this.#receiving !== null && isSameSnapshot(this.#receiving.meta, meta)) return this.#receiving
    if (offset !== 0) return null
    const transfer = this.#durable?.transfer
    if (transfer === undefined) {
      throw new BalsaError(
        'STATE_MACHINE_FAILED',
        'the leader sends its durable state, and the state machine of this member cannot take one',
        {
          hint: 'Run the same kind of state machine on all members.',
        },
      )
    }
    await this.abort()
    this.#receiving = { meta, state: await transfer.receive(meta.index), size: 0 }
    return this.#receiving
  }

  async #anew(): Promise<number> {
    await this.abort()
    return 0
  }

  async #finish({ meta, state }: Receiving): Promise<number | 'complete'> {
    const durable = this.#durable
    if (durable === null || !(await state.finish())) return this.#anew()
    await this.#snapshots.adopt(meta, durable.reference(meta.index))
    this.#receiving = null
    this.#complete = meta
    return 'complete'
  }
}
