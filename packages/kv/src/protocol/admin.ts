/**
 * What operators ask of a cluster, and the answers. Inside the frames `admin` (requests.ts, responses.ts):
 *
 *     request   u8 1 members   |
 *               u8 2 change    | u8 force | varint count, changes
 *               u8 3 transfer  | varint target (0 = the member that is furthest)
 *               u8 4 stateHashes
 *               u8 5 alarms    | u8 disarm
 *     change    u8 1 add       | member | u8 promote | u8 witness
 *               u8 2 promote, 3 demote, 4 remove | varint id
 *               u8 5 replace   | varint id | member
 *               u8 6 update    | member
 *     member    varint id (0 = the cluster chooses) | string name | string address | string clientAddress
 *     answer    u8 1 members   | varint clusterId | varint leaderId | varint term | varint commitIndex | varint count, rows
 *               u8 2 changed   | varint index | varint count, ids (of the members that were added or replace others, in the order of the changes)
 *               u8 3 transferred | varint leaderId
 *               u8 4 stateHashes | varint memberId | varint count, marks: varint index, string hash
 *               u8 5 alarms    | varint count, alarms (those that are raised now) | varint count, alarms (those that were cleared)
 *     alarm     as in the state (mvcc/alarms.ts) | u8 by hand
 *     row       member | u8 role | u8 stage | varint replaces (0 = nobody) | varint rounds | varint lag | u8 healthy | varint heardMsAgo
 *               | u8 sending
 */
import { asMemberId, type ByteReader, type ByteWriter, type Member, type MembershipChange } from '@balsa/raft'
import type { HashMark } from '../hash-marks.js'
import { type RaisedAlarm, readAlarm, writeAlarm } from '../mvcc/alarms.js'

export type AdminRequest =
  | { readonly type: 'members' }
  /** A member with id 0 gets an id from the cluster. */
  | { readonly type: 'change'; readonly changes: readonly MembershipChange[]; readonly force: boolean }
  /** Null: the voter that is furthest. */
  | { readonly type: 'transfer'; readonly target: number | null }
  /** Of the asked member itself, whoever leads. */
  | { readonly type: 'stateHashes' }
  /** `disarm`: clears what was raised by hand. */
  | { readonly type: 'alarms'; readonly disarm: boolean }

/** What concerns the cluster: any member that leads may be asked, and another one when that one falls silent. */
export type LeaderRequest = Exclude<AdminRequest, { readonly type: 'stateHashes' }>

/** `voter`, `learner`: as in the configuration. `witness`: votes and holds no data, or is on the way to it. */
export type MembershipRole = 'voter' | 'learner' | 'witness'

/** `joining`: becomes a voter by itself once it keeps up. `leaving`: goes when the change that is under way ends. */
export type MembershipStage = 'settled' | 'joining' | 'leaving'

/** One member, as its leader sees it. */
export interface MemberDetail {
  readonly id: number
  readonly name: string
  /** Where peers reach it. */
  readonly address: string
  /** Where clients reach it; empty when unknown. */
  readonly clientAddress: string
  readonly role: MembershipRole
  readonly stage: MembershipStage
  /** The member that goes when this one comes in. */
  readonly replaces: number | null
  /** Rounds of catching up that it has ended; 0 unless it is joining. */
  readonly rounds: number
  /** Entries that it is not known to have on disk. */
  readonly lag: number
  /** Heard by the leader within two election time-outs. */
  readonly healthy: boolean
  /** Time since the leader last heard it. */
  readonly heardMsAgo: number
  /** How the leader feeds it: `probe` looks for the point where the logs agree, `snapshot` sends the whole state. */
  readonly sending: 'self' | 'probe' | 'replicate' | 'snapshot'
}

export interface MembersView {
  readonly clusterId: number
  /** The member that answers. */
  readonly leaderId: number
  readonly term: number
  readonly commitIndex: number
  readonly members: readonly MemberDetail[]
}

/** An alarm, and the member that it is about. */
export interface AlarmDetail extends RaisedAlarm {
  /** An operator raised it, and can clear it. Others last as long as what they tell of. */
  readonly byHand: boolean
}

export interface AlarmsView {
  /** Those that are raised now. */
  readonly alarms: readonly AlarmDetail[]
  /** Those that this request has cleared. */
  readonly cleared: readonly AlarmDetail[]
}

