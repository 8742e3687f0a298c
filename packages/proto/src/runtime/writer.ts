/**
 * Writes the wire format of protobuf from the back to the front: a length stands before what it counts, so that way it is known when it is needed,
 * and no message is measured first. Callers therefore write the last field first, and within a field the content first.
 *
 * Finished messages share larger pieces of memory, one after the other (towards the front), like Buffer.allocUnsafe: a message that is kept keeps
 * up to 32 KiB. Numbers that do not fit throw INVALID (refused): they are mistakes of this side.
 */
import { BalsaError } from '@balsa/raft'

const PIECE_BYTES = 32 * 1024
const TWO_32 = 0x1_0000_0000
const SHORT_TEXT = 32
/** Below this, byte by byte is faster than a call of the engine. */
const SHORT_BYTES = 24

const utf8 = new TextEncoder()

const whole = new BigInt64Array(1)
const halves = new Uint32Array(whole.buffer)
const LOW = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 0 : 1
const HIGH = 1 - LOW

export class Writer {
  #buffer: Uint8Array = new Uint8Array(PIECE_BYTES)
  #memory: ArrayBufferLike = this.#buffer.buffer
  /** First byte of what is written of the present message. */
  #at: number = PIECE_BYTES
  #end: number = PIECE_BYTES

  /** Begins a message. What an earlier one left unfinished is forgotten. */
  begin(): void {
    this.#end = this.#at
  }

  /** Bytes of the present message so far. */
  get length(): number {
    return this.#end - this.#at
  }

  /** The message. Nothing writes into its bytes any more. */
  finish(): Uint8Array {
    const message = new Uint8Array(this.#memory, this.#at, this.#end - this.#at)
    if (this.#buffer.length > PIECE_BYTES) {
      this.#use(new Uint8Array(PIECE_BYTES))
      this.#at = PIECE_BYTES
    }
    this.#end = this.#at
    return message
  }

  /** What follows belongs into the message that ends here; give what it returns to {@link Writer.close}. */
  open(): number {
    return this.#end - this.#at
  }

  /** Length and tag of the message that was written since `open`. */
  close(tag: number, open: number): void {
    this.#varint(this.#end - this.#at - open)
    this.#varint(tag)
  }

  bool(tag: number, value: boolean): void {
    this.#byte(value ? 1 : 0)
    this.#varint(tag)
  }

  /** Also enums. */
  int32(tag: number, value: number): void {
    this.int32Value(value)
    this.#varint(tag)
  }

  uint32(tag: number, value: number): void {
    this.uint32Value(value)
    this.#varint(tag)
  }

  int64(tag: number, value: number): void {
    this.int64Value(value)
    this.#varint(tag)
  }

  uint64(tag: number, value: number): void {
    this.uint64Value(value)
    this.#varint(tag)
  }

  int64Big(tag: number, value: bigint): void {
    this.int64BigValue(value)
    this.#varint(tag)
  }

  uint64Big(tag: number, value: bigint): void {
    this.uint64BigValue(value)
    this.#varint(tag)
  }

  bytes(tag: number, value: Uint8Array): void {
    const length = value.length
    const at = this.#room(length)
    const buffer = this.#buffer
    if (length > SHORT_BYTES) buffer.set(value, at)
    else for (let index = 0; index < length; index++) buffer[at + index] = value[index] as number
    this.#varint(length)
    this.#varint(tag)
  }

  /** Lone surrogates, which have no UTF-8, become U+FFFD. */
  string(tag: number, value: string): void {
    const length = value.length
    if (length <= SHORT_TEXT && this.#ascii(value)) {
      this.#varint(length)
      this.#varint(tag)
    } else this.bytes(tag, utf8.encode(value))
  }

  /** False, and nothing written, when there is more than ASCII in it. */
  #ascii(value: string): boolean {
    const length = value.length
    const at = this.#room(length)
    const buffer = this.#buffer
    for (let index = 0; index < length; index++) {
      const unit = value.charCodeAt(index)
      if (unit >= 0x80) {
        this.#at += length
        return false
      }
      buffer[at + index] = unit
    }
    return true
  }

