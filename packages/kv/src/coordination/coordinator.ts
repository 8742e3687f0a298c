import { BalsaError } from '@balsa/raft'
import type { BytesLike, CallOptions, Fence, KeyValue, ReadOptions } from '../key-value-store.js'
import type { CoordinationEnvironment } from './environment.js'
import { KeptLease } from './kept-lease.js'
import { isContender, PAGE_KEYS, type Place, queuePrefix, untilDeleted, waitInQueue } from './queue.js'
import type { CampaignOptions, Coordination, Election, Held, Lead, Leadership, LeadOptions, Lease, LockOptions } from './types.js'
import { Waiting } from './waiting.js'

/** Leases, locks and elections over any store. */
export class Coordinator implements Coordination {
  readonly #environment: CoordinationEnvironment

  constructor(environment: Omit<CoordinationEnvironment, 'leases'>) {
    const { store, clock, random } = environment
    this.#environment = { store, clock, random, leases: new Set() }
  }

  /** The store is about to close: nothing can be kept alive any more. What is held ends with its time, not before, as if the process had died. */
  close(): void {
    for (const lease of [...this.#environment.leases]) lease.lose('the store was closed')
  }

  lease(ttlMs: number, options: CallOptions = {}): Promise<Lease> {
    return KeptLease.grant(this.#environment, ttlMs, options)
  }

  async lock(name: BytesLike, options: LockOptions = {}): Promise<Held> {
    return new HeldPlace(this.#environment, await waitInQueue(this.#environment, queuePrefix(name), options))
  }

  election(name: BytesLike): Election {
    return new QueueElection(this.#environment, queuePrefix(name))
  }

  async lead<Result>(name: BytesLike, body: (lead: Lead) => Promise<Result>, options: LeadOptions = {}): Promise<Result | undefined> {
    const { signal, value = '', ttlMs } = options
    const election = this.election(name)
    for (;;) {
      let leadership: Leadership
      try {
        leadership = await election.campaign(value, {
          ...(signal === undefined ? {} : { signal }),
          ...(ttlMs === undefined ? {} : { ttlMs }),
        })
      } catch (error) {
        if (signal?.aborted === true && error instanceof BalsaError && error.code === 'ABORTED') return undefined
        throw error
      }
      const waiting = new Waiting(this.#environment.clock, 'leading', { signal })
      waiting.endWith(leadership.signal)
      try {
        const result = await body(leadOf(leadership, waiting.signal))
        if (leadership.isHeld || signal?.aborted === true) return result
      } catch (error) {
        if (leadership.isHeld) throw error
        // It was stopped because its time was over; or it failed, and the time was over, too.
      } finally {
        waiting.close()
        await leadership.release()
      }
      if (signal?.aborted === true) return undefined
    }
  }
}

function leadOf(leadership: Leadership, signal: AbortSignal): Lead {
  return {
    signal,
    key: leadership.key,
    fence: leadership.fence,
    fencingToken: leadership.fencingToken,
    get isHeld() {
      return leadership.isHeld
    },
    proclaim: (value, options) => leadership.proclaim(value, options),
  }
}

class HeldPlace implements Leadership {
  readonly key: Uint8Array
  readonly fencingToken: number
  readonly fence: Fence
  readonly #environment: CoordinationEnvironment
  readonly #lease: KeptLease

  constructor(environment: CoordinationEnvironment, { key, createRevision, lease }: Place) {
    this.#environment = environment
    this.#lease = lease
    this.key = key
    this.fencingToken = createRevision
    this.fence = { key, createRevision }
    void this.#watchOwnKey()
  }

  get signal(): AbortSignal {
    return this.#lease.signal
  }

  get isHeld(): boolean {
    return this.#lease.remainingMs > 0
  }

  release(): Promise<void> {
    return this.#lease.release()
  }

  resign(): Promise<void> {
    return this.release()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release()
  }

  async proclaim(value: BytesLike, options: CallOptions = {}): Promise<void> {
    await this.#environment.store.put(this.key, value, { ...options, lease: this.#lease.id, fence: this.fence })
  }

  /** An operator may break a lock by deleting its key: then the holder should know soon. */
  async #watchOwnKey(): Promise<void> {
    try {
      await untilDeleted(this.#environment, this, this.fencingToken, this.signal)
      if (this.signal.aborted) return
      const { entries } = await this.#environment.store.range(this.key, { signal: this.signal })
      if (entries[0]?.createRevision !== this.fencingToken) this.#lease.lose('the key was deleted')
    } catch {
      // Then the keep-alives decide alone.
    }
  }
}

class QueueElection implements Election {
  readonly #environment: CoordinationEnvironment
  readonly #prefix: Uint8Array

  constructor(environment: CoordinationEnvironment, prefix: Uint8Array) {
    this.#environment = environment
    this.#prefix = prefix
  }

  async campaign(value: BytesLike, options: CampaignOptions = {}): Promise<Leadership> {
    return new HeldPlace(this.#environment, await waitInQueue(this.#environment, this.#prefix, { ...options, value }))
  }

  async leader(options: ReadOptions = {}): Promise<KeyValue | null> {
    return (await this.#first(options)).leader
  }

  async *observe({ signal }: { readonly signal?: AbortSignal } = {}): AsyncGenerator<KeyValue | null, void, undefined> {
    const options = signal === undefined ? {} : { signal }
    const { store } = this.#environment
    try {
      for (;;) {
        const { leader, revision } = await this.#first(options)
        yield leader
        const watched = leader === null ? { prefix: this.#prefix } : leader.key
        try {
          for await (const event of store.watch(watched, { ...options, fromRevision: revision + 1 })) {
            if (event.type !== 'put' || leader === null) break
            yield event.entry
          }
        } catch (error) {
          if (!(error instanceof BalsaError && error.code === 'COMPACTED')) throw error
        }
        if (signal?.aborted === true) return
      }
    } catch (error) {
      if (!(signal?.aborted === true && error instanceof BalsaError && error.code === 'ABORTED')) throw error
    }
  }

  async #first(options: ReadOptions): Promise<{ readonly leader: KeyValue | null; readonly revision: number }> {
    for (let bound = 0; ; ) {
      const { entries, more, revision } = await this.#environment.store.range(
        { prefix: this.#prefix },
        { ...options, sortBy: 'createRevision', limit: PAGE_KEYS, minCreateRevision: bound },
      )
      const leader = entries.find((entry) => isContender(this.#prefix, entry))
      const last = entries.at(-1)
      if (leader !== undefined || !more || last === undefined) return { leader: leader ?? null, revision }
      bound = last.createRevision + 1
    }
  }
}
