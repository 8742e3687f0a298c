import { describe, expect, it } from 'vitest'
import { MemoryFileSystem } from '../memory/memory-file-system.js'
import { asIndex, type Entry, ZERO_INDEX, ZERO_TERM } from '../types.js'
import { crc32 } from './crc32.js'
import { readEntriesFromDisk } from './log-reader.js'
import { LogState } from './log-state.js'
import { HeadOrigin, type LogHead } from './record.js'
import { recoverLog } from './recovery.js'
import { SegmentWriter, type WriterOptions } from './segment-writer.js'
import { SparePool } from './spare-pool.js'
import { configurationOf, effectOf, entriesOf, entryOf, hardStateOf, IDENTITY } from './storage-support.test-support.js'
import { Wal } from './wal.js'

const HEAD: LogHead = {
  origin: HeadOrigin.initial,
  lastIndex: ZERO_INDEX,
  lastTerm: ZERO_TERM,
  timeMs: 0,
  hardState: hardStateOf(0),
  configuration: configurationOf(1),
}

function writerOptions(fileSystem: MemoryFileSystem): WriterOptions {
  const common = { fileSystem, directory: '/d', identity: IDENTITY, crc32, segmentBytes: 4096 }
  return { ...common, spares: new SparePool(fileSystem, '/d', 4096), baseConfiguration: () => configurationOf(1) }
}

async function newWal(disk = new MemoryFileSystem()) {
  await disk.makeDirectory('/d')
  const writer = await SegmentWriter.create(writerOptions(disk), HEAD)
  const wal = new Wal(writer, new LogState(HEAD), { install: async () => undefined, latest: () => null }, () => new LogState(HEAD))
  return { disk, writer, wal }
}

async function recover(disk: MemoryFileSystem) {
  const options = { fileSystem: disk, directory: '/d', identity: IDENTITY, crc32, cacheBytes: 1e6, snapshot: null }
  const log = await recoverLog(options, await disk.list('/d'))
  if (log === null) throw new Error('there is no log')
  return log
}

const cached = (state: LogState): readonly Entry[] => state.cache.read(state.firstIndex, state.lastIndex, 1e9) ?? []

describe('Wal', () => {
  it('resolves in the order of the calls, also across segments', async () => {
    const { wal } = await newWal()
    const order: number[] = []
    await wal.persist(effectOf({ hardState: hardStateOf(1) }))
    await Promise.all(
      entriesOf(1, 30, 1, 400).map((entry) => wal.persist(effectOf({ entries: [entry] })).then(() => order.push(entry.index))),
    )
    expect(order).toEqual(Array.from({ length: 30 }, (_, at) => at + 1))
  })

  it('rejects everything that waits when one write fails, and nothing that was durable', async () => {
    const { disk, wal } = await newWal()
    await wal.persist(effectOf({ hardState: hardStateOf(1) }))
    const first = wal.persist(effectOf({ entries: [entryOf(1, 1)] }))
    await first
    disk.failNext({ operation: 'write', code: 'EIO' })
    const results = await Promise.allSettled(entriesOf(2, 4, 1).map((entry) => wal.persist(effectOf({ entries: [entry] }))))
    expect(results.map((result) => result.status === 'rejected' && (result.reason as { code: string }).code)).toEqual([
      'IO_ERROR',
      'IO_ERROR',
      'IO_ERROR',
    ])
  })

  it('keeps in memory what is not written yet, however small the cache', async () => {
    const { disk, wal } = await newWal()
    await wal.persist(effectOf({ hardState: hardStateOf(1), entries: entriesOf(1, 3, 1) }))
    expect(wal.state.cache.length).toBe(0)
    let release = (): void => undefined
    disk.beforeSync = () =>
      new Promise((resolve) => {
        release = resolve
      })
    const pending = wal.persist(effectOf({ entries: entriesOf(4, 6, 1) }))
    expect(cached(wal.state)).toEqual([])
    expect(wal.state.cache.read(4, 6, 1e9)).toEqual(entriesOf(4, 6, 1))
    disk.beforeSync = null
    await Promise.resolve()
    release()
    await pending
    expect(wal.state.cache.length).toBe(0)
  })
})

describe('a batch that nothing says was synced', () => {
  it('is copied into a new segment before it counts, and the old place no longer matters', async () => {
    const { disk, writer } = await newWal()
    await writer.addHardState(hardStateOf(1))
    for (const entry of entriesOf(1, 3, 1)) await writer.addEntry(entry)
    await writer.flush()
    writer.mark()
    await writer.addHardState(hardStateOf(2))
    for (const entry of entriesOf(3, 6, 2)) await writer.addEntry(entry)
    await writer.flush()
    disk.crash('lost')
    const log = await recover(disk)
    expect(log.place.redo).toMatchObject({
      tail: { lastIndex: 3, lastTerm: 1, hardState: { term: 1 } },
      records: [{ type: 'hardState' }, ...entriesOf(3, 6, 2).map((entry) => ({ entry }))],
    })
    const resumed = await SegmentWriter.resume(writerOptions(disk), log.place)
    disk.crash('lost')
    const without = disk.fork()
    await without.remove('/d/wal-0000000000000002.log')
    await expect(recover(without)).rejects.toMatchObject({
      code: 'MISSING_SEGMENT',
      message: expect.stringContaining('wal-0000000000000002.log'),
    })
    const oldPlace = log.place.offset - 512
    disk.flipBit('/d/wal-0000000000000001.log', oldPlace + 100, 3)
    const again = await recover(disk)
    expect(cached(again.state)).toEqual([...entriesOf(1, 2, 1), ...entriesOf(3, 6, 2)])
    expect([again.state.hardState, again.place.segments.length, again.place.redo]).toEqual([hardStateOf(2), 2, null])
    const reader = { fileSystem: disk, directory: '/d', crc32, segments: again.place.segments, positions: again.place.positions }
    expect(await readEntriesFromDisk(reader, asIndex(1), asIndex(6), 1e9)).toEqual([...entriesOf(1, 2, 1), ...entriesOf(3, 6, 2)])
    expect(resumed.positions.find(4)?.checkpoint).toEqual(again.place.positions.find(4)?.checkpoint)
  })

  it('is not copied when the mark behind it is there', async () => {
    const { disk, wal } = await newWal()
    await wal.persist(effectOf({ hardState: hardStateOf(1), entries: entriesOf(1, 3, 1) }))
    const log = await recover(disk)
    expect([log.place.redo, log.tornAt]).toEqual([null, null])
  })

  it('and one that is torn is cut, and reported', async () => {
    const { disk, writer } = await newWal()
    await writer.addHardState(hardStateOf(1))
    await writer.flush()
    disk.flipBit('/d/wal-0000000000000001.log', 1024 + 60, 1)
    const log = await recover(disk)
    expect([log.state.hardState, log.tornAt]).toEqual([hardStateOf(0), { path: '/d/wal-0000000000000001.log', offset: 1024 }])
  })
})
