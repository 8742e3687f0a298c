/** Changes of membership through the replica: real consensus, in virtual time. */
import { afterEach, expect, it } from 'vitest'
import type { MembershipChange } from '../core/membership-change.js'
import { asMemberId, type Member } from '../types.js'
import { type TestMember, TestReplicas } from './replicas.test-support.js'

let cluster: TestReplicas
afterEach(() => cluster.close())

const four = asMemberId(4)
const memberOf = (id: number): Member => ({ id: asMemberId(id), address: `peer-${id}`, clientAddress: '', name: `n${id}` })
const add = (witness: boolean): MembershipChange => ({ type: 'add', member: memberOf(4), promote: true, witness })
const word = (text: string): Uint8Array => new TextEncoder().encode(text)

const change = (leader: TestMember, ...changes: MembershipChange[]) => cluster.run(leader.replica.changeMembership(changes))
/** Of three members; it has committed an entry of its own term. */
async function settledLeader(): Promise<TestMember> {
  cluster = await TestReplicas.open(3)
  const leader = await cluster.leader()
  await cluster.run(leader.replica.propose(word('before')))
  return leader
}

const votersOf = ({ replica }: TestMember): readonly number[] => replica.status().configuration.voters

it('adds a member, which becomes a voter by itself and holds the data', async () => {
  const leader = await settledLeader()
  const joiner = await cluster.join(four)
  const { configuration } = await change(leader, add(false))
  expect(configuration).toMatchObject({ learners: [4], joining: [{ id: 4, replaces: null }] })
  await cluster.until(() => votersOf(leader).includes(4) && votersOf(joiner).length === 4)
  await cluster.until(() => joiner.replica.query('words') instanceof Array && joiner.machine.words.includes('before'))
})

it('adds a witness, which votes and refuses queries', async () => {
  const leader = await settledLeader()
  const witness = await cluster.join(four)
  await change(leader, add(true))
  await cluster.run(leader.replica.propose(word('secret')))
  await cluster.until(() => votersOf(leader).includes(4) && witness.replica.status().appliedIndex >= leader.replica.status().commitIndex)
  expect(witness.machine.words).toEqual([])
  expect(() => witness.replica.query('words')).toThrowError(expect.objectContaining({ code: 'UNAVAILABLE' }))
  expect(leader.replica.status().peers.find(({ id }) => id === 4)?.role).toBe('witness')
  const meta = await cluster.run(witness.replica.takeSnapshot())
  expect([meta.sizeBytes, meta.checksum]).toEqual([0, 0])
})

it('replaces a dead member in one step, and never takes its id again', async () => {
  const leader = await settledLeader()
  const dead = cluster.members.find((member) => member !== leader)
  if (dead === undefined) throw new Error('no follower')
  await cluster.crash(dead)
  await cluster.join(four)
  await change(leader, { type: 'replace', id: dead.id, member: memberOf(4) })
  const { replica } = leader
  await cluster.until(
    () => replica.status().configuration.removed.includes(dead.id) && replica.status().commitIndex === replica.status().lastIndex,
  )
  expect([...votersOf(leader)].sort((a, b) => a - b)).toEqual([1, 2, 3, 4].filter((id) => id !== dead.id))
  const again = leader.replica.changeMembership([{ type: 'add', member: memberOf(dead.id), promote: true, witness: false }])
  await expect(cluster.run(again)).rejects.toMatchObject({ code: 'MEMBER_REMOVED' })
})

it('refuses on a follower, names the leader, and lets a leader remove itself', async () => {
  const leader = await settledLeader()
  const follower = cluster.members.find((member) => member !== leader)
  if (follower === undefined) throw new Error('no follower')
  const remove: MembershipChange = { type: 'remove', id: leader.id }
  await expect(cluster.run(follower.replica.changeMembership([remove]))).rejects.toMatchObject({ code: 'NOT_LEADER', leaderId: leader.id })
  const { configuration } = await change(leader, remove)
  expect(configuration).toMatchObject({ votersOutgoing: [], removed: [leader.id] })
  await cluster.until(() => cluster.members.some((member) => member !== leader && member.replica.status().role === 'leader'))
})
