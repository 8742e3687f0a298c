/** Everything durable of one member, over the FileSystem port: identity, log and snapshots in one directory. */
import type { PersistEffect } from '../core/effects.js'
import { BalsaError } from '../errors.js'
import type { Crc32 } from '../ports/checksum.js'
import type { FileSystem } from '../ports/file-system.js'
import { type Configuration, type Entry, type Identity, type LogIndex, type SnapshotMeta, ZERO_INDEX, ZERO_TERM } from '../types.js'
import { homeOf, IDENTITY_NAME, readIdentity, writeIdentity } from './identity-file.js'
import { readEntriesFromDisk } from './log-reader.js'
import { LogState } from './log-state.js'
import { HeadOrigin, type LogHead, SECTOR_BYTES } from './record.js'
import { checkIdentity, type RecoveredLog, recoverLog } from './recovery.js'
import { isSegmentName, isSpareName, segmentName, segmentNumbers } from './segment.js'
import { MAX_SEGMENT_BYTES, SegmentWriter, type WriterOptions } from './segment-writer.js'
import { FileSnapshotStore, isSnapshotName } from './snapshot-store.js'
import { SparePool } from './spare-pool.js'
import type { Storage } from './storage.js'
import { Wal } from './wal.js'

export interface DurableStorageOptions {
  readonly fileSystem: FileSystem
  /** Created when it is missing. Must belong to this member alone (the host's data directory guard sees to that). */
  readonly directory: string
  readonly identity: Identity
  /** Written when the directory is new; otherwise ignored. All founding members give the same; a member that joins gives an empty one. */
  readonly initialConfiguration: Configuration
  readonly crc32: Crc32
  /** Drawn at random by the caller, for a directory that is new: peers know this directory by it. Default 0: peers are told nothing. */
  readonly incarnation?: number
  /** Length of a segment file. Default 16 MiB, at least 4 KiB. May differ from run to run. */
  readonly segmentBytes?: number
  /** Bytes of the newest entries that opening hands over in memory. Default 8 MiB. Later on only those that wait for their sync are kept. */
  readonly cacheBytes?: number
}

const DEFAULT_SEGMENT_BYTES = 16 * 1024 * 1024
const SMALLEST_SEGMENT_BYTES = 4096
const DEFAULT_CACHE_BYTES = 8 * 1024 * 1024

export class DurableStorage implements Storage {
  readonly recovered: Storage['recovered']
  readonly snapshots: FileSnapshotStore
  /** Where a write did not complete before the last crash; for people. */
  readonly tornAt: { readonly path: string; readonly offset: number } | null
  /** Of this directory: what it was given when it was new. */
  readonly incarnation: number
  readonly #wal: Wal
  readonly #writer: SegmentWriter
  readonly #options: DurableStorageOptions
  #tail: readonly Entry[]

  private constructor(options: DurableStorageOptions, parts: OpenedParts) {
    this.#options = options
    this.recovered = parts.recovered
    this.snapshots = parts.snapshots
    this.tornAt = parts.tornAt
    this.incarnation = parts.incarnation
    this.#wal = parts.wal
    this.#writer = parts.writer
    this.#tail = parts.tail
  }

