import { crc32, formatAddress, isLoopback, NodeClock, NodeFileSystem, NodeRandom, parseAddress, TcpTransport } from '@balsa/host'
import {
  BalsaError,
  findIdentity,
  type Member,
  type MemberId,
  Replica as RaftReplica,
  type ReplicaOptions as RaftReplicaOptions,
  type StateMachine,
} from '@balsa/raft'
import { clusterIdOf, DEFAULT_IDENTITY, memberIdOf } from '@balsa/server'
import { NullTransport } from './null-transport.js'
import { openStorage } from './open-storage.js'

export interface OpenReplicaOptions<Result, Query, Answer> {
  /** Name of this member; one of `members`. */
  readonly id: string
  /** Created when it is missing. Belongs to one process at a time. */
  readonly dataDir: string
  /** Name of each founding member -> `host:port` where the others reach it. The same on all of them; this one alone makes a cluster of one. */
  readonly members: Readonly<Record<string, string>>
  /** `host:port` to listen on; default: this member's address in `members`. */
  readonly listen?: string
  /** What is replicated. */
  readonly stateMachine: StateMachine<Result, Query, Answer>
  /** Allows to listen beyond loopback: there is no TLS yet. Default false. */
  readonly insecure?: boolean
  /** Makes ids differ between clusters whose members have equal names. */
  readonly clusterToken?: string
  /** Time-outs and sizes of consensus. */
  readonly core?: RaftReplicaOptions<Result, Query, Answer>['core']
  readonly snapshots?: RaftReplicaOptions<Result, Query, Answer>['snapshots']
  readonly limits?: RaftReplicaOptions<Result, Query, Answer>['limits']
}

/** One member of a replicated state machine; see the class of the same name in @balsa/raft for its methods. */
export type Replica<Result = unknown, Query = unknown, Answer = unknown> = RaftReplica<Result, Query, Answer>

const config = (message: string, hint?: string): BalsaError => new BalsaError('CONFIG', message, hint === undefined ? {} : { hint })

function readAddress(what: string, text: string): string {
  try {
    return formatAddress(parseAddress(text))
  } catch (error) {
    throw error instanceof BalsaError ? config(`${what}: ${error.message}`, error.hint) : error
  }
}

function readMembers(options: Pick<OpenReplicaOptions<unknown, unknown, unknown>, 'id' | 'members'>, token: string): readonly Member[] {
  const entries = Object.entries(options.members).sort(([a], [b]) => (a < b ? -1 : 1))
  const members = entries.map(([name, address]) => ({
    id: memberIdOf(token, name),
    name,
    address: readAddress(`members.${name}`, address),
    clientAddress: '',
  }))
  if (!members.some(({ name }) => name === options.id)) throw config(`members does not list this member, ${JSON.stringify(options.id)}`)
  members.forEach(({ name, address }, at) => {
    const other = members.slice(0, at).find((candidate) => candidate.address === address)
    if (other !== undefined) throw config(`members ${other.name} and ${name} have the same address ${address}`)
  })
  return members
}

/** The id of the cluster that a recovery from a lost quorum made of the directory: it does not follow from names. Null for all other directories. */
async function recoveredCluster(dataDir: string, id: MemberId): Promise<number | null> {
  const stored = await findIdentity(new NodeFileSystem(), dataDir, crc32)
  return stored !== null && stored.home > 0 && stored.memberId === id ? stored.clusterId : null
}

/** A replica with everything that Node.js offers: files, TCP, clock and randomness. */
export const Replica = {
  /**
   * Starts a member with its own state machine. Resolves when it runs; `waitFor('caught-up')` tells when it is ready to serve.
   * Errors (fatal): CONFIG, DATA_DIRECTORY, LOCKED, IDENTITY_MISMATCH, CORRUPT, MISSING_SEGMENT, DISK_FULL, IO_ERROR, STATE_MACHINE_FAILED.
   */
  async open<Result, Query, Answer>(options: OpenReplicaOptions<Result, Query, Answer>): Promise<Replica<Result, Query, Answer>> {
    const token = options.clusterToken ?? DEFAULT_IDENTITY.token
    const members = readMembers(options, token)
    const id = memberIdOf(token, options.id)
    const identity = { clusterId: (await recoveredCluster(options.dataDir, id)) ?? clusterIdOf(token, members), memberId: id }
    const listen = parseAddress(readAddress('listen', options.listen ?? members.find((member) => member.id === id)?.address ?? ''))
    if (members.length > 1 && options.insecure !== true && !isLoopback(listen.host) && listen.host !== 'localhost') {
      throw config(
        `listen: ${formatAddress(listen)} is not loopback, and there is no TLS yet`,
        'Listen on 127.0.0.1, or set insecure when the network is private.',
      )
    }
    const clock = new NodeClock()
    const random = new NodeRandom()
    const { storage, incarnation, memory } = await openStorage(options.dataDir, identity, members, random)
    return RaftReplica.open<Result, Query, Answer>({
      id,
      identity,
      clock,
      random,
      transport:
        members.length === 1 ? new NullTransport() : new TcpTransport({ identity, incarnation, memory, listen, clock, random, crc32 }),
      storage,
      stateMachine: options.stateMachine,
      ...(options.core === undefined ? {} : { core: options.core }),
      ...(options.snapshots === undefined ? {} : { snapshots: options.snapshots }),
      ...(options.limits === undefined ? {} : { limits: options.limits }),
    })
  },
}
