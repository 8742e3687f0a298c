import type { Observer } from '../world/observer.js'
import { BoundedMemory, type MemoryBounds } from './bounded-memory.js'
import { CompactionCovered } from './compaction-covered.js'
import { ConfigurationRules } from './configuration-rules.js'
import { DurableCommit } from './durable-commit.js'
import { DurablePromises } from './durable-promises.js'
import { DurableStart } from './durable-start.js'
import { ElectionSafety } from './election-safety.js'
import { FollowedLeader } from './followed-leader.js'
import { IndexOrder } from './index-order.js'
import { LeaderCompleteness } from './leader-completeness.js'
import { Ledger } from './ledger.js'
import { LogMatching } from './log-matching.js'
import { OneVotePerTerm } from './one-vote-per-term.js'
import { ReadFreshness } from './read-freshness.js'
import { SnapshotReplay } from './snapshot-replay.js'
import { StaleBound } from './stale-bound.js'
import { StateMachineSafety } from './state-machine-safety.js'
import { TermMonotonic } from './term-monotonic.js'
import { TransferQuiet } from './transfer-quiet.js'

/** What holds of every run, whatever fails. */
export interface Invariants {
  readonly ledger: Ledger
  readonly elections: ElectionSafety
  readonly machines: StateMachineSafety
  readonly configurations: ConfigurationRules
  readonly all: readonly Observer[]
}

export function invariantsOf(bounds: MemoryBounds): Invariants {
  const ledger = new Ledger()
  const elections = new ElectionSafety()
  const machines = new StateMachineSafety(ledger)
  const configurations = new ConfigurationRules(ledger)
  const all: readonly Observer[] = [
    elections,
    new FollowedLeader(elections),
    new OneVotePerTerm(),
    new TermMonotonic(),
    new LogMatching(ledger),
    new LeaderCompleteness(ledger),
    new DurableCommit(ledger),
    new DurablePromises(),
    new DurableStart(ledger),
    machines,
    new SnapshotReplay(),
    new IndexOrder(),
    new CompactionCovered(),
    configurations,
    new ReadFreshness(ledger),
    new StaleBound(ledger),
    new TransferQuiet(),
    new BoundedMemory(bounds),
  ]
  return { ledger, elections, machines, configurations, all }
}
