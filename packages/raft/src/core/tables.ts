import type { Input, InputType, Role } from './effects.js'
import { change } from './change.js'
import { handleTimeoutNow, startTransfer } from './transfer.js'
import { askVotersAgain, campaign, handleRequestVote, handleVoteResponse, leaderMayBeGone } from './election.js'
import { handleAppend, handleHeartbeat } from './follower.js'
import { advanceCommit, propose, tickLeader } from './leader.js'
import type { Message, MessageType } from './messages.js'
import type { Progress } from './progress.js'
import { askLeader, handleReadIndexRequest, handleReadIndexResponse, readOnFollower, readOnLeader } from './read-index.js'
import { feedWitnesses, forgetApplied, handleAppendResponse, handleHeartbeatResponse, handleLoaded } from './replication.js'
import { handleChunkStored, handleInstallSnapshot, handleSnapshotReceived, handleSnapshotTaken } from './snapshot-receiving.js'
import { handleInstallResponse, handleSnapshotOffered, handleSnapshotRead, handleSnapshotReadFailed } from './snapshot-sending.js'
import type { CoreState, Leadership } from './state.js'

/**
 * Every role's answer to every input and every message, as tables: a new one does not compile until each role answers it.
 * Messages arrive here only with the member's own term (or as a pre-vote for a later one); what other terms mean is decided before, in
 * `receive` of core.ts.
 */

type InputHandler<T extends InputType> = (state: CoreState, input: Extract<Input, { type: T }>) => void
type InputTable = { readonly [R in Role]: { readonly [T in Exclude<InputType, 'message'>]: InputHandler<T> } }

type MessageHandler<T extends MessageType> = (state: CoreState, message: Extract<Message, { type: T }>) => void
type MessageTable = { readonly [R in Role]: { readonly [T in MessageType]: MessageHandler<T> } }

const ignore = (): void => {}

/** Runs only with the leadership that is in force. */
const leading =
  <A>(handler: (state: CoreState, leadership: Leadership, argument: A) => void) =>
  (state: CoreState, argument: A): void => {
    if (state.leadership !== null) handler(state, state.leadership, argument)
  }

/** Runs only for a peer that receives the log: answers of removed members and strangers are not counted. */
const fromPeer = <A extends { readonly from: Message['from'] }>(
  handler: (state: CoreState, leadership: Leadership, progress: Progress, message: A) => void,
) =>
  leading<A>((state, leadership, message) => {
    const progress = leadership.progress.get(message.from)
    if (progress !== undefined) handler(state, leadership, progress, message)
  })

const forPeer = <A extends { readonly peer: Message['from'] }>(
  handler: (state: CoreState, leadership: Leadership, progress: Progress, input: A) => void,
) =>
  leading<A>((state, leadership, input) => {
    const progress = leadership.progress.get(input.peer)
    if (progress !== undefined) handler(state, leadership, progress, input)
  })

const refuseProposals: InputHandler<'propose'> = (state, { proposals }) => {
  const refused = state.leaderId === null ? 'NO_LEADER' : 'NOT_LEADER'
  for (const { ref } of proposals) state.proposalOutcome({ ref, refused, leaderId: state.leaderId })
}

const refuseRead: InputHandler<'read'> = (state, { ref }) => state.readOutcome({ ref, refused: 'NO_LEADER', leaderId: null })

const refuseChange: InputHandler<'change'> = (state, { ref }) => {
  const { leaderId } = state
  if (leaderId === null) state.changeOutcome({ ref, refused: 'NO_LEADER', reason: 'no leader is known', leaderId })
  else state.changeOutcome({ ref, refused: 'NOT_LEADER', reason: `member ${leaderId} is the leader`, leaderId })
}

const refuseTransfer: InputHandler<'transfer'> = (state, { ref }) => state.transferOutcome({ ref, refused: 'NOT_LEADER' })

const tickFollower: InputHandler<'tick'> = (state) => {
  // A learner never campaigns, but its reads must still be asked again.
  if (state.promotable && state.nowMs >= state.electionDeadlineMs) campaign(state, 'no leader was heard for an election time-out')
  else askLeader(state)
}

const tickCandidate: InputHandler<'tick'> = (state) => {
  if (state.nowMs >= state.electionDeadlineMs) campaign(state, 'the election did not end in time')
  else if (state.nowMs >= state.voteRetryAtMs) askVotersAgain(state)
}

/** What every role does alike: storage and the state machine report to the member, not to its role. */
const everyRole = {
  persisted: (state, { sequence }) => state.persisted(sequence),
  applied: (state, { index }) => {
    state.appliedIndex = index
    forgetApplied(state)
  },
  snapshotTaken: handleSnapshotTaken,
  snapshotReceived: (state, { meta }) => handleSnapshotReceived(state, meta),
} satisfies Partial<{ [T in InputType]: InputHandler<T> }>

