export { Admin, type ChangeMembershipOptions, type MembershipChanged } from './admin.js'
export * from './client.js'
export { ServerConnection, type ServerConnectionOptions } from './connection.js'
export { type BackOff, LeaderFinder } from './leader-finder.js'
export { EtcdClient, type EtcdCallOptions, type EtcdClientOptions, type EtcdStreamOptions } from './etcd/etcd-client.js'
export type { RpcMethod } from './etcd/unary.js'
export type { GrpcChannelOptions } from './grpc/grpc-channel.js'
export type {
  HeaderFields,
  Http2Dialer,
  Http2Session,
  Http2SessionHandlers,
  Http2Stream,
  Http2StreamHandlers,
} from './grpc/http2.js'
export { EtcdStore, type EtcdStoreOptions } from './etcd/etcd-store.js'
export { type Comparison, Migration, type MigrationOptions, type MigrationProgress } from './migration/migration.js'
export { snapshotBytes } from './etcd/snapshot.js'
