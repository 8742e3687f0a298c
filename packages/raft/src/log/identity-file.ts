/**
 * The file `identity`: whose data directory this is. 32 bytes: u32 crc over bytes 4..31 | u32 magic "BALI" | u32 version (1) | u32 zero |
 * u64 clusterId | u64 memberId.
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
const FORMAT_VERSION = 1
const FILE_BYTES = 32

export async function writeIdentity(fileSystem: FileSystem, directory: string, identity: Identity, crc32: Crc32): Promise<void> {
  const bytes = new Uint8Array(FILE_BYTES)
  const view = viewOf(bytes)
  view.setUint32(4, MAGIC, true)
  view.setUint32(8, FORMAT_VERSION, true)
  setU64(view, 16, identity.clusterId)
  setU64(view, 24, identity.memberId)
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

/** Throws CORRUPT (fatal). */
export async function readIdentity(fileSystem: FileSystem, directory: string, crc32: Crc32): Promise<Identity> {
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
    return { clusterId: getU64(view, 16), memberId: asMemberId(getU64(view, 24)) }
  } finally {
    await handle.close()
  }
}
