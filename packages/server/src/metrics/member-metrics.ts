/** Every metric of a member, declared in one place; docs/metrics.md is tested against it. */
import type { ErrorFamily, Role } from '@balsa/raft'
import { exponentialBounds, Registry } from './registry.js'

export const ROLES: readonly Role[] = ['follower', 'preCandidate', 'candidate', 'leader']
/** What a member can be in a configuration. */
export const MEMBERSHIP_KINDS = ['voter', 'learner', 'witness', 'none'] as const
export const REQUEST_TYPES = ['get', 'getStale', 'range', 'lease', 'leases', 'txn', 'write', 'session', 'status', 'admin'] as const
export type RequestKind = (typeof REQUEST_TYPES)[number]
/** How a request ended: with an answer, or with an error of this family. */
export const OUTCOMES = ['ok', 'refused', 'unknown', 'fatal'] as const satisfies readonly ('ok' | ErrorFamily)[]
export type Outcome = (typeof OUTCOMES)[number]

export const CONNECTION_PROTOCOLS = ['balsa', 'grpc', 'http'] as const
export const REFUSED_CONNECTIONS = ['total', 'perAddress', 'closing'] as const
/** Why the server ended a connection. */
export const CUT_REASONS = ['handshakeTimeout', 'malformed', 'version', 'slowReader', 'frameTimeout', 'idle', 'memory', 'stopping'] as const
export type CutReason = (typeof CUT_REASONS)[number]

/** Position = first byte of an encoded message between members; the rest of the names is for bytes that no version knows. */
export const MESSAGE_TYPES = [
  'unknown',
  'requestVote',
  'requestVoteResponse',
  'appendEntries',
  'appendEntriesResponse',
  'heartbeat',
  'heartbeatResponse',
  'installSnapshot',
  'installSnapshotResponse',
  'timeoutNow',
  'readIndexRequest',
  'readIndexResponse',
] as const
export type MessageTypeName = (typeof MESSAGE_TYPES)[number]
const LANE_NAMES = ['control', 'append', 'snapshot'] as const
/** `etcd`: its JSON gateway, `/health` and `/version`. */
const HTTP_PATHS = ['/healthz', '/readyz', '/metrics', '/status', 'etcd', 'other'] as const
export type HttpPath = (typeof HTTP_PATHS)[number]

/** 50 µs to about 13 s, by factors of two. */
const LATENCY_BOUNDS = exponentialBounds(0.000_05, 2, 19)

export interface MemberMetrics extends ReturnType<typeof createMemberMetrics> {}

export function createMemberMetrics() {
  const registry = new Registry()
  return { registry, ...consensusMetrics(registry), ...storageMetrics(registry), ...clientMetrics(registry), ...processMetrics(registry) }
}

function consensusMetrics(r: Registry) {
  return {
    role: r.gauge('balsa_role', '1 for the role that the member has now, 0 for the others.', {
      role: ['follower', 'preCandidate', 'candidate', 'leader'],
    }),
    membership: r.gauge(
      'balsa_membership',
      '1 for what the member is in the newest configuration, 0 for the others; none: not in it (yet).',
      {
        kind: MEMBERSHIP_KINDS,
      },
    ),
    members: r.gauge('balsa_members', 'Members in the newest configuration, by what they are.', { kind: ['voter', 'learner', 'witness'] }),
    hasLeader: r.gauge('balsa_has_leader', '1 when the member knows a leader.'),
    ready: r.gauge('balsa_ready', '1 when the member would answer /readyz with 200.'),
    diverged: r.gauge(
      'balsa_diverged_members',
      'Members whose state differs from this one at an equal place of the log. Anything but 0 is an alarm.',
    ),
    term: r.gauge('balsa_term', 'Current term.'),
    commitIndex: r.gauge('balsa_commit_index', 'Highest log index known to be committed.'),
    appliedIndex: r.gauge('balsa_applied_index', 'Highest log index that the store has applied.'),
    firstIndex: r.gauge('balsa_log_first_index', 'First log index that is still in the log.'),
    lastIndex: r.gauge('balsa_log_last_index', 'Last log index in the log.'),
    followerLag: r.gauge(
      'balsa_follower_lag_entries',
      'As leader: entries that the member farthest behind lacks, learners included. 0 on other members.',
    ),
    elections: r.counter('balsa_elections_started_total', 'Times that the member became a candidate.'),
    preVotes: r.counter('balsa_pre_votes_started_total', 'Times that the member asked whether it could win an election.'),
    leaderChanges: r.counter('balsa_leader_changes_total', 'Times that the member saw another leader than before.'),
    automaticTransfers: r.counter(
      'balsa_automatic_transfers_total',
      'Times that the member, as a slow leader, handed its leadership over, by outcome.',
      {
        outcome: ['done', 'failed'],
      },
    ),
    truncations: r.counter('balsa_log_truncations_total', 'Times that uncommitted entries were cut off the log.'),
    peersUp: r.gauge('balsa_peers_connected', 'Other members with a connection to this one.'),
    messagesSent: r.counter('balsa_peer_messages_sent_total', 'Messages handed to the transport.', {
      type: MESSAGE_TYPES,
      lane: LANE_NAMES,
    }),
    bytesSent: r.counter('balsa_peer_bytes_sent_total', 'Bytes of those messages, without framing.', {
      type: MESSAGE_TYPES,
      lane: LANE_NAMES,
    }),
    messagesReceived: r.counter('balsa_peer_messages_received_total', 'Messages from other members.', { type: MESSAGE_TYPES }),
    bytesReceived: r.counter('balsa_peer_bytes_received_total', 'Bytes of those messages, without framing.', { type: MESSAGE_TYPES }),
  }
}

