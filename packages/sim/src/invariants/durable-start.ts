import { asIndex, type Effects, type Input, type Message, type RaftCore } from '@balsa/raft'
import type { Observer } from '../world/observer.js'
import type { Life } from '../world/sim-member.js'
import { isSame, type Ledger } from './ledger.js'
import { violate } from './violate.js'

/** What a member has let others rely on. */
interface Promised {
  term: number
  vote: { readonly term: number; readonly candidate: number } | null
  /** Its log up to here was durable. */
  stableIndex: number
  stableTerm: number | null
  /** A snapshot is replacing the log until this write is done: what stands where meanwhile is not known here. */
  installing: number | null
}

/**
 * A member never starts with less than others rely on: the terms and votes that left it, the entries that its disk had completed, each as it was
 * written. Damage is no excuse: it may refuse to start, but it must not start with a part (Raft paper, figure 2; Alagappan and others, FAST 2018).
 */
export class DurableStart implements Observer {
  readonly name = 'durable-start'
  readonly #ledger: Ledger
  readonly #promised = new Map<number, Promised>()

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  #of(member: number): Promised {
    let promised = this.#promised.get(member)
    if (promised === undefined) {
      promised = { term: 0, vote: null, stableIndex: 0, stableTerm: 0, installing: null }
      this.#promised.set(member, promised)
    }
    return promised
  }

  stepped(life: Life, core: RaftCore, input: Exclude<Input, { type: 'message' }>): void {
    if (input.type !== 'persisted') return
    const promised = this.#of(life.member.id)
    if (promised.installing !== null && input.sequence >= promised.installing) promised.installing = null
    note(promised, core)
  }

  sends(life: Life, _core: RaftCore, messages: readonly Message[]): void {
    const promised = this.#of(life.member.id)
    for (const message of messages) promise(promised, message)
  }

  effects(life: Life, core: RaftCore, { persist }: Effects): void {
    const promised = this.#of(life.member.id)
    if (persist !== null && persist.installSnapshot !== null) promised.installing = persist.sequence
    note(promised, core)
  }

  started(life: Life, core: RaftCore): void {
    const { world, id, wiped } = life.member
    // A disk that was taken away keeps nothing; what comes of it is that nobody may listen (see election-safety and durable-commit).
    if (wiped) this.#promised.delete(id)
    const { term, vote, stableIndex, stableTerm } = this.#of(id)
    if (core.term < term) violate(world, this.name, `member ${id} starts in term ${core.term}, it has said ${term}`)
    if (vote !== null && vote.term === core.term && core.votedFor !== vote.candidate)
      violate(
        world,
        this.name,
        `member ${id} has voted for ${vote.candidate} in term ${vote.term} and starts with ${core.votedFor ?? 'no vote'}`,
      )
    if (core.lastIndex < stableIndex)
      violate(world, this.name, `member ${id} starts with a log up to ${core.lastIndex}, its disk had completed ${stableIndex}`)
    const found = core.termAt(asIndex(stableIndex))
    if (found !== null && stableTerm !== null && found !== stableTerm)
      violate(world, this.name, `member ${id} starts with term ${found} at ${stableIndex}, its disk had completed term ${stableTerm} there`)
    this.#sameBytes(life, core)
    this.#promised.set(id, { term, vote, stableIndex: core.stableIndex, stableTerm: core.termAt(core.stableIndex), installing: null })
  }

  /** Of the entries that are in memory, newest first. */
  #sameBytes({ member: { world, id } }: Life, core: RaftCore): void {
    for (let index = core.lastIndex; index >= core.firstIndex; index = asIndex(index - 1)) {
      const entry = core.entries(index, index, Infinity)?.[0]
      if (entry === undefined) return
      const known = this.#ledger.find(index, entry.term)
      if (known === undefined || !isSame(known, entry))
        violate(world, this.name, `member ${id} starts with an entry ${index} of term ${entry.term} that nobody ever wrote like that`)
    }
  }
}

/** What its disk has completed by now. */
function note(promised: Promised, core: RaftCore): void {
  const { stableIndex } = core
  promised.stableIndex = promised.installing === null ? stableIndex : 0
  promised.stableTerm = promised.installing === null ? core.termAt(stableIndex) : 0
}

function promise(promised: Promised, message: Message): void {
  if (message.type === 'requestVote') {
    if (message.preVote) return
    promised.vote = { term: message.term, candidate: message.from }
  } else if (message.type === 'requestVoteResponse' && message.granted) {
    if (message.preVote) return
    promised.vote = { term: message.term, candidate: message.to }
  }
  if (message.term > promised.term) promised.term = message.term
}
