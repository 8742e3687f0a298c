import type { ByteString, OrderedMapEntry, Table, TableEntry, TableRange, TableReader } from '@balsa/kv'
import type { Overlay } from './generation.js'
import type { LmdbView } from './lmdb-file.js'
import { REMOVED } from './slab.js'

interface Piece {
  readonly key: ByteString
  /** Null = the key is gone. */
  readonly value: Uint8Array | null
}

type Fetch = (from: ByteString, to: ByteString | null, limit: number) => readonly Piece[]

/** One source of a merge, read ahead in pieces. */
class Source {
  readonly #fetch: Fetch
  readonly #reverse: boolean
  readonly #limit: number
  #from: ByteString
  #to: ByteString | null
  #pieces: readonly Piece[] = []
  #at = 0
  #ended = false

  constructor(fetch: Fetch, { from, to, reverse = false }: TableRange, limit: number) {
    this.#fetch = fetch
    this.#from = from
    this.#to = to
    this.#reverse = reverse
    this.#limit = limit
  }

  get first(): Piece | undefined {
    if (this.#at >= this.#pieces.length && !this.#ended) this.#more()
    return this.#pieces[this.#at]
  }

  next(): void {
    this.#at += 1
  }

  #more(): void {
    const pieces = this.#fetch(this.#from, this.#to, this.#limit)
    this.#pieces = pieces
    this.#at = 0
    this.#ended = pieces.length < this.#limit
    const last = pieces.at(-1)
    if (last === undefined) return
    if (this.#reverse) this.#to = last.key
    else this.#from = `${last.key}\0`
  }
}

const COUNT_STEP_KEYS = 1024
const NOTHING = new Uint8Array(0)

/** Tables as they look through overlays, the newest first, over what is in the file. */
export class LayeredReader implements TableReader {
  readonly #overlays: readonly Overlay[]
  readonly #view: LmdbView

  constructor(overlays: readonly Overlay[], view: LmdbView) {
    this.#overlays = overlays
    this.#view = view
  }

  get(table: Table, key: ByteString): Uint8Array | undefined {
    for (const { places, slab } of this.#overlays) {
      const place = places[table].get(key)
      if (place !== undefined) return slab.read(place)
    }
    return this.#view.get(table, key)
  }

  has(table: Table, key: ByteString): boolean {
    for (const { places } of this.#overlays) {
      const place = places[table].get(key)
      if (place !== undefined) return place !== REMOVED
    }
    return this.#view.has(table, key)
  }

  page(table: Table, range: TableRange, limit: number): readonly TableEntry[] {
    return this.#read(table, range, limit, true)
  }

  keys(table: Table, range: TableRange, limit: number): readonly ByteString[] {
    return this.#read(table, range, limit, false).map(({ key }) => key)
  }

  count(table: Table, { from, to }: TableRange, limit: number): number {
    let counted = 0
    for (let start = from; counted < limit; ) {
      const step = Math.min(COUNT_STEP_KEYS, limit - counted)
      const found = this.#read(table, { from: start, to }, step, false)
      counted += found.length
      const last = found.at(-1)
      if (last === undefined || found.length < step) break
      start = `${last.key}\0`
    }
    return counted
  }

  #read(table: Table, range: TableRange, limit: number, withValues: boolean): readonly TableEntry[] {
    const { from, to, reverse = false } = range
    const inFile = (start: ByteString, end: ByteString | null, most: number): TableEntry[] =>
      this.#view.entries(table, start, end, reverse, most, withValues)
    const touched = this.#overlays.filter(({ places }) => places[table].size > 0 && places[table].count(from, to, 1) > 0)
    if (touched.length === 0) return inFile(from, to, limit)
    const sources = touched.map(({ places, slab }) => {
      const pieceOf = ({ key, value: place }: OrderedMapEntry<number>): Piece => ({
        key,
        value: place === REMOVED ? null : withValues ? (slab.read(place) ?? null) : NOTHING,
      })
      return new Source((start, end, most) => places[table].page(start, end, reverse, most).map(pieceOf), range, limit)
    })
    return merge([...sources, new Source(inFile, range, limit)], reverse, limit)
  }
}

/** The first `limit` living keys. Of sources that have the same key, the first one speaks. */
function merge(sources: readonly Source[], reverse: boolean, limit: number): TableEntry[] {
  const merged: TableEntry[] = []
  while (merged.length < limit) {
    let next: Piece | undefined
    for (const { first } of sources) {
      if (first === undefined || first.key === next?.key) continue
      if (next === undefined || first.key < next.key !== reverse) next = first
    }
    if (next === undefined) break
    const { key, value } = next
    for (const source of sources) if (source.first?.key === key) source.next()
    if (value !== null) merged.push({ key, value })
  }
  return merged
}
