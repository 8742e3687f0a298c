/**
 * Segment files made ready in advance: writing into space that exists and holds zeros (or an old segment) makes a sync about twice
 * as fast as one that must also record a growing file (ext4, measured). Names: `spare-<number>.tmp`.
 */
import { BalsaError } from '../errors.js'
import type { FileHandle, FileSystem } from '../ports/file-system.js'
import { isSpareName, spareName } from './segment.js'

/** What is written between two syncs: little, so that a sync of the log next to it does not wait long. One for all: no memory of its own for each new file. */
const ZEROS = new Uint8Array(1024 * 1024)
/** More retired segments than these are deleted instead of kept. Several, since a compaction frees several at once. */
const MAX_SPARES = 4

export class SparePool {
  readonly #fileSystem: FileSystem
  readonly #directory: string
  readonly #segmentBytes: number
  #ready: string[] = []
  #nextNumber = 1
  #preparing: Promise<void> | null = null

  constructor(fileSystem: FileSystem, directory: string, segmentBytes: number) {
    this.#fileSystem = fileSystem
    this.#directory = directory
    this.#segmentBytes = segmentBytes
  }

  /** How many more files the pool would keep. */
  get room(): number {
    return Math.max(0, MAX_SPARES - this.#ready.length)
  }

  #path(name: string): string {
    return `${this.#directory}/${name}`
  }

  #newName(): string {
    return spareName(this.#nextNumber++)
  }

  /** Takes over what an earlier run left behind; files of another size go. */
  async adopt(names: readonly string[]): Promise<void> {
    for (const name of names) {
      if (!isSpareName(name)) continue
      const number = Number(/\d+/.exec(name)?.[0])
      this.#nextNumber = Math.max(this.#nextNumber, number + 1)
      if (this.room > 0 && (await this.#hasRightSize(name))) this.#ready.push(name)
      else await this.#fileSystem.remove(this.#path(name))
    }
  }

  async #hasRightSize(name: string): Promise<boolean> {
    const handle = await this.#fileSystem.open(this.#path(name), 'read')
    try {
      return (await handle.size()) === this.#segmentBytes
    } finally {
      await handle.close()
    }
  }

  /** Gives a retired segment the name of a spare. It may be taken only after `recycled`: until its new name is durable, a crash could bring back the old one with new bytes in it. */
  async retire(path: string): Promise<string> {
    const name = this.#newName()
    await this.#fileSystem.rename(path, this.#path(name))
    return name
  }

  /** The directory was synced: the retired files may be overwritten. */
  recycled(names: readonly string[]): void {
    this.#ready.push(...names)
  }

  /** Starts to make a spare ready in the background when there is none. A failure shows when the file is needed. */
  prepare(): void {
    if (this.#preparing !== null || this.#ready.length > 0) return
    this.#preparing = this.#create(this.#segmentBytes)
      .then(async ({ handle, name }) => {
        await handle.close()
        this.#ready.push(name)
      })
      // `take` tries again in the foreground and reports.
      .catch(() => undefined)
      .finally(() => {
        this.#preparing = null
      })
  }

  /** Resolves when nothing happens in the background. */
  async idle(): Promise<void> {
    await this.#preparing
  }

  /** A durable file of at least `bytes`, open for writing; only its bytes matter, not its name. */
  async take(bytes: number): Promise<{ readonly handle: FileHandle; readonly path: string; readonly capacity: number }> {
    if (bytes > this.#segmentBytes) {
      const { handle, name } = await this.#create(bytes)
      return { handle, path: this.#path(name), capacity: bytes }
    }
    await this.#preparing
    const ready = this.#ready.shift()
    if (ready !== undefined) {
      const path = this.#path(ready)
      return { handle: await this.#fileSystem.open(path, 'readwrite'), path, capacity: this.#segmentBytes }
    }
    const { handle, name } = await this.#create(this.#segmentBytes)
    return { handle, path: this.#path(name), capacity: this.#segmentBytes }
  }

  async #create(bytes: number): Promise<{ readonly handle: FileHandle; readonly name: string }> {
    const name = this.#newName()
    const handle = await this.#fileSystem.open(this.#path(name), 'create')
    try {
      for (let position = 0; position < bytes; position += ZEROS.length) {
        handle.write(position, ZEROS.subarray(0, Math.min(ZEROS.length, bytes - position)))
        await syncOrFail(handle)
      }
      return { handle, name }
    } catch (error) {
      await handle.close()
      // The first failure is the one to report; what cannot be removed now is removed at the next start.
      await this.#fileSystem.remove(this.#path(name)).catch(() => undefined)
      throw error
    }
  }
}

/** Makes a file's bytes durable. Throws SYNC_FAILED (fatal): after a failed sync the kernel may have dropped what was written. */
export async function syncOrFail(handle: FileHandle): Promise<void> {
  try {
    await handle.datasync()
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new BalsaError('SYNC_FAILED', `${handle.path}: sync failed: ${reason}`, {
      cause,
      hint: 'Check the disk. After a restart the member goes on from what is really on it.',
    })
  }
}
