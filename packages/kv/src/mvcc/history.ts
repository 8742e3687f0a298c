/**
 * What happened, revision by revision: which keys a revision changed, in order, and what each of them was before. Whoever wants to know what a key was at an old revision goes
 * back from what it is now. So a write adds to the end, nothing is ever changed, and the past is forgotten from the front, both by the block:
 *
 *     history  u64be revision | u32be place of its first event     events, one after the other
 *     event    varint revision - that of the block | varint place in the revision | u8 flags | varint length, key | [varint length, record that it superseded]
 *     flags    1 deletion, 2 there was a version before (its record follows), 4 `past` names the event, 8 `chains` does, 16 there was one, and it is forgotten
 *
 * A block ends with the event that makes it long enough. Where blocks begin is decided by the events alone, so it is the same on every member.
 */
import { type ByteReader, invariant, varintLength } from '@balsa/raft'
import type { TableReader, WriteBatch } from '../backend/backend.js'
import { type ByteString, keyToString } from '../backend/byte-string.js'
import { MAX_KEY_BYTES } from '../limits.js'
import { checkRecord, putVarint } from './record.js'
import { HISTORY_KEY_BYTES, historyKey, placeOf, revisionOf } from './table-keys.js'

export const EventFlag = { deletion: 1, superseding: 2, inPast: 4, inChains: 8, forgotten: 16 } as const
const KNOWN_FLAGS = 31

/** A block takes no more events when it has so many bytes, or so many of them; fewer when the history is short: it ends with a whole block. */
const FULL_BLOCK_BYTES = 16 * 1024
const FULL_BLOCK_EVENTS = 128
const BLOCKS_OF_SHORT_HISTORY = 8
const SMALLEST_BUFFER_BYTES = 2048
/** A block ends with an event that goes beyond its limit. */
const USUAL_EVENT_BYTES = 1024

/** Goes through the events of one block. What it says is of the event that `next` has come to. */
export class HistoryBlock {
  readonly key: ByteString
  readonly #bytes: Uint8Array
  readonly #firstRevision: number
  #at = 0
  #keyAt = 0
  #keyEnd = 0
  #recordAt = 0
  #flagsAt = 0
  revision = 0
  place = 0
  flags = 0

  constructor(key: ByteString, bytes: Uint8Array) {
    this.key = key
    this.#bytes = bytes
    this.#firstRevision = revisionOf(key)
  }

