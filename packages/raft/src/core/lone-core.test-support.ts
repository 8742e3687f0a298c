import type { Configuration, Entry, SnapshotMeta } from '../types.js'
import { asIndex, asMemberId, asTerm, EntryType } from '../types.js'
import { RaftCore } from './core.js'
import type { CoreEvent, Effects, Input, ProposalOutcome, ReadOutcome, TransferOutcome } from './effects.js'
import type { AppendEntries, AppendEntriesResponse, Heartbeat, Message, RequestVote, RequestVoteResponse } from './messages.js'
import type { CoreOptions } from './options.js'
import { configurationOf } from './test-cluster.test-support.js'
import { TestDisk } from './test-disk.test-support.js'

export interface LoneOptions extends Partial<CoreOptions> {
  readonly id?: never
  /** Term on the disk. */
  readonly term?: number
  readonly votedFor?: number
  /** Terms of the entries 1, 2, ... */
  readonly log?: readonly number[]
  readonly configuration?: Configuration
}

export const command = (index: number, term: number, text = `${index}/${term}`): Entry => ({
  term: asTerm(term),
  index: asIndex(index),
  type: EntryType.command,
  timeMs: 0,
  payload: new TextEncoder().encode(text),
})

/** Entries of these terms, from `first` on. */
export const commands = (first: number, terms: readonly number[]): readonly Entry[] =>
  terms.map((term, position) => command(first + position, term))

/**
 * Member 1 alone on the table: the test plays all others. Writes complete at once unless `diskHeld`; what leaves is kept in `sent`.
 */
export class LoneCore {
  readonly disk: TestDisk
  readonly #options: CoreOptions
  core: RaftCore
  nowMs = 0
  diskHeld = false
  sent: Message[] = []
  events: CoreEvent[] = []
  reads: ReadOutcome[] = []
  proposals: ProposalOutcome[] = []
  transfers: TransferOutcome[] = []
  chunks: Effects['snapshotChunks'][number][] = []
  snapshotReads: Effects['snapshotReads'][number][] = []
  restored: SnapshotMeta[] = []
  #refs = 0

  constructor({ term = 0, votedFor, log = [], configuration = configurationOf([1, 2, 3]), ...options }: LoneOptions = {}) {
    this.disk = new TestDisk(configuration)
    this.disk.hardState = { term: asTerm(Math.max(term, ...log)), votedFor: votedFor === undefined ? null : asMemberId(votedFor) }
    for (const entry of commands(1, log)) this.disk.log.put(entry)
    this.#options = { id: asMemberId(1), random: { next: () => 0.5 }, commitNotifyMs: 0, ...options }
    this.core = this.#start()
  }

  #start(): RaftCore {
    return new RaftCore(this.#options, this.disk.recover(), this.nowMs)
  }

  step(input: Input): void {
    this.core.step(input, this.nowMs)
    this.take()
  }

  take(): void {
    const effects = this.core.takeEffects()
    this.sent.push(...effects.messages)
    this.events.push(...effects.events)
    this.reads.push(...effects.reads)
    this.proposals.push(...effects.proposals)
    this.transfers.push(...effects.transfers)
    this.chunks.push(...effects.snapshotChunks)
    this.snapshotReads.push(...effects.snapshotReads)
    if (effects.restore !== null) this.restored.push(effects.restore)
    if (effects.persist !== null) this.disk.issue(effects.persist)
    if (!this.diskHeld) this.flush()
  }

  /** Completes all writes. */
  flush(): void {
    for (let sequence = this.disk.complete(); sequence !== null; sequence = this.disk.complete()) this.step({ type: 'persisted', sequence })
  }

  crash(): void {
    this.disk.crash()
    this.sent = []
    this.core = this.#start()
  }

  receive(message: Message): void {
    this.step({ type: 'message', message })
  }

  tick(ms: number): void {
    this.nowMs += ms
    this.step({ type: 'tick' })
  }

  /** What was sent since the last call. */
  outbox(): readonly Message[] {
    const { sent } = this
    this.sent = []
    return sent
  }

  /** The last message of this type that was sent. */
  last<T extends Message['type']>(type: T): Extract<Message, { type: T }> {
    const found = this.sent.filter((message): message is Extract<Message, { type: T }> => message.type === type)
    const message = found[found.length - 1]
    if (message === undefined) throw new Error(`no ${type} was sent, only: ${this.sent.map(({ type: sent }) => sent).join(', ')}`)
    return message
  }

  sentTypes(): readonly string[] {
    return this.sent.map(({ type }) => type)
  }

