/** Appends batches to the newest segment, starts the next one when it is full, and retires those that are no longer needed. */
import { invariant } from '../errors.js'
import type { Crc32 } from '../ports/checksum.js'
import type { FileHandle, FileSystem } from '../ports/file-system.js'
import type { Configuration, Entry, HardState, Identity, LogIndex } from '../types.js'
import { PositionIndex } from './position-index.js'
import {
  alignToSector,
  BatchEncoder,
  BatchKind,
  encodeMark,
  entryRecordBytes,
  HeadOrigin,
  type LogHead,
  type LogRecord,
  SECTOR_BYTES,
} from './record.js'
import { encodeSegmentHeader, FIRST_BATCH_OFFSET, segmentName } from './segment.js'
import { type SparePool, syncOrFail } from './spare-pool.js'

/** More than this does not go into one batch: recovery holds one batch in memory. A larger entry is a batch of its own. */
export const MAX_BATCH_BYTES = 4 * 1024 * 1024
const INITIAL_ENCODER_BYTES = 64 * 1024
/** Offsets in a segment are u32. */
export const MAX_SEGMENT_BYTES = 0xffff_ffff - SECTOR_BYTES
const HARD_STATE_RECORD_BYTES = 32

export interface SegmentInfo {
  readonly number: number
  readonly capacity: number
  /** The last index of the log when this segment was started: everything at or below stands in older segments (or a snapshot). */
  readonly headLastIndex: number
  /** Reads under way: while there are any, the file must not be overwritten. */
  readers: number
}

export interface WriterPlace {
  readonly segments: SegmentInfo[]
  readonly positions: PositionIndex
  /** Where the next batch goes in the newest segment. */
  readonly offset: number
  readonly nextBatch: number
  readonly nextSequence: number
  /** What the records up to there amount to. */
  readonly tail: Tail
  /** The last batch, when nothing says that it was ever synced. */
  readonly redo: Redo | null
}

/** What the records up to some place amount to. */
export type Tail = Omit<LogHead, 'origin' | 'configuration'>

/** A batch to write once more: its number and first sequence, what the log was before it, and its records. */
export interface Redo {
  readonly batch: number
  readonly sequence: number
  readonly tail: Tail
  readonly records: readonly LogRecord[]
}

export interface WriterOptions {
  readonly fileSystem: FileSystem
  readonly directory: string
  readonly identity: Identity
  readonly crc32: Crc32
  readonly segmentBytes: number
  readonly spares: SparePool
  /** The configuration below everything in the log. */
  readonly baseConfiguration: () => Configuration
}

interface ActiveSegment {
  readonly info: SegmentInfo
  readonly handle: FileHandle
  offset: number
}

type MutableTail = { -readonly [Key in keyof Tail]: Tail[Key] }

export class SegmentWriter {
  readonly #options: WriterOptions
  readonly #encoder: BatchEncoder
  readonly #segments: SegmentInfo[]
  readonly positions: PositionIndex
  #active: ActiveSegment | null = null
  #nextBatch: number
  #nextSequence: number
  #tail: MutableTail

  private constructor(options: WriterOptions, place: WriterPlace) {
    this.#options = options
    this.#encoder = new BatchEncoder(options.crc32, Math.min(INITIAL_ENCODER_BYTES, options.segmentBytes))
    this.#segments = place.segments
    this.positions = place.positions
    this.#nextBatch = place.nextBatch
    this.#nextSequence = place.nextSequence
    this.#tail = { ...place.tail }
    this.#encoder.begin(this.#nextSequence)
  }

  /** A new log: the first segment with its head, durable. */
  static async create(options: WriterOptions, head: LogHead): Promise<SegmentWriter> {
    const place = { segments: [], positions: new PositionIndex(), offset: 0, nextBatch: 1, nextSequence: 1, tail: head, redo: null }
    const writer = new SegmentWriter(options, place)
    await writer.startSegment(head)
    return writer
  }

