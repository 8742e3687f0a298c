/** Answers about leases, in pages: what one lease has may be more than fits into a frame, or than should be gathered in one go. */
import type { TableReader } from '../backend/backend.js'
import type { ByteString } from '../backend/byte-string.js'
import { MAX_LEASE_PAGE, MAX_PAGE_BYTES } from '../limits.js'
import { keysOfLease, leasesFrom } from './leases.js'

export function pageOfLeases(tables: TableReader, from: bigint): { readonly leases: readonly bigint[]; readonly more: boolean } {
  const found = leasesFrom(tables, from, MAX_LEASE_PAGE + 1)
  return { leases: found.slice(0, MAX_LEASE_PAGE), more: found.length > MAX_LEASE_PAGE }
}

/** Cut behind the key that makes it too large. */
export function pageOfLeaseKeys(
  tables: TableReader,
  id: bigint,
  from: ByteString,
): { readonly keys: readonly ByteString[]; readonly more: boolean } {
  const found = keysOfLease(tables, id, from, MAX_LEASE_PAGE + 1)
  let bytes = 0
  let taken = 0
  while (taken < Math.min(found.length, MAX_LEASE_PAGE) && bytes < MAX_PAGE_BYTES) bytes += (found[taken++] ?? '').length
  return { keys: found.slice(0, taken), more: taken < found.length }
}

/** Where the page behind these begins. */
export const behindLease = (leases: readonly bigint[]): bigint => BigInt.asIntN(64, (leases.at(-1) ?? 0n) + 1n)
export const behindKey = (keys: readonly ByteString[]): ByteString => `${keys.at(-1) ?? ''}\0`
