import { decodeConfiguration } from '../log/configuration-codec.js'
import type { Configuration, Entry } from '../types.js'
import { EntryType } from '../types.js'
import type { RaftCore } from './core.js'
import type { Effects } from './effects.js'
import type { Message } from './messages.js'
import type { TestDisk } from './test-disk.test-support.js'

/** A member as the checker sees it. `core` is null while it is down. */
export interface Observed {
  readonly id: number
  readonly core: RaftCore | null
  readonly disk: TestDisk
}

export class Violation extends Error {}

/**
 * Watches a whole cluster from outside and remembers all of its history. Each check names the property of the Raft paper (figure 3) or the
 * promise of the core that it stands for. The disks are judged, not what the members believe.
 */
export class Invariants {
  readonly #leaders = new Map<number, number>()
  readonly #votes = new Map<string, number>()
  readonly #entries = new Map<string, { readonly entry: Entry; readonly previousTerm: number | null }>()
  readonly #committed: (Entry | undefined)[] = []
  /** Commits by leaders: with this term, up to this index. */
  readonly #commits: { readonly term: number; readonly index: number }[] = []
  /** Highest term that a member has let anybody see. */
  readonly #shownTerms = new Map<number, number>()
  readonly #diskTerms = new Map<number, number>()
  readonly #removed = new Set<number>()
  /** Is a member of a committed configuration a witness? */
  readonly #kinds = new Map<number, boolean>()
  readonly #commitOf = new Map<number, number>()

  /** The highest index that any leader has reported committed. Everything up to it may have been acknowledged to a client. */
  committedIndex = 0

  fail(message: string): never {
    throw new Violation(message)
  }

  /**
   * After every step of a member. `configuration` was in force before the step: a commit is decided under it. `ledTerm` is the term that the
   * member led before the step, or null.
   */
  afterStep(member: Observed, all: readonly Observed[], configuration: Configuration, ledTerm: number | null): void {
    const { core, id } = member
    if (core === null) return
    if (core.role === 'leader') this.#checkLeader(member, core)
    const before = this.#commitOf.get(id) ?? 0
    if (core.commitIndex < before) this.fail(`the commit index of ${id} went back from ${before} to ${core.commitIndex}`)
    if (core.commitIndex > core.lastIndex) this.fail(`${id} committed ${core.commitIndex} but its log ends at ${core.lastIndex}`)
    if (core.commitIndex > before) {
      if (ledTerm === core.term) this.#leaderCommits(core, all, configuration)
      this.#checkCommitted(member, core, before)
      this.#commitOf.set(id, core.commitIndex)
    }
  }

