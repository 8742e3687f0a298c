import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BalsaError } from '../errors.js'
import { MemoryFileSystem } from '../memory/memory-file-system.js'
import { SeededRandom } from '../memory/seeded-random.js'
import { asIndex } from '../types.js'
import { dumpLog } from './dump-log.js'
import { LogModel, type ModelState, recoveredState, textOf } from './log-model.test-support.js'
import {
  chunksOf,
  describeSnapshot,
  DIRECTORY,
  effectOf,
  entriesOf,
  entryOf,
  hardStateOf,
  openStorage,
} from './storage-support.test-support.js'

const OPTIONS = { segmentBytes: 4096, cacheBytes: 500 }
const SEED = Number(process.env['BALSA_SEED'] ?? '1')
const REPLAY = `replay: BALSA_SEED=${SEED} npx vitest run packages/raft/src/log/damage.test.ts`

/** Two segments and a snapshot that covers the beginning. The process died without closing anything; nothing is torn. */
async function smallLog(): Promise<MemoryFileSystem> {
  const disk = new MemoryFileSystem()
  const storage = await openStorage(disk, OPTIONS)
  await storage.persist(effectOf({ hardState: hardStateOf(1, 2), entries: entriesOf(1, 9, 1, 200) }))
  await storage.persist(effectOf({ hardState: hardStateOf(2), entries: entriesOf(8, 12, 2, 150) }))
  await storage.snapshots.write(describeSnapshot(5, 1), chunksOf(new Uint8Array(90).fill(6), new Uint8Array(60).fill(7)))
  await storage.persist(effectOf({ entries: entriesOf(13, 20, 2, 100) }))
  await storage.persist(effectOf({ hardState: hardStateOf(3, 1), entries: entriesOf(21, 22, 3, 100) }))
  disk.crash('kept')
  return disk
}

/** `null` when the damage was detected: a fatal code, and for damage the file and the offset in the text. */
async function openDamaged(disk: MemoryFileSystem): Promise<ModelState | null> {
  try {
    return await recoveredState(await openStorage(disk, OPTIONS))
  } catch (error) {
    if (!(error instanceof BalsaError)) throw error
    expect(['CORRUPT', 'MISSING_SEGMENT', 'IDENTITY_MISMATCH']).toContain(error.code)
    if (error.code === 'CORRUPT') expect(error.message).toMatch(/\/data\/.*(byte|bytes)/)
    return null
  }
}

async function filesOf(disk: MemoryFileSystem): Promise<string[]> {
  return (await disk.list(DIRECTORY)).filter((name) => !name.startsWith('spare')).map((name) => `${DIRECTORY}/${name}`)
}

