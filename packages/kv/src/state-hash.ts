/**
 * A chain of 64 bits over everything that was applied. Members whose hashes differ at the same applied index have diverged. Not
 * cryptographic: it finds bugs and memory errors, not attackers. The algorithm is part of the snapshot format.
 */

const PRIME_A = 0x9e37_79b1
const PRIME_B = 0x85eb_ca77
const PRIME_C = 0xc2b2_ae3d
const TWO_32 = 0x1_0000_0000
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** 8 digits, from tables: the engine's own conversion takes ten times as long. */
const hexOf = (word: number): string => `${HEX[word >>> 24]}${HEX[(word >>> 16) & 0xff]}${HEX[(word >>> 8) & 0xff]}${HEX[word & 0xff]}`

export class StateHash {
  #a: number
  #b: number

  constructor(a = PRIME_A, b = PRIME_B) {
    this.#a = a | 0
    this.#b = b | 0
  }

  /** The two halves, unsigned. */
  get words(): readonly [number, number] {
    return [this.#a >>> 0, this.#b >>> 0]
  }

  /** 16 hexadecimal digits. */
  get text(): string {
    return hexOf(this.#a) + hexOf(this.#b)
  }

  clone(): StateHash {
    return new StateHash(this.#a, this.#b)
  }

  #mix(word: number): void {
    const a = Math.imul(this.#a ^ word, PRIME_A)
    const b = Math.imul(this.#b ^ (word + 0x27d4_eb2f), PRIME_C)
    this.#a = (a ^ (a >>> 15)) + b
    this.#b = (b ^ (b >>> 13)) + Math.imul(a, PRIME_B)
    this.#a |= 0
    this.#b |= 0
  }

  /** A safe integer of any sign. */
  number(value: number): void {
    this.#mix(value | 0)
    this.#mix(Math.floor(value / TWO_32) | 0)
  }

  /** A text; only its lower 16 bits per character count, which is all of it. */
  text16(value: string): void {
    this.#mix(value.length)
    for (let at = 0; at < value.length; at++) this.#mix(value.charCodeAt(at))
  }

  /** As `#mix` for its length, each four bytes, and what is left; the chain is kept at hand meanwhile, because this is much of what applying a command costs. */
  bytes(value: Uint8Array): void {
    this.#mix(value.length)
    let a = this.#a
    let b = this.#b
    const whole = value.length - (value.length % 4)
    let at = 0
    for (; at < whole; at += 4) {
      const low = (value[at] as number) | ((value[at + 1] as number) << 8)
      const word = low | ((value[at + 2] as number) << 16) | ((value[at + 3] as number) << 24)
      const nextA = Math.imul(a ^ word, PRIME_A)
      const nextB = Math.imul(b ^ (word + 0x27d4_eb2f), PRIME_C)
      a = ((nextA ^ (nextA >>> 15)) + nextB) | 0
      b = ((nextB ^ (nextB >>> 13)) + Math.imul(nextA, PRIME_B)) | 0
    }
    this.#a = a
    this.#b = b
    let rest = 0
    for (; at < value.length; at++) rest = (rest << 8) | (value[at] as number)
    if (value.length !== whole) this.#mix(rest)
  }
}
