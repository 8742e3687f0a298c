import type { ByteString } from '../backend/byte-string.js'
import { keyFromString } from '../backend/byte-string.js'
import type { VersionReader } from '../mvcc/reader.js'
import { decodeRecord, type KeyRecord } from '../mvcc/record.js'
import { EventFlag, type HistoryBlock, walkHistory } from '../mvcc/history.js'
import type { KeyValueRecord, StoreEvent } from './types.js'

/** What an event costs beside its bytes. */
const EVENT_OVERHEAD_BYTES = 200
/** What a delivery reckons for an event, and for a previous version, beside key and value. */
const DELIVERY_OVERHEAD_BYTES = 64
const PAGE_EVENTS = 256
/** Places of a revision that are kept in memory; larger revisions are rare, and read anew for each watcher. */
const MOST_KEPT_PLACES = 1024

/** One change of one key, for all watchers that want it; decoded when the first of them does. */
export class SharedEvent {
  readonly revision: number
  readonly place: number
  readonly name: ByteString
  readonly isDelete: boolean
  /** Memory that it may hold. */
  readonly heldBytes: number
  readonly #record: Lazy
  readonly #previous: Lazy
  readonly #holdsPrevious: boolean
  #plain: StoreEvent | null = null
  #full: StoreEvent | null = null

  constructor(place: number, parts: EventParts) {
    this.revision = parts.revision
    this.place = place
    this.name = parts.name
    this.isDelete = parts.isDelete
    this.heldBytes = parts.heldBytes + EVENT_OVERHEAD_BYTES
    this.#record = parts.record
    this.#previous = parts.previous
    this.#holdsPrevious = parts.holdsPrevious
  }

  view(withPrevious: boolean): StoreEvent {
    this.#plain ??= {
      type: this.isDelete ? 'delete' : 'put',
      key: keyFromString(this.name),
      record: this.#record(),
      previous: null,
      revision: this.revision,
    }
    if (!withPrevious) return this.#plain
    if (this.#full !== null) return this.#full
    const full = { ...this.#plain, previous: this.#previous() }
    if (this.#holdsPrevious) this.#full = full
    return full
  }
}

interface EventParts {
  readonly revision: number
  readonly name: ByteString
  readonly isDelete: boolean
  /** Memory that it holds: its key and the versions. */
  readonly heldBytes: number
  readonly record: Lazy
  readonly previous: Lazy
  /** False = the previous version is read again for everybody who wants it: it is not reckoned in `heldBytes`. */
  readonly holdsPrevious: boolean
}

type Lazy = () => KeyValueRecord | null

const shown = ({ createRevision, modRevision, version, lease, value }: KeyRecord): KeyValueRecord => ({
  createRevision,
  modRevision,
  version,
  lease,
  value,
})

/** Bytes that a delivery reckons for the event. */
export function deliveredBytes({ key, record, previous }: StoreEvent): number {
  const own = key.length + (record?.value.length ?? 0) + DELIVERY_OVERHEAD_BYTES
  return previous === null ? own : own + key.length + previous.value.length + DELIVERY_OVERHEAD_BYTES
}

/** Takes down what a batch writes, so that whoever is caught up need not read it from the tables, and gets it also when the batch compacts it. */
export class EventJournal {
  /** Changes only between batches. */
  isOpen = false
  #events: SharedEvent[] = []
  #revision = 0
  #place = 0

  /** The bytes of the new version (null = deleted) and of the one before (undefined = there was none), both whole. */
  record(revision: number, name: ByteString, stored: Uint8Array | null, previous: Uint8Array | undefined): void {
    this.#place = revision === this.#revision ? this.#place + 1 : 0
    this.#revision = revision
    this.#events.push(
      new SharedEvent(this.#place, {
        revision,
        name,
        isDelete: stored === null,
        heldBytes: name.length + (stored?.length ?? 0) + (previous?.length ?? 0),
        record: () => (stored === null ? null : shown(decodeRecord(stored))),
        previous: () => (previous === undefined ? null : shown(decodeRecord(previous))),
        holdsPrevious: true,
      }),
    )
  }

