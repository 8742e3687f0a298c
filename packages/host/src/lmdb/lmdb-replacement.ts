import { type BackendReplacement, type ByteString, demandEntry, type Table } from '@balsa/kv'
import { BalsaError, invariant } from '@balsa/raft'
import type { CurrentFile } from './current-file.js'
import { Unit } from './generation.js'
import { LmdbFile } from './lmdb-file.js'
import { Slice } from './slice.js'

/** Changes are handed over in such pieces; the writer puts as many into one transaction as there are. */
const PIECE_CHANGES = 512
const PIECE_BYTES = 256 * 1024
/** What may wait for the disk. */
const MOST_WAITING_BYTES = 16 * 1024 * 1024

export interface LmdbReplacementOptions {
  readonly current: CurrentFile
  readonly name: string
  readonly mapBytes: number | undefined
  /** Takes over the new file; null = it was given up. */
  readonly onEnd: (file: LmdbFile | null, name: string) => Promise<void>
  /** It has failed in the middle of the swap. */
  readonly onFail: (error: unknown) => void
}

/**
 * A new data file beside the living one, written without waiting for the disk. In the end it is closed, synced as a whole and opened anew; then CURRENT names it.
 */
export class LmdbReplacement implements BackendReplacement {
  readonly #options: LmdbReplacementOptions
  readonly #path: string
  readonly #file: LmdbFile
  readonly #last = new Map<Table, ByteString>()
  readonly #slice = new Slice()
  #piece = new Unit(0)
  #pieceBytes = 0
  #waitingBytes = 0
  #handedOver = new Set<Promise<void>>()
  #failure: BalsaError | null = null
  #ended: 'no' | 'committing' | 'yes' = 'no'

  constructor(options: LmdbReplacementOptions) {
    this.#options = options
    this.#path = options.current.path(options.name)
    this.#file = LmdbFile.open({ path: this.#path, noSync: true, ...this.#mapBytes })
  }

  get #mapBytes(): { readonly mapBytes?: number } {
    const { mapBytes } = this.#options
    return mapBytes === undefined ? {} : { mapBytes }
  }

  put(table: Table, key: ByteString, value: Uint8Array): void {
    this.#requireOpen()
    demandEntry(key, value)
    invariant((this.#last.get(table) ?? '') < key, 'a replacement is written in ascending order')
    this.#last.set(table, key)
    this.#piece.add(table, key, value)
    this.#pieceBytes += key.length + value.length
    if (this.#piece.keys.length >= PIECE_CHANGES || this.#pieceBytes >= PIECE_BYTES) this.#handOver()
  }

  async ready(): Promise<void> {
    this.#requireOpen()
    if (this.#slice.isOver) await this.#slice.next()
    while (this.#failure === null && this.#waitingBytes > MOST_WAITING_BYTES) await Promise.race(this.#handedOver)
    if (this.#failure !== null) throw this.#failure
  }

  async commit(appliedIndex: number): Promise<void> {
    this.#requireOpen()
    this.#ended = 'committing'
    const { current, name, onEnd } = this.#options
    let opened: LmdbFile | null = null
    try {
      this.#handOver()
      await Promise.all(this.#handedOver)
      if (this.#failure !== null) throw this.#failure
      await this.#file.append(new Unit(appliedIndex), appliedIndex)
      await this.#file.close()
      await current.sync(name)
      opened = LmdbFile.open({ path: this.#path, ...this.#mapBytes })
      invariant(opened.appliedIndex === appliedIndex, 'a replacement is found as it was written', { appliedIndex })
      await current.point(name)
    } catch (error) {
      // What CURRENT names now is not certain any more: nobody may go on with the old content, and nothing is removed.
      this.#ended = 'yes'
      await Promise.allSettled([this.#file.close(), opened?.close()])
      this.#options.onFail(error)
      throw error
    }
    this.#ended = 'yes'
    await onEnd(opened, name)
  }

  async abort(): Promise<void> {
    if (this.#ended !== 'no') return
    this.#ended = 'yes'
    const { current, name, onEnd } = this.#options
    await this.#file.close()
    await current.remove(name)
    await onEnd(null, name)
  }

  #requireOpen(): void {
    invariant(this.#ended === 'no', 'a finished replacement takes nothing')
  }

  #handOver(): void {
    const piece = this.#piece
    if (piece.keys.length === 0) return
    const bytes = this.#pieceBytes
    this.#piece = new Unit(0)
    this.#pieceBytes = 0
    this.#waitingBytes += bytes
    const done = this.#file.load(piece, true).then(
      () => {
        this.#waitingBytes -= bytes
        this.#handedOver.delete(done)
      },
      (error: unknown) => {
        this.#failure ??= error instanceof BalsaError ? error : new BalsaError('IO_ERROR', String(error), { cause: error })
        this.#waitingBytes -= bytes
        this.#handedOver.delete(done)
      },
    )
    this.#handedOver.add(done)
  }
}
