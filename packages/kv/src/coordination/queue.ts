/**
 * The queue behind locks and elections, as etcd's clients have it: everybody puts a key of its own, `name/lease`, and whoever has the smallest create
 * revision is first. The others watch the key before their own alone, so an end wakes one of them and not all.
 */
import { BalsaError, type Timer } from '@balsa/raft'
import { bytesEqual } from '../backend/byte-string.js'
import { toBytes } from '../calls/selection.js'
import type { BytesLike, KeyValue } from '../key-value-store.js'
import type { CoordinationEnvironment } from './environment.js'
import { KeptLease } from './kept-lease.js'
import { Waiting, type WaitingLimits } from './waiting.js'

export interface Place {
  readonly lease: KeptLease
  readonly key: Uint8Array
  readonly createRevision: number
}

export interface QueueOptions extends WaitingLimits {
  readonly ttlMs?: number | undefined
  readonly value?: BytesLike | undefined
  /** Most ms behind others. */
  readonly waitMs?: number | undefined
}

const DEFAULT_TTL_MS = 10_000
const SLASH = 0x2f
/** Contenders are looked for in so many keys at a time. Nearly always the first one is. */
export const PAGE_KEYS = 8
const FIRST_PAUSE_MS = 20
const LEAVING_MS = 250
const LONGEST_PAUSE_MS = 2000

/** After these nothing will be better the next time. */
const FINAL: ReadonlySet<string> = new Set(['INVALID', 'TOO_LARGE', 'STOPPED', 'VERSION_MISMATCH', 'MALFORMED'])

/** All keys of a queue begin with it. */
export function queuePrefix(name: BytesLike): Uint8Array {
  const bytes = toBytes(name, 'name')
  const prefix = new Uint8Array(bytes.length + 1)
  prefix.set(bytes)
  prefix[bytes.length] = SLASH
  return prefix
}

/** Waits in the queue until the place is the first. Begins anew, at the end, when its lease was lost on the way. */
export async function waitInQueue(environment: CoordinationEnvironment, prefix: Uint8Array, options: QueueOptions): Promise<Place> {
  const { clock, random } = environment
  const waiting = new Waiting(clock, 'waiting in the queue', options)
  try {
    for (let failures = 0; ; failures++) {
      const place = await tryOnce(environment, prefix, options, waiting)
      if (place !== null) return place
      if (waiting.signal.aborted) throw waiting.error
      await waiting.pause(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures) * (0.5 + random.next() / 2))
      if (waiting.signal.aborted) throw waiting.error
    }
  } finally {
    waiting.close()
  }
}

/** Null = it did not work this time. */
async function tryOnce(
  environment: CoordinationEnvironment,
  prefix: Uint8Array,
  { ttlMs = DEFAULT_TTL_MS, value = '', waitMs = Number.POSITIVE_INFINITY }: QueueOptions,
  waiting: Waiting,
): Promise<Place | null> {
  let lease: KeptLease | null = null
  try {
    lease = await KeptLease.grant(environment, ttlMs, { signal: waiting.signal })
    const key = keyOf(prefix, lease.id)
    const { createRevision } = await environment.store.put(key, value, { lease: lease.id, ifAbsent: true, signal: waiting.signal })
    const place = { lease, key, createRevision }
    await untilFirst(environment, prefix, place, waiting, waitMs)
    if (!waiting.signal.aborted && lease.remainingMs > 0) return place
  } catch (error) {
    if (error instanceof BalsaError && (FINAL.has(error.code) || error.family === 'fatal')) {
      void lease?.release()
      throw error
    }
    if (!(error instanceof BalsaError)) throw error
  }
  // Whoever gives up waits a little, so that a program that ends now leaves nothing in the queue; but not for a cluster that does not answer: the key
  // ends with its lease anyway.
  if (lease !== null) await Promise.race([lease.release(), pause(environment, LEAVING_MS)])
  return null
}

const pause = ({ clock }: CoordinationEnvironment, ms: number): Promise<void> => new Promise((resolve) => void clock.setTimer(ms, resolve))

function keyOf(prefix: Uint8Array, lease: bigint): Uint8Array {
  const digits = toBytes(lease.toString(16), 'lease')
  const key = new Uint8Array(prefix.length + digits.length)
  key.set(prefix)
  key.set(digits, prefix.length)
  return key
}

async function untilFirst(
  environment: CoordinationEnvironment,
  prefix: Uint8Array,
  place: Place,
  outer: Waiting,
  waitMs: number,
): Promise<void> {
  const waiting = new Waiting(environment.clock, 'waiting in the queue', { signal: outer.signal })
  waiting.endWith(place.lease.signal)
  const impatient = (): void => outer.giveUp(new BalsaError('DEADLINE', `it was not free within ${waitMs} ms`))
  let timer: Timer | null = null
  try {
    for (;;) {
      const { before, revision } = await lookBefore(environment, prefix, place, waiting.signal)
      if (before === null) return
      if (waitMs <= 0) impatient()
      else if (Number.isFinite(waitMs)) timer ??= environment.clock.setTimer(waitMs, impatient)
      await untilDeleted(environment, before, revision, waiting.signal)
      if (waiting.signal.aborted) throw waiting.error
    }
  } finally {
    timer?.cancel()
    waiting.close()
  }
}

/** The contender that came just before; null = nobody. LEASE_LOST (refused) when the own key is gone. */
async function lookBefore(
  { store }: CoordinationEnvironment,
  prefix: Uint8Array,
  { createRevision }: Place,
  signal: AbortSignal,
): Promise<{ readonly before: KeyValue | null; readonly revision: number }> {
  const newestFirst = { sortBy: 'createRevision', order: 'descending', keysOnly: true, limit: PAGE_KEYS, signal } as const
  let bound = createRevision
  for (;;) {
    const { entries, more, revision } = await store.range({ prefix }, { ...newestFirst, maxCreateRevision: bound })
    if (bound === createRevision && entries[0]?.createRevision !== createRevision)
      throw new BalsaError('LEASE_LOST', 'the place in the queue is gone')
    const before = entries.find((entry) => entry.createRevision < createRevision && isContender(prefix, entry))
    if (before !== undefined) return { before, revision }
    const last = entries.at(-1)
    if (!more || last === undefined) return { before: null, revision }
    bound = last.createRevision - 1
  }
}

/** Other keys may lie below the same prefix: of locks with longer names, or of users. Their keys do not end with their leases. */
export function isContender(prefix: Uint8Array, { key, lease }: KeyValue): boolean {
  return lease !== 0n && bytesEqual(key, keyOf(prefix, lease))
}

/** Returns when the key was deleted after `revision`, and perhaps for no reason: whoever calls looks again. */
export async function untilDeleted(
  { store }: CoordinationEnvironment,
  { key }: Pick<KeyValue, 'key'>,
  revision: number,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const event of store.watch(key, { fromRevision: revision + 1, only: 'deletes', signal })) {
      if (event.type === 'delete') return
    }
  } catch (error) {
    // Gone from the history: whether it was deleted is seen in the present.
    if (error instanceof BalsaError && (error.code === 'COMPACTED' || error.code === 'ABORTED')) return
    throw error
  }
}
