import {
  asIndex,
  BalsaError,
  type Configuration,
  type Entry,
  EntryType,
  type HardState,
  invariant,
  type LogIndex,
  type PersistEffect,
  type SnapshotDescription,
  type SnapshotMeta,
  type SnapshotStore,
  type Storage,
  ZERO_INDEX,
  ZERO_TERM,
} from '@balsa/raft'

/** Header and fixed fields of an entry's record in the production log; a hard state's record is 32 bytes. */
const ENTRY_RECORD_BYTES = 41
const HARD_STATE_RECORD_BYTES = 32

/**
 * What the course calls a persister: everything durable of one member, saved as a whole. The production log fills whole disk sectors and
 * segments, so the course's limits on the size of the log (2,000 bytes for about 25 entries) can not be held against its files; what
 * is measured here is the same content, byte for byte the size of its records.
 */
export class Persister {
  readonly founding: Configuration
  hardState: HardState
  snapshot: StoredSnapshot | null
  /** Contiguous, ends at the last index. */
  entries: Entry[]
  /** Term of the entry before the first one. */
  previousTerm: Entry['term']

  constructor(founding: Configuration) {
    this.founding = founding
    this.hardState = { term: ZERO_TERM, votedFor: null }
    this.snapshot = null
    this.entries = []
    this.previousTerm = ZERO_TERM
  }

  /** For the next life: what the old one still writes goes to the original, which nobody reads any more. */
  copy(): Persister {
    const copy = new Persister(this.founding)
    copy.hardState = this.hardState
    copy.snapshot = this.snapshot
    copy.entries = [...this.entries]
    copy.previousTerm = this.previousTerm
    return copy
  }

  /** Encoded hard state and log suffix; the snapshot is not counted. */
  get raftStateBytes(): number {
    let bytes = HARD_STATE_RECORD_BYTES
    for (const entry of this.entries) bytes += ENTRY_RECORD_BYTES + entry.payload.length
    return bytes
  }

  get snapshotBytes(): number {
    return this.snapshot?.bytes.length ?? 0
  }

  get firstIndex(): number {
    return this.entries[0]?.index ?? (this.snapshot?.meta.index ?? 0) + 1
  }

  save(effect: PersistEffect): void {
    if (effect.hardState !== null) this.hardState = effect.hardState
    const first = effect.entries[0]
    if (first !== undefined) {
      const keep = first.index - this.firstIndex
      invariant(keep >= 0 && keep <= this.entries.length, 'what is written connects to the log', {
        first: first.index,
        firstIndex: this.firstIndex,
      })
      this.entries.length = keep
      this.entries.push(...effect.entries)
    }
    const below = effect.compactBelow
    if (below === null) return
    const drop = Math.min(below - this.firstIndex, this.entries.length)
    if (drop <= 0) return
    this.previousTerm = this.entries[drop - 1]?.term ?? this.previousTerm
    this.entries.splice(0, drop)
  }

  install(snapshot: StoredSnapshot): void {
    this.snapshot = snapshot
    this.entries = []
    this.previousTerm = snapshot.meta.term
  }

  recovered(): Storage['recovered'] {
    const { entries, snapshot, previousTerm } = this
    const firstIndex = asIndex(this.firstIndex)
    const termRuns: { term: Entry['term']; firstIndex: LogIndex }[] = []
    for (const entry of entries) {
      invariant(entry.type !== EntryType.configuration, 'the lab never changes its members')
      if (termRuns[termRuns.length - 1]?.term !== entry.term) termRuns.push({ term: entry.term, firstIndex: entry.index })
    }
    return {
      hardState: this.hardState,
      snapshot: snapshot?.meta ?? null,
      firstIndex,
      lastIndex: asIndex(firstIndex + entries.length - 1),
      previousTerm,
      termRuns,
      configurations: [],
      baseConfiguration: this.founding,
      timeMs: entries[entries.length - 1]?.timeMs ?? snapshot?.meta.timeMs ?? 0,
    }
  }
}

interface StoredSnapshot {
  readonly meta: SnapshotMeta
  readonly bytes: Uint8Array
}

