/**
 * Reads the log back: every segment once, front to back, one batch in memory at a time. wal.ts describes the cases.
 * Nothing is changed on disk here.
 */
import { BalsaError } from '../errors.js'
import type { Crc32 } from '../ports/checksum.js'
import type { FileHandle, FileSystem } from '../ports/file-system.js'
import type { Configuration, Entry, HardState, Identity, LogIndex, SnapshotMeta } from '../types.js'
import { asTerm, EntryType, ZERO_INDEX, ZERO_TERM } from '../types.js'
import { LogState } from './log-state.js'
import { PositionIndex } from './position-index.js'
import { configurationAt, decodeRecord, HeadOrigin, type LogHead, type LogRecord } from './record.js'
import { decodeSegmentHeader, FIRST_BATCH_OFFSET, type SegmentHeader, segmentName, segmentNumbers } from './segment.js'
import { findLaterBatch, type ScannedBatch, SegmentScanner } from './segment-scanner.js'
import type { SegmentInfo, Tail, WriterPlace } from './segment-writer.js'

const RESTORE_HINT = 'Do not delete anything. Restore the file, or remove this member from the cluster and let it join again as new.'

export interface RecoveryOptions {
  readonly fileSystem: FileSystem
  readonly directory: string
  readonly identity: Identity
  readonly crc32: Crc32
  readonly cacheBytes: number
  readonly snapshot: SnapshotMeta | null
}

export interface RecoveredLog {
  readonly state: LogState
  readonly place: WriterPlace
  /** Every configuration entry in the log, ascending. */
  readonly configurations: readonly { readonly index: LogIndex; readonly configuration: Configuration }[]
  /** First entry in the log that a witness holds in place of a command. */
  readonly strippedFrom: LogIndex | null
  /** The configuration below everything in the log, without regard to a snapshot. */
  readonly headConfiguration: Configuration
  /** Segments that nothing needs any more: older than a gap below what the snapshot covers. */
  readonly leftovers: readonly number[]
  /** The log does not go with the snapshot: it must be replaced by a head at the snapshot before anything is appended. */
  readonly discard: boolean
  /** Bytes of a write that did not complete; not part of the log. */
  readonly tornAt: { readonly path: string; readonly offset: number } | null
}

/** The log behind `snapshot`; null when there is no segment. Throws CORRUPT, MISSING_SEGMENT, IDENTITY_MISMATCH (all fatal). */
export async function recoverLog(options: RecoveryOptions, names: readonly string[]): Promise<RecoveredLog | null> {
  const numbers = segmentNumbers(names)
  const newest = numbers.at(-1)
  if (newest === undefined) return null
  let start = numbers.length - 1
  while (start > 0 && numbers[start - 1] === (numbers[start] ?? 0) - 1) start -= 1
  const recovery = new Recovery(options)
  for (const number of numbers.slice(start)) await recovery.openSegment(number)
  await recovery.readSegments()
  return recovery.finish(numbers.slice(0, start))
}

/** A segment whose header was read. */
interface OpenedSegment {
  readonly path: string
  readonly header: SegmentHeader
}

class Recovery {
  readonly #options: RecoveryOptions
  readonly #positions = new PositionIndex()
  readonly #segments: SegmentInfo[] = []
  #state: LogState | null = null
  #headConfiguration: Configuration | null = null
  #configurations: { index: LogIndex; configuration: Configuration }[] = []
  #strippedFrom: LogIndex | null = null
  #nextBatch = 0
  #nextSequence = 0
  /** Where the segment before ended: the place to name when the next one says that something is missing. */
  #end = { path: '', offset: 0 }
  #torn: { path: string; offset: number } | null = null
  readonly #opened: OpenedSegment[] = []
  /** The segment that is being read. */
  #segment: SegmentHeader | null = null
  /** The first segment begins behind what the snapshot covers. No loss when a snapshot replaced the log later on: then it waits for its removal, and those before it are gone already. */
  #missing: BalsaError | null = null
  /** The newest batch, with what the log was before it. */
  #last: { batch: number; sequence: number; tail: Tail; records: LogRecord[] } | null = null

