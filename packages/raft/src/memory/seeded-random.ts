import { BalsaError } from '../errors.js'
import type { Random } from '../ports/clock.js'

const TWO_32 = 0x1_0000_0000

/** Spreads similar seeds far apart (splitmix32). */
function splitmix32(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x9e3779b9) | 0
    let mixed = state ^ (state >>> 16)
    mixed = Math.imul(mixed, 0x21f0aaad)
    mixed ^= mixed >>> 15
    mixed = Math.imul(mixed, 0x735a2d97)
    return mixed ^ (mixed >>> 15)
  }
}

/** The same numbers for the same seed, on every machine: sfc32 (C. Doty-Humphrey, PractRand). Not for secrets. */
export class SeededRandom implements Random {
  /** A safe integer. */
  readonly seed: number
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: number) {
    if (!Number.isSafeInteger(seed)) throw new BalsaError('INVALID', `the seed ${seed} is not a safe integer`)
    this.seed = seed
    const mix = splitmix32(seed ^ Math.floor(seed / TWO_32))
    this.#a = mix()
    this.#b = mix()
    this.#c = Math.floor(seed / TWO_32) | 0
    for (let round = 0; round < 12; round++) this.#next32()
  }

  next(): number {
    return this.#next32() / TWO_32
  }

  /** An integer in [0, limit). `limit` from 1 to 2^32. */
  int(limit: number): number {
    if (!(limit >= 1 && limit <= TWO_32)) throw new BalsaError('INVALID', `the limit ${limit} is not in 1 to 2^32`)
    return Math.floor(this.next() * limit)
  }

  /** True with this probability: never at 0, always at 1. */
  bool(probability = 0.5): boolean {
    return this.next() < probability
  }

  /** One element. Throws INVALID (refused) for an empty list. */
  pick<Item>(items: readonly Item[]): Item {
    return items[this.int(items.length)] as Item
  }

  /** The items in random order, in a new list. */
  shuffle<Item>(items: readonly Item[]): Item[] {
    const shuffled = [...items]
    for (let at = shuffled.length - 1; at > 0; at--) {
      const other = this.int(at + 1)
      const moved = shuffled[at] as Item
      shuffled[at] = shuffled[other] as Item
      shuffled[other] = moved
    }
    return shuffled
  }

  /** An independent generator, so that one part's use does not shift another part's numbers. */
  fork(): SeededRandom {
    return new SeededRandom(this.int(TWO_32))
  }

  #next32(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum >>> 0
  }
}
