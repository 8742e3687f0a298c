import type { Model, Operation } from './model.js'
import { search, type Stuck } from './search.js'

/** `undecided`: the search was cut off by its budget. That is no pass. */
export type Verdict = 'linearizable' | 'not linearizable' | 'undecided'

export interface CheckOptions {
  /** Most applications of the model, per key. Default 5,000,000. */
  readonly maxSteps?: number
}

export interface KeyVerdict {
  readonly key: string
  readonly verdict: Verdict
  readonly operations: number
  /** What happened and why it is impossible, in lines; empty when it is linearizable. */
  readonly explanation: string
}

export interface CheckResult {
  /** The worst of all keys. */
  readonly verdict: Verdict
  readonly operations: number
  /** Every key that is not known to be linearizable. */
  readonly failures: readonly KeyVerdict[]
}

const DEFAULT_MAX_STEPS = 5_000_000

/**
 * Is there an order of these operations that the model allows and real time permits? Each key is an object of its own and is checked
 * alone, which is exact: linearizability is local (Herlihy and Wing, theorem 1).
 */
export function checkHistory<State, Input, Output>(
  operations: readonly Operation<Input, Output>[],
  model: Model<State, Input, Output>,
  options: CheckOptions = {},
): CheckResult {
  const keys = new Map<string, Operation<Input, Output>[]>()
  for (const operation of operations) {
    const list = keys.get(operation.key)
    if (list === undefined) keys.set(operation.key, [operation])
    else list.push(operation)
  }
  const failures: KeyVerdict[] = []
  for (const [key, list] of keys) {
    const failure = checkKey(key, list, model, options.maxSteps ?? DEFAULT_MAX_STEPS)
    if (failure !== null) failures.push(failure)
  }
  const verdict = failures.some((failure) => failure.verdict === 'not linearizable')
    ? 'not linearizable'
    : failures.length > 0
      ? 'undecided'
      : 'linearizable'
  return { verdict, operations: operations.length, failures }
}

function checkKey<State, Input, Output>(
  key: string,
  operations: readonly Operation<Input, Output>[],
  model: Model<State, Input, Output>,
  maxSteps: number,
): KeyVerdict | null {
  const result = search(operations, model, maxSteps)
  if (result.verdict === 'linearizable') return null
  const explanation =
    result.verdict === 'undecided'
      ? `key ${JSON.stringify(key)}: not decided within ${result.steps} steps over ${operations.length} operations`
      : explain(key, result.stuck, model)
  return { key, verdict: result.verdict, operations: operations.length, explanation }
}

/** Operations of the longest order that are shown: the end of it is where the trouble is. */
const SHOWN = 12

function explain<State, Input, Output>(key: string, stuck: Stuck<State, Input, Output>, model: Model<State, Input, Output>): string {
  const line = (operation: Operation<Input, Output>): string => {
    const until = operation.returnedAt === Infinity ? 'never' : String(operation.returnedMs)
    const span = `${operation.calledMs}..${until}`
    return `  process ${String(operation.process).padEnd(4)} ${span.padEnd(22)} ${model.describe(operation.input, operation.output)}`
  }
  const { order, state, impossible } = stuck
  const hidden = order.length - SHOWN
  return [
    `key ${JSON.stringify(key)} is not linearizable as a ${model.name}. The longest order that works has ${order.length} operations:`,
    ...(hidden > 0 ? [`  ... ${hidden} earlier operations`] : []),
    ...order.slice(-SHOWN).map(line),
    `then the state is ${model.describeState(state)}, and none of these, all under way then, can come next:`,
    ...impossible.map(line),
  ].join('\n')
}
