import type { Workload } from '../clients/workload.js'
import { violate } from './violate.js'
import type { World } from '../world/world.js'

/**
 * A token appended with success stands there exactly once, a refused one never, one of unknown outcome at most once (thesis, section 6.3). Looks at the lists at the end, when nothing is under way any more.
 */
export function checkExactlyOnce(world: World, workload: Workload, values: ReadonlyMap<string, string | null>): void {
  const name = 'exactly-once'
  const seen = new Map<string, number>()
  for (const [key, value] of values) {
    if (!key.startsWith('list')) continue
    for (const token of value?.match(/\.*\d+;/g) ?? []) seen.set(token, (seen.get(token) ?? 0) + 1)
  }
  for (const [token, { key, outcome }] of workload.tokens) {
    if (!key.startsWith('list')) continue
    const times = seen.get(token) ?? 0
    if (times > 1) violate(world, name, `${token} stands ${times} times in ${key} (outcome: ${outcome})`)
    if (outcome === 'ok' && times === 0) violate(world, name, `${token} was appended to ${key} with success and is gone`)
    if (outcome === 'fail' && times > 0) violate(world, name, `${token} was refused and stands in ${key}`)
  }
}
