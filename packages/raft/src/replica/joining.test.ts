/** Members that join with a log on a real file system: what they may snapshot, and what a witness is after a restart. In virtual time. */
import { afterEach, expect, it } from 'vitest'
import { crc32 } from '../log/crc32.js'
import { DurableStorage } from '../log/durable-storage.js'
import { MemoryFileSystem } from '../memory/memory-file-system.js'
import type { SnapshotDescription } from '../log/storage.js'
import { asMemberId, foundingConfiguration, type Member } from '../types.js'
import type { SnapshotPolicy } from './snapshot-taking.js'
import { Replica } from './replica.js'
import { type TestReplica, TestReplicas } from './replicas.test-support.js'
import { WordList } from './word-list.test-support.js'

const FOUR: Member = { id: asMemberId(4), address: 'peer-4', clientAddress: '', name: 'n4' }

interface Joiner {
  readonly storage: DurableStorage
  readonly machine: WordList
  readonly replica: TestReplica
}

let cluster: TestReplicas
const opened: TestReplica[] = []
afterEach(async () => {
  for (const replica of opened.splice(0)) await cluster.run(replica.close())
  await cluster.close()
})

const word = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Member 4 on this disk, without a configuration when the disk is empty. */
async function start(disk: MemoryFileSystem, snapshots: Partial<SnapshotPolicy>): Promise<Joiner> {
  const storage = await DurableStorage.open({
    fileSystem: disk,
    directory: '/four',
    identity: { clusterId: 1, memberId: FOUR.id },
    initialConfiguration: foundingConfiguration([]),
    crc32,
    segmentBytes: 4096,
  })
  const machine = new WordList()
  const replica: TestReplica = await Replica.open({
    id: FOUR.id,
    clock: cluster.clock,
    random: cluster.random.fork(),
    transport: cluster.network.transport(FOUR.id),
    storage,
    stateMachine: machine,
    snapshots,
    // In many batches: after each of them a snapshot may be wanted.
    limits: { maxApplyEntries: 5 },
  })
  opened.push(replica)
  return { storage, machine, replica }
}

async function write(count: number, prefix: string): Promise<void> {
  const { replica } = await cluster.leader()
  await cluster.run(Promise.all(Array.from({ length: count }, (_, at) => replica.propose(word(`${prefix}${at}`)))))
}

async function addFour(witness: boolean): Promise<void> {
  const { replica } = await cluster.leader()
  await cluster.run(replica.changeMembership([{ type: 'add', member: FOUR, promote: true, witness }]))
}

it('takes no snapshot below the first configuration that it knows, however long its log is, and takes them from there on', async () => {
  cluster = await TestReplicas.open(3)
  await write(60, 'before')
  const { storage, machine, replica } = await start(new MemoryFileSystem(), { maxLogBytes: 200 })
  const taken: SnapshotDescription[] = []
  const { snapshots } = storage
  const plainWrite = snapshots.write.bind(snapshots)
  snapshots.write = (description, chunks) => {
    taken.push(description)
    return plainWrite(description, chunks)
  }
  await addFour(false)
  await write(60, 'after')
  await cluster.until(() => machine.words.length === 120)
  await write(60, 'later')
  await cluster.until(() => machine.words.length === 180)
  expect(taken.length).toBeGreaterThan(0)
  expect(replica.status().snapshotIndex).toBeGreaterThan(0)
  for (const { configuration } of taken) expect(configuration.voters.length).toBeGreaterThanOrEqual(3)
})

it('a witness is one again after a loss of power: stripped log, snapshots of nothing, and a vote that counts', async () => {
  cluster = await TestReplicas.open(3)
  await write(1, 'first')
  const disk = new MemoryFileSystem()
  const first = await start(disk, { maxLogBytes: -1 })
  await addFour(true)
  await write(20, 'secret')
  const leader = await cluster.leader()
  await cluster.until(() => leader.replica.status().configuration.voters.includes(FOUR.id))
  await cluster.until(() => first.replica.status().appliedIndex === leader.replica.status().commitIndex)
  const meta = await cluster.run(first.replica.takeSnapshot())
  await write(5, 'more')
  await cluster.until(() => first.replica.status().appliedIndex === leader.replica.status().commitIndex)
  await cluster.run(first.replica.close())
  opened.length = 0
  disk.crash('lost')

  const { storage, machine, replica } = await start(disk, {})
  expect(storage.recovered).toMatchObject({ snapshot: { index: meta.index, sizeBytes: 0, checksum: 0 } })
  expect(storage.recovered.strippedFrom).not.toBeNull()
  // The member has taken its newest entries over: nobody else keeps them.
  expect(storage.recovered.lastIndex).toBeGreaterThan(meta.index)
  expect(storage.takeTail()).toEqual([])
  // Of four voters three are needed: with one of the others gone, the witness is.
  const gone = cluster.members.find((member) => member !== leader)
  if (gone === undefined) throw new Error('no follower')
  await cluster.crash(gone)
  await write(5, 'with its vote')
  await cluster.until(() => replica.status().appliedIndex === leader.replica.status().commitIndex)
  expect(machine.words).toEqual([])
  expect(() => replica.query('words')).toThrowError(expect.objectContaining({ code: 'UNAVAILABLE' }))
})
