/** What a member says about itself to clients and operators, and its bytes. */
import type { ByteReader, ByteWriter } from '@balsa/raft'
import { type MembershipRole, readMembershipRole, writeMembershipRole } from './admin.js'

export type MemberRole = 'follower' | 'preCandidate' | 'candidate' | 'leader'

export interface MemberSummary {
  readonly id: number
  readonly name: string
  /** Where peers reach it. */
  readonly address: string
  /** Where clients reach it; empty when it serves none. */
  readonly clientAddress: string
  readonly role: MembershipRole
}

export interface MemberStatus {
  readonly clusterId: number
  readonly memberId: number
  readonly name: string
  /** Version of the software. */
  readonly version: string
  readonly role: MemberRole
  readonly term: number
  /** Null when it knows of no leader. */
  readonly leaderId: number | null
  /** Client address of the leader; empty when unknown. */
  readonly leaderAddress: string
  readonly commitIndex: number
  readonly appliedIndex: number
  readonly firstIndex: number
  readonly lastIndex: number
  readonly snapshotIndex: number
  readonly logBytes: number
  readonly revision: number
  readonly keys: number
  readonly dataBytes: number
  readonly sessions: number
  /** Chain over all commands and results up to `stateHashIndex`: members with equal indexes and different hashes have diverged. */
  readonly stateHash: string
  readonly stateHashIndex: number
  readonly members: readonly MemberSummary[]
}

/** Position = number on the wire: only ever append. */
const ROLES: readonly MemberRole[] = ['follower', 'preCandidate', 'candidate', 'leader']

const NUMBERS = [
  'clusterId',
  'memberId',
  'term',
  'commitIndex',
  'appliedIndex',
  'firstIndex',
  'lastIndex',
  'snapshotIndex',
  'logBytes',
  'revision',
  'keys',
  'dataBytes',
  'sessions',
  'stateHashIndex',
] as const satisfies readonly (keyof MemberStatus)[]

const TEXTS = ['name', 'version', 'leaderAddress', 'stateHash'] as const satisfies readonly (keyof MemberStatus)[]

/** A member is at least an id, three empty texts and a flag. */
const SMALLEST_MEMBER_BYTES = 5

export function writeStatus(writer: ByteWriter, status: MemberStatus): void {
  for (const field of NUMBERS) writer.varint(status[field])
  for (const field of TEXTS) writer.string(status[field])
  writer.u8(ROLES.indexOf(status.role))
  writer.varint(status.leaderId ?? 0)
  writer.varint(status.members.length)
  for (const member of status.members) {
    writer.varint(member.id)
    writer.string(member.name)
    writer.string(member.address)
    writer.string(member.clientAddress)
    writeMembershipRole(writer, member.role)
  }
}

export function readStatus(reader: ByteReader): MemberStatus {
  const numbers = readFields(NUMBERS, (field) => reader.varint(field))
  const texts = readFields(TEXTS, (field) => reader.string(field))
  const role = ROLES[reader.u8('role')]
  if (role === undefined) reader.fail('role', 'unknown')
  const leaderId = reader.varint('leaderId')
  const members: MemberSummary[] = []
  for (let left = reader.count('members', SMALLEST_MEMBER_BYTES); left > 0; left--) {
    members.push({
      id: reader.varint('member id'),
      name: reader.string('member name'),
      address: reader.string('member address'),
      clientAddress: reader.string('member clientAddress'),
      role: readMembershipRole(reader),
    })
  }
  return { ...numbers, ...texts, role, leaderId: leaderId === 0 ? null : leaderId, members }
}

/** Only ever with the fixed field names above: no name comes from the wire. */
function readFields<Field extends string, Value>(fields: readonly Field[], read: (field: Field) => Value): Record<Field, Value> {
  return Object.fromEntries(fields.map((field) => [field, read(field)])) as Record<Field, Value>
}
