import type { Client } from '@balsa/client'
import { BalsaError, type SeededRandom } from '@balsa/raft'
import type { WatchEvent } from '@balsa/kv'
import { Violation } from '../world/violation.js'
import type { World } from '../world/world.js'

/** Keys of this workload. */
const ROOT = 's/'
const END = `${ROOT}end`
/** Keys that are always written together, in one transaction each time. */
const GROUPS = 3
const PARTS = ['a', 'b', 'c'] as const
const THINK_MS = 120
const DEADLINE_MS = 6000
const MIN_TTL_MS = 1000

interface Leased {
  readonly key: string
  readonly lease: bigint
  readonly ttlMs: number
  /** World time until which the key must be there: the lease was renewed by a call that was sent so long before. */
  sureUntilMs: number
  /** The put was answered. */
  present: boolean
  gone: boolean
}

type Change = Exclude<WatchEvent, { readonly type: 'progress' }>

const decoder = new TextDecoder()
const textOf = (bytes: Uint8Array): string => decoder.decode(bytes)

/** What one watcher has seen so far. */
class Seen {
  readonly values = new Map<string, { readonly value: string; readonly version: number }>()
  revision = 1
  /** Of the revision that has not come whole. */
  parts: Change[] = []
  ended = false
}

/**
 * Transactions, ranges, leases and watches at once, with what must hold of them:
 *
 * - txn-atomic: keys that are only ever written together are only ever seen together, in ranges and in watches.
 * - lease-early: no key of a lease vanishes before its time to live has passed since the grant or the renewal was sent, not even on the fastest clock.
 * - watch-order, watch-complete: every watcher gets every change once, in one order that is the same for all, over reconnects and restarts of its own.
 */
export class StoreWorkload {
  readonly #world: World
  readonly #random: SeededRandom
  readonly #clients: readonly Client[]
  /** Clocks of members are at most so much faster than those of clients. */
  readonly #maxDrift: number
  readonly #leased: Leased[] = []
  readonly #seen: Seen[] = []
  /** What each revision did, as the first watcher saw it. */
  readonly #revisions = new Map<number, string>()
  #running = true
  #next = 1

  constructor(world: World, random: SeededRandom, clients: readonly Client[], maxDrift: number) {
    this.#world = world
    this.#random = random
    this.#clients = clients
    this.#maxDrift = maxDrift
  }

  start(): void {
    for (const client of this.#clients) {
      this.#loop(() => this.#transact(client))
      this.#loop(() => this.#read(client))
      this.#loop(() => this.#lease(client))
      const seen = new Seen()
      this.#seen.push(seen)
      this.#watch(client, seen).catch((error: unknown) => this.#failed(error))
    }
  }

  stop(): void {
    this.#running = false
  }

