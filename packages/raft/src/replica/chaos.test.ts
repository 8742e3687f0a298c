/**
 * Random faults from a seed: power cuts, restarts, partitions, lossy network, snapshots all the time. Then everything heals, and all that was
 * acknowledged must be in every state machine, once and in one order. `REPLICA_SEED=<seed>` replays one seed, `REPLICA_SEEDS=<count>` runs more.
 */
import { describe, expect, it } from 'vitest'
import type { BalsaError } from '../errors.js'
import { crc32 } from '../log/crc32.js'
import { DurableStorage } from '../log/durable-storage.js'
import type { Storage } from '../log/storage.js'
import { ManualClock } from '../memory/manual-clock.js'
import { MemoryFileSystem } from '../memory/memory-file-system.js'
import { MemoryNetwork } from '../memory/memory-transport.js'
import { SeededRandom } from '../memory/seeded-random.js'
import type { MemberId } from '../types.js'
import { configurationOf } from './configuration.test-support.js'
import { Replica } from './replica.js'
import type { TestReplica } from './replicas.test-support.js'
import { TestDisk, TestStorage } from './storage.test-support.js'
import { DurableWordList, type Platter } from './durable-list.test-support.js'
import { bytesOf, WordList } from './word-list.test-support.js'

interface Disk {
  open(): Promise<Storage>
  /** The power goes; returns after which the next `open` sees what survived. */
  crash(): void
}

const SIZE = 3
const configuration = configurationOf(SIZE)

function memoryDisk(clock: ManualClock): Disk {
  const disk = new TestDisk(configuration)
  let storage: TestStorage | null = null
  return {
    open: async () => {
      storage = new TestStorage(disk)
      storage.slow = { clock, ms: 3 }
      return storage
    },
    crash: () => storage?.crash(),
  }
}

function fileDisk(clock: ManualClock, random: SeededRandom, memberId: MemberId): Disk {
  let fileSystem = new MemoryFileSystem()
  return {
    open: () => {
      const current = fileSystem
      current.beforeSync = () => new Promise((resolve) => void clock.setTimer(1 + random.next() * 4, resolve))
      return DurableStorage.open({
        fileSystem: current,
        directory: '/data',
        identity: { clusterId: 1, memberId },
        initialConfiguration: configuration,
        crc32,
        segmentBytes: 4096,
        cacheBytes: 200,
      })
    },
    crash: () => {
      // The life that ended goes on writing to the old copy, where nobody looks.
      fileSystem = fileSystem.fork()
      fileSystem.crash(random.pick(['lost', 'kept', 'prefix', 'subset', 'torn', 'mixed'] as const), random)
    },
  }
}

class Life {
  readonly machine: WordList
  replica: TestReplica | null = null

  constructor(machine: WordList) {
    this.machine = machine
  }
}

class Chaos {
  readonly clock = new ManualClock()
  readonly random: SeededRandom
  readonly network: MemoryNetwork
  readonly disks = new Map<MemberId, Disk>()
  readonly lives = new Map<MemberId, Life>()
  readonly acknowledged: string[] = []
  readonly refused: string[] = []
  readonly fatal: BalsaError[] = []
  /** Durable states, which outlive the members; null when states end with them. */
  readonly platters: Map<MemberId, Platter> | null
  adoptions = 0
  #next = 0

  constructor(seed: number, useFiles: boolean, isDurable: boolean) {
    this.platters = isDurable ? new Map() : null
    this.random = new SeededRandom(seed)
    this.network = new MemoryNetwork(this.clock, this.random.fork(), { minDelayMs: 1, maxDelayMs: 6 })
    for (const id of configuration.voters) {
      this.disks.set(id, useFiles ? fileDisk(this.clock, this.random.fork(), id) : memoryDisk(this.clock))
    }
  }

  start(id: MemberId): void {
    const life = new Life(this.#newMachine(id))
    this.lives.set(id, life)
    void this.#open(id, life)
  }

  #newMachine(id: MemberId): WordList {
    if (this.platters === null) return new WordList()
    const platter = this.platters.get(id) ?? { index: 0, words: [] }
    this.platters.set(id, platter)
    const machine: DurableWordList = new DurableWordList(platter, () => this.random.bool(0.3), true)
    machine.onAdopted = () => void (this.adoptions += 1)
    return machine
  }

