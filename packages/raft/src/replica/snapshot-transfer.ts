import type { Effects, Input } from '../core/effects.js'
import { isSameSnapshot } from '../core/snapshot-sending.js'
import { BalsaError } from '../errors.js'
import type { Storage } from '../log/storage.js'
import type { Clock } from '../ports/clock.js'
import type { DurableState } from '../ports/state-machine.js'
import type { MemberId, SnapshotMeta } from '../types.js'
import { RateLimiter } from './rate-limiter.js'
import { StateReceiving } from './state-receiving.js'
import type { StateSharing } from './state-sharing.js'

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

/** To one peer in one turn: a millisecond or two for encoding, checksum and socket. */
const MOST_BYTES_IN_A_TURN = 1024 * 1024

/** A piece on its way: read at once, sent when its turn comes. */
interface Piece {
  readonly request: SnapshotRead
  /** Null when it cannot be read any more. */
  readonly data: Promise<Uint8Array | null>
}

/**
 * Reads pieces of the newest snapshot, or of the durable state that it refers to, for peers that need them: several at a time for each peer, in order, and no faster than the
 * limit allows.
 */
export class SnapshotSender {
  readonly #storage: Storage
  readonly #clock: Clock
  readonly #limiter: RateLimiter
  readonly #hooks: SendingHooks
  readonly #sharing: StateSharing | null
  /** Peers for which the state is being written into a file, or held open. */
  readonly #preparing = new Set<MemberId>()
  readonly #pieces = new Map<MemberId, Piece[]>()
  #stopped = false

  /** `sharing`: peers get the durable state as it is, not a file that it would have to be written into first. */
  constructor(storage: Storage, clock: Clock, bytesPerSecond: number, hooks: SendingHooks, sharing: StateSharing | null = null) {
    this.#storage = storage
    this.#clock = clock
    this.#limiter = new RateLimiter(clock, bytesPerSecond)
    this.#hooks = hooks
    this.#sharing = sharing
  }