  /** After healing: one last write, and everybody has seen everything. */
  async finish(): Promise<void> {
    const [client] = this.#clients
    if (client === undefined) return
    const options = { deadlineMs: 30_000 }
    await this.#end(client, options)
    await this.#pauseUntil(() => this.#seen.every(({ ended }) => ended))
    const behind = this.#seen.findIndex(({ ended }) => !ended)
    if (behind >= 0)
      this.#violate('watch-complete', `watcher ${behind} has not seen the end, only revision ${this.#seen[behind]?.revision}`)
    const state: string[] = []
    const at = this.#seen[0]?.revision ?? 0
    for await (const entry of client.entries({ prefix: ROOT }, { ...options, revision: at }))
      state.push(`${textOf(entry.key)} ${entry.text()} ${entry.version}`)
    this.#seen.forEach(({ values }, watcher) => {
      const watched = [...values].map(([key, { value, version }]) => `${key} ${value} ${version}`).sort()
      if (watched.join('\n') !== state.sort().join('\n'))
        this.#violate('watch-complete', `watcher ${watcher} knows ${watched.join(', ')}; the store holds ${state.join(', ')}`)
    })
    this.#world.coverage.hit('store workload finished')
  }

  /** Its session may have ended while it waited: what became of a write is not known then, also in a healed cluster. */
  async #end(client: Client, options: { readonly deadlineMs: number }): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await client.put(END, 'end', options)
        return
      } catch (error) {
        if (!(error instanceof BalsaError) || error.code !== 'OUTCOME_UNKNOWN' || tries === 5) throw error
      }
    }
  }

  close(): void {
    for (const client of this.#clients) void client.close()
  }

  #violate(invariant: string, text: string): void {
    this.#world.fail(new Violation(invariant, text))
  }

  #failed(error: unknown): void {
    if (error instanceof BalsaError && error.family !== 'fatal') this.#world.coverage.hit(`store client ${error.code}`)
    else this.#world.fail(error instanceof Error ? error : new Violation('store-errors', String(error)))
  }

  #loop(work: () => Promise<void>): void {
    this.#world.scheduler.after(this.#random.next() * 2 * THINK_MS, null, () => {
      if (!this.#running) return
      this.#world.scheduler.unsettled = true
      work()
        .catch((error: unknown) => this.#failed(error))
        .finally(() => this.#loop(work))
    })
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#world.scheduler.after(ms, null, () => {
        this.#world.scheduler.unsettled = true
        resolve()
      })
    })
  }

  async #pauseUntil(condition: () => boolean): Promise<void> {
    for (let tries = 0; tries < 600 && !condition(); tries++) await this.#pause(100)
  }

  async #transact(client: Client): Promise<void> {
    const random = this.#random
    const group = `${ROOT}g${random.int(GROUPS)}/`
    const value = `${this.#next++}`
    const options = { deadlineMs: DEADLINE_MS }
    if (random.bool(0.15)) {
      await client.delete({ prefix: group }, options)
      return
    }
    const puts = PARTS.map((part) => ({ type: 'put', key: group + part, value }) as const)
    const before = random.bool(0.5) ? await client.get(`${group}a`, options) : null
    const compare = random.bool(0.5) ? [{ key: `${group}a`, modRevision: before?.modRevision ?? 0 }] : []
    await client.transaction({ compare, success: puts, failure: [{ type: 'range', key: { prefix: group } }] }, options)
    if (random.bool(0.02)) await client.compact(Math.max(1, (this.#seen[0]?.revision ?? 1) - 20), options)
  }

  async #read(client: Client): Promise<void> {
    const group = `${ROOT}g${this.#random.int(GROUPS)}/`
    const stale = this.#random.bool(0.3)
    const { entries } = await client.range({ prefix: group }, { deadlineMs: DEADLINE_MS, ...(stale ? { consistency: 'stale' } : {}) })
    const kinds = new Set(entries.map((entry) => `${entry.text()} at ${entry.modRevision}`))
    if (entries.length > 0 && (entries.length !== PARTS.length || kinds.size !== 1))
      this.#violate('txn-atomic', `a range of ${group} saw ${entries.length} keys: ${[...kinds].join(', ')}`)
    this.#world.coverage.hit(entries.length > 0 ? 'range of a group' : 'range of nothing')
  }

  /** Grants a lease, renews it a few times, and looks all the while whether its key is there. */
  async #lease(client: Client): Promise<void> {
    const random = this.#random
    const options = { deadlineMs: DEADLINE_MS }
    const sentMs = this.#world.nowMs
    const { id, ttlMs } = await client.grantLease(MIN_TTL_MS + random.int(2000), options)
    const leased: Leased = {
      key: `${ROOT}l/${id}`,
      lease: id,
      ttlMs,
      sureUntilMs: sentMs + ttlMs / this.#maxDrift,
      present: false,
      gone: false,
    }
    this.#leased.push(leased)
    await client.put(leased.key, 'held', { ...options, lease: id })
    leased.present = true
    for (let renewals = random.int(4); renewals >= 0 && this.#running; renewals--) {
      await this.#pause(random.next() * ttlMs)
      const askedMs = this.#world.nowMs
      const found = await client.get(leased.key, options)
      if (found === null) return this.#vanished(leased, 'a read')
      if (renewals === 0) break
      const renewedMs = Math.max(askedMs, this.#world.nowMs)
      await client.keepLeaseAlive(id, options)
      leased.sureUntilMs = Math.max(leased.sureUntilMs, renewedMs + ttlMs / this.#maxDrift)
      this.#world.coverage.hit('lease renewed')
    }
  }

  #vanished(leased: Leased, how: string): void {
    leased.gone = true
    this.#world.coverage.hit('lease ended')
    const { nowMs } = this.#world
    if (leased.present && nowMs < leased.sureUntilMs)
      this.#violate(
        'lease-early',
        `${leased.key} (ttl ${leased.ttlMs} ms) had vanished for ${how} ${(leased.sureUntilMs - nowMs).toFixed(1)} ms too early`,
      )
  }

  async #watch(client: Client, seen: Seen): Promise<void> {
    while (!seen.ended) {
      try {
        // Sometimes it begins anew, as a process does that was restarted.
        let left = 20 + this.#random.int(200)
        for await (const event of client.watch({ prefix: ROOT }, { fromRevision: seen.revision + 1 })) {
          if (event.type === 'progress') continue
          this.#take(seen, event)
          if (this.#random.bool(0.02)) await this.#pause(this.#random.int(500))
          if (seen.ended || (--left <= 0 && seen.parts.length === 0)) break
        }
        seen.parts = []
      } catch (error) {
        if (!(error instanceof BalsaError)) throw error
        this.#world.coverage.hit(`watch ${error.code}`)
        if (error.code === 'STOPPED') return
        seen.parts = []
        if (error.code === 'COMPACTED') await this.#readAnew(client, seen)
      }
    }
  }

  async #readAnew(client: Client, seen: Seen): Promise<void> {
    try {
      const { entries, revision } = await client.range({ prefix: ROOT }, { deadlineMs: DEADLINE_MS })
      seen.values.clear()
      for (const entry of entries) seen.values.set(textOf(entry.key), { value: entry.text(), version: entry.version })
      seen.revision = revision
      if (seen.values.has(END)) seen.ended = true
    } catch (error) {
      this.#failed(error)
    }
  }

  #take(seen: Seen, event: Change): void {
    if (event.revision <= seen.revision) this.#violate('watch-order', `revision ${event.revision} came behind ${seen.revision}`)
    const [first] = seen.parts
    if (first !== undefined && first.revision !== event.revision)
      this.#violate('watch-order', `revision ${first.revision} was not whole when ${event.revision} came`)
    seen.parts.push(event)
    if (event.more) return
    this.#whole(seen, seen.parts)
    seen.parts = []
    seen.revision = event.revision
  }

  /** All events of one revision. */
  #whole(seen: Seen, events: readonly Change[]): void {
    const text = events
      .map((event) => `${event.type} ${textOf(event.key)}${event.type === 'put' ? ` ${event.entry.text()}` : ''}`)
      .join(', ')
    const revision = events[0]?.revision ?? 0
    const known = this.#revisions.get(revision)
    if (known !== undefined && known !== text)
      this.#violate('watch-order', `revision ${revision} was ${known} for one, ${text} for another`)
    this.#revisions.set(revision, text)
    if (text.includes(`${ROOT}g`) && events.length !== PARTS.length) this.#violate('txn-atomic', `revision ${revision} was seen as ${text}`)
    for (const event of events) this.#change(seen, event)
  }

  #change(seen: Seen, event: Change): void {
    const key = textOf(event.key)
    const before = seen.values.get(key)
    if (event.type === 'put') {
      const { version } = event.entry
      if (version !== (before?.version ?? 0) + 1)
        this.#violate(
          'watch-complete',
          `${key}: version ${version} came behind ${before?.version ?? 'none'}, at revision ${event.revision}`,
        )
      seen.values.set(key, { value: event.entry.text(), version })
      if (key === END) seen.ended = true
      return
    }
    if (before === undefined) this.#violate('watch-complete', `${key} was deleted at revision ${event.revision}, but never put`)
    seen.values.delete(key)
    const leased = this.#leased.find((one) => one.key === key && !one.gone)
    if (leased !== undefined) this.#vanished(leased, 'a watcher')
  }
}
