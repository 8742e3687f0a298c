/**
 * The state machine's bytes in a snapshot: a sequence of blocks, each `u32le length | u8 kind | body`.
 *
 *     header   u8 format (3) | varint appliedIndex | u32 u32 state hash | varint timeMs | varint sweptMs | bytes counters (mvcc/counters.ts)
 *     sessions per session: varint id | 16 bytes nonce | varint ttlMs | varint lastActiveMs | varint firstUnanswered |
 *              varint count | count x (varint sequence | result), ascending; longest idle session first
 *     table    u8 table | per entry, in key order: bytes key | bytes value (mvcc/table-keys.ts); tables in the order of SNAPSHOT_TABLES
 *     end      varint number of sessions | varint number of entries in all tables
 *
 * Or, in place of all that, of a state that is on a disk of its own:
 *
 *     reference varint index: what was applied up to there is in that state
 *
 * Equal states give equal bytes on every member, whatever way led to them. Integrity is the business of the storage that holds the
 * stream; only its completeness and shape are checked here.
 */
import { BalsaError, ByteReader, ByteWriter, invariant } from '@balsa/raft'
import { allOf } from './backend/all-of.js'
import {
  type Backend,
  type BackendReplacement,
  type BackendSnapshot,
  MAX_TABLE_KEY_BYTES,
  MAX_TABLE_VALUE_BYTES,
  type Table,
} from './backend/backend.js'
import { keyFromString, keyToString } from './backend/byte-string.js'
import { CLIENT_NONCE_BYTES } from './limits.js'
import { loadMachine, type MachineState, saveAll } from './machine-tables.js'
import { checkEntry } from './mvcc/check-entry.js'
import { decodeCounters, loadCounters, readCounters, writeCounterBytes } from './mvcc/counters.js'
import { type CommandResult, readResult, writeResult } from './result.js'
import { type SessionState, type SessionsCut, SessionTable } from './sessions.js'
import { StateHash } from './state-hash.js'

export const SNAPSHOT_FORMAT = 3
const Kind = { header: 1, sessions: 2, table: 3, end: 4, reference: 5 } as const
/** The tables that a snapshot carries, by their number in it. */
const SNAPSHOT_TABLES = [
  'current',
  'history',
  'past',
  'chains',
  'leases',
  'leaseKeys',
  'leaseDeadlines',
] as const satisfies readonly Table[]
const PAGE_ENTRIES = 64
const LENGTH_BYTES = 4
/** A block is handed out in pieces of this size. */
const CHUNK_BYTES = 64 * 1024
/** A block is closed when it is at least this long: a little less than a piece, so that records of usual size do not leave a tiny second one. */
const FULL_BLOCK_BYTES = 60 * 1024
const SMALLEST_BLOCK_ROOM = 1024 * 1024
const MAX_BLOCK_BYTES = CHUNK_BYTES + MAX_TABLE_KEY_BYTES + MAX_TABLE_VALUE_BYTES + SMALLEST_BLOCK_ROOM

/** The whole state at one moment; nothing in it changes any more. */
export interface StateCut {
  readonly appliedIndex: number
  readonly stateHash: StateHash
  /** Closed when the stream has ended. */
  readonly tables: BackendSnapshot
  readonly sessions: SessionsCut
}

export function encodeReference(index: number): Uint8Array {
  const block = new BlockWriter()
  block.begin(Kind.reference)
  block.writer.varint(index)
  const [bytes] = block.take()
  invariant(bytes !== undefined, 'a reference is one block')
  return bytes
}

/** Pieces of at most 64 KiB; each is made when it is asked for, so the reader decides the pace. */
export function* encodeSnapshot(cut: StateCut): Generator<Uint8Array, void, undefined> {
  try {
    yield* encodeBlocks(cut)
  } finally {
    cut.tables.close()
  }
}