const notLeader = {
  ...everyRole,
  propose: refuseProposals,
  transfer: refuseTransfer,
  change: refuseChange,
  peerLost: ignore,
  loaded: ignore,
  snapshotRead: ignore,
  snapshotOffered: ignore,
  snapshotReadFailed: ignore,
} as const

export const inputTable: InputTable = {
  follower: {
    ...notLeader,
    tick: tickFollower,
    peerLost: (state, { peer }) => leaderMayBeGone(state, peer),
    read: (state, { ref }) => readOnFollower(state, ref),
    chunkStored: handleChunkStored,
  },
  preCandidate: { ...notLeader, tick: tickCandidate, read: refuseRead, chunkStored: ignore },
  candidate: { ...notLeader, tick: tickCandidate, read: refuseRead, chunkStored: ignore },
  leader: {
    ...everyRole,
    persisted: (state, { sequence }) => {
      state.persisted(sequence)
      if (state.leadership !== null) advanceCommit(state, state.leadership)
      if (state.leadership !== null) feedWitnesses(state, state.leadership)
    },
    // A snapshot that was received before this member was elected can no longer be news: what it won with holds everything committed.
    snapshotReceived: ignore,
    tick: leading((state, leadership) => tickLeader(state, leadership)),
    propose: leading((state, leadership, { proposals }) => propose(state, leadership, proposals)),
    read: leading((state, leadership, { ref }) => readOnLeader(state, leadership, { kind: 'local', ref })),
    transfer: leading(startTransfer),
    change: leading(change),
    peerLost: ignore,
    loaded: forPeer((state, _leadership, progress, { from, entries }) => handleLoaded(state, progress, from, entries)),
    snapshotRead: forPeer((state, _leadership, progress, input) => handleSnapshotRead(state, progress, input)),
    snapshotOffered: forPeer((state, _leadership, progress, { meta }) => handleSnapshotOffered(state, progress, meta)),
    snapshotReadFailed: forPeer((state, _leadership, progress) => handleSnapshotReadFailed(state, progress)),
    chunkStored: ignore,
  },
}

const refuseReadRequest: MessageHandler<'readIndexRequest'> = (state, message) =>
  state.send({
    type: 'readIndexResponse',
    from: state.id,
    to: message.from,
    term: state.term,
    request: message.request,
    index: 'NOT_LEADER',
  })

/** Messages of the leader of the current term make a candidate of that term a follower (paper, section 5.2). */
const ofTheLeader = { appendEntries: handleAppend, heartbeat: handleHeartbeat, installSnapshot: handleInstallSnapshot } as const

const notLeaderMessages = {
  ...ofTheLeader,
  requestVote: handleRequestVote,
  appendEntriesResponse: ignore,
  heartbeatResponse: ignore,
  installSnapshotResponse: ignore,
  readIndexRequest: refuseReadRequest,
} as const

export const messageTable: MessageTable = {
  follower: { ...notLeaderMessages, requestVoteResponse: ignore, timeoutNow: handleTimeoutNow, readIndexResponse: handleReadIndexResponse },
  preCandidate: { ...notLeaderMessages, requestVoteResponse: handleVoteResponse, timeoutNow: ignore, readIndexResponse: ignore },
  candidate: { ...notLeaderMessages, requestVoteResponse: handleVoteResponse, timeoutNow: ignore, readIndexResponse: ignore },
  leader: {
    // Another leader of the same term breaks election safety: followLeader stops the node.
    ...ofTheLeader,
    requestVote: handleRequestVote,
    requestVoteResponse: ignore,
    appendEntriesResponse: fromPeer(handleAppendResponse),
    heartbeatResponse: fromPeer(handleHeartbeatResponse),
    installSnapshotResponse: fromPeer(handleInstallResponse),
    timeoutNow: ignore,
    readIndexRequest: leading(handleReadIndexRequest),
    readIndexResponse: ignore,
  },
}

/** The tables guarantee that a handler only ever sees its own kind; TypeScript can not follow that through an indexed access. */
export function dispatchInput(state: CoreState, input: Exclude<Input, { type: 'message' }>): void {
  const handler = inputTable[state.role][input.type] as (state: CoreState, input: Input) => void
  handler(state, input)
}

export function dispatchMessage(state: CoreState, message: Message): void {
  const handler = messageTable[state.role][message.type] as (state: CoreState, message: Message) => void
  handler(state, message)
}