/** Storage over a persister. A save is durable at once, as the course has it; disks with a time and with faults are the simulator's part. */
export class LabStorage implements Storage {
  readonly recovered: Storage['recovered']
  readonly snapshots: LabSnapshots
  readonly #persister: Persister
  readonly #tail: Entry[]

  constructor(persister: Persister) {
    this.#persister = persister
    this.recovered = persister.recovered()
    this.#tail = [...persister.entries]
    this.snapshots = new LabSnapshots(persister)
  }

  takeTail(): readonly Entry[] {
    return this.#tail.splice(0)
  }

  persist(effect: PersistEffect): Promise<void> {
    if (effect.installSnapshot !== null) this.#persister.install(this.snapshots.takeReceived(effect.installSnapshot))
    this.#persister.save(effect)
    return Promise.resolve()
  }

  readEntries(from: LogIndex, to: LogIndex): Promise<readonly Entry[]> {
    const start = from - this.#persister.firstIndex
    return Promise.resolve(start < 0 ? [] : this.#persister.entries.slice(start, start + (to - from + 1)))
  }

  get logBytes(): number {
    return this.#persister.raftStateBytes
  }

  async close(): Promise<void> {
    // Nothing is held.
  }
}

class LabSnapshots implements SnapshotStore {
  readonly #persister: Persister
  /** Pieces of a transfer under way. */
  #receiving: { readonly meta: SnapshotMeta; bytes: Uint8Array } | null = null
  #received: StoredSnapshot | null = null

  constructor(persister: Persister) {
    this.#persister = persister
  }

  get latest(): SnapshotMeta | null {
    return this.#persister.snapshot?.meta ?? null
  }

  async write(description: SnapshotDescription, chunks: AsyncIterable<Uint8Array>): Promise<SnapshotMeta> {
    let bytes = new Uint8Array(0)
    for await (const chunk of chunks) bytes = joined(bytes, chunk)
    const meta: SnapshotMeta = { ...description, sizeBytes: bytes.length, checksum: checksum(bytes) }
    // A newer one may have been installed while the state was read.
    if (meta.index > (this.latest?.index ?? ZERO_INDEX)) this.#persister.snapshot = { meta, bytes }
    return meta
  }

  async *readState(meta: SnapshotMeta): AsyncIterable<Uint8Array> {
    yield this.#file(meta)
  }

  async readFile(meta: SnapshotMeta, offset: number, length: number): Promise<Uint8Array> {
    return this.#file(meta).slice(offset, offset + length)
  }

  #file(meta: SnapshotMeta): Uint8Array {
    const snapshot = this.#persister.snapshot
    if (snapshot === null || !isSame(snapshot.meta, meta)) throw new BalsaError('COMPACTED', `the snapshot at ${meta.index} was replaced`)
    return snapshot.bytes
  }

  async receive(meta: SnapshotMeta, offset: number, data: Uint8Array, done: boolean): Promise<number | 'complete'> {
    if (this.#receiving === null || !isSame(this.#receiving.meta, meta)) this.#receiving = { meta, bytes: new Uint8Array(0) }
    const receiving = this.#receiving
    if (offset !== receiving.bytes.length) return receiving.bytes.length
    receiving.bytes = joined(receiving.bytes, data)
    if (!done) return receiving.bytes.length
    this.#receiving = null
    if (receiving.bytes.length !== meta.sizeBytes || checksum(receiving.bytes) !== meta.checksum) return 0
    this.#received = { meta, bytes: receiving.bytes }
    return 'complete'
  }

  adopt(): Promise<void> {
    return Promise.reject(new BalsaError('INVARIANT', 'the state machines of the course end with their process'))
  }

  takeReceived(meta: SnapshotMeta): StoredSnapshot {
    const received = this.#received
    invariant(received !== null && isSame(received.meta, meta), 'what is installed was received')
    this.#received = null
    return received
  }
}

const isSame = (a: SnapshotMeta, b: SnapshotMeta): boolean =>
  a.index === b.index && a.term === b.term && a.sizeBytes === b.sizeBytes && a.checksum === b.checksum

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(first.length + second.length)
  bytes.set(first)
  bytes.set(second, first.length)
  return bytes
}

/** FNV-1a: enough to tell two snapshots apart where no byte is ever damaged. */
function checksum(bytes: Uint8Array): number {
  let hash = 0x811c9dc5
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}
