import { BalsaError, type Random } from '@balsa/raft'

export interface BackOff {
  /** First wait after every known member was tried in vain, in ms; doubles each time. */
  readonly initialMs: number
  readonly maxMs: number
}

/** Members that only hints or other members have named, beside the configured ones. */
const MAX_LEARNED = 16
/** Hints followed without a wait before a wait comes, however many new addresses they name. */
const MAX_HOPS = 3
const MAX_ADDRESS_LENGTH = 255

/**
 * Which member to ask. Remembers the one that answered; after a failure it goes where that member points, else to the next one. Members are
 * tried once each without a wait (a round), then comes a wait that doubles with jitter. So neither a cluster without a leader nor hints in a
 * circle make a tight loop.
 */
export class LeaderFinder {
  readonly #configured: readonly string[]
  readonly #learned: string[] = []
  readonly #random: Random
  readonly #backOff: BackOff
  /** Members that failed in this round. */
  readonly #tried = new Set<string>()
  #target: string
  #hops = 0
  #rounds = 0
  #notBeforeMs = 0

  constructor(endpoints: readonly string[], random: Random, backOff: BackOff) {
    const [first] = endpoints
    if (first === undefined) throw new BalsaError('INVALID', 'a client needs at least one endpoint')
    this.#configured = [...new Set(endpoints)]
    this.#random = random
    this.#backOff = backOff
    this.#target = first
  }

  /** The member to ask now. */
  get target(): string {
    return this.#target
  }

  /** Configured members first, then those that were learned. */
  get known(): readonly string[] {
    return [...this.#configured, ...this.#learned]
  }

  /** The member did what only a leader, or a member that reaches one, can do. */
  succeeded(endpoint: string): void {
    if (endpoint !== this.#target) return
    this.#tried.clear()
    this.#rounds = 0
    this.#hops = 0
    this.#notBeforeMs = 0
  }

  /** The member refused, was silent or could not be reached; `hint` is where it pointed. Answers the ms to wait before the next attempt. */
  failed(endpoint: string, hint: string | undefined, nowMs: number): number {
    // Old news of a member that was left already must not push the new one away.
    if (endpoint === this.#target) this.#moveOn(endpoint, this.#usable(endpoint, hint), nowMs)
    return Math.max(0, this.#notBeforeMs - nowMs)
  }

  #usable(endpoint: string, hint: string | undefined): string | null {
    return hint === undefined || hint === '' || hint === endpoint || hint.length > MAX_ADDRESS_LENGTH ? null : hint
  }

  #moveOn(endpoint: string, hint: string | null, nowMs: number): void {
    this.#tried.add(endpoint)
    if (hint !== null) this.#learn(hint)
    if (hint !== null && !this.#tried.has(hint) && this.#hops < MAX_HOPS) {
      this.#hops += 1
      this.#target = hint
      return
    }
    const next = this.#after(endpoint).find((candidate) => !this.#tried.has(candidate))
    if (next !== undefined) {
      this.#target = next
      return
    }
    this.#target = hint ?? this.#after(endpoint)[0] ?? endpoint
    this.#tried.clear()
    this.#hops = 0
    const longest = Math.min(this.#backOff.maxMs, this.#backOff.initialMs * 2 ** Math.min(this.#rounds, 20))
    this.#rounds += 1
    this.#notBeforeMs = nowMs + longest * (0.5 + this.#random.next() / 2)
  }

  /** The other known members in turn, beginning behind this one. */
  #after(endpoint: string): string[] {
    const known = this.known
    const at = known.indexOf(endpoint)
    return [...known.slice(at + 1), ...known.slice(0, Math.max(0, at))]
  }

  /** A member has said where all of them are; what was learned before counts no more. Empty addresses are unknown ones. */
  learn(addresses: readonly string[]): void {
    const usable = addresses.filter((address) => address !== '' && address.length <= MAX_ADDRESS_LENGTH)
    // A member that waits to join knows of nobody.
    if (usable.length === 0) return
    // The one that is being asked may be on its way out: it is left when it fails, not before.
    if (!this.#configured.includes(this.#target) && this.#learned.includes(this.#target)) usable.push(this.#target)
    this.#learned.length = 0
    for (const address of usable.slice(-MAX_LEARNED)) this.#learn(address)
  }

  #learn(hint: string): void {
    if (this.#configured.includes(hint) || this.#learned.includes(hint)) return
    this.#learned.push(hint)
    if (this.#learned.length > MAX_LEARNED) this.#learned.shift()
  }
}
