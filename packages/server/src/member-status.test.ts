import type { KvStats } from '@balsa/kv'
import { asIndex, asMemberId, asTerm, foundingConfiguration, type Member, type ReplicaStatus } from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import { memberStatus, statusJson } from './member-status.js'

const member = (id: number, clientAddress: string): Member => ({
  id: asMemberId(id),
  name: `n${id}`,
  address: `127.0.0.1:${id}`,
  clientAddress,
})
const configuration = {
  ...foundingConfiguration([]),
  members: [member(1, ''), member(2, 'configured:2'), member(3, 'configured:3')],
  voters: [asMemberId(1), asMemberId(2)],
  learners: [asMemberId(3)],
}
const indexes = {
  commitIndex: asIndex(5),
  appliedIndex: asIndex(4),
  firstIndex: asIndex(1),
  lastIndex: asIndex(6),
  snapshotIndex: asIndex(0),
}
const replica: ReplicaStatus = {
  state: 'running',
  id: asMemberId(1),
  role: 'follower',
  term: asTerm(2),
  leaderId: asMemberId(2),
  configuration,
  ...indexes,
  peers: [],
  logBytes: 7,
  pendingProposals: 1,
  pendingReads: 2,
  droppedMessages: 0,
}
const store: KvStats = {
  type: 'stats',
  appliedIndex: 4,
  revision: 3,
  keys: 2,
  dataBytes: 9,
  compactedRevision: 0,
  historyBytes: 0,
  noSpace: false,
  alarms: [],
  sessions: 1,
  sessionResults: 0,
  stateHash: 'abc',
}
const parts = {
  clusterId: 255,
  name: 'n1',
  clientAddress: 'own:1',
  peerClientAddress: (id: number) => (id === 2 ? 'said:2' : ''),
  replica,
  store,
}

describe('memberStatus', () => {
  it('believes what members say of themselves over what the configuration says of them', () => {
    const status = memberStatus(parts)
    expect(status.leaderAddress).toBe('said:2')
    expect(status.members.map(({ clientAddress, role }) => [clientAddress, role])).toEqual([
      ['own:1', 'voter'],
      ['said:2', 'voter'],
      ['configured:3', 'learner'],
    ])
    expect(memberStatus({ ...parts, replica: { ...replica, leaderId: null } })).toMatchObject({ leaderId: null, leaderAddress: '' })
  })
})

describe('statusJson', () => {
  it('writes ids as everywhere else, and adds what only the member knows', () => {
    expect(statusJson(memberStatus(parts), { ready: false, reason: 'why' }, replica, 12.6)).toMatchObject({
      clusterId: '0000000000ff',
      memberId: '000000000001',
      leaderId: '000000000002',
      members: [{ id: '000000000001' }, { id: '000000000002' }, { id: '000000000003' }],
      ready: false,
      reason: 'why',
      uptimeMs: 13,
      pendingProposals: 1,
      pendingReads: 2,
    })
  })
})
