/**
 * Reads the wire format of protobuf. What it returns for `bytes` are views of the input: whoever keeps one for longer keeps the whole input, and
 * should copy it. Trusts nothing: whatever does not fit is MALFORMED (refused), with message, field and offset. No work and no memory beyond a
 * small multiple of the input.
 *
 * One reader walks through a message and those inside it: `open` narrows it to the next length-delimited piece, `close` widens it again.
 */
import { BalsaError } from '@balsa/raft'

/** Deepest nesting of messages, as in the reference implementations. */
export const MAX_DEPTH = 100

/** What an absent field of type bytes holds. */
export const EMPTY: Uint8Array = new Uint8Array(0)

const TWO_32 = 0x1_0000_0000
const MAX_VARINT_BYTES = 10
/** Below this, characters one by one are faster than a call of the decoder. */
const SHORT_TEXT_BYTES = 24

/** Fatal and without removal of a byte order mark: two different byte strings must never decode to one text. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** For putting the two halves of a 64-bit number together without arithmetic on bigints. */
const whole = new BigInt64Array(1)
const wholeUnsigned = new BigUint64Array(whole.buffer)
const halves = new Uint32Array(whole.buffer)
const LOW = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 0 : 1
const HIGH = 1 - LOW

export class Reader {
  readonly #bytes: Uint8Array
  /** Views are made from these two: much faster than `subarray`. */
  readonly #memory: ArrayBufferLike
  readonly #offset: number
  readonly #message: string
  #at = 0
  #end: number
  #depth = 0
  #tag = 0
  /** Upper half of the last {@link Reader.#varint}. */
  #high = 0

  /** `message` only names what is read in errors. */
  constructor(bytes: Uint8Array, message: string) {
    this.#bytes = bytes
    this.#memory = bytes.buffer
    this.#offset = bytes.byteOffset
    this.#end = bytes.length
    this.#message = message
  }

  /** Is there another field in this message? */
  more(): boolean {
    return this.#at < this.#end
  }

  /** Field number * 8 + wire type. */
  tag(): number {
    const first = this.#bytes[this.#at] as number
    if (first < 0x80) {
      this.#at += 1
      this.#tag = first
      return first
    }
    const low = this.#varint()
    if (this.#high !== 0) this.fail('a field number of more than 29 bits')
    this.#tag = low
    return low
  }

  /** Narrows the reader to the message that begins here. Give what it returns to {@link Reader.close}. */
  open(): number {
    const length = this.#length()
    if (++this.#depth >= MAX_DEPTH) this.fail(`messages more than ${MAX_DEPTH} deep`)
    return this.#narrow(length)
  }

  close(end: number): void {
    this.#depth -= 1
    this.#end = end
  }

  /** Like {@link Reader.open} for numbers in a row, which are no level of their own. */
  openPacked(): number {
    return this.#narrow(this.#length())
  }

  closePacked(end: number): void {
    this.#end = end
  }

  #narrow(length: number): number {
    const end = this.#end
    this.#end = this.#at + length
    return end
  }

  bool(): boolean {
    const low = this.#varint()
    return low !== 0 || this.#high !== 0
  }

  /** Also enums: a value that the sender's version knows and this one does not stays what it is. */
  int32(): number {
    return this.#varint() | 0
  }

  uint32(): number {
    return this.#varint()
  }

  /** MALFORMED when it is no safe integer. */
  int64(): number {
    const low = this.#varint()
    const high = this.#high | 0
    const value = high * TWO_32 + low
    if (high >= 0x20_0000 || high < -0x20_0000 || value === -Number.MAX_SAFE_INTEGER - 1) this.fail('a number of more than 53 bits')
    return value
  }

  /** The nearest safe integer. */
  int64Clamped(): number {
    const low = this.#varint()
    const value = (this.#high | 0) * TWO_32 + low
    return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, value))
  }

