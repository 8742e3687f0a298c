import { type Backend, KvStateMachine, type KvStateMachineOptions, Upkeep } from '@balsa/kv'
import { SeededRandom } from '@balsa/raft'
import { StoreWorkload } from '../clients/store-workload.js'
import { Workload } from '../clients/workload.js'
import { SimClientPort } from '../clients/client-port.js'
import { LocalReaders } from '../clients/local-readers.js'
import { SimTables } from '../disk/sim-tables.js'
import { Nemesis } from '../faults/nemesis.js'
import { Survival } from '../faults/survival.js'
import { checkBehindLog } from '../invariants/durable-state.js'
import { checkExactlyOnce } from '../invariants/exactly-once.js'
import { type Invariants, invariantsOf } from '../invariants/index.js'
import { checkLinearizability } from '../invariants/linearizability.js'
import { violate } from '../invariants/violate.js'
import { SimStreams } from '../network/sim-streams.js'
import type { Life, Service } from '../world/sim-member.js'
import { asError, Violation } from '../world/violation.js'
import { type Settle, World } from '../world/world.js'
import { checkConverged, converged } from './convergence.js'
import { drawPlan, type Plan, type Profile } from './plan.js'
import { Scenes } from './scenes.js'
import { type Globals, trapGlobals } from './trapped-globals.js'

export interface RunOptions {
  readonly profile?: Profile
  /** Gets every line of the trace. */
  readonly onTrace?: (line: string) => void
  /** How the host lets promises go on exactly; see World. */
  readonly settle?: Settle
  /** The host's global object: real time and real chance in it throw as long as the run goes on. */
  readonly globals?: Globals
  /** Changes what was drawn: for tests of the simulator itself. */
  readonly adjust?: (plan: Plan) => Plan
}

export interface SeedReport {
  readonly seed: number
  readonly profile: Profile
  readonly size: number
  readonly calm: boolean
  /** Null when everything held. */
  readonly violation: {
    readonly invariant: string
    readonly message: string
    readonly stack: string
    readonly tail: readonly string[]
  } | null
  readonly virtualMs: number
  readonly events: number
  readonly traceHash: string
  readonly operations: { readonly ok: number; readonly fail: number; readonly unknown: number }
  readonly coverage: Readonly<Record<string, number>>
}

/** Lines of the trace that a failure shows. */
const TAIL = 60
/** Of a turn that comes late, at most. */
const LATE_TURN_MS = 40
/** Keep the seeds of lives apart. */
const FEW_LIVES = 1000
const LIVES = 100_000
const CLUSTER_ID = 0xba15a
/** In these many ms of virtual time a healed cluster must serve, whatever happened before. */
const RECOVERY_MS = 60_000
const SURVEY_MS = 250
/** Election time-outs after which the cluster has come to rest from whatever made it hold an election. */
const SETTLING_TIMEOUTS = 5

/** About as often as elections can happen: that is when reads go wrong. */
function localReadMs({ calm, seed, core }: Plan): number {
  return calm ? Infinity : Math.max(50, core.electionTimeoutMs) * (seed % 2 === 0 ? 1 : 4)
}

class Run {
  readonly plan: Plan
  readonly world: World
  readonly invariants: Invariants
  readonly streams: SimStreams
  readonly workload: Workload
  /** Only in the profile of that name, so that seeds of others stay what they were. */
  readonly store: StoreWorkload | null
  readonly readers: LocalReaders
  readonly nemesis: Nemesis

  constructor(plan: Plan, options: RunOptions) {
    this.plan = plan
    const { limits, core } = plan
    this.invariants = invariantsOf({
      maxPendingProposals: limits.maxPendingProposals,
      // Reads wait in the replica and in the core, each with a limit of its own.
      maxPendingReads: limits.maxPendingReads,
      maxUncommittedBytes: core.maxUncommittedBytes ?? Infinity,
      maxCommandBytes: limits.maxCommandBytes,
    })
    this.world = new World({
      seed: plan.seed,
      size: plan.size,
      clusterId: CLUSTER_ID,
      core,
      snapshots: plan.snapshots,
      limits,
      slowness: plan.slowness,
      gatherMs: plan.gatherMs,
      storage: plan.storage,
      network: plan.network,
      disk: plan.disk,
      crashStyle: plan.crashStyle,
      killShare: plan.killShare,
      clock: (_id, random) => ({
        offsetMs: random.int(1_000_000_000),
        // Leases must hold also between the slowest clock and the fastest.
        rate: plan.maxDrift ** (plan.profile === 'leases' ? random.pick([-1, 1]) : 2 * random.next() - 1),
        turnMs: plan.turnMs,
      }),
      service: (life) => this.#service(life),
      observers: [...this.invariants.all, new Scenes(this.invariants.ledger)],
      ...(options.settle === undefined ? {} : { settle: options.settle }),
    })
    if (options.onTrace !== undefined) this.world.trace.sink = options.onTrace
    const { scheduler, coverage } = this.world
    this.streams = new SimStreams(scheduler, this.world.random.fork(), coverage)
    this.streams.conditions = { ...plan.streams }
    this.workload = new Workload(this.world, this.streams, plan.workload)
    this.store = plan.profile === 'store' ? this.#storeWorkload() : null
    this.readers = new LocalReaders(
      this.world,
      this.invariants.ledger,
      localReadMs(plan),
      plan.core.leaseReads !== undefined && plan.core.leaseReads !== null,
    )
    this.world.network.tellsRemoved = plan.tellsRemoved
    const { configurations } = this.invariants
    const survival = new Survival(this.world, () => configurations.possible(this.world.founding))
    this.nemesis = new Nemesis(this.world, this.streams, plan, survival)
  }

