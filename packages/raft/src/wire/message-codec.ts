/**
 * What members say to each other, as bytes:
 *
 *   u8 type | varint from | varint to | varint term | the type's own fields, in the order of its interface
 *
 * Entries of an AppendEntries carry neither index (they follow prevLogIndex) nor whole terms and times, but the difference to
 * the entry before: so indexes that jump and terms or times that fall cannot even be written down.
 * Decoding believes nothing a peer says: MALFORMED (refused) names the field. A decoded message may hold views of the given bytes.
 */
import type {
  AppendEntries,
  AppendEntriesResponse,
  Freshness,
  Health,
  InstallSnapshot,
  Message,
  MessageType,
  ReadIndexResponse,
  RequestVote,
} from '../core/messages.js'
import { invariant, unreachable } from '../errors.js'
import { decodeConfiguration, encodeConfiguration } from '../log/configuration-codec.js'
import type { Lane } from '../ports/transport.js'
import { asIndex, asMemberId, asTerm, type Entry, EntryType, type LogIndex, type MemberId, type SnapshotMeta, type Term } from '../types.js'
import { ByteReader, ByteWriter } from './bytes.js'

/** First byte of an encoded message. Part of the protocol: a number is never given to another type. */
export const MESSAGE_TYPE_CODES = {
  requestVote: 1,
  requestVoteResponse: 2,
  appendEntries: 3,
  appendEntriesResponse: 4,
  heartbeat: 5,
  heartbeatResponse: 6,
  installSnapshot: 7,
  installSnapshotResponse: 8,
  timeoutNow: 9,
  readIndexRequest: 10,
  readIndexResponse: 11,
} as const satisfies Record<MessageType, number>

const TYPES: MessageType[] = []
for (const [type, code] of Object.entries(MESSAGE_TYPE_CODES)) TYPES[code] = type as MessageType

const FLAG_PRE_VOTE = 1
const FLAG_TRANSFER = 2
/** The code on the wire is the position here, from 1; 0 = not refused. */
const READ_REFUSALS = ['NOT_LEADER', 'OVERLOADED'] as const
/** The code on the wire is the position here. */
const HEALTH: readonly Health[] = ['unknown', 'healthy', 'slow']
/** Type, term difference, time difference, length of the payload. */
const SMALLEST_ENTRY_BYTES = 4
/** Beside its payload an entry needs at most this: type, two varints of 8 bytes, a length of 5. */
const ENTRY_OVERHEAD_BYTES = 22
const ENVELOPE_BYTES = 128
/** Below this a copy out of the shared writer is cheaper than memory of its own. */
const COPY_LIMIT_BYTES = 16 * 1024

/** Shared by all calls: encoding is synchronous and every call leaves it empty. */
const scratch = new ByteWriter(COPY_LIMIT_BYTES)

/**
 * Which queue a message belongs in. Appends and their answers share one, so that answers keep the order of the appends; an answer to a
 * snapshot chunk is small and rare, and does not deserve a connection of its own.
 */
export function laneOf(message: Message): Lane {
  switch (message.type) {
    case 'appendEntries':
    case 'appendEntriesResponse':
      return 'append'
    case 'installSnapshot':
      return 'snapshot'
    default:
      return 'control'
  }
}

/** Throws INVARIANT (fatal) for entries that are not contiguous or run backwards: such a message must not exist. */
export function encodeMessage(message: Message): Uint8Array {
  const bytes = encoded(message)
  if (message.type === 'appendEntries') remember(message, bytes)
  return bytes
}

function encoded(message: Message): Uint8Array {
  const size = payloadBytes(message)
  if (size <= COPY_LIMIT_BYTES) {
    scratch.reset()
    writeMessage(scratch, message)
    return scratch.take()
  }
  const writer = new ByteWriter(size)
  writeMessage(writer, message)
  return writer.detach()
}

