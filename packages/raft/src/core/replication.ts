import type { Entry, LogIndex, Term } from '../types.js'
import { asIndex } from '../types.js'
import type { AppendEntriesResponse, AppendRejection, HeartbeatResponse } from './messages.js'
import { beat } from './lease.js'
import type { Progress } from './progress.js'
import { confirmRound } from './read-index.js'
import { advanceCommit, notifyCommit } from './leader.js'
import { answerCame, awaitAnswer } from './retry.js'
import { beginSnapshot, continueSnapshot } from './snapshot-sending.js'
import type { CoreState, Leadership } from './state.js'
import { advanceTransfer } from './transfer.js'
import { entriesTo, lastIndexFor } from './witness.js'

/** How a leader feeds one peer: paper, section 5.3, with pipelining. */

/** Payload bytes of entries that stay in memory though they are applied, and nobody who is up lacks them. */
const SETTLED_CACHE_BYTES = 256 * 1024

/**
 * Frees memory of applied entries. What every peer has that is up goes early: whatever outlives a young collection or two is promoted, and then it takes a
 * collection of everything to free it. Storage has them all.
 */
export function forgetApplied(state: CoreState): void {
  const { log, appliedIndex, leadership } = state
  const { logCacheBytes, electionTimeoutMs } = state.options
  let settled: number = appliedIndex
  for (const { lastContactMs, matchIndex } of leadership?.peers ?? []) {
    if (state.nowMs - lastContactMs < electionTimeoutMs) settled = Math.min(settled, matchIndex)
  }
  log.evict(asIndex(settled), Math.min(SETTLED_CACHE_BYTES, logCacheBytes))
  log.evict(appliedIndex, logCacheBytes)
}

/** Sends what the peer lacks and its window allows. `evenEmpty`: at least one append, so that a loss is found out. */
export function replicate(state: CoreState, progress: Progress, evenEmpty: boolean): void {
  if (progress.hasLeft) return
  const { maxInflightMessages, maxInflightBytes } = state.options
  let empty = evenEmpty
  while (progress.state !== 'snapshot' && progress.loadingFrom === null) {
    if (progress.state === 'probe' && progress.probeSent) return
    if (progress.state === 'replicate' && progress.windowFull(maxInflightMessages, maxInflightBytes)) return
    if (progress.nextIndex > lastIndexFor(state, progress) && !empty) return
    if (!empty && mustWait(state, progress)) return
    empty = false
    const prevLogIndex = asIndex(progress.nextIndex - 1)
    const prevLogTerm = state.log.termAt(prevLogIndex)
    if (prevLogTerm === null) {
      beginSnapshot(state, progress)
      return
    }
    const entries = entriesFor(state, progress)
    if (entries === null) return
    sendAppend(state, progress, prevLogIndex, prevLogTerm, entries)
    if (entries.length === 0) return
  }
}

/** Appends to a peer that keeps up are paced; the first one after a pause leaves at once. */
function mustWait(state: CoreState, progress: Progress): boolean {
  const readyAtMs = progress.lastAppendMs + state.options.appendIntervalMs
  if (progress.state !== 'replicate' || state.options.appendIntervalMs === 0 || state.nowMs >= readyAtMs) return false
  progress.pacedUntilMs = readyAtMs
  return true
}

/** Null when the entries are no longer in memory: then storage is asked, and `loaded` goes on from there. */
function entriesFor(state: CoreState, progress: Progress): readonly Entry[] | null {
  const { maxMessageBytes, maxEntriesPerMessage } = state.options
  const last = lastIndexFor(state, progress)
  if (progress.nextIndex > last) return []
  const entries = state.log.slice(progress.nextIndex, last, maxMessageBytes, maxEntriesPerMessage)
  if (entries !== null) return entries
  progress.loadingFrom = progress.nextIndex
  state.load({ peer: progress.id, from: progress.nextIndex, to: last, maxBytes: maxMessageBytes })
  return null
}

function sendAppend(state: CoreState, progress: Progress, prevLogIndex: LogIndex, prevLogTerm: Term, wanted: readonly Entry[]): void {
  const entries = entriesTo(state, progress, wanted)
  const lastSent = asIndex(prevLogIndex + entries.length)
  beat(state)
  state.send({
    type: 'appendEntries',
    from: state.id,
    to: progress.id,
    term: state.term,
    prevLogIndex,
    prevLogTerm,
    leaderCommit: state.commitIndex,
    round: state.reads.currentRound,
    fresh: progress.fresh,
    entries,
  })
  // An append stands in for a heart-beat, unless earlier ones are unanswered: they may be stuck behind a slow link.
  if (progress.inflightCount === 0) progress.nextHeartbeatMs = state.nowMs + state.options.heartbeatIntervalMs
  progress.lastAppendMs = state.nowMs
  progress.beginRound(state.log.lastIndex, state.nowMs)
  progress.pacedUntilMs = Infinity
  progress.notifyAtMs = Infinity
  progress.toldCommit = asIndex(Math.max(progress.toldCommit, Math.min(state.commitIndex, lastSent)))
  if (progress.state === 'probe') progress.probeSent = true
  else if (entries.length > 0) progress.sent(lastSent, payloadBytes(entries))
  awaitAnswer(state, progress)
}

