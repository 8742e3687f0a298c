import type { Input, Role } from '@balsa/raft'
import type { Coverage } from './coverage.js'

type Counts = Record<string, number>

/** Which rows of the core's tables (role and input, role and message) were used, counted fast. */
export class Tables {
  readonly #inputs: Record<Role, Counts> = { follower: {}, preCandidate: {}, candidate: {}, leader: {} }
  readonly #messages: Record<Role, Counts> = { follower: {}, preCandidate: {}, candidate: {}, leader: {} }

  stepped(role: Role, input: Input): void {
    if (input.type === 'message') {
      const counts = this.#messages[role]
      const { type } = input.message
      counts[type] = (counts[type] ?? 0) + 1
    } else {
      const counts = this.#inputs[role]
      counts[input.type] = (counts[input.type] ?? 0) + 1
    }
  }

  addTo(coverage: Coverage): void {
    for (const [kind, table] of [['input', this.#inputs] as const, ['message', this.#messages] as const]) {
      for (const [role, counts] of Object.entries(table)) {
        for (const [type, times] of Object.entries(counts)) coverage.hit(`${kind} ${role} ${type}`, times)
      }
    }
  }
}
