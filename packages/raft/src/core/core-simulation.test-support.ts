import { encodeConfiguration } from '../log/configuration-codec.js'
import { SeededRandom } from '../memory/seeded-random.js'
import type { Configuration, Entry, SnapshotMeta } from '../types.js'
import { asIndex, asMemberId, EntryType, foundingConfiguration } from '../types.js'
import { Invariants } from './core-invariants.test-support.js'
import { Operator } from './core-simulation-membership.test-support.js'
import { RaftCore } from './core.js'
import type { Effects, Input, Proposal } from './effects.js'
import { isJoint, replicationTargets } from './membership.js'
import type { Message } from './messages.js'
import { isSameSnapshot } from './snapshot-sending.js'
import { configurationOf } from './test-cluster.test-support.js'
import { type Profile, profileOf, SNAPSHOT_CHUNK_BYTES } from './core-simulation-profile.test-support.js'
import { emptyConfiguration, TestDisk } from './test-disk.test-support.js'

interface Work {
  readonly ordered: boolean
  readonly run: () => void
}

interface Node {
  readonly id: number
  readonly disk: TestDisk
  core: RaftCore | null
  readonly clock: { readonly rate: number; readonly offset: number }
  work: Work[]
  /** Index that the state machine has reached. */
  applied: number
  /** The snapshot file that is being received, and how many bytes of it are here. */
  partial: { readonly meta: SnapshotMeta; bytes: number } | null
  /** Reads that wait: the index that each must at least be given. */
  reads: Map<number, number>
  transfers: Set<number>
  changes: Set<number>
  /** A local snapshot is being written: one at a time. */
  snapshotting: boolean
  ledTerm: number | null
  untaken: boolean
}

/**
 * Several cores, their simulated disks, network and clocks, driven by one seed. Everything that the core's contract allows may happen: any order,
 * loss, repetition and delay of messages, slow disks, half-finished writes, crashes, late answers of storage.
 */
export class Simulation {
  readonly random: SeededRandom
  readonly profile: Profile
  readonly invariants: Invariants = new Invariants()
  readonly nodes: Node[] = []
  readonly trace: string[] = []
  readonly #operator: Operator
  #network: Message[] = []
  #late: Message[] = []
  #blocked = new Set<string>()
  #nowMs = 1000
  #refs = 0
  #snapshots = 0
  /** No faults any more. */
  #healed = false
  /** What has happened, for the test that proves that the runs reach what they should. */
  readonly counts = new Map<string, number>()