  #service(life: Life): Service {
    const machine = new KvStateMachine({ clock: life.clock, ...this.#longCommands(life), ...this.#tables(life) })
    const endpoint = `m${life.member.id}:client`
    return {
      machine,
      fingerprint: () => {
        const stats = machine.query({ type: 'stats' })
        return `${stats.stateHash} ${stats.revision} ${stats.keys} ${stats.dataBytes} ${stats.sessions} ${stats.sessionResults}`
      },
      opened: (replica) => {
        Upkeep.begin(life.clock, machine, replica)
        const port = new SimClientPort(life, replica, machine.watches, this.plan.requestTimeoutMs)
        this.readers.opened(life, replica)
        this.streams.listen(endpoint, life, (connection) => port.accept(connection))
      },
      ended: () => this.streams.close(endpoint, life, this.world.random.bool()),
    }
  }

  /** In the profile of the store every command about a range takes many turns, and some of these come late: others read, crash and take over in the middle of it. */
  #longCommands(life: Life): Pick<KvStateMachineOptions, 'clock' | 'longCommands'> {
    if (this.plan.profile !== 'store') return {}
    const { clock } = life
    // Draws of its own: without such commands the run is what it was.
    const random = new SeededRandom(this.plan.seed * LIVES + life.member.id * FEW_LIVES + life.number)
    const isTurnOver = (): boolean => {
      this.world.coverage.hit('command takes turns')
      return random.bool(0.7)
    }
    return {
      clock: {
        now: () => clock.now(),
        setTimer: (delayMs, callback) => clock.setTimer(delayMs, callback),
        defer: (callback) => {
          if (random.bool(0.4)) clock.setTimer(random.next() * LATE_TURN_MS, callback)
          else clock.defer(callback)
        },
      },
      longCommands: { keys: 0, stepKeys: 1, isTurnOver },
    }
  }

