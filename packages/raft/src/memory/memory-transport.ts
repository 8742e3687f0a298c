import { BalsaError } from '../errors.js'
import type { Clock, Random } from '../ports/clock.js'
import type { Lane, Transport, TransportHandlers } from '../ports/transport.js'
import type { Member, MemberId } from '../types.js'

/** What happens to messages on their way. */
export interface NetworkConditions {
  /** Probability in [0, 1] that a message is lost. */
  readonly dropRate: number
  /** Probability in [0, 1] that a message arrives twice. */
  readonly duplicateRate: number
  /** Each message takes a time from this range. */
  readonly minDelayMs: number
  readonly maxDelayMs: number
  /**
   * True: a lane keeps its order, as a TCP connection does (a duplicate comes behind the original). False: messages with a shorter delay
   * overtake others.
   */
  readonly ordered: boolean
  /** Bytes under way per sender, receiver and lane; above that a message is dropped (in the control lane: the oldest ones). */
  readonly maxQueuedBytes: number
}

export const PERFECT_NETWORK: NetworkConditions = {
  dropRate: 0,
  duplicateRate: 0,
  minDelayMs: 0,
  maxDelayMs: 0,
  ordered: true,
  maxQueuedBytes: 64 * 1024 * 1024,
}

export interface TransportCounters {
  /** Messages handed to `send` for a known peer. */
  sent: number
  sentBytes: number
  delivered: number
  deliveredBytes: number
  /** Lost by chance, cut, filter, full queue, or because nobody listened. */
  dropped: number
}

/** A message on its way, as filters see it. */
export interface PacketView {
  readonly from: MemberId
  readonly to: MemberId
  readonly lane: Lane
  readonly message: Uint8Array
}

/** Returns false to lose the message. */
export type PacketFilter = (packet: PacketView) => boolean

interface Packet extends PacketView {
  readonly target: MemoryTransport
  dropped: boolean
}

interface LaneQueue {
  readonly packets: Set<Packet>
  bytes: number
  lastArrivalMs: number
}

const zeroCounters = (): TransportCounters => ({ sent: 0, sentBytes: 0, delivered: 0, deliveredBytes: 0, dropped: 0 })

/**
 * The network between in-memory transports: over a clock and a random source, so the same seed gives the same run. Members are
 * found by id; the address matters only for a transport that was created with one.
 */
export class MemoryNetwork {
  readonly #clock: Clock
  readonly #random: Random
  readonly #transports = new Map<MemberId, MemoryTransport>()
  readonly #cuts = new Set<string>()
  readonly #queues = new Map<string, LaneQueue>()
  readonly #filters = new Set<PacketFilter>()
  readonly #counters = new Map<MemberId, TransportCounters>()
  /** May be replaced at any time; holds for messages sent from then on. */
  conditions: NetworkConditions

  constructor(clock: Clock, random: Random, conditions: Partial<NetworkConditions> = {}) {
    this.#clock = clock
    this.#random = random
    this.conditions = { ...PERFECT_NETWORK, ...conditions }
  }

  /**
   * A transport for this member. It takes the place of an earlier one of the same id (a restarted member): what was under way to
   * that one is lost. With an `address` only those who know it reach the member.
   */
  transport(id: MemberId, address: string | null = null): Transport {
    return new MemoryTransport(this, id, address)
  }

  /** Loses everything from `from` to `to` (one way), also what is under way. */
  cut(from: MemberId, to: MemberId): void {
    this.#cuts.add(link(from, to))
  }

  restore(from: MemberId, to: MemberId): void {
    this.#cuts.delete(link(from, to))
  }

