import type { PersistEffect } from '../core/effects.js'
import { MemoryFileSystem } from '../memory/memory-file-system.js'
import type { FileSystem } from '../ports/file-system.js'
import {
  asIndex,
  asMemberId,
  asTerm,
  type Configuration,
  type Entry,
  EntryType,
  foundingConfiguration,
  type HardState,
  type SnapshotMeta,
} from '../types.js'
import { crc32 } from './crc32.js'
import { DurableStorage, type DurableStorageOptions } from './durable-storage.js'
import type { SnapshotDescription, Storage } from './storage.js'

export const DIRECTORY = '/data'
export const IDENTITY = { clusterId: 77, memberId: asMemberId(1) }
export const SEGMENT_BYTES = 8192

export function configurationOf(...ids: readonly number[]): Configuration {
  const members = ids.map((id) => ({ id: asMemberId(id), address: `host${id}:1`, clientAddress: `host${id}:2`, name: `m${id}` }))
  return foundingConfiguration(members)
}

export function openStorage(
  fileSystem: FileSystem = new MemoryFileSystem(),
  more: Partial<DurableStorageOptions> = {},
): Promise<DurableStorage> {
  return DurableStorage.open({
    fileSystem,
    directory: DIRECTORY,
    identity: IDENTITY,
    initialConfiguration: configurationOf(1, 2, 3),
    crc32,
    segmentBytes: SEGMENT_BYTES,
    ...more,
  })
}

/** An entry whose content follows from index, term and size. */
export function entryOf(index: number, term: number, size = 40, type: EntryType = EntryType.command): Entry {
  const payload = new Uint8Array(size)
  for (let at = 0; at < size; at++) payload[at] = (index * 31 + term * 7 + at) & 0xff
  return { index: asIndex(index), term: asTerm(term), type, timeMs: index * 10, payload }
}

export function entriesOf(from: number, to: number, term: number, size = 40): Entry[] {
  return Array.from({ length: to - from + 1 }, (_, at) => entryOf(from + at, term, size))
}

export const hardStateOf = (term: number, votedFor: number | null = null): HardState => ({
  term: asTerm(term),
  votedFor: votedFor === null ? null : asMemberId(votedFor),
})

export function effectOf(parts: Partial<PersistEffect>): PersistEffect {
  return { sequence: 0, hardState: null, entries: [], installSnapshot: null, compactBelow: null, ...parts }
}

export async function* chunksOf(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}

export function describeSnapshot(index: number, term: number): SnapshotDescription {
  return { index: asIndex(index), term: asTerm(term), timeMs: index * 10, configuration: configurationOf(1, 2, 3) }
}

/** All bytes of a snapshot's state, joined. */
export async function stateOf(storage: Storage, meta: SnapshotMeta): Promise<Uint8Array> {
  const chunks: number[] = []
  for await (const chunk of storage.snapshots.readState(meta)) chunks.push(...chunk)
  return Uint8Array.from(chunks)
}

/** Every entry of the log, read in several pieces. */
export async function allEntries(storage: Storage, first: number, last: number, maxBytes = 500): Promise<Entry[]> {
  const entries: Entry[] = []
  for (let next = first; next <= last; next = first + entries.length) {
    const piece = await storage.readEntries(asIndex(next), asIndex(last), maxBytes)
    if (piece.length === 0) throw new Error(`entry ${next} cannot be read`)
    entries.push(...piece)
  }
  return entries
}

/** A snapshot file as another member would send it. */
export async function foreignSnapshot(
  index: number,
  term: number,
  bytes: Uint8Array,
): Promise<{ readonly meta: SnapshotMeta; readonly file: Uint8Array }> {
  const sender = await openStorage(new MemoryFileSystem(), { identity: { clusterId: IDENTITY.clusterId, memberId: asMemberId(9) } })
  const meta = await sender.snapshots.write(describeSnapshot(index, term), chunksOf(bytes))
  const file = await sender.snapshots.readFile(meta, 0, meta.sizeBytes)
  await sender.close()
  return { meta, file }
}
