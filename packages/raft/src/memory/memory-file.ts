/** One file of MemoryFileSystem: the bytes that are visible, the bytes that are on disk, and the changes between them, in order. */
import type { Random } from '../ports/clock.js'

/**
 * What a crash does to changes that were not synced. Each file, and the names of each directory, are decided on their own.
 * - `lost`: all gone.
 * - `kept`: all there, as after the death of the process alone.
 * - `prefix`: the first few are there.
 * - `subset`: any of them are there (the disk reorders).
 * - `torn`: as subset, and of each write any 512-byte sectors; a few sectors that were being written hold garbage.
 * - `mixed`: one of these for each file.
 */
export type CrashMode = 'lost' | 'kept' | 'prefix' | 'subset' | 'torn' | 'mixed'
export const CRASH_MODES: readonly CrashMode[] = ['lost', 'kept', 'prefix', 'subset', 'torn', 'mixed']

/** A write, or a change of the length. */
export type FilePiece = { readonly position: number; readonly data: Uint8Array } | { readonly size: number }

/** One atomic change of names in a directory: create (from null), remove (to null), rename. */
export interface NameChange {
  readonly from: string | null
  readonly to: { readonly name: string; readonly file: MemoryFile } | null
}

const SECTOR_BYTES = 512
const GARBAGE_PROBABILITY = 0.1
const SMALLEST_CAPACITY = 256

/** Bytes with a length of their own; grows like an array list. */
class Image {
  #bytes: Uint8Array
  size: number

  constructor(bytes: Uint8Array = new Uint8Array(0)) {
    this.#bytes = bytes
    this.size = bytes.length
  }

  apply(piece: FilePiece): void {
    if ('size' in piece) {
      if (piece.size < this.size) this.#bytes.fill(0, piece.size, this.size)
      this.#reserve(piece.size)
      this.size = piece.size
      return
    }
    const end = piece.position + piece.data.length
    this.#reserve(end)
    this.#bytes.set(piece.data, piece.position)
    if (end > this.size) this.size = end
  }

  read(position: number, length: number): Uint8Array {
    return this.#bytes.slice(position, Math.max(position, Math.min(this.size, position + length)))
  }

  flipBit(offset: number, bit: number): void {
    this.#bytes[offset] = (this.#bytes[offset] ?? 0) ^ (1 << bit)
  }

  #reserve(size: number): void {
    if (size <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(SMALLEST_CAPACITY, size, this.#bytes.length * 2))
    larger.set(this.#bytes.subarray(0, this.size))
    this.#bytes = larger
  }
}

export class MemoryFile {
  #live: Image
  #durable: Image
  #pending: FilePiece[] = []
  /** Pieces synced or forgotten so far: a sync names the pieces it covers by their number in the whole order. */
  #settled = 0

  constructor(bytes?: Uint8Array) {
    this.#live = new Image(bytes)
    this.#durable = new Image(bytes?.slice())
  }

  get size(): number {
    return this.#live.size
  }

  /** Number of the newest piece: what a sync that starts now covers. */
  get pendingPieces(): number {
    return this.#settled + this.#pending.length
  }

  read(position: number, length: number): Uint8Array {
    return this.#live.read(position, length)
  }

  write(piece: FilePiece): void {
    this.#live.apply(piece)
    this.#pending.push(piece)
  }

  sync(upTo: number): void {
    for (const piece of this.#take(upTo)) this.#durable.apply(piece)
  }

  forgetPending(upTo: number): void {
    this.#take(upTo)
  }

  #take(upTo: number): FilePiece[] {
    const taken = this.#pending.splice(0, Math.max(0, upTo - this.#settled))
    this.#settled += taken.length
    return taken
  }

  crash(mode: CrashMode, random: Random): void {
    const actual = settle(mode, random)
    for (const piece of survivingChanges(this.#pending, actual, random)) {
      if (actual === 'torn' && 'data' in piece) this.#applyTorn(piece.position, piece.data, random)
      else this.#durable.apply(piece)
    }
    this.#settled += this.#pending.length
    this.#pending = []
    this.#live = new Image(this.#durable.read(0, this.#durable.size))
  }

  #applyTorn(position: number, data: Uint8Array, random: Random): void {
    // The length may be there although the data is not.
    if (random.next() < 0.5 && position + data.length > this.#durable.size) this.#durable.apply({ size: position + data.length })
    for (let from = 0; from < data.length; ) {
      const to = Math.min(data.length, from + SECTOR_BYTES - ((position + from) % SECTOR_BYTES))
      if (random.next() < 0.5) {
        const sector = data.slice(from, to)
        if (random.next() < GARBAGE_PROBABILITY) for (let at = 0; at < sector.length; at++) sector[at] = Math.floor(random.next() * 256)
        this.#durable.apply({ position: position + from, data: sector })
      }
      from = to
    }
  }

  flipBit(offset: number, bit: number): void {
    this.#live.flipBit(offset, bit)
    this.#durable.flipBit(offset, bit)
  }

  cut(size: number): void {
    this.#live.apply({ size })
    this.#durable.apply({ size })
  }

  fork(): MemoryFile {
    const copy = new MemoryFile()
    copy.#live = new Image(this.#live.read(0, this.#live.size))
    copy.#durable = new Image(this.#durable.read(0, this.#durable.size))
    copy.#pending = [...this.#pending]
    copy.#settled = this.#settled
    return copy
  }
}

const PLAIN_MODES = ['lost', 'kept', 'prefix', 'subset', 'torn'] as const

function settle(mode: CrashMode, random: Random): CrashMode {
  return mode === 'mixed' ? (PLAIN_MODES[Math.floor(random.next() * PLAIN_MODES.length)] ?? 'lost') : mode
}

/** Which of the changes that were not synced survive a crash, in order. */
export function survivingChanges<Change>(changes: readonly Change[], mode: CrashMode, random: Random): Change[] {
  switch (settle(mode, random)) {
    case 'lost':
      return []
    case 'kept':
      return [...changes]
    case 'prefix':
      return changes.slice(0, Math.floor(random.next() * (changes.length + 1)))
    default:
      return changes.filter(() => random.next() < 0.5)
  }
}
