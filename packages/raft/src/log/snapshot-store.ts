/**
 * Snapshots in a directory. Names:
 *  - `snapshot-<index>-<term>.snap`   installed; it got this name after its bytes were durable, so a bad one is damage, never torn
 *  - `snapshot-<index>-<term>-<size>-<checksum>.part`   being received; its length is where the sender goes on, also after a restart. Or, whole, in place of a state that
 *    travelled as it is: a reference to that, which does not count before it is installed
 *  - `snapshot-local.tmp`   being written by this member; removed at the next start
 * Only the newest counts. An older one never stands in for a damaged one: the log between them is gone.
 */
import { BalsaError, invariant } from '../errors.js'
import { isStateless } from '../core/witness.js'
import type { Crc32 } from '../ports/checksum.js'
import type { FileHandle, FileSystem } from '../ports/file-system.js'
import type { Identity, SnapshotMeta } from '../types.js'
import { fileChecksum, piecesOf, readSnapshotMeta, readSnapshotState, SnapshotFileWriter, SYNC_EVERY_BYTES } from './snapshot-file.js'
import { syncOrFail } from './spare-pool.js'
import type { SnapshotDescription, SnapshotStore } from './storage.js'

const LOCAL_NAME = 'snapshot-local.tmp'
const INSTALLED_NAME = /^snapshot-(\d{16})-(\d{16})\.snap$/
const PART_NAME = /^snapshot-(\d{16})-\d{16}-\d+-[0-9a-f]{8}\.part$/

const digits = (value: number): string => String(value).padStart(16, '0')
const installedName = (meta: { readonly index: number; readonly term: number }): string =>
  `snapshot-${digits(meta.index)}-${digits(meta.term)}.snap`
const partName = (meta: SnapshotMeta): string =>
  `snapshot-${digits(meta.index)}-${digits(meta.term)}-${meta.sizeBytes}-${meta.checksum.toString(16).padStart(8, '0')}.part`

interface InstalledSnapshot {
  readonly meta: SnapshotMeta
  readonly path: string
  readers: number
  /** Read since the last installation: a transfer is probably under way, and starting over would cost more than the space. */
  inTransfer: boolean
  /** A transfer of it has begun in this run. */
  begun: boolean
  /** All its bytes were seen to be good in this run, since the newest transfer began. */
  verified: Promise<void> | null
}

interface Receiving {
  readonly meta: SnapshotMeta
  readonly name: string
  readonly handle: FileHandle
  size: number
  synced: number
  crc: number
}

export interface SnapshotStoreOptions {
  readonly fileSystem: FileSystem
  readonly directory: string
  readonly identity: Identity
  readonly crc32: Crc32
}

/** The newest installed snapshot among the `names` in the directory. Reads header and footer, changes nothing. Throws CORRUPT (fatal). */
export async function findNewestSnapshot(
  { fileSystem, directory, identity, crc32 }: SnapshotStoreOptions,
  names: readonly string[],
): Promise<{ readonly meta: SnapshotMeta; readonly path: string } | null> {
  const name = names
    .filter((candidate) => INSTALLED_NAME.test(candidate))
    .sort()
    .at(-1)
  if (name === undefined) return null
  const path = `${directory}/${name}`
  const handle = await fileSystem.open(path, 'read')
  try {
    const meta = await readSnapshotMeta(handle, crc32, identity.clusterId)
    if (installedName(meta) !== name) {
      throw new BalsaError('CORRUPT', `${path}: the file says that it is ${installedName(meta)} (byte 24)`, {
        hint: 'Give the file back the name it had.',
      })
    }
    return { meta, path }
  } finally {
    await handle.close()
  }
}

/** Whether a file of this name belongs to snapshots, whole or half. */
export const isSnapshotName = (name: string): boolean => name === LOCAL_NAME || INSTALLED_NAME.test(name) || PART_NAME.test(name)

