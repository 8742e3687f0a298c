import type { SeededRandom } from '../memory/seeded-random.js'
import type { CoreOptions } from './options.js'

/** So small that even the little snapshots of these runs go in several pieces. */
export const SNAPSHOT_CHUNK_BYTES = 8

/** What one seed's run is like. */
export interface Profile {
  readonly voters: number
  readonly learners: number
  /** Members outside of the founding configuration, waiting to be added. */
  readonly spares: number
  readonly options: Partial<CoreOptions>
  readonly changesConfiguration: boolean
  /** By the input for changes, which never takes an id twice; else by configurations that any few members come and go with. */
  readonly changesMembership: boolean
  readonly loss: number
  readonly duplication: number
  /** Probability that any message may overtake; else the oldest goes first. */
  readonly reordering: number
  /** Probability that a turn's effects are taken later, together with the next turn's. */
  readonly batching: number
  /** Relative pace of the disks. */
  readonly diskPace: number
  /** Probability that time leaps so far that leaders are missed. */
  readonly leaps: number
}

export const profileOf = (random: SeededRandom): Profile => {
  const changesConfiguration = random.bool(0.4)
  const changesMembership = changesConfiguration && random.bool(0.6)
  const protectedElections = changesConfiguration || random.bool(0.7)
  return {
    voters: 3 + random.int(changesConfiguration ? 3 : 5),
    learners: random.int(3) === 0 ? 1 : 0,
    spares: changesConfiguration && !changesMembership ? 1 + random.int(2) : 0,
    changesConfiguration,
    changesMembership,
    loss: random.pick([0, 0.02, 0.1, 0.3]),
    duplication: random.pick([0, 0.05, 0.3]),
    reordering: random.pick([0, 0.2, 1]),
    batching: random.pick([0, 0.3]),
    diskPace: random.pick([0.3, 1, 4]),
    leaps: random.pick([0.02, 0.1, 0.2]),
    options: {
      preVote: protectedElections || random.bool(),
      checkQuorum: protectedElections || random.bool(),
      // Clocks run between 0.8 and 1.25 of true time.
      leaseReads: protectedElections && random.bool() ? { maxClockDrift: 0.6 } : null,
      noop: random.bool(0.85),
      maxEntriesPerMessage: random.pick([1, 2, 8, 1000]),
      maxMessageBytes: random.pick([1, 20, 1000]),
      maxInflightMessages: random.pick([1, 2, 8]),
      maxInflightBytes: random.pick([10, 10_000]),
      maxUncommittedBytes: random.pick([40, 100_000]),
      logCacheBytes: random.pick([0, 30, 10_000]),
      snapshotChunkBytes: SNAPSHOT_CHUNK_BYTES,
      snapshotWindowBytes: 3 * SNAPSHOT_CHUNK_BYTES,
      commitNotifyMs: random.pick([0, 5]),
      retryMs: random.pick([0, 0, 20]),
      appendIntervalMs: random.pick([0, 0, 7]),
    },
  }
}
