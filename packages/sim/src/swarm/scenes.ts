import { EntryType, type Input, type RaftCore, type Effects } from '@balsa/raft'
import type { Ledger } from '../invariants/ledger.js'
import type { Before, Observer } from '../world/observer.js'
import type { Life, SimMember } from '../world/sim-member.js'

/** Recognises rare moments and counts them: whether a run reached them, nothing more. */
export class Scenes implements Observer {
  readonly name = 'scenes'
  readonly #ledger: Ledger
  readonly #candidates = new Map<number, number>()

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  started(life: Life, core: RaftCore): void {
    if (life.number > 1 && core.commitIndex < this.#ledger.committedIndex) life.member.world.coverage.hit('restart behind the commit index')
  }

  stepped(life: Life, core: RaftCore, input: Input, before: Before): void {
    if (input.type === 'message') this.#message(life, core, input.message, before)
    if (core.role === before.role && core.term === before.term) return
    const { coverage } = life.member.world
    if (core.role === 'candidate') {
      const other = this.#candidates.get(core.term)
      if (other !== undefined && other !== core.id) coverage.hit('two candidates in one term')
      if (before.role === 'candidate') coverage.hit('vote split')
      this.#candidates.set(core.term, core.id)
      if (!core.configuration.voters.includes(core.id)) coverage.hit('removed member campaigns')
    }
    if (before.role !== 'leader' || core.role === 'leader') return
    if (core.term === before.term && input.type === 'tick') coverage.hit('leader stepped down without a quorum')
    if (core.lastIndex > core.commitIndex) coverage.hit('leader deposed with uncommitted entries')
    if (core.term === before.term && !core.configuration.voters.includes(core.id)) coverage.hit('leader left by its own change')
  }

  #message(life: Life, core: RaftCore, message: Extract<Input, { type: 'message' }>['message'], before: Before): void {
    const { coverage } = life.member.world
    if (message.term < before.term) coverage.hit('old term answered')
    switch (message.type) {
      case 'requestVoteResponse':
        if (message.preVote && !message.granted) coverage.hit('pre-vote refused')
        return
      case 'heartbeat':
        if (message.term === core.term && message.commit < core.commitIndex) coverage.hit('follower ahead of the leader in commit after its restart')
        return
      case 'readIndexResponse':
        if (message.index !== null) coverage.hit('read round confirmed')
        return
      case 'installSnapshot':
        if (message.offset === 0) coverage.hit('snapshot transfer begun')
        return
      default:
        return
    }
  }

  effects(life: Life, _core: RaftCore, effects: Effects): void {
    const { coverage } = life.member.world
    for (const event of effects.events) {
      if (event.type !== 'truncated') continue
      for (let index: number = event.fromIndex; index <= event.lastIndex; index++) {
        const entries = this.#ledger.at(index)
        if (entries.length > 1) coverage.hit('old entry overwritten')
      }
    }
    if (effects.persist?.entries.some(({ type }) => type === EntryType.configuration) === true && effects.events.some(({ type }) => type === 'truncated')) {
      coverage.hit('log cut with a configuration')
    }
  }

  crashed(member: SimMember): void {
    const names = member.disk.durableNames()
    if (names.some((name) => name.endsWith('.part'))) member.world.coverage.hit('crash during a snapshot transfer')
    if (names.some((name) => name === 'snapshot-local.tmp')) member.world.coverage.hit('crash during a snapshot')
  }
}
