import type { TableRange } from '../backend/backend.js'
import { type ByteString, bytesEqual, keyToString } from '../backend/byte-string.js'
import type { VersionReader } from './reader.js'
import { decodeRecord, type KeyEntry, type KeyRecord, type StoredRecord } from './record.js'
import { SortedEntries } from './sorted-entries.js'

export const SORT_TARGETS = ['key', 'version', 'createRevision', 'modRevision', 'value'] as const
export type SortTarget = (typeof SORT_TARGETS)[number]

/** Keys as etcd names them: `rangeEnd` empty = the single key; one zero byte = every key from `key` on; else key <= k < rangeEnd. */
export interface KeyRange {
  readonly key: Uint8Array
  readonly rangeEnd: Uint8Array
}

export interface RangeRequest extends KeyRange {
  /** Most keys in the answer; 0 = no limit. */
  readonly limit: number
  /** As the keys were after this revision; 0 = now. */
  readonly revision: number
  readonly sortTarget: SortTarget
  readonly descending: boolean
  /** Answers without values. */
  readonly keysOnly: boolean
  /** Answers the count alone; filters and limit have no effect on it. */
  readonly countOnly: boolean
  /** False spares the work of counting what lies behind the limit: `count` is then null. */
  readonly counted: boolean
  /** Only keys whose revisions lie in these bounds, both included; 0 = no bound. */
  readonly minModRevision: number
  readonly maxModRevision: number
  readonly minCreateRevision: number
  readonly maxCreateRevision: number
}

export interface RangeResult {
  readonly entries: readonly KeyEntry[]
  /** True = a limit has cut something off. */
  readonly more: boolean
  /** Keys in the range at that revision, before filters and limit; null when they were not to be counted. */
  readonly count: number | null
}

const EMPTY = new Uint8Array(0)
const ZERO = Uint8Array.of(0)

/** A request for a range with nothing special about it. */
export const PLAIN_RANGE: Omit<RangeRequest, 'key' | 'rangeEnd'> = {
  limit: 0,
  revision: 0,
  sortTarget: 'key',
  descending: false,
  keysOnly: false,
  countOnly: false,
  counted: true,
  minModRevision: 0,
  maxModRevision: 0,
  minCreateRevision: 0,
  maxCreateRevision: 0,
}

/** From and to, half-open; null = no upper bound. */
export interface Bounds {
  readonly from: ByteString
  readonly to: ByteString | null
}

export function boundsOf({ key, rangeEnd }: KeyRange): Bounds {
  const from = keyToString(key)
  if (rangeEnd.length === 0) return { from, to: `${from}\0` }
  return { from, to: bytesEqual(rangeEnd, ZERO) ? null : keyToString(rangeEnd) }
}

const PAGE_KEYS = 64
/** What an entry takes in an answer beside key and value, at most. */
export const ENTRY_BYTES = 48
const COUNT_STEP = 4096

/**
 * One range, done in steps of bounded work: `step` looks at so many keys at most and says whether it has finished. The tables must not change
 * between steps (take a snapshot), and the revision must be readable.
 */
export class RangeScan {
  readonly #request: RangeRequest
  readonly #walk: Walk
  /** Null = the order of keys. */
  readonly #sorted: SortedEntries | null
  readonly #filtered: boolean
  readonly #maxBytes: number
  readonly #maxHeldBytes: number
  readonly #entries: KeyEntry[] = []
  #bytes = 0
  /** What all that pass would take in an answer. */
  #gatheredBytes = 0
  #count = 0
  #more = false
  #counting = false
  /** All keys have been looked at. */
  #walked = false
  #finished = false
  #tooLarge = false

  /**
   * `revision` null = now. In the order of keys the answer is cut, with `more`, behind the entry that brings it to `maxBytes`. In another order it is too large when it takes more, or when what has
   * to be held for it takes more than `maxHeldBytes` of memory.
   */
  constructor(
    reader: VersionReader,
    request: RangeRequest,
    revision: number | null,
    maxBytes: number = Number.POSITIVE_INFINITY,
    maxHeldBytes: number = Number.POSITIVE_INFINITY,
  ) {
    this.#request = request
    const isSorted = request.sortTarget !== 'key'
    this.#sorted = isSorted ? new SortedEntries(orderOf(request), request.limit === 0 ? Number.POSITIVE_INFINITY : request.limit) : null
    this.#filtered =
      request.minModRevision > 0 || request.maxModRevision > 0 || request.minCreateRevision > 0 || request.maxCreateRevision > 0
    this.#maxBytes = maxBytes
    this.#maxHeldBytes = maxHeldBytes
    const reverse = request.descending && !isSorted && !request.countOnly
    const { from, to } = boundsOf(request)
    const pageKeys = request.limit > 0 && !isSorted && !this.#filtered ? Math.min(PAGE_KEYS, request.limit + 1) : PAGE_KEYS
    this.#walk =
      revision === null ? new CurrentWalk(reader, from, to, reverse, pageKeys) : new PastWalk(reader, from, to, reverse, revision)
    this.#counting = request.countOnly
  }

