import type { Model, Operation } from './model.js'

/** One order that was tried and got furthest, and why it could not go on. */
export interface Stuck<State, Input, Output> {
  /** The operations that could be put in an order, in that order. */
  readonly order: readonly Operation<Input, Output>[]
  readonly state: State
  /** Under way at that point; none of them can come next. */
  readonly impossible: readonly Operation<Input, Output>[]
}

export type SearchResult<State, Input, Output> =
  | { readonly verdict: 'linearizable' }
  | { readonly verdict: 'undecided'; readonly steps: number }
  | { readonly verdict: 'not linearizable'; readonly stuck: Stuck<State, Input, Output> }

interface Entry {
  readonly id: number
  readonly isCall: boolean
  previous: Entry | null
  next: Entry | null
  /** Of a call: where it returns; null when it never did. */
  match: Entry | null
}

/**
 * Wing and Gong's search with Lowe's memory (Testing for linearizability, 2017): never looks twice at the same set of linearized operations
 * with the same state. `maxSteps` bounds the work: beyond it the answer is `undecided`, which is no pass.
 */
export function search<State, Input, Output>(
  operations: readonly Operation<Input, Output>[],
  model: Model<State, Input, Output>,
  maxSteps: number,
): SearchResult<State, Input, Output> {
  // Open operations come last: the finished ones before a point then form a prefix, which the memory stores in one number.
  const ordered = [...operations].sort((a, b) => Number(isOpen(a)) - Number(isOpen(b)) || a.calledAt - b.calledAt)
  const finished = ordered.filter((operation) => !isOpen(operation)).length
  return new Search(ordered, finished, model, maxSteps).run()
}

const isOpen = (operation: Operation<unknown, unknown>): boolean => operation.returnedAt === Infinity

class Search<State, Input, Output> {
  readonly #operations: readonly Operation<Input, Output>[]
  readonly #model: Model<State, Input, Output>
  readonly #maxSteps: number
  readonly #head: Entry
  readonly #linearized: LinearizedSet
  readonly #seen = new Set<string>()
  #waiting: number
  #best: { readonly order: readonly number[]; readonly state: State } | null = null

  constructor(operations: readonly Operation<Input, Output>[], finished: number, model: Model<State, Input, Output>, maxSteps: number) {
    this.#operations = operations
    this.#model = model
    this.#maxSteps = maxSteps
    this.#waiting = finished
    this.#linearized = new LinearizedSet(operations.length)
    this.#head = linked(operations)
  }

  run(): SearchResult<State, Input, Output> {
    const taken: { readonly entry: Entry; readonly before: State }[] = []
    let state = this.#model.initial
    let entry = this.#head.next
    let steps = 0
    while (this.#waiting > 0) {
      if (entry?.isCall === true) {
        if (++steps > this.#maxSteps) return { verdict: 'undecided', steps: this.#maxSteps }
        const next = this.#tryNext(entry, state)
        if (next === undefined) {
          entry = entry.next
        } else {
          taken.push({ entry, before: state })
          state = next
          this.#lift(entry)
          entry = this.#head.next
        }
        continue
      }
      // An operation had to come before this return, and none could.
      this.#remember(taken, state)
      const last = taken.pop()
      if (last === undefined) return this.#failure()
      state = last.before
      this.#unlift(last.entry)
      entry = last.entry.next
    }
    return { verdict: 'linearizable' }
  }

  /** The state after taking this operation next; undefined when it is impossible, or leads to where the search has been. */
  #tryNext(entry: Entry, state: State): State | undefined {
    const operation = this.#operations[entry.id] as Operation<Input, Output>
    const next = this.#model.step(state, operation.input, operation.output)
    if (next === undefined) return undefined
    this.#linearized.add(entry.id)
    const key = `${this.#linearized.key()}|${this.#model.fingerprint(next)}`
    if (this.#seen.has(key)) {
      this.#linearized.remove(entry.id)
      return undefined
    }
    this.#seen.add(key)
    return next
  }

