import { checkHistory } from '../checker/check.js'
import { registerModel } from '../checker/register.js'
import type { History } from '../clients/history.js'
import { violate } from './violate.js'
import type { World } from '../world/world.js'

const MAX_STEPS = 3_000_000

/** Every history of clients is linearizable, key by key (Herlihy and Wing, 1990). A search that was cut off is no pass. */
export function checkLinearizability(world: World, history: History): void {
  const result = checkHistory(history.operations, registerModel, { maxSteps: MAX_STEPS })
  if (result.verdict === 'linearizable') return
  const name = result.verdict === 'undecided' ? 'linearizability-undecided' : 'linearizability'
  violate(world, name, result.failures.map(({ explanation }) => explanation).join('\n'))
}
