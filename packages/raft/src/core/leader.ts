import { BalsaError, invariant } from '../errors.js'
import { decodeConfiguration, encodeConfiguration } from '../log/configuration-codec.js'
import type { Configuration, Entry, LogIndex, MemberId } from '../types.js'
import { asIndex, EntryType, ZERO_INDEX } from '../types.js'
import type { Proposal } from './effects.js'
import { changeCommitted, leaveWithChange, promoteJoining, retire } from './change.js'
import { becomeFollower } from './election.js'
import { beat } from './lease.js'
import { isJoint, leaveJoint, mayFollow, replicationTargets } from './membership.js'
import { Progress } from './progress.js'
import { isVoter, quorumValue } from './quorum.js'
import { confirmReads, refuseAllReads, startRound } from './read-index.js'
import { replicate } from './replication.js'
import { awaitAnswer, retry } from './retry.js'
import { compactLog } from './snapshot-receiving.js'
import type { CoreState, Leadership } from './state.js'
import { leaveWithTransfer } from './transfer.js'

const EMPTY = new Uint8Array(0)

/** Just elected: paper, section 5.3 and 8. */
export function lead(state: CoreState): void {
  const leadership: Leadership = {
    progress: new Map(),
    peers: [],
    termStartIndex: asIndex(state.log.lastIndex + 1),
    timeBaseMs: state.timeMs,
    electedAtMs: state.nowMs,
    uncommitted: [],
    uncommittedBytes: 0,
    transfer: null,
    quorumUntilMs: -Infinity,
    change: null,
    retiresAtMs: null,
    rounds: [],
    provenRound: null,
    leaseAboveRound: -1,
  }
  state.leadership = leadership
  state.electionDeadlineMs = Infinity
  syncProgress(state, leadership)
  if (state.options.noop) append(state, leadership, [{ type: EntryType.noop, payload: EMPTY }])
  broadcast(state, leadership, true)
}

export function stopLeading(state: CoreState): void {
  const leadership = state.leadership
  invariant(leadership !== null, 'a leader has a leadership')
  state.leadership = null
  // Nobody is sent a snapshot by this member any more.
  compactLog(state)
  refuseAllReads(state)
  leaveWithTransfer(state, leadership)
  leaveWithChange(state, leadership)
}

/** One progress per receiver of the log: new ones begin, removed ones are dropped and never counted again, the others are kept. */
function syncProgress(state: CoreState, leadership: Leadership): void {
  const targets = new Set(replicationTargets(state.configuration))
  for (const [id, progress] of leadership.progress) {
    if (targets.has(id)) continue
    progress.hasLeft = true
    leadership.progress.delete(id)
  }
  for (const id of targets) {
    if (id === state.id || leadership.progress.has(id)) continue
    leadership.progress.set(id, new Progress(id, asIndex(state.log.lastIndex + 1), state.nowMs))
  }
  leadership.peers = [...leadership.progress.values()]
}

/** Cluster time: never decreasing along the log, moved only by the leader's monotonic clock. */
function clusterTimeMs(state: CoreState, leadership: Leadership): number {
  return Math.max(state.timeMs, leadership.timeBaseMs + Math.floor(state.nowMs - leadership.electedAtMs))
}

/** Appends to the own log; returns the index of the first entry. */
function append(
  state: CoreState,
  leadership: Leadership,
  proposals: readonly { readonly type: EntryType; readonly payload: Uint8Array }[],
): LogIndex {
  const timeMs = clusterTimeMs(state, leadership)
  const firstIndex = asIndex(state.log.lastIndex + 1)
  const entries: Entry[] = []
  let bytes = 0
  for (const { type, payload } of proposals) {
    entries.push({ term: state.term, index: asIndex(firstIndex + entries.length), type, timeMs, payload })
    bytes += payload.length
  }
  state.log.append(entries)
  state.timeMs = timeMs
  leadership.uncommitted.push({ lastIndex: state.log.lastIndex, bytes })
  leadership.uncommittedBytes += bytes
  for (const entry of entries) {
    if (entry.type === EntryType.configuration) adoptConfiguration(state, entry)
  }
  return firstIndex
}

/** A configuration holds from the moment it is in the log (thesis, section 4.1). */
export function adoptConfiguration(state: CoreState, entry: Entry): void {
  const configuration = readConfiguration(entry)
  state.membership.append(entry.index, configuration)
  configurationChanged(state)
}

function readConfiguration({ index, payload }: Entry): Configuration {
  try {
    return decodeConfiguration(payload)
  } catch (cause) {
    // What everybody else follows from here on can not be followed by this member, nor skipped.
    const hint = 'A newer version of Balsa wrote it, or a broken leader: start this member with the version that the leader has.'
    throw new BalsaError('CORRUPT', `the configuration in entry ${index} cannot be read: ${String(cause)}`, { hint, cause })
  }
}

