import type { BytesLike, CallOptions, Fence, KeyValue, ReadOptions } from '../key-value-store.js'

/** A lease that keeps itself alive until it is released, or until it can not be any more. */
export interface Lease extends AsyncDisposable {
  readonly id: bigint
  /** As granted: a second at least. */
  readonly ttlMs: number
  /**
   * Fires before the lease can end in the cluster: a tenth of its time before that, counted by the local clock from the moment when the last successful
   * keep-alive was sent. Also when it is released, when somebody else revokes it, and when the store is closed (release it before, or others wait until it
   * has ended). Its reason is a BalsaError: LEASE_LOST.
   */
  readonly signal: AbortSignal
  /**
   * Ms for which the lease is still certain without another keep-alive; 0 = it is lost. Asks the clock: so it says 0 also right after a pause of the
   * process, when the signal has not had its turn yet (and fires it).
   */
  readonly remainingMs: number
  /** Ends it, with the keys that are attached to it. Never rejects: what can not be reached ends by itself. May be called again. */
  release(): Promise<void>
}

export interface LockOptions {
  /** How long others wait when the holder vanishes without releasing. Default 10,000; at least 1000. */
  readonly ttlMs?: number
  /** Gives up waiting: ABORTED (refused), and the place in the queue. It has no effect on a lock that is held. */
  readonly signal?: AbortSignal
  /** Most ms to wait. Then DEADLINE (refused). Default: Infinity. */
  readonly deadlineMs?: number
  /** Most ms to stand behind others, counted from when the place in the queue was taken: 0 = only when it is free. Then DEADLINE (refused). Default: Infinity. */
  readonly waitMs?: number
  /** What others see in the key, for example who holds it. Default: empty. */
  readonly value?: BytesLike
}

/** A lock that is held. */
export interface Held extends AsyncDisposable {
  /** The holder's key: the name, a slash, and the lease in hexadecimal digits, as etcd's clients have it. */
  readonly key: Uint8Array
  /** Grows with every holder. Whatever the lock protects should refuse lower tokens than the highest it has seen. */
  readonly fencingToken: number
  /** For writes to this store: they are refused with FENCED as soon as the lock is not this holder's any more. */
  readonly fence: Fence
  /** Fires before anybody else can hold the lock: stop what it protects. See {@link Lease.signal}. */
  readonly signal: AbortSignal
  /** Asks the clock, too: see {@link Lease.remainingMs}. */
  readonly isHeld: boolean
  /** Lets the next one in. Never rejects. May be called again. */
  release(): Promise<void>
}

/** A leadership that was won. */
export interface Leadership extends Held {
  /** Changes what observers see. FENCED (refused) when somebody else leads. */
  proclaim(value: BytesLike, options?: CallOptions): Promise<void>
  /** As `release`. */
  resign(): Promise<void>
}

export interface CampaignOptions extends Omit<LockOptions, 'value'> {}

/** One leader at a time among those who campaign under a name; the others wait in the order in which they came. */
export interface Election {
  /** Resolves when this candidate leads. `value` is what observers see. Refused: ABORTED, DEADLINE. */
  campaign(value: BytesLike, options?: CampaignOptions): Promise<Leadership>
  /** Key, value and create revision (the fencing token) of the present leader; null = there is none. */
  leader(options?: ReadOptions): Promise<KeyValue | null>
  /** The present leader, and again whenever there is another one or it proclaims something else; null = there is none. Ends with the signal. */
  observe(options?: { readonly signal?: AbortSignal }): AsyncIterable<KeyValue | null>
}

/** What the body of `lead` is given. */
export interface Lead extends Pick<Leadership, 'fence' | 'fencingToken' | 'isHeld' | 'key' | 'proclaim'> {
  /** Fires when the leadership is about to be lost, or when the caller wants an end. Nobody else leads before the body has ended, or the lease has. */
  readonly signal: AbortSignal
}

export interface LeadOptions {
  /** Default 10,000; at least 1000. */
  readonly ttlMs?: number
  /** Wants an end: the body's signal fires, and when the body has ended the next candidate leads at once. */
  readonly signal?: AbortSignal
  /** What observers see. Default: empty. */
  readonly value?: BytesLike
}

/** Leases, locks and elections of a store. */
export interface Coordination {
  /** A lease that keeps itself alive. Rejects as `grantLease`. */
  lease(ttlMs: number, options?: CallOptions): Promise<Lease>
  /**
   * Waits for the lock `name`, in the order of arrival. The lock is a lease: a holder that is paused or cut off for too long
   * loses it, so watch its signal, and let writes carry its fence. Refused: ABORTED, DEADLINE.
   */
  lock(name: BytesLike, options?: LockOptions): Promise<Held>
  election(name: BytesLike): Election
  /**
   * Runs `body` while this process leads, again each time it is elected anew after it lost its leadership. Ends with what the body answers while it
   * leads (the leadership is handed over then), or with undefined after the signal has fired. Errors of a leading body go to the caller.
   */
  lead<Result>(name: BytesLike, body: (lead: Lead) => Promise<Result>, options?: LeadOptions): Promise<Result | undefined>
}