  int64Big(): bigint {
    const low = this.#varint()
    if (this.#high === 0 && low === 0) return 0n
    halves[LOW] = low
    halves[HIGH] = this.#high
    return whole[0] as bigint
  }

  /** MALFORMED when it is no safe integer. */
  uint64(): number {
    const low = this.#varint()
    if (this.#high >= 0x20_0000) this.fail('a number of more than 53 bits')
    return this.#high * TWO_32 + low
  }

  /** The nearest safe integer. */
  uint64Clamped(): number {
    const low = this.#varint()
    return Math.min(Number.MAX_SAFE_INTEGER, this.#high * TWO_32 + low)
  }

  uint64Big(): bigint {
    const low = this.#varint()
    if (this.#high === 0 && low === 0) return 0n
    halves[LOW] = low
    halves[HIGH] = this.#high
    return wholeUnsigned[0] as bigint
  }

  /** A view. */
  bytes(): Uint8Array {
    const length = this.#length()
    if (length === 0) return EMPTY
    const from = this.#at
    this.#at = from + length
    return new Uint8Array(this.#memory, this.#offset + from, length)
  }

  string(): string {
    const length = this.#length()
    if (length === 0) return ''
    const from = this.#at
    const to = from + length
    this.#at = to
    const bytes = this.#bytes
    if (length <= SHORT_TEXT_BYTES) {
      let text = ''
      let at = from
      for (; at < to; at++) {
        const byte = bytes[at] as number
        if (byte >= 0x80) break
        text += String.fromCharCode(byte)
      }
      if (at === to) return text
    }
    try {
      return utf8.decode(bytes.subarray(from, to))
    } catch {
      return this.fail('text that is not UTF-8')
    }
  }

  /** Passes over a field that this version does not know. `known` are the fields of the message: one of them got here by its wire type only. */
  skip(tag: number, known: ReadonlySet<number>): void {
    const field = tag >>> 3
    if (field === 0) this.fail('field number 0')
    const wireType = tag & 7
    if (known.has(field)) this.fail(`wire type ${wireType} where the field has another`)
    if (wireType === 0) this.#varint()
    else if (wireType === 1) this.#advance(8)
    else if (wireType === 2) this.#advance(this.#length())
    else if (wireType === 5) this.#advance(4)
    else this.fail(wireType === 3 || wireType === 4 ? 'a group' : `wire type ${wireType}`)
  }

  /** Throws MALFORMED (refused). */
  fail(what: string): never {
    throw new BalsaError('MALFORMED', `${this.#message}: field ${this.#tag >>> 3} at byte ${this.#at}: ${what}`)
  }

  #advance(count: number): void {
    if (count > this.#end - this.#at) this.fail('cut off')
    this.#at += count
  }

  /** A length that fits into what is left. */
  #length(): number {
    const at = this.#at
    const first = this.#bytes[at] as number
    let length = first
    if (first < 0x80 && at < this.#end) this.#at = at + 1
    else {
      length = this.#varint()
      if (this.#high !== 0) this.fail('cut off')
    }
    if (length > this.#end - this.#at) this.fail('cut off')
    return length
  }

  /** Lower 32 bits; the upper ones are left in #high. Up to ten bytes, of which the last may hold one bit. */
  #varint(): number {
    const bytes = this.#bytes
    const end = this.#end
    let at = this.#at
    this.#high = 0
    const first = bytes[at] as number
    if (first < 0x80 && at < end) {
      this.#at = at + 1
      return first
    }
    let low = 0
    for (let shift = 0; shift < 28; shift += 7) {
      if (at >= end) this.fail('cut off')
      const byte = bytes[at++] as number
      low |= (byte & 0x7f) << shift
      if (byte < 0x80) {
        this.#at = at
        return low
      }
    }
    return this.#longVarint(low, at)
  }

  /** From the fifth byte on: it belongs to both halves. */
  #longVarint(lowest: number, start: number): number {
    const bytes = this.#bytes
    let at = start
    let low = lowest
    let high = 0
    for (let count = 4; count < MAX_VARINT_BYTES; count++) {
      if (at >= this.#end) this.fail('cut off')
      const byte = bytes[at++] as number
      const bits = byte & 0x7f
      if (count === 4) {
        low |= bits << 28
        high = bits >>> 4
      } else high |= bits << (count * 7 - 32)
      if (byte >= 0x80) continue
      if (count === MAX_VARINT_BYTES - 1 && byte > 1) break
      this.#at = at
      this.#high = high >>> 0
      return low >>> 0
    }
    return this.fail('a number of more than 64 bits')
  }
}
