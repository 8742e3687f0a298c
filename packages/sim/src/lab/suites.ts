import { ELECTION_SCENARIOS } from './raft-suite-elections.js'
import { LOG_SCENARIOS } from './raft-suite-log.js'
import { PERSISTENCE_SCENARIOS } from './raft-suite-persistence.js'
import { SNAPSHOT_SCENARIOS } from './raft-suite-snapshots.js'
import type { Scenario } from './scenario.js'

/** Every test of the course that is ported, in the course's order. */
export const ALL_SCENARIOS: readonly Scenario[] = [...ELECTION_SCENARIOS, ...LOG_SCENARIOS, ...PERSISTENCE_SCENARIOS, ...SNAPSHOT_SCENARIOS]
