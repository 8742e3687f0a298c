import { type AppliedCommand, type Effects, EntryType, type Input, type Message, type RaftCore } from '@balsa/raft'
import type { CommandResult } from '@balsa/kv'
import type { Ledger } from '../invariants/ledger.js'
import type { Before, Observer } from '../world/observer.js'
import type { Life, SimMember } from '../world/sim-member.js'

/** What is remembered of one life. */
interface Memory {
  /** Highest round that it sent as a leader. */
  round: number
  /** Snapshot that is being received. */
  receiving: number
  /** Revision of the store when a snapshot replaced it. */
  restoredRevision: number
}

const revisionOf = (life: Life): number => (life.service.machine as { readonly revision?: number }).revision ?? 0

/** Recognises rare moments and counts them: whether a run reached them, nothing more. */
export class Scenes implements Observer {
  readonly name = 'scenes'
  readonly #ledger: Ledger
  readonly #candidates = new Map<number, number>()
  readonly #memories = new Map<Life, Memory>()

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  #memory(life: Life): Memory {
    let memory = this.#memories.get(life)
    if (memory === undefined) {
      memory = { round: 0, receiving: 0, restoredRevision: 0 }
      this.#memories.set(life, memory)
    }
    return memory
  }

  started(life: Life, core: RaftCore): void {
    const { tables } = life.member
    if (tables.appliedIndex > 0) life.member.world.coverage.hit('restart with a durable state')
    if (tables.appliedIndex > 0 && tables.appliedIndex < core.lastIndex)
      life.member.world.coverage.hit('restart with a state behind its log')
    if (life.number > 1 && core.commitIndex < this.#ledger.committedIndex) life.member.world.coverage.hit('restart behind the commit index')
  }

  moved(life: Life, core: RaftCore, input: Input, before: Before): void {
    if (core.role === before.role && core.term === before.term) return
    const { coverage } = life.member.world
    if (core.role === 'candidate') this.#candidate(life, core, before)
    if (before.role !== 'leader' || core.role === 'leader') return
    if (core.term === before.term && input.type === 'tick') coverage.hit('leader stepped down without a quorum')
    if (core.lastIndex > core.commitIndex) coverage.hit('leader deposed with uncommitted entries')
    if (core.term === before.term && !core.configuration.voters.includes(core.id)) coverage.hit('leader left by its own change')
  }

  #candidate(life: Life, core: RaftCore, before: Before): void {
    const { coverage, members } = life.member.world
    const other = this.#candidates.get(core.term)
    if (other !== undefined && other !== core.id) coverage.hit('two candidates in one term')
    if (before.role === 'candidate') coverage.hit('vote split')
    this.#candidates.set(core.term, core.id)
    const furthest = members.reduce(
      (best, member) => ((member.life?.core?.commitIndex ?? 0) > (best.life?.core?.commitIndex ?? 0) ? member : best),
      life.member,
    )
    if (furthest.life?.core?.configuration.voters.includes(core.id) === false) coverage.hit('removed member campaigns')
  }

  heard(life: Life, core: RaftCore, message: Message, before: Before): void {
    const { coverage } = life.member.world
    if (message.term < before.term) coverage.hit('old term answered')
    switch (message.type) {
      case 'requestVoteResponse':
        if (message.preVote && !message.granted) coverage.hit('pre-vote refused')
        return
      case 'heartbeat':
        if (message.term === core.term && message.commit < core.commitIndex) coverage.hit('follower ahead of what the leader tells it')
        return
      case 'heartbeatResponse':
      case 'appendEntriesResponse':
        if (message.round > 0 && message.round < this.#memory(life).round) coverage.hit('late answer of an earlier read round')
        return
      case 'readIndexResponse':
        if (message.index !== null) coverage.hit('read round confirmed')
        return
      case 'installSnapshot':
        this.#receiving(life, message)
        return
      default:
        return
    }
  }

  #receiving(life: Life, message: Extract<Message, { type: 'installSnapshot' }>): void {
    const { coverage } = life.member.world
    const memory = this.#memory(life)
    if (message.offset === 0) coverage.hit('snapshot transfer begun')
    if (memory.receiving !== 0 && memory.receiving !== message.snapshot.index) coverage.hit('snapshot transfer superseded')
    memory.receiving = message.done ? 0 : message.snapshot.index
  }

  effects(life: Life, core: RaftCore, effects: Effects): void {
    const { coverage, members } = life.member.world
    let cut = false
    for (const event of effects.events) {
      if (event.type !== 'truncated') continue
      cut = true
      const old = life.member.disk.durableLog().termAt(event.fromIndex)
      const holders = members.filter(({ disk }) => old !== null && disk.durableLog().holds(event.fromIndex, old)).length
      if (holders * 2 > members.length) coverage.hit('old entry on a majority, then overwritten')
    }
    if (cut && effects.events.some(({ type }) => type === 'configuration')) coverage.hit('log cut with a configuration')
    if (effects.persist?.entries.some(({ type }) => type === EntryType.configuration) === true) coverage.hit('configuration written')
    if (core.role === 'leader' && effects.events.some(({ type }) => type === 'configuration')) this.#votersChange(life, core)
  }

  sends(life: Life, core: RaftCore, messages: readonly Message[]): void {
    if (core.role !== 'leader') return
    const memory = this.#memory(life)
    for (const message of messages) {
      if (message.type !== 'heartbeat' && message.type !== 'appendEntries') continue
      if (message.round > memory.round) memory.round = message.round
    }
  }

  #votersChange({ member: { world } }: Life, core: RaftCore): void {
    const { voters, votersOutgoing, witnesses } = core.configuration
    if (voters.some((id) => witnesses.includes(id))) world.coverage.hit('witness votes')
    if (votersOutgoing.length === 0) return
    const comes = voters.some((id) => !votersOutgoing.includes(id))
    if (comes) world.coverage.hit('learner becomes a voter')
    if (comes && votersOutgoing.some((id) => !voters.includes(id))) world.coverage.hit('member replaced in one step')
  }

  applied(life: Life, _command: AppliedCommand, _fingerprint: string, answer: unknown): void {
    const result = answer as CommandResult
    const { coverage } = life.member.world
    if (result.type === 'refused') coverage.hit(`refused by the machine ${result.code}`)
    if (result.type !== 'written' || result.metadata.modRevision === revisionOf(life)) return
    coverage.hit('repeated request answered from memory')
    if (result.metadata.modRevision <= this.#memory(life).restoredRevision)
      coverage.hit('repeated request answered from memory after a snapshot')
  }

  restored(life: Life): void {
    this.#memory(life).restoredRevision = revisionOf(life)
  }

  snapshotBegun(life: Life, _index: number, fingerprint: string | null): void {
    if (fingerprint === null) life.member.world.coverage.hit('snapshot refers to the state')
  }

  crashed(member: SimMember): void {
    const names = member.disk.durableNames()
    if (names.some((name) => name.endsWith('.part'))) member.world.coverage.hit('crash during a snapshot transfer')
    if (names.some((name) => name === 'snapshot-local.tmp')) member.world.coverage.hit('crash during a snapshot')
  }
}
