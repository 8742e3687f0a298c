/**
 * The replicated commands as bytes in the log.
 *
 *     u8 format (2) | u8 kind | body
 *     openSession   varint ttlMs | 16 bytes client nonce
 *     closeSession  varint session
 *     keepAlive     varint session
 *     put, append   stamp | bytes key | bytes value
 *     delete        stamp | bytes key
 *     compareAndPut stamp | bytes key | u8 flags (1 revision, 2 value) | [varint modRevision] | [bytes expected value] | bytes value
 *     txn           stamp | transaction (txn-codec.ts)
 *     compact       stamp | varint revision
 *     leaseGrant    stamp | 8 bytes lease (0 = choose one) | varint ttlMs
 *     leaseRevoke, leaseKeepAlive   stamp | 8 bytes lease
 *     advance       nothing: cluster time goes on, leases end, compaction goes on
 *     space         u8 full: while it is, what would add is refused
 *     alarm         u8 raise | u8 alarm (1 noSpace, 2 corrupt) | 8 bytes member
 *     stamp         varint session (0 = none) | when there is one: varint sequence | varint firstUnanswered
 *
 * Every change of layout or meaning takes a new format number. A member that meets a format or kind that it does not know must stop: it
 * can not know what the newer members did with it, and to skip it would be a silent divergence.
 */
import { BalsaError, ByteReader, ByteWriter } from '@balsa/raft'
import { CLIENT_NONCE_BYTES, MAX_LEASE_TTL_MS, MAX_REQUEST_BYTES } from './limits.js'
import { type RaisedAlarm, readAlarm, writeAlarm } from './mvcc/alarms.js'
import { readLease, readTxn, writeLease, writeTxn } from './mvcc/txn-codec.js'
import { keyRefusal, type Refusal, type Txn, txnRefusal } from './mvcc/txn.js'

const COMMAND_FORMAT = 2

const Kind = {
  openSession: 1,
  closeSession: 2,
  keepAlive: 3,
  put: 4,
  append: 5,
  delete: 6,
  compareAndPut: 7,
  txn: 8,
  compact: 9,
  leaseGrant: 10,
  leaseRevoke: 11,
  leaseKeepAlive: 12,
  advance: 13,
  space: 14,
  alarm: 15,
} as const

/**
 * Makes a write happen exactly once (thesis, section 6.3). The state machine keeps the answers of `session` from `firstUnanswered` on:
 * the client promises never to ask for anything below it again.
 */
export interface WriteStamp {
  readonly session: number
  /** 1, 2, 3 ... within the session; the same for every attempt of one write. */
  readonly sequence: number
  readonly firstUnanswered: number
}

/** What must hold for a compareAndPut to write. At least one of the two is given; both given must both hold. */
export interface Expected {
  /** Revision of the key's last write; 0 = the key is absent. Null = not compared. */
  readonly modRevision: number | null
  /** The present value; an absent key has none and never matches. Null = not compared. */
  readonly value: Uint8Array | null
}

export interface OpenSessionCommand {
  readonly type: 'openSession'
  readonly ttlMs: number
  /** Random bytes: a repeated openSession with the nonce of a living session answers that session. */
  readonly clientNonce: Uint8Array
}

export interface SessionCommand {
  readonly type: 'closeSession' | 'keepAlive'
  readonly session: number
}

interface Stamped {
  /** Null = at least once: a repeated command is applied again. */
  readonly stamp: WriteStamp | null
}

interface Write extends Stamped {
  readonly key: Uint8Array
}

export interface PutCommand extends Write {
  readonly type: 'put' | 'append'
  readonly value: Uint8Array
}

export interface DeleteCommand extends Write {
  readonly type: 'delete'
}

export interface CompareAndPutCommand extends Write {
  readonly type: 'compareAndPut'
  readonly expected: Expected
  readonly value: Uint8Array
}

export interface TxnCommand extends Stamped {
  readonly type: 'txn'
  readonly txn: Txn
}

/** Revisions below this one are readable no longer. */
export interface CompactCommand extends Stamped {
  readonly type: 'compact'
  readonly revision: number
}

export interface LeaseGrantCommand extends Stamped {
  readonly type: 'leaseGrant'
  /** 64 bits; 0n = the store chooses. */
  readonly lease: bigint
  readonly ttlMs: number
}

export interface LeaseCommand extends Stamped {
  readonly type: 'leaseRevoke' | 'leaseKeepAlive'
  readonly lease: bigint
}

export interface AdvanceCommand {
  readonly type: 'advance'
}

/** By the leader: its quota is used up, or not any more. */
export interface SpaceCommand {
  readonly type: 'space'
  readonly full: boolean
}