function payloadBytes(entries: readonly Entry[]): number {
  let bytes = 0
  for (const entry of entries) bytes += entry.payload.length
  return bytes
}

/** More of the log may be given to witnesses: a voter with data has come to hold it. */
export function feedWitnesses(state: CoreState, leadership: Leadership): void {
  for (const id of state.configuration.witnesses) {
    const progress = leadership.progress.get(id)
    if (progress !== undefined) replicate(state, progress, false)
  }
}

/** Storage has read what the core no longer held. */
export function handleLoaded(state: CoreState, progress: Progress, from: LogIndex, read: readonly Entry[]): void {
  if (progress.loadingFrom !== from) return
  progress.loadingFrom = null
  const last = lastIndexFor(state, progress)
  const entries = (read[read.length - 1]?.index ?? 0) <= last ? read : read.filter(({ index }) => index <= last)
  // The log or the peer's position may have changed while the disk was read; then these entries are not what is wanted now.
  const prevLogIndex = asIndex(from - 1)
  const prevLogTerm = state.log.termAt(prevLogIndex)
  const usable = progress.nextIndex === from && prevLogTerm !== null && entries.length > 0 && stillInLog(state, entries)
  if (usable && progress.state !== 'snapshot') sendAppend(state, progress, prevLogIndex, prevLogTerm, entries)
  replicate(state, progress, false)
}

function stillInLog(state: CoreState, entries: readonly Entry[]): boolean {
  const first = entries[0]
  const last = entries[entries.length - 1]
  return (
    first !== undefined && last !== undefined && state.log.termAt(first.index) === first.term && state.log.termAt(last.index) === last.term
  )
}

export function handleAppendResponse(state: CoreState, leadership: Leadership, progress: Progress, message: AppendEntriesResponse): void {
  answerCame(state, progress)
  confirmRound(state, leadership, progress, message)
  if (message.rejected !== null) {
    if (goBack(state, progress, message.rejected)) replicate(state, progress, true)
    return
  }
  // Nobody can hold what this leader does not have: a peer that says so is broken, and its word is not counted.
  if (message.matchIndex > state.log.lastIndex) return
  const news = progress.acknowledged(message.matchIndex)
  if (progress.state === 'probe' || (progress.state === 'snapshot' && progress.matchIndex >= (progress.sending?.meta.index ?? Infinity))) {
    startReplicating(state, progress)
  }
  if (news) advanceCommit(state, leadership)
  // The commit index may have made this member give up its leadership.
  if (state.leadership !== leadership) return
  if (news) feedWitnesses(state, leadership)
  replicate(state, progress, false)
  if (!news) return
  if (progress.toldCommit < Math.min(progress.matchIndex, state.commitIndex)) notifyCommit(state, leadership)
  advanceTransfer(state, leadership)
}

export function startReplicating(state: CoreState, progress: Progress): void {
  progress.becomeReplicate()
  state.event({ type: 'peerState', peer: progress.id, state: 'replicate' })
}

/**
 * Fast back-up by whole terms (paper, end of section 5.3). Returns false for a refusal that is not the answer to what is under way: a
 * late one would move nextIndex to where it has been already, or below what is known to match.
 */
function goBack(state: CoreState, progress: Progress, rejection: AppendRejection): boolean {
  const { prevLogIndex, conflictTerm, conflictIndex } = rejection
  if (progress.state === 'snapshot' || prevLogIndex <= progress.matchIndex) return false
  if (progress.state === 'probe' && prevLogIndex !== progress.nextIndex - 1) return false
  const knownLast = conflictTerm === 0 ? null : state.log.lastIndexOfTerm(conflictTerm)
  const wanted = knownLast === null ? conflictIndex : knownLast + 1
  // Never past what was refused, or the leader would loop.
  const next = asIndex(Math.max(1, Math.min(wanted, prevLogIndex)))
  if (progress.state === 'replicate') state.event({ type: 'peerState', peer: progress.id, state: 'probe' })
  progress.becomeProbe(next)
  return true
}

export function handleHeartbeatResponse(state: CoreState, leadership: Leadership, progress: Progress, message: HeartbeatResponse): void {
  answerCame(state, progress)
  confirmRound(state, leadership, progress, message)
  progress.health = message.health
  if (progress.state === 'snapshot') {
    continueSnapshot(state, progress)
    return
  }
  progress.probeSent = false
  if (progress.state === 'probe') {
    replicate(state, progress, true)
  } else if (progress.matchIndex < lastIndexFor(state, progress)) {
    // Heart-beats get through, yet something is unanswered. An append that is long under way may be lost: an empty one behind it is
    // refused then, which shows where to go on.
    const stalled = state.nowMs - progress.lastAppendMs >= state.options.heartbeatIntervalMs
    if (stalled && progress.windowFull(state.options.maxInflightMessages, state.options.maxInflightBytes)) progress.freeOldest()
    replicate(state, progress, stalled)
  }
  advanceTransfer(state, leadership)
}