  boolValue(value: boolean): void {
    this.#byte(value ? 1 : 0)
  }

  int32Value(value: number): void {
    if ((value | 0) !== value) refuse(value, 'int32')
    if (value < 0) this.#long(value >>> 0, 0xffff_ffff)
    else this.#varint(value)
  }

  uint32Value(value: number): void {
    if (value >>> 0 !== value) refuse(value, 'uint32')
    this.#varint(value)
  }

  int64Value(value: number): void {
    if (!Number.isSafeInteger(value)) refuse(value, 'int64')
    if (value < 0) {
      const high = Math.floor(value / TWO_32)
      this.#long(value - high * TWO_32, high >>> 0)
    } else this.#varint(value)
  }

  uint64Value(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) refuse(value, 'uint64')
    this.#varint(value)
  }

  int64BigValue(value: bigint): void {
    if (BigInt.asIntN(64, value) !== value) refuse(value, 'int64')
    this.#big(value)
  }

  uint64BigValue(value: bigint): void {
    if (BigInt.asUintN(64, value) !== value) refuse(value, 'uint64')
    this.#big(value)
  }

  #big(value: bigint): void {
    whole[0] = value
    const low = halves[LOW] as number
    const high = halves[HIGH] as number
    if (high === 0) this.#varint(low)
    else this.#long(low, high)
  }

  #byte(value: number): void {
    this.#buffer[this.#room(1)] = value
  }

  /** A safe integer >= 0. */
  #varint(value: number): void {
    if (value < 0x80) {
      const at = this.#room(1)
      this.#buffer[at] = value
    } else if (value < 0x4000) {
      const at = this.#room(2)
      this.#buffer[at] = (value & 0x7f) | 0x80
      this.#buffer[at + 1] = value >>> 7
    } else if (value < TWO_32) this.#middle(value)
    else this.#long(value % TWO_32, Math.floor(value / TWO_32))
  }

  /** 15 to 32 bits. */
  #middle(value: number): void {
    let at = this.#room(value < 0x20_0000 ? 3 : value < 0x1000_0000 ? 4 : 5)
    const buffer = this.#buffer
    let rest = value
    for (; rest > 0x7f; rest >>>= 7) buffer[at++] = (rest & 0x7f) | 0x80
    buffer[at] = rest
  }

  /** More than 32 bits. */
  #long(low: number, high: number): void {
    let size = 5
    // The fifth byte holds three bits of the upper half.
    for (let rest = high >>> 3; rest > 0; rest >>>= 7) size += 1
    let at = this.#room(size)
    const buffer = this.#buffer
    let rest = low
    for (let count = 0; count < 4; count++, rest >>>= 7) buffer[at++] = (rest & 0x7f) | 0x80
    const upper = high >>> 3
    const fifth = rest | ((high & 7) << 4)
    buffer[at++] = upper === 0 ? fifth : fifth | 0x80
    for (let left = upper; left > 0; left >>>= 7) buffer[at++] = left > 0x7f ? (left & 0x7f) | 0x80 : left
  }

  /** Makes room in front of what is written; where it begins. */
  #room(count: number): number {
    if (count > this.#at) this.#grow(count)
    this.#at -= count
    return this.#at
  }

  #use(buffer: Uint8Array): void {
    this.#buffer = buffer
    this.#memory = buffer.buffer
  }

  #grow(count: number): void {
    const used = this.#end - this.#at
    const needed = used + count
    const size = needed * 2 > PIECE_BYTES ? needed * 2 : PIECE_BYTES
    const larger = new Uint8Array(size)
    larger.set(this.#buffer.subarray(this.#at, this.#end), size - used)
    this.#use(larger)
    this.#at = size - used
    this.#end = size
  }
}

function refuse(value: number | bigint, type: string): never {
  throw new BalsaError('INVALID', `${value} is no ${type}`)
}

/** The one that every `encode` uses: they are synchronous, so one is enough. */
export const sharedWriter: Writer = new Writer()
