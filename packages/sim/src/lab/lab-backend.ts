import { BalsaError, type ManualClock, type SeededRandom } from '@balsa/raft'
import { LeaderFinder } from '@balsa/client'
import {
  type Attempt,
  type AttemptHandlers,
  decodeResponse,
  errorFromWire,
  type StoreAnswer,
  type StoreBackend,
  type StoreRequest,
  type WatchAttempt,
} from '@balsa/kv'
import { encodeClientRequest } from './kv-server.js'
import type { LabNetwork, Link } from './network.js'

/** A lost request to a member that answered this recently is repeated there; the loss says nothing about the member. */
const STILL_THERE_MS = 100
const BACK_OFF = { initialMs: 160, maxMs: 400 }

/**
 * Attempts of the production client's calls over the lab's network: one attempt is one RPC. (The production client speaks over a byte stream,
 * which cannot lose single requests, so the stream is what is left out; sessions, retries, deadlines and the search for the leader
 * are the production code.)
 */
export class LabBackend implements StoreBackend {
  readonly #clock: ManualClock
  readonly #network: LabNetwork
  readonly #links: ReadonlyMap<string, Link>
  readonly #finder: LeaderFinder
  readonly #answeredMs = new Map<string, number>()
  #nextId = 1

  /** Links by endpoint; an endpoint is a member id in digits. */
  constructor(clock: ManualClock, random: SeededRandom, network: LabNetwork, links: ReadonlyMap<string, Link>) {
    this.#clock = clock
    this.#network = network
    this.#links = links
    this.#finder = new LeaderFinder([...links.keys()], random, BACK_OFF)
  }

  attempt(request: StoreRequest, handlers: AttemptHandlers): Attempt {
    const endpoint = this.#finder.target
    const link = this.#links.get(endpoint)
    if (link === undefined || request.type === 'status' || request.type === 'admin') throw new TypeError(`nothing to ask at ${endpoint}`)
    const id = this.#nextId++
    const bytes =
      request.type === 'write'
        ? encodeClientRequest({ type: 'write', id, command: request.command })
        : encodeClientRequest({ ...request, id })
    let listening = true
    this.#network.send(link, bytes, (reply) => {
      if (!listening) return
      if (reply === null) this.#lost(endpoint, handlers)
      else this.#replied(endpoint, reply, handlers)
    })
    return {
      cancel: () => {
        listening = false
        return false
      },
      silent: () => this.#finder.failed(endpoint, undefined, this.#clock.now()),
    }
  }

  watch(): WatchAttempt {
    throw new TypeError('the lab’s network carries single answers only')
  }

  #lost(endpoint: string, handlers: AttemptHandlers): void {
    const nowMs = this.#clock.now()
    const there = nowMs - (this.#answeredMs.get(endpoint) ?? -Infinity) < STILL_THERE_MS
    const error = new BalsaError('OUTCOME_UNKNOWN', 'the request or its answer was lost')
    handlers.onError(error, there ? 0 : this.#finder.failed(endpoint, undefined, nowMs))
  }

  #replied(endpoint: string, reply: Uint8Array, handlers: AttemptHandlers): void {
    const nowMs = this.#clock.now()
    this.#answeredMs.set(endpoint, nowMs)
    const response = decodeResponse(reply)
    if (response.type === 'error') {
      const error = errorFromWire(response.error)
      handlers.onError(error, this.#finder.failed(endpoint, this.#hint(error), nowMs))
      return
    }
    this.#finder.succeeded(endpoint)
    handlers.onAnswer(answerOf(response))
  }

  /** A clerk that the tester lets speak to some servers only does not follow a hint to the others. */
  #hint({ leaderAddress }: BalsaError): string | undefined {
    return leaderAddress !== undefined && this.#links.has(leaderAddress) ? leaderAddress : undefined
  }

  async close(): Promise<void> {
    // Nothing is held.
  }
}

function answerOf(response: ReturnType<typeof decodeResponse>): StoreAnswer {
  if (response.type === 'result') return { type: 'result', result: response.result }
  if (response.type === 'value') {
    const { revision, ageMs, record } = response
    return { type: 'value', revision, ageMs, record }
  }
  throw new TypeError(`a ${response.type} answers no call`)
}
