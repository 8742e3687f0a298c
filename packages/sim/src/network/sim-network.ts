import {
  type Lane,
  LANES,
  type Member,
  type MemberId,
  type MessageType,
  type SeededRandom,
  type Transport,
  type TransportHandlers,
} from '@balsa/raft'
import type { Coverage } from '../world/coverage.js'
import type { Admission, Refusal } from './admission.js'
import type { EventOwner, Scheduler } from '../world/scheduler.js'

/** What happens to messages between members; holds for messages that are sent from now on. */
export interface NetworkConditions {
  /** Every message takes this long, plus an exponential tail with this mean. */
  delayMs: number
  tailMs: number
  lossRate: number
  duplicateRate: number
  /** The second copy comes up to this much later: across terms and restarts. */
  lateCopyMs: number
  /** Share of messages that are held for up to `lateCopyMs`. */
  holdRate: number
  /** A lane keeps its order, as one TCP connection does. */
  ordered: boolean
  /** Members learn when the process of a peer is gone, as by its closed connections; and sometimes, where messages are lost, when it is not. */
  closeHints: boolean
}

export const CALM_NETWORK: NetworkConditions = {
  delayMs: 1,
  tailMs: 0.5,
  lossRate: 0,
  duplicateRate: 0,
  lateCopyMs: 0,
  holdRate: 0,
  ordered: true,
  closeHints: true,
}

/** By the first byte of an encoded message: see message-codec.ts of the engine (a test compares them). */
export const MESSAGE_TYPES: readonly (MessageType | null)[] = [
  null,
  'requestVote',
  'requestVoteResponse',
  'appendEntries',
  'appendEntriesResponse',
  'heartbeat',
  'heartbeatResponse',
  'installSnapshot',
  'installSnapshotResponse',
  'timeoutNow',
  'readIndexRequest',
  'readIndexResponse',
]

/** One direction between two members. */
export interface Link {
  readonly from: number
  readonly to: number
  /** Why it is cut; open when empty. */
  readonly cuts: Set<string>
  /** Nothing arrives before this time; then everything does. */
  cloggedUntilMs: number
  /** Infinity: as fast as it likes. */
  bytesPerSecond: number
  freeAtMs: number
  queued: number
  lost: number
  /** The newest arrival on each lane: numbers in memory of their own, as they change with every message. */
  readonly lastArrivalMs: Float64Array
}

export interface MessageFilter {
  /** 0: anybody. */
  readonly from: number
  readonly to: number
  readonly type: MessageType
  readonly rate: number
  /** They are not lost: they arrive this much later. */
  readonly lateMs?: number
}

const MAX_QUEUED_ON_SLOW_LINK = 16

/** A message on its way. */
interface Parcel {
  readonly link: Link
  readonly message: Uint8Array
  /** The disk that the sender had when it sent this. */
  readonly incarnation: number
}

/** The network between members: every pair, each direction and each lane on its own. */
export class SimNetwork {
  conditions: NetworkConditions = { ...CALM_NETWORK }
  filters: MessageFilter[] = []
  delivered = 0
  /** Nothing that was sent so far arrives after this. */
  latestArrivalMs = 0
  readonly #scheduler: Scheduler
  readonly #random: SeededRandom
  readonly #coverage: Coverage
  readonly #links = new Map<number, Link>()
  readonly #stations = new Map<number, SimTransport>()
  /** Does a member that was removed hear of it from whom it calls, and is not listened to any more? Otherwise only consensus protects the others. */
  tellsRemoved = true

  constructor(scheduler: Scheduler, random: SeededRandom, coverage: Coverage) {
    this.#scheduler = scheduler
    this.#random = random
    this.#coverage = coverage
  }

  link(from: number, to: number): Link {
    const key = from * 1024 + to
    let link = this.#links.get(key)
    if (link === undefined) {
      const lastArrivalMs = new Float64Array(LANES.length)
      link = { from, to, cuts: new Set(), cloggedUntilMs: 0, bytesPerSecond: Infinity, freeAtMs: 0, queued: 0, lost: 0, lastArrivalMs }
      this.#links.set(key, link)
    }
    return link
  }

  links(): Iterable<Link> {
    return this.#links.values()
  }

  /** Ends every fault of the network. */
  heal(): void {
    this.filters = []
    for (const link of this.#links.values()) {
      link.cuts.clear()
      link.cloggedUntilMs = 0
      link.bytesPerSecond = Infinity
      link.freeAtMs = 0
    }
  }