export type AdminAnswer =
  | { readonly type: 'members'; readonly view: MembersView }
  | { readonly type: 'changed'; readonly index: number; readonly ids: readonly number[] }
  | { readonly type: 'transferred'; readonly leaderId: number }
  | { readonly type: 'stateHashes'; readonly memberId: number; readonly marks: readonly HashMark[] }
  | ({ readonly type: 'alarms' } & AlarmsView)

const REQUESTS = { members: 1, change: 2, transfer: 3, stateHashes: 4, alarms: 5 } as const
const CHANGES = { add: 1, promote: 2, demote: 3, remove: 4, replace: 5, update: 6 } as const
const ANSWERS = { members: 1, changed: 2, transferred: 3, stateHashes: 4, alarms: 5 } as const
/** Position = number on the wire: only ever append. */
const ROLES: readonly MembershipRole[] = ['voter', 'learner', 'witness']
const STAGES: readonly MembershipStage[] = ['settled', 'joining', 'leaving']
const SENDING: readonly MemberDetail['sending'][] = ['self', 'probe', 'replicate', 'snapshot']
const SMALLEST_CHANGE_BYTES = 2
const SMALLEST_ROW_BYTES = 12
const SMALLEST_MARK_BYTES = 2
const SMALLEST_ALARM_BYTES = 10

export function writeAdminRequest(writer: ByteWriter, request: AdminRequest): void {
  writer.u8(REQUESTS[request.type])
  if (request.type === 'transfer') writer.varint(request.target ?? 0)
  if (request.type === 'alarms') writer.boolean(request.disarm)
  if (request.type !== 'change') return
  writer.boolean(request.force)
  writer.varint(request.changes.length)
  for (const change of request.changes) writeChange(writer, change)
}

export function readAdminRequest(reader: ByteReader): AdminRequest {
  const type = reader.u8('admin type')
  switch (type) {
    case REQUESTS.members:
      return { type: 'members' }
    case REQUESTS.stateHashes:
      return { type: 'stateHashes' }
    case REQUESTS.alarms:
      return { type: 'alarms', disarm: reader.boolean('disarm') }
    case REQUESTS.transfer: {
      const target = reader.varint('target')
      return { type: 'transfer', target: target === 0 ? null : target }
    }
    case REQUESTS.change: {
      const force = reader.boolean('force')
      const changes: MembershipChange[] = []
      for (let left = reader.count('changes', SMALLEST_CHANGE_BYTES); left > 0; left--) changes.push(readChange(reader))
      return { type: 'change', changes, force }
    }
    default:
      return reader.fail('admin type', `${type} is unknown`)
  }
}

function writeChange(writer: ByteWriter, change: MembershipChange): void {
  writer.u8(CHANGES[change.type])
  if ('id' in change) writer.varint(change.id)
  if ('member' in change) writeMember(writer, change.member)
  if (change.type !== 'add') return
  writer.boolean(change.promote)
  writer.boolean(change.witness)
}

function readChange(reader: ByteReader): MembershipChange {
  const type = reader.u8('change type')
  switch (type) {
    case CHANGES.add:
      return { type: 'add', member: readMember(reader), promote: reader.boolean('promote'), witness: reader.boolean('witness') }
    case CHANGES.promote:
      return { type: 'promote', id: asMemberId(reader.varint('id')) }
    case CHANGES.demote:
      return { type: 'demote', id: asMemberId(reader.varint('id')) }
    case CHANGES.remove:
      return { type: 'remove', id: asMemberId(reader.varint('id')) }
    case CHANGES.replace:
      return { type: 'replace', id: asMemberId(reader.varint('id')), member: readMember(reader) }
    case CHANGES.update:
      return { type: 'update', member: readMember(reader) }
    default:
      return reader.fail('change type', `${type} is unknown`)
  }
}

type Described = Pick<MemberDetail, 'id' | 'name' | 'address' | 'clientAddress'>

function writeMember(writer: ByteWriter, member: Described): void {
  writer.varint(member.id)
  for (const text of [member.name, member.address, member.clientAddress]) writer.string(text)
}

function readMember(reader: ByteReader): Member {
  return {
    id: asMemberId(reader.varint('member id')),
    name: reader.string('member name'),
    address: reader.string('member address'),
    clientAddress: reader.string('member clientAddress'),
  }
}