  constructor(seed: number) {
    this.random = new SeededRandom(seed)
    this.profile = profileOf(this.random)
    const { voters, learners, spares } = this.profile
    const ids = Array.from({ length: voters + learners + spares }, (_, i) => i + 1)
    const founding = configurationOf(ids.slice(0, voters), ids.slice(voters, voters + learners))
    for (const id of ids) this.#create(id, id <= voters + learners ? founding : emptyConfiguration)
    this.#operator = new Operator(
      this.random,
      () => this.nodes.length,
      (id) => this.#create(id, emptyConfiguration),
    )
  }

  #create(id: number, configuration: Configuration): void {
    const node: Node = {
      id,
      disk: new TestDisk(configuration),
      core: null,
      clock: { rate: 0.8 + this.random.next() * 0.45, offset: this.random.int(1000) },
      work: [],
      applied: 0,
      partial: null,
      reads: new Map(),
      transfers: new Set(),
      changes: new Set(),
      snapshotting: false,
      ledTerm: null,
      untaken: false,
    }
    this.nodes.push(node)
    this.#start(node)
  }

  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1)
  }

  #note(text: string): void {
    this.trace.push(text)
    if (this.trace.length > 400) this.trace.splice(0, 200)
  }

  #clock(node: Node): number {
    return node.clock.offset + this.#nowMs * node.clock.rate
  }

  #start(node: Node): void {
    const random = this.random.fork()
    const options = { id: asMemberId(node.id), random, ...this.profile.options }
    node.core = new RaftCore(options, node.disk.recover(), this.#clock(node))
    node.applied = node.core.appliedIndex
    this.invariants.afterRestart(node)
    this.#note(`${node.id} starts in term ${node.core.term}, log ${node.core.firstIndex}..${node.core.lastIndex}`)
  }

  #crash(node: Node): void {
    if (node.core === null) return
    this.count('crash')
    const steps = this.random.bool() ? 0 : this.random.int(node.disk.pendingSteps + 1)
    node.disk.crash(steps)
    this.invariants.afterDisk(node)
    node.core = null
    node.work = []
    node.reads = new Map()
    node.transfers = new Set()
    node.changes = new Set()
    node.snapshotting = false
    node.ledTerm = null
    node.untaken = false
    if (this.random.bool(0.3)) node.partial = null
    this.#note(`${node.id} crashes, ${steps} steps of its writes survive`)
  }

  #step(node: Node, input: Input | 'campaign'): void {
    const { core } = node
    if (core === null) return
    const { configuration } = core
    const nowMs = this.#clock(node)
    const role = core.role
    if (input === 'campaign') core.campaign(nowMs)
    else core.step(input, nowMs)
    if (core.role === 'leader' && role !== 'leader') this.count('election')
    this.invariants.afterStep(node, this.nodes, configuration, node.ledTerm)
    node.ledTerm = core.role === 'leader' ? core.term : null
    if (input !== 'campaign' && input.type === 'tick' && core.deadlineMs() <= nowMs) {
      this.invariants.fail(
        `after a tick at ${nowMs} member ${node.id} (${core.role}) wants another one at ${core.deadlineMs()}: it would spin`,
      )
    }
    node.untaken = true
    if (!this.random.bool(this.profile.batching)) this.#take(node)
  }

  #take(node: Node): void {
    const { core } = node
    if (core === null) return
    node.untaken = false
    const effects = core.takeEffects()
    this.invariants.afterEffects(node, effects)
    this.#keepOutcomes(node, effects)
    if (effects.persist !== null) {
      node.disk.issue(effects.persist)
      if (effects.persist.installSnapshot !== null)
        this.count(effects.persist.installSnapshot.sizeBytes > 0 ? 'install' : 'witness install')
    }
    if (effects.restore !== null) node.applied = Math.max(node.applied, effects.restore.index)
    for (const load of effects.loads) this.#onLoad(node, load)
    for (const read of effects.snapshotReads) this.#onSnapshotRead(node, read)
    for (const chunk of effects.snapshotChunks) this.#later(node, () => this.#storeChunk(node, chunk), true)
    this.#network.push(...effects.messages)
    for (const event of effects.events) {
      this.#note(`${node.id} ${event.type === 'role' ? `${event.role} t${event.term}: ${event.reason}` : JSON.stringify(event)}`)
      if (event.type === 'truncated') this.count('truncation')
      if (event.type === 'configuration' && node.core?.isWitness === true) this.count('witness')
    }
  }

  #keepOutcomes(node: Node, effects: Effects): void {
    for (const outcome of effects.reads) {
      const required = node.reads.get(outcome.ref)
      if (required === undefined) this.invariants.fail(`${node.id} answered read ${outcome.ref} twice, or nobody asked`)
      node.reads.delete(outcome.ref)
      if (!('index' in outcome)) continue
      this.count('read')
      if (outcome.index < required)
        this.invariants.fail(`linearizable reads: ${node.id} got ${outcome.index}, but ${required} was acknowledged before`)
    }
    for (const outcome of effects.transfers) {
      if (!node.transfers.delete(outcome.ref)) this.invariants.fail(`${node.id} answered transfer ${outcome.ref} twice, or nobody asked`)
      this.count('target' in outcome ? 'transfer' : 'transfer refused')
    }
    for (const outcome of effects.changes) {
      if (!node.changes.delete(outcome.ref)) this.invariants.fail(`${node.id} answered change ${outcome.ref} twice, or nobody asked`)
      if ('refused' in outcome) this.count(`change ${outcome.refused}`)
      else this.#changed(outcome)
    }
    for (const outcome of effects.proposals) if ('index' in outcome) this.count('proposal')
  }

  #changed({ index, configuration }: { readonly index: number; readonly configuration: Configuration }): void {
    this.count('change')
    const committed = this.invariants.committedEntry(index)
    if (index > this.invariants.committedIndex || committed?.type !== EntryType.configuration || isJoint(configuration))
      this.invariants.fail(`a change was acknowledged with entry ${index}, which is not the committed end of one`)
    this.invariants.committedConfiguration(configuration)
  }

  #later(node: Node, run: () => void, ordered = false): void {
    node.work.push({ ordered, run })
  }

  #onLoad(node: Node, load: Effects['loads'][number]): void {
    this.count('load')
    const read = (): readonly Entry[] => {
      const { view } = node.disk
      if (load.from < view.firstIndex) return []
      return view.entries.slice(load.from - view.firstIndex, load.from - view.firstIndex + 1 + this.random.int(4))
    }
    const early = this.random.bool() ? read() : null
    this.#later(node, () => this.#step(node, { type: 'loaded', peer: load.peer, from: load.from, entries: early ?? read() }))
  }

  #onSnapshotRead(node: Node, read: Effects['snapshotReads'][number]): void {
    this.#later(node, () => {
      const { snapshot } = node.disk
      if (snapshot === null || !isSameSnapshot(snapshot, read.meta)) {
        this.#step(node, { type: 'snapshotReadFailed', peer: read.peer })
        return
      }
      const length = Math.max(0, Math.min(read.maxBytes, read.meta.sizeBytes - read.offset))
      const done = read.offset + length >= read.meta.sizeBytes
      this.#step(node, { type: 'snapshotRead', peer: read.peer, meta: read.meta, offset: read.offset, data: new Uint8Array(length), done })
    })
  }

  #storeChunk(node: Node, { meta, offset, data, done }: Effects['snapshotChunks'][number]): void {
    this.count('chunk')
    if (node.partial === null || !isSameSnapshot(node.partial.meta, meta)) node.partial = { meta, bytes: 0 }
    const { partial } = node
    if (offset <= partial.bytes) partial.bytes = Math.max(partial.bytes, offset + data.length)
    if (done !== offset + data.length >= meta.sizeBytes) this.invariants.fail('a chunk is marked as the last one wrongly')
    if (partial.bytes >= meta.sizeBytes) this.#step(node, { type: 'snapshotReceived', meta })
    else this.#step(node, { type: 'chunkStored', meta, nextOffset: partial.bytes })
  }

  // ---- what may happen ----

  #deliver(): void {
    if (this.#network.length === 0) return
    const at = this.random.bool(this.profile.reordering) ? this.random.int(this.#network.length) : 0
    const [message] = this.#network.splice(at, 1)
    if (message === undefined) return
    const { loss, duplication } = this.profile
    if (!this.#healed) {
      const blocked = this.#blocked.has(`${message.from}>${message.to}`)
      if (this.random.bool(blocked ? 0.3 : 0.05)) this.#keepForLater(message)
      if (blocked || this.random.bool(loss)) return
      if (this.random.bool(duplication)) this.#network.push(message)
    }
    this.#receive(message)
  }

  #receive(message: Message): void {
    const node = this.#node(message.to)
    this.#step(node, { type: 'message', message })
  }

  #node(id: number): Node {
    const node = this.nodes[id - 1]
    if (node === undefined) throw new Error(`no member ${id}`)
    return node
  }

  #completeWrite(node: Node): void {
    const sequence = node.disk.complete()
    if (sequence === null) return
    this.invariants.afterDisk(node)
    this.#step(node, { type: 'persisted', sequence })
  }

  #doWork(node: Node): void {
    if (node.work.length === 0) return
    let at = this.random.int(node.work.length)
    if (node.work[at]?.ordered === true) at = node.work.findIndex(({ ordered }) => ordered)
    const [work] = node.work.splice(at, 1)
    work?.run()
  }

  #apply(node: Node): void {
    const { core } = node
    if (core === null || node.applied >= core.commitIndex) return
    node.applied += 1 + this.random.int(core.commitIndex - node.applied)
    this.#step(node, { type: 'applied', index: asIndex(node.applied) })
  }

  #propose(node: Node): void {
    const proposals: Proposal[] = []
    for (let i = this.random.int(4); i >= 0; i--) {
      const payload = new Uint8Array(this.random.int(20)).fill(++this.#refs)
      proposals.push({ ref: this.#refs, type: EntryType.command, payload })
    }
    this.#step(node, { type: 'propose', proposals })
  }

  #read(node: Node): void {
    if (node.core === null) return
    const ref = ++this.#refs
    node.reads.set(ref, this.invariants.committedIndex)
    this.#step(node, { type: 'read', ref })
  }

  #transfer(node: Node): void {
    if (node.core === null) return
    const ref = ++this.#refs
    node.transfers.add(ref)
    const target = this.random.bool(0.3) ? null : asMemberId(this.random.pick(this.nodes).id)
    this.#step(node, { type: 'transfer', ref, target })
  }

  #takeSnapshot(node: Node): void {
    const { core } = node
    if (core === null || node.snapshotting || node.applied <= (core.snapshotMeta?.index ?? 0)) return
    const index = asIndex(node.applied)
    const configuration = core.configurationAt(index)
    const term = core.termAt(index)
    if (term === null || configuration.voters.length === 0) return
    const timeMs = node.disk.view.at(index)?.timeMs ?? 0
    const size = 1 + this.random.int(5 * SNAPSHOT_CHUNK_BYTES)
    const bytes = core.isWitness ? { sizeBytes: 0, checksum: 0 } : { sizeBytes: size, checksum: ++this.#snapshots }
    const meta: SnapshotMeta = { index, term, timeMs, configuration, ...bytes }
    if (core.isWitness) this.count('witness snapshot')
    const firstIndexToKeep = asIndex(Math.max(1, index + 1 - this.random.int(4)))
    this.count('snapshot')
    node.snapshotting = true
    this.#later(node, () => {
      node.disk.writeSnapshot(meta)
      this.#later(node, () => {
        node.snapshotting = false
        this.#step(node, { type: 'snapshotTaken', meta, firstIndexToKeep })
      })
    })
  }

  #changeConfiguration(node: Node): void {
    const { core } = node
    if (core === null || core.role !== 'leader') return
    if (this.profile.changesMembership) this.#changeMembership(node, core.configuration)
    if (this.profile.changesMembership || isJoint(core.configuration)) return
    const payload = encodeConfiguration(this.#nextConfiguration(core.configuration))
    const ref = ++this.#refs
    this.count('configuration')
    this.#step(node, { type: 'propose', proposals: [{ ref, type: EntryType.configuration, payload }] })
  }

  #changeMembership(node: Node, now: Configuration): void {
    const changes = this.#operator.changes(now)
    const ref = ++this.#refs
    node.changes.add(ref)
    this.#note(`${node.id} is asked to ${JSON.stringify(changes)}`)
    this.#step(node, { type: 'change', ref, changes, force: this.random.bool(0.3) })
  }

  /** Joint with any other voters, or one voter more or less without a joint phase, or other learners. */
  #nextConfiguration(now: Configuration): Configuration {
    const { random } = this
    const all = random.shuffle(this.nodes.map(({ id }) => asMemberId(id)))
    const { members } = configurationOf(all)
    const single = random.int(3)
    if (single === 0) {
      const others = all.filter((id) => !now.voters.includes(id))
      return { ...foundingConfiguration(members), voters: now.voters, learners: others.slice(0, random.int(others.length + 1)) }
    }
    if (single === 1) {
      const added = all.find((id) => !now.voters.includes(id))
      const grow = added !== undefined && (now.voters.length < 3 || random.bool())
      const voters = grow ? [...now.voters, added] : now.voters.slice(now.voters.length > 1 ? 1 : 0)
      return { ...foundingConfiguration(members), voters, learners: now.learners.filter((id) => !voters.includes(id)) }
    }
    const voters = all.slice(0, 1 + random.int(Math.min(5, all.length)))
    const learners = all.filter((id) => !voters.includes(id) && random.bool(0.3))
    return { ...foundingConfiguration(members), voters, votersOutgoing: now.voters, learners }
  }

  #partition(): void {
    this.#blocked.clear()
    if (this.random.bool(0.3)) return
    this.#block()
    if (this.random.bool()) this.#liveApart()
  }

  #block(): void {
    const leader = this.#leader()
    if (leader !== undefined && this.random.bool(0.6)) {
      // A leader that hears nobody, is heard by nobody, or only reaches some.
      const [hears, isHeard, some] = [this.random.bool(), this.random.bool(), this.random.bool(0.3)]
      for (const { id } of this.nodes) {
        if (some && this.random.bool()) continue
        if (!hears || some) this.#blocked.add(`${id}>${leader.id}`)
        if (!isHeard || some) this.#blocked.add(`${leader.id}>${id}`)
      }
      return
    }
    for (const a of this.nodes) {
      for (const b of this.nodes) if (a !== b && this.random.bool(0.35)) this.#blocked.add(`${a.id}>${b.id}`)
    }
  }

  #passTime(ms: number): void {
    this.#nowMs += ms
    for (const node of this.nodes) {
      if (node.core !== null && node.core.deadlineMs() <= this.#clock(node)) this.#step(node, { type: 'tick' })
    }
  }

  /** One random thing happens. */
  chaos(): void {
    const { random } = this
    const node = random.pick(this.nodes)
    if (node.untaken && random.bool()) this.#take(node)
    const dice = random.next() * 100
    if (dice < 34) for (let more = random.int(6); more >= 0; more--) this.#deliver()
    else if (dice < 38 + 5 * this.profile.diskPace) this.#completeWrite(this.#among(({ disk }) => disk.pending.length > 0) ?? node)
    else if (dice < 68) this.#doWork(this.#among(({ work }) => work.length > 0) ?? node)
    else if (dice < 73) this.#apply(node)
    else if (dice < 79) this.#passTime(random.int(random.bool(this.profile.leaps) ? 400 : 15))
    else if (dice < 84) this.#round()
    else if (dice < 91) this.#propose(this.#leader() ?? node)
    else if (dice < 93.5) this.#read(random.bool() ? node : (this.#leader() ?? node))
    else if (dice < 94) this.#transfer(this.#leader() ?? node)
    else if (dice < 96) this.#takeSnapshot(node)
    else if (dice < 97.5) this.#reinject()
    else if (dice < 98.5) this.#configurationOrCampaign(node)
    else if (dice < 99) this.#partition()
    else if (node.core === null) this.#start(node)
    else if (random.bool(0.25)) this.#crash(node)
  }

  /** A coarse step: some time passes, most messages arrive, most writes complete. */
  #round(): void {
    this.#passTime(5 + this.random.int(30))
    for (let more = this.#network.length; more > 0; more--) this.#deliver()
    for (const node of this.nodes) {
      while (node.work.length > 0 && this.random.bool(0.9)) this.#doWork(node)
      while (node.disk.pending.length > 0 && this.random.bool(0.8)) this.#completeWrite(node)
      this.#apply(node)
    }
  }

  /** Two sides go on with their lives for a while, each with clients, and hear late messages of before. */
  #liveApart(): void {
    for (let rounds = this.random.int(40); rounds > 0; rounds--) {
      this.#round()
      const leader = this.#leader()
      if (leader === undefined) continue
      if (this.random.bool()) this.#propose(leader)
      if (this.random.bool()) this.#read(this.#leader() ?? leader)
      if (this.random.bool(0.3)) this.#reinject()
    }
  }

  #configurationOrCampaign(node: Node): void {
    if (this.profile.changesConfiguration) this.#changeConfiguration(this.#leader() ?? node)
    else if (this.profile.options.leaseReads === null && this.random.bool(0.3)) this.#step(node, 'campaign')
  }

  #leader(): Node | undefined {
    return this.#among(({ core }) => core?.role === 'leader')
  }

  #among(matches: (node: Node) => boolean): Node | undefined {
    const found = this.nodes.filter(matches)
    return found.length === 0 ? undefined : this.random.pick(found)
  }

  #keepForLater(message: Message): void {
    if (this.#late.length < 60) this.#late.push(message)
    else this.#late[this.random.int(this.#late.length)] = message
  }

  #reinject(): void {
    // Old answers are most dangerous to those who lead, or still believe it.
    const leader = this.random.bool() ? this.#leader() : undefined
    const candidates = leader === undefined ? this.#late : this.#late.filter(({ to }) => to === leader.id)
    if (candidates.length > 0) this.#receive(this.random.pick(candidates))
  }

  // ---- healing ----

  /** Ends all faults; then a leader must emerge, and everybody who takes part must hold the same log. Returns the virtual time it took. */
  heal(limitMs = 30_000): number {
    this.#healed = true
    for (const node of this.nodes) if (node.core === null) this.#start(node)
    const began = this.#nowMs
    let term = 0
    for (;;) {
      this.#settle()
      const leader = this.#converged()
      if (leader !== undefined && this.#allAnswered(leader)) return this.#nowMs - began
      if (this.#nowMs - began > limitMs) this.invariants.fail(`no agreement ${limitMs} ms after all faults ended: ${this.describe()}`)
      const current = this.nodes.find(({ core }) => core?.role === 'leader' && (core.term > term || core.lastTerm !== core.term))
      if (current !== undefined && current.core !== null && this.random.bool(0.5)) {
        // Without a blank entry it takes a proposal to commit what older terms left. It may be refused while a transfer is under way.
        this.#propose(current)
        if (term < current.core.term) for (const node of this.nodes) this.#read(node)
        term = current.core.term
      }
      this.#passTime(10)
    }
  }

  #settle(): void {
    for (let turn = 0; turn < 100_000; turn++) {
      let quiet = true
      for (const node of this.nodes) {
        if (node.untaken) this.#take(node)
        if (node.disk.pending.length > 0) this.#completeWrite(node)
        else if (node.work.length > 0) this.#doWork(node)
        else if (node.core !== null && node.applied < node.core.commitIndex) this.#apply(node)
        else continue
        quiet = false
      }
      if (this.#network.length > 0) this.#deliver()
      else if (quiet) return
    }
    this.invariants.fail(`messages never cease: ${this.describe()}`)
  }

  #converged(): RaftCore | undefined {
    const leader = this.nodes.find(({ core }) => core?.role === 'leader' && core.commitIndex === core.lastIndex)?.core
    if (leader === undefined || leader === null || isJoint(leader.configuration) || leader.termAt(leader.lastIndex) !== leader.term)
      return undefined
    for (const id of replicationTargets(leader.configuration)) {
      const { core, disk } = this.#node(id)
      if (core === null || core.term !== leader.term || core.commitIndex !== leader.commitIndex || core.lastIndex !== leader.lastIndex)
        return undefined
      if (core.lastTerm !== leader.lastTerm || disk.lastIndex !== leader.lastIndex) return undefined
    }
    return leader
  }

  /** Every read and transfer of a member that takes part has ended. */
  #allAnswered(leader: RaftCore): boolean {
    return replicationTargets(leader.configuration).every((id) => {
      const { reads, transfers, changes } = this.#node(id)
      return reads.size === 0 && transfers.size === 0 && changes.size === 0
    })
  }

  describe(): string {
    const member = ({ id, core, reads, transfers }: Node): string =>
      core === null
        ? `${id} down`
        : `${id} ${core.role} t${core.term} leader ${core.leaderId} log ${core.firstIndex}..${core.lastIndex} commit ${core.commitIndex} ` +
          `voters [${core.configuration.voters.join(' ')}] outgoing [${core.configuration.votersOutgoing.join(' ')}] reads ${reads.size} transfers ${transfers.size} ` +
          core
            .peers()
            .map((peer) => `${peer.id}:${peer.state}@${peer.matchIndex}/${peer.nextIndex}`)
            .join(' ')
    return `\n${this.nodes.map(member).join('\n')}`
  }
}

/** One seed from chaos to healing. Throws with the seed's story when a property is broken. */
export function runSeed(seed: number, steps: number): Simulation {
  const simulation = new Simulation(seed)
  try {
    for (let step = 0; step < steps; step++) simulation.chaos()
    simulation.heal()
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    const story = simulation.trace.slice(-40).join('\n  ')
    throw new Error(`seed ${seed}: ${text}\nprofile ${JSON.stringify(simulation.profile)}\nlast events\n  ${story}`, { cause: error })
  }
  return simulation
}
