/** What an entry costs beside its name and value (RFC 7541 4.1). */
export const ENTRY_OVERHEAD = 32

/** RFC 7541 2.3.2: the newest entry has the index 0; the oldest leave first. Both sides of a connection keep one for each direction. */
export class DynamicTable {
  /** Rises with every change: what was derived from the table stays true as long as this stays the same. */
  version = 0
  #names: string[] = []
  #values: string[] = []
  /** Entries before this position have left. */
  #first = 0
  #size = 0
  #maxSize: number

  constructor(maxSize: number) {
    this.#maxSize = maxSize
  }

  get count(): number {
    return this.#names.length - this.#first
  }

  /** Sum of the sizes of all entries, overhead included. */
  get size(): number {
    return this.#size
  }

  get maxSize(): number {
    return this.#maxSize
  }

  /** `index` must be below `count`. */
  name(index: number): string {
    return this.#names[this.#names.length - 1 - index] as string
  }

  value(index: number): string {
    return this.#values[this.#values.length - 1 - index] as string
  }

  /** An entry larger than the whole table empties it; that is no error (RFC 7541 4.4). */
  insert(name: string, value: string): void {
    const size = name.length + value.length + ENTRY_OVERHEAD
    this.version++
    this.#evict(this.#maxSize - size)
    if (size > this.#maxSize) return
    this.#names.push(name)
    this.#values.push(value)
    this.#size += size
  }

  resize(maxSize: number): void {
    this.version++
    this.#maxSize = maxSize
    this.#evict(maxSize)
  }

  /** Index of the entry with this name and value; of one with this name as -2 - index; -1 without either. */
  find(name: string, value: string): number {
    let found = -1
    for (let at = this.#names.length - 1; at >= this.#first; at--) {
      if (this.#names[at] !== name) continue
      const index = this.#names.length - 1 - at
      if (this.#values[at] === value) return index
      if (found === -1) found = -2 - index
    }
    return found
  }

  #evict(room: number): void {
    while (this.#size > room && this.#first < this.#names.length) {
      const at = this.#first++
      this.#size -= (this.#names[at] as string).length + (this.#values[at] as string).length + ENTRY_OVERHEAD
      this.#names[at] = ''
      this.#values[at] = ''
    }
    // Moved together only when half is empty: each entry is moved once on average.
    if (this.#first > 32 && this.#first * 2 > this.#names.length) {
      this.#names = this.#names.slice(this.#first)
      this.#values = this.#values.slice(this.#first)
      this.#first = 0
    }
  }
}
