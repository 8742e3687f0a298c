import { type ByteString, OrderedMap, type OrderedMapEntry, type OrderedMapReader, type Table, TABLES } from '@balsa/kv'
import { WHOLE_KEY_BYTES } from './long-keys.js'
import { REMOVED, Slab, type SlabMark } from './slab.js'

/** Places of values, by table and key. */
type Places = Readonly<Record<Table, OrderedMapReader<number>>>

/** What the tables look like through changes: a key that is not there is what it is below. */
export interface Overlay {
  readonly slab: Slab
  readonly places: Places
}

const PAGE_BYTES = 4096
/** What a change costs beside its bytes, roughly. */
const CHANGE_OVERHEAD_BYTES = 128

/** Changes in the order in which they were made, of one or more batches: wholly in the file or not at all. */
export class Unit {
  /** Of the last batch in it. */
  appliedIndex: number
  readonly slab: Slab
  readonly tables: Table[] = []
  readonly keys: ByteString[] = []
  /** In the slab, or what stands for the lack of a value. */
  readonly places: number[] = []
  /** Of keys and values, and what a change costs beside them, roughly. */
  bytes = 0
  readonly #begin: SlabMark

  constructor(appliedIndex: number, slab: Slab = new Slab()) {
    this.appliedIndex = appliedIndex
    this.slab = slab
    this.#begin = slab.mark
  }

  /** Answers the place of the value; null = the key is gone. The key has not been changed in this unit, or the order of the changes counts. */
  add(table: Table, key: ByteString, value: Uint8Array | null): number {
    const place = value === null ? REMOVED : this.slab.add(value, this.keys.length)
    this.note(table, key, place)
    this.bytes += key.length + (value?.length ?? 0) + CHANGE_OVERHEAD_BYTES
    return place
  }

  /** Whether the change that made this the place of a key is one of these, so that another one of the same key can take its place. */
  has(place: number): boolean {
    return this.slab.isSince(this.#begin, place)
  }

  /** Changes a key again whose last place here is `old`: what is handed over is the last change alone. Answers the new place. */
  again(old: number, value: Uint8Array | null): number {
    const { slab } = this
    const at = slab.noteAt(old)
    const oldBytes = slab.lengthAt(old)
    const place = value === null ? REMOVED : slab.replace(old, value, at)
    this.places[at] = place
    // What is not needed any more takes room nevertheless, unless the new one has its place.
    if (value !== null) this.bytes += value.length - (place === old ? oldBytes : 0)
    return place
  }

  note(table: Table, key: ByteString, place: number): void {
    this.tables.push(table)
    this.keys.push(key)
    this.places.push(place)
  }
}

/** Keys, as often as they were set. */
interface Unordered extends Iterable<ByteString> {
  readonly size: number
  add(key: ByteString): void
  clear(): void
}

class KeyList implements Unordered {
  #keys: ByteString[] = []

  get size(): number {
    return this.#keys.length
  }

  add(key: ByteString): void {
    this.#keys.push(key)
  }

  clear(): void {
    if (this.#keys.length > 0) this.#keys = []
  }

  [Symbol.iterator](): Iterator<ByteString> {
    return this.#keys[Symbol.iterator]()
  }
}

/** Once somebody has asked for the order, no more than so many keys wait for the next time: about a millisecond of work. */
const MOST_UNORDERED = 1024

/** Places by key. They are put into their order when somebody asks for it: most of the time only single keys are looked up. */
class OverlayMap implements OrderedMapReader<number> {
  readonly #places = new Map<ByteString, number>()
  readonly #ordered = new OrderedMap<number>()
  readonly #unordered: Unordered
  #mostUnordered: number
  #wasAsked = false

  /** `isRepetitive`: few keys are set again and again. `isOrdered`: somebody is likely to ask for the order. */
  constructor(isRepetitive: boolean, isOrdered: boolean) {
    this.#unordered = isRepetitive ? new Set() : new KeyList()
    this.#mostUnordered = isOrdered ? MOST_UNORDERED : Number.POSITIVE_INFINITY
  }

  /** Whether somebody has asked for the order. */
  get wasAsked(): boolean {
    return this.#wasAsked
  }

  get size(): number {
    return this.#places.size
  }

  get(key: ByteString): number | undefined {
    return this.#places.get(key)
  }