function* encodeBlocks(cut: StateCut): Generator<Uint8Array, void, undefined> {
  const block = new BlockWriter()
  block.begin(Kind.header)
  writeHeader(block.writer, cut)
  yield* block.take()
  for (const session of cut.sessions.sessions) {
    block.begin(Kind.sessions)
    writeSession(block.writer, session)
    if (block.isFull) yield* block.take()
  }
  yield* block.take()
  let entries = 0
  for (const [number, table] of SNAPSHOT_TABLES.entries()) {
    for (const { key, value } of allOf(cut.tables, table, PAGE_ENTRIES)) {
      if (block.begin(Kind.table)) block.writer.u8(number)
      block.writer.bytes(keyFromString(key))
      block.writer.bytes(value)
      entries += 1
      if (block.isFull) yield* block.take()
    }
    yield* block.take()
  }
  block.begin(Kind.end)
  block.writer.varint(cut.sessions.sessions.length)
  block.writer.varint(entries)
  yield* block.take()
}

class BlockWriter {
  readonly writer = new ByteWriter(CHUNK_BYTES * 2)
  kind: number | null = null

  get isFull(): boolean {
    return this.writer.length >= FULL_BLOCK_BYTES
  }

  /** False when a block of this kind is open already. */
  begin(kind: number): boolean {
    if (this.kind === kind) return false
    this.kind = kind
    this.writer.u32(0)
    this.writer.u8(kind)
    return true
  }

  *take(): Generator<Uint8Array, void, undefined> {
    if (this.kind === null) return
    this.kind = null
    this.writer.patchU32(0, this.writer.length - LENGTH_BYTES)
    const bytes = this.writer.take()
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) yield bytes.subarray(at, at + CHUNK_BYTES)
  }
}

function writeHeader(writer: ByteWriter, cut: StateCut): void {
  const [high, low] = cut.stateHash.words
  writer.u8(SNAPSHOT_FORMAT)
  writer.varint(cut.appliedIndex)
  writer.u32(high)
  writer.u32(low)
  writer.varint(cut.sessions.timeMs)
  writer.varint(cut.sessions.sweptMs)
  writeCounterBytes(writer, readCounters(cut.tables))
}

function writeSession(writer: ByteWriter, session: SessionState): void {
  writer.varint(session.id)
  writer.raw(keyFromString(session.nonce))
  writer.varint(session.ttlMs)
  writer.varint(session.lastActiveMs)
  writer.varint(session.firstUnanswered)
  writer.varint(session.results.size)
  // Sorted: answers may have been recorded out of order, and equal states must give equal bytes.
  for (const [sequence, result] of [...session.results].sort(([a], [b]) => a - b)) {
    writer.varint(sequence)
    writeResult(writer, result)
  }
}

function readSession(reader: ByteReader): SessionState {
  const id = reader.varint('session id')
  const nonce = keyToString(reader.raw('nonce', CLIENT_NONCE_BYTES))
  const ttlMs = reader.varint('ttlMs')
  const lastActiveMs = reader.varint('lastActiveMs')
  const firstUnanswered = reader.varint('firstUnanswered')
  const count = reader.count('results', 2)
  const results = new Map<number, CommandResult>()
  for (let at = 0; at < count; at++) {
    const sequence = reader.varint('sequence')
    results.set(sequence, readResult(reader))
  }
  return { id, nonce, ttlMs, lastActiveMs, firstUnanswered, results }
}

/**
 * Rebuilds the state from a stream, whatever the size of its pieces: the tables in the backend, which it replaces as a whole at the end. No piece at
 * all is the empty state. `pause` is awaited between blocks. Throws CORRUPT (fatal) when the stream is incomplete or makes no sense, and when
 * its format is newer than this version; then the backend keeps what it had. Null = it is a reference to what the backend has; when that was received as it is, it is taken over first.
 */
export async function decodeSnapshot(
  chunks: AsyncIterable<Uint8Array>,
  backend: Backend,
  pause: () => Promise<void> | null,
): Promise<MachineState | null> {
  const restoring = new Restoring(backend, pause)
  try {
    const blocks = new BlockReader()
    for await (const chunk of chunks) {
      blocks.push(chunk)
      for (let block = blocks.next(); block !== null; block = blocks.next()) {
        restoring.block(block)
        const pausing = pause()
        if (pausing !== null) await pausing
      }
      await restoring.ready()
    }
    return await restoring.finish(blocks.isEmpty)
  } catch (error) {
    await restoring.abort()
    if (error instanceof BalsaError && error.code === 'MALFORMED') throw corrupt(error.message, error)
    throw error
  }
}

