import { randomBytes } from 'node:crypto'
import type { Random } from '@balsa/raft'

const POOL_BYTES = 1024
const BYTES_EACH = 4
const TWO_32 = 0x1_0000_0000

/** Numbers from the system's generator: members that start at the same moment must not draw the same election time-outs. */
export class NodeRandom implements Random {
  #pool = randomBytes(POOL_BYTES)
  #used = 0

  next(): number {
    if (this.#used === POOL_BYTES) {
      this.#pool = randomBytes(POOL_BYTES)
      this.#used = 0
    }
    const value = this.#pool.readUInt32LE(this.#used)
    this.#used += BYTES_EACH
    return value / TWO_32
  }
}
