/** What the source changes from a revision on, as steps. */
import { WatchService, type WatchCreateRequestInit } from '@balsa/proto/etcdserverpb'
import { type Event, Event_EventType } from '@balsa/proto/mvccpb'
import { BalsaError } from '@balsa/raft'
import type { EtcdClient } from '../etcd/etcd-client.js'
import type { KeySpace } from './key-space.js'

export interface Changed {
  readonly revision: number
  /** In their order. Empty: nothing has changed up to the revision. */
  readonly events: readonly Event[]
  /** Nothing more has come so far. */
  readonly last: boolean
}

/** A member that has lost its leader ends the watch, which goes on elsewhere then. */
const REQUIRE_LEADER = { hasleader: 'true' }

/**
 * One stream, revision by revision, until it breaks. Throws COMPACTED (refused) when what it has to begin with is gone, UNAVAILABLE when the server ends it,
 * ABORTED by the signal.
 */
export async function* changesFrom(
  client: EtcdClient,
  space: KeySpace,
  revision: number,
  signal: AbortSignal,
): AsyncGenerator<Changed, void, undefined> {
  const value: WatchCreateRequestInit = { ...space, startRevision: revision, progressNotify: true }
  const request = { requestUnion: { case: 'createRequest' as const, value } }
  for await (const response of client.stream(WatchService.methods.Watch, request, { signal, metadata: REQUIRE_LEADER })) {
    if (response.canceled) {
      const gone = response.compactRevision > 0
      throw new BalsaError(gone ? 'COMPACTED' : 'UNAVAILABLE', gone ? `compacted up to ${response.compactRevision}` : response.cancelReason)
    }
    yield* byRevision(response.events)
    const now = response.header?.revision ?? 0
    if (response.events.length === 0 && !response.created && now >= revision) yield { revision: now, events: [], last: true }
  }
  throw new BalsaError('UNAVAILABLE', 'the source has ended the watch')
}

export function* byRevision(events: readonly Event[]): Generator<Changed, void, undefined> {
  let begin = 0
  for (let at = 1; at <= events.length; at++) {
    const revision = events[begin]?.kv?.modRevision ?? 0
    if (at < events.length && events[at]?.kv?.modRevision === revision) continue
    yield { revision, events: events.slice(begin, at), last: at === events.length }
    begin = at
  }
}

export const isDeletion = ({ type }: Event): boolean => type === Event_EventType.DELETE