describe('damage at rest', () => {
  it('is detected or changes nothing, for every byte of every file', async () => {
    const disk = await smallLog()
    const sound = await recoveredState(await openStorage(disk.fork(), OPTIONS))
    const soundText = textOf(sound)
    expect(sound.entries.length).toBe(17)
    let detected = 0
    for (const path of await filesOf(disk)) {
      const { length } = disk.contents(path)
      for (let offset = 0; offset < length; offset++) {
        const damaged = disk.fork()
        damaged.flipBit(path, offset, (offset * 5 + SEED) % 8)
        const found = await openDamaged(damaged)
        if (found === null) detected += 1
        else if (textOf(found) !== soundText) expect(found, `${path} byte ${offset}, ${REPLAY}`).toEqual(sound)
      }
    }
    // All bytes of records, headers, snapshot and identity; not the empty rest of the segments.
    expect(detected).toBeGreaterThan(5000)
  })

  it('a file that is cut anywhere is detected', async () => {
    const disk = await smallLog()
    for (const path of await filesOf(disk)) {
      const { length } = disk.contents(path)
      for (let size = 0; size < length; size += size < 600 ? 1 : 61) {
        const damaged = disk.fork()
        damaged.cut(path, size)
        expect(await openDamaged(damaged), `${path} cut to ${size}`).toBeNull()
      }
    }
  })

  it('several random bytes anywhere: detected, or the same state; without the last batch only if the mark behind it was hit, too', async () => {
    const disk = await smallLog()
    const sound = await recoveredState(await openStorage(disk.fork(), OPTIONS))
    const withoutLast = { ...sound, hardState: hardStateOf(2), entries: sound.entries.filter(({ index }) => index <= 20) }
    let markAt = 0
    for await (const item of dumpLog(disk, DIRECTORY)) if (item.type === 'end') markAt = item.offset
    const files = (await filesOf(disk)).filter((path) => path.includes('wal-'))
    const mutation = fc.record({
      file: fc.nat({ max: files.length - 1 }),
      offset: fc.nat({ max: 4095 }),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 700 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 3 }), async (mutations) => {
        const damaged = disk.fork()
        for (const { file, offset, bytes } of mutations) {
          const handle = await damaged.open(files[file] ?? '', 'readwrite')
          handle.write(offset, bytes.subarray(0, 4096 - offset))
          await handle.datasync()
        }
        const found = await openDamaged(damaged)
        const markHit = mutations.some(
          ({ file, offset, bytes }) => file === files.length - 1 && offset < markAt + 56 && offset + bytes.length > markAt,
        )
        if (found !== null) expect(markHit ? [sound, withoutLast] : [sound]).toContainEqual(found)
      }),
      { seed: SEED, numRuns: 300 },
    )
  })

  it('a lost or misdirected write is detected', async () => {
    const disk = await smallLog()
    const path = `${DIRECTORY}/wal-0000000000000002.log`
    const handle = await disk.open(path, 'readwrite')
    const bytes = disk.contents(path)
    const magicAt = (offset: number): boolean => bytes[offset + 4] === 0x42 && bytes[offset + 7] === 0x42
    const batches = Array.from({ length: 7 }, (_, at) => (at + 1) * 512).filter(magicAt)
    expect(batches.length).toBeGreaterThanOrEqual(3)
    for (const target of batches.slice(0, -1)) {
      for (const source of [0, ...batches].filter((offset) => offset !== target)) {
        const damaged = disk.fork()
        const copy = await damaged.open(path, 'readwrite')
        copy.write(target, bytes.subarray(source, source + 512))
        await copy.datasync()
        expect(await openDamaged(damaged), `sector ${source} on ${target}`).toBeNull()
      }
      const lost = disk.fork()
      const copy = await lost.open(path, 'readwrite')
      copy.write(target, new Uint8Array(512))
      await copy.datasync()
      expect(await openDamaged(lost), `sector ${target} never written`).toBeNull()
    }
    await handle.close()
  })

  it('of the unacknowledged end: detected, or a prefix of what was written', async () => {
    const disk = await smallLog()
    const model = new LogModel()
    const base = effectOf({ hardState: hardStateOf(3, 1) })
    const storage = await openStorage(disk, OPTIONS)
    model.states.push(await recoveredState(storage))
    const effect = effectOf({ entries: entriesOf(23, 26, 3, 100), hardState: base.hardState })
    let release = (): void => undefined
    disk.beforeSync = () =>
      new Promise((resolve) => {
        release = resolve
      })
    const pending = storage.persist(effect).catch(() => undefined)
    await untilWritten(disk, 26)
    const torn = disk.fork()
    release()
    disk.beforeSync = null
    await pending
    model.issue(effect)
    const path = `${DIRECTORY}/wal-0000000000000002.log`
    torn.crash('kept')
    const newest = model.states.length - 1
    for (let offset = 0; offset < 4096; offset++) {
      const damaged = torn.fork()
      damaged.flipBit(path, offset, offset % 8)
      const found = await openDamaged(damaged)
      if (found !== null) expect(model.match(found, 1, newest)).toBeGreaterThanOrEqual(1)
    }
  })

  it.each(['lost', 'prefix', 'subset', 'torn'] as const)(
    'with random damage in a batch that was being written (%s) nothing acknowledged is lost',
    async (mode) => {
      const random = new SeededRandom(SEED)
      for (let round = 0; round < 60; round++) {
        const disk = new MemoryFileSystem()
        const storage = await openStorage(disk, OPTIONS)
        await storage.persist(effectOf({ hardState: hardStateOf(1), entries: entriesOf(1, 3, 1) }))
        let release = (): void => undefined
        disk.beforeSync = () =>
          new Promise((resolve) => {
            release = resolve
          })
        const pending = storage.persist(effectOf({ entries: entriesOf(4, 8, 1, random.int(250)) })).catch(() => undefined)
        await untilWritten(disk, 8)
        disk.crash(mode, random)
        release()
        disk.beforeSync = null
        await pending
        const found = await recoveredState(await openStorage(disk, OPTIONS))
        expect([3, 8], REPLAY).toContain(found.entries.length)
      }
    },
  )
})

