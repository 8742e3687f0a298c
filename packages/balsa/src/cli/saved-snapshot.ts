/**
 * The file of a saved snapshot, the same that `etcdctl snapshot save` writes: the state, zeros up to whole blocks of 512 bytes whose last eight say how long the state
 * is, and the SHA-256 of all that.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { readSnapshotHead, SNAPSHOT_HEAD_BYTES, type SnapshotHead } from '@balsa/kv'
import { BalsaError } from '@balsa/raft'

export const HASH_BYTES = 32
const BLOCK_BYTES = 512
const LENGTH_BYTES = 8
/** What a file of etcd's store has at byte 16. */
const BOLT_MAGIC = 0xed0cdaed
const BOLT_MAGIC_AT = 16

export interface SavedSnapshot {
  readonly head: SnapshotHead
  readonly fileBytes: number
  /** Of the whole file but its last 32 bytes, which hold it too; hexadecimal. */
  readonly sha256: string
  /** The state, as a state machine reads it back. */
  chunks(): AsyncIterable<Uint8Array>
}

const refused = (path: string, why: string, hint: string): BalsaError => new BalsaError('INVALID', `${path} ${why}`, { hint })
const DAMAGED_HINT = 'The file is damaged or was not copied whole: take another one.'

/** Reads all of it once. INVALID (refused): it is no snapshot of Balsa, or damaged. */
export async function readSaved(path: string): Promise<SavedSnapshot> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const first = Buffer.alloc(Math.min(size, SNAPSHOT_HEAD_BYTES))
    await file.read(first, 0, first.length, 0)
    if (first.length >= BOLT_MAGIC_AT + 4 && first.readUInt32LE(BOLT_MAGIC_AT) === BOLT_MAGIC)
      throw refused(
        path,
        'is a snapshot of etcd',
        'Restore it into etcd, and move it here from there: balsactl migrate --from ETCD --to BALSA.',
      )
    const hashed = size - HASH_BYTES
    if (hashed < BLOCK_BYTES || hashed % BLOCK_BYTES !== 0)
      throw refused(path, 'is no whole snapshot: its length does not fit', DAMAGED_HINT)
    const end = Buffer.alloc(LENGTH_BYTES + HASH_BYTES)
    await file.read(end, 0, end.length, hashed - LENGTH_BYTES)
    const sha256 = await hashOf(path, hashed)
    if (!sha256.equals(end.subarray(LENGTH_BYTES))) throw refused(path, 'does not match its own SHA-256', DAMAGED_HINT)
    const stateBytes = Number(end.readBigUInt64BE(0))
    if (stateBytes > hashed - LENGTH_BYTES || stateBytes === 0) throw refused(path, 'is no snapshot of Balsa', DAMAGED_HINT)
    return {
      head: headOf(path, first),
      fileBytes: size,
      sha256: sha256.toString('hex'),
      chunks: () => createReadStream(path, { end: stateBytes - 1 }),
    }
  } finally {
    await file.close()
  }
}

function headOf(path: string, first: Uint8Array): SnapshotHead {
  try {
    return readSnapshotHead(first)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new BalsaError('INVALID', `${path} is no snapshot that this version reads: ${why}`, {
      cause,
      hint: 'Restore it with the version that saved it.',
    })
  }
}

async function hashOf(path: string, bytes: number): Promise<Buffer> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path, { end: bytes - 1 }) as AsyncIterable<Buffer>) hash.update(chunk)
  return hash.digest()
}
