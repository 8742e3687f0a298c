/** Marks a free slot: keys are never negative. */
const FREE = -1

const MIN_CAPACITY = 8

/** A table larger than this shrinks again when it becomes empty. */
const KEPT_CAPACITY = 1024

/**
 * A map from integers >= 0 to values, for those who add and remove one with every request: open addressing, linear probing (Knuth, TAOCP vol. 3, 6.4).
 *
 * A Map of the engine replaces its hash table after as many removals as it has slots, and each retired table points to the next one. Once one of them is in
 * the old generation, all that follow it survive young collections, with every value that they held when they were retired: measured, that was two thirds of what
 * a leader promoted. Here a removal leaves nothing behind.
 */
export class NumberMap<Value> {
  #keys: number[] = freeSlots(MIN_CAPACITY)
  #values: (Value | undefined)[] = emptySlots(MIN_CAPACITY)
  #shift = 32 - Math.log2(MIN_CAPACITY)
  #size = 0

  get size(): number {
    return this.#size
  }

  get(key: number): Value | undefined {
    return this.#values[this.#slotOf(key)]
  }

  set(key: number, value: Value): void {
    const slot = this.#slotOf(key)
    this.#values[slot] = value
    if (this.#keys[slot] === key) return
    this.#keys[slot] = key
    this.#size += 1
    if (this.#size * 2 > this.#keys.length) this.#resize(this.#keys.length * 2)
  }

  /** False when it was not there. */
  delete(key: number): boolean {
    const slot = this.#slotOf(key)
    if (this.#keys[slot] !== key) return false
    this.#size -= 1
    if (this.#size === 0 && this.#keys.length > KEPT_CAPACITY) this.#resize(MIN_CAPACITY)
    else this.#free(slot)
    return true
  }

  /** Those that are here now, by ascending key. */
  values(): Value[] {
    return this.keys().map((key) => this.get(key) as Value)
  }

  /** Ascending. */
  keys(): number[] {
    return this.#keys.filter((key) => key !== FREE).sort((a, b) => a - b)
  }

  /** Where the search for `key` begins. Multiplication by 2^32 / golden ratio spreads consecutive keys and those with a common factor alike. */
  #home(key: number): number {
    return Math.imul(key | 0, 0x9e3779b1) >>> this.#shift
  }

  /** Slot of `key`, or the free one where it would go. There is always one: the table is at most half full. */
  #slotOf(key: number): number {
    const keys = this.#keys
    const mask = keys.length - 1
    let slot = this.#home(key)
    for (let found = keys[slot]; found !== key && found !== FREE; found = keys[slot]) slot = (slot + 1) & mask
    return slot
  }

  /** Moves up what the search would not reach any more across the gap. */
  #free(slot: number): void {
    const keys = this.#keys
    const values = this.#values
    const mask = keys.length - 1
    let gap = slot
    for (let next = (gap + 1) & mask; ; next = (next + 1) & mask) {
      const key = keys[next] as number
      if (key === FREE) break
      const distance = (next - this.#home(key)) & mask
      if (distance < ((next - gap) & mask)) continue
      keys[gap] = key
      values[gap] = values[next]
      gap = next
    }
    keys[gap] = FREE
    values[gap] = undefined
  }

  #resize(capacity: number): void {
    const keys = this.#keys
    const values = this.#values
    this.#keys = freeSlots(capacity)
    this.#values = emptySlots(capacity)
    this.#shift = 32 - Math.log2(capacity)
    if (this.#size === 0) return
    for (let slot = 0; slot < keys.length; slot++) {
      const key = keys[slot] as number
      if (key === FREE) continue
      const to = this.#slotOf(key)
      this.#keys[to] = key
      this.#values[to] = values[slot]
    }
  }
}

const freeSlots = (count: number): number[] => new Array<number>(count).fill(FREE)

const emptySlots = <Value>(count: number): (Value | undefined)[] => new Array<Value | undefined>(count).fill(undefined)