function storageMetrics(r: Registry) {
  return {
    proposals: r.counter('balsa_proposals_total', 'Commands proposed through this member, by outcome.', { outcome: OUTCOMES }),
    commitLatency: r.histogram('balsa_commit_duration_seconds', 'From proposal to applied result, successful ones only.', LATENCY_BOUNDS),
    applyLatency: r.histogram('balsa_apply_batch_duration_seconds', 'Time that the store took for one batch of commands.', LATENCY_BOUNDS),
    appliedCommands: r.counter('balsa_applied_commands_total', 'Commands applied by the store.'),
    syncDuration: r.histogram(
      'balsa_disk_sync_duration_seconds',
      'Time of one sync of a file to disk (log and snapshots).',
      LATENCY_BOUNDS,
    ),
    writtenBytes: r.counter('balsa_disk_written_bytes_total', 'Bytes written to files of the data directory.'),
    logBytes: r.gauge('balsa_log_bytes', 'Size of the log that a compaction now would free.'),
    snapshotIndex: r.gauge('balsa_snapshot_index', 'Log index of the newest snapshot; 0 when there is none.'),
    snapshotBytes: r.gauge('balsa_snapshot_bytes', 'Size of the newest snapshot.'),
    snapshotsTaken: r.counter('balsa_snapshots_taken_total', 'Snapshots of the own store.'),
    snapshotsInstalled: r.counter('balsa_snapshots_installed_total', 'Snapshots received from a leader and installed.'),
    keys: r.gauge('balsa_keys', 'Keys in the store.'),
    dataBytes: r.gauge('balsa_data_bytes', 'Bytes of all keys and values.'),
    noSpace: r.gauge('balsa_no_space', '1 while writes that add are refused because the quota is used up.'),
    revision: r.gauge('balsa_revision', 'Revision of the store.'),
    sessions: r.gauge('balsa_sessions', 'Open client sessions.'),
    sessionResults: r.gauge('balsa_session_results', 'Answers kept for repeated requests.'),
  }
}

function clientMetrics(r: Registry) {
  return {
    connectionsOpen: r.gauge('balsa_client_connections', 'Open connections on the client port, by protocol.', {
      protocol: CONNECTION_PROTOCOLS,
    }),
    connections: r.counter('balsa_client_connections_accepted_total', 'Accepted connections on the client port.'),
    connectionsRefused: r.counter('balsa_client_connections_refused_total', 'Connections closed at once, by the limit that they met.', {
      limit: REFUSED_CONNECTIONS,
    }),
    connectionsCut: r.counter('balsa_client_connections_cut_total', 'Connections that the member ended, by reason.', {
      reason: CUT_REASONS,
    }),
    requests: r.counter('balsa_client_requests_total', 'Client requests by type and outcome.', { type: REQUEST_TYPES, outcome: OUTCOMES }),
    requestDuration: r.histogram(
      'balsa_client_request_duration_seconds',
      'From the arrival of a client request to its answer.',
      LATENCY_BOUNDS,
    ),
    inFlight: r.gauge('balsa_client_requests_in_flight', 'Requests without an answer yet.'),
    clientBytesReceived: r.counter('balsa_client_bytes_received_total', 'Bytes received in the Balsa client protocol.'),
    clientBytesSent: r.counter('balsa_client_bytes_sent_total', 'Bytes sent in the Balsa client protocol.'),
    httpRequests: r.counter('balsa_http_requests_total', 'HTTP requests by path.', { path: HTTP_PATHS }),
  }
}

function processMetrics(r: Registry) {
  return {
    loopDelay: r.gauge('balsa_event_loop_delay_seconds', 'Delay of the event loop in the last minute at most.', {
      quantile: ['p50', 'p99', 'max'],
    }),
    residentMemory: r.gauge('process_resident_memory_bytes', 'Resident memory.'),
    heapUsed: r.gauge('balsa_process_heap_bytes', 'JavaScript heap in use.'),
    externalMemory: r.gauge('balsa_process_external_bytes', 'Memory of buffers outside of the heap.'),
    cpu: r.gauge('balsa_process_cpu_seconds', 'Processor time used since the start.'),
    startTime: r.gauge('process_start_time_seconds', 'Unix time of the start.'),
    info: r.gauge('balsa_info', 'Always 1; the version stands in /status.'),
  }
}
