import type { AppliedCommand, StateMachine } from '../ports/state-machine.js'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export const bytesOf = (text: string): Uint8Array => encoder.encode(text)
export const textOf = (bytes: Uint8Array): string => decoder.decode(bytes)

/** A list of words: the simplest machine in which every loss, repetition and change of order shows. */
export class WordList implements StateMachine<number, 'words' | 'length', readonly string[] | number> {
  words: string[] = []
  readonly batches: number[] = []
  restores = 0
  wants = false
  /** Set to make `apply` wait for it. */
  gate: Promise<void> | null = null
  /** Set to make `restore` wait for it. */
  restoreGate: Promise<void> | null = null
  failure: Error | null = null
  /** Words in one chunk of a snapshot. */
  wordsPerChunk = 4
  /** Snapshot iterators that are open. */
  openSnapshots = 0
  snapshotGate: Promise<void> | null = null

  apply(batch: readonly AppliedCommand[]): readonly number[] | Promise<readonly number[]> {
    if (this.failure !== null) throw this.failure
    this.batches.push(batch.length)
    if (this.gate === null) return this.#apply(batch)
    return this.gate.then(() => this.#apply(batch))
  }

  #apply(batch: readonly AppliedCommand[]): readonly number[] {
    return batch.map(({ command }) => this.words.push(textOf(command)))
  }

  query(query: 'words' | 'length'): readonly string[] | number {
    return query === 'words' ? [...this.words] : this.words.length
  }

  async *snapshot(): AsyncGenerator<Uint8Array> {
    this.openSnapshots++
    try {
      const words = [...this.words]
      for (let at = 0; at < words.length; at += this.wordsPerChunk) {
        yield bytesOf(`${words.slice(at, at + this.wordsPerChunk).join(' ')} `)
        if (this.snapshotGate !== null) await this.snapshotGate
      }
    } finally {
      this.openSnapshots--
    }
  }

  async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    let text = ''
    for await (const chunk of chunks) text += textOf(chunk)
    if (this.restoreGate !== null) await this.restoreGate
    this.words = text.split(' ').filter((word) => word !== '')
    this.restores++
  }

  wantsSnapshot(): boolean {
    return this.wants
  }
}
