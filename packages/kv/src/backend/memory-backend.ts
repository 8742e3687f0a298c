import { BalsaError, invariant } from '@balsa/raft'
import {
  type Backend,
  type BackendReplacement,
  type BackendSnapshot,
  type OpenBatch,
  type Table,
  type TableEntry,
  type TableRange,
  type TableReader,
  TABLES,
  type WriteBatch,
} from './backend.js'
import type { ByteString } from './byte-string.js'
import { OrderedMap, type OrderedMapReader } from './ordered-map.js'
import { demandEntry, ReaderSnapshot, ReadThrough } from './read-through.js'

type Maps = Readonly<Record<Table, OrderedMap<Uint8Array>>>
type Readers = Readonly<Record<Table, OrderedMapReader<Uint8Array>>>

const newMaps = (): Maps => perTable(() => new OrderedMap<Uint8Array>())
const forked = (maps: Maps): Maps => perTable((table) => maps[table].fork())

function perTable<Value>(make: (table: Table) => Value): Readonly<Record<Table, Value>> {
  return Object.fromEntries(TABLES.map((table) => [table, make(table)])) as Record<Table, Value>
}

/** What an entry costs beside its bytes: two headers, two pointers, the share of a node. */
const ENTRY_OVERHEAD_BYTES = 160

const entryBytes = (key: ByteString, value: Uint8Array): number => key.length + value.length + ENTRY_OVERHEAD_BYTES

class MapsReader implements TableReader {
  readonly maps: Readers

  constructor(maps: Readers) {
    this.maps = maps
  }

  get(table: Table, key: ByteString): Uint8Array | undefined {
    return this.maps[table].get(key)
  }

  page(table: Table, { from, to, reverse = false }: TableRange, limit: number): readonly TableEntry[] {
    return this.maps[table].page(from, to, reverse, limit)
  }

  keys(table: Table, { from, to, reverse = false }: TableRange, limit: number): readonly ByteString[] {
    return this.maps[table].keys(from, to, reverse, limit)
  }

  count(table: Table, { from, to }: TableRange, limit: number): number {
    return this.maps[table].count(from, to, limit)
  }
}

/** Tables as B+ trees, written in place; a snapshot makes the writer copy the nodes that it touches afterwards, once each. */
class Content extends MapsReader implements WriteBatch {
  declare readonly maps: Maps
  bytes: number

  constructor(maps = newMaps(), bytes = 0) {
    super(maps)
    this.bytes = bytes
  }

  put(table: Table, key: ByteString, value: Uint8Array): void {
    demandEntry(key, value)
    const replaced = this.maps[table].set(key, value)
    this.bytes += replaced === undefined ? entryBytes(key, value) : value.length - replaced.length
  }

  delete(table: Table, key: ByteString): boolean {
    const removed = this.maps[table].delete(key)
    if (removed !== undefined) this.bytes -= entryBytes(key, removed)
    return removed !== undefined
  }
}

/** Writes to a fork, so that the content is what it was until the fork takes its place. */
class MemoryOpenBatch extends Content implements OpenBatch {
  readonly commit: () => void

  constructor(before: Content, commit: (written: MemoryOpenBatch) => void) {
    super(forked(before.maps), before.bytes)
    this.commit = () => commit(this)
  }
}

/** The backend of the simulator, of browsers and of tests: ends with the process, so a member finds its state in snapshots and log. */
export class MemoryBackend extends ReadThrough implements Backend {
  readonly persistent: boolean
  #content = new Content()
  #appliedIndex = 0
  #writing = false
  #open: MemoryOpenBatch | null = null
  #broken: unknown = null
  #replacement: MemoryReplacement | null = null
  #closed = false

  /** `persistent` makes it look like one on a disk, for whoever holds on to the object through a "restart": for tests. */
  constructor({ persistent = false }: { readonly persistent?: boolean } = {}) {
    super()
    this.persistent = persistent
  }

  get durableIndex(): number {
    return this.persistent ? this.#appliedIndex : 0
  }

  get appliedIndex(): number {
    return this.#appliedIndex
  }

  get usedBytes(): number {
    return this.#content.bytes
  }

  protected reader(): TableReader {
    return this.#usable()
  }

  write<Result>(appliedIndex: number, run: (batch: WriteBatch) => Result): Result {
    const content = this.#usable()
    this.#demandNext(appliedIndex)
    this.#writing = true
    try {
      const result = run(content)
      this.#appliedIndex = appliedIndex
      return result
    } catch (error) {
      this.#broken = error
      throw error
    } finally {
      this.#writing = false
    }
  }

  begin(appliedIndex: number): OpenBatch {
    const content = this.#usable()
    this.#demandNext(appliedIndex)
    this.#open = new MemoryOpenBatch(content, (written) => {
      this.#usable()
      invariant(this.#open === written, 'an open batch is committed once')
      this.#open = null
      this.#content = written
      this.#appliedIndex = appliedIndex
    })
    return this.#open
  }

  ready(): null {
    this.#usable()
    return null
  }

  limitDurability(): void {
    this.#usable()
  }

  snapshot(): BackendSnapshot {
    const { maps } = this.#usable()
    invariant(!this.#writing, 'no snapshot in the middle of a batch')
    return new ReaderSnapshot(this.#appliedIndex, new MapsReader(perTable((table) => maps[table].cut())))
  }

  async flush(): Promise<void> {
    this.#usable()
  }

  replace(): BackendReplacement {
    this.#usable()
    invariant(this.#replacement === null, 'one replacement at a time')
    this.#replacement = new MemoryReplacement((content, appliedIndex) => this.#replaced(content, appliedIndex))
    return this.#replacement
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #replaced(content: Content | null, appliedIndex: number): void {
    this.#replacement = null
    if (content === null) return
    this.#usable()
    invariant(!this.#writing && this.#open === null, 'no replacement in the middle of a batch')
    this.#content = content
    this.#appliedIndex = appliedIndex
  }

  #demandNext(appliedIndex: number): void {
    invariant(!this.#writing && this.#open === null, 'one batch at a time')
    invariant(appliedIndex >= this.#appliedIndex, 'the applied index never goes down', { appliedIndex, from: this.#appliedIndex })
  }

  #usable(): Content {
    if (this.#closed) throw new BalsaError('STOPPED', 'the backend is closed')
    if (this.#broken !== null) throw new BalsaError('STATE_MACHINE_FAILED', 'a batch has failed half-way', { cause: this.#broken })
    return this.#content
  }
}

class MemoryReplacement implements BackendReplacement {
  readonly #finish: (content: Content | null, appliedIndex: number) => void
  #content: Content | null = new Content()
  readonly #last = new Map<Table, ByteString>()

  constructor(finish: (content: Content | null, appliedIndex: number) => void) {
    this.#finish = finish
  }

  put(table: Table, key: ByteString, value: Uint8Array): void {
    invariant(this.#content !== null, 'a finished replacement takes nothing')
    invariant((this.#last.get(table) ?? '') < key, 'a replacement is written in ascending order')
    this.#last.set(table, key)
    this.#content.put(table, key, value)
  }

  async ready(): Promise<void> {
    invariant(this.#content !== null, 'a finished replacement takes nothing')
  }

  async commit(appliedIndex: number): Promise<void> {
    invariant(this.#content !== null, 'a replacement is committed once')
    const content = this.#content
    this.#content = null
    this.#finish(content, appliedIndex)
  }

  async abort(): Promise<void> {
    if (this.#content === null) return
    this.#content = null
    this.#finish(null, 0)
  }
}