export function configurationChanged(state: CoreState): void {
  state.event({ type: 'configuration', index: state.membership.activeIndex, configuration: state.configuration })
  const { leadership } = state
  if (leadership === null) return
  leadership.quorumUntilMs = -Infinity
  syncProgress(state, leadership)
  // Those who have answered already may be a quorum of the new configuration, and none of them would answer this round again.
  confirmReads(state, leadership)
}

export function propose(state: CoreState, leadership: Leadership, proposals: readonly Proposal[]): void {
  const accepted: Proposal[] = []
  let bytes = leadership.uncommittedBytes
  for (const proposal of proposals) {
    // A single proposal larger than the limit is accepted when nothing else waits: otherwise it could never get in.
    const overloaded = bytes > 0 && bytes + proposal.payload.length > state.options.maxUncommittedBytes
    const refused = overloaded
      ? 'OVERLOADED'
      : leadership.transfer !== null || leadership.retiresAtMs !== null
        ? 'TRANSFER_IN_PROGRESS'
        : configurationRefusal(state, accepted, proposal)
    if (refused !== null) {
      state.proposalOutcome({ ref: proposal.ref, refused, leaderId: state.id })
      continue
    }
    bytes += proposal.payload.length
    accepted.push(proposal)
  }
  if (accepted.length === 0) return
  let index: number = append(state, leadership, accepted)
  for (const { ref } of accepted) state.proposalOutcome({ ref, index: asIndex(index++), term: state.term })
  broadcast(state, leadership, false)
}

/** One change at a time, and only after an entry of this term is committed: two leaders' changes could otherwise both pass. */
function configurationRefusal(state: CoreState, accepted: readonly Proposal[], proposal: Proposal): 'INVALID' | null {
  if (proposal.type !== EntryType.configuration) return null
  const pending = state.membership.activeIndex > state.commitIndex || accepted.some(({ type }) => type === EntryType.configuration)
  const settled = state.log.termAt(state.commitIndex) === state.term
  return pending || !settled || !mayFollow(state.configuration, decodeConfiguration(proposal.payload)) ? 'INVALID' : null
}

/** Appends a configuration that the caller has checked, and sends it. */
export function appendConfiguration(state: CoreState, leadership: Leadership, configuration: Configuration): void {
  invariant(mayFollow(state.configuration, configuration), 'a configuration follows one that its quorums overlap with')
  append(state, leadership, [{ type: EntryType.configuration, payload: encodeConfiguration(configuration) }])
  broadcast(state, leadership, false)
}

export function broadcast(state: CoreState, leadership: Leadership, evenEmpty: boolean): void {
  for (const progress of leadership.peers) replicate(state, progress, evenEmpty)
}

/**
 * The commit rule (paper, section 5.4.2): the quorum-th durable index, and only over an entry of the current term. The leader's own log counts
 * by what its disk has completed, like everybody's.
 */
export function advanceCommit(state: CoreState, leadership: Leadership): void {
  const matchIndexOf = (id: MemberId): number =>
    id === state.id ? state.log.stableIndex : (leadership.progress.get(id)?.matchIndex ?? ZERO_INDEX)
  const index = asIndex(quorumValue(state.configuration, matchIndexOf))
  if (index <= state.commitIndex || index > state.log.lastIndex || state.log.termAt(index) !== state.term) return
  state.commitTo(index)
  let done = 0
  for (const batch of leadership.uncommitted) {
    if (batch.lastIndex > index) break
    leadership.uncommittedBytes -= batch.bytes
    done++
  }
  leadership.uncommitted.splice(0, done)
  startRound(state, leadership)
  settleConfiguration(state, leadership)
  if (state.leadership === leadership) notifyCommit(state, leadership)
}

/** A committed joint configuration is left; a leader that is not in the committed configuration steps down (thesis, sections 4.2.2 and 4.3). */
function settleConfiguration(state: CoreState, leadership: Leadership): void {
  if (state.membership.activeIndex > state.commitIndex) return
  if (isJoint(state.configuration)) {
    appendConfiguration(state, leadership, leaveJoint(state.configuration))
    return
  }
  changeCommitted(state, leadership)
  if (!isVoter(state.configuration, state.id)) retire(state, leadership)
}

