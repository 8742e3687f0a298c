import { formatId } from './ids.js'
import { errorFields, type Logger } from './logger.js'
import type { MemberMetrics } from './metrics/member-metrics.js'
import type { TransportEvent } from '@balsa/host'
import { BalsaError, type Clock, type Configuration, type MemberId, type Replica } from '@balsa/raft'

const TRANSFER_TEXTS = {
  begun: 'this leader is slow: its leadership is being handed over',
  done: 'leadership was handed over',
  failed: 'leadership could not be handed over; the next try comes after a pause',
} as const

type Watched = Pick<Replica, 'on' | 'status' | 'id'>

/** Consensus knows members by number; people know them by name. */
export const withNames = ({ members }: Configuration, text: string): string =>
  members.reduce((said, { id, name }) => (name === '' ? said : said.replaceAll(String(id), name)), text)

/** Counts and logs what the replica tells. Answers the set of connected peers, which it keeps current. */
export function watchReplica(replica: Watched, metrics: MemberMetrics, logger: Logger): ReadonlySet<MemberId> {
  const peersUp = new Set<MemberId>()
  let lastLeader: MemberId | null = null
  replica.on('role', ({ role, term, leaderId, reason }) => {
    if (role === 'candidate') metrics.elections.increment({})
    if (role === 'preCandidate') metrics.preVotes.increment({})
    if (leaderId !== null && leaderId !== lastLeader) {
      metrics.leaderChanges.increment({})
      lastLeader = leaderId
    }
    logger.info(
      {
        role,
        term,
        leader: leaderId === null ? '' : formatId(leaderId),
        reason: withNames(replica.status().configuration, reason),
      },
      'role',
    )
  })
  replica.on('automaticTransfer', ({ target, reason, outcome }) => {
    if (outcome !== 'begun') metrics.automaticTransfers.increment({ outcome })
    const fields = { target: withNames(replica.status().configuration, String(target)), reason }
    logger.warn(fields, TRANSFER_TEXTS[outcome])
  })
  replica.on('peer', ({ id, up }) => {
    if (up) peersUp.add(id)
    else peersUp.delete(id)
    logger.info({ peer: formatId(id), up }, up ? 'peer connected' : 'peer disconnected')
  })
  replica.on('membership', ({ index, configuration }) => {
    const { voters, votersOutgoing, learners, witnesses } = configuration
    const names = (ids: readonly MemberId[]): string =>
      ids.map((id) => configuration.members.find((member) => member.id === id)?.name || formatId(id)).join(' ')
    logger.info(
      { index, voters: names(voters), outgoing: names(votersOutgoing), learners: names(learners), witnesses: names(witnesses) },
      'configuration in force',
    )
  })
  replica.on('truncated', ({ fromIndex, lastIndex }) => {
    metrics.truncations.increment({})
    logger.info({ fromIndex, lastIndex }, 'uncommitted entries of an earlier leader were cut off')
  })
  replica.on('snapshot', ({ meta }) => {
    metrics.snapshotsTaken.increment({})
    logger.info({ index: meta.index, term: meta.term, bytes: meta.sizeBytes }, 'snapshot taken')
  })
  replica.on('restored', ({ meta }) => {
    metrics.snapshotsInstalled.increment({})
    logger.info({ index: meta.index, term: meta.term, bytes: meta.sizeBytes }, 'snapshot of the leader installed')
  })
  return peersUp
}

export function logTransport(logger: Logger, event: TransportEvent): void {
  const peer = 'peer' in event && event.peer !== null ? { peer: formatId(event.peer) } : {}
  switch (event.type) {
    case 'refused':
      return logger.warn(
        { ...peer, direction: event.direction, remote: event.remote, ...errorFields(event.error) },
        'connection between members refused',
      )
    case 'malformed':
      return logger.warn(
        { ...peer, direction: event.direction, remote: event.remote, ...errorFields(event.error) },
        'malformed bytes on the peer port',
      )
    case 'rejected':
      return logger.warn({ remote: event.remote, reason: event.reason }, 'connection on the peer port closed')
    case 'disconnected':
      return logger.debug(
        { ...peer, lane: event.lane, remote: event.remote, reason: event.reason, retryInMs: Math.round(event.retryInMs) },
        'no connection to peer',
      )
    case 'listenerFailed':
      return logger.error(errorFields(event.error), 'the peer port failed')
  }
}

/** What ends a member for good although its replica could go on: it does not belong to the cluster any more. */
export class Fate {
  /** Resolves with the reason; never when there is none. */
  readonly sealed: Promise<BalsaError>
  #seal: (error: BalsaError) => void = () => undefined

  constructor() {
    this.sealed = new Promise((resolve) => {
      this.#seal = resolve
    })
  }

  seal(error: BalsaError): void {
    this.#seal(error)
  }
}

const removed = (name: string, id: MemberId): BalsaError =>
  new BalsaError('REMOVED', `member ${name} (${formatId(id)}) was removed from the cluster`, {
    hint: 'Its id and its data directory are of no further use. To use this machine again: balsactl member add, then balsad with an empty data directory.',
  })

const replaced = (name: string, id: MemberId, dataDir: string, cause: BalsaError): BalsaError =>
  new BalsaError(
    'DISK_REPLACED',
    `the other members know ${name} (${formatId(id)}) with another data directory than ${dataDir}: what it promised there, votes and acknowledged writes, is not here`,
    {
      cause,
      hint: `Start it with its former data directory; if that is lost: balsactl member replace ${name}, and then the balsad command that it prints, with an empty data directory.`,
    },
  )

/** What a refusal by another member means for this one; null when it may go on. */
export function fateOf(event: TransportEvent, name: string, id: MemberId, dataDir: string): BalsaError | null {
  if (event.type !== 'refused' || event.by !== 'peer') return null
  if (event.error.code === 'MEMBER_REMOVED') return removed(name, id)
  return event.error.code === 'DISK_REPLACED' ? replaced(name, id, dataDir, event.error) : null
}

/**
 * Seals the fate of a member that reads its own removal, committed, in its log: after one more election time-out, in which a leader that removed
 * itself tells the others and whoever asked for it.
 */
export function watchRemoval(replica: Watched, fate: Fate, name: string, clock: Clock, electionTimeoutMs: number): void {
  let watching: Disposable | null = null
  replica.on('membership', ({ index, configuration }) => {
    watching?.[Symbol.dispose]()
    watching = null
    if (!configuration.removed.includes(replica.id)) return
    const check = (): void => {
      if (replica.status().commitIndex < index) return
      watching?.[Symbol.dispose]()
      watching = null
      clock.setTimer(electionTimeoutMs, () => fate.seal(removed(name, replica.id)))
    }
    watching = replica.on('commit', check)
    check()
  })
}
