import { BalsaError, type Replica, type ReplicaStatus, type Term } from '@balsa/raft'
import type { Readiness } from './http.js'

type Watched = Pick<Replica, 'on' | 'status' | 'waitFor'>

/**
 * Whether a member should be sent traffic: it runs, knows a leader, and since this term began it has applied everything that was committed
 * when it asked the leader. So a member that was restarted is ready only when its answers are no older than the others'.
 */
export class ReadinessTracker {
  readonly #replica: Watched
  #caughtUpTerm: Term | null = null
  #stopping = false
  /** Resolves when the member is ready for the first time; never when it stops before. */
  readonly first: Promise<void>
  #resolveFirst: () => void = () => undefined

  constructor(replica: Watched) {
    this.#replica = replica
    this.first = new Promise((resolve) => {
      this.#resolveFirst = resolve
    })
    replica.on('role', ({ leaderId, term }) => {
      if (leaderId !== null && this.#caughtUpTerm !== term) void this.#confirm(term)
    })
    const { leaderId, term } = replica.status()
    if (leaderId !== null) void this.#confirm(term)
  }

  /** From now on the member is not ready, so that load balancers leave it. */
  stop(): void {
    this.#stopping = true
  }

  get current(): Readiness {
    const status = this.#replica.status()
    const reason = this.#whyNot(status)
    return { ready: reason === null, reason: reason ?? `${status.role} in term ${status.term}, applied ${status.appliedIndex}` }
  }

  #whyNot({ state, leaderId, term, appliedIndex, commitIndex }: ReplicaStatus): string | null {
    if (state === 'failed') return 'the replica has stopped after a fatal error'
    if (this.#stopping || state !== 'running') return 'the member is stopping'
    if (leaderId === null) return `no leader is known in term ${term}: an election is under way, or no majority can be reached`
    if (this.#caughtUpTerm !== term) return `catching up in term ${term}: applied ${appliedIndex} of ${commitIndex} known to be committed`
    return null
  }

  async #confirm(term: Term): Promise<void> {
    try {
      await this.#replica.waitFor('caught-up')
      if (this.#replica.status().term !== term) return
      this.#caughtUpTerm = term
      this.#resolveFirst()
    } catch (error) {
      if (!(error instanceof BalsaError && error.code === 'STOPPED')) throw error
    }
  }
}
