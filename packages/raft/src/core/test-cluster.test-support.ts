import type { Configuration, LogIndex } from '../types.js'
import { asMemberId, EntryType, foundingConfiguration, ZERO_INDEX } from '../types.js'
import { RaftCore } from './core.js'
import type { CoreEvent, Effects, Input, ProposalOutcome, ReadOutcome, TransferOutcome } from './effects.js'
import type { Message } from './messages.js'
import type { CoreOptions } from './options.js'
import { TestDisk } from './test-disk.test-support.js'

/** Founding configuration of members 1..size. */
export function configurationOf(ids: readonly number[], learners: readonly number[] = []): Configuration {
  const members = [...ids, ...learners].map((id) => ({ id: asMemberId(id), address: `n${id}`, clientAddress: '', name: `n${id}` }))
  return { ...foundingConfiguration(members), voters: ids.map(asMemberId), learners: learners.map(asMemberId) }
}

export interface TestMember {
  core: RaftCore
  disk: TestDisk
  alive: boolean
  events: CoreEvent[]
  proposals: ProposalOutcome[]
  reads: ReadOutcome[]
  transfers: TransferOutcome[]
  committed: LogIndex
}

/** Cores joined by a queue of messages that the test delivers, drops or reorders; disks complete when the test says so. */
export class TestCluster {
  readonly members = new Map<number, TestMember>()
  readonly configuration: Configuration
  readonly #options: Partial<CoreOptions>
  queue: Message[] = []
  nowMs = 0
  #draw = 0

  constructor(size: number, options: Partial<CoreOptions> = {}) {
    const ids = Array.from({ length: size }, (_, i) => i + 1)
    this.configuration = configurationOf(ids)
    this.#options = options
    for (const id of ids) {
      const disk = new TestDisk(this.configuration)
      this.members.set(id, this.#start(id, disk))
    }
  }

  #start(id: number, disk: TestDisk): TestMember {
    const random = { next: (): number => (this.#draw = (this.#draw + 0.381966) % 1) }
    const core = new RaftCore({ id: asMemberId(id), random, commitNotifyMs: 0, ...this.#options }, disk.recover(), this.nowMs)
    return { core, disk, alive: true, events: [], proposals: [], reads: [], transfers: [], committed: ZERO_INDEX }
  }

  member(id: number): TestMember {
    const member = this.members.get(id)
    if (member === undefined) throw new Error(`no member ${id}`)
    return member
  }

  core(id: number): RaftCore {
    return this.member(id).core
  }

  /** Steps without completing writes; messages that may leave join the queue. */
  step(id: number, input: Input): Effects {
    const member = this.member(id)
    member.core.step(input, this.nowMs)
    return this.collect(id)
  }

  collect(id: number): Effects {
    const member = this.member(id)
    const effects = member.core.takeEffects()
    this.queue.push(...effects.messages)
    if (effects.persist !== null) member.disk.issue(effects.persist)
    member.events.push(...effects.events)
    member.proposals.push(...effects.proposals)
    member.reads.push(...effects.reads)
    member.transfers.push(...effects.transfers)
    if (effects.commitIndex !== null) member.committed = effects.commitIndex
    return effects
  }

  campaign(id: number): void {
    this.core(id).campaign(this.nowMs)
    this.collect(id)
  }

  /** Completes all writes of a member. */
  flush(id: number): void {
    for (;;) {
      const sequence = this.member(id).disk.complete()
      if (sequence === null) return
      this.step(id, { type: 'persisted', sequence })
    }
  }

  /** Delivers messages (that `accept` lets through) and completes writes until nothing moves. */
  settle(accept: (message: Message) => boolean = () => true): void {
    for (let round = 0; round < 10_000; round++) {
      for (const [id, member] of this.members) if (member.alive) this.flush(id)
      const message = this.queue.shift()
      if (message === undefined) return
      if (accept(message) && this.member(message.to).alive) this.step(message.to, { type: 'message', message })
    }
    throw new Error('the cluster does not settle')
  }

  advance(ms: number): void {
    this.nowMs += ms
    for (const [id, member] of this.members) if (member.alive) this.step(id, { type: 'tick' })
  }

  elect(id: number): void {
    this.campaign(id)
    this.settle()
    if (this.core(id).role !== 'leader') throw new Error(`${id} was not elected`)
  }

  propose(id: number, text: string): void {
    const proposals = [{ ref: 1, type: EntryType.command, payload: new TextEncoder().encode(text) }]
    this.step(id, { type: 'propose', proposals })
  }

  crash(id: number): void {
    this.member(id).alive = false
    this.queue = this.queue.filter((message) => message.from !== id)
  }

  restart(id: number): void {
    this.members.set(id, this.#start(id, this.member(id).disk))
  }
}
