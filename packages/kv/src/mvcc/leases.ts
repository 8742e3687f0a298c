/**
 * Leases: ids with a deadline in cluster time, and the keys that vanish with them.
 *
 * A deadline is the cluster time of the command that granted or renewed the lease, plus its time to live; every renewal goes through the log, so all
 * members know the same deadlines, and a new leader gives neither more nor less. Cluster time moves by the leader's monotonic clock and stands
 * still while there is no leader: it can lag behind real time, never run ahead. So a lease ends late at times, and never earlier than its time
 * to live after the request was *sent* that granted or renewed it; that is from when its owner must count. A lease ends in the first command
 * whose cluster time is greater than the deadline, whatever that command is; while nothing is written the leader proposes empty ones. From then on it cannot
 * be renewed or used; its keys go in that command too, or, of a lease with very many, a counted number with each command.
 */
import { BalsaError, ByteReader, ByteWriter } from '@balsa/raft'
import type { TableReader, WriteBatch } from '../backend/backend.js'
import type { ByteString } from '../backend/byte-string.js'
import { behindPrefix, LEASE_BYTES, leaseAt, leaseKey, u64At, u64Key } from './table-keys.js'
import type { VersionWriter } from './writer.js'

export interface Lease {
  readonly id: bigint
  readonly ttlMs: number
  /** Cluster time; it ends when time is greater. */
  readonly deadlineMs: number
}

const EMPTY = new Uint8Array(0)
const DEADLINE_BYTES = 8
const writer = new ByteWriter(32)

function encodeLease(lease: Lease): Uint8Array {
  writer.reset()
  writer.varint(lease.ttlMs)
  writer.varint(lease.deadlineMs)
  return writer.take()
}

/** MALFORMED (refused) when the bytes are none. */
export function decodeLease(id: bigint, bytes: Uint8Array): Lease {
  const reader = new ByteReader(bytes, 'lease')
  const lease = { id, ttlMs: reader.varint('ttlMs'), deadlineMs: reader.varint('deadlineMs') }
  reader.end()
  return lease
}

const deadlineKey = ({ id, deadlineMs }: Lease): string => u64Key(deadlineMs) + leaseKey(id)

/** The lease, whether overdue or not. */
export function leaseOf(tables: TableReader, id: bigint): Lease | undefined {
  const bytes = tables.get('leases', leaseKey(id))
  if (bytes === undefined) return undefined
  try {
    return decodeLease(id, bytes)
  } catch (cause) {
    throw new BalsaError('CORRUPT', 'a lease of the key/value state cannot be read', { cause })
  }
}

export const livingLease = (tables: TableReader, id: bigint, timeMs: number): Lease | undefined => {
  const lease = leaseOf(tables, id)
  return lease === undefined || timeMs > lease.deadlineMs ? undefined : lease
}

/** Up to `limit` ids from this one on, in the order of their unsigned bits. */
export const leasesFrom = (tables: TableReader, from: bigint, limit: number): bigint[] =>
  tables.keys('leases', { from: leaseKey(from), to: null }, limit).map((key) => leaseAt(key, 0))

/** The first keys attached to the lease from this one on, in their order. */
export function keysOfLease(tables: TableReader, id: bigint, from: ByteString, limit: number): string[] {
  const prefix = leaseKey(id)
  return tables.keys('leaseKeys', { from: prefix + from, to: behindPrefix(prefix) }, limit).map((key) => key.slice(LEASE_BYTES))
}

/** Deadline of the lease that ends first; null = there is none. */
function earliestDeadlineMs(tables: TableReader): number | null {
  const [first] = tables.keys('leaseDeadlines', { from: '', to: null }, 1)
  return first === undefined ? null : u64At(first, 0)
}

/** Remembers when the first lease ends, so that not every command has to ask the tables. */
export class LeaseClock {
  #earliestMs: number | null | undefined = undefined

  earliestMs(tables: TableReader): number | null {
    if (this.#earliestMs === undefined) this.#earliestMs = earliestDeadlineMs(tables)
    return this.#earliestMs
  }

  /** After every change of a deadline. */
  changed(): void {
    this.#earliestMs = undefined
  }
}

/** Up to `most` leases whose deadline has passed, earliest first. */
export function overdueLeases(tables: TableReader, timeMs: number, most: number): bigint[] {
  return tables.keys('leaseDeadlines', { from: '', to: u64Key(timeMs) }, most).map((key) => leaseAt(key, DEADLINE_BYTES))
}

/** Grants, or renews: the deadline counts from `timeMs`. */
export function setLease(batch: WriteBatch, id: bigint, ttlMs: number, timeMs: number): Lease {
  const before = leaseOf(batch, id)
  if (before !== undefined) batch.delete('leaseDeadlines', deadlineKey(before))
  const lease = { id, ttlMs, deadlineMs: timeMs + ttlMs }
  batch.put('leases', leaseKey(id), encodeLease(lease))
  batch.put('leaseDeadlines', deadlineKey(lease), EMPTY)
  return lease
}

/**
 * Ends a lease and deletes its keys, in their order, but not more than so many. Answers how many there were; the caller finishes the revision. A lease that has more stays, as one whose time
 * is over, until commands that come later have deleted the rest: so no command takes long.
 */
export function endLease(batch: WriteBatch, versions: VersionWriter, lease: Lease, most: number): number {
  const keys = keysOfLease(batch, lease.id, '', most + 1)
  const isLast = keys.length <= most
  if (!isLast) keys.pop()
  for (const key of keys) versions.remove(key)
  batch.delete('leaseDeadlines', deadlineKey(lease))
  if (isLast) batch.delete('leases', leaseKey(lease.id))
  else {
    const over = { ...lease, deadlineMs: 0 }
    batch.put('leases', leaseKey(lease.id), encodeLease(over))
    batch.put('leaseDeadlines', deadlineKey(over), EMPTY)
  }
  return keys.length
}
