/**
 * The file `peers`: with which data directory each other member was first met. A member that comes with another one has lost what it
 * promised (votes, acknowledged entries), and must not take part under the same id.
 *
 *   u32 crc over all that follows | u32 magic "BALP" | u32 version (1) | u32 count | u64 clusterId | count times: u64 memberId, u64 incarnation
 *
 * Replaced as a whole: written under another name, synced, renamed. Entries of another cluster (after a recovery) do not count.
 */
import { BalsaError } from '../errors.js'
import type { Crc32 } from '../ports/checksum.js'
import type { FileSystem } from '../ports/file-system.js'
import { asMemberId, type MemberId } from '../types.js'
import { getU64, setU64, viewOf } from './record.js'
import { syncOrFail } from './spare-pool.js'

export const PEERS_NAME = 'peers'
const TEMPORARY_NAME = 'peers.tmp'
const MAGIC = 0x504c4142
const FORMAT_VERSION = 1
const HEAD_BYTES = 24
const ROW_BYTES = 16
/** Far more than a cluster has members; a larger file is damaged. */
const MAX_ROWS = 65_536

export interface IncarnationTableOptions {
  readonly fileSystem: FileSystem
  readonly directory: string
  readonly clusterId: number
  readonly crc32: Crc32
}

export class IncarnationTable {
  readonly #options: IncarnationTableOptions
  readonly #known: Map<MemberId, number>
  /** The last write, which includes everything that was known when it began. */
  #saving: Promise<void> = Promise.resolve()
  /** Met, but not durable yet. */
  readonly #fresh = new Map<MemberId, Promise<number>>()

  private constructor(options: IncarnationTableOptions, known: Map<MemberId, number>) {
    this.#options = options
    this.#known = known
  }

  /** Reads what is there; an absent file is an empty table. Throws CORRUPT, IO_ERROR (fatal). */
  static async open(options: IncarnationTableOptions): Promise<IncarnationTable> {
    const path = `${options.directory}/${PEERS_NAME}`
    if (!(await options.fileSystem.exists(path))) return new IncarnationTable(options, new Map())
    return new IncarnationTable(options, await readTable(path, options))
  }

  /** The incarnation on record; null for a member that was never met. */
  known(id: MemberId): number | null {
    return this.#known.get(id) ?? null
  }

  /**
   * The incarnation that this member was first met with: the given one when this is the first time, then durable before it is answered.
   * Rejects with DISK_FULL, IO_ERROR, SYNC_FAILED when it cannot be written; then nothing is remembered.
   */
  meet(id: MemberId, incarnation: number): number | Promise<number> {
    const fresh = this.#fresh.get(id)
    if (fresh !== undefined) return fresh
    const known = this.#known.get(id)
    if (known !== undefined) return known
    this.#known.set(id, incarnation)
    const saved = this.#save().then(
      () => incarnation,
      (error: unknown) => {
        this.#known.delete(id)
        throw error
      },
    )
    this.#fresh.set(id, saved)
    const settled = (): void => void this.#fresh.delete(id)
    saved.then(settled, settled)
    return saved
  }

  /** Drops members that are gone for good. */
  async forget(ids: readonly MemberId[]): Promise<void> {
    const found = ids.filter((id) => this.#known.delete(id))
    if (found.length > 0) await this.#save()
  }

  #save(): Promise<void> {
    const write = (): Promise<void> => this.#write()
    const saved = this.#saving.then(write, write)
    // A failure belongs to whoever asked for this write; the next one begins all the same.
    this.#saving = saved.catch(() => undefined)
    return saved
  }

  async #write(): Promise<void> {
    const { fileSystem, directory, clusterId, crc32 } = this.#options
    const rows = [...this.#known].sort(([a], [b]) => a - b)
    const bytes = new Uint8Array(HEAD_BYTES + ROW_BYTES * rows.length)
    const view = viewOf(bytes)
    view.setUint32(4, MAGIC, true)
    view.setUint32(8, FORMAT_VERSION, true)
    view.setUint32(12, rows.length, true)
    setU64(view, 16, clusterId)
    rows.forEach(([id, incarnation], at) => {
      setU64(view, HEAD_BYTES + ROW_BYTES * at, id)
      setU64(view, HEAD_BYTES + ROW_BYTES * at + 8, incarnation)
    })
    view.setUint32(0, crc32(bytes.subarray(4)), true)
    const temporary = `${directory}/${TEMPORARY_NAME}`
    if (await fileSystem.exists(temporary)) await fileSystem.remove(temporary)
    const handle = await fileSystem.open(temporary, 'create')
    try {
      handle.write(0, bytes)
      await syncOrFail(handle)
    } finally {
      await handle.close()
    }
    await fileSystem.rename(temporary, `${directory}/${PEERS_NAME}`)
    await fileSystem.syncDirectory(directory)
  }
}

async function readTable(path: string, { fileSystem, clusterId, crc32 }: IncarnationTableOptions): Promise<Map<MemberId, number>> {
  const handle = await fileSystem.open(path, 'read')
  try {
    const bytes = await handle.read(0, HEAD_BYTES + ROW_BYTES * MAX_ROWS)
    const view = viewOf(bytes)
    const sound =
      bytes.length >= HEAD_BYTES &&
      view.getUint32(4, true) === MAGIC &&
      view.getUint32(0, true) === crc32(bytes.subarray(4)) &&
      bytes.length === HEAD_BYTES + ROW_BYTES * view.getUint32(12, true)
    if (!sound) {
      throw new BalsaError('CORRUPT', `${path}: the table of met members is damaged (byte 0)`, {
        hint: 'Remove this member from the cluster and let it join again as new.',
      })
    }
    const version = view.getUint32(8, true)
    if (version !== FORMAT_VERSION)
      throw new BalsaError('CORRUPT', `${path}: format ${version}, this version reads ${FORMAT_VERSION} (byte 8)`)
    const known = new Map<MemberId, number>()
    if (getU64(view, 16) !== clusterId) return known
    for (let at = HEAD_BYTES; at < bytes.length; at += ROW_BYTES) known.set(asMemberId(getU64(view, at)), getU64(view, at + 8))
    return known
  } finally {
    await handle.close()
  }
}