export class FileSnapshotStore implements SnapshotStore {
  readonly #options: SnapshotStoreOptions
  /** Ascending; the last is the newest. */
  #installed: InstalledSnapshot[] = []
  #receiving: Receiving | null = null
  /** Received whole and not installed yet, by name: consensus may have decided to install one while pieces of another arrive. */
  readonly #received = new Map<string, SnapshotMeta>()
  /** What stands in the file of a state that was received elsewhere, by the name of its announcement. */
  readonly #adopted = new Map<string, SnapshotMeta>()
  /** One change of files at a time. */
  #turn: Promise<unknown> = Promise.resolve()

  private constructor(options: SnapshotStoreOptions) {
    this.#options = options
  }

  /** Finds the newest snapshot among the `names` in the directory and removes what was left half done. Throws CORRUPT (fatal). */
  static async open(options: SnapshotStoreOptions, names: readonly string[]): Promise<FileSnapshotStore> {
    const store = new FileSnapshotStore(options)
    const found = await findNewestSnapshot(options, names)
    const installed = names.filter((name) => INSTALLED_NAME.test(name)).sort()
    const newest = installed.at(-1)
    if (found !== null) store.#installed.push({ ...found, readers: 0, inTransfer: false, begun: false, verified: null })
    const newestIndex = store.latest?.index ?? 0
    const parts = names.filter((name) => PART_NAME.test(name)).sort()
    const resumable = parts.filter((name) => Number(PART_NAME.exec(name)?.[1]) > newestIndex).at(-1)
    for (const name of names) {
      const stale = name === LOCAL_NAME || (installed.includes(name) && name !== newest) || (parts.includes(name) && name !== resumable)
      if (stale) await options.fileSystem.remove(store.#path(name))
    }
    return store
  }

  get latest(): SnapshotMeta | null {
    return this.#installed.at(-1)?.meta ?? null
  }

  #path(name: string): string {
    return `${this.#options.directory}/${name}`
  }

