import type { Server as HttpServer } from 'node:http'
import {
  crc32,
  type DataDirectory,
  formatAddress,
  type HostPort,
  NodeClock,
  NodeFileSystem,
  NodeRandom,
  openDataDirectory,
  openTables,
  type LmdbBackend,
  TcpDialer,
  TcpTransport,
} from '@balsa/host'
import { type CommandResult, type KvAnswer, type KvQuery, KvStateMachine, MAX_REQUEST_BYTES, type MemberStatus, Upkeep } from '@balsa/kv'
import {
  asMemberId,
  BalsaError,
  type Clock,
  DEFAULT_ELECTION_TIMEOUT_MS,
  DEFAULT_HEARTBEAT_INTERVAL_MS,
  DurableStorage,
  type FileSystem,
  foundingConfiguration,
  IncarnationTable,
  type Member as ConfiguredMember,
  type MemberId,
  type Random,
  Replica,
  type Transport,
} from '@balsa/raft'
import { AdminRequests } from './admin-requests.js'
import { type ClientLimits, DEFAULT_CLIENT_LIMITS } from './client-limits.js'
import { ClientPort } from './client-port.js'
import { type Divergence, DivergenceWatch } from './divergence-watch.js'
import { createHttpServer, DEFAULT_HTTP_LIMITS, type HttpLimits, type Readiness } from './http.js'
import { drawId, formatId } from './ids.js'
import { AutoCompaction, type AutoCompactionSetting } from './auto-compaction.js'
import { askLeader } from './etcd/ask-leader.js'
import { EtcdFront } from './etcd/front.js'
import { etcdMetrics } from './etcd/metrics.js'
import { errorFields, type Logger, SILENT_LOGGER } from './logger.js'
import { memberStatus, statusJson } from './member-status.js'
import { collectMetrics } from './metrics/collect.js'
import { createMemberMetrics, type MemberMetrics } from './metrics/member-metrics.js'
import { MeteredFileSystem, meteredStateMachine, MeteredTransport } from './metrics/metered-ports.js'
import { ReadinessTracker } from './readiness.js'
import { Fate, fateOf, logTransport, watchRemoval, watchReplica, withNames } from './member-watch.js'
import { MemberRequests } from './request-handler.js'
import { openFileLimit, withinOpenFiles } from './open-files.js'
import { LeaderLink } from './store/leader-link.js'
import { ReplicaStore } from './store/member-store.js'

/** What a member needs to run; a `ServerConfig` has all of it. Times in ms, sizes in bytes. */
export interface MemberOptions {
  readonly name: string
  readonly dataDir: string
  readonly clusterId: number
  readonly memberId: MemberId
  /**
   * What a new data directory begins with: the founding members, this one among them; none for a member that waits to be told by the cluster
   * that it joins. A data directory that is not new knows better; then these addresses are only further places to look for members.
   */
  readonly members: readonly ConfiguredMember[]
  /** `host:port` under which the other members reach this one. Default: what `members` says of it, else where it listens. */
  readonly advertisePeer?: string
  readonly listenPeer: HostPort
  readonly listenClient: HostPort
  /** `host:port` under which clients reach this member. Default: where it listens. */
  readonly advertiseClient?: string
  /** Allows listening beyond loopback. Default false. */
  readonly insecure?: boolean
  readonly heartbeatIntervalMs?: number
  readonly electionTimeoutMs?: number
  /** Lease reads; the same on every member. Default: off (null). */
  readonly leaseReads?: { readonly maxClockDrift: number } | null
  /** A leader whose disk or event loop is slow for long hands its leadership to a member that is not. Default: true. */
  readonly automaticTransfer?: boolean
  /** Log size that triggers a snapshot; -1 = never. */
  readonly maxLogBytes?: number
  /** What the state may take on disk; above it writes that add are refused with NO_SPACE, on all members. Default: no limit. */
  readonly quotaBackendBytes?: number
  readonly maxRequestBytes?: number
  /** A client request that is not answered by then ends. Default 5000. */
  readonly requestTimeoutMs?: number
  /** What of the past goes by itself. Default: what is beyond the limits of the store (null). */
  readonly autoCompaction?: AutoCompactionSetting | null
  /** How often a watch of etcd's API that asked for it hears that nothing has happened. Default ten minutes. */
  readonly watchProgressIntervalMs?: number
  /** Origins of web pages that browsers may let in to etcd's JSON gateway; `*` = all. Default: none. */
  readonly corsOrigins?: readonly string[]
  readonly clientLimits?: Partial<ClientLimits>
  readonly httpLimits?: HttpLimits
  readonly logger?: Logger
  /** How often the state is compared with that of the other members. Default 5000. */
  readonly divergenceCheckMs?: number
  /** Nobody else uses it. Default: a new one. For tests that break one. */
  readonly stateMachine?: KvStateMachine
  readonly clock?: Clock
  readonly random?: Random
  /** Default: the real one. */
  readonly fileSystem?: FileSystem
}

