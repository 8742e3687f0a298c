import { invariant } from '@balsa/raft'
import {
  type BackendSnapshot,
  MAX_TABLE_KEY_BYTES,
  MAX_TABLE_VALUE_BYTES,
  type Table,
  type TableEntry,
  type TableRange,
  type TableReader,
} from './backend.js'
import type { ByteString } from './byte-string.js'

/** Hands reads on to a reader that it finds anew for each. */
export abstract class ReadThrough implements TableReader {
  /** Throws when nothing may be read. */
  protected abstract reader(): TableReader

  get(table: Table, key: ByteString): Uint8Array | undefined {
    return this.reader().get(table, key)
  }

  page(table: Table, range: TableRange, limit: number): readonly TableEntry[] {
    return this.reader().page(table, range, limit)
  }

  keys(table: Table, range: TableRange, limit: number): readonly ByteString[] {
    return this.reader().keys(table, range, limit)
  }

  count(table: Table, range: TableRange, limit: number): number {
    return this.reader().count(table, range, limit)
  }
}

/** A snapshot over a reader of one moment. */
export class ReaderSnapshot extends ReadThrough implements BackendSnapshot {
  readonly appliedIndex: number
  #reader: TableReader | null
  readonly #onClose: () => void

  /** `onClose` is called once. */
  constructor(appliedIndex: number, reader: TableReader, onClose: () => void = () => undefined) {
    super()
    this.appliedIndex = appliedIndex
    this.#reader = reader
    this.#onClose = onClose
  }

  close(): void {
    if (this.#reader === null) return
    this.#reader = null
    this.#onClose()
  }

  protected reader(): TableReader {
    invariant(this.#reader !== null, 'a closed snapshot is not read')
    return this.#reader
  }
}

/** What every backend demands of an entry. Throws INVARIANT (fatal). */
export function demandEntry(key: ByteString, value: Uint8Array): void {
  // Not by `invariant`, which would have to be told the lengths of every entry.
  if (key.length > 0 && key.length <= MAX_TABLE_KEY_BYTES && value.length <= MAX_TABLE_VALUE_BYTES) return
  invariant(false, 'an entry of a table has a bearable length', { key: key.length, value: value.length })
}
