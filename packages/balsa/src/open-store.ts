import { NodeClock, NodeRandom, openTables } from '@balsa/host'
import {
  type Backend,
  type CommandResult,
  EmbeddedStore,
  type KeyValueStore,
  type KvAnswer,
  type KvQuery,
  KvStateMachine,
  MAX_REQUEST_BYTES,
  Upkeep,
} from '@balsa/kv'
import { type AbortSignalLike, Replica } from '@balsa/raft'
import { soleMember } from '@balsa/server'
import { NullTransport } from './null-transport.js'
import { openStorage } from './open-storage.js'

export interface OpenStoreOptions {
  /** Created when it is missing. Belongs to one process at a time. */
  readonly dataDir: string
  /** Ends the opening early (ABORTED). */
  readonly signal?: AbortSignal
  /** Time limit of each call, in ms. Default 10,000. */
  readonly deadlineMs?: number
  /** Size of the log that triggers a snapshot, in bytes; -1 = never. Default 64 MiB. */
  readonly maxLogBytes?: number
}

/** Nobody competes with a cluster of one: short times only make it open faster. */
const ELECTION_TIMEOUT_MS = 50
const HEARTBEAT_INTERVAL_MS = 25
const COMMAND_OVERHEAD_BYTES = 1024

/**
 * The key/value store inside this process, as a cluster of one without any network: durable when a call resolves, linearizable, with the same
 * interface as `connect` gives. The directory has the format and identity of a `balsad` with default flags, so that one can take it over later.
 * Resolves when the store is ready. Errors (fatal): DATA_DIRECTORY, LOCKED, IDENTITY_MISMATCH, CORRUPT, MISSING_SEGMENT, DISK_FULL, IO_ERROR; ABORTED (refused).
 */
export async function openStore(options: OpenStoreOptions): Promise<KeyValueStore> {
  const clock = new NodeClock()
  const random = new NodeRandom()
  const { clusterId, memberId, members } = soleMember()
  const identity = { clusterId, memberId }
  let backend: Backend | undefined
  const { storage } = await openStorage(options.dataDir, identity, members, random, async (lock) => {
    const opened = await openTables(lock)
    backend = opened.backend
    return opened.directory
  })
  const machine = new KvStateMachine({ clock, ...(backend === undefined ? {} : { backend }) })
  const replica = await Replica.open<CommandResult, KvQuery, KvAnswer>({
    id: memberId,
    identity,
    clock,
    random,
    transport: new NullTransport(),
    storage,
    stateMachine: machine,
    core: { electionTimeoutMs: ELECTION_TIMEOUT_MS, heartbeatIntervalMs: HEARTBEAT_INTERVAL_MS },
    limits: { maxCommandBytes: MAX_REQUEST_BYTES + COMMAND_OVERHEAD_BYTES },
    ...(options.maxLogBytes === undefined ? {} : { snapshots: { maxLogBytes: options.maxLogBytes } }),
  })
  await ready(replica, options.signal)
  const upkeep = Upkeep.begin(clock, machine, replica)
  return new EmbeddedStore(
    {
      propose: (command, call) => replica.propose(command, call),
      watches: machine.watches,
      readWithAge: (query, call) => replica.readWithAge(query, call),
    },
    {
      clock,
      random,
      onClose: () => stop(upkeep, replica),
      ...(options.deadlineMs === undefined ? {} : { deadlineMs: options.deadlineMs }),
    },
  )
}

function stop(upkeep: Upkeep, replica: Pick<Replica, 'close'>): Promise<void> {
  upkeep.stop()
  return replica.close()
}

async function ready(replica: Pick<Replica, 'waitFor' | 'close'>, signal: AbortSignalLike | undefined): Promise<void> {
  try {
    await replica.waitFor('caught-up', signal === undefined ? {} : { signal })
  } catch (error) {
    await replica.close()
    throw error
  }
}