  /**
   * Goes on behind a recovered log. The last batch counts as recovered although it may never have been synced, so it must be durable before
   * anybody relies on it. A sync alone is not enough: after one that failed, the system shows bytes that it takes for durable and that
   * are not. Writing it again in its place could destroy it. So it begins a new segment; what stands at its old place counts no more.
   */
  static async resume(options: WriterOptions, place: WriterPlace): Promise<SegmentWriter> {
    const writer = new SegmentWriter(options, place)
    const info = place.segments.at(-1)
    invariant(info !== undefined, 'a recovered log has a segment')
    const handle = await options.fileSystem.open(writer.#path(info.number), 'readwrite')
    writer.#active = { info, handle, offset: place.offset }
    if (place.redo !== null) {
      const head = { ...place.redo.tail, origin: HeadOrigin.continued, configuration: options.baseConfiguration() }
      await writer.startSegment(head, { redo: place.redo })
    }
    writer.mark()
    await syncOrFail(writer.#requireActive().handle)
    return writer
  }

  get segments(): readonly SegmentInfo[] {
    return this.#segments
  }

  #path(segment: number): string {
    return `${this.#options.directory}/${segmentName(segment)}`
  }

  #requireActive(): ActiveSegment {
    invariant(this.#active !== null, 'the log has a segment to write to')
    return this.#active
  }

  /** Whether a record of `bytes` can join the batch that is being collected. */
  #fits(bytes: number): boolean {
    const { info, offset } = this.#requireActive()
    const used = this.#encoder.usedBytes + bytes
    if (this.#encoder.records > 0 && used > MAX_BATCH_BYTES) return false
    // One sector always stays free for the mark behind the last batch.
    return offset + alignToSector(used) + SECTOR_BYTES <= info.capacity
  }

  async #makeRoom(bytes: number): Promise<void> {
    if (this.#encoder.records > 0) await this.flush()
    if (!this.#fits(bytes)) await this.startSegment(this.#continuedHead(), { bytes: this.#encoder.usedBytes + bytes })
    invariant(this.#fits(bytes), 'a new segment has room for the record', { bytes })
  }

  #continuedHead(): LogHead {
    return { ...this.#tail, origin: HeadOrigin.continued, configuration: this.#options.baseConfiguration() }
  }

  /** Collects a record. Returns a promise only when something had to be written first: most often there is nothing to wait for. */
  addEntry(entry: Entry): Promise<void> | null {
    const bytes = entryRecordBytes(entry)
    if (this.#fits(bytes)) {
      this.#putEntry(entry)
      return null
    }
    return this.#makeRoom(bytes).then(() => this.#putEntry(entry))
  }

  #putEntry(entry: Entry): void {
    const { info, offset } = this.#requireActive()
    this.#count({ type: 'entry', entry }, info.number, offset + this.#encoder.usedBytes)
    this.#encoder.addEntry(entry)
  }

  #count(record: LogRecord, segment: number, offset: number): void {
    if (record.type === 'hardState') this.#tail.hardState = record.hardState
    if (record.type !== 'entry') return
    const { index, term, timeMs } = record.entry
    this.positions.note(index, segment, offset)
    this.#tail.lastIndex = index
    this.#tail.lastTerm = term
    if (timeMs > this.#tail.timeMs) this.#tail.timeMs = timeMs
  }

  async addHardState(hardState: HardState): Promise<void> {
    if (!this.#fits(HARD_STATE_RECORD_BYTES)) await this.#makeRoom(HARD_STATE_RECORD_BYTES)
    this.#encoder.addHardState(hardState)
    this.#tail.hardState = hardState
  }

  /** Writes what was collected as one batch and makes it durable. */
  async flush(): Promise<void> {
    if (this.#encoder.records === 0) return
    const active = this.#requireActive()
    const batch = this.#encoder.finish(active.info.number, this.#nextBatch, active.offset)
    active.handle.write(active.offset, batch)
    await syncOrFail(active.handle)
    active.offset += batch.length
    this.#nextBatch += 1
    this.#nextSequence = this.#encoder.nextSequence
    this.#encoder.begin(this.#nextSequence)
    if (active.offset * 2 > active.info.capacity) this.#options.spares.prepare()
  }

  /** Notes behind the last batch that it is durable. Not synced: see wal.ts for what that is worth. */
  mark(): void {
    this.#writeMark(BatchKind.synced)
  }

  #writeMark(kind: BatchKind): void {
    const { info, handle, offset } = this.#requireActive()
    const place = { segment: info.number, number: this.#nextBatch, offset, nextSequence: this.#nextSequence }
    handle.write(offset, encodeMark(this.#options.crc32, kind, place))
  }

  /** Starts the next segment, durable under its name, with room for `bytes` more than its head; or with a batch of the one before. */
  async startSegment(head: LogHead, { bytes = 0, redo = null }: { bytes?: number; redo?: Redo | null } = {}): Promise<void> {
    invariant(this.#encoder.records === 0, 'everything collected is written before the next segment starts')
    const { crc32, identity, segmentBytes, spares, fileSystem, directory } = this.#options
    const segment = (this.#segments.at(-1)?.number ?? 0) + 1
    const firstBatch = redo?.batch ?? this.#nextBatch
    const firstSequence = redo?.sequence ?? this.#nextSequence
    const encoder = new BatchEncoder(crc32, SECTOR_BYTES)
    encoder.begin(firstSequence)
    encoder.addHead(head)
    const batch = encoder.finish(segment, firstBatch, FIRST_BATCH_OFFSET)
    const end = FIRST_BATCH_OFFSET + batch.length
    const again =
      redo === null ? null : encodeAgain(crc32, redo, { segment, number: firstBatch + 1, offset: end, firstSequence: encoder.nextSequence })
    const needed = end + (again?.bytes.length ?? alignToSector(bytes)) + SECTOR_BYTES
    invariant(needed <= MAX_SEGMENT_BYTES, 'a record fits into a segment', { bytes })
    const { handle, path, capacity } = await spares.take(Math.max(segmentBytes, needed))
    handle.write(0, encodeSegmentHeader({ identity, segment, firstBatch, firstSequence, capacity }, crc32))
    handle.write(FIRST_BATCH_OFFSET, batch)
    if (again !== null) handle.write(end, again.bytes)
    await syncOrFail(handle)
    await handle.close()
    await fileSystem.rename(path, this.#path(segment))
    await fileSystem.syncDirectory(directory)
    await this.#closeActive()
    const info = { number: segment, capacity, headLastIndex: head.lastIndex, readers: 0 }
    this.#segments.push(info)
    this.#tail = { lastIndex: head.lastIndex, lastTerm: head.lastTerm, timeMs: head.timeMs, hardState: head.hardState }
    if (head.origin === HeadOrigin.installed) this.positions.clear()
    this.#nextBatch = firstBatch + (again === null ? 1 : 2)
    this.#nextSequence = again?.nextSequence ?? encoder.nextSequence
    for (const { record, offset } of again?.places ?? []) this.#count(record, segment, offset)
    this.#encoder.begin(this.#nextSequence)
    // Opened anew, so that errors name the file as it is called now.
    this.#active = { info, handle: await fileSystem.open(this.#path(segment), 'readwrite'), offset: end + (again?.bytes.length ?? 0) }
  }

  /** Only after the next segment is durable under its name: the mark makes its loss visible. */
  async #closeActive(): Promise<void> {
    const active = this.#active
    if (active === null) return
    this.#writeMark(BatchKind.closed)
    this.#active = null
    await syncOrFail(active.handle)
    await active.handle.close()
  }

  /**
   * Retires whole segments that hold only what is below `firstIndex` or void. The snapshot that covers it must be durable. All before
   * the newest segment at whose start the log ended below `firstIndex` can go: what it holds is all that a recovery needs.
   */
  async compact(firstIndex: LogIndex): Promise<void> {
    const { fileSystem, directory, segmentBytes, spares } = this.#options
    const retired: string[] = []
    const keepFrom = this.#segments.findLast((segment) => segment.headLastIndex < firstIndex)?.number ?? 0
    this.positions.dropSegmentsBelow(keepFrom)
    for (;;) {
      const oldest = this.#segments[0]
      if (oldest === undefined || oldest.number >= keepFrom) break
      this.#segments.shift()
      const reusable = oldest.readers === 0 && oldest.capacity === segmentBytes && retired.length < spares.room
      if (reusable) retired.push(await spares.retire(this.#path(oldest.number)))
      else await fileSystem.remove(this.#path(oldest.number))
    }
    if (retired.length === 0) return
    await fileSystem.syncDirectory(directory)
    spares.recycled(retired)
  }

  /** What the log amounts to, for a head that replaces it. */
  get hardState(): HardState {
    return this.#tail.hardState
  }

  async close(): Promise<void> {
    const active = this.#active
    await this.#options.spares.idle()
    if (active === null) return
    this.#active = null
    await active.handle.close()
  }
}

interface EncodedAgain {
  readonly bytes: Uint8Array
  readonly nextSequence: number
  /** Where each record stands in the file. */
  readonly places: readonly { readonly record: LogRecord; readonly offset: number }[]
}

function encodeAgain(
  crc32: Crc32,
  redo: Redo,
  place: { readonly segment: number; readonly number: number; readonly offset: number; readonly firstSequence: number },
): EncodedAgain {
  const encoder = new BatchEncoder(crc32, SECTOR_BYTES)
  encoder.begin(place.firstSequence)
  const places = redo.records.map((record) => {
    const offset = place.offset + encoder.usedBytes
    invariant(record.type !== 'head', 'a head is the first record of its segment and nowhere else')
    if (record.type === 'entry') encoder.addEntry(record.entry)
    else encoder.addHardState(record.hardState)
    return { record, offset }
  })
  return { bytes: encoder.finish(place.segment, place.number, place.offset), nextSequence: encoder.nextSequence, places }
}
