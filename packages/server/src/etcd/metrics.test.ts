import { expect, it } from 'vitest'
import { LocalStore } from './local-store.test-support.js'
import { etcdMetrics } from './metrics.js'

it('says under the names of etcd what its alerts ask for', async () => {
  const store = new LocalStore()
  await store.execute({ type: 'put', stamp: null, key: Uint8Array.of(1), value: Uint8Array.of(2, 3) })
  const figures = { pendingProposals: 1, failedProposals: 2, leaderChanges: 3, watchers: 4 }
  const text = (leaderId: number | null) =>
    etcdMetrics({ ...figures, status: { ...store.status(), leaderId }, stats: store.machine.query({ type: 'stats' }) })
  const lines = text(store.memberId).split('\n')
  expect(lines).toContain('etcd_server_has_leader 1')
  expect(lines).toContain('etcd_server_is_leader 1')
  expect(lines).toContain('etcd_server_leader_changes_seen_total 3')
  expect(lines).toContain('etcd_debugging_mvcc_current_revision 2')
  expect(lines).toContain('etcd_server_id{server_id="2000"} 1')
  expect(text(null)).toContain('etcd_server_has_leader 0\n')
  for (const line of lines) expect(line).toMatch(/^(?:# (?:HELP|TYPE) \w+ .+|\w+(?:\{\w+="[\w.]+"\})? \d+|)$/)
})
