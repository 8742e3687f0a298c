import { lookup } from 'node:dns'
import { isIP } from 'node:net'
import type { Clock } from '@balsa/raft'

export type LookupResult = { readonly addresses: readonly string[] } | { readonly failure: string }
/** One question to the system's resolver. */
export type Lookup = (host: string, answer: (result: LookupResult) => void) => void

const systemLookup: Lookup = (host, answer) => {
  lookup(host, { all: true, verbatim: true }, (error, found) => {
    if (error !== null) answer({ failure: `the name ${host} cannot be resolved: ${error.code ?? error.message}` })
    else answer({ addresses: found.map(({ address }) => address) })
  })
}

/** Long enough that a reconnect storm asks once, short enough that a moved member is found. */
const CACHE_MS = 5000
const MAX_CACHED_NAMES = 256

/**
 * Names to addresses. The system's resolver occupies a thread of the pool that file syncs need too, and may do so for many seconds:
 * so at most one question is under way, equal questions share it, and IP literals ask nothing.
 */
export class Resolver {
  readonly #clock: Clock
  readonly #lookup: Lookup
  readonly #cache = new Map<string, { readonly addresses: readonly string[]; readonly untilMs: number }>()
  /** Callers by name, in order of their first question. */
  readonly #waiting = new Map<string, ((result: LookupResult) => void)[]>()
  #busy = false

  constructor(clock: Clock, lookupName: Lookup = systemLookup) {
    this.#clock = clock
    this.#lookup = lookupName
  }

  /** Answers at once for literals and cached names, else later; always exactly once, unless the resolver is closed before. */
  resolve(host: string, answer: (result: LookupResult) => void): void {
    if (isIP(host) !== 0) return answer({ addresses: [host] })
    const cached = this.#cache.get(host)
    if (cached !== undefined && cached.untilMs > this.#clock.now()) return answer({ addresses: cached.addresses })
    const waiting = this.#waiting.get(host)
    if (waiting === undefined) this.#waiting.set(host, [answer])
    else waiting.push(answer)
    this.#next()
  }

  /** Forgets everybody who waits. */
  close(): void {
    this.#waiting.clear()
    this.#cache.clear()
  }

  #next(): void {
    if (this.#busy) return
    const [host] = this.#waiting.keys()
    if (host === undefined) return
    this.#busy = true
    this.#lookup(host, (result) => {
      this.#busy = false
      const waiting = this.#waiting.get(host) ?? []
      this.#waiting.delete(host)
      if ('addresses' in result) this.#remember(host, result.addresses)
      this.#next()
      for (const answer of waiting) answer(result)
    })
  }

  #remember(host: string, addresses: readonly string[]): void {
    if (this.#cache.size >= MAX_CACHED_NAMES) this.#cache.clear()
    this.#cache.set(host, { addresses, untilMs: this.#clock.now() + CACHE_MS })
  }
}