  /** Without `admission` everybody is listened to. */
  transport(id: number, owner: EventOwner, admission: Admission | null = null): Transport {
    return new SimTransport(this, id, owner, admission)
  }

  attach(transport: SimTransport): void {
    this.#stations.set(transport.id, transport)
  }

  station(id: number): SimTransport | undefined {
    return this.#stations.get(id)
  }

  detach(id: number, owner: EventOwner): void {
    if (this.#stations.get(id)?.owner !== owner) return
    this.#stations.delete(id)
    if (this.conditions.closeHints) for (const other of this.#stations.keys()) this.#hint(id, other)
  }

  /** `to` hears that its connections with `from` are closed. */
  #hint(from: number, to: number): void {
    const station = this.#stations.get(to)
    if (station === undefined) return
    const arrive = (): void => {
      if (this.#stations.get(to) !== station || !station.owner.alive || this.link(from, to).cuts.size > 0) return
      if (station.owner.paused) this.#scheduler.hold(station.owner, arrive)
      else station.handlers?.onPeerState?.(from as MemberId, false)
    }
    // The end of a stream comes behind all that it carried.
    this.#scheduler.at(Math.max(this.#scheduler.nowMs + this.conditions.delayMs, ...this.link(from, to).lastArrivalMs), null, arrive)
  }

  send(from: number, to: number, lane: Lane, message: Uint8Array, incarnation: number): void {
    const link = this.link(from, to)
    const random = this.#random
    const { lossRate, duplicateRate, lateCopyMs, holdRate } = this.conditions
    if (link.cuts.size > 0) return this.#coverage.hit('network cut')
    const filter = this.filters.length === 0 ? null : this.#filterOf(link, message)
    if (filter !== null) {
      this.#coverage.hit('network filter')
      if (filter.lateMs !== undefined)
        this.#deliverAt(link, message, this.#scheduler.nowMs + this.#delayMs(link) + filter.lateMs, incarnation)
      return
    }
    if (lossRate > 0 && random.bool(lossRate)) {
      this.#coverage.hit('network loss')
      // Every tenth breaks a connection as well, and nobody has died.
      if (this.conditions.closeHints && link.lost++ % 10 === 9) this.#hint(from, to)
      return
    }
    if (duplicateRate > 0 && random.bool(duplicateRate)) {
      this.#coverage.hit('network duplicate')
      const lateMs = random.next() * random.next() * lateCopyMs
      this.#deliverAt(link, message.slice(), this.#scheduler.nowMs + this.#delayMs(link) + lateMs, incarnation)
    }
    if (holdRate > 0 && random.bool(holdRate)) {
      this.#coverage.hit('network hold')
      this.#deliverAt(link, message, this.#scheduler.nowMs + random.next() * lateCopyMs, incarnation)
      return
    }
    this.#transmit(link, lane, message, incarnation)
  }

  #transmit(link: Link, lane: Lane, message: Uint8Array, incarnation: number): void {
    const { nowMs } = this.#scheduler
    let arrivalMs = nowMs + this.#delayMs(link)
    if (link.bytesPerSecond !== Infinity) {
      if (link.queued >= MAX_QUEUED_ON_SLOW_LINK) return this.#coverage.hit('network slow link overflow')
      link.freeAtMs = Math.max(link.freeAtMs, nowMs) + (message.length / link.bytesPerSecond) * 1000
      arrivalMs += link.freeAtMs - nowMs
      link.queued++
      this.#scheduler.at(link.freeAtMs, null, () => link.queued--)
    }
    const newest = link.lastArrivalMs
    const at = LANES.indexOf(lane)
    const newestMs = newest[at] ?? 0
    if (arrivalMs >= newestMs) newest[at] = arrivalMs
    else if (this.conditions.ordered) arrivalMs = newestMs
    else this.#coverage.hit('network reorder')
    this.#deliverAt(link, message, arrivalMs, incarnation)
  }

  #delayMs(link: Link): number {
    const { delayMs, tailMs } = this.conditions
    const tail = tailMs === 0 ? 0 : -Math.log(1 - this.#random.next()) * tailMs
    const clogMs = Math.max(0, link.cloggedUntilMs - this.#scheduler.nowMs)
    return delayMs + tail + clogMs
  }

  #filterOf(link: Link, message: Uint8Array): MessageFilter | null {
    for (const filter of this.filters) {
      const { from, to, type, rate } = filter
      const matches = (from === 0 || from === link.from) && (to === 0 || to === link.to) && MESSAGE_TYPES[message[0] ?? 0] === type
      if (matches && this.#random.bool(rate)) return filter
    }
    return null
  }

  #deliverAt(link: Link, message: Uint8Array, timeMs: number, incarnation: number): void {
    if (timeMs > this.latestArrivalMs) this.latestArrivalMs = timeMs
    this.#scheduler.give(timeMs, null, this.#arrive, { link, message, incarnation })
  }

  readonly #arrive = (parcel: Parcel): void => {
    const { link, message, incarnation } = parcel
    const station = this.#stations.get(link.to)
    if (station === undefined || !station.owner.alive || link.cuts.size > 0) return
    if (station.owner.paused) {
      this.#scheduler.hold(station.owner, () => this.#arrive(parcel))
      return
    }
    if (!station.admits(link.from, incarnation)) return
    // The caller judges whom it has reached, too.
    const caller = this.#stations.get(link.from)
    if (
      caller !== undefined &&
      caller.admission?.incarnation === incarnation &&
      !caller.admits(link.to, station.admission?.incarnation ?? 0)
    )
      return
    this.delivered++
    station.handlers?.onMessage(link.from as MemberId, message)
  }
}

