import {
  asIndex,
  asMemberId,
  asTerm,
  type BalsaError,
  type Configuration,
  foundingConfiguration,
  ManualClock,
  type MembershipChange,
  type PeerReplication,
  type ReplicaStatus,
  SeededRandom,
} from '@balsa/raft'
import { encodeCommand, KvStateMachine, type MemberStatus } from '@balsa/kv'
import { beforeEach, describe, expect, it } from 'vitest'
import { AdminRequests, type AdminRequestsOptions, describeAdmin } from './admin-requests.js'

const [one, two, three, four] = [asMemberId(1), asMemberId(2), asMemberId(3), asMemberId(4)]
const member = (id: number) => ({ id: asMemberId(id), name: `n${id}`, address: `h:${id}`, clientAddress: '' })
const peer = (id: number, more: Partial<PeerReplication> = {}): PeerReplication => ({
  id: asMemberId(id),
  role: 'voter',
  state: 'replicate',
  matchIndex: asIndex(9),
  nextIndex: asIndex(10),
  lastContactMs: 1000,
  health: 'unknown',
  rounds: null,
  lag: 0,
  ...more,
})

let role: ReplicaStatus['role']
let leaderId: ReplicaStatus['leaderId']
let configuration: Configuration
let peers: PeerReplication[]
let asked: { changes: readonly MembershipChange[]; force: boolean | undefined }[]
let transfers: (number | null)[]
let machine: KvStateMachine
const clock = new ManualClock(1100)

const replica: AdminRequestsOptions['replica'] = {
  status: () => ({ id: one, role, leaderId, term: asTerm(3), commitIndex: asIndex(9), configuration, peers }) as unknown as ReplicaStatus,
  changeMembership: async (changes, options) => {
    asked.push({ changes, force: options?.force })
    return { index: asIndex(12), configuration }
  },
  transferLeadership: async (target = null) => {
    transfers.push(target)
    return target ?? two
  },
}
const status = () => ({ clusterId: 77, members: [{ ...member(2), clientAddress: 'said:2' }] }) as unknown as MemberStatus

const hashMarks = () => [{ index: 7, hash: 'abc' }]
const store: AdminRequestsOptions['store'] = {
  read: async (query) => machine.query(query as never) as never,
  execute: async (command) => {
    const entry = { index: asIndex(machine.appliedIndex + 1), term: asTerm(1), timeMs: 0, command: encodeCommand(command) }
    const [result] = machine.applyAtOnce([entry])
    if (result === undefined) throw new Error('no result')
    return result
  },
}
const requests = new AdminRequests({
  replica,
  clock,
  random: new SeededRandom(1),
  requestTimeoutMs: 500,
  electionTimeoutMs: 100,
  status,
  hashMarks,
  store,
  divergence: () => null,
})

beforeEach(() => {
  role = 'leader'
  leaderId = one
  configuration = foundingConfiguration([member(1), member(2), member(3)])
  peers = [peer(2), peer(3, { lastContactMs: 100, lag: 7 })]
  asked = []
  transfers = []
  machine = new KvStateMachine()
})

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    (error: unknown) => (error as BalsaError).code,
  )

