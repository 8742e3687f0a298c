import type { AdminAnswer, AdminRequest, AlarmDetail, AlarmsView, HashMark, MemberDetail, MembersView, MemberStatus } from '@balsa/kv'
import {
  asMemberId,
  BalsaError,
  type Clock,
  type MemberId,
  type MembershipChange,
  type Random,
  type Replica,
  type ReplicaStatus,
} from '@balsa/raft'
import { allAlarms } from './alarms.js'
import type { Divergence } from './divergence-watch.js'
import { drawId, formatId } from './ids.js'
import { kindOf } from './member-status.js'
import type { MemberStore } from './store/member-store.js'

export interface AdminRequestsOptions {
  readonly replica: Pick<Replica, 'changeMembership' | 'transferLeadership' | 'status'>
  readonly clock: Clock
  readonly random: Random
  readonly requestTimeoutMs: number
  readonly electionTimeoutMs: number
  /** As clients see it: knows where they reach each member. */
  readonly status: () => MemberStatus
  readonly hashMarks: () => readonly HashMark[]
  readonly store: Pick<MemberStore, 'read' | 'execute'>
  readonly divergence: () => Divergence | null
}

/** A member that was not heard for so many election time-outs is called silent. */
const SILENT_AFTER_TIMEOUTS = 2

/** What operators and other members ask. Only the leader answers, except for what a member knows of itself; everybody else says where it is. */
export class AdminRequests {
  readonly #options: AdminRequestsOptions

  constructor(options: AdminRequestsOptions) {
    this.#options = options
  }

