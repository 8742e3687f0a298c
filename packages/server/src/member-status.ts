import type { KvStats, MembershipRole, MemberStatus, MemberSummary } from '@balsa/kv'
import type { Configuration, MemberId, ReplicaStatus } from '@balsa/raft'
import type { Divergence } from './divergence-watch.js'
import type { Readiness } from './http.js'
import { formatId } from './ids.js'
import { VERSION } from './version.js'

export interface StatusParts {
  readonly clusterId: number
  readonly name: string
  /** Where clients reach this member, as it advertises it. */
  readonly clientAddress: string
  /** Where clients reach another one, as it said itself; empty when it did not. */
  readonly peerClientAddress: (id: MemberId) => string
  readonly replica: ReplicaStatus
  readonly store: KvStats
}

/** What a member says of itself is newer than the founding configuration, which often lists no client addresses at all. */
const clientAddressOf = (configuration: Configuration, id: MemberId, parts: StatusParts): string => {
  if (id === parts.replica.id) return parts.clientAddress
  return parts.peerClientAddress(id) || (configuration.members.find((member) => member.id === id)?.clientAddress ?? '')
}

/** What a member is: a witness also while it still learns; a voter also while it is on its way out. */
export function kindOf(configuration: Configuration, id: MemberId): MembershipRole {
  if (configuration.witnesses.includes(id)) return 'witness'
  return configuration.learners.includes(id) ? 'learner' : 'voter'
}

export function memberStatus(parts: StatusParts): MemberStatus {
  const { replica, store } = parts
  const { configuration } = replica
  const members = configuration.members.map(
    (member): MemberSummary => ({
      id: member.id,
      name: member.name,
      address: member.address,
      clientAddress: clientAddressOf(configuration, member.id, parts),
      role: kindOf(configuration, member.id),
    }),
  )
  return {
    clusterId: parts.clusterId,
    memberId: replica.id,
    name: parts.name,
    version: VERSION,
    role: replica.role,
    term: replica.term,
    leaderId: replica.leaderId,
    leaderAddress: replica.leaderId === null ? '' : clientAddressOf(configuration, replica.leaderId, parts),
    commitIndex: replica.commitIndex,
    appliedIndex: replica.appliedIndex,
    firstIndex: replica.firstIndex,
    lastIndex: replica.lastIndex,
    snapshotIndex: replica.snapshotIndex,
    logBytes: replica.logBytes,
    revision: store.revision,
    keys: store.keys,
    dataBytes: store.dataBytes,
    sessions: store.sessions,
    stateHash: store.stateHash,
    stateHashIndex: store.appliedIndex,
    members,
  }
}

/** The same for people and scripts over HTTP: ids as everywhere else in hexadecimal, and what only this member knows. */
export function statusJson(
  status: MemberStatus,
  readiness: Readiness,
  replica: ReplicaStatus,
  uptimeMs: number,
  divergence: Divergence | null = null,
): object {
  return {
    ...status,
    clusterId: formatId(status.clusterId),
    memberId: formatId(status.memberId),
    leaderId: status.leaderId === null ? null : formatId(status.leaderId),
    members: status.members.map((member) => ({ ...member, id: formatId(member.id) })),
    ready: readiness.ready,
    reason: readiness.reason,
    divergence: divergence === null ? null : { ...divergence, members: divergence.members.map(formatId) },
    uptimeMs: Math.round(uptimeMs),
    pendingProposals: replica.pendingProposals,
    pendingReads: replica.pendingReads,
    peers: replica.peers.map((peer) => ({ ...peer, id: formatId(peer.id) })),
  }
}
