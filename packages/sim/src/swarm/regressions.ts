import type { Plan, Profile } from './plan.js'

/** A run that once showed a fault of production code. */
export interface Regression {
  readonly name: string
  /** What went wrong, and what the run did to show it. */
  readonly what: string
  readonly profile: Profile
  readonly seed: number
  /** What mattered is set, not left to the seed: other changes move what a seed draws. */
  readonly adjust?: (plan: Plan) => Plan
  /** Marks without which the run shows nothing: the seeds behind it are tried, too, until all are reached. */
  readonly reaches: readonly string[]
}

const slowSnapshots = (bytesPerSecond: number) => (plan: Plan) => ({
  ...plan,
  limits: { ...plan.limits, snapshotBytesPerSecond: bytesPerSecond },
  snapshots: { maxLogBytes: 500, trailingEntries: 0 },
})

const failingDisks = (plan: Plan): Plan => ({
  ...plan,
  durableState: true,
  rates: { ...plan.rates, writeErrors: 0.6, syncErrors: 0.6 },
})

export const REGRESSIONS: readonly Regression[] = [
  {
    name: 'a mark that cannot be written',
    what: 'A group of writes waited for ever when the mark behind it met an error of the disk: the replica never told its end, and the member never came back.',
    profile: 'disk',
    seed: 149,
    adjust: (plan) => ({ ...plan, rates: { ...plan.rates, writeErrors: 0.6, syncErrors: 0.3, diskFull: 0.2 } }),
    reaches: ['stopped IO_ERROR', 'disk write EIO'],
  },
  {
    name: 'a snapshot that is always replaced first',
    what: 'A piece of a snapshot was read only when its turn to be sent had come: with a slow limit the file had been replaced by then each time, and the peer never got one.',
    profile: 'snapshots',
    seed: 81,
    adjust: slowSnapshots(100_000),
    reaches: ['snapshot transfer begun', 'snapshot transfer superseded', 'snapshot installed'],
  },
  {
    name: 'questions that pile up behind a slow limit',
    what: 'Every repeated question for a piece of a snapshot got a place of its own behind the limit of the sender, until nobody was served any more.',
    profile: 'snapshots',
    seed: 10,
    adjust: slowSnapshots(60_000),
    reaches: ['snapshot transfer begun', 'snapshot installed'],
  },
  {
    name: 'pieces of another snapshot',
    what: 'A snapshot that had been received was dropped when a late copy of a piece of another one came before it was installed: INVARIANT.',
    profile: 'snapshots',
    seed: 34,
    adjust: (plan) => ({
      ...slowSnapshots(1_000_000)(plan),
      network: { ...plan.network, duplicateRate: 0.3, lateCopyMs: 500, ordered: false },
    }),
    reaches: ['network duplicate', 'snapshot transfer superseded', 'snapshot installed'],
  },
  {
    name: 'a change that was never decided',
    what: 'A member whose newest configuration left the leader out, and was never committed, kept no connection to that leader: it could not even refuse the entry before it.',
    profile: 'membership',
    seed: 33,
    adjust: (plan) => ({ ...plan, rates: { ...plan.rates, change: 6 }, tellsRemoved: false }),
    reaches: ['configuration adopted', 'change done'],
  },
  {
    name: 'everybody the client knew was removed',
    what: 'The last question of a run went to three members that had all been removed: a fault of the simulator itself, kept because it shows how far membership may move.',
    profile: 'membership',
    seed: 63,
    adjust: (plan) => ({ ...plan, rates: { ...plan.rates, change: 4 } }),
    reaches: ['change remove', 'change replace', 'change done'],
  },
  {
    name: 'a restart that forgets that what it has applied is committed',
    what: 'A member whose state is on disk came back with a commit index below it, and could take a snapshot above that: an older snapshot of a leader would then have replaced a log that held more.',
    profile: 'churn',
    seed: 74,
    adjust: (plan) => ({ ...plan, durableState: true }),
    reaches: ['restart with a durable state', 'restart with a state behind its log', 'snapshot refers to the state'],
  },
  {
    name: 'a snapshot that waits for a log that has failed',
    what: 'A member whose log had failed never closed: a snapshot waited for its state to become durable, which waits for the log. It never came back.',
    profile: 'disk',
    seed: 67,
    adjust: failingDisks,
    reaches: ['restart with a durable state', 'stopped IO_ERROR', 'disk write EIO'],
  },
  {
    name: 'a batch that waits for a log that has failed',
    what: 'A member whose log had failed never closed: the next batch of commands waited for the tables to catch up, which wait for the log. It never came back.',
    profile: 'disk',
    seed: 412,
    adjust: failingDisks,
    reaches: ['restart with a durable state', 'stopped IO_ERROR', 'stopped SYNC_FAILED'],
  },
  {
    name: 'a witness that is told of a state as it is',
    what: 'A leader whose snapshot only refers to its state told a witness to fetch that state as it is: a witness takes none, and never caught up.',
    profile: 'membership',
    seed: 46,
    adjust: (plan) => ({
      ...plan,
      durableState: true,
      witnessShare: 0.5,
      snapshots: { maxLogBytes: 400, trailingEntries: 0 },
      rates: { ...plan.rates, change: 4 },
    }),
    reaches: ['restart with a durable state', 'snapshot refers to the state', 'snapshot transfer begun'],
  },
  {
    name: 'a log that a lower snapshot has replaced, half removed',
    what: 'A snapshot that ended far below the end of a log that nobody else had replaced it; the process was killed when some of its segments were removed, and the next start missed them: MISSING_SEGMENT.',
    profile: 'swarm',
    seed: 63_608,
    reaches: ['process killed', 'snapshot installed', 'crash before remove'],
  },
  {
    name: 'a received snapshot whose sync had failed',
    what: 'What a failed sync had left visible of a snapshot was completed by the next process and installed, without being on the disk; a loss of power later it was empty: CORRUPT.',
    profile: 'swarm',
    seed: 66_849,
    reaches: ['stopped SYNC_FAILED', 'snapshot installed', 'power lost with unsynced writes'],
  },
  {
    name: 'a snapshot of its own at the index of a state that was received',
    what: 'A member that had received a state and was elected before it was installed took a snapshot of its own at the same index: a false alarm, which took that one for the received state and missed its cut.',
    profile: 'swarm',
    seed: 75_906,
    reaches: ['state received', 'snapshot refers to the state'],
  },
]