  async handle(request: AdminRequest): Promise<AdminAnswer> {
    if (request.type === 'stateHashes') {
      return { type: 'stateHashes', memberId: this.#options.replica.status().id, marks: this.#options.hashMarks() }
    }
    this.#requireLeader()
    switch (request.type) {
      case 'members':
        return { type: 'members', view: this.#view() }
      case 'change':
        return this.#change(request.changes, request.force)
      case 'alarms':
        return { type: 'alarms', ...(await this.#alarms(request.disarm)) }
      case 'transfer':
        return { type: 'transferred', leaderId: await this.#transfer(request.target) }
    }
  }

  #requireLeader(): void {
    const { role, leaderId } = this.#options.replica.status()
    if (role === 'leader') return
    if (leaderId === null) throw new BalsaError('NO_LEADER', 'no leader is known: an election is under way, or no majority can be reached')
    throw new BalsaError('NOT_LEADER', `member ${leaderId} leads`, { leaderId })
  }

  async #alarms(disarm: boolean): Promise<AlarmsView> {
    const { store, clock, requestTimeoutMs } = this.#options
    const deadlineMs = clock.now() + requestTimeoutMs
    const raised = await this.#raised(deadlineMs)
    if (!disarm) return { alarms: raised, cleared: [] }
    const cleared = raised.filter(({ byHand }) => byHand)
    for (const { kind, member } of cleared)
      await store.execute({ type: 'alarm', raise: false, alarm: { kind, member: BigInt.asIntN(64, member) } }, { deadlineMs })
    return { alarms: await this.#raised(deadlineMs), cleared }
  }

  async #raised(deadlineMs: number): Promise<readonly AlarmDetail[]> {
    const { store, replica, divergence } = this.#options
    const stats = await store.read({ type: 'stats' }, { consistency: 'linearizable', deadlineMs })
    // Whoever answers leads.
    const memberId = BigInt(replica.status().id)
    return allAlarms({ stats, divergence: divergence(), memberId, leaderId: memberId })
  }

  async #transfer(target: number | null): Promise<number> {
    const { replica, clock, requestTimeoutMs } = this.#options
    if (target === replica.status().id) return target
    return replica.transferLeadership(target === null ? null : asMemberId(target), { deadlineMs: clock.now() + requestTimeoutMs })
  }

  async #change(changes: readonly MembershipChange[], force: boolean): Promise<AdminAnswer> {
    const { replica, clock, requestTimeoutMs } = this.#options
    const { id, configuration } = replica.status()
    if (changes.some((change) => leaves(change, id)) && configuration.voters.length > 1) {
      // Whoever takes over makes the change: so the cluster is never without a leader for an election's time.
      const leaderId = await replica.transferLeadership(null, { deadlineMs: clock.now() + requestTimeoutMs })
      throw new BalsaError('NOT_LEADER', `member ${leaderId} leads now, and makes the change`, { leaderId })
    }
    const named = this.#withIds(changes)
    const { index } = await replica.changeMembership(named, { force, deadlineMs: clock.now() + requestTimeoutMs })
    return {
      type: 'changed',
      index,
      ids: named.flatMap((change) => (change.type === 'add' || change.type === 'replace' ? [change.member.id] : [])),
    }
  }

  /** Members that come without an id get one that nobody has and nobody ever had. */
  #withIds(changes: readonly MembershipChange[]): readonly MembershipChange[] {
    const { members, removed } = this.#options.replica.status().configuration
    const taken = new Set<MemberId>([...members.map(({ id }) => id), ...removed])
    const draw = (): MemberId => {
      for (;;) {
        const id = asMemberId(drawId(this.#options.random))
        if (taken.has(id)) continue
        taken.add(id)
        return id
      }
    }
    return changes.map((change) => {
      if ((change.type !== 'add' && change.type !== 'replace') || change.member.id !== 0) return change
      return { ...change, member: { ...change.member, id: draw() } }
    })
  }

  #view(): MembersView {
    const { clusterId, members } = this.#options.status()
    const status = this.#options.replica.status()
    const { id: leaderId, term, commitIndex, configuration } = status
    const clientAddresses = new Map(members.map((member) => [member.id, member.clientAddress]))
    const rows = configuration.members.map((member) => ({
      ...this.#progress(status, member.id),
      id: member.id,
      name: member.name,
      address: member.address,
      clientAddress: clientAddresses.get(member.id) ?? '',
      role: kindOf(configuration, member.id),
      ...stageOf(status, member.id),
    }))
    return { clusterId, leaderId, term, commitIndex, members: rows }
  }

  #progress({ id: self, peers }: ReplicaStatus, id: MemberId): Pick<MemberDetail, 'lag' | 'rounds' | 'healthy' | 'heardMsAgo' | 'sending'> {
    const { clock, electionTimeoutMs } = this.#options
    if (id === self) return { lag: 0, rounds: 0, healthy: true, heardMsAgo: 0, sending: 'self' }
    const peer = peers.find((candidate) => candidate.id === id)
    if (peer === undefined) return { lag: 0, rounds: 0, healthy: false, heardMsAgo: 0, sending: 'probe' }
    const heardMsAgo = Math.max(0, Math.round(clock.now() - peer.lastContactMs))
    const healthy = heardMsAgo < SILENT_AFTER_TIMEOUTS * electionTimeoutMs
    return { lag: peer.lag, rounds: peer.rounds ?? 0, healthy, heardMsAgo, sending: peer.state }
  }
}

const leaves = (change: MembershipChange, id: MemberId): boolean =>
  (change.type === 'remove' || change.type === 'demote') && change.id === id

function stageOf({ configuration }: ReplicaStatus, id: MemberId): Pick<MemberDetail, 'stage' | 'replaces'> {
  const { joining, voters, learners } = configuration
  const joins = joining.find((entry) => entry.id === id)
  if (joins !== undefined) return { stage: 'joining', replaces: joins.replaces }
  const leaving = joining.some(({ replaces }) => replaces === id) || !(voters.includes(id) || learners.includes(id))
  return { stage: leaving ? 'leaving' : 'settled', replaces: null }
}

/** What an operator's request was, for the log: nobody changes a cluster without a trace. */
export function describeAdmin(request: AdminRequest): Readonly<Record<string, string>> | null {
  if (request.type === 'members' || request.type === 'stateHashes') return null
  if (request.type === 'alarms') return request.disarm ? { action: 'disarm' } : null
  if (request.type === 'transfer') return { action: 'transfer', target: request.target === null ? 'any' : formatId(request.target) }
  const what = request.changes.map((change) => {
    const id = 'id' in change ? formatId(change.id) : ''
    return [change.type, id, 'member' in change ? `${change.member.name}=${change.member.address}` : '']
      .filter((part) => part !== '')
      .join(' ')
  })
  return { action: 'change', changes: what.join(', '), force: String(request.force) }
}
