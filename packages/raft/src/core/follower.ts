import { BalsaError, invariant } from '../errors.js'
import type { Entry, LogIndex } from '../types.js'
import { asIndex, EntryType, ZERO_TERM } from '../types.js'
import { followLeader } from './election.js'
import { adoptConfiguration, configurationChanged } from './leader.js'
import type { AppendEntries, AppendRejection, Heartbeat } from './messages.js'
import type { CoreState } from './state.js'
import { requireData } from './witness.js'

/** The receiver's side of AppendEntries: paper, figure 2. */

function hear(state: CoreState, { from, term, round, fresh }: AppendEntries | Heartbeat): void {
  followLeader(state, from)
  if (state.heardTerm !== term) state.heardRound = 0
  state.heardTerm = term
  state.heardRound = Math.max(state.heardRound, round)
  if (fresh !== null) state.freshness.heard(fresh, state.appliedIndex)
}

/** A quarter of a heart-beat more or less in what is known of the own age matters to nobody. */
const stampOf = (state: CoreState): number => state.freshness.stamp(state.nowMs, state.options.heartbeatIntervalMs / 4)

export function handleAppend(state: CoreState, message: AppendEntries): void {
  hear(state, message)
  const { prevLogIndex, entries } = message
  const term = state.log.termAt(prevLogIndex)
  if (prevLogIndex > state.commitIndex && term !== message.prevLogTerm) {
    respond(state, message, prevLogIndex, rejection(state, prevLogIndex))
    return
  }
  // What is committed here is the same everywhere, also where it is compacted away: only what lies above needs a look.
  invariant(term === null || term === message.prevLogTerm, 'every later leader holds what is committed', {
    prevLogIndex,
    prevLogTerm: message.prevLogTerm,
    term,
    commitIndex: state.commitIndex,
  })
  const unseen = firstDifference(state, message)
  if (unseen !== null) replaceFrom(state, entries.slice(unseen))
  const lastNew = asIndex(prevLogIndex + entries.length)
  // Never beyond what this message has shown to agree: the own tail behind it may differ.
  state.commitTo(asIndex(Math.min(message.leaderCommit, lastNew)))
  respond(state, message, lastNew, null)
}

/** Position of the first entry that is not here already; null when all are. An old message thus never cuts off newer entries. */
function firstDifference(state: CoreState, { prevLogIndex, entries }: AppendEntries): number | null {
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i]
    if (entry === undefined) continue
    invariant(entry.index === prevLogIndex + 1 + i, 'the entries of an append follow its prevLogIndex', {
      prevLogIndex,
      index: entry.index,
      position: i,
    })
    const term = state.log.termAt(entry.index)
    if (term === entry.term) continue
    if (entry.index > state.commitIndex) return i
    invariant(term === null, 'committed entries are never replaced', {
      index: entry.index,
      term,
      other: entry.term,
      commitIndex: state.commitIndex,
    })
  }
  return null
}

function replaceFrom(state: CoreState, entries: readonly Entry[]): void {
  const first = entries[0]
  if (first === undefined) return
  invariant(first.index > state.commitIndex, 'committed entries are never replaced', { index: first.index, commitIndex: state.commitIndex })
  const { lastIndex } = state.log
  if (first.index <= lastIndex) {
    state.event({ type: 'truncated', fromIndex: first.index, lastIndex })
    if (state.membership.truncateFrom(first.index)) configurationChanged(state)
    if (state.strippedFrom !== null && first.index <= state.strippedFrom) state.strippedFrom = null
  }
  state.log.append(entries)
  for (const entry of entries) {
    state.timeMs = Math.max(state.timeMs, entry.timeMs)
    if (entry.type === EntryType.configuration) adoptConfiguration(state, entry)
    if (entry.type === EntryType.stripped) state.strippedFrom ??= entry.index
  }
  requireData(state)
}

/** Tells the leader how far to go back, by whole terms (paper, end of section 5.3). Never below what is committed here: that agrees. */
function rejection(state: CoreState, prevLogIndex: LogIndex): AppendRejection {
  const { lastIndex } = state.log
  const term = state.log.termAt(prevLogIndex)
  if (prevLogIndex > lastIndex || term === null) {
    return { prevLogIndex, conflictTerm: ZERO_TERM, conflictIndex: asIndex(lastIndex + 1), lastIndex }
  }
  const first = prevLogIndex >= state.log.firstIndex ? state.log.firstIndexOfRun(prevLogIndex) : prevLogIndex
  return { prevLogIndex, conflictTerm: term, conflictIndex: asIndex(Math.max(first, state.commitIndex + 1)), lastIndex }
}

function respond(state: CoreState, message: AppendEntries, matchIndex: LogIndex, rejected: AppendRejection | null): void {
  const response = {
    type: 'appendEntriesResponse',
    from: state.id,
    to: message.from,
    term: state.term,
    round: message.round,
    stamp: stampOf(state),
    matchIndex,
    rejected,
  } as const
  // An acknowledgement promises that the entries are on disk; a refusal promises nothing.
  if (rejected === null) state.sendAfterPersist(response)
  else state.send(response)
}

export function handleHeartbeat(state: CoreState, message: Heartbeat): void {
  hear(state, message)
  if (message.commit > state.log.lastIndex) {
    throw new BalsaError(
      'CORRUPT',
      `the leader knows that this member acknowledged entry ${message.commit}, but its log ends at ${state.log.lastIndex}`,
      {
        hint: 'Durable data of this member was lost or replaced by an older copy. Remove the member and add it again with an empty data directory.',
      },
    )
  }
  state.commitTo(message.commit)
  // A read's confirmation does not wait for a disk; the term it carries does (see CoreState.send).
  const { id, term, health } = state
  state.send({ type: 'heartbeatResponse', from: id, to: message.from, term, round: message.round, stamp: stampOf(state), health })
}
