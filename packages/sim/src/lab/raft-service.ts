import type { AppliedCommand, StateMachine } from '@balsa/raft'

/** A command of the Raft tests: a number, or a long text. */
export type Value = number | string

const NUMBER = 1
const TEXT = 2

export function encodeValue(value: Value): Uint8Array {
  if (typeof value === 'string') return Uint8Array.of(TEXT, ...new TextEncoder().encode(value))
  const bytes = new Uint8Array(9)
  bytes[0] = NUMBER
  new DataView(bytes.buffer).setFloat64(1, value)
  return bytes
}

export function decodeValue(bytes: Uint8Array): Value {
  if (bytes[0] === TEXT) return new TextDecoder().decode(bytes.subarray(1))
  return new DataView(bytes.buffer, bytes.byteOffset).getFloat64(1)
}

export interface AppliedValue {
  readonly value: Value
  /** Together with the index it is the entry's identity; equal values are not (the tests repeat some). */
  readonly term: number
}

/**
 * The service of the Raft tests: remembers what was applied, and tells the tester, who compares it with all other servers. With `snapshots`
 * it asks for one after every entry 9, 19, 29 ..., and a snapshot holds everything up to there.
 */
export class RaftService implements StateMachine<null, never, never> {
  /** By index, from 1. */
  applied: AppliedValue[] = []
  readonly #snapshots: boolean
  readonly #report: (index: number, applied: AppliedValue) => void

  constructor(snapshots: boolean, report: (index: number, applied: AppliedValue) => void) {
    this.#snapshots = snapshots
    this.#report = report
  }

  get lastApplied(): number {
    return this.applied.length
  }

  apply(batch: readonly AppliedCommand[]): readonly null[] {
    return batch.map(({ index, term, command }) => {
      if (index !== this.lastApplied + 1) throw new Error(`out of order: ${index} applied after ${this.lastApplied}`)
      const applied = { value: decodeValue(command), term }
      this.#report(index, applied)
      this.applied.push(applied)
      return null
    })
  }

  query(): never {
    throw new Error('the Raft tests do not read')
  }

  wantsSnapshot(): boolean {
    return this.#snapshots && this.lastApplied % 10 === 9
  }

  snapshot(): AsyncIterable<Uint8Array> {
    const bytes = new TextEncoder().encode(JSON.stringify(this.applied))
    return (async function* () {
      yield bytes
    })()
  }

  async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    let text = ''
    for await (const chunk of chunks) text += new TextDecoder().decode(chunk)
    const applied = (text === '' ? [] : JSON.parse(text)) as AppliedValue[]
    for (const [at, value] of applied.entries()) this.#report(at + 1, value)
    this.applied = applied
  }
}
