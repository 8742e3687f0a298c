import { createHash } from 'node:crypto'
import { BalsaError, asMemberId, type MemberId, type Random } from '@balsa/raft'

/** A founding member as the operator names it. */
export interface FoundingMember {
  readonly name: string
  /** `host:port` under which the others reach it. */
  readonly address: string
}

/** 48 bits: positive, exact as a number, and 12 hexadecimal digits to read. */
function idOf(parts: readonly string[]): number {
  const hash = createHash('sha256')
  // Lengths first, so that no two lists of parts give the same bytes.
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:${part}`)
  return Math.max(1, hash.digest().readUIntBE(0, 6))
}

/** A random id. Two draws, since one has no more than 32 random bits on some systems. */
export const drawId = (random: Random): number =>
  Math.max(1, Math.floor(random.next() * 2 ** 24) * 2 ** 24 + Math.floor(random.next() * 2 ** 24))

/** Stable over restarts and address changes: the same token and name always give the same member. */
export const memberIdOf = (token: string, name: string): MemberId => asMemberId(idOf(['member', token, name]))

/** Equal on all founding members exactly when they were told the same members, so a difference is noticed at the first handshake. */
export function clusterIdOf(token: string, members: readonly FoundingMember[]): number {
  const lines = members.map(({ name, address }) => JSON.stringify([name, address]))
  return idOf(['cluster', token, ...lines.sort()])
}

/** How an id is written everywhere: in logs, tables, JSON, metrics and errors. */
export const formatId = (id: number | bigint): string => id.toString(16).padStart(12, '0')

/** The inverse of {@link formatId}. INVALID (refused) for anything else. */
export function parseId(text: string): number {
  const id = /^[0-9a-f]{1,14}$/.test(text) ? Number.parseInt(text, 16) : 0
  if (!Number.isSafeInteger(id) || id === 0)
    throw new BalsaError('INVALID', `${JSON.stringify(text)} is not an id: hexadecimal digits, as status shows them`)
  return id
}
