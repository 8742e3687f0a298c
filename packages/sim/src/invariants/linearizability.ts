import { checkHistory } from '../checker/check.js'
import type { Operation } from '../checker/model.js'
import { type RegisterInput, registerModel, type RegisterOutput } from '../checker/register.js'
import type { History } from '../clients/history.js'
import { violate } from './violate.js'
import type { World } from '../world/world.js'

type Each = Operation<RegisterInput, RegisterOutput>

const MAX_STEPS = 3_000_000
const TOKEN = /\.*\d+;/g

/**
 * Every history of clients is linearizable, key by key (Herlihy and Wing, 1990). Keys that hold anything go through the search, and a search that
 * was cut off is no pass. Lists (append and get only, unique tokens, read at the end) show their own order, which is checked exactly.
 */
export function checkLinearizability(world: World, history: History, finalValues: ReadonlyMap<string, string | null>): void {
  const lists = new Map<string, Each[]>()
  const others: Each[] = []
  for (const operation of history.operations) {
    if (!operation.key.startsWith('list')) {
      others.push(operation)
      continue
    }
    const list = lists.get(operation.key)
    if (list === undefined) lists.set(operation.key, [operation])
    else list.push(operation)
  }
  for (const [key, operations] of lists) checkList(world, key, operations, finalValues.get(key) ?? null)
  const result = checkHistory(others, registerModel, { maxSteps: MAX_STEPS })
  if (result.verdict === 'linearizable') return
  const name = result.verdict === 'undecided' ? 'linearizability-undecided' : 'linearizability'
  violate(world, name, result.failures.map(({ explanation }) => explanation).join('\n'))
}

/**
 * The list at the end is the order of all appends. A read stands behind the last token that it saw; whatever ended before another began must not
 * stand behind it.
 */
function checkList(world: World, key: string, operations: readonly Each[], finalValue: string | null): void {
  const name = 'linearizability'
  const order = finalValue?.match(TOKEN) ?? []
  const placeOf = new Map(order.map((token, at) => [token, at + 1]))
  const placed: { readonly operation: Each; readonly place: number }[] = []
  for (const operation of operations) {
    const { input, output } = operation
    if (input.f === 'append') {
      const place = placeOf.get(input.value)
      if (place !== undefined) placed.push({ operation, place })
    } else if (input.f === 'get' && output !== null && output !== 'done' && 'value' in output) {
      const seen = output.value ?? ''
      if (!(finalValue ?? '').startsWith(seen)) violate(world, name, `${key}: a read saw ${seen}, which is no beginning of ${finalValue}`)
      placed.push({ operation, place: (seen.match(TOKEN) ?? []).length + 0.5 })
    }
  }
  // By the end of each: the furthest place that must lie before whatever begins later.
  const byCall = [...placed].sort((a, b) => a.operation.calledAt - b.operation.calledAt)
  const byReturn = placed
    .filter(({ operation }) => operation.returnedAt !== Infinity)
    .sort((a, b) => a.operation.returnedAt - b.operation.returnedAt)
  let ended = 0
  let furthest: { readonly operation: Each; readonly place: number } | null = null
  for (const each of byCall) {
    for (let next = byReturn[ended]; next !== undefined && next.operation.returnedAt < each.operation.calledAt; next = byReturn[++ended]) {
      if (furthest === null || next.place > furthest.place) furthest = next
    }
    if (furthest !== null && furthest.place > each.place) {
      const tell = ({ operation }: { readonly operation: Each }): string =>
        `${registerModel.describe(operation.input, operation.output)} (${operation.calledMs}..${operation.returnedMs})`
      violate(world, name, `${key}: ${tell(each)} began after ${tell(furthest)} had ended, but stands before it in ${finalValue}`)
    }
  }
}