export function writeAdminAnswer(writer: ByteWriter, answer: AdminAnswer): void {
  writer.u8(ANSWERS[answer.type])
  if (answer.type === 'transferred') return writer.varint(answer.leaderId)
  if (answer.type === 'members') return writeView(writer, answer.view)
  if (answer.type === 'stateHashes') return writeMarks(writer, answer.memberId, answer.marks)
  if (answer.type === 'alarms') {
    writeAlarms(writer, answer.alarms)
    return writeAlarms(writer, answer.cleared)
  }
  writer.varint(answer.index)
  writer.varint(answer.ids.length)
  for (const id of answer.ids) writer.varint(id)
}

export function readAdminAnswer(reader: ByteReader): AdminAnswer {
  const type = reader.u8('admin type')
  switch (type) {
    case ANSWERS.members:
      return { type: 'members', view: readView(reader) }
    case ANSWERS.transferred:
      return { type: 'transferred', leaderId: reader.varint('leaderId') }
    case ANSWERS.stateHashes: {
      const memberId = reader.varint('memberId')
      const marks: HashMark[] = []
      for (let left = reader.count('marks', SMALLEST_MARK_BYTES); left > 0; left--)
        marks.push({ index: reader.varint('index'), hash: reader.string('hash') })
      return { type: 'stateHashes', memberId, marks }
    }
    case ANSWERS.alarms:
      return { type: 'alarms', alarms: readAlarms(reader), cleared: readAlarms(reader) }
    case ANSWERS.changed: {
      const index = reader.varint('index')
      const ids: number[] = []
      for (let left = reader.count('ids'); left > 0; left--) ids.push(reader.varint('id'))
      return { type: 'changed', index, ids }
    }
    default:
      return reader.fail('admin type', `${type} is unknown`)
  }
}

function writeMarks(writer: ByteWriter, memberId: number, marks: readonly HashMark[]): void {
  writer.varint(memberId)
  writer.varint(marks.length)
  for (const { index, hash } of marks) {
    writer.varint(index)
    writer.string(hash)
  }
}

function writeAlarms(writer: ByteWriter, alarms: readonly AlarmDetail[]): void {
  writer.varint(alarms.length)
  for (const alarm of alarms) {
    writeAlarm(writer, alarm)
    writer.boolean(alarm.byHand)
  }
}

/** Members are told without their sign. */
function readAlarms(reader: ByteReader): AlarmDetail[] {
  const alarms: AlarmDetail[] = []
  for (let left = reader.count('alarms', SMALLEST_ALARM_BYTES); left > 0; left--) {
    const { kind, member } = readAlarm(reader)
    alarms.push({ kind, member: BigInt.asUintN(64, member), byHand: reader.boolean('byHand') })
  }
  return alarms
}

function writeView(writer: ByteWriter, view: MembersView): void {
  for (const field of ['clusterId', 'leaderId', 'term', 'commitIndex'] as const) writer.varint(view[field])
  writer.varint(view.members.length)
  for (const member of view.members) {
    writeMember(writer, member)
    writeMembershipRole(writer, member.role)
    writer.u8(STAGES.indexOf(member.stage))
    writer.varint(member.replaces ?? 0)
    writer.varint(member.rounds)
    writer.varint(member.lag)
    writer.boolean(member.healthy)
    writer.varint(member.heardMsAgo)
    writer.u8(SENDING.indexOf(member.sending))
  }
}

function readView(reader: ByteReader): MembersView {
  const clusterId = reader.varint('clusterId')
  const leaderId = reader.varint('leaderId')
  const term = reader.varint('term')
  const commitIndex = reader.varint('commitIndex')
  const members: MemberDetail[] = []
  for (let left = reader.count('members', SMALLEST_ROW_BYTES); left > 0; left--) members.push(readRow(reader))
  return { clusterId, leaderId, term, commitIndex, members }
}

export const writeMembershipRole = (writer: ByteWriter, role: MembershipRole): void => writer.u8(ROLES.indexOf(role))

export const readMembershipRole = (reader: ByteReader): MembershipRole => ROLES[reader.u8('role')] ?? reader.fail('role', 'unknown')

function readRow(reader: ByteReader): MemberDetail {
  const member = readMember(reader)
  const role = readMembershipRole(reader)
  const stage = STAGES[reader.u8('stage')] ?? reader.fail('stage', 'unknown')
  const replaces = reader.varint('replaces')
  return {
    ...member,
    role,
    stage,
    replaces: replaces === 0 ? null : replaces,
    rounds: reader.varint('rounds'),
    lag: reader.varint('lag'),
    healthy: reader.boolean('healthy'),
    heardMsAgo: reader.varint('heardMsAgo'),
    sending: SENDING[reader.u8('sending')] ?? reader.fail('sending', 'unknown'),
  }
}
