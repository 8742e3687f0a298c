/**
 * The tables of the store on disk, in LMDB.
 *
 * A batch changes tables in memory (a {@link Generation}) and is visible at once. When a generation has gathered enough, or has waited long enough, it goes to LMDB's thread, batch by batch, while
 * the next one gathers; when all of it is durable it is dropped, and the file shows what it showed. So there are two over the file, or a few more behind a long batch. What reads see is the same whether the file
 * has taken up nothing, a part or all of a generation that lies over it, because that says of each key wholly what it is.
 *
 * A batch over several turns has a generation of its own, over which only it looks. When it is committed, that takes the place of the one that gathers, which follows the others to the disk.
 */
import {
  type Backend,
  type BackendReplacement,
  type BackendSnapshot,
  type BackendTransfer,
  behindPrefix,
  type ByteString,
  demandEntry,
  type OpenBatch,
  ReaderSnapshot,
  ReadThrough,
  type Table,
  type WriteBatch,
} from '@balsa/kv'
import { BalsaError, type FileSystem, type IncomingState, invariant, type SharedState } from '@balsa/raft'
import { CurrentFile } from './current-file.js'
import { Generation } from './generation.js'
import { HandOver } from './hand-over.js'
import { LayeredReader } from './layered-reader.js'
import { LmdbFile, loadEngine } from './lmdb-file.js'
import { LmdbReplacement } from './lmdb-replacement.js'
import { IncomingFile, shareFile } from './lmdb-transfer.js'
import { prefixesOf, WHOLE_KEY_BYTES } from './long-keys.js'
import { NO_MARKER } from './slab.js'
import { breathe, Slice } from './slice.js'

export interface LmdbBackendOptions {
  readonly fileSystem: FileSystem
  /** Made when it is missing. Nobody else may use it at the same time. */
  readonly directory: string
  /** A batch goes to the disk after this long at the latest, in ms. The log has it meanwhile. */
  readonly maxDelayMs?: number
  /** Bytes of address space that a file begins with; it grows by itself. For tests. */
  readonly mapBytes?: number
  /** A unit of more changes is handed to LMDB in many steps. For tests. */
  readonly largeUnitChanges?: number
  /** A generation of so many changes is written by a thread of its own. For tests. */
  readonly threadChanges?: number
}

const MAX_DELAY_MS = 1000
/** More of them are not handed over in one turn: some ms. */
const LARGE_UNIT_CHANGES = 16_384
/** A generation with so much in it goes to the disk. The more, the fewer pages are written twice, above all those that lead to others; and the more is applied again after a crash. */
const FULL_CHANGES = 65_536
const FULL_BYTES = 32 * 1024 * 1024
/** Batches wait when the disk is so much behind. */
const MOST_CHANGES: number = 2 * FULL_CHANGES
const MOST_BYTES: number = 2 * FULL_BYTES
/** A generation of so many changes is worth a thread of its own. */
const THREAD_CHANGES = 4096

/** A data file and how many look at it. */
interface OpenFile {
  readonly file: LmdbFile
  readonly name: string
  holders: number
  replaced: boolean
}

export class LmdbBackend extends ReadThrough implements Backend {
  readonly persistent = true
  /** Resolves with the reason when the disk has failed, so that nobody has to wait for the next write to learn of it; never when it does not. DISK_FULL, IO_ERROR, CORRUPT (fatal). */
  readonly failed: Promise<BalsaError>
  #tellFailure: (error: BalsaError) => void = () => undefined
  readonly transfer: BackendTransfer = {
    share: () => this.#share(),
    receive: (appliedIndex) => this.#receive(appliedIndex),
    adopt: (appliedIndex) => this.#adopt(appliedIndex),
  }
  readonly #fileSystem: FileSystem
  readonly #current: CurrentFile
  readonly #maxDelayMs: number
  readonly #mapBytes: number | undefined
  readonly #largeUnitChanges: number
  readonly #threadChanges: number
  #live: OpenFile
  #gathering = new Generation()
  /** Between the gathering one and the one on its way, the oldest first. */
  #sealed: Generation[] = []
  /** Of a batch that nobody else sees yet. */
  #open: { readonly generation: Generation; reader: LayeredReader } | null = null
  #committing: Generation | null = null
  #adopting = false
  #reader: LayeredReader
  #appliedIndex: number
  #durableIndex: number
  #writing = false
  #broken: unknown = null
  /** The disk has failed. */
  #failure: BalsaError | null = null
  #replacement: LmdbReplacement | null = null
  #timer: NodeJS.Timeout | null = null
  #limit = Number.POSITIVE_INFINITY
  readonly #limited: (() => void)[] = []
  #waiting: { readonly resolve: () => void; readonly reject: (error: unknown) => void }[] = []
  #closing: Promise<void> | null = null
  #committed: Promise<void> = Promise.resolve()
  #removing: Promise<unknown> = Promise.resolve()
  readonly #snapshots = new Set<ReaderSnapshot>()
  /** Those who wait for a moment when nothing is being written to the file. Until they are done nothing is. */
  #atQuiet: { readonly run: () => Promise<void>; readonly reject: (error: unknown) => void }[] = []
  #quiet: Promise<void> | null = null
  #incoming: IncomingFile | null = null
  readonly #shared = new Set<SharedState>()

