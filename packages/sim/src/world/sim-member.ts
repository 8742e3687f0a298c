import {
  asMemberId,
  type Configuration,
  crc32,
  DurableStorage,
  type Identity,
  IncarnationTable,
  type MemberId,
  RaftCore,
  Replica,
  type SeededRandom,
  type StateMachine,
} from '@balsa/raft'
import { type DiskConditions, type DiskHooks, type DiskOperation, DiskPort } from '../disk/disk-port.js'
import { SimDisk } from '../disk/sim-disk.js'
import { DurableTables } from '../disk/sim-tables.js'
import { type ClockShape, MemberClock } from './member-clock.js'
import { ObservedCore } from './observed-core.js'
import type { Refusal } from '../network/admission.js'
import { type Fingerprint, ObservedMachine } from './observed-machine.js'
import type { EventOwner, ScheduledEvent } from './scheduler.js'
import { Violation } from './violation.js'
import type { World } from './world.js'

export type AnyReplica = Replica<unknown, unknown, unknown>

/** How much likelier a crash is in each call of a member that starts. */
const STARTING_FACTOR = 10
/** And in one that is made rarely. */
const REMOVING_FACTOR = 10

/** What runs in one life of a member on top of consensus. */
export interface Service {
  readonly machine: StateMachine
  /** Equal states of the machine give equal texts. Null: only the answers of members are compared. */
  readonly fingerprint: Fingerprint | null
  /** The replica runs: clients may come. */
  opened?(replica: AnyReplica): void
  /** This life is over. */
  ended?(): void
}

/** One incarnation of a member, from its start to its end. Everything that it was given dies with it. */
export class Life implements EventOwner {
  readonly member: SimMember
  readonly number: number
  alive = true
  paused = false
  readonly clock: MemberClock
  readonly port: DiskPort
  readonly service: Service
  core: ObservedCore | null = null
  replica: AnyReplica | null = null
  appliedIndex = 0
  /** With which disks it has met the others; null while it starts. */
  meetings: IncarnationTable | null = null
  refused = false
  /** Faults that were injected into this life: a stop because of them is what shall happen. */
  readonly excuses = new Set<string>()
  #held: ScheduledEvent[] = []

  constructor(member: SimMember, number: number) {
    this.member = member
    this.number = number
    this.clock = new MemberClock(member.world.scheduler, this, member.clockShape)
    this.port = new DiskPort(member.world.scheduler, this, member.disk, member.diskHooks)
    this.service = member.world.options.service(this)
  }

  hold(event: ScheduledEvent): void {
    this.#held.push(event)
  }

  /** What waited during a pause happens now, in any order. */
  resume(random: SeededRandom): void {
    const held = random.shuffle(this.#held)
    this.#held = []
    this.paused = false
    const { scheduler } = this.member.world
    for (const event of held) {
      scheduler.after(0, this, () => {
        const { run } = event
        event.run = null
        if (run === null) return
        scheduler.unsettled = true
        run(event.what)
      })
    }
  }
}

/** A member over all its lives: its identity, its disk, its clock. */
export class SimMember {
  readonly world: World
  readonly id: MemberId
  readonly disk: SimDisk
  /** What is on it of a state that has tables of its own there. */
  readonly tables = new DurableTables()
  readonly random: SeededRandom
  readonly clockShape: ClockShape
  readonly diskConditions: DiskConditions
  readonly diskHooks: DiskHooks
  readonly initialConfiguration: Configuration
  life: Life | null = null
  lives = 0
  /** Bytes of it were damaged at rest: it may refuse to start, and its disk proves nothing. */
  damaged = false
  /** A write that is still to come will damage it. */
  doomed = false
  /** Its disk was taken away: it keeps none of its promises, and nobody may listen to it. */
  wiped = false
  /** Which of its disks this is; 0 until it has one. */
  incarnation = 0
  /** It was not there at the founding: somebody has to add it. */
  readonly isJoiner: boolean
  /** What it was made as; a change that admits it says the same. */
  readonly isWitness: boolean
  #timesRemoved = 0
  #wipedMs = 0
  readonly #madeMs: number
  /** It stays down for ever, because it found damage or because the plan says so. */
  out = false
  /** Its newest start or life ended with this. */
  lastError: { readonly code: string; readonly message: string } | null = null
  /** Until then a crash is likelier: it has just promised something. */
  promisedUntilMs = 0

  constructor(
    world: World,
    id: number,
    initialConfiguration: Configuration,
    clockShape: ClockShape,
    diskConditions: DiskConditions,
    isWitness = false,
  ) {
    this.world = world
    this.isJoiner = initialConfiguration.members.length === 0
    this.isWitness = isWitness
    this.#madeMs = world.nowMs
    this.id = asMemberId(id)
    this.random = world.random.fork()
    this.clockShape = clockShape
    this.diskConditions = diskConditions
    this.initialConfiguration = initialConfiguration
    this.disk = new SimDisk(`/m${id}`)
    this.diskHooks = {
      random: world.random.fork(),
      conditions: diskConditions,
      crashHere: (operation, moment) => this.#crashHere(operation, moment),
      injected: (operation, code) => {
        this.life?.excuses.add(code)
        world.coverage.hit(`disk ${operation} ${code}`)
        world.trace.add(world.nowMs, this.id, `disk ${code}`, 0, 0, 0, operation)
      },
      synced: () => {
        for (const observer of world.observers.synced) observer.synced(this)
      },
      damaged: (kind, path, position) => {
        this.damaged = true
        world.coverage.hit(`disk ${kind}`)
        world.trace.add(world.nowMs, this.id, kind, 0, position, 0, path)
      },
    }
  }