  read(request: SnapshotRead): void {
    const { peer } = request
    if (this.#preparing.has(peer)) return
    const shared = this.#sharing?.find(peer, request.meta, request.offset) ?? null
    const prepared = shared !== null ? null : this.#prepare(request)
    if (prepared !== null) {
      this.#preparing.add(peer)
      const done = prepared.finally(() => this.#preparing.delete(peer)).catch((error: unknown) => this.#hooks.failed(error))
      // Nobody who closes waits for a share: it begins when the state is durable, which may never come when the log has failed.
      if (this.#sharing === null) this.#hooks.track(done)
      return
    }
    const waiting = this.#waitingFor(request)
    if (waiting.some((piece) => piece.request.offset === request.offset)) return
    const length = Math.min(request.maxBytes, request.meta.sizeBytes - request.offset)
    // Read first, then wait: storage keeps a file that is being read, and would replace one that is only going to be.
    const data = shared === null ? this.#readFile(request, length) : shared.read(request.offset, length)
    // Whoever sends it hears of a failure; until then it must not count as unhandled.
    data.catch(() => undefined)
    waiting.push({ request, data })
    waiting.sort((a, b) => a.request.offset - b.request.offset)
    if (this.#pieces.has(peer)) return
    this.#pieces.set(peer, waiting)
    const sent = this.#send(peer, waiting).finally(() => this.#pieces.delete(peer))
    this.#hooks.track(sent.catch((error: unknown) => this.#hooks.failed(error)))
  }

  /** What waits for the peer, without pieces of another snapshot. */
  #waitingFor({ peer, meta }: SnapshotRead): Piece[] {
    const waiting = this.#pieces.get(peer) ?? []
    waiting.splice(0, waiting.length, ...waiting.filter(({ request }) => isSameSnapshot(request.meta, meta)))
    return waiting
  }

  /** The peer needs no snapshot (any more), or gets one from somebody else. */
  release(peer: MemberId): void {
    this.#sharing?.close(peer)
  }

  /** This member leads no more. */
  releaseAll(): void {
    this.#sharing?.closeAll()
  }

  stop(): void {
    this.#stopped = true
    this.#limiter.stop()
    this.#sharing?.stop()
  }

  /** Null when there is nothing to prepare. Otherwise the core is told what comes of it. */
  #prepare({ peer, meta }: SnapshotRead): Promise<void> | null {
    const tell = (input: Input): void => {
      if (!this.#stopped) this.#hooks.input(input)
    }
    // The core begins anew, with the newest snapshot.
    const again = (): void => tell({ type: 'snapshotReadFailed', peer })
    if (this.#sharing !== null) {
      return this.#sharing
        .open(peer)
        .then((offered) => (offered === null ? again() : tell({ type: 'snapshotOffered', peer, meta: offered })))
    }
    const whole = this.#hooks.wholeInsteadOf(meta)
    return whole === null ? null : whole.then(again, again)
  }

  async #send(peer: MemberId, waiting: Piece[]): Promise<void> {
    let paid = false
    let turnBytes = 0
    for (let piece = waiting[0]; piece !== undefined; piece = waiting[0]) {
      const data = await piece.data
      if (data !== null && !paid) await this.#limiter.take(data.length)
      if (this.#stopped) return
      // What took its place has no other wait before it, or questions that are asked again would keep it for ever.
      paid = piece !== waiting[0]
      if (paid) continue
      waiting.shift()
      const { meta, offset } = piece.request
      if (data === null) {
        waiting.splice(0)
        this.#hooks.input({ type: 'snapshotReadFailed', peer })
      } else {
        this.#hooks.input({ type: 'snapshotRead', peer, meta, offset, data, done: offset + data.length >= meta.sizeBytes })
        turnBytes += data.length
        if (turnBytes >= MOST_BYTES_IN_A_TURN) {
          turnBytes = 0
          await new Promise<void>((resolve) => this.#clock.defer(resolve))
        }
      }
    }
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
  readonly #states: StateReceiving
  #waiting: SnapshotChunk[] = []
  #busy = false
  #givesUp = false
  #stopped = false

  constructor(storage: Storage, hooks: TransferHooks, durable: DurableState | null = null) {
    this.#storage = storage
    this.#hooks = hooks
    this.#states = new StateReceiving(durable, storage.snapshots)
  }

  store(chunk: SnapshotChunk): void {
    if (this.#stopped || this.#waiting.length >= MAX_WAITING_CHUNKS) return
    this.#waiting.push(chunk)
    if (this.#busy) return
    this.#busy = true
    this.#hooks.track(this.#drain().catch((error: unknown) => this.#hooks.failed(error)))
  }

  /** A snapshot has come to the state machine: what else is half here is not wanted any more. */
  restored(): void {
    this.#waiting = []
    if (this.#busy) this.#givesUp = true
    else this.#giveUp()
  }

  stop(): void {
    this.#stopped = true
    this.#waiting = []
    if (!this.#busy) this.#giveUp()
  }

  #giveUp(): void {
    this.#givesUp = false
    this.#hooks.track(this.#states.abort().catch(() => undefined))
  }

  async #drain(): Promise<void> {
    for (let chunk = this.#waiting.shift(); chunk !== undefined; chunk = this.#waiting.shift()) {
      const { meta, offset, data, done } = chunk
      const isState = meta.form === 'state'
      const stored = await (isState ? this.#states.receive(meta, offset, data) : this.#storage.snapshots.receive(meta, offset, data, done))
      if (this.#stopped) return this.#giveUp()
      if (stored === 'complete') this.#hooks.input({ type: 'snapshotReceived', meta })
      else if (stored !== null) this.#hooks.input({ type: 'chunkStored', meta, nextOffset: stored })
    }
    this.#busy = false
    if (this.#givesUp) this.#giveUp()
  }
}