  private constructor(current: CurrentFile, file: LmdbFile, name: string, options: LmdbBackendOptions) {
    super()
    this.failed = new Promise((resolve) => {
      this.#tellFailure = resolve
    })
    this.#current = current
    this.#fileSystem = options.fileSystem
    this.#maxDelayMs = options.maxDelayMs ?? MAX_DELAY_MS
    this.#mapBytes = options.mapBytes
    this.#largeUnitChanges = options.largeUnitChanges ?? LARGE_UNIT_CHANGES
    this.#threadChanges = options.threadChanges ?? THREAD_CHANGES
    this.#live = { file, name, holders: 1, replaced: false }
    this.#appliedIndex = file.appliedIndex
    this.#durableIndex = file.appliedIndex
    this.#reader = this.#layers()
  }

  /** Opens what is in the directory, or an empty store. Throws IO_ERROR, DISK_FULL, CORRUPT (fatal). */
  static async open(options: LmdbBackendOptions): Promise<LmdbBackend> {
    const { fileSystem, directory, mapBytes } = options
    await loadEngine()
    const current = new CurrentFile(fileSystem, directory)
    const found = await current.find()
    if (found !== null) await current.check(found)
    const name = found ?? current.next()
    const file = LmdbFile.open({ path: current.path(name), ...(mapBytes === undefined ? {} : { mapBytes }) })
    try {
      await file.recover()
      if (found === null) {
        await current.sync(name)
        await current.point(name)
      }
      return new LmdbBackend(current, file, name, options)
    } catch (error) {
      await file.close()
      throw error
    }
  }

  get appliedIndex(): number {
    return this.#appliedIndex
  }

  get durableIndex(): number {
    return this.#durableIndex
  }

  get usedBytes(): number {
    this.#usable()
    return this.#visible.reduce((bytes, generation) => bytes + generation.bytes, this.#live.file.usedBytes)
  }

  protected reader(): LayeredReader {
    return this.#usable()
  }

