import type { SeededRandom } from '@balsa/raft'
import { GOOD_DISK, type World } from '../world/world.js'
import { CALM_NETWORK } from '../network/sim-network.js'
import type { SimStreams } from '../network/sim-streams.js'
import { FAULTS, type FaultName, type Plan } from '../swarm/plan.js'
import type { SimMember } from '../world/sim-member.js'
import * as disk from './disk-faults.js'
import { depose } from './depose.js'
import type { Arena, FaultTable } from './fault.js'
import { handover } from './handover.js'
import * as late from './late.js'
import * as membership from './membership.js'
import * as network from './network-faults.js'
import * as processes from './process-faults.js'
import type { Survival } from './survival.js'
import { usurp } from './usurp.js'

const TABLE: FaultTable = { ...network, ...processes, ...disk, ...late, ...membership, handover, usurp }

/** A quarter of the slices of time is quiet: what broke must also mend (Jepsen). */
const QUIET_SHARE = 0.25

/** Breaks things as the plan says, in slices of a few seconds with a new mix each; mends everything at the end. */
export class Nemesis implements Arena {
  readonly world: World
  readonly streams: SimStreams
  readonly plan: Plan
  readonly random: SeededRandom
  readonly survival: Survival
  healed = 0
  #active = new Set<FaultName>()
  #stopped = false

  constructor(world: World, streams: SimStreams, plan: Plan, survival: Survival) {
    this.world = world
    this.streams = streams
    this.plan = plan
    this.random = world.random.fork()
    this.survival = survival
    world.onLifeEnded = (member, error) => this.#ended(member, error?.code ?? null)
  }

  start(): void {
    this.world.crashPerCall = this.plan.crashPerCall
    this.#slice()
    for (const fault of FAULTS) {
      const rate = this.plan.rates[fault]
      if (rate > 0) this.#plan(fault, rate)
    }
    if (this.plan.profile === 'deposed') this.#deposeForEver()
  }

  #deposeForEver(): void {
    this.later((2 + this.random.next() * 8) * this.plan.core.electionTimeoutMs, () => {
      depose(this)
      this.#deposeForEver()
    })
  }

  #slice(): void {
    const quiet = this.random.bool(QUIET_SHARE)
    this.#active = new Set(quiet ? [] : FAULTS.filter(() => this.random.bool(0.7)))
    this.world.crashPerCall = quiet ? 0 : this.plan.crashPerCall
    this.world.trace.add(this.world.nowMs, 0, quiet ? 'quiet' : 'storm')
    this.later(1000 + this.random.next() * 5000, () => this.#slice())
  }

  #plan(fault: FaultName, rate: number): void {
    const delayMs = (-Math.log(1 - this.random.next()) / rate) * 1000
    this.later(delayMs, () => {
      if (this.#active.has(fault)) {
        this.world.scheduler.unsettled = true
        TABLE[fault](this)
      }
      this.#plan(fault, rate)
    })
  }

  later(delayMs: number, run: () => void): void {
    const { healed } = this
    this.world.scheduler.after(delayMs, null, () => {
      if (this.healed === healed) run()
    })
  }

  restartLater(member: SimMember, delayMs: number): void {
    this.later(delayMs, () => {
      if (!member.out) member.start()
    })
  }

  /** What a supervisor does: starts again what stopped, but not what found damage. */
  #ended(member: SimMember, code: string | null): void {
    if (code === 'CORRUPT' || code === 'MISSING_SEGMENT' || code === 'IDENTITY_MISMATCH') {
      member.out = true
      this.world.coverage.hit('damage found, member stays out')
      return
    }
    if (member.out) return
    if (this.#stopped) this.world.scheduler.after(100, null, () => member.start())
    else this.restartLater(member, 50 + this.random.next() * 2000)
  }

  /** Everything works again, and everybody who may runs. */
  heal(): void {
    const { world } = this
    this.healed++
    this.#stopped = true
    world.crashPerCall = 0
    world.network.heal()
    world.network.conditions = { ...CALM_NETWORK }
    this.streams.heal()
    for (const member of world.members) {
      Object.assign(member.diskConditions, GOOD_DISK)
      member.clockShape.turnMs = 0
      world.resume(member)
      if (!member.out && member.life === null) member.start()
    }
    world.scheduler.unsettled = true
    world.trace.add(world.nowMs, 0, 'heal')
  }
}
