/**
 * What the state machine keeps beside keys and leases, in the tables of a backend that survives:
 *
 *     sessions   u64be id                     16 bytes nonce | varint ttlMs | varint lastActiveMs | varint firstUnanswered | varint place among the others
 *     answers    u64be id | u64be sequence    result (result.ts)
 *     meta       'machine'                    u8 format (2) | varint appliedIndex | u32 u32 state hash | varint timeMs | varint sweptMs
 *
 * Written with the batch that changed it, so it always belongs to the keys beside it. In memory nobody would ever read it: there it is left out.
 */
import { BalsaError, ByteReader, ByteWriter } from '@balsa/raft'
import { allOf } from './backend/all-of.js'
import type { BackendReplacement, TableReader, WriteBatch } from './backend/backend.js'
import { keyFromString, keyToString } from './backend/byte-string.js'
import { CLIENT_NONCE_BYTES } from './limits.js'
import { u64At, u64Key } from './mvcc/table-keys.js'
import { type CommandResult, readResult, writeResult } from './result.js'
import { type PlacedSession, SessionTable } from './sessions.js'
import { StateHash } from './state-hash.js'

const FORMAT = 2
/** Behind the counters of the store: a replacement is written in ascending order. */
const MACHINE_KEY = 'machine'
const PAGE_ENTRIES = 256
const NUMBER_BYTES = 8
const writer = new ByteWriter(512)

export interface MachineState {
  readonly appliedIndex: number
  readonly stateHash: StateHash
  readonly sessions: SessionTable
}

type Target = Pick<WriteBatch, 'put'> | BackendReplacement

/** What has changed in the table. */
export function saveSessions(batch: WriteBatch, sessions: SessionTable): void {
  const changes = sessions.takeChanges()
  for (const [id, session] of changes.sessions) {
    if (session === null) batch.delete('sessions', u64Key(id))
    else putSession(batch, session)
  }
  for (const { id, sequence, result } of changes.answers) {
    const key = u64Key(id) + u64Key(sequence)
    if (result === null) batch.delete('answers', key)
    else putAnswer(batch, key, result)
  }
}

/** Everything, into a new content. `pause` is awaited between sessions. */
export async function saveAll(replacement: BackendReplacement, state: MachineState, pause: () => Promise<void> | null): Promise<void> {
  const { sessions } = state
  for (const session of sessions.byId()) {
    putSession(replacement, session)
    for (const [sequence, result] of [...session.results].sort(([a], [b]) => a - b)) {
      putAnswer(replacement, u64Key(session.id) + u64Key(sequence), result)
    }
    const pausing = pause()
    if (pausing !== null) await pausing
  }
  saveMachine(replacement, state)
  sessions.takeChanges()
}

/** What a backend holds; an empty one holds nothing yet. Throws CORRUPT (fatal). */
export function loadMachine(tables: TableReader): MachineState {
  const bytes = tables.get('meta', MACHINE_KEY)
  if (bytes === undefined) return { appliedIndex: 0, stateHash: new StateHash(), sessions: new SessionTable() }
  try {
    return readMachine(tables, bytes)
  } catch (cause) {
    if (cause instanceof BalsaError && cause.code !== 'MALFORMED') throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new BalsaError('CORRUPT', `what the state machine keeps of itself cannot be read: ${reason}`, {
      cause,
      hint: 'Remove this member, wipe its data directory and add it again.',
    })
  }
}

function readMachine(tables: TableReader, bytes: Uint8Array): MachineState {
  const reader = new ByteReader(bytes, 'machine')
  const format = reader.u8('format')
  if (format !== FORMAT) reader.fail('format', `${format} is not known here, only ${FORMAT}`)
  const appliedIndex = reader.varint('appliedIndex')
  const stateHash = new StateHash(reader.u32('state hash'), reader.u32('state hash'))
  const sessions = new SessionTable()
  sessions.loadTimes(reader.varint('timeMs'), reader.varint('sweptMs'))
  reader.end()
  for (const session of readSessions(tables).sort((a, b) => a.place - b.place)) sessions.load(session, session.place)
  sessions.takeChanges()
  return { appliedIndex, stateHash, sessions }
}

function readSessions(tables: TableReader): PlacedSession[] {
  const found = new Map<number, PlacedSession>()
  for (const { key, value } of allOf(tables, 'sessions', PAGE_ENTRIES)) {
    const reader = new ByteReader(value, 'session')
    const session = {
      id: u64At(key, 0),
      nonce: keyToString(reader.raw('nonce', CLIENT_NONCE_BYTES)),
      ttlMs: reader.varint('ttlMs'),
      lastActiveMs: reader.varint('lastActiveMs'),
      firstUnanswered: reader.varint('firstUnanswered'),
      place: reader.varint('place'),
      results: new Map(),
    }
    reader.end()
    found.set(session.id, session)
  }
  for (const { key, value } of allOf(tables, 'answers', PAGE_ENTRIES)) {
    const reader = new ByteReader(value, 'answer')
    const session = found.get(u64At(key, 0))
    if (session === undefined) return reader.fail('session', 'an answer of no session')
    session.results.set(u64At(key, NUMBER_BYTES), readResult(reader))
    reader.end()
  }
  return [...found.values()]
}

function putSession(to: Target, { id, nonce, ttlMs, lastActiveMs, firstUnanswered, place }: PlacedSession): void {
  writer.reset()
  writer.raw(keyFromString(nonce))
  writer.varint(ttlMs)
  writer.varint(lastActiveMs)
  writer.varint(firstUnanswered)
  writer.varint(place)
  to.put('sessions', u64Key(id), writer.take())
}

function putAnswer(to: Target, key: string, result: CommandResult): void {
  writer.reset()
  writeResult(writer, result)
  to.put('answers', key, writer.take())
}

/** All but the sessions. */
export function saveMachine(to: Target, { appliedIndex, stateHash, sessions }: MachineState): void {
  const [high, low] = stateHash.words
  writer.reset()
  writer.u8(FORMAT)
  writer.varint(appliedIndex)
  writer.u32(high)
  writer.u32(low)
  writer.varint(sessions.timeMs)
  writer.varint(sessions.sweptMs)
  to.put('meta', MACHINE_KEY, writer.take())
}
