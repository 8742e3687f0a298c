import type { LogIndex, SnapshotMeta } from '../types.js'
import { asIndex } from '../types.js'
import type { Input } from './effects.js'
import { becomeFollower, followLeader } from './election.js'
import { configurationChanged } from './leader.js'
import type { InstallSnapshot } from './messages.js'
import type { CoreState } from './state.js'
import { requireData } from './witness.js'

/** The receiver's side of InstallSnapshot (paper, figure 13), and local compaction. */

export function handleInstallSnapshot(state: CoreState, message: InstallSnapshot): void {
  followLeader(state, message.from)
  const { snapshot, offset, data, done } = message
  if (alreadyCovered(state, snapshot)) {
    acknowledge(state, snapshot.index)
    return
  }
  state.storeChunk({ meta: snapshot, offset, data, done })
}

/**
 * Nothing to install when everything in it is committed here, or when the log holds its last entry: then the log up to there agrees with the
 * leader's, is committed, and what lies behind it is kept.
 */
function alreadyCovered(state: CoreState, snapshot: SnapshotMeta): boolean {
  if (snapshot.index <= state.commitIndex) return true
  if (state.log.termAt(snapshot.index) !== snapshot.term) return false
  state.commitTo(snapshot.index)
  return true
}

function acknowledge(state: CoreState, index: LogIndex): void {
  if (state.leaderId === null || state.leaderId === state.id) return
  state.sendAfterPersist({
    type: 'installSnapshotResponse',
    from: state.id,
    to: state.leaderId,
    term: state.term,
    snapshotIndex: index,
    nextOffset: 0,
    installed: true,
  })
}

export function handleChunkStored(state: CoreState, input: Extract<Input, { type: 'chunkStored' }>): void {
  if (state.leaderId === null) return
  state.send({
    type: 'installSnapshotResponse',
    from: state.id,
    to: state.leaderId,
    term: state.term,
    snapshotIndex: input.meta.index,
    nextOffset: input.nextOffset,
    installed: false,
  })
}

/** The whole file is here. The world may have moved on while it was written: decide now, in one step. */
export function handleSnapshotReceived(state: CoreState, meta: SnapshotMeta): void {
  if (!alreadyCovered(state, meta)) {
    // A candidate whose log is replaced is no longer the one that was voted for.
    if (state.role !== 'follower') becomeFollower(state, state.term, state.leaderId, 'a snapshot replaces its log')
    state.log.reset(meta.index, meta.term)
    // Every configuration that the old log held goes with it, committed or not.
    state.membership.reset(meta.index, meta.configuration)
    state.snapshotMeta = meta
    state.strippedFrom = null
    state.timeMs = Math.max(state.timeMs, meta.timeMs)
    state.commitTo(meta.index)
    state.installSnapshot(meta)
    configurationChanged(state)
    requireData(state)
  }
  acknowledge(state, meta.index)
}

/** A snapshot of the own state is durable: the log below it may go, except what slow followers and running transfers still need. */
export function handleSnapshotTaken(state: CoreState, input: Extract<Input, { type: 'snapshotTaken' }>): void {
  const { meta } = input
  if (state.snapshotMeta !== null && meta.index <= state.snapshotMeta.index) return
  state.snapshotMeta = meta
  state.compactTo = asIndex(Math.min(input.firstIndexToKeep, meta.index + 1))
  compactLog(state)
}

/** Drops what the newest local snapshot allows; what had to stay goes as soon as nobody needs it any more. */
export function compactLog(state: CoreState): void {
  if (state.compactTo <= state.log.firstIndex) return
  // What is applied is committed, yet its own copy may still be on the way to this disk.
  let keepFrom: number = Math.min(state.compactTo, state.log.stableIndex + 1)
  for (const progress of state.leadership?.progress.values() ?? []) {
    // A live peer that is being sent a snapshot must find the log behind it, or it would need another one for ever.
    const alive = state.nowMs - progress.lastContactMs < 10 * state.options.electionTimeoutMs
    if (progress.sending !== null && alive) keepFrom = Math.min(keepFrom, progress.sending.meta.index + 1)
  }
  if (!state.log.compactBelow(asIndex(keepFrom))) return
  state.membership.compact(asIndex(keepFrom - 1))
  state.compactBelow(asIndex(keepFrom))
}
