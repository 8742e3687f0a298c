import type { Clock, Random } from '@balsa/raft'
import type { KeyValue, KeyValueStore, Selection } from '../key-value-store.js'

export type LeaseCalls = Pick<KeyValueStore, 'grantLease' | 'keepLeaseAlive' | 'revokeLease'>

/** Watching, as far as it is needed here. */
export interface WatchCalls {
  watch(
    selection: Selection,
    options: { readonly fromRevision?: number; readonly only?: 'puts' | 'deletes'; readonly signal?: AbortSignal },
  ): AsyncIterable<{ readonly type: 'put'; readonly entry: KeyValue } | { readonly type: 'delete' | 'progress' }>
}

/** What coordination needs: a store, time, and chance for its pauses after failures. */
export interface CoordinationEnvironment {
  readonly store: LeaseCalls & WatchCalls & Pick<KeyValueStore, 'put' | 'range'>
  readonly clock: Clock
  readonly random: Random
}