  #lift(entry: Entry): void {
    unlink(entry)
    if (entry.match !== null) {
      unlink(entry.match)
      this.#waiting--
    }
  }

  #unlift(entry: Entry): void {
    this.#linearized.remove(entry.id)
    if (entry.match !== null) {
      relink(entry.match)
      this.#waiting++
    }
    relink(entry)
  }

  #remember(taken: readonly { readonly entry: Entry }[], state: State): void {
    if (this.#best !== null && taken.length <= this.#best.order.length) return
    this.#best = { order: taken.map(({ entry }) => entry.id), state }
  }

  #failure(): SearchResult<State, Input, Output> {
    const best = this.#best ?? { order: [], state: this.#model.initial }
    const chosen = new Set(best.order)
    const left = this.#operations.filter((_, id) => !chosen.has(id))
    const firstReturn = left.reduce((earliest, operation) => Math.min(earliest, operation.returnedAt), Infinity)
    return {
      verdict: 'not linearizable',
      stuck: {
        order: best.order.map((id) => this.#operations[id] as Operation<Input, Output>),
        state: best.state,
        impossible: left.filter((operation) => operation.calledAt < firstReturn),
      },
    }
  }
}

/** Calls and returns in the order in which they happened, behind an empty head. */
function linked(operations: readonly Operation<unknown, unknown>[]): Entry {
  const points: { readonly at: number; readonly entry: Entry }[] = []
  for (const [id, operation] of operations.entries()) {
    const call: Entry = { id, isCall: true, previous: null, next: null, match: null }
    points.push({ at: operation.calledAt, entry: call })
    if (isOpen(operation)) continue
    call.match = { id, isCall: false, previous: null, next: null, match: null }
    points.push({ at: operation.returnedAt, entry: call.match })
  }
  // At equal positions a call comes first: both then count as concurrent.
  points.sort((a, b) => a.at - b.at || Number(b.entry.isCall) - Number(a.entry.isCall))
  const head: Entry = { id: -1, isCall: false, previous: null, next: null, match: null }
  let last = head
  for (const { entry } of points) {
    entry.previous = last
    last.next = entry
    last = entry
  }
  return head
}

/** Takes it out; it keeps its neighbours, so that `relink` in reverse order puts it back. */
function unlink(entry: Entry): void {
  if (entry.previous !== null) entry.previous.next = entry.next
  if (entry.next !== null) entry.next.previous = entry.previous
}

function relink(entry: Entry): void {
  if (entry.previous !== null) entry.previous.next = entry
  if (entry.next !== null) entry.next.previous = entry
}

const FULL = 0xffff_ffff

/** A set of operations as bits. Its key leaves out the full words in front, so a long history of few clients has short keys. */
class LinearizedSet {
  readonly #words: Uint32Array
  #firstNotFull = 0
  #last = 0

  constructor(size: number) {
    this.#words = new Uint32Array(Math.max(1, Math.ceil(size / 32)))
  }

  add(id: number): void {
    const at = id >>> 5
    this.#words[at] = (this.#words[at] ?? 0) | (1 << (id & 31))
    this.#last = Math.max(this.#last, at)
    while (this.#words[this.#firstNotFull] === FULL) this.#firstNotFull++
  }

  remove(id: number): void {
    const at = id >>> 5
    this.#words[at] = (this.#words[at] ?? 0) & ~(1 << (id & 31))
    this.#firstNotFull = Math.min(this.#firstNotFull, at)
  }

  key(): string {
    while (this.#last > 0 && this.#words[this.#last] === 0) this.#last--
    let key = this.#firstNotFull.toString(36)
    let zeros = 0
    for (let at = this.#firstNotFull; at <= this.#last; at++) {
      const word = this.#words[at] ?? 0
      if (word === 0) {
        zeros++
        continue
      }
      if (zeros > 0) key += `~${zeros}`
      zeros = 0
      key += `.${word.toString(36)}`
    }
    return key
  }
}
