/** The figures that dashboards and alerts for etcd look for, under etcd's names, behind Balsa's own on `/metrics`. */
import type { KvStats, MemberStatus } from '@balsa/kv'
import { ETCD_API_VERSION } from './version.js'

export interface EtcdFigures {
  readonly status: MemberStatus
  readonly stats: KvStats
  readonly pendingProposals: number
  readonly failedProposals: number
  readonly leaderChanges: number
  readonly watchers: number
}

type Row = readonly [name: string, type: 'gauge' | 'counter', help: string, value: number, labels?: string]

/** In the text format of Prometheus. */
export function etcdMetrics({ status, stats, pendingProposals, failedProposals, leaderChanges, watchers }: EtcdFigures): string {
  const { leaderId, memberId, commitIndex, appliedIndex, members } = status
  const bytes = stats.dataBytes + stats.historyBytes
  const isLearner = members.some(({ id, role }) => id === memberId && role === 'learner')
  const rows: readonly Row[] = [
    ['etcd_server_has_leader', 'gauge', 'Whether a leader is known.', Number(leaderId !== null)],
    ['etcd_server_is_leader', 'gauge', 'Whether this member leads.', Number(leaderId === memberId)],
    ['etcd_server_is_learner', 'gauge', 'Whether this member is a learner.', Number(isLearner)],
    ['etcd_server_leader_changes_seen_total', 'counter', 'Changes of leader that this member saw.', leaderChanges],
    ['etcd_server_proposals_committed_total', 'gauge', 'Newest entry known to be committed.', commitIndex],
    ['etcd_server_proposals_applied_total', 'gauge', 'Newest entry applied.', appliedIndex],
    ['etcd_server_proposals_pending', 'gauge', 'Proposals without an outcome.', pendingProposals],
    ['etcd_server_proposals_failed_total', 'counter', 'Proposals that failed.', failedProposals],
    ['etcd_server_version', 'gauge', 'Version of the API.', 1, `server_version="${ETCD_API_VERSION}"`],
    ['etcd_server_id', 'gauge', 'Id of this member.', 1, `server_id="${memberId.toString(16)}"`],
    ['etcd_cluster_version', 'gauge', 'Version of the API.', 1, `cluster_version="${ETCD_API_VERSION.replace(/\.\d+$/, '')}"`],
    ['etcd_mvcc_db_total_size_in_bytes', 'gauge', 'Bytes of keys, values and history.', bytes],
    ['etcd_mvcc_db_total_size_in_use_in_bytes', 'gauge', 'The same: nothing is kept that is not used.', bytes],
    ['etcd_debugging_mvcc_keys_total', 'gauge', 'Keys.', stats.keys],
    ['etcd_debugging_mvcc_current_revision', 'gauge', 'Revision of the store.', stats.revision],
    ['etcd_debugging_mvcc_compact_revision', 'gauge', 'Newest compacted revision.', stats.compactedRevision],
    ['etcd_debugging_mvcc_watcher_total', 'gauge', 'Open watches.', watchers],
  ]
  const lines = rows.flatMap(([name, type, help, value, labels]) => [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    `${name}${labels === undefined ? '' : `{${labels}}`} ${value}`,
  ])
  return `${lines.join('\n')}\n`
}
