/** How often each named thing was reached. */
export class Coverage {
  readonly #counts = new Map<string, number>()

  hit(mark: string, times = 1): void {
    this.#counts.set(mark, (this.#counts.get(mark) ?? 0) + times)
  }

  count(mark: string): number {
    return this.#counts.get(mark) ?? 0
  }

  merge(counts: Readonly<Record<string, number>>): void {
    for (const [mark, times] of Object.entries(counts)) this.hit(mark, times)
  }

  /** Sorted by name, so that equal runs give equal bytes. */
  toRecord(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)))
  }
}
