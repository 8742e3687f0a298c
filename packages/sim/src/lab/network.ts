import type { ManualClock, SeededRandom } from '@balsa/raft'

/**
 * The course's network (labrpc), number by number. An RPC is a request and a reply over a link that belongs to one caller and is bound to
 * the name of one server for life. The caller learns of every loss: it is told so at once, or late where the link is disabled. Nothing
 * is ever delivered twice.
 */

/** A reply, or null when there will be none. */
export type Reply = Uint8Array | null

/** One running server. A restarted one is another object under the same name: what the old one still answers is lost. */
export interface RpcServer {
  /** Calls `reply` at most once, now or later; null is a reply too (an error that carries nothing). */
  handle(caller: number, request: Uint8Array, reply: (bytes: Uint8Array) => void): void
}

export interface Link {
  /** Number of the caller, as the handler sees it. */
  readonly caller: number
  readonly server: number
  enabled: boolean
}

export interface NetworkSettings {
  /** Delays and loses requests and replies when off. */
  reliable: boolean
  /** Two of three replies come 0.2 to 2.2 seconds late. */
  longReordering: boolean
  /** Calls into nothing fail within 7 seconds instead of within 100 ms. */
  longDelays: boolean
  /** Constant time of one way. The course's network has none of its own, but the machines that run it have. */
  hopMs: number
}

const SHORT_DELAY_MS = 27
const LOSS = 0.1
const DEAD_CHECK_MS = 100

export class LabNetwork {
  readonly settings: NetworkSettings = { reliable: true, longReordering: false, longDelays: false, hopMs: 0.1 }
  readonly #clock: ManualClock
  readonly #random: SeededRandom
  readonly #servers = new Map<number, RpcServer>()
  readonly #handled = new Map<number, number>()
  #total = 0
  #bytes = 0

  constructor(clock: ManualClock, random: SeededRandom) {
    this.#clock = clock
    this.#random = random
  }

  /** All requests sent, also those into disabled links. */
  get total(): number {
    return this.#total
  }

  /** Bytes of all requests sent and all replies delivered. */
  get bytes(): number {
    return this.#bytes
  }

  /** Requests that the handler of this server got, over all its lives. */
  handled(server: number): number {
    return this.#handled.get(server) ?? 0
  }

  setServer(name: number, server: RpcServer): void {
    this.#servers.set(name, server)
  }

  removeServer(name: number): void {
    this.#servers.delete(name)
  }

  /** Disabled at first. */
  link(caller: number, server: number): Link {
    return { caller, server, enabled: false }
  }

  call(link: Link, request: Uint8Array): Promise<Reply> {
    return new Promise((resolve) => {
      this.send(link, request, resolve)
    })
  }

  /** `done` null: the caller does not care to learn of a loss, and takes replies in `onReply` only. */
  send(link: Link, request: Uint8Array, done: ((reply: Reply) => void) | null, onReply: ((bytes: Uint8Array) => void) | null = null): void {
    this.#total++
    this.#bytes += request.length
    const server = this.#servers.get(link.server)
    if (!link.enabled || server === undefined) {
      const delayMs = this.#random.int(this.settings.longDelays ? 7000 : 100)
      if (done !== null) this.#clock.setTimer(delayMs, () => done(null))
      return
    }
    const { reliable, hopMs } = this.settings
    const delayMs = (reliable ? 0 : this.#random.int(SHORT_DELAY_MS)) + hopMs
    const lost = !reliable && this.#random.bool(LOSS)
    if (lost && done === null) return
    const call = new Call(this, link, server, done, onReply)
    this.#clock.setTimer(delayMs, () => {
      if (lost) call.end(null)
      else this.#handle(call, request)
    })
  }

  #handle(call: Call, request: Uint8Array): void {
    this.#handled.set(call.link.server, this.handled(call.link.server) + 1)
    // Only a caller who waits for an end can notice that there will be none.
    if (call.done !== null) this.#watch(call)
    call.server.handle(call.link.caller, request, (bytes) => this.#replied(call, bytes))
  }

  #watch(call: Call): void {
    this.#clock.setTimer(DEAD_CHECK_MS, () => {
      if (call.ended || call.replying) return
      if (this.#isDead(call)) call.end(null)
      else this.#watch(call)
    })
  }

  #isDead(call: Call): boolean {
    return !call.link.enabled || this.#servers.get(call.link.server) !== call.server
  }

  #replied(call: Call, bytes: Uint8Array): void {
    if (call.ended || call.replying) return
    call.replying = true
    const { reliable, longReordering, hopMs } = this.settings
    if (this.#isDead(call) || (!reliable && this.#random.bool(LOSS))) {
      call.end(null)
      return
    }
    const late = longReordering && this.#random.int(900) < 600
    const delayMs = late ? 200 + this.#random.int(1 + this.#random.int(2000)) : 0
    this.#clock.setTimer(delayMs + hopMs, () => {
      this.#bytes += bytes.length
      call.end(bytes)
    })
  }
}

class Call {
  readonly network: LabNetwork
  readonly link: Link
  readonly server: RpcServer
  readonly done: ((reply: Reply) => void) | null
  readonly #onReply: ((bytes: Uint8Array) => void) | null
  ended = false
  replying = false

  constructor(
    network: LabNetwork,
    link: Link,
    server: RpcServer,
    done: ((reply: Reply) => void) | null,
    onReply: ((bytes: Uint8Array) => void) | null,
  ) {
    this.network = network
    this.link = link
    this.server = server
    this.done = done
    this.#onReply = onReply
  }

  end(reply: Reply): void {
    if (this.ended) return
    this.ended = true
    this.done?.(reply)
    if (reply !== null) this.#onReply?.(reply)
  }
}
