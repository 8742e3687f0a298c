import { decodeConfiguration } from '../log/configuration-codec.js'
import type { Configuration, Entry, SnapshotMeta } from '../types.js'
import { EntryType } from '../types.js'
import type { CoreEvent, PersistEffect } from './effects.js'
import type { Message } from './messages.js'

/** How the golden scripts write down what happens. Every number that a reader needs, nothing else. */

export const showConfiguration = ({ voters, votersOutgoing, learners }: Configuration): string => {
  const outgoing = votersOutgoing.length > 0 ? ` outgoing=${votersOutgoing.join(',')}` : ''
  return `voters=${voters.join(',')}${outgoing}${learners.length > 0 ? ` learners=${learners.join(',')}` : ''}`
}

/** `index/term` and what the entry holds. */
export function showEntry(entry: Entry): string {
  const place = `${entry.index}/${entry.term}`
  if (entry.type === EntryType.noop) return `${place} noop`
  if (entry.type === EntryType.configuration) return `${place} (${showConfiguration(decodeConfiguration(entry.payload))})`
  return `${place} ${new TextDecoder().decode(entry.payload)}`
}

export const showEntries = (entries: readonly Entry[]): string => `[${entries.map(showEntry).join(', ')}]`

const showSnapshot = (meta: SnapshotMeta): string => `snapshot ${meta.index}/${meta.term}`

export function showPersist(persist: PersistEffect): string {
  const parts: string[] = []
  if (persist.installSnapshot !== null) parts.push(`install ${showSnapshot(persist.installSnapshot)}`)
  if (persist.hardState !== null) parts.push(`term ${persist.hardState.term} vote ${persist.hardState.votedFor ?? '-'}`)
  if (persist.entries.length > 0) parts.push(`entries ${showEntries(persist.entries)}`)
  if (persist.compactBelow !== null) parts.push(`compact below ${persist.compactBelow}`)
  return `write #${persist.sequence}: ${parts.join('; ')}`
}

export function showMessage(message: Message): string {
  return `${message.from}->${message.to} ${message.type} t${message.term}${showContent(message)}`
}

function showContent(message: Message): string {
  switch (message.type) {
    case 'requestVote':
      return `${message.preVote ? ' pre' : ''}${message.transfer !== null ? ' transfer' : ''} last=${message.lastLogIndex}/${message.lastLogTerm}`
    case 'requestVoteResponse':
      return `${message.preVote ? ' pre' : ''} ${message.granted ? 'granted' : 'refused'}`
    case 'appendEntries': {
      const place = `prev=${message.prevLogIndex}/${message.prevLogTerm}`
      return ` ${place} commit=${message.leaderCommit} ${showEntries(message.entries)}${showRound(message.round)}`
    }
    case 'appendEntriesResponse': {
      const { rejected } = message
      if (rejected === null) return ` match=${message.matchIndex}${showRound(message.round)}`
      const conflict = rejected.conflictTerm === 0 ? 'too short' : `conflict term ${rejected.conflictTerm} from ${rejected.conflictIndex}`
      return ` refused prev=${rejected.prevLogIndex}: ${conflict}, last ${rejected.lastIndex}${showRound(message.round)}`
    }
    case 'heartbeat':
      return ` commit=${message.commit}${showRound(message.round)}`
    case 'heartbeatResponse':
      return showRound(message.round)
    case 'installSnapshot': {
      const end = message.offset + message.data.length
      return ` ${showSnapshot(message.snapshot)} bytes ${message.offset}..${end}${message.done ? ' done' : ''}`
    }
    case 'installSnapshotResponse':
      return ` snapshot ${message.snapshotIndex} ${message.installed ? 'installed' : `wants ${message.nextOffset}`}`
    case 'timeoutNow':
      return ''
    case 'readIndexRequest':
      return ''
    case 'readIndexResponse':
      return typeof message.index === 'number' ? ` index=${message.index}` : ` refused: ${message.index}`
  }
}

const showRound = (round: number): string => (round === 0 ? '' : ` round=${round}`)

export function showEvent(event: CoreEvent): string {
  switch (event.type) {
    case 'role': {
      const leader = event.leaderId === null ? '' : ` of ${event.leaderId}`
      return `is ${event.role}${event.role === 'follower' ? leader : ''} in term ${event.term}: ${event.reason}`
    }
    case 'configuration':
      return `configuration at ${event.index}: ${showConfiguration(event.configuration)}`
    case 'truncated':
      return `cuts off ${event.fromIndex}..${event.lastIndex}`
    case 'peerState':
      return `feeds ${event.peer} by ${event.state}`
  }
}
