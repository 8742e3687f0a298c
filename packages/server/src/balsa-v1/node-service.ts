import type { MemberStatus, MemberSummary } from '@balsa/kv'
import type { ReplicaEvent, Timer } from '@balsa/raft'
import {
  type EventInit,
  type EventsRequest,
  type MemberInfoInit,
  NodeService as NodeMethods,
  Role,
  Standing,
  type StatusResponseInit,
  TransferEvent_Outcome,
} from '@balsa/proto/balsa-v1'
import type { AlarmMember } from '@balsa/proto/etcdserverpb'
import { type Endpoint, serverStream, type Sink, unary } from '../etcd/endpoint.js'
import type { EtcdMember } from '../etcd/member.js'
import { untilEnd } from '../etcd/stream-end.js'
import { kindOf } from '../member-status.js'
import { balsaStatus } from './errors.js'

type EventContent = NonNullable<EventInit['event']>

const ROLES: Readonly<Record<MemberStatus['role'], Role>> = {
  follower: Role.FOLLOWER,
  preCandidate: Role.PRE_CANDIDATE,
  candidate: Role.CANDIDATE,
  leader: Role.LEADER,
}
const STANDINGS: Readonly<Record<MemberSummary['role'], Standing>> = {
  voter: Standing.VOTER,
  learner: Standing.LEARNER,
  witness: Standing.WITNESS,
}
const OUTCOMES = { begun: TransferEvent_Outcome.BEGUN, done: TransferEvent_Outcome.DONE, failed: TransferEvent_Outcome.FAILED } as const

/** No event tells of alarms: so often somebody looks. */
const ALARM_CHECK_MS = 500

/** balsa.v1.Node: one member about itself. */
export class NodeService {
  readonly #member: EtcdMember

  constructor(member: EtcdMember) {
    this.#member = member
  }

  endpoints(): readonly Endpoint[] {
    const { methods } = NodeMethods
    const rethrow = (error: unknown): never => {
      throw balsaStatus(error)
    }
    return [
      unary(methods.Status, () => this.status()),
      serverStream(methods.Events, (request, sink) => this.events(request, sink).catch(rethrow)),
    ]
  }

  status(): StatusResponseInit {
    const { role, leaderId, members, clusterId: _, memberId: __, term: ___, revision, ...same } = this.#member.store.status()
    return {
      ...same,
      header: this.#member.header(revision),
      role: ROLES[role],
      leaderId: idOf(leaderId),
      ready: this.#member.ready,
      members: members.map(infoOf),
    }
  }

  async events({ commits }: EventsRequest, sink: Sink<EventInit>): Promise<void> {
    const abort = new AbortController()
    const events = this.#member.events(abort.signal)[Symbol.asyncIterator]()
    const alarms = new AlarmChanges(this.#member, sink)
    try {
      await untilEnd(this.#member, sink, this.#follow(events, commits, sink, alarms))
    } finally {
      abort.abort()
      alarms.stop()
    }
  }

  async #follow(events: AsyncIterator<ReplicaEvent>, commits: boolean, sink: Sink<EventInit>, alarms: AlarmChanges): Promise<void> {
    const { role, term, leaderId, members, appliedIndex } = this.#member.store.status()
    sink.send({ event: { case: 'role', value: { role: ROLES[role], term, leaderId: idOf(leaderId), reason: 'as it is now' } } })
    sink.send({ event: { case: 'membership', value: { index: appliedIndex, members: members.map(infoOf) } } })
    await alarms.begin()
    for (let next = await events.next(); next.done !== true; next = await events.next()) {
      if (next.value.type === 'commit' && !commits) continue
      const event = this.#contentOf(next.value)
      if (event !== null && !sink.send({ event })) await sink.writable()
    }
  }

  #contentOf(event: ReplicaEvent): EventContent | null {
    switch (event.type) {
      case 'role': {
        const { role, term, leaderId, reason } = event
        return { case: 'role', value: { role: ROLES[role], term, leaderId: idOf(leaderId), reason } }
      }
      case 'commit':
        return { case: 'commit', value: { index: event.index } }
      case 'snapshot':
      case 'restored':
        return { case: event.type, value: { index: event.meta.index, term: event.meta.term } }
      case 'membership': {
        const known = new Map(this.#member.store.status().members.map(({ id, clientAddress }) => [id, clientAddress]))
        const members = event.configuration.members.map((member) => ({
          ...member,
          clientAddress: known.get(member.id) ?? member.clientAddress,
          role: kindOf(event.configuration, member.id),
        }))
        return { case: 'membership', value: { index: event.index, members: members.map(infoOf) } }
      }
      case 'peer':
        return { case: 'peer', value: { id: BigInt(event.id), up: event.up } }
      case 'automaticTransfer':
        return { case: 'transfer', value: { target: BigInt(event.target), reason: event.reason, outcome: OUTCOMES[event.outcome] } }
      case 'overflow':
        return { case: 'overflow', value: { lost: event.lost } }
      case 'truncated':
      case 'fatal':
        return null
    }
  }
}

/** Tells a client which alarms come and go. */
class AlarmChanges {
  readonly #member: EtcdMember
  readonly #sink: Sink<EventInit>
  #known: readonly AlarmMember[] = []
  #timer: Timer | null = null
  #stopped = false

  constructor(member: EtcdMember, sink: Sink<EventInit>) {
    this.#member = member
    this.#sink = sink
  }

  /** Tells those that there are, and goes on until `stop`. */
  async begin(): Promise<void> {
    // A state that cannot be read for a moment says nothing about alarms.
    const now = await this.#member.alarms().catch(() => this.#known)
    if (this.#stopped) return
    for (const alarm of now) if (!includes(this.#known, alarm)) this.#tell(alarm, true)
    for (const alarm of this.#known) if (!includes(now, alarm)) this.#tell(alarm, false)
    this.#known = now
    this.#timer = this.#member.clock.setTimer(ALARM_CHECK_MS, () => void this.begin())
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  #tell(alarm: AlarmMember, raised: boolean): void {
    this.#sink.send({ event: { case: 'alarm', value: { alarm, raised } } })
  }
}

const includes = (alarms: readonly AlarmMember[], { memberID, alarm }: AlarmMember): boolean =>
  alarms.some((other) => other.memberID === memberID && other.alarm === alarm)

const idOf = (id: number | null): bigint | null => (id === null ? null : BigInt(id))

const infoOf = ({ id, name, address, clientAddress, role }: MemberSummary): MemberInfoInit => ({
  id: BigInt(id),
  name,
  peerAddress: address,
  clientAddress,
  standing: STANDINGS[role],
})
