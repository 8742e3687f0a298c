import type { ManualClock } from '@balsa/raft'
import { checkHistory, type Model, type Operation } from '../checker/index.js'
import { check } from './scenario.js'

/** What all clients of one test asked and were told. */
export class History<Input, Output> {
  readonly #clock: ManualClock
  readonly #operations: Operation<Input, Output>[] = []
  #position = 0

  constructor(clock: ManualClock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#operations.length
  }

  /** Call the result with the answer; with null, or never, when it is not known. */
  invoke(process: number, key: string, input: Input): (output: Output | null) => void {
    const at = this.#operations.length
    const called = { process, key, input, calledAt: this.#position++, calledMs: this.#clock.now() }
    this.#operations.push({ ...called, output: null, returnedAt: Infinity, returnedMs: Infinity })
    return (output) => {
      if (output === null) return
      this.#operations[at] = { ...called, output, returnedAt: this.#position++, returnedMs: this.#clock.now() }
    }
  }

  verify<State>(model: Model<State, Input, Output>): void {
    const { verdict, failures } = checkHistory(this.#operations, model)
    check(verdict === 'linearizable', () => `${verdict}:\n${failures.map(({ explanation }) => explanation).join('\n')}`)
  }
}
