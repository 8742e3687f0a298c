/**
 * One LMDB file: a database per table of the store, one for long keys, and one record that says up to which index of the log the rest goes.
 *
 * Writes are handed over as *units*, each with the number of the one before it. LMDB's writer is a thread of its own: it takes what has been handed over, puts as many
 * units as there are into one transaction, and syncs. If a transaction fails, a later one may well succeed (a disk that was full for a moment). So every unit but the first of a file
 * asks whether the one before it is there, in the same transaction, and does nothing when it is not: what is in the file is always the beginning of what was written, whole units only.
 * One of very many changes comes in several steps, each as a unit; see staged-changes.ts.
 */
import { behindPrefix, type ByteString, type Table, type TableEntry, TABLES } from '@balsa/kv'
import { BalsaError, invariant } from '@balsa/raft'
import { readKey, writeKey } from './key-encoder.js'
import { lmdbFailure } from './lmdb-errors.js'
import { type KeySpace, MARKER_END, markerOf, placesOf, rootSpace, spaceBehind, TAG_BYTES, WHOLE_KEY_BYTES } from './long-keys.js'
import { NO_MARKER, REMOVED } from './slab.js'
import { Slice } from './slice.js'
import { type Changes, decodeChanges, encodeChanges, endOfPiece, joined, partsOf, pieceOf } from './staged-changes.js'
import { type WriterFile, WriterThread } from './writer-thread.js'

interface Transaction {
  done(): void
}

interface RangeOptions {
  readonly start: string | undefined
  readonly end: string | undefined
  readonly reverse?: boolean
  readonly exclusiveStart?: boolean
  readonly inclusiveEnd?: boolean
  readonly values?: boolean
  readonly transaction?: Transaction
}

interface ReadOptions {
  readonly transaction: Transaction
}

/** A buffer that the library reads into again and again. Its `length` is that of the value, not its own. Without `isGlobal` it is another one. */
interface ReadBuffer extends Uint8Array {
  readonly isGlobal?: boolean
}

/** What is used of the library; its own types leave some of it out. */
interface EngineTable {
  getBinary(key: string, options?: ReadOptions): Uint8Array | undefined
  getBinaryFast(key: string, options?: ReadOptions): ReadBuffer | undefined
  getRange(options: RangeOptions): Iterable<{ readonly key: string; readonly value: Uint8Array }>
  getKeys(options: RangeOptions): Iterable<string>
  put(key: string, value: Uint8Array, options?: { readonly append?: boolean } | number): unknown
  remove(key: string): unknown
  ifVersion(key: string, version: number, run: () => void): Promise<boolean>
  batch(run: () => void): Promise<boolean>
  getStats(): {
    readonly pageSize: number
    readonly treeBranchPageCount: number
    readonly treeLeafPageCount: number
    readonly overflowPages: number
  }
}

interface EngineRoot extends EngineTable {
  openDB(options: object): EngineTable
  useReadTransaction(): Transaction
  resetReadTxn(): void
  close(): Promise<void>
}

interface Engine {
  open(options: object): EngineRoot
}

let engine: Engine | null = null

/** Comes first; loaded only then, so that nobody else pays for it. IO_ERROR (fatal) when there is none for this machine. */
export async function loadEngine(): Promise<void> {
  try {
    engine ??= (await import('lmdb')) as unknown as Engine
  } catch (cause) {
    throw new BalsaError('IO_ERROR', 'the storage engine LMDB cannot be loaded on this machine', {
      cause,
      hint: 'It has prebuilt binaries for Linux, macOS and Windows on x64 and arm64. Install the optional dependencies too (npm ci without --omit=optional).',
    })
  }
}