describe('missing files', () => {
  it.each([1, 2])('segment %i', async (number) => {
    const disk = await smallLog()
    const name = `wal-000000000000000${number}.log`
    await disk.remove(`${DIRECTORY}/${name}`)
    await expect(openStorage(disk, OPTIONS)).rejects.toMatchObject({ code: 'MISSING_SEGMENT', message: expect.stringContaining(name) })
  })

  it('all segments, or the whole log beside a snapshot', async () => {
    const disk = await smallLog()
    for (const name of await disk.list(DIRECTORY)) if (name.startsWith('wal')) await disk.remove(`${DIRECTORY}/${name}`)
    await expect(openStorage(disk, OPTIONS)).rejects.toMatchObject({ code: 'MISSING_SEGMENT' })
    await disk.remove(`${DIRECTORY}/identity`)
    await expect(openStorage(disk, OPTIONS)).rejects.toMatchObject({ code: 'MISSING_SEGMENT' })
  })

  it('the snapshot, when the log below it is gone', async () => {
    const disk = new MemoryFileSystem()
    const storage = await openStorage(disk, OPTIONS)
    await storage.persist(effectOf({ hardState: hardStateOf(1), entries: entriesOf(1, 60, 1, 200) }))
    await storage.snapshots.write(describeSnapshot(55, 1), chunksOf())
    await storage.persist(effectOf({ compactBelow: asIndex(56) }))
    await storage.close()
    const name = (await disk.list(DIRECTORY)).find((candidate) => candidate.endsWith('.snap'))
    await disk.remove(`${DIRECTORY}/${name}`)
    await expect(openStorage(disk, OPTIONS)).rejects.toMatchObject({
      code: 'MISSING_SEGMENT',
      message: expect.stringContaining('no snapshot'),
    })
  })

  it('a gap below what the snapshot covers is only rubbish, and goes', async () => {
    const disk = new MemoryFileSystem()
    const storage = await openStorage(disk, OPTIONS)
    await storage.persist(effectOf({ hardState: hardStateOf(1), entries: entriesOf(1, 80, 1, 200) }))
    await storage.snapshots.write(describeSnapshot(78, 1), chunksOf())
    await storage.close()
    await disk.remove(`${DIRECTORY}/wal-0000000000000002.log`)
    const again = await openStorage(disk, OPTIONS)
    expect(again.recovered.lastIndex).toBe(80)
    expect((await recoveredState(again)).entries).toEqual(entriesOf(79, 80, 1, 200))
    expect(await disk.list(DIRECTORY)).not.toContain('wal-0000000000000001.log')
  })

  it('a file under the name of another segment is refused', async () => {
    const disk = await smallLog()
    const path = `${DIRECTORY}/wal-0000000000000002.log`
    const renamed = `${DIRECTORY}/wal-0000000000000007.log`
    await disk.rename(path, renamed)
    await expect(openStorage(disk, OPTIONS)).rejects.toMatchObject({ code: 'CORRUPT', message: expect.stringContaining('segment 2') })
  })
})

/** Whether the newest entry of the log can be seen in its file. */
async function written(disk: MemoryFileSystem, index: number): Promise<boolean> {
  const wanted = entryOf(index, 1).index
  const names = (await disk.list(DIRECTORY)).filter((name) => name.startsWith('wal-'))
  const bytes = disk.contents(`${DIRECTORY}/${names.at(-1)}`)
  const view = new DataView(bytes.buffer)
  for (let at = 16; at + 24 <= bytes.length; at++) {
    if (bytes[at - 8] === 3 && view.getUint32(at, true) === wanted && view.getUint32(at + 4, true) === 0) return true
  }
  return false
}

async function untilWritten(disk: MemoryFileSystem, index: number): Promise<void> {
  for (let turn = 0; turn < 1000; turn++) {
    if (await written(disk, index)) return
    await Promise.resolve()
  }
  throw new Error(`entry ${index} was never written`)
}
