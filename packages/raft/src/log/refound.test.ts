import { describe, expect, it } from 'vitest'
import { CRASH_MODES } from '../memory/memory-file.js'
import { MemoryFileSystem } from '../memory/memory-file-system.js'
import { SeededRandom } from '../memory/seeded-random.js'
import { asIndex, asMemberId, EntryType, foundingConfiguration } from '../types.js'
import { encodeConfiguration } from './configuration-codec.js'
import { crc32 } from './crc32.js'
import type { DurableStorage } from './durable-storage.js'
import { recoveredState } from './log-model.test-support.js'
import { refoundStore } from './refound.js'
import {
  allEntries,
  chunksOf,
  configurationOf,
  describeSnapshot,
  DIRECTORY,
  effectOf,
  entriesOf,
  entryOf,
  hardStateOf,
  IDENTITY,
  openStorage,
  stateOf,
} from './storage-support.test-support.js'
import { surveyStore } from './survey.js'

const SEED = Number(process.env['BALSA_SEED'] ?? '1')
const OPTIONS = { segmentBytes: 4096, cacheBytes: 600 }
const LAST = 24
const ALONE = { ...foundingConfiguration(configurationOf(1).members), removed: [asMemberId(2), asMemberId(3)] }
const NEW_IDENTITY = { clusterId: 78, memberId: asMemberId(1) }

const refound = (disk: MemoryFileSystem, identity = NEW_IDENTITY) =>
  refoundStore({ fileSystem: disk, directory: DIRECTORY, crc32, identity, incarnation: 5, configuration: ALONE, segmentBytes: 4096 })
const survey = (disk: MemoryFileSystem) => surveyStore({ fileSystem: disk, directory: DIRECTORY, crc32 })
const openNew = (disk: MemoryFileSystem) => openStorage(disk, { ...OPTIONS, identity: NEW_IDENTITY, incarnation: 9 })

const configurationEntry = (index: number, term: number, ...ids: readonly number[]) => ({
  ...entryOf(index, term, 0, EntryType.configuration),
  payload: encodeConfiguration(configurationOf(...ids)),
})

/** A member of three with a snapshot (or not), entries behind it in two terms over several segments, and a change of membership. */
async function survivor(withSnapshot: boolean): Promise<MemoryFileSystem> {
  const disk = new MemoryFileSystem()
  const storage = await openStorage(disk, { ...OPTIONS, incarnation: 4 })
  await storage.persist(effectOf({ hardState: hardStateOf(1, 2), entries: entriesOf(1, 12, 1, 500) }))
  if (withSnapshot) {
    await storage.snapshots.write(describeSnapshot(10, 1), chunksOf(new Uint8Array(900).fill(6)))
    await storage.persist(effectOf({ compactBelow: asIndex(8) }))
  }
  const entries = [configurationEntry(13, 3, 1, 2, 3, 4), ...entriesOf(14, LAST, 3, 300)]
  await storage.persist(effectOf({ hardState: hardStateOf(4, 3), entries }))
  await storage.close()
  return disk
}

async function contents(storage: DurableStorage) {
  const { snapshot, hardState, timeMs, baseConfiguration, configurations } = storage.recovered
  const { firstIndex, lastIndex } = storage.recovered
  const first = Math.max(firstIndex, (snapshot?.index ?? 0) + 1)
  const entries = await allEntries(storage, first, lastIndex)
  const state = snapshot === null ? null : await stateOf(storage, snapshot)
  return { snapshot, hardState, timeMs, baseConfiguration, configurations, entries, state }
}

