/**
 * A data file as it travels to another member: its pages, as they are. LMDB never writes over a page that somebody who looks at an earlier moment can reach. So while a moment is held,
 * everything that belongs to it can be read from the file though writes go on; pages that do not belong to it may be in any condition. Only the two pages at the
 * beginning, which say where everything is, are written over: they are copied when the moment is taken. (LMDB's own `mdb_env_copy` does the same.) The format is the same on all
 * machines that the engine is built for: 64 bits, little-endian, and the size of a page stands in the file.
 */
import { BalsaError, type FileHandle, type FileSystem, type IncomingState, invariant, type SharedState } from '@balsa/raft'
import type { CurrentFile } from './current-file.js'
import { LmdbFile, type LmdbView } from './lmdb-file.js'

const HEAD_PAGES = 2
/** Bytes between two syncs: no sync of anybody has to wait for a large one. They go on beside the next writes, until so much waits for the disk. */
const SYNC_EVERY_BYTES = 8 * 1024 * 1024
const MOST_UNSYNCED_BYTES = 64 * 1024 * 1024

/** To be made while nothing is being written to the file. */
export async function shareFile(fileSystem: FileSystem, file: LmdbFile, onClose: () => void): Promise<SharedState> {
  const view = file.hold()
  let handle: FileHandle | null = null
  try {
    handle = await fileSystem.open(file.path, 'read')
    const head = await handle.read(0, HEAD_PAGES * file.pageBytes)
    const sizeBytes = await handle.size()
    invariant(head.length === HEAD_PAGES * file.pageBytes && sizeBytes >= head.length, 'a data file has its first pages', { sizeBytes })
    return new SharedFile({ index: file.committedIndex, sizeBytes, head, handle, view, onClose })
  } catch (error) {
    view.close()
    onClose()
    await handle?.close()
    throw error
  }
}

class SharedFile implements SharedState {
  readonly index: number
  readonly sizeBytes: number
  readonly #head: Uint8Array
  readonly #handle: FileHandle
  readonly #view: LmdbView
  readonly #onClose: () => void
  #reading = 0
  #closed = false

  constructor(parts: {
    readonly index: number
    readonly sizeBytes: number
    readonly head: Uint8Array
    readonly handle: FileHandle
    readonly view: LmdbView
    readonly onClose: () => void
  }) {
    this.index = parts.index
    this.sizeBytes = parts.sizeBytes
    this.#head = parts.head
    this.#handle = parts.handle
    this.#view = parts.view
    this.#onClose = parts.onClose
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    invariant(!this.#closed, 'a closed state is not read')
    this.#reading += 1
    try {
      const data = await this.#handle.read(offset, length)
      if (data.length !== length) throw new BalsaError('IO_ERROR', `${this.#handle.path} ends before byte ${offset + length}`)
      if (offset < this.#head.length) data.set(this.#head.subarray(offset, offset + length))
      return data
    } finally {
      this.#reading -= 1
      if (this.#closed) this.#release()
    }
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#release()
  }

  /** What is being read must still belong to its moment. */
  #release(): void {
    if (this.#reading > 0) return
    this.#view.close()
    this.#onClose()
    this.#handle.close().catch(() => undefined)
  }
}

/** A data file that is being received. It counts for nothing before somebody adopts it; what is not finished is gone after a restart. */
export class IncomingFile implements IncomingState {
  readonly #current: CurrentFile
  readonly #name: string
  readonly #index: number
  readonly #handle: FileHandle
  readonly #onFinished: () => void
  #size = 0
  /** A sync that has ended, or the one under way, takes care of everything below. */
  #synced = 0
  #syncing: Promise<void> | null = null
  #failure: BalsaError | null = null
  #ended: Promise<void> | null = null

  private constructor(current: CurrentFile, name: string, index: number, handle: FileHandle, onFinished: () => void) {
    this.#current = current
    this.#name = name
    this.#index = index
    this.#handle = handle
    this.#onFinished = onFinished
  }

  static async create(fileSystem: FileSystem, current: CurrentFile, index: number, onFinished: () => void): Promise<IncomingFile> {
    const name = current.next()
    return new IncomingFile(current, name, index, await fileSystem.open(current.path(name), 'create'), onFinished)
  }

  async write(data: Uint8Array): Promise<void> {
    invariant(this.#ended === null, 'what has ended takes nothing')
    this.#handle.write(this.#size, data)
    this.#size += data.length
    if (this.#size - this.#synced < SYNC_EVERY_BYTES) return
    if (this.#size - this.#synced >= MOST_UNSYNCED_BYTES) await this.#syncing
    if (this.#failure !== null) throw this.#failure
    this.#syncing ??= this.#sync()
  }

  async #sync(): Promise<void> {
    this.#synced = this.#size
    try {
      await this.#handle.datasync()
    } catch (error) {
      this.#failure ??= error instanceof BalsaError ? error : new BalsaError('IO_ERROR', String(error), { cause: error })
    } finally {
      this.#syncing = null
    }
  }

  async finish(): Promise<boolean> {
    invariant(this.#ended === null, 'what has ended takes nothing')
    await this.#syncing
    await this.#sync()
    if (this.#failure !== null) throw this.#failure
    await this.#handle.close()
    this.#ended = Promise.resolve()
    if (!(await this.#isGood())) {
      await this.#current.remove(this.#name)
      return false
    }
    await this.#current.stage(this.#name, this.#index)
    this.#onFinished()
    return true
  }

  abort(): Promise<void> {
    this.#ended ??= this.#remove()
    return this.#ended
  }

  async #remove(): Promise<void> {
    await this.#syncing
    await this.#handle.close()
    await this.#current.remove(this.#name)
  }

  /** Whether the engine finds in it what it is said to be. */
  async #isGood(): Promise<boolean> {
    try {
      await this.#current.check(this.#name)
      const file = LmdbFile.open({ path: this.#current.path(this.#name) })
      const found = file.appliedIndex
      await file.close()
      return found === this.#index
    } catch (error) {
      if (error instanceof BalsaError && error.code === 'CORRUPT') return false
      throw error
    }
  }
}
