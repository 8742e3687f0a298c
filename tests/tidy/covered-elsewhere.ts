/** Source files with logic that no test imports directly, and what covers them instead. Keep it short; every entry says where to look. */
export const COVERED_ELSEWHERE: ReadonlyMap<string, string> = new Map<string, string>([
  ['packages/raft/src/core/election.ts', 'a room of the core: paper-elections.test.ts beside it, through RaftCore'],
  ['packages/raft/src/core/follower.ts', 'a room of the core: paper-replication.test.ts beside it, through RaftCore'],
  ['packages/raft/src/core/leader.ts', 'a room of the core: paper-replication.test.ts beside it, through RaftCore'],
  ['packages/raft/src/core/read-index.ts', 'a room of the core: paper-membership.test.ts beside it, through RaftCore'],
  ['packages/raft/src/core/replication.ts', 'a room of the core: paper-replication.test.ts beside it, through RaftCore'],
  ['packages/raft/src/core/snapshot-receiving.ts', 'a room of the core: paper-snapshots.test.ts beside it, through RaftCore'],
  ['packages/raft/src/core/state.ts', 'a room of the core: paper-replication.test.ts beside it, through RaftCore'],
  ['packages/raft/src/core/tables.ts', 'a room of the core: core-fuzz.test.ts beside it, through RaftCore'],
  ['packages/raft/src/core/transfer.ts', 'a room of the core: paper-elections.test.ts beside it, through RaftCore'],
])