  /** False = that was the last one. */
  next(): boolean {
    if (this.#at >= this.#bytes.length) return false
    this.revision = this.#firstRevision + this.#varint()
    this.place = this.#varint()
    this.#flagsAt = this.#at
    this.flags = this.#bytes[this.#at++] as number
    const keyBytes = this.#varint()
    this.#keyAt = this.#at
    this.#keyEnd = this.#at + keyBytes
    this.#at = this.#keyEnd
    if ((this.flags & EventFlag.superseding) === 0) return true
    const recordBytes = this.#varint()
    this.#recordAt = this.#at
    this.#at += recordBytes
    return true
  }

  rewind(): void {
    this.#at = 0
  }

  get name(): ByteString {
    return keyToString(this.#bytes.subarray(this.#keyAt, this.#keyEnd))
  }

  isOf(name: ByteString): boolean {
    if (this.#keyEnd - this.#keyAt !== name.length) return false
    for (let at = 0; at < name.length; at++) if (this.#bytes[this.#keyAt + at] !== name.charCodeAt(at)) return false
    return true
  }

  /** The record that this event wrote, when the next change of the key is in this block too. */
  get writtenHere(): Uint8Array | undefined {
    const name = this.name
    const ahead = new HistoryBlock(this.key, this.#bytes)
    ahead.#at = this.#at
    while (ahead.next()) if (ahead.isOf(name)) return ahead.superseded
    return undefined
  }

  /** The record that it superseded; undefined = the key was absent. Belongs to the store. */
  get superseded(): Uint8Array | undefined {
    return (this.flags & EventFlag.superseding) === 0 ? undefined : this.#bytes.subarray(this.#recordAt, this.#at)
  }

  /** Its bytes without what events up to this revision superseded, which nobody can ask for any more; the same bytes when there is nothing to leave out. */
  without(revision: number): Uint8Array {
    const bytes = this.#bytes.slice()
    let length = 0
    this.rewind()
    for (let from = 0; this.next(); from = this.#at) {
      const isForgotten = this.revision <= revision && this.superseded !== undefined
      const to = isForgotten ? this.#keyEnd : this.#at
      bytes.copyWithin(length, from, to)
      // Copied downwards: what is still to come is as it was.
      if (isForgotten)
        bytes[length + this.#flagsAt - from] = (this.flags & ~(EventFlag.superseding | EventFlag.inChains)) | EventFlag.forgotten
      length += to - from
    }
    return length === this.#bytes.length ? this.#bytes : bytes.slice(0, length)
  }

  #varint(): number {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#bytes[this.#at++]
      invariant(byte !== undefined, 'a block of the history is whole')
      if (byte < 0x80) return value + byte * factor
      value += (byte & 0x7f) * factor
    }
  }
}

/** The block that the events from this one on are in; undefined = there are none so old. */
function blockAt(tables: TableReader, revision: number, place: number): HistoryBlock | undefined {
  const [entry] = tables.page('history', { from: '', to: `${historyKey(revision, place)}\0`, reverse: true }, 1)
  return entry === undefined ? undefined : new HistoryBlock(entry.key, entry.value)
}

/** Reads single events; remembers the block of the last one, because the next one is often in it. */
export class EventFinder {
  readonly #tables: TableReader
  #block: HistoryBlock | undefined = undefined

  constructor(tables: TableReader) {
    this.#tables = tables
  }

  /** After another state has taken the place of the one that was read. */
  forget(): void {
    this.#block = undefined
  }

  /** Only good until the next call. */
  find(revision: number, place: number): HistoryBlock | undefined {
    if (this.#block !== undefined && this.#block.key <= historyKey(revision, place) && seek(this.#block, revision, place))
      return this.#block
    const block = blockAt(this.#tables, revision, place)
    this.#block = block
    return block !== undefined && seek(block, revision, place) ? block : undefined
  }
}

function seek(block: HistoryBlock, revision: number, place: number): boolean {
  block.rewind()
  while (block.next()) if (block.revision === revision && block.place === place) return true
  return false
}

const PAGE_BLOCKS = 2

/** Calls `visit` for events from this place on, in order, until it answers false or there are no more. */
export function walkHistory(tables: TableReader, revision: number, place: number, visit: (event: HistoryBlock) => boolean): void {
  const first = blockAt(tables, revision, place)
  if (first !== undefined) {
    while (first.next()) {
      const isBefore = first.revision < revision || (first.revision === revision && first.place < place)
      if (!isBefore && !visit(first)) return
    }
  }
  for (let from = first === undefined ? '' : `${first.key}\0`; ; ) {
    const blocks = tables.page('history', { from, to: null }, PAGE_BLOCKS)
    for (const { key, value } of blocks) {
      const block = new HistoryBlock(key, value)
      while (block.next()) if (!visit(block)) return
    }
    const last = blocks.at(-1)
    if (last === undefined || blocks.length < PAGE_BLOCKS) return
    from = `${last.key}\0`
  }
}

/** The end of the history, to which events are added. Goes into the table by `flush`: whoever reads the history inside a batch has to see to that. */
export class HistoryEnd {
  #key: ByteString = ''
  #bytes: Uint8Array
  #length: number
  readonly #fullEvents: number
  #events = 0
  #isNew = false

  /** `revisions` are to be kept. */
  constructor(tables: TableReader, revisions: number = Number.POSITIVE_INFINITY) {
    this.#fullEvents = Math.max(1, Math.min(FULL_BLOCK_EVENTS, Math.floor(revisions / BLOCKS_OF_SHORT_HISTORY)))
    const [last] = tables.page('history', { from: '', to: null, reverse: true }, 1)
    this.#bytes = last?.value ?? new Uint8Array(0)
    this.#length = this.#bytes.length
    if (last === undefined) return
    this.#key = last.key
    const block = new HistoryBlock(last.key, last.value)
    while (block.next()) this.#events += 1
  }

  /** Key of the block that is not finished; '' = there is none. */
  get key(): ByteString {
    return this.#key
  }

  /** Answers by how much the history has grown. */
  add(batch: WriteBatch, revision: number, place: number, flags: number, name: ByteString, superseded: Uint8Array | undefined): number {
    const isFirst = this.#events === 0 || this.#length >= FULL_BLOCK_BYTES || this.#events >= this.#fullEvents
    if (isFirst) this.#begin(batch, historyKey(revision, place))
    const delta = revision - revisionOf(this.#key)
    const recordBytes = superseded === undefined ? 0 : varintLength(superseded.length) + superseded.length
    const length = varintLength(delta) + varintLength(place) + 1 + varintLength(name.length) + name.length + recordBytes
    this.#makeRoom(length)
    const bytes = this.#bytes
    let at = putVarint(bytes, this.#length, delta)
    at = putVarint(bytes, at, place)
    bytes[at++] = superseded === undefined ? flags : flags | EventFlag.superseding
    at = putVarint(bytes, at, name.length)
    for (let next = 0; next < name.length; next++) bytes[at++] = name.charCodeAt(next)
    if (superseded !== undefined) bytes.set(superseded, putVarint(bytes, at, superseded.length))
    this.#length += length
    this.#events += 1
    this.#isNew = true
    return isFirst ? length + HISTORY_KEY_BYTES : length
  }

  flush(batch: WriteBatch): void {
    if (!this.#isNew) return
    this.#isNew = false
    // Bytes behind the view may still be written; those in it never change.
    batch.put('history', this.#key, this.#bytes.subarray(0, this.#length))
  }

  #begin(batch: WriteBatch, key: ByteString): void {
    this.flush(batch)
    this.#key = key
    this.#bytes = new Uint8Array(SMALLEST_BUFFER_BYTES)
    this.#length = 0
    this.#events = 0
  }

  #makeRoom(bytes: number): void {
    const needed = this.#length + bytes
    if (needed <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(needed, FULL_BLOCK_BYTES + USUAL_EVENT_BYTES))
    larger.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = larger
  }
}

/** Checks a block from outside: MALFORMED (refused) when it is none. */
export function checkBlock(key: ByteString, reader: ByteReader, newest: number): void {
  let [revision, place] = [revisionOf(key), placeOf(key)]
  for (let isFirst = true; isFirst || reader.remaining > 0; isFirst = false) {
    const nextRevision = revisionOf(key) + reader.varint('revision')
    const nextPlace = reader.varint('place')
    const follows = isFirst
      ? nextRevision === revision && nextPlace === place
      : nextRevision > revision || (nextRevision === revision && nextPlace > place)
    if (!follows || nextRevision > newest) reader.fail('revision', 'events that cannot follow each other')
    ;[revision, place] = [nextRevision, nextPlace]
    const flags = reader.u8('flags')
    if (flags > KNOWN_FLAGS) reader.fail('flags', `${flags} is unknown`)
    const { length } = reader.bytes('key')
    if (length === 0 || length > MAX_KEY_BYTES) reader.fail('key', `${length} bytes`)
    if ((flags & EventFlag.superseding) !== 0) checkRecord(reader.bytes('record'), true, nextRevision - 1)
    else if ((flags & EventFlag.inChains) !== 0 || ((flags & EventFlag.deletion) !== 0 && (flags & EventFlag.forgotten) === 0))
      reader.fail('flags', 'the end of nothing')
  }
}
