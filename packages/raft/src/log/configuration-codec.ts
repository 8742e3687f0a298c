/**
 * A configuration as bytes: the payload of a configuration entry, a part of snapshots and of messages, hence a part of the log format.
 *
 *   u8 format (2) | varint count, members: varint id, string address, string clientAddress, string name
 *   | varint count, voters | varint count, votersOutgoing | varint count, learners (each a varint id)
 *   | varint count, joining: varint id, varint id that it replaces or 0 | varint count, witnesses | varint count, removed, ascending
 */
import { asMemberId, type Configuration, type Member, type MemberId } from '../types.js'
import { ByteReader, ByteWriter } from '../wire/bytes.js'

const FORMAT = 2
/** An id and three empty strings. */
const SMALLEST_MEMBER_BYTES = 4
const JOINING_BYTES = 2

export function encodeConfiguration(configuration: Configuration): Uint8Array {
  const writer = new ByteWriter()
  writer.u8(FORMAT)
  writer.varint(configuration.members.length)
  for (const member of configuration.members) {
    writer.varint(member.id)
    writer.string(member.address)
    writer.string(member.clientAddress)
    writer.string(member.name)
  }
  writeIds(writer, configuration.voters)
  writeIds(writer, configuration.votersOutgoing)
  writeIds(writer, configuration.learners)
  writer.varint(configuration.joining.length)
  for (const { id, replaces } of configuration.joining) {
    writer.varint(id)
    writer.varint(replaces ?? 0)
  }
  writeIds(writer, configuration.witnesses)
  writeIds(writer, configuration.removed)
  return writer.take()
}

/**
 * Checks the shape only: every id is a member, none is listed twice, nobody is voter and learner, who joins is a learner and replaces a
 * member, and who was removed is no member. Whether the configuration may follow another is for consensus to say. Throws MALFORMED (refused).
 */
export function decodeConfiguration(bytes: Uint8Array): Configuration {
  const reader = new ByteReader(bytes, 'configuration')
  const format = reader.u8('format')
  if (format !== FORMAT) reader.fail('format', `${format} is unknown, this version reads ${FORMAT}`)
  const members: Member[] = []
  const known = new Set<MemberId>()
  const count = reader.count('members', SMALLEST_MEMBER_BYTES)
  for (let position = 0; position < count; position++) {
    const id = readId(reader, 'members.id')
    if (known.has(id)) reader.fail('members.id', `${id} is listed twice`)
    known.add(id)
    members.push({
      id,
      address: reader.string('members.address'),
      clientAddress: reader.string('members.clientAddress'),
      name: reader.string('members.name'),
    })
  }
  const voters = readIds(reader, 'voters', known)
  const votersOutgoing = readIds(reader, 'votersOutgoing', known)
  const learners = readIds(reader, 'learners', known)
  const voting = new Set(voters)
  for (const id of learners) if (voting.has(id)) reader.fail('learners', `${id} is a voter too`)
  const joining = readJoining(reader, known, new Set(learners))
  const witnesses = readIds(reader, 'witnesses', known)
  const removed = readRemoved(reader, known)
  reader.end()
  return { members, voters, votersOutgoing, learners, joining, witnesses, removed }
}

function writeIds(writer: ByteWriter, ids: readonly MemberId[]): void {
  writer.varint(ids.length)
  for (const id of ids) writer.varint(id)
}

function readId(reader: ByteReader, field: string): MemberId {
  const id = reader.varint(field)
  if (id === 0) reader.fail(field, 'a member id is greater than 0')
  return asMemberId(id)
}

function readIds(reader: ByteReader, field: string, known: ReadonlySet<MemberId>): MemberId[] {
  const count = reader.count(field)
  const ids = new Set<MemberId>()
  for (let position = 0; position < count; position++) {
    const id = readId(reader, field)
    if (!known.has(id)) reader.fail(field, `${id} is not a member`)
    if (ids.has(id)) reader.fail(field, `${id} is listed twice`)
    ids.add(id)
  }
  return [...ids]
}

function readJoining(reader: ByteReader, known: ReadonlySet<MemberId>, learners: ReadonlySet<MemberId>): Configuration['joining'] {
  const count = reader.count('joining', JOINING_BYTES)
  const joining: Configuration['joining'][number][] = []
  for (let position = 0; position < count; position++) {
    const id = readId(reader, 'joining')
    const replaced = asMemberId(reader.varint('joining.replaces'))
    if (!learners.has(id)) reader.fail('joining', `${id} is not a learner`)
    if (joining.some((other) => other.id === id)) reader.fail('joining', `${id} is listed twice`)
    if (replaced !== 0 && !known.has(replaced)) reader.fail('joining.replaces', `${replaced} is not a member`)
    if (replaced === id) reader.fail('joining.replaces', `${id} cannot replace itself`)
    if (replaced !== 0 && joining.some((other) => other.replaces === replaced))
      reader.fail('joining.replaces', `${replaced} is listed twice`)
    joining.push({ id, replaces: replaced === 0 ? null : replaced })
  }
  return joining
}

function readRemoved(reader: ByteReader, known: ReadonlySet<MemberId>): MemberId[] {
  const count = reader.count('removed')
  const removed: MemberId[] = []
  for (let position = 0; position < count; position++) {
    const id = readId(reader, 'removed')
    if (known.has(id)) reader.fail('removed', `${id} is a member`)
    if (id <= (removed[position - 1] ?? 0)) reader.fail('removed', 'the ids are not ascending')
    removed.push(id)
  }
  return removed
}
