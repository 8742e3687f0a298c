import type { SeededRandom } from '@balsa/raft'
import { readBatch, SECTOR_BYTES, segmentOf, type WalBatch } from './wal-reader.js'

/** A write, or a change of the length, that a crash may still take back. */
export type Piece =
  | { readonly position: number; readonly data: Uint8Array; readonly misdirectedTo: number | null }
  | { readonly size: number }

function isWrittenOver(piece: Piece, next: Piece | undefined): boolean {
  if (next === undefined || 'size' in piece || 'size' in next || piece.misdirectedTo !== null || next.misdirectedTo !== null) return false
  return piece.position === next.position && piece.data.length <= next.data.length
}

export type CrashLoss = 'lost' | 'prefix' | 'subset' | 'torn' | 'kept'

/** {@link Piece.misdirectedTo} of a write that never arrives. */
export const NOWHERE = -1
const SMALLEST_CAPACITY = 4096

/** What new segments are filled with. */
const ZEROS = new Uint8Array(1024 * 1024)

/** These bytes without memory of their own when all of them are zero; otherwise null. Asked of large writes only: of small ones a copy costs less. */
export function sharedZeros(data: Uint8Array): Uint8Array | null {
  if (data.length > ZEROS.length || data.byteOffset % 4 !== 0) return null
  const words = new Uint32Array(data.buffer, data.byteOffset, data.length >>> 2)
  const { length } = words
  let at = 0
  // Eight at a time: a start of a cluster looks at megabytes.
  for (; at + 8 <= length; at += 8) {
    const low = (words[at] ?? 0) | (words[at + 1] ?? 0) | (words[at + 2] ?? 0) | (words[at + 3] ?? 0)
    const high = (words[at + 4] ?? 0) | (words[at + 5] ?? 0) | (words[at + 6] ?? 0) | (words[at + 7] ?? 0)
    if ((low | high) !== 0) return null
  }
  for (; at < length; at++) if (words[at] !== 0) return null
  for (let rest = length * 4; rest < data.length; rest++) if (data[rest] !== 0) return null
  return ZEROS.subarray(0, data.length)
}

/** Bytes of a file. Behind those that are kept there are zeros. */
class Image {
  #bytes = new Uint8Array(0)
  /** Of them, so many were ever written. */
  #used = 0
  size = 0

