import {
  BalsaError,
  type CallOptions,
  type CoreOptions,
  type ReplicaLimits,
  type ReplicaStatus,
  type SnapshotPolicy,
  type StateMachine,
} from '@balsa/raft'
import { KvStateMachine, Upkeep } from '@balsa/kv'
import { invariantsOf } from '../invariants/index.js'
import { type NetworkConditions } from '../network/sim-network.js'
import { converged, describeMembers } from '../swarm/convergence.js'
import type { SimMember } from '../world/sim-member.js'
import { World } from '../world/world.js'

export interface TestClusterOptions<Result, Query, Answer> {
  /** Members, 1 to 7. Default 3. */
  readonly size?: number
  /** Everything by chance comes from it: the same seed gives the same run. Default 1. */
  readonly seed?: number
  /** Makes the state machine of one life of a member: a restarted member gets a new one, which is restored from its disk. */
  readonly machine: (member: number) => StateMachine<Result, Query, Answer>
  /** Equal states must give equal texts: then members are compared after every command. By default only their answers are. */
  readonly fingerprint?: (machine: StateMachine<Result, Query, Answer>) => string
  readonly core?: Omit<CoreOptions, 'id' | 'random'>
  readonly snapshots?: Partial<SnapshotPolicy>
  readonly limits?: Partial<ReplicaLimits>
  /** Delays, loss and duplication between members; may be changed later through `network`. */
  readonly network?: Partial<NetworkConditions>
}

/** Longest that a call of the cluster waits when its caller says nothing else, in virtual ms. */
const DEFAULT_LIMIT_MS = 60_000
const CLUSTER_ID = 1
const SURVEY_EVERY_MS = 1000

/**
 * A cluster of replicas with your own state machine, in a simulated world: virtual time, simulated network and disks, all chance from one seed.
 * The replicas, logs and messages are the production code. Invariants of consensus, and that all members answer alike, are checked at every
 * step; what breaks them, and every error of this class, names the seed.
 */
export class TestCluster<Result, Query, Answer> {
  readonly seed: number
  readonly #world: World

  private constructor(world: World, seed: number) {
    this.#world = world
    this.seed = seed
  }

  /** Starts all members and waits until they have a leader. INVALID (refused) for an impossible size. */
  static async open<Result, Query, Answer>(
    options: TestClusterOptions<Result, Query, Answer>,
  ): Promise<TestCluster<Result, Query, Answer>> {
    const { size = 3, seed = 1, machine, fingerprint } = options
    if (!(Number.isInteger(size) && size >= 1 && size <= 7))
      throw new BalsaError('INVALID', `a test cluster has 1 to 7 members, not ${size}`)
    const bounds = { maxPendingProposals: Infinity, maxPendingReads: Infinity, maxUncommittedBytes: Infinity, maxCommandBytes: Infinity }
    const world = new World({
      seed,
      size,
      clusterId: CLUSTER_ID,
      core: options.core ?? {},
      snapshots: options.snapshots ?? {},
      limits: options.limits ?? {},
      storage: { segmentBytes: 64 * 1024 },
      network: options.network ?? {},
      disk: {},
      crashStyle: { lost: 0.4, prefix: 0.2, subset: 0.2, torn: 0.2 },
      killShare: 0.3,
      clock: (_member, random) => ({ offsetMs: random.int(1_000_000), rate: 1, turnMs: 0 }),
      service: (life) => {
        const own = machine(life.member.id)
        return {
          machine: own,
          fingerprint: fingerprint === undefined ? null : () => fingerprint(own),
          opened: (replica) => {
            // As every member of a store: leases end also while nobody writes.
            if (own instanceof KvStateMachine) Upkeep.begin(life.clock, own, replica)
          },
        }
      },
      observers: invariantsOf(bounds).all,
    })
    const cluster = new TestCluster<Result, Query, Answer>(world, seed)
    for (const member of world.members) member.start()
    cluster.#survey()
    await cluster.leader()
    return cluster
  }

