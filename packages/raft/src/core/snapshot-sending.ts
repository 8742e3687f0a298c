import { invariant } from '../errors.js'
import type { SnapshotMeta } from '../types.js'
import type { Effects, Input } from './effects.js'
import { advanceCommit } from './leader.js'
import type { InstallSnapshotResponse } from './messages.js'
import type { Progress, SnapshotSending } from './progress.js'
import { feedWitnesses, replicate, startReplicating } from './replication.js'
import { answerCame, awaitAnswer } from './retry.js'
import { compactLog } from './snapshot-receiving.js'
import type { CoreState, Leadership } from './state.js'
import { isStateless, snapshotTo } from './witness.js'

const NOTHING = new Uint8Array(0)

/**
 * The leader's side of InstallSnapshot (paper, section 7), with several chunks under way. Each is answered with where the receiver wants to go on. What is lost or refused shows as
 * answers that do not move: then everything from there on is sent again.
 */

/** The peer needs entries that are compacted away. */
export function beginSnapshot(state: CoreState, progress: Progress): void {
  const meta = state.snapshotMeta
  invariant(meta !== null, 'a compacted log has a snapshot below it', { firstIndex: state.log.firstIndex, peer: progress.id })
  progress.becomeSnapshot(snapshotTo(state, progress, meta), state.nowMs)
  state.event({ type: 'peerState', peer: progress.id, state: 'snapshot' })
  requestChunks(state, progress)
}

/** From where the peer has everything, or from where it said that it wants to go on. */
export function sendSnapshotAgain(state: CoreState, progress: Progress): void {
  const { sending } = progress
  if (sending === null) return
  const offset = sending.wanted ?? sending.stored
  if (offset < sending.stored) sending.rewoundMs = state.nowMs
  sending.offset = offset
  sending.stored = offset
  sending.wanted = null
  requestChunks(state, progress)
}

/** Asks storage for what the window has room for. */
function requestChunks(state: CoreState, progress: Progress): void {
  const { sending } = progress
  if (sending === null) return
  const { meta } = sending
  if (isStateless(meta)) {
    sendChunk(state, progress, sending, { meta, offset: 0, data: NOTHING, done: true })
    return
  }
  const { snapshotChunkBytes, snapshotWindowBytes } = state.options
  // Whoever has everything and does not say that it is whole is sent its end, which is empty, once more.
  while (sending.offset < meta.sizeBytes || sending.stored >= meta.sizeBytes) {
    const underWay = sending.offset - sending.stored
    if (underWay > 0 && underWay + snapshotChunkBytes > snapshotWindowBytes) return
    const maxBytes = Math.min(snapshotChunkBytes, meta.sizeBytes - sending.offset)
    state.readSnapshot({ peer: progress.id, meta, offset: sending.offset, maxBytes })
    sending.sentMs = state.nowMs
    sending.offset += maxBytes
    if (maxBytes === 0) return
  }
}

export const isSameSnapshot = (a: SnapshotMeta, b: SnapshotMeta): boolean =>
  a.index === b.index && a.term === b.term && a.sizeBytes === b.sizeBytes && a.checksum === b.checksum

export function handleSnapshotRead(state: CoreState, progress: Progress, input: Extract<Input, { type: 'snapshotRead' }>): void {
  const { sending } = progress
  if (sending === null || !isSameSnapshot(sending.meta, input.meta)) return
  // Read before it was gone back, or before the peer said that it has more.
  if (input.offset < sending.stored || input.offset + input.data.length > sending.offset) return
  sendChunk(state, progress, sending, input)
}

function sendChunk(state: CoreState, progress: Progress, sending: SnapshotSending, chunk: Effects['snapshotChunks'][number]): void {
  const { meta: snapshot, offset, data, done } = chunk
  sending.sentMs = state.nowMs
  awaitAnswer(state, progress)
  state.send({ type: 'installSnapshot', from: state.id, to: progress.id, term: state.term, snapshot, offset, data, done })
}

/** The state itself is ready to be sent, in place of a snapshot that refers to it. It holds that much, or more. */
export function handleSnapshotOffered(state: CoreState, progress: Progress, meta: SnapshotMeta): void {
  if (progress.sending === null || meta.index < progress.sending.meta.index || isStateless(progress.sending.meta)) return
  progress.becomeSnapshot(meta, state.nowMs)
  requestChunks(state, progress)
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
    sending.stored = 0
    sending.wanted = null
    sending.sentMs = state.nowMs
  }
}

/** Heart-beats get through, but nothing moves: chunks or answers were lost. */
export function continueSnapshot(state: CoreState, progress: Progress): void {
  const { sending } = progress
  if (sending === null) return
  const idleMs = state.nowMs - sending.sentMs
  const { heartbeatIntervalMs, electionTimeoutMs } = state.options
  if (idleMs >= (sending.wanted === null ? 4 * electionTimeoutMs : heartbeatIntervalMs)) sendSnapshotAgain(state, progress)
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
  const { sending } = progress
  if (sending !== null && message.snapshotIndex === sending.meta.index) storedUpTo(state, progress, sending, message.nextOffset)
}

function storedUpTo(state: CoreState, progress: Progress, sending: SnapshotSending, nextOffset: number): void {
  // No more than there is: a receiver that says otherwise means something else.
  if (nextOffset > sending.meta.sizeBytes) return
  if (nextOffset > sending.stored) {
    sending.stored = nextOffset
    sending.offset = Math.max(sending.offset, nextOffset)
    sending.wanted = null
    requestChunks(state, progress)
    return
  }
  // The same answer twice (a duplicate), or one that was late, would double the stream for good: it is gone back seldom, and where an answer does not move, only
  // when nothing else does.
  const { heartbeatIntervalMs } = state.options
  const sinceMs = nextOffset === sending.stored ? sending.sentMs : sending.rewoundMs
  sending.wanted = nextOffset
  if (state.nowMs - sinceMs >= heartbeatIntervalMs) sendSnapshotAgain(state, progress)
}
