import type { AppliedCommand, Effects, Input, Message, RaftCore, Role } from '@balsa/raft'
import type { Life, SimMember } from './sim-member.js'

/** How a core stood before a step. */
export interface Before {
  role: Role
  term: number
  commitIndex: number
}

/**
 * Watches the world and throws a Violation when something happened that never may. Each hook runs at once, inside of the event that it
 * tells of. Lives that are over are never told of.
 */
export interface Observer {
  readonly name: string
  /** A member has recovered and runs. */
  started?(life: Life, core: RaftCore): void
  /** The core took one input that is no message. */
  stepped?(life: Life, core: RaftCore, input: Exclude<Input, { type: 'message' }>): void
  /** The core took a message. */
  heard?(life: Life, core: RaftCore, message: Message, before: Before): void
  /** One input, message or not, has moved the core: role, term, leader, the ends of its log, what is committed, applied or in a snapshot. Most move nothing. */
  moved?(life: Life, core: RaftCore, input: Input, before: Before): void
  /** Messages of the core, before they leave; called before `effects`. */
  sends?(life: Life, core: RaftCore, messages: readonly Message[]): void
  /** What else the core wants done, before it is done; not called for messages alone. */
  effects?(life: Life, core: RaftCore, effects: Effects): void
  /** A command went into the state machine, which is at `fingerprint` now. */
  applied?(life: Life, command: AppliedCommand, fingerprint: string, answer: unknown): void
  /** The state machine was replaced by a snapshot (or by the empty state). */
  restored?(life: Life, fingerprint: string): void
  /** A local snapshot is begun; without a fingerprint it only refers to the state on the disk, which holds `index` or more. */
  snapshotBegun?(life: Life, index: number, fingerprint: string | null): void
  /** The state of this moment is going to be sent to another member as it is. `index` 0: as in SnapshotReplay. */
  stateShared?(life: Life, index: number, fingerprint: string): void
  /** Bytes or names of this member became durable. */
  synced?(member: SimMember): void
  /** The member lost its memory, and perhaps what was not synced. */
  crashed?(member: SimMember): void
  /** Called every now and then. */
  surveyed?(members: readonly SimMember[]): void
}

type Hook = Exclude<keyof Observer, 'name'>

/** All observers, by hook, so that a hook nobody listens to costs nothing. */
export class Observers {
  readonly all: readonly Observer[]
  readonly started: readonly Required<Pick<Observer, 'started'>>[]
  readonly stepped: readonly Required<Pick<Observer, 'stepped'>>[]
  readonly heard: readonly Required<Pick<Observer, 'heard'>>[]
  readonly moved: readonly Required<Pick<Observer, 'moved'>>[]
  readonly sends: readonly Required<Pick<Observer, 'sends'>>[]
  readonly effects: readonly Required<Pick<Observer, 'effects'>>[]
  readonly applied: readonly Required<Pick<Observer, 'applied'>>[]
  readonly restored: readonly Required<Pick<Observer, 'restored'>>[]
  readonly snapshotBegun: readonly Required<Pick<Observer, 'snapshotBegun'>>[]
  readonly stateShared: readonly Required<Pick<Observer, 'stateShared'>>[]
  readonly synced: readonly Required<Pick<Observer, 'synced'>>[]
  readonly crashed: readonly Required<Pick<Observer, 'crashed'>>[]
  readonly surveyed: readonly Required<Pick<Observer, 'surveyed'>>[]

  constructor(all: readonly Observer[]) {
    this.all = all
    const having = <H extends Hook>(hook: H) =>
      all.filter((observer) => observer[hook] !== undefined) as unknown as Required<Pick<Observer, H>>[]
    this.started = having('started')
    this.stepped = having('stepped')
    this.heard = having('heard')
    this.moved = having('moved')
    this.sends = having('sends')
    this.effects = having('effects')
    this.applied = having('applied')
    this.restored = having('restored')
    this.snapshotBegun = having('snapshotBegun')
    this.stateShared = having('stateShared')
    this.synced = having('synced')
    this.crashed = having('crashed')
    this.surveyed = having('surveyed')
  }
}
