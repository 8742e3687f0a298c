import { BalsaError } from '../errors.js'
import { NumberMap } from '../number-map.js'
import type { CallGuards, CallOptions, Cancellable, CancelReason, Guard } from './calls.js'

class PendingCall<Value> implements Cancellable {
  guard: Guard | null = null
  readonly #table: CallTable<Value>
  readonly ref: number
  readonly resolve: (value: Value) => void
  readonly reject: (error: unknown) => void

  constructor(table: CallTable<Value>, ref: number, resolve: (value: Value) => void, reject: (error: unknown) => void) {
    this.#table = table
    this.ref = ref
    this.resolve = resolve
    this.reject = reject
  }

  cancel(reason: CancelReason, cause: unknown): void {
    this.#table.cancel(this.ref, reason, cause)
  }
}

/** Who waits for the core to finish something that takes several rounds of messages. Known to the core by numbers. */
export class CallTable<Value> {
  readonly #guards: CallGuards
  readonly #mayStill: string
  readonly #pending = new NumberMap<PendingCall<Value>>()
  #nextRef = 1

  /** `mayStill`: what may happen though nobody waits for it any more, for the text of OUTCOME_UNKNOWN. */
  constructor(guards: CallGuards, mayStill: string) {
    this.#guards = guards
    this.#mayStill = mayStill
  }

  /** `begin` hands the call to the core under the number that it is given. */
  add(options: CallOptions, begin: (ref: number) => void): Promise<Value> {
    const refusal = this.#guards.refusal(options)
    if (refusal !== null) return Promise.reject(refusal)
    return new Promise((resolve, reject) => {
      const call = new PendingCall<Value>(this, this.#nextRef++, resolve, reject)
      call.guard = this.#guards.guard(call, options)
      this.#pending.set(call.ref, call)
      begin(call.ref)
    })
  }

  resolve(ref: number, value: Value): void {
    this.#take(ref)?.resolve(value)
  }

  fail(ref: number, error: BalsaError): void {
    this.#take(ref)?.reject(error)
  }

  failAll(error: BalsaError): void {
    for (const ref of this.#pending.keys()) this.fail(ref, error)
  }

  /** The caller gave up. For PendingCall only. */
  cancel(ref: number, reason: CancelReason, cause: unknown): void {
    const why = reason === 'ABORTED' ? 'the caller aborted' : 'the deadline passed'
    const details = cause === undefined ? {} : { cause }
    this.fail(ref, new BalsaError('OUTCOME_UNKNOWN', `${why}: ${this.#mayStill}`, details))
  }

  #take(ref: number): PendingCall<Value> | undefined {
    const call = this.#pending.get(ref)
    this.#pending.delete(ref)
    call?.guard?.release()
    return call
  }
}
