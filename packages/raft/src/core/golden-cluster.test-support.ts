import { encodeConfiguration } from '../log/configuration-codec.js'
import type { Configuration, Entry, SnapshotMeta } from '../types.js'
import { asIndex, asMemberId, EntryType } from '../types.js'
import { RaftCore } from './core.js'
import type { Effects, Input } from './effects.js'
import { showConfiguration, showEntries, showEvent, showMessage, showPersist } from './golden-trace.test-support.js'
import type { Message } from './messages.js'
import type { CoreOptions } from './options.js'
import { isSameSnapshot } from './snapshot-sending.js'
import { configurationOf } from './test-cluster.test-support.js'
import { TestDisk } from './test-disk.test-support.js'

interface GoldenMember {
  readonly id: number
  readonly disk: TestDisk
  core: RaftCore | null
  /** Writes complete only when the script says so. */
  diskHeld: boolean
  /** The state machine stands still. */
  applied: number
  partial: { readonly meta: SnapshotMeta; bytes: number } | null
}

export interface Filter {
  readonly from?: number | undefined
  readonly to?: number | undefined
  readonly type?: string | undefined
}

const matches = (filter: Filter, message: Message): boolean =>
  (filter.from === undefined || filter.from === message.from) &&
  (filter.to === undefined || filter.to === message.to) &&
  (filter.type === undefined || filter.type === message.type)

/** Bytes of every snapshot; with `snapshotChunkBytes` of 10 it travels in three chunks, one after the other. */
const SNAPSHOT_BYTES = 25

/** Cores, disks and one network queue under the control of a script. Writes a line for everything that happens. */
export class GoldenCluster {
  readonly lines: string[] = []
  readonly #members = new Map<number, GoldenMember>()
  #configuration: Configuration = configurationOf([])
  #options: Partial<CoreOptions> = {}
  #network: Message[] = []
  readonly #saved = new Map<string, readonly Message[]>()
  #nowMs = 0
  #refs = 0
  #snapshots = 0
  #draws = 0

  say(line: string): void {
    this.lines.push(line)
  }

  found(voters: readonly number[], learners: readonly number[], options: Partial<CoreOptions>): void {
    this.#options = options
    this.#configuration = configurationOf(voters, learners)
    for (const id of [...voters, ...learners]) this.#add(id, this.#configuration)
    this.say(showConfiguration(this.#configuration))
  }

  /** A member that is to join later: it knows nobody. */
  spare(id: number): void {
    this.#add(id, configurationOf([]))
  }

  #add(id: number, configuration: Configuration): void {
    const member: GoldenMember = { id, disk: new TestDisk(configuration), core: null, diskHeld: false, applied: 0, partial: null }
    this.#members.set(id, member)
    this.#start(member)
  }

  #start(member: GoldenMember): void {
    const random = { next: (): number => (this.#draws = (this.#draws + 0.381966) % 1) }
    const options = {
      id: asMemberId(member.id),
      random,
      commitNotifyMs: 0,
      snapshotChunkBytes: 10,
      snapshotWindowBytes: 10,
      ...this.#options,
    }
    member.core = new RaftCore(options, member.disk.recover(), this.#nowMs)
    member.applied = member.core.appliedIndex
  }

  #member(id: number): GoldenMember {
    const member = this.#members.get(id)
    if (member === undefined) throw new Error(`there is no member ${id}`)
    return member
  }

  core(id: number): RaftCore {
    const { core } = this.#member(id)
    if (core === null) throw new Error(`member ${id} is down`)
    return core
  }

  #step(member: GoldenMember, input: Input | 'campaign'): void {
    const { core } = member
    if (core === null) return
    if (input === 'campaign') core.campaign(this.#nowMs)
    else core.step(input, this.#nowMs)
    this.#carryOut(member, core.takeEffects())
  }

  #carryOut(member: GoldenMember, effects: Effects): void {
    const { id, disk } = member
    for (const event of effects.events) this.say(`${id} ${showEvent(event)}`)
    if (effects.persist !== null) {
      disk.issue(effects.persist)
      this.say(`${id} ${showPersist(effects.persist)}`)
    }
    for (const message of effects.messages) this.say(showMessage(message))
    this.#network.push(...effects.messages)
    if (effects.restore !== null) {
      this.say(`${id} restores its state from snapshot ${effects.restore.index}`)
      member.applied = Math.max(member.applied, effects.restore.index)
    }
    if (effects.commitIndex !== null) this.say(`${id} commits up to ${effects.commitIndex}`)
    this.#showOutcomes(id, effects)
    for (const load of effects.loads) {
      const entries = disk.view.entries.filter((entry) => entry.index >= load.from && entry.index <= load.to)
      this.say(`${id} loads ${load.from}..${load.to} for ${load.peer} from its disk`)
      this.#step(member, { type: 'loaded', peer: load.peer, from: load.from, entries })
    }
    for (const read of effects.snapshotReads) this.#readSnapshot(member, read)
    for (const chunk of effects.snapshotChunks) this.#storeChunk(member, chunk)
    const { core } = member
    if (core !== null && member.applied < core.commitIndex) {
      member.applied = core.commitIndex
      this.#step(member, { type: 'applied', index: core.commitIndex })
    }
  }

  #showOutcomes(id: number, effects: Effects): void {
    const showLeader = (leaderId: number | null): string => (leaderId === null ? '' : `, ask ${leaderId}`)
    for (const outcome of effects.proposals) {
      this.say(
        `${id} proposal ${'index' in outcome ? `at ${outcome.index}/${outcome.term}` : `refused: ${outcome.refused}${showLeader(outcome.leaderId)}`}`,
      )
    }
    for (const outcome of effects.reads) {
      const result = 'index' in outcome ? `may run at ${outcome.index}` : `refused: ${outcome.refused}${showLeader(outcome.leaderId)}`
      this.say(`${id} read #${outcome.ref} ${result}`)
    }
    for (const outcome of effects.transfers) {
      this.say(`${id} transfer ${'target' in outcome ? `to ${outcome.target} done` : `refused: ${outcome.refused}`}`)
    }
  }

  #readSnapshot(member: GoldenMember, read: Effects['snapshotReads'][number]): void {
    const { snapshot } = member.disk
    if (snapshot === null || !isSameSnapshot(snapshot, read.meta)) {
      this.say(`${member.id} can not read snapshot ${read.meta.index} any more`)
      this.#step(member, { type: 'snapshotReadFailed', peer: read.peer })
      return
    }
    const data = new Uint8Array(Math.max(0, Math.min(read.maxBytes, read.meta.sizeBytes - read.offset)))
    const done = read.offset + data.length >= read.meta.sizeBytes
    this.#step(member, { type: 'snapshotRead', peer: read.peer, meta: read.meta, offset: read.offset, data, done })
  }

