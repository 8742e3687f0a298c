import { describe, expect, it } from 'vitest'
import { MemoryFileSystem } from '../memory/memory-file-system.js'
import type { SnapshotMeta } from '../types.js'
import { asIndex } from '../types.js'
import { crc32 } from './crc32.js'
import {
  chunksOf,
  configurationOf,
  describeSnapshot,
  DIRECTORY,
  effectOf,
  entriesOf,
  foreignSnapshot,
  hardStateOf,
  openStorage,
  stateOf,
} from './storage-support.test-support.js'

const BYTES = Uint8Array.from({ length: 4000 }, (_, at) => at & 0xff)

const snapshotFiles = async (disk: MemoryFileSystem): Promise<string[]> =>
  (await disk.list(DIRECTORY)).filter((name) => name.startsWith('snapshot'))

describe('local snapshots', () => {
  it('are durable when write resolves, and come back chunk by chunk', async () => {
    const disk = new MemoryFileSystem()
    const storage = await openStorage(disk)
    const meta = await storage.snapshots.write(
      describeSnapshot(7, 2),
      chunksOf(BYTES.subarray(0, 10), new Uint8Array(0), BYTES.subarray(10)),
    )
    disk.crash('lost')
    const again = await openStorage(disk)
    expect(again.snapshots.latest).toEqual(meta)
    expect(meta).toMatchObject({ index: 7, term: 2, timeMs: 70, configuration: configurationOf(1, 2, 3) })
    const lengths: number[] = []
    for await (const chunk of again.snapshots.readState(meta)) lengths.push(chunk.length)
    expect(lengths).toEqual([10, 3990])
    expect(await stateOf(again, meta)).toEqual(BYTES)
    const file = await again.snapshots.readFile(meta, 0, meta.sizeBytes + 5)
    expect([file.length, crc32(file)]).toEqual([meta.sizeBytes, meta.checksum])
  })

  it('split what is larger than a megabyte, and may be empty', async () => {
    const storage = await openStorage()
    const large = new Uint8Array(2_500_000).fill(3)
    const meta = await storage.snapshots.write(describeSnapshot(7, 2), chunksOf(large))
    let bytes = 0
    for await (const chunk of storage.snapshots.readState(meta)) {
      expect(chunk.length).toBeLessThanOrEqual(1024 * 1024)
      bytes += chunk.length
    }
    expect(bytes).toBe(large.length)
    const empty = await storage.snapshots.write(describeSnapshot(8, 2), chunksOf())
    expect(await stateOf(storage, empty)).toEqual(new Uint8Array(0))
  })

  it('never go backwards: an older one gives back the newest instead', async () => {
    const storage = await openStorage()
    const newest = await storage.snapshots.write(describeSnapshot(7, 2), chunksOf(BYTES))
    expect(await storage.snapshots.write(describeSnapshot(5, 1), chunksOf())).toEqual(newest)
    expect(storage.snapshots.latest).toEqual(newest)
  })

  it('a source that fails leaves the one before in force', async () => {
    const disk = new MemoryFileSystem()
    const storage = await openStorage(disk)
    const before = await storage.snapshots.write(describeSnapshot(7, 2), chunksOf(BYTES))
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield BYTES
      throw new Error('the state machine failed')
    }
    await expect(storage.snapshots.write(describeSnapshot(9, 2), broken())).rejects.toThrow('the state machine failed')
    expect(storage.snapshots.latest).toEqual(before)
    await storage.snapshots.write(describeSnapshot(9, 2), chunksOf(BYTES))
    expect(await snapshotFiles(disk)).toEqual(['snapshot-0000000000000009-0000000000000002.snap'])
  })

  it('the older file stays while somebody reads it or a transfer goes on, and goes afterwards', async () => {
    const disk = new MemoryFileSystem()
    const storage = await openStorage(disk)
    const first = await storage.snapshots.write(describeSnapshot(1, 1), chunksOf(BYTES, BYTES))
    const reading = storage.snapshots.readState(first)[Symbol.asyncIterator]()
    await reading.next()
    const second = await storage.snapshots.write(describeSnapshot(2, 1), chunksOf(BYTES))
    expect((await reading.next()).value).toEqual(BYTES)
    expect((await reading.next()).done).toBe(true)
    await storage.snapshots.readFile(second, 0, 10)
    const third = await storage.snapshots.write(describeSnapshot(3, 1), chunksOf(BYTES))
    expect(await storage.snapshots.readFile(second, 10, 10)).toHaveLength(10)
    await expect(storage.snapshots.readFile(first, 0, 10)).rejects.toMatchObject({ code: 'COMPACTED', family: 'refused' })
    const fourth = await storage.snapshots.write(describeSnapshot(4, 1), chunksOf(BYTES))
    expect(await storage.snapshots.readFile(second, 20, 10)).toHaveLength(10)
    await expect(storage.snapshots.readFile(third, 0, 10)).rejects.toMatchObject({ code: 'COMPACTED' })
    await storage.snapshots.write(describeSnapshot(5, 1), chunksOf(BYTES))
    await storage.snapshots.write(describeSnapshot(6, 1), chunksOf(BYTES))
    await expect(storage.snapshots.readFile(fourth, 0, 1)).rejects.toMatchObject({ code: 'COMPACTED' })
    expect(await snapshotFiles(disk)).toHaveLength(1)
  })

  it('damage in the middle shows when the state is read and before a transfer, with file and offset', async () => {
    const disk = new MemoryFileSystem()
    const first = await openStorage(disk)
    const meta = await first.snapshots.write(describeSnapshot(7, 2), chunksOf(BYTES))
    await first.close()
    const path = `${DIRECTORY}/snapshot-0000000000000007-0000000000000002.snap`
    disk.flipBit(path, 2000, 3)
    const storage = await openStorage(disk)
    await expect(stateOf(storage, meta)).rejects.toMatchObject({ code: 'CORRUPT', message: expect.stringMatching(/\.snap.*byte \d+/) })
    await expect(storage.snapshots.readFile(meta, 0, 10)).rejects.toMatchObject({ code: 'CORRUPT', message: expect.stringContaining(path) })
  })

  it('damage that comes after it was written shows when a receiver that has refused it begins anew', async () => {
    const disk = new MemoryFileSystem()
    const storage = await openStorage(disk)
    const meta = await storage.snapshots.write(describeSnapshot(7, 2), chunksOf(BYTES))
    disk.flipBit(`${DIRECTORY}/snapshot-0000000000000007-0000000000000002.snap`, 2000, 3)
    await storage.snapshots.readFile(meta, 0, 1000)
    await storage.snapshots.readFile(meta, 1000, 1000)
    await expect(storage.snapshots.readFile(meta, 0, 1000)).rejects.toMatchObject({ code: 'CORRUPT' })
  })

  it('a damaged newest one stops the start: an older one or the bare log never stand in for it', async () => {
    const disk = new MemoryFileSystem()
    const storage = await openStorage(disk)
    await storage.persist(effectOf({ hardState: hardStateOf(1), entries: entriesOf(1, 9, 1) }))
    const { sizeBytes } = await storage.snapshots.write(describeSnapshot(7, 1), chunksOf(BYTES))
    await storage.close()
    disk.flipBit(`${DIRECTORY}/snapshot-0000000000000007-0000000000000001.snap`, sizeBytes - 5, 1)
    const files = await disk.list(DIRECTORY)
    await expect(openStorage(disk)).rejects.toMatchObject({ code: 'CORRUPT' })
    expect(await disk.list(DIRECTORY)).toEqual(files)
  })

  it("refuses another cluster's file", async () => {
    const disk = new MemoryFileSystem()
    await (await openStorage(disk)).close()
    const other = new MemoryFileSystem()
    const foreign = await openStorage(other, {
      identity: { clusterId: 99, memberId: (await openStorage(disk)).recovered.baseConfiguration.members[0]?.id ?? fail() },
    })
    await foreign.snapshots.write(describeSnapshot(7, 1), chunksOf(BYTES))
    const name = 'snapshot-0000000000000007-0000000000000001.snap'
    const handle = await disk.open(`${DIRECTORY}/${name}`, 'create')
    handle.write(0, other.contents(`${DIRECTORY}/${name}`))
    await handle.datasync()
    await expect(openStorage(disk)).rejects.toMatchObject({
      code: 'IDENTITY_MISMATCH',
      message: expect.stringMatching(/cluster 99.*cluster 77/),
    })
  })
})

