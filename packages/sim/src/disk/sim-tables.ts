import {
  type Backend,
  type BackendReplacement,
  type BackendSnapshot,
  type BackendTransfer,
  type ByteString,
  keyFromString,
  keyToString,
  MemoryBackend,
  type OpenBatch,
  type Table,
  type TableEntry,
  type TableRange,
  type TableReader,
  TABLES,
  type WriteBatch,
} from '@balsa/kv'
import { ByteReader, ByteWriter, type IncomingState, type SharedState } from '@balsa/raft'
import type { DiskPort } from './disk-port.js'
import { ioError } from './sim-disk.js'

const PATH = 'tables'
/** Entries that are copied at once when a state is opened. */
const PAGE = 1000
/** Batches that may wait for the disk before the next one has to. */
const MAX_WAITING_BATCHES = 20

/** What the disk of a member holds of its tables: survives its lives. */
export class DurableTables {
  /** Null: nothing was ever made durable. */
  content: BackendSnapshot | null = null
  /** Another member's, received as a whole and not adopted yet. */
  staged: { readonly index: number; readonly bytes: Uint8Array } | null = null

  get appliedIndex(): number {
    return this.content?.appliedIndex ?? 0
  }

  wipe(): void {
    this.content = null
    this.staged = null
  }
}

/** A moment of the tables that is on its way to the disk. */
interface Generation {
  readonly content: BackendSnapshot
  readonly begun: boolean
}

/**
 * The tables of one life on a disk, as LMDB keeps them: batches are visible at once and become durable behind, some of them together, in their order
 * and never before the log is. A life that ends loses what was not.
 */
export class SimTables implements Backend {
  readonly persistent = true
  readonly #inner = new MemoryBackend({ persistent: true })
  readonly #port: DiskPort
  readonly #durable: DurableTables
  /** Called with everything that becomes durable. */
  readonly #settled: (appliedIndex: number) => void
  readonly transfer: BackendTransfer = {
    share: () => this.#share(),
    receive: async (appliedIndex) => this.#receive(appliedIndex),
    adopt: (appliedIndex) => this.#adopt(appliedIndex),
  }
  #limit = Number.POSITIVE_INFINITY
  #generation: Generation | null = null
  /** Batches since the newest generation began. */
  #waiting = 0
  #failure: Error | null = null
  #waiters: { readonly index: number; readonly resolve: () => void; readonly reject: (error: Error) => void }[] = []

  constructor(port: DiskPort, durable: DurableTables, settled: (appliedIndex: number) => void) {
    this.#port = port
    this.#durable = durable
    this.#settled = settled
    const { content } = durable
    if (content !== null) this.#inner.write(content.appliedIndex, (batch) => copy(content, batch))
  }

  get appliedIndex(): number {
    return this.#inner.appliedIndex
  }

  get durableIndex(): number {
    return this.#durable.appliedIndex
  }

  get usedBytes(): number {
    return this.#inner.usedBytes
  }

  get(table: Table, key: ByteString): Uint8Array | undefined {
    return this.#inner.get(table, key)
  }

  page(table: Table, range: TableRange, limit: number): readonly TableEntry[] {
    return this.#inner.page(table, range, limit)
  }

  keys(table: Table, range: TableRange, limit: number): readonly ByteString[] {
    return this.#inner.keys(table, range, limit)
  }

  count(table: Table, range: TableRange, limit: number): number {
    return this.#inner.count(table, range, limit)
  }

  write<Result>(appliedIndex: number, run: (batch: WriteBatch) => Result): Result {
    if (this.#failure !== null) throw this.#failure
    const result = this.#inner.write(appliedIndex, run)
    this.#waiting++
    this.#begin()
    return result
  }

  begin(appliedIndex: number): OpenBatch {
    if (this.#failure !== null) throw this.#failure
    const batch = this.#inner.begin(appliedIndex)
    const { commit } = batch
    batch.commit = () => {
      commit()
      this.#waiting++
      this.#begin()
    }
    return batch
  }

  ready(): Promise<void> | null {
    return this.#waiting < MAX_WAITING_BATCHES ? null : this.flush()
  }

  limitDurability(index: number): void {
    this.#limit = index
    this.#begin()
  }

  snapshot(): BackendSnapshot {
    return this.#inner.snapshot()
  }

  flush(): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    const index = this.appliedIndex
    if (this.#waiting === 0 && this.#generation === null) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#waiters.push({ index, resolve, reject })
      this.#begin()
    })
  }

