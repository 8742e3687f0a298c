/**
 * Bytes in and out for every format of Balsa: messages between members, the client protocol, log records. Little-endian.
 * A varint is LEB128, shortest form only, up to 2^53 - 1. The reader trusts nothing: whatever does not fit is MALFORMED.
 */
import { BalsaError } from '../errors.js'

const SMALLEST_CAPACITY = 64
/** So many bytes are copied faster one by one than by asking the engine to do it. */
const SHORT_BYTES = 64
/** Below this a copy is cheaper than new memory for what comes next. */
const COPY_LIMIT_BYTES = 1024
const TWO_32 = 0x1_0000_0000
/** 2^53 - 1 has 53 bits: 8 groups of 7. */
const MAX_VARINT_BYTES = 8

const utf8Encoder = new TextEncoder()
/** Fatal and without removal of a byte order mark: two different byte strings must never decode to one text. */
const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Bytes that {@link ByteWriter.varint} needs for `value`. */
export function varintLength(value: number): number {
  let length = 1
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length += 1
  return length
}

/** A growing buffer to write into. Reusable through `reset`. A number out of range throws INVALID (refused): nothing may be sent then. */
export class ByteWriter {
  #buffer: Uint8Array
  #view: DataView
  #length = 0

  constructor(capacity = 256) {
    this.#buffer = new Uint8Array(Math.max(SMALLEST_CAPACITY, capacity))
    this.#view = new DataView(this.#buffer.buffer)
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length
  }

  /** Forgets the content and keeps the memory. */
  reset(): void {
    this.#length = 0
  }

  /** What was written (from byte `start` on), without a copy: valid until the next write or reset. */
  view(start = 0): Uint8Array {
    return this.#buffer.subarray(start, this.#length)
  }

  /** A copy of what was written. Leaves the writer empty. */
  take(): Uint8Array {
    const length = this.#length
    this.#length = 0
    if (length > SHORT_BYTES) return this.#buffer.slice(0, length)
    const copy = new Uint8Array(length)
    const buffer = this.#buffer
    for (let at = 0; at < length; at++) copy[at] = buffer[at] ?? 0
    return copy
  }

