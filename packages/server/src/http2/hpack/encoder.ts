import { type ByteOutput, copyOf } from '../byte-output.js'
import type { FlatFields } from './decoder.js'
import { DynamicTable } from './dynamic-table.js'
import { huffmanEncode, huffmanLength } from './huffman.js'
import { STATIC_ENTRIES, staticFieldIndex, staticNameIndex } from './static-table.js'

/** Larger tables of peers are not used: what a server repeats is short. */
const MAX_TABLE_BYTES = 4096

/** How a field that neither table holds is sent (RFC 7541 6.2): kept by both sides, not kept, or kept by nobody on the way either (secrets). */
export type Indexing = 'incremental' | 'none' | 'never'

export interface HpackEncoderOptions {
  /** For every field that no table holds. Default: incremental. */
  readonly indexing?: (name: string, value: string) => Indexing
  /** Default: true, when it is not longer. */
  readonly huffman?: boolean
}

interface Encoded {
  readonly bytes: Uint8Array
  readonly version: number
}

/** RFC 7541. Blocks must be sent in the order in which they were encoded. */
export class HpackEncoder {
  readonly table = new DynamicTable(MAX_TABLE_BYTES)
  readonly #indexing: (name: string, value: string) => Indexing
  readonly #huffman: boolean
  /** Blocks of lists that callers use again and again, by identity. */
  readonly #constants = new Map<FlatFields, Encoded>()
  /** Smallest limit since the last block, when an update is due (RFC 7541 4.2). */
  #pendingMinimum: number | null = null

  constructor(options: HpackEncoderOptions = {}) {
    this.#indexing = options.indexing ?? (() => 'incremental')
    this.#huffman = options.huffman ?? true
  }

  /** SETTINGS_HEADER_TABLE_SIZE of the peer. The next block begins with the update. */
  limitTable(maxBytes: number): void {
    const size = Math.min(maxBytes, MAX_TABLE_BYTES)
    if (size === this.table.maxSize) return
    this.#pendingMinimum = Math.min(this.#pendingMinimum ?? size, size)
    this.table.resize(size)
  }

  encode(fields: FlatFields, out: ByteOutput): void {
    if (this.#pendingMinimum !== null) this.#announceSize(this.#pendingMinimum, out)
    for (let at = 0; at < fields.length; at += 2) this.#field(fields[at] as string, fields[at + 1] as string, out)
  }

  /**
   * Like `encode`, for a list that lives as long as the program and never changes. Its bytes are kept and used again while the table is the one they were
   * made with and they do not change it.
   */
  encodeConstant(fields: FlatFields, out: ByteOutput): void {
    const known = this.#constants.get(fields)
    if (known !== undefined && known.version === this.table.version && this.#pendingMinimum === null) {
      out.append(known.bytes)
      return
    }
    const { version } = this.table
    const start = out.length
    this.encode(fields, out)
    if (this.table.version === version) this.#constants.set(fields, { bytes: copyOf(out.bytes, start, out.length), version })
  }

  #announceSize(minimum: number, out: ByteOutput): void {
    if (minimum < this.table.maxSize) this.#integer(minimum, 5, 0x20, out)
    this.#integer(this.table.maxSize, 5, 0x20, out)
    this.#pendingMinimum = null
  }

  #field(name: string, value: string, out: ByteOutput): void {
    const indexing = this.#indexing(name, value)
    const inStatic = staticFieldIndex(name, value)
    if (inStatic !== 0 && indexing !== 'never') return this.#integer(inStatic, 7, 0x80, out)
    const found = this.table.find(name, value)
    if (found >= 0 && indexing !== 'never') return this.#integer(found + STATIC_ENTRIES + 1, 7, 0x80, out)
    const inDynamic = found >= 0 ? found + STATIC_ENTRIES + 1 : found <= -2 ? -2 - found + STATIC_ENTRIES + 1 : 0
    const nameIndex = staticNameIndex(name) || inDynamic
    if (indexing === 'incremental') this.#integer(nameIndex, 6, 0x40, out)
    else this.#integer(nameIndex, 4, indexing === 'never' ? 0x10 : 0, out)
    if (nameIndex === 0) this.#string(name, out)
    this.#string(value, out)
    if (indexing === 'incremental') this.table.insert(name, value)
  }

  #integer(value: number, prefixBits: number, flags: number, out: ByteOutput): void {
    const mask = (1 << prefixBits) - 1
    if (value < mask) return out.byte(flags | value)
    out.byte(flags | mask)
    let rest = value - mask
    for (; rest >= 0x80; rest >>>= 7) out.byte((rest & 0x7f) | 0x80)
    out.byte(rest)
  }

  #string(text: string, out: ByteOutput): void {
    const packed = this.#huffman ? huffmanLength(text) : Number.POSITIVE_INFINITY
    if (packed <= text.length) {
      this.#integer(packed, 7, 0x80, out)
      huffmanEncode(text, out)
    } else {
      this.#integer(text.length, 7, 0, out)
      out.latin1(text)
    }
  }
}