function fail(): never {
  throw new Error('a configuration without members')
}

describe('received snapshots', () => {
  const pieces = (file: Uint8Array, size: number): [number, Uint8Array][] =>
    Array.from({ length: Math.ceil(file.length / size) }, (_, at) => [at * size, file.subarray(at * size, (at + 1) * size)])

  it('go on after duplicates, gaps and a restart, and are installed only by persist', async () => {
    const disk = new MemoryFileSystem()
    let storage = await openStorage(disk)
    const { meta, file } = await foreignSnapshot(50, 3, BYTES)
    const [first, second, third, ...rest] = pieces(file, 600)
    if (first === undefined || second === undefined || third === undefined) throw new Error('the file is too short')
    expect(await storage.snapshots.receive(meta, ...first, false)).toBe(600)
    expect(await storage.snapshots.receive(meta, ...first, false)).toBe(600)
    expect(await storage.snapshots.receive(meta, ...third, false)).toBe(600)
    expect(await storage.snapshots.receive(meta, ...second, false)).toBe(1200)
    await storage.close()
    storage = await openStorage(disk)
    expect(await storage.snapshots.receive(meta, 0, new Uint8Array(0), false)).toBe(1200)
    expect(await storage.snapshots.receive(meta, ...third, false)).toBe(1800)
    let answer: number | 'complete' = 0
    for (const [offset, data] of rest) answer = await storage.snapshots.receive(meta, offset, data, offset + data.length === file.length)
    expect(answer).toBe('complete')
    expect(await storage.snapshots.receive(meta, ...first, false)).toBe('complete')
    expect(storage.snapshots.latest).toBeNull()
    disk.crash('lost')
  })

  it('completed before a restart are still complete after it', async () => {
    const disk = new MemoryFileSystem()
    const { meta, file } = await foreignSnapshot(50, 3, BYTES)
    const storage = await openStorage(disk)
    expect(await storage.snapshots.receive(meta, 0, file, true)).toBe('complete')
    await storage.close()
    const again = await openStorage(disk)
    expect(await again.snapshots.receive(meta, 0, new Uint8Array(0), false)).toBe('complete')
    await again.persist(effectOf({ installSnapshot: meta, hardState: hardStateOf(3) }))
    expect(await stateOf(again, meta)).toEqual(BYTES)
  })

  it('a state that travelled as it is: what refers to it is installed in its place, and by persist alone', async () => {
    const disk = new MemoryFileSystem()
    const storage = await openStorage(disk)
    const meta: SnapshotMeta = { ...describeSnapshot(9, 3), sizeBytes: 5_000_000, checksum: 12_345, form: 'state' }
    await storage.snapshots.adopt(meta, chunksOf(Uint8Array.of(1)))
    await storage.snapshots.adopt(meta, chunksOf(Uint8Array.of(1, 2)))
    expect(storage.snapshots.latest).toBeNull()
    const other = await foreignSnapshot(50, 3, BYTES)
    expect(await storage.snapshots.receive(other.meta, 0, other.file.subarray(0, 10), false)).toBe(10)
    await storage.persist(effectOf({ installSnapshot: meta, hardState: hardStateOf(3) }))
    expect(await stateOf(storage, meta)).toEqual(Uint8Array.of(1, 2))
    await storage.close()
    const again = await openStorage(disk)
    const { latest, recovered } = { latest: again.snapshots.latest, recovered: again.recovered }
    expect([latest?.index, latest?.form, recovered.lastIndex]).toEqual([9, undefined, 9])
    if (latest !== null) expect(await stateOf(again, latest)).toEqual(Uint8Array.of(1, 2))
    await expect(again.persist(effectOf({ installSnapshot: { ...meta, index: asIndex(12) } }))).rejects.toMatchObject({ code: 'INVARIANT' })
  })

  it('with a wrong checksum, a wrong length or another content than announced start again at 0', async () => {
    const storage = await openStorage()
    const { meta, file } = await foreignSnapshot(50, 3, BYTES)
    const damaged = file.slice()
    damaged[1000] = 0xee
    expect(await storage.snapshots.receive(meta, 0, damaged, true)).toBe(0)
    expect(await storage.snapshots.receive(meta, 0, file.subarray(0, 100), true)).toBe(0)
    expect(await storage.snapshots.receive(meta, 0, Uint8Array.from([...file, 0]), true)).toBe(0)
    const lying: SnapshotMeta = { ...meta, index: asIndex(60) }
    expect(await storage.snapshots.receive(lying, 0, file, true)).toBe(0)
    expect(await storage.snapshots.receive(meta, 0, file, true)).toBe('complete')
  })

  it('after a loss of power with garbage in the file end up right all the same', async () => {
    const disk = new MemoryFileSystem()
    const { meta, file } = await foreignSnapshot(50, 3, BYTES)
    const storage = await openStorage(disk)
    await storage.snapshots.receive(meta, 0, file.subarray(0, 3000), false)
    disk.crash('torn', { next: () => 0.3 })
    const again = await openStorage(disk)
    let offset = await again.snapshots.receive(meta, 0, new Uint8Array(0), false)
    for (let attempt = 0; attempt < 3 && offset !== 'complete'; attempt++)
      offset = await again.snapshots.receive(meta, offset, file.subarray(offset), true)
    expect(offset).toBe('complete')
  })

  it('wait for their installation, whatever comes of another snapshot meanwhile', async () => {
    const storage = await openStorage()
    const chosen = await foreignSnapshot(50, 3, BYTES)
    const newer = await foreignSnapshot(70, 3, BYTES)
    expect(await storage.snapshots.receive(chosen.meta, 0, chosen.file, true)).toBe('complete')
    expect(await storage.snapshots.receive(newer.meta, 0, newer.file.subarray(0, 100), false)).toBe(100)
    await storage.persist(effectOf({ installSnapshot: chosen.meta, hardState: hardStateOf(3) }))
    expect(storage.snapshots.latest).toEqual(chosen.meta)
    expect(await storage.snapshots.receive(newer.meta, 100, newer.file.subarray(100), true)).toBe('complete')
    await storage.persist(effectOf({ installSnapshot: newer.meta }))
    expect(await stateOf(storage, newer.meta)).toEqual(BYTES)
  })

  it('of another snapshot replace an unfinished one', async () => {
    const disk = new MemoryFileSystem()
    const storage = await openStorage(disk)
    const old = await foreignSnapshot(50, 3, BYTES)
    const other = await foreignSnapshot(70, 3, BYTES)
    await storage.snapshots.receive(old.meta, 0, old.file.subarray(0, 100), false)
    await storage.snapshots.receive(other.meta, 0, other.file.subarray(0, 100), false)
    expect((await snapshotFiles(disk)).length).toBe(1)
    expect(await storage.snapshots.receive(old.meta, 100, old.file.subarray(100), true)).toBe(0)
  })
})
