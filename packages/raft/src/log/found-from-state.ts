/**
 * A member of a new cluster whose state is not empty at its beginning: a snapshot at one index, and an empty log behind it. All founding members are made of the same
 * state, so they agree about everything up to there. The store is written in a folder of its own, read back, and then the identity file makes it the member's: a crash
 * before that leaves a directory that belongs to nobody.
 */
import { BalsaError, invariant } from '../errors.js'
import { asIndex, asTerm, type Configuration, type Identity } from '../types.js'
import { findIdentity, homeOf, writeIdentity } from './identity-file.js'
import { HeadOrigin } from './record.js'
import { SegmentWriter } from './segment-writer.js'
import { FileSnapshotStore } from './snapshot-store.js'
import { SparePool } from './spare-pool.js'
import { readHome, type StoreOptions } from './survey.js'

export interface FoundingState {
  /** What the state holds was applied up to there; the log of the new cluster begins behind it. */
  readonly index: number
  /** Cluster time of the state: it goes on from there. */
  readonly timeMs: number
  /** As the state machine reads it back. */
  readonly chunks: AsyncIterable<Uint8Array>
}

export interface FoundOptions extends StoreOptions {
  readonly identity: Identity
  /** Drawn at random. */
  readonly incarnation: number
  /** The founding members, the same for all of them. */
  readonly configuration: Configuration
  readonly state: FoundingState
  /** Length of a segment file; see DurableStorageOptions. Default 16 MiB. */
  readonly segmentBytes?: number
}

const DEFAULT_SEGMENT_BYTES = 16 * 1024 * 1024
const HOME = 1
const FIRST_TERM = asTerm(1)

/** Throws DATA_DIRECTORY (fatal) when the directory belongs to a member already; DISK_FULL, IO_ERROR, SYNC_FAILED (fatal). After an error, run it again. */
export async function foundFromState(options: FoundOptions): Promise<void> {
  const { fileSystem, directory, crc32, identity, incarnation, configuration, segmentBytes = DEFAULT_SEGMENT_BYTES } = options
  if ((await findIdentity(fileSystem, directory, crc32)) !== null) {
    throw new BalsaError('DATA_DIRECTORY', `${directory} belongs to a member already`, { hint: 'Take an empty directory.' })
  }
  const home = homeOf(directory, HOME)
  await fileSystem.makeDirectory(home)
  await fileSystem.syncDirectory(directory)
  // What an attempt before this one may have left.
  for (const name of await fileSystem.list(home)) await fileSystem.remove(`${home}/${name}`)
  await fileSystem.syncDirectory(home)
  const index = asIndex(options.state.index)
  const { timeMs, chunks } = options.state
  const snapshots = await FileSnapshotStore.open({ fileSystem, directory: home, identity, crc32 }, [])
  await snapshots.write({ index, term: FIRST_TERM, timeMs, configuration }, chunks)
  await snapshots.close()
  const writer = await SegmentWriter.create(
    {
      fileSystem,
      directory: home,
      identity,
      crc32,
      segmentBytes,
      spares: new SparePool(fileSystem, home, segmentBytes),
      baseConfiguration: () => configuration,
    },
    {
      origin: HeadOrigin.installed,
      lastIndex: index,
      lastTerm: FIRST_TERM,
      timeMs,
      hardState: { term: FIRST_TERM, votedFor: null },
      configuration,
    },
  )
  await writer.flush()
  writer.mark()
  await writer.close()
  const stored = { ...identity, incarnation, home: HOME }
  const { log, snapshot } = await readHome({ fileSystem, directory: home, crc32 }, stored)
  invariant(log.state.lastIndex === index && snapshot?.meta.index === index && !log.discard, 'the new store is whole', { index })
  await writeIdentity(fileSystem, directory, stored, crc32)
}
