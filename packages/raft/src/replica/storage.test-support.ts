import type { PersistEffect } from '../core/effects.js'
import { BalsaError } from '../errors.js'
import type { SnapshotDescription, SnapshotStore, Storage } from '../log/storage.js'
import type { Clock } from '../ports/clock.js'
import type { Configuration, Entry, HardState, LogIndex, SnapshotMeta } from '../types.js'
import { asIndex, EntryType, ZERO_INDEX, ZERO_TERM } from '../types.js'
import { decodeConfiguration } from '../log/configuration-codec.js'

interface SnapshotFile {
  readonly meta: SnapshotMeta
  readonly chunks: readonly Uint8Array[]
}

interface PartialFile {
  readonly meta: SnapshotMeta
  bytes: Uint8Array
}

const checksumOf = (bytes: Uint8Array): number => bytes.reduce((sum, byte) => (Math.imul(sum, 31) + byte) >>> 0, 7)

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

/** What survives a crash of a test's member: shared by the storages of its lives. */
export class TestDisk {
  readonly base: Configuration
  hardState: HardState = { term: ZERO_TERM, votedFor: null }
  entries: Entry[] = []
  /** Index and term just below the first entry. */
  previous = { index: ZERO_INDEX, term: ZERO_TERM }
  snapshot: SnapshotFile | null = null
  partial: PartialFile | null = null

  constructor(base: Configuration) {
    this.base = base
  }

  apply(effect: PersistEffect): void {
    const install = effect.installSnapshot
    if (install !== null) {
      if (this.partial === null || this.partial.meta.index !== install.index) throw new Error('installs a file that is not there')
      this.snapshot = { meta: install, chunks: [this.partial.bytes] }
      this.partial = null
      this.entries = []
      this.previous = { index: install.index, term: install.term }
    }
    if (effect.hardState !== null) this.hardState = effect.hardState
    const first = effect.entries[0]
    if (first !== undefined) {
      const keep = first.index - this.previous.index - 1
      if (keep < this.entries.length) this.entries.length = keep
      for (const entry of effect.entries) this.entries.push(entry)
    }
    const below = effect.compactBelow
    if (below !== null) {
      const drop = below - this.previous.index - 1
      const last = this.entries[drop - 1]
      if (last !== undefined) {
        this.entries.splice(0, drop)
        this.previous = { index: last.index, term: last.term }
      }
    }
  }

  recover(): Storage['recovered'] {
    const termRuns: { term: Entry['term']; firstIndex: LogIndex }[] = []
    for (const entry of this.entries) {
      if (termRuns[termRuns.length - 1]?.term !== entry.term) termRuns.push({ term: entry.term, firstIndex: entry.index })
    }
    const snapshot = this.snapshot?.meta ?? null
    const configurations = this.entries
      .filter((entry) => entry.type === EntryType.configuration)
      .map((entry) => ({ index: entry.index, configuration: decodeConfiguration(entry.payload) }))
    return {
      hardState: this.hardState,
      snapshot,
      firstIndex: asIndex(this.previous.index + 1),
      lastIndex: asIndex(this.previous.index + this.entries.length),
      previousTerm: this.previous.term,
      termRuns,
      configurations,
      baseConfiguration: snapshot?.configuration ?? this.base,
      timeMs: Math.max(snapshot?.timeMs ?? 0, this.entries[this.entries.length - 1]?.timeMs ?? 0),
    }
  }
}

/**
 * A storage in memory whose durability the test controls: with `manual`, writes wait for {@link complete}. What was not completed is lost
 * with the storage, as in a crash.
 */
export class TestStorage implements Storage, SnapshotStore {
  readonly disk: TestDisk
  readonly recovered: Storage['recovered']
  readonly snapshots: SnapshotStore = this
  manual = false
  /** Set to make every write take this long. */
  slow: { readonly clock: Clock; readonly ms: number } | null = null
  /** The next persist, and all after it, fail. */
  failure: BalsaError | null = null
  closed = false
  persists = 0
  readCalls = 0
  receiveCalls: { readonly index: number; readonly offset: number }[] = []
  /** Set to hold up `write` before its last step. */
  writeGate: Promise<void> | null = null
  readGate: Promise<void> | null = null
  #waiting: { readonly effect: PersistEffect; readonly resolve: () => void; readonly reject: (error: unknown) => void }[] = []

  constructor(disk: TestDisk) {
    this.disk = disk
    this.recovered = disk.recover()
  }

  get logBytes(): number {
    return this.disk.entries.reduce((sum, entry) => sum + (entry.index > (this.latest?.index ?? 0) ? entry.payload.length + 32 : 0), 0)
  }

  takeTail(): readonly Entry[] {
    return []
  }