/** Appends the encoded message to `writer`. */
export function writeMessage(writer: ByteWriter, message: Message): void {
  const { type } = message
  writer.u8(MESSAGE_TYPE_CODES[type])
  writer.varint(message.from)
  writer.varint(message.to)
  writer.varint(message.term)
  switch (type) {
    case 'appendEntries':
      return writeAppendEntries(writer, message)
    case 'appendEntriesResponse':
      return writeAppendEntriesResponse(writer, message)
    case 'heartbeat':
      writer.varint(message.commit)
      writer.varint(message.round)
      return writeFreshness(writer, message.fresh)
    case 'heartbeatResponse':
      writer.varint(message.round)
      writer.varint(message.stamp)
      return writer.u8(HEALTH.indexOf(message.health))
    case 'requestVote':
      return writeRequestVote(writer, message)
    case 'requestVoteResponse':
      writer.boolean(message.preVote)
      return writer.boolean(message.granted)
    case 'installSnapshot':
      return writeInstallSnapshot(writer, message)
    case 'installSnapshotResponse':
      writer.varint(message.snapshotIndex)
      writer.varint(message.nextOffset)
      return writer.boolean(message.installed)
    case 'timeoutNow':
      return writer.varint(message.untilRound)
    case 'readIndexRequest':
      return writer.varint(message.request)
    case 'readIndexResponse':
      writer.varint(message.request)
      writer.u8(typeof message.index === 'number' ? 0 : READ_REFUSALS.indexOf(message.index) + 1)
      if (typeof message.index === 'number') writer.varint(message.index)
      return
    default:
      unreachable(message)
  }
}

function writeRequestVote(writer: ByteWriter, message: RequestVote): void {
  writer.u8((message.preVote ? FLAG_PRE_VOTE : 0) | (message.transfer === null ? 0 : FLAG_TRANSFER))
  writer.varint(message.lastLogIndex)
  writer.varint(message.lastLogTerm)
  if (message.transfer !== null) writer.varint(message.transfer)
}

function writeFreshness(writer: ByteWriter, fresh: Freshness | null): void {
  writer.boolean(fresh !== null)
  if (fresh === null) return
  writer.varint(fresh.stamp)
  writer.varint(fresh.index)
}

function payloadBytes(message: Message): number {
  const { type } = message
  if (type === 'installSnapshot') return message.data.length + COPY_LIMIT_BYTES
  let bytes = ENVELOPE_BYTES
  if (type === 'appendEntries') for (const entry of message.entries) bytes += entry.payload.length + ENTRY_OVERHEAD_BYTES
  return bytes
}

function writeAppendEntries(writer: ByteWriter, message: AppendEntries): void {
  writer.varint(message.prevLogIndex)
  writer.varint(message.prevLogTerm)
  writer.varint(message.leaderCommit)
  writer.varint(message.round)
  writeFreshness(writer, message.fresh)
  writer.varint(message.entries.length)
  writeEntries(writer, message)
}

/** What was encoded last: the peers of a leader are mostly sent the same entries, one after the other. */
let last: { readonly entries: readonly Entry[]; readonly prevLogTerm: Term; readonly bytes: Uint8Array } | null = null
/** Where the entries of the message that was written last begin. */
let entriesStart = 0
/** Fewer are encoded as fast as copied. */
const FEWEST_REPEATED = 4

function remember(message: AppendEntries, bytes: Uint8Array): void {
  const { entries, prevLogTerm } = message
  if (entries.length >= FEWEST_REPEATED) last = { entries, prevLogTerm, bytes: bytes.subarray(entriesStart) }
}

/** The bytes of the entries, when they are those of the last message. Each one is compared: a witness is sent others between the same ones. */
function remembered({ entries, prevLogTerm, prevLogIndex, term }: AppendEntries): Uint8Array | null {
  const count = entries.length
  if (last === null || count < FEWEST_REPEATED || last.entries.length !== count || last.prevLogTerm !== prevLogTerm) return null
  const newest = entries[count - 1]
  if (newest === undefined || newest.index !== prevLogIndex + count || newest.term > term) return null
  for (let at = 0; at < count; at++) if (entries[at] !== last.entries[at]) return null
  return last.bytes
}

