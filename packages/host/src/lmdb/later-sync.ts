import { type FileHandle, open } from 'node:fs/promises'
import { type FileSystem, invariant } from '@balsa/raft'
import { HeadJournal } from './head-journal.js'

const HEAD_PAGES = 2

/** What makes the pages of a file durable. */
export type Sync = (file: FileHandle) => Promise<void>

export interface LaterSyncOptions {
  readonly fileSystem: FileSystem
  readonly path: string
  readonly pageBytes: number
  /** For tests. */
  readonly sync?: Sync
}

/**
 * Makes transactions of LMDB durable after their commit (head-journal.ts says why that is safe), so that the disk works on one while the next is computed and written. Each commit waits until the one before the last is
 * durable: to be waited for with {@link LaterSync.ready}. Once something has failed nothing more becomes durable, and the head that is kept stays as it is for the next start.
 *
 * The pages are written through a descriptor of LMDB and synced through one of ours, which has been open since before they were written: see {@link LATER_SYNC_IS_SAFE}.
 */
export class LaterSync {
  readonly #options: LaterSyncOptions
  readonly #sync: Sync
  #file: FileHandle | null = null
  #journal: HeadJournal | null = null
  /** A head is kept, or will be when everything before has been done. */
  #isKept = false
  #isAtRest = true
  /** Everything that was asked for. */
  #done: Promise<void> = Promise.resolve()
  #ready: Promise<unknown> = Promise.resolve()

  constructor(options: LaterSyncOptions) {
    this.#options = options
    this.#sync = options.sync ?? ((file) => file.datasync())
  }

  /** The file's own head counts, and is durable: LMDB alone leaves it as it is. */
  get isAtRest(): boolean {
    return this.#isAtRest
  }

  /** Resolves when the next transaction may be committed. What is committed before the first one is durable. */
  async ready(): Promise<void> {
    if (!this.#isKept) this.#ready = this.#follow(() => this.#begin())
    this.#isKept = true
    await this.#ready
  }

  /** Comes right after a commit. Resolves when the transaction is durable. */
  committed(): Promise<void> {
    const file = this.#file
    invariant(file !== null, 'a commit comes when one is ready')
    const before = this.#done
    // Another commit changes it.
    const head = this.#readHead(file)
    const done = this.#follow(async () => {
      await this.#sync(file)
      await this.#journal?.keep(await head)
    })
    this.#ready = Promise.all([before, head])
    this.#ready.catch(() => undefined)
    return done
  }

  /** Nobody knows what a commit has left. */
  failed(error: Error): void {
    this.#ready = this.#follow(() => Promise.reject(error))
  }

  /** Resolves when all that was committed is durable, and the file is at rest. */
  end(): Promise<void> {
    if (this.#isKept) this.#ready = this.#follow(() => this.#end())
    this.#isKept = false
    return this.#done
  }

  async close(): Promise<void> {
    // Who has handed something over has heard of it.
    await this.end().catch(() => undefined)
    await this.#file?.close()
    await this.#journal?.close()
  }

  #follow(next: () => Promise<void>): Promise<void> {
    this.#done = this.#done.then(next)
    this.#done.catch(() => undefined)
    return this.#done
  }

  async #begin(): Promise<void> {
    const { fileSystem, path } = this.#options
    this.#isAtRest = false
    this.#file ??= await open(path, 'r+')
    this.#journal ??= await HeadJournal.open(fileSystem, path)
    await this.#journal.keep(await this.#readHead(this.#file))
  }

  async #end(): Promise<void> {
    await this.#journal?.drop()
    this.#isAtRest = true
  }

  async #readHead(file: FileHandle): Promise<Uint8Array> {
    const head = new Uint8Array(HEAD_PAGES * this.#options.pageBytes)
    const { bytesRead } = await file.read(head, 0, head.length, 0)
    if (bytesRead < head.length) throw new Error(`only ${bytesRead} bytes of the head can be read`)
    return head
  }
}

/** Linux tells every open file of a page that could not be written, once; elsewhere that is not certain. */
export const LATER_SYNC_IS_SAFE: boolean = process.platform === 'linux'
