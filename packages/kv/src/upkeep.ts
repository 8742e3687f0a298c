import { BalsaError, type Clock, type Timer } from '@balsa/raft'
import { type AdvanceCommand, type AlarmCommand, encodeCommand, type SpaceCommand } from './command.js'
import type { RaisedAlarm } from './mvcc/alarms.js'

/** What upkeep needs of the state machine of this member; `KvStateMachine` offers it. */
export interface UpkeepMachine {
  /** When an `advance` has something to do, in cluster time; 0 = now, null = never. */
  readonly advanceAtMs: number | null
  /** Cluster time of the newest command that was applied. */
  readonly timeMs: number
  /** When that was, by the clock of this member. */
  readonly timeSeenAtMs: number
  readonly usedBytes: number
  readonly noSpace: boolean
  readonly alarms: readonly RaisedAlarm[]
}

/** What a member that has a quota needs of its cluster. */
export interface UpkeepCluster {
  /** Of this member. */
  readonly id: number
  /** Of everybody who belongs to it. */
  members(): readonly number[]
  /** Through whoever leads. */
  execute(command: AlarmCommand): Promise<unknown>
}

/** `Replica` offers it. */
export interface UpkeepReplica {
  propose(command: Uint8Array, options: { readonly timeoutMs: number }): Promise<unknown>
  readonly role: string
}

/** How often it looks when there is nothing to wait for. No lease is shorter, so none is overlooked until it is due. */
const TICK_MS = 500
/** How often it looks when something will end. */
const BUSY_TICK_MS = 100
/** The quota counts as free again below this share of it, so that it is not used up again at once. */
const FREE_SHARE = 0.95
const SHORTEST_WAIT_MS = 5
const TIMEOUT_MS = 2000

/**
 * What has to happen although no client writes: leases and sessions end, compacted versions go, and the quota is watched. Commands do that on their way; while there are none
 * that need it, the leader proposes empty ones. Whether something has ended is decided by the log alone, so it does no harm when several members
 * believe that they lead, or when one proposes too early: then the command finds nothing to do. It never makes anything end early.
 */
export class Upkeep {
  readonly #clock: Clock
  readonly #machine: UpkeepMachine
  readonly #replica: UpkeepReplica
  readonly #quotaBytes: number
  readonly #cluster: UpkeepCluster | null
  #timer: Timer | null = null
  #stopped = false

  private constructor(clock: Clock, machine: UpkeepMachine, replica: UpkeepReplica, quotaBytes: number, cluster: UpkeepCluster | null) {
    this.#quotaBytes = quotaBytes
    this.#cluster = cluster
    this.#clock = clock
    this.#machine = machine
    this.#replica = replica
  }

  /**
   * `quotaBytes`: what the state may take on this member. The leader compares it with its own; the same state takes more on one member than on another, so one that follows raises an alarm of its own,
   * when it is told how.
   */
  static begin(
    clock: Clock,
    machine: UpkeepMachine,
    replica: UpkeepReplica,
    quotaBytes: number = Number.POSITIVE_INFINITY,
    cluster: UpkeepCluster | null = null,
  ): Upkeep {
    const upkeep = new Upkeep(clock, machine, replica, quotaBytes, cluster)
    upkeep.#again(TICK_MS)
    return upkeep
  }

  /** Nothing runs any more. Not needed when the clock ends with the member. */
  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  #again(delayMs: number): void {
    if (!this.#stopped) this.#timer = this.#clock.setTimer(delayMs, () => this.#tick())
  }

  #tick(): void {
    try {
      this.#look()
    } catch {
      // The store cannot be read any more: whoever owns it ends the member, and says why.
      this.stop()
    }
  }

  #look(): void {
    const leads = this.#replica.role === 'leader'
    const { noSpace } = this.#machine
    const full = leads ? this.#isOver(noSpace) : noSpace
    if (full !== noSpace) return this.#propose({ type: 'space', full })
    const alarm = this.#alarmDue(leads)
    if (alarm !== null) return this.#execute(alarm)
    const waitMs = leads ? this.#waitMs() : TICK_MS
    if (waitMs > 0) return this.#again(waitMs)
    this.#propose({ type: 'advance' })
  }

  /** Once over, it is until some of it is free again. */
  #isOver(wasOver: boolean): boolean {
    return this.#machine.usedBytes > this.#quotaBytes * (wasOver ? FREE_SHARE : 1)
  }

  /** A leader says by another command that its quota is used up; and those who have left can clear nothing any more. */
  #alarmDue(leads: boolean): AlarmCommand | null {
    if (this.#cluster === null) return null
    const own = BigInt(this.#cluster.id)
    const raised = this.#machine.alarms.filter(({ kind }) => kind === 'full')
    const isRaised = raised.some(({ member }) => member === own)
    const isWanted = !leads && this.#isOver(isRaised)
    if (isRaised !== isWanted) return { type: 'alarm', raise: isWanted, alarm: { kind: 'full', member: own } }
    if (!leads || raised.length === 0) return null
    const members = new Set(this.#cluster.members().map(BigInt))
    const left = raised.find(({ member }) => !members.has(member))
    return left === undefined ? null : { type: 'alarm', raise: false, alarm: left }
  }

  #execute(alarm: AlarmCommand): void {
    const again = (): void => this.#again(TICK_MS)
    this.#cluster?.execute(alarm).then(again, again)
  }

  #propose(command: AdvanceCommand | SpaceCommand): void {
    const startMs = this.#clock.now()
    this.#replica.propose(encodeCommand(command), { timeoutMs: TIMEOUT_MS }).then(
      // When there is more to compact, half of the time is left to others.
      () => this.#again(this.#machine.advanceAtMs === 0 ? Math.max(SHORTEST_WAIT_MS, this.#clock.now() - startMs) : BUSY_TICK_MS),
      (error: unknown) => {
        if (!(error instanceof BalsaError && error.code === 'STOPPED')) this.#again(TICK_MS)
      },
    )
  }

  /** Until an advance is worth while, as far as this member can tell; 0 = it is. */
  #waitMs(): number {
    const { advanceAtMs, timeMs, timeSeenAtMs } = this.#machine
    if (advanceAtMs === null) return TICK_MS
    // Cluster time goes on from there at the pace of this clock, or has stood still for a while.
    const leftMs = advanceAtMs - timeMs - (this.#clock.now() - timeSeenAtMs)
    return leftMs <= 0 ? 0 : Math.min(BUSY_TICK_MS, Math.max(SHORTEST_WAIT_MS, leftMs))
  }
}