  #survey(): void {
    this.#world.scheduler.after(SURVEY_EVERY_MS, null, () => {
      for (const observer of this.#world.observers.surveyed) observer.surveyed(this.#world.members)
      this.#survey()
    })
  }

  /** Ids of all members. */
  get members(): readonly number[] {
    return this.#world.members.map(({ id }) => id)
  }

  /** Virtual ms since the start. */
  get nowMs(): number {
    return this.#world.nowMs
  }

  /** What may happen to messages from now on. */
  get network(): NetworkConditions {
    return this.#world.network.conditions
  }

  /** The newest events, for people. */
  trace(lines = 40): readonly string[] {
    return this.#world.trace.tail(lines)
  }

  /** What a running member says about itself. UNAVAILABLE (refused) while it is down. */
  status(member: number): ReplicaStatus {
    return this.#replica(member).status()
  }

  /** The member that leads and that a majority follows, as soon as there is one. */
  async leader(limitMs: number = DEFAULT_LIMIT_MS): Promise<number> {
    await this.until(() => this.#currentLeader() !== null, limitMs, 'a leader that a majority follows')
    return this.#currentLeader()?.id ?? 0
  }

  #currentLeader(): SimMember | null {
    const running = this.#world.members.filter((member) => member.running && member.life?.paused === false)
    for (const member of running) {
      const core = member.life?.core
      if (core?.role !== 'leader') continue
      const followers = running.filter(({ life }) => life?.core?.leaderId === member.id && life.core.term === core.term)
      if (followers.length * 2 > core.configuration.voters.length) return member
    }
    return null
  }

  /**
   * Proposes a command to the leader (or to `member`) and lets time pass until it is answered. Rejects as `Replica.propose` does: the error's
   * family says whether the command may still take effect.
   */
  async propose(command: Uint8Array, options: CallOptions & { readonly member?: number } = {}): Promise<Result> {
    const { member, ...rest } = options
    const replica = this.#replica(member ?? (await this.leader()))
    const { result } = await this.#settled(replica.propose(command, { timeoutMs: DEFAULT_LIMIT_MS / 2, ...rest }))
    return result as Result
  }

  /** A linearizable query at the leader (or at `member`), which lets time pass until it is answered. Rejects as `Replica.read` does. */
  async read(query: Query, options: CallOptions & { readonly member?: number } = {}): Promise<Answer> {
    const { member, ...rest } = options
    const replica = this.#replica(member ?? (await this.leader()))
    return (await this.#settled(replica.read(query, { timeoutMs: DEFAULT_LIMIT_MS / 2, ...rest }))) as Answer
  }

  /** What one member has applied, at once; may be behind. */
  query(member: number, query: Query): Answer {
    return this.#replica(member).query(query) as Answer
  }

  /** The machine of this member loses its power: its memory is gone, and what was not synced may be. */
  crash(member: number): void {
    this.#world.crash(this.#world.member(member), 'test')
  }

  /** Starts a member that is down, from what its disk holds. */
  restart(member: number): void {
    this.#world.member(member).start()
  }

  /** Time passes for the member, and none of its code runs; when it resumes, everything that waited happens at once. */
  pause(member: number): void {
    this.#world.pause(this.#world.member(member))
  }

  resume(member: number): void {
    this.#world.resume(this.#world.member(member))
  }

  /** Members hear only members of their own group; those in no group hear nobody. Replaces earlier partitions. */
  partition(...groups: readonly (readonly number[])[]): void {
    this.heal()
    for (const from of this.members) {
      for (const to of this.members) {
        const together = groups.some((group) => group.includes(from) && group.includes(to))
        if (from !== to && !together) this.#world.network.link(from, to).cuts.add('test')
      }
    }
  }

  /** Loses everything from `from` to `to`, one way. */
  cut(from: number, to: number): void {
    this.#world.network.link(from, to).cuts.add('test')
  }

  /** Ends all partitions and cuts. */
  heal(): void {
    this.#world.network.heal()
  }

  /** Lets time pass. */
  async advance(ms: number): Promise<void> {
    await this.#guarded(() => this.#world.run(this.#world.nowMs + ms))
  }

  /** Lets time pass until `condition` holds, asked after every event. DEADLINE (refused) when it never does. */
  async until(condition: () => boolean, limitMs: number = DEFAULT_LIMIT_MS, what = 'the condition'): Promise<void> {
    await this.#guarded(() => this.#world.run(this.#world.nowMs + limitMs, condition))
    if (!condition()) throw this.#error(`${what} did not come about within ${limitMs} ms of virtual time`)
  }

  /** Lets time pass until all running members have one leader and equal logs, everything committed and applied. */
  async converge(limitMs: number = DEFAULT_LIMIT_MS): Promise<void> {
    await this.until(() => converged(this.#world, true), limitMs, 'agreement of all running members')
  }

  #replica(member: number): NonNullable<NonNullable<SimMember['life']>['replica']> {
    const replica = this.#world.member(member).life?.replica
    if (replica === undefined || replica === null) throw new BalsaError('UNAVAILABLE', `member ${member} is down (seed ${this.seed})`)
    return replica
  }

  /** Lets time pass until the promise is settled. */
  async #settled<T>(work: Promise<T>): Promise<T> {
    let settled = false
    const watched = work.finally(() => {
      settled = true
    })
    watched.catch(() => undefined)
    this.#world.scheduler.unsettled = true
    await this.#guarded(() => this.#world.run(this.#world.nowMs + DEFAULT_LIMIT_MS, () => settled))
    if (!settled) throw this.#error('the call was not answered')
    return watched
  }

  async #guarded(run: () => Promise<void>): Promise<void> {
    this.#world.scheduler.unsettled = true
    try {
      await run()
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause)
      throw new Error(`${message}\n${this.#advice()}`, { cause })
    }
  }

  #error(message: string): BalsaError {
    return new BalsaError('DEADLINE', `${message}: ${describeMembers(this.#world)}\n${this.#advice()}`)
  }

  #advice(): string {
    return [...this.trace(), `test cluster, seed ${this.seed}: the same seed gives the same run`].join('\n')
  }
}

/** See {@link TestCluster}. */
export function testCluster<Result, Query, Answer>(
  options: TestClusterOptions<Result, Query, Answer>,
): Promise<TestCluster<Result, Query, Answer>> {
  return TestCluster.open(options)
}
