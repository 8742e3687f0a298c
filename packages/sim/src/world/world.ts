import {
  BalsaError,
  type Configuration,
  type CoreOptions,
  type ReplicaLimits,
  type SlownessPolicy,
  SeededRandom,
  type SnapshotPolicy,
  asMemberId,
  foundingConfiguration,
} from '@balsa/raft'
import type { DiskConditions } from '../disk/disk-port.js'
import type { CrashStyle } from '../disk/sim-disk.js'
import { type NetworkConditions, SimNetwork } from '../network/sim-network.js'
import { Coverage } from './coverage.js'
import type { ClockShape } from './member-clock.js'
import { type Observer, Observers } from './observer.js'
import { Scheduler, USUAL_PATIENCE } from './scheduler.js'
import { type Life, type Service, SimMember } from './sim-member.js'
import { Tables } from './tables.js'
import { Trace } from './trace.js'
import { asError, Violation } from './violation.js'

export interface WorldOptions {
  readonly seed: number
  readonly size: number
  readonly clusterId: number
  readonly core: Omit<CoreOptions, 'id' | 'random'>
  readonly snapshots: Partial<SnapshotPolicy>
  readonly limits: Partial<ReplicaLimits>
  /** When slow leaders leave by themselves; by default as in production. */
  readonly slowness?: Partial<SlownessPolicy>
  /** How long commands wait for each other; by default they do not. */
  readonly gatherMs?: number
  readonly storage: { readonly segmentBytes?: number; readonly cacheBytes?: number }
  readonly network: Partial<NetworkConditions>
  readonly disk: Partial<DiskConditions>
  readonly crashStyle: CrashStyle
  /** Share of crashes in which only the process dies and the machine lives on. */
  readonly killShare: number
  readonly clock: (member: number, random: SeededRandom) => ClockShape
  readonly service: (life: Life) => Service
  readonly observers: readonly Observer[]
  readonly settle?: Settle
}

/**
 * Lets every promise go on that can, then calls `then`, never before it has returned. What can do that exactly is the host's affair; by default promises are
 * given turns until nothing happens.
 */
export type Settle = (then: () => void) => void

export const GOOD_DISK: DiskConditions = {
  syncMinMs: 0.3,
  syncTailMs: 0.3,
  slowCallRate: 0,
  slowCallMs: 0,
  slowReceiptMs: 0,
  slowAtEnd: false,
  slowReadMs: 0,
  slowSnapshotMs: 0,
  readErrorRate: 0,
  writeErrorRate: 0,
  syncErrorRate: 0,
  full: false,
  nextWriteLost: false,
  nextWriteMisdirected: false,
}

const ONE_TURN = Promise.resolve()

/** Errors with which a member stops by design when its disk fails it, and the fault that excuses each. */
const EXCUSABLE: Readonly<Record<string, string>> = { IO_ERROR: 'EIO', SYNC_FAILED: 'EIO', DISK_FULL: 'ENOSPC' }

/** Members, network, disks and time: everything from one seed, nothing from outside. */
export class World {
  readonly options: WorldOptions
  readonly random: SeededRandom
  readonly scheduler = new Scheduler()
  readonly trace = new Trace()
  readonly coverage = new Coverage()
  readonly tables = new Tables()
  readonly observers: Observers
  readonly network: SimNetwork
  readonly members: SimMember[] = []
  readonly founding: Configuration
  /** Probability that a process dies at one moment of one storage call. */
  crashPerCall = 0
  /** Set when a hook threw inside of code that swallows errors. */
  #violation: Error | null = null
  /** Called when a life ended by itself (not by `crash`). */
  onLifeEnded: (member: SimMember, error: BalsaError | null) => void = () => undefined

  constructor(options: WorldOptions) {
    this.options = options
    this.random = new SeededRandom(options.seed)
    this.observers = new Observers(options.observers)
    this.network = new SimNetwork(this.scheduler, this.random.fork(), this.coverage)
    Object.assign(this.network.conditions, options.network)
    const ids = Array.from({ length: options.size }, (_, index) => index + 1)
    this.founding = foundingConfiguration(ids.map((id) => memberOf(id)))
    for (const id of ids) this.addMember(id, this.founding)
  }

  get nowMs(): number {
    return this.scheduler.nowMs
  }

  /** A member that does not run yet, with an empty disk. */
  addMember(id: number, configuration: Configuration, isWitness = false): SimMember {
    const conditions = { ...GOOD_DISK, ...this.options.disk }
    const member = new SimMember(this, id, configuration, this.options.clock(id, this.random), conditions, isWitness)
    this.members.push(member)
    return member
  }

  /** The next member: it knows nothing of the cluster, and waits until somebody adds it. */
  join(isWitness: boolean): SimMember {
    return this.addMember(this.members.length + 1, foundingConfiguration([]), isWitness)
  }

  find(id: number): SimMember | undefined {
    const member = this.members[id - 1]
    return member?.id === id ? member : this.members.find((candidate) => candidate.id === id)
  }