const keyEncoder = { writeKey, readKey }
const IN_TABLES = { encoding: 'binary', cache: false } as const
const LONG_KEYS = 'longKeys'
const STATE = 'state'
const STATE_KEY = 'applied'
const STAGED = 'staged'
const NUMBER_BYTES = 8
const MAX_DATABASES = 16
/** Steps of a large unit that may wait for the disk: LMDB's JavaScript side sleeps when it has too many changes in hand. */
const MOST_STEPS_UNDER_WAY = 32
/**
 * How much of the list of free pages LMDB has at hand, in entries. As long as it finds no pages in a row in what it has, it takes in more of the list, and moves much of what it has for each entry; and what
 * it has taken in is written again with every transaction. A block of the history wants pages in a row, and after puts to random keys free pages are single ones. With LMDB's own bounds (50,000 and
 * 75,000) this was 40 % of the CPU of transactions of 8192 puts. What is not found in so much comes from the end of the file, and is in a row when it is free again.
 */
const MOST_FREE_TO_LOAD = 8192
const MOST_FREE_TO_RETAIN: number = 2 * MOST_FREE_TO_LOAD
/** Moments that are looked at at the same time: every long range has one. */
const MAX_READERS = 8192

export interface LmdbFileOptions {
  readonly path: string
  /** Nothing is durable before somebody syncs the file: for one that is only being built. */
  readonly noSync?: boolean
  /** Bytes of address space to begin with; it grows by itself. For tests. */
  readonly mapBytes?: number
}

/** Address space, not memory. Large enough that it hardly ever has to grow; on Windows the file would be that large. */
const MAP_BYTES: number = process.platform === 'win32' ? 256 * 1024 * 1024 : 64 * 1024 ** 3

type Visit = (key: ByteString, value: Uint8Array) => boolean

/** How one reads: through the present state, or through one moment. */
export class LmdbView {
  readonly #file: LmdbFile
  readonly #transaction: Transaction | null
  readonly #options: ReadOptions | undefined

  constructor(file: LmdbFile, transaction: Transaction | null) {
    this.#file = file
    this.#transaction = transaction
    this.#options = transaction === null ? undefined : { transaction }
  }

