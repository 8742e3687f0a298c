/**
 * The state machine's bytes in a snapshot: a sequence of blocks, each `u32le length | u8 kind | body`.
 *
 *     header   u8 format (1) | varint appliedIndex | varint revision | u32 u32 state hash | varint timeMs | varint sweptMs
 *     sessions per session: varint id | 16 bytes nonce | varint ttlMs | varint lastActiveMs | varint firstUnanswered |
 *              varint count | count x (varint sequence | result), ascending; longest idle session first
 *     records  per key, in key order: bytes key | metadata | bytes value
 *     end      varint number of sessions | varint number of keys
 *
 * Equal states give equal bytes on every member, whatever way led to them. Integrity is the business of the storage that holds the
 * stream; only its completeness and shape are checked here.
 */
import { BalsaError, ByteReader, ByteWriter } from '@balsa/raft'
import { keyFromString, keyToString } from './backend/byte-string.js'
import { CLIENT_NONCE_BYTES, MAX_KEY_BYTES, MAX_VALUE_BYTES } from './limits.js'
import type { OrderedMapReader } from './backend/ordered-map.js'
import { readMetadata, readResult, writeMetadata, writeResult, type CommandResult } from './result.js'
import { type SessionState, type SessionsCut, SessionTable } from './sessions.js'
import { StateHash } from './state-hash.js'
import { Store, type StoreCut } from './store.js'

const SNAPSHOT_FORMAT = 1
const PAGE_ENTRIES = 64
const Kind = { header: 1, sessions: 2, records: 3, end: 4 } as const
const LENGTH_BYTES = 4
/** A block is handed out in pieces of this size. */
const CHUNK_BYTES = 64 * 1024
/** A block is closed when it is at least this long: a little less than a piece, so that records of usual size do not leave a tiny second one. */
const FULL_BLOCK_BYTES = 60 * 1024
const SMALLEST_BLOCK_ROOM = 1024 * 1024
const MAX_BLOCK_BYTES = CHUNK_BYTES + MAX_KEY_BYTES + MAX_VALUE_BYTES + SMALLEST_BLOCK_ROOM

/** The whole state at one moment; nothing in it changes any more. */
export interface StateCut {
  readonly appliedIndex: number
  readonly stateHash: StateHash
  readonly store: StoreCut
  readonly sessions: SessionsCut
}

export interface RestoredState {
  readonly appliedIndex: number
  readonly stateHash: StateHash
  readonly store: Store
  readonly sessions: SessionTable
}

/** Pieces of at most 64 KiB; each is made when it is asked for, so the reader decides the pace. */
export function* encodeSnapshot(cut: StateCut): Generator<Uint8Array, void, undefined> {
  const block = new BlockWriter()
  block.begin(Kind.header)
  writeHeader(block.writer, cut)
  yield* block.take()
  for (const session of cut.sessions.sessions) {
    block.begin(Kind.sessions)
    writeSession(block.writer, session)
    if (block.isFull) yield* block.take()
  }
  for (const { key, value: record } of allOf(cut.store.records)) {
    if (block.kind !== Kind.records) {
      yield* block.take()
      block.begin(Kind.records)
    }
    block.writer.bytes(keyFromString(key))
    writeMetadata(block.writer, record)
    block.writer.bytes(record.value)
    if (block.isFull) yield* block.take()
  }
  yield* block.take()
  block.begin(Kind.end)
  block.writer.varint(cut.sessions.sessions.length)
  block.writer.varint(cut.store.records.size)
  yield* block.take()
}

class BlockWriter {
  readonly writer = new ByteWriter(CHUNK_BYTES * 2)
  kind: number | null = null

  get isFull(): boolean {
    return this.writer.length >= FULL_BLOCK_BYTES
  }