function writeEntries(writer: ByteWriter, message: AppendEntries): void {
  entriesStart = writer.length
  const known = remembered(message)
  if (known !== null) return writer.raw(known)
  let index: number = message.prevLogIndex
  let term: number = message.prevLogTerm
  let timeMs = 0
  for (const entry of message.entries) {
    index += 1
    if (entry.index !== index || entry.term < term || entry.term > message.term || entry.timeMs < timeMs)
      refuseEntry(message, entry, timeMs)
    writer.u8(entry.type)
    writer.varint(entry.term - term)
    writer.varint(entry.timeMs - timeMs)
    writer.bytes(entry.payload)
    term = entry.term
    timeMs = entry.timeMs
  }
}

function refuseEntry(message: AppendEntries, entry: Entry, previousTimeMs: number): never {
  const { prevLogIndex, prevLogTerm } = message
  const { index, term, timeMs } = entry
  const state = { prevLogIndex, prevLogTerm, messageTerm: message.term, index, term, timeMs, previousTimeMs }
  invariant(false, 'entries of an AppendEntries follow each other and neither term nor time falls', state)
}

function writeAppendEntriesResponse(writer: ByteWriter, message: AppendEntriesResponse): void {
  writer.varint(message.round)
  writer.varint(message.stamp)
  writer.varint(message.matchIndex)
  writer.boolean(message.rejected !== null)
  if (message.rejected === null) return
  writer.varint(message.rejected.prevLogIndex)
  writer.varint(message.rejected.conflictTerm)
  writer.varint(message.rejected.conflictIndex)
  writer.varint(message.rejected.lastIndex)
}

function writeInstallSnapshot(writer: ByteWriter, message: InstallSnapshot): void {
  writeSnapshotMeta(writer, message.snapshot)
  writer.varint(message.offset)
  writer.bytes(message.data)
  writer.boolean(message.done)
}

function writeSnapshotMeta(writer: ByteWriter, meta: SnapshotMeta): void {
  writer.varint(meta.index)
  writer.varint(meta.term)
  writer.varint(meta.timeMs)
  writer.bytes(encodeConfiguration(meta.configuration))
  writer.varint(meta.sizeBytes)
  writer.u32(meta.checksum)
  writer.boolean(meta.form === 'state')
}

/** Throws MALFORMED (refused) unless the bytes are exactly one message that a member may send. */
export function decodeMessage(bytes: Uint8Array): Message {
  const reader: ByteReader = new ByteReader(bytes, 'message')
  const code = reader.u8('type')
  const type = TYPES[code]
  if (type === undefined) reader.fail('type', `${code} is unknown`)
  const from = readMemberId(reader, 'from')
  const to = readMemberId(reader, 'to')
  const message = readFields(reader, type, from, to, readTerm(reader, 'term'))
  reader.end()
  return message
}

function readFields(reader: ByteReader, type: MessageType, from: MemberId, to: MemberId, term: Term): Message {
  switch (type) {
    case 'appendEntries':
      return readAppendEntries(reader, from, to, term)
    case 'appendEntriesResponse':
      return readAppendEntriesResponse(reader, from, to, term)
    case 'heartbeat':
      requireLeaderTerm(reader, term)
      return { type, from, to, term, commit: readIndex(reader, 'commit'), round: reader.varint('round'), fresh: readFreshness(reader) }
    case 'heartbeatResponse':
      return { type, from, to, term, round: reader.varint('round'), stamp: reader.varint('stamp'), health: readHealth(reader) }
    case 'requestVote':
      return readRequestVote(reader, from, to, term)
    case 'requestVoteResponse':
      return { type, from, to, term, preVote: reader.boolean('preVote'), granted: reader.boolean('granted') }
    case 'installSnapshot':
      return readInstallSnapshot(reader, from, to, term)
    case 'installSnapshotResponse': {
      const snapshotIndex = readIndex(reader, 'snapshotIndex')
      const nextOffset = reader.varint('nextOffset')
      return { type, from, to, term, snapshotIndex, nextOffset, installed: reader.boolean('installed') }
    }
    case 'timeoutNow':
      requireLeaderTerm(reader, term)
      return { type, from, to, term, untilRound: reader.varint('untilRound') }
    case 'readIndexRequest':
      return { type, from, to, term, request: reader.varint('request') }
    case 'readIndexResponse': {
      const request = reader.varint('request')
      return { type, from, to, term, request, index: readReadIndex(reader) }
    }
    default:
      return unreachable(type)
  }
}