  /** Election safety and leader completeness. */
  #checkLeader(member: Observed, core: RaftCore): void {
    const known = this.#leaders.get(core.term)
    if (core.isWitness) this.fail(`${member.id} leads term ${core.term} and is a witness`)
    if (known === member.id) return
    if (known !== undefined) this.fail(`election safety: ${known} and ${member.id} both lead term ${core.term}`)
    this.#leaders.set(core.term, member.id)
    for (const commit of this.#commits) {
      if (commit.term >= core.term) continue
      const expected = this.#committed[commit.index]
      if (commit.index > core.lastIndex)
        this.fail(`leader completeness: leader ${member.id} of term ${core.term} lacks entry ${commit.index}`)
      const term = core.termAt(expected?.index ?? core.lastIndex)
      if (expected !== undefined && term !== null && term !== expected.term) {
        this.fail(`leader completeness: leader ${member.id} of term ${core.term} has another entry ${commit.index} (term ${term})`)
      }
    }
  }

  /** Commit means: durable on a quorum of the configuration in force, and of the leader's own term. */
  #leaderCommits(core: RaftCore, all: readonly Observed[], configuration: Configuration): void {
    const index = core.commitIndex
    const term = core.termAt(index)
    if (term !== core.term) this.fail(`leader ${core.id} of term ${core.term} committed entry ${index} of term ${term} by counting`)
    const holders = new Set<number>()
    for (const { id, disk } of all) if (disk.holds(index, term)) holders.add(id)
    for (const voters of [configuration.voters, configuration.votersOutgoing]) {
      const count = voters.filter((id) => holders.has(id)).length
      if (voters.length > 0 && count * 2 <= voters.length) {
        this.fail(`leader ${core.id} committed entry ${index}, durable only on [${[...holders].join(' ')}] of voters [${voters.join(' ')}]`)
      }
    }
    this.#commits.push({ term: core.term, index })
    this.committedIndex = Math.max(this.committedIndex, index)
  }

  /** State machine safety: what is committed at an index is the same everywhere and for ever. */
  #checkCommitted(member: Observed, core: RaftCore, before: number): void {
    for (let index = Math.max(before, member.disk.view.firstIndex - 1, core.firstIndex - 1) + 1; index <= core.commitIndex; index++) {
      const entry = core.entries(asIndexOf(index), asIndexOf(index), 0)?.[0] ?? member.disk.view.at(index)
      if (entry === undefined) this.fail(`${member.id} committed entry ${index} and does not have it`)
      const known = this.#committed[index]
      if (known === undefined || known.type === EntryType.stripped) this.#committed[index] = entry
      else if (!sameEntry(known, entry)) this.fail(`state machine safety: entry ${index} was committed with two contents`)
    }
    if (core.commitIndex > this.committedIndex) this.fail(`${member.id} committed ${core.commitIndex}, which no leader had committed`)
    const expected = this.#committed[core.commitIndex]
    const term = core.termAt(core.commitIndex)
    if (expected !== undefined && term !== null && term !== expected.term) {
      this.fail(`state machine safety: ${member.id} has term ${term} at committed entry ${core.commitIndex}, not ${expected.term}`)
    }
  }

  /** What leaves a member: log matching of everything written, one vote per term, nothing sent before it is durable. */
  afterEffects(member: Observed, effects: Effects): void {
    const { persist } = effects
    if (persist !== null) {
      const first = persist.entries[0]
      if (first !== undefined) this.#checkEntries(persist.entries, member.core?.termAt(asIndexOf(first.index - 1)) ?? null)
      if (member.core?.role === 'leader') this.#checkConfigurations(member.core, member.disk, persist.entries)
      const stripped = persist.entries.some(({ type }) => type === EntryType.stripped) || persist.installSnapshot?.sizeBytes === 0
      if (stripped && member.core?.isWitness === false) this.fail(`${member.id} lacks data that it is counted on for`)
      if (persist.installSnapshot !== null) this.#checkSnapshot(persist.installSnapshot)
    }
    for (const message of effects.messages) this.#checkMessage(member, message)
  }

  /** A leader changes the configuration only when the one before, and an entry of its own term, are committed (thesis, section 4.1). */
  #checkConfigurations(core: RaftCore, disk: TestDisk, written: readonly Entry[]): void {
    for (const change of written) {
      if (change.type !== EntryType.configuration || change.term !== core.term) continue
      this.#checkMembers(decodeConfiguration(change.payload))
      if (core.termAt(core.commitIndex) !== core.term)
        this.fail(`leader ${core.id} changed the configuration before its term had committed anything`)
      const open = [...disk.view.entries, ...written].find(
        ({ type, index }) => type === EntryType.configuration && index > core.commitIndex && index < change.index,
      )
      if (open !== undefined)
        this.fail(`leader ${core.id} changed the configuration at ${change.index} while that of ${open.index} was open`)
    }
  }

  /** Nobody comes back, and no member's kind changes, once a leader has committed it. */
  #checkMembers(next: Configuration): void {
    for (const { id } of next.members) {
      if (this.#removed.has(id)) this.fail(`member ${id} was removed and comes back`)
      const kind = this.#kinds.get(id)
      if (kind !== undefined && kind !== next.witnesses.includes(id)) this.fail(`member ${id} turns from or into a witness`)
    }
  }

  /** A leader has committed this configuration. */
  committedConfiguration({ members, witnesses, removed }: Configuration): void {
    for (const { id } of members) this.#kinds.set(id, witnesses.includes(id))
    for (const id of removed) this.#removed.add(id)
  }

  #checkSnapshot(meta: { readonly index: number; readonly term: number }): void {
    const known = this.#committed[meta.index]
    if (meta.index > this.committedIndex) this.fail(`a snapshot of ${meta.index}, which is not committed, was installed`)
    if (known !== undefined && known.term !== meta.term) this.fail(`a snapshot of ${meta.index} with a wrong term was installed`)
  }

  /** Log matching: the same index and term means the same bytes, and the same entry before. */
  #checkEntries(entries: readonly Entry[], termBefore: number | null): void {
    let previousTerm = termBefore
    for (const entry of entries) {
      const key = `${entry.index}:${entry.term}`
      const known = this.#entries.get(key)
      if (known === undefined || (known.entry.type === EntryType.stripped && sameEntry(known.entry, entry)))
        this.#entries.set(key, { entry, previousTerm })
      else {
        const samePrevious = previousTerm === null || known.previousTerm === null || previousTerm === known.previousTerm
        if (!sameEntry(known.entry, entry) || !samePrevious)
          this.fail(`log matching: two entries with index ${entry.index} and term ${entry.term}`)
      }
      previousTerm = entry.term
    }
  }

  #vote(voter: number, term: number, candidate: number): void {
    const key = `${voter}:${term}`
    const known = this.#votes.get(key)
    if (known !== undefined && known !== candidate) this.fail(`${voter} voted for ${known} and for ${candidate} in term ${term}`)
    this.#votes.set(key, candidate)
  }

  #checkMessage(member: Observed, message: Message): void {
    const { disk, id } = member
    const isPreVote = (message.type === 'requestVote' || message.type === 'requestVoteResponse') && message.preVote
    const durableTerm = Math.max(disk.hardState.term, disk.snapshot?.term ?? 0)
    const binds = !isPreVote || (message.type === 'requestVoteResponse' && !message.granted)
    if (binds) {
      if (message.term > durableTerm) this.fail(`${id} sent ${message.type} of term ${message.term} while its disk says ${durableTerm}`)
      this.#shownTerms.set(id, Math.max(this.#shownTerms.get(id) ?? 0, message.term))
    }
    if (message.type === 'requestVote' && !message.preVote) {
      this.#vote(id, message.term, id)
      this.#requireVote(disk, id, message.term, id)
    } else if (message.type === 'requestVoteResponse' && message.granted && !message.preVote) {
      this.#vote(id, message.term, message.to)
      this.#requireVote(disk, id, message.term, message.to)
    } else if (message.type === 'appendEntriesResponse' && message.rejected === null) {
      this.#requireDurable(member, message.matchIndex, message)
    } else if (message.type === 'installSnapshotResponse' && message.installed) {
      this.#requireDurable(member, message.snapshotIndex, message)
    } else if (message.type === 'appendEntries') {
      this.#checkEntries(message.entries, message.prevLogTerm)
      if (message.entries.some((entry, position) => entry.index !== message.prevLogIndex + 1 + position)) {
        this.fail(`${id} sent entries that do not follow ${message.prevLogIndex}`)
      }
    }
  }

  #requireVote(disk: TestDisk, id: number, term: number, candidate: number): void {
    const { hardState } = disk
    if (hardState.term < term || (hardState.term === term && hardState.votedFor !== candidate)) {
      this.fail(`${id} showed its vote for ${candidate} in term ${term} before it was durable`)
    }
  }

  #requireDurable(member: Observed, index: number, message: Message): void {
    const { disk, core, id } = member
    if (index <= (disk.snapshot?.index ?? 0) || index < disk.log.firstIndex) return
    const durable = disk.log.termAt(index)
    // In a later term the log in memory may differ already; the disk has not changed yet.
    const expected = core !== null && core.term === message.term ? core.termAt(asIndexOf(index)) : null
    if (durable === null || (expected !== null && durable !== expected)) {
      this.fail(`${id} sent ${message.type} for entry ${index} (term ${expected}) while its disk holds term ${durable} there`)
    }
  }

  /** After every completed write and every crash: terms on a disk never go back, and it holds one vote per term. */
  afterDisk(member: Observed): void {
    const { hardState } = member.disk
    const before = this.#diskTerms.get(member.id) ?? 0
    if (hardState.term < before) this.fail(`the durable term of ${member.id} went back from ${before} to ${hardState.term}`)
    this.#diskTerms.set(member.id, hardState.term)
    if (hardState.votedFor !== null) this.#vote(member.id, hardState.term, hardState.votedFor)
  }

  /** A member comes back: it may have forgotten its commit index, but no term that anybody has seen. */
  afterRestart(member: Observed): void {
    const { core, id } = member
    if (core === null) return
    const shown = this.#shownTerms.get(id) ?? 0
    if (core.term < shown) this.fail(`${id} restarted in term ${core.term} although it had spoken in term ${shown}`)
    this.#commitOf.set(id, core.commitIndex)
  }

  committedEntry(index: number): Entry | undefined {
    return this.#committed[index]
  }
}

const asIndexOf = (index: number) => index as Entry['index']

function sameEntry(a: Entry, b: Entry): boolean {
  if (a === b) return true
  if (a.index !== b.index || a.term !== b.term || a.timeMs !== b.timeMs) return false
  // A witness holds this in place of a command.
  const [first, second] = [a.type, b.type].sort((x, y) => x - y)
  if (second === EntryType.stripped) return first === EntryType.stripped || first === EntryType.command
  if (a.type !== b.type) return false
  return a.payload.length === b.payload.length && a.payload.every((byte, position) => byte === b.payload[position])
}