  /** Does nothing when a block of this kind is open. */
  begin(kind: number): void {
    if (this.kind === kind) return
    this.kind = kind
    this.writer.u32(0)
    this.writer.u8(kind)
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
  writer.varint(cut.store.revision)
  writer.u32(high)
  writer.u32(low)
  writer.varint(cut.sessions.timeMs)
  writer.varint(cut.sessions.sweptMs)
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
 * Rebuilds the state from a stream, whatever the size of its pieces. No piece at all is the empty state. `pause` is awaited between
 * blocks. Throws CORRUPT (fatal) when the stream is incomplete or makes no sense, and when its format is newer than this version.
 */
export async function decodeSnapshot(chunks: AsyncIterable<Uint8Array>, pause: () => Promise<void> | null): Promise<RestoredState> {
  const decoder = new SnapshotDecoder()
  const blocks = new BlockReader()
  try {
    for await (const chunk of chunks) {
      blocks.push(chunk)
      for (let block = blocks.next(); block !== null; block = blocks.next()) {
        decoder.block(block)
        const pausing = pause()
        if (pausing !== null) await pausing
      }
    }
    return decoder.finish(blocks.isEmpty)
  } catch (error) {
    if (error instanceof BalsaError && error.code === 'MALFORMED') throw corrupt(error.message, error)
    throw error
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
  readonly #store = new Store()
  readonly #sessions = new SessionTable()
  #stateHash = new StateHash()
  #appliedIndex = 0
  #headerSeen = false
  #endSeen = false

  block(bytes: Uint8Array): void {
    const reader = new ByteReader(bytes, 'snapshot block')
    const kind = reader.u8('kind')
    if (this.#endSeen) reader.fail('kind', 'a block behind the end')
    if (kind === Kind.header) return this.#header(reader)
    if (!this.#headerSeen) reader.fail('kind', 'the header is missing')
    if (kind === Kind.sessions) while (reader.remaining > 0) this.#sessions.load(readSession(reader))
    else if (kind === Kind.records) while (reader.remaining > 0) this.#record(reader)
    else if (kind === Kind.end) this.#end(reader)
    else reader.fail('kind', `${kind} is unknown`)
  }

  finish(nothingLeft: boolean): RestoredState {
    if (this.#headerSeen && !this.#endSeen) throw corrupt('the end is missing')
    if (!nothingLeft) throw corrupt('an incomplete block')
    return { appliedIndex: this.#appliedIndex, stateHash: this.#stateHash, store: this.#store, sessions: this.#sessions }
  }

  #header(reader: ByteReader): void {
    if (this.#headerSeen) reader.fail('kind', 'a second header')
    const format = reader.u8('format')
    if (format !== SNAPSHOT_FORMAT) reader.fail('format', `${format} is not known here, only ${SNAPSHOT_FORMAT}`)
    this.#appliedIndex = reader.varint('appliedIndex')
    this.#store.loadRevision(reader.varint('revision'))
    this.#stateHash = new StateHash(reader.u32('state hash'), reader.u32('state hash'))
    this.#sessions.loadTimes(reader.varint('timeMs'), reader.varint('sweptMs'))
    reader.end()
    this.#headerSeen = true
  }

  #record(reader: ByteReader): void {
    const key = reader.bytes('key')
    if (key.length === 0 || key.length > MAX_KEY_BYTES) reader.fail('key', `${key.length} bytes`)
    const metadata = readMetadata(reader)
    if (metadata.modRevision > this.#store.revision) reader.fail('modRevision', 'newer than the store')
    this.#store.load(key, metadata, reader.bytes('value'))
  }

  #end(reader: ByteReader): void {
    const sessions = reader.varint('sessions')
    const keys = reader.varint('keys')
    reader.end()
    if (sessions !== this.#sessions.size) reader.fail('sessions', `${sessions} announced, ${this.#sessions.size} found`)
    if (keys !== this.#store.keys) reader.fail('keys', `${keys} announced, ${this.#store.keys} found`)
    this.#endSeen = true
  }
}

function* allOf<V>(map: OrderedMapReader<V>): Generator<{ readonly key: string; readonly value: V }, void, undefined> {
  for (let from = ''; ; ) {
    const page = map.page(from, null, false, PAGE_ENTRIES)
    yield* page
    const last = page.at(-1)
    if (last === undefined || page.length < PAGE_ENTRIES) return
    from = `${last.key}\0`
  }
}
