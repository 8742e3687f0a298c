export {
  type AppendResult,
  type BytesLike,
  type CallOptions,
  type CampaignOptions,
  type CompareAndPutResult,
  type CompareOptions,
  type DeleteResult,
  type Election,
  type GetOptions,
  type Held,
  KeyValue,
  type KeyValueStore,
  type Lead,
  type Leadership,
  type LeadOptions,
  type Lease,
  type LockOptions,
  type MemberStatus,
  type PutResult,
} from '@balsa/kv'
export type { Client } from '@balsa/client'
export {
  type AppliedCommand,
  BalsaError,
  type ErrorCode,
  type ErrorFamily,
  type ReplicaEvent,
  type ReplicaStatus,
  type StateMachine,
} from '@balsa/raft'
export { Member, type MemberOptions } from '@balsa/server'
export { connect, type ConnectOptions } from './connect.js'
export { type OpenReplicaOptions, Replica } from './node-replica.js'
export { openStore, type OpenStoreOptions } from './open-store.js'
export { TestCluster, testCluster, type TestClusterOptions } from '@balsa/sim'
