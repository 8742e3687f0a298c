/** Replicas whose state is on a disk of its own: restarts, compaction, peers that need all of it, and disks that do not belong together. */
import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../memory/seeded-random.js'
import { BalsaError } from '../errors.js'
import type { LogIndex, MemberId } from '../types.js'
import { DurableWordList, type Platter } from './durable-list.test-support.js'
import type { TestMember } from './replicas.test-support.js'
import { TestReplicas } from './replicas.test-support.js'
import { TestDisk } from './storage.test-support.js'
import { bytesOf, textOf } from './word-list.test-support.js'

const words = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, position) => `w${from + position}`)
const SMALL_LOG = { maxLogBytes: 400, trailingEntries: 0 }

class Durables {
  readonly platters = new Map<MemberId, Platter>()
  readonly random = new SeededRandom(11)
  readonly #transfers: boolean

  /** `transfers`: their states travel as they are. */
  constructor(transfers = false) {
    this.#transfers = transfers
  }

  readonly newMachine = (id: MemberId): DurableWordList => {
    const platter = this.platters.get(id) ?? { index: 0, words: [] }
    this.platters.set(id, platter)
    return new DurableWordList(platter, () => this.random.next() < 0.3, this.#transfers)
  }

  open(size: number, snapshots = SMALL_LOG, { diskMs = 1, seed = 1 } = {}): Promise<TestReplicas> {
    const core = { snapshotChunkBytes: 16, snapshotWindowBytes: 48 }
    return TestReplicas.open(size, { snapshots, core }, { diskMs, seed, newMachine: this.newMachine })
  }
}

const machineOf = (member: TestMember): DurableWordList => member.machine as DurableWordList

/** One after the other, so that they are applied in many batches. */
async function write(cluster: TestReplicas, member: TestMember, ...all: readonly string[]): Promise<void> {
  for (const word of all) await cluster.run(member.replica.propose(bytesOf(word)))
}

const sameWords = (cluster: TestReplicas, expected: readonly string[]): Promise<void> =>
  cluster.until(() => cluster.alive.every(({ machine }) => machine.words.join() === expected.join()))

const stateIn = (disk: TestDisk): string => (disk.snapshot?.chunks ?? []).map(textOf).join('')

describe('a durable state', () => {
  it('begins where it was: nothing is restored, and only the rest of the log is applied', async () => {
    const durables = new Durables()
    const cluster = await durables.open(1)
    const [member] = cluster.members as [TestMember]
    await cluster.leader()
    await write(cluster, member, ...words(0, 40))
    const held = durables.platters.get(member.id)?.words.length ?? 0
    expect(held).toBeGreaterThan(0)
    await cluster.crash(member)
    await cluster.restart(member)
    expect(member.replica.query('words')).toEqual(words(0, held))
    await cluster.leader()
    await sameWords(cluster, words(0, 40))
    expect(member.machine.restores).toBe(0)
    expect(member.machine.batches.reduce((sum, count) => sum + count, 0)).toBe(40 - held)
    await cluster.close()
  })

  it('closes though its state can never become durable any more', async () => {
    for (const stuck of ['ready', 'flush'] as const) {
      const cluster = await new Durables().open(1)
      const leader = await cluster.leader()
      await write(cluster, leader, ...words(0, 5))
      machineOf(leader).stuck = stuck
      const waiting = words(5, 60).map((word) => leader.replica.propose(bytesOf(word)).catch((error: unknown) => error))
      await cluster.clock.advanceAsync(200)
      await cluster.run(leader.replica.close())
      const outcomes = await Promise.all(waiting)
      expect(outcomes.some((outcome) => outcome instanceof BalsaError)).toBe(stuck === 'ready')
    }
  })

  it('counts as committed before anybody says so: a snapshot of it never lies above the commit index', async () => {
    const durables = new Durables()
    const cluster = await durables.open(3, { maxLogBytes: -1, trailingEntries: 0 })
    const leader = await cluster.leader()
    await write(cluster, leader, ...words(0, 40))
    for (const member of cluster.members) await cluster.crash(member)
    const held = durables.platters.get(leader.id)?.index ?? 0
    expect(held).toBeGreaterThan(0)
    await cluster.restart(leader)
    expect(leader.replica.status()).toMatchObject({ commitIndex: held, appliedIndex: held })
    const meta = await cluster.run(leader.replica.takeSnapshot())
    expect(meta.index).toBe(held)
    expect(leader.replica.status()).toMatchObject({ commitIndex: held, firstIndex: held + 1 })
    await cluster.close()
  })

  it('is not copied when the log is compacted', async () => {
    const cluster = await new Durables().open(3)
    const leader = await cluster.leader()
    await write(cluster, leader, ...words(0, 60))
    await cluster.until(() => cluster.members.every(({ disk }) => disk.snapshot !== null))
    for (const member of cluster.members) {
      expect(stateIn(member.disk)).toMatch(/^@\d+$/)
      expect(machineOf(member).flushes).toBeGreaterThan(0)
      expect(member.replica.status().firstIndex).toBeGreaterThan(1)
    }
    for (const member of cluster.members) await cluster.crash(member)
    for (const member of cluster.members) await cluster.restart(member)
    await cluster.leader()
    await sameWords(cluster, words(0, 60))
    await cluster.close()
  })

  it('goes to a peer as a whole when that needs it, also after a restart of the sender', async () => {
    const durables = new Durables()
    const cluster = await durables.open(3)
    const leader = await cluster.leader()
    const away = cluster.members.find((member) => member !== leader) as TestMember
    await cluster.crash(away)
    await write(cluster, leader, ...words(0, 60))
    for (const member of cluster.alive) await cluster.crash(member)
    for (const member of cluster.members) await cluster.restart(member)
    await cluster.leader()
    await sameWords(cluster, words(0, 60))
    expect(away.machine.restores).toBe(1)
    // It belongs to the new member as if it had applied all of it.
    await cluster.crash(away)
    await cluster.restart(away)
    await cluster.leader()
    await sameWords(cluster, words(0, 60))
    expect(away.machine.restores).toBe(0)
    await cluster.close()
  })

  it('is what the service gets that asks for a snapshot', async () => {
    const cluster = await new Durables().open(1)
    const [member] = cluster.members as [TestMember]
    await cluster.leader()
    await write(cluster, member, ...words(0, 30))
    const meta = await cluster.run(member.replica.takeSnapshot())
    expect(meta.index).toBe(member.replica.status().appliedIndex)
    expect(stateIn(member.disk).trim()).toBe(words(0, 30).join(' '))
    await cluster.close()
  })

  it('and a log that was removed, or an older copy of it, do not start together', async () => {
    const durables = new Durables()
    const cluster = await durables.open(1)
    const [member] = cluster.members as [TestMember]
    await cluster.leader()
    await write(cluster, member, ...words(0, 40))
    await cluster.run(machineOf(member).durable.flush(member.replica.status().appliedIndex))
    await cluster.crash(member)
    const kept = member.disk
    Object.assign(member, { disk: new TestDisk(cluster.configuration) })
    await expect(cluster.restart(member)).rejects.toMatchObject({
      code: 'CORRUPT',
      message: expect.stringContaining('the log ends at index 0'),
    })
    Object.assign(member, { disk: kept })
    await cluster.restart(member)
    await cluster.leader()
    await sameWords(cluster, words(0, 40))
    await cluster.close()
  })

  it('that was removed is missed when the log below is gone', async () => {
    const durables = new Durables()
    const cluster = await durables.open(1)
    const [member] = cluster.members as [TestMember]
    await cluster.leader()
    await write(cluster, member, ...words(0, 60))
    await cluster.crash(member)
    durables.platters.clear()
    await expect(cluster.restart(member)).rejects.toMatchObject({
      code: 'CORRUPT',
      message: expect.stringContaining('older than its reference'),
    })
  })

  it('never runs ahead of its own log: members crash at any moment and always start', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const cluster = await new Durables().open(3, SMALL_LOG, { seed, diskMs: 3 })
      const expected: string[] = []
      for (let round = 0; round < 6; round++) {
        const leader = await cluster.leader()
        const more = words(expected.length, expected.length + 12)
        await write(cluster, leader, ...more)
        expected.push(...more)
        const victim = cluster.member(1 + ((seed + round) % 3))
        void leader.replica.propose(bytesOf('x')).catch(() => undefined)
        await cluster.crash(victim)
        if (round % 2 === 0) await cluster.leader()
        await cluster.restart(victim)
      }
      await cluster.leader()
      const texts = (): Set<string> => new Set(cluster.alive.map(({ machine }) => machine.words.join()))
      const written = (): readonly string[] => cluster.member(1).machine.words.filter((word) => word !== 'x')
      await cluster.until(() => texts().size === 1 && written().length >= expected.length)
      expect(written()).toEqual(expected)
      await cluster.close()
    }
  })
})

