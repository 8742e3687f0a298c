import type { CommandResult, KvAnswer, KvQuery } from '@balsa/kv'
import { KvStateMachine, SessionStore } from '@balsa/kv'
import type { VersionedInput, VersionedOutput } from '../checker/index.js'
import { ClassicClerk, VersionedClerk } from './clerk.js'
import type { DigestInput, DigestOutput } from './digest-register.js'
import { FIRST_CLIENT, Group, type GroupServer } from './group.js'
import { History } from './history.js'
import { KvClientServer } from './kv-server.js'
import { LabBackend } from './lab-backend.js'
import type { Link } from './network.js'
import { KV_PROFILE } from './profile.js'
import { check, type Lab } from './scenario.js'
import { LabFailure } from './virtual-time.js'

export type KvServer = GroupServer<CommandResult, KvQuery, KvAnswer>

export interface KvTestOptions {
  readonly servers: number
  readonly reliable: boolean
  /** The course's maxraftstate: bytes of log above which a snapshot is taken; -1 = never. */
  readonly maxLogBytes: number
}

/** A key/value service under test, with its clients. */
export class KvTest {
  readonly lab: Lab
  readonly group: Group<CommandResult, KvQuery, KvAnswer>
  readonly classicHistory: History<DigestInput, DigestOutput>
  readonly versionedHistory: History<VersionedInput, VersionedOutput>
  readonly #maxLogBytes: number
  readonly #stores: SessionStore[] = []

  private constructor(lab: Lab, options: KvTestOptions) {
    this.lab = lab
    this.#maxLogBytes = options.maxLogBytes
    lab.network.settings.reliable = options.reliable
    this.classicHistory = new History(lab.clock)
    this.versionedHistory = new History(lab.clock)
    this.group = new Group(lab.clock, lab.random, lab.network, {
      size: options.servers,
      core: KV_PROFILE,
      snapshots: { maxLogBytes: options.maxLogBytes, trailingEntries: 0 },
      limits: {},
      service: (server) => {
        const { life } = server
        const current = () => (server.life === life ? server.replica : null)
        // The course measures the living keys: a snapshot of one key has a few hundred bytes, whatever was written before.
        return { machine: new KvStateMachine({ maxHistoryRevisions: 0 }), clientServer: new KvClientServer(lab.clock, current) }
      },
    })
  }

  static async open(lab: Lab, options: KvTestOptions): Promise<KvTest> {
    const test = new KvTest(lab, options)
    lab.atEnd(async () => {
      await Promise.all(test.#stores.map((store) => store.close()))
      await test.group.close()
    })
    await test.group.startAll()
    lab.begin()
    return test
  }

  classicClerk(): ClassicClerk {
    const { store, process } = this.#client(this.group.servers)
    return new ClassicClerk(this.lab, store, process, this.classicHistory)
  }

  versionedClerk(): VersionedClerk {
    const { store, process } = this.#client(this.group.servers)
    return new VersionedClerk(this.lab, store, process, this.versionedHistory)
  }

  /** A clerk that reaches only these servers, until `connect` gives it the others too. */
  restricted(servers: readonly KvServer[]): { readonly clerk: VersionedClerk; readonly connect: () => void } {
    const { store, process, links } = this.#client(servers)
    return { clerk: new VersionedClerk(this.lab, store, process, this.versionedHistory), connect: () => enable(links) }
  }

  /** The same for a classic clerk. */
  restrictedClassic(servers: readonly KvServer[]): { readonly clerk: ClassicClerk; readonly connect: () => void } {
    const { store, process, links } = this.#client(servers)
    return { clerk: new ClassicClerk(this.lab, store, process, this.classicHistory), connect: () => enable(links) }
  }

  #client(servers: readonly KvServer[]): {
    readonly store: SessionStore
    readonly process: number
    readonly links: ReadonlyMap<string, Link>
  } {
    const { lab } = this
    const process = FIRST_CLIENT + this.#stores.length
    const links = new Map<string, Link>()
    for (const server of this.group.servers) {
      const link = lab.network.link(process, server.id)
      link.enabled = servers.includes(server)
      links.set(String(server.id), link)
    }
    const random = lab.random.fork()
    const backend = new LabBackend(lab.clock, random, lab.network, links)
    const store = new SessionStore(backend, { clock: lab.clock, random })
    this.#stores.push(store)
    return { store, process, links }
  }

  /** All servers down at once, one election time-out of the course in darkness, and up again from what they had saved. */
  async restartAll(pauseMs: number): Promise<void> {
    for (const server of this.group.servers) this.group.crash(server)
    await this.lab.sleep(pauseMs)
    await this.group.startAll()
  }

  /** Splits at random until told to stop; resolves after its last pause. */
  async partitionUntil(isStopped: () => boolean): Promise<void> {
    while (!isStopped()) {
      const sides: [KvServer[], KvServer[]] = [[], []]
      for (const server of this.group.servers) sides[this.lab.int(2) === 0 ? 0 : 1].push(server)
      this.group.partition(sides)
      await this.lab.sleep(1000 + this.lab.int(200))
    }
  }

  /** Position of the server that claims to lead, asked in order; the first one when nobody does. */
  leader(): KvServer {
    return this.group.servers.find(({ replica }) => replica?.status().role === 'leader') ?? this.group.at(0)
  }

  /** The log at most eight times what was asked for, no snapshot where none was asked for, and no server stopped on its own. */
  checkSizes(): void {
    this.verify()
    const { logBytes, snapshotBytes } = this.group
    if (this.#maxLogBytes > 0)
      check(logBytes <= 8 * this.#maxLogBytes, `the log was not trimmed: ${logBytes} bytes, allowed are ${8 * this.#maxLogBytes}`)
    else check(snapshotBytes === 0, `a snapshot of ${snapshotBytes} bytes, though none was wanted`)
  }

  verify(): void {
    const { failure } = this.group
    if (failure !== null) throw new LabFailure(`a server stopped: ${failure.code} ${failure.message}`)
  }
}

function enable(links: ReadonlyMap<string, Link>): void {
  for (const link of links.values()) link.enabled = true
}
