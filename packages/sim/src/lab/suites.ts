import { KV_2025_SCENARIOS } from './kv-suite-2025.js'
import { KV_CLASSIC_SCENARIOS } from './kv-suite-classic.js'
import { NETWORK_SCENARIOS } from './network-suite.js'
import { ELECTION_SCENARIOS } from './raft-suite-elections.js'
import { LOG_SCENARIOS } from './raft-suite-log.js'
import { PERSISTENCE_SCENARIOS } from './raft-suite-persistence.js'
import { SNAPSHOT_SCENARIOS, SNAPSHOT_VARIANTS } from './raft-suite-snapshots.js'
import { RSM_SCENARIOS } from './rsm-suite.js'
import type { Scenario } from './scenario.js'

/** Every test of the course that is ported, in the course's order. */
export const ALL_SCENARIOS: readonly Scenario[] = [
  ...NETWORK_SCENARIOS,
  ...ELECTION_SCENARIOS,
  ...LOG_SCENARIOS,
  ...PERSISTENCE_SCENARIOS,
  ...SNAPSHOT_SCENARIOS,
  ...RSM_SCENARIOS,
  ...KV_2025_SCENARIOS,
  ...KV_CLASSIC_SCENARIOS,
  ...SNAPSHOT_VARIANTS,
]
