import type { Input, RaftCore } from '@balsa/raft'
import type { Before, Observer } from '../world/observer.js'
import type { Life } from '../world/sim-member.js'
import type { ElectionSafety } from './election-safety.js'
import { violate } from './violate.js'

/** Whom a member takes for the leader was elected in the member's own term (Raft paper, section 5.1): never one of an older term. */
export class FollowedLeader implements Observer {
  readonly name = 'followed-leader'
  readonly #elections: ElectionSafety

  constructor(elections: ElectionSafety) {
    this.#elections = elections
  }

  moved(life: Life, core: RaftCore, _input: Input, _before: Before): void {
    const { leaderId } = core
    if (leaderId === null) return
    const elected = this.#elections.leaderOf(core.term)
    if (elected === leaderId) return
    violate(
      life.member.world,
      this.name,
      `member ${life.member.id} takes ${leaderId} for the leader of term ${core.term}, which ${elected === undefined ? 'nobody' : elected} leads`,
    )
  }
}
