import type { Effects, Input } from '../core/effects.js'
import { BalsaError } from '../errors.js'
import type { Storage } from '../log/storage.js'
import type { Clock } from '../ports/clock.js'
import type { MemberId, SnapshotMeta } from '../types.js'
import { RateLimiter } from './rate-limiter.js'

type SnapshotRead = Effects['snapshotReads'][number]
type SnapshotChunk = Effects['snapshotChunks'][number]

export interface TransferHooks {
  /** Gives the core an input. */
  input(input: Input): void
  failed(error: unknown): void
  track(work: Promise<unknown>): void
}

export interface SendingHooks extends TransferHooks {
  /** Null when this snapshot holds the state; otherwise settles when there may be a newer one that does. */
  wholeInsteadOf(meta: SnapshotMeta): Promise<unknown> | null
}

/** Reads pieces of the newest snapshot for peers that need it, no faster than the limit allows. */
export class SnapshotSender {
  readonly #storage: Storage
  readonly #limiter: RateLimiter
  readonly #hooks: SendingHooks
  /** Peers for which the state is being written into a file. */
  readonly #preparing = new Set<MemberId>()
  /** The piece that waits to be sent to each peer. A later question takes the place of an earlier one, or repeated questions would pile up. */
  readonly #waiting = new Map<MemberId, Extract<Input, { type: 'snapshotRead' }>>()
  #stopped = false

  constructor(storage: Storage, clock: Clock, bytesPerSecond: number, hooks: SendingHooks) {
    this.#storage = storage
    this.#limiter = new RateLimiter(clock, bytesPerSecond)
    this.#hooks = hooks
  }

  read(request: SnapshotRead): void {
    const { peer } = request
    if (this.#preparing.has(peer)) return
    const whole = this.#hooks.wholeInsteadOf(request.meta)
    if (whole !== null) {
      this.#preparing.add(peer)
      // In both cases the core begins anew, with the newest snapshot.
      const prepared = (): void => {
        this.#preparing.delete(peer)
        if (!this.#stopped) this.#hooks.input({ type: 'snapshotReadFailed', peer })
      }
      this.#hooks.track(whole.then(prepared, prepared))
      return
    }
    this.#hooks.track(this.#answer(request).catch((error: unknown) => this.#hooks.failed(error)))
  }

  stop(): void {
    this.#stopped = true
    this.#limiter.stop()
  }

  async #answer(request: SnapshotRead): Promise<void> {
    const { peer, meta, offset, maxBytes } = request
    // Read first, then wait: storage keeps a file that is being read, and would replace one that is only going to be.
    const data = await this.#readFile(request, Math.min(maxBytes, meta.sizeBytes - offset))
    if (this.#stopped) return
    if (data === null) {
      this.#hooks.input({ type: 'snapshotReadFailed', peer })
      return
    }
    const waits = this.#waiting.has(peer)
    this.#waiting.set(peer, { type: 'snapshotRead', peer, meta, offset, data, done: offset + data.length >= meta.sizeBytes })
    if (waits) return
    await this.#limiter.take(data.length)
    const newest = this.#waiting.get(peer)
    this.#waiting.delete(peer)
    if (newest !== undefined && !this.#stopped) this.#hooks.input(newest)
  }

  /** Null when the file is gone: a newer one took its place. */
  async #readFile({ meta, offset }: SnapshotRead, length: number): Promise<Uint8Array | null> {
    try {
      const data = await this.#storage.snapshots.readFile(meta, offset, length)
      if (data.length > 0 || length <= 0) return data
    } catch (error) {
      if (error instanceof BalsaError && error.code === 'COMPACTED') return null
      throw error
    }
    throw new BalsaError('CORRUPT', `the snapshot at index ${meta.index} ends before byte ${offset} of ${meta.sizeBytes}`)
  }
}

/** More chunks than this waiting for the disk are dropped: the sender repeats what it has no answer to. */
const MAX_WAITING_CHUNKS = 16

/** Stores received pieces strictly one at a time and in order. */
export class SnapshotReceiver {
  readonly #storage: Storage
  readonly #hooks: TransferHooks
  #waiting: SnapshotChunk[] = []
  #busy = false
  #stopped = false

  constructor(storage: Storage, hooks: TransferHooks) {
    this.#storage = storage
    this.#hooks = hooks
  }

  store(chunk: SnapshotChunk): void {
    if (this.#stopped || this.#waiting.length >= MAX_WAITING_CHUNKS) return
    this.#waiting.push(chunk)
    if (this.#busy) return
    this.#busy = true
    this.#hooks.track(this.#drain().catch((error: unknown) => this.#hooks.failed(error)))
  }

  stop(): void {
    this.#stopped = true
    this.#waiting = []
  }

  async #drain(): Promise<void> {
    for (let chunk = this.#waiting.shift(); chunk !== undefined; chunk = this.#waiting.shift()) {
      const { meta, offset, data, done } = chunk
      const stored = await this.#storage.snapshots.receive(meta, offset, data, done)
      if (this.#stopped) return
      if (stored === 'complete') this.#hooks.input({ type: 'snapshotReceived', meta })
      else this.#hooks.input({ type: 'chunkStored', meta, nextOffset: stored })
    }
    this.#busy = false
  }
}
