import { describe, expect, it } from 'vitest'
import { MemoryFileSystem } from '../memory/memory-file-system.js'
import { asIndex, asMemberId, asTerm, EntryType } from '../types.js'
import { encodeConfiguration } from './configuration-codec.js'
import { dumpLog } from './dump-log.js'
import {
  allEntries,
  chunksOf,
  configurationOf,
  describeSnapshot,
  DIRECTORY,
  effectOf,
  entriesOf,
  entryOf,
  foreignSnapshot,
  hardStateOf,
  IDENTITY,
  openStorage,
  stateOf,
} from './storage-support.test-support.js'

describe('DurableStorage', () => {
  it('founds an empty directory with the initial configuration and finds it again', async () => {
    const disk = new MemoryFileSystem()
    await (await openStorage(disk)).close()
    disk.crash('lost')
    const storage = await openStorage(disk, { initialConfiguration: configurationOf(9) })
    expect(storage.recovered).toEqual({
      hardState: { term: 0, votedFor: null },
      snapshot: null,
      firstIndex: 1,
      lastIndex: 0,
      previousTerm: 0,
      termRuns: [],
      configurations: [],
      baseConfiguration: configurationOf(1, 2, 3),
      timeMs: 0,
      strippedFrom: null,
    })
  })

  it('gives back hard state, entries, term runs and configurations after the loss of everything unsynced', async () => {
    const disk = new MemoryFileSystem()
    const storage = await openStorage(disk)
    const configuration = configurationOf(1, 2)
    const change = { ...entryOf(4, 2), type: EntryType.configuration, payload: encodeConfiguration(configuration) }
    await storage.persist(effectOf({ hardState: hardStateOf(1, 2), entries: entriesOf(1, 3, 1) }))
    await storage.persist(effectOf({ hardState: hardStateOf(2, 1), entries: [change, entryOf(5, 2)] }))
    disk.crash('lost')
    const again = await openStorage(disk)
    expect(again.recovered).toMatchObject({
      hardState: { term: 2, votedFor: 1 },
      firstIndex: 1,
      lastIndex: 5,
      termRuns: [
        { term: 1, firstIndex: 1 },
        { term: 2, firstIndex: 4 },
      ],
      configurations: [{ index: 4, configuration }],
      baseConfiguration: configurationOf(1, 2, 3),
      timeMs: 50,
    })
    expect(again.takeTail()).toEqual([...entriesOf(1, 3, 1), change, entryOf(5, 2)])
    expect(again.takeTail()).toEqual([])
    expect(await allEntries(again, 1, 5)).toHaveLength(5)
  })

  it('an entry voids everything from its index on, also what was read from disk before', async () => {
    const disk = new MemoryFileSystem()
    const storage = await openStorage(disk, { cacheBytes: 0 })
    const configuration = { ...entryOf(8, 1), type: EntryType.configuration, payload: encodeConfiguration(configurationOf(1)) }
    await storage.persist(effectOf({ hardState: hardStateOf(1), entries: [...entriesOf(1, 7, 1), configuration, ...entriesOf(9, 20, 1)] }))
    await storage.persist(effectOf({ hardState: hardStateOf(3), entries: entriesOf(6, 9, 3) }))
    await storage.persist(effectOf({ hardState: hardStateOf(4), entries: entriesOf(9, 30, 4) }))
    const expected = [...entriesOf(1, 5, 1), ...entriesOf(6, 8, 3), ...entriesOf(9, 30, 4)]
    expect(await allEntries(storage, 1, 30)).toEqual(expected)
    disk.crash('lost')
    const again = await openStorage(disk, { cacheBytes: 300 })
    expect(again.recovered).toMatchObject({ lastIndex: 30, configurations: [] })
    expect(again.recovered.termRuns).toEqual([
      { term: 1, firstIndex: 1 },
      { term: 3, firstIndex: 6 },
      { term: 4, firstIndex: 9 },
    ])
    expect(again.takeTail().length).toBeLessThan(30)
    expect(await allEntries(again, 1, 30)).toEqual(expected)
  })

  it('effects that arrive during a sync leave together in one write and one sync', async () => {
    const disk = new MemoryFileSystem()
    const storage = await openStorage(disk)
    await storage.persist(effectOf({ hardState: hardStateOf(1) }))
    const log: string[] = []
    let release = (): void => undefined
    disk.beforeOperation = ({ operation }) => log.push(operation)
    disk.beforeSync = () =>
      new Promise((resolve) => {
        release = resolve
      })
    const done: number[] = []
    const first = storage.persist(effectOf({ entries: entriesOf(1, 1, 1) })).then(() => done.push(1))
    while (!log.includes('datasync')) await Promise.resolve()
    const rest = [2, 3, 4, 5].map((index) => storage.persist(effectOf({ entries: [entryOf(index, 1)] })).then(() => done.push(index)))
    expect(await storage.readEntries(asIndex(3), asIndex(5), 1000)).toEqual(entriesOf(3, 5, 1))
    expect(done).toEqual([])
    release()
    disk.beforeSync = null
    await Promise.all([first, ...rest])
    expect(done).toEqual([1, 2, 3, 4, 5])
    // One effect, then four in one; the last write is the mark.
    expect(log).toEqual(['write', 'datasync', 'write', 'datasync', 'write'])
  })

  it('goes through many segments, entries larger than a segment and batches larger than the room left', async () => {
    const disk = new MemoryFileSystem()
    const storage = await openStorage(disk, { cacheBytes: 1000 })
    const entries = Array.from({ length: 200 }, (_, at) => entryOf(at + 1, 1, at === 77 ? 50_000 : (at * 37) % 900))
    await storage.persist(effectOf({ hardState: hardStateOf(1), entries: entries.slice(0, 90) }))
    for (const entry of entries.slice(90)) await storage.persist(effectOf({ entries: [entry] }))
    expect(await allEntries(storage, 1, 200)).toEqual(entries)
    disk.crash('lost')
    const again = await openStorage(disk)
    expect(again.recovered.lastIndex).toBe(200)
    expect(await allEntries(again, 1, 200)).toEqual(entries)
    expect((await disk.list(DIRECTORY)).filter((name) => name.startsWith('wal-')).length).toBeGreaterThan(5)
  })

  it('compacts whole segments below a durable snapshot, recycles files and counts log bytes', async () => {
    const disk = new MemoryFileSystem()
    const storage = await openStorage(disk)
    await storage.persist(effectOf({ hardState: hardStateOf(1, 3), entries: entriesOf(1, 300, 1) }))
    const before = storage.logBytes
    expect(before).toBe(300 * 81)
    const meta = await storage.snapshots.write(describeSnapshot(200, 1), chunksOf(Uint8Array.of(1, 2, 3)))
    await storage.persist(effectOf({ compactBelow: asIndex(201) }))
    expect(storage.logBytes).toBe(100 * 81)
    expect(await storage.readEntries(asIndex(200), asIndex(300), 1000)).toEqual([])
    expect(await allEntries(storage, 201, 300)).toEqual(entriesOf(201, 300, 1))
    for (let index = 301; index <= 700; index++) await storage.persist(effectOf({ entries: [entryOf(index, 1)] }))
    disk.crash('lost')
    const again = await openStorage(disk)
    expect(again.recovered).toMatchObject({ snapshot: meta, lastIndex: 700, hardState: { term: 1, votedFor: 3 } })
    expect(again.recovered.firstIndex).toBeGreaterThan(100)
    expect(again.recovered.firstIndex).toBeLessThanOrEqual(201)
    expect(again.recovered.previousTerm).toBe(1)
    expect(await allEntries(again, 201, 700)).toEqual(entriesOf(201, 700, 1))
    expect(await stateOf(again, meta)).toEqual(Uint8Array.of(1, 2, 3))
  })

  it('installs a received snapshot in place of the log', async () => {
    const disk = new MemoryFileSystem()
    const storage = await openStorage(disk)
    const { meta, file } = await foreignSnapshot(50, 4, new Uint8Array(3000).fill(5))
    await storage.persist(effectOf({ hardState: hardStateOf(3), entries: entriesOf(1, 200, 3) }))
    expect(await storage.snapshots.receive(meta, 0, file.subarray(0, 1000), false)).toBe(1000)
    expect(await storage.snapshots.receive(meta, 1000, file.subarray(1000), true)).toBe('complete')
    expect(storage.snapshots.latest).toBeNull()
    await storage.persist(
      effectOf({ installSnapshot: meta, hardState: hardStateOf(4), entries: entriesOf(51, 53, 4), compactBelow: asIndex(51) }),
    )
    expect(storage.snapshots.latest).toEqual(meta)
    disk.crash('lost')
    const again = await openStorage(disk)
    expect(again.recovered).toMatchObject({
      snapshot: meta,
      firstIndex: 51,
      lastIndex: 53,
      previousTerm: 4,
      hardState: { term: 4, votedFor: null },
    })
    expect(await allEntries(again, 51, 53)).toEqual(entriesOf(51, 53, 4))
    expect((await disk.list(DIRECTORY)).filter((name) => name.startsWith('wal-')).length).toBe(1)
  })

  it('refuses the directory of another member, naming both', async () => {
    const disk = new MemoryFileSystem()
    await (await openStorage(disk)).close()
    const other = { clusterId: 78, memberId: asMemberId(2) }
    await expect(openStorage(disk, { identity: other })).rejects.toMatchObject({
      code: 'IDENTITY_MISMATCH',
      message: expect.stringMatching(/member 1 of cluster 77.*member 2 of cluster 78/),
    })
    await disk.remove(`${DIRECTORY}/identity`)
    await expect(openStorage(disk, { identity: other })).rejects.toMatchObject({ code: 'IDENTITY_MISMATCH' })
    await expect(openStorage(disk, { identity: IDENTITY })).resolves.toBeDefined()
  })

  it('stops for good after a failed sync, although the next sync would say ok', async () => {
    const disk = new MemoryFileSystem()
    const storage = await openStorage(disk)
    await storage.persist(effectOf({ hardState: hardStateOf(1), entries: [entryOf(1, 1)] }))
    disk.failNext({ operation: 'datasync', code: 'EIO' })
    const results = await Promise.allSettled([1, 2].map((at) => storage.persist(effectOf({ entries: [entryOf(at + 1, 1)] }))))
    expect(results).toMatchObject([{ reason: { code: 'SYNC_FAILED' } }, { reason: { code: 'SYNC_FAILED' } }])
    await expect(storage.persist(effectOf({ entries: [entryOf(4, 1)] }))).rejects.toMatchObject({ code: 'SYNC_FAILED' })
    disk.crash('lost')
    expect((await openStorage(disk)).recovered.lastIndex).toBe(1)
  })

  it('reports a full disk as DISK_FULL, loses nothing acknowledged, and starts again although the disk is still full', async () => {
    const disk = new MemoryFileSystem({ capacityBytes: 40_000 })
    const storage = await openStorage(disk)
    await storage.persist(effectOf({ hardState: hardStateOf(1) }))
    let acknowledged = 0
    const fill = async (): Promise<void> => {
      for (let index = 1; index < 5000; index++) {
        await storage.persist(effectOf({ entries: [entryOf(index, 1)] }))
        acknowledged = index
      }
    }
    await expect(fill()).rejects.toMatchObject({ code: 'DISK_FULL', family: 'fatal' })
    expect(acknowledged).toBeGreaterThan(10)
    disk.crash('kept')
    const again = await openStorage(disk)
    expect(again.recovered.lastIndex).toBe(acknowledged)
    expect(await allEntries(again, 1, acknowledged)).toEqual(entriesOf(1, acknowledged, 1))
  })

  it.each([
    ['a term that goes back', effectOf({ hardState: hardStateOf(4) })],
    ['a changed vote', effectOf({ hardState: hardStateOf(5, 2) })],
    ['a gap', effectOf({ entries: [entryOf(5, 5)] })],
    ['an entry of a term that is not durable', effectOf({ entries: [entryOf(4, 6)] })],
    ['terms that decrease', effectOf({ entries: [entryOf(4, 2)] })],
    ['compaction without a snapshot', effectOf({ compactBelow: asIndex(3) })],
  ])('refuses %s and everything after it', async (_name, effect) => {
    const storage = await openStorage()
    await storage.persist(effectOf({ hardState: hardStateOf(5, 1), entries: entriesOf(1, 3, 5) }))
    await expect(storage.persist(effect)).rejects.toMatchObject({ code: 'INVARIANT' })
    await expect(storage.persist(effectOf({}))).rejects.toMatchObject({ code: 'INVARIANT' })
  })

  it('raises the term to that of a snapshot that became durable before the term', async () => {
    const disk = new MemoryFileSystem()
    const storage = await openStorage(disk)
    await storage.persist(effectOf({ hardState: hardStateOf(1, 1), entries: entriesOf(1, 3, 1) }))
    await storage.snapshots.write(describeSnapshot(9, 2), chunksOf())
    disk.crash('lost')
    const again = await openStorage(disk)
    expect(again.recovered).toMatchObject({ hardState: { term: 2, votedFor: null }, firstIndex: 10, lastIndex: 9, previousTerm: 2 })
    await again.persist(effectOf({ hardState: hardStateOf(2, 3), entries: [entryOf(10, 2)] }))
    disk.crash('lost')
    expect((await openStorage(disk)).recovered).toMatchObject({ hardState: { term: 2, votedFor: 3 }, firstIndex: 10, lastIndex: 10 })
  })

  it('dumps the records of the log with file and offset', async () => {
    const disk = new MemoryFileSystem()
    const storage = await openStorage(disk)
    await storage.persist(effectOf({ hardState: hardStateOf(1), entries: entriesOf(1, 2, 1) }))
    const dump = []
    for await (const item of dumpLog(disk, DIRECTORY)) dump.push(item)
    expect(dump.map((item) => (item.type === 'record' ? item.record.type : item.type))).toEqual([
      'head',
      'hardState',
      'entry',
      'entry',
      'end',
    ])
    expect(dump.at(-2)).toMatchObject({
      path: `${DIRECTORY}/wal-0000000000000001.log`,
      sequence: 4,
      batch: 2,
      record: { entry: entryOf(2, 1) },
    })
    expect(dump.at(-1)).toMatchObject({ reason: 'synced' })
  })

  it('closes after what was accepted, and refuses more', async () => {
    const disk = new MemoryFileSystem()
    const storage = await openStorage(disk)
    const last = storage.persist(effectOf({ hardState: hardStateOf(asTerm(1)), entries: [entryOf(1, 1)] }))
    await storage.close()
    await last
    await expect(storage.persist(effectOf({}))).rejects.toMatchObject({ code: 'STOPPED' })
    disk.crash('lost')
    expect((await openStorage(disk)).recovered.lastIndex).toBe(1)
  })
})