  /** There is no result. */
  get isTooLarge(): boolean {
    return this.#tooLarge
  }

  /** What the entries of the answer take. */
  get bytes(): number {
    return this.#bytes
  }

  /** Looks at about `keys` keys. False = there is more to do. */
  step(keys: number): boolean {
    if (this.#finished) return true
    let left = keys
    while (left > 0 && !this.#finished) left -= this.#doSome(left)
    return this.#finished
  }

  /** All of it, at once. */
  run(): RangeResult {
    while (!this.step(PAGE_KEYS)) continue
    return this.result()
  }

  result(): RangeResult {
    const { counted, countOnly } = this.#request
    const more = this.#sorted === null ? this.#more : this.#sorted.isCut
    return { entries: this.#entries, more: more && !countOnly, count: counted || countOnly ? this.#count : null }
  }

  #doSome(most: number): number {
    if (this.#counting) return this.#countSome(most)
    if (this.#sorted === null) return this.#takeSome()
    if (!this.#walked && !this.#sorted.isFull) return this.#gatherSome(this.#sorted)
    return this.#sorted.order(most) || this.#handOutSome(this.#sorted, most)
  }

  #countSome(most: number): number {
    const counted = this.#walk.count(Math.max(most, COUNT_STEP))
    this.#count += counted
    if (counted === 0) this.#finished = true
    return Math.max(1, counted)
  }

  #takeSome(): number {
    const entries = this.#walk.next()
    if (entries.length === 0) this.#finished = true
    const { limit } = this.#request
    for (let at = 0; at < entries.length; at++) {
      const entry = entries[at] as KeyEntry
      if (!this.#filtered || this.#passes(entry)) {
        if ((limit > 0 && this.#entries.length >= limit) || this.#bytes >= this.#maxBytes) {
          this.#cutOff(entries.length - at)
          break
        }
        this.#answer(entry)
      }
      this.#count += 1
    }
    return Math.max(1, entries.length)
  }

  #answer(entry: KeyEntry): void {
    const { keysOnly } = this.#request
    this.#entries.push(keysOnly ? withoutValue(entry) : entry)
    this.#bytes += answerBytes(entry, keysOnly)
  }

  #cutOff(unseen: number): void {
    this.#more = true
    if (this.#request.counted) {
      this.#count += unseen
      this.#counting = true
    } else this.#finished = true
  }

  /** Those that are not in the order of the answer. */
  #gatherSome(sorted: SortedEntries): number {
    const entries = this.#walk.next()
    const { limit, keysOnly, sortTarget } = this.#request
    for (const entry of entries) {
      this.#count += 1
      if (this.#filtered && !this.#passes(entry)) continue
      sorted.add(keysOnly && sortTarget !== 'value' ? withoutValue(entry) : entry)
      this.#gatheredBytes += answerBytes(entry, keysOnly)
    }
    // Without a limit all of them will be in the answer.
    if ((limit === 0 && this.#gatheredBytes > this.#maxBytes) || sorted.heldBytes > this.#maxHeldBytes) this.#giveUp()
    this.#walked = entries.length === 0
    return Math.max(1, entries.length)
  }

  /** When all are in their order, or as many as are wanted. */
  #handOutSome({ entries }: SortedEntries, most: number): number {
    if (!this.#walked) return 1
    const from = this.#entries.length
    const to = Math.min(entries.length, from + most)
    for (let at = from; at < to; at++) this.#answer(entries[at] as KeyEntry)
    if (this.#bytes > this.#maxBytes) this.#giveUp()
    if (to === entries.length) this.#finished = true
    return Math.max(1, to - from)
  }

  #giveUp(): void {
    this.#tooLarge = true
    this.#finished = true
  }

  #passes({ modRevision, createRevision }: KeyEntry): boolean {
    const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = this.#request
    return (
      modRevision >= minModRevision &&
      (maxModRevision === 0 || modRevision <= maxModRevision) &&
      createRevision >= minCreateRevision &&
      (maxCreateRevision === 0 || createRevision <= maxCreateRevision)
    )
  }
}

const withoutValue = (entry: KeyEntry): KeyEntry => ({ ...entry, value: EMPTY })

const answerBytes = ({ key, value }: KeyEntry, keysOnly: boolean): number => key.length + (keysOnly ? 0 : value.length) + ENTRY_BYTES

export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length)
  for (let at = 0; at < shared; at++) {
    const difference = (a[at] as number) - (b[at] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** Equal ones stay in the order of their keys, so that all members answer alike. */
function orderOf({ sortTarget, descending }: RangeRequest): (a: KeyEntry, b: KeyEntry) => number {
  const sign = descending ? -1 : 1
  const byKey = (a: KeyEntry, b: KeyEntry): number => (a.key < b.key ? -1 : 1)
  if (sortTarget === 'key') return byKey
  if (sortTarget === 'value') return (a, b) => sign * compareBytes(a.value, b.value) || byKey(a, b)
  return (a, b) => sign * (a[sortTarget] - b[sortTarget]) || byKey(a, b)
}

/** Goes through the living keys of a range in order, once. */
interface Walk {
  /** The next few; none = the end. */
  next(): readonly KeyEntry[]
  /** Counts on from where `next` is, about `most` keys; 0 = the end. */
  count(most: number): number
}

const entryOf = (key: ByteString, record: KeyRecord): KeyEntry => ({
  key,
  createRevision: record.createRevision,
  modRevision: record.modRevision,
  version: record.version,
  lease: record.lease,
  value: record.value,
})

class CurrentWalk implements Walk {
  readonly #reader: VersionReader
  readonly #reverse: boolean
  readonly #pageKeys: number
  #from: ByteString
  #to: ByteString | null

  constructor(reader: VersionReader, from: ByteString, to: ByteString | null, reverse: boolean, pageKeys: number) {
    this.#reader = reader
    this.#from = from
    this.#to = to
    this.#reverse = reverse
    this.#pageKeys = pageKeys
  }

  next(): readonly KeyEntry[] {
    const page = this.#reader.tables.page('current', this.#range(), this.#pageKeys)
    const last = page.at(-1)
    if (last !== undefined) this.#passed(last.key)
    return page.map(({ key, value }) => entryOf(key, decodeRecord(value)))
  }

  count(most: number): number {
    const { tables } = this.#reader
    const counted = tables.count('current', this.#range(), most)
    if (counted < most) {
      this.#from = '\0'
      this.#to = '\0'
    } else {
      // Where a limited count has ended can only be told by walking there; counts that small are rare.
      const last = tables.keys('current', this.#range(), most).at(-1)
      if (last !== undefined) this.#passed(last)
    }
    return counted
  }

  #range(): TableRange {
    return { from: this.#from, to: this.#to, reverse: this.#reverse }
  }

  #passed(key: ByteString): void {
    if (this.#reverse) this.#to = key
    else this.#from = `${key}\0`
  }
}

/** At an old revision: the keys that live now and those that were deleted, merged. */
class PastWalk implements Walk {
  readonly #reader: VersionReader
  readonly #reverse: boolean
  readonly #revision: number
  #from: ByteString
  #to: ByteString | null

  constructor(reader: VersionReader, from: ByteString, to: ByteString | null, reverse: boolean, revision: number) {
    this.#reader = reader
    this.#from = from
    this.#to = to
    this.#reverse = reverse
    this.#revision = revision
  }

  next(): readonly KeyEntry[] {
    for (;;) {
      const found = this.#some()
      if (found === null || found.length > 0) return found ?? []
    }
  }

  count(): number {
    return this.next().length
  }

  /** Null = the end; an empty list = none of the keys that were looked at lived then. */
  #some(): KeyEntry[] | null {
    const page = this.#reader.tables.page('current', { from: this.#from, to: this.#to, reverse: this.#reverse }, PAGE_KEYS)
    let past = this.#reader.nextPast(this.#from, this.#to, this.#reverse)
    if (page.length === 0 && past === undefined) return null
    const found: KeyEntry[] = []
    for (const { key, value } of page) {
      for (; past !== undefined && this.#isBefore(past, key); past = this.#nextPast()) this.#take(found, past)
      const record = decodeRecord(value)
      if (record.modRevision <= this.#revision) found.push(entryOf(key, record))
      else this.#take(found, key, record)
      this.#passed(key)
      if (past === key) past = this.#nextPast()
    }
    if (page.length > 0) return found
    for (let looked = 0; past !== undefined && looked < PAGE_KEYS; looked++, past = this.#nextPast()) this.#take(found, past)
    return found
  }

  #isBefore(a: ByteString, b: ByteString): boolean {
    return this.#reverse ? a > b : a < b
  }

  #nextPast(): ByteString | undefined {
    return this.#reader.nextPast(this.#from, this.#to, this.#reverse)
  }

  #take(found: KeyEntry[], key: ByteString, current?: StoredRecord): void {
    const record = this.#reader.pastAt(key, this.#revision, current)
    if (record !== undefined) found.push(entryOf(key, record))
    this.#passed(key)
  }

  #passed(key: ByteString): void {
    if (this.#reverse) this.#to = key
    else this.#from = `${key}\0`
  }
}
