import { SeededRandom } from '../memory/seeded-random.js'
import { asIndex, asMemberId, EntryType } from '../types.js'
import { RaftCore } from './core.js'
import type { Message } from './messages.js'
import { configurationOf } from './test-cluster.test-support.js'
import { TestDisk } from './test-disk.test-support.js'

interface Node {
  readonly id: number
  readonly disk: TestDisk
  readonly rate: number
  readonly offset: number
  core: RaftCore | null
  restartAtMs: number
}

interface Underway {
  readonly message: Message
  readonly atMs: number
}

const ELECTION_TIMEOUT_MS = 250
const SLOWEST = 0.8
const FASTEST = 1.25

/**
 * A small cluster whose members are replaced as early as the protocol allows: what a lease, and what members know about the age of their state,
 * rests on is used up to its end. Clocks run differently; leaders are cut off while they are read from; members restart
 * at once; transfers fail, and their messages come when they are over.
 */
export class LeaseWorld {
  readonly counts = new Map<string, number>()
  readonly #random: SeededRandom
  readonly #nodes: Node[] = []
  readonly #voters: number
  readonly #latencyMs: number
  #network: Underway[] = []
  readonly #blocked = new Set<string>()
  #blockedUntilMs = 0
  #nowMs = 1000
  #refs = 0
  #committed = 0
  readonly #commits: { readonly atMs: number; readonly index: number }[] = []
  /** Reads under way at a member: what each must at least show. */
  readonly #reads = new Map<number, number>()
  #asking = 0

  constructor(seed: number) {
    this.#random = new SeededRandom(seed)
    this.#voters = this.#random.pick([3, 3, 4, 5])
    this.#latencyMs = this.#random.pick([5, 5, 30, 100])
    const ids = Array.from({ length: this.#voters }, (_, at) => at + 1)
    for (const id of ids) {
      const rate = this.#random.bool() ? this.#random.pick([SLOWEST, FASTEST]) : SLOWEST + this.#random.next() * (FASTEST - SLOWEST)
      const node = { id, disk: new TestDisk(configurationOf(ids)), rate, offset: this.#random.int(1000), core: null, restartAtMs: 0 }
      this.#nodes.push(node)
      this.#start(node)
    }
  }

  #count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1)
  }

  #clock(node: Node): number {
    return node.offset + this.#nowMs * node.rate
  }

  #start(node: Node): void {
    const random = this.#random.fork()
    const options = {
      id: asMemberId(node.id),
      // Elections come as early as they may.
      random: { next: () => random.next() * 0.1 },
      electionTimeoutMs: ELECTION_TIMEOUT_MS,
      leaseReads: { maxClockDrift: FASTEST / SLOWEST - 1 },
    }
    node.core = new RaftCore(options, node.disk.recover(), this.#clock(node))
  }

  #step(node: Node, input: Parameters<RaftCore['step']>[0]): void {
    const { core } = node
    if (core === null) return
    core.step(input, this.#clock(node))
    this.#take(node, core)
  }

  #take(node: Node, core: RaftCore): void {
    const effects = core.takeEffects()
    for (const message of effects.messages) this.#send(message)
    for (const event of effects.events) if (event.type === 'role' && event.role === 'leader') this.#count('election')
    for (const outcome of effects.reads) {
      const needed = this.#reads.get(outcome.ref) ?? 0
      this.#reads.delete(outcome.ref)
      if (!('index' in outcome)) continue
      this.#count(outcome.ref === this.#asking ? 'lease read' : 'read')
      if (outcome.index < needed) this.#fail(`member ${node.id} answered a read with ${outcome.index}, but ${needed} was committed before`)
    }
    if (effects.persist !== null) {
      node.disk.issue(effects.persist)
      for (let sequence = node.disk.complete(); sequence !== null; sequence = node.disk.complete()) {
        core.step({ type: 'persisted', sequence }, this.#clock(node))
        this.#take(node, core)
      }
    }
    if (core.commitIndex > this.#committed) {
      this.#committed = core.commitIndex
      this.#commits.push({ atMs: this.#nowMs, index: core.commitIndex })
    }
    if (core.commitIndex > core.appliedIndex) core.step({ type: 'applied', index: core.commitIndex }, this.#clock(node))
  }

  #fail(text: string): never {
    throw new Error(`${text} (at ${this.#nowMs} ms of ${this.#voters} voters)`)
  }

  #send(message: Message): void {
    const { type } = message
    // What a transfer is made of comes late more often: by then it is over.
    const late = this.#random.bool(type === 'timeoutNow' || (type === 'requestVote' && message.transfer !== null) ? 0.5 : 0.03)
    const delayMs = late ? this.#random.int(900) : this.#random.int(this.#latencyMs)
    this.#network.push({ message, atMs: this.#nowMs + delayMs })
    if (this.#random.bool(0.05)) this.#network.push({ message, atMs: this.#nowMs + this.#random.int(900) })
  }

  #deliver(): void {
    const due = this.#network.filter(({ atMs }) => atMs <= this.#nowMs)
    this.#network = this.#network.filter(({ atMs }) => atMs > this.#nowMs)
    for (const { message } of this.#random.shuffle(due)) {
      const node = this.#nodes[message.to - 1]
      if (node !== undefined && !this.#blocked.has(`${message.from}>${message.to}`)) this.#step(node, { type: 'message', message })
    }
  }

  /** Nobody may know his state to be younger than it is. */
  #checkAges(): void {
    for (const node of this.#nodes) {
      const { core } = node
      if (core === null) continue
      const asOfMs = core.freshAsOfMs(asIndex(core.appliedIndex), this.#clock(node))
      if (asOfMs === -Infinity) continue
      this.#count('age known')
      const trueMs = (asOfMs - node.offset) / node.rate
      const committed = this.#commits.findLast(({ atMs }) => atMs < trueMs - 1e-6)?.index ?? 0
      if (committed > core.appliedIndex) {
        this.#fail(
          `member ${node.id} with ${core.appliedIndex} applied says that it holds all of ${trueMs} ms, when ${committed} was committed`,
        )
      }
    }
  }

