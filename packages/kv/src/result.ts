/** What the state machine answers, and its bytes on the wire and in snapshots. */
import { type ByteReader, ByteWriter, type ErrorCode, unreachable } from '@balsa/raft'
import { MAX_KEPT_ANSWER_BYTES } from './limits.js'
import type { OperationOutcome } from './mvcc/execute-txn.js'
import { readLease, readOutcome, writeLease, writeOutcome } from './mvcc/txn-codec.js'
import type { StateHash } from './state-hash.js'

/** What is known about a key beside its value. */
export interface KeyMetadata {
  /** Revision of the write that created this generation of the key. */
  readonly createRevision: number
  /** Revision of its last write. */
  readonly modRevision: number
  /** Writes since it was created: 1 for the first. */
  readonly version: number
}

/** Codes of a refusal by the state machine itself: every member answers the same. */
export const REFUSAL_CODES = [
  'INVALID',
  'TOO_LARGE',
  'SESSION_EXPIRED',
  'SESSION_LIMIT',
  'STALE_REQUEST',
  'COMPACTED',
  'FUTURE_REVISION',
  'DUPLICATE_KEY',
  'TOO_MANY_OPERATIONS',
  'KEY_NOT_FOUND',
  'LEASE_NOT_FOUND',
  'LEASE_EXISTS',
  'NO_SPACE',
  'CORRUPT_ALARM',
] as const satisfies readonly ErrorCode[]
export type RefusalCode = (typeof REFUSAL_CODES)[number]

/** `revision` is always the store's revision after the command. */
export type CommandResult =
  | { readonly type: 'sessionOpened'; readonly session: number; readonly ttlMs: number }
  | { readonly type: 'sessionAlive' }
  | { readonly type: 'sessionClosed' }
  /** `metadata` of the key as it is now, `previous` as it was before (null = it was absent), and the bytes of its value now. */
  | { readonly type: 'written'; readonly metadata: KeyMetadata; readonly previous: KeyMetadata | null; readonly valueBytes: number }
  /** `previous` null = there was nothing to delete, and no revision was taken. */
  | { readonly type: 'deleted'; readonly revision: number; readonly previous: KeyMetadata | null }
  /** Nothing was written; `actual` is what the key is (null = absent). */
  | { readonly type: 'compareFailed'; readonly revision: number; readonly actual: KeyMetadata | null }
  /** `responses` null = the answer was too long to be kept, and this one is to a repetition: the transaction was done. */
  | {
      readonly type: 'txn'
      readonly revision: number
      readonly succeeded: boolean
      readonly responses: readonly OperationOutcome[] | null
    }
  | { readonly type: 'compacted'; readonly revision: number }
  | { readonly type: 'leaseGranted'; readonly lease: bigint; readonly ttlMs: number; readonly revision: number }
  | { readonly type: 'leaseRevoked'; readonly revision: number; readonly deleted: number }
  /** `ttlMs` 0 = there is no such lease (any more). */
  | { readonly type: 'leaseKept'; readonly lease: bigint; readonly ttlMs: number; readonly revision: number }
  | { readonly type: 'advanced' }
  | { readonly type: 'refused'; readonly code: RefusalCode }

const Kind = {
  sessionOpened: 1,
  sessionAlive: 2,
  sessionClosed: 3,
  written: 4,
  deleted: 5,
  compareFailed: 6,
  refused: 7,
  txn: 8,
  compacted: 9,
  leaseGranted: 10,
  leaseRevoked: 11,
  leaseKept: 12,
  advanced: 13,
} as const

export function writeMetadata(writer: ByteWriter, metadata: KeyMetadata): void {
  writer.varint(metadata.createRevision)
  writer.varint(metadata.modRevision)
  writer.varint(metadata.version)
}

export function readMetadata(reader: ByteReader): KeyMetadata {
  const createRevision = reader.varint('createRevision')
  const modRevision = reader.varint('modRevision')
  const version = reader.varint('version')
  if (createRevision === 0 || modRevision < createRevision || version === 0) reader.fail('metadata', 'revisions of no possible key')
  return { createRevision, modRevision, version }
}

function writeOptionalMetadata(writer: ByteWriter, metadata: KeyMetadata | null): void {
  writer.boolean(metadata !== null)
  if (metadata !== null) writeMetadata(writer, metadata)
}

const readOptionalMetadata = (reader: ByteReader, field: string): KeyMetadata | null =>
  reader.boolean(field) ? readMetadata(reader) : null