const readMemberId = (reader: ByteReader, field: string): MemberId => {
  const id = reader.varint(field)
  if (id === 0) reader.fail(field, 'a member id is greater than 0')
  return asMemberId(id)
}
const readTerm = (reader: ByteReader, field: string): Term => asTerm(reader.varint(field))
const readIndex = (reader: ByteReader, field: string): LogIndex => asIndex(reader.varint(field))

/** A term of the sender's log: never above its current term. */
function readLogTerm(reader: ByteReader, field: string, term: Term): Term {
  const value = readTerm(reader, field)
  if (value > term) reader.fail(field, `term ${value} is above the message's term ${term}`)
  return value
}

/** Term 0 belongs to index 0 and to nothing else. */
function requirePosition(reader: ByteReader, field: string, index: LogIndex, term: Term): void {
  if ((index === 0) !== (term === 0)) reader.fail(field, `index ${index} with term ${term}`)
}

/** Terms begin with an election: nobody leads term 0. */
function requireLeaderTerm(reader: ByteReader, term: Term): void {
  if (term === 0) reader.fail('term', 'nobody leads term 0')
}

function readRequestVote(reader: ByteReader, from: MemberId, to: MemberId, term: Term): RequestVote {
  const flags = reader.u8('flags')
  if (flags > (FLAG_PRE_VOTE | FLAG_TRANSFER)) reader.fail('flags', `${flags} has unknown bits`)
  const lastLogIndex = readIndex(reader, 'lastLogIndex')
  const lastLogTerm = readLogTerm(reader, 'lastLogTerm', term)
  requirePosition(reader, 'lastLogTerm', lastLogIndex, lastLogTerm)
  const preVote = (flags & FLAG_PRE_VOTE) !== 0
  const transfer = (flags & FLAG_TRANSFER) === 0 ? null : reader.varint('transfer')
  return { type: 'requestVote', from, to, term, preVote, transfer, lastLogIndex, lastLogTerm }
}

function readReadIndex(reader: ByteReader): ReadIndexResponse['index'] {
  const code = reader.u8('result')
  if (code === 0) return readIndex(reader, 'index')
  return READ_REFUSALS[code - 1] ?? reader.fail('result', `${code} is unknown`)
}

function readHealth(reader: ByteReader): Health {
  return HEALTH[reader.u8('health')] ?? reader.fail('health', 'unknown')
}

function readFreshness(reader: ByteReader): Freshness | null {
  if (!reader.boolean('fresh')) return null
  const stamp = reader.varint('fresh.stamp')
  if (stamp === 0) reader.fail('fresh.stamp', '0 is no mark')
  return { stamp, index: readIndex(reader, 'fresh.index') }
}