/** Some peers may not know how far they can commit: tell them soon, unless an append does. */
export function notifyCommit(state: CoreState, leadership: Leadership): void {
  for (const progress of leadership.peers) {
    if (!lacksCommit(state, progress)) continue
    progress.notifyAtMs = Math.min(progress.notifyAtMs, state.nowMs + state.options.commitNotifyMs)
    if (state.options.commitNotifyMs === 0) sendHeartbeat(state, progress)
  }
}

const lacksCommit = (state: CoreState, progress: Progress): boolean =>
  progress.toldCommit < Math.min(progress.matchIndex, state.commitIndex)

export function sendHeartbeats(state: CoreState, leadership: Leadership): void {
  for (const progress of leadership.peers) sendHeartbeat(state, progress)
}

export function sendHeartbeat(state: CoreState, progress: Progress): void {
  beat(state)
  // Without a consistency check of its own, it may only commit what is known to match.
  const commit = asIndex(Math.min(progress.matchIndex, state.commitIndex))
  progress.nextHeartbeatMs = state.nowMs + state.options.heartbeatIntervalMs
  progress.notifyAtMs = Infinity
  awaitAnswer(state, progress)
  progress.toldCommit = asIndex(Math.max(progress.toldCommit, commit))
  const { currentRound: round } = state.reads
  state.send({ type: 'heartbeat', from: state.id, to: progress.id, term: state.term, commit, round, fresh: progress.fresh })
}

/** The leader's clock work. */
export function tickLeader(state: CoreState, leadership: Leadership): void {
  if (state.nowMs >= checkQuorumDeadlineMs(state, leadership)) {
    becomeFollower(state, state.term, null, 'it has not heard a majority for an election time-out')
    return
  }
  if (leadership.retiresAtMs !== null && state.nowMs >= leadership.retiresAtMs) {
    retire(state, leadership)
    return
  }
  compactLog(state)
  for (const progress of leadership.peers) tickPeer(state, progress)
  if (leadership.peers.some((progress) => isBeatDue(progress, state.nowMs))) beatTogether(state, leadership)
  promoteJoining(state, leadership)
}

function tickPeer(state: CoreState, progress: Progress): void {
  if (state.nowMs >= progress.pacedUntilMs) {
    progress.pacedUntilMs = Infinity
    replicate(state, progress, false)
  }
  if (state.nowMs >= progress.retryAtMs) retry(state, progress)
}

const isBeatDue = ({ nextHeartbeatMs, notifyAtMs }: Progress, nowMs: number): boolean => nextHeartbeatMs <= nowMs || notifyAtMs <= nowMs

/**
 * A peer is due. Whoever else would be in a moment is served with it: otherwise beats drift apart with every message that only one of them gets,
 * and the leader wakes for each peer on its own. Not those that lack entries, which would bring the same a little later.
 */
function beatTogether(state: CoreState, leadership: Leadership): void {
  const { nowMs, log, options } = state
  const soonMs = nowMs + options.commitNotifyMs / 2
  for (const progress of leadership.peers) {
    if (isBeatDue(progress, progress.matchIndex === log.lastIndex ? soonMs : nowMs)) sendHeartbeat(state, progress)
  }
  // Found anew while the leader is awake anyway, not at a time of its own.
  if (leadership.quorumUntilMs <= nowMs + options.heartbeatIntervalMs) leadership.quorumUntilMs = -Infinity
}

/** No earlier than this will the leader have gone one election time-out without a quorum (thesis, section 6.2). */
export function checkQuorumDeadlineMs(state: CoreState, leadership: Leadership): number {
  if (!state.options.checkQuorum) return Infinity
  // As long as the configuration stays, contacts only grow: what was found earlier holds at least until it passes.
  if (leadership.quorumUntilMs > state.nowMs) return leadership.quorumUntilMs
  const contact = quorumValue(state.configuration, (id) =>
    id === state.id ? state.nowMs : (leadership.progress.get(id)?.lastContactMs ?? -Infinity),
  )
  leadership.quorumUntilMs = contact + state.options.electionTimeoutMs
  return leadership.quorumUntilMs
}

export function leaderDeadlineMs(state: CoreState, leadership: Leadership): number {
  let deadline = Math.min(
    checkQuorumDeadlineMs(state, leadership),
    leadership.transfer?.deadlineMs ?? Infinity,
    leadership.retiresAtMs ?? Infinity,
  )
  for (const { nextHeartbeatMs, notifyAtMs, pacedUntilMs, retryAtMs } of leadership.peers) {
    if (nextHeartbeatMs < deadline) deadline = nextHeartbeatMs
    if (notifyAtMs < deadline) deadline = notifyAtMs
    if (pacedUntilMs < deadline) deadline = pacedUntilMs
    if (retryAtMs < deadline) deadline = retryAtMs
  }
  return deadline
}