  member(id: number): SimMember {
    const member = this.find(id)
    if (member === undefined) throw new BalsaError('INVALID', `there is no member ${id}`)
    return member
  }

  /** Remembers what must stop the run, also when the code in between catches it. */
  fail(error: unknown): void {
    this.#violation ??= asError(error)
  }

  /** Runs everything that happens up to `endMs`, or until `done` says so (asked after every event). Throws the first violation. */
  async run(endMs: number, done: (() => boolean) | null = null): Promise<void> {
    const { settle } = this.options
    if (settle === undefined) {
      while (!this.#advance(endMs, done)) {
        await this.#settle()
        this.scheduler.unsettled = false
      }
      return
    }
    // Not by a promise of its own for each event: that was a tenth of all memory that a run took.
    await new Promise<void>((resolve, reject) => {
      const go = (): void => {
        try {
          if (this.#advance(endMs, done)) resolve()
          else if ((settle(settled) as unknown) instanceof Promise)
            throw new BalsaError('INVALID', 'settle calls what it is given; it returns no promise')
        } catch (error) {
          reject(asError(error))
        }
      }
      const settled = (): void => {
        // What promises have set off has been waited for, too.
        this.scheduler.unsettled = false
        go()
      }
      go()
    })
  }

  /** Goes on until promises have to go on first (false), or to the end (true). */
  #advance(endMs: number, done: (() => boolean) | null): boolean {
    const { scheduler } = this
    for (;;) {
      if (scheduler.unsettled) return false
      if (this.#violation !== null) throw this.#violation
      if (done?.() === true) return true
      try {
        if (!scheduler.step(endMs)) break
      } catch (error) {
        this.fail(error)
      }
    }
    if (scheduler.nowMs < endMs) scheduler.nowMs = endMs
    return true
  }

  async #settle(): Promise<void> {
    const { scheduler } = this
    let seen = scheduler.activity
    for (let quiet = 0; quiet < scheduler.patience; quiet++) {
      await ONE_TURN
      if (this.#violation !== null) return
      if (scheduler.activity === seen) continue
      seen = scheduler.activity
      quiet = -1
    }
    scheduler.patience = USUAL_PATIENCE
  }

  /** The process is gone, or the machine with it: nothing that it begins from here on has any effect. */
  crash(member: SimMember, why: string): void {
    const { life } = member
    if (life === null) return
    const kill = member.diskHooks.random.bool(this.options.killShare)
    this.#end(life)
    const touched = kill ? 0 : member.disk.crash(this.options.crashStyle, member.diskHooks.random)
    if (kill) member.disk.kill()
    this.coverage.hit(kill ? 'process killed' : 'power lost')
    if (touched > 0) this.coverage.hit('power lost with unsynced writes')
    this.trace.add(this.nowMs, member.id, kill ? 'killed' : 'power lost', 0, life.number, touched, why)
    for (const observer of this.observers.crashed) observer.crashed(member)
  }

  #end(life: Life): void {
    life.alive = false
    life.member.life = null
    this.network.detach(life.member.id, life)
    life.service.ended?.()
  }

  pause(member: SimMember): void {
    if (member.life === null || member.life.paused) return
    member.life.paused = true
    this.coverage.hit('pause')
    this.trace.add(this.nowMs, member.id, 'pause')
  }

  resume(member: SimMember): void {
    if (member.life?.paused !== true) return
    this.trace.add(this.nowMs, member.id, 'resume')
    member.life.resume(this.random)
  }

  /** A life ended by itself: closed, or stopped by an error that must have a reason. */
  lifeEnded(life: Life, error: unknown): void {
    const { member } = life
    const known = error instanceof BalsaError ? error : null
    if (error !== null && known === null) {
      this.fail(error)
      return
    }
    this.#end(life)
    member.disk.kill()
    member.lastError = known === null ? null : { code: known.code, message: known.message }
    this.trace.add(this.nowMs, member.id, 'stopped', 0, life.number, 0, known === null ? '' : `${known.code} ${known.message}`)
    if (known !== null && this.#violation === null) {
      this.coverage.hit(`stopped ${known.code}`)
      if (!excused(life, known)) {
        this.fail(
          new Violation(
            'no-unexplained-stop',
            `member ${member.id} stopped with ${known.code}: ${known.message}${known.stack === undefined ? '' : `\n${known.stack}`}`,
          ),
        )
      }
    }
    for (const observer of this.observers.crashed) observer.crashed(member)
    this.onLifeEnded(member, known)
  }
}

function excused(life: Life, error: BalsaError): boolean {
  const fault = EXCUSABLE[error.code]
  if (fault !== undefined && life.excuses.has(fault)) return true
  const isDamage = error.code === 'CORRUPT' || error.code === 'MISSING_SEGMENT'
  return life.member.damaged && isDamage
}

export function memberOf(id: number): Configuration['members'][number] {
  return { id: asMemberId(id), address: `m${id}`, clientAddress: `m${id}:client`, name: `m${id}` }
}
