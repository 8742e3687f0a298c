import { ManualClock } from '../memory/manual-clock.js'
import { MemoryNetwork } from '../memory/memory-transport.js'
import { SeededRandom } from '../memory/seeded-random.js'
import { type Configuration, foundingConfiguration, type MemberId } from '../types.js'
import type { ReplicaOptions } from './options.js'
import { Replica } from './replica.js'
import { configurationOf } from './configuration.test-support.js'
import { WordList } from './word-list.test-support.js'
import { TestDisk, TestStorage } from './storage.test-support.js'

export type TestReplica = Replica<number, 'words' | 'length', readonly string[] | number>
type Options = ReplicaOptions<number, 'words' | 'length', readonly string[] | number>

export interface TestMember {
  readonly id: MemberId
  readonly disk: TestDisk
  storage: TestStorage
  machine: WordList
  replica: TestReplica
  alive: boolean
}

/** Real replicas over real consensus, an in-memory network and disks that survive, all in virtual time from one seed. */
export class TestReplicas {
  readonly clock = new ManualClock()
  readonly random: SeededRandom
  readonly network: MemoryNetwork
  readonly members: TestMember[] = []
  readonly configuration: Configuration
  readonly #options: Partial<Options>
  /** How long a write takes on every disk that is opened from now on. */
  diskMs = 0

  readonly #newMachine: (id: MemberId) => WordList

  private constructor(size: number, seed: number, options: Partial<Options>, newMachine: (id: MemberId) => WordList) {
    this.#newMachine = newMachine
    this.random = new SeededRandom(seed)
    this.network = new MemoryNetwork(this.clock, this.random.fork(), { minDelayMs: 1, maxDelayMs: 3 })
    this.configuration = configurationOf(size)
    this.#options = options
  }

  static async open(
    size: number,
    options: Partial<Options> = {},
    { seed = 1, diskMs = 0, newMachine = (_id: MemberId): WordList => new WordList() } = {},
  ): Promise<TestReplicas> {
    const cluster = new TestReplicas(size, seed, options, newMachine)
    cluster.diskMs = diskMs
    for (const id of cluster.configuration.voters) {
      const disk = new TestDisk(cluster.configuration)
      cluster.members.push({ id, disk, ...(await cluster.#start(id, disk)), alive: true })
    }
    return cluster
  }

  async #start(id: MemberId, disk: TestDisk): Promise<Pick<TestMember, 'storage' | 'machine' | 'replica'>> {
    const storage = new TestStorage(disk)
    if (this.diskMs > 0) storage.slow = { clock: this.clock, ms: this.diskMs }
    const machine = this.#newMachine(id)
    const replica: TestReplica = await Replica.open({
      id,
      clock: this.clock,
      random: this.random.fork(),
      transport: this.network.transport(id),
      storage,
      stateMachine: machine,
      ...this.#options,
    })
    return { storage, machine, replica }
  }

  /** Starts a member that knows nothing of the cluster: somebody has to add it. */
  async join(id: MemberId): Promise<TestMember> {
    const disk = new TestDisk(foundingConfiguration([]))
    const member = { id, disk, ...(await this.#start(id, disk)), alive: true }
    this.members.push(member)
    return member
  }

  member(id: number): TestMember {
    const member = this.members.find((candidate) => candidate.id === id)
    if (member === undefined) throw new Error(`no member ${id}`)
    return member
  }

  get alive(): readonly TestMember[] {
    return this.members.filter((member) => member.alive)
  }

  /** Power cut: what was not durable is gone, nothing is said to anybody. */
  async crash(member: TestMember): Promise<void> {
    this.network.isolate(member.id)
    member.alive = false
    const closed = member.replica.close()
    member.storage.crash()
    await this.run(closed)
  }

  /** Starts the member again from its disk, and mends every cut of the network. */
  async restart(member: TestMember): Promise<void> {
    this.network.heal()
    Object.assign(member, await this.#start(member.id, member.disk))
    member.alive = true
  }

  run<T>(work: Promise<T>, limitMs?: number): Promise<T> {
    return this.clock.settled(work, limitMs)
  }

  until(condition: () => boolean, limitMs?: number): Promise<void> {
    return this.clock.until(condition, limitMs)
  }

  /** The member that leads the newest term, once there is one that a majority follows. */
  async leader(): Promise<TestMember> {
    const find = (): TestMember | undefined => {
      const leader = this.alive
        .filter((member) => member.replica.status().role === 'leader')
        .sort((a, b) => b.replica.status().term - a.replica.status().term)[0]
      if (leader === undefined) return undefined
      const followers = this.alive.filter(
        ({ replica }) => replica.status().leaderId === leader.id && replica.status().term === leader.replica.status().term,
      )
      return followers.length > this.members.length / 2 ? leader : undefined
    }
    await this.until(() => find() !== undefined)
    const leader = find()
    if (leader === undefined) throw new Error('no leader')
    return leader
  }

  /** Closes everybody, and lets what is still on the network arrive nowhere. */
  async close(): Promise<void> {
    for (const member of this.alive) await this.run(member.replica.close())
    await this.clock.advanceAsync(20)
  }
}