  write(position: number, data: Uint8Array): void {
    const end = position + data.length
    if (end > this.size) this.size = end
    if (position >= this.#used && data.buffer === ZEROS.buffer) return
    this.#reserve(end)
    this.#bytes.set(data, position)
  }

  resize(size: number): void {
    if (size < this.#used) {
      this.#bytes.fill(0, size, this.#used)
      this.#used = size
    }
    this.size = size
  }

  copyFrom(other: Image): void {
    this.#bytes = other.#bytes.slice(0, other.#used)
    this.#used = other.#used
    this.size = other.size
  }

  /** A copy. */
  read(position: number, length: number): Uint8Array {
    const end = Math.max(position, Math.min(this.size, position + length))
    if (end <= this.#used) return this.#bytes.slice(position, end)
    const copy = new Uint8Array(end - position)
    if (position < this.#used) copy.set(this.#bytes.subarray(position, this.#used))
    return copy
  }

  /** Everything that may be other than zero, as it is. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#used)
  }

  flip(position: number, bit: number): void {
    this.#reserve(position + 1)
    this.#bytes[position] = (this.#bytes[position] ?? 0) ^ (1 << bit)
  }

  #reserve(end: number): void {
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(SMALLEST_CAPACITY, end, this.#bytes.length * 2))
      larger.set(this.view())
      this.#bytes = larger
    }
    if (end > this.#used) this.#used = end
  }
}

/**
 * One file: what is visible (page cache), what is on the platter, and the writes between them. `batches` is what a reader of the log would
 * find on the platter; it is kept up to date with each sync, so that invariants can read disks at every event.
 */
/** Grows whenever anything that invariants read has become durable on one disk, or is there no longer. */
export interface DiskVersion {
  value: number
}

export class SimFile {
  readonly #version: DiskVersion
  readonly live = new Image()
  readonly durable = new Image()
  pending: Piece[] = []
  #settled = 0
  #misplaced: { readonly position: number; readonly data: Uint8Array }[] = []
  /** Number of the segment that the file holds durably; null when it is no segment. */
  segment: number | null = null
  /** Durable batches in the order of their place. */
  batches: WalBatch[] = []
  /** Grows whenever what is durable changed in another way than by more batches at the end. */
  generation = 0

  constructor(version: DiskVersion = { value: 0 }) {
    this.#version = version
  }

  get settledPieces(): number {
    return this.#settled
  }

  get newestPiece(): number {
    return this.#settled + this.pending.length
  }

  read(position: number, length: number): Uint8Array {
    return this.live.read(position, length)
  }

  write(position: number, data: Uint8Array, misdirectedTo: number | null = null): void {
    this.live.write(position, data)
    this.pending.push({ position, data, misdirectedTo })
  }

  resize(size: number): void {
    this.live.resize(size)
    this.pending.push({ size })
  }

  /** Everything up to piece `upTo` reaches the platter. */
  sync(upTo: number): void {
    const pieces = this.#take(upTo)
    for (let at = 0; at < pieces.length; at++) {
      const piece = pieces[at]
      // A mark is most often written over before anybody has synced it: then it is as if it had never been.
      if (piece !== undefined && !isWrittenOver(piece, pieces[at + 1])) this.#settle(piece)
    }
  }

  /** What Linux does after a failed sync: the pages count as clean, and the platter never gets them. */
  forget(upTo: number): void {
    this.#take(upTo)
  }

  #take(upTo: number): Piece[] {
    const count = Math.max(0, upTo - this.#settled)
    if (count >= this.pending.length) {
      const all = this.pending
      this.pending = []
      this.#settled += all.length
      return all
    }
    const taken = this.pending.splice(0, count)
    this.#settled += taken.length
    return taken
  }

  #settle(piece: Piece): void {
    if ('size' in piece) {
      this.durable.resize(piece.size)
      return
    }
    // What stood there is replaced: nothing of it is ever to be given back.
    const end = piece.position + piece.data.length
    if (this.#misplaced.length > 0)
      this.#misplaced = this.#misplaced.filter(({ position, data }) => position >= end || position + data.length <= piece.position)
    if (piece.misdirectedTo !== null) this.#misplaced.push(piece)
    if (piece.misdirectedTo !== NOWHERE) this.durable.write(piece.misdirectedTo ?? piece.position, piece.data)
    this.#note(piece.position, piece.data)
  }

  /**
   * A write that the disk lost or put elsewhere can be found only by what stands behind it. Where nothing durable does, it is given
   * back: losing an acknowledged last write without a trace is outside of what any log can notice.
   */
  #giveBack(): void {
    for (const { position, data } of this.#misplaced) {
      if (!this.batches.some((batch) => batch.offset > position)) this.durable.write(position, data)
    }
    this.#misplaced = []
  }

  /** What the member believes to have made durable here. Damage shows only to those who read the bytes. */
  #note(position: number, data: Uint8Array): void {
    this.#version.value++
    if (position === 0) {
      const segment = segmentOf(data)
      if (segment !== null || this.segment !== null) {
        this.segment = segment
        this.batches = []
        // A file that begins anew as another segment: no write that went astray before belongs to it.
        this.#misplaced = []
        this.generation++
      }
      return
    }
    if (this.segment === null || position % SECTOR_BYTES !== 0) return
    const batch = readBatch(data, 0, position)
    if (batch === null || batch.segment !== this.segment) return
    const last = this.batches.at(-1)
    if (last !== undefined && last.offset >= position) {
      let kept = this.batches.length
      while (kept > 0 && (this.batches[kept - 1]?.offset ?? 0) >= position) kept--
      // A mark may be written over at any time; a batch of records never after it was durable.
      if (kept !== this.batches.length - 1 || last.kind === 1) this.generation++
      this.batches.length = kept
    }
    this.batches.push(batch)
  }

  crash(loss: CrashLoss, random: SeededRandom): void {
    const damaged = this.#misplaced.length > 0
    this.#giveBack()
    const keptCount = loss === 'prefix' ? random.int(this.pending.length + 1) : this.pending.length
    this.pending.forEach((piece, position) => {
      if (loss === 'lost' || position >= keptCount) return
      if ((loss === 'subset' || loss === 'torn') && random.bool()) return
      if ('size' in piece) this.durable.resize(piece.size)
      else if (loss === 'torn') this.#tear(piece.position, piece.data, random)
      else this.durable.write(piece.position, piece.data)
    })
    const changed = this.pending.length > 0
    this.#settled += this.pending.length
    this.pending = []
    this.live.copyFrom(this.durable)
    if (changed || damaged) this.rescan()
  }

  #tear(position: number, data: Uint8Array, random: SeededRandom): void {
    if (random.bool() && position + data.length > this.durable.size) this.durable.resize(position + data.length)
    for (let from = 0; from < data.length; ) {
      const to = Math.min(data.length, from + SECTOR_BYTES - ((position + from) % SECTOR_BYTES))
      if (random.bool()) {
        const sector = data.slice(from, to)
        if (random.bool(0.1)) for (let at = 0; at < sector.length; at++) sector[at] = random.int(256)
        this.durable.write(position + from, sector)
      }
      from = to
    }
  }

  /** Damages one bit at rest. The page cache is taken to be gone. */
  flip(position: number, bit: number): void {
    for (const image of [this.live, this.durable]) {
      if (position < image.size) image.flip(position, bit)
    }
  }

  /** Reads the platter anew: after a crash anything between the old and the new content may be there. */
  rescan(): void {
    const bytes = this.durable.view()
    this.#version.value++
    this.generation++
    this.segment = segmentOf(bytes.subarray(0, SECTOR_BYTES))
    this.batches = []
    if (this.segment === null) return
    for (let at = SECTOR_BYTES; at < bytes.length; ) {
      const batch = readBatch(bytes, at, at)
      const before = this.batches.at(-1)
      if (batch === null || batch.segment !== this.segment || (before !== undefined && batch.number !== before.number + 1)) return
      // The records must survive later writes to the file.
      this.batches.push(readBatch(bytes.slice(at, at + batch.sizeBytes), 0, at) ?? batch)
      if (batch.kind !== 1) return
      at += batch.sizeBytes
    }
  }
}
