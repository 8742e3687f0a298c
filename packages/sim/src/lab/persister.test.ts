import { asIndex, asTerm, type Entry, EntryType, foundingConfiguration, type SnapshotMeta } from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import { LabStorage, Persister } from './persister.js'

const founding = foundingConfiguration([])
const entry = (index: number, term = 1): Entry => ({
  index: asIndex(index),
  term: asTerm(term),
  type: EntryType.command,
  timeMs: 0,
  payload: new Uint8Array(9),
})
const nothing = { sequence: 1, hardState: null, entries: [], installSnapshot: null, compactBelow: null }

async function* chunks(...parts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield new TextEncoder().encode(part)
}

describe('the persister', () => {
  it('measures the records of hard state and log suffix, and nothing of the snapshot', async () => {
    const persister = new Persister(founding)
    const storage = new LabStorage(persister)
    expect(persister.raftStateBytes).toBe(32)
    await storage.persist({ ...nothing, entries: [entry(1), entry(2), entry(3)] })
    expect(persister.raftStateBytes).toBe(32 + 3 * 50)
    await storage.snapshots.write({ index: asIndex(2), term: asTerm(1), timeMs: 0, configuration: founding }, chunks('state'))
    await storage.persist({ ...nothing, compactBelow: asIndex(3) })
    expect(persister.raftStateBytes).toBe(32 + 50)
    expect(persister.snapshotBytes).toBe(5)
  })

  it('keeps what an old life still writes away from the next one', async () => {
    const first = new Persister(founding)
    const storage = new LabStorage(first)
    await storage.persist({ ...nothing, entries: [entry(1)] })
    const second = first.copy()
    await storage.persist({ ...nothing, entries: [entry(1, 2), entry(2, 2)] })
    expect(new LabStorage(second).recovered).toMatchObject({ lastIndex: 1, termRuns: [{ term: 1, firstIndex: 1 }] })
  })

  it('replaces the tail from the first entry that is written', async () => {
    const persister = new Persister(founding)
    const storage = new LabStorage(persister)
    await storage.persist({ ...nothing, entries: [entry(1), entry(2), entry(3)] })
    await storage.persist({ ...nothing, entries: [entry(2, 2)] })
    expect(persister.recovered()).toMatchObject({ lastIndex: 2, termRuns: [{ term: 1 }, { term: 2, firstIndex: 2 }] })
    expect(await storage.readEntries(asIndex(1), asIndex(2))).toHaveLength(2)
  })

  it('receives a snapshot in pieces, and installs it only when told to', async () => {
    const source = new LabStorage(new Persister(founding))
    const meta: SnapshotMeta = await source.snapshots.write(
      { index: asIndex(9), term: asTerm(3), timeMs: 5, configuration: founding },
      chunks('abc', 'def'),
    )
    const bytes = await source.snapshots.readFile(meta, 0, 100)
    const persister = new Persister(founding)
    const target = new LabStorage(persister)
    expect(await target.snapshots.receive(meta, 0, bytes.slice(0, 4), false)).toBe(4)
    expect(await target.snapshots.receive(meta, 0, bytes.slice(0, 4), false), 'a repeated piece').toBe(4)
    expect(await target.snapshots.receive(meta, 4, bytes.slice(4), true)).toBe('complete')
    expect(target.snapshots.latest).toBeNull()
    await target.persist({ ...nothing, installSnapshot: meta })
    expect(persister.recovered()).toMatchObject({ firstIndex: 10, lastIndex: 9, previousTerm: 3, snapshot: { index: 9 } })
  })
})
