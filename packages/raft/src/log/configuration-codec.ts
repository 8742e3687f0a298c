/**
 * A configuration as bytes: the payload of a configuration entry, a part of snapshots and of messages, hence a part of the log format.
 *
 *   u8 format (1) | varint count, members: varint id, string address, string clientAddress, string name
 *   | varint count, voters | varint count, votersOutgoing | varint count, learners (each a varint id)
 */
import { asMemberId, type Configuration, type Member, type MemberId } from '../types.js'
import { ByteReader, ByteWriter } from '../wire/bytes.js'

const FORMAT = 1
/** An id and three empty strings. */
const SMALLEST_MEMBER_BYTES = 4

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
  return writer.take()
}

/**
 * Checks the shape only: every id is a member, none is listed twice, nobody is voter and learner. Whether the configuration may
 * follow another is for consensus to say. Throws MALFORMED (refused).
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
  reader.end()
  return { members, voters, votersOutgoing, learners }
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
