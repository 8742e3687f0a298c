/** A member without a cluster: commands are applied at once. For tests of what stands before a store. */
import { type AnswerOf, type CommandResult, encodeCommand, type KvQuery, KvStateMachine, type MemberStatus } from '@balsa/kv'
import { asIndex, asTerm, BalsaError, ManualClock, SeededRandom } from '@balsa/raft'
import type { ClientCommand, MemberStore, ReadOptions } from '../store/member-store.js'
import { EtcdMember, type EtcdMemberOptions } from './member.js'

const CLUSTER = 0x1000
export const MEMBER = 0x2000

export class LocalStore implements MemberStore {
  readonly clusterId = CLUSTER
  readonly memberId = MEMBER
  readonly machine = new KvStateMachine()
  readonly watches = this.machine.watches
  /** Cluster time of the next command, ms. */
  timeMs = 1
  /** Thrown by the next calls, when set. */
  failure: BalsaError | null = null
  readonly reads: ReadOptions[] = []
  #index = 0

  term(): number {
    return 7
  }

  revision(): number {
    return this.machine.revision
  }

  async read<Q extends KvQuery>(query: Q, options: ReadOptions): Promise<AnswerOf<Q>> {
    if (this.failure !== null) throw this.failure
    this.reads.push(options)
    return this.machine.query(query) as AnswerOf<Q>
  }

  async execute(command: ClientCommand): Promise<CommandResult> {
    if (this.failure !== null) throw this.failure
    this.#index += 1
    const [result] = this.machine.applyAtOnce([
      { index: asIndex(this.#index), term: asTerm(7), timeMs: this.timeMs, command: encodeCommand(command) },
    ])
    if (result === undefined) throw new BalsaError('INVARIANT', 'no result')
    return result
  }

  status(): MemberStatus {
    return {
      clusterId: CLUSTER,
      memberId: MEMBER,
      name: 'one',
      version: '0.1.0',
      role: 'leader',
      term: 7,
      leaderId: MEMBER,
      leaderAddress: '127.0.0.1:2379',
      commitIndex: this.#index,
      appliedIndex: this.#index,
      firstIndex: 1,
      lastIndex: this.#index,
      snapshotIndex: 0,
      logBytes: 0,
      revision: this.machine.revision,
      keys: 0,
      dataBytes: 0,
      sessions: 0,
      stateHash: this.machine.stateHash,
      stateHashIndex: this.#index,
      members: [{ id: MEMBER, name: 'one', address: '127.0.0.1:2380', clientAddress: '127.0.0.1:2379', role: 'voter' }],
    }
  }
}

export const localOptions = (store: MemberStore): EtcdMemberOptions => ({
  store,
  clock: new ManualClock(),
  random: new SeededRandom(1),
  requestTimeoutMs: 7000,
  electionTimeoutMs: 1000,
  admin: () => Promise.reject(new BalsaError('INVALID', 'no operators here')),
  snapshot: () => (store instanceof LocalStore ? store.machine.snapshot() : new LocalStore().machine.snapshot()),
})

export const etcdMember = (store: MemberStore, more: Partial<EtcdMemberOptions> = {}): EtcdMember =>
  new EtcdMember({ ...localOptions(store), ...more })