function readAppendEntries(reader: ByteReader, from: MemberId, to: MemberId, term: Term): AppendEntries {
  requireLeaderTerm(reader, term)
  const prevLogIndex = readIndex(reader, 'prevLogIndex')
  const prevLogTerm = readLogTerm(reader, 'prevLogTerm', term)
  requirePosition(reader, 'prevLogTerm', prevLogIndex, prevLogTerm)
  const leaderCommit = readIndex(reader, 'leaderCommit')
  const round = reader.varint('round')
  const fresh = readFreshness(reader)
  const count = reader.count('entries', SMALLEST_ENTRY_BYTES)
  if (prevLogIndex + count > Number.MAX_SAFE_INTEGER) reader.fail('entries', 'an index would exceed 2^53 - 1')
  const entries: Entry[] = []
  let entryTerm: number = prevLogTerm
  let timeMs = 0
  for (let position = 1; position <= count; position++) {
    const type = reader.u8('entries.type')
    if (type > EntryType.stripped) reader.fail('entries.type', `${type} is unknown`)
    entryTerm += reader.varint('entries.term')
    if (entryTerm > term) reader.fail('entries.term', `term ${entryTerm} is above the message's term ${term}`)
    if (entryTerm === 0) reader.fail('entries.term', 'an entry has no term')
    timeMs += reader.varint('entries.timeMs')
    if (timeMs > Number.MAX_SAFE_INTEGER) reader.fail('entries.timeMs', 'larger than 2^53 - 1')
    const payload = reader.bytes('entries.payload')
    if (type === EntryType.stripped && payload.length > 0) reader.fail('entries.payload', 'a stripped entry has none')
    entries.push({ term: asTerm(entryTerm), index: asIndex(prevLogIndex + position), type: type as EntryType, timeMs, payload })
  }
  return { type: 'appendEntries', from, to, term, prevLogIndex, prevLogTerm, leaderCommit, round, fresh, entries }
}

function readAppendEntriesResponse(reader: ByteReader, from: MemberId, to: MemberId, term: Term): AppendEntriesResponse {
  const round = reader.varint('round')
  const stamp = reader.varint('stamp')
  const matchIndex = readIndex(reader, 'matchIndex')
  if (!reader.boolean('hasRejected')) return { type: 'appendEntriesResponse', from, to, term, round, stamp, matchIndex, rejected: null }
  const rejected = {
    prevLogIndex: readIndex(reader, 'rejected.prevLogIndex'),
    conflictTerm: readLogTerm(reader, 'rejected.conflictTerm', term),
    conflictIndex: readIndex(reader, 'rejected.conflictIndex'),
    lastIndex: readIndex(reader, 'rejected.lastIndex'),
  }
  return { type: 'appendEntriesResponse', from, to, term, round, stamp, matchIndex, rejected }
}

function readInstallSnapshot(reader: ByteReader, from: MemberId, to: MemberId, term: Term): InstallSnapshot {
  requireLeaderTerm(reader, term)
  const snapshot = readSnapshotMeta(reader, term)
  const offset = reader.varint('offset')
  const data = reader.bytes('data')
  const done = reader.boolean('done')
  const end = offset + data.length
  if (end > snapshot.sizeBytes) reader.fail('data', `ends at ${end}, behind the snapshot's ${snapshot.sizeBytes} bytes`)
  if (done && end !== snapshot.sizeBytes) reader.fail('done', `the data end at ${end} of ${snapshot.sizeBytes} bytes`)
  return { type: 'installSnapshot', from, to, term, snapshot, offset, data, done }
}

function readSnapshotMeta(reader: ByteReader, term: Term): SnapshotMeta {
  const index = readIndex(reader, 'snapshot.index')
  const snapshotTerm = readLogTerm(reader, 'snapshot.term', term)
  if (index === 0) reader.fail('snapshot.index', 'a snapshot includes at least one entry')
  requirePosition(reader, 'snapshot.term', index, snapshotTerm)
  const timeMs = reader.varint('snapshot.timeMs')
  const configuration = decodeConfiguration(reader.bytes('snapshot.configuration'))
  if (configuration.voters.length === 0) reader.fail('snapshot.configuration', 'it has no voter')
  const sizeBytes = reader.varint('snapshot.sizeBytes')
  const meta = { index, term: snapshotTerm, timeMs, configuration, sizeBytes, checksum: reader.u32('snapshot.checksum') }
  return reader.boolean('snapshot.form') ? { ...meta, form: 'state' } : meta
}
