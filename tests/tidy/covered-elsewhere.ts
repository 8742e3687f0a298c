/**
 * Source files with logic that no test imports directly, and what covers them instead. Keep it short; every entry says where to look. A path that
 * ends in `/` is a room whose files only work together and are tested as a whole.
 */
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
  ['packages/balsa/src/bin/balsactl.ts', 'a process: tests/process/programs.test.mjs'],
  ['packages/balsa/src/cli/commands/endpoint-health.ts', 'a command: cli/main.test.ts, through the command line'],
  ['packages/balsa/src/cli/commands/get.ts', 'a command: cli/main.test.ts, through the command line'],
  ['packages/balsa/src/cli/commands/write.ts', 'a command: cli/main.test.ts, through the command line'],
  ['packages/balsa/src/cli/http-status.ts', 'cli/commands/member-report.test.ts and cli/main.test.ts, against real servers'],
  ['packages/balsa/src/cli/store.ts', 'cli/main.test.ts, through every command'],
  ['packages/sim/src/lab/', 'the lab is a test: every scenario runs in `npm run lab`, and lab/*.test.ts test its own figures and repeatability'],
  ['packages/sim/src/world/', 'the simulator: every seed of `npm run sim` runs all of it; mutants show that it notices'],
  ['packages/sim/src/swarm/', 'the simulator, as above'],
  ['packages/sim/src/invariants/', 'each is shown to fire by the mutant that it catches: docs/mutants.md'],
  ['packages/sim/src/faults/', 'the simulator: `npm run sim` counts every fault and lists those that never happened'],
  ['packages/sim/src/network/', 'the simulator, as above'],
  ['packages/sim/src/disk/', 'the simulator, as above'],
  ['packages/sim/src/clients/', 'the simulator, as above'],
  ['packages/balsa/src/open-storage.ts', 'open-store.test.ts and node-replica.test.ts beside it'],
])
