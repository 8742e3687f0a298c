import type { DataDirectory } from '@balsa/host'
import type { Entry, LogIndex, PersistEffect, SnapshotStore, Storage } from '@balsa/raft'

/** Storage that frees its data directory when the replica closes it: until then no other process may take it. */
export class OwnedStorage implements Storage {
  readonly #inner: Storage
  readonly #directory: DataDirectory

  constructor(inner: Storage, directory: DataDirectory) {
    this.#inner = inner
    this.#directory = directory
  }

  get recovered(): Storage['recovered'] {
    return this.#inner.recovered
  }

  takeTail(): readonly Entry[] {
    return this.#inner.takeTail()
  }

  get logBytes(): number {
    return this.#inner.logBytes
  }

  get snapshots(): SnapshotStore {
    return this.#inner.snapshots
  }

  persist(effect: PersistEffect): Promise<void> {
    return this.#inner.persist(effect)
  }

  readEntries(from: LogIndex, to: LogIndex, maxBytes: number): Promise<readonly Entry[]> {
    return this.#inner.readEntries(from, to, maxBytes)
  }

  async close(): Promise<void> {
    try {
      await this.#inner.close()
    } finally {
      await this.#directory.close()
    }
  }
}
