import {
  asMemberId,
  type BalsaError,
  type CoreOptions,
  foundingConfiguration,
  type ManualClock,
  Replica,
  type ReplicaLimits,
  SeededRandom,
  type SnapshotPolicy,
  type StateMachine,
} from '@balsa/raft'
import type { LabNetwork, Link, RpcServer } from './network.js'
import { LabTransport } from './peer-transport.js'
import { LabStorage, Persister } from './persister.js'
import { LabFailure } from './virtual-time.js'

/** What runs on top of consensus in one life of a server. */
export interface Service<Result, Query, Answer> {
  readonly machine: StateMachine<Result, Query, Answer>
  /** Handles what clients send; consensus traffic never comes here. */
  readonly clientServer?: RpcServer
}

export interface GroupOptions<Result, Query, Answer> {
  readonly size: number
  readonly core: Omit<CoreOptions, 'id' | 'random'>
  readonly snapshots: Partial<SnapshotPolicy>
  readonly limits: Partial<ReplicaLimits>
  /** A new life begins. */
  readonly service: (server: GroupServer<Result, Query, Answer>) => Service<Result, Query, Answer>
}

/** Callers with these numbers are members; everybody above is a client. */
export const FIRST_CLIENT = 1000

/** One server over all its lives. */
export interface GroupServer<Result, Query, Answer> {
  readonly index: number
  /** Network name and member id. */
  readonly id: number
  life: number
  /** False while it is cut off by the tester. */
  connected: boolean
  /** Null while it is down. */
  replica: Replica<Result, Query, Answer> | null
  persister: Persister
  links: Map<number, Link>
}

/** The servers of one test and their connections, by the course's rules. */
export class Group<Result, Query, Answer> {
  readonly servers: readonly GroupServer<Result, Query, Answer>[]
  readonly #clock: ManualClock
  readonly #random: SeededRandom
  readonly #network: LabNetwork
  readonly #options: GroupOptions<Result, Query, Answer>
  /** What ended a replica on its own: always a fault. */
  failure: BalsaError | null = null

  constructor(clock: ManualClock, random: SeededRandom, network: LabNetwork, options: GroupOptions<Result, Query, Answer>) {
    this.#clock = clock
    this.#random = random
    this.#network = network
    this.#options = options
    const ids = Array.from({ length: options.size }, (_, index) => asMemberId(index + 1))
    const founding = foundingConfiguration(ids.map((id) => ({ id, address: '', clientAddress: String(id), name: '' })))
    this.servers = ids.map((id, index) => ({
      index,
      id,
      life: 0,
      connected: false,
      replica: null,
      persister: new Persister(founding),
      links: new Map(),
    }))
  }

  get size(): number {
    return this.servers.length
  }

  /** The server at this position; positions go round. */
  at(index: number): GroupServer<Result, Query, Answer> {
    const server = this.servers[index % this.size]
    if (server === undefined) throw new LabFailure(`no server ${index}`)
    return server
  }

  async startAll(): Promise<void> {
    await Promise.all(this.servers.map((server) => this.start(server)))
    for (const server of this.servers) this.connect(server)
  }

  /** A new life with fresh links, all disabled. */
  async start(server: GroupServer<Result, Query, Answer>): Promise<void> {
    if (server.replica !== null) throw new LabFailure(`server ${server.index} runs already`)
    server.life++
    server.links = new Map(this.servers.filter(({ id }) => id !== server.id).map(({ id }) => [id, this.#network.link(server.id, id)]))
    const transport = new LabTransport(this.#network, server.links)
    const service = this.#options.service(server)
    const { life } = server
    const random = new SeededRandom(this.#random.int(2 ** 32))
    server.replica = await Replica.open({
      id: asMemberId(server.id),
      clock: this.#clock,
      random,
      transport,
      storage: new LabStorage(server.persister),
      stateMachine: service.machine,
      core: this.#options.core,
      snapshots: this.#options.snapshots,
      limits: this.#options.limits,
    })
    void server.replica.closed.then((error) => {
      if (error !== null && server.life === life) this.failure ??= error
    })
    const { clientServer } = service
    this.#network.setServer(server.id, {
      handle: (caller, request, reply) => {
        if (caller < FIRST_CLIENT) transport.handle(caller, request, reply)
        else clientServer?.handle(caller, request, reply)
      },
    })
  }

  /** Nothing that it did can be seen by anybody from here on, and nothing that it wrote before is lost. */
  crash(server: GroupServer<Result, Query, Answer>): void {
    const { replica } = server
    if (replica === null) return
    this.disconnect(server)
    this.#network.removeServer(server.id)
    server.persister = server.persister.copy()
    server.replica = null
    void replica.close()
  }

  disconnect(server: GroupServer<Result, Query, Answer>): void {
    server.connected = false
    for (const other of this.servers) {
      setEnabled(server.links.get(other.id), false)
      setEnabled(other.links.get(server.id), false)
    }
  }

  connect(server: GroupServer<Result, Query, Answer>): void {
    server.connected = true
    for (const other of this.servers) {
      if (!other.connected) continue
      setEnabled(server.links.get(other.id), true)
      setEnabled(other.links.get(server.id), true)
    }
  }

  async restart(server: GroupServer<Result, Query, Answer>): Promise<void> {
    await this.start(server)
    this.connect(server)
  }

  /** Each side hears only itself. Who is connected to whom otherwise, and clients, are not touched. */
  partition(sides: readonly (readonly GroupServer<Result, Query, Answer>[])[]): void {
    for (const side of sides) {
      for (const server of side) {
        for (const other of this.servers) setEnabled(server.links.get(other.id), side.includes(other))
        server.connected = true
      }
    }
  }

  connectAll(): void {
    this.partition([this.servers])
  }

  /** Largest encoded consensus state of all servers, also of those that are down. */
  get logBytes(): number {
    return Math.max(...this.servers.map(({ persister }) => persister.raftStateBytes))
  }

  get snapshotBytes(): number {
    return Math.max(...this.servers.map(({ persister }) => persister.snapshotBytes))
  }

  async close(): Promise<void> {
    await Promise.all(
      this.servers.map(async (server) => {
        const { replica } = server
        this.#network.removeServer(server.id)
        server.replica = null
        await replica?.close()
      }),
    )
  }
}

function setEnabled(link: Link | undefined, enabled: boolean): void {
  if (link !== undefined) link.enabled = enabled
}
