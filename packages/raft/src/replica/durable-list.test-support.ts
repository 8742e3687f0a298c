import { BalsaError } from '../errors.js'
import type { IncomingState, SharedState, StateTransfer } from '../ports/shared-state.js'
import type { AppliedCommand, DurableState } from '../ports/state-machine.js'
import { asIndex, type LogIndex } from '../types.js'
import { bytesOf, textOf, WordList } from './word-list.test-support.js'

/** What survives of a {@link DurableWordList}. */
export interface Platter {
  index: number
  words: readonly string[]
  /** Another member's, received as a whole and not taken over yet. */
  staged?: { readonly index: number; readonly words: readonly string[] } | null
}

const REFERENCE = '@'

const never = (): Promise<void> => new Promise(() => undefined)

/** Words that are on a disk of their own. It writes behind: now and then, and never what the log may not have. */
export class DurableWordList extends WordList {
  readonly platter: Platter
  readonly durable: DurableState
  /** Shares of batches after which it writes. */
  readonly #eagerness: () => boolean
  #index: number
  /** None before the first one is told. */
  #limit = Number.POSITIVE_INFINITY
  flushes = 0
  /** States of its own that are held open for others. */
  open = 0
  /** Told when `restore` takes over a state that has travelled as it was. */
  onAdopted: () => void = () => undefined
  /** Set to have nothing become durable any more, as when the log has failed: what then waits for it. */
  stuck: 'ready' | 'flush' | null = null
  /** Set to find what comes next broken when it is whole. */
  refuses = false
  readonly #waiting: (() => void)[] = []

  constructor(platter: Platter, eagerness: () => boolean = () => false, transfers = false) {
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
      ready: () => (this.stuck === 'ready' ? never() : null),
      flush: (index) => (this.stuck === 'flush' ? never() : this.#flush(index)),
      reference: (index) => reference(index),
      ...(transfers ? { transfer: this.#transfer } : {}),
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
      const index = Number(text.slice(1))
      if (this.#index >= index) return
      const { staged } = this.platter
      if (staged?.index !== index) throw new BalsaError('CORRUPT', 'the state is older than its reference')
      Object.assign(this.platter, { ...staged, staged: null })
      this.words = [...staged.words]
      this.#index = index
      this.onAdopted()
      return
    }
    async function* again(): AsyncGenerator<Uint8Array> {
      yield* taken
    }
    await super.restore(again())
    this.#index = 0
  }

  readonly #transfer: StateTransfer = {
    share: async (): Promise<SharedState> => {
      await this.#flush(asIndex(this.#index))
      const bytes = bytesOf(this.platter.words.join(' '))
      this.open += 1
      const state = { index: this.platter.index, sizeBytes: bytes.length + 1, closed: false }
      return {
        ...state,
        read: async (offset, length) => Uint8Array.of(...bytes, 0).slice(offset, offset + length),
        close: () => {
          if (state.closed) return
          state.closed = true
          this.open -= 1
        },
      }
    },
    receive: async (index): Promise<IncomingState> => {
      let text = ''
      return {
        write: async (data) => void (text += textOf(data)),
        finish: async () => {
          if (this.refuses || !text.endsWith('\0')) return false
          this.platter.staged = { index, words: text.slice(0, -1).split(' ') }
          return true
        },
        abort: async () => void (text = ''),
      }
    },
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
