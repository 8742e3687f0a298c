/** What a stopped member's data directory holds, without changing a byte of it. */
import { isStateless, isWitness } from '../core/witness.js'
import type { Crc32 } from '../ports/checksum.js'
import type { FileSystem } from '../ports/file-system.js'
import { type Configuration, type HardState, type LogIndex, type SnapshotMeta, type Term, ZERO_INDEX, ZERO_TERM } from '../types.js'
import { BalsaError } from '../errors.js'
import { homeOf, readIdentity, type StoredIdentity } from './identity-file.js'
import { type RecoveredLog, recoverLog } from './recovery.js'
import { findNewestSnapshot } from './snapshot-store.js'

export interface StoreOptions {
  readonly fileSystem: FileSystem
  /** Of one member; nobody else uses it (the host's data directory guard sees to that). */
  readonly directory: string
  readonly crc32: Crc32
}

export interface StoreSurvey {
  readonly identity: StoredIdentity
  readonly hardState: HardState
  /** Of the newest entry, in the log or covered by the snapshot. */
  readonly lastIndex: LogIndex
  readonly lastTerm: Term
  /** Up to here everything is known to be committed; 0 without a snapshot. */
  readonly snapshotIndex: LogIndex
  readonly snapshotTerm: Term
  /** The newest in the log, committed or not: what the member goes by. */
  readonly configuration: Configuration
  /** Its commands and its state are whole: false for a witness, and for what was one. */
  readonly holdsData: boolean
}

/** The files of a store as a start would read them. */
export interface ReadStore {
  readonly identity: StoredIdentity
  readonly home: string
  readonly snapshot: { readonly meta: SnapshotMeta; readonly path: string } | null
  readonly log: RecoveredLog
}

/** Entries to keep in memory while reading: they are not needed. */
const CACHE_BYTES = 0

/** Throws CORRUPT, MISSING_SEGMENT, IDENTITY_MISMATCH, IO_ERROR (all fatal). */
export async function readStore({ fileSystem, directory, crc32 }: StoreOptions): Promise<ReadStore> {
  const identity = await readIdentity(fileSystem, directory, crc32)
  const home = homeOf(directory, identity.home)
  return readHome({ fileSystem, directory: home, crc32 }, identity)
}

/** The same for log and snapshots in a folder that no identity file points at (yet). */
export async function readHome({ fileSystem, directory: home, crc32 }: StoreOptions, identity: StoredIdentity): Promise<ReadStore> {
  const names = await fileSystem.list(home)
  const snapshot = await findNewestSnapshot({ fileSystem, directory: home, identity, crc32 }, names)
  const options = { fileSystem, directory: home, identity, crc32, cacheBytes: CACHE_BYTES, snapshot: snapshot?.meta ?? null }
  const log = await recoverLog(options, names)
  if (log === null) {
    throw new BalsaError('MISSING_SEGMENT', `${home} belongs to member ${identity.memberId} and holds no segment of the log`, {
      hint: 'Restore the missing files from a backup of this member.',
    })
  }
  return { identity, home, snapshot, log }
}

/** Throws CORRUPT, MISSING_SEGMENT, IDENTITY_MISMATCH, IO_ERROR (all fatal). */
export async function surveyStore(options: StoreOptions): Promise<StoreSurvey> {
  const { identity, snapshot, log } = await readStore(options)
  const { index: snapshotIndex, term: snapshotTerm } = snapshot?.meta ?? { index: ZERO_INDEX, term: ZERO_TERM }
  const configuration = newestConfiguration(log, snapshot?.meta ?? null)
  const whole = log.strippedFrom === null && (snapshot === null || !isStateless(snapshot.meta))
  return {
    identity,
    hardState: log.state.hardState,
    lastIndex: log.discard ? snapshotIndex : log.state.lastIndex,
    lastTerm: log.discard ? snapshotTerm : (log.state.lastTerm ?? ZERO_TERM),
    snapshotIndex,
    snapshotTerm,
    configuration,
    holdsData: whole && !isWitness(configuration, identity.memberId),
  }
}

function newestConfiguration(log: RecoveredLog, snapshot: SnapshotMeta | null): Configuration {
  const inLog = log.discard ? undefined : log.configurations.findLast(({ index }) => index > (snapshot?.index ?? 0))
  return inLog?.configuration ?? snapshot?.configuration ?? log.headConfiguration
}
