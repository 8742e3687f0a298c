import { copyOf } from '../byte-output.js'
import { DynamicTable, ENTRY_OVERHEAD } from './dynamic-table.js'
import { HpackError } from './hpack-error.js'
import { huffmanDecode } from './huffman.js'
import { STATIC_ENTRIES, STATIC_NAMES, STATIC_VALUES } from './static-table.js'

/** Names and values in turn, in the order of the block. Characters are bytes (0 to 255). */
export type FlatFields = readonly string[]

export interface HpackDecoderOptions {
  /** What our SETTINGS_HEADER_TABLE_SIZE allows the peer, bytes. */
  readonly maxTableBytes: number
  /** Sum of name, value and 32 over the fields of one block (SETTINGS_MAX_HEADER_LIST_SIZE), bytes. */
  readonly maxListBytes: number
  /** Blocks whose meaning is remembered by their bytes; 0 switches it off. */
  readonly memoEntries?: number
}

interface Memo<T> {
  readonly block: Uint8Array
  readonly meaning: T
  /** Version of the dynamic table that the meaning holds for; -1 when the block refers to the static table only. */
  readonly version: number
}

/** Longer blocks are rarely repeated, and would make the memory of idle connections large. */
const MAX_MEMO_BYTES = 512
const DEFAULT_MEMO_ENTRIES = 8

/** For decoded Huffman strings. Shared: decoding is never interrupted. */
let scratch = Buffer.allocUnsafeSlow(4096)

/**
 * RFC 7541. `interpret` turns the fields of a block into what the caller works with; it gets null when the list was larger than allowed.
 *
 * Clients repeat their header blocks byte by byte. The meaning of a block is therefore remembered by its bytes, under two conditions: decoding it did not
 * change the dynamic table (else it has to be done again for its effect), and the table is the same as then (its references would mean something else),
 * or the block does not refer to it.
 */
export class HpackDecoder<T> {
  readonly table: DynamicTable
  readonly #maxTableBytes: number
  readonly #maxListBytes: number
  readonly #memoEntries: number
  readonly #interpret: (fields: FlatFields | null) => T
  readonly #memos: Memo<T>[] = []
  #nextMemo = 0
  #at = 0
  #refersToTable = false

  constructor(options: HpackDecoderOptions, interpret: (fields: FlatFields | null) => T) {
    this.#maxTableBytes = options.maxTableBytes
    this.#maxListBytes = options.maxListBytes
    this.#memoEntries = options.memoEntries ?? DEFAULT_MEMO_ENTRIES
    this.#interpret = interpret
    this.table = new DynamicTable(options.maxTableBytes)
  }

  /** Decodes `bytes[start, end)`, one whole block. Throws HpackError, after which the decoder must not be used any more. */
  decode(bytes: Uint8Array, start = 0, end = bytes.length): T {
    const known = this.#recall(bytes, start, end)
    if (known !== undefined) return known.meaning
    const version = this.table.version
    this.#refersToTable = false
    const meaning = this.#interpret(this.#fields(bytes, start, end))
    if (this.table.version === version) this.#remember(bytes, start, end, meaning)
    return meaning
  }

  #recall(bytes: Uint8Array, start: number, end: number): Memo<T> | undefined {
    const memos = this.#memos
    const length = end - start
    for (let index = 0; index < memos.length; index++) {
      const memo = memos[index] as Memo<T>
      const { block } = memo
      if (block.length !== length || (memo.version !== -1 && memo.version !== this.table.version)) continue
      let at = 0
      while (at < length && block[at] === bytes[start + at]) at++
      if (at === length) return memo
    }
    return undefined
  }

  #remember(bytes: Uint8Array, start: number, end: number, meaning: T): void {
    if (end - start > MAX_MEMO_BYTES || this.#memoEntries === 0) return
    const version = this.#refersToTable ? this.table.version : -1
    this.#memos[this.#nextMemo] = { block: copyOf(bytes, start, end), meaning, version }
    this.#nextMemo = (this.#nextMemo + 1) % this.#memoEntries
  }

  /** Null when the list is larger than allowed: the rest is decoded for its effect on the table only. */
  #fields(bytes: Uint8Array, start: number, end: number): FlatFields | null {
    let fields: string[] | null = []
    let listBytes = 0
    this.#at = start
    while (this.#at < end) {
      const first = bytes[this.#at] as number
      if ((first & 0xe0) === 0x20) {
        if (listBytes > 0) throw new HpackError('a table size update behind a field')
        this.#resize(this.#integer(bytes, end, 5))
        continue
      }
      let name: string
      let value: string
      if ((first & 0x80) !== 0) {
        const index = this.#integer(bytes, end, 7)
        name = this.#nameAt(index)
        value = this.#valueAt(index)
      } else {
        const indexed = (first & 0x40) !== 0
        const index = this.#integer(bytes, end, indexed ? 6 : 4)
        name = index === 0 ? this.#string(bytes, end) : this.#nameAt(index)
        value = this.#string(bytes, end)
        if (indexed) this.table.insert(name, value)
      }
      listBytes += name.length + value.length + ENTRY_OVERHEAD
      if (listBytes > this.#maxListBytes) fields = null
      else fields?.push(name, value)
    }
    return fields
  }

  #resize(maxSize: number): void {
    if (maxSize > this.#maxTableBytes) throw new HpackError(`a table of ${maxSize} bytes; at most ${this.#maxTableBytes}`)
    this.table.resize(maxSize)
  }

  #nameAt(index: number): string {
    if (index > STATIC_ENTRIES) return this.table.name(this.#dynamic(index))
    if (index === 0) throw new HpackError('index 0')
    return STATIC_NAMES[index] as string
  }

  #valueAt(index: number): string {
    return index > STATIC_ENTRIES ? this.table.value(this.#dynamic(index)) : (STATIC_VALUES[index] as string)
  }

  #dynamic(index: number): number {
    const position = index - STATIC_ENTRIES - 1
    if (position >= this.table.count) throw new HpackError(`index ${index}; the table ends at ${STATIC_ENTRIES + this.table.count}`)
    this.#refersToTable = true
    return position
  }

  /** RFC 7541 5.1. No length or index of a block within any limit needs more than four bytes behind the prefix. */
  #integer(bytes: Uint8Array, end: number, prefixBits: number): number {
    const mask = (1 << prefixBits) - 1
    let value = (bytes[this.#at++] as number) & mask
    if (value < mask) return value
    for (let shift = 0; shift <= 21; shift += 7) {
      if (this.#at >= end) throw new HpackError('the block ends inside of an integer')
      const byte = bytes[this.#at++] as number
      value += (byte & 0x7f) << shift
      if ((byte & 0x80) === 0) return value
    }
    throw new HpackError('an integer is too large')
  }

  #string(bytes: Uint8Array, end: number): string {
    if (this.#at >= end) throw new HpackError('the block ends before a string')
    const huffman = ((bytes[this.#at] as number) & 0x80) !== 0
    const length = this.#integer(bytes, end, 7)
    const start = this.#at
    if (length > end - start) throw new HpackError('a string is longer than its block')
    this.#at += length
    if (!huffman) return latin1(bytes, start, this.#at)
    const room = Math.ceil((length * 8) / 5)
    if (room > scratch.length) scratch = Buffer.allocUnsafeSlow(room)
    return scratch.toString('latin1', 0, huffmanDecode(bytes, start, this.#at, scratch))
  }
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  const buffer = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  return buffer.toString('latin1', start, end)
}
