/**
 * The way back from a lost quorum: what one member holds becomes the beginning of a new cluster. A whole new store is written in a folder
 * of its own beside the old one, made durable, read back, and then one atomic rename of the identity file makes it the member's. A crash
 * before that leaves the old store as it was, a crash behind it the new one; what is left over goes at the next start.
 *
 * The new cluster has another id, so no member of the old one can ever talk to it. Everything in the log stays at its index with its term,
 * whether the old cluster committed it or not; only its configurations go (blank entries stand in their place), since the members that they
 * name belong to the old cluster.
 */
import { isStateless } from '../core/witness.js'
import { BalsaError, invariant } from '../errors.js'
import { asIndex, type Configuration, type Entry, EntryType, type Identity, type LogIndex, ZERO_INDEX, ZERO_TERM } from '../types.js'
import { homeOf, type StoredIdentity, writeIdentity } from './identity-file.js'
import { readEntriesFromDisk } from './log-reader.js'
import { HeadOrigin, type LogHead } from './record.js'
import { SegmentWriter } from './segment-writer.js'
import { readSnapshotState } from './snapshot-file.js'
import { FileSnapshotStore } from './snapshot-store.js'
import { SparePool } from './spare-pool.js'
import { type ReadStore, readHome, readStore, type StoreOptions } from './survey.js'

export interface RefoundOptions extends StoreOptions {
  /** Of the new cluster. The member keeps its id, or gets another one. */
  readonly identity: Identity
  /** Another one than before, drawn at random. */
  readonly incarnation: number
  /** What the new cluster begins with: this member as its only voter. */
  readonly configuration: Configuration
  /** Length of a segment file; see DurableStorageOptions. Default 16 MiB. */
  readonly segmentBytes?: number
}

const DEFAULT_SEGMENT_BYTES = 16 * 1024 * 1024
const READ_BYTES = 1024 * 1024
const NOTHING = new Uint8Array(0)

/**
 * Throws NOT_RECOVERABLE (refused) for a store without data; CORRUPT, MISSING_SEGMENT, IDENTITY_MISMATCH, DISK_FULL, IO_ERROR, SYNC_FAILED
 * (fatal). After any error before the last step the old store stands; run it again.
 */
export async function refoundStore(options: RefoundOptions): Promise<void> {
  const { fileSystem, directory, crc32, identity, incarnation } = options
  const old = await readStore(options)
  requireData(old, directory)
  invariant(old.identity.clusterId !== identity.clusterId, 'a recovered cluster has an id of its own')
  const number = old.identity.home + 1
  const home = homeOf(directory, number)
  await fileSystem.makeDirectory(home)
  await fileSystem.syncDirectory(directory)
  // What an attempt before this one may have left.
  for (const name of await fileSystem.list(home)) await fileSystem.remove(`${home}/${name}`)
  await fileSystem.syncDirectory(home)
  await copySnapshot(options, old, home)
  await copyLog(options, old, home)
  const stored = { ...identity, incarnation, home: number }
  await verify(options, old, home, stored)
  await writeIdentity(fileSystem, directory, stored, crc32)
}

function requireData({ snapshot, log }: ReadStore, directory: string): void {
  if (log.strippedFrom === null && (snapshot === null || !isStateless(snapshot.meta))) return
  throw new BalsaError('NOT_RECOVERABLE', `${directory} is of a witness: it holds no data`, {
    hint: 'Recover from the data directory of a member that holds data.',
  })
}

async function copySnapshot({ fileSystem, crc32, identity, configuration }: RefoundOptions, old: ReadStore, home: string): Promise<void> {
  if (old.snapshot === null) return
  const { meta, path } = old.snapshot
  const store = await FileSnapshotStore.open({ fileSystem, directory: home, identity, crc32 }, [])
  const handle = await fileSystem.open(path, 'read')
  try {
    await store.write({ ...meta, configuration }, readSnapshotState(handle, crc32))
  } finally {
    await handle.close()
    await store.close()
  }
}