  persist(effect: PersistEffect): Promise<void> {
    this.persists++
    if (this.closed) return Promise.reject(new BalsaError('STOPPED', 'the storage is closed'))
    if (this.failure !== null) return Promise.reject(this.failure)
    if (!this.manual && this.slow === null && this.#waiting.length === 0) {
      this.disk.apply(effect)
      return Promise.resolve()
    }
    this.slow?.clock.setTimer(this.slow.ms, () => this.#completeUpTo(effect))
    return new Promise((resolve, reject) => this.#waiting.push({ effect, resolve, reject }))
  }

  get pendingWrites(): number {
    return this.#waiting.length
  }

  /** Makes everything that waits durable. */
  complete(): void {
    this.#completeUpTo(null)
  }

  #completeUpTo(last: PersistEffect | null): void {
    if (last !== null && !this.#waiting.some(({ effect }) => effect === last)) return
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      this.disk.apply(next.effect)
      next.resolve()
      if (next.effect === last) return
    }
  }

  /** A power cut: what was not durable never was. */
  crash(): void {
    this.failPending(new BalsaError('STOPPED', 'power cut'))
  }

  failPending(error: BalsaError): void {
    this.failure = error
    const waiting = this.#waiting
    this.#waiting = []
    for (const { reject } of waiting) reject(error)
  }

  async readEntries(from: LogIndex, to: LogIndex, maxBytes: number): Promise<readonly Entry[]> {
    this.readCalls++
    if (this.readGate !== null) await this.readGate
    const found: Entry[] = []
    let bytes = 0
    const all = this.#written()
    for (let at = from - this.disk.previous.index - 1; at >= 0 && at < all.length; at++) {
      const entry = all[at]
      if (entry === undefined || entry.index > to) break
      bytes += entry.payload.length
      if (bytes > maxBytes && found.length > 0) break
      found.push(entry)
    }
    return found
  }

  /** Entries that were handed over, durable or not. */
  #written(): readonly Entry[] {
    if (this.#waiting.length === 0) return this.disk.entries
    let all = [...this.disk.entries]
    for (const { effect } of this.#waiting) {
      const first = effect.entries[0]
      if (effect.installSnapshot !== null) return []
      if (first !== undefined) all = [...all.filter((entry) => entry.index < first.index), ...effect.entries]
    }
    return all
  }

  get latest(): SnapshotMeta | null {
    return this.disk.snapshot?.meta ?? null
  }

  async write(description: SnapshotDescription, chunks: AsyncIterable<Uint8Array> | null): Promise<SnapshotMeta> {
    const taken: Uint8Array[] = []
    for await (const chunk of chunks ?? []) taken.push(chunk)
    if (this.writeGate !== null) await this.writeGate
    const bytes = joined(taken)
    const meta = { ...description, sizeBytes: bytes.length, checksum: chunks === null ? 0 : checksumOf(bytes) }
    if (meta.index > (this.latest?.index ?? 0)) this.disk.snapshot = { meta, chunks: taken }
    return meta
  }

  async *readState(meta: SnapshotMeta): AsyncIterable<Uint8Array> {
    const file = this.disk.snapshot
    if (file === null || file.meta.index !== meta.index) throw new BalsaError('CORRUPT', `no snapshot ${meta.index}`)
    yield* file.chunks
  }

  async readFile(meta: SnapshotMeta, offset: number, length: number): Promise<Uint8Array> {
    const file = this.disk.snapshot
    if (file === null || file.meta.index !== meta.index) throw new BalsaError('COMPACTED', 'the file is gone')
    return joined(file.chunks).slice(offset, offset + length)
  }

  async receive(meta: SnapshotMeta, offset: number, data: Uint8Array, done: boolean): Promise<number | 'complete'> {
    this.receiveCalls.push({ index: meta.index, offset })
    if (meta.sizeBytes === 0) return 'complete'
    if (this.disk.partial === null || this.disk.partial.meta.index !== meta.index || this.disk.partial.meta.checksum !== meta.checksum) {
      this.disk.partial = { meta, bytes: new Uint8Array(0) }
    }
    const { partial } = this.disk
    if (offset === partial.bytes.length) partial.bytes = joined([partial.bytes, data])
    if (partial.bytes.length < meta.sizeBytes || !done) return partial.bytes.length
    if (checksumOf(partial.bytes) === meta.checksum) return 'complete'
    partial.bytes = new Uint8Array(0)
    return 0
  }

  async adopt(meta: SnapshotMeta, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const taken: Uint8Array[] = []
    for await (const chunk of chunks) taken.push(chunk)
    this.disk.partial = { meta, bytes: joined(taken) }
  }

  async close(): Promise<void> {
    this.closed = true
  }
}
