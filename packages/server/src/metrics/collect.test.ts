import type { KvStats } from '@balsa/kv'
import { asIndex, asMemberId, asTerm, foundingConfiguration, ManualClock, type PeerReplication, type ReplicaStatus } from '@balsa/raft'
import { describe, expect, it } from 'vitest'
import { collectMetrics } from './collect.js'
import { sampleOf } from './exposition.test-support.js'
import { createMemberMetrics } from './member-metrics.js'

const STORE: KvStats = {
  type: 'stats',
  appliedIndex: 5,
  revision: 6,
  keys: 7,
  dataBytes: 8,
  compactedRevision: 0,
  historyBytes: 0,
  noSpace: false,
  alarms: [],
  sessions: 9,
  sessionResults: 10,
  stateHash: 'x',
}
const peer = (lag: number) => ({ lag }) as PeerReplication
const STATUS: ReplicaStatus = {
  state: 'running',
  id: asMemberId(1),
  role: 'leader',
  term: asTerm(3),
  leaderId: asMemberId(1),
  commitIndex: asIndex(12),
  appliedIndex: asIndex(11),
  firstIndex: asIndex(2),
  lastIndex: asIndex(13),
  snapshotIndex: asIndex(1),
  configuration: foundingConfiguration([]),
  peers: [peer(4), peer(40)],
  logBytes: 14,
  pendingProposals: 0,
  pendingReads: 0,
  droppedMessages: 0,
}

describe('collectMetrics', () => {
  it('reads every gauge from its source when it is asked', () => {
    const metrics = createMemberMetrics()
    let status = STATUS
    const stop = collectMetrics(metrics, {
      clock: new ManualClock(),
      status: () => status,
      store: () => STORE,
      ready: () => true,
      connections: (protocol) => (protocol === 'http' ? 1 : 2),
      inFlight: () => 15,
      peersUp: () => 16,
      snapshotBytes: () => 17,
      diverged: () => 0,
    })
    const value = (name: string, labels: Record<string, string> = {}) => sampleOf(metrics.registry.render(), `balsa_${name}`, labels)
    const expected = {
      term: 3,
      commit_index: 12,
      applied_index: 11,
      log_first_index: 2,
      log_last_index: 13,
      snapshot_index: 1,
      log_bytes: 14,
      follower_lag_entries: 40,
    }
    for (const [name, number] of Object.entries(expected)) expect(value(name), name).toBe(number)
    const rest = {
      keys: 7,
      data_bytes: 8,
      revision: 6,
      sessions: 9,
      session_results: 10,
      client_requests_in_flight: 15,
      peers_connected: 16,
      snapshot_bytes: 17,
      ready: 1,
      has_leader: 1,
      info: 1,
    }
    for (const [name, number] of Object.entries(rest)) expect(value(name), name).toBe(number)
    expect([value('client_connections', { protocol: 'http' }), value('client_connections', { protocol: 'balsa' })]).toEqual([1, 2])
    status = { ...STATUS, role: 'follower', leaderId: null, peers: [] }
    expect([
      value('role', { role: 'leader' }),
      value('role', { role: 'follower' }),
      value('has_leader'),
      value('follower_lag_entries'),
    ]).toEqual([0, 1, 0, 0])
    expect(value('event_loop_delay_seconds', { quantile: 'p99' })).toBeGreaterThanOrEqual(0)
    stop()
  })
})