  get(table: Table, key: ByteString): Uint8Array | undefined {
    if (this.#file.isUntouched(table)) return undefined
    try {
      if (key.length <= WHOLE_KEY_BYTES) return this.#read(this.#file.tableOf(table), key)
      const { space, key: place } = placesOf(table, key).end
      return plain(this.#file.databaseOf(space).getBinary(place, this.#options))
    } catch (error) {
      throw lmdbFailure('read', this.#file.path, error)
    }
  }

  #read(table: EngineTable, key: ByteString): Uint8Array | undefined {
    const bytes = table.getBinaryFast(key, this.#options)
    if (bytes === undefined) return undefined
    return bytes.isGlobal === true ? copied(bytes, bytes.length) : plain(table.getBinary(key, this.#options))
  }

  has(table: Table, key: ByteString): boolean {
    if (this.#file.isUntouched(table)) return false
    if (key.length > WHOLE_KEY_BYTES) return this.get(table, key) !== undefined
    try {
      return this.#file.tableOf(table).getBinaryFast(key, this.#options) !== undefined
    } catch (error) {
      throw lmdbFailure('read', this.#file.path, error)
    }
  }

  /** As TableReader.page; without `withValues` all values are empty. */
  entries(table: Table, from: ByteString, to: ByteString | null, reverse: boolean, limit: number, withValues: boolean): TableEntry[] {
    const found: TableEntry[] = []
    if ((to !== null && from >= to) || this.#file.isUntouched(table)) return found
    const visit: Visit = (key, value) => {
      found.push({ key, value })
      return found.length < limit
    }
    try {
      this.#walk(rootSpace(table), '', from, to, reverse, withValues, visit)
    } catch (error) {
      throw lmdbFailure('read', this.#file.path, error)
    }
    return found
  }

  /** False = `visit` has enough. `from` and `to` are what is left of the bounds in this space. */
  #walk(
    space: KeySpace,
    prefix: ByteString,
    from: ByteString,
    to: ByteString | null,
    reverse: boolean,
    withValues: boolean,
    visit: Visit,
  ): boolean {
    const { tag, room, table } = space
    const database = this.#file.databaseOf(space)
    const options = { ...boundsIn(space, from, to, reverse), ...this.#options }
    const behind = (piece: ByteString): boolean => {
      const childFrom = from.length > room && from.startsWith(piece) ? from.slice(room) : ''
      const childTo = to !== null && to.length > room && to.startsWith(piece) ? to.slice(room) : null
      return this.#walk(spaceBehind(table, prefix + piece), prefix + piece, childFrom, childTo, reverse, withValues, visit)
    }
    const step = (engineKey: string, value: Uint8Array): boolean => {
      const piece = tag === '' ? engineKey : engineKey.slice(TAG_BYTES)
      return piece.length > room ? behind(piece.slice(0, room)) : visit(prefix === '' ? piece : prefix + piece, value)
    }
    if (withValues) {
      for (const { key, value } of database.getRange(options)) if (!step(key, plain(value))) return false
    } else {
      for (const key of database.getKeys(options)) if (!step(key, NOTHING)) return false
    }
    return true
  }

  close(): void {
    this.#transaction?.done()
  }
}

const NOTHING = new Uint8Array(0)

/** The range in the engine's own keys. Markers at the ends are in it: what is behind them is looked at there. */
function boundsIn({ tag, room }: KeySpace, from: ByteString, to: ByteString | null, reverse: boolean): RangeOptions {
  const bound = (key: ByteString): string => tag + (key.length <= room ? key : key.slice(0, room) + MARKER_END)
  const low = from === '' && tag === '' ? undefined : bound(from)
  const high = to === null ? (behindPrefix(tag) ?? undefined) : bound(to)
  const highIsIn = to !== null && to.length > room
  return reverse
    ? { start: high, end: low, reverse, exclusiveStart: high !== undefined && !highIsIn, inclusiveEnd: true }
    : { start: low, end: high, inclusiveEnd: highIsIn }
}

/** Small values that are read share chunks: memory of its own for each costs more than to read it. */
const CHUNK_BYTES = 8192
const LARGE_VALUE_BYTES = 1024
let chunk = NOTHING
let chunkUsed = 0

function copied(bytes: Uint8Array, length: number): Uint8Array {
  if (length > LARGE_VALUE_BYTES) {
    const copy = new Uint8Array(length)
    copy.set(bytes.subarray(0, length))
    return copy
  }
  if (chunkUsed + length > chunk.length) {
    chunk = new Uint8Array(CHUNK_BYTES)
    chunkUsed = 0
  }
  chunk.set(bytes.subarray(0, length), chunkUsed)
  chunkUsed += length
  return chunk.subarray(chunkUsed - length, chunkUsed)
}

/** The library answers with buffers, of which `slice` does not copy. */
function plain(bytes: Uint8Array): Uint8Array
function plain(bytes: Uint8Array | undefined): Uint8Array | undefined
function plain(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes === undefined ? undefined : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}

export class LmdbFile {
  readonly path: string
  /** Log index of the newest unit that was in the file when it was opened. */
  readonly appliedIndex: number
  /** Reads what is committed. */
  readonly view: LmdbView
  readonly #root: EngineRoot
  readonly #tables: Readonly<Record<Table, EngineTable>>
  readonly #longKeys: EngineTable
  readonly #state: EngineTable
  readonly #staged: EngineTable
  readonly #options: WriterFile['options']
  #writer: WriterThread | null = null
  /** Number of the newest unit that was handed over. */
  #unit = 0
  /** Log index of the newest unit that was handed over. */
  #newestIndex: number
  /** What was put aside is valid, and was not carried out to its end before the file was opened. */
  #isStaged: boolean
  #isNew: boolean
  /** Tables that never held anything since the file was opened: some are read all the time and hardly ever used. */
  #untouched: Set<Table> = new Set()
  #closed: Promise<void> | null = null

  private constructor(options: WriterFile['options']) {
    invariant(engine !== null, 'the engine is loaded before a file is opened')
    const root = engine.open({ ...options, keyEncoder })
    const inTables = { ...IN_TABLES, keyEncoder }
    this.path = options.path
    this.#options = options
    this.#root = root
    this.#tables = Object.fromEntries(TABLES.map((name) => [name, root.openDB({ ...inTables, name })])) as Record<Table, EngineTable>
    this.#longKeys = root.openDB({ ...inTables, name: LONG_KEYS })
    this.#state = root.openDB({ ...inTables, name: STATE, useVersions: true })
    this.#staged = root.openDB({ ...inTables, name: STAGED })
    this.view = new LmdbView(this, null)
    this.#untouched = new Set(TABLES.filter((table) => this.view.entries(table, '', null, false, 1, false).length === 0))
    const state = this.#state.getBinary(STATE_KEY)
    this.#isNew = state === undefined
    const numbers = state === undefined ? { appliedIndex: 0, unit: 0, isStaged: false } : decodeState(state)
    this.appliedIndex = numbers.appliedIndex
    this.#newestIndex = numbers.appliedIndex
    this.#unit = numbers.unit
    this.#isStaged = numbers.isStaged
  }

  /** Makes the file when it is missing. Throws IO_ERROR, DISK_FULL, CORRUPT (fatal). */
  static open({ path, noSync = false, mapBytes = MAP_BYTES }: LmdbFileOptions): LmdbFile {
    try {
      return new LmdbFile({
        path,
        noSubdir: true,
        maxDbs: MAX_DATABASES,
        maxReaders: MAX_READERS,
        mapSize: mapBytes,
        // A promise of the library then means durable, and the order of transactions on the disk is theirs.
        overlappingSync: false,
        noSync,
        // A random read needs one page; reading ahead only pushes others out.
        noReadAhead: true,
        maxFreeSpaceToLoad: MOST_FREE_TO_LOAD,
        maxFreeSpaceToRetain: MOST_FREE_TO_RETAIN,
        eventTurnBatching: false,
        ...IN_TABLES,
      })
    } catch (error) {
      throw lmdbFailure('open', path, error)
    }
  }

  isUntouched(table: Table): boolean {
    return this.#untouched.has(table)
  }

  tableOf(table: Table): EngineTable {
    return this.#tables[table]
  }

  databaseOf({ table, tag }: KeySpace): EngineTable {
    return tag === '' ? this.#tables[table] : this.#longKeys
  }

  /** One moment, until it is closed. */
  hold(): LmdbView {
    try {
      return new LmdbView(this, this.#root.useReadTransaction())
    } catch (error) {
      throw lmdbFailure('read', this.path, error)
    }
  }

  /** Reads that begin from here on see everything that is committed. */
  renew(): void {
    this.#root.resetReadTxn()
  }

  /**
   * Hands over changes that become visible and durable together, with their index. Resolves when they are durable. Only one may fail: nothing that comes later takes
   * effect.
   */
  append(changes: Changes, appliedIndex: number): Promise<void> {
    return this.#step(appliedIndex, false, () => this.#put(changes))
  }

  /**
   * As `append`, for many thousands of changes that were packed (packed-changes.ts), by a thread of its own. Nothing else is handed over before it is durable.
   */
  async appendPacked(pieces: readonly Uint8Array[], tables: ReadonlySet<Table>, appliedIndex: number): Promise<void> {
    this.#writer ??= new WriterThread({ options: this.#options, inTables: IN_TABLES, stateName: STATE, stateKey: STATE_KEY })
    for (const table of tables) this.#untouched.delete(table)
    this.#unit += 1
    this.#newestIndex = appliedIndex
    this.#isNew = false
    try {
      await this.#writer.write({ pieces, state: encodeState(appliedIndex, this.#unit), number: this.#unit })
    } catch (error) {
      throw lmdbFailure('write', this.path, error)
    }
  }

  /**
   * As `append`, for very many changes: over many turns of the event loop, between which nothing else is handed over. When `goOn` says no it is left where it is: either nothing of it shows when the file
   * is opened again, or `recover` does the rest. Answers whether all of it is durable.
   */
  async appendLarge(changes: Changes, appliedIndex: number, goOn: () => boolean): Promise<boolean> {
    const work = new Steps(goOn)
    const before = this.#newestIndex
    const pieces: { readonly from: number; readonly to: number; readonly keys: readonly string[] }[] = []
    for (let from = 0; from < changes.keys.length; ) {
      const to = endOfPiece(changes, from)
      const parts = partsOf(pieces.length, encodeChanges(changes, from, to))
      const putAside = (): void => {
        for (const { key, value } of parts) this.#staged.put(key, value)
      }
      if (!(await work.next(() => this.#step(before, false, putAside)))) return false
      pieces.push({ from, to, keys: parts.map(({ key }) => key) })
      from = to
    }
    if (!(await work.next(() => this.#step(appliedIndex, true, () => undefined)))) return false
    for (const [at, { from, to, keys }] of pieces.entries()) {
      const carryOut = (): void => {
        this.#put(changes, false, from, to)
        for (const key of keys) this.#staged.remove(key)
      }
      if (!(await work.next(() => this.#step(appliedIndex, at < pieces.length - 1, carryOut)))) return false
    }
    await work.end()
    return true
  }

  /** Comes before anything else is read or written: ends what a large unit had begun. */
  async recover(): Promise<void> {
    const pieces = new Map<string, string[]>()
    for (const key of this.#staged.getKeys({ start: undefined, end: undefined }))
      pieces.set(pieceOf(key), [...(pieces.get(pieceOf(key)) ?? []), key])
    if (pieces.size === 0 && !this.#isStaged) return
    const work = new Steps(() => true)
    let left = pieces.size
    for (const keys of pieces.values()) {
      const changes = this.#isStaged ? this.#readStaged(keys) : null
      const carryOut = (): void => {
        if (changes !== null) this.#put(changes)
        for (const key of keys) this.#staged.remove(key)
      }
      left -= 1
      const isStaged = this.#isStaged && left > 0
      await work.next(() => this.#step(this.appliedIndex, isStaged, carryOut))
    }
    await work.end()
    this.#isStaged = false
    this.renew()
  }

  #readStaged(keys: readonly string[]): Changes {
    try {
      return decodeChanges(joined(keys.map((key) => plain(this.#staged.getBinary(key)) ?? NOTHING)))
    } catch (cause) {
      throw new BalsaError('CORRUPT', `what was put aside in ${this.path} cannot be read`, { cause })
    }
  }

  #step(appliedIndex: number, isStaged: boolean, change: () => void): Promise<void> {
    const before = this.#unit
    const number = before + 1
    this.#unit = number
    this.#newestIndex = appliedIndex
    const run = (): void => {
      change()
      this.#state.put(STATE_KEY, encodeState(appliedIndex, number, isStaged), number)
    }
    // The very first unit has none before it. (Nothing can come between: it is alone until it is durable.)
    const isFirst = this.#isNew
    this.#isNew = false
    const done = isFirst ? this.#state.batch(run) : this.#state.ifVersion(STATE_KEY, before, run)
    return this.#outcome(done)
  }

  /** Changes for a file that is being built: in any transaction, and if it fails the file is given up. `ascending`: behind everything that is in their tables. */
  load(changes: Changes, ascending: boolean): Promise<void> {
    return this.#outcome(this.#state.batch(() => this.#put(changes, ascending)))
  }

  async #outcome(done: Promise<boolean>): Promise<void> {
    let isDone: boolean
    try {
      isDone = await done
    } catch (error) {
      throw lmdbFailure('write', this.path, await causeOf(error))
    }
    if (!isDone) throw new BalsaError('IO_ERROR', `write ${this.path}: what was to be written before has failed`)
  }

  #put({ slab, tables, keys, places }: Changes, ascending = false, from = 0, to = keys.length): void {
    for (let at = from; at < to; at++) {
      const table = tables[at] as Table
      const key = keys[at] as ByteString
      const place = places[at] as number
      this.#untouched.delete(table)
      if (place === NO_MARKER) this.#removeMarker(table, key)
      else if (key.length > WHOLE_KEY_BYTES) this.#putLong(table, key, place === REMOVED ? null : slab.handOut(place))
      else if (place === REMOVED) this.#tables[table].remove(key)
      else if (ascending) this.#append(this.#tables[table], key, slab.handOut(place))
      else this.#tables[table].put(key, slab.handOut(place))
    }
  }

  #append(table: EngineTable, key: ByteString, value: Uint8Array): void {
    // A promise of its own, unlike other puts. What it says is in the one of the whole, too.
    const done = table.put(key, value, { append: true })
    if (done instanceof Promise) done.catch(() => undefined)
  }

  #putLong(table: Table, key: ByteString, value: Uint8Array | null): void {
    const { markers, end } = placesOf(table, key)
    if (value === null) {
      this.databaseOf(end.space).remove(end.key)
      return
    }
    for (const marker of markers) this.databaseOf(marker.space).put(marker.key, NOTHING)
    this.databaseOf(end.space).put(end.key, value)
  }

  #removeMarker(table: Table, prefix: ByteString): void {
    const { space, key } = markerOf(table, prefix)
    this.databaseOf(space).remove(key)
  }

  get pageBytes(): number {
    return this.#state.getStats().pageSize
  }

  /** Log index of the newest unit that is committed. To be asked while nothing is being written. */
  get committedIndex(): number {
    const state = this.#state.getBinary(STATE_KEY)
    return state === undefined ? 0 : decodeState(state).appliedIndex
  }

  /** Bytes of the pages that hold something. */
  get usedBytes(): number {
    let bytes = 0
    for (const database of [...Object.values(this.#tables), this.#longKeys, this.#state, this.#staged]) {
      const { pageSize, treeBranchPageCount, treeLeafPageCount, overflowPages } = database.getStats()
      bytes += pageSize * (treeBranchPageCount + treeLeafPageCount + overflowPages)
    }
    return bytes
  }

  /** Waits for what was handed over. May be called again. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    await this.#writer?.close()
    await this.#root.close()
  }
}

/** Steps of one piece of work, in slices, not too many of them on their way to the disk. */
class Steps {
  readonly #goOn: () => boolean
  readonly #slice = new Slice()
  readonly #underWay: Promise<void>[] = []

  constructor(goOn: () => boolean) {
    this.#goOn = goOn
  }

  /** False = no more. */
  async next(step: () => Promise<void>): Promise<boolean> {
    if (!this.#goOn()) {
      await this.end()
      return false
    }
    const done = step()
    // Waited for here or in the end; until then a failure must not count as unhandled.
    done.catch(() => undefined)
    this.#underWay.push(done)
    if (this.#underWay.length > MOST_STEPS_UNDER_WAY) await this.#underWay.shift()
    if (this.#slice.isOver) await this.#slice.next()
    return true
  }

  async end(): Promise<void> {
    await Promise.all(this.#underWay)
  }
}

/** The third number is there only when it is not 0: what was put aside is valid. */
function encodeState(appliedIndex: number, unit: number, isStaged = false): Uint8Array {
  const bytes = Buffer.alloc((isStaged ? 3 : 2) * NUMBER_BYTES)
  bytes.writeBigUInt64LE(BigInt(appliedIndex), 0)
  bytes.writeBigUInt64LE(BigInt(unit), NUMBER_BYTES)
  if (isStaged) bytes.writeBigUInt64LE(1n, 2 * NUMBER_BYTES)
  return bytes
}

function decodeState(bytes: Uint8Array): { readonly appliedIndex: number; readonly unit: number; readonly isStaged: boolean } {
  const view = Buffer.from(bytes)
  return {
    appliedIndex: Number(view.readBigUInt64LE(0)),
    unit: Number(view.readBigUInt64LE(NUMBER_BYTES)),
    isStaged: view.length > 2 * NUMBER_BYTES,
  }
}

/** The library rejects with an error that holds a promise that rejects with the reason. */
async function causeOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !('commitError' in error)) return error
  try {
    await error.commitError
    return error
  } catch (cause) {
    return cause
  }
}