  /** Becomes leader of the next term with the votes of 2 and 3 (and of everybody else). */
  lead(): this {
    this.core.campaign(this.nowMs)
    this.take()
    const voters = [...this.core.configuration.voters, ...this.core.configuration.votersOutgoing].filter((id) => id !== 1)
    if (this.core.role === 'preCandidate') for (const id of voters) this.receive(voteFrom(id, this.core.term + 1, { preVote: true }))
    for (const id of voters) if (this.core.role === 'candidate') this.receive(voteFrom(id, this.core.term))
    if (this.core.role !== 'leader') throw new Error(`it is ${this.core.role}`)
    this.sent = []
    return this
  }

  propose(...texts: readonly string[]): void {
    const proposals = texts.map((text) => ({ ref: ++this.#refs, type: EntryType.command, payload: new TextEncoder().encode(text) }))
    this.step({ type: 'propose', proposals })
  }

  /** Terms of the whole log. */
  terms(): readonly (number | null)[] {
    const { firstIndex, lastIndex } = this.core
    return Array.from({ length: lastIndex - firstIndex + 1 }, (_, i) => this.core.termAt(asIndex(firstIndex + i)))
  }
}

interface VoteRequestFields {
  readonly last?: readonly [index: number, term: number]
  readonly preVote?: boolean
  /** Until which round of its leader the transfer holds. */
  readonly transfer?: number | null
}

export const voteRequest = (
  from: number,
  term: number,
  { last = [0, 0], preVote = false, transfer = null }: VoteRequestFields = {},
): RequestVote => ({
  type: 'requestVote',
  from: asMemberId(from),
  to: asMemberId(1),
  term: asTerm(term),
  preVote,
  transfer,
  lastLogIndex: asIndex(last[0]),
  lastLogTerm: asTerm(last[1]),
})

export const voteFrom = (
  from: number,
  term: number,
  { granted = true, preVote = false }: { readonly granted?: boolean; readonly preVote?: boolean } = {},
): RequestVoteResponse => ({ type: 'requestVoteResponse', from: asMemberId(from), to: asMemberId(1), term: asTerm(term), preVote, granted })

interface AppendFields {
  readonly prev?: readonly [index: number, term: number]
  /** Terms of the entries behind prev. */
  readonly terms?: readonly number[]
  readonly entries?: readonly Entry[]
  readonly commit?: number
  readonly round?: number
}

export const appendFrom = (
  from: number,
  term: number,
  { prev = [0, 0], terms = [], entries, commit = 0, round = 0 }: AppendFields = {},
): AppendEntries => ({
  type: 'appendEntries',
  from: asMemberId(from),
  to: asMemberId(1),
  term: asTerm(term),
  prevLogIndex: asIndex(prev[0]),
  prevLogTerm: asTerm(prev[1]),
  leaderCommit: asIndex(commit),
  round,
  fresh: null,
  entries: entries ?? commands(prev[0] + 1, terms),
})

export const ackFrom = (from: number, term: number, matchIndex: number, round = 0): AppendEntriesResponse => ({
  type: 'appendEntriesResponse',
  from: asMemberId(from),
  to: asMemberId(1),
  term: asTerm(term),
  round,
  stamp: 0,
  matchIndex: asIndex(matchIndex),
  rejected: null,
})

export const refusalFrom = (
  from: number,
  term: number,
  prev: number,
  conflict: { readonly term?: number; readonly from: number; readonly last: number },
): AppendEntriesResponse => ({
  ...ackFrom(from, term, prev),
  rejected: {
    prevLogIndex: asIndex(prev),
    conflictTerm: asTerm(conflict.term ?? 0),
    conflictIndex: asIndex(conflict.from),
    lastIndex: asIndex(conflict.last),
  },
})

export const heartbeatFrom = (from: number, term: number, commit = 0, round = 0): Heartbeat => ({
  type: 'heartbeat',
  from: asMemberId(from),
  to: asMemberId(1),
  term: asTerm(term),
  commit: asIndex(commit),
  round,
  fresh: null,
})

export const heartbeatAnswer = (from: number, term: number, round = 0, stamp = 0): Message => ({
  type: 'heartbeatResponse',
  from: asMemberId(from),
  to: asMemberId(1),
  term: asTerm(term),
  round,
  stamp,
  health: 'unknown',
})

export const snapshotOf = (index: number, term: number, configuration = configurationOf([1, 2, 3]), checksum = 1): SnapshotMeta => ({
  index: asIndex(index),
  term: asTerm(term),
  timeMs: 0,
  configuration,
  sizeBytes: 10,
  checksum,
})

export const chunkFrom = (from: number, term: number, snapshot: SnapshotMeta, offset = 0, length = 10): Message => ({
  type: 'installSnapshot',
  from: asMemberId(from),
  to: asMemberId(1),
  term: asTerm(term),
  snapshot,
  offset,
  data: new Uint8Array(length),
  done: offset + length >= snapshot.sizeBytes,
})
