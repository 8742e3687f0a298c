/** A growing buffer that frames are written into: what a connection has to send in this turn of the event loop. */
export class ByteOutput {
  /** Valid from 0 to `length`; replaced when it grows. */
  bytes: Buffer
  length = 0
  readonly #initialBytes: number
  readonly #keptBytes: number

  constructor(initialBytes = 512, keptBytes = 64 * 1024) {
    this.#initialBytes = initialBytes
    this.#keptBytes = keptBytes
    this.bytes = Buffer.allocUnsafeSlow(initialBytes)
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    const needed = this.length + count
    if (needed > this.bytes.length) this.#grow(needed)
  }

  byte(value: number): void {
    if (this.length === this.bytes.length) this.#grow(this.length + 1)
    this.bytes[this.length++] = value
  }

  append(source: Uint8Array, start = 0, end = source.length): void {
    const count = end - start
    this.reserve(count)
    copyBytes(source, start, end, this.bytes, this.length)
    this.length += count
  }

  latin1(text: string): void {
    this.reserve(text.length)
    this.length += this.bytes.write(text, this.length, 'latin1')
  }

  /** The content as a view. It is overwritten by what follows, unless `giveAway` is called. */
  view(): Buffer {
    return this.bytes.subarray(0, this.length)
  }

  /** Starts again in the same memory: only when nobody holds the view any more. */
  rewind(): void {
    this.length = 0
    if (this.bytes.length > this.#keptBytes) this.giveAway()
  }

  /** Starts again in new memory; the view stays valid for whoever holds it. */
  giveAway(): void {
    this.length = 0
    this.bytes = Buffer.allocUnsafeSlow(this.#initialBytes)
  }

  #grow(needed: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2))
    this.bytes.copy(grown, 0, 0, this.length)
    this.bytes = grown
  }
}

/** Below this a loop is faster than the call into the engine. */
const SMALL_BYTES = 32

export function copyBytes(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): void {
  if (end - start > SMALL_BYTES) {
    target.set(start === 0 && end === source.length ? source : source.subarray(start, end), at)
    return
  }
  for (let from = start, to = at; from < end; from++, to++) target[to] = source[from] as number
}

/** A copy, of Buffers too: their own `slice` is a view. */
export const copyOf = (bytes: Uint8Array, start = 0, end = bytes.length): Uint8Array => Uint8Array.prototype.slice.call(bytes, start, end)
