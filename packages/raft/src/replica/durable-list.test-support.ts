import { BalsaError } from '../errors.js'
import type { AppliedCommand, DurableState } from '../ports/state-machine.js'
import type { LogIndex } from '../types.js'
import { bytesOf, textOf, WordList } from './word-list.test-support.js'

/** What survives of a {@link DurableWordList}. */
export interface Platter {
  index: number
  words: readonly string[]
}

const REFERENCE = '@'

/** Words that are on a disk of their own. It writes behind: now and then, and never what the log may not have. */
export class DurableWordList extends WordList {
  readonly platter: Platter
  readonly durable: DurableState
  /** Shares of batches after which it writes. */
  readonly #eagerness: () => boolean
  #index: number
  #limit = 0
  flushes = 0
  readonly #waiting: (() => void)[] = []

  constructor(platter: Platter, eagerness: () => boolean = () => false) {
    super()
    this.platter = platter
    this.words = [...platter.words]
    this.#index = platter.index
    this.#eagerness = eagerness
    const appliedIndex = (): number => this.#index
    this.durable = {
      get appliedIndex() {
        return appliedIndex()
      },
      logDurable: (index) => this.#logDurable(index),
      flush: (index) => this.#flush(index),
      reference: (index) => reference(index),
    }
  }

  override apply(batch: readonly AppliedCommand[]): readonly number[] | Promise<readonly number[]> {
    const results = super.apply(batch)
    const last = batch.at(-1)?.index ?? 0
    if (last <= this.#index) throw new Error(`${last} is applied at ${this.#index}`)
    this.#index = last
    if (this.#eagerness()) this.#write()
    return results
  }

  override async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const taken: Uint8Array[] = []
    for await (const chunk of chunks) taken.push(chunk)
    const text = taken.map(textOf).join('')
    if (text.startsWith(REFERENCE)) {
      if (this.#index < Number(text.slice(1))) throw new BalsaError('CORRUPT', 'the state is older than its reference')
      return
    }
    async function* again(): AsyncGenerator<Uint8Array> {
      yield* taken
    }
    await super.restore(again())
    this.#index = 0
  }

  #logDurable(index: LogIndex): void {
    this.#limit = index
    for (const wake of this.#waiting.splice(0)) wake()
    if (this.#eagerness()) this.#write()
  }

  #write(): void {
    if (this.#index > this.#limit) return
    this.platter.index = this.#index
    this.platter.words = [...this.words]
  }

  async #flush(index: LogIndex): Promise<void> {
    this.flushes += 1
    this.#index = Math.max(index, this.#index)
    while (this.#limit < this.#index) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.platter.index = this.#index
    this.platter.words = [...this.words]
  }
}

async function* reference(index: number): AsyncGenerator<Uint8Array> {
  yield bytesOf(`${REFERENCE}${index}`)
}