  /**
   * Recovers what is in the directory, or founds it when it is empty. Never deletes anything that could be needed, never starts with less
   * than was acknowledged. Throws, all fatal: CORRUPT (file and offset in the text), MISSING_SEGMENT, IDENTITY_MISMATCH, DISK_FULL,
   * IO_ERROR, SYNC_FAILED; INVALID (refused) for impossible options.
   */
  static async open(given: DurableStorageOptions): Promise<DurableStorage> {
    const { fileSystem, identity, crc32 } = given
    const { incarnation, directory, home, isNew } = await locate(given)
    const options = { ...given, directory }
    const segmentBytes = checkedSegmentBytes(options)
    const cacheBytes = options.cacheBytes ?? DEFAULT_CACHE_BYTES
    const names = await fileSystem.list(directory)
    if (segmentNumbers(names).length === 0) requireNew(names, directory)
    const snapshots = await FileSnapshotStore.open({ fileSystem, directory, identity, crc32 }, names)
    const spares = new SparePool(fileSystem, directory, segmentBytes)
    let base: Configuration = options.initialConfiguration
    const baseConfiguration = (): Configuration => snapshots.latest?.configuration ?? base
    const writerOptions: WriterOptions = { fileSystem, directory, identity, crc32, segmentBytes, spares, baseConfiguration }
    const log = await recoverLog({ fileSystem, directory, identity, crc32, cacheBytes, snapshot: snapshots.latest }, names)
    await spares.adopt(names)
    if (log !== null) base = log.headConfiguration
    const opened = log === null ? await foundLog(writerOptions) : await resumeLog(writerOptions, log, snapshots.latest)
    // Only now: the store that counts is known to be good.
    if (!isNew) await clearOtherHomes(fileSystem, given.directory, home)
    if (isNew) await writeIdentity(fileSystem, directory, { ...identity, incarnation, home: 0 }, crc32)
    const { writer, state } = opened
    const newState = (meta: SnapshotMeta, hardState: LogHead['hardState']): LogState => new LogState(headAt(meta, hardState))
    const hooks = { install: (meta: SnapshotMeta) => snapshots.install(meta), latest: () => snapshots.latest }
    return new DurableStorage(options, {
      recovered: describe(state, snapshots.latest, log, baseConfiguration()),
      tail: state.cache.read(state.cache.firstIndex, state.lastIndex, Number.POSITIVE_INFINITY) ?? [],
      snapshots,
      tornAt: log?.tornAt ?? null,
      incarnation,
      wal: new Wal(writer, state, hooks, newState),
      writer,
    })
  }

  takeTail(): readonly Entry[] {
    const tail = this.#tail
    this.#tail = []
    return tail
  }

  persist(effect: PersistEffect): Promise<void> {
    return this.#wal.persist(effect)
  }