/** Where the new log begins: right behind the snapshot, or at the beginning of time. */
function headOf(old: ReadStore, configuration: Configuration): LogHead {
  const { hardState } = old.log.state
  const meta = old.snapshot?.meta
  if (meta === undefined) {
    return { origin: HeadOrigin.initial, lastIndex: ZERO_INDEX, lastTerm: ZERO_TERM, timeMs: 0, hardState, configuration }
  }
  // As at a start: a snapshot can be durable before the term in which this member learned of it.
  const known = meta.term > hardState.term ? { term: meta.term, votedFor: null } : hardState
  return { origin: HeadOrigin.installed, lastIndex: meta.index, lastTerm: meta.term, timeMs: meta.timeMs, hardState: known, configuration }
}

async function copyLog(options: RefoundOptions, old: ReadStore, home: string): Promise<void> {
  const { fileSystem, crc32, identity, configuration, segmentBytes = DEFAULT_SEGMENT_BYTES } = options
  const head = headOf(old, configuration)
  const spares = new SparePool(fileSystem, home, segmentBytes)
  const writer = await SegmentWriter.create(
    { fileSystem, directory: home, identity, crc32, segmentBytes, spares, baseConfiguration: () => configuration },
    head,
  )
  try {
    for await (const entry of entriesBehind(options, old, head.lastIndex)) {
      const room = writer.addEntry(entry.type === EntryType.configuration ? { ...entry, type: EntryType.noop, payload: NOTHING } : entry)
      if (room !== null) await room
    }
    await writer.flush()
    writer.mark()
  } finally {
    await writer.close()
  }
}

const lastIndexOf = ({ log, snapshot }: ReadStore): LogIndex => (log.discard ? (snapshot?.meta.index ?? ZERO_INDEX) : log.state.lastIndex)

async function* entriesBehind({ fileSystem, crc32 }: RefoundOptions, old: ReadStore, index: LogIndex): AsyncGenerator<Entry> {
  const { segments, positions } = old.log.place
  const source = { fileSystem, directory: old.home, crc32, segments, positions }
  const last = lastIndexOf(old)
  for (let next: number = index + 1; next <= last; ) {
    const entries = await readEntriesFromDisk(source, asIndex(next), last, READ_BYTES)
    if (entries.length === 0) throw new BalsaError('CORRUPT', `entry ${next} cannot be found in the log of ${old.home}`)
    yield* entries
    next += entries.length
  }
}

/** What was written is read back from the beginning before anything relies on it. */
async function verify(options: RefoundOptions, old: ReadStore, home: string, stored: StoredIdentity): Promise<void> {
  const { log, snapshot } = await readHome({ ...options, directory: home }, stored)
  const found = { lastIndex: log.state.lastIndex, runs: log.state.runs, snapshot: snapshot?.meta.index ?? 0 }
  const behind = old.snapshot?.meta.index ?? 0
  const runs = old.log.discard ? [] : old.log.state.runs
  const wanted = { lastIndex: lastIndexOf(old), runs: trimmed(runs, behind, lastIndexOf(old)), snapshot: behind }
  invariant(JSON.stringify(found) === JSON.stringify(wanted), 'the new store holds what the old one held', { found, wanted })
  invariant(!log.discard && log.configurations.length === 0 && log.tornAt === null, 'the new store is whole')
}

/** The runs of terms behind an index. */
function trimmed(runs: ReadStore['log']['state']['runs'], index: number, last: number): ReadStore['log']['state']['runs'] {
  const ends = runs.map((_, at) => (runs[at + 1]?.firstIndex ?? last + 1) - 1)
  return runs
    .filter((_, at) => (ends[at] ?? 0) > index)
    .map(({ term, firstIndex }) => ({ term, firstIndex: asIndex(Math.max(firstIndex, index + 1)) }))
}