  /** It may never come back, or come back as nobody. */
  get lost(): boolean {
    return this.out || this.damaged || this.doomed
  }

  /** Takes its disk away. */
  wipe(): void {
    this.disk.wipe()
    this.tables.wipe()
    this.damaged = true
    this.wiped = true
    this.incarnation = 0
    this.#wipedMs = this.world.nowMs
  }

  /** A member that lost its disk kept none of its promises: whoever met it before must not listen to it again under its old id. */
  #accepted(from: number, incarnation: number): void {
    const sender = this.world.find(from)
    if (sender === undefined || !sender.wiped || sender.incarnation !== incarnation || this.wiped || this.#madeMs >= sender.#wipedMs) return
    this.world.fail(new Violation('lost-disk-refused', `member ${this.id} listens to member ${from}, which has lost its disk`))
  }

  /** Another member has told this life why it does not listen to it: a process stops then. */
  #refused(life: Life, why: Refusal): void {
    const { world } = this
    if (!life.alive || life.replica === null || life.refused) return
    life.refused = true
    world.coverage.hit(`refused by a peer ${why}`)
    world.trace.add(world.nowMs, this.id, 'refused', 0, life.number, 0, why)
    // Who runs it starts a removed one again, a few times.
    if (why === 'DISK_REPLACED' || ++this.#timesRemoved > 2) this.out = true
    world.scheduler.after(0, life, () => {
      world.scheduler.unsettled = true
      // What its disk says to that is in `closed`, too.
      life.replica?.close().catch(() => undefined)
    })
  }

  get running(): boolean {
    return this.life?.replica !== null && this.life?.replica !== undefined
  }

  #crashHere(operation: DiskOperation, moment: 0 | 1 | 2): boolean {
    const { life, world } = this
    if (life === null) return true
    // A start makes few calls, and each is a place where a crash may hurt.
    // But not every start, or members would hardly ever run.
    const starting = this.lives % 4 === 2 ? STARTING_FACTOR : 1
    const removing = operation === 'remove' ? REMOVING_FACTOR : 1
    const rate = this.running ? world.crashPerCall * removing : Math.min(0.1, world.crashPerCall * starting * removing)
    if (rate === 0 || !this.diskHooks.random.bool(rate)) return false
    world.coverage.hit(`crash ${['before', 'during', 'after'][moment]} ${operation}`)
    world.crash(this, `${['before', 'during', 'after'][moment]} ${operation}`)
    // Like every life that ends by itself: it comes back after a while.
    world.onLifeEnded(this, null)
    return true
  }

  start(): void {
    const { world } = this
    if (this.life !== null) return
    const life = new Life(this, ++this.lives)
    this.life = life
    world.trace.add(world.nowMs, this.id, 'start', 0, life.number, 0, this.disk.durableLog().describe())
    world.scheduler.unsettled = true
    this.#open(life).catch((error: unknown) => {
      if (life.alive) world.lifeEnded(life, error)
    })
  }

  async #open(life: Life): Promise<void> {
    const { world } = this
    const { options } = world
    const identity: Identity = { clusterId: options.clusterId, memberId: this.id }
    const storage = await DurableStorage.open({
      fileSystem: life.port,
      directory: this.disk.home,
      identity,
      initialConfiguration: this.initialConfiguration,
      crc32,
      incarnation: 1 + this.random.int(2 ** 31),
      ...options.storage,
    })
    if (!life.alive) return
    if (storage.tornAt !== null) world.coverage.hit('restart with a torn tail')
    const meetings = await IncarnationTable.open({
      fileSystem: life.port,
      directory: this.disk.home,
      clusterId: options.clusterId,
      crc32,
    })
    if (!life.alive) return
    this.incarnation = storage.incarnation
    life.meetings = meetings
    const { service } = life
    const replica = await Replica.open<unknown, unknown, unknown>({
      id: this.id,
      identity,
      clock: life.clock,
      random: this.random.fork(),
      transport: world.network.transport(this.id, life, {
        incarnation: storage.incarnation,
        meetings,
        accepted: (from, given) => this.#accepted(from, given),
        refused: (why) => this.#refused(life, why),
      }),
      storage,
      stateMachine: new ObservedMachine(service.machine, life, service.fingerprint),
      core: options.core,
      snapshots: options.snapshots,
      limits: options.limits,
      slowness: options.slowness ?? {},
      gatherMs: options.gatherMs ?? 0,
      createCore: (core, recovered, nowMs) => {
        const observed = new ObservedCore(new RaftCore(core, recovered, nowMs), life)
        life.core = observed
        if (life.alive) for (const observer of world.observers.started) observer.started(life, observed.inner)
        return observed
      },
    })
    if (!life.alive) return
    life.replica = replica
    replica.on('automaticTransfer', ({ outcome, target }) => {
      world.coverage.hit(`automatic transfer ${outcome}`)
      world.trace.add(world.nowMs, this.id, 'automatic transfer', target, 0, 0, outcome)
    })
    world.trace.add(world.nowMs, this.id, 'runs', 0, life.number, 0)
    void replica.closed.then((error) => {
      if (life.alive) world.lifeEnded(life, error)
    })
    service.opened?.(replica)
  }
}