  async #open(id: MemberId, life: Life): Promise<void> {
    try {
      const storage = await this.disks.get(id)?.open()
      if (storage === undefined || this.lives.get(id) !== life) return
      const replica = await Replica.open({
        id,
        clock: this.clock,
        random: this.random.fork(),
        transport: this.network.transport(id),
        storage,
        stateMachine: life.machine,
        core: { snapshotChunkBytes: 64, snapshotWindowBytes: 256, logCacheBytes: 100, maxMessageBytes: 200 },
        snapshots: { maxLogBytes: 1500, trailingEntries: 3 },
        limits: { maxApplyEntries: 5 },
      })
      if (this.lives.get(id) !== life) return void replica.close()
      life.replica = replica
      void replica.closed.then((error) => {
        if (error !== null && this.lives.get(id) === life) this.fatal.push(error)
      })
    } catch (error) {
      if (this.lives.get(id) === life) this.fatal.push(error as BalsaError)
    }
  }

  crash(id: MemberId): void {
    const life = this.lives.get(id)
    this.lives.delete(id)
    this.disks.get(id)?.crash()
    // The old life is told to stop so that it stays silent; nobody waits for it.
    life?.replica?.close().catch(() => undefined)
  }

  write(): void {
    const replica = this.random.pick([...configuration.voters].map((id) => this.lives.get(id)?.replica ?? null))
    if (replica === null) return
    const word = `w${this.#next++}`
    replica.propose(bytesOf(word), { timeoutMs: 500 }).then(
      () => this.acknowledged.push(word),
      (error: BalsaError) => {
        if (error.family === 'refused') this.refused.push(word)
      },
    )
  }

  #fault(): void {
    const id = this.random.pick(configuration.voters)
    const dice = this.random.next()
    if (dice < 0.3) this.crash(id)
    else if (dice < 0.4)
      this.network.partition(
        [id],
        configuration.voters.filter((other) => other !== id),
      )
    else if (dice < 0.5) this.network.cut(id, this.random.pick(configuration.voters))
    else if (dice < 0.6)
      this.network.conditions = { ...this.network.conditions, dropRate: 0.1, duplicateRate: 0.1, maxDelayMs: 60, ordered: false }
    else if (dice < 0.7)
      void this.lives
        .get(id)
        ?.replica?.takeSnapshot()
        .catch(() => undefined)
    else this.network.heal()
  }

  async run(ms: number): Promise<void> {
    for (const id of configuration.voters) this.start(id)
    const endMs = this.clock.now() + ms
    while (this.clock.now() < endMs) {
      if (this.random.bool(0.03)) this.#fault()
      for (const id of configuration.voters) if (!this.lives.has(id) && this.random.bool(0.05)) this.start(id)
      const writes = this.random.int(4)
      for (let i = 0; i < writes; i++) this.write()
      await this.clock.advanceAsync(5)
    }
  }

  async heal(): Promise<void> {
    this.network.heal()
    this.network.conditions = { ...this.network.conditions, dropRate: 0, duplicateRate: 0, maxDelayMs: 6, ordered: true }
    for (const id of configuration.voters) if (!this.lives.has(id)) this.start(id)
    const endMs = this.clock.now() + 30_000
    while (this.clock.now() < endMs && !(await this.#settled())) await this.clock.advanceAsync(50)
  }

  async #settled(): Promise<boolean> {
    const statuses = [...this.lives.values()].map(({ replica }) => replica?.status())
    const leader = statuses.find((status) => status?.role === 'leader')
    if (leader === undefined || leader.pendingProposals > 0) return false
    return statuses.every((status) => status !== undefined && status.term === leader.term && status.appliedIndex === leader.lastIndex)
  }
}

async function check(seed: number, useFiles: boolean, isDurable: boolean): Promise<number> {
  const chaos = new Chaos(seed, useFiles, isDurable)
  await chaos.run(4000)
  await chaos.heal()
  expect(chaos.fatal.map((error) => `${error.code}: ${error.message}`)).toEqual([])
  const states = configuration.voters.map((id) => chaos.lives.get(id)?.machine.words ?? [])
  const [first = []] = states
  for (const words of states) expect(words).toEqual(first)
  const applied = new Set(first)
  expect(applied.size).toBe(first.length)
  expect(chaos.acknowledged.filter((word) => !applied.has(word))).toEqual([])
  // Refused means never: not now and not later.
  expect(chaos.refused.filter((word) => applied.has(word))).toEqual([])
  const closing = Promise.all([...chaos.lives.values()].map(async ({ replica }) => replica?.close()))
  await chaos.clock.advanceAsync(600)
  await closing
  expect(chaos.clock.pending).toBe(0)
  return chaos.acknowledged.length
}

const wanted = Number(process.env['REPLICA_SEED'] ?? 0)
const count = Number(process.env['REPLICA_SEEDS'] ?? 12)
const seeds = wanted > 0 ? [wanted] : Array.from({ length: count }, (_, position) => position + 1)

describe.each([
  ['a disk of the test', false, false],
  ['the production log on a simulated disk', true, false],
  ['the production log and a durable state that travels as it is', true, true],
] as const)('chaos over %s', (_name, useFiles, isDurable) => {
  it.each(seeds)('seed %i', async (seed) => {
    const replay = `REPLICA_SEED=${seed} npx vitest run packages/raft/src/replica/chaos.test.ts`
    try {
      const acknowledged = await check(seed, useFiles, isDurable)
      expect(acknowledged).toBeGreaterThan(0)
    } catch (error) {
      throw new Error(`replay with: ${replay}`, { cause: error })
    }
  })
})
