import { type ByteString, OrderedMap, type OrderedMapReader, type Table, TABLES } from '@balsa/kv'
import type { Changes, NO_MARKER } from './lmdb-file.js'

/** Null = the key is gone. */
export type Overlaid = Uint8Array | null
export type Overlay = Readonly<Record<Table, OrderedMapReader<Overlaid>>>

/** What one batch changed. */
export class Unit implements Changes {
  readonly appliedIndex: number
  readonly tables: Table[] = []
  readonly keys: ByteString[] = []
  readonly values: (Uint8Array | typeof NO_MARKER | null)[] = []

  constructor(appliedIndex: number) {
    this.appliedIndex = appliedIndex
  }

  add(table: Table, key: ByteString, value: Uint8Array | typeof NO_MARKER | null): void {
    this.tables.push(table)
    this.keys.push(key)
    this.values.push(value)
  }
}

/** What a change costs beside its bytes, roughly. */
const CHANGE_OVERHEAD_BYTES = 128

function perTable<Value>(make: (table: Table) => Value): Readonly<Record<Table, Value>> {
  return Object.fromEntries(TABLES.map((table) => [table, make(table)])) as Record<Table, Value>
}

/**
 * Batches that go to the disk together: one after the other as they were made, and beside that what the tables look like through them. Lives until all of it is durable.
 */
export class Generation {
  readonly overlay: Readonly<Record<Table, OrderedMap<Overlaid>>> = perTable(() => new OrderedMap<Overlaid>())
  readonly units: Unit[] = []
  changes = 0
  bytes = 0

  set(unit: Unit, table: Table, key: ByteString, value: Overlaid): void {
    this.overlay[table].set(key, value)
    unit.add(table, key, value)
    this.changes += 1
    this.bytes += key.length + (value?.length ?? 0) + CHANGE_OVERHEAD_BYTES
  }

  /** As it is now; later changes do not show. */
  cut(): Overlay {
    return perTable((table) => this.overlay[table].cut())
  }
}