  #storeChunk(member: GoldenMember, { meta, offset, data }: Effects['snapshotChunks'][number]): void {
    if (member.partial === null || !isSameSnapshot(member.partial.meta, meta)) member.partial = { meta, bytes: 0 }
    const { partial } = member
    if (offset <= partial.bytes) partial.bytes = Math.max(partial.bytes, offset + data.length)
    this.say(`${member.id} has ${partial.bytes} of ${meta.sizeBytes} bytes of snapshot ${meta.index}`)
    if (partial.bytes >= meta.sizeBytes) this.#step(member, { type: 'snapshotReceived', meta })
    else this.#step(member, { type: 'chunkStored', meta, nextOffset: partial.bytes })
  }

  // ---- what scripts do ----

  campaign(id: number): void {
    this.#step(this.#member(id), 'campaign')
  }

  /** An election whose course is of no interest. */
  elect(id: number): void {
    const before = this.lines.length
    this.campaign(id)
    this.stabilize([], [])
    if (this.core(id).role !== 'leader') throw new Error(`${id} was not elected`)
    this.lines.length = before
    this.say(`${id} leads term ${this.core(id).term} and has committed everything up to ${this.core(id).commitIndex}`)
  }

  /** Time passes in small steps, everything settles after each; only decisions are shown. */
  run(ms: number, lost: readonly Filter[]): void {
    for (let passed = 0; passed < ms; passed += 50) {
      const before = this.lines.length
      this.tick(50, [])
      this.stabilize([], lost)
      const decisions = this.lines.splice(before).filter((line) => !/->| write #|^lost/.test(line))
      this.lines.push(...decisions)
    }
  }

  propose(id: number, texts: readonly string[]): void {
    const proposals = texts.map((text) => ({ ref: ++this.#refs, type: EntryType.command, payload: new TextEncoder().encode(text) }))
    this.#step(this.#member(id), { type: 'propose', proposals })
  }

  proposeConfiguration(id: number, voters: readonly number[], outgoing: readonly number[], learners: readonly number[]): void {
    const all = [...new Set([...voters, ...outgoing])].filter((one) => !learners.includes(one))
    const configuration: Configuration = {
      ...configurationOf(all, learners),
      voters: voters.map(asMemberId),
      votersOutgoing: outgoing.map(asMemberId),
      learners: learners.map(asMemberId),
    }
    const proposal = { ref: ++this.#refs, type: EntryType.configuration, payload: encodeConfiguration(configuration) }
    this.#step(this.#member(id), { type: 'propose', proposals: [proposal] })
  }

  read(id: number): void {
    const ref = ++this.#refs
    this.say(`${id} read #${ref} begins`)
    this.#step(this.#member(id), { type: 'read', ref })
  }

  transfer(id: number, target: number | null): void {
    this.#step(this.#member(id), { type: 'transfer', ref: ++this.#refs, target: target === null ? null : asMemberId(target) })
  }

  /** A local snapshot at `index`; `keep` entries before it stay in the log. */
  compact(id: number, index: number, keep: number): void {
    const member = this.#member(id)
    const core = this.core(id)
    const term = core.termAt(asIndex(index))
    if (term === null || index > core.commitIndex) throw new Error(`${id} can not take a snapshot of ${index}`)
    const configuration = core.configurationAt(asIndex(index))
    const timeMs = member.disk.view.at(index)?.timeMs ?? 0
    const meta: SnapshotMeta = {
      index: asIndex(index),
      term,
      timeMs,
      configuration,
      sizeBytes: SNAPSHOT_BYTES,
      checksum: ++this.#snapshots,
    }
    member.disk.writeSnapshot(meta)
    this.#step(member, { type: 'snapshotTaken', meta, firstIndexToKeep: asIndex(index + 1 - keep) })
  }

  /** Delivers the queued messages that match; none is an error of the script. */
  deliver(filter: Filter, last: boolean): void {
    let chosen = this.#network.filter((message) => matches(filter, message))
    if (last) chosen = chosen.slice(-1)
    if (chosen.length === 0) throw new Error('no such message is under way')
    this.#network = this.#network.filter((message) => !chosen.includes(message))
    for (const message of chosen) this.#receive(message)
  }

  #receive(message: Message): void {
    this.say(`(${showMessage(message)})`)
    this.#step(this.#member(message.to), { type: 'message', message })
  }

  drop(filter: Filter): void {
    const lost = this.#network.filter((message) => matches(filter, message))
    this.#network = this.#network.filter((message) => !matches(filter, message))
    for (const message of lost) this.say(`lost: ${showMessage(message)}`)
  }

  save(name: string, filter: Filter): void {
    const saved = this.#network.filter((message) => matches(filter, message))
    if (saved.length === 0) throw new Error('no such message is under way')
    this.#saved.set(name, saved)
  }

  replay(name: string): void {
    for (const message of this.#saved.get(name) ?? []) this.#receive(message)
  }

  persist(id: number): void {
    const member = this.#member(id)
    const sequence = member.disk.complete()
    if (sequence === null) throw new Error(`member ${id} writes nothing`)
    this.say(`${id} write #${sequence} is durable`)
    this.#step(member, { type: 'persisted', sequence })
  }

  holdDisk(id: number, held: boolean): void {
    this.#member(id).diskHeld = held
  }

  /** Lets messages arrive and writes complete until nothing moves. Messages to others than `ids` wait; those that match are lost. */
  stabilize(ids: readonly number[], lost: readonly Filter[]): void {
    const chosen = ids.length === 0 ? [...this.#members.keys()] : ids
    for (let turn = 0; turn < 10_000; turn++) {
      const writer = chosen.find((id) => this.#canWrite(this.#member(id)))
      const at = this.#network.findIndex((message) => chosen.includes(message.to))
      const [message] = writer === undefined && at >= 0 ? this.#network.splice(at, 1) : []
      if (writer !== undefined) this.#completeQuietly(this.#member(writer))
      else if (message === undefined) return
      else if (lost.some((filter) => matches(filter, message))) this.say(`lost: ${showMessage(message)}`)
      else if (this.#member(message.to).core === null) this.say(`lost, ${message.to} is down: ${showMessage(message)}`)
      else this.#receive(message)
    }
    throw new Error('the cluster does not come to rest')
  }

  #canWrite({ core, disk, diskHeld }: GoldenMember): boolean {
    return core !== null && !diskHeld && disk.pending.length > 0
  }

  #completeQuietly(member: GoldenMember): void {
    const sequence = member.disk.complete()
    if (sequence !== null) this.#step(member, { type: 'persisted', sequence })
  }

  tick(ms: number, ids: readonly number[]): void {
    this.#nowMs += ms
    for (const member of this.#members.values()) {
      if (ids.length === 0 || ids.includes(member.id)) this.#step(member, { type: 'tick' })
    }
  }

  crash(id: number, steps: number): void {
    const member = this.#member(id)
    member.disk.crash(steps)
    member.core = null
    member.diskHeld = false
  }

  restart(id: number): void {
    const member = this.#member(id)
    this.#start(member)
    const { term, votedFor } = member.disk.hardState
    this.say(`${id} starts in term ${term}, vote ${votedFor ?? '-'}, log ${this.core(id).firstIndex}..${this.core(id).lastIndex}`)
  }

  showLog(id: number): void {
    const { view, snapshot } = this.#member(id).disk
    const core = this.core(id)
    if (core.firstIndex > 1) this.say(`${id} snapshot ${snapshot?.index}/${snapshot?.term}, log from ${core.firstIndex}`)
    const entries: Entry[] = view.entries.filter((entry) => entry.index >= core.firstIndex && entry.index <= core.lastIndex)
    this.say(`${id} ${showEntries(entries)} commit ${core.commitIndex} durable ${core.stableIndex}`)
  }

  showStatus(): void {
    for (const { id, core } of this.#members.values()) {
      if (core === null) {
        this.say(`${id} is down`)
        continue
      }
      const leader = core.leaderId === null ? 'knows no leader' : `leader ${core.leaderId}`
      this.say(
        `${id} ${core.role} t${core.term} vote ${core.votedFor ?? '-'} ${leader} log ${core.firstIndex}..${core.lastIndex} commit ${core.commitIndex}`,
      )
      for (const peer of core.peers()) this.say(`  feeds ${peer.id} by ${peer.state}, match ${peer.matchIndex}, next ${peer.nextIndex}`)
    }
    if (this.#network.length > 0) this.say(`${this.#network.length} messages under way`)
  }
}