export function writeResult(writer: ByteWriter, result: CommandResult): void {
  writer.u8(Kind[result.type])
  switch (result.type) {
    case 'sessionOpened':
      writer.varint(result.session)
      writer.varint(result.ttlMs)
      return
    case 'sessionAlive':
    case 'sessionClosed':
      return
    case 'written':
      writeMetadata(writer, result.metadata)
      writeOptionalMetadata(writer, result.previous)
      writer.varint(result.valueBytes)
      return
    case 'deleted':
      writer.varint(result.revision)
      writeOptionalMetadata(writer, result.previous)
      return
    case 'compareFailed':
      writer.varint(result.revision)
      writeOptionalMetadata(writer, result.actual)
      return
    case 'refused':
      writer.u8(REFUSAL_CODES.indexOf(result.code))
      return
    case 'txn':
      writer.varint(result.revision)
      writer.boolean(result.responses !== null)
      if (result.responses === null) return writer.boolean(result.succeeded)
      return writeOutcome(writer, { succeeded: result.succeeded, responses: result.responses })
    case 'compacted':
      return writer.varint(result.revision)
    case 'leaseGranted':
    case 'leaseKept':
      writeLease(writer, result.lease)
      writer.varint(result.ttlMs)
      return writer.varint(result.revision)
    case 'leaseRevoked':
      writer.varint(result.revision)
      return writer.varint(result.deleted)
    case 'advanced':
      return
    default:
      unreachable(result)
  }
}

export function readResult(reader: ByteReader): CommandResult {
  const kind = reader.u8('result kind')
  switch (kind) {
    case Kind.sessionOpened:
      return { type: 'sessionOpened', session: reader.varint('session'), ttlMs: reader.varint('ttlMs') }
    case Kind.sessionAlive:
      return { type: 'sessionAlive' }
    case Kind.sessionClosed:
      return { type: 'sessionClosed' }
    case Kind.written:
      return {
        type: 'written',
        metadata: readMetadata(reader),
        previous: readOptionalMetadata(reader, 'previous'),
        valueBytes: reader.varint('valueBytes'),
      }
    case Kind.deleted:
      return { type: 'deleted', revision: reader.varint('revision'), previous: readOptionalMetadata(reader, 'previous') }
    case Kind.compareFailed:
      return { type: 'compareFailed', revision: reader.varint('revision'), actual: readOptionalMetadata(reader, 'actual') }
    case Kind.refused: {
      const code = REFUSAL_CODES[reader.u8('refusal code')]
      if (code === undefined) reader.fail('refusal code', 'unknown')
      return { type: 'refused', code }
    }
    case Kind.txn:
      return readTxnResult(reader)
    case Kind.compacted:
      return { type: 'compacted', revision: reader.varint('revision') }
    case Kind.leaseGranted:
    case Kind.leaseKept: {
      const type = kind === Kind.leaseKept ? 'leaseKept' : 'leaseGranted'
      return { type, lease: readLease(reader), ttlMs: reader.varint('ttlMs'), revision: reader.varint('revision') }
    }
    case Kind.leaseRevoked:
      return { type: 'leaseRevoked', revision: reader.varint('revision'), deleted: reader.varint('deleted') }
    case Kind.advanced:
      return { type: 'advanced' }
    default:
      return reader.fail('result kind', `${kind} is unknown`)
  }
}

function readTxnResult(reader: ByteReader): CommandResult {
  const revision = reader.varint('revision')
  if (!reader.boolean('kept')) return { type: 'txn', revision, succeeded: reader.boolean('succeeded'), responses: null }
  return { type: 'txn', revision, ...readOutcome(reader) }
}

/** What a session keeps of an answer: a long one would be held in memory for every repetition that may never come. */
export function keptResult(result: CommandResult): CommandResult {
  if (result.type !== 'txn' || result.responses === null) return result
  return encodedBytes(result).length > MAX_KEPT_ANSWER_BYTES ? { ...result, responses: null } : result
}

const scratch = new ByteWriter(1024)

function encodedBytes(result: CommandResult): Uint8Array {
  scratch.reset()
  writeResult(scratch, result)
  return scratch.view()
}

function hashMetadata(hash: StateHash, metadata: KeyMetadata | null): void {
  if (metadata === null) return hash.number(-1)
  hash.number(metadata.createRevision)
  hash.number(metadata.modRevision)
  hash.number(metadata.version)
}

/** Mixes everything that the result says into the chain. */
export function hashResult(hash: StateHash, result: CommandResult): void {
  hash.number(Kind[result.type])
  switch (result.type) {
    case 'sessionOpened':
      hash.number(result.session)
      return hash.number(result.ttlMs)
    case 'sessionAlive':
    case 'sessionClosed':
      return
    case 'written':
      hashMetadata(hash, result.metadata)
      hashMetadata(hash, result.previous)
      return hash.number(result.valueBytes)
    case 'deleted':
      hash.number(result.revision)
      return hashMetadata(hash, result.previous)
    case 'compareFailed':
      hash.number(result.revision)
      return hashMetadata(hash, result.actual)
    case 'refused':
      return hash.number(REFUSAL_CODES.indexOf(result.code))
    case 'txn':
    case 'compacted':
    case 'leaseGranted':
    case 'leaseRevoked':
    case 'leaseKept':
    case 'advanced':
      return hash.bytes(encodedBytes(result))
    default:
      unreachable(result)
  }
}
