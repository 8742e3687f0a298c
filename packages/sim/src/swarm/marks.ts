import type { InputType, Role } from '@balsa/raft'
import { MESSAGE_TYPES } from '../network/sim-network.js'
import { FAULTS } from './plan.js'

const ROLES: readonly Role[] = ['follower', 'preCandidate', 'candidate', 'leader']

/** As a record, so that a new input does not compile until it stands here. (States are in memory here: none travels as it is.) */
const INPUTS = Object.keys({
  tick: true,
  propose: true,
  read: true,
  transfer: true,
  change: true,
  persisted: true,
  applied: true,
  loaded: true,
  snapshotTaken: true,
  snapshotRead: true,
  snapshotReadFailed: true,
  chunkStored: true,
  snapshotReceived: true,
  peerLost: true,
} satisfies Record<Exclude<InputType, 'message' | 'snapshotOffered'>, true>)

/** Rare states and moments that a batch of seeds should reach: the reachable part of the list that the simulator is specified by. */
const STATES: readonly string[] = [
  'elections won',
  'vote split',
  'two candidates in one term',
  'pre-vote refused',
  'leader stepped down without a quorum',
  'leader deposed with uncommitted entries',
  'entries of three or more leaders at one index',
  'log cut',
  'log cut of 10 entries or more',
  'log cut with a configuration',
  'old entry on a majority, then overwritten',
  'commit of an older term through a newer one',
  'restart with a torn tail',
  'follower ahead of what the leader tells it',
  'snapshot installed',
  'snapshot transfer begun',
  'snapshot transfer superseded',
  'crash during a snapshot',
  'crash during a snapshot transfer',
  'restart behind the commit index',
  'crash during recovery',
  'crash of the leader',
  'pause of the leader',
  'total crash with unsynced writes on all',
  'power lost with unsynced writes',
  'process killed',
  'configuration adopted',
  'change removes the leader',
  'leader left by its own change',
  'removed member campaigns',
  'several changes at once',
  'change done',
  'change add',
  'change promote',
  'change demote',
  'change remove',
  'change replace',
  'change update',
  'change MEMBERSHIP_PENDING',
  'change MEMBER_REMOVED',
  'change MEMBER_UNKNOWN',
  'change QUORUM_AT_RISK',
  'change LEADERSHIP_LOST',
  'change UNAVAILABLE',
  'change NOT_LEADER',
  'learner becomes a voter',
  'witness votes',
  'member replaced in one step',
  'refused by a peer REMOVED',
  'refused by a peer DISK_REPLACED',
  'transfer done',
  'transfer TRANSFER_FAILED',
  'automatic transfer done',
  'read round confirmed',
  'late answer of an earlier read round',
  'old term answered',
  'stale read',
  'stale read with a bound',
  'stale read TOO_STALE',
  'local read',
  'local lease read',
  'client OUTCOME_UNKNOWN',
  'client DEADLINE',
  'client ABORTED',
  'client connection reset',
  'client bytes corrupted',
  'refused by the machine SESSION_EXPIRED',
  'repeated request answered from memory',
  'repeated request answered from memory after a snapshot',
  'stopped SYNC_FAILED',
  'stopped DISK_FULL',
  'stopped IO_ERROR',
  'stopped CORRUPT',
  'stopped MISSING_SEGMENT',
  'damage found, member stays out',
  'disk lostWrite',
  'disk misdirectedWrite',
  'disk bitFlip log',
  'disk bitFlip snap',
  'disk bitFlip identity',
  'disk lostFile log',
  'disk lostFile snap',
  'network loss',
  'network duplicate',
  'network hold',
  'network reorder',
  'network cut',
  'network filter',
  'network slow link overflow',
]

const STORAGE_CALLS = [
  'open',
  'create',
  'list',
  'makeDirectory',
  'rename',
  'remove',
  'syncDirectory',
  'size',
  'read',
  'write',
  'datasync',
  'close',
] as const

/**
 * Rows that no run can reach. Only a leader asks for a piece of a snapshot. That it is gone is known at once and comes with the next turn, as its
 * first input; and within the turn that asked, a leader becomes a follower at the most. That no run reaches them is checked (unreachable-row).
 */
export const IMPOSSIBLE: ReadonlySet<string> = new Set(['input preCandidate snapshotReadFailed', 'input candidate snapshotReadFailed'])

/** Everything that a large batch of all profiles should reach at least once. */
export function expectedMarks(): string[] {
  const tables = ROLES.flatMap((role) => [
    ...INPUTS.map((input) => `input ${role} ${input}`).filter((mark) => !IMPOSSIBLE.has(mark)),
    ...MESSAGE_TYPES.flatMap((type) => (type === null ? [] : [`message ${role} ${type}`])),
  ])
  const crashes = STORAGE_CALLS.flatMap((call) => [`crash before ${call}`, `crash after ${call}`])
  const during = ['crash during write', 'crash during datasync', 'crash during syncDirectory']
  const special = new Set(['crash', 'pause', 'bitFlip', 'lostWrite', 'misdirectedWrite', 'lostFile'])
  const faults = FAULTS.filter((fault) => !special.has(fault)).map((fault) => `fault ${fault}`)
  return [...tables, ...crashes, ...during, ...faults, 'pause', ...STATES]
}
