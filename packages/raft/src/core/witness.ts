import { BalsaError } from '../errors.js'
import type { Configuration, Entry, LogIndex, MemberId, SnapshotMeta } from '../types.js'
import { asIndex, EntryType } from '../types.js'
import type { Progress } from './progress.js'
import type { CoreState } from './state.js'

/**
 * Witnesses vote and hold the log without commands: a leader strips the commands off what it sends them, and sends them snapshots that hold
 * no state. Stripped entries say so (a type of their own), and so do such snapshots (0 bytes): whoever holds one can never lead, whatever any
 * configuration says, for it could not hand on what it does not have.
 */

const EMPTY = new Uint8Array(0)

export const isWitness = (configuration: Configuration, id: MemberId): boolean => configuration.witnesses.includes(id)

/** What leaves for this peer. */
export function entriesTo(state: CoreState, progress: Progress, entries: readonly Entry[]): readonly Entry[] {
  return isWitness(state.configuration, progress.id) ? entries.map(stripped) : entries
}

const stripped = (entry: Entry): Entry =>
  entry.type === EntryType.command ? { ...entry, type: EntryType.stripped, payload: EMPTY } : entry

/**
 * How much of the log this peer may be given. A witness gets nothing before a voter with data has it on its disk: with the only copy, it could
 * vote for nobody any more, and nobody could give the others what it holds.
 */
export function lastIndexFor(state: CoreState, progress: Progress): LogIndex {
  const { configuration, log } = state
  if (!isWitness(configuration, progress.id)) return log.lastIndex
  let held: number = 0
  for (const id of configuration.voters) {
    if (isWitness(configuration, id)) continue
    held = Math.max(held, id === state.id ? log.stableIndex : (state.leadership?.progress.get(id)?.matchIndex ?? 0))
  }
  return asIndex(Math.min(held, log.lastIndex))
}

/** What this peer is told of a snapshot. */
export function snapshotTo(state: CoreState, progress: Progress, meta: SnapshotMeta): SnapshotMeta {
  if (!isWitness(state.configuration, progress.id)) return meta
  // Nothing travels, so nothing of what says how it would (`form`): a witness has no state that could take one.
  const { index, term, timeMs, configuration } = meta
  return { index, term, timeMs, configuration, sizeBytes: 0, checksum: 0 }
}

/** A witness' snapshot: it says where the log begins, and holds no state. */
export const isStateless = (meta: SnapshotMeta): boolean => meta.sizeBytes === 0

/**
 * A member that lacks data must not be counted on for them. It can come to that when a change that admitted it as a witness was never
 * committed, and another one admits it as a member with data: CORRUPT (fatal) then, before it acknowledges anything.
 */
export function requireData(state: CoreState): void {
  const { configuration, id } = state
  if (state.holdsData || isWitness(configuration, id) || configuration.members.every((member) => member.id !== id)) return
  throw new BalsaError('CORRUPT', 'this member was a witness and lacks data, but the configuration counts on it for them', {
    hint: 'Remove the member. Add it again under a new id, with an empty data directory.',
  })
}
