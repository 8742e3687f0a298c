import type { CommandResult } from '@balsa/kv'
import { afterEach, expect, it } from 'vitest'
import type { Member } from './member.js'
import { eventually, MemberCluster } from './member-cluster.test-support.js'

const MIB = 1024 * 1024
let cluster: MemberCluster
afterEach(() => cluster.close())

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const start = async (quotaOf: (at: number) => number): Promise<void> => {
  cluster = await MemberCluster.start(3, (at) => ({ electionTimeoutMs: 2000, heartbeatIntervalMs: 200, quotaBackendBytes: quotaOf(at) }))
  await cluster.ready()
}
const deadlineMs = (): number => performance.now() + 20_000

const put = (member: Member, key: string): Promise<CommandResult> =>
  member.store.execute({ type: 'put', stamp: null, key: bytes(key), value: new Uint8Array(MIB / 2) }, { deadlineMs: deadlineMs() })
const refusalOf = (result: CommandResult): string | null => (result.type === 'refused' ? result.code : null)

/** Until it is refused. */
async function fill(): Promise<number> {
  let taken = 0
  await eventually(async () => {
    const refusal = refusalOf(await put(cluster.leader(), `k${taken}`))
    if (refusal === null) taken += 1
    expect(taken).toBeLessThan(200)
    return refusal === 'NO_SPACE'
  })
  return taken
}

async function deleteAndCompact(): Promise<void> {
  const { store } = cluster.leader()
  const all = { type: 'delete', key: bytes('k'), rangeEnd: bytes('l'), previous: false } as const
  await store.execute({ type: 'txn', stamp: null, txn: { compares: [], success: [all], failure: [] } }, { deadlineMs: deadlineMs() })
  await store.execute({ type: 'compact', stamp: null, revision: store.revision() }, { deadlineMs: deadlineMs() })
}

const answers = async (member: Member): Promise<string> => (await fetch(`http://${member.clientAddress}/health`)).text()

it('is kept by every member alike, through a change of the leader; space comes back after deleting and compacting', async () => {
  await start(() => 8 * MIB)
  const taken = await fill()
  expect(taken).toBeGreaterThan(8)
  for (const member of cluster.members) {
    expect(refusalOf(await put(member, 'again'))).toBe('NO_SPACE')
    await eventually(async () => (await answers(member)).includes('ALARM NOSPACE'))
  }
  const before = cluster.leader()
  await before.replica.transferLeadership()
  await eventually(() => cluster.members.some((member) => member !== before && member.status().role === 'leader'))
  // At once: it is in the state, and the new leader knows its own size.
  for (const member of cluster.members) expect(refusalOf(await put(member, 'again'))).toBe('NO_SPACE')
  expect(cluster.leader().status().keys).toBe(taken)
  await deleteAndCompact()
  await eventually(async () => refusalOf(await put(cluster.leader(), 'again')) === null)
  for (const member of cluster.members) await eventually(async () => (await answers(member)).includes('"health":"true"'))
}, 120_000)

it('is told by a member that follows, when its own is used up and that of the leader is not', async () => {
  await start((at) => (at === 0 ? 4 * MIB : 0) || Number.POSITIVE_INFINITY)
  const small = cluster.members[0] ?? cluster.leader()
  if (small.status().role === 'leader') {
    await small.replica.transferLeadership()
    await eventually(() => cluster.members.some((member) => member !== small && member.status().role === 'leader'))
  }
  await fill()
  expect(small.status().role).not.toBe('leader')
  for (const member of cluster.members) expect(refusalOf(await put(member, 'again'))).toBe('NO_SPACE')
  await deleteAndCompact()
  await eventually(async () => refusalOf(await put(cluster.leader(), 'again')) === null)
}, 120_000)