/** What has been read of a stream. The backend begins a replacement with the first block that is of a state. */
class Restoring {
  readonly #backend: Backend
  readonly #pause: () => Promise<void> | null
  #state: { readonly replacement: BackendReplacement; readonly decoder: SnapshotDecoder } | null = null
  #referred: number | null = null

  constructor(backend: Backend, pause: () => Promise<void> | null) {
    this.#backend = backend
    this.#pause = pause
  }

  block(bytes: Uint8Array): void {
    if (this.#referred !== null) throw corrupt('something behind a reference')
    if (this.#state === null && bytes[0] === Kind.reference) this.#reference(bytes)
    else this.#begin().decoder.block(bytes)
  }

  async ready(): Promise<void> {
    await this.#state?.replacement.ready()
  }

  async finish(nothingLeft: boolean): Promise<MachineState | null> {
    if (this.#referred !== null) return this.#referTo(this.#referred)
    const { replacement, decoder } = this.#begin()
    const restored = decoder.finish(nothingLeft)
    if (this.#backend.persistent) await saveAll(replacement, restored, this.#pause)
    await replacement.commit(restored.appliedIndex)
    return restored
  }

  async abort(): Promise<void> {
    await this.#state?.replacement.abort()
  }

  #begin(): { readonly replacement: BackendReplacement; readonly decoder: SnapshotDecoder } {
    if (this.#state === null) {
      const replacement = this.#backend.replace()
      this.#state = { replacement, decoder: new SnapshotDecoder(replacement) }
    }
    return this.#state
  }

  #reference(bytes: Uint8Array): void {
    const reader = new ByteReader(bytes, 'snapshot block')
    reader.u8('kind')
    const index = reader.varint('index')
    reader.end()
    this.#referred = index
  }

  async #referTo(index: number): Promise<MachineState | null> {
    const { appliedIndex, transfer } = this.#backend
    if (appliedIndex >= index) return null
    if ((await transfer?.adopt(index)) === true) return loadMachine(this.#backend)
    throw new BalsaError(
      'CORRUPT',
      `the log begins behind index ${index}, but the store on disk ends at index ${appliedIndex}: it was removed, or is an older copy`,
      {
        hint: 'Put back the store that belongs to this log. If it is lost, remove this member, wipe its whole data directory and add it again.',
      },
    )
  }
}

const corrupt = (reason: string, cause?: unknown): BalsaError =>
  new BalsaError('CORRUPT', `snapshot of the key/value state cannot be read: ${reason}`, {
    hint: 'Restore this member from another one: remove it, wipe its data directory and add it again.',
    ...(cause === undefined ? {} : { cause }),
  })

/** Gathers pieces of any size into blocks. */
class BlockReader {
  #pieces: Uint8Array[] = []
  #available = 0

  get isEmpty(): boolean {
    return this.#available === 0
  }

  push(piece: Uint8Array): void {
    if (piece.length === 0) return
    this.#pieces.push(piece)
    this.#available += piece.length
  }

  next(): Uint8Array | null {
    if (this.#available < LENGTH_BYTES) return null
    const head = this.#first(LENGTH_BYTES)
    const length = new ByteReader(head, 'snapshot block').u32('length')
    if (length === 0 || length > MAX_BLOCK_BYTES) throw corrupt(`a block of ${length} bytes`)
    if (this.#available < LENGTH_BYTES + length) return null
    const block = this.#first(LENGTH_BYTES + length)
    this.#available -= block.length
    const piece = this.#pieces[0] as Uint8Array
    if (piece.length === block.length) this.#pieces.shift()
    else this.#pieces[0] = piece.subarray(block.length)
    return block.subarray(LENGTH_BYTES)
  }

  /** The first `count` bytes as one piece. Joins pieces only when it must, and then all that are needed at once. */
  #first(count: number): Uint8Array {
    const first = this.#pieces[0] as Uint8Array
    if (first.length >= count) return first.subarray(0, count)
    let used = 0
    let bytes = 0
    while (bytes < count) bytes += (this.#pieces[used++] as Uint8Array).length
    const joined = new Uint8Array(bytes)
    let at = 0
    for (const piece of this.#pieces.splice(0, used, joined)) {
      joined.set(piece, at)
      at += piece.length
    }
    return joined.subarray(0, count)
  }
}

class SnapshotDecoder {
  readonly #replacement: BackendReplacement
  readonly #sessions = new SessionTable()
  #stateHash = new StateHash()
  #appliedIndex = 0
  #revision = 0
  #headerSeen = false
  #endSeen = false
  #table = -1
  #lastKey = ''
  #entries = 0

  constructor(replacement: BackendReplacement) {
    this.#replacement = replacement
  }

  block(bytes: Uint8Array): void {
    const reader = new ByteReader(bytes, 'snapshot block')
    const kind = reader.u8('kind')
    if (this.#endSeen) reader.fail('kind', 'a block behind the end')
    if (kind === Kind.header) return this.#header(reader)
    if (!this.#headerSeen) reader.fail('kind', 'the header is missing')
    if (kind === Kind.sessions) while (reader.remaining > 0) this.#sessions.load(readSession(reader))
    else if (kind === Kind.table) this.#tableBlock(reader)
    else if (kind === Kind.end) this.#end(reader)
    else reader.fail('kind', `${kind} is unknown`)
  }

  finish(nothingLeft: boolean): MachineState {
    if (this.#headerSeen && !this.#endSeen) throw corrupt('the end is missing')
    if (!nothingLeft) throw corrupt('an incomplete block')
    return { appliedIndex: this.#appliedIndex, stateHash: this.#stateHash, sessions: this.#sessions }
  }

  #header(reader: ByteReader): void {
    if (this.#headerSeen) reader.fail('kind', 'a second header')
    const format = reader.u8('format')
    if (format !== SNAPSHOT_FORMAT) reader.fail('format', `${format} is not known here, only ${SNAPSHOT_FORMAT}`)
    this.#appliedIndex = reader.varint('appliedIndex')
    this.#stateHash = new StateHash(reader.u32('state hash'), reader.u32('state hash'))
    this.#sessions.loadTimes(reader.varint('timeMs'), reader.varint('sweptMs'))
    const counters = reader.bytes('counters')
    reader.end()
    this.#revision = decodeCounters(counters).revision
    loadCounters(this.#replacement, counters)
    this.#headerSeen = true
  }

  #tableBlock(reader: ByteReader): void {
    const number = reader.u8('table')
    const table = SNAPSHOT_TABLES[number]
    if (table === undefined || number < this.#table) return reader.fail('table', `${number} does not belong here`)
    if (number !== this.#table) this.#lastKey = ''
    this.#table = number
    while (reader.remaining > 0) {
      const bytes = reader.bytes('key')
      if (bytes.length === 0 || bytes.length > MAX_TABLE_KEY_BYTES) reader.fail('key', `${bytes.length} bytes`)
      const key = keyToString(bytes)
      if (key <= this.#lastKey) reader.fail('key', 'not in order')
      // A copy: the stream's buffer must not stay in memory for every value in it.
      const value = reader.bytes('value').slice()
      checkEntry(table, key, value, this.#revision)
      this.#replacement.put(table, key, value)
      this.#lastKey = key
      this.#entries += 1
    }
  }

  #end(reader: ByteReader): void {
    const sessions = reader.varint('sessions')
    const entries = reader.varint('entries')
    reader.end()
    if (sessions !== this.#sessions.size) reader.fail('sessions', `${sessions} announced, ${this.#sessions.size} found`)
    if (entries !== this.#entries) reader.fail('entries', `${entries} announced, ${this.#entries} found`)
    this.#endSeen = true
  }
}