  #tables(life: Life): { readonly backend?: Backend } {
    if (!this.plan.durableState) return {}
    const { member, port } = life
    return { backend: new SimTables(port, member.tables, (index) => checkBehindLog(member, index)) }
  }

  #storeWorkload(): StoreWorkload {
    const clients = [101, 102, 103].map((number) => this.workload.openClient(number))
    return new StoreWorkload(this.world, new SeededRandom(this.plan.seed), clients, this.plan.maxDrift)
  }

  async play(): Promise<void> {
    const { world, plan, nemesis, workload } = this
    for (const member of world.members) member.start()
    this.#survey()
    workload.start()
    this.store?.start()
    nemesis.start()
    await world.run(plan.chaosMs)
    workload.stop()
    this.store?.stop()
    this.readers.stop()
    nemesis.heal()
    await this.#callsEnd()
    workload.close()
    await this.#converge()
    const values = await this.#audit()
    await this.#finishStore()
    await this.#staysQuiet()
    this.#judge(values)
  }

  #survey(): void {
    const { world } = this
    world.scheduler.after(SURVEY_MS, null, () => {
      for (const observer of world.observers.surveyed) observer.surveyed(world.members)
      this.#survey()
    })
  }

  /** Every call of a client ends by its deadline, whatever became of the cluster. */
  async #callsEnd(): Promise<void> {
    const { world, workload, plan } = this
    const { history } = workload
    await world.run(world.nowMs + plan.workload.deadlineMaxMs + 1000, () => history.underWay === 0)
    if (history.underWay > 0) violate(world, 'calls-end', `${history.underWay} calls of clients have not ended long after their deadline`)
  }

  async #converge(): Promise<void> {
    const { world } = this
    await world.run(world.nowMs + RECOVERY_MS, () => converged(world))
    checkConverged(world)
  }

  /** Reads and writes are served again, and everything acknowledged is there. */
  async #audit(): Promise<ReadonlyMap<string, string | null>> {
    const { world, workload } = this
    const client = workload.openClient(9, Infinity)
    let outcome: { readonly values: Map<string, string | null> } | { readonly error: unknown } | null = null
    world.scheduler.unsettled = true
    const work = async (): Promise<Map<string, string | null>> => {
      await client.put('audit', 'served', { deadlineMs: 20_000 })
      return workload.audit(client, 20_000)
    }
    work().then(
      (values) => (outcome = { values }),
      (error: unknown) => (outcome = { error }),
    )
    await world.run(world.nowMs + 30_000, () => outcome !== null)
    void client.close()
    const ended = outcome as { readonly values: Map<string, string | null> } | { readonly error: unknown } | null
    if (ended === null || 'error' in ended)
      violate(
        world,
        'serves-after-healing',
        `the healed cluster does not serve: ${ended === null ? 'no answer' : asError(ended.error).message}`,
      )
    checkExactlyOnce(world, workload, ended.values)
    return ended.values
  }

  async #finishStore(): Promise<void> {
    const { world, store } = this
    if (store === null) return
    let ended = false
    world.scheduler.unsettled = true
    store.finish().then(
      () => (ended = true),
      (error: unknown) => world.fail(asError(error)),
    )
    await world.run(world.nowMs + 90_000, () => ended)
    if (!ended) violate(world, 'watch-complete', 'the watchers of the healed cluster have not seen everything')
    store.close()
  }

  /** Nothing is left that would disturb a healthy leader (thesis, section 9.6). */
  async #staysQuiet(): Promise<void> {
    const { world, plan, invariants } = this
    const latestMs = world.network.latestArrivalMs
    // Until a leader that was slow has found itself well again, it may still leave.
    const { windows = 5, windowMs = 1000 } = plan.slowness
    await world.run(world.nowMs + (windows + 1) * windowMs)
    // Nor does it count what the network has kept since before it was healed: the answer to it may tell of the terms of a member that was removed.
    if (latestMs > world.nowMs - SETTLING_TIMEOUTS * plan.core.electionTimeoutMs)
      await world.run(Math.max(world.nowMs, latestMs) + SETTLING_TIMEOUTS * plan.core.electionTimeoutMs)
    const before = invariants.elections.terms
    await world.run(world.nowMs + 10 * plan.core.electionTimeoutMs)
    if (invariants.elections.terms !== before) violate(world, 'no-election-when-healthy', 'a healthy cluster held another election')
    await world.run(world.nowMs + RECOVERY_MS, () => converged(world))
    checkConverged(world)
  }

  #judge(values: ReadonlyMap<string, string | null>): void {
    const { world, plan, invariants, workload } = this
    workload.history.abandon()
    world.tables.addTo(world.coverage)
    checkLinearizability(world, workload.history, values)
    if (!plan.calm) return
    const { fail, unknown } = workload.history.counts
    if (invariants.elections.terms !== 1) violate(world, 'calm-is-perfect', `${invariants.elections.terms} elections without any fault`)
    if (fail + unknown > 0) violate(world, 'calm-is-perfect', `${fail} calls failed and ${unknown} are unknown without any fault`)
  }
}

/** Runs one seed from beginning to end. Never throws for what the run finds: the report says it. */
export async function runSeed(seed: number, options: RunOptions = {}): Promise<SeedReport> {
  const drawn = drawPlan(seed, options.profile ?? 'swarm')
  const plan = options.adjust?.(drawn) ?? drawn
  const run = new Run(plan, options)
  let violation: SeedReport['violation'] = null
  const restore = options.globals === undefined ? null : trapGlobals(options.globals, (found) => run.world.fail(found))
  try {
    await run.play()
  } catch (error) {
    const invariant = error instanceof Violation ? error.invariant : 'unexpected-error'
    const message = error instanceof Error ? error.message : String(error)
    violation = { invariant, message, stack: (error instanceof Error ? error.stack : undefined) ?? '', tail: run.world.trace.tail(TAIL) }
  } finally {
    restore?.()
  }
  const { world, workload } = run
  if (violation !== null) world.tables.addTo(world.coverage)
  return {
    seed,
    profile: plan.profile,
    size: plan.size,
    calm: plan.calm,
    violation,
    virtualMs: world.nowMs,
    events: world.scheduler.executed,
    traceHash: world.trace.hash,
    operations: { ...workload.history.counts },
    coverage: world.coverage.toRecord(),
  }
}
