import { asIndex } from '../types.js'
import { sendHeartbeat } from './leader.js'
import type { Progress } from './progress.js'
import { replicate } from './replication.js'
import { sendSnapshotAgain } from './snapshot-sending.js'
import type { CoreState } from './state.js'

/** Repeating what was not answered (paper, section 5.1), for networks that lose single messages. Off unless `retryMs` is set. */

const MAX_RETRIES = 2

/** When the next repetition is due; Infinity when there were enough, or none are wanted. */
export function nextRetryMs(retryMs: number, retries: number, nowMs: number): number {
  return retryMs === 0 || retries >= MAX_RETRIES ? Infinity : nowMs + retryMs * 2 ** retries
}

/** Something that wants an answer left for this peer. */
export function awaitAnswer(state: CoreState, progress: Progress): void {
  if (progress.retryAtMs === Infinity && progress.retries === 0) progress.retryAtMs = nextRetryMs(state.options.retryMs, 0, state.nowMs)
}

/** The peer was heard: it is there, and only what is still open may have been lost. */
export function answerCame(state: CoreState, progress: Progress): void {
  progress.lastContactMs = state.nowMs
  progress.retries = 0
  const open = progress.inflightCount > 0 || progress.probeSent || progress.sending !== null
  progress.retryAtMs = open ? nextRetryMs(state.options.retryMs, 0, state.nowMs) : Infinity
}

/** Nothing was heard of this peer since something left for it. */
export function retry(state: CoreState, progress: Progress): void {
  progress.retryAtMs = nextRetryMs(state.options.retryMs, ++progress.retries, state.nowMs)
  if (progress.state === 'snapshot') {
    sendSnapshotAgain(state, progress)
  } else if (progress.inflightCount > 0 || progress.probeSent) {
    // From the first entry that is not acknowledged, and one append only until it is heard again.
    progress.becomeProbe(progress.state === 'replicate' ? asIndex(progress.matchIndex + 1) : progress.nextIndex)
    replicate(state, progress, true)
  } else {
    sendHeartbeat(state, progress)
  }
}