type KvReplica = Replica<CommandResult, KvQuery, KvAnswer>

const DEFAULT_REQUEST_TIMEOUT_MS = 5000
const DEFAULT_DIVERGENCE_CHECK_MS = 5000
const DRAIN_TIMEOUT_MS = 2000
/** A command is its key and value and at most this much beside them. */
const COMMAND_OVERHEAD_BYTES = 1024
/** Applied in one go, at some 20 us each, unless that takes too long: then others have their turn. */
const MAX_APPLY_ENTRIES = 256
const MAX_APPLY_MS = 2

/** About half of a round between members of one place with good disks: puts of ten clients take a quarter less time with it than without, those of one client the same. */
const GATHER_MS = 0.3
/** A piece of a snapshot costs the event loop less than a millisecond. */
const SNAPSHOT_CHUNK_BYTES = 1024 * 1024
/** So much of it is under way: enough that its way there and back does not decide how long gigabytes take. */
const SNAPSHOT_WINDOW_BYTES = 8 * 1024 * 1024
const SNAPSHOT_BYTES_PER_SECOND = 256 * 1024 * 1024

interface Parts {
  readonly options: MemberOptions
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly fate: Fate
  readonly metrics: MemberMetrics
  readonly directory: DataDirectory
  readonly storage: DurableStorage
  readonly machine: KvStateMachine
  readonly replica: KvReplica
  readonly transport: TcpTransport
  readonly peersUp: ReadonlySet<MemberId>
}

/**
 * A member process as a library: data directory, log, consensus, store, and one port for clients and operators.
 */
export class Member implements AsyncDisposable {
  /** Resolves when the member has stopped: with null after `close()`, with the fatal error that stopped it otherwise. Never rejects. */
  readonly stopped: Promise<BalsaError | null>
  readonly metrics: MemberMetrics
  /** What this member does for clients, whatever they speak. */
  readonly store: ReplicaStore
  readonly #parts: Parts
  readonly #leaderLink: LeaderLink
  readonly #upkeep: Upkeep
  readonly #divergence: DivergenceWatch
  readonly #etcd: EtcdFront
  readonly #compaction: AutoCompaction | null
  readonly #port: ClientPort
  readonly #readiness: ReadinessTracker
  readonly #startedMs: number
  readonly #stopCollecting: () => void
  #fatal: BalsaError | null = null
  #closing: Promise<void> | null = null