/** By hand. Repeated it changes nothing. */
export interface AlarmCommand {
  readonly type: 'alarm'
  /** False: it is over. */
  readonly raise: boolean
  readonly alarm: RaisedAlarm
}

/** Writes of one key. */
export type KeyWriteCommand = PutCommand | DeleteCommand | CompareAndPutCommand
/** Everything that may carry a stamp. */
export type WriteCommand = KeyWriteCommand | TxnCommand | CompactCommand | LeaseGrantCommand | LeaseCommand
export type ModelCommand = Exclude<WriteCommand, KeyWriteCommand> | AdvanceCommand | SpaceCommand | AlarmCommand
export type Command = OpenSessionCommand | SessionCommand | WriteCommand | AdvanceCommand | SpaceCommand | AlarmCommand

const NO_WRITES: ReadonlySet<Command['type']> = new Set(['openSession', 'closeSession', 'keepAlive', 'advance', 'space', 'alarm'])

export const isWrite = (command: Command): command is WriteCommand => !NO_WRITES.has(command.type)

const FLAG_REVISION = 1
const FLAG_VALUE = 2

const writer = new ByteWriter(1024)
const LARGEST_KEPT_BUFFER = 64 * 1024
/** Memory that small commands share: one of its own for each costs more than all the rest of encoding it. They end up side by side in the log, and are let go together. */
const SHARED_BYTES = 32 * 1024
const LARGEST_SHARING_BYTES = 2048
let shared = new Uint8Array(0)
let sharedUsed = 0

function taken(): Uint8Array {
  const { length } = writer
  if (length > LARGEST_KEPT_BUFFER) return writer.detach()
  if (length > LARGEST_SHARING_BYTES) return writer.take()
  if (sharedUsed + length > shared.length) {
    shared = new Uint8Array(SHARED_BYTES)
    sharedUsed = 0
  }
  const start = sharedUsed
  sharedUsed += length
  shared.set(writer.view(), start)
  return shared.subarray(start, sharedUsed)
}

/** The command as bytes that nobody changes. INVALID (refused) when a number is not a safe integer >= 0 or the nonce has the wrong length. */
export function encodeCommand(command: Command): Uint8Array {
  writer.reset()
  writer.u8(COMMAND_FORMAT)
  writer.u8(Kind[command.type])
  switch (command.type) {
    case 'openSession':
      if (command.clientNonce.length !== CLIENT_NONCE_BYTES)
        throw new BalsaError('INVALID', `the client nonce must have ${CLIENT_NONCE_BYTES} bytes`)
      writer.varint(command.ttlMs)
      writer.raw(command.clientNonce)
      break
    case 'closeSession':
    case 'keepAlive':
      writer.varint(command.session)
      break
    case 'advance':
      break
    case 'space':
      writer.boolean(command.full)
      break
    case 'alarm':
      writer.boolean(command.raise)
      writeAlarm(writer, command.alarm)
      break
    default:
      encodeWrite(command)
  }
  return taken()
}

function encodeWrite(command: WriteCommand): void {
  writer.varint(command.stamp?.session ?? 0)
  if (command.stamp !== null) {
    writer.varint(command.stamp.sequence)
    writer.varint(command.stamp.firstUnanswered)
  }
  if (command.type === 'txn') return writeTxn(writer, command.txn)
  if (command.type === 'compact') return writer.varint(command.revision)
  if ('lease' in command) {
    writeLease(writer, command.lease)
    if (command.type === 'leaseGrant') writer.varint(command.ttlMs)
    return
  }
  writer.bytes(command.key)
  if (command.type === 'delete') return
  if (command.type === 'compareAndPut') {
    const { modRevision, value } = command.expected
    writer.u8((modRevision === null ? 0 : FLAG_REVISION) | (value === null ? 0 : FLAG_VALUE))
    if (modRevision !== null) writer.varint(modRevision)
    if (value !== null) writer.bytes(value)
  }
  writer.bytes(command.value)
}

/**
 * Reads a command; its bytes are views of `bytes`. MALFORMED (refused) names the field that is wrong; VERSION_MISMATCH (refused) means a
 * format or kind that this version does not know.
 */
export function decodeCommand(bytes: Uint8Array): Command {
  const reader = new ByteReader(bytes, 'command')
  const format = reader.u8('format')
  if (format !== COMMAND_FORMAT) {
    throw new BalsaError('VERSION_MISMATCH', `command format ${format} is not known here, only ${COMMAND_FORMAT}`, {
      hint: 'Run one version on all members.',
    })
  }
  const command = decodeBody(reader, reader.u8('kind'))
  reader.end()
  return command
}

