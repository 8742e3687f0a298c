import type { Connection, ConnectionHandlers, Dialer, SeededRandom } from '@balsa/raft'
import type { Coverage } from '../world/coverage.js'
import type { EventOwner, Scheduler } from '../world/scheduler.js'

/** What happens to byte streams between clients and members. */
export interface StreamConditions {
  delayMs: number
  tailMs: number
  /** Per piece: the connection breaks. One or both sides may learn of it much later. */
  resetRate: number
  /** Streams arrive in pieces of random size up to this. */
  maxPieceBytes: number
  /** Per piece: one bit is wrong. The frame's checksum must find it. */
  corruptionRate: number
}

export const CALM_STREAMS: StreamConditions = { delayMs: 0.5, tailMs: 0.3, resetRate: 0, maxPieceBytes: Infinity, corruptionRate: 0 }

/** Called for each incoming connection; `onOpen` of the returned handlers follows. */
export type Acceptor = (connection: Connection) => ConnectionHandlers

interface Listener {
  readonly owner: EventOwner
  readonly acceptor: Acceptor
  readonly ends: Set<StreamEnd>
}

/** How long after a broken connection the other side may still believe in it. */
const HALF_OPEN_MS = 3000

/** Connections from clients to members: ordered, but cut up, slow, broken at any byte, silent or half-open. */
export class SimStreams {
  conditions: StreamConditions = { ...CALM_STREAMS }
  readonly scheduler: Scheduler
  readonly random: SeededRandom
  readonly coverage: Coverage
  readonly #listeners = new Map<string, Listener>()
  /** "client endpoint": nothing passes. */
  readonly silenced = new Set<string>()
  /** "client endpoint": what the member answers does not pass. */
  readonly deafened = new Set<string>()

  constructor(scheduler: Scheduler, random: SeededRandom, coverage: Coverage) {
    this.scheduler = scheduler
    this.random = random
    this.coverage = coverage
  }

  heal(): void {
    this.silenced.clear()
    this.deafened.clear()
    this.conditions = { ...CALM_STREAMS }
  }

  listen(endpoint: string, owner: EventOwner, acceptor: Acceptor): void {
    this.#listeners.set(endpoint, { owner, acceptor, ends: new Set() })
  }

  /** The process behind the endpoint is gone. `silently`: the other sides hear of it late, as when a machine dies. */
  close(endpoint: string, owner: EventOwner, silently: boolean): void {
    const listener = this.#listeners.get(endpoint)
    if (listener === undefined || listener.owner !== owner) return
    this.#listeners.delete(endpoint)
    for (const end of listener.ends) end.die(silently ? this.random.next() * HALF_OPEN_MS : 0)
  }

  dialer(client: number, owner: EventOwner): Dialer {
    return { dial: (endpoint, handlers) => this.#dial(client, owner, endpoint, handlers) }
  }

  #dial(client: number, owner: EventOwner, endpoint: string, handlers: ConnectionHandlers): Connection {
    const route = `${client} ${endpoint}`
    const near = new StreamEnd(this, owner, route, handlers, false)
    this.scheduler.activity++
    near.carry(() => {
      const listener = this.#listeners.get(endpoint)
      if (near.closed || this.silenced.has(route)) return
      if (listener === undefined || !listener.owner.alive) {
        near.end('connection refused')
        return
      }
      const far = new StreamEnd(this, listener.owner, route, null, true)
      far.other = near
      near.other = far
      listener.ends.add(far)
      far.onEnd = () => listener.ends.delete(far)
      far.handlers = listener.acceptor(far)
      far.handlers.onOpen()
      this.scheduler.unsettled = true
      near.opened()
    })
    return near
  }
}

class StreamEnd implements Connection {
  readonly #streams: SimStreams
  readonly #owner: EventOwner
  readonly #route: string
  /** The member's end. */
  readonly #answers: boolean
  handlers: ConnectionHandlers | null
  other: StreamEnd | null = null
  closed = false
  onEnd: () => void = () => undefined
  bufferedBytes = 0
  #lastArrivalMs = 0

  constructor(streams: SimStreams, owner: EventOwner, route: string, handlers: ConnectionHandlers | null, answers: boolean) {
    this.#streams = streams
    this.#owner = owner
    this.#route = route
    this.handlers = handlers
    this.#answers = answers
  }

  /** Runs `arrive` at the other side, in order. */
  carry(arrive: () => void): void {
    const { scheduler, random, conditions } = this.#streams
    const tailMs = conditions.tailMs === 0 ? 0 : -Math.log(1 - random.next()) * conditions.tailMs
    this.#lastArrivalMs = Math.max(scheduler.nowMs + conditions.delayMs + tailMs, this.#lastArrivalMs)
    scheduler.at(this.#lastArrivalMs, null, arrive)
  }

  opened(): void {
    if (!this.closed && this.#owner.alive) this.handlers?.onOpen()
  }

  write(bytes: Uint8Array): void {
    if (this.closed || !this.#owner.alive) return
    const { conditions, random, coverage } = this.#streams
    for (let at = 0; at < bytes.length; ) {
      const rest = bytes.length - at
      const length = rest <= conditions.maxPieceBytes ? rest : 1 + random.int(conditions.maxPieceBytes)
      const piece = bytes.slice(at, at + length)
      at += length
      if (conditions.resetRate > 0 && random.bool(conditions.resetRate)) {
        coverage.hit('client connection reset')
        this.#reset()
        return
      }
      if (conditions.corruptionRate > 0 && random.bool(conditions.corruptionRate)) {
        coverage.hit('client bytes corrupted')
        const where = random.int(piece.length)
        piece[where] = (piece[where] ?? 0) ^ (1 << random.int(8))
      }
      this.bufferedBytes += piece.length
      this.carry(() => this.#arrive(piece))
    }
  }

  #arrive(piece: Uint8Array): void {
    this.bufferedBytes -= piece.length
    const { other } = this
    if (other === null || other.closed || this.#streams.silenced.has(this.#route)) return
    if (this.#answers && this.#streams.deafened.has(this.#route)) return
    other.#deliver(() => other.handlers?.onData(piece))
  }

  #deliver(run: () => void): void {
    const owner = this.#owner
    if (!owner.alive) return
    const { scheduler } = this.#streams
    if (owner.paused) {
      scheduler.hold(owner, () => this.#deliver(run))
      return
    }
    scheduler.unsettled = true
    run()
  }

  /** Both sides lose it; one of them may take long to notice. */
  #reset(): void {
    const { random } = this.#streams
    this.end('connection reset')
    this.other?.die(random.bool() ? 0 : random.next() * HALF_OPEN_MS)
  }

  /** The other side is gone and this one will learn of it later. */
  die(afterMs: number): void {
    const { other } = this
    const { scheduler } = this.#streams
    const notice = other === null || other.closed ? this : other
    scheduler.after(afterMs, null, () => notice.end('connection reset by peer'))
    if (notice !== this) this.end('the process ended')
  }

  close(): void {
    if (this.closed) return
    const { other } = this
    this.end('closed by this side')
    if (other !== null) this.carry(() => other.end('closed by the other side'))
  }

  end(reason: string): void {
    if (this.closed) return
    this.closed = true
    this.onEnd()
    const { scheduler } = this.#streams
    // Never from inside the caller's own close, as with a real socket.
    scheduler.after(0, this.#owner, () => {
      scheduler.unsettled = true
      this.handlers?.onClose(reason)
    })
  }
}