  constructor(options: RecoveryOptions) {
    this.#options = options
  }

  async openSegment(number: number): Promise<void> {
    const { fileSystem, directory, crc32 } = this.#options
    const path = `${directory}/${segmentName(number)}`
    const handle = await fileSystem.open(path, 'read')
    try {
      const header = decodeSegmentHeader(await handle.read(0, FIRST_BATCH_OFFSET), path, crc32)
      await this.#checkHeader(header, number, path, handle)
      this.#opened.push({ path, header })
    } finally {
      await handle.close()
    }
  }

  async #checkHeader(header: SegmentHeader, number: number, path: string, handle: FileHandle): Promise<void> {
    if (header.segment !== number) {
      throw new BalsaError('CORRUPT', `${path}: the file says that it is segment ${header.segment} (byte 32)`, {
        hint: 'Give the file back the name it had.',
      })
    }
    checkIdentity(this.#options.identity, header.identity, path)
    const size = await handle.size()
    if (size !== header.capacity) {
      throw new BalsaError('CORRUPT', `${path}: the file has ${size} bytes instead of ${header.capacity}`, { hint: RESTORE_HINT })
    }
  }

  async readSegments(): Promise<void> {
    for (const [position, segment] of this.#opened.entries()) await this.#readSegment(segment, this.#opened[position + 1] ?? null)
    if (this.#missing !== null) throw this.#missing
  }

  async #readSegment({ path, header }: OpenedSegment, next: OpenedSegment | null): Promise<void> {
    if (this.#state !== null) this.#checkContinuity(header)
    this.#segment = header
    const handle = await this.#options.fileSystem.open(path, 'read')
    try {
      const scanner = new SegmentScanner(handle, header, this.#options.crc32, next?.header.firstBatch)
      for (let batch = await scanner.next(); batch !== null; batch = await scanner.next()) this.#applyBatch(batch, path)
      this.#nextBatch = scanner.nextBatch
      this.#nextSequence = scanner.nextSequence
      this.#end = { path, offset: scanner.offset }
      if (this.#segments.at(-1)?.number !== header.segment) {
        throw new BalsaError('CORRUPT', `${path}: the head of the segment is damaged (byte ${FIRST_BATCH_OFFSET})`, { hint: RESTORE_HINT })
      }
      if (next === null) await this.#checkEnd(scanner, handle, header)
      // Behind a mark everything was synced; without one nobody knows.
      if (scanner.stoppedAt === 'synced' || this.#last?.batch === header.firstBatch) this.#last = null
    } finally {
      await handle.close()
    }
  }

  #checkContinuity(header: SegmentHeader): void {
    if (header.firstBatch === this.#nextBatch && header.firstSequence === this.#nextSequence) return
    throw new BalsaError(
      'CORRUPT',
      `${this.#end.path}: damaged at byte ${this.#end.offset}: batch ${this.#nextBatch} of ${header.firstBatch - 1} cannot be read`,
      {
        hint: RESTORE_HINT,
      },
    )
  }

  /** In the newest segment: is what follows the last good batch a torn write, or damage? */
  async #checkEnd(scanner: SegmentScanner, handle: FileHandle, header: SegmentHeader): Promise<void> {
    const { crc32 } = this.#options
    const { offset } = scanner
    if (scanner.stoppedAt === 'closed') {
      throw new BalsaError(
        'MISSING_SEGMENT',
        `${handle.path} was closed when ${segmentName(header.segment + 1)} was begun, and that file is missing`,
        {
          hint: RESTORE_HINT,
        },
      )
    }
    const later = await findLaterBatch(handle, header, scanner.nextBatch, scanner.resumeSearchAt, crc32)
    if (later !== null) {
      throw new BalsaError(
        'CORRUPT',
        `${handle.path}: damaged at byte ${offset}: batch ${scanner.nextBatch} cannot be read, but batch ${later.number} stands behind it at byte ${later.offset}`,
        {
          hint: RESTORE_HINT,
        },
      )
    }
    if (scanner.stoppedAt === 'invalid') this.#torn = { path: handle.path, offset }
  }

  #applyBatch(batch: ScannedBatch, path: string): void {
    const { header, bytes } = batch
    const { segment } = header
    const records: LogRecord[] = []
    this.#last = { batch: header.number, sequence: header.firstSequence, tail: tailOf(this.#state), records }
    const where = (at: number): string => `${path} (byte ${batch.fileOffset + at})`
    let at = batch.bodyStart
    const end = batch.bodyStart + header.bodyBytes
    let sequence = header.firstSequence
    while (at < end) {
      // The batch's own checksum over all its records has just been checked.
      const decoded = decodeRecord(bytes, at, null, where)
      const { record } = decoded
      records.push(record)
      if (decoded.sequence !== sequence)
        throw new BalsaError('CORRUPT', `record ${decoded.sequence} where ${sequence} belongs in ${where(at)}`, { hint: RESTORE_HINT })
      if (record.type === 'entry') this.#applyEntry(record.entry, segment, batch.fileOffset + at, () => where(at))
      else if (record.type === 'hardState') this.#applyHardState(record.hardState, where(at))
      else this.#applyHead(record.head, segment, header.number, where(at))
      sequence += 1
      at += decoded.size
    }
    if (sequence - header.firstSequence !== header.records) {
      throw new BalsaError(
        'CORRUPT',
        `a batch with ${sequence - header.firstSequence} of ${header.records} records in ${path} (byte ${batch.fileOffset})`,
      )
    }
  }

  #requireState(where: string): LogState {
    if (this.#state === null) throw new BalsaError('CORRUPT', `a segment without a head in ${where}`, { hint: RESTORE_HINT })
    return this.#state
  }

  #applyEntry(entry: Entry, segment: number, offset: number, where: () => string): void {
    const state = this.#state ?? this.#requireState(where())
    const { index, term } = entry
    const before = index === state.lastIndex + 1 ? state.lastTerm : state.termAt(index - 1)
    if (index > state.lastIndex + 1 || term > state.hardState.term || (before !== null && term < before)) {
      throw new BalsaError(
        'CORRUPT',
        `entry ${index} of term ${term} does not follow entry ${state.lastIndex} of term ${before}, current term ${state.hardState.term}, in ${where()}`,
        {
          hint: RESTORE_HINT,
        },
      )
    }
    while ((this.#configurations.at(-1)?.index ?? 0) >= index) this.#configurations.pop()
    if (this.#strippedFrom !== null && this.#strippedFrom >= index) this.#strippedFrom = null
    if (entry.type === EntryType.stripped) this.#strippedFrom ??= index
    if (entry.type === EntryType.configuration) this.#configurations.push({ index, configuration: configurationAt(entry.payload, where()) })
    state.append(entry)
    state.evict(this.#options.cacheBytes, Number.POSITIVE_INFINITY)
    this.#positions.note(index, segment, offset)
  }

  #applyHardState(next: HardState, where: string): void {
    const state = this.#requireState(where)
    const { term, votedFor } = state.hardState
    if (next.term < term || (next.term === term && votedFor !== null && next.votedFor !== votedFor)) {
      throw new BalsaError('CORRUPT', `hard state of term ${next.term} behind one of term ${term} in ${where}`, { hint: RESTORE_HINT })
    }
    state.hardState = next
  }

  #applyHead(head: LogHead, segment: number, batch: number, where: string): void {
    const info = this.#segments.at(-1)
    if (info?.number === segment) throw new BalsaError('CORRUPT', `a second head in batch ${batch} in ${where}`, { hint: RESTORE_HINT })
    const before = this.#state
    if (before !== null && head.origin === HeadOrigin.continued) {
      const agrees =
        head.lastIndex === before.lastIndex &&
        (before.lastTerm === null || head.lastTerm === before.lastTerm) &&
        head.hardState.term === before.hardState.term &&
        head.hardState.votedFor === before.hardState.votedFor
      if (!agrees) {
        throw new BalsaError(
          'CORRUPT',
          `the head says that the log ends at ${head.lastIndex} of term ${head.lastTerm}, the segments before end at ${before.lastIndex} of term ${before.lastTerm}; in ${where}`,
          {
            hint: RESTORE_HINT,
          },
        )
      }
    } else {
      if (before !== null) this.#applyHardState(head.hardState, where)
      this.#missing = head.lastIndex > (this.#options.snapshot?.index ?? 0) ? this.#missingBefore(segment, head, where) : null
      this.#state = new LogState(head)
      this.#configurations = []
      this.#strippedFrom = null
      this.#positions.clear()
      this.#headConfiguration = head.configuration
    }
    this.#segments.push({ number: segment, capacity: this.#segment?.capacity ?? 0, headLastIndex: head.lastIndex, readers: 0 })
  }

  /** Throws when it is a snapshot that is missing. */
  #missingBefore(segment: number, head: LogHead, where: string): BalsaError {
    const snapshot = this.#options.snapshot
    const have = snapshot === null ? 'there is no snapshot' : `the newest snapshot ends at ${snapshot.index}`
    if (head.origin === HeadOrigin.installed) {
      throw new BalsaError(
        'CORRUPT',
        `the snapshot of index ${head.lastIndex} that replaced the log is missing (named in ${where}): ${have}`,
        { hint: RESTORE_HINT },
      )
    }
    return new BalsaError(
      'MISSING_SEGMENT',
      `${segmentName(segment - 1)} or a snapshot is missing: the log begins behind index ${head.lastIndex} in ${where}, ${have}`,
      {
        hint: RESTORE_HINT,
      },
    )
  }

  finish(leftovers: readonly number[]): RecoveredLog {
    const state = this.#requireState(this.#end.path)
    const headConfiguration = this.#headConfiguration
    if (headConfiguration === null) throw new BalsaError('CORRUPT', `no configuration in ${this.#end.path}`)
    const snapshot = this.#options.snapshot
    // What the writer's head must agree with is the log as written, before anything below is left out.
    const tail = tailOf(state)
    const discard = snapshot !== null && !this.#holds(state, snapshot)
    if (!discard) this.#dropUnanchored(state, snapshot)
    return {
      state,
      place: {
        segments: this.#segments,
        positions: this.#positions,
        offset: this.#end.offset,
        nextBatch: this.#nextBatch,
        nextSequence: this.#nextSequence,
        tail,
        redo: discard ? null : this.#last,
      },
      configurations: this.#configurations,
      strippedFrom: this.#strippedFrom,
      headConfiguration,
      leftovers,
      discard,
      tornAt: this.#torn,
    }
  }

  /** Paper, section 7: the log behind the snapshot is kept if it has an entry with the snapshot's last index and term. */
  #holds(state: LogState, snapshot: SnapshotMeta): boolean {
    return state.termAt(snapshot.index) === asTerm(snapshot.term)
  }

  /** An entry whose predecessor's term is unknown cannot be checked against others: the snapshot stands in for it. */
  #dropUnanchored(state: LogState, snapshot: SnapshotMeta | null): void {
    if (state.previousTerm !== null) return
    if (snapshot === null || state.firstIndex > snapshot.index) {
      throw new BalsaError('CORRUPT', `the log begins at ${state.firstIndex} without the entry before it (${this.#end.path})`, {
        hint: RESTORE_HINT,
      })
    }
    state.compact((state.firstIndex + 1) as LogIndex)
  }
}

function tailOf(state: LogState | null): Tail {
  if (state === null) return { lastIndex: ZERO_INDEX, lastTerm: ZERO_TERM, timeMs: 0, hardState: { term: ZERO_TERM, votedFor: null } }
  return { lastIndex: state.lastIndex, lastTerm: state.lastTerm ?? ZERO_TERM, timeMs: state.timeMs, hardState: state.hardState }
}

/** Throws IDENTITY_MISMATCH (fatal) naming both. */
export function checkIdentity(expected: Identity, found: Identity, path: string): void {
  if (expected.clusterId === found.clusterId && expected.memberId === found.memberId) return
  throw new BalsaError(
    'IDENTITY_MISMATCH',
    `${path} belongs to member ${found.memberId} of cluster ${found.clusterId}, this is member ${expected.memberId} of cluster ${expected.clusterId}`,
    { hint: 'Use the data directory of this member, or an empty one for a new member.' },
  )
}