  /** What was written, without a copy when it is much. Leaves the writer empty, and the caller owns the bytes. */
  detach(): Uint8Array {
    if (this.#length <= COPY_LIMIT_BYTES) return this.take()
    const bytes = this.#buffer.subarray(0, this.#length)
    this.#buffer = new Uint8Array(SMALLEST_CAPACITY)
    this.#view = new DataView(this.#buffer.buffer)
    this.#length = 0
    return bytes
  }

  /** Makes room for `count` more bytes, so that they can be written without growing step by step. */
  reserve(count: number): void {
    const needed = this.#length + count
    if (needed > this.#buffer.length) this.#grow(needed)
  }

  #grow(needed: number): void {
    const larger = new Uint8Array(Math.max(needed, this.#buffer.length * 2))
    larger.set(this.#buffer.subarray(0, this.#length))
    this.#buffer = larger
    this.#view = new DataView(larger.buffer)
  }

  u8(value: number): void {
    requireUnsigned(value, 0xff)
    this.reserve(1)
    this.#buffer[this.#length++] = value
  }

  boolean(value: boolean): void {
    this.u8(value ? 1 : 0)
  }

  u16(value: number): void {
    requireUnsigned(value, 0xffff)
    this.reserve(2)
    this.#view.setUint16(this.#length, value, true)
    this.#length += 2
  }

  u32(value: number): void {
    requireUnsigned(value, TWO_32 - 1)
    this.reserve(4)
    this.#view.setUint32(this.#length, value, true)
    this.#length += 4
  }

  /** 8 bytes that hold a safe integer >= 0. */
  u64(value: number): void {
    requireUnsigned(value, Number.MAX_SAFE_INTEGER)
    this.reserve(8)
    this.#view.setUint32(this.#length, value >>> 0, true)
    this.#view.setUint32(this.#length + 4, Math.floor(value / TWO_32), true)
    this.#length += 8
  }

  /** 1 to 8 bytes that hold a safe integer >= 0. */
  varint(value: number): void {
    requireUnsigned(value, Number.MAX_SAFE_INTEGER)
    this.reserve(MAX_VARINT_BYTES)
    const buffer = this.#buffer
    let at = this.#length
    let rest = value
    while (rest > 0x7fff_ffff) {
      buffer[at++] = (rest & 0x7f) | 0x80
      rest = Math.floor(rest / 128)
    }
    while (rest > 0x7f) {
      buffer[at++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    buffer[at++] = rest
    this.#length = at
  }

  /** Length as varint, then the bytes. */
  bytes(value: Uint8Array): void {
    this.varint(value.length)
    this.raw(value)
  }

  /** The bytes alone; the reader must know how many. */
  raw(value: Uint8Array): void {
    this.reserve(value.length)
    this.#buffer.set(value, this.#length)
    this.#length += value.length
  }

  /** UTF-8 with its length in bytes before it. Refuses lone surrogates: they have no UTF-8. */
  string(value: string): void {
    if (/\p{Surrogate}/u.test(value)) throw new BalsaError('INVALID', 'text with a lone surrogate cannot be written as UTF-8')
    this.bytes(utf8Encoder.encode(value))
  }

  /** Overwrites 4 bytes that were written before, for example with a length that is known only now. */
  patchU32(at: number, value: number): void {
    requireUnsigned(value, TWO_32 - 1)
    if (at < 0 || at + 4 > this.#length) throw new BalsaError('INVALID', `no 4 bytes at ${at} to overwrite`)
    this.#view.setUint32(at, value, true)
  }
}

function requireUnsigned(value: number, max: number): void {
  if (value >= 0 && value <= max && Math.floor(value) === value) return
  throw new BalsaError('INVALID', `${value} is not an integer from 0 to ${max}`)
}

/**
 * Reads what a {@link ByteWriter} wrote, from bytes that may come from anywhere. Every method takes the name of the field, for the
 * error: MALFORMED (refused) with field and offset. Nothing is allocated by a number that was read.
 */
export class ByteReader {
  readonly #bytes: Uint8Array
  readonly #what: string
  #offset = 0

  /** `what` names the whole thing in errors, for example `message`. */
  constructor(bytes: Uint8Array, what = 'bytes') {
    this.#bytes = bytes
    this.#what = what
  }

  get offset(): number {
    return this.#offset
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset
  }

  /** Throws MALFORMED for the value of `field` that ends at the current offset. */
  fail(field: string, reason: string): never {
    throw new BalsaError('MALFORMED', `malformed ${this.#what}: ${field} at byte ${this.#offset}: ${reason}`)
  }

  /** Asserts that everything was read. */
  end(): void {
    if (this.remaining > 0) this.fail('end', `${this.remaining} trailing bytes`)
  }

  u8(field: string): number {
    const value = this.#bytes[this.#offset]
    if (value === undefined) this.#short(field, 1)
    this.#offset += 1
    return value
  }

  /** 0 or 1; everything else is malformed. */
  boolean(field: string): boolean {
    const value = this.u8(field)
    if (value > 1) this.fail(field, `${value} is neither 0 nor 1`)
    return value === 1
  }

  u16(field: string): number {
    if (this.remaining < 2) this.#short(field, 2)
    return this.u8(field) + this.u8(field) * 0x100
  }

  u32(field: string): number {
    if (this.remaining < 4) this.#short(field, 4)
    return this.u8(field) + this.u8(field) * 0x100 + this.u8(field) * 0x1_0000 + this.u8(field) * 0x100_0000
  }

  u64(field: string): number {
    if (this.remaining < 8) this.#short(field, 8)
    const low = this.u32(field)
    const high = this.u32(field)
    if (high > 0x1f_ffff) this.fail(field, 'larger than 2^53 - 1')
    return high * TWO_32 + low
  }

  varint(field: string): number {
    const first = this.#bytes[this.#offset]
    if (first !== undefined && first < 0x80) {
      this.#offset += 1
      return first
    }
    return this.#longVarint(field)
  }

  #longVarint(field: string): number {
    let value = 0
    let scale = 1
    for (let count = 1; count <= MAX_VARINT_BYTES; count++) {
      const byte = this.u8(field)
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        if (byte === 0 && count > 1) this.fail(field, 'varint is not in its shortest form')
        if (value > Number.MAX_SAFE_INTEGER) this.fail(field, 'larger than 2^53 - 1')
        return value
      }
      scale *= 128
    }
    this.fail(field, `varint is longer than ${MAX_VARINT_BYTES} bytes`)
  }

  /** A number of elements that follow, each of at least `bytesEach` bytes: refused when they cannot all be there. */
  count(field: string, bytesEach = 1): number {
    const count = this.varint(field)
    if (count * bytesEach > this.remaining) this.fail(field, `${count} elements announced, ${this.remaining} bytes left`)
    return count
  }

  /** Bytes with their length before them. A view of the underlying bytes, not a copy. */
  bytes(field: string): Uint8Array {
    return this.raw(field, this.count(field))
  }

  /** Exactly `length` bytes, as a view. */
  raw(field: string, length: number): Uint8Array {
    if (length > this.remaining) this.#short(field, length)
    const start = this.#offset
    this.#offset += length
    return this.#bytes.subarray(start, this.#offset)
  }

  /** UTF-8 text with its length before it. */
  string(field: string): string {
    const bytes = this.bytes(field)
    try {
      return utf8Decoder.decode(bytes)
    } catch {
      this.fail(field, 'not valid UTF-8')
    }
  }

  #short(field: string, needed: number): never {
    this.fail(field, `needs ${needed} bytes, ${this.remaining} left`)
  }
}