/** The Transport port of one life. */
class SimTransport implements Transport {
  readonly id: number
  readonly owner: EventOwner
  readonly admission: Admission | null
  handlers: TransportHandlers | null = null
  readonly #network: SimNetwork
  #peers: readonly number[] = []
  /** Who has called: answered although the own log does not know it, unless it was removed for good. */
  readonly #callers = new Set<number>()
  #removed: ReadonlySet<number> = new Set()
  /** With which disk each other member is listened to. */
  #admitted: number[] = []

  constructor(network: SimNetwork, id: number, owner: EventOwner, admission: Admission | null) {
    this.#network = network
    this.id = id
    this.owner = owner
    this.admission = admission
  }

  start(handlers: TransportHandlers): Promise<void> {
    this.handlers = handlers
    if (this.owner.alive) this.#network.attach(this)
    return Promise.resolve()
  }

  setPeers(members: readonly Member[], removed: readonly MemberId[] = []): void {
    if (removed.length !== this.#removed.size) this.#admitted = []
    this.#removed = new Set(removed)
    this.#peers = members.map(({ id }) => id as number).filter((id) => id !== this.id)
  }

  send(to: MemberId, lane: Lane, message: Uint8Array): void {
    const known = this.#peers.includes(to) || (this.#callers.has(to) && !this.#removed.has(to))
    if (this.owner.alive && known) this.#network.send(this.id, to, lane, message, this.admission?.incarnation ?? 0)
  }

  /**
   * What the handshake of a connection decides, at each message: is this the member with the disk that it was first met with? The answer to a
   * stranger waits for the disk; what comes meanwhile is lost.
   */
  admits(from: number, incarnation: number): boolean {
    if (this.#admitted[from] === incarnation) return true
    const { admission } = this
    if (this.#network.tellsRemoved && this.#removed.has(from)) return this.#refuse(from, incarnation, 'REMOVED')
    const known = admission === null ? incarnation : admission.meetings.meet(from as MemberId, incarnation)
    if (typeof known !== 'number') {
      known.catch(() => undefined)
      return false
    }
    if (known !== incarnation) return this.#refuse(from, incarnation, 'DISK_REPLACED')
    this.#admitted[from] = incarnation
    admission?.accepted(from, incarnation)
    this.#callers.add(from)
    return true
  }

  /** Has it met this member with this disk, and durably so? */
  hasMet(from: number, incarnation: number): boolean {
    return this.#admitted[from] === incarnation
  }

  /** The other side hears of it when this side can reach it. */
  #refuse(from: number, incarnation: number, why: Refusal): false {
    const other = this.#network.station(from)
    const reachable = this.#network.link(this.id, from).cuts.size === 0
    if (reachable && other?.admission?.incarnation === incarnation) other.admission.refused(why)
    return false
  }

  close(): Promise<void> {
    this.#network.detach(this.id, this.owner)
    return Promise.resolve()
  }
}
