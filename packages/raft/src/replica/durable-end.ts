import type { PersistEffect } from '../core/effects.js'
import type { LogIndex } from '../types.js'
import { asIndex } from '../types.js'

/**
 * Up to where the log on this disk holds what the log in memory holds. Writes become durable in their order; one that replaces entries takes back what was said of them from
 * the moment when it is begun.
 */
export class DurableEnd {
  #index: number
  readonly #report: (index: LogIndex) => void
  /** First and last index of the writes under way. */
  readonly #pending: { readonly first: number; readonly last: number }[] = []

  constructor(index: LogIndex, report: (index: LogIndex) => void) {
    this.#index = index
    this.#report = report
    report(index)
  }

  begun({ entries, installSnapshot }: PersistEffect): void {
    const start = installSnapshot?.index ?? 0
    const first = installSnapshot === null ? (entries[0]?.index ?? null) : 0
    const last = entries.at(-1)?.index ?? start
    this.#pending.push(first === null ? { first: Number.POSITIVE_INFINITY, last: 0 } : { first, last })
    if (first !== null) this.#move(Math.min(this.#index, Math.max(0, first - 1)))
  }

  /** The oldest write under way is durable. */
  ended(): void {
    const done = this.#pending.shift()
    if (done === undefined || done.last === 0) return
    let index = done.last
    for (const { first } of this.#pending) index = Math.min(index, Math.max(0, first - 1))
    this.#move(index)
  }

  #move(index: number): void {
    if (index === this.#index) return
    this.#index = index
    this.#report(asIndex(index))
  }
}