  /** Members hear only members of their own group; those in no group hear nobody. Replaces all earlier cuts. */
  partition(...groups: readonly (readonly MemberId[])[]): void {
    this.#cuts.clear()
    const ids = new Set([...this.#transports.keys(), ...groups.flat()])
    for (const from of ids) {
      for (const to of ids) {
        if (from !== to && !groups.some((group) => group.includes(from) && group.includes(to))) this.cut(from, to)
      }
    }
  }

  /** Cuts this member off in both directions, from everybody that has a transport now. */
  isolate(id: MemberId): void {
    for (const other of this.#transports.keys()) {
      if (other === id) continue
      this.cut(id, other)
      this.cut(other, id)
    }
  }

  /** Undoes every cut. Conditions and filters stay. */
  heal(): void {
    this.#cuts.clear()
  }

  /** Every message must pass every filter. Returns what removes the filter. */
  addFilter(filter: PacketFilter): () => void {
    this.#filters.add(filter)
    return () => this.#filters.delete(filter)
  }

  /** Counts of what this member sent and received; of all members without an id. */
  counters(id?: MemberId): Readonly<TransportCounters> {
    if (id !== undefined) return { ...this.#countersOf(id) }
    const total = zeroCounters()
    for (const counters of this.#counters.values()) {
      for (const key of Object.keys(total) as (keyof TransportCounters)[]) total[key] += counters[key]
    }
    return total
  }

  /** @internal */
  attach(transport: MemoryTransport): void {
    const earlier = this.#transports.get(transport.id)
    this.#transports.set(transport.id, transport)
    if (earlier !== undefined && earlier !== transport) void earlier.close()
  }

  /** @internal */
  detach(transport: MemoryTransport): void {
    if (this.#transports.get(transport.id) === transport) this.#transports.delete(transport.id)
  }

  /** @internal Where a member that called says that it is. */
  addressOf(id: MemberId): string | undefined {
    const transport = this.#transports.get(id)
    return transport === undefined ? undefined : (transport.address ?? '')
  }

  /** @internal */
  send(from: MemberId, to: MemberId, address: string, lane: Lane, message: Uint8Array): void {
    const counters = this.#countersOf(from)
    counters.sent += 1
    counters.sentBytes += message.length
    const target = this.#transports.get(to)
    const reachable = target !== undefined && (target.address === null || target.address === address)
    // All random numbers are drawn for every message, so that a cut does not shift those of other messages.
    const lost = this.#random.next() < this.conditions.dropRate
    const twice = this.#random.next() < this.conditions.duplicateRate
    if (!reachable || lost) {
      counters.dropped += 1
      return
    }
    const copies = twice ? 2 : 1
    for (let copy = 0; copy < copies; copy++) this.#transmit({ from, to, lane, message, target, dropped: false })
  }

  #transmit(packet: Packet): void {
    const { minDelayMs, maxDelayMs, ordered, maxQueuedBytes } = this.conditions
    const delayMs = minDelayMs + this.#random.next() * (maxDelayMs - minDelayMs)
    const queue = this.#queueOf(packet)
    if (!this.#makeRoom(queue, packet, maxQueuedBytes)) {
      this.#countersOf(packet.from).dropped += 1
      return
    }
    const nowMs = this.#clock.now()
    const arrivalMs = ordered ? Math.max(nowMs + delayMs, queue.lastArrivalMs) : nowMs + delayMs
    queue.lastArrivalMs = Math.max(arrivalMs, queue.lastArrivalMs)
    queue.packets.add(packet)
    queue.bytes += packet.message.length
    this.#clock.setTimer(arrivalMs - nowMs, () => this.#arrive(queue, packet))
  }

  /** The newest control message matters most; of appends the oldest, as those behind a gap would be refused anyway. */
  #makeRoom(queue: LaneQueue, packet: Packet, maxQueuedBytes: number): boolean {
    if (packet.lane === 'control') {
      for (const oldest of queue.packets) {
        if (queue.bytes + packet.message.length <= maxQueuedBytes) break
        oldest.dropped = true
        queue.packets.delete(oldest)
        queue.bytes -= oldest.message.length
      }
    }
    return queue.bytes + packet.message.length <= maxQueuedBytes
  }

  #arrive(queue: LaneQueue, packet: Packet): void {
    if (queue.packets.delete(packet)) queue.bytes -= packet.message.length
    const { from, to, target, message } = packet
    const current = this.#transports.get(to) === target
    if (packet.dropped || !current || this.#cuts.has(link(from, to)) || !this.#passesFilters(packet)) {
      this.#countersOf(from).dropped += 1
      return
    }
    const counters = this.#countersOf(to)
    counters.delivered += 1
    counters.deliveredBytes += message.length
    target.deliver(from, message.slice())
  }

  #passesFilters(packet: PacketView): boolean {
    for (const filter of this.#filters) if (!filter(packet)) return false
    return true
  }

  #queueOf(packet: PacketView): LaneQueue {
    const key = `${link(packet.from, packet.to)} ${packet.lane}`
    let queue = this.#queues.get(key)
    if (queue === undefined) {
      queue = { packets: new Set(), bytes: 0, lastArrivalMs: 0 }
      this.#queues.set(key, queue)
    }
    return queue
  }

  #countersOf(id: MemberId): TransportCounters {
    let counters = this.#counters.get(id)
    if (counters === undefined) {
      counters = zeroCounters()
      this.#counters.set(id, counters)
    }
    return counters
  }
}

function link(from: MemberId, to: MemberId): string {
  return `${from} ${to}`
}

class MemoryTransport implements Transport {
  readonly id: MemberId
  readonly address: string | null
  readonly #network: MemoryNetwork
  #peers = new Map<MemberId, string>()
  #removed = new Set<MemberId>()
  /** Heard, and in neither list: answered where they are. */
  readonly #callers = new Set<MemberId>()
  #handlers: TransportHandlers | null = null
  #closed = false

  constructor(network: MemoryNetwork, id: MemberId, address: string | null) {
    this.#network = network
    this.id = id
    this.address = address
  }

  async start(handlers: TransportHandlers): Promise<void> {
    if (this.#closed) throw new BalsaError('STOPPED', 'this transport was closed')
    this.#handlers = handlers
    this.#network.attach(this)
  }

  setPeers(members: readonly Member[], removed: readonly MemberId[] = []): void {
    this.#removed = new Set(removed)
    this.#peers = new Map(members.filter((member) => member.id !== this.id).map((member) => [member.id, member.address]))
  }

  send(to: MemberId, lane: Lane, message: Uint8Array): void {
    const caller = this.#callers.has(to) && !this.#removed.has(to)
    const address = this.#peers.get(to) ?? (caller ? this.#network.addressOf(to) : undefined)
    if (this.#closed || this.#handlers === null || address === undefined) return
    this.#network.send(this.id, to, address, lane, message)
  }

  deliver(from: MemberId, message: Uint8Array): void {
    if (!this.#peers.has(from)) this.#callers.add(from)
    this.#handlers?.onMessage(from, message)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#handlers = null
    this.#network.detach(this)
  }
}
