import type { Input, Role } from '@balsa/raft'
import type { Coverage } from './coverage.js'

/** By type; a Map is found faster than a property whose name changes with every call. */
type Counts = Map<string, number>

const noCounts = (): Record<Role, Counts> => ({ follower: new Map(), preCandidate: new Map(), candidate: new Map(), leader: new Map() })

/** Which rows of the core's tables (role and input, role and message) were used, counted fast. */
export class Tables {
  readonly #inputs = noCounts()
  readonly #messages = noCounts()

  stepped(role: Role, input: Input): void {
    const { type } = input
    if (type === 'message') count(this.#messages[role], input.message.type)
    else count(this.#inputs[role], type)
  }

  addTo(coverage: Coverage): void {
    for (const [kind, table] of [['input', this.#inputs] as const, ['message', this.#messages] as const]) {
      for (const [role, counts] of Object.entries(table)) {
        for (const [type, times] of counts) coverage.hit(`${kind} ${role} ${type}`, times)
      }
    }
  }
}

const count = (counts: Counts, type: string): unknown => counts.set(type, (counts.get(type) ?? 0) + 1)