describe('a durable state that travels as it is', () => {
  /** One member was away while the others have compacted what it lacks. */
  async function withOneBehind(): Promise<{ cluster: TestReplicas; leader: TestMember; away: TestMember }> {
    const cluster = await new Durables(true).open(3)
    const leader = await cluster.leader()
    const away = cluster.members.find((member) => member !== leader) as TestMember
    await cluster.crash(away)
    await write(cluster, leader, ...words(0, 60))
    await cluster.until(() => cluster.alive.every((member) => member.replica.status().firstIndex > 20))
    return { cluster, leader, away }
  }

  it('is written into no file on the way, and belongs to the new member as if it had applied all of it', async () => {
    const { cluster, leader, away } = await withOneBehind()
    let adoptions = 0
    await cluster.restart(away)
    machineOf(away).onAdopted = () => void (adoptions += 1)
    await sameWords(cluster, words(0, 60))
    expect([adoptions, away.machine.restores, leader.machine.openSnapshots]).toEqual([1, 0, 0])
    for (const { disk } of cluster.members) expect(stateIn(disk)).toMatch(/^@\d+$/)
    await cluster.until(() => machineOf(leader).open === 0)
    await cluster.crash(away)
    await cluster.restart(away)
    await write(cluster, await cluster.leader(), 'more')
    await sameWords(cluster, [...words(0, 60), 'more'])
    await cluster.close()
  })

  it('that is not what it should be is refused, and begun anew', async () => {
    const { cluster, away } = await withOneBehind()
    await cluster.restart(away)
    machineOf(away).refuses = true
    const offsets: number[] = []
    const { transfer } = machineOf(away).durable
    const receive = transfer?.receive
    if (transfer === undefined || receive === undefined) throw new Error('it takes states')
    Object.assign(transfer, {
      receive: (index: LogIndex) => {
        offsets.push(index)
        machineOf(away).refuses = offsets.length < 3
        return receive(index)
      },
    })
    await sameWords(cluster, words(0, 60))
    expect(offsets.length).toBe(3)
    await cluster.close()
  })

  it('goes on from another leader from the beginning, and the old one lets go of it', async () => {
    const { cluster, leader, away } = await withOneBehind()
    await cluster.restart(away)
    await cluster.until(() => machineOf(leader).open === 1)
    const others = cluster.alive.filter((member) => member !== leader).map(({ id }) => id)
    cluster.network.partition([leader.id], others)
    await cluster.until(() => cluster.alive.some((member) => member !== leader && member.replica.status().role === 'leader'))
    await cluster.until(() => machineOf(leader).open === 0)
    cluster.network.heal()
    await sameWords(cluster, words(0, 60))
    await cluster.until(() => cluster.alive.every((member) => machineOf(member).open === 0))
    await cluster.close()
  })

  it('to a member that goes away is let go of after a while', async () => {
    const { cluster, leader, away } = await withOneBehind()
    await cluster.restart(away)
    await cluster.until(() => machineOf(leader).open === 1)
    await cluster.crash(away)
    await cluster.until(() => machineOf(leader).open === 0)
    await cluster.close()
  })

  it('a full disk while it is received stops the member, and its own state is as it was', async () => {
    const { cluster, away } = await withOneBehind()
    await cluster.restart(away)
    const { transfer } = machineOf(away).durable
    if (transfer === undefined) throw new Error('it takes states')
    const receive = (): Promise<never> => Promise.reject(new BalsaError('DISK_FULL', 'no space left'))
    Object.assign(transfer, { receive })
    expect(await cluster.run(away.replica.closed)).toMatchObject({ code: 'DISK_FULL' })
    await cluster.crash(away)
    await cluster.restart(away)
    await sameWords(cluster, words(0, 60))
    await cluster.close()
  })
})
