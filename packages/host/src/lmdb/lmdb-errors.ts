import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { BalsaError } from '@balsa/raft'

/** What LMDB calls its own findings about a file that is not as it was written (lmdb.h). */
const DAMAGE: ReadonlySet<number> = new Set([-30797, -30796, -30795, -30794, -30793])
const MAP_FULL = -30792
/** ENOSPC and EDQUOT. */
const NO_SPACE: ReadonlySet<number> = new Set([28, 122])
/** EIO: also what LMDB makes of a write that the system has done only in part, because the disk is full or the file as long as it may be. */
const IO = 5
/** Less than this is left of a disk that took only a part. */
const FULL_BYTES = 1024 * 1024

function numberOf(error: unknown): number {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : 0
}

/** The port's error for one of LMDB's: CORRUPT, DISK_FULL or IO_ERROR (all fatal), with the file and LMDB's words in the text. */
export function lmdbFailure(operation: string, path: string, cause: unknown): BalsaError {
  if (cause instanceof BalsaError) return cause
  const text = `${operation} ${path}: ${cause instanceof Error ? cause.message : String(cause)}`
  const number = numberOf(cause)
  if (DAMAGE.has(number)) {
    return new BalsaError('CORRUPT', text, {
      cause,
      hint: 'The file of the store is damaged. Remove this member, wipe its data directory and add it again.',
    })
  }
  if (number === MAP_FULL || NO_SPACE.has(number) || (number === IO && isFull(path)))
    return new BalsaError('DISK_FULL', text, { cause, hint: 'Free space on this disk, then start the member again.' })
  const hint = 'Check the disk, what is left of it, and the limit of the length of files (ulimit -f); then start the member again.'
  return new BalsaError('IO_ERROR', text, { cause, hint })
}

function isFull(path: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(dirname(path))
    return bavail * bsize < FULL_BYTES
  } catch {
    return false
  }
}
