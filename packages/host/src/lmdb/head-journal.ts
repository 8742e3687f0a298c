/**
 * The beginning of a data file as it was when all of it was durable, for a time in which the file's own may not be.
 *
 * LMDB orders what it writes by two syncs: the pages, then one of the two pages at the beginning, which says where everything is (the head). A transaction that is committed without them is seen at once, and a
 * loss of power may leave its head and lose its pages. But what earlier heads lead to is still there: transaction N takes only pages that N - 2 or an earlier one has freed, so neither N nor N - 1 writes over anything
 * that belongs to the state after N - 2. So it is enough to keep a copy of the last head that is durable with all its pages, to commit no transaction before the one before the last is durable, and to put the copy back
 * before the file is opened: what is found is exactly that state, whatever has become of the pages written since.
 *
 *     slot   u32le CRC-32 of the rest | u32le length of the head, 0: the file's own counts | u64le number | head
 *
 * There are two, written in turns: what a loss of power leaves of the one that was being written does not count, and the other one does. The valid one with the higher number counts.
 */
import { type FileHandle, type FileSystem, invariant } from '@balsa/raft'
import { crc32 } from '../crc32.js'

/** Behind the name of the data file. */
export const HEAD_SUFFIX = '-head'
const PREFIX_BYTES = 16
const LENGTH_AT = 4
const NUMBER_AT = 8
/** Of LMDB's largest pages. */
const SLOT_BYTES: number = PREFIX_BYTES + 2 * 65_536
const NO_HEAD = new Uint8Array(0)

interface Slot {
  readonly number: number
  readonly head: Uint8Array
}

const headPath = (dataPath: string): string => `${dataPath}${HEAD_SUFFIX}`

export class HeadJournal {
  readonly #handle: FileHandle
  #number: number

  private constructor(handle: FileHandle, number: number) {
    this.#handle = handle
    this.#number = number
  }

  /** Made when it is missing; then the name is durable, too. Throws IO_ERROR, DISK_FULL (fatal). */
  static async open(fileSystem: FileSystem, dataPath: string): Promise<HeadJournal> {
    const path = headPath(dataPath)
    if (await fileSystem.exists(path)) {
      const handle = await fileSystem.open(path, 'readwrite')
      return new HeadJournal(handle, (await newest(handle))?.number ?? 0)
    }
    const handle = await fileSystem.open(path, 'create')
    // It never grows later: then a sync is one of the written page alone.
    handle.write(0, new Uint8Array(2 * SLOT_BYTES))
    await handle.datasync()
    await fileSystem.syncDirectory(path.slice(0, path.lastIndexOf('/')))
    return new HeadJournal(handle, 0)
  }

  /** Resolves when this head is found again instead of the file's own. */
  keep(head: Uint8Array): Promise<void> {
    invariant(head.length > 0 && head.length <= SLOT_BYTES - PREFIX_BYTES, 'a head is two pages', { bytes: head.length })
    return this.#write(head)
  }

  /** Resolves when the file's own head counts again. */
  drop(): Promise<void> {
    return this.#write(NO_HEAD)
  }

  async #write(head: Uint8Array): Promise<void> {
    this.#number += 1
    const slot = Buffer.alloc(PREFIX_BYTES + head.length)
    slot.writeUInt32LE(head.length, LENGTH_AT)
    slot.writeBigUInt64LE(BigInt(this.#number), NUMBER_AT)
    slot.set(head, PREFIX_BYTES)
    slot.writeUInt32LE(crc32(slot.subarray(LENGTH_AT)))
    this.#handle.write((this.#number % 2) * SLOT_BYTES, slot)
    await this.#handle.datasync()
  }

  close(): Promise<void> {
    return this.#handle.close()
  }
}

/** Comes before a data file is opened: gives it the head back under which all of it was durable. Throws IO_ERROR, DISK_FULL (fatal). */
export async function restoreHead(fileSystem: FileSystem, dataPath: string): Promise<void> {
  if (!(await fileSystem.exists(headPath(dataPath)))) return
  const head = await readHead(fileSystem, dataPath)
  if (head.length === 0) return
  const data = await fileSystem.open(dataPath, 'readwrite')
  try {
    data.write(0, head)
    await data.datasync()
  } finally {
    await data.close()
  }
  const restored = await HeadJournal.open(fileSystem, dataPath)
  try {
    await restored.drop()
  } finally {
    await restored.close()
  }
}

async function readHead(fileSystem: FileSystem, dataPath: string): Promise<Uint8Array> {
  const journal = await fileSystem.open(headPath(dataPath), 'read')
  try {
    return (await newest(journal))?.head ?? NO_HEAD
  } finally {
    await journal.close()
  }
}

async function newest(handle: FileHandle): Promise<Slot | null> {
  const [one, other] = [await slotAt(handle, 0), await slotAt(handle, SLOT_BYTES)]
  if (one === null || other === null) return one ?? other
  return one.number > other.number ? one : other
}

/** Null = it is not as it was written. */
async function slotAt(handle: FileHandle, position: number): Promise<Slot | null> {
  const bytes = Buffer.from(await handle.read(position, SLOT_BYTES))
  if (bytes.length < PREFIX_BYTES) return null
  const length = bytes.readUInt32LE(LENGTH_AT)
  const number = Number(bytes.readBigUInt64LE(NUMBER_AT))
  if (number === 0 || PREFIX_BYTES + length > bytes.length) return null
  const rest = bytes.subarray(LENGTH_AT, PREFIX_BYTES + length)
  return crc32(rest) === bytes.readUInt32LE(0) ? { number, head: new Uint8Array(rest.subarray(PREFIX_BYTES - LENGTH_AT)) } : null
}