  private constructor(parts: Parts) {
    const { options, clock, metrics, logger, replica } = parts
    this.#parts = parts
    this.metrics = metrics
    this.#startedMs = clock.now()
    this.#readiness = new ReadinessTracker(replica)
    this.#upkeep = Upkeep.begin(clock, parts.machine, replica, options.quotaBackendBytes, {
      id: options.memberId,
      members: () => this.status().members.map(({ id }) => id),
      execute: (alarm) => this.store.execute(alarm, { deadlineMs: clock.now() + (options.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS) }),
    })
    this.stopped = Promise.race([replica.closed, parts.fate.sealed]).then((error) => {
      this.#fatal = error
      this.#upkeep.stop()
      this.#divergence.stop()
      if (error === null) return null
      logger.error(errorFields(error), 'the member has stopped after a fatal error')
      // A fate that others decided: the replica itself would go on.
      return replica.close().then(
        () => error,
        () => error,
      )
    })
    this.#leaderLink = new LeaderLink({ dialer: new TcpDialer({ clock }), clock, crc32, clusterId: options.clusterId })
    this.store = new ReplicaStore({
      clusterId: options.clusterId,
      memberId: options.memberId,
      replica,
      clock,
      leader: this.#leaderLink,
      watches: parts.machine.watches,
      term: () => replica.term,
      revision: () => parts.machine.revision,
      leaderElsewhere: () => this.#leaderElsewhere(),
      status: () => this.status(),
    })
    this.#divergence = watchDivergence(parts, () => this.status())
    const admin = new AdminRequests({
      replica,
      clock,
      random: parts.random,
      requestTimeoutMs: options.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS,
      electionTimeoutMs: options.electionTimeoutMs ?? DEFAULT_ELECTION_TIMEOUT_MS,
      status: () => this.status(),
      hashMarks: () => parts.machine.hashMarks,
      store: this.store,
      divergence: () => this.divergence,
    })
    this.#etcd = this.#createEtcd(admin)
    this.#port = this.#createPort(admin)
    this.#compaction = autoCompaction(parts, this.store)
    this.#stopCollecting = this.#collect()
  }

  /**
   * Starts a member; it then takes part in consensus and listens for clients, but is not ready before it knows a leader and has caught up.
   * Errors (fatal): CONFIG (an address cannot be listened on), DATA_DIRECTORY, LOCKED, IDENTITY_MISMATCH, CORRUPT, MISSING_SEGMENT, DISK_FULL,
   * IO_ERROR. Nothing stays open when it fails.
   */
  static async start(options: MemberOptions): Promise<Member> {
    const lock = await openDataDirectory(options.dataDir)
    const { directory, backend } = options.stateMachine === undefined ? await openTables(lock, options.fileSystem) : { directory: lock }
    try {
      const member = new Member(await openParts(options, directory, backend))
      await member.#listen()
      return member
    } catch (error) {
      await directory.close()
      throw error
    }
  }

  /** `host:port` of the client port. */
  get clientAddress(): string {
    return this.#port.address ?? ''
  }

  get dataDir(): string {
    return this.#parts.directory.path
  }

  get readiness(): Readiness {
    if (this.#fatal !== null) return { ready: false, reason: `stopped after a fatal error: ${this.#fatal.code}` }
    const { current } = this.#readiness
    const { divergence } = this
    // What only it has applied differently must not be served.
    if (current.ready && divergence?.suspect === 'this') return { ready: false, reason: divergence.text }
    return current
  }

  /** What is known of states that differ although the logs are equal; null = nothing. */
  get divergence(): Divergence | null {
    return this.#divergence.current
  }

  /** Resolves when the member is ready for the first time, or has stopped before that. */
  whenReady(): Promise<void> {
    return Promise.race([this.#readiness.first, this.stopped.then(() => undefined)])
  }

  get replica(): KvReplica {
    return this.#parts.replica
  }

  #etcdMetrics(): string {
    const { replica, machine, metrics } = this.#parts
    const failed = (['refused', 'unknown', 'fatal'] as const).reduce((sum, outcome) => sum + metrics.proposals.get({ outcome }), 0)
    return etcdMetrics({
      status: this.status(),
      stats: machine.query({ type: 'stats' }),
      pendingProposals: replica.status().pendingProposals,
      failedProposals: failed,
      leaderChanges: metrics.leaderChanges.get({}),
      watchers: machine.watches.size,
    })
  }

  /** Most members say where clients reach them; for the others the slow way finds out. */
  #leaderElsewhere(): string {
    const { replica, transport } = this.#parts
    const { leaderId } = replica
    return leaderId === null || leaderId === replica.id ? '' : transport.clientAddressOf(leaderId)
  }

  status(): MemberStatus {
    const { options, replica, machine, transport } = this.#parts
    return memberStatus({
      clusterId: options.clusterId,
      name: options.name,
      clientAddress: options.advertiseClient ?? this.clientAddress,
      peerClientAddress: (id) => transport.clientAddressOf(id),
      replica: replica.status(),
      store: machine.query({ type: 'stats' }),
    })
  }

  /**
   * Stops gracefully: not ready any more, no new requests, leadership handed to another member, requests under way answered, then everything
   * closed. Resolves when no socket, timer or file is left. May be called again.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    const { replica, directory, logger } = this.#parts
    this.#readiness.stop()
    this.#compaction?.stop()
    this.#divergence.stop()
    const others = replica.status().configuration.voters.length > 1
    if (this.#fatal === null && replica.status().role === 'leader' && others) {
      const timeoutMs = 2 * (this.#parts.options.electionTimeoutMs ?? DEFAULT_ELECTION_TIMEOUT_MS)
      await replica.transferLeadership(null, { timeoutMs }).then(
        (successor) => logger.info({ successor: formatId(successor) }, 'leadership handed over'),
        (error: unknown) => logger.warn(errorFields(error), 'leadership could not be handed over: the others will elect a leader'),
      )
    }
    await this.#port.drain(DRAIN_TIMEOUT_MS)
    await this.#port.close()
    this.#leaderLink.close()
    this.#stopCollecting()
    try {
      await replica.close()
    } finally {
      await directory.close()
    }
  }

  async #listen(): Promise<void> {
    try {
      await this.#port.listen()
    } catch (error) {
      this.#stopCollecting()
      await this.#parts.replica.close()
      throw error
    }
  }

  #createEtcd(admin: AdminRequests): EtcdFront {
    const { options, clock, random, machine, logger } = this.#parts
    const leader = this.#leaderLink
    return new EtcdFront(
      {
        store: this.store,
        clock,
        random,
        requestTimeoutMs: etcdRequestTimeoutMs(options),
        ...(options.maxRequestBytes === undefined ? {} : { maxRequestBytes: options.maxRequestBytes }),
        electionTimeoutMs: options.electionTimeoutMs ?? DEFAULT_ELECTION_TIMEOUT_MS,
        ...(options.watchProgressIntervalMs === undefined ? {} : { watchProgressIntervalMs: options.watchProgressIntervalMs }),
        ...(options.corsOrigins === undefined ? {} : { corsOrigins: options.corsOrigins }),
        admin: (request, call) => askLeader({ clock, local: admin, leader, status: () => this.status() }, request, call),
        snapshot: () => machine.snapshot(),
        divergence: () => this.divergence,
        ready: () => this.readiness.ready,
        events: (signal) => this.replica.events({ signal }),
      },
      logger,
    )
  }

  #createPort(admin: AdminRequests): ClientPort {
    const { options, clock, metrics, logger, replica } = this.#parts
    const handler = new MemberRequests({
      replica,
      store: this.store,
      clock,
      metrics,
      requestTimeoutMs: options.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS,
      maxRequestBytes: options.maxRequestBytes ?? MAX_REQUEST_BYTES,
      status: () => this.status(),
      withNames: (text) => withNames(replica.status().configuration, text),
      logger,
      admin,
    })
    return new ClientPort({
      listen: options.listenClient,
      insecure: options.insecure ?? false,
      clock,
      crc32,
      limits: this.#clientLimits(),
      metrics,
      logger,
      handler,
      grpc: this.#etcd,
      http: this.#createHttp(),
      httpInFlight: () => this.#etcd.httpInFlight,
    })
  }

  #clientLimits(): ClientLimits {
    const { options, logger } = this.#parts
    const { limits, warning } = withinOpenFiles({ ...DEFAULT_CLIENT_LIMITS, ...options.clientLimits }, openFileLimit())
    if (warning !== null) logger.warn({}, warning)
    return limits
  }

  #collect(): () => void {
    const { clock, replica, machine, peersUp, storage } = this.#parts
    return collectMetrics(this.metrics, {
      clock,
      status: () => replica.status(),
      store: () => machine.query({ type: 'stats' }),
      ready: () => this.readiness.ready,
      connections: (protocol) => this.#port.connections(protocol),
      inFlight: () => this.#port.inFlight,
      peersUp: () => peersUp.size,
      snapshotBytes: () => storage.snapshots.latest?.sizeBytes ?? 0,
      diverged: () => this.divergence?.members.length ?? 0,
    })
  }

  #createHttp(): HttpServer {
    const { replica, clock, metrics, options } = this.#parts
    const source = {
      fatal: () => this.#fatal?.code ?? null,
      readiness: () => this.readiness,
      alarm: () => this.divergence?.text ?? null,
      status: () => statusJson(this.status(), this.readiness, replica.status(), clock.now() - this.#startedMs, this.divergence),
      metricsText: () => metrics.registry.render() + this.#etcdMetrics(),
    }
    return createHttpServer(source, metrics, options.httpLimits ?? DEFAULT_HTTP_LIMITS, this.#etcd)
  }
}

/** Compares the state with that of every other member that holds data. */
function watchDivergence({ options, clock, random, logger, machine }: Parts, status: () => MemberStatus): DivergenceWatch {
  const link = new LeaderLink({ dialer: new TcpDialer({ clock }), clock, crc32, clusterId: options.clusterId })
  const timeoutMs = options.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS
  return new DivergenceWatch({
    clock,
    random,
    logger,
    everyMs: options.divergenceCheckMs ?? DEFAULT_DIVERGENCE_CHECK_MS,
    others: () =>
      status()
        .members.filter(({ id, role, clientAddress }) => id !== options.memberId && role !== 'witness' && clientAddress !== '')
        .map(({ id, name, clientAddress }) => ({ id: asMemberId(id), name, clientAddress })),
    marks: () => machine.hashMarks,
    link: {
      ask: (address) => link.admin(address, { type: 'stateHashes' }, { deadlineMs: clock.now() + timeoutMs }),
      close: () => link.close(),
    },
  })
}

function autoCompaction({ options, clock, logger, replica }: Parts, store: ReplicaStore): AutoCompaction | null {
  const setting = options.autoCompaction ?? null
  if (setting === null) return null
  const deadlineMs = (): number => clock.now() + (options.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS)
  return new AutoCompaction({
    setting,
    clock,
    logger,
    isLeader: () => replica.leaderId === replica.id,
    revision: () => store.revision(),
    compact: async (revision) => {
      const result = await store.execute({ type: 'compact', stamp: null, revision }, { deadlineMs: deadlineMs() })
      if (result.type === 'refused') throw new BalsaError(result.code, 'the store refused to compact')
    },
  })
}

/** As etcd has it: five seconds, and two election time-outs. */
const etcdRequestTimeoutMs = ({ requestTimeoutMs, electionTimeoutMs }: MemberOptions): number =>
  (requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS) + 2 * (electionTimeoutMs ?? DEFAULT_ELECTION_TIMEOUT_MS)

/** Where peers are told to dial this member. */
function advertisedPeerAddress({ advertisePeer, members, memberId, listenPeer }: MemberOptions): string {
  return advertisePeer ?? members.find(({ id }) => id === memberId)?.address ?? (listenPeer.port === 0 ? '' : formatAddress(listenPeer))
}

/** What peers are told. A port that the system chooses is not known yet when they are dialled: then they find out by asking. */
function advertisedClientAddress({ advertiseClient, listenClient }: MemberOptions): string {
  return advertiseClient ?? (listenClient.port === 0 ? '' : formatAddress(listenClient))
}

async function openParts(options: MemberOptions, directory: DataDirectory, backend?: LmdbBackend): Promise<Parts> {
  const clock = options.clock ?? new NodeClock()
  const random = options.random ?? new NodeRandom()
  const logger = options.logger ?? SILENT_LOGGER
  const metrics = createMemberMetrics()
  const fate = new Fate()
  // Also while nobody writes: what cannot go on should not look as if it did.
  void backend?.failed.then((error) => fate.seal(error))
  const identity = { clusterId: options.clusterId, memberId: options.memberId }
  let opened: KvReplica | null = null
  // A leader goes on with its peers while its own disk works, and does not need it for a quorum.
  const mayWait = (): boolean => opened !== null && opened.role !== 'leader'
  const files = {
    fileSystem: new MeteredFileSystem(options.fileSystem ?? new NodeFileSystem({ mayWait }), clock, metrics),
    directory: directory.path,
    crc32,
  }
  const storage = await DurableStorage.open({
    ...files,
    identity,
    incarnation: drawId(random),
    initialConfiguration: foundingConfiguration(options.members),
  })
  checkName(storage, options)
  const memory = await IncarnationTable.open({ ...files, clusterId: options.clusterId })
  const { tornAt, incarnation } = storage
  if (tornAt !== null)
    logger.info(
      { file: tornAt.path, offset: tornAt.offset },
      'the last write before the crash was incomplete and was cut off; nothing acknowledged is lost',
    )
  const machine = options.stateMachine ?? new KvStateMachine({ clock, ...(backend === undefined ? {} : { backend }) })
  const transport = new TcpTransport({
    identity,
    incarnation,
    memory,
    listen: options.listenPeer,
    clientAddress: () => advertisedClientAddress(options),
    peerAddress: () => advertisedPeerAddress(options),
    addressHints: new Map(options.members.map(({ id, address }) => [id, address])),
    clock,
    random,
    crc32,
    onEvent: (event) => {
      logTransport(logger, event)
      const end = fateOf(event, options.name, options.memberId, directory.path)
      if (end !== null) fate.seal(end)
    },
  })
  const replica = await openReplica({ ...options, identity }, { clock, random, storage, machine, metrics, transport })
  opened = replica
  const peersUp = watchReplica(replica, metrics, logger)
  watchRemoval(replica, fate, options.name, clock, options.electionTimeoutMs ?? DEFAULT_ELECTION_TIMEOUT_MS)
  return { options, clock, random, logger, fate, metrics, directory, storage, machine, replica, transport, peersUp }
}

/** Ids follow from names only when a cluster is founded; later the log alone knows whose directory it is. */
function checkName({ recovered }: DurableStorage, { name, memberId, dataDir }: MemberOptions): void {
  const { members } = recovered.configurations.at(-1)?.configuration ?? recovered.baseConfiguration
  const own = members.find(({ id }) => id === memberId)
  if (own === undefined || own.name === name || own.name === '') return
  throw new BalsaError('IDENTITY_MISMATCH', `${dataDir} belongs to member ${own.name}, this is member ${name}`, {
    hint: 'Use the data directory of this member, or an empty one for a new member.',
  })
}

function openReplica(
  options: MemberOptions & { readonly identity: { readonly clusterId: number; readonly memberId: MemberId } },
  parts: {
    readonly clock: Clock
    readonly random: Random
    readonly storage: DurableStorage
    readonly machine: KvStateMachine
    readonly metrics: MemberMetrics
    readonly transport: Transport
  },
): Promise<KvReplica> {
  const { clock, random, storage, machine, metrics, transport } = parts
  return Replica.open({
    id: options.memberId,
    identity: options.identity,
    clock,
    random,
    transport: new MeteredTransport(transport, metrics),
    storage,
    stateMachine: meteredStateMachine<CommandResult, KvQuery, KvAnswer>(machine, clock, metrics),
    core: {
      heartbeatIntervalMs: options.heartbeatIntervalMs ?? DEFAULT_HEARTBEAT_INTERVAL_MS,
      electionTimeoutMs: options.electionTimeoutMs ?? DEFAULT_ELECTION_TIMEOUT_MS,
      leaseReads: options.leaseReads ?? null,
      snapshotChunkBytes: SNAPSHOT_CHUNK_BYTES,
      snapshotWindowBytes: SNAPSHOT_WINDOW_BYTES,
    },
    limits: {
      maxCommandBytes: MAX_REQUEST_BYTES + COMMAND_OVERHEAD_BYTES,
      maxApplyEntries: MAX_APPLY_ENTRIES,
      maxApplyMs: MAX_APPLY_MS,
      snapshotBytesPerSecond: SNAPSHOT_BYTES_PER_SECOND,
    },
    gatherMs: GATHER_MS,
    ...(options.automaticTransfer === false ? { slowness: null } : {}),
    ...(options.maxLogBytes === undefined ? {} : { snapshots: { maxLogBytes: options.maxLogBytes } }),
  })
}
