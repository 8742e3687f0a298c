import { invariant } from '../errors.js'
import type { SnapshotMeta } from '../types.js'
import type { Effects, Input } from './effects.js'
import { advanceCommit } from './leader.js'
import type { InstallSnapshotResponse } from './messages.js'
import type { Progress } from './progress.js'
import { feedWitnesses, replicate, startReplicating } from './replication.js'
import { answerCame, awaitAnswer } from './retry.js'
import { compactLog } from './snapshot-receiving.js'
import type { CoreState, Leadership } from './state.js'
import { isStateless, snapshotTo } from './witness.js'

const NOTHING = new Uint8Array(0)

/** The leader's side of InstallSnapshot (paper, section 7): one chunk at a time, each answered with where the receiver wants to go on. */

/** The peer needs entries that are compacted away. */
export function beginSnapshot(state: CoreState, progress: Progress): void {
  const meta = state.snapshotMeta
  invariant(meta !== null, 'a compacted log has a snapshot below it', { firstIndex: state.log.firstIndex, peer: progress.id })
  progress.becomeSnapshot(snapshotTo(state, progress, meta), state.nowMs)
  state.event({ type: 'peerState', peer: progress.id, state: 'snapshot' })
  requestChunk(state, progress)
}

export function requestChunk(state: CoreState, progress: Progress): void {
  const sending = progress.sending
  if (sending === null) return
  sending.sentMs = state.nowMs
  if (isStateless(sending.meta)) {
    sendChunk(state, progress, { meta: sending.meta, offset: 0, data: NOTHING, done: true })
    return
  }
  state.readSnapshot({ peer: progress.id, meta: sending.meta, offset: sending.offset, maxBytes: state.options.snapshotChunkBytes })
}

export const isSameSnapshot = (a: SnapshotMeta, b: SnapshotMeta): boolean =>
  a.index === b.index && a.term === b.term && a.sizeBytes === b.sizeBytes && a.checksum === b.checksum

export function handleSnapshotRead(state: CoreState, progress: Progress, input: Extract<Input, { type: 'snapshotRead' }>): void {
  const sending = progress.sending
  if (sending === null || sending.offset !== input.offset || !isSameSnapshot(sending.meta, input.meta)) return
  sending.sentMs = state.nowMs
  sendChunk(state, progress, input)
}

function sendChunk(state: CoreState, progress: Progress, chunk: Effects['snapshotChunks'][number]): void {
  const { meta: snapshot, offset, data, done } = chunk
  awaitAnswer(state, progress)
  state.send({ type: 'installSnapshot', from: state.id, to: progress.id, term: state.term, snapshot, offset, data, done })
}

/**
 * The file went away under the transfer. If a newer one replaced it, begin with that. Otherwise it can not be read now: begin anew after a
 * while (`continueSnapshot`), for asking at once would turn in circles.
 */
export function handleSnapshotReadFailed(state: CoreState, progress: Progress): void {
  const { sending } = progress
  if (sending === null) return
  if (state.snapshotMeta !== null && !isSameSnapshot(sending.meta, state.snapshotMeta)) {
    beginSnapshot(state, progress)
  } else {
    sending.offset = 0
    sending.sentMs = state.nowMs
  }
}

/** Heart-beats get through, but the chunk or its answer has been under way for long: ask for it again. */
export function continueSnapshot(state: CoreState, progress: Progress): void {
  const sending = progress.sending
  if (sending !== null && state.nowMs - sending.sentMs >= 4 * state.options.electionTimeoutMs) requestChunk(state, progress)
}

export function handleInstallResponse(
  state: CoreState,
  leadership: Leadership,
  progress: Progress,
  message: InstallSnapshotResponse,
): void {
  answerCame(state, progress)
  if (message.installed) {
    if (message.snapshotIndex > state.log.lastIndex) return
    const news = progress.acknowledged(message.snapshotIndex)
    if (progress.state === 'snapshot' && message.snapshotIndex >= (progress.sending?.meta.index ?? Infinity)) {
      startReplicating(state, progress)
      compactLog(state)
    }
    if (news) advanceCommit(state, leadership)
    if (state.leadership !== leadership) return
    feedWitnesses(state, leadership)
    replicate(state, progress, true)
    return
  }
  const sending = progress.sending
  if (sending === null || message.snapshotIndex !== sending.meta.index) return
  // The same answer twice (a duplicate) would double the stream for good.
  if (message.nextOffset === sending.offset && state.nowMs - sending.sentMs < state.options.heartbeatIntervalMs) return
  sending.offset = message.nextOffset
  requestChunk(state, progress)
}