describe('a store as the beginning of a new cluster', () => {
  it.each([true, false])('keeps every entry at its index, and the snapshot (%s), without the old configurations', async (withSnapshot) => {
    const disk = await survivor(withSnapshot)
    const before = await contents(await openStorage(disk.fork(), OPTIONS))
    await refound(disk)
    disk.crash('lost')
    const storage = await openNew(disk)
    const after = await contents(storage)
    expect(after.hardState).toEqual(before.hardState)
    expect(after.timeMs).toBe(before.timeMs)
    expect(after.state).toEqual(before.state)
    expect(after.snapshot?.index).toBe(before.snapshot?.index)
    expect(after.snapshot?.configuration ?? ALONE).toEqual(ALONE)
    expect(after.baseConfiguration).toEqual(ALONE)
    expect(before.configurations).toHaveLength(1)
    expect(after.configurations).toEqual([])
    const blank = { type: EntryType.noop, payload: new Uint8Array(0) }
    const wanted = before.entries.map((entry) => (entry.type === EntryType.configuration ? { ...entry, ...blank } : entry))
    expect(after.entries).toEqual(wanted)
    expect(storage.incarnation).toBe(5)
    await storage.persist(effectOf({ entries: [entryOf(LAST + 1, 4)] }))
  })

  it('removes the old store at the next start, and refuses to be the old member', async () => {
    const disk = await survivor(true)
    await refound(disk)
    await expect(openStorage(disk, OPTIONS)).rejects.toMatchObject({ code: 'IDENTITY_MISMATCH' })
    const storage = await openNew(disk)
    await storage.close()
    expect(await disk.list(DIRECTORY)).toEqual(['identity'])
    // And once more: the folder of the first time is the old store now.
    await refound(disk, { ...NEW_IDENTITY, clusterId: 79 })
    const again = await openStorage(disk, { ...OPTIONS, identity: { ...NEW_IDENTITY, clusterId: 79 } })
    expect(again.recovered.lastIndex).toBe(LAST)
    await again.close()
    expect(await disk.list(`${DIRECTORY}/store-1`)).toEqual([])
  })

  it('takes a snapshot that the log does not go with, and a log of nothing', async () => {
    const disk = new MemoryFileSystem()
    const storage = await openStorage(disk, OPTIONS)
    await storage.close()
    const empty = disk.fork()
    await refound(empty)
    expect((await openNew(empty)).recovered).toMatchObject({ lastIndex: 0, baseConfiguration: ALONE })
    const behind = await openStorage(disk, OPTIONS)
    await behind.persist(effectOf({ hardState: hardStateOf(1), entries: entriesOf(1, 5, 1) }))
    await behind.snapshots.write(describeSnapshot(30, 2), chunksOf(new Uint8Array(10)))
    await behind.close()
    expect(await survey(disk)).toMatchObject({ lastIndex: 30, lastTerm: 2, snapshotIndex: 30 })
    await refound(disk)
    expect((await openNew(disk)).recovered).toMatchObject({ lastIndex: 30, hardState: hardStateOf(2) })
  })

  it('refuses a witness, whose log has no commands, and changes nothing', async () => {
    const disk = new MemoryFileSystem()
    const storage = await openStorage(disk, OPTIONS)
    await storage.persist(effectOf({ hardState: hardStateOf(1), entries: [entryOf(1, 1, 0, EntryType.stripped)] }))
    await storage.close()
    expect(await survey(disk)).toMatchObject({ holdsData: false })
    const names = await disk.list(DIRECTORY)
    await expect(refound(disk)).rejects.toMatchObject({ code: 'NOT_RECOVERABLE' })
    const stateless = await openStorage(disk, OPTIONS)
    await stateless.snapshots.write(describeSnapshot(1, 1), null)
    await stateless.close()
    await expect(refound(disk)).rejects.toMatchObject({ code: 'NOT_RECOVERABLE' })
    expect((await disk.list(DIRECTORY)).filter((name) => !name.startsWith('snapshot'))).toEqual(names)
  })

  it('refuses damage anywhere in the old store, and leaves it as it is', async () => {
    const disk = await survivor(true)
    const [snapshot = ''] = (await disk.list(DIRECTORY)).filter((name) => name.endsWith('.snap'))
    const logs = (await disk.list(DIRECTORY)).filter((name) => name.startsWith('wal'))
    for (const [name, at] of [[snapshot, 300] as const, [logs[0] ?? '', 1300] as const]) {
      const damaged = disk.fork()
      damaged.flipBit(`${DIRECTORY}/${name}`, at, 3)
      await expect(refound(damaged)).rejects.toMatchObject({ code: 'CORRUPT', message: expect.stringContaining(name) })
      damaged.flipBit(`${DIRECTORY}/${name}`, at, 3)
      expect((await openStorage(damaged, OPTIONS)).recovered.lastIndex).toBe(LAST)
    }
  })

  it('shows what a store holds without changing it', async () => {
    const disk = await survivor(true)
    const operations: string[] = []
    disk.beforeOperation = ({ operation }) => void operations.push(operation)
    expect(await survey(disk)).toEqual({
      identity: { ...IDENTITY, incarnation: 4, home: 0 },
      hardState: hardStateOf(4, 3),
      lastIndex: LAST,
      lastTerm: 3,
      snapshotIndex: 10,
      snapshotTerm: 1,
      configuration: configurationOf(1, 2, 3, 4),
      holdsData: true,
    })
    expect(new Set(operations)).toEqual(new Set(['open', 'read', 'size', 'list']))
    await disk.remove(`${DIRECTORY}/wal-0000000000000001.log`).catch(() => undefined)
    const nothing = new MemoryFileSystem()
    await nothing.makeDirectory(DIRECTORY)
    await expect(survey(nothing)).rejects.toMatchObject({ code: 'IO_ERROR' })
  })
})