  write<Result>(appliedIndex: number, run: (batch: WriteBatch) => Result): Result {
    const reader = this.#usable()
    this.#demandNext(appliedIndex)
    this.#writing = true
    try {
      this.#gathering.begin(appliedIndex, this.#limit)
      const result = run(new LmdbBatch(() => reader, this.#gathering))
      this.#appliedIndex = appliedIndex
      this.#consider()
      return result
    } catch (error) {
      this.#broken = error
      throw error
    } finally {
      this.#writing = false
    }
  }

  begin(appliedIndex: number): OpenBatch {
    this.#usable()
    this.#demandNext(appliedIndex)
    // Somebody will want it in order: that must not be made of very many keys at once.
    const generation = new Generation(null, { isOrdered: true })
    generation.begin(appliedIndex, Number.POSITIVE_INFINITY)
    const open = { generation, reader: this.#layers(generation) }
    this.#open = open
    const readerNow = (): LayeredReader => {
      this.#usable()
      return open.reader
    }
    return new LmdbOpenBatch(readerNow, generation, () => {
      this.#usable()
      invariant(this.#open === open, 'an open batch is committed once')
      this.#open = null
      if (!this.#gathering.isEmpty) this.#sealed.push(this.#gathering)
      this.#gathering = generation
      this.#appliedIndex = appliedIndex
      this.#reader = this.#layers()
      this.#consider()
    })
  }

  ready(): Promise<void> | null {
    this.#usable()
    const { changes, bytes } = this.#gathering
    return changes < MOST_CHANGES && bytes < MOST_BYTES && this.#sealed.length === 0 ? null : this.#wait()
  }

  limitDurability(index: number): void {
    this.#usable()
    this.#limit = index
    for (const wake of this.#limited.splice(0)) wake()
  }

  snapshot(): BackendSnapshot {
    this.#usable()
    invariant(!this.#writing, 'no snapshot in the middle of a batch')
    const overlays = this.#visible.map((generation) => generation.cut())
    const live = this.#live
    const view = live.file.hold()
    live.holders += 1
    const snapshot = new ReaderSnapshot(this.#appliedIndex, new LayeredReader(overlays, view), () => {
      view.close()
      this.#snapshots.delete(snapshot)
      this.#release(live)
    })
    this.#snapshots.add(snapshot)
    return snapshot
  }

  async flush(): Promise<void> {
    this.#usable()
    const goal = this.#visible.find((generation) => !generation.isEmpty)
    if (goal === undefined) return
    this.#commitSoon(0)
    while (this.#visible.includes(goal)) await this.#wait()
  }

  replace(): BackendReplacement {
    this.#usable()
    invariant(this.#replacement === null, 'one replacement at a time')
    const replacement = new LmdbReplacement({
      current: this.#current,
      name: this.#current.next(),
      mapBytes: this.#mapBytes,
      onEnd: (file, name) => this.#replaced(file, name),
      onFail: (error) => this.#failed(error),
    })
    this.#replacement = replacement
    return replacement
  }

  async #share(): Promise<SharedState> {
    this.#usable()
    return new Promise<SharedState>((resolve, reject) => {
      this.#atQuiet.push({ run: () => this.#shareNow().then(resolve, reject), reject })
      this.#commitSoon(0)
      this.#considerQuiet()
    })
  }

  async #shareNow(): Promise<SharedState> {
    const live = this.#live
    live.holders += 1
    const shared = await shareFile(this.#fileSystem, live.file, () => {
      this.#shared.delete(shared)
      this.#release(live)
    })
    this.#shared.add(shared)
    return shared
  }

  async #receive(appliedIndex: number): Promise<IncomingState> {
    this.#usable()
    await this.#incoming?.abort()
    this.#incoming = await IncomingFile.create(this.#fileSystem, this.#current, appliedIndex, () => (this.#incoming = null))
    return this.#incoming
  }

  async #adopt(appliedIndex: number): Promise<boolean> {
    this.#usable()
    const { staged } = this.#current
    if (staged?.index !== appliedIndex || this.#adopting) return false
    this.#adopting = true
    try {
      await this.#adoptFile(staged.name, appliedIndex)
    } finally {
      this.#adopting = false
    }
    return true
  }

  async #adoptFile(name: string, appliedIndex: number): Promise<void> {
    const file = LmdbFile.open({ path: this.#current.path(name), ...(this.#mapBytes === undefined ? {} : { mapBytes: this.#mapBytes }) })
    try {
      invariant(file.appliedIndex === appliedIndex, 'what was received is found as it was', { appliedIndex })
      await this.#current.point(name)
      await this.#current.unstage({ keepFile: true })
    } catch (error) {
      // As in a replacement: what CURRENT names now is not certain any more.
      await file.close()
      this.#failed(error)
      throw error
    }
    await this.#replaced(file, name)
  }

  /** What was received, and then came from the log after all. */
  #dropStaged(): void {
    const { staged } = this.#current
    // While it is adopted, CURRENT may name it already: the end of an older commit must not remove it.
    if (staged === null || this.#adopting || staged.index > this.#durableIndex) return
    const dropped = this.#current.unstage({ keepFile: false }).catch(() => undefined)
    this.#removing = Promise.all([this.#removing, dropped])
  }

  /** Lets those have their turn who wait for a moment when nothing is being written. */
  #considerQuiet(): void {
    if (this.#quiet !== null || this.#committing !== null || this.#atQuiet.length === 0 || this.#failure !== null) return
    this.#quiet = this.#runQuiet()
  }

  async #runQuiet(): Promise<void> {
    for (let work = this.#atQuiet.shift(); work !== undefined; work = this.#atQuiet.shift()) await work.run()
    this.#quiet = null
    this.#goOn()
  }

  /** `flush: false` leaves it as the end of the process would: for tests. */
  close({ flush = true }: { readonly flush?: boolean } = {}): Promise<void> {
    this.#closing ??= this.#close(flush)
    return this.#closing
  }

  async #close(flush: boolean): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    const usable = this.#broken === null && this.#failure === null
    this.#failure ??= new BalsaError('STOPPED', 'the backend is closed')
    for (const wake of this.#limited.splice(0)) wake()
    await this.#replacement?.abort()
    // What is left of it goes with the next start.
    await this.#incoming?.abort().catch(() => undefined)
    await this.#quiet
    await this.#committed
    const { file } = this.#live
    try {
      // What was being written must be there as a whole before something follows.
      if (flush && usable && this.#committing === null) await this.#handRest(file)
    } finally {
      for (const snapshot of [...this.#snapshots, ...this.#shared]) snapshot.close()
      await this.#removing
      await file.close()
      this.#settle()
    }
  }

  /** One after the other, as far as the log has it. */
  async #handRest(file: LmdbFile): Promise<void> {
    for (const generation of this.#visible.toReversed()) {
      const last = generation.units.at(-1)
      if (last === undefined) continue
      this.#durableIndex = await this.#hand(generation, file, () => false)
      if (this.#durableIndex < last.appliedIndex) return
    }
  }

  /** What is next for the disk, when nothing is on its way. */
  #goOn(): void {
    if (this.#waiting.length > 0) this.#commitSoon(0)
    else if (this.#sealed.length > 0 || !this.#gathering.isEmpty) this.#consider()
  }

  /** Whether it is time for the disk. */
  #consider(): void {
    const { changes, bytes } = this.#gathering
    const isTime = changes >= FULL_CHANGES || bytes >= FULL_BYTES || this.#sealed.length > 0
    this.#commitSoon(isTime ? 0 : this.#maxDelayMs)
  }

  #commitSoon(delayMs: number): void {
    if (this.#committing !== null) return
    if (delayMs === 0) {
      if (this.#timer !== null) clearTimeout(this.#timer)
      this.#timer = null
      this.#begin()
    } else {
      this.#timer ??= setTimeout(() => {
        this.#timer = null
        this.#begin()
      }, delayMs).unref()
    }
  }

  #begin(): void {
    if (this.#committing !== null || this.#quiet !== null) return
    if (this.#closing !== null || this.#failure !== null) return
    const sealed = this.#sealed.shift()
    const generation = sealed ?? this.#gathering
    if (generation.isEmpty) return
    this.#committing = generation
    if (sealed === undefined) this.#gathering = new Generation(generation)
    this.#relayer()
    this.#committed = this.#commit(generation)
  }

  async #commit(generation: Generation): Promise<void> {
    const { file } = this.#live
    try {
      const durableIndex = await this.#hand(generation, file, () => this.#closing === null && this.#committing === generation)
      // A replacement has come instead: what was written before it counts for nothing.
      if (this.#committing !== generation) return
      file.renew()
      this.#durableIndex = durableIndex
      if (durableIndex < (generation.units.at(-1)?.appliedIndex ?? 0)) return
      this.#committing = null
      this.#relayer()
      this.#dropStaged()
      this.#considerQuiet()
      this.#goOn()
    } catch (error) {
      this.#failed(error)
      return
    }
    this.#settle()
  }

  #failed(error: unknown): void {
    this.#failure ??= error instanceof BalsaError ? error : new BalsaError('IO_ERROR', String(error), { cause: error })
    if (this.#closing === null) this.#tellFailure(this.#failure)
    this.#settle()
  }

  /**
   * Unit by unit, so that nobody waits for long. Resolves to the index of the last one, when all are durable. When it is not wanted any more, and the rest may not become durable, that is left
   * to the log: then the index is a lower one, and nothing may follow.
   */
  async #hand(generation: Generation, file: LmdbFile, isWanted: () => boolean): Promise<number> {
    let durableIndex = file.appliedIndex
    const slice = new Slice()
    const handOver = new HandOver(file, generation.changes >= this.#threadChanges)
    for (const unit of generation.units) {
      if (unit.appliedIndex > this.#limit) await handOver.settle()
      while (unit.appliedIndex > this.#limit && isWanted()) await new Promise<void>((resolve) => this.#limited.push(resolve))
      if (unit.appliedIndex > this.#limit) break
      if (unit.keys.length > this.#largeUnitChanges) {
        await handOver.settle()
        // A replacement that has come instead needs none of it.
        if (!(await file.appendLarge(unit, unit.appliedIndex, () => file === this.#live.file))) break
        durableIndex = unit.appliedIndex
        continue
      }
      durableIndex = unit.appliedIndex
      await handOver.add(unit)
      if (slice.isOver) await slice.next()
    }
    await handOver.settle()
    // Every promise of the library is in: what it does behind its own back in this turn is done, too.
    await breathe()
    return durableIndex
  }

  #wait(): Promise<void> {
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  /** Something has changed for those who wait. */
  #settle(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const { resolve, reject } of waiting) {
      if (this.#failure === null) resolve()
      else reject(this.#failure)
    }
    if (this.#failure !== null) for (const { reject } of this.#atQuiet.splice(0)) reject(this.#failure)
  }

  /** What lies over the file, the newest first. */
  get #visible(): readonly Generation[] {
    const older = this.#sealed.length === 0 ? [] : this.#sealed.toReversed()
    return this.#committing === null ? [this.#gathering, ...older] : [this.#gathering, ...older, this.#committing]
  }

  #layers(...above: readonly Generation[]): LayeredReader {
    return new LayeredReader([...above, ...this.#visible], this.#live.file.view)
  }

  #relayer(): void {
    this.#reader = this.#layers()
    if (this.#open !== null) this.#open.reader = this.#layers(this.#open.generation)
  }

  async #replaced(file: LmdbFile | null, name: string): Promise<void> {
    this.#replacement = null
    if (file === null) return
    if (this.#closing !== null) return file.close()
    invariant(!this.#writing && this.#open === null, 'no replacement in the middle of a batch')
    const old = this.#live
    const committed = this.#committed
    this.#live = { file, name, holders: 1, replaced: false }
    this.#gathering = new Generation()
    this.#sealed = []
    this.#committing = null
    for (const wake of this.#limited.splice(0)) wake()
    this.#reader = this.#layers()
    this.#appliedIndex = file.appliedIndex
    this.#durableIndex = file.appliedIndex
    old.replaced = true
    this.#removing = Promise.all([this.#removing, committed.then(() => this.#release(old))])
    this.#considerQuiet()
    this.#settle()
  }

  /** The last one who looks at a replaced file closes and removes it. If that fails, the next start does. */
  #release(open: OpenFile): void {
    open.holders -= 1
    if (open.holders > 0 || !open.replaced) return
    const removed = open.file
      .close()
      .then(() => this.#current.remove(open.name))
      .catch(() => undefined)
    this.#removing = Promise.all([this.#removing, removed])
  }

  #demandNext(appliedIndex: number): void {
    invariant(!this.#writing && this.#open === null, 'one batch at a time')
    invariant(appliedIndex >= this.#appliedIndex, 'the applied index never goes down', { appliedIndex, from: this.#appliedIndex })
  }

  #usable(): LayeredReader {
    if (this.#closing !== null) throw new BalsaError('STOPPED', 'the backend is closed')
    if (this.#broken !== null) throw new BalsaError('STATE_MACHINE_FAILED', 'a batch has failed half-way', { cause: this.#broken })
    if (this.#failure !== null) throw this.#failure
    return this.#reader
  }
}

class LmdbBatch extends ReadThrough implements WriteBatch {
  protected readonly reader: () => LayeredReader
  readonly #generation: Generation

  constructor(reader: () => LayeredReader, generation: Generation) {
    super()
    this.reader = reader
    this.#generation = generation
  }

  put(table: Table, key: ByteString, value: Uint8Array): void {
    demandEntry(key, value)
    this.#generation.set(table, key, value)
  }

  delete(table: Table, key: ByteString): boolean {
    if (!this.reader().has(table, key)) return false
    this.#generation.set(table, key, null)
    if (key.length > WHOLE_KEY_BYTES) this.#dropMarkers(table, key)
    return true
  }

  /** Markers behind which nothing is left. */
  #dropMarkers(table: Table, key: ByteString): void {
    for (const prefix of prefixesOf(key)) {
      const range = { from: `${prefix}\0`, to: behindPrefix(prefix) }
      if (this.reader().keys(table, range, 1).length === 0) this.#generation.note(table, prefix, NO_MARKER)
    }
  }
}

class LmdbOpenBatch extends LmdbBatch implements OpenBatch {
  readonly commit: () => void

  constructor(reader: () => LayeredReader, generation: Generation, commit: () => void) {
    super(reader, generation)
    this.commit = commit
  }
}