  /** The present moment goes to the disk, when nothing is on its way and the log allows it. */
  #begin(): void {
    if (this.#generation === null && this.#waiting > 0) {
      this.#generation = { content: this.#inner.snapshot(), begun: false }
      this.#waiting = 0
    }
    const generation = this.#generation
    if (generation === null || generation.begun || generation.content.appliedIndex > this.#limit) return
    this.#generation = { ...generation, begun: true }
    void this.#commit(() => this.#committed(generation.content))
  }

  #committed(content: BackendSnapshot): void {
    // A replacement may have taken its place meanwhile.
    if (this.#generation?.content !== content) return
    this.#generation = null
    this.#keep(content)
    this.#begin()
  }

  #keep(content: BackendSnapshot): void {
    this.#durable.content?.close()
    this.#durable.content = content
    this.#settled(content.appliedIndex)
    const waiters = this.#waiters
    this.#waiters = waiters.filter(({ index }) => index > content.appliedIndex)
    for (const { index, resolve } of waiters) if (index <= content.appliedIndex) resolve()
  }

  /** A disk that fails here fails for good: whoever writes next hears of it. */
  #commit(done: () => void): Promise<void> {
    const failed = (): void => this.#fail(ioError('commit', PATH, 'EIO'))
    const committed = this.#port.sync('datasync', PATH, { start: () => undefined, done, failed })
    committed.catch(() => undefined)
    return committed
  }

  #fail(error: Error): void {
    this.#failure = error
    for (const { reject } of this.#waiters.splice(0)) reject(error)
  }

  replace(): BackendReplacement {
    const inner = this.#inner.replace()
    return {
      put: (table, key, value) => inner.put(table, key, value),
      ready: () => inner.ready(),
      abort: () => inner.abort(),
      commit: (appliedIndex) =>
        this.#commit(() => {
          // In memory at once: so it is there before the promise says so.
          void inner.commit(appliedIndex)
          this.#generation = null
          this.#waiting = 0
          this.#keep(this.#inner.snapshot())
        }),
    }
  }

  /** The present moment, when it is durable. */
  async #share(): Promise<SharedState> {
    const index = this.appliedIndex
    const bytes = encode(this.#inner)
    await this.flush()
    const read = (offset: number, length: number): Promise<Uint8Array> =>
      this.#port.call('read', PATH, () => bytes.slice(offset, offset + length))
    return { index, sizeBytes: bytes.length, read, close: () => undefined }
  }

  #receive(index: number): IncomingState {
    const pieces: Uint8Array[] = []
    return {
      write: async (data) => void pieces.push(data.slice()),
      finish: async () => {
        const bytes = joined(pieces)
        if (!isWhole(bytes)) return false
        await this.#commit(() => (this.#durable.staged = { index, bytes }))
        return true
      },
      abort: async () => void pieces.splice(0),
    }
  }

  async #adopt(appliedIndex: number): Promise<boolean> {
    const { staged } = this.#durable
    if (staged?.index !== appliedIndex) return false
    const replacement = this.replace()
    decode(staged.bytes, (table, key, value) => replacement.put(table, key, value))
    await replacement.commit(appliedIndex)
    this.#durable.staged = null
    return true
  }

  async close(): Promise<void> {
    if (this.#failure === null && this.appliedIndex <= this.#limit) await this.flush()
    await this.#inner.close()
  }
}

type Put = (table: Table, key: ByteString, value: Uint8Array) => void

function visit(content: TableReader, put: Put): void {
  for (const table of TABLES) {
    for (let from = ''; ; ) {
      const entries = content.page(table, { from, to: null }, PAGE)
      for (const { key, value } of entries) put(table, key, value)
      const last = entries.at(-1)
      if (last === undefined || entries.length < PAGE) break
      from = `${last.key}\0`
    }
  }
}

const copy = (content: BackendSnapshot, batch: WriteBatch): void => visit(content, (table, key, value) => batch.put(table, key, value))

/** Behind all entries. */
const END = TABLES.length

function encode(content: TableReader): Uint8Array {
  const writer = new ByteWriter()
  visit(content, (table, key, value) => {
    writer.u8(TABLES.indexOf(table))
    writer.bytes(keyFromString(key))
    writer.bytes(value)
  })
  writer.u8(END)
  return writer.take()
}

function decode(bytes: Uint8Array, put: Put): void {
  const reader = new ByteReader(bytes, 'state')
  for (let table = TABLES[reader.u8('table')]; table !== undefined; table = TABLES[reader.u8('table')]) {
    put(table, keyToString(reader.bytes('key')), reader.bytes('value').slice())
  }
  reader.end()
}

function isWhole(bytes: Uint8Array): boolean {
  try {
    decode(bytes, () => undefined)
    return true
  } catch {
    return false
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const writer = new ByteWriter()
  for (const piece of pieces) writer.raw(piece)
  return writer.take()
}