describe('a crash at every storage operation of it', () => {
  it.each(CRASH_MODES)('leaves the old store or the new one, whole (mode %s)', async (mode) => {
    const start = await survivor(true)
    start.crash('kept')
    const wanted = await recoveredState(await openStorage(start.fork(), OPTIONS))
    const run = start.fork()
    const points: MemoryFileSystem[] = []
    run.beforeOperation = () => void points.push(run.fork())
    await refound(run)
    points.push(run.fork())
    const random = new SeededRandom(SEED)
    let [old, young] = [0, 0]
    for (const [number, disk] of points.entries()) {
      disk.crash(mode, random)
      const { identity } = await survey(disk)
      try {
        if (identity.clusterId === IDENTITY.clusterId) {
          old += 1
          expect(await recoveredState(await openStorage(disk.fork(), OPTIONS))).toEqual(wanted)
          // The second attempt succeeds, whatever the first has left.
          await refound(disk)
        } else young += 1
        const storage = await openNew(disk)
        const found = await recoveredState(storage)
        expect({ ...found, entries: found.entries.length }).toEqual({ ...wanted, entries: wanted.entries.length })
        expect(storage.recovered.baseConfiguration).toEqual(ALONE)
      } catch (error) {
        throw new Error(
          `crash before operation ${number}, mode ${mode}, replay: BALSA_SEED=${SEED} npx vitest run packages/raft/src/log/refound.test.ts`,
          { cause: error },
        )
      }
    }
    expect(old).toBeGreaterThan(40)
    expect(young).toBeGreaterThan(0)
  })

  it('and a fault of the disk at any of them is an error that changes nothing', async () => {
    const start = await survivor(true)
    const count = start.fork()
    await refound(count)
    const total = count.operations
    let failures = 0
    for (let at = 1; at <= total; at++) {
      const disk = start.fork()
      disk.beforeOperation = ({ number }) => {
        if (number === at) throw new Error('no')
      }
      const failed = await refound(disk).then(
        () => false,
        () => true,
      )
      disk.beforeOperation = null
      const { identity } = await survey(disk)
      if (failed) failures += 1
      // Only what follows the rename can fail with the new store in place.
      if (identity.clusterId === IDENTITY.clusterId) await refound(disk)
      expect((await openNew(disk)).recovered.lastIndex).toBe(LAST)
    }
    expect(failures).toBeGreaterThan(40)
  })
})
