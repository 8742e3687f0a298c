/**
 * Leases of the target that stand for those of the source: with the same ids where they are free, and kept alive for as long as those of the source live. When the
 * migration ends they have their whole time again, in which whoever holds them has to come.
 */
import { LeaseService } from '@balsa/proto/etcdserverpb'
import { BalsaError, type Clock, type Timer } from '@balsa/raft'
import type { EtcdClient } from '../etcd/etcd-client.js'

const { LeaseGrant, LeaseKeepAlive, LeaseTimeToLive } = LeaseService.methods

const LOOK_MS = 500
/** Renewed when so much of its time has passed. */
const RENEWED_AFTER = 1 / 3

interface Mapped {
  readonly source: bigint
  readonly target: bigint
  readonly ttlMs: number
  renewAtMs: number
}

export class MappedLeases {
  readonly #from: EtcdClient
  readonly #to: EtcdClient
  readonly #clock: Clock
  readonly #mapped = new Map<bigint, Promise<Mapped | null>>()
  #timer: Timer | null = null
  #stopped = false

  constructor(from: EtcdClient, to: EtcdClient, clock: Clock) {
    this.#from = from
    this.#to = to
    this.#clock = clock
  }

  /** So many were found. */
  get size(): number {
    return this.#mapped.size
  }

  /** The lease of the target for one of the source; 0 for none, and for one that has ended: then its keys go soon, too. */
  async of(source: bigint): Promise<bigint> {
    if (source === 0n) return 0n
    const known = this.#mapped.get(source)
    const mapping = known ?? this.#map(source)
    if (known === undefined) this.#mapped.set(source, mapping)
    try {
      return (await mapping)?.target ?? 0n
    } catch (error) {
      this.#mapped.delete(source)
      throw error
    }
  }

  /** All of them are looked for anew: one has ended in the target before that of the source. */
  forget(): void {
    this.#mapped.clear()
  }

  /** From now on time goes on for the leases of the target. */
  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  async #map(source: bigint): Promise<Mapped | null> {
    const { TTL, grantedTTL } = await this.#from.call(LeaseTimeToLive, { ID: source })
    if (TTL < 0) return null
    const granted = await this.#to.call(LeaseGrant, { ID: source, TTL: grantedTTL }, { repeatable: true }).catch((error: unknown) => {
      // The one of an earlier run, or of a lost answer: ids have 64 bits.
      if (error instanceof BalsaError && error.code === 'LEASE_EXISTS') return { ID: source, TTL: grantedTTL }
      throw error
    })
    this.#keep()
    const ttlMs = granted.TTL * 1000
    return { source, target: granted.ID, ttlMs, renewAtMs: this.#clock.now() }
  }

  #keep(): void {
    if (this.#timer !== null || this.#stopped) return
    const look = (): void => {
      void this.#renewDue().finally(() => {
        if (!this.#stopped) this.#timer = this.#clock.setTimer(LOOK_MS, look)
      })
    }
    this.#timer = this.#clock.setTimer(LOOK_MS, look)
  }

  async #renewDue(): Promise<void> {
    for (const mapping of [...this.#mapped.values()]) {
      const mapped = await mapping.catch(() => null)
      if (mapped === null || this.#stopped || mapped.renewAtMs > this.#clock.now()) continue
      // Whoever cannot be asked now is asked again.
      await this.#renew(mapped).catch(() => undefined)
    }
  }

  async #renew(mapped: Mapped): Promise<void> {
    const { TTL } = await this.#from.call(LeaseTimeToLive, { ID: mapped.source })
    if (TTL < 0) return void this.#mapped.set(mapped.source, Promise.resolve(null))
    const kept = await this.#to.call(LeaseKeepAlive, { ID: mapped.target })
    mapped.renewAtMs = this.#clock.now() + mapped.ttlMs * RENEWED_AFTER
    // It has ended in the target, and its keys with it: the next look at all keys finds that.
    if (kept.TTL <= 0) this.#mapped.delete(mapped.source)
  }
}
