import type { Clock, Random } from '@balsa/raft'
import type { KeyValueStore } from '../key-value-store.js'

export type LeaseCalls = Pick<KeyValueStore, 'grantLease' | 'keepLeaseAlive' | 'revokeLease'>

/** What coordination needs: a store, time, and chance for its pauses after failures. */
export interface CoordinationEnvironment {
  readonly store: LeaseCalls & Pick<KeyValueStore, 'put' | 'range' | 'watch'>
  readonly clock: Clock
  readonly random: Random
  /** Those that are kept alive. */
  readonly leases: Set<{ lose(message: string): void }>
}