  /** `isKnown`: it has a place already. */
  set(key: ByteString, place: number, isKnown: boolean): void {
    this.#places.set(key, place)
    // Nothing has been put into its order yet, so a key that is known waits for it.
    if (isKnown && this.#ordered.size === 0) return
    this.#unordered.add(key)
    if (this.#unordered.size > this.#mostUnordered) this.#order()
  }

  page(from: ByteString, to: ByteString | null, reverse: boolean, limit: number): OrderedMapEntry<number>[] {
    return this.#inOrder().page(from, to, reverse, limit)
  }

  keys(from: ByteString, to: ByteString | null, reverse: boolean, limit: number): ByteString[] {
    return this.#inOrder().keys(from, to, reverse, limit)
  }

  count(from: ByteString, to: ByteString | null, limit: number): number {
    return this.#inOrder().count(from, to, limit)
  }

  /** As it is now; later changes do not show. */
  cut(): OrderedMapReader<number> {
    return this.#inOrder().cut()
  }

  #inOrder(): OrderedMap<number> {
    this.#wasAsked = true
    this.#mostUnordered = MOST_UNORDERED
    this.#order()
    return this.#ordered
  }

  #order(): void {
    for (const key of this.#unordered) this.#ordered.set(key, this.#places.get(key) as number)
    this.#unordered.clear()
  }
}

/** A unit takes the changes of further batches until it has so many: handing it over holds up the event loop for a millisecond or two. */
const FULL_UNIT_CHANGES = 2048
const FULL_UNIT_BYTES = 1024 * 1024

function perTable<Value>(make: (table: Table) => Value): Readonly<Record<Table, Value>> {
  return Object.fromEntries(TABLES.map((table) => [table, make(table)])) as Record<Table, Value>
}

/**
 * Batches that go to the disk together: one after the other as they were made, and beside that what the tables look like through them. Lives until all of it is durable.
 */
export class Generation implements Overlay {
  readonly slab: Slab = new Slab()
  readonly places: Readonly<Record<Table, OverlayMap>>
  readonly units: Unit[] = []
  changes = 0
  bytes = 0
  #unit: Unit | null = null

  /** `before`: what was asked of the last one is likely to be asked of this one. */
  constructor(before: Generation | null = null, { isOrdered = false }: { readonly isOrdered?: boolean } = {}) {
    this.places = perTable((table) => new OverlayMap(table !== 'current', isOrdered || before?.places[table].wasAsked === true))
  }

  get isEmpty(): boolean {
    return this.units.length === 0
  }

  /** Comes before the changes of a batch. `limit`: a unit does not go beyond it, unless it begins behind it. */
  begin(appliedIndex: number, limit: number): void {
    const open = this.#unit
    const isFull = open === null || open.keys.length >= FULL_UNIT_CHANGES || open.bytes >= FULL_UNIT_BYTES
    if (!isFull && !(open.appliedIndex <= limit && appliedIndex > limit)) {
      open.appliedIndex = appliedIndex
      return
    }
    this.#unit = new Unit(appliedIndex, this.slab)
    this.units.push(this.#unit)
  }

  set(table: Table, key: ByteString, value: Uint8Array | null): void {
    const unit = this.#unit as Unit
    const places = this.places[table]
    const { bytes } = unit
    const changes = unit.keys.length
    const before = places.get(key)
    places.set(key, before === undefined ? unit.add(table, key, value) : this.#again(unit, table, key, value, before), before !== undefined)
    this.changes += unit.keys.length - changes
    this.bytes += unit.bytes - bytes
  }

  #again(unit: Unit, table: Table, key: ByteString, value: Uint8Array | null, before: number): number {
    const { slab } = this
    if (value !== null && slab.hasLarge && slab.lengthAt(before) > value.length + PAGE_BYTES) {
      // In one transaction LMDB would leave it all the pages of the larger value.
      unit.note(table, key, REMOVED)
    } else if (key.length <= WHOLE_KEY_BYTES && unit.has(before)) {
      return unit.again(before, value)
    }
    // Where long keys are concerned the order counts.
    return unit.add(table, key, value)
  }

  /** Changes that no reader sees. */
  note(table: Table, key: ByteString, place: number): void {
    this.#unit?.note(table, key, place)
  }

  /** As it is now; later changes do not show. */
  cut(): Overlay {
    this.slab.keep()
    return { slab: this.slab, places: perTable((table) => this.places[table].cut()) }
  }
}