  async readEntries(from: LogIndex, to: LogIndex, maxBytes: number): Promise<readonly Entry[]> {
    for (;;) {
      const { state, generation } = this.#wal
      if (from < state.firstIndex || from > state.lastIndex || from > to) return []
      const { cache } = state
      const cached = cache.read(from, to, maxBytes)
      if (cached !== null) return cached
      const onDisk = cache.length === 0 ? state.lastIndex : cache.firstIndex - 1
      const { fileSystem, directory, crc32 } = this.#options
      const { segments, positions } = this.#writer
      const entries = await readEntriesFromDisk(
        { fileSystem, directory, crc32, segments, positions },
        from,
        Math.min(to, onDisk) as LogIndex,
        maxBytes,
      )
      if (generation !== this.#wal.generation) continue
      if (from < this.#wal.state.firstIndex) return []
      if (entries.length === 0) throw new BalsaError('CORRUPT', `entry ${from} cannot be found in the log of ${directory}`)
      return entries
    }
  }

  get logBytes(): number {
    return this.#wal.state.bytes
  }

  async close(): Promise<void> {
    await this.#wal.close()
    await this.snapshots.close()
  }
}

interface OpenedParts {
  readonly recovered: Storage['recovered']
  readonly tail: readonly Entry[]
  readonly snapshots: FileSnapshotStore
  readonly tornAt: DurableStorage['tornAt']
  readonly incarnation: number
  readonly wal: Wal
  readonly writer: SegmentWriter
}

/** Where the log is, or will be. */
async function locate({ fileSystem, directory, identity, crc32, incarnation = 0 }: DurableStorageOptions): Promise<{
  readonly directory: string
  readonly home: number
  readonly incarnation: number
  readonly isNew: boolean
}> {
  await fileSystem.makeDirectory(directory)
  // A name that a killed process left behind may not be durable yet, and what follows relies on what it sees.
  await fileSystem.syncDirectory(directory)
  if (!(await fileSystem.list(directory)).includes(IDENTITY_NAME)) return { directory, home: 0, incarnation, isNew: true }
  const stored = await readIdentity(fileSystem, directory, crc32)
  checkIdentity(identity, stored, `${directory}/${IDENTITY_NAME}`)
  const home = homeOf(directory, stored.home)
  if (home !== directory) await fileSystem.syncDirectory(home)
  return { directory: home, home: stored.home, incarnation: stored.incarnation, isNew: false }
}

/** What a recovery from a lost quorum left behind: the old store, or the beginning of a new one that never came to count. */
async function clearOtherHomes(fileSystem: FileSystem, directory: string, home: number): Promise<void> {
  for (const number of [home - 1, home + 1]) {
    const other = homeOf(directory, number)
    if (number < 0 || !(await fileSystem.exists(other))) continue
    for (const name of await fileSystem.list(other)) {
      if (isSegmentName(name) || isSpareName(name) || isSnapshotName(name)) await fileSystem.remove(`${other}/${name}`)
    }
  }
}

function checkedSegmentBytes(options: DurableStorageOptions): number {
  const bytes = options.segmentBytes ?? DEFAULT_SEGMENT_BYTES
  const fits = Number.isSafeInteger(bytes) && bytes >= SMALLEST_SEGMENT_BYTES && bytes <= MAX_SEGMENT_BYTES && bytes % SECTOR_BYTES === 0
  if (!fits)
    throw new BalsaError(
      'INVALID',
      `segmentBytes is ${bytes}: a multiple of ${SECTOR_BYTES} from ${SMALLEST_SEGMENT_BYTES} to ${MAX_SEGMENT_BYTES} is needed`,
    )
  return bytes
}

/** Without a segment the directory must be one in which nothing was ever acknowledged. */
function requireNew(names: readonly string[], directory: string): void {
  const witness = names.find((name) => name === IDENTITY_NAME || name.endsWith('.snap'))
  if (witness === undefined) return
  throw new BalsaError('MISSING_SEGMENT', `${directory} holds ${witness} but no segment of the log`, {
    hint: 'Restore the missing files, or remove this member from the cluster and let it join again as new.',
  })
}

function headAt(meta: SnapshotMeta, hardState: LogHead['hardState']): LogHead {
  const { index, term, timeMs, configuration } = meta
  return { origin: HeadOrigin.installed, lastIndex: index, lastTerm: term, timeMs, hardState, configuration }
}

async function foundLog(options: WriterOptions): Promise<{ readonly writer: SegmentWriter; readonly state: LogState }> {
  const head: LogHead = {
    origin: HeadOrigin.initial,
    lastIndex: ZERO_INDEX,
    lastTerm: ZERO_TERM,
    timeMs: 0,
    hardState: { term: ZERO_TERM, votedFor: null },
    configuration: options.baseConfiguration(),
  }
  const writer = await SegmentWriter.create(options, head)
  writer.mark()
  return { writer, state: new LogState(head) }
}

async function resumeLog(
  options: WriterOptions,
  log: RecoveredLog,
  snapshot: SnapshotMeta | null,
): Promise<{ readonly writer: SegmentWriter; readonly state: LogState }> {
  const writer = await SegmentWriter.resume(options, log.place)
  let { state } = log
  // Only now: the newest segments are known to be good, so nothing older is needed.
  for (const number of log.leftovers) await options.fileSystem.remove(`${options.directory}/${segmentName(number)}`)
  const { hardState } = state
  // A snapshot of committed entries can be durable before the term in which this member learned of them. It never voted in that term:
  // a vote leaves only when it is durable.
  const term = snapshot !== null && snapshot.term > hardState.term ? snapshot.term : hardState.term
  const known = term === hardState.term ? hardState : { term, votedFor: null }
  if (log.discard && snapshot !== null) {
    const head = headAt(snapshot, known)
    state = new LogState(head)
    await writer.startSegment(head)
    writer.mark()
  } else if (known !== hardState) {
    state.hardState = known
    await writer.addHardState(known)
    await writer.flush()
    writer.mark()
  }
  // A removal that the last run did not live to see.
  await writer.compact(state.firstIndex)
  return { writer, state }
}

function describe(
  state: LogState,
  snapshot: SnapshotMeta | null,
  log: RecoveredLog | null,
  baseConfiguration: Configuration,
): Storage['recovered'] {
  const configurations = log === null || log.discard ? [] : log.configurations
  return {
    hardState: state.hardState,
    snapshot,
    firstIndex: state.firstIndex,
    lastIndex: state.lastIndex,
    previousTerm: state.previousTerm ?? ZERO_TERM,
    termRuns: [...state.runs],
    configurations: configurations.filter(({ index }) => index >= state.firstIndex && index > (snapshot?.index ?? 0)),
    baseConfiguration,
    timeMs: Math.max(state.timeMs, snapshot?.timeMs ?? 0),
    strippedFrom: log === null || log.discard ? null : log.strippedFrom,
  }
}
