import { describe, expect, it } from 'vitest'
import { CRASH_MODES } from '../memory/memory-file.js'
import { MemoryFileSystem } from '../memory/memory-file-system.js'
import { SeededRandom } from '../memory/seeded-random.js'
import type { PersistEffect } from '../core/effects.js'
import { asIndex, asTerm } from '../types.js'
import type { DurableStorage } from './durable-storage.js'
import { LogModel, recoveredState, textOf } from './log-model.test-support.js'
import {
  chunksOf,
  describeSnapshot,
  effectOf,
  entriesOf,
  entryOf,
  foreignSnapshot,
  hardStateOf,
  openStorage,
} from './storage-support.test-support.js'

const OPTIONS = { segmentBytes: 4096, cacheBytes: 600 }
const SEED = Number(process.env['BALSA_SEED'] ?? '1')

interface CrashPoint {
  readonly number: number
  readonly operation: string
  readonly disk: MemoryFileSystem
  readonly acknowledged: number
  readonly issued: number
}

/** Everything that a log goes through in its life, in small. */
class Workload {
  readonly disk = new MemoryFileSystem()
  readonly model = new LogModel()
  readonly points: CrashPoint[] = []

  async run(): Promise<void> {
    const foreign = await foreignSnapshot(90, 4, new Uint8Array(1500).fill(3))
    this.disk.beforeOperation = ({ operation, path, number }) => {
      const issued = this.model.states.length - 1
      this.points.push({ number, operation: `${operation} ${path}`, disk: this.disk.fork(), acknowledged: this.model.acknowledged, issued })
    }
    const storage = await openStorage(this.disk, OPTIONS)
    await this.#persist(storage, { hardState: hardStateOf(1, 2), entries: entriesOf(1, 3, 1) })
    await Promise.all([4, 5, 6, 7, 8].map((index) => this.#persist(storage, { entries: [entryOf(index, 1, index * 60)] })))
    await this.#persist(storage, { hardState: hardStateOf(2), entries: entriesOf(6, 12, 2, 300) })
    await this.#persist(storage, { hardState: hardStateOf(3, 1) })
    for (let index = 13; index <= 20; index++) await this.#persist(storage, { entries: [entryOf(index, 2, 500)] })
    await this.#snapshot(storage, 16, 2)
    await this.#persist(storage, { compactBelow: asIndex(15), entries: [entryOf(19, 3, 5000)] })
    await Promise.all(entriesOf(20, 30, 3, 700).map((entry) => this.#persist(storage, { entries: [entry] })))
    await this.#persist(storage, { hardState: hardStateOf(4) })
    const { meta, file } = foreign
    await storage.snapshots.receive(meta, 0, file.subarray(0, 700), false)
    await storage.snapshots.receive(meta, 700, file.subarray(700), true)
    const install = this.#persist(storage, { installSnapshot: meta, compactBelow: asIndex(91) })
    await Promise.all([install, this.#persist(storage, { entries: entriesOf(91, 95, 4) })])
    for (let index = 96; index <= 110; index++) await this.#persist(storage, { entries: [entryOf(index, 4, 400)] })
    await this.#snapshot(storage, 108, 4)
    await this.#persist(storage, { compactBelow: asIndex(109) })
    await this.#persist(storage, { hardState: hardStateOf(5, 3), entries: entriesOf(109, 125, 5, 350) })
    // Nobody else has them: what replaces them ends far below them, and they fill several segments.
    for (const first of [126, 136, 146]) await this.#persist(storage, { entries: entriesOf(first, first + 9, 5, 350) })
    await this.#persist(storage, { hardState: hardStateOf(6) })
    const lower = await foreignSnapshot(112, 6, new Uint8Array(100).fill(4))
    await storage.snapshots.receive(lower.meta, 0, lower.file, true)
    await this.#persist(storage, { installSnapshot: lower.meta, compactBelow: asIndex(113) })
    await this.#persist(storage, { entries: entriesOf(113, 114, 6) })
    await storage.close()
  }

  async #persist(storage: DurableStorage, parts: Partial<PersistEffect>): Promise<void> {
    const effect = effectOf(parts)
    const position = this.model.issue(effect)
    await storage.persist(effect)
    this.model.acknowledge(position)
  }

  async #snapshot(storage: DurableStorage, index: number, term: number): Promise<void> {
    const position = this.model.issueSnapshot(index)
    await storage.snapshots.write(describeSnapshot(index, term), chunksOf(new Uint8Array(index).fill(1)))
    this.model.acknowledge(position)
  }
}

/** Recovers, checks, goes on, loses everything unsynced again, recovers, checks. Returns the state that was found. */
async function recoverTwice(disk: MemoryFileSystem, model: LogModel, point: CrashPoint): Promise<number> {
  const storage = await openStorage(disk, OPTIONS)
  const found = await recoveredState(storage)
  const position = model.match(found, point.acknowledged, point.issued)
  const term = asTerm(storage.recovered.hardState.term + 1)
  const next = entryOf(storage.recovered.lastIndex + 1, term, 100)
  await storage.persist(effectOf({ hardState: { term, votedFor: null }, entries: [next] }))
  disk.crash('lost')
  const again = await recoveredState(await openStorage(disk, OPTIONS))
  expect(textOf(again)).toBe(
    textOf({ hardState: { term, votedFor: null }, snapshotIndex: found.snapshotIndex, entries: [...found.entries, next] }),
  )
  return position
}

/** By mode: crash points after which more was there than was acknowledged. */
const surplus = new Map<string, number>()

describe('a crash at every storage operation', () => {
  it.each(CRASH_MODES)('recovers everything acknowledged and at most what was issued (mode %s)', async (mode) => {
    const workload = new Workload()
    await workload.run()
    const random = new SeededRandom(SEED)
    let unacknowledged = 0
    for (const point of workload.points) {
      const disk = point.disk.fork()
      disk.crash(mode, random)
      try {
        if ((await recoverTwice(disk, workload.model, point)) > point.acknowledged) unacknowledged += 1
      } catch (error) {
        throw new Error(
          `crash before operation ${point.number} (${point.operation}), mode ${mode}, replay: BALSA_SEED=${SEED} npx vitest run packages/raft/src/log/crash.test.ts`,
          { cause: error },
        )
      }
    }
    expect(workload.points.length).toBeGreaterThan(300)
    surplus.set(mode, unacknowledged)
  })

  it('and the modes do differ: what is not synced is found less often when it is lost than when it is kept', () => {
    expect(surplus.get('lost')).toBeLessThan(surplus.get('torn') ?? 0)
    expect(surplus.get('torn')).toBeLessThan(surplus.get('kept') ?? 0)
  })

  it('recovers also when recovery itself is cut off at every operation', async () => {
    const workload = new Workload()
    await workload.run()
    const random = new SeededRandom(SEED)
    let cuts = 0
    for (const point of workload.points.filter(({ number }) => number % 7 === 0)) {
      const disk = point.disk.fork()
      disk.crash('mixed', random)
      const forks: MemoryFileSystem[] = []
      disk.beforeOperation = () => forks.push(disk.fork())
      await openStorage(disk, OPTIONS)
      for (const fork of forks) {
        fork.crash('mixed', random)
        const found = await recoveredState(await openStorage(fork, OPTIONS))
        workload.model.match(found, point.acknowledged, point.issued)
        cuts += 1
      }
    }
    expect(cuts).toBeGreaterThan(300)
  })
})