describe('AdminRequests', () => {
  it('list alarms, and clear those that were raised by hand', async () => {
    const byHand = { kind: 'corrupt', member: 2n ** 64n - 1n, byHand: true } as const
    const full = { kind: 'full', member: 2n, byHand: false } as const
    for (const { kind, member: about } of [byHand, full])
      await store.execute({ type: 'alarm', raise: true, alarm: { kind, member: BigInt.asIntN(64, about) } }, { deadlineMs: 0 })
    expect(await requests.handle({ type: 'alarms', disarm: false })).toEqual({ type: 'alarms', alarms: [byHand, full], cleared: [] })
    expect(await requests.handle({ type: 'alarms', disarm: true })).toEqual({ type: 'alarms', alarms: [full], cleared: [byHand] })
    expect(await requests.handle({ type: 'alarms', disarm: true })).toEqual({ type: 'alarms', alarms: [full], cleared: [] })
  })

  it('are answered by the leader only; the others say who leads', async () => {
    role = 'follower'
    leaderId = two
    await expect(requests.handle({ type: 'members' })).rejects.toMatchObject({ code: 'NOT_LEADER', leaderId: 2 })
    leaderId = null
    expect(await codeOf(requests.handle({ type: 'transfer', target: null }))).toBe('NO_LEADER')
  })

  it('show each member as the leader sees it', async () => {
    configuration = {
      ...configuration,
      members: [...configuration.members, member(4)],
      learners: [four],
      joining: [{ id: four, replaces: three }],
    }
    peers.push(peer(4, { role: 'learner', state: 'snapshot', rounds: 2, lag: 5 }))
    const answer = await requests.handle({ type: 'members' })
    expect(answer).toMatchObject({ type: 'members', view: { clusterId: 77, leaderId: 1, term: 3, commitIndex: 9 } })
    const rows = answer.type === 'members' ? answer.view.members : []
    expect(
      rows.map(({ name, role: kind, stage, replaces, healthy, heardMsAgo, lag, rounds, sending, clientAddress }) =>
        [name, kind, stage, replaces, healthy, heardMsAgo, lag, rounds, sending, clientAddress].join(' '),
      ),
    ).toEqual([
      'n1 voter settled  true 0 0 0 self ',
      'n2 voter settled  true 100 0 0 replicate said:2',
      'n3 voter leaving  false 1000 7 0 replicate ',
      'n4 learner joining 3 true 100 5 2 snapshot ',
    ])
  })

  it('a member that only the outgoing half of a joint configuration knows is leaving; a witness is one from the start', async () => {
    configuration = { ...configuration, voters: [one, two], votersOutgoing: [one, two, three], witnesses: [two] }
    const answer = await requests.handle({ type: 'members' })
    const rows = answer.type === 'members' ? answer.view.members : []
    expect(rows.map(({ role: kind, stage }) => `${kind} ${stage}`)).toEqual(['voter settled', 'witness settled', 'voter leaving'])
  })

  it('give new members ids that nobody has or had, and leave the others alone', async () => {
    configuration = { ...configuration, removed: [asMemberId(9)] }
    const add = (id: number): MembershipChange => ({ type: 'add', member: member(id), promote: true, witness: false })
    const answer = await requests.handle({
      type: 'change',
      changes: [{ ...add(0) }, { ...add(0) }, add(5), { type: 'promote', id: two }],
      force: true,
    })
    const ids = answer.type === 'changed' ? answer.ids : []
    expect(ids).toHaveLength(3)
    expect(new Set(ids).size).toBe(3)
    expect(ids[2]).toBe(5)
    for (const id of ids) expect([1, 2, 3, 9]).not.toContain(id)
    expect(asked).toMatchObject([
      { force: true, changes: [{ member: { id: ids[0] } }, { member: { id: ids[1] } }, { member: { id: 5 } }, { id: 2 }] },
    ])
  })

  it('that take the leader out of office hand leadership over first; the next leader makes the change', async () => {
    for (const type of ['remove', 'demote'] as const) {
      await expect(requests.handle({ type: 'change', changes: [{ type, id: one }], force: false })).rejects.toMatchObject({
        code: 'NOT_LEADER',
        leaderId: 2,
      })
    }
    expect(asked).toEqual([])
    await requests.handle({ type: 'change', changes: [{ type: 'remove', id: two }], force: false })
    expect(asked).toHaveLength(1)
    configuration = foundingConfiguration([member(1)])
    await requests.handle({ type: 'change', changes: [{ type: 'remove', id: one }], force: false })
    expect(asked).toHaveLength(2)
    expect(transfers).toEqual([null, null])
  })

  it('transfer leadership, and know when there is nothing to do', async () => {
    expect(await requests.handle({ type: 'transfer', target: 3 })).toEqual({ type: 'transferred', leaderId: 3 })
    expect(await requests.handle({ type: 'transfer', target: null })).toEqual({ type: 'transferred', leaderId: 2 })
    expect(await requests.handle({ type: 'transfer', target: 1 })).toEqual({ type: 'transferred', leaderId: 1 })
    expect(transfers).toEqual([3, null])
  })
})

describe('describeAdmin', () => {
  it('tells the log what was asked, except for questions', () => {
    expect(describeAdmin({ type: 'members' })).toBeNull()
    expect([false, true].map((disarm) => describeAdmin({ type: 'alarms', disarm }))).toEqual([null, { action: 'disarm' }])
    expect(describeAdmin({ type: 'transfer', target: null })).toEqual({ action: 'transfer', target: 'any' })
    expect(describeAdmin({ type: 'change', changes: [{ type: 'replace', id: two, member: member(0) }], force: true })).toEqual({
      action: 'change',
      changes: 'replace 000000000002 n0=h:0',
      force: 'true',
    })
  })
})
