/**
 * The file `identity`: whose data directory this is. 40 bytes: u32 crc over bytes 4..39 | u32 magic "BALI" | u32 version (2) | u32 home |
 * u64 clusterId | u64 memberId | u64 incarnation.
 *
 * The incarnation is drawn at random when the directory is made, so that peers tell it from another one of the same member (0: none was
 * given). Log and snapshots stand beside the file when `home` is 0, else in the folder `store-<home>`: a recovery from a lost quorum
 * builds a whole new store in a folder of its own and then replaces this file, so that there is only the old one or only the new one.
 */
import { BalsaError } from '../errors.js'
import type { Crc32 } from '../ports/checksum.js'
import type { FileSystem } from '../ports/file-system.js'
import { asMemberId, type Identity } from '../types.js'
import { getU64, setU64, viewOf } from './record.js'
import { syncOrFail } from './spare-pool.js'

export const IDENTITY_NAME = 'identity'
export const IDENTITY_TEMPORARY_NAME = 'identity.tmp'
const MAGIC = 0x494c4142
const FORMAT_VERSION = 2
const FILE_BYTES = 40

export interface StoredIdentity extends Identity {
  /** Which data directory of the member this is; 0 when it was made without. */
  readonly incarnation: number
  /** Number of the folder that log and snapshots are in; 0 = beside the identity file. */
  readonly home: number
}

/** Where log and snapshots are. */
export const homeOf = (directory: string, home: number): string => (home === 0 ? directory : `${directory}/store-${home}`)

export async function writeIdentity(fileSystem: FileSystem, directory: string, identity: StoredIdentity, crc32: Crc32): Promise<void> {
  const bytes = new Uint8Array(FILE_BYTES)
  const view = viewOf(bytes)
  view.setUint32(4, MAGIC, true)
  view.setUint32(8, FORMAT_VERSION, true)
  view.setUint32(12, identity.home, true)
  setU64(view, 16, identity.clusterId)
  setU64(view, 24, identity.memberId)
  setU64(view, 32, identity.incarnation)
  view.setUint32(0, crc32(bytes.subarray(4)), true)
  const temporary = `${directory}/${IDENTITY_TEMPORARY_NAME}`
  if (await fileSystem.exists(temporary)) await fileSystem.remove(temporary)
  const handle = await fileSystem.open(temporary, 'create')
  try {
    handle.write(0, bytes)
    await syncOrFail(handle)
  } finally {
    await handle.close()
  }
  await fileSystem.rename(temporary, `${directory}/${IDENTITY_NAME}`)
  await fileSystem.syncDirectory(directory)
}

/** Whose data directory it is; null when it is nobody's yet. Throws CORRUPT, IO_ERROR (fatal). */
export async function findIdentity(fileSystem: FileSystem, directory: string, crc32: Crc32): Promise<StoredIdentity | null> {
  return (await fileSystem.exists(`${directory}/${IDENTITY_NAME}`)) ? readIdentity(fileSystem, directory, crc32) : null
}

/** Throws CORRUPT (fatal). */
export async function readIdentity(fileSystem: FileSystem, directory: string, crc32: Crc32): Promise<StoredIdentity> {
  const path = `${directory}/${IDENTITY_NAME}`
  const handle = await fileSystem.open(path, 'read')
  try {
    const bytes = await handle.read(0, FILE_BYTES + 1)
    const view = viewOf(bytes)
    if (bytes.length !== FILE_BYTES || view.getUint32(4, true) !== MAGIC || view.getUint32(0, true) !== crc32(bytes.subarray(4))) {
      throw new BalsaError('CORRUPT', `${path}: the identity file is damaged (byte 0)`, {
        hint: 'Restore the file from a backup of this member.',
      })
    }
    const version = view.getUint32(8, true)
    if (version !== FORMAT_VERSION)
      throw new BalsaError('CORRUPT', `${path}: format ${version}, this version reads ${FORMAT_VERSION} (byte 8)`)
    return {
      clusterId: getU64(view, 16),
      memberId: asMemberId(getU64(view, 24)),
      incarnation: getU64(view, 32),
      home: view.getUint32(12, true),
    }
  } finally {
    await handle.close()
  }
}