  take(): readonly SharedEvent[] {
    const events = this.#events
    if (events.length > 0) this.#events = []
    return events
  }
}

interface KeptRevision {
  /** By place; those that nobody has read are missing. */
  readonly events: (SharedEvent | undefined)[]
  bytes: number
}

/** Events by revision and place: the latest that somebody wanted from memory, the others from the tables. */
export class EventReader {
  readonly #reader: VersionReader
  readonly #compactedRevision: () => number
  readonly #maxBytes: number
  readonly #kept = new Map<number, KeptRevision>()
  #bytes = 0

  constructor(reader: VersionReader, compactedRevision: () => number, maxBytes: number) {
    this.#reader = reader
    this.#compactedRevision = compactedRevision
    this.#maxBytes = maxBytes
  }

  clear(): void {
    this.#reader.forget()
    this.#kept.clear()
    this.#bytes = 0
  }

  /** Events from the journal, a whole revision. */
  keep(events: readonly SharedEvent[]): void {
    for (const event of events) this.#keep(event)
    this.#forgetOldest()
  }

  /** From place to place, a page of them at least; null = they are compacted. The revision has events at both places. */
  page(revision: number, from: number, last: number): readonly SharedEvent[] | null {
    const kept = this.#fromMemory(revision, from, last)
    if (kept !== null) return kept
    if (revision < this.#compactedRevision()) return null
    if (from === last) {
      const event = this.#reader.event(revision, from)
      return event === undefined ? [] : [this.#read(event)]
    }
    const found: SharedEvent[] = []
    walkHistory(this.#reader.tables, revision, from, (event) => {
      if (event.revision !== revision || event.place > last) return false
      found.push(this.#read(event))
      return found.length < PAGE_EVENTS
    })
    return found
  }

  #fromMemory(revision: number, from: number, last: number): readonly SharedEvent[] | null {
    const events = this.#kept.get(revision)?.events
    if (events === undefined) return null
    const found: SharedEvent[] = []
    for (let place = from; place <= last; place++) {
      const event = events[place]
      if (event === undefined) return null
      found.push(event)
    }
    return found
  }

  #read(found: HistoryBlock): SharedEvent {
    const { revision, place, name } = found
    const isDelete = (found.flags & EventFlag.deletion) !== 0
    const written = this.#reader.writtenBy(found)
    // A copy: a small value must not hold a whole block.
    const record = written === undefined ? undefined : { ...written, value: written.value.slice() }
    const before = (): KeyValueRecord | null => {
      // What went before the compacted revision may or may not be there still: it counts as gone on every member.
      const previous = revision <= this.#compactedRevision() ? undefined : this.#reader.at(name, revision - 1)
      return previous === undefined ? null : shown(previous)
    }
    const event = new SharedEvent(place, {
      revision,
      name,
      isDelete,
      heldBytes: name.length + (record?.value.length ?? 0),
      record: () => (record === undefined ? null : shown(record)),
      previous: before,
      holdsPrevious: false,
    })
    this.#keep(event)
    this.#forgetOldest()
    return event
  }

  #keep(event: SharedEvent): void {
    if (event.place >= MOST_KEPT_PLACES) return
    let revision = this.#kept.get(event.revision)
    if (revision === undefined) {
      revision = { events: [], bytes: 0 }
      this.#kept.set(event.revision, revision)
    }
    if (revision.events[event.place] !== undefined) return
    revision.events[event.place] = event
    revision.bytes += event.heldBytes
    this.#bytes += event.heldBytes
  }

  #forgetOldest(): void {
    if (this.#bytes <= this.#maxBytes) return
    for (const [revision, { bytes }] of this.#kept) {
      this.#kept.delete(revision)
      this.#bytes -= bytes
      if (this.#bytes <= this.#maxBytes) return
    }
  }
}
