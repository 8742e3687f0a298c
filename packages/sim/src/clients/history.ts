import type { Operation } from '../checker/model.js'
import type { RegisterInput, RegisterOutput } from '../checker/register.js'

interface Open {
  readonly process: number
  readonly key: string
  readonly input: RegisterInput
  readonly calledAt: number
  readonly calledMs: number
}

export type Outcome = 'ok' | 'fail' | 'unknown'

/** What clients asked and were told, in the order in which it happened. */
export class History {
  readonly operations: Operation<RegisterInput, RegisterOutput>[] = []
  readonly counts = { ok: 0, fail: 0, unknown: 0 }
  #position = 0
  readonly #open = new Set<Open>()

  get underWay(): number {
    return this.#open.size
  }

  invoke(process: number, key: string, input: RegisterInput, nowMs: number): Open {
    const open = { process, key, input, calledAt: this.#position++, calledMs: nowMs }
    this.#open.add(open)
    return open
  }

  /** `output` null: not known. What surely did not happen leaves no trace. */
  complete(open: Open, outcome: Outcome, output: RegisterOutput | null, nowMs: number): void {
    this.#open.delete(open)
    this.counts[outcome]++
    if (outcome === 'fail') return
    // A read of unknown result says nothing.
    if (outcome === 'unknown' && open.input.f === 'get') return
    const returnedAt = outcome === 'ok' ? this.#position++ : Infinity
    const { process, key, input, calledAt, calledMs } = open
    this.operations.push({ process, key, input, calledAt, calledMs, output, returnedAt, returnedMs: outcome === 'ok' ? nowMs : Infinity })
  }

  /** Operations that nobody ever answered. */
  abandon(): void {
    for (const open of [...this.#open]) this.complete(open, 'unknown', null, 0)
  }
}
