/**
 * How far a migration is, kept in the target itself: every transaction that copies something also says so there, under the condition that nobody else has said something
 * since. So an interrupted migration goes on where it was, a transaction whose answer was lost is repeated without harm, and two migrations never mix.
 */
import { keyFromString, keyToString } from '@balsa/kv'
import { BalsaError } from '@balsa/raft'

/** A key of its own in the target, until the migration is finished. Never copied. */
export const NOTE_KEY: Uint8Array = keyFromString('__balsa_migration__')

export interface Note {
  /** Cluster id of the source, in hexadecimal. */
  readonly source: string
  /** What is copied; hexadecimal. */
  readonly prefix: string
  /** The target has everything that the source last changed up to this revision. */
  readonly revision: number
  /** Drawn by each run, and the number of the transaction: no two notes are equal. */
  readonly run: number
  readonly step: number
}

export const encodeNote = ({ source, prefix, revision, run, step }: Note): Uint8Array =>
  keyFromString(JSON.stringify({ source, prefix, revision, run, step }))

/** INVALID (refused) when the bytes are none. */
export function decodeNote(bytes: Uint8Array): Note {
  try {
    const { source, prefix, revision, run, step } = JSON.parse(keyToString(bytes)) as Partial<Note>
    if (typeof source === 'string' && typeof prefix === 'string' && isCount(revision) && isCount(run) && isCount(step))
      return { source, prefix, revision, run, step }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new BalsaError('INVALID', `the key ${keyToString(NOTE_KEY)} of the target holds something else than the note of a migration`, {
    hint: 'Delete it, if nobody needs it.',
  })
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