  #exclusively<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(work, work)
    // A failure belongs to its caller; the next one in turn starts all the same.
    this.#turn = result.catch(() => undefined)
    return result
  }

  /** See SnapshotStore. When a newer one was installed in the meantime, that one is returned and this one dropped. */
  write(description: SnapshotDescription, chunks: AsyncIterable<Uint8Array> | null): Promise<SnapshotMeta> {
    return this.#exclusively(() => this.#write(description, chunks))
  }

  async #write(description: SnapshotDescription, chunks: AsyncIterable<Uint8Array> | null): Promise<SnapshotMeta> {
    const before = this.latest
    if (before !== null && before.index >= description.index) return before
    const { fileSystem } = this.#options
    if (await fileSystem.exists(this.#path(LOCAL_NAME))) await fileSystem.remove(this.#path(LOCAL_NAME))
    return this.#place(await this.#writeFile(LOCAL_NAME, description, chunks), LOCAL_NAME)
  }

  /** Durable bytes under a name that is not. */
  async #writeFile(name: string, description: SnapshotDescription, chunks: AsyncIterable<Uint8Array> | null): Promise<SnapshotMeta> {
    const { fileSystem, crc32, identity } = this.#options
    const handle = await fileSystem.open(this.#path(name), 'create')
    try {
      const writer = new SnapshotFileWriter(handle, crc32, identity.clusterId, description, chunks === null)
      for await (const chunk of chunks ?? []) await writer.append(chunk)
      return await writer.finish()
    } finally {
      await handle.close()
    }
  }

  /** Gives a durable, verified file its final name and makes that durable. */
  async #place(meta: SnapshotMeta, from: string): Promise<SnapshotMeta> {
    const { fileSystem, directory } = this.#options
    const path = this.#path(installedName(meta))
    await fileSystem.rename(this.#path(from), path)
    await fileSystem.syncDirectory(directory)
    const older = this.#installed
    this.#installed = [{ meta, path, readers: 0, inTransfer: false, begun: false, verified: Promise.resolve() }]
    for (const snapshot of older.reverse()) {
      if (snapshot.readers > 0 || snapshot.inTransfer) this.#installed.unshift(snapshot)
      else await fileSystem.remove(snapshot.path)
      snapshot.inTransfer = false
    }
    return meta
  }

  #find(meta: SnapshotMeta): InstalledSnapshot {
    // What was installed in place of a state that travelled as it is refers to that state, and has a checksum of its own.
    const found = this.#installed.find(
      (snapshot) =>
        snapshot.meta.index === meta.index &&
        snapshot.meta.term === meta.term &&
        (snapshot.meta.checksum === meta.checksum || meta.form === 'state'),
    )
    if (found === undefined)
      throw new BalsaError('COMPACTED', `the snapshot of index ${meta.index} is gone`, { hint: 'Use the newest one.' })
    return found
  }

  async *readState(meta: SnapshotMeta): AsyncGenerator<Uint8Array, void, undefined> {
    const snapshot = this.#find(meta)
    snapshot.readers += 1
    try {
      const handle = await this.#options.fileSystem.open(snapshot.path, 'read')
      try {
        yield* readSnapshotState(handle, this.#options.crc32)
        snapshot.verified = Promise.resolve()
      } finally {
        await handle.close()
      }
    } finally {
      snapshot.readers -= 1
    }
  }

  async readFile(meta: SnapshotMeta, offset: number, length: number): Promise<Uint8Array> {
    const snapshot = this.#find(meta)
    snapshot.readers += 1
    snapshot.inTransfer = true
    try {
      const handle = await this.#options.fileSystem.open(snapshot.path, 'read')
      try {
        if (offset === 0) {
          // Who begins again may do so because the receiver has refused what it got: the disk may have damaged the file since it was seen to be good.
          if (snapshot.begun) snapshot.verified = null
          snapshot.begun = true
        }
        snapshot.verified ??= this.#verify(snapshot, handle)
        await snapshot.verified
        return await handle.read(offset, length)
      } finally {
        await handle.close()
      }
    } finally {
      snapshot.readers -= 1
    }
  }

  /** A damaged file must not travel: the receiver would refuse it at the end, again and again. */
  async #verify(snapshot: InstalledSnapshot, handle: FileHandle): Promise<void> {
    const checksum = await fileChecksum(handle, snapshot.meta.sizeBytes, this.#options.crc32)
    if (checksum !== snapshot.meta.checksum) {
      throw new BalsaError(
        'CORRUPT',
        `${snapshot.path}: the checksum of the file is wrong (somewhere in bytes 0 to ${snapshot.meta.sizeBytes})`,
      )
    }
  }

  receive(meta: SnapshotMeta, offset: number, data: Uint8Array, done: boolean): Promise<number | 'complete'> {
    return this.#exclusively(async () => {
      // A witness' snapshot is nothing but its description: it is written when it is installed.
      if (isStateless(meta) || this.#received.has(partName(meta))) return 'complete'
      const receiving = await this.#openReceiving(meta)
      const overlong = receiving.size + data.length > meta.sizeBytes
      if (offset === receiving.size && overlong) return this.#restart(receiving)
      if (offset === receiving.size && data.length > 0) await this.#append(receiving, data)
      if (receiving.size < meta.sizeBytes)
        return done && offset + data.length === receiving.size ? this.#restart(receiving) : receiving.size
      return this.#complete(receiving)
    })
  }

  async #append(receiving: Receiving, data: Uint8Array): Promise<void> {
    receiving.handle.write(receiving.size, data)
    receiving.size += data.length
    receiving.crc = this.#options.crc32(data, receiving.crc)
    if (receiving.size - receiving.synced < SYNC_EVERY_BYTES) return
    await syncOrFail(receiving.handle)
    receiving.synced = receiving.size
  }

  async #openReceiving(meta: SnapshotMeta): Promise<Receiving> {
    const name = partName(meta)
    if (this.#receiving?.name === name) return this.#receiving
    const { fileSystem, directory } = this.#options
    await this.#closeReceiving()
    this.#forgetOvertaken()
    // One transfer at a time: a part of another snapshot is given up.
    for (const other of await fileSystem.list(directory)) {
      if (PART_NAME.test(other) && other !== name && !this.#received.has(other)) await fileSystem.remove(this.#path(other))
    }
    const path = this.#path(name)
    const exists = await fileSystem.exists(path)
    const handle = await fileSystem.open(path, exists ? 'readwrite' : 'create')
    const size = await handle.size()
    if (size > meta.sizeBytes) await handle.truncate(0)
    const kept = size > meta.sizeBytes ? 0 : size
    // What an earlier run has left is written again: if its sync failed, the system may show bytes that it does not hold for the disk any more, and the next sync would not write them.
    const receiving: Receiving = { meta, name, handle, size: 0, synced: 0, crc: 0 }
    for await (const piece of piecesOf(handle, kept)) await this.#append(receiving, piece)
    this.#receiving = receiving
    return receiving
  }

  adopt(meta: SnapshotMeta, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    return this.#exclusively(async () => {
      const name = partName(meta)
      const { fileSystem } = this.#options
      if (await fileSystem.exists(this.#path(name))) await fileSystem.remove(this.#path(name))
      this.#adopted.set(name, await this.#writeFile(name, meta, chunks))
      this.#received.set(name, meta)
    })
  }

  /** What was received and then not wanted, because something newer came first. */
  #forgetOvertaken(): void {
    const installed = this.latest?.index ?? 0
    for (const [name, { index }] of this.#received) {
      if (index > installed) continue
      this.#received.delete(name)
      this.#adopted.delete(name)
    }
  }

  async #closeReceiving(): Promise<void> {
    const receiving = this.#receiving
    this.#receiving = null
    if (receiving !== null) await receiving.handle.close()
  }

  async #restart(receiving: Receiving): Promise<number> {
    await receiving.handle.truncate(0)
    receiving.size = 0
    receiving.synced = 0
    receiving.crc = 0
    return 0
  }

  async #complete(receiving: Receiving): Promise<number | 'complete'> {
    if (receiving.crc !== receiving.meta.checksum || !(await this.#saysTheSame(receiving))) return this.#restart(receiving)
    await syncOrFail(receiving.handle)
    this.#received.set(receiving.name, receiving.meta)
    await this.#closeReceiving()
    return 'complete'
  }

  /** Whether the file's own header and footer agree with what the sender announced. */
  async #saysTheSame({ handle, meta }: Receiving): Promise<boolean> {
    try {
      const found = await readSnapshotMeta(handle, this.#options.crc32, this.#options.identity.clusterId)
      return found.index === meta.index && found.term === meta.term && found.timeMs === meta.timeMs && found.checksum === meta.checksum
    } catch (error) {
      // Damage of a file that was never installed is not ours: it is received again.
      if (error instanceof BalsaError && error.code === 'CORRUPT') return false
      throw error
    }
  }

  /** Installs what `receive` completed: durable under its final name when it resolves. */
  install(meta: SnapshotMeta): Promise<void> {
    return this.#exclusively(async () => {
      const latest = this.latest
      if (latest !== null && latest.index === meta.index && latest.checksum === meta.checksum) return
      invariant(latest === null || latest.index < meta.index, 'an installed snapshot is newer than the one before', { index: meta.index })
      if (isStateless(meta)) {
        await this.#write(meta, null)
        return
      }
      const name = partName(meta)
      const adopted = this.#adopted.get(name)
      invariant(adopted !== undefined || meta.form === undefined, 'a state that travels as it is was adopted', { index: meta.index })
      const isReceived = this.#received.has(name) || (await this.#complete(await this.#openReceiving(meta))) === 'complete'
      if (!isReceived) throw new BalsaError('INVARIANT', `the snapshot of index ${meta.index} is installed before it is complete`)
      this.#received.delete(name)
      this.#adopted.delete(name)
      await this.#place(adopted ?? meta, name)
    })
  }

  async close(): Promise<void> {
    await this.#exclusively(() => this.#closeReceiving())
  }
}
