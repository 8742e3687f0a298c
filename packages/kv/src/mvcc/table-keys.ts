/**
 * How keys, revisions and leases become keys of the tables:
 *
 *     current         key                                  record (record.ts) of every living key
 *     history         u64be revision | u32be place         what happened, and what was before (history.ts)
 *     past            escaped key | u64be revision         u32be place of the event: each deletion, and now and then a write, so that nobody has far to go
 *     chains          escaped key | u64be first revision   u64be revision | u32be place of the event that ended this run of appends, and has the bytes of all of it
 *     leases          u64be id                             lease (leases.ts)
 *     leaseKeys       u64be id | key                       nothing
 *     leaseDeadlines  u64be ms | u64be id                  nothing
 *
 * Escaped: every zero byte is followed by 0xff, and two zero bytes end the key; so keys keep their order whatever follows them.
 */
import type { ByteString } from '../backend/byte-string.js'

const TWO_32 = 0x1_0000_0000
const REVISION_BYTES = 8
const PLACE_BYTES = 4
const TERMINATOR = '\0\0'

/** A safe integer >= 0 as 8 bytes, highest first. */
export function u64Key(value: number): ByteString {
  const high = Math.floor(value / TWO_32)
  return String.fromCharCode(
    high >>> 24,
    (high >>> 16) & 0xff,
    (high >>> 8) & 0xff,
    high & 0xff,
    (value >>> 24) & 0xff,
    (value >>> 16) & 0xff,
    (value >>> 8) & 0xff,
    value & 0xff,
  )
}

export function u32At(key: ByteString, at: number): number {
  return ((key.charCodeAt(at) << 24) | (key.charCodeAt(at + 1) << 16) | (key.charCodeAt(at + 2) << 8) | key.charCodeAt(at + 3)) >>> 0
}

export const u64At = (key: ByteString, at: number): number => u32At(key, at) * TWO_32 + u32At(key, at + 4)

const escaped = (key: ByteString): ByteString => (key.includes('\0') ? key.replaceAll('\0', '\0\u00ff') : key)

export const pastKey = (key: ByteString, revision: number): ByteString => escaped(key) + TERMINATOR + u64Key(revision)

/** Below all versions of the key. */
export const pastFrom = (key: ByteString): ByteString => escaped(key) + TERMINATOR

export interface Version {
  readonly key: ByteString
  readonly revision: number
}

export function versionOf(pastTableKey: ByteString): Version {
  const key = pastTableKey.slice(0, -(REVISION_BYTES + TERMINATOR.length))
  return {
    key: key.includes('\0') ? key.replaceAll('\0\u00ff', '\0') : key,
    revision: u64At(pastTableKey, pastTableKey.length - REVISION_BYTES),
  }
}

/** Behind all versions of the key. */
export const pastEnd = (key: ByteString): ByteString => `${escaped(key)}\0\u0001`

export const u32Key = (value: number): ByteString =>
  String.fromCharCode(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff)

export const historyKey = (revision: number, place: number): ByteString => u64Key(revision) + u32Key(place)
export const revisionOf = (historyTableKey: ByteString): number => u64At(historyTableKey, 0)
export const placeOf = (historyTableKey: ByteString): number => u32At(historyTableKey, REVISION_BYTES)
export const HISTORY_KEY_BYTES: number = REVISION_BYTES + PLACE_BYTES

/** A 64-bit number, of either sign, as 8 bytes. */
export function leaseKey(id: bigint): ByteString {
  const bits = BigInt.asUintN(64, id)
  const high = Number(bits >> 32n)
  return u64Key(high).slice(4) + u64Key(Number(bits & 0xffff_ffffn)).slice(4)
}

export const leaseAt = (key: ByteString, at: number): bigint =>
  BigInt.asIntN(64, (BigInt(u32At(key, at)) << 32n) | BigInt(u32At(key, at + 4)))

export const LEASE_BYTES = 8

/** The first key that is behind all that begin with `prefix`; null when there is none. */
export function behindPrefix(prefix: ByteString): ByteString | null {
  for (let at = prefix.length - 1; at >= 0; at--) {
    const byte = prefix.charCodeAt(at)
    if (byte < 0xff) return prefix.slice(0, at) + String.fromCharCode(byte + 1)
  }
  return null
}