  #leaders(): readonly Node[] {
    return this.#nodes.filter(({ core }) => core?.role === 'leader')
  }

  #read(node: Node): void {
    this.#asking = ++this.#refs
    this.#reads.set(this.#asking, this.#committed)
    this.#step(node, { type: 'read', ref: this.#asking })
    this.#asking = 0
  }

  /** Some time passes, and perhaps something goes wrong. */
  step(): void {
    const random = this.#random
    this.#nowMs += 1 + random.int(4)
    for (const node of this.#nodes) if (node.core === null && this.#nowMs >= node.restartAtMs) this.#start(node)
    if (this.#nowMs >= this.#blockedUntilMs) this.#blocked.clear()
    this.#deliver()
    for (const node of this.#nodes)
      if (node.core !== null && node.core.deadlineMs() <= this.#clock(node)) this.#step(node, { type: 'tick' })
    const [leader] = random.shuffle([...this.#leaders()])
    if (leader !== undefined) {
      if (random.bool(0.3))
        this.#step(leader, { type: 'propose', proposals: [{ ref: ++this.#refs, type: EntryType.command, payload: new Uint8Array(1) }] })
      if (random.bool(0.005)) this.#step(leader, { type: 'transfer', ref: ++this.#refs, target: null })
      if (random.bool(0.008)) this.#cutOff(leader)
    }
    if (random.bool(0.003)) this.#restart(random.pick(this.#nodes))
    for (const node of this.#leaders()) this.#read(node)
    this.#checkAges()
  }

  /**
   * One member does not hear the leader, and would campaign if the others let it; a little later the leader hears nobody any more, or is not
   * heard, and what the others promised it is put to the test.
   */
  #cutOff(leader: Node): void {
    const { id } = this.#random.pick(this.#nodes)
    this.#block(leader, id)
    const full = this.#random.bool()
    if (full) for (const other of this.#nodes) if (!this.#random.bool(0.15)) this.#block(leader, other.id)
    if (!full || this.#random.bool(0.3)) return
    this.#count('cut off')
    // The moment for everything that could take effect behind its back: late messages of a transfer, members that have forgotten it.
    this.#network = this.#network.map((underway) => {
      const { type } = underway.message
      return type === 'timeoutNow' || type === 'requestVote' ? { ...underway, atMs: this.#nowMs + this.#random.int(40) } : underway
    })
    if (this.#random.bool()) for (const node of this.#nodes) if (node !== leader && node.id !== id) this.#restart(node)
  }

  #block(leader: Node, id: number): void {
    this.#blockedUntilMs = Math.max(this.#blockedUntilMs, this.#nowMs + 100 + this.#random.int(600))
    const way = this.#random.int(3)
    if (way !== 0) this.#blocked.add(`${leader.id}>${id}`)
    if (way !== 1) this.#blocked.add(`${id}>${leader.id}`)
  }

  #restart(node: Node): void {
    if (node.core === null) return
    this.#count('restart')
    node.disk.crash()
    node.core = null
    node.restartAtMs = this.#nowMs + this.#random.int(20)
  }
}