function decodeBody(reader: ByteReader, kind: number): Command {
  switch (kind) {
    case Kind.openSession:
      return { type: 'openSession', ttlMs: reader.varint('ttlMs'), clientNonce: reader.raw('clientNonce', CLIENT_NONCE_BYTES) }
    case Kind.closeSession:
      return { type: 'closeSession', session: decodeSession(reader) }
    case Kind.keepAlive:
      return { type: 'keepAlive', session: decodeSession(reader) }
    case Kind.put:
      return { type: 'put', stamp: decodeStamp(reader), key: reader.bytes('key'), value: reader.bytes('value') }
    case Kind.append:
      return { type: 'append', stamp: decodeStamp(reader), key: reader.bytes('key'), value: reader.bytes('value') }
    case Kind.delete:
      return { type: 'delete', stamp: decodeStamp(reader), key: reader.bytes('key') }
    case Kind.compareAndPut:
      return {
        type: 'compareAndPut',
        stamp: decodeStamp(reader),
        key: reader.bytes('key'),
        expected: decodeExpected(reader),
        value: reader.bytes('value'),
      }
    case Kind.txn:
      return { type: 'txn', stamp: decodeStamp(reader), txn: readTxn(reader) }
    case Kind.compact:
      return { type: 'compact', stamp: decodeStamp(reader), revision: reader.varint('revision') }
    case Kind.leaseGrant:
      return { type: 'leaseGrant', stamp: decodeStamp(reader), lease: readLease(reader), ttlMs: reader.varint('ttlMs') }
    case Kind.leaseRevoke:
      return { type: 'leaseRevoke', stamp: decodeStamp(reader), lease: readLease(reader) }
    case Kind.leaseKeepAlive:
      return { type: 'leaseKeepAlive', stamp: decodeStamp(reader), lease: readLease(reader) }
    case Kind.advance:
      return { type: 'advance' }
    case Kind.space:
      return { type: 'space', full: reader.boolean('full') }
    case Kind.alarm:
      return { type: 'alarm', raise: reader.boolean('raise'), alarm: readAlarm(reader) }
    default:
      throw new BalsaError('VERSION_MISMATCH', `command kind ${kind} is not known in format ${COMMAND_FORMAT}`, {
        hint: 'Run one version on all members.',
      })
  }
}

function decodeSession(reader: ByteReader): number {
  const session = reader.varint('session')
  if (session === 0) reader.fail('session', '0 is not a session')
  return session
}

function decodeStamp(reader: ByteReader): WriteStamp | null {
  const session = reader.varint('session')
  if (session === 0) return null
  const sequence = reader.varint('sequence')
  if (sequence === 0) reader.fail('sequence', 'sequences start at 1')
  const firstUnanswered = reader.varint('firstUnanswered')
  if (firstUnanswered === 0 || firstUnanswered > sequence) reader.fail('firstUnanswered', `${firstUnanswered} is not in 1..${sequence}`)
  return { session, sequence, firstUnanswered }
}

function decodeExpected(reader: ByteReader): Expected {
  const flags = reader.u8('flags')
  if (flags === 0 || flags > (FLAG_REVISION | FLAG_VALUE)) reader.fail('flags', `${flags} is not in 1..3`)
  return {
    modRevision: (flags & FLAG_REVISION) === 0 ? null : reader.varint('modRevision'),
    value: (flags & FLAG_VALUE) === 0 ? null : reader.bytes('expected value'),
  }
}

/**
 * Why the state machine would refuse this command whatever the state is, or null. The state machine asks it too, so a caller that asks first
 * saves a trip through the log and gets the same answer.
 */
export function refusalOf(command: Command): Refusal | null {
  if (!isWrite(command)) return null
  switch (command.type) {
    case 'txn':
      return txnRefusal(command.txn)
    case 'compact':
      return command.revision === 0 ? { code: 'INVALID', message: 'there is no revision 0' } : null
    case 'leaseGrant':
      return command.ttlMs > MAX_LEASE_TTL_MS ? { code: 'INVALID', message: `the time to live is limited to ${MAX_LEASE_TTL_MS} ms` } : null
    case 'leaseRevoke':
    case 'leaseKeepAlive':
      return null
    default:
      return keyWriteRefusal(command)
  }
}

function keyWriteRefusal(command: KeyWriteCommand): Refusal | null {
  const refusal = keyRefusal(command.key)
  if (refusal !== null) return refusal
  const expectedBytes = command.type === 'compareAndPut' ? (command.expected.value?.length ?? 0) : 0
  const total = command.key.length + expectedBytes + (command.type === 'delete' ? 0 : command.value.length)
  if (total > MAX_REQUEST_BYTES) return { code: 'TOO_LARGE', message: `the request has ${total} bytes, the limit is ${MAX_REQUEST_BYTES}` }
  return null
}
